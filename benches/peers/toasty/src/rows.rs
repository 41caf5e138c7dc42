//! Toasty.

use floor::Outcome;
use floor::answers::{FOUND, ORDERS, orders};
use floor::order::{self, CUSTOMER, VERSION};
use floor::row::{Rig, Row, Run};
use toasty::{Db, stmt};
use toasty_driver_dynamodb::DynamoDb;

const LIBRARY: &str = "toasty";
const REPEAT: u32 = 200;

/// The rows of this library.
pub(crate) fn rows() -> Vec<Row> {
    let row = |work, start| Row { work, library: LIBRARY, repeat: REPEAT, start };
    vec![
        row("get", get as fn() -> _),
        row("insert", insert),
        row("save", save),
        row("update", update),
        row("query of 10", query),
    ]
}

#[derive(Debug, toasty::Model)]
#[key(partition = customer, local = number)]
#[table = "orders"]
struct Order {
    customer: String,
    number: u64,
    status: String,
    total: i64,
    paid: bool,
    note: Option<String>,
    tags: Vec<String>,
    #[document]
    address: Address,
    #[document]
    lines: Vec<Line>,
    #[version]
    version: u64,
}

#[derive(Debug, Clone, toasty::Embed)]
struct Address {
    street: String,
    city: String,
    zip: String,
    country: String,
}

#[derive(Debug, Clone, toasty::Embed)]
struct Line {
    sku: String,
    title: String,
    quantity: u32,
    price: i64,
}

/// The order as the other libraries have it.
fn plain(order: &Order) -> order::Order {
    let Address { street, city, zip, country } = order.address.clone();
    let line = |line: &Line| {
        let Line { sku, title, quantity, price } = line.clone();
        order::Line { sku, title, quantity, price }
    };
    order::Order {
        customer: order.customer.clone(),
        number: order.number,
        status: order.status.clone(),
        total: order.total,
        paid: order.paid,
        note: order.note.clone(),
        tags: order.tags.clone(),
        address: order::Address { street, city, zip, country },
        lines: order.lines.iter().map(line).collect(),
        version: order.version,
    }
}

fn rig() -> Outcome<(Rig, Db)> {
    let rig = Rig::new(orders(&[]))?;
    let driver = DynamoDb::new("dynamodb://bench".to_owned(), rig.client());
    let models = toasty::models!(Order);
    let db = rig.prepare(async { Db::builder().models(models).build(driver).await })?;
    Ok((rig, db))
}

fn get() -> Outcome<Run> {
    let (rig, mut db) = rig()?;
    let is_expected = |found: Order| plain(&found) == order::sample(FOUND);
    rig.run(1, is_expected, async move || {
        Ok(Order::get_by_customer_and_number(&mut db, CUSTOMER, FOUND).await?)
    })
}

fn insert() -> Outcome<Run> {
    let (rig, mut db) = rig()?;
    let order = order::sample(FOUND);
    rig.run(1, |stored: Order| stored.version == 1, async move || {
        let order::Order { customer, number, status, total, paid, note, tags, .. } = order.clone();
        let order::Address { street, city, zip, country } = order.address.clone();
        let line = |line: &order::Line| {
            let order::Line { sku, title, quantity, price } = line.clone();
            Line { sku, title, quantity, price }
        };
        let order = Order::create()
            .customer(customer)
            .number(number)
            .status(status)
            .total(total)
            .paid(paid)
            .note(note)
            .tags(tags)
            .address(Address { street, city, zip, country })
            .lines(order.lines.iter().map(line).collect::<Vec<_>>());
        Ok(order.exec(&mut db).await?)
    })
}

fn save() -> Outcome<Run> {
    let (rig, mut db) = rig()?;
    let mut order =
        rig.prepare(Order::get_by_customer_and_number(&mut db, CUSTOMER, FOUND))?;
    rig.run(1, |version| version == VERSION + 1, async move || {
        let total = order.total + 1;
        order.update().total(total).exec(&mut db).await?;
        Ok(order.version)
    })
}

fn update() -> Outcome<Run> {
    let (rig, mut db) = rig()?;
    rig.run(1, |()| true, async move || {
        let update = Order::filter_by_customer_and_number(CUSTOMER, FOUND).update();
        update.total(stmt::add(5)).exec(&mut db).await?;
        Ok(())
    })
}

fn query() -> Outcome<Run> {
    let (rig, mut db) = rig()?;
    let is_expected = |found: Vec<Order>| {
        found.iter().map(plain).eq((0..ORDERS).map(order::sample))
    };
    rig.run(1, is_expected, async move || {
        Ok(Order::filter_by_customer(CUSTOMER).exec(&mut db).await?)
    })
}
