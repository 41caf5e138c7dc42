//! Sweeps: every item at least once, whatever happens, and none twice behind a checkpoint.

use std::collections::{BTreeMap, BTreeSet};
use std::future::{Ready, pending, ready};
use std::sync::{Mutex, MutexGuard, PoisonError};

use dynamap::error::SweepError;
use dynamap::faults::{Fault, Faults};
use dynamap::{
    AttributeValue, Checkpoint, Cursor, Database, Error, Item, Model, Projection, Sweep,
    SweepProgress, Transaction,
};
use tokio::sync::Notify;

use crate::support::{DoomMap, Outcome, n, put_raw, s, store};

/// So many maps, each of an episode of its own, so that every segment has some.
const MAPS: u32 = 17;

async fn maps() -> Result<(Database, Faults), Error> {
    let (db, faults) = store().await;
    for episode in 1..=MAPS {
        DoomMap::new(episode, 1, &format!("E{episode}M1")).insert(&db).await?;
    }
    faults.clear_log();
    Ok((db, faults))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn all() -> BTreeSet<u32> {
    (1..=MAPS).collect()
}

/// How often each map was visited.
#[derive(Default)]
struct Visits(Mutex<BTreeMap<u32, usize>>);

impl Visits {
    fn note(&self, episode: u32) {
        *lock(&self.0).entry(episode).or_default() += 1;
    }

    fn visit(&self, episode: u32) -> Ready<Result<(), Error>> {
        self.note(episode);
        ready(Ok(()))
    }

    fn episodes(&self) -> BTreeSet<u32> {
        lock(&self.0).keys().copied().collect()
    }

    fn most(&self) -> usize {
        lock(&self.0).values().copied().max().unwrap_or_default()
    }
}

/// Where checkpoints are stored, as text.
#[derive(Default)]
struct Stored(Mutex<Option<String>>);

impl Stored {
    fn put(&self, checkpoint: &Checkpoint) {
        *lock(&self.0) = Some(checkpoint.cursor.to_string());
    }

    fn keep(&self, checkpoint: &Checkpoint) -> Ready<Result<(), Error>> {
        self.put(checkpoint);
        ready(Ok(()))
    }

    fn cursor(&self) -> Result<Option<Cursor>, Error> {
        lock(&self.0).as_deref().map(str::parse).transpose()
    }
}

fn sweep(db: &Database, segments: usize) -> Sweep<'_, DoomMap> {
    DoomMap::scan(db).segments(segments).page_size(2).sweep()
}

/// The maps that are not behind a cursor, as a scan says.
async fn behind(
    db: &Database,
    segments: usize,
    cursor: Option<Cursor>,
) -> Result<BTreeSet<u32>, Error> {
    let mut maps = DoomMap::scan(db).segments(segments).page_size(2).resume(cursor);
    let mut rest = BTreeSet::new();
    while let Some(map) = maps.next().await {
        assert!(rest.insert(map?.episode));
    }
    Ok(rest)
}

async fn nothing<T>(_: T) -> Result<(), Error> {
    Ok(())
}

#[tokio::test]
async fn a_sweep_visits_every_item_once_and_tells_of_every_page() -> Outcome {
    let (db, faults) = maps().await?;
    for segments in [1, 3, 40] {
        let (visits, events) = (Visits::default(), Mutex::new(Vec::new()));
        let swept = sweep(&db, segments)
            .on_progress(|progress| lock(&events).push(progress))
            .run(|map| visits.visit(map.episode))
            .await?;
        assert!(swept.is_finished() && swept.failed.is_empty());
        assert_eq!((visits.episodes(), visits.most()), (all(), 1));
        let SweepProgress { items, pages, failures, segments_done, .. } = swept.progress;
        assert_eq!((items, failures, segments_done), (17, 0, segments));
        let events = std::mem::take(&mut *lock(&events));
        assert_eq!((events.len(), events.last()), (pages, Some(&swept.progress)));
        assert!(events.windows(2).all(|two| two[0].items <= two[1].items));
        // What is finished has nothing left to do.
        faults.clear_log();
        let again = sweep(&db, segments).resume(swept.cursor).run(nothing).await?;
        assert!(again.is_finished() && again.progress.items == 0);
        assert!(faults.requests().is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn a_sweep_killed_at_any_visit_is_resumed_from_its_checkpoint() -> Outcome {
    for (segments, at_once) in [(1, 1), (1, 4), (3, 1), (3, 16)] {
        let (db, _) = maps().await?;
        for kill in 1..=MAPS {
            let (first, killed, stored) = (Visits::default(), Notify::new(), Stored::default());
            let begun = Visits::default();
            let (first_, begun_, killed_, db_) = (&first, &begun, &killed, &db);
            let run = sweep(&db, segments)
                .at_once(at_once)
                .checkpoint(|checkpoint| stored.keep(&checkpoint))
                .run(|map| async move {
                    begun_.note(map.episode);
                    if begun_.episodes().len() == kill as usize {
                        killed_.notify_one();
                        pending::<()>().await;
                    }
                    DoomMap::get(db_, (map.episode, 1)).await?;
                    first_.note(map.episode);
                    Ok::<_, Error>(())
                });
            tokio::select! {
                done = run => panic!("it ended: {done:?}"),
                () = killed.notified() => {}
            }
            resumed(&db, segments, &first, &stored).await?;
        }
    }
    Ok(())
}

/// Resumes a sweep and checks that it visits what is behind the checkpoint, each item once, and that the rest was done.
async fn resumed(db: &Database, segments: usize, first: &Visits, stored: &Stored) -> Outcome {
    let rest = behind(db, segments, stored.cursor()?).await?;
    let done: BTreeSet<u32> = all().difference(&rest).copied().collect();
    assert!(done.is_subset(&first.episodes()), "a checkpoint covers what was not done");
    let second = Visits::default();
    let swept =
        sweep(db, segments).resume(stored.cursor()?).run(|map| second.visit(map.episode)).await?;
    assert!(swept.is_finished());
    assert!(second.most() <= 1);
    assert_eq!(second.episodes(), rest, "none twice behind a checkpoint, and none lost");
    Ok(())
}

#[tokio::test]
async fn a_sweep_killed_at_any_checkpoint_is_resumed_from_the_last_stored_one() -> Outcome {
    for segments in [1, 3] {
        let (db, _) = maps().await?;
        let (mut kill, mut finished) = (1, false);
        while !finished {
            for applied in [false, true] {
                let (first, stored, killed) = (Visits::default(), Stored::default(), Notify::new());
                let count = Mutex::new(0);
                let (stored_, killed_, count_) = (&stored, &killed, &count);
                let run = sweep(&db, segments)
                    .checkpoint(move |checkpoint| async move {
                        *lock(count_) += 1;
                        let last = *lock(count_) == kill;
                        if !last || applied {
                            stored_.put(&checkpoint);
                        }
                        if last {
                            killed_.notify_one();
                            pending::<()>().await;
                        }
                        Ok::<_, Error>(())
                    })
                    .run(|map| first.visit(map.episode));
                tokio::select! {
                    done = run => finished = done?.is_finished(),
                    () = killed.notified() => {}
                }
                resumed(&db, segments, &first, &stored).await?;
            }
            kill += 1;
        }
        assert!(kill >= 9, "every page has a checkpoint, unless several end at once");
    }
    Ok(())
}

#[tokio::test]
async fn checkpoints_are_stored_one_after_the_other_and_each_covers_more() -> Outcome {
    let (db, _) = maps().await?;
    let (log, under_way) = (Mutex::new(Vec::new()), Mutex::new(0));
    let (log_, under_way_) = (&log, &under_way);
    let swept = sweep(&db, 4)
        .checkpoint(move |checkpoint| async move {
            *lock(under_way_) += 1;
            assert_eq!(*lock(under_way_), 1);
            tokio::task::yield_now().await;
            *lock(under_way_) -= 1;
            lock(log_).push((checkpoint.cursor, checkpoint.progress));
            Ok::<_, Error>(())
        })
        .run(nothing)
        .await?;
    let log = std::mem::take(&mut *lock(&log));
    let mut before = all();
    for (cursor, progress) in &log {
        let rest = behind(&db, 4, Some(cursor.clone())).await?;
        assert!(rest.is_subset(&before));
        assert_eq!(rest.len(), 17 - progress.items);
        before = rest;
    }
    assert_eq!(log.last(), Some(&(swept.cursor, swept.progress)));
    Ok(())
}

#[tokio::test]
async fn a_sweep_that_is_stopped_ends_at_a_checkpoint() -> Outcome {
    let (db, _) = maps().await?;
    for (segments, stop_at) in [(1, 1), (1, 5), (3, 4), (3, 17)] {
        let (first, stop, stored) = (Visits::default(), Notify::new(), Stored::default());
        let swept = sweep(&db, segments)
            .until(stop.notified())
            .checkpoint(|checkpoint| stored.keep(&checkpoint))
            .run(|map| {
                first.note(map.episode);
                if first.episodes().len() == stop_at {
                    stop.notify_one();
                }
                nothing(map)
            })
            .await?;
        assert_eq!(swept.progress.items, first.episodes().len(), "no page is left half done");
        assert_eq!(stored.cursor()?, Some(swept.cursor.clone()));
        assert_eq!(
            swept.is_finished(),
            behind(&db, segments, Some(swept.cursor.clone())).await?.is_empty()
        );
        if stop_at < 8 {
            assert!(!swept.is_finished());
        }
        resumed(&db, segments, &first, &stored).await?;
    }
    Ok(())
}

#[tokio::test]
async fn at_most_so_many_actions_are_under_way_at_once() -> Outcome {
    let (db, _) = maps().await?;
    for (segments, at_once) in [(1, 1), (4, 1), (4, 3), (1, 16), (4, 0)] {
        let (under_way, most) = (Mutex::new(0_usize), Mutex::new(0));
        let (under_way_, most_) = (&under_way, &most);
        let scan = DoomMap::scan(&db).segments(segments).sweep();
        scan.at_once(at_once)
            .run(|_| async move {
                *lock(under_way_) += 1;
                for _ in 0..20 {
                    let (now, before) = (*lock(under_way_), *lock(most_));
                    *lock(most_) = now.max(before);
                    tokio::task::yield_now().await;
                }
                *lock(under_way_) -= 1;
                Ok::<_, Error>(())
            })
            .await?;
        assert_eq!(*lock(&most), at_once.max(1));
    }
    Ok(())
}

/// An item of table `doom_maps` that is no map: it has no name.
async fn put_broken(db: &Database, episode: u32) {
    put_raw(db, "doom_maps", &[("episode", n(episode)), ("map", n(1))]).await;
}

#[tokio::test]
async fn items_that_cannot_be_read_or_acted_on_are_listed_up_to_a_number() -> Outcome {
    let (db, _) = maps().await?;
    put_broken(&db, 5).await;
    let (told, visits) = (Mutex::new(Vec::new()), Visits::default());
    let (told_, visits_) = (&told, &visits);
    let run = |tolerated| {
        let sweep = sweep(&db, 3).tolerate(tolerated).checkpoint(move |checkpoint| async move {
            lock(told_).extend(checkpoint.failed.iter().map(ToString::to_string));
            Ok::<_, Error>(())
        });
        sweep.run(move |map| async move {
            visits_.note(map.episode);
            if map.episode == 9 { Err("nine".to_owned()) } else { Ok(()) }
        })
    };
    let swept = run(2).await?;
    assert!(swept.is_finished());
    assert_eq!(visits.episodes().len(), 16, "all that can be read");
    assert_eq!((swept.progress.items, swept.progress.failures), (17, 2));
    let mut failed: Vec<_> = swept.failed.iter().map(ToString::to_string).collect();
    failed.sort();
    lock(&told).sort();
    assert_eq!(*lock(&told), failed, "each is told by one checkpoint");
    assert!(
        failed[0].starts_with("item (episode = 5, map = 1) of table doom_maps: "),
        "{failed:?}"
    );
    assert_eq!(failed[1], "item (episode = 9, map = 1) of table doom_maps: nine");
    let unreadable = swept.failed.iter().find_map(|item| item.error.downcast_ref::<Error>());
    assert!(matches!(unreadable, Some(Error::Decode(_))), "{unreadable:?}");

    for (tolerated, expected) in [(1, 2), (0, 1)] {
        let error = run(tolerated).await.expect_err("too many");
        let Error::Sweep(failure) = error else { panic!("{error:?}") };
        assert!(
            failure.to_string().contains(&format!("tolerates {tolerated}; the last one was item"))
        );
        let SweepError::Failures { failed, .. } = *failure else { panic!("{failure:?}") };
        assert_eq!(failed.len(), expected);
    }
    Ok(())
}

#[tokio::test]
async fn a_page_with_one_failure_too_many_is_visited_again() -> Outcome {
    let (db, _) = maps().await?;
    for segments in [1, 3] {
        for broken in 1..=MAPS {
            let (stored, first) = (Stored::default(), Visits::default());
            let sweeping = sweep(&db, segments).checkpoint(|checkpoint| stored.keep(&checkpoint));
            let first_ = &first;
            let swept = sweeping.run(move |map| async move {
                if map.episode == broken {
                    return Err("broken");
                }
                first_.note(map.episode);
                Ok(())
            });
            assert!(matches!(swept.await, Err(Error::Sweep(_))));
            assert!(behind(&db, segments, stored.cursor()?).await?.contains(&broken));
            resumed(&db, segments, &first, &stored).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_stored_ends_the_sweep() -> Outcome {
    let (db, _) = maps().await?;
    let (stored, first, count) = (Stored::default(), Visits::default(), Mutex::new(0));
    let sweeping = sweep(&db, 3).checkpoint(async |checkpoint| {
        *lock(&count) += 1;
        if *lock(&count) == 3 {
            return Err("the disk is full");
        }
        stored.put(&checkpoint);
        Ok(())
    });
    let swept = sweeping.run(|map| first.visit(map.episode));
    let Err(Error::Sweep(failure)) = swept.await else { panic!("it went on") };
    assert_eq!(
        failure.to_string(),
        "a checkpoint of the sweep of table doom_maps could not be stored"
    );
    let source = std::error::Error::source(&*failure).expect("the reason");
    assert_eq!(source.to_string(), "the disk is full");
    assert_eq!(*lock(&count), 3, "no other one was tried");
    resumed(&db, 3, &first, &stored).await
}

#[tokio::test(start_paused = true)]
async fn a_sweep_goes_on_after_faults_and_ends_where_the_service_refuses() -> Outcome {
    let (db, faults) = maps().await?;
    for fault in [Fault::LoseAnswer, Fault::Hang, Fault::service("ThrottlingException")] {
        let visits = Visits::default();
        faults.next("Scan", fault.clone());
        faults.next("Scan", fault.clone());
        sweep(&db, 2).run(|map| visits.visit(map.episode)).await?;
        assert_eq!((visits.episodes(), visits.most()), (all(), 1), "{fault:?}");
        assert_eq!(faults.pending(), 0);
    }
    let (stored, first) = (Stored::default(), Visits::default());
    let refused = sweep(&db, 2)
        .checkpoint(async |checkpoint| {
            stored.put(&checkpoint);
            faults.always("Scan", Fault::service("AccessDeniedException"));
            Ok::<_, Error>(())
        })
        .run(|map| first.visit(map.episode))
        .await;
    assert!(matches!(refused, Err(Error::Denied(_))), "{refused:?}");
    faults.clear();
    resumed(&db, 2, &first, &stored).await
}

#[derive(Debug, Projection)]
#[model(of = DoomMap)]
struct Name {
    name: String,
}

#[tokio::test]
async fn a_sweep_yields_what_its_scan_yields() -> Outcome {
    let (db, _) = maps().await?;
    put_raw(&db, "doom_maps", &[("episode", n(99)), ("map", n(1)), ("extra", s("x"))]).await;
    let (names, plain, raw) = (Mutex::new(0), Mutex::new(0), Mutex::new(0));
    let scan = DoomMap::scan(&db).filter(DoomMap::NAME.exists());
    let selected = scan.select::<Name>().sweep().run(async |found: Name| {
        *lock(&names) += usize::from(found.name.starts_with('E'));
        Ok::<_, Error>(())
    });
    selected.await?;
    let late = DoomMap::scan(&db).filter(DoomMap::EPISODE.between(10, 17)).plain().segments(2);
    late.sweep()
        .run(async |map: DoomMap| {
            *lock(&plain) += usize::from(map.version == 1);
            Ok::<_, Error>(())
        })
        .await?;
    let items = DoomMap::scan(&db).raw().segments(2).sweep().run(async |item: Item| {
        *lock(&raw) += usize::from(matches!(item.get("episode"), Some(AttributeValue::N(_))));
        Ok::<_, Error>(())
    });
    items.await?;
    assert_eq!((*lock(&names), *lock(&plain), *lock(&raw)), (17, 8, 18));
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_swept_is_refused_before_anything_is_sent() -> Outcome {
    let (db, faults) = maps().await?;
    let stale = sweep(&db, 3).run(nothing).await?.cursor;
    faults.clear_log();
    let tx = Transaction::begin(&db);
    let error = DoomMap::scan(&tx).sweep().run(nothing).await.expect_err("in a transaction");
    assert!(matches!(error, Error::Usage(_)), "{error:?}");
    let error = DoomMap::scan(&db).limit(3).sweep().run(nothing).await.expect_err("a limit");
    assert!(matches!(error, Error::Usage(_)), "{error:?}");
    let error = sweep(&db, 0).run(nothing).await.expect_err("no segments");
    assert!(matches!(error, Error::Usage(_)), "{error:?}");
    for other in [sweep(&db, 2), DoomMap::scan(&db).sweep()] {
        let error = other.resume(stale.clone()).run(nothing).await.expect_err("another scan");
        assert!(matches!(error, Error::ForeignCursor), "{error:?}");
    }
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_sweep_is_allowed_where_scans_are_forbidden_and_can_be_spawned() -> Outcome {
    let (db, _) = maps().await?;
    let db = Database::builder(db.client().clone()).forbid_scans().build();
    let task = tokio::spawn(async move {
        let (db_, visits) = (&db, Visits::default());
        let swept = sweep(&db, 2)
            .until(pending())
            .on_progress(|_| {})
            .checkpoint(|_| nothing(()))
            .run(|mut map| {
                visits.note(map.episode);
                async move {
                    map.name.push('!');
                    map.save(db_).await
                }
            })
            .await?;
        Ok::<_, Error>((
            swept.progress.items,
            DoomMap::get(&db, (1, 1)).await?.expect("there").name.clone(),
        ))
    });
    assert_eq!(task.await??, (17, "E1M1!".to_owned()));
    Ok(())
}
