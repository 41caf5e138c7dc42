//! Policies: what a program does is allowed by the policy for its verbs, and not much else.

use std::collections::BTreeSet;
use std::future::Future;

use dynamap::cli::{Models, models};
use dynamap::embedded::{ControlPlane, builder};
use dynamap::faults::{Faults, Request};
use dynamap::{
    Database, Error, Model, Record, Rows, Sequence, Snapshot, Table, TableSettings, Transaction,
    TransactionRecord, View,
};
use serde_json::{Value, json};

use super::{document, told};
use crate::support::Outcome;

static KEPT: TableSettings =
    TableSettings::new().point_in_time_recovery(true).tags(&[("team", "shop")]);

#[derive(Debug, Clone, Model)]
#[model(table = "users", settings = KEPT, view = ByCountry, gsi(by_country, hash_key = country))]
#[model(validate = false)]
struct User {
    #[model(hash_key, auto_increment)]
    id: u64,
    #[model(unique)]
    email: String,
    country: String,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "rows", validate = false)]
struct Row {
    #[model(hash_key)]
    country: String,
    #[model(default)]
    users: u64,
}

struct ByCountry;

impl View for ByCountry {
    type Source = User;
    type Row = Row;
    const NAME: &'static str = "by_country";

    fn add(user: &User, rows: &mut Rows<Row>) {
        rows.add(&user.country, Row::USERS, 1);
    }
}

#[derive(Debug, Clone, Model)]
#[model(table = "plain", validate = false)]
struct Simple {
    #[model(hash_key)]
    id: u64,
    name: String,
}

static NARROW: TableSettings = TableSettings::new().provisioned(5, 5);

#[derive(Debug, Clone, Model)]
#[model(table = "narrow", settings = NARROW, validate = false)]
struct Narrow {
    #[model(hash_key)]
    id: u64,
}

fn both() -> Models {
    models![User, Simple, Narrow]
}

fn user(number: u64) -> User {
    User { id: 0, email: format!("{number}@x"), country: "CH".to_owned(), version: 0 }
}

/// What requests took: actions of IAM, each with a table, or an index behind a slash.
fn taken(requests: &[Request]) -> BTreeSet<(String, String)> {
    let mut taken = BTreeSet::new();
    for request in requests {
        let table = |body: &Value| body["TableName"].as_str().unwrap_or("*").to_owned();
        let parts = request.body["TransactItems"].as_array();
        if let Some(parts) = parts {
            for (part, body) in parts.iter().filter_map(Value::as_object).flatten() {
                let action = match part.as_str() {
                    "ConditionCheck" => "ConditionCheckItem".to_owned(),
                    part => format!("{part}Item"),
                };
                taken.insert((action, table(body)));
            }
        } else if let Some(tables) = request.body["RequestItems"].as_object() {
            taken.extend(tables.keys().map(|table| (request.operation.clone(), table.clone())));
        } else {
            let arn = request.body["ResourceArn"].as_str().and_then(|arn| arn.rsplit('/').next());
            let table = arn.map_or_else(|| table(&request.body), str::to_owned);
            let index = request.body["IndexName"].as_str();
            let resource = index.map_or(table.clone(), |index| format!("{table}/index/{index}"));
            taken.insert((request.operation.clone(), resource));
        }
    }
    taken
}

fn allows(policy: &Value, action: &str, resource: &str) -> bool {
    let arn = match resource {
        "*" => "*".to_owned(),
        table => format!("arn:aws:dynamodb:us-east-1:42:table/{table}"),
    };
    let action = format!("dynamodb:{action}");
    let holds = |list: &Value, wanted: &str| {
        list.as_array().expect("a list").iter().any(|one| match one.as_str().expect("a text") {
            "*" => wanted == "*",
            one => one.strip_suffix('*').map_or(one == wanted, |begin| wanted.starts_with(begin)),
        })
    };
    let statements = policy["Statement"].as_array().expect("statements");
    statements.iter().any(|one| holds(&one["Action"], &action) && holds(&one["Resource"], &arn))
}

struct Bench {
    db: Database,
    faults: Faults,
}

impl Bench {
    fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let faults = Faults::new();
        let client = faults.wrap(&builder().control_plane(ControlPlane::polled()).memory()?)?;
        let db = Database::builder(client).seed(7).build();
        Ok(Self { db, faults })
    }

    async fn policy(&self, verb: &str) -> Value {
        let line = format!("policy --verb {verb} --account 42");
        document(&self.db, both(), &line).await["result"].clone()
    }

    /// Every request of the work is allowed to whoever has the policy of the verb.
    async fn covers(&self, verb: &str, work: impl Future<Output = Result<(), Error>>) -> Outcome {
        self.faults.clear_log();
        work.await?;
        let policy = self.policy(verb).await;
        let taken = taken(&self.faults.requests());
        assert!(!taken.is_empty(), "{verb}");
        for (action, resource) in taken {
            assert!(
                allows(&policy, &action, &resource),
                "{verb}: {action} on {resource}: {policy}"
            );
        }
        Ok(())
    }

    /// The same of a command.
    async fn covers_command(&self, verb: &str, line: &str) -> Outcome {
        let work = async {
            let done = document(&self.db, both(), line).await;
            assert!(done["error"].is_null(), "{line}: {done}");
            Ok(())
        };
        self.covers(verb, work).await
    }
}

#[tokio::test(start_paused = true)]
async fn the_policy_of_a_verb_allows_what_the_verb_does() -> Outcome {
    let bench = Bench::new()?;
    let db = &bench.db;
    bench.covers_command("table-create", "table create").await?;
    Table::<Row>::create(db).await?;
    Table::<TransactionRecord>::create(db).await?;
    bench
        .covers("insert", async {
            for number in 1..=3 {
                user(number).insert(db).await?;
            }
            Simple { id: 1, name: "a".to_owned() }.insert(db).await.map(drop)
        })
        .await?;
    bench
        .covers("get", async {
            User::get(db, 1).await?;
            User::get_many(db, [1, 2]).await?;
            let mut snapshot = Snapshot::of(db);
            for id in 1..=2 {
                let _slot = snapshot.get::<User>(id);
            }
            snapshot.read().await.map(drop)
        })
        .await?;
    bench
        .covers("query", async {
            User::query(db, 1).try_collect().await?;
            User::BY_COUNTRY.query(db, "CH").try_collect().await.map(drop)
        })
        .await?;
    bench
        .covers("scan", async {
            User::scan(db).try_collect().await?;
            User::BY_COUNTRY.scan(db).try_collect().await.map(drop)
        })
        .await?;
    bench
        .covers("save", async {
            let mut one = User::get(db, 1).await?.expect("there");
            one.email = "new@x".to_owned();
            one.country = "AT".to_owned();
            one.save(db).await?;
            Ok(())
        })
        .await?;
    bench
        .covers("update", async {
            User::update(db, 2).set(User::COUNTRY, "DE").await?;
            Simple::update(db, 1).set(Simple::NAME, "b").await?;
            Simple { id: 2, name: "c".to_owned() }.upsert(db).await.map(drop)
        })
        .await?;
    bench
        .covers("delete", async {
            Simple::delete(db, 2).unchecked().await?;
            User::get(db, 3).await?.expect("there").delete(db).await.map(drop)
        })
        .await?;
    bench
        .covers("batch-write", async {
            let all = (5..=9).map(|id| Simple { id, name: String::from("d") });
            let put = Simple::put_many(db, all).await;
            assert!(put.is_ok(), "all are put");
            Ok(())
        })
        .await?;
    bench
        .covers("transaction", async {
            let tx = Transaction::begin(db);
            let mut one = User::get(&tx, 1).await?.expect("there");
            one.country = "FR".to_owned();
            tx.save(one)?;
            tx.insert(user(8))?;
            let simple = Simple::get(&tx, 1).await?.expect("there");
            tx.delete(simple)?;
            tx.commit().await.map(drop)
        })
        .await?;
    let recorded = async {
        let tx = Transaction::builder(db).recorded(Record::with_key("a")).begin();
        tx.insert(Simple { id: 77, name: String::new() })?;
        tx.commit().await.map(drop)
    };
    bench.covers("recorded --verb transaction", recorded).await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn the_policy_of_a_command_allows_what_the_command_does() -> Outcome {
    let bench = Bench::new()?;
    let db = &bench.db;
    Table::<Row>::create(db).await?;
    Table::<TransactionRecord>::create(db).await?;
    let folder = tempfile::tempdir()?;
    let folder = folder.path().join("x").display().to_string();
    let [export, import] =
        [format!("table export plain {folder}"), format!("table import {folder} plain")];
    bench.covers_command("table-create", "table create").await?;
    Sequence::<User>::of(db).next().await?;
    user(1).insert(db).await?;
    Simple { id: 1, name: "a".to_owned() }.insert(db).await?;
    for (verb, line) in [
        ("table-list", "table list"),
        ("table-verify", "table verify"),
        ("table-verify", "table plan"),
        ("table-verify", "table describe users"),
        ("table-update", "table update"),
        ("item", "item get users 2"),
        ("item", "item query users CH --index by_country"),
        ("sequence-verify", "sequence verify"),
        ("sequence-verify", "sequence list"),
        ("sequence-repair", "sequence repair"),
        ("sequence-repair", "sequence raise --table users --to 50"),
        ("view-verify", "view verify"),
        ("view-rebuild", "view rebuild"),
        ("transaction-resolve", "transaction resolve a"),
        ("transaction-resolve", "transaction resolve a"),
        ("transaction-resolve", "transaction list"),
        ("transaction-resolve", "transaction list --requester ann"),
        ("table-export", export.as_str()),
        ("table-import", import.as_str()),
        ("table-export --verb table-import", "table copy plain narrow"),
        ("table-import --verb table-export", "table copy plain narrow --existing replace"),
        ("table-throughput", "table throughput narrow --read 50 --write 50 -- true"),
        ("table-throughput", "table throughput-repair narrow"),
        ("table-delete", "table delete plain --with-all-items"),
    ] {
        bench.covers_command(verb, line).await?;
    }
    Table::<Simple>::create(db).await?;
    for (verb, line) in [
        ("migrate-run", "run"),
        ("migrate-verify", "plan"),
        ("migrate-verify", "dry-run"),
        ("migrate-verify", "verify"),
        ("migrate-status", "status"),
        ("migrate-status", "history"),
    ] {
        let work = async {
            super::call(db, both(), line).await;
            Ok(())
        };
        bench.covers(verb, work).await?;
    }
    Ok(())
}

#[derive(Debug, Clone, Model)]
#[model(table = "tickets", validate = false)]
struct Ticket {
    #[model(hash_key, auto_increment)]
    id: u64,
    #[model(unique)]
    code: String,
}

#[derive(Debug, Clone, Model)]
#[model(table = "seats", validate = false)]
struct Seat {
    #[model(hash_key, auto_increment)]
    id: u64,
}

/// What goes with a verb beside its table: tables that are made, counters that are raised.
#[tokio::test(start_paused = true)]
async fn a_policy_allows_what_is_done_beside_the_table() -> Outcome {
    let bench = Bench::new()?;
    let db = &bench.db;
    let models = || models![Ticket, Seat, Simple];
    let covers = async |line: &str, policy: &str| {
        bench.faults.clear_log();
        let done = document(db, models(), line).await;
        assert!(done["error"].is_null(), "{line}: {done}");
        let policy = document(db, models(), &format!("policy --account 42 {policy}")).await;
        for (action, resource) in taken(&bench.faults.requests()) {
            let is_allowed = allows(&policy["result"], &action, &resource);
            assert!(is_allowed, "{line}: {action} on {resource}: {policy}");
        }
    };
    covers("table create", "--verb table-create").await;
    for own in ["dynamap_unique", "dynamap_counters"] {
        db.table(own).delete().with_all_items().await?;
    }
    covers("table update", "--verb table-update").await;
    assert!(db.table("dynamap_unique").exists().await?, "it was made again");
    covers("sequence raise desks --to 5", "--model Simple --verb sequence-repair").await;
    covers("sequence peek desks", "--model Simple --verb sequence-verify").await;

    bench.faults.clear_log();
    Seat { id: 7 }.upsert(db).await?;
    let policy = document(db, models(), "policy --account 42 --model Seat --verb update").await;
    let taken = taken(&bench.faults.requests());
    assert!(taken.iter().any(|(_, table)| table == "dynamap_counters"), "{taken:?}");
    assert!(taken.iter().all(|(action, table)| allows(&policy["result"], action, table)));
    Ok(())
}

#[tokio::test]
async fn a_table_with_the_name_of_everything_is_a_table() -> Outcome {
    let db = Database::builder(dynamap::embedded::memory()?).table_prefix("t_").build();
    let line = "policy --table * --verb get --account 42 --in-region eusc-de-east-1";
    let policy = document(&db, Models::new(), line).await;
    assert_eq!(
        policy["result"]["Statement"][0]["Resource"],
        json!(["arn:aws-eusc:dynamodb:eusc-de-east-1:42:table/t_*"])
    );
    Ok(())
}

#[tokio::test]
async fn a_policy_names_tables_indexes_and_actions_and_nothing_else() -> Outcome {
    let client = dynamap::embedded::memory()?;
    let db = Database::builder(client).table_prefix("t_").build();
    let line =
        "policy --model Simple --verb get --verb query --account 42 --in-region eu-central-1";
    let (text, policy) = told(&db, both, line).await;
    let expected = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"],
            "Resource": ["arn:aws:dynamodb:eu-central-1:42:table/t_plain"],
        }],
    });
    assert_eq!(policy["result"], expected);
    assert_eq!(serde_json::from_str::<Value>(&text.out)?, expected);
    let line = "policy --model User --verb query --in-region cn-north-1";
    let policy = document(&db, both(), line).await;
    assert_eq!(
        policy["result"]["Statement"],
        json!([
            { "Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query"],
              "Resource": ["arn:aws-cn:dynamodb:cn-north-1:*:table/t_users"] },
            { "Effect": "Allow", "Action": ["dynamodb:Query"],
              "Resource": ["arn:aws-cn:dynamodb:cn-north-1:*:table/t_users/index/*"] },
        ])
    );
    let line = "policy --table other --verb item --verb table-list";
    let policy = document(&db, Models::new(), line).await;
    let resources: Vec<_> = policy["result"]["Statement"]
        .as_array()
        .expect("statements")
        .iter()
        .flat_map(|one| one["Resource"].as_array().expect("a list").clone())
        .collect();
    assert_eq!(
        resources,
        [
            "arn:aws:dynamodb:us-east-1:*:table/t_other",
            "*",
            "arn:aws:dynamodb:us-east-1:*:table/t_other/index/*"
        ]
    );
    let everyday = document(&db, both(), "policy").await["result"].to_string();
    for never in ["Scan", "Table\"", "dynamap_transactions", "BatchWriteItem", "\"*\""] {
        assert!(!everyday.contains(never), "{never}: {everyday}");
    }
    Ok(())
}
