//! `docs/guide/batches.md`: its programs.

use dynamap::faults::Fault;
use dynamap::{Batch, Coalesced, Gets, Loaded, Model};

use super::common::{Account, DoomMap, Profile, accounts, maps, store};
use crate::support::Outcome;

#[tokio::test]
async fn many_items_are_written_and_read_by_one_call_each() -> Outcome {
    let test = store().await?;
    let db = test.database().clone();

    let maps = (1..=3).map(|map| DoomMap::new(1, map, "unnamed"));
    let stored = DoomMap::insert_many(&db, maps).await; // a result for each
    assert!(stored.iter().all(Result::is_ok));

    let found = DoomMap::get_many(&db, [(1, 1), (1, 2), (1, 9)]).await?; // one request
    assert!(found[1].is_some() && found[2].is_none());

    assert_eq!(test.requests().count("BatchGetItem"), 1);
    assert_eq!(test.requests().count("PutItem"), 3);
    Ok(())
}

#[tokio::test]
async fn items_of_several_models_are_read_by_one_request() -> Outcome {
    let test = accounts(&[100]).await?;
    let db = test.database().clone();

    let mut gets = Gets::of(&db).consistent();
    let ann = gets.get::<Account>(1);
    let map = gets.get::<DoomMap>((1, 1));
    let found = gets.read().await?;
    let ann: Option<Loaded<Account>> = found.take(ann)?;
    assert!(ann.is_some() && found.take(map)?.is_none());

    assert_eq!(test.requests(), ["BatchGetItem accounts, doom_maps"]);
    Ok(())
}

#[tokio::test]
async fn gets_at_the_same_time_are_merged() -> Outcome {
    let test = accounts(&[100, 50]).await?;
    let db = test.database().clone();

    let reader = Coalesced::new(&db);
    let (ann, bob) = tokio::try_join!(Account::get(&reader, 1), Account::get(&reader, 2))?; // one request
    assert!(ann.is_some() && bob.is_some());

    assert_eq!(test.requests(), ["BatchGetItem accounts"]);
    Ok(())
}

#[tokio::test]
async fn each_of_many_inserts_has_its_result() -> Outcome {
    let test = maps(1).await?;
    let db = test.database().clone();

    let mut refused = Vec::new();
    let wanted = [DoomMap::new(1, 1, "taken"), DoomMap::new(1, 2, "free")];
    for stored in DoomMap::insert_many(&db, wanted).at_once(8).await {
        match stored {
            Ok(map) => assert_eq!((map.map, map.version), (2, 1)),
            Err(error) => refused.push(error),
        }
    }
    assert!(refused.len() == 1 && refused[0].is_conflict()); // there is a map (1, 1)

    Ok(())
}

#[tokio::test]
async fn many_items_are_put_and_deleted_without_a_condition() -> Outcome {
    let test = store().await?;
    let db = test.database().clone();

    let profiles = ["ann", "bob"].map(Profile::new);
    let stored: Vec<Loaded<Profile>> = Profile::put_many(&db, profiles).await?;
    assert_eq!(stored[1].login, "bob");
    Profile::delete_many(&db, ["ann", "bob"]).await?;

    assert_eq!(test.requests(), ["BatchWriteItem profiles", "BatchWriteItem profiles"]);
    assert_eq!(Profile::scan(&db).count().await?, 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_not_written_comes_back() -> Outcome {
    let test = store().await?;
    let db = test.database().clone();
    let profiles = (0..20).map(|number| Profile::new(&format!("user{number}")));
    // Ten are written, and the rest is refused until the deadline.
    test.faults().next("BatchWriteItem", Fault::Unprocessed { keep: 10 });
    test.faults().always("BatchWriteItem", Fault::Throttle);

    let mut queue = Vec::new();
    if let Err(unwritten) = Profile::put_many(&db, profiles).await {
        // `unwritten.written` are stored, `unwritten.error` says why not all.
        queue.extend(unwritten.left);
    }

    test.faults().clear();
    assert_eq!((Profile::scan(&db).count().await?, queue.len()), (10, 10));
    Profile::put_many(&db, queue).await?;
    assert_eq!(Profile::scan(&db).count().await?, 20);
    Ok(())
}

#[tokio::test]
async fn reads_and_writes_of_many_models_go_together() -> Outcome {
    let test = accounts(&[100]).await?;
    let db = test.database().clone();
    Profile::new("old").insert(&db).await?;

    let mut batch = Batch::of(&db);
    let paid = batch.add(Account::update(&db, 1).add(Account::BALANCE, 5).returning_new());
    let put = batch.put(Profile::new("ann")); // a model without a version
    let gone = batch.add(Profile::delete(&db, "old").returning_old());
    let maps = batch.add(DoomMap::query(&db, 1));
    let ann = batch.get::<Account>(1); // after the update, and consistent
    let mut results = batch.run().await;
    assert_eq!(results.take(paid)?.balance, 105);
    assert_eq!(results.take(ann)?.map(|ann| ann.balance), Some(105));

    assert_eq!(results.take(put)?.login, "ann");
    assert_eq!(results.take(gone)?.map(|old| old.login.clone()).as_deref(), Some("old"));
    assert!(results.take(maps)?.is_empty());
    Ok(())
}

#[tokio::test]
async fn what_a_query_finds_is_deleted_item_by_item() -> Outcome {
    let test = maps(3).await?;
    let db = test.database().clone();

    let found = DoomMap::query(&db, 1).try_collect().await?;
    let mut batch = Batch::of(&db);
    let gone: Vec<_> = found.into_iter().map(|map| batch.delete_loaded(map)).collect();
    let mut results = batch.run().await;
    for gone in gone {
        let map = results.take(gone)?; // or a conflict: somebody changed it since
        assert_eq!(map.episode, 1);
    }

    assert_eq!(DoomMap::query(&db, 1).count().await?, 0);
    Ok(())
}
