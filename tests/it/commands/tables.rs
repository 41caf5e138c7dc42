//! Tables from the command line: listed, described, made, compared, changed, deleted.

use dynamap::cli::{Exit, Models, models};
use dynamap::faults::{Fault, Faults};
use dynamap::{Database, Model, Table};
use serde_json::json;

use super::{document, told};
use crate::support::{Account, Outcome, n, put_raw};

mod before {
    #[derive(Debug, Clone, dynamap::Model)]
    #[model(table = "orders", gsi(by_day, hash_key = day), validate = false)]
    pub struct Order {
        #[model(hash_key)]
        pub id: u64,
        pub day: String,
        pub status: String,
    }
}

#[derive(Debug, Clone, Model)]
#[model(table = "orders", gsi(by_status, hash_key = status, range_key = day), validate = false)]
struct Order {
    #[model(hash_key)]
    id: u64,
    day: String,
    status: String,
}

fn all() -> Models {
    models![Account, Order]
}

fn order() -> Models {
    models![Order]
}

/// An empty store, with a prefix.
fn empty() -> (Database, Faults) {
    let faults = Faults::new();
    let client = dynamap::embedded::memory().expect("an embedded store");
    let client = faults.wrap(&client).expect("the client has a connector");
    (Database::builder(client).table_prefix("t_").seed(7).build(), faults)
}

#[tokio::test]
async fn tables_are_made_listed_and_described() -> Outcome {
    let (db, _faults) = empty();
    let differs = document(&db, all(), "table verify").await;
    assert_eq!((&differs["outcome"], &differs["exit_code"]), (&json!("differs"), &json!(8)));
    let kinds: Vec<_> =
        differs["result"]["differences"].as_array().expect("a list").iter().collect();
    assert!(kinds.iter().all(|one| one["kind"] == "no_table" && one["remedy"] == "create"));
    assert_eq!(kinds.len(), 3, "the counters, too: {differs}");

    let made = document(&db, all(), "table create --model Account").await;
    assert_eq!(
        made["result"],
        json!({ "created": ["t_dynamap_counters", "t_accounts"], "were_there": [] })
    );
    let (shown, again) = told(&db, all, "table create").await;
    assert_eq!(shown.exit, Exit::Done);
    assert_eq!(
        shown.out,
        "table t_orders is made\ntable t_dynamap_counters was there\ntable t_accounts was there\n"
    );
    assert_eq!(again["result"]["created"], json!([]));

    let (shown, listed) = told(&db, Models::new, "table list").await;
    assert_eq!(shown.out, "accounts\ndynamap_counters\norders\n");
    assert_eq!(listed["result"], json!(["accounts", "dynamap_counters", "orders"]));

    let (shown, described) = told(&db, Models::new, "table describe orders").await;
    assert!(shown.out.starts_with("table t_orders: ACTIVE\n  key: id (N)\n"), "{}", shown.out);
    assert!(shown.out.contains("  global index by_status: ACTIVE\n    key: status (S) + day (S)"));
    let found = &described["result"];
    assert_eq!(found["table"], "t_orders");
    assert_eq!(found["keys"], json!([{ "name": "id", "kind": "N", "range": false }]));
    assert_eq!(found["indexes"][0]["keys"][1]["name"], "day");
    let missing = document(&db, all(), "table describe nothing").await;
    assert_eq!((&missing["outcome"], &missing["exit_code"]), (&json!("missing"), &json!(9)));
    assert_eq!(missing["error"], "there is no table t_nothing");
    Ok(())
}

#[tokio::test]
async fn a_table_is_brought_to_what_its_model_wants() -> Outcome {
    let (db, faults) = empty();
    Table::<before::Order>::create(&db).await?;
    let (verified, document_of) = told(&db, order, "table verify").await;
    assert_eq!(verified.exit, Exit::Differs);
    assert!(
        verified.out.contains("t_orders, index by_status: there is no such index"),
        "{}",
        verified.out
    );
    let kinds: Vec<_> = document_of["result"]["differences"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|d| &d["kind"])
        .collect();
    assert_eq!(kinds, ["no_index", "unknown_index"]);

    faults.clear_log();
    let (planned, plan) = told(&db, order, "table plan").await;
    assert_eq!((planned.exit, planned.out.lines().count()), (Exit::Done, 1), "{}", planned.out);
    assert_eq!(plan["result"]["differences"][0]["index"], "by_status");
    let plan = document(&db, order(), "table plan --drop-indexes").await;
    assert_eq!(plan["result"]["differences"].as_array().map(Vec::len), Some(2));
    assert_eq!(faults.count("UpdateTable"), 0, "a plan changes nothing");

    let (updated, again) = told(&db, order, "table update").await;
    assert_eq!(updated.exit, Exit::Differs, "an index is left");
    assert!(updated.out.starts_with("done:\n  t_orders, index by_status"), "{}", updated.out);
    assert_eq!(again["result"]["done"], json!([]));
    assert_eq!(again["result"]["left"][0]["remedy"], "update_dropping_indexes");
    let (updated, again) = told(&db, order, "table update --drop-indexes").await;
    assert_eq!(updated.exit, Exit::Done);
    assert_eq!(again["result"], json!({ "done": [], "left": [], "refused": [] }));
    let (verified, document_of) = told(&db, order, "table verify").await;
    assert_eq!((verified.exit, verified.out.as_str()), (Exit::Done, "nothing is different\n"));
    assert_eq!(document_of["exit_code"], 0);
    Ok(())
}

/// A model of the same table that knows the index which the other one does not.
#[derive(Debug, Clone, Model)]
#[model(table = "orders", gsi(by_day, hash_key = day), validate = false)]
struct Delivery {
    #[model(hash_key)]
    id: u64,
    day: String,
}

#[tokio::test]
async fn the_other_models_of_a_table_are_never_left_out_of_it() -> Outcome {
    let (db, faults) = empty();
    let both = || models![Order, Delivery, Account];
    assert_eq!(document(&db, both(), "table create --model Order").await["exit_code"], 0);
    faults.clear_log();
    for line in ["table verify --model Order", "table update --model Delivery --drop-indexes"] {
        let done = document(&db, both(), line).await;
        assert_eq!(done["exit_code"], 0, "{line}: {done}");
    }
    assert_eq!(faults.count("UpdateTable"), 0, "no index is dropped");
    let plan = document(&db, both(), "table plan --model Order --drop-indexes").await;
    assert_eq!(plan["result"]["differences"], json!([]));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_change_that_the_service_refuses_is_told_with_its_reason() -> Outcome {
    let (db, faults) = empty();
    Table::<before::Order>::create(&db).await?;
    faults.always("UpdateTable", Fault::service("ValidationException"));
    let (shown, refused) = told(&db, order, "table update").await;
    assert_eq!(shown.exit, Exit::Error, "{}", shown.err);
    assert!(shown.out.contains("refused:\n  t_orders, index by_status"), "{}", shown.out);
    assert_eq!((&refused["outcome"], &refused["exit_code"]), (&json!("error"), &json!(1)));
    let one = &refused["result"]["refused"][0];
    assert_eq!(one["difference"]["kind"], "no_index");
    assert!(one["error"].as_str().is_some_and(|error| error.contains("ValidationException")));
    Ok(())
}

#[tokio::test]
async fn a_table_with_items_is_deleted_on_demand_only() -> Outcome {
    let (db, _faults) = empty();
    Table::<Order>::create(&db).await?;
    put_raw(&db, "t_orders", &[("id", n(1))]).await;
    let refused = document(&db, order(), "table delete orders").await;
    assert_eq!(refused["outcome"], "error");
    assert!(refused["error"].as_str().is_some_and(|error| error.contains("holds items")));
    let deleted = document(&db, order(), "table delete orders --with-all-items").await;
    assert_eq!(deleted["result"], json!({ "table": "t_orders" }));
    let (shown, again) = told(&db, order, "table delete orders").await;
    assert_eq!((shown.exit, shown.out.as_str()), (Exit::Missing, ""), "{}", shown.err);
    assert!(shown.err.contains("t_orders"), "an error is told on standard error: {}", shown.err);
    assert_eq!(again["exit_code"], 9);
    Ok(())
}

#[tokio::test]
async fn commands_about_models_say_that_a_program_names_none() -> Outcome {
    let (db, faults) = empty();
    for line in ["table create", "table verify", "sequence verify", "view verify", "migrate status"]
    {
        let shown = super::shown(dynamap::cli::Cli::new(Models::new()), &db, line).await;
        assert_eq!(shown.exit, Exit::Usage, "{line}");
        assert!(shown.err.contains("names no models"), "{line}: {}", shown.err);
    }
    let shown =
        super::shown(dynamap::cli::Cli::new(all()), &db, "table verify --model Odrer").await;
    assert!(shown.err.contains("there is no model `Odrer`: there are Account, Order"));
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn shells_complete_every_command() -> Outcome {
    let (db, faults) = empty();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (shown, document) = told(&db, all, &format!("completions {shell}")).await;
        assert_eq!(shown.exit, Exit::Done, "{shell}");
        for word in ["admin", "throughput-repair", "resolve", "drop-indexes"] {
            assert!(shown.out.contains(word), "{shell}: {word}");
        }
        assert_eq!(document["result"], json!(shown.out), "{shell}");
    }
    assert!(faults.requests().is_empty());
    Ok(())
}
