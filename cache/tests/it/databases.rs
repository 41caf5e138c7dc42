//! A database with a cache: fills and writes that race.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dynamap::cache::{Cache, CacheOutcome, Memory};
use dynamap::faults::Faults;
use dynamap::{Caching, Database, Model, Table};

use crate::contract::MINUTE;

pub(crate) type Outcome = Result<(), Box<dyn std::error::Error>>;

#[derive(Debug, Clone, Model)]
#[model(table = "accounts", validate = false)]
pub(crate) struct Account {
    #[model(hash_key)]
    pub(crate) id: u64,
    pub(crate) balance: i64,
    #[model(version)]
    pub(crate) version: u64,
}

pub(crate) fn account(id: u64) -> Account {
    Account { id, balance: 0, version: 0 }
}

/// What the cache was, in numbers.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) hits: AtomicUsize,
    pub(crate) failures: AtomicUsize,
}

pub(crate) async fn store(
    cache: impl Cache,
) -> Result<(Database, Faults, Arc<Seen>), Box<dyn std::error::Error>> {
    let faults = Faults::new();
    let client = faults.wrap(&dynamap::embedded::memory()?)?;
    let seen = Arc::<Seen>::default();
    let told = Arc::clone(&seen);
    let caching = Caching::new(cache)
        .every_model(MINUTE)
        .timeout(Duration::from_secs(5))
        .on_report(move |report| match report.outcome {
            CacheOutcome::Hit => drop(told.hits.fetch_add(1, Ordering::Relaxed)),
            CacheOutcome::Failed(_) => drop(told.failures.fetch_add(1, Ordering::Relaxed)),
            _ => {}
        });
    let db = Database::builder(client).cache(caching).build();
    Table::<Account>::create(&db).await?;
    Ok((db, faults, seen))
}

/// A reader has read version 1; a writer writes version 2 and fills; then the reader's fill arrives.
pub(crate) async fn version_2_stays(cache: impl Cache) -> Outcome {
    let (db, faults, _) = store(cache).await?;
    let stranger = Database::new(db.client().clone());
    for id in 0..20 {
        let mut ann = account(id).insert(&stranger).await?;
        let gate = faults.pause_answer("GetItem");
        let reader = db.clone();
        let read = tokio::spawn(async move { Account::get(&reader, id).await });
        gate.reached().await;
        ann.balance = 2;
        ann.save(&db).await?;
        gate.release();
        assert_eq!(read.await??.expect("there").version, 1);
        let requests = faults.requests().len();
        assert_eq!(Account::get(&db, id).await?.expect("there").version, 2);
        assert_eq!(faults.requests().len(), requests, "from the cache");
        // A deleted item does not come back either.
        ann.delete(&db).await?;
        let mut bob = account(id + 100).insert(&stranger).await?;
        let gate = faults.pause_answer("GetItem");
        let reader = db.clone();
        let read = tokio::spawn(async move { Account::get(&reader, id + 100).await });
        gate.reached().await;
        bob.balance = 3;
        bob.delete(&db).await?;
        gate.release();
        assert!(read.await??.is_some());
        assert!(Account::get(&db, id + 100).await?.is_none());
    }
    Ok(())
}

/// Readers and writers at once; each reader sees versions that only rise once its own writes are told.
pub(crate) async fn a_writer_reads_its_own_writes(cache: impl Cache) -> Outcome {
    let (db, _, seen) = store(cache).await?;
    account(1).insert(&db).await?;
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let db = db.clone();
            tokio::spawn(async move {
                let mut last = 0;
                for _ in 0..100 {
                    let version = Account::get(&db, 1).await?.expect("there").version;
                    assert!(version >= last, "version {version} after {last}");
                    last = version;
                }
                Ok::<_, dynamap::Error>(())
            })
        })
        .collect();
    for balance in 1..=30 {
        let mut ann = Account::get(&db, 1).await?.expect("there");
        ann.balance = balance;
        ann.save(&db).await?;
        assert_eq!(Account::get(&db, 1).await?.expect("there").balance, balance);
    }
    for reader in readers {
        reader.await??;
    }
    assert!(seen.hits.load(Ordering::Relaxed) > 0);
    assert_eq!(seen.failures.load(Ordering::Relaxed), 0);
    Ok(())
}

#[tokio::test]
async fn a_late_fill_does_not_replace_what_is_newer_in_the_process() -> Outcome {
    version_2_stays(Memory::new(1 << 20)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_writes_reads_it_from_the_process() -> Outcome {
    a_writer_reads_its_own_writes(Memory::new(1 << 20)).await
}
