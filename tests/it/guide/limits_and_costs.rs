//! The chapter "Limits and costs": each row of its table of costs is measured.

use dynamap::faults::Faults;
use dynamap::{
    Database, Error, Meter, Model, Number, Record, Rows, Snapshot, Table, Transaction,
    TransactionRecord, Unique, View,
};

use super::folder;
use crate::support::Outcome;

#[derive(Debug, Clone, Model)]
#[model(table = "accounts", validate = false)]
struct Account {
    #[model(hash_key)]
    bank: String,
    #[model(range_key)]
    id: u64,
    balance: i64,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "orders", validate = false, gsi(by_customer, hash_key = customer))]
struct Order {
    #[model(hash_key, auto_increment)]
    id: u64,
    customer: String,
}

#[derive(Debug, Clone, Model)]
#[model(table = "users", validate = false)]
struct User {
    #[model(hash_key)]
    id: u64,
    #[model(unique)]
    email: String,
    visits: u64,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "tickets", view = PerState, validate = false)]
struct Ticket {
    #[model(hash_key)]
    id: u64,
    state: String,
    title: String,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "tickets_per_state", validate = false)]
struct StateCount {
    #[model(hash_key)]
    state: String,
    #[model(default)]
    tickets: u64,
}

/// Without a version, so that it can be put without a condition.
#[derive(Debug, Clone, Model)]
#[model(table = "pages", validate = false)]
struct Page {
    #[model(hash_key)]
    path: String,
    visits: u64,
}

struct PerState;

impl View for PerState {
    type Source = Ticket;
    type Row = StateCount;
    const NAME: &'static str = "per_state";

    fn add(ticket: &Ticket, rows: &mut Rows<StateCount>) {
        rows.add(&ticket.state, StateCount::TICKETS, 1);
    }
}

fn account(id: u64) -> Account {
    Account { bank: "north".to_owned(), id, balance: 100, version: 0 }
}

async fn store() -> Result<(Database, Meter, Faults), Box<dyn std::error::Error>> {
    let faults = Faults::new();
    let client = faults.wrap(&dynamap::embedded::memory()?)?;
    let db = Database::builder(client).seed(7).build();
    Table::<Account>::create(&db).await?;
    Table::<Order>::create(&db).await?;
    Table::<User>::create(&db).await?;
    Table::<Ticket>::create(&db).await?;
    Table::<StateCount>::create(&db).await?;
    Table::<Page>::create(&db).await?;
    Table::<TransactionRecord>::create(&db).await?;
    for id in 1..=10 {
        account(id).insert(&db).await?;
    }
    let (db, meter) = db.metered();
    faults.clear_log();
    Ok((db, meter, faults))
}

/// The last cells of a row: what was sent, and what it cost.
fn bill(meter: &Meter, faults: &Faults) -> String {
    let mut sent: Vec<(String, usize)> = Vec::new();
    for request in faults.requests() {
        match sent.iter_mut().find(|(name, _)| *name == request.operation) {
            Some((_, count)) => *count += 1,
            None => sent.push((request.operation, 1)),
        }
    }
    faults.clear_log();
    let sent = sent.iter().map(|(name, count)| match count {
        1 => format!("`{name}`"),
        _ => format!("{count} `{name}`"),
    });
    let units = |units: f64| match units {
        0.0 => "–".to_owned(),
        0.5 => "½".to_owned(),
        units => units.to_string(),
    };
    let total = meter.take().total();
    let sent = sent.collect::<Vec<_>>().join(", ");
    format!("{sent} | {} | {} |", units(total.read), units(total.write))
}

/// The rows of the chapter's table, as they are measured.
macro_rules! rows {
    ($meter:ident, $faults:ident, $rows:ident: $($label:literal => $verb:expr,)*) => { $(
        let _ = $verb;
        $rows.push(format!("| {} | {}", $label, bill(&$meter, &$faults)));
    )* };
}

async fn reading() -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let (db, meter, faults) = store().await?;
    User { id: 1, email: "ann@x".to_owned(), visits: 0, version: 0 }.insert(&db).await?;
    bill(&meter, &faults);
    let mut rows = Vec::new();
    let keys = || (1..=10).map(|id| ("north", id)).collect::<Vec<_>>();
    let mut snapshot = Snapshot::of(&db);
    snapshot.get::<Account>(("north", 1));
    snapshot.get::<Account>(("north", 2));
    rows! { meter, faults, rows:
        "`get`, there or not" => Account::get(&db, ("north", 1)).await?,
        "`get` … `.consistent()`" => Account::get(&db, ("north", 1)).consistent().await?,
        "`get_many` of 10" => Account::get_many(&db, keys()).await?,
        "`query` or `scan` of 10, 4 KB together" => Account::query(&db, "north").try_collect().await?,
        "the same, `.count()`" => Account::query(&db, "north").count().await?,
        "`Unique::find`" => Unique::find(&db, User::EMAIL, "ann@x").await?,
        "`Snapshot` of 2" => snapshot.read().await?,
    }
    Ok(rows)
}

async fn writing() -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let (db, meter, faults) = store().await?;
    let mut one = Account::get(&db, ("north", 1)).await?.ok_or("no account")?;
    let mut stale = one.clone();
    let two = Account::get(&db, ("north", 2)).await?.ok_or("no account")?;
    let page = |n: u32| Page { path: format!("/{n}"), visits: 0 };
    let paths: Vec<String> = (1..=10).map(|n| format!("/{n}")).collect();
    bill(&meter, &faults);
    let mut rows = Vec::new();
    one.balance = 70;
    stale.balance = 0;
    rows! { meter, faults, rows:
        "`insert`" => account(11).insert(&db).await?,
        "`save`" => one.save(&db).await?,
        "`save` that meets a conflict: estimated" => stale.save(&db).await.expect_err("stale"),
        "`update` by key" => Account::update(&db, ("north", 3)).add(Account::BALANCE, 1).await?,
        "`update` … `.exactly_once()`" =>
            Account::update(&db, ("north", 3)).add(Account::BALANCE, 1).exactly_once().await?,
        "`delete`" => two.delete(&db).await?,
        "`put_many` of 10, without a condition" => Page::put_many(&db, (1..=10).map(page)).await?,
        "`delete_many` of 10" => Page::delete_many(&db, paths.iter().map(String::as_str)).await?,
        "`insert_many` of 10" => Account::insert_many(&db, (21..=30).map(account)).await,
        "`insert` with a key from a counter, into a table with one index" =>
            Order { id: 0, customer: "ann".to_owned() }.insert(&db).await?,
    }
    Ok(rows)
}

async fn together() -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let (db, meter, faults) = store().await?;
    let mut rows = Vec::new();
    let take = async |tx: &Transaction, id: u64| {
        let mut account = Account::get(tx, ("north", id)).await?.expect("there");
        account.balance -= 1;
        tx.save(account).map(drop)
    };
    let begun = async |writes: u64, reads: u64| {
        let tx = Transaction::begin(&db);
        for id in 1..=writes {
            take(&tx, id).await?;
        }
        for id in writes + 1..=writes + reads {
            Account::get(&tx, ("north", id)).await?;
        }
        bill(&meter, &faults);
        Ok::<_, Error>(tx)
    };
    let tx = begun(0, 2).await?;
    rows! { meter, faults, rows: "a commit of 2 reads" => tx.commit().await?, }
    let tx = begun(1, 0).await?;
    rows! { meter, faults, rows: "a commit of 1 write" => tx.commit().await?, }
    let tx = begun(2, 0).await?;
    rows! { meter, faults, rows: "a commit of 2 writes" => tx.commit().await?, }
    let tx = begun(2, 1).await?;
    rows! { meter, faults, rows: "the same, and 1 item that was only read" => tx.commit().await?, }
    let recorded = Transaction::builder(&db).recorded(Record::new()).begin();
    for id in 1..=2 {
        take(&recorded, id).await?;
    }
    bill(&meter, &faults);
    let user = |email: &str| User { id: 1, email: email.to_owned(), visits: 0, version: 0 };
    rows! { meter, faults, rows:
        "a commit of 2 writes, recorded" => recorded.commit().await?,
        "`insert` with a unique value" => user("ann@x").insert(&db).await?,
    }
    let mut ann = User::get(&db, 1).await?.expect("there");
    bill(&meter, &faults);
    ann.visits = 1;
    rows! { meter, faults, rows: "`save` that keeps it" => ann.save(&db).await?, }
    ann.email = String::from("ann@y");
    rows! { meter, faults, rows: "`save` that changes it" => ann.save(&db).await?, }
    let title = "t".to_owned();
    let mut ticket =
        Ticket { id: 1, state: "open".to_owned(), title, version: 0 }.insert(&db).await?;
    rows.push(format!("| `insert` that adds to a row of a view | {}", bill(&meter, &faults)));
    ticket.title = String::from("u");
    rows! { meter, faults, rows: "`save` that changes no row" => ticket.save(&db).await?, }
    ticket.state = String::from("done");
    rows! { meter, faults, rows: "`save` that moves it from row to row" => ticket.save(&db).await?, }
    Ok(rows)
}

#[tokio::test]
async fn each_row_of_the_table_of_costs_is_what_is_measured() -> Outcome {
    let chapter = std::fs::read_to_string(folder("docs/guide/limits-and-costs.md"))?;
    let rows = [reading().await?, writing().await?, together().await?].concat();
    let missing: Vec<_> = rows.iter().filter(|row| !chapter.contains(*row)).collect();
    assert!(missing.is_empty(), "the chapter lacks these rows: {missing:#?}");
    let measured = chapter.lines().filter(|line| rows.iter().any(|row| row == line)).count();
    assert_eq!(measured, rows.len());
    Ok(())
}

#[tokio::test]
async fn a_piece_of_work_is_measured_by_its_handle() -> Outcome {
    let (db, _, _) = store().await?;
    let (job, meter) = db.metered();
    let accounts = Account::query(&job, "north").try_collect().await?;
    Account::update(&job, ("north", 1)).add(Account::BALANCE, 1).await?;

    let units = meter.capacity().total();
    assert_eq!((accounts.len(), units.read, units.write), (10, 0.5, 1.0));
    Ok(())
}

#[derive(Debug, Clone, Model)]
#[model(table = "documents", validate = false)]
struct Document {
    #[model(hash_key)]
    name: String,
    text: String,
    number: Option<Number>,
}

fn document(name: &str, text: &str) -> Document {
    Document { name: name.to_owned(), text: text.to_owned(), number: None }
}

#[tokio::test]
async fn a_limit_is_an_error_before_anything_is_sent() -> Outcome {
    let faults = Faults::new();
    let client = faults.wrap(&dynamap::embedded::memory()?)?;
    let db = Database::builder(client).seed(7).build();
    Table::<Document>::create(&db).await?;
    faults.clear_log();

    let error = document("big", &"x".repeat(410_000)).insert(&db).await.expect_err("400 KB");
    let Error::Limit { what, limit, item, .. } = &error else { return Err(error.into()) };
    assert_eq!((*what, *limit), ("bytes of an item", 409_600));
    assert_eq!(item.as_ref().expect("which").table, "documents");

    let tx = Transaction::begin(&db);
    for n in 0..101 {
        tx.insert(document(&n.to_string(), "small"))?;
    }
    assert!(matches!(tx.commit().await, Err(Error::Limit { limit: 100, found: 101, .. })));
    for key in ["", &"k".repeat(2049)] {
        let error = document(key, "a key").insert(&db).await.expect_err("no key");
        assert!(matches!(error, Error::Encode { .. }), "{error}");
    }
    assert!("1".repeat(39).parse::<Number>().is_err());
    let names: Vec<String> = (0..101).map(|n| n.to_string()).collect();
    let many = Document::TEXT.is_in(names.iter().map(String::as_str));
    let many = Document::scan(&db).filter(many).try_collect().await;
    assert!(matches!(many, Err(Error::Encode { .. })));
    assert!(faults.requests().is_empty());
    Ok(())
}
