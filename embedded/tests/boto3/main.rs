//! One table, two programs: models in Rust, and boto3 in Python over HTTP. Python is started from PATH; without `boto3` the
//! tests fail.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::LazyLock;

use dynamap::embedded::{Server, builder};
use dynamap::{Database, Model, Table};
use serde_json::{Value, json};

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "stocks", validate = false)]
struct Stock {
    #[model(hash_key)]
    article: String,
    count: i64,
    labels: BTreeSet<String>,
    note: Option<String>,
    #[model(version)]
    version: u64,
}

fn stock(article: &str, count: i64) -> Stock {
    let labels = ["green", "loose"].map(str::to_owned).into();
    Stock { article: article.to_owned(), count, labels, note: None, version: 0 }
}

/// A table of stocks, and where Python finds it.
async fn shop() -> Result<(Database, Server), Box<dyn std::error::Error>> {
    let server = builder().serve_memory((Ipv4Addr::LOCALHOST, 0)).await?;
    let db = Database::new(server.client());
    Table::<Stock>::create(&db).await?;
    Ok((db, server))
}

/// A Python that has boto3.
static PYTHON: LazyLock<&str> = LazyLock::new(|| {
    let has_boto3 = |python: &&str| {
        let import = Command::new(python).args(["-c", "import boto3"]).output();
        import.is_ok_and(|import| import.status.success())
    };
    ["python3", "/usr/bin/python3"]
        .into_iter()
        .find(has_boto3)
        .expect("these tests need Python with boto3 (Debian: apt-get install python3-boto3)")
});

/// What the program in Python answers.
async fn ask(server: &Server, arguments: &[&str]) -> Result<Value, Box<dyn std::error::Error>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/boto3/shop.py");
    let mut command = Command::new(*PYTHON);
    command.arg(script).arg(format!("http://{}", server.address())).args(arguments);
    // No setting of this machine counts, nor is anything asked of the network.
    command.env("AWS_EC2_METADATA_DISABLED", "true").env("NO_PROXY", "127.0.0.1");
    command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let trace = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {trace}");
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[tokio::test]
async fn python_reads_what_dynamap_wrote() -> Outcome {
    let (db, server) = shop().await?;
    stock("tea", 5).insert(&db).await?;
    let item = ask(&server, &["read", "tea"]).await?;
    assert_eq!(item["article"], json!({"S": "tea"}));
    assert_eq!(item["count"], json!({"N": "5"}));
    assert_eq!(item["labels"], json!({"SS": ["green", "loose"]}));
    assert_eq!(item["version"], json!({"N": "1"}));
    assert_eq!(item.get("note"), None);
    Ok(())
}

#[tokio::test]
async fn a_save_meets_what_python_wrote_meanwhile() -> Outcome {
    let (db, server) = shop().await?;
    let mut stale = stock("tea", 5).insert(&db).await?;
    assert_eq!(ask(&server, &["sell", "tea", "2", "1"]).await?, "sold");
    stale.count = 4;
    let error = stale.save(&db).await.expect_err("Python was first");
    assert!(error.is_conflict(), "{error}");
    let mut winner = error.winner::<Stock>()?.ok_or("no winner")?;
    assert_eq!((winner.count, winner.version), (3, 2));

    winner.count -= 1;
    winner.save(&db).await?;
    let item = ask(&server, &["read", "tea"]).await?;
    assert_eq!((&item["count"], &item["version"]), (&json!({"N": "2"}), &json!({"N": "3"})));
    Ok(())
}

#[tokio::test]
async fn python_is_refused_where_a_save_was_first() -> Outcome {
    let (db, server) = shop().await?;
    let mut tea = stock("tea", 5).insert(&db).await?;
    tea.count = 4;
    tea.save(&db).await?;
    let refused = json!({"refused": "ConditionalCheckFailedException"});
    assert_eq!(ask(&server, &["sell", "tea", "2", "1"]).await?, refused);
    assert_eq!(Stock::get(&db, "tea").await?.map(|tea| tea.count), Some(4));
    assert_eq!(ask(&server, &["sell", "tea", "2", "2"]).await?, "sold");
    assert_eq!(Stock::get(&db, "tea").await?.map(|tea| tea.count), Some(2));
    Ok(())
}

#[tokio::test]
async fn dynamap_reads_and_saves_what_python_wrote() -> Outcome {
    let (db, server) = shop().await?;
    assert_eq!(ask(&server, &["stock", "coffee", "7"]).await?, "stocked");
    let mut coffee = Stock::get(&db, "coffee").await?.ok_or("no coffee")?;
    assert_eq!((coffee.count, coffee.version), (7, 1));
    assert_eq!(coffee.labels, BTreeSet::from(["new".to_owned()]));
    coffee.note = Some("roasted".to_owned());
    coffee.save(&db).await?;
    let item = ask(&server, &["read", "coffee"]).await?;
    assert_eq!((&item["note"], &item["version"]), (&json!({"S": "roasted"}), &json!({"N": "2"})));
    let again = ask(&server, &["stock", "coffee", "7"]).await?;
    assert_eq!(again["refused"], "ConditionalCheckFailedException");
    Ok(())
}

#[tokio::test]
async fn python_commits_all_or_nothing_and_reads_page_by_page() -> Outcome {
    let (db, server) = shop().await?;
    for article in ["cocoa", "coffee", "mate", "tea"] {
        stock(article, 5).insert(&db).await?;
    }
    assert_eq!(ask(&server, &["move", "tea", "mate", "2"]).await?, "moved");
    let refused = ask(&server, &["move", "tea", "chai", "2"]).await?;
    assert_eq!(refused["refused"], "TransactionCanceledException");
    assert_eq!(Stock::get(&db, "tea").await?.map(|tea| tea.count), Some(3));
    assert_eq!(Stock::get(&db, "mate").await?.map(|mate| mate.count), Some(7));
    assert_eq!(ask(&server, &["count"]).await?, json!(["cocoa", "coffee", "mate", "tea"]));
    Ok(())
}
