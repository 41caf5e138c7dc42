//! `docs/guide/transactions.md`: its programs.

use std::fmt;

use dynamap::faults::Fault;
use dynamap::testing::{TestDatabase, TestError};
use dynamap::{
    Error, Gapless, Loaded, Model, Record, RunError, Snapshot, Table, Transaction,
    TransactionRecord,
};

use crate::support::Outcome;

#[derive(Debug, Clone, Model)]
#[model(table = "accounts", validate = false)]
struct Account {
    #[model(hash_key)]
    id: u64,
    balance: i64,
    open: bool,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "days", validate = false)]
struct Day {
    #[model(hash_key)]
    date: String,
    orders: u32,
    closed: bool,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "orders", validate = false)]
#[model(gsi(by_status, hash_key = status))]
struct Order {
    #[model(hash_key)]
    day: String,
    #[model(range_key)]
    number: u64,
    status: String,
    #[model(version)]
    version: u64,
}

#[derive(Debug)]
enum Bank {
    NoAccount,
    NoSuchDay,
    Overdraft,
    Store(Error),
}

impl From<Error> for Bank {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl fmt::Display for Bank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAccount => f.write_str("there is no such account"),
            Self::NoSuchDay => f.write_str("there is no such day"),
            Self::Overdraft => f.write_str("there is not enough in the account"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Bank {}

/// Accounts 1 and 2, and a day without orders.
async fn bank(first: i64, second: i64) -> Result<TestDatabase, Box<dyn std::error::Error>> {
    let tables = TestDatabase::builder().with::<Account>().with::<Day>().with::<Order>();
    let test: Result<_, TestError> = tables.with::<TransactionRecord>().build().await;
    let test = test?;
    for (id, balance) in [(1, first), (2, second)] {
        Account { id, balance, open: true, version: 0 }.insert(test.database()).await?;
    }
    let day = Day { date: "2026-11-21".into(), orders: 0, closed: false, version: 0 };
    day.insert(test.database()).await?;
    test.forget_requests();
    Ok(test)
}

async fn balances(test: &TestDatabase) -> Result<Vec<i64>, Error> {
    let found = Account::get_many(test.database(), [1, 2]).await?;
    Ok(found.into_iter().flatten().map(|account| account.balance).collect())
}

#[tokio::test]
async fn a_transfer_is_made_whole_or_not_at_all() -> Outcome {
    let test = bank(100, 0).await?;
    let db = test.database().clone();

    let left = Transaction::run(&db, |tx| async move {
        let mut from = Account::get(&tx, 1).await?.ok_or(Bank::NoAccount)?;
        let mut to = Account::get(&tx, 2).await?.ok_or(Bank::NoAccount)?;
        from.balance -= 30;
        to.balance += 30;
        if from.balance < 0 {
            return Err(Bank::Overdraft); // rolled back: no write was sent
        }
        let left = from.balance;
        tx.save(from)?;
        tx.save(to)?;
        Ok(left)
    })
    .await?; // one request; where somebody else was first, the work is done again
    assert_eq!(left, 70);

    assert_eq!(test.requests().count("TransactWriteItems"), 1);
    assert_eq!(balances(&test).await?, [70, 30]);
    Ok(())
}

#[tokio::test]
async fn work_that_fails_is_rolled_back() -> Outcome {
    let test = bank(20, 0).await?;
    let refused = Transaction::run(test.database(), |tx| async move {
        let mut from = Account::get(&tx, 1).await?.ok_or(Bank::NoAccount)?;
        from.balance -= 30;
        let is_overdrawn = from.balance < 0;
        tx.save(from)?;
        if is_overdrawn { Err(Bank::Overdraft) } else { Ok(()) }
    });
    assert!(matches!(refused.await, Err(RunError::Aborted(Bank::Overdraft))));
    assert_eq!(balances(&test).await?, [20, 0]);
    Ok(())
}

/// Takes 1 for the bank, from who can afford it.
async fn charge_fee(tx: &Transaction) -> Result<(), Bank> {
    let mut account = Account::get(tx, 1).await?.ok_or(Bank::NoAccount)?;
    account.balance -= 1;
    let is_overdrawn = account.balance < 0;
    tx.save(account)?;
    if is_overdrawn { Err(Bank::Overdraft) } else { Ok(()) }
}

#[tokio::test]
async fn a_part_is_undone_and_the_rest_is_committed() -> Outcome {
    for (first, expected) in [(5, [4, 1]), (0, [0, 1])] {
        let test = bank(first, 0).await?;
        let db = test.database().clone();
        let tx = Transaction::begin(&db);
        let mut to = Account::get(&tx, 2).await?.ok_or("no account")?;
        to.balance += 1;
        tx.save(to)?;

        let fee = tx.nested();
        match charge_fee(&fee).await {
            Ok(()) => drop(fee.commit().await?), // becomes a part of tx, nothing is sent
            Err(_) => drop(fee),                 // undone; tx goes on without it
        }

        tx.commit().await?;
        assert_eq!(balances(&test).await?, expected);
    }
    Ok(())
}

#[tokio::test]
async fn writes_by_key_need_no_read_and_say_which_condition_failed() -> Outcome {
    let test = bank(5, 0).await?;
    let db = test.database().clone();

    let tx = Transaction::begin(&db);
    let debit = tx.write(
        Account::update(&db, 1)
            .decrement(Account::BALANCE, 30)
            .when(Account::BALANCE.ge(30).label("solvent"))
            .when(Account::OPEN.eq(true).label("open")),
    )?;
    tx.write(Account::update(&db, 2).increment(Account::BALANCE, 30))?;
    tx.require::<Day>("2026-11-21", Day::CLOSED.eq(false).label("day is open"))?;
    let error = tx.commit().await.expect_err("account 1 has 5");
    let failure = debit.failure(&error).ok_or("its failure")?;
    assert_eq!(failure.labels(), ["solvent"]);

    assert_eq!(test.requests(), ["TransactWriteItems accounts, days"]);
    assert_eq!(balances(&test).await?, [5, 0]);
    Ok(())
}

/// Pays from account 1; what is left.
async fn pay(tx: &Transaction, amount: i64) -> Result<i64, Bank> {
    let mut from = Account::get(tx, 1).await?.ok_or(Bank::NoAccount)?;
    from.balance -= amount;
    let left = from.balance;
    tx.save(from)?;
    Ok(left)
}

#[tokio::test]
async fn work_with_a_key_is_done_once() -> Outcome {
    let test = bank(100, 0).await?;
    let db = test.database().clone();

    Table::<TransactionRecord>::create_if_missing(&db).await?;

    for _ in 0..2 {
        let record = Record::with_key("order-42").for_request(&("pay", 30)).requester("ann");
        let paid = Transaction::run(&db, |tx| async move { pay(&tx, 30).await }).recorded(record);
        assert_eq!(paid.await?, 70); // the second time it is the result of the first: paid once
    }

    assert_eq!(balances(&test).await?, [70, 0]);
    let trail = TransactionRecord::BY_REQUESTER.query(&db, "ann").reverse();
    assert_eq!(trail.count().await?, 1);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_recorded_transaction_whose_answer_is_lost_is_decided() -> Outcome {
    let test = bank(100, 0).await?;
    let db = test.database().clone();
    test.faults().next("TransactWriteItems", Fault::LoseAnswer);
    let left = Transaction::run(&db, |tx| async move { pay(&tx, 30).await })
        .recorded(Record::with_key("order-43"))
        .await?;
    assert_eq!((left, balances(&test).await?), (70, vec![70, 0]));
    Ok(())
}

#[derive(Debug, Clone, Model)]
#[model(table = "invoices", validate = false)]
struct Invoice {
    #[model(hash_key)]
    number: u64,
}

#[tokio::test]
async fn a_number_is_used_by_this_commit_or_by_the_next() -> Outcome {
    let test = TestDatabase::builder().with::<Invoice>().build().await?;
    let db = test.database().clone();

    const INVOICES: Gapless = Gapless::new("invoices");

    Gapless::create_table(&db).await?;
    let dropped = Transaction::begin(&db);
    assert_eq!(INVOICES.next(&dropped).await?, 1);
    drop(dropped); // rolled back: number 1 is not used

    let tx = Transaction::begin(&db);
    let number = INVOICES.next(&tx).await?;
    tx.insert(Invoice { number })?;
    tx.commit().await?;
    assert!(Invoice::get(&db, 1).await?.is_some());

    Ok(())
}

/// Whoever adds an order changes the guard.
async fn add(tx: &Transaction, order: Order) -> Result<(), Bank> {
    let mut guard = Day::get(tx, &order.day).await?.ok_or(Bank::NoSuchDay)?;
    guard.orders += 1;
    tx.save(guard)?;
    tx.insert(order)?;
    Ok(())
}

/// Whoever decides by all orders of the day reads it.
async fn bill(tx: &Transaction, day: &str) -> Result<usize, Bank> {
    Day::get(tx, day).await?.ok_or(Bank::NoSuchDay)?;
    let orders = Order::query(tx, day).try_collect().await?;
    Ok(orders.len())
}

fn order(number: u64) -> Order {
    Order { day: "2026-11-21".into(), number, status: "open".into(), version: 0 }
}

#[tokio::test]
async fn a_guard_protects_what_is_decided_by_a_range() -> Outcome {
    let test = bank(0, 0).await?;
    let db = test.database().clone();
    let tx = Transaction::begin(&db);
    assert_eq!(bill(&tx, "2026-11-21").await?, 0);
    tx.insert(Order { day: "bills".into(), ..order(1) })?;
    Transaction::run(&db, |tx| async move { add(&tx, order(1)).await }).await?;
    assert!(tx.commit().await.is_err_and(|error| error.is_conflict()));
    Ok(())
}

#[tokio::test]
async fn what_an_index_finds_is_read_by_key() -> Outcome {
    let test = bank(0, 0).await?;
    let db = test.database().clone();
    for number in [1, 2] {
        order(number).insert(&db).await?;
    }

    let tx = Transaction::begin(&db);
    let mut open = Vec::new();
    for found in Order::BY_STATUS.query(&db, "open").try_collect().await? {
        let key = (found.day.as_str(), found.number);
        let Some(order) = Order::get(&tx, key).await? else { continue };
        if order.status == "open" {
            open.push(order); // it is open until the commit, or the commit fails
        }
    }

    assert_eq!(open.len(), 2);
    tx.insert(order(3))?;
    Order::update(&db, ("2026-11-21", 1)).set(Order::STATUS, "done").await?;
    assert!(tx.commit().await.is_err_and(|error| error.is_conflict()));
    Ok(())
}

#[tokio::test]
async fn a_snapshot_reads_items_of_several_models_at_one_moment() -> Outcome {
    let test = bank(100, 0).await?;
    let db = test.database().clone();

    let mut snapshot = Snapshot::of(&db);
    let ann = snapshot.get::<Account>(1);
    let bob = snapshot.get::<Account>(2);
    let day = snapshot.get::<Day>("2026-11-21");
    let found = snapshot.read().await?;
    let ann: Loaded<Account> = found.take(ann)?.ok_or("no account")?;
    let bob: Loaded<Account> = found.take(bob)?.ok_or("no account")?;
    assert_eq!(ann.balance + bob.balance, 100); // whatever is moved between them meanwhile
    assert!(found.take(day)?.is_some_and(|day| !day.closed));

    assert_eq!(test.requests().count("TransactGetItems"), 1);
    Ok(())
}
