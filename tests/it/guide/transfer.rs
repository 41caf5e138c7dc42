//! `docs/guide/transfer.md`: its programs.

use dynamap::transfer::{Existing, Transfer as _};
use dynamap::{Database, Item, Model, StepError, Table};

use super::common::{Account, accounts};
use crate::support::Outcome;

#[tokio::test]
async fn a_copy_holds_the_same_as_its_source() -> Outcome {
    let test = accounts(&[100, 50]).await?;
    let db = test.database().clone();
    let other = Database::builder(db.client().clone()).table_prefix("archive_").build();
    Table::<Account>::create(&other).await?;
    let folder = tempfile::tempdir()?;
    let checkpoint = folder.path().join("accounts.checkpoint");

    let copy = db
        .table("accounts")
        .copy_to(other.table("accounts"))
        .segments(16)
        .existing(Existing::Replace)
        .checkpoint_file(checkpoint)
        .on_progress(|done| eprintln!("{} of about {}", done.items, done.estimated_items));
    let copied = copy.run().await?;
    assert_eq!(copied.progress.written, 2);
    assert!(copy.verify().await?.is_equal());

    assert_eq!(Account::scan(&other).count().await?, 2);
    Ok(())
}

#[tokio::test]
async fn a_copy_for_tests_has_no_names() -> Outcome {
    let test = accounts(&[100, 50]).await?;
    let db = test.database().clone();
    let other = Database::builder(db.client().clone()).table_prefix("test_").build();
    Table::<Account>::create(&other).await?;

    let copy = db.table("accounts").copy_to(other.table("accounts")).transform(|mut item: Item| {
        item.put("owner", &"somebody".to_owned())?;
        Ok::<_, StepError>(Some(item)) // `None` leaves it out
    });
    copy.run().await?;
    let first = Account::get(&other, 1).await?.ok_or("no account")?;
    assert_eq!((first.owner.as_str(), first.balance), ("somebody", 100));

    Ok(())
}

#[tokio::test]
async fn an_export_is_imported_elsewhere() -> Outcome {
    let test = accounts(&[100, 50]).await?;
    let db = test.database().clone();
    let other = Database::builder(db.client().clone()).table_prefix("restored_").build();
    Table::<Account>::create(&other).await?;
    let folder = tempfile::tempdir()?;
    let backup = folder.path().join("backup");

    db.table("accounts").export_to(&backup).run().await?;
    other.table("accounts").import_from(&backup).run().await?;
    assert_eq!(db.table("accounts").digest().await?, other.table("accounts").digest().await?);

    assert_eq!(Account::scan(&other).count().await?, 2);
    Ok(())
}
