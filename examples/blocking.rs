//! The thirty lines of the README without async: a script that moves money.
//!
//! Run it: `cargo run --example blocking`

#![allow(missing_docs, clippy::print_stdout, reason = "a program, not a library")]

use dynamap::blocking::Wait as _;
use dynamap::{Database, Model, Table, Transaction};
use garde::Validate;

#[derive(Debug, Clone, Default, Model, Validate)]
#[model(table = "accounts")]
struct Account {
    #[model(hash_key, auto_increment)]
    #[garde(skip)]
    id: u64,
    #[garde(range(min = 0))]
    balance: i64,
    #[model(version)]
    #[garde(skip)]
    version: u64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `wait_for(Database::from_env())?` instead, and the rest runs on AWS.
    let db = Database::new(dynamap::embedded::memory()?);
    Table::<Account>::create(&db).wait()?;
    let ann = Account { balance: 100, ..Default::default() }.insert(&db).wait()?;
    let bob = Account::default().insert(&db).wait()?;

    let tx = Transaction::begin(&db);
    let mut from = Account::get(&tx, ann.id).wait()?.ok_or("Ann's account")?;
    let mut to = Account::get(&tx, bob.id).wait()?.ok_or("Bob's account")?;
    from.balance -= 30;
    to.balance += 30;
    tx.save(from)?;
    tx.save(to)?;
    tx.commit().wait()?; // one request, all or nothing

    let mut stale = ann; // loaded before the transfer
    stale.balance = 0;
    let error = stale.save(&db).wait().expect_err("somebody else was first");
    let winner = error.winner::<Account>()?.ok_or("the account as it is")?;
    println!("Ann has {}, whatever an old copy says", winner.balance);
    assert_eq!(winner.balance, 70);
    Ok(())
}
