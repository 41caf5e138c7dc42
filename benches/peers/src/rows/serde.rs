//! The SDK with serde_dynamo: the requests of the bare SDK, with the mapping of serde.

use aws_sdk_dynamodb::Client;
use floor::answers::{FOUND, ORDERS, orders};
use floor::by_hand::{self, NONCE, OWN, SCHEMA, SCHEMA_NOW, WRITE, new_item};
use floor::mapping::text;
use floor::order::{self, CUSTOMER};
use floor::row::{CODEC, Rig, Row, Run, VERB, codec};
use floor::{Attributes, Outcome};
use serde_dynamo::{from_item, from_items, to_item};

use crate::order::{Order, sample};

/// The rows of this library.
pub(super) fn rows() -> Vec<Row> {
    let row = |work, repeat, start| Row { work, library: "serde_dynamo", repeat, start };
    vec![
        row("decode", CODEC, decode as fn() -> _),
        row("encode", CODEC, encode),
        row("get", VERB, get),
        row("insert", VERB, insert),
        row("query of 10", VERB, query),
    ]
}

fn rig() -> Outcome<(Rig, Client)> {
    let rig = Rig::new(orders(OWN))?;
    let client = rig.client();
    Ok((rig, client))
}

fn decode() -> Outcome<Run> {
    let item = new_item(&order::sample(FOUND), NONCE);
    let expected = Order { version: 1, ..sample(FOUND) };
    codec(move || item.clone(), move |found: Order| found == expected, |item| Ok(from_item(item)?))
}

fn encode() -> Outcome<Run> {
    let order = sample(FOUND);
    codec(|| (), |item: Attributes| item.len() == 10, move |()| Ok(to_item(&order)?))
}

fn get() -> Outcome<Run> {
    let (rig, client) = rig()?;
    rig.run(
        1,
        |found: Order| found == sample(FOUND),
        async move || {
            let item = by_hand::get_request(&client, CUSTOMER, FOUND).send().await?.item;
            Ok(from_item(item.ok_or("no order")?)?)
        },
    )
}

fn insert() -> Outcome<Run> {
    let (rig, client) = rig()?;
    let order = sample(FOUND);
    rig.run(
        1,
        |stored: Order| stored.version == 1,
        async move || {
            let order = Order { version: 1, ..order.clone() };
            let mut item: Attributes = to_item(&order)?;
            item.insert(SCHEMA.to_owned(), text(SCHEMA_NOW));
            item.insert(WRITE.to_owned(), text(&by_hand::nonce()));
            by_hand::insert_request(&client, item).send().await?;
            Ok(order)
        },
    )
}

fn query() -> Outcome<Run> {
    let (rig, client) = rig()?;
    let is_expected = |found: Vec<Order>| found.into_iter().eq((0..ORDERS).map(sample));
    rig.run(1, is_expected, async move || {
        let items = by_hand::query_request(&client, CUSTOMER).send().await?.items;
        Ok(from_items(items.unwrap_or_default())?)
    })
}
