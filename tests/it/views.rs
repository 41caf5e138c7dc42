//! Rows that are kept with the items they are made of: by every verb, at the same time, on a bad network.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dynamap::error::ViewError;
use dynamap::faults::{Fault, Faults};
use dynamap::{
    AttributeValue, Batch, Database, Error, Model, Rebuild, Rows, Table, Transaction, View,
};
use rand::{RngExt as _, SeedableRng as _};

mod chained;
mod generations;

use crate::support::{Outcome, n, put_raw, s, store, stored};

/// The ancestor's example: how many entities have a value. And where each is found by its nickname.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "entities", view = ByValue, view = ByNickname, validate = false)]
pub struct Entity {
    #[model(hash_key)]
    id: u64,
    value: u64,
    weight: i64,
    nickname: Option<String>,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "values", validate = false)]
pub struct ValueRow {
    #[model(hash_key)]
    value: u64,
    #[model(default)]
    count: u64,
    #[model(default)]
    weight: i64,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "nicknames", validate = false)]
struct Nickname {
    #[model(hash_key)]
    nickname: String,
    id: u64,
}

struct ByValue;

impl View for ByValue {
    type Source = Entity;
    type Row = ValueRow;
    const NAME: &'static str = "by_value";

    fn add(entity: &Entity, rows: &mut Rows<ValueRow>) {
        rows.add(entity.value, ValueRow::COUNT, 1);
        rows.add(entity.value, ValueRow::WEIGHT, entity.weight);
    }
}

struct ByNickname;

impl View for ByNickname {
    type Source = Entity;
    type Row = Nickname;
    const NAME: &'static str = "by_nickname";

    fn add(entity: &Entity, rows: &mut Rows<Nickname>) {
        if let Some(nickname) = &entity.nickname {
            rows.put(Nickname { nickname: nickname.clone(), id: entity.id });
        }
    }
}

fn entity(id: u64, value: u64) -> Entity {
    let nickname = id.is_multiple_of(2).then(|| format!("nick{id}"));
    Entity { id, value, weight: 10, nickname, version: 0 }
}

async fn entities() -> (Database, Faults) {
    let (db, faults) = store().await;
    tables(&db).await;
    faults.clear_log();
    (db, faults)
}

async fn tables(db: &Database) {
    Table::<Entity>::create(db).await.expect("entities");
    Table::<ValueRow>::create(db).await.expect("values");
    Table::<Nickname>::create(db).await.expect("nicknames");
}

/// The rows are what a recount of all entities gives.
async fn assert_exact(db: &Database) -> BTreeMap<u64, (u64, i64)> {
    let (mut counted, mut nicknames) = (BTreeMap::new(), BTreeMap::new());
    for entity in Entity::scan(db).try_collect().await.expect("entities") {
        let entry: &mut (u64, i64) = counted.entry(entity.value).or_default();
        *entry = (entry.0 + 1, entry.1 + entity.weight);
        nicknames.extend(entity.nickname.clone().map(|nickname| (nickname, entity.id)));
    }
    let rows = ValueRow::scan(db).try_collect().await.expect("rows");
    let rows: BTreeMap<_, _> = rows
        .iter()
        .map(|row| (row.value, (row.count, row.weight)))
        .filter(|(_, sums)| *sums != (0, 0))
        .collect();
    assert_eq!(rows, counted);
    let found = Nickname::scan(db).try_collect().await.expect("rows");
    let found: BTreeMap<_, _> = found.iter().map(|row| (row.nickname.clone(), row.id)).collect();
    assert_eq!(found, nicknames);
    assert!(Rebuild::<ByValue>::of(db).verify().await.expect("a look").is_exact());
    assert!(Rebuild::<ByNickname>::of(db).verify().await.expect("a look").is_exact());
    rows
}

#[tokio::test]
async fn every_verb_changes_the_rows_with_the_item() -> Outcome {
    let (db, faults) = entities().await;
    let mut one = entity(1, 7).insert(&db).await?;
    assert_eq!(assert_exact(&db).await[&7], (1, 10));
    one.value = 8;
    one.save(&db).await?;
    assert_eq!(assert_exact(&db).await[&8], (1, 10));
    one.nickname = Some("uno".to_owned());
    one.weight = 11;
    one.save(&db).await?;
    assert_exact(&db).await;

    Entity::update(&db, 1).set(Entity::VALUE, 9).add(Entity::WEIGHT, 5).await?;
    assert_eq!(assert_exact(&db).await[&9], (1, 16));
    let updated = Entity::update(&db, 1).remove(Entity::NICKNAME).exactly_once().await;
    updated?;
    entity(2, 9).upsert(&db).await?;
    entity(2, 10).upsert(&db).await?;
    entity(2, 11).replace(&db).await?;
    assert_eq!(assert_exact(&db).await[&11], (1, 10));
    for inserted in Entity::insert_many(&db, (3..=6).map(|id| entity(id, 7))).await {
        inserted?;
    }
    assert_eq!(assert_exact(&db).await[&7], (4, 40));

    let tx = Transaction::begin(&db);
    let three = Entity::get(&tx, 3).await?.expect("there");
    tx.delete(three)?;
    tx.insert(entity(7, 7))?;
    tx.insert(entity(8, 7))?;
    tx.write(Entity::update(&db, 4).add(Entity::WEIGHT, -3))?;
    let mut five = Entity::get(&tx, 5).await?.expect("there");
    five.value = 9;
    tx.save(five)?;
    tx.commit().await?;
    assert_eq!(assert_exact(&db).await[&7], (4, 37));

    let mut batch = Batch::of(&db);
    let inserted = batch.add(entity(9, 7).insert(&db));
    let deleted = batch.add(Entity::delete(&db, 8).unchecked());
    let mut results = batch.run().await;
    results.take(inserted)?;
    results.take(deleted)?;
    Entity::delete(&db, 6).when(Entity::VALUE.eq(7)).await?;
    Entity::get(&db, 7).await?.expect("there").delete(&db).await?;
    assert_exact(&db).await;

    // What changes no row is one request, and no transaction.
    let mut two = Entity::get(&db, 2).await?.expect("there");
    faults.clear_log();
    two.save(&db).await?;
    let operations: Vec<_> = faults.requests().into_iter().map(|r| r.operation).collect();
    assert_eq!(operations, ["UpdateItem"]);
    Ok(())
}

#[tokio::test]
async fn a_refused_write_changes_no_row() -> Outcome {
    let (db, _) = entities().await;
    let mut one = entity(1, 7).insert(&db).await?;
    let mut same = one.clone();
    one.value = 8;
    one.save(&db).await?;
    same.value = 9;
    let error = same.save(&db).await.expect_err("somebody else was first");
    assert_eq!(error.winner::<Entity>()?.expect("the winner").value, 8);
    assert!(entity(1, 5).insert(&db).await.expect_err("it is there").is_conflict());
    let refused = Entity::update(&db, 1).set(Entity::VALUE, 3).when(Entity::WEIGHT.eq(0)).await;
    assert!(refused.expect_err("another weight").is_conflict());
    let gone = Entity::update(&db, 2).set(Entity::VALUE, 3).await;
    assert!(gone.expect_err("none").is_not_found());
    assert!(Entity::delete(&db, 2).unchecked().await.is_ok());

    // A row that is one item's own is not taken by another one.
    entity(2, 7).insert(&db).await?;
    let mut other = entity(3, 7);
    other.nickname = Some("nick2".to_owned());
    let Err(Error::View(error)) = other.clone().insert(&db).await else { panic!("it is taken") };
    assert!(
        matches!(&*error, ViewError::Taken { view: "by_nickname", row } if row.table == "nicknames")
    );
    // But passed on, in one transaction.
    let tx = Transaction::begin(&db);
    let mut two = Entity::get(&tx, 2).await?.expect("there");
    two.nickname = None;
    tx.save(two)?;
    tx.insert(other)?;
    tx.commit().await?;
    assert_eq!(Nickname::get(&db, "nick2").await?.expect("there").id, 3);
    assert_eq!(assert_exact(&db).await.len(), 2);
    Ok(())
}

/// Random inserts, saves that move an entity, changes by key and deletes, by tasks beside each other, while answers get
/// lost; then the rows equal a recount.
#[tokio::test(start_paused = true)]
async fn after_random_writes_on_a_bad_network_the_rows_equal_a_recount() -> Outcome {
    let (db, faults) = entities().await;
    let faults = Arc::new(faults);
    let tasks: Vec<_> = (0..4_u64)
        .map(|task| {
            let (db, faults) = (db.clone(), Arc::clone(&faults));
            tokio::spawn(async move {
                let mut random = rand::rngs::StdRng::seed_from_u64(task);
                for _ in 0..60 {
                    let (id, value) = (random.random_range(1..=12), random.random_range(0..4));
                    match random.random_range(0..12) {
                        0 => faults.next("TransactWriteItems", Fault::LoseAnswer),
                        1 => faults.next("TransactWriteItems", Fault::TransactionConflict),
                        2 => faults.next("UpdateItem", Fault::LoseAnswer),
                        _ => {}
                    }
                    // Refused or not, known or not: the rows are right.
                    let _ = write(&db, random.random_range(0..5), id, value).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await?;
    }
    faults.clear();
    let rows = assert_exact(&db).await;
    assert!(!rows.is_empty());
    Ok(())
}

async fn write(db: &Database, verb: u32, id: u64, value: u64) -> Result<(), Error> {
    match verb {
        0 => entity(id, value).insert(db).await.map(drop),
        1 => Entity::update(db, id).set(Entity::VALUE, value).add(Entity::WEIGHT, 1).await,
        2 => Entity::delete(db, id).unchecked().await,
        3 => entity(id, value).upsert(db).await.map(drop),
        _ => {
            let Some(mut entity) = Entity::get(db, id).consistent().await? else { return Ok(()) };
            entity.value = value;
            entity.save(db).await
        }
    }
}

/// Items from before the view, and a rebuild while they are written.
#[tokio::test(start_paused = true)]
async fn a_rebuild_beside_writers_ends_exact_and_can_be_ended_at_any_time() -> Outcome {
    let (db, faults) = entities().await;
    for id in 1..=60 {
        let item = [("id", n(id)), ("value", n(id % 4)), ("weight", n(1))];
        put_raw(&db, "entities", &item).await;
    }
    assert_eq!(Rebuild::<ByValue>::of(&db).verify().await?.left_out, 60);
    // Dropped at some of its writes, executed or not.
    for (ahead, fault) in [(0, Fault::HangBefore), (3, Fault::Hang), (9, Fault::HangBefore)] {
        (0..ahead).for_each(|_| faults.next("TransactWriteItems", Fault::Delay(Duration::ZERO)));
        faults.next("TransactWriteItems", fault);
        let hanging = async {
            while faults.pending() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            biased;
            () = hanging => {}
            done = async { Rebuild::<ByValue>::of(&db).segments(1).at_once(1).run().await } => {
                panic!("it ended: {done:?}")
            }
        }
        faults.clear();
    }
    let left = Rebuild::<ByValue>::of(&db).verify().await?;
    assert!((1..60).contains(&left.left_out), "{left:?}");
    let writer = {
        let db = db.clone();
        tokio::spawn(async move {
            let mut random = rand::rngs::StdRng::seed_from_u64(9);
            for _ in 0..120 {
                let (id, value) = (random.random_range(1..=70), random.random_range(0..4));
                let _ = write(&db, random.random_range(0..5), id, value).await;
            }
        })
    };
    let rebuilt = Rebuild::<ByValue>::of(&db).segments(2).run().await?;
    assert!(rebuilt.failed.is_empty());
    writer.await?;
    Rebuild::<ByValue>::of(&db).run().await?;
    let again = Rebuild::<ByValue>::of(&db).run().await?;
    assert_eq!(again.taken_in, 0);
    assert_exact(&db).await;
    Ok(())
}

#[tokio::test]
async fn what_goes_round_the_rows_is_refused() -> Outcome {
    let (db, faults) = entities().await;
    assert!(matches!(entity(1, 7).insert(&db).into_sdk().await, Err(Error::Usage(_))));
    let update = Entity::update(&db, 1).set(Entity::VALUE, 8);
    assert!(matches!(update.into_sdk(), Err(Error::Usage(_))));
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_difference_in_any_number_of_a_row_is_found() -> Outcome {
    let (db, _) = entities().await;
    for id in 1..=3 {
        Entity { nickname: None, ..entity(id, 7) }.insert(&db).await?;
    }
    let drift = async || Rebuild::<ByValue>::of(&db).verify().await.expect("a look");
    assert!(drift().await.is_exact());
    for (name, value) in [("count", 4), ("weight", 29), ("other", 1)] {
        let change = db.client().update_item().table_name("values").key("value", n(7));
        let change = |to: AttributeValue| {
            let change = change.clone().update_expression("SET #0 = :0");
            change.expression_attribute_names("#0", name).expression_attribute_values(":0", to)
        };
        let was = stored(&db, "values", &[("value", n(7))]).await.expect("there");
        change(n(value)).send().await?;
        assert_eq!(drift().await.wrong.len(), 1, "{name}");
        change(was.get(name).cloned().unwrap_or(n(0))).send().await?;
        assert!(drift().await.is_exact());
    }
    Ok(())
}

/// Rows of which a number has an older name, and a key that is composed.
#[tokio::test]
async fn a_number_under_an_older_name_is_added_to() -> Outcome {
    #[derive(Debug, Clone, Model)]
    #[model(table = "leaves", view = Sums, validate = false)]
    struct Leaf {
        #[model(hash_key)]
        id: u64,
        year: u32,
        tree: String,
    }
    #[derive(Debug, Clone, Model)]
    #[model(table = "sums", hash_key = "{year}#{tree}", validate = false)]
    struct Sum {
        year: u32,
        tree: String,
        #[model(default, alias = "count")]
        leaves: u64,
    }
    struct Sums;
    impl View for Sums {
        type Source = Leaf;
        type Row = Sum;
        const NAME: &'static str = "sums";
        fn add(leaf: &Leaf, rows: &mut Rows<Sum>) {
            rows.add((leaf.year, &leaf.tree), Sum::LEAVES, 1);
        }
    }
    let (db, _) = store().await;
    Table::<Leaf>::create(&db).await?;
    Table::<Sum>::create(&db).await?;
    let leaf = |id| Leaf { id, year: 2026, tree: "oak".to_owned() };
    leaf(1).insert(&db).await?;
    // An earlier release called it `count`.
    let rename = db.client().update_item().table_name("sums").key("pk", s("2026#oak"));
    rename
        .update_expression("SET #0 = #1 REMOVE #1")
        .expression_attribute_names("#0", "count")
        .expression_attribute_names("#1", "leaves")
        .send()
        .await?;
    assert!(Rebuild::<Sums>::of(&db).verify().await?.is_exact());
    leaf(2).insert(&db).await?;
    assert_eq!(Sum::get(&db, (2026, "oak")).await?.expect("there").leaves, 2);
    Leaf::delete(&db, 1).await?;
    Leaf::delete(&db, 2).await?;
    let drift = Rebuild::<Sums>::of(&db).verify().await?;
    assert!(drift.is_exact(), "a row of nothing is none: {drift:?}");
    Ok(())
}

#[tokio::test]
async fn rows_that_the_view_did_not_make_are_not_touched() -> Outcome {
    let (db, _) = entities().await;
    put_raw(&db, "values", &[("value", n(7)), ("count", n(3))]).await;
    put_raw(&db, "nicknames", &[("nickname", s("nick2")), ("id", n(9))]).await;
    for entity in [entity(1, 7), entity(2, 6)] {
        let Err(Error::View(error)) = entity.insert(&db).await else { panic!("not a row") };
        assert!(matches!(&*error, ViewError::Foreign { .. }), "{error}");
    }
    let row = stored(&db, "values", &[("value", n(7))]).await.expect("there");
    assert_eq!(row.get("count"), Some(&n(3)));
    assert!(Entity::get(&db, 1).await?.is_none() && Entity::get(&db, 2).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn what_does_not_go_in_one_transaction_names_the_view() -> Outcome {
    let (db, faults) = entities().await;
    let tx = Transaction::begin(&db);
    for id in 1..=51 {
        tx.insert(Entity { nickname: None, ..entity(id, id) })?;
    }
    let Err(error) = tx.commit().await else { panic!("102 writes") };
    let Error::View(view) = &error else { panic!("{error}") };
    assert!(matches!(**view, ViewError::TooMany { view: "by_value", limit: 100, .. }), "{error}");
    assert_eq!(faults.count("TransactWriteItems"), 0);

    let tx = Transaction::begin(&db);
    tx.insert(entity(1, 7))?;
    tx.insert(ValueRow { value: 7, count: 0, weight: 0, version: 0 })?;
    let Err(Error::View(error)) = tx.commit().await else { panic!("both write the row") };
    assert!(matches!(&*error, ViewError::OwnItem { view: "by_value", .. }), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_transaction_can_read_a_row_that_it_changes() -> Outcome {
    let (db, _) = entities().await;
    entity(1, 7).insert(&db).await?;
    let tx = Transaction::begin(&db);
    assert_eq!(ValueRow::get(&tx, 7).await?.expect("there").count, 1);
    assert!(ValueRow::get(&tx, 8).await?.is_none());
    tx.insert(entity(2, 7))?;
    tx.insert(entity(3, 8))?;
    tx.commit().await?;
    assert_eq!(assert_exact(&db).await, BTreeMap::from([(7, (2, 20)), (8, (1, 10))]));

    // Decided by a count that somebody changed meanwhile.
    let tx = Transaction::begin(&db);
    assert_eq!(ValueRow::get(&tx, 7).await?.expect("there").count, 2);
    entity(4, 7).insert(&db).await?;
    tx.insert(entity(5, 7))?;
    assert!(tx.commit().await.expect_err("the count is another one").is_retryable());
    assert_eq!(assert_exact(&db).await[&7], (3, 30));
    Ok(())
}

#[tokio::test]
async fn what_a_view_cannot_add_is_refused_before_anything_is_sent() -> Outcome {
    #[derive(Debug, Clone, Model)]
    #[model(table = "leaves", view = Sums, validate = false)]
    struct Leaf {
        #[model(hash_key)]
        id: u64,
        name: String,
    }
    #[derive(Debug, Clone, Model)]
    #[model(table = "sums", validate = false)]
    struct Sum {
        #[model(hash_key)]
        name: String,
        #[model(default)]
        leaves: u64,
    }
    struct Sums;
    impl View for Sums {
        type Source = Leaf;
        type Row = Sum;
        const NAME: &'static str = "sums";
        fn add(leaf: &Leaf, rows: &mut Rows<Sum>) {
            rows.add(&leaf.name, Sum::LEAVES, 1);
            if leaf.id == 2 {
                rows.put(Sum { name: leaf.name.clone(), leaves: 0 });
            }
        }
    }
    let (db, faults) = store().await;
    Table::<Leaf>::create(&db).await?;
    Table::<Sum>::create(&db).await?;
    faults.clear_log();
    let leaf = |id, name: &str| Leaf { id, name: name.to_owned() };
    let error = leaf(1, "").insert(&db).await.expect_err("an empty key");
    assert!(matches!(error, Error::Encode { model: "Sum", .. }), "{error}");
    let error = leaf(2, "a").insert(&db).await.expect_err("both");
    assert!(
        matches!(&error, Error::View(view) if matches!(**view, ViewError::Mixed { .. })),
        "{error}"
    );
    assert!(faults.requests().is_empty());
    Ok(())
}
