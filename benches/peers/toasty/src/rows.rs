//! The rows of Toasty, and beside each the row by hand.

use floor::answers::{FOUND, ORDERS};
use floor::order::{VERSION, sample};
use floor::row::{Rig, Row, Run, VERB};
use floor::{Outcome, bare};
use toasty::Db;

use crate::answers::answers;
use crate::order::Order;
use crate::verbs;

/// The name of these rows.
pub(crate) const TOASTY: &str = "Toasty";

/// All rows: by hand only what Toasty does too.
pub(crate) fn all() -> Vec<Row> {
    let row = |work, start| Row { work, library: TOASTY, repeat: VERB, start };
    let rows = [
        row("get", get as fn() -> _),
        row("insert", insert),
        row("save", save),
        row("update", update),
        row("query of 10", query),
    ];
    let by_hand = bare::rows();
    let both = rows
        .iter()
        .flat_map(|row| [Some(*row), by_hand.iter().find(|other| other.work == row.work).copied()]);
    both.flatten().collect()
}

fn rig() -> Outcome<(Rig, Db)> {
    let rig = Rig::new(answers())?;
    let db = rig.prepare(verbs::open(rig.client()))?;
    Ok((rig, db))
}

fn get() -> Outcome<Run> {
    let (rig, mut db) = rig()?;
    let is_expected = |found: Order| found.plain() == sample(FOUND);
    rig.run(1, is_expected, async move || verbs::get(&mut db).await)
}

fn insert() -> Outcome<Run> {
    let (rig, mut db) = rig()?;
    let order = Order::from(sample(FOUND));
    let is_expected =
        |stored: Order| stored.plain() == floor::order::Order { version: 1, ..sample(FOUND) };
    rig.run(1, is_expected, async move || verbs::insert(&mut db, order.clone()).await)
}

fn save() -> Outcome<Run> {
    let (rig, mut db) = rig()?;
    let mut order = rig.prepare(verbs::get(&mut db))?;
    let total = order.total;
    let is_expected = move |found| found == (total + 1, VERSION + 1);
    rig.run(1, is_expected, async move || {
        verbs::save(&mut db, &mut order).await?;
        Ok((order.total, order.version))
    })
}

fn update() -> Outcome<Run> {
    let (rig, mut db) = rig()?;
    rig.run(1, |()| true, async move || verbs::update(&mut db).await)
}

fn query() -> Outcome<Run> {
    let (rig, mut db) = rig()?;
    let is_expected =
        |found: Vec<Order>| found.into_iter().map(Order::plain).eq((0..ORDERS).map(sample));
    rig.run(1, is_expected, async move || verbs::query(&mut db).await)
}
