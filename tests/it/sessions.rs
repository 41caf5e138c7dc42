//! Sessions: each item is read once, changes wait for a flush.

mod agreement;
mod flushing;
mod inserts;
mod preloaded;
mod rows;

use dynamap::faults::{Fault, Faults};
use dynamap::{Database, Error, Gets, Loaded, Model, Session, Transaction};

use crate::support::{Account, DoomMap, Outcome, Profile, account, n, put_raw, s, store};

/// What was sent since the last look, as `2 GetItem`, by name.
fn sent(faults: &Faults) -> String {
    let mut names: Vec<_> =
        faults.requests().into_iter().map(|request| request.operation).collect();
    names.sort();
    faults.clear_log();
    let count = |chunk: &[String]| format!("{} {}", chunk.len(), chunk[0]);
    names.chunk_by(|a, b| a == b).map(count).collect::<Vec<_>>().join(", ")
}

/// A store with the maps 1, 2, … of the first episode.
async fn maps(count: u32) -> (Database, Faults) {
    let (db, faults) = store().await;
    let maps = (1..=count).map(|map| DoomMap::new(1, map, "as stored"));
    for inserted in DoomMap::insert_many(&db, maps).await {
        inserted.expect("an insert");
    }
    faults.clear_log();
    (db, faults)
}

async fn map(session: &Session, map: u32) -> Result<Loaded<DoomMap>, Error> {
    Ok(DoomMap::get(session, (1, map)).await?.expect("the map"))
}

async fn rename(session: &Session, number: u32, name: &str) -> Result<(), Error> {
    let mut map = map(session, number).await?;
    name.clone_into(&mut map.name);
    session.save(map).map(drop)
}

/// Somebody else's change.
async fn rename_outside(db: &Database, number: u32, name: &str) -> Result<(), Error> {
    DoomMap::update(db, (1, number)).set(DoomMap::NAME, name).await
}

/// The name of a map as it is stored.
async fn name(db: &Database, map: u32) -> Option<String> {
    let found = DoomMap::get(db, (1, map)).consistent().await.expect("a read");
    found.map(|found| found.into_inner().name)
}

#[tokio::test]
async fn a_thousand_items_are_read_once_and_what_changed_is_written_once() -> Outcome {
    for in_transactions in [false, true] {
        let (db, faults) = maps(1_000).await;
        let mut session = Session::of(&db);
        let keys = || (1..=1_000).map(|map| (1, map));
        assert!(DoomMap::get_many(&session, keys()).await?.iter().all(Option::is_some));
        assert_eq!(sent(&faults), "10 BatchGetItem");

        DoomMap::get_many(&session, keys()).await?;
        for number in 1..=300 {
            rename(&session, number, "once").await?;
            rename(&session, number, "changed").await?;
        }
        // Saved as it is.
        session.save(map(&session, 301).await?)?;
        assert_eq!((sent(&faults).as_str(), session.dirty()), ("", 300));

        let flush = session.flush();
        let flushed = if in_transactions { flush.in_transactions().await } else { flush.await };
        assert_eq!((flushed.written(), flushed.failures().len()), (300, 0));
        let requests = if in_transactions { "3 TransactWriteItems" } else { "300 UpdateItem" };
        assert_eq!(sent(&faults), requests);
        let renamed = DoomMap::query(&db, 1).filter(DoomMap::NAME.eq("changed")).count().await?;
        assert_eq!(renamed, 300);
        faults.clear_log();

        // Flushed twice it writes nothing the second time.
        assert_eq!(session.flush().await.written(), 0);
        session.commit().await?;
        assert_eq!(sent(&faults), "");
        let counts = session.counts();
        assert_eq!((counts.misses, counts.hits, counts.negative_hits), (1_000, 1_601, 0));
        assert_eq!((counts.verbs, counts.written, counts.writes_saved), (601, 300, 301));
    }
    Ok(())
}

#[tokio::test]
async fn an_item_is_asked_for_once_also_one_that_is_not_there() -> Outcome {
    let (db, faults) = maps(2).await;
    let session = Session::of(&db);
    assert!(DoomMap::get(&session, (1, 1)).await?.is_some());
    assert!(DoomMap::get(&session, (1, 7)).await?.is_none());
    assert_eq!(sent(&faults), "2 GetItem");
    rename_outside(&db, 1, "theirs").await?;
    DoomMap::new(1, 7, "theirs").insert(&db).await?;
    faults.clear_log();

    assert_eq!(map(&session, 1).await?.name, "as stored");
    assert!(DoomMap::get(&session, (1, 7)).await?.is_none());
    let mut gets = Gets::of(&session);
    let (first, seventh) = (gets.get::<DoomMap>((1, 1)), gets.get::<DoomMap>((1, 7)));
    let found = gets.read().await?;
    assert_eq!(found.take(first)?.expect("known").name, "as stored");
    assert!(found.take(seventh)?.is_none());
    assert_eq!(sent(&faults), "");
    // Only what is not known is asked for.
    DoomMap::get_many(&session, [(1, 1), (1, 2), (1, 7), (9, 9)]).await?;
    let keys = faults.requests()[0].body["RequestItems"]["doom_maps"]["Keys"].clone();
    assert_eq!(keys.as_array().map(Vec::len), Some(2));
    assert_eq!(sent(&faults), "1 BatchGetItem");
    let counts = session.counts();
    assert_eq!((counts.misses, counts.hits, counts.negative_hits), (4, 3, 3));

    // What others did is met at the flush.
    session.insert(DoomMap::new(1, 7, "mine"))?;
    assert_eq!(map(&session, 7).await?.name, "mine");
    assert!(session.insert(DoomMap::new(1, 1, "mine")).is_err_and(|error| error.is_conflict()));
    assert_eq!((sent(&faults).as_str(), session.dirty()), ("", 1));
    session.discard();
    Ok(())
}

#[tokio::test]
async fn many_items_read_in_a_transaction_are_as_it_sees_them_and_are_checked() -> Outcome {
    let (db, faults) = maps(3).await;
    let tx = Transaction::begin(&db);
    let mut first = DoomMap::get(&tx, (1, 1)).await?.expect("there");
    first.name = "mine".to_owned();
    tx.save(first)?;
    tx.write(DoomMap::update(&db, (1, 2)).set(DoomMap::NAME, "mine by key"))?;
    faults.clear_log();
    let found = DoomMap::get_many(&tx, [(1, 1), (1, 2), (1, 3), (1, 4)]).await?;
    let names: Vec<_> = found.iter().flatten().map(|map| map.name.as_str()).collect();
    assert_eq!(names, ["mine", "mine by key", "as stored"]);
    assert_eq!(sent(&faults), "1 BatchGetItem");
    assert!(DoomMap::get(&tx, (1, 4)).await?.is_none());
    assert_eq!(sent(&faults), "");
    // That there was none is checked at commit, too.
    DoomMap::new(1, 4, "theirs").insert(&db).await?;
    assert!(tx.commit().await.is_err_and(|error| error.is_conflict()));
    assert_eq!(name(&db, 1).await.as_deref(), Some("as stored"));
    let finished = Transaction::begin(&db);
    finished.clone().rollback();
    assert!(matches!(DoomMap::get_many(&finished, [(1, 1)]).await, Err(Error::Usage(_))));
    Ok(())
}

#[tokio::test]
async fn the_newest_copy_counts_and_an_older_one_is_refused() -> Outcome {
    let (db, _) = maps(1).await;
    let mut session = Session::of(&db);
    let (mut first, mut second) = (map(&session, 1).await?, map(&session, 1).await?);
    let unchanged = second.clone();
    first.name = "first".to_owned();
    session.save(first)?;
    second.name = "second".to_owned();
    let refused = session.save(second.clone());
    let Err(Error::Conflict(conflict)) = refused else { panic!("an older copy was saved") };
    let newest = conflict.failures()[0].stored::<DoomMap>()?.expect("the newest copy");
    assert_eq!(newest.name, "first");
    assert!(session.delete(second.clone()).is_err_and(|error| error.is_conflict()));
    assert!(session.save(unchanged).is_err_and(|error| error.is_conflict()));

    rename(&session, 1, "third").await?;
    let handle = session.save(map(&session, 1).await?)?;
    let receipt = session.flush().await.into_result()?;
    assert_eq!(name(&db, 1).await.as_deref(), Some("third"));
    // A copy from before the flush is older than what was written.
    assert!(session.save(second).is_err_and(|error| error.is_conflict()));
    let mut written = receipt.take(handle)?;
    assert_eq!(written.version, 2);
    written.name = "fourth".to_owned();
    session.save(written)?;
    assert_eq!(session.flush().await.written(), 1);
    assert_eq!(map(&session, 1).await?.version, 3);
    Ok(())
}

#[tokio::test]
async fn only_what_differs_from_what_is_stored_is_dirty() -> Outcome {
    let (db, faults) = maps(2).await;
    // Stored by another program, without a schema.
    put_raw(&db, "doom_maps", &[("episode", n(1)), ("map", n(3)), ("name", s("raw"))]).await;
    let mut session = Session::of(&db);
    session.save(map(&session, 1).await?)?;
    session.save(map(&session, 3).await?)?;
    rename(&session, 2, "changed").await?;
    assert_eq!(session.dirty(), 1);
    rename(&session, 2, "as stored").await?;
    session.insert(DoomMap::new(1, 9, "never sent"))?;
    let unsent = map(&session, 9).await?;
    session.delete(unsent)?;
    assert!(!session.is_dirty());
    faults.clear_log();
    assert_eq!(session.flush().await.written(), 0);
    assert_eq!(sent(&faults), "");
    assert_eq!((session.counts().verbs, session.counts().writes_saved), (6, 6));

    // A change is one, also of a model without a version.
    Profile::new("ann").insert(&db).await?;
    let mut ann = Profile::get(&session, "ann").await?.expect("there");
    session.save(ann.clone())?;
    assert!(!session.is_dirty());
    ann.name = Some("Ann".to_owned());
    session.save(ann)?;
    assert!(session.is_dirty());
    session.commit().await?;
    assert_eq!(Profile::get(&db, "ann").await?.expect("there").name.as_deref(), Some("Ann"));
    Ok(())
}

#[tokio::test]
async fn keys_from_a_counter_are_taken_by_the_flush() -> Outcome {
    let (db, faults) = store().await;
    let mut session = Session::of(&db);
    let insert = |owner| session.insert(Account::of(owner, 1));
    let inserted = [insert("Ann")?, insert("Bob")?, insert("Cid")?];
    assert!(insert("").is_err());
    assert_eq!((sent(&faults).as_str(), session.dirty()), ("", 3));

    // One of them gets no key, and waits on.
    faults.next("UpdateItem", Fault::service("AccessDeniedException"));
    let first = session.flush().await;
    assert_eq!((first.written(), first.failures().len(), session.dirty()), (2, 1, 1));
    assert!(first.failures()[0].items.is_empty());
    let failed: Vec<_> = inserted.iter().filter(|one| first.failure(one).is_some()).collect();
    let [failed] = failed.as_slice() else { panic!("{} failed", failed.len()) };
    assert!(matches!(first.take((*failed).clone()), Err(Error::Usage(_))));
    faults.next("UpdateItem", Fault::service("AccessDeniedException"));
    assert!(session.commit().await.is_err());
    assert_eq!(session.dirty(), 1);
    let second = session.flush().await.into_result()?;
    let last = second.take((*failed).clone())?;
    assert_eq!(account(&db, last.id).await.owner, last.owner);
    assert_eq!(Account::get(&session, last.id).await?.expect("known").version, 1);

    let found = Account::scan(&db).try_collect().await?;
    let mut owners: Vec<_> = found.iter().map(|account| account.owner.as_str()).collect();
    owners.sort_unstable();
    assert_eq!(owners, ["Ann", "Bob", "Cid"]);
    Ok(())
}

#[tokio::test]
async fn a_session_and_its_flush_can_be_sent_to_another_thread() -> Outcome {
    let (db, _) = maps(2).await;
    let work = async move {
        let mut session = Session::of(&db);
        let (one, two) = tokio::join!(rename(&session, 1, "one"), rename(&session, 2, "two"));
        one.and(two)?;
        session.flush().at_once(0).await.into_result()?;
        Ok::<_, Error>((name(&db, 1).await, name(&db, 2).await))
    };
    let names = tokio::spawn(work).await??;
    assert_eq!(names, (Some("one".to_owned()), Some("two".to_owned())));
    Ok(())
}
