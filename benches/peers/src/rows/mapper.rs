//! dynamap.

use dynamap::{Database, Item, Model, Transaction};
use floor::answers::{FOUND, ORDERS, orders};
use floor::by_hand::{NONCE, OWN, new_item};
use floor::order::{CUSTOMER, VERSION};
use floor::row::{CODEC, Rig, Row, Run, VERB, codec};
use floor::{Outcome, order};

use crate::order::{Order, sample};

/// The rows of this library.
pub(super) fn rows() -> Vec<Row> {
    let row = |work, repeat, start| Row { work, library: "dynamap", repeat, start };
    vec![
        row("decode", CODEC, decode as fn() -> _),
        row("decode, image kept", CODEC, decode_loaded),
        row("encode", CODEC, encode),
        row("get", VERB, get),
        row("insert", VERB, insert),
        row("save", VERB, save),
        row("update", VERB, update),
        row("query of 10", VERB, query),
        row("transfer", VERB, transfer),
    ]
}

fn rig() -> Outcome<(Rig, Database)> {
    let rig = Rig::new(orders(OWN))?;
    let db = Database::new(rig.client());
    Ok((rig, db))
}

fn item() -> Item {
    Item::from(new_item(&order::sample(FOUND), NONCE))
}

fn decode() -> Outcome<Run> {
    let expected = Order { version: 1, ..sample(FOUND) };
    codec(item, move |found| found == expected, |item| Ok(Order::from_attributes(&item)?))
}

fn decode_loaded() -> Outcome<Run> {
    let expected = Order { version: 1, ..sample(FOUND) };
    codec(
        item,
        move |found: dynamap::Loaded<Order>| *found == expected,
        |item| Ok(Order::decode(item)?),
    )
}

fn encode() -> Outcome<Run> {
    let order = sample(FOUND);
    codec(|| (), |item: Item| item.len() == 10, move |()| Ok(order.encode()?))
}

fn get() -> Outcome<Run> {
    let (rig, db) = rig()?;
    let expected = sample(FOUND);
    rig.run(
        1,
        move |found: dynamap::Loaded<Order>| *found == expected,
        async move || Ok(Order::get(&db, (CUSTOMER, FOUND)).await?.ok_or("no order")?),
    )
}

fn insert() -> Outcome<Run> {
    let (rig, db) = rig()?;
    let order = sample(FOUND);
    rig.run(
        1,
        |stored: dynamap::Loaded<Order>| stored.version == 1,
        async move || Ok(order.clone().insert(&db).await?),
    )
}

fn save() -> Outcome<Run> {
    let (rig, db) = rig()?;
    let mut loaded =
        rig.prepare(async { Order::get(&db, (CUSTOMER, FOUND)).await })?.ok_or("no order")?;
    rig.run(
        1,
        |version| version == VERSION + 1,
        async move || {
            loaded.total += 1;
            loaded.save(&db).await?;
            Ok(loaded.version)
        },
    )
}

fn update() -> Outcome<Run> {
    let (rig, db) = rig()?;
    rig.run(
        1,
        |()| true,
        async move || Ok(Order::update(&db, (CUSTOMER, FOUND)).add(Order::TOTAL, 5).await?),
    )
}

fn query() -> Outcome<Run> {
    let (rig, db) = rig()?;
    let expected: Vec<_> = (0..ORDERS).map(sample).collect();
    let is_expected =
        move |found: Vec<dynamap::Loaded<Order>>| found.iter().map(|found| &**found).eq(&expected);
    rig.run(1, is_expected, async move || Ok(Order::query(&db, CUSTOMER).try_collect().await?))
}

fn transfer() -> Outcome<Run> {
    let (rig, db) = rig()?;
    rig.run(
        3,
        |()| true,
        async move || {
            let tx = Transaction::begin(&db);
            let mut from = Order::get(&tx, (CUSTOMER, 1)).await?.ok_or("no order")?;
            let mut to = Order::get(&tx, (CUSTOMER, 2)).await?.ok_or("no order")?;
            from.total -= 30;
            to.total += 30;
            tx.save(from)?;
            tx.save(to)?;
            tx.commit().await?;
            Ok(())
        },
    )
}
