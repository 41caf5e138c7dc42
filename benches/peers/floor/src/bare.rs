//! The rows of the bare SDK with hand-written mapping.

use aws_sdk_dynamodb::Client;

use crate::answers::{FOUND, ORDERS, orders};
use crate::by_hand::{self, NONCE, OWN, Stored, new_item};
use crate::mapping::{from_item, to_item};
use crate::order::{CUSTOMER, Order, VERSION, sample};
use crate::row::{CODEC, Rig, Row, Run, VERB, codec};
use crate::{Attributes, Outcome};

/// The name of these rows.
pub const BY_HAND: &str = "by hand";

/// All rows.
#[must_use]
pub fn rows() -> Vec<Row> {
    let row = |work, repeat, start| Row { work, library: BY_HAND, repeat, start };
    vec![
        row("decode", CODEC, decode as fn() -> _),
        row("encode", CODEC, encode),
        row("get", VERB, get),
        row("insert", VERB, insert),
        row("save", VERB, save),
        row("update", VERB, update),
        row("query of 10", VERB, query),
        row("transfer", VERB, transfer),
    ]
}

fn rig() -> Outcome<(Rig, Client)> {
    let rig = Rig::new(orders(OWN))?;
    let client = rig.client();
    Ok((rig, client))
}

fn decode() -> Outcome<Run> {
    let item = new_item(&sample(FOUND), NONCE);
    let expected = Order { version: 1, ..sample(FOUND) };
    codec(move || item.clone(), move |found| found == expected, from_item)
}

fn encode() -> Outcome<Run> {
    let order = sample(FOUND);
    codec(|| (), |item: Attributes| item.len() == 10, move |()| Ok(to_item(&order)))
}

fn get() -> Outcome<Run> {
    let (rig, client) = rig()?;
    let is_expected = |found: Stored| found.order == sample(FOUND);
    rig.run(1, is_expected, async move || {
        Ok(by_hand::get(&client, CUSTOMER, FOUND).await?.ok_or("no order")?)
    })
}

fn insert() -> Outcome<Run> {
    let (rig, client) = rig()?;
    let order = sample(FOUND);
    let is_expected = |stored: Stored| stored.order.version == 1;
    rig.run(1, is_expected, async move || by_hand::insert(&client, order.clone()).await)
}

fn save() -> Outcome<Run> {
    let (rig, client) = rig()?;
    let stored = rig.prepare(by_hand::get(&client, CUSTOMER, FOUND))?;
    let mut stored = stored.ok_or("no order")?;
    rig.run(
        1,
        |version| version == VERSION + 1,
        async move || {
            stored.order.total += 1;
            by_hand::save_total(&client, &mut stored).await?;
            Ok(stored.order.version)
        },
    )
}

fn update() -> Outcome<Run> {
    let (rig, client) = rig()?;
    rig.run(1, |()| true, async move || by_hand::add_to_total(&client, CUSTOMER, FOUND, 5).await)
}

fn query() -> Outcome<Run> {
    let (rig, client) = rig()?;
    let is_expected =
        |found: Vec<Stored>| found.into_iter().map(|found| found.order).eq((0..ORDERS).map(sample));
    rig.run(1, is_expected, async move || by_hand::query(&client, CUSTOMER).await)
}

fn transfer() -> Outcome<Run> {
    let (rig, client) = rig()?;
    rig.run(
        3,
        |()| true,
        async move || {
            let mut from = by_hand::get(&client, CUSTOMER, 1).await?.ok_or("no order")?;
            let mut to = by_hand::get(&client, CUSTOMER, 2).await?.ok_or("no order")?;
            from.order.total -= 30;
            to.order.total += 30;
            by_hand::save_both(&client, &mut from, &mut to).await
        },
    )
}
