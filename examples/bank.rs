//! Transfers between accounts: all or nothing, with a nested fee, an overdraft, and a race.
//!
//! Run it: `cargo run --example bank`

#![allow(missing_docs, clippy::print_stdout, reason = "a program, not a library")]

use dynamap::{Database, Error, Loaded, Model, RunError, Table, Transaction};
use garde::Validate;

#[derive(Debug, Clone, Default, Model, Validate)]
#[model(table = "accounts")]
struct Account {
    #[model(hash_key, auto_increment)]
    #[garde(skip)]
    id: u64,
    #[garde(length(min = 1))]
    owner: String,
    #[garde(range(min = 0))]
    balance: i64,
    #[model(version)]
    #[garde(skip)]
    version: u64,
}

#[derive(Debug)]
enum Bank {
    NoAccount(u64),
    Overdraft { short: i64 },
    Store(Error),
}

impl From<Error> for Bank {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl std::fmt::Display for Bank {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoAccount(id) => write!(f, "there is no account {id}"),
            Self::Overdraft { short } => write!(f, "short by {short}"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Bank {}

async fn account(tx: &Transaction, id: u64) -> Result<Loaded<Account>, Bank> {
    Account::get(tx, id).await?.ok_or(Bank::NoAccount(id))
}

/// Works at any depth: it does not know whether `tx` is nested.
async fn take(tx: &Transaction, id: u64, amount: i64) -> Result<(), Bank> {
    let mut account = account(tx, id).await?;
    account.balance -= amount;
    if account.balance < 0 {
        return Err(Bank::Overdraft { short: -account.balance });
    }
    tx.save(account)?;
    Ok(())
}

async fn give(tx: &Transaction, id: u64, amount: i64) -> Result<(), Bank> {
    let mut account = account(tx, id).await?;
    account.balance += amount;
    tx.save(account)?;
    Ok(())
}

/// Moves `amount`, and charges `fee` only if the payer can afford it.
async fn transfer(
    db: &Database,
    from: u64,
    to: u64,
    amount: i64,
    fee: i64,
) -> Result<bool, RunError<Bank>> {
    Transaction::run(db, |tx| async move {
        take(&tx, from, amount).await?;
        give(&tx, to, amount).await?;
        let nested = tx.nested();
        let charged = take(&nested, from, fee).await.is_ok();
        if charged {
            nested.commit().await?;
        } // else it is dropped here: only the fee is rolled back
        Ok(charged)
    })
    .await
}

async fn balances(db: &Database) -> Result<(i64, i64), Box<dyn std::error::Error>> {
    let balance = async |id| Account::get(db, id).consistent().await;
    let (ann, bob) = (balance(1).await?.ok_or("no Ann")?, balance(2).await?.ok_or("no Bob")?);
    Ok((ann.balance, bob.balance))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let db = Database::new(dynamap::embedded::memory()?);
    Table::<Account>::create(&db).await?;
    for (owner, balance) in [("Ann", 100), ("Bob", 0)] {
        let owner = owner.to_owned();
        let account = Account { owner, balance, ..Account::default() }.insert(&db).await?;
        println!("{} has account {}", account.owner, account.id);
    }

    let charged = transfer(&db, 1, 2, 60, 1).await?;
    println!("60 moved, fee charged: {charged}, balances {:?}", balances(&db).await?);

    let charged = transfer(&db, 1, 2, 39, 5).await?;
    println!(
        "39 moved, fee charged: {charged} (rolled back alone), balances {:?}",
        balances(&db).await?
    );

    match transfer(&db, 1, 2, 1_000, 0).await {
        Err(RunError::Aborted(Bank::Overdraft { short })) => {
            println!("1000 refused, short by {short}, balances {:?}", balances(&db).await?);
        }
        other => return Err(format!("expected an overdraft, got {other:?}").into()),
    }

    race(&db).await?;
    let (ann, bob) = balances(&db).await?;
    println!("after the race: Ann {ann}, Bob {bob}");
    assert_eq!((ann, bob), (7, 92), "each of the two transfers was applied once");
    Ok(())
}

/// Two transfers that read the same balances before either commits: the second one meets a conflict, reads again, and
/// is applied to what the first one left.
async fn race(db: &Database) -> Result<(), Box<dyn std::error::Error>> {
    let both_have_read = std::sync::Arc::new(tokio::sync::Barrier::new(2));
    let tasks = [3, 4].map(|amount| {
        let (db, both_have_read) = (db.clone(), both_have_read.clone());
        tokio::spawn(async move {
            let mut attempts = 0;
            let (barrier, counter) = (&both_have_read, &mut attempts);
            let result = Transaction::run(&db, |tx| {
                *counter += 1;
                let first = *counter == 1;
                async move {
                    take(&tx, 2, amount).await?;
                    give(&tx, 1, amount).await?;
                    if first {
                        barrier.wait().await;
                    }
                    Ok::<_, Bank>(())
                }
            })
            .await;
            result.map(|()| attempts)
        })
    });
    for task in tasks {
        println!("a racing transfer took {} attempts", task.await??);
    }
    Ok(())
}
