//! The verbs without async.

use dynamap::blocking::{Wait as _, WaitEach as _, wait_for};
use dynamap::faults::{Fault, Faults};
use dynamap::{Database, Error, Model as _, Table, Transaction};

use crate::support::{Account, DoomMap, Outcome};

fn fresh() -> Result<(Database, Faults), Box<dyn std::error::Error>> {
    let faults = Faults::new();
    let client = faults.wrap(&dynamap::embedded::memory()?)?;
    let db = Database::builder(client).seed(7).build();
    Table::<DoomMap>::create(&db).wait()?;
    Table::<Account>::create(&db).wait()?;
    faults.clear_log();
    Ok((db, faults))
}

#[test]
fn outside_of_a_runtime_every_verb_waits() -> Outcome {
    let (db, faults) = fresh()?;
    let mut map = DoomMap::new(1, 1, "Hangar").insert(&db).wait()?;
    map.name = "Hanger".to_owned();
    let mut stale = map.clone();
    map.save(&db).wait()?;
    stale.name = "Other".to_owned();
    assert!(stale.save(&db).wait().is_err_and(|error| error.is_conflict()));

    // What is waited for by the library's own clock is waited for here too.
    faults.next("GetItem", Fault::Throttle);
    assert!(DoomMap::get(&db, (1, 1)).wait()?.is_some());

    for number in 2..=5 {
        DoomMap::new(1, number, "more").insert(&db).wait()?;
    }
    let maps: Result<Vec<_>, Error> =
        DoomMap::query(&db, 1).page_size(2).stream().wait_each().collect();
    assert_eq!(maps?.iter().map(|map| map.map).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    let inserted =
        wait_for(Account::insert_many(&db, [Account::of("ann", 9), Account::of("bob", 0)]))?;
    assert_eq!(inserted.len(), 2);
    Ok(())
}

#[test]
fn a_transaction_is_committed_or_rolled_back_without_async() -> Outcome {
    let (db, _) = fresh()?;
    let ann = Account::of("ann", 9).insert(&db).wait()?.id;
    let tx = Transaction::begin(&db);
    let mut account = Account::get(&tx, ann).wait()?.expect("there");
    account.balance = 5;
    tx.save(account)?;
    drop(tx);
    assert_eq!(Account::get(&db, ann).wait()?.expect("there").balance, 9);

    let tx = Transaction::begin(&db);
    let mut account = Account::get(&tx, ann).wait()?.expect("there");
    account.balance = 5;
    tx.save(account)?;
    tx.commit().wait()?;
    assert_eq!(Account::get(&db, ann).wait()?.expect("there").balance, 5);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_runtime_of_several_threads_it_waits_on_that_one() -> Outcome {
    let (db, _) = fresh()?;
    DoomMap::new(1, 1, "Hangar").insert(&db).wait()?;
    assert!(DoomMap::get(&db, (1, 1)).wait()?.is_some());
    let task = tokio::task::spawn_blocking(move || DoomMap::get(&db, (1, 1)).wait());
    assert!(task.await??.is_some());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_local_set_it_is_an_error_and_no_panic() -> Outcome {
    let local = tokio::task::LocalSet::new();
    let refused =
        local.run_until(async { tokio::task::spawn_local(async { wait_for(async { 1 }) }).await });
    assert!(matches!(refused.await?, Err(Error::Usage(why)) if why.contains("LocalSet")));
    Ok(())
}

#[tokio::test]
async fn in_a_runtime_of_one_thread_it_is_an_error_and_nothing_is_sent() -> Outcome {
    let (db, faults) = std::thread::spawn(|| fresh().expect("a store")).join().expect("no panic");
    let refused = DoomMap::new(1, 1, "Hangar").insert(&db).wait();
    assert!(matches!(refused, Err(Error::Usage(why)) if why.contains("await")));
    let each: Vec<_> = DoomMap::query(&db, 1).stream().wait_each().collect();
    assert!(matches!(each.as_slice(), [Err(Error::Usage(_))]));
    assert!(matches!(wait_for(async { 1 }), Err(Error::Usage(_))));
    assert_eq!(faults.requests().len(), 0);
    Ok(())
}
