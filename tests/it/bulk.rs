//! Reading in bulk: plain models, and scans in segments.

use dynamap::faults::Faults;
use dynamap::{Database, Error, Migrations, Model, Step, StepError, Table, Transaction};

use crate::support::{DoomMap, Outcome, n, put_raw, s, store};

fn name_becomes_title(item: &mut dynamap::Item) -> Result<(), StepError> {
    item.rename("name", "title");
    Ok(())
}

static RENAMED: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", name_becomes_title)]);

/// A model of schema 2, with an index.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "books", schema = "2.0.0", migrations = RENAMED, validate = false)]
#[model(gsi(by_shelf, hash_key = shelf, range_key = id))]
struct Book {
    #[model(hash_key)]
    id: u32,
    shelf: String,
    title: String,
    #[model(version)]
    version: u64,
}

impl Book {
    fn new(id: u32) -> Self {
        Self { id, shelf: "fiction".to_owned(), title: format!("volume {id}"), version: 0 }
    }
}

/// So many books; the first one is of the oldest schema.
async fn books(count: u32) -> Result<(Database, Faults), Error> {
    let (db, faults) = store().await;
    Table::<Book>::create(&db).await?;
    let old = [("id", n(1)), ("shelf", s("fiction")), ("name", s("volume 1")), ("version", n(4))];
    put_raw(&db, "books", &old).await;
    for id in 2..=count {
        Book::new(id).insert(&db).await?;
    }
    faults.clear_log();
    Ok((db, faults))
}

#[tokio::test]
async fn plain_results_are_the_models_with_their_versions_and_upgraded() -> Outcome {
    let (db, faults) = books(3).await?;
    let versions = [4, 1, 1].into_iter();
    let expected: Vec<Book> =
        (1..).zip(versions).map(|(id, version)| Book { version, ..Book::new(id) }).collect();
    let mut found = Book::scan(&db).plain().try_collect().await?;
    found.sort_by_key(|book| book.id);
    assert_eq!(found, expected);
    let by_shelf = || Book::BY_SHELF.query(&db, "fiction").plain();
    assert_eq!(by_shelf().try_collect().await?, expected);
    assert_eq!(by_shelf().first().await?.as_ref(), expected.first());
    assert_eq!(Book::query(&db, 1).plain().one().await?, expected[0]);
    let page = by_shelf().page_size(2).page(None).await?;
    assert_eq!(page.items, expected[..2]);
    faults.clear_log();
    let mut stream = by_shelf().stream();
    assert_eq!(stream.next().await.expect("three")?, expected[0]);
    assert_eq!(faults.requests().len(), 1, "no item is read a second time");
    Ok(())
}

#[tokio::test]
async fn plain_results_of_a_transaction_are_what_it_sees() -> Outcome {
    let (db, _) = store().await;
    DoomMap::new(1, 1, "Hangar").insert(&db).await?;
    let tx = Transaction::begin(&db);
    tx.insert(DoomMap::new(1, 2, "Nuclear Plant"))?;
    let found = DoomMap::query(&tx, 1).plain().try_collect().await?;
    assert_eq!(found.iter().map(|map| map.map).collect::<Vec<_>>(), [1, 2]);
    tx.commit().await?;
    Ok(())
}
