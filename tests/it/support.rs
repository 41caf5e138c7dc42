//! What the tests share: models, stores, raw items.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use dynamap::faults::{Faults, Gate};
use dynamap::{
    Attribute, AttributeValue, Database, Error, Item, Loaded, Model, Table, Transaction,
};
use garde::Validate;

pub type Outcome = Result<(), Box<dyn std::error::Error>>;

/// A model with everything that writing is about: validation, an allocated key, a version.
#[derive(Debug, Clone, Default, PartialEq, Model, Validate)]
#[model(table = "accounts")]
pub struct Account {
    #[model(hash_key, auto_increment)]
    #[garde(skip)]
    pub id: u64,
    #[garde(length(min = 1))]
    pub owner: String,
    #[garde(range(min = 0))]
    pub balance: i64,
    #[model(version)]
    #[garde(skip)]
    pub version: u64,
}

impl Account {
    pub fn of(owner: &str, balance: i64) -> Self {
        Self { owner: owner.to_owned(), balance, ..Self::default() }
    }
}

/// A model with a range key and a default, without validation.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "doom_maps", validate = false)]
pub struct DoomMap {
    #[model(hash_key)]
    pub episode: u32,
    #[model(range_key)]
    pub map: u32,
    pub name: String,
    #[model(default = BTreeSet::from(["Konami".to_owned()]))]
    pub cheats: BTreeSet<String>,
    #[model(version)]
    pub version: u64,
}

impl DoomMap {
    pub fn new(episode: u32, map: u32, name: &str) -> Self {
        Self { episode, map, name: name.to_owned(), cheats: BTreeSet::new(), version: 0 }
    }
}

/// A model that takes the keys of accounts for text: what only the service finds out.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "accounts", validate = false)]
pub struct Mistyped {
    #[model(hash_key)]
    pub id: String,
}

/// A model without a version, keyed by text, with a nested document and a renamed attribute.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "profiles", validate = false)]
pub struct Profile {
    #[model(hash_key)]
    pub login: String,
    #[model(rename = "display-name")]
    pub name: Option<String>,
    pub address: Address,
    pub scores: BTreeMap<String, Vec<f64>>,
    pub avatar: Vec<u8>,
}

#[derive(Debug, Clone, Default, PartialEq, Attribute)]
pub struct Address {
    pub city: String,
    #[model(rename = "zip-code", default)]
    pub zip: u32,
}

impl Profile {
    pub fn new(login: &str) -> Self {
        Self {
            login: login.to_owned(),
            name: None,
            address: Address { city: "Bern".to_owned(), zip: 3000 },
            scores: BTreeMap::new(),
            avatar: vec![1, 2, 3],
        }
    }
}

/// A store in memory with the tables of all models, and the faults below it.
pub async fn store() -> (Database, Faults) {
    let faults = Faults::new();
    let client = dynamap::embedded::memory().expect("an embedded store");
    let client = faults.wrap(&client).expect("the client has a connector");
    // A seed makes back-off and tokens the same in every run.
    let db = Database::builder(client).seed(7).build();
    Table::<Account>::create(&db).await.expect("accounts");
    Table::<DoomMap>::create(&db).await.expect("doom_maps");
    Table::<Profile>::create(&db).await.expect("profiles");
    faults.clear_log();
    (db, faults)
}

/// Waits until a request of the task is held. A task that ends before it has sent none.
pub async fn held<T>(gate: &Gate, task: &mut tokio::task::JoinHandle<T>) {
    tokio::select! {
        () = gate.reached() => {}
        _ = task => panic!("the task ended before the request was held"),
    }
}

/// The whole item as it is stored.
pub async fn stored(db: &Database, table: &str, key: &[(&str, AttributeValue)]) -> Option<Item> {
    let mut request = db.client().get_item().table_name(table).consistent_read(true);
    for (name, value) in key {
        request = request.key(*name, value.clone());
    }
    request.send().await.expect("a read").item.map(Item::from)
}

/// Stores an item as another program would.
pub async fn put_raw(db: &Database, table: &str, item: &[(&str, AttributeValue)]) {
    let mut request = db.client().put_item().table_name(table);
    for (name, value) in item {
        request = request.item(*name, value.clone());
    }
    request.send().await.expect("a raw put");
}

pub fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

pub fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

pub async fn account(db: &Database, id: u64) -> Loaded<Account> {
    Account::get(db, id).consistent().await.expect("a read").expect("the account")
}

/// Accounts 1, 2, … with these balances.
pub async fn accounts(db: &Database, balances: &[i64]) -> Outcome {
    for balance in balances {
        Account::of("someone", *balance).insert(db).await?;
    }
    Ok(())
}

/// An account as a transaction sees it.
pub async fn get(tx: &Transaction, id: u64) -> Result<Loaded<Account>, Error> {
    Ok(Account::get(tx, id).await?.expect("the account"))
}

/// Adds to an account in a transaction.
pub async fn add(tx: &Transaction, id: u64, amount: i64) -> Result<(), Error> {
    let mut account = get(tx, id).await?;
    account.balance += amount;
    tx.save(account).map(drop)
}

/// The binary of an example. `cargo test` has built it; a run of this test alone may not have.
pub fn example(name: &str) -> PathBuf {
    let deps =
        std::env::current_exe().expect("this test").parent().map(Path::to_owned).expect("deps");
    let binary =
        deps.with_file_name("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if !binary.exists() {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo).args(["build", "--example", name]).status();
        assert!(status.expect("cargo").success());
    }
    binary
}

/// Runs a process until it says something, such as that it is held at a request, and kills it there; what it said.
pub fn killed(process: &mut Command) -> String {
    let mut child = process.stdout(Stdio::piped()).spawn().expect("the example");
    let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let line = lines.next().expect("a line").expect("text");
    child.kill().expect("kill -9");
    child.wait().expect("its end");
    line
}
