//! `docs/guide/references.md`: its programs.

use dynamap::testing::{TestDatabase, TestError};
use dynamap::{Database, Error, Loaded, Model, Ref};

use crate::support::Outcome;

#[derive(Debug, Clone, Model)]
#[model(table = "addresses", validate = false)]
struct Address {
    #[model(hash_key)]
    city: String,
    #[model(range_key)]
    number: u32,
}

#[derive(Debug, Clone, Model)]
#[model(table = "customers", validate = false)]
struct Customer {
    #[model(hash_key)]
    id: u64,
    name: String,
    address: Ref<Address>,
}

#[derive(Debug, Clone, Model)]
#[model(table = "orders", validate = false)]
#[model(gsi(by_customer, hash_key = customer, range_key = id))]
struct Order {
    #[model(hash_key)]
    id: u64,
    customer: Ref<Customer>,
    ship_to: Option<Ref<Address>>,
}

#[derive(Debug, Clone, Model)]
#[model(table = "lines", validate = false)]
struct Line {
    #[model(hash_key)]
    order: Ref<Order>,
    #[model(range_key)]
    line: u32,
}

impl Customer {
    async fn orders(db: &Database, of: &Ref<Self>) -> Result<Vec<Loaded<Order>>, Error> {
        Order::BY_CUSTOMER.query(db, of).try_collect().await
    }
}

/// The shop with Ann, who lives at Bern 7.
async fn shop() -> Result<TestDatabase, TestError> {
    let builder = TestDatabase::builder().with::<Customer>().with::<Address>();
    let test = builder.with::<Order>().with::<Line>().build().await?;
    test.insert_json::<Address>(r#"{"city": "Bern", "number": 7}"#).await?;
    let ann = r#"{"id": 1, "name": "Ann", "address": {"city": "Bern", "number": 7}}"#;
    test.insert_json::<Customer>(ann).await?;
    Ok(test)
}

#[tokio::test]
async fn a_reference_is_made_stored_and_followed() -> Outcome {
    let test = shop().await?;
    let db = test.database().clone();
    let ann = Customer::get(&db, 1).await?.ok_or("Ann")?;

    let order = Order { id: 1, customer: Ref::of(&ann), ship_to: Some(Ref::to(("Bern", 7))?) };
    order.insert(&db).await?; // its `customer` is stored as 1, the key of Ann

    let order = Order::get(&db, 1).await?.ok_or("no order")?;
    let customer: Option<Loaded<Customer>> = order.customer.load(&db).await?;
    assert_eq!(customer.map(|ann| ann.name.clone()).as_deref(), Some("Ann"));

    Ok(())
}

#[tokio::test]
async fn what_is_missing_is_named_with_who_refers_to_it() -> Outcome {
    let test = shop().await?;
    let db = test.database().clone();
    let order = Order { id: 1, customer: Ref::to(9)?, ship_to: None }.insert(&db).await?;

    assert!(order.customer.load(&db).await?.is_none());
    let missing = order.customer.require(&db, &order).await;
    assert!(matches!(missing, Err(Error::Dangling(_)))); // from order 1, to customer 9

    Ok(())
}

#[tokio::test]
async fn a_graph_is_loaded_level_by_level() -> Outcome {
    let test = shop().await?;
    let db = test.database().clone();
    for id in 1..=3 {
        Order { id, customer: Ref::to(1)?, ship_to: None }.insert(&db).await?;
    }
    test.forget_requests();

    let orders = Order::scan(&db).try_collect().await?;
    let customers = Ref::load_all(&db, orders.iter().map(|order| &order.customer)).await?;
    let addresses =
        Ref::load_all(&db, customers.values().map(|customer| &customer.address)).await?;
    for order in &orders {
        let customer = &customers[&order.customer];
        let city = &addresses[&customer.address].city;
        assert_eq!((customer.name.as_str(), city.as_str()), ("Ann", "Bern"));
    }

    let requests = ["Scan orders", "BatchGetItem customers", "BatchGetItem addresses"];
    assert_eq!(test.requests(), requests);
    Ok(())
}

#[tokio::test]
async fn what_refers_to_an_item_is_found_by_an_index_or_in_a_partition() -> Outcome {
    let test = shop().await?;
    let db = test.database().clone();
    let order = Order { id: 1, customer: Ref::to(1)?, ship_to: None }.insert(&db).await?;
    for line in [1, 2] {
        Line { order: Ref::of(&order), line }.insert(&db).await?;
    }

    let orders = Customer::orders(&db, &order.customer).await?;
    let lines = Line::query(&db, &Ref::of(&orders[0])).try_collect().await?;
    assert_eq!((orders.len(), lines.len()), (1, 2));

    Ok(())
}
