//! The kit as tests of a program use it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, UNIX_EPOCH};

use dynamap::embedded::{ControlPlane, Throttle};
use dynamap::faults::Fault;
use dynamap::testing::{TestDatabase, TestError};
use dynamap::{Attribute, Database, Error, Model, Sequence, Table, TableSettings, UnixSeconds};

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "orders", gsi(by_status, hash_key = status), validate = false)]
struct Order {
    #[model(hash_key, auto_increment)]
    id: u64,
    status: String,
    #[model(unique)]
    code: String,
    #[model(created_at, with = UnixSeconds)]
    created: std::time::SystemTime,
    #[model(version)]
    version: u64,
}

impl Order {
    fn new(code: &str) -> Self {
        Self { id: 0, status: "open".into(), code: code.into(), created: UNIX_EPOCH, version: 0 }
    }
}

#[derive(Debug, Clone, PartialEq, Attribute)]
struct Address {
    city: String,
    floors: BTreeSet<u32>,
}

/// What plain JSON cannot tell: sets, bytes, long numbers, also within.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "people", validate = false)]
struct Person {
    #[model(hash_key)]
    login: String,
    #[model(range_key)]
    since: u32,
    #[model(rename = "display-name")]
    name: Option<String>,
    roles: BTreeSet<String>,
    lucky: BTreeSet<u64>,
    keys: BTreeSet<Vec<u8>>,
    nicknames: Vec<String>,
    avatar: Vec<u8>,
    prints: Vec<Vec<u8>>,
    address: Address,
    homes: BTreeMap<String, Address>,
    exact: dynamap::Number,
}

const PERSON: &str = r#"{
    "login": "ann", "since": 7, "display-name": null,
    "roles": ["author", "admin"], "lucky": [3, 20], "keys": ["AQI="], "nicknames": ["AQI="],
    "avatar": "AQID", "prints": ["AQ=="],
    "address": {"city": "Bern", "floors": [1, 2]},
    "homes": {"a.b": {"city": "Bern", "floors": [4]}, "a": {"city": "Thun", "floors": []}},
    "exact": 12345678901234567890.123456789012345678
}"#;

async fn shop() -> Result<TestDatabase, TestError> {
    TestDatabase::builder().with::<Order>().with::<Person>().build().await
}

/// What a program does, with everything that could differ between two runs.
async fn program(db: &Database) -> Result<(), Error> {
    let mut order = Order::new("a").insert(db).await?;
    Order::new("b").insert(db).await?;
    order.status = "paid".into();
    order.save(db).await
}

async fn everything(test: &TestDatabase) -> Result<String, TestError> {
    let mut all = String::new();
    for table in ["orders", "people", "dynamap_counters", "dynamap_unique"] {
        all += &test.dump(table).await?.to_string();
    }
    Ok(all)
}

#[tokio::test]
async fn two_tests_at_once_do_not_see_each_other() -> Outcome {
    let (one, two) = (shop().await?, shop().await?);
    let (first, second) =
        tokio::join!(program(one.database()), async { two.insert_json::<Person>(PERSON).await });
    first?;
    second?;
    one.faults().next("PutItem", Fault::Throttle);
    one.clock().advance(Duration::from_secs(1));
    assert_eq!(Order::scan(two.database()).count().await?, 0);
    assert_eq!(one.dump("people").await?.items(), []);
    assert_eq!(two.requests(), ["Scan orders"]);
    assert_eq!(two.faults().pending(), 0);
    assert_ne!(one.clock().now(), two.clock().now());
    Ok(())
}

#[tokio::test]
async fn two_runs_are_the_same_to_the_byte_and_another_seed_is_not() -> Outcome {
    let (one, two) = (shop().await?, shop().await?);
    let other = TestDatabase::builder().with::<Order>().with::<Person>().seed(8).build().await?;
    for test in [&one, &two, &other] {
        program(test.database()).await?;
        test.insert_json::<Person>(PERSON).await?;
    }
    let dump = everything(&one).await?;
    assert!(dump.contains(r#""_write": "#), "nonces are in it: {dump}");
    assert_eq!(dump, everything(&two).await?);
    assert_ne!(dump, everything(&other).await?);
    assert_eq!(one.requests().lines(), two.requests().lines());
    Ok(())
}

#[tokio::test]
async fn the_kit_draws_no_nonce_that_the_program_draws() -> Outcome {
    let test = shop().await?;
    let mut nonces = BTreeSet::new();
    let kit = test.insert_json::<Person>(PERSON).await?;
    let nonce = |item: &dynamap::Item| item.text("_write").map(str::to_owned);
    nonces.extend(nonce(kit[0].image()));
    let mut other = kit[0].clone();
    other.login = "bob".into();
    let program = other.into_inner().insert(test.database()).await?;
    nonces.extend(nonce(program.image()));
    assert_eq!(nonces.len(), 2);
    Ok(())
}

#[tokio::test]
async fn times_are_those_of_the_clock_that_the_test_moves() -> Outcome {
    let began = UNIX_EPOCH + Duration::from_secs(1_000);
    let test = TestDatabase::builder().clock_at(began).with::<Order>().build().await?;
    assert_eq!(Order::new("a").insert(test.database()).await?.created, began);
    test.clock().advance(Duration::from_hours(1));
    let later = began + Duration::from_hours(1);
    assert_eq!(Order::new("b").insert(test.database()).await?.created, later);
    let json = r#"{"id": 9, "status": "open", "code": "c", "created": 5}"#;
    assert_eq!(test.insert_json::<Order>(json).await?[0].created, later);
    test.clock().set(began);
    assert_eq!(test.clock().now(), began);
    Ok(())
}

#[tokio::test]
async fn plain_json_becomes_whatever_the_model_stores() -> Outcome {
    let test = shop().await?;
    let stored = test.insert_json::<Person>(PERSON).await?;
    let ann = Person::get(test.database(), ("ann", 7)).await?.expect("stored");
    assert_eq!(*ann, *stored[0]);
    let floors = |floors: &[u32]| floors.iter().copied().collect();
    let home = |city: &str, of: &[u32]| Address { city: city.into(), floors: floors(of) };
    let expected = Person {
        login: "ann".into(),
        since: 7,
        name: None,
        roles: ["admin".to_owned(), "author".to_owned()].into(),
        lucky: [3, 20].into(),
        keys: [vec![1, 2]].into(),
        nicknames: vec!["AQI=".to_owned()],
        avatar: vec![1, 2, 3],
        prints: vec![vec![1]],
        address: home("Bern", &[1, 2]),
        homes: [("a.b".to_owned(), home("Bern", &[4])), ("a".to_owned(), home("Thun", &[]))].into(),
        exact: "12345678901234567890.123456789012345678".parse()?,
    };
    assert_eq!(*ann, expected);
    Ok(())
}

#[tokio::test]
async fn models_of_json_are_inserted_as_the_program_inserts_them() -> Outcome {
    let test = shop().await?;
    let json = r#"[{"id": 41, "status": "open", "code": "a", "created": 0},
                   {"id": 7, "status": "open", "code": "b", "created": 0}]"#;
    let orders = test.insert_json::<Order>(json).await?;
    assert_eq!((orders[0].id, orders[1].id, orders[0].version), (41, 7, 1));
    assert!(test.requests().is_empty(), "fixtures are not in the log");
    // The counter was raised, and the unique value is taken.
    assert_eq!(Order::new("c").insert(test.database()).await?.id, 42);
    assert!(Order::new("a").insert(test.database()).await.is_err());
    assert!(!Sequence::<Order>::of(test.database()).verify().await?.is_behind());
    Ok(())
}

#[tokio::test]
async fn a_fixture_that_does_not_fit_says_where_and_stores_nothing() -> Outcome {
    let test = shop().await?;
    let fine = r#"{"id": 1, "status": "secret", "code": "a", "created": 0}"#;
    for (second, why) in [
        (r#"{"id": "secret"}"#, "`id`: expected"),
        (r#"{"id": 2, "status": "secret", "code": "b"}"#, "`created`"),
        (
            r#"{"id": 2, "colour": "secret"}"#,
            "`colour`: expected an attribute that the model writes",
        ),
        (r#"{"id": 2, "version": 5}"#, "`version`: expected no version"),
        (r#"{"id": 2, "status": ["secret"]}"#, "`status`"),
    ] {
        let error = test.insert_json::<Order>(&format!("[{fine},{second}]")).await;
        let error = error.expect_err(second).to_string();
        assert!(error.contains("item 2") && error.contains("`Order`"), "{error}");
        assert!(error.contains(why) && !error.contains("secret"), "{error}");
    }
    for (text, why) in [
        ("[1]", "no list of objects, at line 1, column 2"),
        ("{\n  \"id\": secret}", "no JSON, at line 2, column 9"),
    ] {
        let error = test.insert_json::<Order>(text).await.expect_err(text).to_string();
        assert!(error.contains(why) && !error.contains("secret"), "{error}");
    }
    for (text, why) in [
        ("secret", "no JSON, at line 1, column 1"),
        ("{\"id\": {\"N\": \"1\"}}\n {\"id\": \"secret\"}", "DynamoDB JSON, at line 2, column 2"),
    ] {
        let error = test.load_items("orders", text).await.expect_err(text).to_string();
        assert!(error.contains(why) && !error.contains("secret"), "{error}");
    }
    assert_eq!(test.dump("orders").await?.to_string(), "[]\n");
    Ok(())
}

#[tokio::test]
async fn a_dump_is_loaded_as_it_was_and_lines_of_an_export_too() -> Outcome {
    let (one, two) = (shop().await?, shop().await?);
    program(one.database()).await?;
    one.insert_json::<Person>(PERSON).await?;
    for table in ["orders", "people"] {
        let dump = one.dump(table).await?;
        assert_eq!(two.load_items(table, &dump.to_string()).await?, dump.items().len());
        assert_eq!(two.dump(table).await?.to_string(), dump.to_string());
    }
    let lines = "{\"Item\": {\"id\": {\"N\": \"10\"}}}\n{\"Item\": {\"id\": {\"N\": \"9\"}}}\n";
    assert_eq!(two.load_items("orders", lines).await?, 2);
    let there = two.load_items("orders", r#"{"id": {"N": "9"}, "status": {"S": "x"}}"#).await;
    let Err(TestError::Refused { position: 1, stored: 0, error }) = there else {
        panic!("{there:?}")
    };
    assert!(error.is_conflict());
    assert!(two.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn items_are_checked_before_the_first_one_is_stored() -> Outcome {
    let test = shop().await?;
    let items = r#"[{"id": {"N": "1"}}, {"id": {"S": "secret"}}]"#;
    let error = test.load_items("orders", items).await.expect_err("a key of another kind");
    assert!(matches!(&error, TestError::Refused { position: 2, stored: 0, .. }), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(test.dump("orders").await?.items().is_empty());
    let order = r#"{"id": 1, "status": "open", "code": "a", "created": 0}"#;
    let twice = test.insert_json::<Order>(&format!("[{order}, {order}]")).await;
    let error = twice.expect_err("an id that is taken");
    assert!(matches!(&error, TestError::Refused { position: 2, stored: 1, .. }), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_name_that_stands_twice_or_that_nobody_knows_within_is_no_fixture() -> Outcome {
    let test = shop().await?;
    let known = r#""floors": [1, 2]}"#;
    assert!(PERSON.contains(known), "the json that is misspelled");
    let misspelled = PERSON.replacen(known, r#""floors": [1, 2], "colour": "secret"}"#, 1);
    let error = test.insert_json::<Person>(&misspelled).await.expect_err("unknown").to_string();
    assert!(error.contains("`address.colour`") && !error.contains("secret"), "{error}");
    for json in [
        r#"{"id": 1, "status": "open", "status": "secret", "code": "a", "created": 0}"#,
        r#"[{"id": 1, "status": {"a": 1, "a": 2}}]"#,
    ] {
        let error = test.insert_json::<Order>(json).await.expect_err(json).to_string();
        assert!(error.contains("an object with one name twice, at line 1"), "{error}");
    }
    let json =
        r#"{"id": {"N": "1"}} {"id": {"N": "2"}, "a": {"M": {"b": {"N": "1"}, "b": {"N": "2"}}}}"#;
    let error = test.load_items("orders", json).await.expect_err(json).to_string();
    assert!(error.contains("one name twice"), "{error}");
    assert!(test.dump("orders").await?.items().is_empty());
    assert!(test.dump("people").await?.items().is_empty());
    Ok(())
}

#[tokio::test]
async fn dumps_are_equal_however_the_members_of_a_set_come() -> Outcome {
    let (one, two) = (shop().await?, shop().await?);
    let item = |members: &str| {
        format!(r#"{{"id": {{"N": "1"}}, "tags": {{"L": [{{"SS": [{members}]}}]}}}}"#)
    };
    one.load_items("orders", &item(r#""a", "b""#)).await?;
    two.load_items("orders", &item(r#""b", "a""#)).await?;
    assert_eq!(one.dump("orders").await?, two.dump("orders").await?);
    Ok(())
}

#[tokio::test]
async fn a_prefix_is_known_without_any_model() -> Outcome {
    let test = TestDatabase::builder()
        .settings(|database| database.table_prefix("staging_"))
        .build()
        .await?;
    Table::<Person>::create(test.database()).await?;
    assert!(test.dump("people").await?.items().is_empty());
    assert!(test.requests().lines().iter().all(|line| !line.contains("staging_")));
    Ok(())
}

#[tokio::test]
async fn a_dump_is_in_order_of_numbers_and_members() -> Outcome {
    let test = shop().await?;
    let items = r#"[{"id": {"N": "10"}, "b": {"SS": ["y", "x"]}, "a": {"NS": ["10", "9"]}}, {"id": {"N": "9"}}]"#;
    test.load_items("orders", items).await?;
    let expected = r#"[
  {
    "id": {"N":"9"}
  },
  {
    "a": {"NS":["9","10"]},
    "b": {"SS":["x","y"]},
    "id": {"N":"10"}
  }
]
"#;
    let dump = test.dump("orders").await?;
    assert_eq!(dump.to_string(), expected);
    assert!(!dump.without("a").to_string().contains("NS"));
    Ok(())
}

#[tokio::test]
async fn the_log_names_operations_tables_and_indexes_without_the_prefix() -> Outcome {
    let test = TestDatabase::builder()
        .with::<Order>()
        .settings(|database| database.table_prefix("staging_"))
        .build()
        .await?;
    let db = test.database();
    assert!(test.requests().is_empty());
    Order::new("a").insert(db).await?;
    assert_eq!(
        test.requests(),
        ["UpdateItem dynamap_counters", "TransactWriteItems dynamap_unique, orders"]
    );
    test.forget_requests();
    Order::BY_STATUS.query(db, "open").try_collect().await?;
    test.faults().next("GetItem", Fault::DropBefore);
    Order::get(db, 1).await?;
    let requests = test.requests();
    assert_eq!(requests, ["Query orders/by_status", "GetItem orders", "GetItem orders"]);
    assert_eq!(requests.of_table("orders").count("GetItem"), 2);
    assert!(requests != ["Query orders/by_status"] && requests.of_table("people").is_empty());
    assert_eq!(requests.to_string(), "Query orders/by_status\nGetItem orders\nGetItem orders\n");
    assert_eq!(test.dump("orders").await?.items().len(), 1);
    Ok(())
}

#[tokio::test]
async fn somebody_else_is_faster_exactly_where_the_test_says() -> Outcome {
    let test = shop().await?;
    let db = test.database();
    let mut order = Order::new("a").insert(db).await?;
    order.status = "paid".into();
    let cancel = async {
        let mut order = Order::get(db, order.id).await?.expect("there");
        order.status = "cancelled".into();
        order.save(db).await
    };
    let mut mine = order.clone();
    let (saved, cancelled) = test.race("UpdateItem", mine.save(db), cancel).await?;
    cancelled?;
    let winner = saved.expect_err("too late").winner::<Order>()?.expect("there");
    assert_eq!(winner.status, "cancelled");
    // What was never sent is said, and leaves no gate behind.
    let unsent = test.race("DeleteItem", Order::get(db, 1), async {}).await;
    assert!(matches!(unsent, Err(TestError::NotSent { operation }) if operation == "DeleteItem"));
    assert_eq!(test.faults().pending(), 0);
    Ok(())
}

static NARROW: TableSettings = TableSettings::new().provisioned(1, 1);

#[derive(Debug, Clone, Model)]
#[model(table = "notes", settings = NARROW, validate = false)]
struct Note {
    #[model(hash_key)]
    id: u64,
}

#[tokio::test(start_paused = true)]
async fn tables_that_throttle_and_take_their_time_do_so_on_a_paused_clock() -> Outcome {
    let test = TestDatabase::builder()
        .with::<Note>()
        .throttle(Throttle::provisioned().burst(Duration::ZERO))
        .control_plane(ControlPlane::polled().unseen(1).creating(2))
        .build()
        .await?;
    let db = test.database();
    assert!(Table::<Note>::exists(db).await?);
    test.forget_requests();
    for id in 1..=3 {
        Note { id }.insert(db).await?;
    }
    assert!(test.requests().count("PutItem") > 3, "some were refused: {:?}", test.requests());
    Ok(())
}
