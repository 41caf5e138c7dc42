//! Exports into files, and imports from them.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use dynamap::faults::Fault;
use dynamap::transfer::{Existing, Transfer as _, TransferError};
use dynamap::{Model, Table};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use super::{Order, digest, order, orders, prefixed, put, with_orders};
use crate::support::{Outcome, example, put_raw, s};

pub(super) fn unzipped(path: &Path) -> Attempt<String> {
    let mut text = String::new();
    GzDecoder::new(File::open(path)?).read_to_string(&mut text)?;
    Ok(text)
}

pub(super) fn zip(path: &Path, text: &str) -> Outcome {
    let mut file = GzEncoder::new(File::create(path)?, Compression::fast());
    file.write_all(text.as_bytes())?;
    file.finish()?;
    Ok(())
}

pub(super) type Attempt<T> = Result<T, Box<dyn std::error::Error>>;

/// The names in a folder, but for the lock.
fn names(folder: &Path) -> Attempt<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.retain(|name| name != ".lock");
    names.sort();
    Ok(names)
}

#[tokio::test(start_paused = true)]
async fn what_is_exported_and_imported_is_the_same_also_on_a_bad_network() -> Outcome {
    let (db, faults) = with_orders(600).await;
    let other = prefixed(&db).await;
    let folder = tempfile::tempdir()?;
    for fault in [Fault::DropBefore, Fault::LoseAnswer, Fault::Throttle, Fault::ServerError] {
        for operation in ["Scan", "BatchWriteItem"] {
            faults.next(operation, fault.clone());
        }
    }
    faults.next("BatchWriteItem", Fault::Unprocessed { keep: 2 });
    let exported = orders(&db).export_to(folder.path()).segments(3).page_size(20).run().await?;
    assert_eq!((exported.files, exported.progress.written), (3, 600));
    assert_eq!(exported.digest, digest(&db).await);
    let parts = ["part-00000.jsonl.gz", "part-00001.jsonl.gz", "part-00002.jsonl.gz"];
    assert_eq!(names(folder.path())?, [&["manifest.json"], &parts[..]].concat());
    let lines: Vec<_> = parts.iter().map(|part| unzipped(&folder.path().join(part))).collect();
    let lines = lines.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
    assert_eq!(lines.lines().count(), 600);
    assert!(lines.lines().all(|line| line.starts_with(r#"{"Item":{"#)));

    let import = orders(&other).import_from(folder.path()).existing(Existing::Replace);
    let imported = import.run().await?;
    assert_eq!((imported.progress.written, imported.progress.estimated_items), (600, 600));
    assert_eq!(digest(&other).await, exported.digest);
    assert_eq!(faults.pending(), 0);
    Ok(())
}

#[tokio::test]
async fn what_aws_has_exported_is_imported_and_so_are_plain_files() -> Outcome {
    let (db, _) = with_orders(0).await;
    let line = |number: u32| {
        format!(r#"{{"Item":{{"customer":{{"N":"{}"}},"number":{{"N":"{number}"}}}}}}"#, number % 7)
    };
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("data");
    fs::create_dir(&data)?;
    fs::write(folder.path().join("manifest-summary.json"), r#"{"version":"2020-06-30"}"#)?;
    fs::write(folder.path().join("_started"), "")?;
    zip(&data.join("4hvx7ksc.json.gz"), &format!("{}\n{}\n", line(1), line(2)))?;
    zip(&data.join("a7ymmeqp.json.gz"), &format!("{}\n", line(3)))?;
    let imported = orders(&db).import_from(folder.path()).run().await?;
    assert_eq!((imported.progress.items, imported.progress.written), (3, 3));

    let plain = folder.path().join("more.jsonl");
    fs::write(&plain, format!("{}\n\n  \n{}", line(4), line(5)))?;
    let imported = orders(&db).import_from(&plain).run().await?;
    assert_eq!(
        (imported.progress.items, imported.progress.written),
        (2, 2),
        "empty lines are none"
    );
    assert_eq!(digest(&db).await.items, 5);
    Ok(())
}

#[tokio::test]
async fn broken_lines_are_listed_by_file_and_line_and_the_others_are_imported() -> Outcome {
    let (db, faults) = with_orders(0).await;
    put(&db, 3, "theirs").await;
    let broken = [
        (r#"{"Item":{"customer":{"N":"1"}}}"#, "attribute `number`: the key attribute is absent"),
        (r#"{"Item":{"customer":{"S":"secret"},"number":{"N":"1"}}}"#, "attribute `customer`"),
        (r#"{"Item":{"customer":{"N":"1"},"number":{"N":"1e999"}}}"#, "attribute `number`"),
        (
            r#"{"Item":{"customer":{"N":"1"},"number":{"N":"1"},"t":{"N":"secret"}}}"#,
            "attribute `t`",
        ),
        (r#"{"Item":{"customer":{"N":"1"},"number":{"N":"1"},"t":{"SS":[]}}}"#, "empty"),
        (r#"{"Item":{"customer":{"N":"1"},"number":{"N":"1"},"t":{"NS":["1","1.0"]}}}"#, "twice"),
        (
            r#"{"Item":{"customer":{"N":"1"},"number":{"N":"1"},"t":{"L":[{"M":{"x":{"N":"x"}}}]}}}"#,
            "`t`",
        ),
        (r#"{"Item":{"customer":{"N":"1"},"number":{"N":"1"},"":{"S":"secret"}}}"#, "empty name"),
        (r#"{"Item":{"customer":{"N":"1"},"number":"secret"}}"#, "no DynamoDB JSON"),
        (r#"{"Keys":{"customer":{"N":"1"}}}"#, "no DynamoDB JSON"),
        ("secret", "no JSON, at column 1"),
        (r#"{"Item":{"customer":{"N":"3"},"number":{"N":"3"},"text":{"S":"secret"}}}"#, "exists"),
    ];
    let large = format!(
        r#"{{"Item":{{"customer":{{"N":"1"}},"number":{{"N":"1"}},"t":{{"S":"{}"}}}}}}"#,
        "secret".repeat(70_000)
    );
    let good = |number: u32| {
        format!(r#"{{"Item":{{"customer":{{"N":"{}"}},"number":{{"N":"{number}"}}}}}}"#, number % 7)
    };
    let mut lines = vec![good(10)];
    for (line, _) in broken.iter().copied().chain([(large.as_str(), "")]) {
        lines.push(line.to_owned());
        lines.push(good(10 + u32::try_from(lines.len())?));
    }
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("orders.jsonl");
    fs::write(&file, lines.join("\n"))?;

    let import = || orders(&db).import_from(&file);
    let imported = import().tolerate(13).run().await?;
    assert_eq!((imported.progress.written, imported.progress.failures), (14, 13));
    assert_eq!(digest(&db).await.items, 15);
    let reasons = broken.iter().map(|(_, why)| *why).chain(["409600, found 420"]);
    for ((failure, why), place) in imported.failed.iter().zip(reasons).zip((2..).step_by(2)) {
        let text = failure.to_string();
        assert!(text.starts_with(&format!("orders.jsonl:{place}: ")), "{text}");
        assert!(text.contains(why) && !text.contains("secret"), "{text}");
    }
    faults.clear_log();
    let error = import().tolerate(12).run().await.expect_err("one too many");
    assert!(matches!(&error, TransferError::Lines { failed, .. } if failed.len() == 13));
    assert!(!format!("{error} {error:?}").contains("secret"));
    Ok(())
}

/// Its index has a key that the table's own key does not tell of.
#[derive(Debug, Clone, Model)]
#[model(table = "letters", validate = false)]
#[model(gsi(by_day, hash_key = day))]
struct Letter {
    #[model(hash_key)]
    id: u32,
    day: u32,
}

#[tokio::test]
async fn a_line_that_only_the_table_refuses_is_listed_and_the_others_of_its_request_are_stored()
-> Outcome {
    for existing in [Existing::Replace, Existing::Refuse] {
        let (db, _) = with_orders(0).await;
        Table::<Letter>::create(&db).await?;
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("letters.jsonl");
        let line = |id: u32| {
            let day = if id == 13 {
                r#"{"S":"secret"}"#.to_owned()
            } else {
                format!(r#"{{"N":"{id}"}}"#)
            };
            format!(r#"{{"Item":{{"id":{{"N":"{id}"}},"day":{day}}}}}"#)
        };
        let mut lines: Vec<_> = (1..=24).map(line).collect();
        lines.push(line(2));
        fs::write(&file, lines.join("\n"))?;
        let letters = db.table("letters");
        let imported = letters.import_from(&file).existing(existing).tolerate(2).run().await?;
        let lines: Vec<_> = imported.failed.iter().map(|failure| failure.line).collect();
        // The last line is the second one again: the same, and twice in one request.
        let wanted = if existing == Existing::Replace { vec![13, 25] } else { vec![13] };
        assert_eq!(lines, wanted, "{:?}", imported.failed);
        assert_eq!(letters.digest().await?.items, 23);
    }
    Ok(())
}

#[tokio::test]
async fn an_import_goes_on_behind_its_checkpoint_and_remembers_what_failed() -> Outcome {
    let (db, faults) = with_orders(0).await;
    let folder = tempfile::tempdir()?;
    let line = |number: u32| {
        format!(r#"{{"Item":{{"customer":{{"N":"{}"}},"number":{{"N":"{number}"}}}}}}"#, number % 7)
    };
    let lines = |numbers: std::ops::Range<u32>| numbers.map(line).collect::<Vec<_>>().join("\n");
    zip(&folder.path().join("a.jsonl.gz"), &format!("broken\n{}", lines(0..1400)))?;
    zip(&folder.path().join("b.jsonl.gz"), &lines(1400..1500))?;
    let file = folder.path().join("checkpoint");
    let import = || {
        let import = orders(&db).import_from(folder.path()).existing(Existing::Replace);
        import.tolerate(1).checkpoint_file(&file)
    };
    for _ in 0..45 {
        faults.next("BatchWriteItem", Fault::Delay(Duration::ZERO));
    }
    faults.next("BatchWriteItem", Fault::service("AccessDeniedException"));
    let error = import().run().await.expect_err("refused half-way");
    assert!(matches!(error, TransferError::Store(_)), "{error}");
    let before = digest(&db).await.items;
    assert!((999..1400).contains(&before), "{before}");

    let imported = import().run().await?;
    assert_eq!(digest(&db).await.items, 1500);
    assert!(imported.progress.written <= 501, "{:?}", imported.progress);
    assert_eq!((imported.failed.len(), imported.failed[0].line), (1, 1), "of the first run");

    let whole = fs::read(folder.path().join("a.jsonl.gz"))?;
    fs::write(folder.path().join("a.jsonl.gz"), &whole[..whole.len() - 20])?;
    let error = import().run().await.expect_err("the file ends too soon");
    let TransferError::File { path, doing: "read", .. } = &error else { panic!("{error}") };
    assert!(path.ends_with("a.jsonl.gz"));
    Ok(())
}

#[tokio::test]
async fn a_file_that_is_not_what_its_export_has_written_is_an_error() -> Outcome {
    let (db, _) = with_orders(50).await;
    let other = prefixed(&db).await;
    let folder = tempfile::tempdir()?;
    orders(&db).export_to(folder.path()).segments(1).run().await?;
    let part = folder.path().join("part-00000.jsonl.gz");
    let text = unzipped(&part)?;
    let import = || orders(&other).import_from(folder.path()).existing(Existing::Replace);
    for changed in [
        text.lines().skip(1).collect::<Vec<_>>().join("\n"),
        text.replacen("order 7", "order 8", 1),
    ] {
        zip(&part, &changed)?;
        let error = import().run().await.expect_err("changed");
        assert!(matches!(&error, TransferError::Damaged { path, .. } if *path == part), "{error}");
    }
    zip(&part, &text)?;
    assert!(import().run().await.is_ok());
    assert_eq!(digest(&other).await, digest(&db).await);
    Ok(())
}

#[tokio::test]
async fn an_import_into_a_table_with_other_keys_is_refused_before_anything_is_written() -> Outcome {
    let (db, faults) = with_orders(5).await;
    let folder = tempfile::tempdir()?;
    orders(&db).export_to(folder.path()).run().await?;
    faults.clear_log();
    let error =
        db.table("profiles").import_from(folder.path()).run().await.expect_err("other keys");
    assert!(matches!(error, TransferError::OtherKeys { .. }), "{error}");
    let empty = tempfile::tempdir()?;
    let error = orders(&db).import_from(empty.path()).run().await.expect_err("no files");
    assert!(matches!(error, TransferError::NoFiles(_)), "{error}");
    assert_eq!(faults.count("DescribeTable"), faults.requests().len());
    Ok(())
}

#[tokio::test]
async fn an_export_writes_into_an_empty_folder_or_goes_on_with_its_own() -> Outcome {
    let (db, faults) = with_orders(500).await;
    put_raw(&db, "profiles", &[("login", s("ann"))]).await;
    let folder = tempfile::tempdir()?;
    let export = || orders(&db).export_to(folder.path()).segments(4).at_once(1).page_size(20);
    for _ in 0..14 {
        faults.next("Scan", Fault::Delay(Duration::ZERO));
    }
    faults.next("Scan", Fault::service("AccessDeniedException"));
    let error = export().run().await.expect_err("refused half-way");
    assert!(matches!(error, TransferError::Store(_)), "{error}");
    let left = names(folder.path())?;
    assert!(left.contains(&"part-00000.jsonl.gz".to_owned()), "{left:?}");
    assert!(!left.contains(&"manifest.json".to_owned()), "{left:?}");
    let error = orders(&db).import_from(folder.path()).run().await.expect_err("not complete");
    assert!(matches!(error, TransferError::Incomplete(_)), "{error}");
    let error =
        db.table("profiles").export_to(folder.path()).run().await.expect_err("another table");
    assert!(matches!(error, TransferError::Occupied(_)), "{error}");

    let exported = export().segments(9).run().await?;
    assert_eq!((exported.digest, exported.files), (digest(&db).await, 4));
    assert!(exported.progress.written < 500, "finished files stay: {:?}", exported.progress);
    let error = export().run().await.expect_err("complete");
    assert!(matches!(error, TransferError::Complete(_)), "{error}");

    let other = tempfile::tempdir()?;
    fs::write(other.path().join("letter.txt"), "dear")?;
    let error = orders(&db).export_to(other.path()).run().await.expect_err("somebody's folder");
    assert!(matches!(error, TransferError::Occupied(_)), "{error}");
    assert_eq!(fs::read_dir(other.path())?.count(), 1, "nothing was written");
    Ok(())
}

#[tokio::test]
async fn two_exports_into_one_folder_do_not_mix() -> Outcome {
    let (db, faults) = with_orders(50).await;
    let folder = tempfile::tempdir()?;
    let gate = faults.pause("Scan");
    let first = orders(&db).export_to(folder.path());
    let second = async {
        gate.reached().await;
        let refused = orders(&db).export_to(folder.path()).run().await;
        gate.release();
        refused
    };
    let (first, second) = tokio::join!(first.run(), second);
    assert!(matches!(second, Err(TransferError::Running(_))), "{second:?}");
    assert_eq!(first?.digest.items, 50);
    Ok(())
}

/// The system refuses files of more than 2 blocks to the process, as a full disk does.
#[cfg(unix)]
#[test]
fn a_full_disk_ends_an_export_with_an_error_and_leaves_no_file_that_looks_whole() -> Outcome {
    let folder = tempfile::tempdir()?;
    let backup = folder.path().join("backup");
    let run = |limit: &str| {
        let script = format!("trap '' XFSZ; {limit} exec \"$0\" export memory:2000 \"$1\"");
        Command::new("sh").args(["-c", &script]).arg(example("tables")).arg(&backup).output()
    };
    let output = run("ulimit -f 2;")?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{text}");
    assert!(text.contains("File") && text.contains("written"), "{text}");
    let left = names(&backup)?;
    let is_whole = |name: &String| {
        name == "manifest.json" || Path::new(name).extension() == Some("gz".as_ref())
    };
    assert!(!left.is_empty() && !left.iter().any(is_whole), "{left:?}");

    // A table in the memory of another process is another one: what is there is not mixed with it.
    let output = run("")?;
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains("Occupied"), "{text}");
    fs::remove_dir_all(&backup)?;
    let output = run("")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.ends_with("true\n"), "{text} {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

#[tokio::test]
async fn an_imported_item_is_as_it_was_stored() -> Outcome {
    let (db, _) = with_orders(20).await;
    let folder = tempfile::tempdir()?;
    orders(&db).export_to(folder.path()).run().await?;
    let before = order(&db, 13).await;
    Table::<Order>::delete(&db).with_all_items().await?;
    Table::<Order>::create(&db).await?;
    orders(&db).import_from(folder.path()).run().await?;
    assert_eq!(order(&db, 13).await, before);
    Ok(())
}

/// Text that does not compress, so that what is counted must lie in the file, and not in a buffer.
#[tokio::test]
async fn an_export_counts_what_is_written() -> Outcome {
    let (db, _) = with_orders(0).await;
    let mut noise = 1_u64;
    for number in 0..20 {
        let text: Vec<String> = (0..1_000)
            .map(|_| {
                noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                format!("{:04x}", noise >> 48)
            })
            .collect();
        put(&db, number, &text.concat()).await;
    }
    let folder = tempfile::tempdir()?;
    let size = || {
        let files =
            fs::read_dir(folder.path()).expect("a folder").map(|file| file.expect("a file"));
        files.map(|file| file.metadata().expect("its size").len()).sum::<u64>()
    };
    let sizes = std::sync::Mutex::new(Vec::new());
    let export = orders(&db).export_to(folder.path()).segments(1);
    export
        .on_progress(|progress| {
            sizes.lock().expect("one thread").push((progress.written, size()));
        })
        .run()
        .await?;
    let [(20, first)] = sizes.into_inner()?[..] else { panic!("told once") };
    assert!(first > 20_000, "{first} bytes are there when 80,000 are told to be");
    Ok(())
}

/// A report prints an error and what caused it, one after the other.
#[tokio::test]
async fn an_error_tells_its_cause_once() -> Outcome {
    let (db, _) = with_orders(1).await;
    let other = prefixed(&db).await;
    let refuse = |_| Err::<Option<dynamap::Item>, _>("it is locked");
    let copy = orders(&db).copy_to(orders(&other)).transform(refuse);
    let missing = std::env::temp_dir().join("no such file.jsonl");
    let errors = [
        copy.verify().await.expect_err("the transform refuses"),
        orders(&db).import_from(&missing).run().await.expect_err("no such file"),
    ];
    for (error, cause) in errors.iter().zip(["it is locked", "No such file"]) {
        let mut texts = vec![error.to_string()];
        let mut source = std::error::Error::source(error);
        while let Some(error) = source {
            texts.push(error.to_string());
            source = error.source();
        }
        assert_eq!(texts.concat().matches(cause).count(), 1, "{texts:?}");
    }
    Ok(())
}
