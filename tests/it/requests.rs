//! How many requests each verb sends, and which: the fewest that the service allows. One more is a bug.

use dynamap::faults::Faults;
use dynamap::{Batch, Database, Gets, Model, Snapshot, Transaction, Unique};

use crate::support::{Account, DoomMap, Outcome, Profile, store};

/// What was sent since the last look, as `2 GetItem`.
fn sent(faults: &Faults) -> String {
    let mut counted: Vec<(String, u32)> = Vec::new();
    for request in faults.requests() {
        match counted.iter_mut().find(|(name, _)| *name == request.operation) {
            Some((_, count)) => *count += 1,
            None => counted.push((request.operation, 1)),
        }
    }
    faults.clear_log();
    let texts = counted.iter().map(|(name, count)| format!("{count} {name}"));
    texts.collect::<Vec<_>>().join(", ")
}

/// Asserts of each verb what it sends.
macro_rules! each {
    ($faults:ident: $($verb:expr => $expected:literal,)*) => { $(
        let _ = $verb;
        assert_eq!(sent(&$faults), $expected, "{}", stringify!($verb));
    )* };
}

async fn filled() -> Result<(Database, Faults), Box<dyn std::error::Error>> {
    let (db, faults) = store().await;
    for map in 1..=5 {
        DoomMap::new(1, map, "map").insert(&db).await?;
    }
    Profile::new("ann").insert(&db).await?;
    faults.clear_log();
    Ok((db, faults))
}

#[tokio::test]
async fn reading() -> Outcome {
    let (db, faults) = filled().await?;
    each! { faults:
        DoomMap::get(&db, (1, 1)).await? => "1 GetItem",
        DoomMap::get(&db, (9, 9)).await? => "1 GetItem",
        DoomMap::get(&db, (1, 1)).consistent().await? => "1 GetItem",
        DoomMap::get_many(&db, [(1, 1), (1, 2), (9, 9)]).await? => "1 BatchGetItem",
        DoomMap::get_many(&db, []).await? => "",
        Gets::of(&db).read().await? => "",
        DoomMap::query(&db, 1).try_collect().await? => "1 Query",
        DoomMap::query(&db, 1).page_size(5).try_collect().await? => "2 Query",
        DoomMap::query(&db, 1).page_size(2).try_collect().await? => "3 Query",
        DoomMap::query(&db, 1).limit(2).try_collect().await? => "1 Query",
        DoomMap::query(&db, 1).first().await? => "1 Query",
        DoomMap::query(&db, 1).count().await? => "1 Query",
        DoomMap::query(&db, 1).page(None).await? => "1 Query",
        DoomMap::scan(&db).try_collect().await? => "1 Scan",
    }
    let mut snapshot = Snapshot::of(&db);
    snapshot.get::<DoomMap>((1, 1));
    snapshot.get::<Profile>("ann");
    each! { faults: snapshot.read().await? => "1 TransactGetItems", }
    Ok(())
}

#[tokio::test]
async fn writing() -> Outcome {
    let (db, faults) = filled().await?;
    let mut map = DoomMap::get(&db, (1, 1)).await?.expect("a map");
    let unchanged = DoomMap::get(&db, (1, 2)).await?.expect("a map");
    faults.clear_log();
    map.name = "Hangar".to_owned();
    let new = |map| DoomMap::new(2, map, "new");
    each! { faults:
        new(1).insert(&db).await? => "1 PutItem",
        new(1).insert(&db).await.is_err() => "1 PutItem",
        new(2).insert(&db).exactly_once().await? => "1 TransactWriteItems",
        Account::of("ann", 1).insert(&db).await? => "1 UpdateItem, 1 PutItem",
        Account::of("", 1).insert(&db).await.is_err() => "",
        new(1).get_or_insert(&db).await? => "1 PutItem",
        new(3).upsert(&db).await? => "1 UpdateItem",
        new(3).replace(&db).await? => "1 UpdateItem",
        map.save(&db).await? => "1 UpdateItem",
        DoomMap::update(&db, (1, 2)).set(DoomMap::NAME, "Plant").await? => "1 UpdateItem",
        DoomMap::delete(&db, (1, 3)).unchecked().await? => "1 DeleteItem",
        DoomMap::delete(&db, (1, 3)).unchecked().returning_old().await? => "1 DeleteItem",
        map.delete(&db).await? => "1 DeleteItem",
        DoomMap::insert_many(&db, [new(4), new(5)]).await => "2 PutItem",
        unchanged.delete(&db).await.is_err() => "1 DeleteItem",
    }
    Ok(())
}

#[tokio::test]
async fn many_at_once() -> Outcome {
    let (db, faults) = filled().await?;
    let profiles = (0..60).map(|number| Profile::new(&format!("user {number}")));
    let names: Vec<String> = (0..60).map(|number| format!("user {number}")).collect();
    let keys = || names.iter().map(String::as_str);
    each! { faults:
        Profile::put_many(&db, profiles).await? => "3 BatchWriteItem",
        Profile::get_many(&db, keys()).await? => "1 BatchGetItem",
        DoomMap::get_many(&db, (1..=1000).map(|map| (1, map))).await? => "10 BatchGetItem",
        Profile::scan(&db).segments(4).try_collect().await? => "4 Scan",
        Profile::scan(&db).plain().count().await? => "1 Scan",
        Profile::delete_many(&db, keys()).await? => "3 BatchWriteItem",
    }

    // Two reads and a write of other items: a request for the reads, one for the write.
    let mut batch = Batch::of(&db);
    let slots = (batch.get::<DoomMap>((1, 1)), batch.get::<Profile>("ann"));
    let put = batch.put(Profile::new("bob"));
    let mut results = batch.run().await;
    assert_eq!(sent(&faults), "1 BatchGetItem, 1 BatchWriteItem");
    assert!(results.take(slots.0)?.is_some() && results.take(slots.1)?.is_some());
    results.take(put)?;

    // Query and delete: each only as it was read.
    let found = DoomMap::query(&db, 1).try_collect().await?;
    let mut batch = Batch::of(&db);
    let gone: Vec<_> = found.into_iter().map(|map| batch.delete_loaded(map)).collect();
    let mut results = batch.run().await;
    for slot in gone {
        results.take(slot)?;
    }
    assert_eq!(sent(&faults), "1 Query, 5 DeleteItem");
    assert_eq!(DoomMap::query(&db, 1).count().await?, 0);
    Ok(())
}

#[tokio::test]
async fn transactions() -> Outcome {
    let (db, faults) = filled().await?;
    let tx = Transaction::begin(&db);
    each! { faults: tx.commit().await? => "", }

    let tx = Transaction::begin(&db);
    let mut map = DoomMap::get(&tx, (1, 1)).await?.expect("a map");
    let again = DoomMap::get(&tx, (1, 1)).await?;
    assert!(again.is_some());
    map.name = "Hangar".to_owned();
    tx.save(map)?;
    each! { faults: tx.commit().await? => "1 GetItem, 1 UpdateItem", }

    let tx = Transaction::begin(&db);
    tx.insert(DoomMap::new(3, 1, "new"))?;
    tx.insert(Profile::new("bob"))?;
    tx.write(DoomMap::update(&db, (1, 2)).set(DoomMap::NAME, "Plant"))?;
    each! { faults: tx.commit().await? => "1 TransactWriteItems", }

    let tx = Transaction::begin(&db);
    DoomMap::query(&tx, 1).try_collect().await?;
    each! { faults: tx.commit().await? => "1 Query, 1 TransactGetItems", }

    let tx = Transaction::begin(&db);
    tx.insert(Profile::new("dropped"))?;
    drop(tx);
    assert_eq!(sent(&faults), "");
    Ok(())
}

#[derive(Debug, Clone, Model)]
#[model(table = "users", validate = false)]
struct User {
    #[model(hash_key)]
    id: u64,
    #[model(unique)]
    email: String,
    age: u32,
    #[model(version)]
    version: u64,
}

#[tokio::test]
async fn unique_values() -> Outcome {
    let (db, faults) = store().await;
    dynamap::Table::<User>::create(&db).await?;
    faults.clear_log();
    let user = User { id: 1, email: "ann@example.com".to_owned(), age: 5, version: 0 };
    let mut user = user.insert(&db).await?;
    assert_eq!(sent(&faults), "1 TransactWriteItems");
    user.age = 6;
    each! { faults:
        user.save(&db).await? => "1 UpdateItem",
        Unique::<User>::find(&db, User::EMAIL, "ann@example.com").await? => "2 GetItem",
        User::update(&db, 1).add(User::AGE, 1).await? => "1 UpdateItem",
        User::update(&db, 1).set(User::EMAIL, "a@example.com").await? => "1 GetItem, 1 TransactWriteItems",
    }
    Ok(())
}
