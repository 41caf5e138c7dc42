//! What keys, shared tables, times to live and older schemas are to a search in a transaction.

use std::time::{Duration, UNIX_EPOCH};

use dynamap::{
    AttributeValue, Collection, Database, Item, Loaded, Migrations, Model, Projection, Step,
    StepError, Table, Transaction,
};

use super::{names, rename};
use crate::support::{DoomMap, Outcome, n, put_raw, s, store};

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
            tx.insert(word).map(drop)?;
        } else {
            word.insert(&db).await.map(drop)?;
        }
    }
    for (place, blob) in blobs.iter().enumerate() {
        let blob = Blob { book: 1, blob: blob.to_vec() };
        if place % 2 == 0 {
            tx.insert(blob).map(drop)?;
        } else {
            blob.insert(&db).await.map(drop)?;
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

fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
    item.rename("mail", "email");
    Ok(())
}

static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", mail_becomes_email)]);

#[derive(Debug, Clone, Model)]
#[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
struct User {
    #[model(hash_key)]
    team: u32,
    #[model(range_key)]
    id: u32,
    email: String,
}

#[derive(Debug, PartialEq, Projection)]
#[model(of = User)]
struct Email {
    email: String,
}

#[tokio::test]
async fn an_item_of_an_older_schema_is_found_upgraded_and_as_it_was_read_first() -> Outcome {
    let (db, faults) = store().await;
    Table::<User>::create(&db).await?;
    for (id, mail) in [(1, "ann@x"), (2, "bob@x")] {
        put_raw(&db, "users", &[("team", n(1)), ("id", n(id)), ("mail", s(mail))]).await;
    }
    let tx = Transaction::begin(&db);
    let found = User::query(&tx, 1).try_collect().await?;
    assert!(found[0].is_upgraded());
    let mut bob = found.into_iter().nth(1).expect("two");
    bob.email = "bob@y".to_owned();
    tx.save(bob)?;
    put_raw(&db, "users", &[("team", n(1)), ("id", n(1)), ("mail", s("ann@z"))]).await;
    faults.clear_log();
    let emails = User::query(&tx, 1).select::<Email>().try_collect().await?;
    assert_eq!(emails, ["ann@x", "bob@y"].map(|email| Email { email: email.to_owned() }));
    assert_eq!(faults.requests().len(), 1);
    Ok(())
}

/// Models of one table, told apart by their keys.
#[derive(Debug, Clone, Model)]
#[model(table = "shop", hash_key = "USER#{user}", range_key = "PROFILE", validate = false)]
pub(super) struct Customer {
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
pub(super) struct Order {
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
struct Position {
    user: String,
    number: u32,
    line: u32,
}

#[derive(Debug, Collection)]
pub(super) struct Shopping {
    pub(super) customer: Option<Loaded<Customer>>,
    pub(super) orders: Vec<Loaded<Order>>,
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
    let line = Position { user: "ann".to_owned(), number: 1, line: 1 };
    line.clone().insert(&db).await?;
    let tx = Transaction::begin(&db);
    tx.insert(order(2))?;
    tx.insert(Position { number: 2, ..line.clone() })?;
    let mut ann = Customer::get(&tx, "ann").await?.expect("there");
    ann.name = "Anna".to_owned();
    tx.save(ann)?;
    tx.delete(Order::get(&tx, ("ann", 3)).await?.expect("there"))?;

    let numbers = |orders: &[Loaded<Order>]| orders.iter().map(|o| o.number).collect::<Vec<_>>();
    assert_eq!(numbers(&Order::query(&tx, "ann").try_collect().await?), [1, 2]);
    let after = Order::query(&tx, "ann").range(Order::SK.ge(2));
    assert_eq!(numbers(&after.try_collect().await?), [2]);
    assert_eq!(Position::query(&tx, "ann").try_collect().await?.len(), 2);
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
    let line = Position { user: "ann".to_owned(), number: 1, line: 1 };
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
        let Err(error) = tx.commit().await else {
            assert!(!conflict, "{number}");
            continue;
        };
        assert!(conflict && error.is_conflict(), "{error}");
        // Each is read as what it is.
        assert_eq!(error.winner::<Order>()?.is_some(), number == 3);
        assert_eq!(error.winner::<Customer>()?.is_some(), number == 2);
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

/// Numbers are compared as numbers, however another program spelled them.
#[tokio::test]
async fn an_item_with_another_spelling_of_its_key_is_the_same_item() -> Outcome {
    let (db, _) = store().await;
    let raw = |name: &'static str, text: &str| (name, AttributeValue::N(text.to_owned()));
    let item = [raw("episode", "1.0"), raw("map", "2E0"), ("name", s("x"))];
    put_raw(&db, "doom_maps", &item).await;
    let tx = Transaction::begin(&db);
    rename(&tx, 2, "mine").await?;
    assert_eq!(names(&DoomMap::query(&tx, 1).try_collect().await?), ["mine"]);
    Ok(())
}
