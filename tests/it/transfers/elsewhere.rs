//! Imports of files that came from elsewhere: of AWS, incomplete, damaged, made up.

use std::fs;
use std::path::Path;

use dynamap::transfer::{Existing, Transfer as _, TransferError};

use super::files::{unzipped, zip};
use super::{digest, orders, prefixed, with_orders};
use crate::support::Outcome;

fn line(number: u32) -> String {
    format!(r#"{{"Item":{{"customer":{{"N":"{}"}},"number":{{"N":"{number}"}}}}}}"#, number % 7)
}

/// What AWS says of a file of an export.
fn said(name: &str, items: u32) -> String {
    let key = format!("exports/AWSDynamoDB/01693685827463-2d8752fd/data/{name}");
    format!(
        r#"{{"itemCount":{items},"md5Checksum":"sQMSpEILNgo==","etag":"af83-1","dataFileS3Key":"{key}"}}"#
    )
}

/// An export of AWS: two files, of two items and of one.
fn exported_by_aws(folder: &Path) -> Outcome {
    let data = folder.join("data");
    fs::create_dir(&data)?;
    fs::write(folder.join("manifest-summary.json"), r#"{"version":"2020-06-30"}"#)?;
    let files = [said("a.json.gz", 2), said("b.json.gz", 1)].join("\n");
    fs::write(folder.join("manifest-files.json"), files)?;
    zip(&data.join("a.json.gz"), &format!("{}\n{}\n", line(1), line(2)))?;
    zip(&data.join("b.json.gz"), &format!("{}\n", line(3)))
}

#[tokio::test]
async fn of_an_export_of_aws_every_file_must_be_there_with_all_its_items() -> Outcome {
    for (change, why) in [
        ("nothing", ""),
        ("a file is missing", "names b.json.gz"),
        ("a file is one too many", "does not name it"),
        ("a file lost a line", "other items: 2, and it holds 1"),
        ("a file has one more line", "other items: 1, and it holds 2"),
        ("a file is named twice", "names a file twice"),
        ("the list is broken", "no manifest, at line 1"),
    ] {
        let (db, _) = with_orders(0).await;
        let folder = tempfile::tempdir()?;
        let folder = folder.path();
        exported_by_aws(folder)?;
        let [a, b, c] = ["a", "b", "c"].map(|name| folder.join(format!("data/{name}.json.gz")));
        let list = folder.join("manifest-files.json");
        match change {
            "a file is missing" => fs::remove_file(b)?,
            "a file is one too many" => zip(&c, &line(4))?,
            "a file lost a line" => zip(&a, &line(1))?,
            "a file has one more line" => zip(&b, &format!("{}\nbroken", line(3)))?,
            "a file is named twice" => fs::write(list, said("a.json.gz", 2).repeat(2))?,
            "the list is broken" => fs::write(list, r#"{"itemCount":2}"#)?,
            _ => {}
        }
        let imported = orders(&db).import_from(folder).tolerate(1).run().await;
        if why.is_empty() {
            let progress = imported?.progress;
            assert_eq!((progress.written, progress.estimated_items), (3, 3));
            continue;
        }
        let error = imported.expect_err(change);
        assert!(matches!(error, TransferError::Damaged { .. }), "{change}: {error}");
        assert!(error.to_string().contains(why), "{change}: {error}");
    }
    Ok(())
}

#[tokio::test]
async fn a_file_of_items_is_read_whatever_its_name_begins_with() -> Outcome {
    let (db, _) = with_orders(0).await;
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("manifest-of-may.jsonl"), line(1))?;
    fs::write(folder.path().join("manifests.json"), line(2))?;
    fs::write(folder.path().join("manifest-summary.json"), r#"{"version":"2020-06-30"}"#)?;
    let imported = orders(&db).import_from(folder.path()).run().await?;
    assert_eq!(imported.progress.written, 2);
    Ok(())
}

#[tokio::test]
async fn a_broken_line_that_is_tolerated_does_not_hide_that_another_is_missing() -> Outcome {
    let (db, _) = with_orders(50).await;
    let other = prefixed(&db).await;
    let folder = tempfile::tempdir()?;
    orders(&db).export_to(folder.path()).segments(1).run().await?;
    let part = folder.path().join("part-00000.jsonl.gz");
    let text = unzipped(&part)?;
    let mut lines: Vec<&str> = text.lines().collect();
    lines[7] = "broken";
    zip(&part, &lines.join("\n"))?;
    let import = || orders(&other).import_from(folder.path()).existing(Existing::Replace);
    let imported = import().tolerate(1).run().await?;
    assert_eq!((imported.progress.written, imported.failed.len()), (49, 1));
    lines.pop();
    zip(&part, &lines.join("\n"))?;
    let error = import().tolerate(1).run().await.expect_err("a line is missing");
    assert!(matches!(error, TransferError::Damaged { .. }), "{error}");
    Ok(())
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_in_a_folder_of_files_is_not_followed() -> Outcome {
    let (db, _) = with_orders(5).await;
    let other = prefixed(&db).await;
    let (folder, plain) = (tempfile::tempdir()?, tempfile::tempdir()?);
    orders(&db).export_to(folder.path()).segments(1).run().await?;
    let part = folder.path().join("part-00000.jsonl.gz");
    let elsewhere = plain.path().join("elsewhere");
    fs::rename(&part, &elsewhere)?;
    std::os::unix::fs::symlink(&elsewhere, &part)?;
    std::os::unix::fs::symlink(&elsewhere, plain.path().join("orders.jsonl.gz"))?;
    for folder in [folder.path(), plain.path()] {
        let error = orders(&other).import_from(folder).run().await.expect_err("a link");
        assert!(error.to_string().contains("no regular file"), "{error}");
    }
    assert_eq!(digest(&other).await.items, 0);
    Ok(())
}

#[tokio::test]
async fn a_line_may_be_as_long_as_numbers_make_it() -> Outcome {
    let (db, _) = with_orders(0).await;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("orders.jsonl");
    // 2 bytes for DynamoDB, 130 here.
    let number = format!(r#"{{"N":"1{}"}}"#, "0".repeat(125));
    let numbers = vec![number; 40_000].join(",");
    let list = format!(r#""t":{{"L":[{numbers}]}}"#);
    let text = format!(r#"{{"Item":{{"customer":{{"N":"1"}},"number":{{"N":"1"}},{list}}}}}"#);
    assert!(text.len() > 5_000_000);
    fs::write(&file, text)?;
    assert_eq!(orders(&db).import_from(&file).run().await?.progress.written, 1);
    Ok(())
}

#[tokio::test]
async fn an_export_of_no_segments_or_too_many_is_refused_before_anything_is_made() -> Outcome {
    let (db, faults) = with_orders(5).await;
    let folder = tempfile::tempdir()?;
    let backup = folder.path().join("backup");
    for segments in [0, 1_000_001] {
        let refused = orders(&db).export_to(&backup).segments(segments).run().await;
        assert!(matches!(refused, Err(TransferError::Store(_))), "{refused:?}");
    }
    assert!(!backup.exists() && faults.requests().is_empty());
    assert_eq!(orders(&db).export_to(&backup).segments(1).run().await?.digest.items, 5);
    Ok(())
}
