//! The bank test: transfers of several kinds by many workers over a bad network. Money is neither made nor lost, every
//! read-only transaction sees all of it, and each transfer takes effect exactly as often as it reports.
//!
//! A seed is one run. `DYNAMAP_SEED=7 cargo test --test it bank` runs one alone, `DYNAMAP_SEEDS=50` as many. The large
//! one: `cargo test --release --test it bank -- --ignored`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dynamap::{
    Database, Error, Loaded, Model, Record, RetryPolicy, RunError, Table, Transaction,
    TransactionRecord,
};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::sim::{Rates, Sim};

#[derive(Debug, Clone, Model)]
#[model(table = "bank", validate = false)]
struct Account {
    #[model(hash_key)]
    id: u64,
    balance: i64,
    /// How often it was changed beside transfers.
    notes: u64,
    #[model(version)]
    version: u64,
}

/// How often a transfer took effect: each effect adds one, whatever is there.
#[derive(Debug, Clone, Model)]
#[model(table = "ledger", validate = false)]
struct Entry {
    #[model(hash_key)]
    transfer: u64,
    effects: u64,
}

/// How large a run is.
#[derive(Debug, Clone, Copy)]
struct Size {
    accounts: u64,
    balance: i64,
    workers: u64,
    /// Of all workers together.
    transfers: u64,
    /// Of each fault, of a thousand requests.
    faults: u32,
    recorded: bool,
}

#[derive(Debug, Clone)]
struct Transfer {
    number: u64,
    /// Account and amount; the amounts sum up to nothing.
    legs: BTreeMap<u64, i64>,
    way: Way,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    /// Read, changed and saved, again after a conflict.
    Loaded,
    /// By key, unread.
    ByKey,
    /// As `Loaded`, with a nested part that is undone.
    Nested,
    /// Begun and committed once.
    Once,
}

/// What a transfer reported.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Reported {
    Done,
    Failed,
    Unknown,
}

fn transfer(random: &mut StdRng, size: Size, number: u64) -> Transfer {
    let mut legs = BTreeMap::new();
    let count = random.random_range(1..=8.min(size.accounts - 1));
    let mut left = 0;
    for _ in 0..count {
        let amount = random.random_range(-50..=50);
        *legs.entry(random.random_range(1..size.accounts)).or_default() += amount;
        left -= amount;
    }
    *legs.entry(size.accounts).or_default() += left;
    let way = [Way::Loaded, Way::ByKey, Way::Nested, Way::Once][random.random_range(0..4)];
    Transfer { number, legs, way }
}

async fn change(tx: &Transaction, transfer: &Transfer) -> Result<(), Error> {
    for (account, amount) in &transfer.legs {
        let mut account = Account::get(tx, *account).await?.expect("the account");
        account.balance += amount;
        tx.save(account)?;
    }
    Ok(())
}

/// What belongs to a transfer: the legs, and its entry.
async fn work(db: &Database, tx: &Transaction, transfer: &Transfer) -> Result<(), Error> {
    match transfer.way {
        Way::ByKey => {
            for (account, amount) in &transfer.legs {
                tx.write(Account::update(db, *account).add(Account::BALANCE, *amount))?;
            }
        }
        Way::Nested => {
            let undone = tx.nested();
            change(&undone, transfer).await?;
            drop(undone);
            let kept = tx.nested();
            change(&kept, transfer).await?;
            kept.commit().await?;
        }
        Way::Loaded | Way::Once => change(tx, transfer).await?,
    }
    tx.write(Entry::update(db, transfer.number).add(Entry::EFFECTS, 1))?;
    Ok(())
}

/// How a transfer is begun: the one place that knows whether it is recorded.
async fn commit(db: &Database, transfer: &Transfer, recorded: bool) -> Result<(), Error> {
    let record = || Record::with_key(format!("transfer {}", transfer.number));
    if transfer.way == Way::Once {
        let mut builder = Transaction::builder(db);
        if recorded {
            builder = builder.recorded(record());
        }
        let tx = builder.begin();
        work(db, &tx, transfer).await?;
        return tx.commit().await.map(drop);
    }
    let run = Transaction::run(db, |tx| async move { work(db, &tx, transfer).await });
    let run = run.attempts(1000);
    let done = if recorded { run.recorded(record()).await } else { run.await };
    done.map_err(|error| match error {
        RunError::Aborted(error) | RunError::Failed(error) => error,
        _ => Error::Usage("another error"),
    })
}

/// A read-only transaction that was committed has seen all the money.
async fn look(db: &Database, size: Size) -> Option<i64> {
    let tx = Transaction::begin(db);
    let mut sum = 0;
    for id in 1..=size.accounts {
        let account: Loaded<Account> = Account::get(&tx, id).await.ok()?.expect("the account");
        sum += account.balance;
    }
    tx.commit().await.ok()?;
    Some(sum)
}

/// What a run found.
#[derive(Debug, Default)]
struct Seen {
    reported: Vec<(Transfer, Reported)>,
    looks: u64,
}

async fn worker(db: Database, size: Size, worker: u64, seed: u64, found: Arc<Mutex<Seen>>) {
    let mut random = StdRng::seed_from_u64(seed ^ (worker << 32));
    let mut number = worker;
    while number < size.transfers {
        let transfer = transfer(&mut random, size, number);
        let reported = match commit(&db, &transfer, size.recorded).await {
            Ok(()) => Reported::Done,
            Err(Error::OutcomeUnknown(_)) => Reported::Unknown,
            Err(Error::Conflict(_) | Error::Busy(_) | Error::DeadlineExceeded(_)) => {
                Reported::Failed
            }
            Err(error) => panic!("seed {seed}, transfer {number}: {error}"),
        };
        found.lock().expect("no panic").reported.push((transfer, reported));
        if random.random_range(0..3) == 0 {
            let account = random.random_range(1..=size.accounts);
            // Whether it is known to be done does not matter: the item says how often it was.
            drop(Account::update(&db, account).add(Account::NOTES, 1).await);
        }
        if random.random_range(0..3) == 0
            && let Some(sum) = look(&db, size).await
        {
            let all = i64::try_from(size.accounts).expect("few") * size.balance;
            assert_eq!(sum, all, "seed {seed}: a committed read of half a transfer");
            found.lock().expect("no panic").looks += 1;
        }
        number += size.workers;
    }
}

async fn run(seed: u64, size: Size) -> (Sim, Seen) {
    let (sim, client) = Sim::new(seed);
    let mut policy = RetryPolicy::default();
    policy.deadline = Duration::from_mins(2);
    policy.budget = u32::MAX;
    let db = Database::builder(client).seed(seed).retry(policy).build();
    Table::<Account>::create(&db).await.expect("accounts");
    Table::<Entry>::create(&db).await.expect("the ledger");
    Table::<TransactionRecord>::create(&db).await.expect("records");
    for id in 1..=size.accounts {
        let account = Account { id, balance: size.balance, notes: 0, version: 0 };
        account.insert(&db).await.expect("an account");
    }
    for transfer in 0..size.transfers {
        Entry { transfer, effects: 0 }.insert(&db).await.expect("an entry");
    }
    sim.set_rates(Rates::all(size.faults));
    let found = Arc::new(Mutex::new(Seen::default()));
    let tasks: Vec<_> = (0..size.workers)
        .map(|number| tokio::spawn(worker(db.clone(), size, number, seed, Arc::clone(&found))))
        .collect();
    for task in tasks {
        task.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    }
    // Whatever is still under way arrives.
    sim.set_rates(Rates::default());
    while sim.copies() > 0 {
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    let found = std::mem::take(&mut *found.lock().expect("no panic"));
    check(&db, seed, size, &found).await;
    (sim, found)
}

async fn check(db: &Database, seed: u64, size: Size, found: &Seen) {
    let accounts = Account::scan(db).consistent().try_collect().await.expect("the accounts");
    let sum: i64 = accounts.iter().map(|account| account.balance).sum();
    assert_eq!(sum, i64::try_from(size.accounts).expect("few") * size.balance, "seed {seed}");
    assert_eq!(found.reported.len() as u64, size.transfers, "seed {seed}");
    let mut balances: BTreeMap<u64, (i64, u64)> =
        (1..=size.accounts).map(|id| (id, (size.balance, 1))).collect();
    for (transfer, reported) in &found.reported {
        let entry = Entry::get(db, transfer.number).consistent().await.expect("a read");
        let effects = entry.expect("an entry").effects;
        let possible = match reported {
            Reported::Done => 1..=1,
            Reported::Failed => 0..=0,
            Reported::Unknown => 0..=1,
        };
        assert!(
            possible.contains(&effects),
            "seed {seed}: {effects} effects, {reported:?}: {transfer:?}"
        );
        if effects == 1 {
            for (account, amount) in &transfer.legs {
                let (balance, version) = balances.get_mut(account).expect("an account");
                *balance += amount;
                *version += 1;
            }
        }
    }
    for account in &accounts {
        let (balance, version) = balances[&account.id];
        assert_eq!(account.balance, balance, "seed {seed}: account {}", account.id);
        assert_eq!(account.version, version + account.notes, "seed {seed}: account {}", account.id);
    }
    let unknown = found.reported.iter().filter(|(_, r)| *r == Reported::Unknown).count();
    assert!(!size.recorded || unknown == 0, "seed {seed}: a recorded transfer is unknown");
}

/// A number that the environment gives.
fn given(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a seed is a number"))
}

/// Runs seeds, each on a paused clock of its own. `again` runs the test.
fn run_all(seeds: u64, size: Size, again: &str) {
    let chosen = given("DYNAMAP_SEED");
    let seeds = given("DYNAMAP_SEEDS").unwrap_or(seeds);
    let mut totals: BTreeMap<&str, u64> = BTreeMap::new();
    for seed in chosen.map_or(0..seeds, |seed| seed..seed + 1) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().expect("a runtime");
        let size = Size { recorded: seed % 2 == 1, ..size };
        eprintln!("DYNAMAP_SEED={seed} {again}");
        let (sim, found) = runtime.block_on(run(seed, size));
        for what in FAULTS {
            *totals.entry(what).or_default() += u64::from(sim.count(what));
        }
        *totals.entry("looks").or_default() += found.looks;
        for (_, reported) in found.reported {
            let name = match reported {
                Reported::Done => "done",
                Reported::Failed => "failed",
                Reported::Unknown => "unknown",
            };
            *totals.entry(name).or_default() += 1;
        }
    }
    eprintln!("{totals:?}");
    if chosen.is_none() {
        let too_little =
            |what: &&&str| totals.get(**what).is_none_or(|count| *count < seeds.div_ceil(10));
        let quiet: Vec<_> = FAULTS.iter().chain(&["looks", "done"]).filter(too_little).collect();
        assert!(quiet.is_empty(), "too little of {quiet:?}: {totals:?}");
    }
}

/// What must have happened for the test to say something; the last two are items held by other transactions.
const FAULTS: [&str; 12] = [
    "DropBefore",
    "LoseAnswer",
    "LoseAnswerAs500",
    "ServerError",
    "Throttle",
    "Conflict",
    "Duplicate",
    "LateCopy",
    "Stray",
    "InProgress",
    "Cancelled",
    "HeldItem",
];

#[test]
fn money_is_neither_made_nor_lost_on_a_bad_network() {
    let size =
        Size { accounts: 5, balance: 100, workers: 4, transfers: 24, faults: 30, recorded: false };
    run_all(20, size, "cargo test --test it bank");
}

/// The large one: about so many transfers as the design asks for.
#[test]
#[ignore = "minutes: run it with --release and --ignored"]
fn money_is_neither_made_nor_lost_in_200_seeds() {
    let size = Size {
        accounts: 10,
        balance: 10_000,
        workers: 16,
        transfers: 500,
        faults: 50,
        recorded: false,
    };
    run_all(200, size, "cargo test --release --test it bank -- --ignored");
}
