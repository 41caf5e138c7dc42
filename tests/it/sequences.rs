//! Sequences: counters, blocks, named ones, and their administration.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::ops::RangeInclusive;
use std::time::Duration;

use dynamap::faults::{Fault, Faults};
use dynamap::{
    Attribute, Database, Error, Gapless, Model, RetryPolicy, RunError, Sequence, Table, Transaction,
};

use crate::support::{Account, Outcome, held, n, put_raw, s, stored};

/// A database with the tables, which takes the ids of accounts as it is told.
async fn shop(blocks: Option<RangeInclusive<u64>>) -> (Database, Faults) {
    let faults = Faults::new();
    let client = dynamap::embedded::memory().expect("an embedded store");
    let client = faults.wrap(&client).expect("the client has a connector");
    let builder = Database::builder(client).seed(7);
    let builder = match blocks {
        Some(sizes) => builder.blocks::<Account>(sizes),
        None => builder,
    };
    let db = builder.build();
    Table::<Account>::create(&db).await.expect("accounts");
    faults.clear_log();
    (db, faults)
}

async fn insert(db: &Database) -> Result<u64, Error> {
    Ok(Account::of("someone", 1).insert(db).await?.id)
}

/// What the counter of accounts says.
async fn taken(db: &Database) -> u64 {
    Sequence::<Account>::of(db).peek().await.expect("a read")
}

/// 8 tasks insert 1,000 accounts each; the ids of each task in their order.
async fn inserts(db: &Database) -> Result<Vec<Vec<u64>>, Box<dyn std::error::Error>> {
    let tasks = (0..8).map(|_| {
        let db = db.clone();
        tokio::spawn(async move {
            let mut ids = Vec::new();
            for _ in 0..1_000 {
                ids.push(insert(&db).await?);
            }
            Ok::<_, Error>(ids)
        })
    });
    let mut ids = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        ids.push(task.await??);
    }
    Ok(ids)
}

/// They rise in each task, and all are different.
fn assert_unique_and_rising(ids: &[Vec<u64>]) -> BTreeSet<u64> {
    for of_task in ids {
        assert!(of_task.is_sorted_by(|a, b| a < b));
    }
    let all: BTreeSet<u64> = ids.iter().flatten().copied().collect();
    assert_eq!(all.len(), ids.iter().map(Vec::len).sum::<usize>());
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_tasks_take_8000_ids_from_a_counter_without_a_gap() -> Outcome {
    let (db, faults) = shop(None).await;
    let ids = assert_unique_and_rising(&inserts(&db).await?);
    assert_eq!((ids.first(), ids.last()), (Some(&1), Some(&8_000)));
    assert_eq!(faults.count("UpdateItem"), 8_000);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_tasks_take_8000_ids_in_blocks_with_a_request_for_100() -> Outcome {
    let (db, faults) = shop(Some(100..=100)).await;
    let ids = assert_unique_and_rising(&inserts(&db).await?);
    // One block is ahead of need, at most.
    assert!(ids.last() <= Some(&8_000));
    let requests = faults.count("UpdateItem");
    assert!((80..=81).contains(&requests), "{requests} requests to the counter");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_tasks_take_numbers_without_gaps_in_transactions() -> Outcome {
    const INVOICES: Gapless = Gapless::new("invoices");
    let (db, _) = shop(None).await;
    let tasks = (0..8_u64).map(|task| {
        let db = db.clone();
        tokio::spawn(async move {
            let mut numbers = Vec::new();
            for _ in 0..25 {
                let number = loop {
                    let work = Transaction::run(&db, |tx| async move { INVOICES.next(&tx).await });
                    match work.await {
                        Ok(number) => break number,
                        Err(RunError::Failed(error)) if error.is_retryable() => {}
                        Err(error) => panic!("task {task}: {error}"),
                    }
                };
                numbers.push(number);
            }
            numbers
        })
    });
    let mut numbers = Vec::new();
    for task in tasks.collect::<Vec<_>>() {
        numbers.push(task.await?);
    }
    assert_eq!(assert_unique_and_rising(&numbers), (1..=200).collect());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn blocks_grow_with_the_pace_and_shrink_without() -> Outcome {
    let (db, faults) = shop(Some(10..=40)).await;
    for _ in 0..70 {
        insert(&db).await?;
        // The embedded store answers at once: let others run.
        tokio::task::yield_now().await;
    }
    // 10, 20, 40, and the next one ahead of need.
    assert_eq!((faults.count("UpdateItem"), taken(&db).await), (4, 110));
    tokio::time::advance(Duration::from_secs(61)).await;
    for _ in 0..20 {
        insert(&db).await?;
        tokio::task::yield_now().await;
    }
    assert_eq!((faults.count("UpdateItem"), taken(&db).await), (5, 130));
    Ok(())
}

#[tokio::test]
async fn the_next_block_is_taken_before_this_one_is_used_up() -> Outcome {
    let (db, faults) = shop(Some(4..=4)).await;
    insert(&db).await?;
    let gate = faults.pause("UpdateItem");
    // Half is given out: a task takes the next block, and nobody waits for it.
    for expected in 2..=4 {
        assert_eq!(insert(&db).await?, expected);
    }
    gate.reached().await;
    // Now they do, all for the same one.
    let waiting = [(); 3].map(|()| {
        let db = db.clone();
        tokio::spawn(async move { insert(&db).await })
    });
    tokio::task::yield_now().await;
    gate.release();
    let mut ids = BTreeSet::new();
    for task in waiting {
        ids.insert(task.await??);
    }
    assert_eq!(ids, [5, 6, 7].into());
    assert!(taken(&db).await <= 12);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_block_whose_answer_is_lost_is_a_gap_and_never_given_out() -> Outcome {
    let (db, faults) = shop(Some(4..=4)).await;
    faults.next("UpdateItem", Fault::LoseAnswer);
    assert_eq!(insert(&db).await?, 5);
    assert_eq!(taken(&db).await, 8);
    Ok(())
}

#[tokio::test]
async fn a_block_whose_caller_goes_away_is_a_gap_and_the_next_one_is_taken() -> Outcome {
    let (db, faults) = shop(Some(4..=4)).await;
    let gate = faults.pause_answer("UpdateItem");
    let mut task = tokio::spawn({
        let db = db.clone();
        async move { insert(&db).await }
    });
    held(&gate, &mut task).await;
    task.abort();
    assert!(task.await.is_err_and(|error| error.is_cancelled()));
    gate.release();
    assert_eq!(insert(&db).await?, 5);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_block_that_cannot_be_taken_ahead_is_an_error_only_for_those_who_need_it() -> Outcome {
    let (db, faults) = shop(Some(4..=4)).await;
    insert(&db).await?;
    let denied = Fault::Service { status: 400, code: "AccessDeniedException".into() };
    faults.always("UpdateItem", denied);
    for expected in 2..=4 {
        assert_eq!(insert(&db).await?, expected);
    }
    let error = insert(&db).await.expect_err("no more ids");
    assert!(matches!(error, Error::Denied(_)), "{error}");
    faults.clear();
    assert_eq!(insert(&db).await?, 5);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_block_waits_no_longer_than_the_deadline() -> Outcome {
    let faults = Faults::new();
    let client = faults.wrap(&dynamap::embedded::memory()?)?;
    let mut policy = RetryPolicy::default();
    policy.deadline = Duration::from_secs(3);
    let db = Database::builder(client).seed(7).retry(policy).blocks::<Account>(4..=4).build();
    Table::<Account>::create(&db).await?;
    faults.always("UpdateItem", Fault::DropBefore);
    let begun = tokio::time::Instant::now();
    let tasks = [(); 6].map(|()| {
        let db = db.clone();
        tokio::spawn(async move { insert(&db).await })
    });
    for task in tasks {
        assert!(task.await?.is_err_and(|error| matches!(error, Error::Busy(_))));
    }
    // One that gets its turn at the last moment has no time of its own.
    assert!(begun.elapsed() < Duration::from_millis(3_100), "{:?}", begun.elapsed());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_others_until_the_deadline_is_told_that_nothing_was_sent() -> Outcome {
    let faults = Faults::new();
    let client = faults.wrap(&dynamap::embedded::memory()?)?;
    let mut policy = RetryPolicy::default();
    (policy.deadline, policy.attempt_timeout) = (Duration::from_secs(3), Duration::from_secs(10));
    let db = Database::builder(client).seed(7).retry(policy).blocks::<Account>(4..=4).build();
    Table::<Account>::create(&db).await?;
    let gate = faults.pause("UpdateItem");
    let mut first = tokio::spawn({
        let db = db.clone();
        async move { insert(&db).await }
    });
    held(&gate, &mut first).await;
    let error = insert(&db).await.expect_err("the first one has the line");
    let expected = "UpdateItem on table dynamap_counters was not sent before the deadline: it had no effect, try again later";
    assert_eq!(error.to_string(), expected);
    gate.release();
    assert_eq!((first.await??, insert(&db).await?), (1, 2));
    Ok(())
}

#[tokio::test]
async fn a_counter_that_was_restored_below_what_was_given_out_is_raised_again() -> Outcome {
    let (db, faults) = shop(Some(10..=10)).await;
    assert!(Sequence::<Account>::of(&db).raise_to(5_000).await?);
    put_raw(&db, "dynamap_counters", &[("name", s("accounts")), ("value", n(70))]).await;
    faults.clear_log();
    assert_eq!(insert(&db).await?, 5_001);
    // A block that is of no use, the counter raised, and a block.
    assert_eq!((faults.count("UpdateItem"), taken(&db).await), (3, 5_010));
    assert_eq!(insert(&db).await?, 5_002);
    Ok(())
}

#[tokio::test]
async fn programs_with_other_block_sizes_share_a_counter() -> Outcome {
    let (db, _) = shop(Some(100..=100)).await;
    let other = Database::builder(db.client().clone()).blocks::<Account>(7..=7).build();
    let third = Database::new(db.client().clone());
    let mut ids = vec![Vec::new(); 3];
    for _ in 0..50 {
        for (ids, db) in ids.iter_mut().zip([&db, &other, &third]) {
            ids.push(insert(db).await?);
        }
    }
    assert_unique_and_rising(&ids);
    Ok(())
}

#[tokio::test]
async fn clones_of_a_database_share_its_blocks() -> Outcome {
    let (db, faults) = shop(Some(100..=100)).await;
    let (clone, metered) = (db.clone(), db.metered().0);
    for (expected, db) in (1..).zip([&db, &clone, &metered, &db]) {
        assert_eq!(insert(db).await?, expected);
    }
    let tx = Transaction::begin(&db);
    let handle = tx.insert(Account::of("Ann", 1))?;
    assert_eq!(tx.commit().await?.take(handle)?.id, 5);
    assert_eq!(faults.count("UpdateItem"), 1);
    Ok(())
}

#[tokio::test]
async fn a_key_given_explicitly_is_not_given_out_from_a_block() -> Outcome {
    let (db, _) = shop(Some(10..=10)).await;
    assert_eq!(insert(&db).await?, 1);
    let own = |id| Account { id, ..Account::of("Ann", 1) }.insert(&db).with_own_key();
    own(3).await?;
    assert_eq!(insert(&db).await?, 4);
    own(10).await?;
    assert_eq!(insert(&db).await?, 11);
    own(1_000).await?;
    assert!(insert(&db).await? > 1_000);
    Ok(())
}

#[tokio::test]
async fn an_invalid_model_takes_no_id() -> Outcome {
    let (db, faults) = shop(Some(10..=10)).await;
    assert!(Account::of("", 1).insert(&db).await.is_err_and(|error| error.is_invalid()));
    assert!(faults.requests().is_empty());
    assert_eq!(insert(&db).await?, 1);
    Ok(())
}

#[tokio::test]
async fn named_sequences_count_apart_from_each_other_and_from_tables() -> Outcome {
    let (db, _) = shop(None).await;
    let (a, b) = (Sequence::named(&db, "accounts"), Sequence::named(&db, ""));
    assert_eq!((a.next().await?, a.next().await?, b.next().await?), (1, 2, 1));
    assert_eq!(insert(&db).await?, 1);
    let last = Transaction::run(&db, |tx| async move { Gapless::new("accounts").next(&tx).await });
    assert_eq!(last.await?, 1);
    let counter = stored(&db, "dynamap_counters", &[("name", s("sequence/accounts"))]).await;
    assert_eq!(counter.expect("there").get("value"), Some(&n(2)));

    let client = db.client().clone();
    let blocks = Database::builder(client).blocks_of("accounts", 5..=5).build();
    let a = Sequence::named(&blocks, "accounts");
    assert_eq!((a.next().await?, a.next().await?, a.peek().await?), (3, 4, 7));
    Ok(())
}

#[tokio::test]
async fn a_sequence_is_raised_and_never_lowered() -> Outcome {
    let (db, _) = shop(None).await;
    let accounts = Sequence::<Account>::of(&db);
    assert_eq!(accounts.peek().await?, 0);
    assert!(accounts.raise_to(100).await?);
    assert!(!accounts.raise_to(100).await?);
    assert!(!accounts.raise_to(7).await?);
    assert_eq!(
        (accounts.peek().await?, accounts.next().await?, insert(&db).await?),
        (100, 101, 102)
    );
    Ok(())
}

#[tokio::test]
async fn a_counter_that_is_behind_fails_loudly_until_it_is_repaired() -> Outcome {
    for blocks in [None, Some(10..=10)] {
        let (db, faults) = shop(blocks).await;
        for id in [1, 2, 30] {
            put_raw(&db, "accounts", &[("id", n(id)), ("owner", s("old")), ("balance", n(5))])
                .await;
        }
        put_raw(&db, "accounts", &[("id", n(-40)), ("owner", s("old")), ("balance", n(5))]).await;
        let error = Account::of("Ann", 1).insert(&db).await.expect_err("taken");
        assert!(error.is_conflict() && error.to_string().contains("exists already"), "{error}");
        assert_eq!(error.winner::<Account>()?.expect("there").owner, "old");

        let accounts = Sequence::<Account>::of(&db);
        faults.clear_log();
        let report = accounts.verify().await?;
        assert!(report.is_behind());
        assert_eq!(report.highest, Some(30));
        assert_eq!(faults.count("UpdateItem"), 0);
        assert_eq!(accounts.repair().await?, report);
        assert!(!accounts.verify().await?.is_behind());
        assert_eq!(insert(&db).await?, 31);
        let report = accounts.repair().await?;
        assert_eq!((report.highest, report.taken >= 31), (Some(31), true));
    }
    Ok(())
}

#[tokio::test]
async fn an_empty_table_is_never_behind() -> Outcome {
    let (db, _) = shop(None).await;
    let report = Sequence::<Account>::of(&db).verify().await?;
    assert_eq!((report.taken, report.highest, report.is_behind()), (0, None, false));
    Ok(())
}

#[tokio::test]
async fn a_missing_table_of_counters_is_named_with_what_makes_it() -> Outcome {
    let db = Database::builder(dynamap::embedded::memory()?).table_prefix("test_").build();
    let tickets = Sequence::named(&db, "tickets");
    let errors = [
        tickets.next().await.expect_err("no table"),
        tickets.peek().await.expect_err("no table"),
        tickets.raise_to(5).await.expect_err("no table"),
        insert(&db).await.expect_err("no table"),
    ];
    for error in errors {
        assert!(matches!(&error, Error::NoSuchTable(table) if &**table == "test_dynamap_counters"));
        let expected = "table test_dynamap_counters does not exist: create it with Sequence::create_table(&db)";
        assert_eq!(error.to_string(), expected);
    }
    let other = Account::get(&db, 1).await.expect_err("no table").to_string();
    assert_eq!(other, "table test_accounts does not exist: create it with Table::<M>::create(&db)");
    Sequence::create_table(&db).await?;
    Sequence::create_table(&db).await?;
    assert_eq!(tickets.next().await?, 1);
    Ok(())
}

#[tokio::test]
async fn a_counter_is_no_item_of_any_model() -> Outcome {
    let (db, _) = shop(None).await;
    insert(&db).await?;
    assert_eq!(Account::scan(&db).count().await?, 1);
    assert_eq!(db.client().scan().table_name("accounts").send().await?.count, 1);
    Ok(())
}

/// A struct around a number.
#[derive(Debug, Clone, Copy, PartialEq, Attribute)]
struct Number(u16);

macro_rules! counted {
    ($($model:ident $ty:ty = $table:literal, $unset:expr, $highest:expr;)*) => { $(
        #[derive(Debug, Clone, Model)]
        #[model(table = $table, validate = false)]
        struct $model {
            #[model(hash_key, auto_increment)]
            id: $ty,
            #[model(range_key)]
            part: u32,
        }

        impl $model {
            /// Ids are taken up to the highest that the type holds, and no further.
            async fn check(db: &Database) -> Outcome {
                Table::<Self>::create_if_missing(db).await?;
                let new = || Self { id: $unset, part: 3 };
                assert_eq!(new().insert(db).await?.encode()?.get("id"), Some(&n(1)), $table);
                let highest: u64 = $highest;
                Sequence::<Self>::of(db).raise_to(highest - 1).await?;
                assert_eq!(new().insert(db).await?.encode()?.get("id"), Some(&n(highest)), $table);
                let Err(error) = new().insert(db).await else { panic!("{} was stored", $table) };
                match error {
                    Error::Encode { model, error } => {
                        assert_eq!((model, error.path()), (stringify!($model), "id"));
                    }
                    // The counter itself has 64 bits.
                    Error::Service(error) => assert!(highest == u64::MAX, "{error}"),
                    error => panic!("{error}"),
                }
                assert_eq!(Self::scan(db).count().await?, 2, $table);
                Ok(())
            }
        }
    )* };
}

counted! {
    U8 u8 = "n_u8", 0, u64::from(u8::MAX);
    U16 u16 = "u16", 0, u64::from(u16::MAX);
    U32 u32 = "u32", 0, u64::from(u32::MAX);
    U64 u64 = "u64", 0, u64::MAX;
    U128 u128 = "u128", 0, u64::MAX;
    I8 i8 = "i_8", 0, 127;
    I32 i32 = "i32", 0, 0x7fff_ffff;
    I64 i64 = "i64", 0, 0x7fff_ffff_ffff_ffff;
    I128 i128 = "i128", 0, u64::MAX;
    NonZeroU8 NonZero<u8> = "nonzero_u8", NonZero::<u8>::MIN, u64::from(u8::MAX);
    NonZeroI64 NonZero<i64> = "nonzero_i64", NonZero::<i64>::MIN, 0x7fff_ffff_ffff_ffff;
    Wrapped Number = "wrapped", Number(0), u64::from(u16::MAX);
}

#[tokio::test]
async fn ids_of_every_integer_type_end_at_its_maximum_with_an_error() -> Outcome {
    let db = Database::builder(dynamap::embedded::memory()?).table_prefix("t_").build();
    U8::check(&db).await?;
    U16::check(&db).await?;
    U32::check(&db).await?;
    U64::check(&db).await?;
    U128::check(&db).await?;
    I8::check(&db).await?;
    I32::check(&db).await?;
    I64::check(&db).await?;
    I128::check(&db).await?;
    NonZeroU8::check(&db).await?;
    NonZeroI64::check(&db).await?;
    Wrapped::check(&db).await
}

#[tokio::test]
async fn a_key_that_no_counter_gives_leaves_the_counter_alone() -> Outcome {
    let db = Database::builder(dynamap::embedded::memory()?).table_prefix("t_").build();
    Table::<I64>::create(&db).await?;
    Table::<U128>::create(&db).await?;
    I64 { id: -5, part: 1 }.insert(&db).with_own_key().await?;
    U128 { id: u128::from(u64::MAX) + 1, part: 1 }.insert(&db).with_own_key().await?;
    assert_eq!(I64 { id: 0, part: 1 }.insert(&db).await?.id, 1);
    assert_eq!(U128 { id: 0, part: 1 }.insert(&db).await?.id, 1);
    let report = Sequence::<U128>::of(&db).verify().await?;
    assert_eq!((report.taken, report.highest), (1, Some(1)));
    Ok(())
}
