//! What the trait promises of every cache.

use std::time::Duration;

use dynamap::cache::{Cache, CacheError, Memory};
use tokio::time::{Instant, timeout};

pub(crate) const MINUTE: Duration = Duration::from_mins(1);

pub(crate) async fn there(cache: &impl Cache, key: &str) -> Result<Option<Vec<u8>>, CacheError> {
    Ok(cache.get(&[key.to_owned()]).await?.pop().flatten().map(|cached| cached.value))
}

async fn values_are_put_compared_and_returned_in_order(
    cache: impl Cache,
) -> Result<(), CacheError> {
    let every_byte: Vec<u8> = (0..=255).chain(*b"\r\nEN\r\n").collect();
    cache.set("a", every_byte.clone(), MINUTE).await?;
    cache.set("c", Vec::new(), MINUTE).await?;
    let keys = ["c", "b", "a", "c"].map(str::to_owned);
    let found = cache.get(&keys).await?;
    let values: Vec<_> =
        found.iter().map(|found| found.as_ref().map(|f| f.value.clone())).collect();
    assert_eq!(values, [Some(vec![]), None, Some(every_byte), Some(vec![])]);

    // Nothing is there.
    assert!(cache.compare_and_set("d", None, b"1".to_vec(), MINUTE).await?);
    assert!(!cache.compare_and_set("d", None, b"2".to_vec(), MINUTE).await?);
    assert_eq!(there(&cache, "d").await?.as_deref(), Some(b"1".as_slice()));
    // What was seen is there, and then is not.
    let seen = cache.get(&["d".to_owned()]).await?.pop().flatten().expect("there");
    assert!(cache.compare_and_set("d", Some(&seen), b"3".to_vec(), MINUTE).await?);
    assert!(!cache.compare_and_set("d", Some(&seen), b"4".to_vec(), MINUTE).await?);
    assert_eq!(there(&cache, "d").await?.as_deref(), Some(b"3".as_slice()));
    // An entry that was seen and is gone.
    assert!(!cache.compare_and_set("gone", Some(&seen), b"5".to_vec(), MINUTE).await?);
    assert_eq!(there(&cache, "gone").await?, None);
    // A set asks nobody.
    cache.set("d", b"6".to_vec(), MINUTE).await?;
    assert_eq!(there(&cache, "d").await?.as_deref(), Some(b"6".as_slice()));

    // As large and as long as the library makes them.
    let (key, large) = ("k".repeat(250), vec![7; 500_000]);
    cache.set(&key, large.clone(), MINUTE).await?;
    assert_eq!(there(&cache, &key).await?, Some(large));
    let keys: Vec<String> =
        (0..100).map(|number| format!("key {number}").replace(' ', "-")).collect();
    for key in &keys {
        cache.set(key, key.clone().into_bytes(), MINUTE).await?;
    }
    let found = cache.get(&keys).await?;
    let same = |(key, found): (&String, &Option<dynamap::cache::Cached>)| {
        found.as_ref().is_some_and(|found| found.value == key.as_bytes())
    };
    assert!(keys.iter().zip(&found).all(same));
    Ok(())
}

/// Each way to put has a time of its own; a time that is long is a time and no date.
async fn entries_end_with_their_time(cache: impl Cache) -> Result<(), CacheError> {
    let soon = Duration::from_millis(1);
    cache.set("set", b"1".to_vec(), soon).await?;
    cache.compare_and_set("added", None, b"1".to_vec(), soon).await?;
    cache.set("replaced", b"1".to_vec(), MINUTE).await?;
    let seen = cache.get(&["replaced".to_owned()]).await?.pop().flatten();
    assert!(cache.compare_and_set("replaced", seen.as_ref(), b"2".to_vec(), soon).await?);
    cache.set("long", b"1".to_vec(), Duration::from_hours(24 * 365)).await?;
    let keys = ["set", "added", "replaced"].map(str::to_owned);
    let end = Instant::now() + MINUTE;
    while cache.get(&keys).await?.iter().any(Option::is_some) {
        assert!(Instant::now() < end, "the entries stay");
        tokio::task::yield_now().await;
    }
    assert!(there(&cache, "long").await?.is_some());
    Ok(())
}

/// Of many that put the same entry one succeeds.
async fn one_of_many_wins<C: Cache + Clone>(cache: C) -> Result<(), CacheError> {
    cache.set("contended", b"0".to_vec(), MINUTE).await?;
    for _ in 0..20 {
        let seen = cache.get(&["contended".to_owned()]).await?.pop().flatten();
        let tries: Vec<_> = (0..16_u8)
            .map(|number| {
                let (cache, seen) = (cache.clone(), seen.clone());
                tokio::spawn(async move {
                    let value = format!("{number} {:?}", seen.as_ref().map(|seen| &seen.value));
                    cache.compare_and_set("contended", seen.as_ref(), value.into(), MINUTE).await
                })
            })
            .collect();
        let mut wins = 0;
        for attempt in tries {
            wins += usize::from(attempt.await.expect("no panic")?);
        }
        assert_eq!(wins, 1);
        cache.set("contended", b"0".to_vec(), MINUTE).await?;
    }
    Ok(())
}

/// A request that is given up half-way does not answer another one.
async fn what_is_given_up_answers_nobody_else(cache: impl Cache) -> Result<(), CacheError> {
    for number in 0..200_u64 {
        let (mine, other) = (format!("mine-{number}"), format!("other-{number}"));
        cache.set(&mine, mine.clone().into_bytes(), MINUTE).await?;
        cache.set(&other, other.clone().into_bytes(), MINUTE).await?;
        let asked = [other];
        let _ = timeout(Duration::from_micros(number), cache.get(&asked)).await;
        assert_eq!(there(&cache, &mine).await?, Some(mine.clone().into_bytes()));
    }
    Ok(())
}

pub(crate) async fn all<C: Cache + Clone>(cache: C) -> Result<(), CacheError> {
    values_are_put_compared_and_returned_in_order(cache.clone()).await?;
    entries_end_with_their_time(cache.clone()).await?;
    one_of_many_wins(cache.clone()).await?;
    what_is_given_up_answers_nobody_else(cache).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cache_in_the_process_keeps_the_contract() -> Result<(), CacheError> {
    all(Memory::new(8 << 20)).await
}

#[tokio::test]
async fn a_cache_in_the_process_is_no_larger_than_it_may() -> Result<(), CacheError> {
    let memory = Memory::new(10_000);
    for number in 0..100 {
        memory.set(&format!("{number}"), vec![0; 1000], MINUTE).await?;
    }
    let keys: Vec<_> = (0..100).map(|number| format!("{number}")).collect();
    let end = Instant::now() + MINUTE;
    loop {
        let kept = memory.get(&keys).await?.iter().flatten().count();
        if (1..=10).contains(&kept) {
            return Ok(());
        }
        assert!(Instant::now() < end, "{kept} entries");
    }
}
