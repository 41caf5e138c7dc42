//! More throughput while a command runs, from the command line.

use dynamap::backfill::Stop;
use dynamap::cli::{Cli, Exit, Models};
use dynamap::faults::{Fault, Faults};
use dynamap::{Database, Model, RaisedThroughput, Table, TableSettings, Throughput};
use serde_json::json;

use super::{document, shown, told};
use crate::support::Outcome;

static SMALL: TableSettings = TableSettings::new().provisioned(5, 5);

#[derive(Debug, Clone, Model)]
#[model(table = "small", settings = SMALL, validate = false)]
struct Small {
    #[model(hash_key)]
    id: u64,
}

async fn small() -> Result<(Database, Faults), Box<dyn std::error::Error>> {
    let faults = Faults::new();
    let client = faults.wrap(&dynamap::embedded::memory()?)?;
    let db = Database::builder(client).seed(7).build();
    Table::<Small>::create(&db).await?;
    faults.clear_log();
    Ok((db, faults))
}

/// What the table was set to, one after the other.
fn set(faults: &Faults) -> Vec<(u64, u64)> {
    let units = |request: &dynamap::faults::Request, which: &str| {
        request.body["ProvisionedThroughput"][which].as_u64().unwrap_or_default()
    };
    let updates =
        faults.requests().into_iter().filter(|request| request.operation == "UpdateTable");
    updates
        .map(|request| {
            (units(&request, "ReadCapacityUnits"), units(&request, "WriteCapacityUnits"))
        })
        .collect()
}

async fn throughput(db: &Database) -> Result<Throughput, Box<dyn std::error::Error>> {
    let info = Table::<Small>::named(db).describe().await?.ok_or("no table")?;
    match info.billing() {
        dynamap::Billing::Provisioned(throughput) => Ok(throughput),
        other @ dynamap::Billing::PerRequest => Err(format!("{other}").into()),
    }
}

#[tokio::test]
async fn a_command_runs_while_its_table_has_more_throughput() -> Outcome {
    let (db, faults) = small().await?;
    let line = "table throughput small --read 50 --write 70 -- true";
    let (shown, document_of) = told(&db, Models::new, line).await;
    assert_eq!(shown.exit, Exit::Done, "{}", shown.err);
    assert_eq!(shown.out, "the command is done\nthe throughput of table small is restored\n");
    assert_eq!(set(&faults), [(50, 70), (5, 5), (50, 70), (5, 5)]);
    assert_eq!(
        document_of["result"],
        json!({ "table": "small", "read": 50, "write": 70, "command_exit_code": 0,
                "command_error": null, "not_restored": null })
    );
    assert_eq!(RaisedThroughput::scan(&db).count().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_command_that_fails_is_told_and_the_throughput_is_restored() -> Outcome {
    let (db, faults) = small().await?;
    let failed =
        document(&db, Models::new(), "table throughput small --read 50 --write 70 -- false").await;
    assert_eq!((&failed["outcome"], &failed["exit_code"]), (&json!("failed"), &json!(4)));
    assert_eq!(failed["result"]["command_exit_code"], 1);
    let line = "table throughput small --read 50 --write 70 -- no-such-command-anywhere";
    let (shown, missing) = told(&db, Models::new, line).await;
    assert_eq!(shown.exit, Exit::Failed);
    assert!(shown.out.starts_with("the command could not be run: "), "{}", shown.out);
    assert!(missing["result"]["command_error"].is_string());
    assert_eq!(set(&faults), [(50, 70), (5, 5)].repeat(3));
    assert_eq!(throughput(&db).await?, Throughput::new(5, 5));
    Ok(())
}

#[tokio::test]
async fn a_throughput_that_stays_raised_has_a_code_and_is_repaired() -> Outcome {
    let (db, faults) = small().await?;
    Table::<RaisedThroughput>::create(&db).await?;
    let line = "table throughput small --read 50 --write 70 -- true";
    // The second update, which lowers it, is refused.
    let gate = faults.pause_answer("UpdateTable");
    let refuse = async {
        gate.reached().await;
        faults.next("UpdateTable", Fault::service("LimitExceededException"));
        gate.release();
    };
    let (raised, ()) = tokio::join!(document(&db, Models::new(), line), refuse);
    assert_eq!((&raised["outcome"], &raised["exit_code"]), (&json!("raised"), &json!(11)));
    let why = raised["result"]["not_restored"].as_str().expect("a reason");
    assert!(why.contains("LimitExceeded"), "{why}");
    assert_eq!(throughput(&db).await?, Throughput::new(50, 70));

    let again = document(&db, Models::new(), line).await;
    assert_eq!((&again["outcome"], &again["exit_code"]), (&json!("running"), &json!(5)));
    let (repaired, again) = told(&db, Models::new, "table throughput-repair small").await;
    assert_eq!(repaired.exit, Exit::Done);
    assert_eq!(repaired.out, "the throughput of table small is restored\n");
    assert_eq!(throughput(&db).await?, Throughput::new(5, 5));
    assert_eq!(again["result"], json!({ "table": "small", "was_raised": false }));
    Ok(())
}

#[tokio::test]
async fn a_command_that_was_stopped_before_it_began_is_not_begun() -> Outcome {
    let (db, faults) = small().await?;
    let folder = tempfile::tempdir()?;
    let mark = folder.path().join("ran");
    let stop = Stop::new();
    stop.now();
    let line = format!("table throughput small --read 50 --write 70 -- touch {}", mark.display());
    let stopped = shown(Cli::new(Models::new()).stop_by(&stop), &db, &line).await;
    assert_eq!(stopped.exit, Exit::Interrupted, "{}", stopped.out);
    assert!(stopped.out.contains("stopped before it began"), "{}", stopped.out);
    assert!(!mark.exists());
    assert_eq!(set(&faults), [(50, 70), (5, 5)], "what was raised is restored");
    Ok(())
}

#[tokio::test]
async fn where_neither_raising_nor_restoring_succeeds_it_may_be_raised() -> Outcome {
    let (db, faults) = small().await?;
    Table::<RaisedThroughput>::create(&db).await?;
    let line = "table throughput small --read 50 --write 70 -- true";
    faults.always("UpdateTable", Fault::service("LimitExceededException"));
    let refused = document(&db, Models::new(), line).await;
    assert_eq!(refused["exit_code"], 1, "nothing was raised, and nothing is left: {refused}");
    faults.always("DeleteItem", Fault::service("ValidationException"));
    let maybe = document(&db, Models::new(), line).await;
    assert_eq!((&maybe["outcome"], &maybe["exit_code"]), (&json!("raised"), &json!(11)));
    let error = maybe["error"].as_str().expect("an error");
    assert!(
        error.contains("LimitExceeded") && error.contains("throughput-repair small"),
        "{error}"
    );
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_raised_runs_no_command() -> Outcome {
    let (db, _faults) = small().await?;
    let folder = tempfile::tempdir()?;
    let mark = folder.path().join("ran");
    let line = format!("table throughput nothing --read 5 --write 5 -- touch {}", mark.display());
    assert_eq!(document(&db, Models::new(), &line).await["outcome"], "missing");
    assert!(!mark.exists());
    Ok(())
}
