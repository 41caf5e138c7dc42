//! dynamodb-facade: keys in types, expressions by builders, serde_dynamo below.

use aws_sdk_dynamodb::Client;
use dynamodb_facade::explicit_client::DynamoDBItemOp;
use dynamodb_facade::{
    Condition, KeyId, NumberAttribute, StringAttribute, Update, attribute_definitions,
    dynamodb_item, table_definitions,
};
use floor::answers::{FOUND, ORDERS, orders};
use floor::order::{CUSTOMER, VERSION};
use floor::row::{Rig, Row, Run, VERB};
use floor::{Outcome, TABLE};

use crate::order::{Order, sample};

/// The rows of this library.
pub(super) fn rows() -> Vec<Row> {
    let row = |work, repeat, start| Row { work, library: "dynamodb-facade", repeat, start };
    vec![
        row("get", VERB, get as fn() -> _),
        row("insert", VERB, insert),
        row("save", VERB, save),
        row("update", VERB, update),
        row("query of 10", VERB, query),
    ]
}

attribute_definitions! {
    Customer { "customer": StringAttribute }
    Number { "number": NumberAttribute }
}

table_definitions! {
    Orders {
        type PartitionKey = Customer;
        type SortKey = Number;
        fn table_name() -> String { TABLE.to_owned() }
    }
}

dynamodb_item! {
    #[table = Orders]
    Order {
        #[partition_key]
        Customer {
            fn attribute_id(&self) -> &'id str { &self.customer }
            fn attribute_value(id) -> String { id.to_owned() }
        }
        #[sort_key]
        Number {
            fn attribute_id(&self) -> u64 { self.number }
            fn attribute_value(id) -> u64 { id }
        }
    }
}

fn rig() -> Outcome<(Rig, Client)> {
    let rig = Rig::new(orders(&[]))?;
    let client = rig.client();
    Ok((rig, client))
}

async fn found(client: &Client) -> Outcome<Order> {
    let found = Order::get(client.clone(), KeyId::pk(CUSTOMER).sk(FOUND)).await?;
    Ok(found.ok_or("no order")?)
}

fn get() -> Outcome<Run> {
    let (rig, client) = rig()?;
    rig.run(1, |found| found == sample(FOUND), async move || found(&client).await)
}

fn insert() -> Outcome<Run> {
    let (rig, client) = rig()?;
    let order = sample(FOUND);
    rig.run(
        1,
        |()| true,
        async move || {
            let order = Order { version: 1, ..order.clone() };
            Ok(order.put(client.clone()).not_exists().await?)
        },
    )
}

fn save() -> Outcome<Run> {
    let (rig, client) = rig()?;
    let mut order = rig.prepare(found(&client))?;
    rig.run(
        1,
        |version| version == VERSION + 1,
        async move || {
            order.total += 1;
            let next = order.version + 1;
            let update = Update::set("total", order.total).and(Update::set("version", next));
            let condition = Condition::eq("version", order.version);
            order.update(client.clone(), update).condition(condition).await?;
            order.version = next;
            Ok(next)
        },
    )
}

fn update() -> Outcome<Run> {
    let (rig, client) = rig()?;
    rig.run(
        1,
        |()| true,
        async move || {
            let update = Update::increment("total", 5).and(Update::increment("version", 1));
            let key = KeyId::pk(CUSTOMER).sk(FOUND);
            Order::update_by_id(client.clone(), key, update).exists().return_none().await?;
            Ok(())
        },
    )
}

fn query() -> Outcome<Run> {
    let (rig, client) = rig()?;
    let is_expected = |found: Vec<Order>| found.into_iter().eq((0..ORDERS).map(sample));
    rig.run(1, is_expected, async move || {
        Ok(Order::query(client.clone(), Order::key_condition(CUSTOMER)).all().await?)
    })
}
