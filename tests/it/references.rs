//! References between models.

use std::collections::BTreeMap;

use dynamap::faults::Faults;
use dynamap::{
    AttributeValue, Coalesced, Database, Error, Gets, Item, Loaded, Model, Ref, Snapshot, Table,
    Transaction,
};

use crate::support::{Outcome, n, put_raw, s, stored};

/// Keyed by a number.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "customers", validate = false)]
struct Customer {
    #[model(hash_key)]
    id: u64,
    name: String,
    address: Ref<Address>,
    /// Of the same model.
    referrer: Option<Ref<Customer>>,
}

/// Keyed by two attributes.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "addresses", validate = false)]
struct Address {
    #[model(hash_key)]
    city: String,
    #[model(range_key)]
    number: u32,
}

/// Keyed by text that is composed.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "vouchers", validate = false, hash_key = "VOUCHER#{code}")]
struct Voucher {
    code: String,
}

/// Refers to all of them.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "orders", validate = false)]
#[model(gsi(by_customer, hash_key = customer, range_key = id))]
#[model(gsi(by_voucher, hash_key = voucher))]
struct Order {
    #[model(hash_key)]
    id: u64,
    customer: Ref<Customer>,
    to: Ref<Address>,
    voucher: Option<Ref<Voucher>>,
    watchers: Vec<Ref<Customer>>,
    #[model(version)]
    version: u64,
}

/// Its partition is that of an order.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "lines", validate = false)]
struct Line {
    #[model(hash_key)]
    order: Ref<Order>,
    #[model(range_key)]
    line: u32,
}

async fn shop() -> (Database, Faults) {
    let faults = Faults::new();
    let client = dynamap::embedded::memory().expect("an embedded store");
    let client = faults.wrap(&client).expect("the client has a connector");
    let db = Database::builder(client).seed(7).build();
    Table::<Customer>::create(&db).await.expect("customers");
    Table::<Address>::create(&db).await.expect("addresses");
    Table::<Voucher>::create(&db).await.expect("vouchers");
    Table::<Order>::create(&db).await.expect("orders");
    Table::<Line>::create(&db).await.expect("lines");
    faults.clear_log();
    (db, faults)
}

async fn ann(db: &Database) -> Result<Loaded<Customer>, Error> {
    let address = Ref::to(("Bern", 7))?;
    Customer { id: 1, name: "Ann".into(), address, referrer: None }.insert(db).await
}

fn order(id: u64, customer: &Ref<Customer>) -> Result<Order, Error> {
    let (customer, to) = (customer.clone(), Ref::to(("Bern", 7))?);
    Ok(Order { id, customer, to, voucher: None, watchers: Vec::new(), version: 0 })
}

/// Every operation that was sent, with how often.
fn sent(faults: &Faults) -> BTreeMap<String, usize> {
    let mut sent = BTreeMap::new();
    for request in faults.requests() {
        *sent.entry(request.operation.clone()).or_default() += 1;
    }
    faults.clear_log();
    sent
}

#[tokio::test]
async fn a_reference_is_stored_as_the_key_that_it_names_and_comes_back() -> Outcome {
    let (db, _) = shop().await;
    let voucher = Some(Ref::to("spring")?);
    let watchers = vec![Ref::to(8)?, Ref::to(9)?];
    let order = Order { voucher, watchers, ..order(1, &Ref::to(7)?)? }.insert(&db).await?;
    let item = stored(&db, "orders", &[("id", n(1))]).await.expect("there");
    assert_eq!(item.get("customer"), Some(&n(7)));
    assert_eq!(item.get("voucher"), Some(&s("VOUCHER#spring")));
    assert_eq!(item.get("watchers"), Some(&AttributeValue::L(vec![n(8), n(9)])));
    let to = [("city".to_owned(), s("Bern")), ("number".to_owned(), n(7))];
    assert_eq!(item.get("to"), Some(&AttributeValue::M(to.into())));
    let back = Order::get(&db, 1).await?.expect("there");
    assert_eq!(*back, *order);
    assert_eq!(back.to.key().to_string(), r#"city = "Bern", number = 7"#);
    Ok(())
}

#[tokio::test]
async fn a_stored_value_that_is_no_key_is_refused_by_name_and_kind() {
    let item = |customer: AttributeValue, to: AttributeValue| {
        let to =
            AttributeValue::M([("city".to_owned(), s("Bern")), ("number".to_owned(), to)].into());
        Item::from_iter([
            ("id".to_owned(), n(1)),
            ("version".to_owned(), n(1)),
            ("customer".to_owned(), customer),
            ("to".to_owned(), to),
            ("watchers".to_owned(), AttributeValue::L(Vec::new())),
        ])
    };
    assert!(Order::decode(item(n(7), n(3))).is_ok());
    for (wrong, path, found) in [
        (item(s("7"), n(3)), "customer", "S"),
        (item(n(7), s("3")), "to.number", "S"),
        (item(AttributeValue::Null(true), n(3)), "customer", "NULL"),
    ] {
        let Err(Error::Decode(error)) = Order::decode(wrong) else { panic!("{path} was read") };
        assert_eq!((error.error.path(), error.error.found()), (path, found));
    }
    assert!(Ref::<Address>::to(("", 7)).is_err_and(|error| error.is_invalid()));
}

#[tokio::test]
async fn a_reference_is_loaded_by_one_get_through_any_reader() -> Outcome {
    let (db, faults) = shop().await;
    let order = order(1, &Ref::of(&ann(&db).await?))?.insert(&db).await?;
    faults.clear_log();
    assert_eq!(order.customer.load(&db).await?.expect("there").name, "Ann");
    assert_eq!(order.customer.require(&db, &order).await?.name, "Ann");
    assert_eq!(sent(&faults), [("GetItem".to_owned(), 2)].into());
    let reader = Coalesced::new(&db);
    assert_eq!(order.customer.load(&reader).await?.expect("there").name, "Ann");
    assert!(order.to.load(&db).consistent().await?.is_none());
    Ok(())
}

#[tokio::test]
async fn a_missing_item_is_an_error_that_names_both_ends() -> Outcome {
    let (db, faults) = shop().await;
    let order = order(1, &Ref::to(7)?)?.insert(&db).await?;
    faults.clear_log();
    assert!(order.customer.load(&db).await?.is_none());
    faults.clear_log();
    let error = order.customer.require(&db, &order).await.expect_err("nobody has id 7");
    assert!(error.is_not_found());
    let expected = "item (id = 1) of table orders refers to item (id = 7) of table customers, which is not there: nothing \
                    was written";
    assert_eq!(error.to_string(), expected);
    // The last look is a consistent one: an item that was stored just now is found.
    let looks: Vec<bool> =
        faults.requests().iter().map(|request| request.body["ConsistentRead"] == true).collect();
    assert_eq!(looks, [false, true]);
    Ok(())
}

#[tokio::test]
async fn a_graph_of_500_orders_is_loaded_in_the_fewest_requests() -> Outcome {
    let (db, faults) = shop().await;
    let addresses = (0..90).map(|number| Address { city: "Bern".into(), number });
    for stored in Address::insert_many(&db, addresses).await {
        stored?;
    }
    let mut customers = Vec::new();
    for id in 0..120 {
        let address = Ref::to(("Bern", u32::try_from(id % 60)?))?;
        customers.push(Customer { id, name: format!("C{id}"), address, referrer: None });
    }
    for stored in Customer::insert_many(&db, customers).await {
        stored?;
    }
    let mut orders = Vec::new();
    for id in 0..500 {
        let to = Ref::to(("Bern", u32::try_from(id % 90)?))?;
        orders.push(Order { to, ..order(id, &Ref::to(id % 120)?)? });
    }
    for stored in Order::insert_many(&db, orders).await {
        stored?;
    }
    let orders = Order::scan(&db).try_collect().await?;
    assert_eq!(orders.len(), 500);
    faults.clear_log();

    // 120 customers: 2 requests. 90 addresses, of orders and customers together: 1.
    let customers = Ref::load_all(&db, orders.iter().map(|order| &order.customer)).await?;
    assert_eq!((customers.len(), sent(&faults)), (120, [("BatchGetItem".to_owned(), 2)].into()));
    let of_customers = customers.values().map(|customer| &customer.address);
    let addresses =
        Ref::load_all(&db, orders.iter().map(|order| &order.to).chain(of_customers)).await?;
    assert_eq!((addresses.len(), sent(&faults)), (90, [("BatchGetItem".to_owned(), 1)].into()));
    for order in &orders {
        let customer = &customers[&order.customer];
        assert_eq!(customer.id, order.id % 120);
        assert_eq!(u64::from(addresses[&customer.address].number), customer.id % 60);
        assert_eq!(u64::from(addresses[&order.to].number), order.id % 90);
    }
    Ok(())
}

#[tokio::test]
async fn references_to_several_models_share_requests() -> Outcome {
    let (db, faults) = shop().await;
    let ann = ann(&db).await?;
    let home = Address { city: "Bern".into(), number: 7 }.insert(&db).await?;
    let order = order(1, &Ref::of(&ann))?;
    faults.clear_log();
    let mut gets = Gets::of(&db);
    let (customer, to) = (gets.follow(&order.customer), gets.follow(&order.to));
    // The same item once more, and one that is not there.
    let (again, missing) = (gets.follow(&ann.address), gets.follow(&Ref::<Customer>::to(9)?));
    let found = gets.read().await?;
    assert_eq!(sent(&faults), [("BatchGetItem".to_owned(), 1)].into());
    assert_eq!(found.take(customer)?.expect("there").name, "Ann");
    assert_eq!(*found.take(to)?.expect("there"), *home);
    assert_eq!(*found.take(again)?.expect("there"), *home);
    assert!(found.take(missing)?.is_none());

    let mut snapshot = Snapshot::of(&db);
    let (customer, to) = (snapshot.follow(&order.customer), snapshot.follow(&order.to));
    let found = snapshot.read().await?;
    assert_eq!(sent(&faults), [("TransactGetItems".to_owned(), 1)].into());
    assert!(found.take(customer)?.is_some() && found.take(to)?.is_some());
    Ok(())
}

#[tokio::test]
async fn what_is_missing_among_many_references_is_not_in_the_map() -> Outcome {
    let (db, _) = shop().await;
    let ann = ann(&db).await?;
    let (here, gone) = (Ref::of(&ann), Ref::<Customer>::to(9)?);
    let found = Ref::load_all(&db, [&here, &gone, &here]).await?;
    assert_eq!((found.len(), &*found[&here]), (1, &*ann));
    assert!(!found.contains_key(&gone));
    let none: [&Ref<Customer>; 0] = [];
    assert!(Ref::load_all(&db, none).await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn the_items_that_refer_to_one_are_found_by_an_index() -> Outcome {
    let (db, faults) = shop().await;
    let ann = ann(&db).await?;
    for (id, customer) in [(1, 1), (2, 9), (3, 1), (4, 1)] {
        let voucher = (id == 3).then(|| Ref::to("spring")).transpose()?;
        Order { voucher, ..order(id, &Ref::to(customer)?)? }.insert(&db).await?;
    }
    faults.clear_log();
    let orders =
        Order::BY_CUSTOMER.query(&db, &Ref::of(&ann)).range(Order::ID.gt(1)).try_collect().await?;
    assert_eq!(orders.iter().map(|order| order.id).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(sent(&faults), [("Query".to_owned(), 1)].into());
    // An item without the reference is not in the index.
    assert_eq!(Order::BY_VOUCHER.query(&db, &Ref::to("spring")?).one().await?.id, 3);
    assert_eq!(Order::BY_VOUCHER.scan(&db).count().await?, 1);
    Ok(())
}

#[tokio::test]
async fn the_items_of_one_are_a_partition() -> Outcome {
    let (db, _) = shop().await;
    let first = order(1, &Ref::to(7)?)?.insert(&db).await?;
    for (order, line) in [(1, 1), (1, 2), (2, 1)] {
        Line { order: Ref::to(order)?, line }.insert(&db).await?;
    }
    let lines = Line::query(&db, &Ref::of(&first)).try_collect().await?;
    assert_eq!(lines.iter().map(|line| line.line).collect::<Vec<_>>(), [1, 2]);
    let line = Line::get(&db, (&Ref::of(&first), 2)).await?.expect("there");
    assert_eq!(line.order.load(&db).await?.expect("there").id, 1);
    Ok(())
}

#[tokio::test]
async fn a_reference_is_compared_and_changed_like_any_attribute() -> Outcome {
    let (db, _) = shop().await;
    let (ann, bob) = (Ref::of(&ann(&db).await?), Ref::<Customer>::to(2)?);
    let mut order = order(1, &ann)?.insert(&db).await?;
    let of_ann = Order::CUSTOMER.eq(&ann);
    Order::update(&db, 1)
        .set(Order::CUSTOMER, &bob)
        .set(Order::VOUCHER, &Ref::to("spring")?)
        .when(of_ann)
        .await?;
    let refused =
        Order::update(&db, 1).set(Order::CUSTOMER, &ann).when(Order::CUSTOMER.eq(&ann)).await;
    assert!(refused.is_err_and(|error| error.is_conflict()));
    order.to = Ref::to(("Basel", 1))?;
    assert!(order.save(&db).await.is_err_and(|error| error.is_conflict()));
    let mut order = Order::get(&db, 1).await?.expect("there");
    assert_eq!(order.customer, bob);
    order.customer = ann.clone();
    order.to = Ref::to(("Basel", 1))?;
    order.save(&db).await?;
    let found =
        Order::scan(&db).filter(Order::CUSTOMER.eq(&ann) & Order::TO.eq(&Ref::to(("Basel", 1))?));
    assert_eq!(found.one().await?.id, 1);
    assert!(Order::BY_CUSTOMER.query(&db, &bob).try_collect().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn an_item_is_changed_by_a_reference_to_it() -> Outcome {
    let (db, faults) = shop().await;
    let order = order(1, &Ref::of(&ann(&db).await?))?;
    faults.clear_log();
    order.customer.update(&db).set(Customer::NAME, "Anna").await?;
    assert_eq!(sent(&faults), [("UpdateItem".to_owned(), 1)].into());
    assert_eq!(Customer::get(&db, 1).await?.expect("there").name, "Anna");
    let nobody = Ref::<Customer>::to(9)?.update(&db).set(Customer::NAME, "Bob").await;
    assert!(nobody.is_err_and(|error| error.is_not_found()));
    Ok(())
}

#[tokio::test]
async fn a_reference_in_a_transaction_reads_what_the_transaction_sees_and_is_checked() -> Outcome {
    let (db, _) = shop().await;
    let ann = ann(&db).await?;
    order(1, &Ref::of(&ann))?.insert(&db).await?;
    let tx = Transaction::begin(&db);
    let mut order = Order::get(&tx, 1).await?.expect("there");
    let mut customer = order.customer.require(&tx, &order).await?;
    customer.name = "Anna".into();
    tx.save(customer)?;
    assert_eq!(order.customer.load(&tx).await?.expect("there").name, "Anna");
    assert_eq!(order.customer.load(&db).await?.expect("there").name, "Ann");
    let bob = Customer {
        id: 2,
        name: "Bob".into(),
        address: Ref::to(("Bern", 1))?,
        referrer: Some(Ref::of(&ann)),
    };
    tx.insert(bob)?;
    order.customer = Ref::to(2)?;
    assert_eq!(order.customer.require(&tx, &order).await?.name, "Bob");
    tx.save(order)?;
    tx.commit().await?;
    let order = Order::get(&db, 1).await?.expect("there");
    let bob = order.customer.require(&db, &order).await?;
    assert_eq!(bob.referrer.as_ref().expect("Ann").load(&db).await?.expect("there").name, "Anna");

    // What was followed is checked at commit.
    let tx = Transaction::begin(&db);
    let mut order = Order::get(&tx, 1).await?.expect("there");
    order.customer.require(&tx, &order).await?;
    Customer::delete(&db, 2).await?;
    order.to = Ref::to(("Basel", 1))?;
    tx.save(order)?;
    assert!(tx.commit().await.expect_err("the customer is gone").is_conflict());
    Ok(())
}

#[tokio::test]
async fn an_older_item_that_holds_a_bare_key_reads_as_a_reference() -> Outcome {
    let (db, _) = shop().await;
    let ann = ann(&db).await?;
    let to =
        AttributeValue::M([("city".to_owned(), s("Bern")), ("number".to_owned(), n("7.0"))].into());
    let item = [
        ("id", n(5)),
        ("version", n(1)),
        ("customer", n("1.0")),
        ("to", to),
        ("watchers", AttributeValue::L(Vec::new())),
    ];
    put_raw(&db, "orders", &item).await;
    let order = Order::get(&db, 5).await?.expect("there");
    assert_eq!(order.customer, Ref::of(&ann));
    assert_eq!(order.customer.load(&db).await?.expect("there").name, "Ann");
    Ok(())
}
