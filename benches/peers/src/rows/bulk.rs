//! Many small items by few requests: what a batch or a page costs where nothing is waited for.

use aws_sdk_dynamodb::Client;
use dynamap::Database;
use floor::Outcome;
use floor::bare::BY_HAND;
use floor::canned::Answers;
use floor::row::{Rig, Row, Run};

use crate::delayed::{self, KEYS, PAGE, PUTS};

/// The work of these rows.
pub const WORK: [&str; 3] = ["put_many of 1,600", "scan of 1,600", "get_many of 1,600"];

/// Two pages of each of eight segments.
const ITEMS: usize = 1_600;

/// The rows of this work.
pub(super) fn rows() -> Vec<Row> {
    let row = |work, library, start| Row { work, library, repeat: 16, start };
    let [put, scan, get] = WORK;
    vec![
        row(put, "dynamap", put_many as fn() -> _),
        row(put, BY_HAND, put_by_hand),
        row(scan, "dynamap", scanned),
        row(scan, BY_HAND, scan_by_hand),
        row(get, "dynamap", get_many),
        row(get, BY_HAND, get_by_hand),
    ]
}

fn rig(answers: impl Answers) -> Outcome<(Rig, Database, Client)> {
    let rig = Rig::new(answers)?;
    let client = rig.client();
    Ok((rig, Database::new(client.clone()), client))
}

fn put_many() -> Outcome<Run> {
    let (rig, db, _) = rig(delayed::answers(ITEMS / PAGE))?;
    rig.run((ITEMS / PUTS) as u64, |()| true, async move || delayed::load(db.clone(), ITEMS).await)
}

fn put_by_hand() -> Outcome<Run> {
    let (rig, _, client) = rig(delayed::answers(ITEMS / PAGE))?;
    let work = async move || delayed::load_by_hand(client.clone(), ITEMS).await;
    rig.run((ITEMS / PUTS) as u64, |()| true, work)
}

fn scanned() -> Outcome<Run> {
    let (rig, db, _) = rig(delayed::answers(ITEMS / PAGE))?;
    rig.run((ITEMS / PAGE) as u64, |()| true, async move || delayed::scan(db.clone(), ITEMS).await)
}

fn scan_by_hand() -> Outcome<Run> {
    let (rig, _, client) = rig(delayed::answers(ITEMS / PAGE))?;
    let work = async move || delayed::scan_by_hand(client.clone(), ITEMS).await;
    rig.run((ITEMS / PAGE) as u64, |()| true, work)
}

fn get_many() -> Outcome<Run> {
    let (rig, db, _) = rig(delayed::answers(ITEMS / PAGE))?;
    rig.run((ITEMS / KEYS) as u64, |()| true, async move || delayed::get(db.clone(), ITEMS).await)
}

fn get_by_hand() -> Outcome<Run> {
    let (rig, _, client) = rig(delayed::answers(ITEMS / PAGE))?;
    let work = async move || delayed::get_by_hand(client.clone(), ITEMS).await;
    rig.run((ITEMS / KEYS) as u64, |()| true, work)
}
