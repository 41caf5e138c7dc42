//! Composed keys, several models in one table, collections.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dynamap::{
    AttributeValue, Collection, Database, Error, Item, Loaded, Migrations, Model, Step, StepError,
    Table, Transaction, UnixSeconds,
};
use proptest::prelude::*;

use crate::support::{Outcome, n, put_raw, s, stored};

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "shop", hash_key = "USER#{user}", range_key = "PROFILE", validate = false)]
struct Profile {
    user: String,
    name: String,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, PartialEq, Model)]
#[model(
    table = "shop",
    hash_key = "USER#{user}",
    range_key = "ORDER#{day}#{number:06}",
    validate = false
)]
struct Order {
    user: String,
    day: String,
    number: u32,
    total: i64,
    #[model(version)]
    version: u64,
}

/// An order without its total, as another program sees it.
#[derive(Debug, Clone, Model)]
#[model(
    table = "shop",
    hash_key = "USER#{user}",
    range_key = "ORDER#{day}#{number:06}",
    validate = false
)]
struct Note {
    user: String,
    day: String,
    number: u32,
}

fn order(day: &str, number: u32) -> Order {
    Order { user: "ann".into(), day: day.into(), number, total: 5, version: 0 }
}

async fn shop() -> (Database, dynamap::faults::Faults) {
    let faults = dynamap::faults::Faults::new();
    let client = dynamap::embedded::memory().expect("a store");
    let client = faults.wrap(&client).expect("a connector");
    let db = Database::builder(client).seed(3).build();
    Table::<Order>::create(&db).await.expect("shop");
    faults.clear_log();
    (db, faults)
}

#[tokio::test]
async fn a_composed_key_is_built_from_fields_and_found_by_them() -> Outcome {
    let (db, _) = shop().await;
    order("2026-11-21", 7).insert(&db).await?;
    let key = [("pk", s("USER#ann")), ("sk", s("ORDER#2026-11-21#000007"))];
    let item = stored(&db, "shop", &key).await.expect("stored under the composed key");
    assert_eq!(item.text("user"), Some("ann"));

    let mut found = Order::get(&db, ("ann", ("2026-11-21", 7))).await?.expect("there");
    found.total = 6;
    found.save(&db).await?;
    Order::update(&db, ("ann", ("2026-11-21", 7))).add(Order::TOTAL, 1).await?;
    let found = Order::get(&db, ("ann", ("2026-11-21", 7))).await?.expect("there");
    assert_eq!((found.total, found.version), (7, 3));

    // A key of constant text is not written by the caller.
    Profile { user: "ann".into(), name: "Ann".into(), version: 0 }.insert(&db).await?;
    assert_eq!(Profile::get(&db, "ann").await?.expect("there").name, "Ann");
    Ok(())
}

#[tokio::test]
async fn a_change_of_what_the_key_is_composed_of_is_refused() -> Outcome {
    let (db, faults) = shop().await;
    let mut order = order("2026-11-21", 7).insert(&db).await?;
    faults.clear_log();
    order.number = 8;
    assert!(matches!(order.save(&db).await, Err(Error::KeyChanged { .. })));
    assert_eq!(faults.count("UpdateItem"), 0);
    Ok(())
}

#[tokio::test]
async fn values_that_would_make_a_key_ambiguous_are_refused_before_sending() -> Outcome {
    let (db, faults) = shop().await;
    let error = order("a#b", 7).insert(&db).await.expect_err("contains the separator");
    assert!(error.to_string().contains("attribute `day`: the value contains the text"), "{error}");
    let error = order("a", 1_000_000).insert(&db).await.expect_err("seven digits");
    assert!(error.to_string().contains("more digits than its width"), "{error}");
    assert!(Order::get(&db, ("ann", ("a#b", 1))).await.is_err());
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn an_item_whose_fields_are_in_its_key_only_is_read_and_saved() -> Outcome {
    let (db, _) = shop().await;
    let key = [("pk", s("USER#bob")), ("sk", s("ORDER#2020-01-02#000042"))];
    put_raw(&db, "shop", &[key[0].clone(), key[1].clone(), ("total", n(9))]).await;
    let mut order = Order::get(&db, ("bob", ("2020-01-02", 42))).await?.expect("there");
    assert_eq!((order.user.as_str(), order.day.as_str(), order.number), ("bob", "2020-01-02", 42));
    order.total = 10;
    order.save(&db).await?;
    let item = stored(&db, "shop", &key).await.expect("there");
    assert_eq!(item.get("total"), Some(&n(10)));
    assert_eq!(item.get("user"), None, "what was not changed is not written");
    Ok(())
}

#[tokio::test]
async fn ranges_of_a_composed_key_compare_the_next_part() -> Outcome {
    let (db, _) = shop().await;
    for (day, number) in
        [("2026-01-01", 1), ("2026-01-02", 2), ("2026-01-02", 10), ("2026-01-03", 3)]
    {
        order(day, number).insert(&db).await?;
    }
    Profile { user: "ann".into(), name: "Ann".into(), version: 0 }.insert(&db).await?;
    let cases: Vec<(dynamap::KeyCondition<Order>, &[u32])> = vec![
        (Order::SK.into(), &[1, 2, 10, 3]),
        (Order::SK.with("2026-01-02").into(), &[2, 10]),
        (Order::SK.eq("2026-01-02"), &[2, 10]),
        (Order::SK.with("2026-01-02").eq(10), &[10]),
        (Order::SK.ge("2026-01-02"), &[2, 10, 3]),
        (Order::SK.gt("2026-01-02"), &[3]),
        (Order::SK.le("2026-01-02"), &[1, 2, 10]),
        (Order::SK.between("2026-01-01", "2026-01-02"), &[1, 2, 10]),
        (Order::SK.with("2026-01-02").gt(2), &[10]),
        (Order::SK.with("2026-01-02").ge(2), &[2, 10]),
        (Order::SK.with("2026-01-02").le(9), &[2]),
        (Order::SK.with("2026-01-02").between(3, 10), &[10]),
    ];
    for (condition, expected) in cases {
        let text = condition.to_string();
        let found = Order::query(&db, "ann").range(condition).try_collect().await?;
        assert_eq!(found.iter().map(|o| o.number).collect::<Vec<_>>(), expected, "{text}");
    }
    // Without a range a query reads its own model only, and a scan too.
    assert_eq!(Order::query(&db, "ann").try_collect().await?.len(), 4);
    assert_eq!(Profile::query(&db, "ann").try_collect().await?.len(), 1);
    assert_eq!(Profile::scan(&db).try_collect().await?.len(), 1);
    assert_eq!(Order::scan(&db).limit(3).try_collect().await?.len(), 3);
    Ok(())
}

#[tokio::test]
async fn an_item_of_another_model_is_not_read_as_this_one() -> Outcome {
    #[derive(Debug, Clone, Model)]
    #[model(table = "zoo", discriminator = "cat", validate = false)]
    struct Cat {
        #[model(hash_key)]
        id: u64,
        lives: u8,
    }
    #[derive(Debug, Clone, Model)]
    #[model(table = "zoo", discriminator = "dog", validate = false)]
    struct Dog {
        #[model(hash_key)]
        id: u64,
        #[model(default)]
        tricks: Vec<String>,
    }
    let (db, _) = shop().await;
    Table::<Cat>::create(&db).await?;
    Cat { id: 1, lives: 9 }.insert(&db).await?;
    Dog { id: 2, tricks: Vec::new() }.insert(&db).await?;
    let item = stored(&db, "zoo", &[("id", n(1))]).await.expect("there");
    assert_eq!(item.get("_type"), Some(&s("cat")));

    let error = Dog::get(&db, 1).await.expect_err("a cat");
    assert!(
        error.to_string().contains("`_type`: expected dog, found another model's name"),
        "{error}"
    );
    let error = Dog::update(&db, 1).set(Dog::TRICKS, &["roll".to_owned()]).await;
    assert!(matches!(error, Err(Error::Conflict(_))), "{error:?}");
    assert!(matches!(Dog::delete(&db, 1).await, Err(Error::Conflict(_))));
    assert_eq!(stored(&db, "zoo", &[("id", n(1))]).await, Some(item), "the cat is as it was");
    // Also where the other model's item is of a schema that this one would upgrade or refuse.
    for schema in ["0.5.0", "9.0.0"] {
        let cat = [("id", n(3)), ("_type", s("cat")), ("_schema", s(schema))];
        put_raw(&db, "zoo", &cat).await;
        let error = Dog::update(&db, 3).set(Dog::TRICKS, &["roll".to_owned()]).await;
        assert!(matches!(error, Err(Error::Conflict(_))), "{schema}: {error:?}");
        put_raw(&db, "zoo", &[("id", n(3)), ("_type", s("cat")), ("lives", n(1))]).await;
    }
    assert_eq!(Dog::scan(&db).try_collect().await?.len(), 1);
    assert_eq!(Cat::scan(&db).try_collect().await?.len(), 2);
    Dog::delete(&db, 2).await?;
    Ok(())
}

#[derive(Debug, Collection)]
struct Customer {
    profile: Option<Loaded<Profile>>,
    orders: Vec<Loaded<Order>>,
}

#[derive(Debug, Collection)]
enum Entry {
    Profile(Loaded<Profile>),
    Order(Loaded<Order>),
}

#[tokio::test]
async fn one_query_fills_a_collection() -> Outcome {
    let (db, faults) = shop().await;
    Profile { user: "ann".into(), name: "Ann".into(), version: 0 }.insert(&db).await?;
    for number in [1, 2] {
        order("2026-01-01", number).insert(&db).await?;
    }
    put_raw(&db, "shop", &[("pk", s("USER#ann")), ("sk", s("INVOICE#1"))]).await;
    faults.clear_log();
    let mut ann = Customer::query(&db, "ann").consistent().await?;
    assert_eq!(faults.count("Query"), 1);
    assert_eq!(ann.profile.take().expect("there").name, "Ann");
    // What came in a collection can be saved.
    ann.orders[1].total = 50;
    ann.orders[1].save(&db).await?;

    let entries = Entry::query(&db, "ann").reverse().await?;
    let [Entry::Profile(profile), Entry::Order(second), Entry::Order(first)] = entries.as_slice()
    else {
        panic!("{entries:?}");
    };
    assert_eq!((profile.name.as_str(), second.total, first.total), ("Ann", 50, 5));
    let none = Customer::query(&db, "bob").await?;
    assert!(none.profile.is_none() && none.orders.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_transaction_reads_and_writes_by_composed_keys() -> Outcome {
    let (db, faults) = shop().await;
    order("2026-01-01", 1).insert(&db).await?;
    // One item is not written as two models.
    let tx = Transaction::begin(&db);
    let note = Note { user: "ann".into(), day: "2026-01-01".into(), number: 1 };
    tx.delete(Order::get(&tx, ("ann", ("2026-01-01", 1))).await?.expect("there"))?;
    assert!(matches!(tx.insert(note), Err(Error::Usage(_))));
    drop(tx);

    let tx = Transaction::begin(&db);
    let mut first = Order::get(&tx, ("ann", ("2026-01-01", 1))).await?.expect("there");
    first.total = 7;
    tx.save(first)?;
    let second = tx.insert(order("2026-01-01", 2))?;
    tx.insert(Profile { user: "ann".into(), name: "Ann".into(), version: 0 })?;
    assert_eq!(Profile::get(&tx, "ann").await?.expect("its own write").name, "Ann");
    faults.clear_log();
    let receipt = tx.commit().await?;
    assert_eq!(faults.count("TransactWriteItems"), 1);
    assert_eq!(receipt.take(second)?.image().text("sk"), Some("ORDER#2026-01-01#000002"));
    let ann = Customer::query(&db, "ann").await?;
    assert_eq!(ann.orders.iter().map(|o| o.total).collect::<Vec<_>>(), [7, 5]);
    Ok(())
}

#[tokio::test]
async fn keys_that_begin_alike_are_told_apart() -> Outcome {
    #[derive(Debug, Clone, Model)]
    #[model(
        table = "shop",
        hash_key = "USER#{user}",
        range_key = "PROFILE#{kind}",
        validate = false
    )]
    struct Picture {
        user: String,
        kind: String,
    }
    #[derive(Debug, Clone, Model)]
    #[model(
        table = "shop",
        hash_key = "USER#{user}",
        range_key = "PROFILE#{kind}#{n}",
        validate = false
    )]
    struct Copy {
        user: String,
        kind: String,
        n: u32,
    }
    let (db, _) = shop().await;
    Profile { user: "ann".into(), name: "Ann".into(), version: 0 }.insert(&db).await?;
    Picture { user: "ann".into(), kind: "small".into() }.insert(&db).await?;
    for n in 1..=3 {
        Copy { user: "ann".into(), kind: "small".into(), n }.insert(&db).await?;
    }
    assert_eq!(Profile::query(&db, "ann").try_collect().await?.len(), 1);
    assert_eq!(Profile::scan(&db).try_collect().await?.len(), 1);
    // `PROFILE#small#1` could be a picture of kind `small#1`, but the item says `small`.
    assert_eq!(Picture::query(&db, "ann").try_collect().await?.len(), 1);
    // A limit counts what is found, and a picture is no copy.
    let copies = Copy::query(&db, "ann").limit(3).try_collect().await?;
    assert_eq!(copies.iter().map(|copy| copy.n).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(copies[0].kind, "small");
    Ok(())
}

#[tokio::test]
async fn a_key_can_be_stored_by_a_converter() -> Outcome {
    #[derive(Debug, Clone, Model)]
    #[model(table = "events", validate = false)]
    #[model(gsi(by_end, hash_key = "END#{end}", keys_only))]
    struct Event {
        #[model(hash_key)]
        place: String,
        #[model(range_key, with = UnixSeconds)]
        start: SystemTime,
        #[model(with = UnixSeconds)]
        end: SystemTime,
    }
    let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    let db = Database::new(dynamap::embedded::memory()?);
    Table::<Event>::create(&db).await?;
    for start in [5, 60] {
        Event { place: "x".into(), start: at(start), end: at(start + 9) }.insert(&db).await?;
    }
    let mut event = Event::get(&db, ("x", &at(60))).await?.expect("there");
    assert_eq!(event.image().get("start"), Some(&n(60)));
    assert_eq!(event.image().text("by_end_pk"), Some("END#69"));
    event.end = at(70);
    event.save(&db).await?;
    let late = Event::query(&db, "x").range(Event::START.gt(&at(7))).try_collect().await?;
    assert_eq!((late.len(), late[0].end), (1, at(70)));
    Ok(())
}

/// What the library composes, and what it reads from a key, is nothing unknown.
#[tokio::test]
async fn composed_keys_are_known_where_unknown_attributes_are_refused() -> Outcome {
    #[derive(Debug, Clone, Model)]
    #[model(table = "shop", hash_key = "USER#{user}", range_key = "NOTE#{number}")]
    #[model(discriminator = "note", unknown = "refuse", validate = false)]
    #[model(gsi(by_number, hash_key = "N#{number}", keys_only))]
    struct Note {
        user: String,
        number: u32,
    }
    let client = dynamap::embedded::memory()?;
    let db = Database::new(client);
    Table::<Note>::create(&db).await?;
    Note { user: "ann".into(), number: 1 }.insert(&db).await?;
    assert!(Note::get(&db, ("ann", 1)).await?.is_some());
    let key = [("pk", s("USER#ann")), ("sk", s("NOTE#2")), ("_type", s("note"))];
    put_raw(&db, "shop", &key).await;
    assert_eq!(Note::get(&db, ("ann", 2)).await?.expect("there").number, 2);
    put_raw(&db, "shop", &[&key[..], &[("other", n(1))]].concat()).await;
    assert!(Note::get(&db, ("ann", 2)).await.is_err());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_by_composed_keys_can_be_spawned() -> Outcome {
    let (db, _) = shop().await;
    tokio::spawn(async move {
        Order::query(&db, "ann").range(Order::SK.with("a").gt(1)).try_collect().await?;
        Customer::query(&db, "ann").await?;
        Entry::query(&db, "ann").await.map(drop)
    })
    .await??;
    Ok(())
}

#[tokio::test]
async fn a_discriminator_can_be_added_by_a_migration() -> Outcome {
    fn named(item: &mut Item) -> Result<(), StepError> {
        item.insert("_type", s("note"));
        Ok(())
    }
    static NAMED: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", named)]);
    #[derive(Debug, Clone, Model)]
    #[model(table = "notes", schema = "2.0.0", migrations = NAMED, validate = false)]
    #[model(discriminator = "note", gsi(by_text, hash_key = "T#{text}"))]
    struct Note {
        #[model(hash_key)]
        id: u32,
        text: String,
        #[model(version)]
        version: u64,
    }
    let db = Database::new(dynamap::embedded::memory()?);
    Table::<Note>::create(&db).await?;
    put_raw(&db, "notes", &[("id", n(1)), ("text", s("a")), ("version", n(3))]).await;
    assert_eq!(Note::scan(&db).try_collect().await?.len(), 1);
    // The version is the one that the program knows: bringing an item into shape is no change of it.
    let update = Note::update(&db, 1).set(Note::TEXT, "b").when(Note::VERSION.eq(3));
    assert_eq!(update.returning_new().await?.version, 4);
    // What an upgrade leaves is in the index that came with it.
    put_raw(&db, "notes", &[("id", n(2)), ("text", s("c")), ("version", n(1))]).await;
    Note::update(&db, 2).set(Note::TEXT, "d").when(Note::TEXT.eq("c")).await?;
    assert_eq!(Note::BY_TEXT.query(&db, "d").try_collect().await?.len(), 1);
    Note::delete(&db, 2).unchecked().await?;
    // What another program stores today without a discriminator is no note.
    let other = [("id", n(4)), ("text", s("x")), ("_schema", s("2.0.0"))];
    put_raw(&db, "notes", &other).await;
    assert_eq!(Note::scan(&db).try_collect().await?.len(), 1);
    Note::delete(&db, 4).unchecked().await?;
    // An item that the condition refuses is left as it is.
    put_raw(&db, "notes", &[("id", n(3)), ("text", s("e"))]).await;
    let before = stored(&db, "notes", &[("id", n(3))]).await;
    assert!(Note::update(&db, 3).set(Note::TEXT, "f").when(Note::TEXT.eq("x")).await.is_err());
    assert_eq!(stored(&db, "notes", &[("id", n(3))]).await, before);
    Ok(())
}

#[tokio::test]
async fn models_that_cannot_be_told_apart_are_no_collection() -> Outcome {
    #[derive(Debug, Clone, Model)]
    #[model(table = "shop", hash_key = "USER#{user}", range_key = "{anything}", validate = false)]
    struct Anything {
        user: String,
        anything: String,
    }
    #[derive(Debug, Collection)]
    struct Mixed {
        _orders: Vec<Loaded<Order>>,
        _others: Vec<Loaded<Anything>>,
    }
    let (db, faults) = shop().await;
    assert!(matches!(Mixed::query(&db, "ann").await, Err(Error::Usage(_))));
    assert!(faults.requests().is_empty());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What a template builds, the store finds, and only that.
    #[test]
    fn keys_of_any_values_are_told_apart(
        a in ("[a-c#]{0,4}", 0_u32..20),
        b in ("[a-c#]{0,4}", 0_u32..20),
    ) {
        let key = |(day, number): &(String, u32)| Order::encode_key(("ann", (day.as_str(), *number)));
        if let (Ok(left), Ok(right)) = (key(&a), key(&b)) {
            prop_assert_eq!(left == right, a == b);
            let item = left.to_item();
            let text = item.text("sk").expect("a text");
            let template = Order::layout().template("sk").expect("composed");
            let parts = template.parse(text).expect("parses");
            prop_assert_eq!(&parts[0].1, &AttributeValue::S(a.0));
            prop_assert_eq!(&parts[1].1, &AttributeValue::N(a.1.to_string()));
        }
    }
}

#[tokio::test]
async fn an_option_of_a_collection_takes_one_item_and_its_members_one_hash_key() -> Outcome {
    #[derive(Debug, Clone, Model)]
    #[model(table = "shop", hash_key = "TEAM#{user}", range_key = "PROFILE", validate = false)]
    struct Team {
        user: String,
    }
    #[derive(Debug, Collection)]
    struct Single {
        _order: Option<Loaded<Order>>,
    }
    #[derive(Debug, Collection)]
    struct Apart {
        _orders: Vec<Loaded<Order>>,
        _team: Option<Loaded<Team>>,
    }
    let (db, faults) = shop().await;
    for number in [1, 2] {
        order("2026-01-01", number).insert(&db).await?;
    }
    assert!(matches!(Single::query(&db, "ann").await, Err(Error::Usage(_))));
    faults.clear_log();
    assert!(matches!(Apart::query(&db, "ann").await, Err(Error::Usage(_))));
    assert!(faults.requests().is_empty());
    Ok(())
}

/// Saved under what it says, it would be another item.
#[tokio::test]
async fn an_item_that_contradicts_its_key_is_not_read() -> Outcome {
    let (db, _) = shop().await;
    let key = [("pk", s("USER#bob")), ("sk", s("ORDER#2020-01-02#000042"))];
    put_raw(&db, "shop", &[&key[..], &[("total", n(9)), ("number", n(43))]].concat()).await;
    let error = Order::get(&db, ("bob", ("2020-01-02", 42))).await.expect_err("43 is not 42");
    assert!(error.to_string().contains("expected a key of this model"), "{error}");
    put_raw(&db, "shop", &[&key[..], &[("total", n(9)), ("number", n(42))]].concat()).await;
    assert!(Order::get(&db, ("bob", ("2020-01-02", 42))).await?.is_some());
    Ok(())
}

#[tokio::test]
async fn collections_and_scans_are_read_consistently_on_request() -> Outcome {
    let (db, faults) = shop().await;
    Customer::query(&db, "ann").consistent().await?;
    Order::scan(&db).consistent().try_collect().await?;
    let requests = faults.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests.iter().all(|request| request.body["ConsistentRead"] == true));
    Ok(())
}

/// What is paid for is what is read: a query does not read its neighbours to drop them.
#[tokio::test]
async fn a_query_asks_for_the_keys_of_its_own_model_only() -> Outcome {
    let (db, faults) = shop().await;
    Order::query(&db, "ann").try_collect().await?;
    Profile::query(&db, "ann").try_collect().await?;
    let tx = Transaction::begin(&db);
    Profile::get(&tx, "ann").await?;
    let requests = faults.requests();
    let asked = |i: usize| requests[i].body["KeyConditionExpression"].as_str().unwrap_or_default();
    assert!(asked(0).contains("begins_with"), "{}", asked(0));
    assert!(asked(1).contains(" AND ") && !asked(1).contains("begins_with"), "{}", asked(1));
    assert_eq!(requests[2].body["ConsistentRead"], true, "a transaction reads consistently");
    Ok(())
}
