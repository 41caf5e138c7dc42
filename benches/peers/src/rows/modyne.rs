//! modyne: entities of a table, keys and expressions written by hand, serde_dynamo below.

use aws_sdk_dynamodb::Client;
use floor::answers::{FOUND, ORDERS, orders};
use floor::order::{CUSTOMER, VERSION};
use floor::row::{Rig, Row, Run, VERB};
use floor::{Outcome, TABLE};
use modyne::{
    Aggregate, Entity, EntityDef, EntityExt, ProjectionExt, QueryInput, QueryInputExt, Table, expr,
    keys,
};
use serde::Serialize;

use crate::order::{Order, sample};

/// The rows of this library.
pub(super) fn rows() -> Vec<Row> {
    let row = |work, repeat, start| Row { work, library: "modyne", repeat, start };
    vec![
        row("get", VERB, get as fn() -> _),
        row("insert", VERB, insert),
        row("save", VERB, save),
        row("update", VERB, update),
        row("query of 10", VERB, query),
    ]
}

/// What the library stores beside the attributes of an entity.
const OWN: &[(&str, &str)] = &[("entity_type", "order")];

pub struct Db(Client);

impl Table for Db {
    type PrimaryKey = OrderKey;
    type IndexKeys = ();

    fn table_name(&self) -> &str {
        TABLE
    }

    fn client(&self) -> &Client {
        &self.0
    }
}

#[derive(Debug, Clone, Serialize)]
pub struct OrderKey {
    customer: String,
    number: u64,
}

impl keys::PrimaryKey for OrderKey {
    const PRIMARY_KEY_DEFINITION: keys::PrimaryKeyDefinition =
        keys::PrimaryKeyDefinition { hash_key: "customer", range_key: Some("number") };
}

impl keys::Key for OrderKey {
    const DEFINITION: keys::KeyDefinition =
        keys::KeyDefinition::Primary(<Self as keys::PrimaryKey>::PRIMARY_KEY_DEFINITION);
}

impl EntityDef for Order {
    const ENTITY_TYPE: &'static modyne::EntityTypeNameRef =
        modyne::EntityTypeNameRef::from_static("order");
}

impl Entity for Order {
    type KeyInput<'a> = (&'a str, u64);
    type Table = Db;
    type IndexKeys = ();

    fn primary_key((customer, number): Self::KeyInput<'_>) -> OrderKey {
        OrderKey { customer: customer.to_owned(), number }
    }

    fn full_key(&self) -> keys::FullKey<OrderKey, ()> {
        let primary = Self::primary_key((&self.customer, self.number));
        keys::FullKey { primary, indexes: () }
    }
}

/// All orders of a customer.
struct Orders<'a>(&'a str);

impl QueryInput for Orders<'_> {
    type Index = OrderKey;
    type Aggregate = Vec<Order>;

    fn key_condition(&self) -> expr::KeyCondition<OrderKey> {
        expr::KeyCondition::in_partition(self.0)
    }
}

fn rig() -> Outcome<(Rig, Db)> {
    let rig = Rig::new(orders(OWN))?;
    let db = Db(rig.client());
    Ok((rig, db))
}

async fn found(db: &Db) -> Outcome<Order> {
    let item = Order::get((CUSTOMER, FOUND)).execute(db).await?.item;
    Ok(Order::from_item(item.ok_or("no order")?)?)
}

fn get() -> Outcome<Run> {
    let (rig, db) = rig()?;
    rig.run(1, |found| found == sample(FOUND), async move || found(&db).await)
}

fn insert() -> Outcome<Run> {
    let (rig, db) = rig()?;
    let order = sample(FOUND);
    rig.run(
        1,
        |()| true,
        async move || {
            Order { version: 1, ..order.clone() }.create().execute(&db).await?;
            Ok(())
        },
    )
}

fn save() -> Outcome<Run> {
    let (rig, db) = rig()?;
    let mut order = rig.prepare(found(&db))?;
    rig.run(
        1,
        |version| version == VERSION + 1,
        async move || {
            order.total += 1;
            let next = order.version + 1;
            let update = expr::Update::new("SET #total = :total, #version = :next")
                .name("#total", "total")
                .name("#version", "version")
                .value(":total", order.total)
                .value(":next", next);
            let condition = expr::Condition::new("#version = :version")
                .name("#version", "version")
                .value(":version", order.version);
            let key = (order.customer.as_str(), order.number);
            Order::update(key).expression(update).condition(condition).execute(&db).await?;
            order.version = next;
            Ok(next)
        },
    )
}

fn update() -> Outcome<Run> {
    let (rig, db) = rig()?;
    rig.run(
        1,
        |()| true,
        async move || {
            let update = expr::Update::new("ADD #total :amount, #version :one")
                .name("#total", "total")
                .name("#version", "version")
                .value(":amount", 5)
                .value(":one", 1);
            let condition =
                expr::Condition::new("attribute_exists(#customer)").name("#customer", "customer");
            let update = Order::update((CUSTOMER, FOUND)).expression(update).condition(condition);
            update.execute(&db).await?;
            Ok(())
        },
    )
}

fn query() -> Outcome<Run> {
    let (rig, db) = rig()?;
    let is_expected = |found: Vec<Order>| found.into_iter().eq((0..ORDERS).map(sample));
    rig.run(1, is_expected, async move || {
        let page = Orders(CUSTOMER).query().execute(&db).await?;
        let mut found = Vec::new();
        found.reduce(page.items.unwrap_or_default())?;
        Ok(found)
    })
}
