//! Jobs that are run again: on what was changed or made anew since, behind a checkpoint, at the same time.

use std::convert::Infallible;
use std::fs;
use std::time::Duration;

use dynamap::faults::{Fault, Faults};
use dynamap::transfer::{Existing, Transfer as _, TransferError};
use dynamap::{Database, Table};

use super::{Order, digest, fill, orders, prefixed, put, with_orders};
use crate::support::Outcome;

/// Takes some requests to write, and refuses the next one.
fn refuse_behind(faults: &Faults, requests: u32) {
    for _ in 0..requests {
        faults.next("BatchWriteItem", Fault::Delay(Duration::ZERO));
    }
    faults.next("BatchWriteItem", Fault::service("AccessDeniedException"));
}

async fn made_anew(db: &Database, items: u32) {
    Table::<Order>::delete(db).with_all_items().await.expect("a table");
    Table::<Order>::create(db).await.expect("a table");
    fill(db, 0..items).await;
}

fn is_foreign<T: std::fmt::Debug>(result: Result<T, TransferError>) {
    let error = result.expect_err("another job's");
    assert!(matches!(error, TransferError::ForeignCheckpoint { .. }), "{error}");
}

#[tokio::test]
async fn a_finished_job_leaves_no_checkpoint_so_that_the_next_one_does_all() -> Outcome {
    let (db, _) = with_orders(30).await;
    let other = prefixed(&db).await;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("nightly.checkpoint");
    let copy = || orders(&db).copy_to(orders(&other)).existing(Existing::Replace);
    for night in 0..3 {
        fill(&db, 30 + night..31 + night).await;
        let copied = copy().checkpoint_file(&file).run().await?;
        assert_eq!(copied.progress.items, u64::from(31 + night));
        assert!(copied.is_finished && !file.exists());
    }
    assert!(copy().verify().await?.is_equal());
    // One that is stopped leaves it.
    let copy = copy().page_size(2).segments(1).checkpoint_file(&file);
    assert!(!copy.until(std::future::ready(())).run().await?.is_finished && file.exists());

    let backup = folder.path().join("backup");
    orders(&db).export_to(&backup).run().await?;
    let file = folder.path().join("import.checkpoint");
    for _ in 0..2 {
        let import = orders(&other).import_from(&backup).checkpoint_file(&file);
        assert_eq!(import.existing(Existing::Replace).run().await?.progress.items, 33);
        assert!(!file.exists());
    }
    Ok(())
}

#[tokio::test]
async fn what_failed_before_a_stop_is_told_by_the_run_that_goes_on() -> Outcome {
    let (db, _) = with_orders(30).await;
    let other = prefixed(&db).await;
    for number in 0..30 {
        put(&other, number, "theirs").await;
    }
    let copy = || orders(&db).copy_to(orders(&other)).segments(1).page_size(5).tolerate(30);
    let stopped = copy().until(std::future::ready(())).run().await?;
    assert!(!stopped.failed.is_empty() && stopped.failed_before.is_empty(), "{stopped:?}");
    let mut before: Vec<_> = stopped.failed.iter().map(ToString::to_string).collect();
    let mut rest = copy().resume(stopped.checkpoint).run().await?;
    before.sort();
    rest.failed_before.sort();
    assert_eq!(rest.failed_before, before);
    assert_eq!(before.len() + rest.failed.len(), 30);
    Ok(())
}

#[tokio::test]
async fn a_checkpoint_of_a_table_that_was_made_anew_is_refused() -> Outcome {
    let (db, _) = with_orders(30).await;
    let other = prefixed(&db).await;
    let copy = || orders(&db).copy_to(orders(&other)).segments(1).page_size(5);
    let stopped = copy().until(std::future::ready(())).run().await?;
    assert!(!stopped.is_finished);
    assert!(copy().resume(stopped.checkpoint.clone()).run().await?.is_finished);

    made_anew(&db, 30).await;
    is_foreign(copy().resume(stopped.checkpoint).run().await);
    let stopped = copy().existing(Existing::Keep).until(std::future::ready(())).run().await?;
    made_anew(&other, 0).await;
    is_foreign(copy().resume(stopped.checkpoint).run().await);
    assert_eq!(digest(&other).await.items, 0);
    Ok(())
}

#[tokio::test]
async fn a_checkpoint_of_another_export_or_of_a_file_that_was_changed_is_refused() -> Outcome {
    let (db, faults) = with_orders(1500).await;
    let other = prefixed(&db).await;
    let folder = tempfile::tempdir()?;
    let [monday, tuesday, file] =
        ["monday", "tuesday", "checkpoint"].map(|name| folder.path().join(name));
    orders(&db).export_to(&monday).segments(1).run().await?;
    put(&db, 7, "changed").await;
    orders(&db).export_to(&tuesday).segments(1).run().await?;
    let import = |path: &std::path::Path| {
        orders(&other).import_from(path).existing(Existing::Replace).checkpoint_file(&file)
    };
    refuse_behind(&faults, 45);
    assert!(matches!(import(&monday).run().await, Err(TransferError::Store(_))));
    let checkpoint = fs::read(&file)?;
    is_foreign(import(&tuesday).run().await);
    assert_eq!(fs::read(&file)?, checkpoint, "it is left");
    assert!(import(&monday).run().await?.progress.items <= 500);

    let plain = folder.path().join("orders.jsonl");
    let line = |n: u32| format!(r#"{{"Item":{{"customer":{{"N":"0"}},"number":{{"N":"{n}"}}}}}}"#);
    fs::write(&plain, (0..1500).map(line).collect::<Vec<_>>().join("\n"))?;
    refuse_behind(&faults, 45);
    assert!(matches!(import(&plain).run().await, Err(TransferError::Store(_))));
    fs::write(&plain, (0..1600).map(line).collect::<Vec<_>>().join("\n"))?;
    is_foreign(import(&plain).run().await);
    is_foreign(import(&plain).resume("nonsense".to_owned()).run().await);
    made_anew(&other, 0).await;
    is_foreign(import(&plain).run().await);
    Ok(())
}

#[tokio::test]
async fn a_damaged_file_is_damaged_also_behind_its_checkpoint() -> Outcome {
    let (db, _) = with_orders(1500).await;
    let other = prefixed(&db).await;
    let folder = tempfile::tempdir()?;
    let [backup, file] = ["backup", "checkpoint"].map(|name| folder.path().join(name));
    orders(&db).export_to(&backup).segments(1).run().await?;
    let part = backup.join("part-00000.jsonl.gz");
    let text = super::files::unzipped(&part)?;
    let first = text.lines().next().expect("a line");
    super::files::zip(&part, &text.replacen(first, &first.replace("order ", "Order "), 1))?;
    for _ in 0..3 {
        let import = orders(&other).import_from(&backup).existing(Existing::Replace);
        let error = import.checkpoint_file(&file).run().await.expect_err("changed");
        assert!(matches!(error, TransferError::Damaged { .. }), "{error}");
        assert!(fs::read_to_string(&file)?.contains("[0,1000]"), "the first line is behind it");
    }
    Ok(())
}

#[tokio::test]
async fn an_unfinished_export_of_a_table_that_was_made_anew_is_not_gone_on_with() -> Outcome {
    let (db, faults) = with_orders(100).await;
    let folder = tempfile::tempdir()?;
    let export = || orders(&db).export_to(folder.path()).at_once(1);
    faults.next("Scan", Fault::Delay(Duration::ZERO));
    faults.next("Scan", Fault::service("AccessDeniedException"));
    assert!(matches!(export().run().await, Err(TransferError::Store(_))));
    assert!(folder.path().join("part-00000.jsonl.gz").exists());
    made_anew(&db, 100).await;
    let error = export().run().await.expect_err("another table");
    assert!(matches!(error, TransferError::Occupied(_)), "{error}");
    Ok(())
}

#[tokio::test]
async fn two_jobs_with_one_checkpoint_file_do_not_mix() -> Outcome {
    let (db, faults) = with_orders(50).await;
    let other = prefixed(&db).await;
    let folder = tempfile::tempdir()?;
    let copy = || {
        let copy = orders(&db).copy_to(orders(&other)).existing(Existing::Replace);
        copy.checkpoint_file(folder.path().join("checkpoint"))
    };
    let gate = faults.pause("Scan");
    let first = copy();
    let second = async {
        gate.reached().await;
        let refused = copy().run().await;
        gate.release();
        refused
    };
    let (first, second) = tokio::join!(first.run(), second);
    assert!(matches!(second, Err(TransferError::Running(_))), "{second:?}");
    assert_eq!(first?.progress.written, 50);
    assert_eq!(copy().run().await?.progress.written, 50, "the file is free");
    Ok(())
}

#[tokio::test]
async fn a_checkpoint_that_the_program_cannot_store_ends_the_copy() -> Outcome {
    let (db, _) = with_orders(120).await;
    let other = prefixed(&db).await;
    let copy = orders(&db).copy_to(orders(&other)).page_size(6);
    let copy = copy.checkpoint(async |_| Err::<(), _>("the disk is full"));
    let error = copy.run().await.expect_err("not stored");
    assert!(matches!(&error, TransferError::Store(dynamap::Error::Sweep(_))), "{error}");
    assert!(digest(&other).await.items < 120);
    let stored = orders(&db).copy_to(orders(&other)).checkpoint(async |_| Ok::<_, Infallible>(()));
    assert!(stored.run().await?.is_finished);
    Ok(())
}

#[tokio::test]
async fn an_import_that_goes_on_tolerates_as_many_lines_as_one_that_begins() -> Outcome {
    let (db, faults) = with_orders(0).await;
    let folder = tempfile::tempdir()?;
    let [lines, file] = ["orders.jsonl", "checkpoint"].map(|name| folder.path().join(name));
    let line = |n: u32| match n {
        500 | 1500 => "broken".to_owned(),
        n => format!(r#"{{"Item":{{"customer":{{"N":"0"}},"number":{{"N":"{n}"}}}}}}"#),
    };
    fs::write(&lines, (1..=2_000).map(line).collect::<Vec<_>>().join("\n"))?;
    let import = || {
        let import = orders(&db).import_from(&lines).existing(Existing::Replace);
        import.tolerate(1).checkpoint_file(&file)
    };
    refuse_behind(&faults, 45);
    assert!(matches!(import().run().await, Err(TransferError::Store(_))));
    let imported = import().run().await?;
    let failed: Vec<_> = imported.failed.iter().map(|failed| failed.line).collect();
    assert_eq!((failed, imported.progress.failures), (vec![500, 1500], 1), "one by each run");

    // What a run does not tolerate is what it has met itself.
    refuse_behind(&faults, 45);
    assert!(matches!(import().run().await, Err(TransferError::Store(_))));
    let error = import().tolerate(0).run().await.expect_err("line 1500");
    let TransferError::Lines { failed, tolerated: 0, .. } = error else { panic!("{error}") };
    assert_eq!(failed.iter().map(|failed| failed.line).collect::<Vec<_>>(), [1500]);
    Ok(())
}
