//! More throughput while a command runs, from the command line.

use dynamap::cli::{Exit, Models};
use dynamap::faults::{Fault, Faults};
use dynamap::{Database, Model, RaisedThroughput, Table, TableSettings, Throughput};
use serde_json::json;

use super::{document, told};
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
        other => Err(format!("{other}").into()),
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
async fn what_cannot_be_raised_runs_no_command() -> Outcome {
    let (db, _faults) = small().await?;
    let folder = tempfile::tempdir()?;
    let mark = folder.path().join("ran");
    let line = format!("table throughput nothing --read 5 --write 5 -- touch {}", mark.display());
    assert_eq!(document(&db, Models::new(), &line).await["outcome"], "missing");
    assert!(!mark.exists());
    Ok(())
}
