//! Secondary indexes: what is declared on the model, queried by name and type.

use dynamap::faults::Faults;
use dynamap::{Database, Error, Migrations, Model, Projection, Step, StepError, Table};
use dynamap::{Item, Loaded, Ttl};

use crate::support::{Outcome, n, put_raw, s, stored};

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "orders", validate = false)]
#[model(gsi(by_status, hash_key = status, range_key = [day, number]))]
#[model(gsi(by_place, name = "by-place", hash_key = [country, city], include = [total]))]
#[model(gsi(
    by_day,
    hash_key = "DAY#{day}",
    range_key = "{status}#{number:04}",
    range_key_name = "day_sk"
))]
#[model(gsi(inverted, hash_key = number, range_key = customer, keys_only))]
#[model(lsi(by_total, range_key = total))]
#[model(lsi(small, range_key = country, keys_only))]
struct Order {
    #[model(hash_key)]
    customer: String,
    #[model(range_key)]
    number: u32,
    status: Option<String>,
    day: String,
    country: String,
    #[model(rename = "town")]
    city: String,
    total: i64,
    note: Option<String>,
    #[model(version)]
    version: u64,
}

#[derive(Debug, PartialEq, Projection)]
#[model(of = Order)]
struct Sum {
    number: u32,
    city: String,
    total: i64,
}

#[derive(Debug, PartialEq, Projection)]
#[model(of = Order)]
struct Which {
    customer: String,
    number: u32,
}

fn order(number: u32) -> Order {
    Order {
        customer: "ann".into(),
        number,
        status: (!number.is_multiple_of(3)).then(|| "open".to_owned()),
        day: format!("2026-01-0{}", number % 2),
        country: "CH".into(),
        city: if number < 4 { "Bern" } else { "Basel" }.into(),
        total: i64::from(100 - number),
        note: None,
        version: 0,
    }
}

async fn orders() -> Result<(Database, Faults), Error> {
    let faults = Faults::new();
    let client = dynamap::embedded::memory().expect("a store");
    let client = faults.wrap(&client).expect("a connector");
    let db = Database::builder(client).seed(3).build();
    Table::<Order>::create(&db).await?;
    for number in 1..=6 {
        order(number).insert(&db).await?;
    }
    faults.clear_log();
    Ok((db, faults))
}

fn numbers(found: &[Loaded<Order>]) -> Vec<u32> {
    found.iter().map(|order| order.number).collect()
}

#[tokio::test]
async fn an_index_is_queried_by_its_own_keys_left_to_right() -> Outcome {
    let (db, _) = orders().await?;
    let query = || Order::BY_STATUS.query(&db, "open");
    assert_eq!(numbers(&query().try_collect().await?), [2, 4, 1, 5]);
    assert_eq!(numbers(&query().range(Order::DAY.gt("2026-01-00")).try_collect().await?), [1, 5]);
    let two = query().range(Order::DAY.eq("2026-01-01")).range(Order::NUMBER.gt(1));
    assert_eq!(numbers(&two.reverse().limit(1).try_collect().await?), [5]);
    let filtered = query().filter(Order::TOTAL.ge(98)).try_collect().await?;
    assert_eq!(numbers(&filtered), [2, 1]);
    // Sparse: an order without a status is not in the index.
    assert_eq!(Order::BY_STATUS.scan(&db).try_collect().await?.len(), 4);
    Ok(())
}

#[tokio::test]
async fn conditions_that_leave_a_gap_in_the_range_are_refused_before_sending() -> Outcome {
    let (db, faults) = orders().await?;
    let query = || Order::BY_STATUS.query(&db, "open");
    for query in [
        query().range(Order::NUMBER.gt(1)),
        query().range(Order::DAY.gt("a")).range(Order::NUMBER.gt(1)),
        query().range(Order::DAY.gt("a")).range(Order::DAY.lt("b")),
    ] {
        assert!(matches!(query.try_collect().await, Err(Error::Usage(_))));
    }
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn what_came_from_an_index_can_be_saved_and_is_protected() -> Outcome {
    let (db, _) = orders().await?;
    let mut found = Order::BY_STATUS.query(&db, "open").limit(1).try_collect().await?;
    let mut order = found.pop().expect("there");
    let mut other = order.clone();
    order.note = Some("gift".into());
    order.save(&db).await?;
    other.note = None;
    other.total = 1;
    assert!(matches!(other.save(&db).await, Err(Error::Conflict(_))));
    Ok(())
}

#[tokio::test]
async fn an_index_of_some_attributes_yields_a_smaller_struct() -> Outcome {
    let (db, faults) = orders().await?;
    let bern = Order::BY_PLACE.query(&db, ("CH", "Bern")).select::<Sum>().try_collect().await?;
    let mut bern: Vec<_> = bern.into_iter().map(|t| (t.number, t.total)).collect();
    bern.sort_unstable();
    assert_eq!(bern, [(1, 99), (2, 98), (3, 97)]);
    assert_eq!(faults.requests().len(), 1, "one request, nothing read again");
    let which = Order::INVERTED.query(&db, 2).range(Order::CUSTOMER.begins_with("a"));
    let which = which.select::<Which>().try_collect().await?;
    assert_eq!(which, [Which { customer: "ann".into(), number: 2 }]);
    Ok(())
}

#[tokio::test]
async fn a_selection_of_a_table_asks_for_its_attributes_only() -> Outcome {
    let (db, faults) = orders().await?;
    let totals = Order::query(&db, "ann").select::<Sum>().limit(1).try_collect().await?;
    assert_eq!(totals, [Sum { number: 1, city: "Bern".into(), total: 99 }]);
    let body = &faults.requests()[0].body;
    let names = body["ExpressionAttributeNames"].as_object().expect("names");
    let mut names: Vec<_> = names.values().filter_map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["_schema", "customer", "number", "total", "town"]);
    Ok(())
}

#[tokio::test]
async fn a_local_index_is_read_consistently_and_yields_whole_items() -> Outcome {
    let (db, faults) = orders().await?;
    let cheap = Order::BY_TOTAL.query(&db, "ann").range(Order::TOTAL.lt(96)).consistent();
    assert_eq!(numbers(&cheap.try_collect().await?), [6, 5]);
    assert_eq!(faults.requests()[0].body["ConsistentRead"], true);
    // An index of keys only: the service fetches the rest.
    let whole = Order::SMALL.query(&db, "ann").range(Order::COUNTRY.eq("CH")).try_collect().await?;
    assert_eq!(whole.len(), 6);
    assert_eq!(whole[0].total, i64::from(100 - whole[0].number));
    Ok(())
}

#[tokio::test]
async fn a_composed_index_key_follows_what_it_is_composed_of() -> Outcome {
    let (db, faults) = orders().await?;
    let find = |day: &'static str| {
        Order::BY_DAY.query(&db, day).range(Order::DAY_SK.with("sent")).try_collect()
    };
    // By a save.
    let mut one = Order::get(&db, ("ann", 1)).await?.expect("there");
    one.status = Some("sent".into());
    one.save(&db).await?;
    assert_eq!(numbers(&find("2026-01-01").await?), [1]);
    // By key: everything that the keys are composed of is in the update, or in the primary key.
    Order::update(&db, ("ann", 5)).set(Order::STATUS, "sent").await?;
    assert_eq!(numbers(&find("2026-01-01").await?), [1, 5]);
    Order::update(&db, ("ann", 5)).set(Order::DAY, "2026-02-02").await?;
    assert_eq!(numbers(&find("2026-01-01").await?), [1]);
    assert_eq!(numbers(&find("2026-02-02").await?), [5]);
    Order::update(&db, ("ann", 5)).remove(Order::STATUS).await?;
    assert!(find("2026-02-02").await?.is_empty(), "no longer in the index");
    let item = stored(&db, "orders", &[("customer", s("ann")), ("number", n(5))]).await;
    assert_eq!(item.expect("there").get("day_sk"), None);
    // What would need to be read first is refused before anything is sent.
    faults.clear_log();
    let update = Order::update(&db, ("ann", 2)).set_if_absent(Order::STATUS, "sent").await;
    assert!(matches!(update, Err(Error::Usage(_))), "{update:?}");
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_composed_index_key_that_another_program_left_stale_is_brought_up_to_date() -> Outcome {
    let (db, _) = orders().await?;
    let raw = db.client().update_item().table_name("orders");
    let raw =
        raw.key("customer", s("ann")).key("number", n(2)).update_expression("SET day_sk = :0");
    raw.expression_attribute_values(":0", s("stale#0002")).send().await?;
    let mut order = Order::get(&db, ("ann", 2)).await?.expect("there");
    order.note = Some("checked".into());
    order.save(&db).await?;
    assert_eq!(order.image().text("day_sk"), Some("open#0002"));
    Ok(())
}

#[tokio::test]
async fn a_filter_about_what_is_queried_is_refused_before_sending() -> Outcome {
    let (db, faults) = orders().await?;
    let query = Order::query(&db, "ann").filter(Order::NUMBER.gt(1));
    assert!(matches!(query.try_collect().await, Err(Error::Usage(_))));
    let query = Order::BY_STATUS.query(&db, "open").filter(Order::DAY.gt("a"));
    assert!(matches!(query.try_collect().await, Err(Error::Usage(_))));
    assert!(faults.requests().is_empty());
    // What is no key there can be filtered.
    let query = Order::BY_STATUS.query(&db, "open").filter(Order::CUSTOMER.eq("ann"));
    assert_eq!(query.try_collect().await?.len(), 4);
    Ok(())
}

#[tokio::test]
async fn an_index_of_some_attributes_has_what_reading_them_takes() -> Outcome {
    #[derive(Debug, Clone, Model)]
    #[model(table = "sessions", validate = false, gsi(by_user, hash_key = user, include = [device]))]
    #[model(gsi(by_end, hash_key = user, range_key = expires))]
    struct Session {
        #[model(hash_key)]
        id: u32,
        user: String,
        #[model(alias = "agent")]
        device: Option<String>,
        #[model(ttl)]
        expires: Ttl,
    }
    #[derive(Debug, PartialEq, Projection)]
    #[model(of = Session)]
    struct Device {
        device: Option<String>,
    }
    let client = dynamap::embedded::memory()?;
    let now = std::time::UNIX_EPOCH + std::time::Duration::from_secs(100);
    let db = Database::builder(client).clock(move || now).build();
    Table::<Session>::create(&db).await?;
    for (id, expires) in [(1, 50), (2, 200)] {
        let item =
            [("id", n(id)), ("user", s("ann")), ("agent", s("phone")), ("expires", n(expires))];
        put_raw(&db, "sessions", &item).await;
    }
    // Also where the time to live is a key, which a filter must not be about.
    let live = Session::BY_END.query(&db, "ann").skip_expired().limit(5);
    assert_eq!(live.try_collect().await?.len(), 1);
    let live = Session::BY_END.query(&db, "ann").select::<Device>().skip_expired();
    assert_eq!(live.try_collect().await?.len(), 1);
    let live = Session::BY_USER.query(&db, "ann").select::<Device>().skip_expired();
    assert_eq!(live.try_collect().await?, [Device { device: Some("phone".to_owned()) }]);
    Ok(())
}

#[tokio::test]
async fn an_empty_index_key_is_refused_before_sending() -> Outcome {
    let (db, faults) = orders().await?;
    let error = Order { status: Some(String::new()), ..order(9) }.insert(&db).await;
    let error = error.expect_err("AWS refuses it");
    assert!(
        error.to_string().contains("`status`: the key of an index must not be empty"),
        "{error}"
    );
    let update = Order::update(&db, ("ann", 1)).set(Order::CITY, "").await;
    assert!(matches!(update, Err(Error::Encode { .. })), "{update:?}");
    assert!(faults.requests().is_empty());
    Ok(())
}

fn amount_becomes_total(item: &mut Item) -> Result<(), StepError> {
    if let Some(amount) = item.remove("amount") {
        item.insert("total", amount);
    }
    Ok(())
}

static RENAMES: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", amount_becomes_total)]);

#[derive(Debug, Clone, Model)]
#[model(table = "bills", schema = "2.0.0", migrations = RENAMES, validate = false)]
#[model(gsi(by_month, hash_key = month, include = [total]))]
struct Bill {
    #[model(hash_key)]
    id: u64,
    month: String,
    total: i64,
}

#[derive(Debug, PartialEq, Projection)]
#[model(of = Bill)]
struct Amount {
    id: u64,
    total: i64,
}

#[tokio::test]
async fn a_selected_item_of_an_older_schema_is_read_whole_and_upgraded() -> Outcome {
    let (db, faults) = orders().await?;
    Table::<Bill>::create(&db).await?;
    put_raw(&db, "bills", &[("id", n(1)), ("month", s("May")), ("amount", n(7))]).await;
    Bill { id: 2, month: "May".into(), total: 8 }.insert(&db).await?;
    faults.clear_log();
    let mut found = Bill::BY_MONTH.query(&db, "May").select::<Amount>().try_collect().await?;
    found.sort_by_key(|amount| amount.id);
    assert_eq!(found, [Amount { id: 1, total: 7 }, Amount { id: 2, total: 8 }]);
    assert_eq!((faults.count("Query"), faults.count("GetItem")), (1, 1));
    let mut found = Bill::scan(&db).select::<Amount>().try_collect().await?;
    found.sort_by_key(|amount| amount.id);
    assert_eq!(found.iter().map(|a| a.total).collect::<Vec<_>>(), [7, 8]);
    Ok(())
}

#[tokio::test]
async fn a_selection_reads_what_is_under_an_alias_or_in_the_key_only() -> Outcome {
    #[derive(Debug, Clone, Model)]
    #[model(table = "notes", hash_key = "USER#{user}", range_key = "NOTE#{number:04}")]
    #[model(validate = false)]
    struct Note {
        user: String,
        number: u32,
        #[model(alias = "old")]
        text: String,
    }
    #[derive(Debug, PartialEq, Projection)]
    #[model(of = Note)]
    struct Short {
        number: u32,
        text: String,
    }
    let (db, _) = orders().await?;
    Table::<Note>::create(&db).await?;
    let item = [("pk", s("USER#ann")), ("sk", s("NOTE#0007")), ("old", s("hi"))];
    put_raw(&db, "notes", &item).await;
    let found = Note::query(&db, "ann").select::<Short>().try_collect().await?;
    assert_eq!(found, [Short { number: 7, text: "hi".into() }]);
    Ok(())
}

#[tokio::test]
async fn an_index_of_some_attributes_tells_models_of_one_table_apart() -> Outcome {
    #[derive(Debug, Clone, Model)]
    #[model(table = "zoo", discriminator = "cat", validate = false)]
    #[model(gsi(by_age, hash_key = age, include = [lives]))]
    struct Cat {
        #[model(hash_key)]
        id: u64,
        age: u32,
        lives: u8,
    }
    #[derive(Debug, PartialEq, Projection)]
    #[model(of = Cat)]
    struct Lives {
        id: u64,
        lives: u8,
    }
    let (db, _) = orders().await?;
    Table::<Cat>::create(&db).await?;
    Cat { id: 1, age: 3, lives: 9 }.insert(&db).await?;
    put_raw(&db, "zoo", &[("id", n(2)), ("_type", s("dog")), ("age", n(3)), ("lives", n(1))]).await;
    let found = Cat::BY_AGE.query(&db, 3).select::<Lives>().try_collect().await?;
    assert_eq!(found, [Lives { id: 1, lives: 9 }]);
    Ok(())
}
