//! Batches of reads and writes of many models: how few requests they are, in which order, and what fails with what.

use dynamap::faults::{Fault, Faults};
use dynamap::{Batch, Database, Error, Model, Table};

use crate::support::{Account, DoomMap, Outcome, Profile, n, put_raw, s, store, stored};

const GET: &str = "BatchGetItem";
const WRITE: &str = "BatchWriteItem";

/// The operations that were sent, in their order.
fn sent(faults: &Faults) -> Vec<String> {
    faults.requests().into_iter().map(|request| request.operation).collect()
}

async fn maps(db: &Database, count: u32) {
    let maps = (1..=count).map(|map| DoomMap::new(1, map, &format!("map {map}")));
    for stored in DoomMap::insert_many(db, maps).await {
        stored.expect("a new map");
    }
}

fn in_city(login: &str, city: &str) -> Profile {
    let mut profile = Profile::new(login);
    city.clone_into(&mut profile.address.city);
    profile
}

#[tokio::test]
async fn independent_operations_are_one_round_of_as_few_requests_as_there_can_be() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 3).await;
    let ann = Account::of("Ann", 5).insert(&db).await?;
    let mut loaded = DoomMap::get(&db, (1, 3)).await?.expect("there");
    loaded.name.push('!');
    Profile::put_many(&db, (0..30).map(|number| Profile::new(&format!("old{number}")))).await?;
    faults.clear_log();

    let mut batch = Batch::of(&db);
    let got: Vec<_> = (0..150).map(|map| batch.get::<DoomMap>((1, map))).collect();
    let same = batch.get::<DoomMap>((1, 1));
    let put: Vec<_> = (0..20).map(|it| batch.put(Profile::new(&format!("new{it}")))).collect();
    let gone: Vec<_> = (0..30).map(|it| batch.delete::<Profile>(&format!("old{it}"))).collect();
    let inserted = batch.add(Account::of("Bob", 7).insert(&db));
    let changed = batch.add(Account::update(&db, ann.id).add(Account::BALANCE, 5).returning_new());
    let (saved, query) = {
        let query = batch.add(Account::query(&db, 99));
        (batch.save(&mut loaded), query)
    };
    let mut results = batch.run().await;

    for (map, got) in (0..150).zip(got) {
        // The map that is saved is read before that: the get came first.
        let found = results.take(got)?.map(|found| found.name.clone());
        assert_eq!(found, (1..=3).contains(&map).then(|| format!("map {map}")));
    }
    assert_eq!(results.take(same)?.expect("there").map, 1);
    for (number, put) in put.into_iter().enumerate() {
        assert_eq!(results.take(put)?.login, format!("new{number}"));
    }
    for gone in gone {
        results.take(gone)?;
    }
    assert_eq!(results.take(inserted)?.owner, "Bob");
    assert_eq!(results.take(changed)?.balance, 10);
    assert!(results.take(query)?.is_empty());
    results.take(saved)?;
    assert_eq!(loaded.version, 2);
    // 150 gets, 50 writes, an insert with its id, an update and a save, a query.
    assert_eq!((faults.count(GET), faults.count(WRITE)), (2, 2));
    assert_eq!((faults.count("PutItem"), faults.count("Query")), (1, 1));
    assert_eq!(faults.count("UpdateItem"), 3);
    assert_eq!(faults.requests().len(), 9);
    assert_eq!(Profile::scan(&db).count().await?, 20);
    Ok(())
}

#[tokio::test]
async fn operations_on_one_item_keep_their_order() -> Outcome {
    let (db, faults) = store().await;
    let mut batch = Batch::of(&db);
    let before = batch.get::<Profile>("ann");
    let first = batch.put(in_city("ann", "Bern"));
    let between = batch.get::<Profile>("ann");
    let second = batch.put(in_city("ann", "Basel"));
    let other = batch.put(Profile::new("bob"));
    let after = batch.get::<Profile>("ann");
    let gone = batch.delete::<Profile>("ann");
    let last = batch.get::<Profile>("ann");
    let mut results = batch.run().await;
    assert!(results.take(before)?.is_none());
    assert_eq!(results.take(first)?.address.city, "Bern");
    assert_eq!(results.take(between)?.expect("there").address.city, "Bern");
    assert_eq!(results.take(second)?.address.city, "Basel");
    assert_eq!(results.take(other)?.login, "bob");
    assert_eq!(results.take(after)?.expect("there").address.city, "Basel");
    results.take(gone)?;
    assert!(results.take(last)?.is_none());
    // The put of bob goes with the first writes.
    assert_eq!(faults.requests().len(), 7);
    let reads = faults.requests().into_iter().filter(|request| request.operation == GET);
    let consistent: Vec<_> =
        reads.map(|r| r.body["RequestItems"]["profiles"]["ConsistentRead"].clone()).collect();
    assert_eq!(consistent, [false, true, true, true]);
    Ok(())
}

#[tokio::test]
async fn a_search_keeps_its_order_with_the_writes_of_its_table() -> Outcome {
    let (db, faults) = store().await;
    Profile::new("old").insert(&db).await?;
    maps(&db, 2).await;
    faults.clear_log();
    let mut batch = Batch::of(&db);
    let first = batch.put(Profile::new("ann"));
    let all = batch.add(Profile::scan(&db));
    let gone = batch.delete::<Profile>("old");
    let left = batch.add(Profile::scan(&db));
    let maps = batch.add(DoomMap::query(&db, 1).range(DoomMap::MAP.gt(1)));
    let new = batch.add(Account::of("Ann", 5).insert(&db));
    let accounts = batch.add(Account::scan(&db));
    let mut results = batch.run().await;
    results.take(first)?;
    results.take(gone)?;
    assert_eq!(results.take(all)?.len(), 2);
    assert_eq!(results.take(left)?.len(), 1);
    assert_eq!(results.take(maps)?[0].map, 2);
    let new = results.take(new)?;
    assert_eq!(results.take(accounts)?[0].id, new.id);
    // What comes after writes is read consistently; the query of another table goes with the first round.
    let searches: Vec<_> = faults
        .requests()
        .into_iter()
        .filter(|request| ["Scan", "Query"].contains(&request.operation.as_str()))
        .map(|request| (request.operation, request.body["ConsistentRead"] == true))
        .collect();
    assert_eq!(searches[0], ("Query".to_owned(), false));
    assert!(searches[1..].iter().all(|(operation, consistent)| operation == "Scan" && *consistent));
    assert_eq!(searches.len(), 4);
    Ok(())
}

#[tokio::test]
async fn what_fails_fails_alone_and_takes_along_what_comes_after_it_on_its_item() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 2).await;
    put_raw(&db, "profiles", &[("login", s("torn")), ("address", n(1))]).await;
    faults.clear_log();
    let mut batch = Batch::of(&db);
    let taken = batch.add(DoomMap::new(1, 1, "again").insert(&db));
    let later = batch.get::<DoomMap>((1, 1));
    let even_later = batch.add(DoomMap::delete(&db, (1, 1)).unchecked());
    let other = batch.get::<DoomMap>((1, 2));
    let torn = batch.get::<Profile>("torn");
    let over = batch.put(Profile::new("torn"));
    let mut large = Profile::new("large");
    large.avatar = vec![0; 400 * 1024];
    let large = batch.put(large);
    let small = batch.put(Profile::new("small"));
    let empty = batch.get::<Profile>("");
    let invalid = batch.add(Account::of("", 1).insert(&db));
    let valid = batch.add(Account::of("Ann", 1).insert(&db));
    let mut results = batch.run().await;

    assert!(results.take(taken).is_err_and(|error| error.is_conflict()));
    let not_done = |error: Error, item: &str| {
        assert!(matches!(&error, Error::NotDone(target) if target.to_string() == item), "{error}");
        assert!(error.to_string().contains("was not sent"), "{error}");
    };
    let map = "(episode = 1, map = 1) of table doom_maps";
    not_done(results.take(later).expect_err("after a conflict"), map);
    not_done(results.take(even_later).expect_err("after what was not done"), map);
    assert_eq!(results.take(other)?.expect("there").map, 2);
    assert!(matches!(results.take(torn), Err(Error::Decode(_))));
    not_done(
        results.take(over).expect_err("after a read that failed"),
        "(login = \"torn\") of table profiles",
    );
    assert!(matches!(results.take(large), Err(Error::Limit { .. })));
    assert_eq!(results.take(small)?.login, "small");
    assert!(results.take(empty).is_err_and(|error| error.is_invalid()));
    assert!(results.take(invalid).is_err_and(|error| error.is_invalid()));
    assert_eq!(results.take(valid)?.owner, "Ann");

    assert_eq!(faults.count("DeleteItem"), 0);
    assert!(DoomMap::get(&db, (1, 1)).await?.is_some_and(|map| map.name == "map 1"));
    let torn = stored(&db, "profiles", &[("login", s("torn"))]).await.expect("there");
    assert_eq!(torn.get("address"), Some(&n(1)));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn unprocessed_and_throttled_requests_are_repeated_until_the_deadline() -> Outcome {
    for fault in [Fault::Throttle, Fault::Unprocessed { keep: 1 }, Fault::LoseAnswer] {
        let (db, faults) = store().await;
        faults.next(WRITE, fault.clone());
        faults.next(GET, fault.clone());
        let mut batch = Batch::of(&db);
        let put: Vec<_> = ["a", "b", "c"].map(|login| batch.put(Profile::new(login))).into();
        let got: Vec<_> = ["a", "b", "c"].map(|login| batch.get::<Profile>(login)).into();
        let mut results = batch.run().await;
        for put in put {
            results.take(put)?;
        }
        for got in got {
            assert!(results.take(got)?.is_some(), "{fault:?}");
        }
        assert_eq!(faults.pending(), 0);
    }
    let (db, faults) = store().await;
    Profile::new("a").insert(&db).await?;
    faults.always(WRITE, Fault::Throttle);
    let mut batch = Batch::of(&db);
    let put = batch.put(Profile::new("d"));
    let after = batch.get::<Profile>("d");
    let other = batch.get::<Profile>("a");
    let mut results = batch.run().await;
    assert!(matches!(results.take(put), Err(Error::Busy(_))));
    assert!(matches!(results.take(after), Err(Error::NotDone(_))));
    assert!(results.take(other)?.is_some());
    Ok(())
}

#[tokio::test]
async fn a_get_and_delete_and_a_query_and_delete_bring_back_what_is_gone() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 4).await;
    Profile::new("ann").insert(&db).await?;
    let mut batch = Batch::of(&db);
    let gone = batch.add(Profile::delete(&db, "ann").returning_old());
    let map = batch.add(DoomMap::delete(&db, (1, 4)).unchecked().returning_old());
    let mut results = batch.run().await;
    assert_eq!(results.take(gone)?.expect("it was there").address.city, "Bern");
    assert_eq!(results.take(map)?.expect("it was there").name, "map 4");

    let found = DoomMap::query(&db, 1).try_collect().await?;
    DoomMap::update(&db, (1, 2)).set(DoomMap::NAME, "theirs").await?;
    faults.clear_log();
    let mut batch = Batch::of(&db);
    let deletes: Vec<_> = found.into_iter().map(|map| batch.delete_loaded(map)).collect();
    let mut results = batch.run().await;
    let gone: Vec<_> = deletes.into_iter().map(|delete| results.take(delete)).collect();
    assert_eq!(gone[0].as_ref().expect("deleted").map, 1);
    assert!(gone[1].as_ref().is_err_and(Error::is_conflict));
    assert_eq!(gone[2].as_ref().expect("deleted").map, 3);
    assert_eq!(sent(&faults), ["DeleteItem"; 3]);
    let left = DoomMap::query(&db, 1).try_collect().await?;
    assert_eq!(left.iter().map(|map| map.map).collect::<Vec<_>>(), [2]);
    Ok(())
}

fn lower(user: &mut User) {
    user.name.make_ascii_lowercase();
}

/// A model whose key is brought into normal form.
#[derive(Debug, Clone, PartialEq, Model, garde::Validate)]
#[model(table = "users", normalize = lower)]
struct User {
    #[model(hash_key)]
    #[garde(length(max = 3))]
    name: String,
    #[model(created_at)]
    #[garde(skip)]
    created: u64,
}

#[tokio::test]
async fn the_order_is_that_of_the_keys_as_they_are_stored() -> Outcome {
    let (db, faults) = store().await;
    Table::<User>::create(&db).await?;
    faults.clear_log();
    let user = |name: &str| User { name: name.to_owned(), created: 0 };
    let mut batch = Batch::of(&db);
    let inserted = batch.add(user("ANN").insert(&db));
    let again = batch.add(user("Ann").insert(&db));
    let upserted = batch.add(user("aNN").upsert(&db));
    let bob = batch.add(user("BOB").upsert(&db));
    let found = batch.get::<User>("bob");
    let long = batch.add(user("long").insert(&db));
    let after = batch.get::<User>("long");
    let mut results = batch.run().await;
    assert!(results.take(long).is_err_and(|error| error.is_invalid()));
    assert!(matches!(results.take(after), Err(Error::NotDone(_))));
    assert_eq!(results.take(inserted)?.name, "ann");
    assert!(results.take(again).is_err_and(|error| error.is_conflict()));
    assert!(matches!(results.take(upserted), Err(Error::NotDone(_))));
    let bob = results.take(bob)?;
    assert_eq!(results.take(found)?.expect("there").image(), bob.image());
    Ok(())
}

#[tokio::test]
async fn slots_and_verbs_of_another_batch_or_database_are_refused() -> Outcome {
    let (db, faults) = store().await;
    let (other, _) = store().await;
    maps(&db, 1).await;
    faults.clear_log();
    let mut batch = Batch::of(&db);
    let foreign = batch.add(DoomMap::update(&other, (1, 1)).set(DoomMap::NAME, "x"));
    let mut second = Batch::of(&db);
    let slot = second.get::<DoomMap>((1, 1));
    let _own = batch.get::<DoomMap>((1, 1));
    let mut results = batch.run().await;
    assert!(matches!(results.take(foreign), Err(Error::Usage(_))));
    assert!(matches!(results.take(slot), Err(Error::Usage(_))));
    assert_eq!(sent(&faults), [GET]);
    Ok(())
}

#[tokio::test]
async fn verbs_that_are_sent_alone_run_together_and_no_more_than_said() -> Outcome {
    for (at_once, expected) in [(1, 1), (3, 3), (100, 5)] {
        let (db, faults) = store().await;
        maps(&db, 5).await;
        faults.clear_log();
        let gates: Vec<_> = (0..expected).map(|_| faults.pause("UpdateItem")).collect();
        let run = tokio::spawn({
            let db = db.clone();
            async move {
                let mut batch = Batch::of(&db).at_once(at_once);
                let update = |map| DoomMap::update(&db, (1, map)).set(DoomMap::NAME, "new");
                let slots: Vec<_> = (1..=5).map(|map| batch.add(update(map))).collect();
                let mut results = batch.run().await;
                slots.into_iter().filter_map(|slot| results.take(slot).ok()).count()
            }
        });
        for gate in &gates {
            gate.reached().await;
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(faults.count("UpdateItem"), expected);
        for gate in gates {
            gate.release();
        }
        assert_eq!(run.await?, 5);
    }
    Ok(())
}
