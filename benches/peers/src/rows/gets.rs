//! A thousand gets at once: coalesced, and as a thousand requests.

use aws_sdk_dynamodb::Client;
use bytes::Bytes;
use dynamap::{Coalesced, Database, Loaded, Model};
use floor::answers::numbers;
use floor::bare::BY_HAND;
use floor::by_hand::{self, OWN, Stored};
use floor::canned::Answers;
use floor::order::{self, CUSTOMER, item_json};
use floor::row::{Rig, Row, Run};
use floor::{Outcome, TABLE};
use futures_util::future::try_join_all;

use crate::order::{Order, sample};

/// The work of these rows.
pub const WORK: &str = "1,000 gets at once";
/// The library of the row that merges them.
pub const COALESCED: &str = "dynamap, coalesced";

const GETS: u64 = 1_000;
/// AWS: at most 100 keys in one batch.
const BATCH: u64 = 100;

/// The rows of this work.
pub(super) fn rows() -> Vec<Row> {
    let row = |library, start| Row { work: WORK, library, repeat: 8, start };
    vec![row(COALESCED, coalesced as fn() -> _), row("dynamap", one_by_one), row(BY_HAND, bare)]
}

/// Answers gets and batches of gets with the orders that are asked for.
fn answers() -> impl Answers {
    let items: Vec<String> = (0..GETS).map(|number| item_json(number, OWN).to_string()).collect();
    let found = move |body: &[u8]| {
        let found: Vec<&str> =
            numbers(body).filter_map(|n| items.get(n)).map(String::as_str).collect();
        found.join(",")
    };
    move |operation: &str, body: &[u8]| {
        let items = found(body);
        Bytes::from(match operation {
            "BatchGetItem" => {
                format!(r#"{{"Responses":{{"{TABLE}":[{items}]}},"UnprocessedKeys":{{}}}}"#)
            }
            _ => format!(r#"{{"Item":{items}}}"#),
        })
    }
}

fn are_all(found: &[Option<Loaded<Order>>]) -> bool {
    let expected = (0..GETS).map(sample);
    found.iter().flatten().map(|found| Order::clone(found)).eq(expected)
}

fn coalesced() -> Outcome<Run> {
    let rig = Rig::new(answers())?;
    let reader = Coalesced::new(&Database::new(rig.client()));
    rig.run(
        GETS / BATCH,
        |found: Vec<_>| are_all(&found),
        async move || {
            let get = async |number| Order::get(&reader, (CUSTOMER, number)).await;
            Ok(try_join_all((0..GETS).map(get)).await?)
        },
    )
}

fn one_by_one() -> Outcome<Run> {
    let rig = Rig::new(answers())?;
    let db = Database::new(rig.client());
    rig.run(
        GETS,
        |found: Vec<_>| are_all(&found),
        async move || {
            let get = async |number| Order::get(&db, (CUSTOMER, number)).await;
            Ok(try_join_all((0..GETS).map(get)).await?)
        },
    )
}

fn bare() -> Outcome<Run> {
    let rig = Rig::new(answers())?;
    let client: Client = rig.client();
    let is_expected = |found: Vec<Option<Stored>>| {
        found.into_iter().flatten().map(|found| found.order).eq((0..GETS).map(order::sample))
    };
    rig.run(GETS, is_expected, async move || {
        try_join_all((0..GETS).map(|number| by_hand::get(&client, CUSTOMER, number))).await
    })
}
