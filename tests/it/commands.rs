//! Migrations from the command line, called with arguments and writers: what is done, what is shown, the exit code.

mod items;
mod policies;
mod refused;
mod tables;
mod throughput;
mod transfers;
mod views;

use std::time::Duration;

use dynamap::cli::{Cli, Exit, Models, models};
use dynamap::faults::{Fault, Faults};
use dynamap::{
    Backfill, BackfillRecord, BackfillState, Database, Item, Migrations, Model, Step, StepError,
    Table,
};
use serde_json::{Value, json};

use crate::backfills::{User, assert_upgraded, drifted, old, users};
use crate::support::{Outcome, n, put_raw, s};

fn title_becomes_name(item: &mut Item) -> Result<(), StepError> {
    let title: String = item.take("title")?;
    item.put("name", &title)
}

static LEVEL: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", title_becomes_name)]);

#[derive(Debug, Clone, Model)]
#[model(table = "levels", schema = "2.0.0", migrations = LEVEL, validate = false)]
struct Level {
    #[model(hash_key)]
    name_of_wad: String,
    #[model(range_key)]
    number: u32,
    name: String,
}

fn both() -> Models {
    models![User, Level]
}

/// Users 1 to `good` can be upgraded, those behind them up to `all` cannot; two levels can.
async fn filled(good: u64, all: u64) -> (Database, Faults) {
    let (db, faults) = users(good).await;
    for id in good + 1..=all {
        put_raw(&db, "users", &[("id", n(id)), ("secret", s("hunter2")), ("visits", n(0))]).await;
    }
    Table::<Level>::create(&db).await.expect("levels");
    for number in 1..=2 {
        let key = [("name_of_wad", s("doom")), ("number", n(number))];
        let item = [&key[..], &[("title", s("secret title"))]].concat();
        put_raw(&db, "levels", &item).await;
    }
    Table::<BackfillRecord>::delete(&db).with_all_items().await.expect("no records yet");
    faults.clear_log();
    (db, faults)
}

/// What a command wrote to standard output and error.
struct Shown {
    exit: Exit,
    out: String,
    err: String,
}

async fn call(db: &Database, models: Models, line: &str) -> Shown {
    call_with(Cli::new(models), db, line).await
}

async fn call_with(cli: Cli, db: &Database, line: &str) -> Shown {
    let shown = shown(cli, db, &format!("migrate {line}")).await;
    for secret in ["hunter2", "secret title", "@x"] {
        assert!(!shown.out.contains(secret) && !shown.err.contains(secret), "{}", shown.out);
    }
    shown
}

/// A whole command line: words with blanks between them.
async fn shown(cli: Cli, db: &Database, line: &str) -> Shown {
    let args = std::iter::once("admin").chain(line.split_whitespace());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = cli.args(args).run_into(db, &mut out, &mut err).await;
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Shown { exit, out: text(out), err: text(err) }
}

/// What a command says to people, and in its document; it is called twice.
async fn told(db: &Database, models: fn() -> Models, line: &str) -> (Shown, Value) {
    (shown(Cli::new(models()), db, line).await, document(db, models(), line).await)
}

/// The document of a whole command line, whose exit code is the one in it. It names the command.
async fn document(db: &Database, models: Models, line: &str) -> Value {
    // What follows `--` is not ours.
    let (own, rest) = line.split_once(" -- ").unwrap_or((line, ""));
    let rest = if rest.is_empty() { String::new() } else { format!(" -- {rest}") };
    let shown = shown(Cli::new(models), db, &format!("{own} --json{rest}")).await;
    let document: Value = serde_json::from_str(&shown.out).expect("one JSON document");
    assert_eq!(document["exit_code"], shown.exit.code(), "{document}");
    let command = document["command"].as_str().expect("a text");
    assert!(line.starts_with(command), "{line}: {command}");
    document
}

/// The document of a command, whose exit code is the one in it.
async fn json(db: &Database, models: Models, line: &str) -> Value {
    let shown = call(db, models, &format!("{line} --json")).await;
    let document: Value = serde_json::from_str(&shown.out).expect("one JSON document");
    assert_eq!(document["exit_code"], shown.exit.code(), "{document}");
    document
}

fn outcomes(document: &Value) -> Vec<&str> {
    let models = document["models"].as_array().expect("models");
    models.iter().map(|model| model["outcome"].as_str().expect("a text")).collect()
}

#[tokio::test]
async fn a_migration_from_its_plan_to_its_history() -> Outcome {
    let (db, faults) = filled(5, 5).await;
    let status = call(&db, both(), "status").await;
    assert_eq!(status.exit, Exit::Older);
    assert_eq!(
        status.out,
        "User 2.1.0 of table users: never begun\nLevel 2.0.0 of table levels: never begun\n"
    );
    let plan = call(&db, both(), "plan").await;
    assert_eq!(plan.exit, Exit::Done);
    assert_eq!(
        plan.out,
        "User 2.1.0 of table users\n  5 items, 5 older, at least 5 write units to upgrade\n  \
         schema 1.0.0: 5 items\nLevel 2.0.0 of table levels\n  2 items, 2 older, at least 2 write \
         units to upgrade\n  schema 1.0.0: 2 items\n"
    );
    let dry = call(&db, both(), "dry-run --model Level").await;
    assert_eq!(dry.exit, Exit::Done);
    let line = r#"  item (name_of_wad = "doom", number = 1); added: _schema, name; removed: title"#;
    assert!(dry.out.contains("  2 items can be upgraded, 0 cannot\n"), "{}", dry.out);
    assert!(dry.out.contains(line), "{}", dry.out);
    let reads =
        |request: &dynamap::faults::Request| matches!(request.operation.as_str(), "Scan" | "Query");
    assert!(faults.requests().iter().all(reads), "nothing is written");

    let run = call(&db, both(), "run").await;
    assert_eq!((run.exit, run.out.lines().count()), (Exit::Done, 6), "{}", run.out);
    assert!(run.out.starts_with(
        "User 2.1.0 of table users: complete\n  completed: 5 items seen, 5 upgraded, 0 failed\n"
    ));
    assert_eq!(
        run.err,
        "User 2.1.0 of table users is begun\nLevel 2.0.0 of table levels is begun\n"
    );
    assert_upgraded(&db, 5, 2).await?;
    let verify = call(&db, both(), "verify").await;
    assert_eq!(verify.exit, Exit::Done);
    assert!(verify.out.starts_with("User 2.1.0 of table users: complete\n  5 items, 0 older"));
    let status = call(&db, both(), "status").await;
    assert_eq!(status.exit, Exit::Done);
    assert!(status.out.contains("completed, verified: 2 items seen"), "{}", status.out);
    let history = call(&db, both(), "history").await;
    assert_eq!(history.exit, Exit::Done);
    assert_eq!(history.out.matches(" completed: 5 seen, 5 upgraded, by ").count(), 1);
    Ok(())
}

#[tokio::test]
async fn each_command_has_a_document_of_the_same_fields() -> Outcome {
    let (db, _faults) = filled(4, 5).await;
    let status = json(&db, both(), "status").await;
    assert_eq!(
        status,
        json!({
            "command": "status", "outcome": "older", "exit_code": 3,
            "models": [
                { "model": "User", "schema": "2.1.0", "table": "users", "outcome": "older" },
                { "model": "Level", "schema": "2.0.0", "table": "levels", "outcome": "older" },
            ],
        })
    );
    let plan = json(&db, both(), "plan").await;
    assert_eq!(
        plan["models"][0]["plan"],
        json!({
            "items": 5, "older": 5, "schemas": { "1.0.0": 5 }, "write_units": 5, "required": [],
        })
    );
    let dry = json(&db, both(), "dry-run").await;
    assert_eq!(outcomes(&dry), ["failed", "done"]);
    let trial = &dry["models"][0]["dry_run"];
    assert_eq!((&trial["upgraded"], &trial["failed"]), (&json!(4), &json!(1)));
    assert_eq!(trial["failures"][0]["key"], json!({ "id": { "N": "5" } }));
    let sample = &dry["models"][1]["dry_run"]["samples"][0];
    assert_eq!(sample["key"]["name_of_wad"], json!({ "S": "doom" }));
    assert_eq!(sample["becomes"], json!([sample["key"]]));
    assert_eq!(
        (&sample["added"], &sample["removed"]),
        (&json!(["_schema", "name"]), &json!(["title"]))
    );

    let run = json(&db, both(), "run --segments 3").await;
    assert_eq!((outcomes(&run), run["outcome"].as_str()), (vec!["failed", "done"], Some("failed")));
    let record = &run["models"][0]["record"];
    let mut fields: Vec<_> = record.as_object().expect("fields").keys().collect();
    fields.sort();
    assert_eq!(
        fields,
        [
            "begun",
            "failed",
            "failures",
            "fingerprint",
            "heard",
            "history",
            "items",
            "model",
            "owner",
            "runs",
            "schema",
            "segments",
            "state",
            "swept",
            "unnamed",
            "upgraded",
            "verified"
        ]
    );
    let counted = ["state", "items", "upgraded", "failed", "unnamed", "segments"];
    let counted = counted.map(|field| record[field].clone());
    assert_eq!(json!(counted), json!(["failed", 5, 4, 1, 0, 3]));
    let failure = &record["failures"][0];
    assert_eq!(failure["key"], json!({ "id": { "N": "5" } }));
    assert!(failure["why"].as_str().is_some_and(|why| why.contains("`mail`")), "{failure}");

    put_raw(&db, "users", &old(5)).await;
    let retried = json(&db, both(), "retry-failed --model User").await;
    assert_eq!((outcomes(&retried), &retried["exit_code"]), (vec!["done"], &json!(0)));
    let verify = json(&db, both(), "verify").await;
    assert_eq!(verify["models"][0]["plan"]["schemas"], json!({ "2.1.0": 5 }));
    let history = json(&db, both(), "history").await;
    let runs = &history["models"][0]["history"][0]["history"];
    let run = |run: &Value| [&run["state"], &run["items"], &run["upgraded"]].map(Value::clone);
    let runs: Vec<_> = runs.as_array().expect("runs").iter().map(run).collect();
    assert_eq!(json!(runs), json!([["failed", 5, 4], ["completed", 0, 1]]));
    let begun = history["models"][0]["history"][0]["begun"].as_str().expect("a time");
    assert!(begun.parse::<jiff::Timestamp>().is_ok(), "{begun}");
    Ok(())
}

static MOVED: Migrations = Migrations::new(&[Step::keyed("1.0.0", "2.0.0", |item| Ok(vec![item]))]);

#[derive(Debug, Clone, Model)]
#[model(table = "moved", schema = "2.0.0", migrations = MOVED, validate = false)]
struct Moved {
    #[model(hash_key)]
    id: u64,
}

#[tokio::test]
async fn a_plan_tells_which_steps_need_the_backfill() -> Outcome {
    let (db, _faults) = filled(0, 0).await;
    Table::<Moved>::create(&db).await?;
    put_raw(&db, "moved", &[("id", n(1))]).await;
    let plan = json(&db, models![Moved], "plan").await;
    let required = plan["models"][0]["plan"]["required"].as_array().expect("a list");
    let [step] = &required[..] else { panic!("{plan}") };
    assert!(step.as_str().is_some_and(|step| step.contains("changes the key")), "{step}");
    let plan = call(&db, models![Moved], "plan").await;
    assert!(plan.out.contains("  a backfill is required: step 1.0.0 to 2.0.0"), "{}", plan.out);
    Ok(())
}

#[tokio::test]
async fn failures_are_shown_by_key_and_tried_again() -> Outcome {
    let (db, faults) = filled(3, 4).await;
    let dry = call(&db, both(), "dry-run").await;
    assert_eq!(dry.exit, Exit::Failed);
    assert!(dry.out.contains("items would fail\n  3 items can be upgraded, 1 cannot\n"));
    let never = call(&db, both(), "retry-failed").await;
    assert_eq!(never.exit, Exit::Older, "{}", never.out);
    assert!(never.out.contains("was never begun"), "{}", never.out);

    let run = call(&db, both(), "run").await;
    assert_eq!(run.exit, Exit::Failed);
    assert!(run.out.contains("User 2.1.0 of table users: items failed\n"), "{}", run.out);
    assert!(run.out.contains("  failed: item (id = 4): "), "{}", run.out);
    assert!(
        run.out.contains("Level 2.0.0 of table levels: complete\n"),
        "the other one has its turn"
    );
    assert_eq!(call(&db, both(), "status").await.exit, Exit::Failed);
    assert_eq!(call(&db, both(), "retry-failed").await.exit, Exit::Failed);
    put_raw(&db, "users", &old(4)).await;
    faults.clear_log();
    let retried = call(&db, both(), "retry-failed").await;
    assert_eq!((retried.exit, faults.count("Scan")), (Exit::Done, 0), "{}", retried.out);
    assert_upgraded(&db, 4, 2).await
}

#[tokio::test]
async fn more_failures_than_are_tolerated_are_named_and_the_rest_can_go_on() -> Outcome {
    let (db, _faults) = filled(0, 30).await;
    let run = json(&db, both(), "run --tolerate 24 --segments 1 --at-once 1 --model User").await;
    assert_eq!((outcomes(&run), run["exit_code"].as_u64()), (vec!["failed"], Some(4)));
    assert!(run["models"][0]["error"].as_str().is_some_and(|error| error.contains("more than 24")));
    let failures = run["models"][0]["failures"].as_array().expect("failures");
    assert_eq!(failures.len(), 25);
    assert!(failures.iter().all(|failure| failure["key"]["id"]["N"].is_string()), "{failures:?}");
    let run = call(&db, both(), "run --tolerate 24 --segments 1 --model User").await;
    assert!(run.out.contains("more, which --json names\n"), "{}", run.out);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn of_two_runners_the_second_one_is_told_by_its_code() -> Outcome {
    let (db, faults) = filled(4, 4).await;
    faults.always("Scan", Fault::HangBefore);
    let runner = {
        let db = db.clone();
        tokio::spawn(async move { call(&db, models![User], "run --lease 9").await.exit })
    };
    while faults.count("Scan") == 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let status = call(&db, models![User], "status").await;
    assert_eq!(status.exit, Exit::Running);
    let refused = json(&db, models![User], "run --lease 9").await;
    assert_eq!((outcomes(&refused), &refused["exit_code"]), (vec!["running"], &json!(5)));
    let error = refused["models"][0]["error"].as_str().expect("an error");
    assert!(error.contains("is run by"), "{error}");
    faults.clear();
    // This one holds that a runner is gone of which nothing was heard for a second.
    assert_eq!(call(&db, models![User], "run --lease 1").await.exit, Exit::Done);
    assert_eq!(runner.await?, Exit::Running, "it lost its lease");
    Ok(())
}

#[tokio::test]
async fn steps_that_drifted_are_told_by_their_code_and_the_other_models_have_their_turn() -> Outcome
{
    let (db, _faults) = filled(3, 4).await;
    call(&db, both(), "run --model User").await;
    let models = || models![drifted::User, Level];
    assert_eq!(call(&db, models(), "status --model User").await.exit, Exit::Drifted);
    let run = json(&db, models(), "run").await;
    assert_eq!((outcomes(&run), &run["exit_code"]), (vec!["drifted", "done"], &json!(6)));
    assert_eq!(call(&db, models(), "retry-failed").await.exit, Exit::Drifted);
    Ok(())
}

#[tokio::test]
async fn a_job_that_was_stopped_is_told_by_its_code_and_the_next_run_finishes() -> Outcome {
    let (db, _faults) = filled(9, 9).await;
    let stop = dynamap::backfill::Stop::new();
    stop.now();
    let cli = Cli::new(both()).stop_by(&stop);
    let stopped = call_with(cli, &db, "run --segments 1 --page-size 2 --json").await;
    assert_eq!(stopped.exit, Exit::Interrupted);
    let document: Value = serde_json::from_str(&stopped.out)?;
    assert_eq!(outcomes(&document), ["interrupted"], "the next model is not begun");
    assert_eq!(document["models"][0]["record"]["items"], 2);
    assert_eq!(call(&db, both(), "status --model User").await.exit, Exit::Interrupted);
    assert_eq!(call(&db, both(), "run").await.exit, Exit::Done);
    assert_upgraded(&db, 9, 2).await
}

#[tokio::test]
async fn what_is_found_after_completion_is_older_items_and_no_interruption() -> Outcome {
    let (db, _faults) = filled(3, 3).await;
    assert_eq!(call(&db, both(), "run").await.exit, Exit::Done);
    put_raw(&db, "users", &old(2)).await;
    assert_eq!(call(&db, both(), "status").await.exit, Exit::Done, "it reads the record alone");
    let verify = call(&db, both(), "verify").await;
    assert_eq!(verify.exit, Exit::Older);
    assert!(
        verify
            .out
            .starts_with("User 2.1.0 of table users: older items are left\n  3 items, 1 older")
    );
    let status = call(&db, both(), "status").await;
    assert_eq!(status.exit, Exit::Older);
    assert_eq!(call(&db, both(), "run").await.exit, Exit::Done);
    assert_eq!(call(&db, both(), "verify").await.exit, Exit::Done);
    Ok(())
}

#[tokio::test]
async fn verify_needs_no_record() -> Outcome {
    let (db, _faults) = filled(3, 3).await;
    let verify = json(&db, both(), "verify").await;
    assert_eq!((outcomes(&verify), &verify["exit_code"]), (vec!["older", "older"], &json!(3)));
    assert!(!Table::<BackfillRecord>::exists(&db).await?, "it makes no table");
    Ok(())
}

#[tokio::test]
async fn a_command_line_that_is_wrong_does_nothing() -> Outcome {
    let (db, faults) = filled(1, 1).await;
    for line in [
        "",
        "migrate",
        "runn",
        "run --model Nobody",
        "run --segments 0",
        "run --page-size 0",
        "run --at-once none",
        "run --lease 0",
        "run --write-units 0",
    ] {
        let shown = call(&db, both(), line).await;
        assert_eq!((shown.exit, shown.out.as_str()), (Exit::Usage, ""), "{line}");
        assert!(!shown.err.is_empty(), "{line}");
    }
    let unknown = call(&db, both(), "run --model Nobody").await;
    assert!(unknown.err.contains("there is no model `Nobody`: there are User, Level"));
    let help = call(&db, both(), "--help").await;
    assert_eq!((help.exit, help.err.as_str()), (Exit::Done, ""));
    for word in ["status", "dry-run", "retry-failed", "--model", "--json", "--write-units"] {
        assert!(help.out.contains(word), "{word}");
    }
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn anything_else_is_an_error_of_its_model_alone() -> Outcome {
    let (db, _faults) = filled(2, 2).await;
    Table::<Level>::delete(&db).with_all_items().await?;
    let run = json(&db, models![Level, User], "run").await;
    assert_eq!((outcomes(&run), &run["exit_code"]), (vec!["missing", "done"], &json!(9)));
    let error = run["models"][0]["error"].as_str().expect("an error");
    assert!(error.contains("table levels does not exist"), "{error}");
    assert_upgraded(&db, 2, 2).await
}

/// The options reach the job: what is asked of the service shows them.
#[tokio::test(start_paused = true)]
async fn options_say_how_the_job_is_run() -> Outcome {
    let (db, faults) = filled(60, 60).await;
    let began = tokio::time::Instant::now();
    let line = "run --model User --segments 2 --page-size 7 --at-once 3 --write-units 5";
    assert_eq!(call(&db, both(), line).await.exit, Exit::Done);
    // 60 units of writing at 5 a second: the clock is tokio's, and stands still but for the limit.
    assert!(began.elapsed() > Duration::from_secs(5), "{:?}", began.elapsed());
    let scans: Vec<_> = faults.requests().into_iter().filter(|r| r.operation == "Scan").collect();
    assert!(scans.iter().all(|scan| scan.body["TotalSegments"] == 2 && scan.body["Limit"] == 7));
    let record = BackfillRecord::get(&db, ("users", "User 2.1.0")).await?.expect("a record");
    assert_eq!((record.state, record.segments), (BackfillState::Completed, 2));
    Ok(())
}

/// The record grows with its failures, and is written behind every page: its table is not what is to be spared.
#[tokio::test(start_paused = true)]
async fn a_limit_does_not_slow_the_signs_of_life() -> Outcome {
    let (db, _faults) = filled(0, 100).await;
    let began = tokio::time::Instant::now();
    let line = "run --model User --segments 1 --page-size 5 --write-units 1";
    assert_eq!(call(&db, both(), line).await.exit, Exit::Failed);
    // Nothing but records was written, some hundred units.
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    Ok(())
}

#[tokio::test]
async fn a_command_can_be_spawned_and_sees_what_the_library_did() -> Outcome {
    let (db, _faults) = filled(3, 3).await;
    Table::<BackfillRecord>::create(&db).await?;
    Backfill::<User>::of(&db).run().await?;
    let exit = tokio::spawn(async move { call(&db, models![User], "status").await.exit }).await?;
    assert_eq!(exit, Exit::Done);
    Ok(())
}
