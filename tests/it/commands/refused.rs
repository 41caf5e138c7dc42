//! What cannot be undone is not done to a store elsewhere, unless `--yes` says so.

use aws_sdk_dynamodb::{Client, Config};
use dynamap::cli::{Cli, Exit, Models, models};
use dynamap::embedded::ControlPlane;
use dynamap::faults::Faults;
use dynamap::{Database, Model, Sequence, Table, TransactionRecord};

use super::{document, shown};
use crate::support::{DoomMap, Outcome};

/// What is done to this one, is done to the embedded store; its client says that it talks to `endpoint`.
async fn store_at(endpoint: &str) -> Result<(Database, Faults), Box<dyn std::error::Error>> {
    let faults = Faults::new();
    let client = faults.wrap(&dynamap::embedded::memory()?)?;
    let config: Config = client.config().to_builder().endpoint_url(endpoint).build();
    let db = Database::builder(Client::from_conf(config)).seed(7).build();
    Table::<DoomMap>::create(&db).await?;
    let other = Database::builder(db.client().clone()).table_prefix("other_").build();
    Table::<DoomMap>::create(&other).await?;
    Table::<TransactionRecord>::create(&db).await?;
    Sequence::create_table(&db).await?;
    DoomMap::new(1, 1, "Hangar").insert(&db).await?;
    faults.clear_log();
    Ok((db, faults))
}

fn maps() -> Models {
    models![DoomMap]
}

/// Each with the command line that does it, the last one last.
fn destructive(folder: &str) -> Vec<String> {
    vec![
        "table copy doom_maps doom_maps --to-prefix other_ --existing replace".to_owned(),
        format!("table import {folder} doom_maps --existing replace"),
        "table update --drop-indexes".to_owned(),
        "table update --remake-stream".to_owned(),
        "table throughput-repair doom_maps".to_owned(),
        "sequence raise tickets --to 7".to_owned(),
        "transaction resolve order-1".to_owned(),
        "table delete doom_maps --with-all-items".to_owned(),
    ]
}

async fn exported(db: &Database) -> Result<tempfile::TempDir, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let line = format!("table export doom_maps {}/maps", folder.path().display());
    assert_eq!(shown(Cli::new(maps()), db, &line).await.exit, Exit::Done);
    Ok(folder)
}

#[tokio::test]
async fn it_needs_a_word_where_the_store_is_elsewhere() -> Outcome {
    for endpoint in [
        "https://dynamodb.eu-central-1.amazonaws.com",
        "http://10.0.0.7:8000",
        "http://localhost.example.org",
    ] {
        let (db, faults) = store_at(endpoint).await?;
        let folder = exported(&db).await?;
        faults.clear_log();
        let lines = destructive(&format!("{}/maps", folder.path().display()));
        for line in &lines {
            let refused = shown(Cli::new(maps()), &db, line).await;
            assert_eq!((refused.exit, refused.out.as_str()), (Exit::Usage, ""), "{line}");
            assert!(
                refused.err.contains("say --yes to do it, nothing was done"),
                "{}",
                refused.err
            );
            let host = endpoint.split("//").nth(1).and_then(|rest| rest.split(':').next());
            assert!(refused.err.contains(host.expect("a host")), "{}", refused.err);
            assert_eq!(document(&db, maps(), line).await["exit_code"], 2, "{line}");
        }
        assert!(faults.requests().is_empty(), "nothing is sent: {:?}", faults.requests());
        for line in &lines {
            let done = shown(Cli::new(maps()), &db, &format!("{line} --yes")).await;
            assert!(matches!(done.exit, Exit::Done | Exit::Aborted), "{line}: {}", done.err);
        }
    }
    Ok(())
}

#[tokio::test]
async fn it_needs_none_on_this_machine() -> Outcome {
    for endpoint in ["http://127.0.0.1:8000", "http://localhost:8000", "http://embedded.invalid"] {
        let (db, _faults) = store_at(endpoint).await?;
        let folder = exported(&db).await?;
        for line in destructive(&format!("{}/maps", folder.path().display())) {
            let done = shown(Cli::new(maps()), &db, &line).await;
            assert!(matches!(done.exit, Exit::Done | Exit::Aborted), "{line}: {}", done.err);
        }
    }
    Ok(())
}

mod safe {
    use dynamap::TableSettings;

    static SAFE: TableSettings =
        TableSettings::new().deletion_protection(true).point_in_time_recovery(true);

    #[derive(Debug, Clone, dynamap::Model)]
    #[model(table = "ledgers", settings = SAFE, validate = false)]
    pub struct Ledger {
        #[model(hash_key)]
        pub id: u64,
    }
}

/// Models of the same table, each of which wants one thing else of it.
mod bold {
    use dynamap::{TableSettings, Ttl};

    static UNPROTECTED: TableSettings = TableSettings::new().deletion_protection(false);
    static UNKEPT: TableSettings = TableSettings::new().point_in_time_recovery(false);

    #[derive(Debug, Clone, dynamap::Model)]
    #[model(table = "ledgers", settings = UNPROTECTED, validate = false)]
    pub struct Unprotected {
        #[model(hash_key)]
        pub id: u64,
    }

    #[derive(Debug, Clone, dynamap::Model)]
    #[model(table = "ledgers", settings = UNKEPT, validate = false)]
    pub struct Unkept {
        #[model(hash_key)]
        pub id: u64,
    }

    #[derive(Debug, Clone, dynamap::Model)]
    #[model(table = "ledgers", validate = false)]
    pub struct Expiring {
        #[model(hash_key)]
        pub id: u64,
        #[model(ttl)]
        pub expires: Option<Ttl>,
    }
}

/// Deletion protection, recovery and time to live guard what is stored: who turns them says so.
#[tokio::test(start_paused = true)]
async fn an_update_that_takes_a_guard_away_needs_a_word_where_the_store_is_elsewhere() -> Outcome {
    for (models, what) in [
        (models![bold::Unprotected], "its deletion protection is on and shall be off"),
        (models![bold::Unkept], "its point-in-time recovery is on and shall be off"),
        (models![bold::Expiring], "its TTL attribute is none and shall be expires"),
    ] {
        let faults = Faults::new();
        let store = dynamap::embedded::builder().control_plane(ControlPlane::polled()).memory()?;
        let client = faults.wrap(&store)?;
        let endpoint = "https://dynamodb.eu-central-1.amazonaws.com";
        let config: Config = client.config().to_builder().endpoint_url(endpoint).build();
        let db = Database::builder(Client::from_conf(config)).seed(7).build();
        Table::<safe::Ledger>::create(&db).await?;
        faults.clear_log();
        let refused = shown(Cli::new(models), &db, "table update").await;
        assert_eq!((refused.exit, refused.out.as_str()), (Exit::Usage, ""), "{what}");
        assert!(refused.err.contains(what) && refused.err.contains("say --yes"), "{}", refused.err);
        let reads = faults.requests();
        assert!(
            !reads.is_empty()
                && reads.iter().all(|one| {
                    one.operation.starts_with("Describe") || one.operation.starts_with("List")
                })
        );
        // What adds a guard, or nothing, needs no word.
        let done = shown(Cli::new(models![safe::Ledger]), &db, "table update").await;
        assert_eq!(done.exit, Exit::Done, "{}", done.err);
    }
    Ok(())
}

#[tokio::test]
async fn what_can_be_undone_needs_none_anywhere() -> Outcome {
    let (db, _faults) = store_at("https://dynamodb.eu-central-1.amazonaws.com").await?;
    for line in [
        "table list",
        "table describe doom_maps",
        "table verify",
        "table update",
        "item get doom_maps 1 1",
        "table copy doom_maps doom_maps --to-prefix other_",
        "sequence list",
        "transaction list",
    ] {
        let done = shown(Cli::new(maps()), &db, line).await;
        assert_eq!(done.exit, Exit::Done, "{line}: {}", done.err);
    }
    Ok(())
}
