//! Query and scan inside a transaction: committed data under the transaction's own writes.

pub mod agreement;
mod shapes;

use dynamap::{Collection as _, Database, Error, Loaded, Model, Projection, Transaction};

use crate::support::{Account, DoomMap, Outcome, Profile, account, store};

async fn maps(db: &Database, maps: &[u32]) -> Outcome {
    for map in maps {
        DoomMap::new(1, *map, &format!("E1M{map}")).insert(db).await?;
    }
    Ok(())
}

async fn map(tx: &Transaction, map: u32) -> Result<Loaded<DoomMap>, Error> {
    Ok(DoomMap::get(tx, (1, map)).await?.expect("the map"))
}

async fn rename(tx: &Transaction, number: u32, name: &str) -> Result<(), Error> {
    let mut map = map(tx, number).await?;
    name.clone_into(&mut map.name);
    tx.save(map).map(drop)
}

async fn remove(tx: &Transaction, number: u32) -> Result<(), Error> {
    tx.delete(map(tx, number).await?).map(drop)
}

/// Somebody else's change, without the transaction.
async fn rename_outside(db: &Database, number: u32, name: &str) -> Result<(), Error> {
    DoomMap::update(db, (1, number)).set(DoomMap::NAME, name).await
}

fn numbers(found: &[Loaded<DoomMap>]) -> Vec<u32> {
    found.iter().map(|map| map.map).collect()
}

fn names(found: &[Loaded<DoomMap>]) -> Vec<&str> {
    found.iter().map(|map| map.name.as_str()).collect()
}

/// A transaction on the maps 2, 4, …, 12 that has inserted 1, 9 and 13, renamed 4 and deleted 6.
async fn with_own_writes(db: &Database) -> Result<Transaction, Box<dyn std::error::Error>> {
    maps(db, &[2, 4, 6, 8, 10, 12]).await?;
    let tx = Transaction::begin(db);
    for map in [13, 1, 9] {
        tx.insert(DoomMap::new(1, map, &format!("E1M{map}")))?;
    }
    tx.insert(DoomMap::new(2, 5, "of another episode"))?;
    tx.insert(Account::of("of another table", 1))?;
    tx.insert(Profile::new("of another table"))?;
    rename(&tx, 4, "mine").await?;
    remove(&tx, 6).await?;
    Ok(tx)
}

#[tokio::test]
async fn own_writes_are_found_at_their_place_in_the_order_of_the_range_key() -> Outcome {
    let (db, _) = store().await;
    let tx = with_own_writes(&db).await?;
    let all = [1, 2, 4, 8, 9, 10, 12, 13];
    let query = || DoomMap::query(&tx, 1);
    for (what, query, expected) in [
        ("all", query(), &all[..]),
        ("reversed", query().reverse(), &[13, 12, 10, 9, 8, 4, 2, 1]),
        ("a range", query().range(DoomMap::MAP.between(4, 9)), &[4, 8, 9]),
        ("a range of own items", query().range(DoomMap::MAP.gt(12)), &[13]),
        ("a range of nothing", query().range(DoomMap::MAP.gt(13)), &[]),
        ("the own deleted one", query().range(DoomMap::MAP.eq(6)), &[]),
        ("the first", query().limit(1), &[1]),
        ("the first ones, past the deleted", query().limit(4), &[1, 2, 4, 8]),
        ("the last ones", query().reverse().limit(3), &[13, 12, 10]),
        ("more than there are", query().limit(9), &all),
        ("by own value", query().filter(DoomMap::NAME.eq("mine")), &[4]),
        ("by stored value", query().filter(DoomMap::NAME.eq("E1M4")), &[]),
        ("by value, some", query().filter(DoomMap::NAME.ge("E1M2")).limit(3), &[2, 4, 8]),
    ] {
        assert_eq!(numbers(&query.try_collect().await?), expected, "{what}");
    }
    assert!(DoomMap::query(&tx, 3).try_collect().await?.is_empty());
    assert_eq!(DoomMap::query(&tx, 2).try_collect().await?[0].map, 5);

    // The table itself has none of it until the commit.
    assert_eq!(numbers(&DoomMap::query(&db, 1).try_collect().await?), [2, 4, 6, 8, 10, 12]);
    tx.commit().await?;
    assert_eq!(numbers(&DoomMap::query(&db, 1).try_collect().await?), all);
    Ok(())
}

#[tokio::test]
async fn a_scan_returns_what_the_transaction_knows_last() -> Outcome {
    let (db, _) = store().await;
    let tx = with_own_writes(&db).await?;
    let found = DoomMap::scan(&tx).try_collect().await?;
    let (theirs, mine) = found.split_at(4);
    let sorted = |maps: &[Loaded<DoomMap>]| {
        let mut keys: Vec<_> = maps.iter().map(|map| (map.episode, map.map)).collect();
        keys.sort_unstable();
        keys
    };
    assert_eq!(sorted(theirs), [(1, 2), (1, 8), (1, 10), (1, 12)]);
    assert_eq!(sorted(mine), [(1, 1), (1, 4), (1, 9), (1, 13), (2, 5)]);
    let second = DoomMap::scan(&tx).filter(DoomMap::EPISODE.eq(2) | DoomMap::MAP.eq(6));
    assert_eq!(numbers(&second.try_collect().await?), [5]);
    assert_eq!(DoomMap::scan(&tx).limit(6).try_collect().await?.len(), 6);
    // A key that a counter gives is not known before the commit.
    assert!(Account::scan(&tx).try_collect().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn what_a_query_returned_is_checked_at_commit_and_nothing_else_is() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, &[1, 2, 3, 4]).await?;
    Account::of("Ann", 1).insert(&db).await?;
    for (changed, conflict) in [(1, true), (2, true), (3, false), (4, false)] {
        let tx = Transaction::begin(&db);
        tx.insert(DoomMap::new(1, 100 + changed, "mine"))?;
        assert_eq!(numbers(&DoomMap::query(&tx, 1).limit(2).try_collect().await?), [1, 2]);
        rename_outside(&db, changed, "theirs").await?;
        assert_eq!(
            tx.commit().await.is_err_and(|error| error.is_conflict()),
            conflict,
            "{changed}"
        );
    }
    // Results that were written are checked by the write: three writes and checks in all.
    let tx = Transaction::begin(&db);
    let mut found = DoomMap::query(&tx, 1).range(DoomMap::MAP.le(3)).try_collect().await?;
    assert_eq!(found.len(), 3);
    found.truncate(1);
    for mut map in found {
        map.name = "mine".to_owned();
        tx.save(map)?;
    }
    faults.clear_log();
    tx.commit().await?;
    let request = faults.requests()[0].body["TransactItems"].to_string();
    assert_eq!(request.matches("\"ConditionCheck\":").count(), 2, "{request}");
    assert_eq!(request.matches("\"Update\":").count(), 1, "{request}");
    Ok(())
}

#[tokio::test]
async fn the_first_read_of_an_item_wins_whatever_others_do() -> Outcome {
    let (db, _) = store().await;
    maps(&db, &[1, 2, 3]).await?;
    let tx = Transaction::begin(&db);
    map(&tx, 1).await?;
    map(&tx, 2).await?;
    assert!(DoomMap::get(&tx, (1, 4)).await?.is_none());
    rename_outside(&db, 1, "theirs").await?;
    rename_outside(&db, 3, "theirs").await?;
    DoomMap::delete(&db, (1, 2)).unchecked().await?;
    DoomMap::new(1, 4, "theirs").insert(&db).await?;
    let seen = ["E1M1", "E1M2", "theirs"];
    assert_eq!(names(&DoomMap::query(&tx, 1).try_collect().await?), seen);
    rename_outside(&db, 3, "theirs again").await?;
    // What the query read is known too.
    assert_eq!(names(&DoomMap::query(&tx, 1).try_collect().await?), seen);
    assert_eq!(map(&tx, 3).await?.name, "theirs");
    let named = DoomMap::query(&tx, 1).filter(DoomMap::NAME.begins_with("theirs"));
    assert_eq!(numbers(&named.try_collect().await?), [3]);
    let error = tx.commit().await.expect_err("all four are others now");
    let Error::Conflict(conflict) = error else { panic!("{error:?}") };
    assert_eq!(conflict.failures().len(), 4);
    Ok(())
}

#[tokio::test]
async fn an_item_that_is_read_while_a_query_is_under_way_is_read_once() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, &[1, 2]).await?;
    for (filtered, expected) in [(false, &["E1M1", "theirs"][..]), (true, &["E1M1"])] {
        DoomMap::new(1, 2, "E1M2").upsert(&db).await?;
        let tx = Transaction::begin(&db);
        let gate = faults.pause_answer("Query");
        let query = tokio::spawn({
            let tx = tx.clone();
            async move {
                let query = DoomMap::query(&tx, 1);
                let query = if filtered { query.filter(DoomMap::NAME.ne("theirs")) } else { query };
                query.try_collect().await
            }
        });
        gate.reached().await;
        rename_outside(&db, 2, "theirs").await?;
        assert_eq!(map(&tx, 2).await?.name, "theirs");
        gate.release();
        assert_eq!(names(&query.await??), expected);
        tx.commit().await?;
    }
    Ok(())
}

#[tokio::test]
async fn pages_are_merged_one_by_one() -> Outcome {
    let (db, faults) = store().await;
    // Four items of 300 KB are more than one page of 1 MB.
    let name = "x".repeat(300_000);
    for map in (10..=100).step_by(10) {
        DoomMap::new(1, map, &name).insert(&db).await?;
    }
    let tx = Transaction::begin(&db);
    for map in [5, 25, 45, 75, 101] {
        tx.insert(DoomMap::new(1, map, "mine"))?;
    }
    for map in [20, 30, 40, 50, 60] {
        remove(&tx, map).await?;
    }
    faults.clear_log();
    let all = [5, 10, 25, 45, 70, 75, 80, 90, 100, 101];
    let found = DoomMap::query(&tx, 1).try_collect().await?;
    assert_eq!(numbers(&found), all);
    assert!(faults.count("Query") > 2);
    let mut reversed = numbers(&DoomMap::query(&tx, 1).reverse().try_collect().await?);
    reversed.reverse();
    assert_eq!(reversed, all);
    // Own deletes make the first pages short: reading goes on.
    for limit in 1..=11 {
        let found = DoomMap::query(&tx, 1).limit(limit).try_collect().await?;
        assert_eq!(numbers(&found), all[..limit.min(10)]);
    }
    assert_eq!(DoomMap::scan(&tx).try_collect().await?.len(), 10);
    Ok(())
}

#[tokio::test]
async fn reads_in_a_transaction_are_consistent_and_of_whole_items() -> Outcome {
    #[derive(Debug, PartialEq, Projection)]
    #[model(of = DoomMap)]
    struct Name {
        map: u32,
        name: String,
    }
    let (db, faults) = store().await;
    maps(&db, &[1, 2]).await?;
    let tx = Transaction::begin(&db);
    rename(&tx, 1, "mine").await?;
    faults.clear_log();
    let found = DoomMap::query(&tx, 1).select::<Name>().try_collect().await?;
    let name = |map, name: &str| Name { map, name: name.to_owned() };
    assert_eq!(found, [name(1, "mine"), name(2, "E1M2")]);
    assert_eq!(DoomMap::scan(&tx).select::<Name>().try_collect().await?.len(), 2);
    for request in faults.requests() {
        assert_eq!(request.body["ConsistentRead"], true, "{}", request.operation);
        assert!(request.body["ProjectionExpression"].is_null());
    }
    assert_eq!(faults.requests().len(), 2);
    // An attribute that was not selected was read all the same.
    DoomMap::update(&db, (1, 2)).add(DoomMap::CHEATS, &["IDDQD".to_owned()].into()).await?;
    assert!(tx.commit().await.expect_err("map 2 was read").is_conflict());
    Ok(())
}

#[tokio::test]
async fn a_nested_transaction_finds_what_all_levels_intend() -> Outcome {
    let (db, _) = store().await;
    maps(&db, &[1, 2, 3, 4]).await?;
    let tx = Transaction::begin(&db);
    rename(&tx, 1, "outer").await?;
    rename(&tx, 2, "outer").await?;
    remove(&tx, 3).await?;
    let inner = tx.nested();
    rename(&inner, 2, "inner").await?;
    inner.insert(DoomMap::new(1, 3, "inner"))?;
    let innermost = inner.nested();
    remove(&innermost, 1).await?;
    let of = async |tx: &Transaction| {
        let found = DoomMap::query(tx, 1).try_collect().await.expect("a query");
        names(&found).join(" ")
    };
    assert_eq!(of(&innermost).await, "inner inner E1M4");
    assert_eq!(of(&inner).await, "outer inner inner E1M4");
    assert_eq!(of(&tx).await, "outer outer E1M4");
    drop(innermost);
    inner.commit().await?;
    assert_eq!(of(&tx).await, "outer inner inner E1M4");

    // Found by a nested transaction that is rolled back: the program may have decided by it.
    let lost = tx.nested();
    assert_eq!(DoomMap::query(&lost, 1).range(DoomMap::MAP.eq(4)).try_collect().await?.len(), 1);
    lost.rollback();
    rename_outside(&db, 4, "theirs").await?;
    assert!(tx.commit().await.expect_err("map 4 was found").is_conflict());
    Ok(())
}

#[tokio::test]
async fn a_finished_transaction_refuses_to_search() -> Outcome {
    let (db, faults) = store().await;
    let tx = Transaction::begin(&db);
    let late = tx.clone();
    let nested = tx.nested();
    drop(nested);
    let late_nested = tx.nested();
    tx.rollback();
    faults.clear_log();
    for tx in [&late, &late_nested] {
        let query = DoomMap::query(tx, 1).try_collect().await.expect_err("finished");
        let scan = DoomMap::scan(tx).limit(1).try_collect().await.expect_err("finished");
        for error in [query, scan] {
            assert!(error.to_string().contains("begin a new one"), "{error}");
        }
    }
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn what_others_insert_is_not_noticed_but_for_a_guard_that_all_touch() -> Outcome {
    let (db, _) = store().await;
    maps(&db, &[1]).await?;
    let guard = Account::of("guard of episode 1", 0).insert(&db).await?.id;
    for guarded in [false, true] {
        let tx = Transaction::begin(&db);
        if guarded {
            Account::get(&tx, guard).await?;
        }
        let count = DoomMap::query(&tx, 1).try_collect().await?.len();
        tx.insert(DoomMap::new(2, u32::from(guarded), &count.to_string()))?;

        // Somebody else, who inserts and touches the guard.
        let other = Transaction::begin(&db);
        other.insert(DoomMap::new(1, 10 + u32::from(guarded), "theirs"))?;
        let mut touched = Account::get(&other, guard).await?.expect("the guard");
        touched.balance += 1;
        other.save(touched)?;
        other.commit().await?;

        let committed = tx.commit().await;
        assert_eq!(committed.is_err_and(|error| error.is_conflict()), guarded);
    }
    Ok(())
}

/// Every future can be spawned.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn searches_in_a_transaction_can_be_spawned() -> Outcome {
    let (db, _) = store().await;
    Account::of("Ann", 1).insert(&db).await?;
    tokio::spawn(async move {
        let tx = Transaction::begin(&db);
        DoomMap::query(&tx, 1).try_collect().await?;
        let found = Account::scan(&tx).filter(Account::BALANCE.gt(0)).try_collect().await?;
        assert_eq!(found[0].id, account(&db, 1).await.id);
        shapes::Shopping::query(&tx, "ann").await.expect_err("there is no such table");
        tx.commit().await
    })
    .await??;
    Ok(())
}

#[tokio::test]
async fn what_was_written_by_key_must_be_got_before_it_can_be_searched() -> Outcome {
    let (db, _) = store().await;
    for map in 1..=3 {
        DoomMap::new(1, map, "m").insert(&db).await?;
    }
    let tx = Transaction::begin(&db);
    tx.write(DoomMap::update(&db, (1, 2)).set(DoomMap::NAME, "Plant"))?;
    tx.require::<DoomMap>((1, 3), DoomMap::NAME.eq("m"))?;
    let search = || DoomMap::query(&tx, 1).filter(DoomMap::NAME.eq("Plant"));
    assert!(matches!(search().try_collect().await, Err(Error::Usage(_))));
    // Elsewhere, and after it was got, it does no harm.
    assert!(search().range(DoomMap::MAP.gt(2)).try_collect().await?.is_empty());
    DoomMap::get(&tx, (1, 2)).await?;
    assert_eq!(search().try_collect().await?.len(), 1);
    // A condition is decided as soon as its item is found.
    let refused = Transaction::begin(&db);
    refused.require::<DoomMap>((1, 3), DoomMap::NAME.eq("other"))?;
    assert!(DoomMap::query(&refused, 1).try_collect().await.expect_err("m").is_conflict());
    tx.commit().await?;
    Ok(())
}
