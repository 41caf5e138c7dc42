//! The chapter "What can go wrong", and that it leaves nothing out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use dynamap::faults::{Fault, Faults};
use dynamap::{Database, Loaded, Model, RetryPolicy, Table};
use garde::Validate;

use super::folder;
use crate::support::Outcome;

#[derive(Debug, Clone, Model, Validate)]
#[model(table = "accounts")]
struct Account {
    #[model(hash_key)]
    #[garde(skip)]
    id: u64,
    #[garde(range(min = 0))]
    balance: i64,
    #[model(version)]
    #[garde(skip)]
    version: u64,
}

/// Saves, and says what a program would do next.
async fn saved(db: &Database, account: &mut Loaded<Account>) -> &'static str {
    match account.save(db).await {
        Ok(()) => "saved",
        Err(error) if error.is_conflict() => "somebody was first: see error.winner()",
        Err(error) if error.is_invalid() => "the value was refused before anything was sent",
        Err(error) if error.is_outcome_unknown() => "read the item, and decide",
        Err(error) if error.is_retryable() => "not now: nothing was written, try again later",
        Err(_) => "see the tables below",
    }
}

#[tokio::test(start_paused = true)]
async fn each_kind_of_failure_is_told_apart_and_the_data_is_as_it_says() -> Outcome {
    let faults = Faults::new();
    let client = faults.wrap(&dynamap::embedded::memory()?)?;
    let mut policy = RetryPolicy::default();
    policy.deadline = std::time::Duration::from_secs(3);
    let db = Database::builder(client).seed(7).retry(policy).build();
    Table::<Account>::create(&db).await?;
    let mut account = Account { id: 1, balance: 5, version: 0 }.insert(&db).await?;
    let stored = async || Account::get(&db, 1).consistent().await;

    account.balance = 6;
    assert_eq!(saved(&db, &mut account).await, "saved");
    account.balance = -1;
    assert!(saved(&db, &mut account).await.starts_with("the value was refused"));
    account.balance = 7;
    faults.always("UpdateItem", Fault::Throttle);
    assert!(saved(&db, &mut account).await.starts_with("not now"));
    faults.clear();
    assert_eq!(stored().await?.expect("there").balance, 6);
    faults.always("UpdateItem", Fault::DropBefore);
    faults.always("GetItem", Fault::DropBefore);
    assert!(saved(&db, &mut account).await.starts_with("read the item"));
    faults.clear();
    Account::update(&db, 1).set(Account::BALANCE, 8).await?;
    assert!(saved(&db, &mut account).await.starts_with("somebody was first"));
    assert_eq!(stored().await?.expect("there").balance, 8);
    Account::delete(&db, 1).unchecked().await?;
    let gone = Account::update(&db, 1).set(Account::BALANCE, 9).await.expect_err("gone");
    assert!(gone.is_not_found() && !gone.is_conflict() && !gone.is_retryable());
    Ok(())
}

/// The crates whose errors a program can meet.
const CRATES: [&str; 8] = [
    "mapper/src",
    "migrations/src",
    "transactions/src",
    "cache/src",
    "transfer/src",
    "testing/src",
    "embedded/src",
    "faults/src",
];

/// Enums that errors hold.
const CAUSES: [&str; 2] = ["Reason", "BusyCause"];

fn sources(folder: &Path, visit: &mut impl FnMut(syn::File)) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, visit);
        } else if path.extension() == Some("rs".as_ref()) {
            let source = std::fs::read_to_string(&path).expect("a source");
            visit(syn::parse_file(&source).expect("it compiles"));
        }
    }
}

/// Public enums of errors and of their causes, with their variants.
fn enums() -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::new();
    for name in CRATES {
        sources(&folder(name), &mut |source| {
            for item in source.items {
                let syn::Item::Enum(item) = item else { continue };
                let name = item.ident.to_string();
                let is_public = matches!(item.vis, syn::Visibility::Public(_));
                if is_public && (name.ends_with("Error") || CAUSES.contains(&&*name)) {
                    let variants = item.variants.iter().map(|variant| variant.ident.to_string());
                    found.insert(name, variants.collect());
                }
            }
        });
    }
    found
}

/// The first cells of the rows below each heading, and the names in the heading.
fn sections(chapter: &str) -> Vec<(&str, BTreeSet<String>)> {
    chapter
        .split("\n## ")
        .skip(1)
        .map(|section| {
            let heading = section.lines().next().unwrap_or_default();
            let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
            (heading, rows.filter_map(|row| Some(row.split_once('`')?.0.to_owned())).collect())
        })
        .collect()
}

#[test]
fn every_variant_of_every_error_has_a_row_and_every_row_a_variant() {
    let chapter = std::fs::read_to_string(folder("docs/guide/what-can-go-wrong.md"));
    let chapter = chapter.expect("the chapter");
    let enums = enums();
    let mut headings = BTreeSet::new();
    for (heading, rows) in sections(&chapter) {
        let title = heading.split(':').next().unwrap_or_default();
        let names: Vec<&str> = title.split('`').skip(1).step_by(2).collect();
        let variants: BTreeSet<String> =
            names.iter().filter_map(|name| enums.get(*name)).flatten().cloned().collect();
        if names.is_empty() {
            continue;
        }
        assert_eq!(rows, variants, "rows and variants of {heading}");
        headings.extend(names.into_iter().map(str::to_owned));
    }
    assert!(headings.iter().eq(enums.keys()), "{headings:?} and {:?}", enums.keys());
}
