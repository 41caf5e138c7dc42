//! The chapter "Two writers".

use dynamap::error::Reason;
use dynamap::{Database, Error, Model, Table, Transaction};

use crate::support::Outcome;

#[derive(Debug, Clone, Model)]
#[model(table = "accounts", validate = false)]
struct Account {
    #[model(hash_key)]
    id: u64,
    owner: String,
    balance: i64,
    #[model(version)]
    version: u64,
}

/// Without the last field.
#[derive(Debug, Clone, Model)]
#[model(table = "notes", validate = false)]
struct Note {
    #[model(hash_key)]
    id: u64,
    title: String,
    text: String,
}

/// Account 1, of Ann, with 100 in it.
async fn bank() -> Result<Database, Box<dyn std::error::Error>> {
    let db = Database::new(dynamap::embedded::memory()?);
    Table::<Account>::create(&db).await?;
    Account { id: 1, owner: "Ann".to_owned(), balance: 100, version: 0 }.insert(&db).await?;
    Ok(db)
}

async fn account(db: &Database) -> Result<Account, Error> {
    Ok(Account::get(db, 1).consistent().await?.expect("account 1").into_inner())
}

#[tokio::test]
async fn the_second_writer_is_told_who_won_and_goes_on_from_there() -> Outcome {
    let db = bank().await?;
    let mut theirs = Account::get(&db, 1).await?.expect("account 1");
    let mut mine = Account::get(&db, 1).await?.expect("account 1");

    theirs.balance -= 30;
    theirs.save(&db).await?;

    mine.owner = "Ann Lee".to_owned();
    let error = mine.save(&db).await.expect_err("somebody else was first");
    assert!(error.is_conflict());

    let winner = error.winner::<Account>()?.expect("the account as it is now");
    assert_eq!((winner.balance, winner.version), (70, 2));
    // What failed is as it was: my change, on the item that I had read.
    assert_eq!((mine.owner.as_str(), mine.balance, mine.version), ("Ann Lee", 100, 1));
    assert_eq!(account(&db).await?.owner, "Ann");

    let mut account = error.winner::<Account>()?.expect("the account as it is now");
    account.owner = mine.owner.clone();
    account.save(&db).await?;
    assert_eq!((account.owner.as_str(), account.balance, account.version), ("Ann Lee", 70, 3));
    Ok(())
}

#[tokio::test]
async fn work_that_meets_a_conflict_is_done_again() -> Outcome {
    let db = bank().await?;
    let (db, rounds) = (&db, std::sync::atomic::AtomicU32::new(0));
    let rounds = &rounds;
    let disturb = || async move {
        if rounds.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 {
            Account::update(db, 1).decrement(Account::BALANCE, 30).await?;
        }
        Ok::<_, Error>(())
    };
    let left = Transaction::run(db, |tx| async move {
        let mut account = Account::get(&tx, 1).await?.expect("account 1");
        disturb().await?;
        account.balance -= 50;
        let left = account.balance;
        tx.save(account)?;
        Ok::<_, Error>(left)
    })
    .await?;
    assert_eq!((left, rounds.load(std::sync::atomic::Ordering::Relaxed)), (20, 2));

    Account::update(db, 1).set(Account::BALANCE, 70).await?;
    let left = Transaction::run(db, |tx| async move {
        let mut account = Account::get(&tx, 1).await?.expect("account 1");
        account.balance -= 50;
        let left = account.balance;
        tx.save(account)?;
        Ok::<_, Error>(left)
    })
    .await?;
    assert_eq!(left, 20);
    Ok(())
}

#[tokio::test]
async fn a_change_by_key_has_no_conflict_but_with_its_own_condition() -> Outcome {
    let db = bank().await?;
    let change = Account::update(&db, 1).decrement(Account::BALANCE, 70);
    change.when(Account::BALANCE.ge(70).label("solvent")).await?;

    let change = Account::update(&db, 1).decrement(Account::BALANCE, 70);
    let error = change.when(Account::BALANCE.ge(70).label("solvent")).await.expect_err("30 left");
    let Error::Conflict(conflict) = &error else { return Err(error.into()) };
    assert_eq!(conflict.failures()[0].labels(), ["solvent"]);
    assert_eq!(account(&db).await?.balance, 30);
    Ok(())
}

#[tokio::test]
async fn a_form_is_saved_under_the_version_that_it_showed() -> Outcome {
    let db = bank().await?;
    let shown = account(&db).await?.version;
    Account::update(&db, 1).increment(Account::BALANCE, 1).await?;

    // An hour later: the form comes back with the number that was in it.
    let saved = Account::update(&db, 1)
        .set(Account::OWNER, "Ann Lee")
        .when(Account::VERSION.eq(shown))
        .await;
    assert!(saved.expect_err("changed meanwhile").is_conflict());
    Ok(())
}

/// What a program does about each of them.
fn reaction(error: &Error) -> &'static str {
    let Error::Conflict(conflict) = error else { return "another error" };
    match conflict.failures()[0].reason() {
        Reason::Changed { .. } => "show both, or do the work again",
        Reason::Deleted => "it is gone: say so, or insert it anew",
        Reason::Recreated => "perhaps another item of that key: read it before you decide",
        Reason::AlreadyExists => "an insert met an item: the winner is that one",
        Reason::Condition => "my own rule said no",
        _ => "see the table of all errors",
    }
}

#[tokio::test]
async fn a_conflict_says_what_became_of_the_item() -> Outcome {
    let db = bank().await?;
    let mut mine = Account::get(&db, 1).await?.expect("account 1");
    mine.balance = 0;

    Account::update(&db, 1).increment(Account::BALANCE, 1).await?;
    let error = mine.save(&db).await.expect_err("changed");
    assert_eq!(reaction(&error), "show both, or do the work again");

    let mut mine = Account::get(&db, 1).await?.expect("account 1");
    mine.balance = 0;
    Account::delete(&db, 1).unchecked().await?;
    let error = mine.save(&db).await.expect_err("deleted");
    assert_eq!(reaction(&error), "it is gone: say so, or insert it anew");
    assert!(error.winner::<Account>()?.is_none());

    Account { id: 1, owner: "Bob".to_owned(), balance: 5, version: 0 }.insert(&db).await?;
    let error = mine.save(&db).await.expect_err("another one");
    assert_eq!(reaction(&error), "perhaps another item of that key: read it before you decide");
    assert_eq!(error.winner::<Account>()?.expect("the new one").owner, "Bob");

    let again = Account { id: 1, owner: "Cleo".to_owned(), balance: 5, version: 0 };
    let error = again.insert(&db).await.expect_err("taken");
    assert_eq!(reaction(&error), "an insert met an item: the winner is that one");
    let refused = Account::update(&db, 1).set(Account::BALANCE, 0).when(Account::BALANCE.eq(9));
    assert_eq!(reaction(&refused.await.expect_err("it is 5")), "my own rule said no");
    Ok(())
}

#[tokio::test]
async fn without_a_version_the_nonce_tells() -> Outcome {
    let db = Database::new(dynamap::embedded::memory()?);
    Table::<Note>::create(&db).await?;
    Note { id: 1, title: "a".to_owned(), text: "b".to_owned() }.insert(&db).await?;
    let mut mine = Note::get(&db, 1).await?.expect("a note");
    let mut theirs = Note::get(&db, 1).await?.expect("a note");
    theirs.title = "theirs".to_owned();
    theirs.save(&db).await?;
    mine.text = "mine".to_owned();
    assert!(mine.save(&db).await.expect_err("the nonce is another").is_conflict());
    Ok(())
}
