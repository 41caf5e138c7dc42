//! Query and scan inside a transaction: committed data under the transaction's own writes.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use dynamap::{
    AttributeValue, Collection, Database, Error, Loaded, Model, Projection, Table, Transaction,
};
use proptest::prelude::*;

use crate::support::{Account, DoomMap, Outcome, account, store};

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
    map.name = name.to_owned();
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
        ("none", query().limit(0), &[]),
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
    for limit in 0..=11 {
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
        let scan = DoomMap::scan(tx).limit(0).try_collect().await.expect_err("finished");
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

/// A range key of text, and one of bytes.
#[derive(Debug, Clone, Model)]
#[model(table = "words", validate = false)]
struct Word {
    #[model(hash_key)]
    book: u32,
    #[model(range_key)]
    word: String,
}

#[derive(Debug, Clone, Model)]
#[model(table = "blobs", validate = false)]
struct Blob {
    #[model(hash_key)]
    book: u32,
    #[model(range_key)]
    blob: Vec<u8>,
}

#[tokio::test]
async fn text_and_bytes_are_merged_in_the_order_of_the_service() -> Outcome {
    let (db, _) = store().await;
    Table::<Word>::create(&db).await?;
    Table::<Blob>::create(&db).await?;
    let words = ["", "a", "B", "é", "z", "10", "9", "\u{ffff}", "\u{10000}"];
    let blobs: [&[u8]; 6] = [&[0], &[0, 0], &[1], &[127], &[128, 1], &[255]];
    let tx = Transaction::begin(&db);
    for (place, word) in words.iter().enumerate() {
        let word = Word { book: 1, word: format!("w{word}") };
        if place % 2 == 0 {
            tx.insert(word).map(drop)?
        } else {
            word.insert(&db).await.map(drop)?
        }
    }
    for (place, blob) in blobs.iter().enumerate() {
        let blob = Blob { book: 1, blob: blob.to_vec() };
        if place % 2 == 0 {
            tx.insert(blob).map(drop)?
        } else {
            blob.insert(&db).await.map(drop)?
        }
    }
    let words = Word::query(&tx, 1).try_collect().await?;
    let blobs = Blob::query(&tx, 1).reverse().try_collect().await?;
    tx.commit().await?;
    let words: Vec<_> = words.iter().map(|word| &word.word).collect();
    let stored = Word::query(&db, 1).try_collect().await?;
    assert_eq!(words, stored.iter().map(|word| &word.word).collect::<Vec<_>>());
    assert_eq!(words.len(), 9);
    let blobs: Vec<_> = blobs.iter().map(|blob| &blob.blob).collect();
    let stored = Blob::query(&db, 1).reverse().try_collect().await?;
    assert_eq!(blobs, stored.iter().map(|blob| &blob.blob).collect::<Vec<_>>());
    assert_eq!(blobs.len(), 6);
    Ok(())
}

#[derive(Debug, Clone, Model)]
#[model(table = "sessions", validate = false)]
struct Session {
    #[model(hash_key)]
    user: u32,
    #[model(range_key)]
    number: u32,
    #[model(ttl)]
    until: dynamap::Ttl,
}

#[tokio::test]
async fn expired_items_are_left_out_whoever_wrote_them() -> Outcome {
    let client = dynamap::embedded::memory()?;
    let now = UNIX_EPOCH + Duration::from_secs(1_000_000);
    let db = Database::builder(client).clock(move || now).build();
    Table::<Session>::create(&db).await?;
    let session = |number, seconds: u64| Session {
        user: 1,
        number,
        until: dynamap::Ttl::from_epoch_seconds(seconds),
    };
    session(1, 999_999).insert(&db).await?;
    session(2, 1_000_001).insert(&db).await?;
    session(5, 1_000_001).insert(&db).await?;
    let tx = Transaction::begin(&db);
    tx.insert(session(3, 999_999))?;
    tx.insert(session(4, 1_000_001))?;
    let mut ended = Session::get(&tx, (1, 5)).await?.expect("there");
    ended.until = session(5, 1).until;
    tx.save(ended)?;
    let live = Session::query(&tx, 1).skip_expired().try_collect().await?;
    assert_eq!(live.iter().map(|session| session.number).collect::<Vec<_>>(), [2, 4]);
    assert_eq!(Session::scan(&tx).skip_expired().try_collect().await?.len(), 2);
    assert_eq!(Session::query(&tx, 1).try_collect().await?.len(), 5);
    Ok(())
}

/// Models of one table, told apart by their keys.
#[derive(Debug, Clone, Model)]
#[model(table = "shop", hash_key = "USER#{user}", range_key = "PROFILE", validate = false)]
struct Customer {
    user: String,
    name: String,
}

#[derive(Debug, Clone, Model)]
#[model(
    table = "shop",
    hash_key = "USER#{user}",
    range_key = "ORDER#{number:06}",
    validate = false
)]
struct Order {
    user: String,
    number: u32,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, Model)]
#[model(
    table = "shop",
    hash_key = "USER#{user}",
    range_key = "ORDER#{number:06}#{line}",
    validate = false
)]
struct Line {
    user: String,
    number: u32,
    line: u32,
}

#[derive(Debug, Collection)]
struct Shopping {
    customer: Option<Loaded<Customer>>,
    orders: Vec<Loaded<Order>>,
}

fn customer(name: &str) -> Customer {
    Customer { user: "ann".to_owned(), name: name.to_owned() }
}

fn order(number: u32) -> Order {
    Order { user: "ann".to_owned(), number, version: 0 }
}

#[tokio::test]
async fn a_model_of_a_shared_table_finds_its_own_and_a_collection_all() -> Outcome {
    let (db, _) = store().await;
    Table::<Order>::create(&db).await?;
    customer("Ann").insert(&db).await?;
    for number in [1, 3] {
        order(number).insert(&db).await?;
    }
    let line = Line { user: "ann".to_owned(), number: 1, line: 1 };
    line.clone().insert(&db).await?;
    let tx = Transaction::begin(&db);
    tx.insert(order(2))?;
    tx.insert(Line { number: 2, ..line.clone() })?;
    let mut ann = Customer::get(&tx, "ann").await?.expect("there");
    ann.name = "Anna".to_owned();
    tx.save(ann)?;
    tx.delete(Order::get(&tx, ("ann", 3)).await?.expect("there"))?;

    let numbers = |orders: &[Loaded<Order>]| orders.iter().map(|o| o.number).collect::<Vec<_>>();
    assert_eq!(numbers(&Order::query(&tx, "ann").try_collect().await?), [1, 2]);
    let after = Order::query(&tx, "ann").range(Order::SK.ge(2));
    assert_eq!(numbers(&after.try_collect().await?), [2]);
    assert_eq!(Line::query(&tx, "ann").try_collect().await?.len(), 2);
    assert_eq!(numbers(&Order::scan(&tx).try_collect().await?), [1, 2]);
    assert_eq!(Customer::scan(&tx).try_collect().await?[0].name, "Anna");

    let shopping = Shopping::query(&tx, "ann").await?;
    assert_eq!(shopping.customer.expect("there").name, "Anna");
    assert_eq!(numbers(&shopping.orders), [1, 2]);
    assert_eq!(Shopping::query(&db, "ann").await?.orders.len(), 2);
    tx.commit().await?;
    Ok(())
}

/// What a collection found is checked as its own model: an order by its version.
#[tokio::test]
async fn what_a_collection_found_is_checked_and_what_it_leaves_out_is_not() -> Outcome {
    let (db, _) = store().await;
    Table::<Order>::create(&db).await?;
    customer("Ann").insert(&db).await?;
    order(1).insert(&db).await?;
    let line = Line { user: "ann".to_owned(), number: 1, line: 1 };
    line.clone().insert(&db).await?;
    for (number, conflict) in [(1, false), (2, true), (3, true)] {
        let tx = Transaction::begin(&db);
        Shopping::query(&tx, "ann").await?;
        tx.insert(DoomMap::new(9, number, "by what was found"))?;
        match number {
            1 => line.clone().upsert(&db).await.map(drop)?,
            2 => customer("Anna").upsert(&db).await.map(drop)?,
            _ => order(1).upsert(&db).await.map(drop)?,
        }
        assert_eq!(tx.commit().await.is_err_and(|e| e.is_conflict()), conflict, "{number}");
    }
    Ok(())
}

/// Models of one table, told apart by a discriminator.
#[derive(Debug, Clone, Model)]
#[model(table = "zoo", discriminator = "cat", validate = false)]
struct Cat {
    #[model(hash_key)]
    zoo: u32,
    #[model(range_key)]
    number: u32,
    name: String,
}

#[derive(Debug, Clone, Model)]
#[model(table = "zoo", discriminator = "dog", validate = false)]
struct Dog {
    #[model(hash_key)]
    zoo: u32,
    #[model(range_key)]
    number: u32,
    name: String,
}

#[tokio::test]
async fn a_discriminator_tells_own_writes_apart() -> Outcome {
    let (db, _) = store().await;
    Table::<Cat>::create(&db).await?;
    Dog { zoo: 1, number: 1, name: "Rex".to_owned() }.insert(&db).await?;
    let tx = Transaction::begin(&db);
    tx.insert(Cat { zoo: 1, number: 2, name: "Tom".to_owned() })?;
    tx.insert(Dog { zoo: 1, number: 3, name: "Pluto".to_owned() })?;
    assert_eq!(Cat::query(&tx, 1).try_collect().await?.len(), 1);
    assert_eq!(Dog::query(&tx, 1).try_collect().await?.len(), 2);
    assert_eq!(Cat::scan(&tx).try_collect().await?[0].name, "Tom");
    Ok(())
}

/// What a transaction does in the property below.
#[derive(Debug, Clone)]
enum Step {
    Insert(u32, u8),
    Save(u32, u8),
    Delete(u32),
    Read(u32),
    Search(Search),
    Nested(Vec<Step>, bool),
}

#[derive(Debug, Clone)]
struct Search {
    range: Option<(u32, u32)>,
    filter: Option<u8>,
    limit: Option<usize>,
    reverse: bool,
}

type State = BTreeMap<u32, u8>;

fn search() -> impl Strategy<Value = Search> {
    let range = proptest::option::of((1..=12_u32, 0..=12_u32));
    let limit = proptest::option::of(0..=6_usize);
    (range, proptest::option::of(0..5_u8), limit, any::<bool>()).prop_map(
        |(range, filter, limit, reverse)| Search {
            range: range.map(|(low, width)| (low, low + width)),
            filter,
            limit,
            reverse,
        },
    )
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let map = || 1..=12_u32;
    let leaf = prop_oneof![
        (map(), 0..5_u8).prop_map(|(map, name)| Step::Insert(map, name)),
        (map(), 0..5_u8).prop_map(|(map, name)| Step::Save(map, name)),
        map().prop_map(Step::Delete),
        map().prop_map(Step::Read),
        search().prop_map(Step::Search),
    ];
    let step = leaf.prop_recursive(3, 24, 6, |step| {
        (proptest::collection::vec(step, 0..6), any::<bool>())
            .prop_map(|(steps, kept)| Step::Nested(steps, kept))
    });
    proptest::collection::vec(step, 0..14)
}

impl Search {
    fn expected(&self, state: &State) -> Vec<(u32, u8)> {
        let wanted = |(map, name): &(u32, u8)| {
            self.range.is_none_or(|(low, high)| (low..=high).contains(map))
                && self.filter.is_none_or(|least| *name >= least)
        };
        let mut found: Vec<_> =
            state.iter().map(|(map, name)| (*map, *name)).filter(wanted).collect();
        if self.reverse {
            found.reverse();
        }
        found.truncate(self.limit.unwrap_or(usize::MAX));
        found
    }

    async fn query(&self, reader: &impl dynamap::Reader) -> Vec<(u32, u8)> {
        let mut query = DoomMap::query(reader, 1);
        if let Some((low, high)) = self.range {
            query = query.range(DoomMap::MAP.between(low, high));
        }
        if let Some(least) = self.filter {
            query = query.filter(DoomMap::NAME.ge(&least.to_string()));
        }
        if let Some(limit) = self.limit {
            query = query.limit(limit);
        }
        let query = if self.reverse { query.reverse() } else { query };
        let found = query.try_collect().await.expect("a query");
        found.iter().map(|map| (map.map, map.name.parse().expect("a number"))).collect()
    }

    /// The same by a scan, whose order is its own.
    async fn scan(&self, reader: &impl dynamap::Reader) -> Vec<(u32, u8)> {
        let mut scan = DoomMap::scan(reader);
        if let Some((low, high)) = self.range {
            scan = scan.filter(DoomMap::MAP.between(low, high));
        }
        if let Some(least) = self.filter {
            scan = scan.filter(DoomMap::NAME.ge(&least.to_string()));
        }
        let found = scan.try_collect().await.expect("a scan");
        let mut found: Vec<_> =
            found.iter().map(|map| (map.map, map.name.parse().expect("a number"))).collect();
        found.sort_unstable();
        found
    }

    async fn holds(&self, reader: &impl dynamap::Reader, state: &State) {
        assert_eq!(self.query(reader).await, self.expected(state), "{self:?}");
        let all = Search { limit: None, reverse: false, ..self.clone() };
        assert_eq!(all.scan(reader).await, all.expected(state), "{self:?}");
    }
}

/// Does the steps in the transaction and in the map, and compares what both find.
async fn perform(tx: &Transaction, state: &mut State, steps: &[Step]) {
    for step in steps {
        match step {
            Step::Insert(map, name) if !state.contains_key(map) => {
                tx.insert(DoomMap::new(1, *map, &name.to_string())).expect("an insert");
                state.insert(*map, *name);
            }
            Step::Save(number, name) if state.contains_key(number) => {
                rename(tx, *number, &name.to_string()).await.expect("a save");
                state.insert(*number, *name);
            }
            Step::Delete(number) if state.contains_key(number) => {
                remove(tx, *number).await.expect("a delete");
                state.remove(number);
            }
            Step::Read(number) => {
                let found = DoomMap::get(tx, (1, *number)).await.expect("a read");
                assert_eq!(found.is_some(), state.contains_key(number));
            }
            Step::Search(search) => search.holds(tx, state).await,
            Step::Nested(steps, kept) => {
                let (nested, mut inner) = (tx.nested(), state.clone());
                Box::pin(perform(&nested, &mut inner, steps)).await;
                if *kept {
                    nested.commit().await.expect("a merge");
                    *state = inner;
                }
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// A search in a transaction finds what the same search finds after its commit, and what a map in memory holds.
    #[test]
    fn a_search_finds_what_the_commit_will_leave(
        stored in proptest::collection::btree_map(1..=12_u32, 0..5_u8, 0..8),
        steps in steps(),
        last in search(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async move {
            let (db, _) = store().await;
            for (map, name) in &stored {
                DoomMap::new(1, *map, &name.to_string()).insert(&db).await.expect("an insert");
            }
            let tx = Transaction::begin(&db);
            let mut state = stored;
            perform(&tx, &mut state, &steps).await;
            last.holds(&tx, &state).await;
            tx.commit().await.expect("nobody else is there");
            last.holds(&db, &state).await;
        });
    }
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
        Shopping::query(&tx, "ann").await.expect_err("there is no such table");
        tx.commit().await
    })
    .await??;
    Ok(())
}

/// Numbers are compared as numbers, however another program spelled them.
#[tokio::test]
async fn an_item_with_another_spelling_of_its_key_is_the_same_item() -> Outcome {
    let (db, _) = store().await;
    let raw = |name: &'static str, text: &str| (name, AttributeValue::N(text.to_owned()));
    let item = [raw("episode", "1.0"), raw("map", "2E0"), ("name", AttributeValue::S("x".into()))];
    crate::support::put_raw(&db, "doom_maps", &item).await;
    let tx = Transaction::begin(&db);
    rename(&tx, 2, "mine").await?;
    assert_eq!(names(&DoomMap::query(&tx, 1).try_collect().await?), ["mine"]);
    Ok(())
}
