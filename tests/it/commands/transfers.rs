//! Copies, exports and imports from the command line.

use dynamap::backfill::Stop;
use dynamap::cli::{Cli, Exit, Models};
use dynamap::{Database, Model, Table};
use serde_json::json;

use super::{document, shown, told};
use crate::support::{DoomMap, Outcome, n, put_raw, s, stored};

/// The same store under another prefix, with an empty table.
async fn prefixed(db: &Database, prefix: &str) -> Database {
    let other = Database::builder(db.client().clone()).table_prefix(prefix).build();
    Table::<DoomMap>::create(&other).await.expect("a table");
    other
}

/// A store with 30 maps.
async fn filled() -> Database {
    let db = Database::new(dynamap::embedded::memory().expect("an embedded store"));
    Table::<DoomMap>::create(&db).await.expect("doom_maps");
    for map in 1..=30 {
        DoomMap::new(1, map, "E1").insert(&db).await.expect("a map");
    }
    db
}

#[tokio::test]
async fn a_table_is_copied_under_another_prefix_and_compared() -> Outcome {
    let db = filled().await;
    let other = prefixed(&db, "other_").await;
    let copy = "table copy doom_maps doom_maps --to-prefix other_ --verify";
    let (shown, again) = told(&db, Models::new, copy).await;
    assert_eq!(shown.exit, Exit::Done, "{}", shown.err);
    let begins = "doom_maps to other_doom_maps: 30 items read, 30 written, ";
    assert!(shown.out.starts_with(begins), "{}", shown.out);
    assert!(shown.out.ends_with("  both hold the same\n"), "{}", shown.out);
    assert_eq!(DoomMap::scan(&other).count().await?, 30);
    let result = &again["result"];
    assert_eq!((&result["is_finished"], &result["is_equal"]), (&json!(true), &json!(true)));
    assert_eq!((&result["items"], &result["failures"]), (&json!(30), &json!([])));

    DoomMap::new(2, 1, "only there").insert(&other).await?;
    let (shown, differs) = told(&db, Models::new, copy).await;
    assert_eq!(shown.exit, Exit::Differs);
    assert!(shown.out.ends_with("  they do not hold the same\n"), "{}", shown.out);
    assert_eq!((&differs["outcome"], &differs["exit_code"]), (&json!("differs"), &json!(8)));
    let onto = document(&db, Models::new(), "table copy doom_maps doom_maps").await;
    assert_eq!(onto["outcome"], "error");
    Ok(())
}

#[tokio::test]
async fn what_is_there_already_fails_stays_or_is_replaced() -> Outcome {
    let db = filled().await;
    let other = prefixed(&db, "other_").await;
    let key = [("episode", n(1)), ("map", n(7))];
    let item = [&key[..], &[("name", s("another"))]].concat();
    put_raw(&db, "other_doom_maps", &item).await;
    let copy = |more: &str| format!("table copy doom_maps doom_maps --to-prefix other_ {more}");
    let refused = document(&db, Models::new(), &copy("")).await;
    assert_eq!((&refused["outcome"], &refused["exit_code"]), (&json!("failed"), &json!(4)));
    let failures = refused["failures"].as_array().expect("the items that failed");
    assert!(failures[0].as_str().is_some_and(|text| text.contains("map = 7")), "{refused}");

    let tolerated = document(&db, Models::new(), &copy("--tolerate 1")).await;
    assert_eq!(
        (&tolerated["outcome"], &tolerated["result"]["written"]),
        (&json!("failed"), &json!(29))
    );
    assert_eq!(tolerated["result"]["failures"].as_array().map(Vec::len), Some(1));
    let kept = document(&db, Models::new(), &copy("--existing keep")).await;
    assert_eq!((&kept["outcome"], &kept["result"]["kept"]), (&json!("done"), &json!(1)));
    let there = stored(&other, "other_doom_maps", &key).await.expect("there");
    assert_eq!(there.text("name"), Some("another"));
    let replaced = document(&db, Models::new(), &copy("--existing replace --verify")).await;
    assert_eq!(replaced["result"]["is_equal"], true);
    Ok(())
}

#[tokio::test]
async fn a_copy_that_was_stopped_goes_on_behind_its_checkpoint() -> Outcome {
    let db = filled().await;
    let other = prefixed(&db, "other_").await;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("place");
    let copy = format!(
        "table copy doom_maps doom_maps --to-prefix other_ --segments 1 --page-size 4 --checkpoint {}",
        file.display()
    );
    let stop = Stop::new();
    stop.now();
    let cli = || Cli::new(Models::new());
    let stopped = shown(cli().stop_by(&stop), &db, &copy).await;
    assert_eq!(stopped.exit, Exit::Interrupted, "{}{}", stopped.out, stopped.err);
    assert!(stopped.out.ends_with("  stopped: run it again to go on\n"), "{}", stopped.out);
    let there = DoomMap::scan(&other).count().await?;
    assert!((1..30).contains(&there), "{there}");
    let done = document(&db, Models::new(), &copy).await;
    assert_eq!((&done["outcome"], &done["result"]["items"]), (&json!("done"), &json!(30 - there)));
    assert_eq!(DoomMap::scan(&other).count().await?, 30);

    let third = prefixed(&db, "third_").await;
    stop.now();
    let line = "table copy doom_maps doom_maps --to-prefix third_ --segments 1 --page-size 4";
    let stopped = shown(cli().stop_by(&stop), &db, line).await;
    assert_eq!(stopped.exit, Exit::Interrupted);
    assert!(
        stopped.out.contains("without --checkpoint the next run begins anew"),
        "{}",
        stopped.out
    );
    assert!(DoomMap::scan(&third).count().await? < 30);
    Ok(())
}

#[tokio::test]
async fn a_table_is_exported_and_imported() -> Outcome {
    let db = filled().await;
    let other = prefixed(&db, "other_").await;
    let folder = tempfile::tempdir()?;
    let [text, doc] = ["text", "doc"].map(|name| folder.path().join(name).display().to_string());
    let line = |dir: &str| format!("table export doom_maps {dir} --segments 3");
    let exported = shown(Cli::new(Models::new()), &db, &line(&text)).await;
    assert_eq!(exported.exit, Exit::Done);
    let begins = format!("doom_maps to {text}: 30 items read, 30 written, ");
    assert!(exported.out.starts_with(&begins) && exported.out.ends_with("  3 files\n"));
    assert_eq!(exported.err, format!("the export of doom_maps into {text} is begun\n"));
    let exported = document(&db, Models::new(), &line(&doc)).await;
    assert_eq!(
        (&exported["result"]["files"], &exported["result"]["written"]),
        (&json!(3), &json!(30))
    );
    let again = document(&db, Models::new(), &line(&doc)).await;
    assert_eq!(again["outcome"], "error", "a complete export stays");

    let import = |dir: &str| format!("table import {dir} doom_maps");
    let imported = shown(Cli::new(Models::new()), &other, &import(&text)).await;
    assert_eq!(imported.exit, Exit::Done);
    assert_eq!(DoomMap::scan(&other).count().await?, 30);
    let imported = document(&other, Models::new(), &import(&doc)).await;
    assert_eq!(
        (&imported["outcome"], &imported["result"]["written"]),
        (&json!("done"), &json!(30))
    );

    let broken = folder.path().join("broken.jsonl");
    std::fs::write(&broken, "{\"Item\":{\"episode\":{\"S\":\"hunter2\"}}}\n")?;
    let line = import(&broken.display().to_string());
    let (failed, document_of) = (
        shown(Cli::new(Models::new()), &db, &line).await,
        document(&db, Models::new(), &line).await,
    );
    assert_eq!(failed.exit, Exit::Failed);
    assert!(
        document_of["failures"][0]
            .as_str()
            .is_some_and(|text| text.starts_with("broken.jsonl:1: "))
    );
    assert!(!document_of.to_string().contains("hunter2") && !failed.err.contains("hunter2"));
    let tolerated = document(&db, Models::new(), &format!("{line} --tolerate 1")).await;
    assert_eq!((&tolerated["outcome"], &tolerated["exit_code"]), (&json!("failed"), &json!(4)));
    Ok(())
}
