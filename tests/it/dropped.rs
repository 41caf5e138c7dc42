//! Commits whose future is dropped: at every point where it waits, what is stored is all or nothing, and a record decides
//! which.

use std::future::{Future, IntoFuture, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use dynamap::faults::{Fault, Faults};
use dynamap::{Database, Error, Model, Record, Table, Transaction, TransactionRecord};

use crate::support::{Account, DoomMap, Outcome, account};

async fn store() -> (Database, Faults) {
    let faults = Faults::new();
    let client = faults.wrap(&dynamap::embedded::memory().expect("a store")).expect("a connector");
    let db = Database::builder(client).seed(7).build();
    Table::<Account>::create(&db).await.expect("accounts");
    Table::<DoomMap>::create(&db).await.expect("doom_maps");
    Table::<TransactionRecord>::create(&db).await.expect("records");
    for balance in [100, 0] {
        Account::of("someone", balance).insert(&db).await.expect("an account");
    }
    (db, faults)
}

/// A transfer with an insert, an auto-increment key and a read, ready to be committed.
async fn transfer(db: &Database, record: Option<Record>) -> Result<Transaction, Error> {
    let mut builder = Transaction::builder(db);
    if let Some(record) = record {
        builder = builder.recorded(record);
    }
    let tx = builder.begin();
    assert!(DoomMap::get(&tx, (9, 9)).await?.is_none());
    let mut from = Account::get(&tx, 1).await?.expect("there");
    from.balance -= 30;
    tx.save(from)?;
    tx.write(Account::update(db, 2).add(Account::BALANCE, 30))?;
    tx.insert(DoomMap::new(1, 1, "Hangar"))?;
    tx.insert(Account::of("new", 1))?;
    Ok(tx)
}

/// Whether all of it is there; it must be all or nothing.
async fn is_applied(db: &Database) -> bool {
    let parts = [
        account(db, 1).await.balance == 70,
        account(db, 2).await.balance == 30,
        DoomMap::get(db, (1, 1)).consistent().await.expect("a read").is_some(),
        Account::scan(db).consistent().try_collect().await.expect("a scan").len() == 3,
    ];
    assert!(parts.iter().all(|part| *part == parts[0]), "half applied: {parts:?}");
    parts[0]
}

/// Polls a future so many times, in steps of time, and drops it; whether it ended before.
async fn poll_and_drop<F: Future>(future: F, times: usize) -> bool {
    let mut future: Pin<Box<F>> = Box::pin(future);
    for _ in 0..times {
        let ready = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())).await;
        if ready {
            return true;
        }
        tokio::time::advance(Duration::from_millis(400)).await;
    }
    false
}

/// What befalls the requests of a commit: each makes it wait in other places.
fn weather(faults: &Faults, kind: usize) {
    let delay = || Fault::Delay(Duration::from_millis(300));
    match kind {
        0 => faults.always("TransactWriteItems", delay()),
        1 => {
            faults.next("UpdateItem", delay());
            faults.next("TransactWriteItems", Fault::DropBefore);
            faults.always("TransactWriteItems", delay());
        }
        2 => {
            faults.next("TransactWriteItems", Fault::LoseAnswer);
            faults.next("TransactWriteItems", Fault::Throttle);
            faults.next("TransactWriteItems", delay());
        }
        3 => faults.always("TransactWriteItems", Fault::Hang),
        _ => {
            faults.next("TransactWriteItems", Fault::TransactionConflict);
            faults.next("TransactWriteItems", Fault::LoseAnswerAs500);
            faults.always("TransactWriteItems", Fault::Hang);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_is_dropped_anywhere_is_all_or_nothing_and_its_record_says_which() -> Outcome
{
    let (mut applied, mut dropped) = (0, 0);
    for kind in 0..5 {
        for recorded in [false, true] {
            for times in 0..40 {
                let (db, faults) = store().await;
                let record = recorded.then(|| Record::with_key("order-42"));
                let tx = transfer(&db, record).await?;
                weather(&faults, kind);
                let ended = poll_and_drop(tx.commit(), times).await;
                faults.clear();
                let there = is_applied(&db).await;
                if recorded {
                    let decided = Transaction::resolve(&db, "order-42").await?.is_committed();
                    assert_eq!(decided, there, "weather {kind}, {times} polls");
                    assert_eq!(is_applied(&db).await, there);
                }
                applied += usize::from(there);
                dropped += usize::from(!ended);
                if ended {
                    break;
                }
            }
        }
    }
    // Both happened: dropped before it was applied, and after.
    assert!(applied > 20 && dropped > applied, "{applied} {dropped}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn work_that_is_dropped_anywhere_can_be_done_again_with_its_key_and_happens_once() -> Outcome
{
    for times in 0..12 {
        let (db, faults) = store().await;
        let work = || {
            Transaction::run(&db, |tx| async move {
                let mut from = Account::get(&tx, 1).await?.expect("there");
                from.balance -= 30;
                let left = from.balance;
                tx.save(from)?;
                let mut to = Account::get(&tx, 2).await?.expect("there");
                to.balance += 30;
                tx.save(to)?;
                Ok::<_, Error>(left)
            })
            .recorded(Record::with_key("order-42"))
        };
        weather(&faults, 4);
        faults.next("GetItem", Fault::Delay(Duration::from_millis(300)));
        poll_and_drop(work().into_future(), times).await;
        faults.clear();
        assert_eq!(work().await?, 70);
        assert_eq!((account(&db, 1).await.balance, account(&db, 2).await.balance), (70, 30));
    }
    Ok(())
}
