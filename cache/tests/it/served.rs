//! The same with the real servers, and what becomes of a program whose server is killed.

use std::sync::atomic::Ordering;

use dynamap::cache::{Cache, CacheError, Memcached, Redis};
use dynamap::{Model, Table};

use crate::contract::{MINUTE, all, there};
use crate::databases::{
    Account, Outcome, a_writer_reads_its_own_writes, account, store, version_2_stays,
};
use crate::servers::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memcached_keeps_the_contract() -> Result<(), CacheError> {
    let server = Server::memcached();
    all(Memcached::new(format!("tcp://127.0.0.1:{}", server.port))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_keeps_the_contract() -> Result<(), CacheError> {
    let server = Server::redis();
    all(Redis::new(&format!("redis://127.0.0.1:{}", server.port))?).await
}

#[tokio::test]
async fn memcached_takes_values_as_large_as_it_says_and_no_larger() -> Result<(), CacheError> {
    let server = Server::memcached();
    let memcached = Memcached::new(format!("tcp://127.0.0.1:{}", server.port));
    let (key, largest) = ("k".repeat(250), memcached.largest().expect("a limit"));
    memcached.set(&key, vec![7; largest], MINUTE).await?;
    assert_eq!(there(&memcached, &key).await?.map(|value| value.len()), Some(largest));
    assert!(memcached.set(&key, vec![7; largest + 1024], MINUTE).await.is_err());
    memcached.set(&key, b"small".to_vec(), MINUTE).await?;
    assert_eq!(there(&memcached, &key).await?.as_deref(), Some(b"small".as_slice()));
    Ok(())
}

/// Many small values: an item that the store takes, and whose entry is larger than 1 MB.
#[derive(Debug, Clone, Model)]
#[model(table = "notes", validate = false)]
struct Note {
    #[model(hash_key)]
    id: u64,
    lines: Vec<String>,
    #[model(version)]
    version: u64,
}

#[tokio::test]
async fn an_item_that_is_too_large_for_memcached_is_read_from_the_store() -> Outcome {
    // Also where nobody said that the server takes less.
    for item_size in [1 << 20, 16 << 20] {
        let server = Server::memcached();
        let memcached = Memcached::new(format!("tcp://127.0.0.1:{}", server.port));
        let memcached = memcached.item_size(item_size);
        let is_said = memcached.largest() < Some(1 << 20);
        let (db, _, seen) = store(memcached).await?;
        Table::<Note>::create(&db).await?;
        let mut note = Note { id: 1, lines: Vec::new(), version: 0 }.insert(&db).await?;
        account(1).insert(&db).await?;
        note.lines = vec![String::new(); 120_000];
        note.save(&db).await?;
        assert_eq!(seen.failures.load(Ordering::Relaxed), usize::from(!is_said));
        assert_eq!(Note::get(&db, 1).await?.expect("there").lines.len(), 120_000);
        // The cache does not rest.
        let hits = seen.hits.load(Ordering::Relaxed);
        assert!(Account::get(&db, 1).await?.is_some());
        assert_eq!(seen.hits.load(Ordering::Relaxed), hits + 1);
    }
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error() -> Result<(), CacheError> {
    let mut server = Server::memcached();
    server.kill();
    let memcached = Memcached::new(format!("tcp://127.0.0.1:{}", server.port));
    assert!(there(&memcached, "a").await.is_err());
    let redis = Redis::new(&format!("redis://127.0.0.1:{}", server.port))?;
    assert!(there(&redis, "a").await.is_err());
    assert!(Redis::new("no address").is_err());
    Ok(())
}

#[tokio::test]
async fn a_late_fill_does_not_replace_what_is_newer_in_memcached() -> Outcome {
    let server = Server::memcached();
    version_2_stays(Memcached::new(format!("tcp://127.0.0.1:{}", server.port))).await
}

#[tokio::test]
async fn a_late_fill_does_not_replace_what_is_newer_in_redis() -> Outcome {
    let server = Server::redis();
    version_2_stays(Redis::new(&format!("redis://127.0.0.1:{}", server.port))?).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_writes_reads_it_from_memcached() -> Outcome {
    let server = Server::memcached();
    a_writer_reads_its_own_writes(Memcached::new(format!("tcp://127.0.0.1:{}", server.port))).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_writes_reads_it_from_redis() -> Outcome {
    let server = Server::redis();
    a_writer_reads_its_own_writes(Redis::new(&format!("redis://127.0.0.1:{}", server.port))?).await
}

/// The server goes in the middle, and comes back.
async fn a_killed_server_fails_nothing(cache: impl Cache, mut server: Server) -> Outcome {
    let (db, _, seen) = store(cache).await?;
    let mut ann = account(1).insert(&db).await?;
    Account::get(&db, 1).await?;
    assert_eq!(seen.hits.load(Ordering::Relaxed), 1);
    server.kill();
    for balance in 1..=5 {
        ann.balance = balance;
        ann.save(&db).await?;
        assert_eq!(Account::get(&db, 1).await?.expect("there").balance, balance);
        assert!(Account::get_many(&db, [1, 2]).await?[0].is_some());
    }
    assert!(seen.failures.load(Ordering::Relaxed) >= 5);
    assert_eq!(seen.hits.load(Ordering::Relaxed), 1);
    server.restart();
    let end = tokio::time::Instant::now() + MINUTE;
    // It rests for a second, and then is used again.
    while seen.hits.load(Ordering::Relaxed) == 1 {
        assert_eq!(Account::get(&db, 1).await?.expect("there").balance, 5);
        assert!(tokio::time::Instant::now() < end, "the cache is not used again");
    }
    Ok(())
}

#[tokio::test]
async fn memcached_that_is_killed_fails_nothing() -> Outcome {
    let server = Server::memcached();
    let cache = Memcached::new(format!("tcp://127.0.0.1:{}", server.port));
    a_killed_server_fails_nothing(cache, server).await
}

#[tokio::test]
async fn redis_that_is_killed_fails_nothing() -> Outcome {
    let server = Server::redis();
    let cache = Redis::new(&format!("redis://127.0.0.1:{}", server.port))?;
    a_killed_server_fails_nothing(cache, server).await
}
