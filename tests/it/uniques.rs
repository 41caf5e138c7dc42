//! Unique constraints: no two items with one value, whatever verb writes them, on whatever network.

mod existing;
mod network;
mod random;
mod transactions;
mod verbs;

use std::collections::{BTreeMap, BTreeSet};

use dynamap::error::{Failure, Reason};
use dynamap::faults::Faults;
use dynamap::{AttributeValue, Database, Error, Item, Key, Model, Table};

use crate::support::{n, s};

/// A user with an e-mail address that nobody else has, and a login that nobody else of the tenant has.
#[derive(Debug, Clone, Default, PartialEq, Model)]
#[model(table = "users", validate = false, unique(tenant, login))]
struct User {
    #[model(hash_key)]
    id: u32,
    #[model(unique)]
    email: Option<String>,
    tenant: String,
    login: Option<String>,
    note: String,
    #[model(version)]
    version: u64,
}

impl User {
    fn new(id: u32, email: &str) -> Self {
        Self { id, email: Some(email.to_owned()), tenant: "t".to_owned(), ..Self::default() }
    }

    fn with_login(id: u32, tenant: &str, login: &str) -> Self {
        let login = Some(login.to_owned());
        Self { id, tenant: tenant.to_owned(), login, ..Self::default() }
    }
}

async fn store() -> (Database, Faults) {
    let faults = Faults::new();
    let client = faults.wrap(&dynamap::embedded::memory().expect("a store")).expect("a connector");
    let db = Database::builder(client).seed(7).build();
    Table::<User>::create(&db).await.expect("users");
    faults.clear_log();
    (db, faults)
}

async fn user(db: &Database, id: u32) -> dynamap::Loaded<User> {
    User::get(db, id).consistent().await.expect("a read").expect("the user")
}

/// Every item of a table, raw.
async fn scan(db: &Database, table: &str) -> Vec<Item> {
    let answer = db.client().scan().table_name(table).consistent_read(true).send().await;
    answer.expect("a scan").items.unwrap_or_default().into_iter().map(Item::from).collect()
}

/// The guards in the store, each with the id of its owner.
async fn guards(db: &Database) -> BTreeMap<String, u32> {
    let guard = |item: Item| {
        let owner = match item.get("owner") {
            Some(AttributeValue::M(owner)) => owner.get("id").cloned(),
            _ => None,
        };
        assert_eq!(item.text("table"), Some("users"));
        assert!(item.contains("_write"));
        let Some(AttributeValue::N(owner)) = owner else { panic!("{item:?} has no owner") };
        (item.text("guard").expect("a key").to_owned(), owner.parse().expect("a number"))
    };
    scan(db, "dynamap_unique").await.into_iter().map(guard).collect()
}

/// The guards that the users in the store need.
async fn needed(db: &Database) -> BTreeMap<String, u32> {
    let mut needed = BTreeMap::new();
    for user in scan(db, "users").await {
        let Some(AttributeValue::N(id)) = user.get("id") else { panic!("{user:?} has no id") };
        let part = |text: &str| format!("{}:S{text}", text.len() + 1);
        let email = user.text("email").map(|email| format!("5:users0:5:email{}", part(email)));
        let login = user.text("login").zip(user.text("tenant")).map(|(login, tenant)| {
            format!("5:users0:12:tenant,login{}{}", part(tenant), part(login))
        });
        for guard in email.into_iter().chain(login) {
            let taken = needed.insert(guard.clone(), id.parse().expect("a number"));
            assert_eq!(taken, None, "two users have {guard}");
        }
    }
    needed
}

/// Requires that the store has the guards that its users need, and no others.
async fn assert_guarded(db: &Database) {
    assert_eq!(guards(db).await, needed(db).await);
}

/// The constraint that an error is about, and the id of the item that has the value.
fn taken(error: &Error) -> (&'static str, Option<Key>) {
    let Error::Conflict(conflict) = error else { panic!("{error:?}") };
    assert!(!conflict.is_retryable());
    let unique = |failure: &Failure| match failure.reason() {
        Reason::NotUnique { constraint } => Some((*constraint, failure.owner().cloned())),
        _ => None,
    };
    conflict.failures().iter().find_map(unique).expect("a value that is taken")
}

fn key(id: u32) -> Option<Key> {
    Some(Key::new(("id", n(id)), None).expect("a key"))
}

/// The names of the operations that were sent.
fn sent(faults: &Faults) -> Vec<String> {
    let sent = faults.requests().into_iter().map(|request| request.operation).collect();
    faults.clear_log();
    sent
}
