//! The chapter "Undo half a purchase".

use dynamap::faults::{Fault, Faults};
use dynamap::{
    Database, Error, Model, Outcome, Record, RunError, Table, Transaction, TransactionRecord,
};

use crate::support::{self, held};

#[derive(Debug, Clone, Model)]
#[model(table = "products", validate = false)]
struct Product {
    #[model(hash_key)]
    sku: String,
    price: i64,
    stock: u32,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "wallets", validate = false)]
struct Wallet {
    #[model(hash_key)]
    owner: String,
    money: i64,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "orders", validate = false)]
struct Order {
    #[model(hash_key)]
    id: String,
    sku: String,
    buyer: String,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "vouchers", validate = false)]
struct Voucher {
    #[model(hash_key)]
    code: String,
    worth: i64,
    #[model(version)]
    version: u64,
}

#[derive(Debug)]
enum Shop {
    Unknown,
    SoldOut,
    TooExpensive,
    Store(Error),
}

impl From<Error> for Shop {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl std::fmt::Display for Shop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown => f.write_str("there is no such thing"),
            Self::SoldOut => f.write_str("sold out"),
            Self::TooExpensive => f.write_str("too expensive"),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Shop {}

async fn buy(tx: &Transaction, order: Order) -> Result<i64, Shop> {
    let mut product = Product::get(tx, &order.sku).await?.ok_or(Shop::Unknown)?;
    let mut wallet = Wallet::get(tx, &order.buyer).await?.ok_or(Shop::Unknown)?;
    product.stock = product.stock.checked_sub(1).ok_or(Shop::SoldOut)?;
    wallet.money -= product.price;
    let left = wallet.money;
    tx.save(product)?;
    tx.insert(order)?;
    if left < 0 {
        return Err(Shop::TooExpensive); // two writes are made, and both undone
    }
    tx.save(wallet)?;
    Ok(left)
}

async fn redeem(tx: &Transaction, code: &str, owner: &str) -> Result<(), Shop> {
    let voucher = Voucher::get(tx, code).await?.ok_or(Shop::Unknown)?;
    let mut wallet = Wallet::get(tx, owner).await?.ok_or(Shop::Unknown)?;
    wallet.money += voucher.worth;
    tx.save(wallet)?;
    tx.delete(voucher)?;
    Ok(())
}

fn order(id: &str, sku: &str) -> Order {
    Order { id: id.to_owned(), sku: sku.to_owned(), buyer: "ann".to_owned(), version: 0 }
}

/// Two lamps at 30, a piano at 5000, Ann with 100, a voucher of 10.
async fn shop() -> Result<(Database, Faults), Box<dyn std::error::Error>> {
    let faults = Faults::new();
    let client = faults.wrap(&dynamap::embedded::memory()?)?;
    let db = Database::builder(client).seed(7).build();
    Table::<Product>::create(&db).await?;
    Table::<Wallet>::create(&db).await?;
    Table::<Order>::create(&db).await?;
    Table::<Voucher>::create(&db).await?;
    for (sku, price, stock) in [("lamp", 30, 2), ("piano", 5000, 1)] {
        Product { sku: sku.to_owned(), price, stock, version: 0 }.insert(&db).await?;
    }
    Wallet { owner: "ann".to_owned(), money: 100, version: 0 }.insert(&db).await?;
    Voucher { code: "SUMMER".to_owned(), worth: 10, version: 0 }.insert(&db).await?;
    Ok((db, faults))
}

/// The same, which records what is bought.
async fn recording_shop() -> Result<(Database, Faults), Box<dyn std::error::Error>> {
    let (db, faults) = shop().await?;
    Table::<TransactionRecord>::create(&db).await?;
    Ok((db, faults))
}

async fn stock(db: &Database, sku: &str) -> u32 {
    Product::get(db, sku).consistent().await.expect("a read").expect("a product").stock
}

async fn money(db: &Database) -> i64 {
    Wallet::get(db, "ann").consistent().await.expect("a read").expect("a wallet").money
}

#[tokio::test]
async fn what_fails_half_way_leaves_nothing() -> support::Outcome {
    let (db, faults) = shop().await?;
    let left =
        Transaction::run(&db, |tx| async move { buy(&tx, order("1", "lamp")).await }).await?;
    assert_eq!(left, 70);

    let piano =
        Transaction::run(&db, |tx| async move { buy(&tx, order("2", "piano")).await }).await;
    assert!(matches!(piano, Err(RunError::Aborted(Shop::TooExpensive))));
    assert_eq!(stock(&db, "piano").await, 1);
    assert!(Order::get(&db, "2").consistent().await?.is_none());
    assert_eq!(money(&db).await, 70);
    // That of the lamp; and what the piano was refused by was so at one moment.
    assert_eq!(faults.count("TransactWriteItems"), 1);
    assert_eq!(faults.count("TransactGetItems"), 1);
    Ok(())
}

#[tokio::test]
async fn a_part_is_undone_and_the_rest_goes_on() -> support::Outcome {
    for (code, left) in [("WINTER", 70), ("SUMMER", 80)] {
        let (db, _) = shop().await?;
        let bought = Transaction::run(&db, |tx| async move {
            let voucher = tx.nested();
            match redeem(&voucher, code, "ann").await {
                Ok(()) => drop(voucher.commit().await?), // a part of tx now; nothing is sent
                Err(Shop::Unknown) => voucher.rollback(), // as if it had not been tried
                Err(error) => return Err(error),
            }
            buy(&tx, order("1", "lamp")).await
        })
        .await?;
        assert_eq!(bought, left);
        assert_eq!((money(&db).await, stock(&db, "lamp").await), (left, 1));
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_looked_for_and_the_purchase_made_once() -> support::Outcome {
    let (db, faults) = shop().await?;
    faults.next("TransactWriteItems", Fault::LoseAnswer);
    let left =
        Transaction::run(&db, |tx| async move { buy(&tx, order("1", "lamp")).await }).await?;
    assert_eq!((left, money(&db).await, stock(&db, "lamp").await), (70, 70, 1));
    Ok(())
}

#[tokio::test]
async fn an_order_that_is_sent_twice_is_bought_once() -> support::Outcome {
    let (db, _) = shop().await?;
    for _ in 0..2 {
        Table::<TransactionRecord>::create_if_missing(&db).await?; // once
        let left = Transaction::run(&db, |tx| async move { buy(&tx, order("1", "lamp")).await })
            .recorded(Record::with_key("order-1").requester("ann"))
            .await?;
        assert_eq!(left, 70);
    }
    assert_eq!(stock(&db, "lamp").await, 1);
    Ok(())
}

/// 2 write units for each item, and for the record; 1 for its index of requesters; 1 read unit to look its key up.
#[tokio::test]
async fn a_record_costs_one_item_more() -> support::Outcome {
    let key = || Record::with_key("order-1");
    let recorded = [(Some(key()), 8.0), (Some(key().requester("ann")), 9.0)];
    for (record, write) in [(None, 6.0)].into_iter().chain(recorded) {
        let (db, _) = recording_shop().await?;
        let (db, meter) = db.metered();
        let run = Transaction::run(&db, |tx| async move { buy(&tx, order("1", "lamp")).await });
        let read = if let Some(record) = record {
            run.recorded(record).await?;
            3.0
        } else {
            run.await?;
            2.0
        };
        let units = meter.capacity().total();
        assert_eq!((units.read, units.write), (read, write));
    }
    Ok(())
}

/// Ends a program while its commit is on its way: before the service has it, or after.
async fn killed_at_the_commit(db: &Database, faults: &Faults, sent: bool) -> support::Outcome {
    let gate = if sent {
        faults.pause_answer("TransactWriteItems")
    } else {
        faults.pause("TransactWriteItems")
    };
    let mut task = tokio::spawn({
        let db = db.clone();
        async move {
            Transaction::run(&db, |tx| async move { buy(&tx, order("1", "lamp")).await })
                .recorded(Record::with_key("order-1"))
                .await
        }
    });
    held(&gate, &mut task).await;
    task.abort();
    assert!(task.await.is_err());
    Ok(())
}

#[tokio::test]
async fn another_process_decides_what_became_of_a_purchase() -> support::Outcome {
    for sent in [true, false] {
        let (db, faults) = recording_shop().await?;
        killed_at_the_commit(&db, &faults, sent).await?;

        let lamps = match Transaction::resolve(&db, "order-1").await? {
            Outcome::Committed(_) => 1, // it is bought, all of it
            Outcome::Aborted => 2,      // it is not, and never will be
        };
        assert_eq!(stock(&db, "lamp").await, lamps);

        assert_eq!(lamps, if sent { 1 } else { 2 });
        // In both cases the shop can simply try again.
        let left = Transaction::run(&db, |tx| async move { buy(&tx, order("1", "lamp")).await })
            .recorded(Record::with_key("order-1"))
            .await?;
        assert_eq!((left, stock(&db, "lamp").await), (70, 1));
    }
    Ok(())
}

#[tokio::test]
async fn a_request_that_arrives_after_the_decision_is_refused() -> support::Outcome {
    let (db, faults) = recording_shop().await?;
    let gate = faults.pause("TransactWriteItems");
    let mut late = tokio::spawn({
        let db = db.clone();
        async move {
            Transaction::run(&db, |tx| async move { buy(&tx, order("1", "lamp")).await })
                .recorded(Record::with_key("order-1"))
                .await
        }
    });
    held(&gate, &mut late).await;
    assert!(!Transaction::resolve(&db, "order-1").await?.is_committed());
    gate.release();
    assert!(matches!(late.await?, Err(RunError::Failed(Error::Fenced(_)))));
    assert_eq!((stock(&db, "lamp").await, money(&db).await), (2, 100));
    Ok(())
}

#[tokio::test]
async fn an_error_says_whether_anything_was_written() -> support::Outcome {
    let (db, _) = recording_shop().await?;
    let piano =
        Transaction::run(&db, |tx| async move { buy(&tx, order("2", "piano")).await }).await;
    // Another release of the shop has bought the lamp, and recorded a text.
    Transaction::run(&db, |tx| async move {
        Ok::<_, Shop>(buy(&tx, order("1", "lamp")).await?.to_string())
    })
    .recorded(Record::with_key("order-1"))
    .await?;
    let lamp = Transaction::run(&db, |tx| async move { buy(&tx, order("1", "lamp")).await })
        .recorded(Record::with_key("order-1"))
        .await;
    for (result, said) in [(piano, "too expensive"), (lamp, "bought: read its record")] {
        let answer = match result {
            Ok(_) => "bought",
            Err(RunError::Aborted(Shop::TooExpensive)) => "too expensive", // nothing was written
            Err(RunError::Aborted(_)) => "not for sale",
            Err(error) if error.is_outcome_unknown() => "we shall tell you", // see below
            Err(RunError::Failed(Error::ResultUnreadable(_))) => "bought: read its record",
            Err(RunError::Failed(_)) => "try again later", // nothing was written
            Err(_) => "ask us",
        };
        assert_eq!(answer, said);
    }
    assert_eq!((stock(&db, "lamp").await, money(&db).await), (1, 70));
    Ok(())
}
