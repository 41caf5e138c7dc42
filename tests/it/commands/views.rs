//! Views and recorded transactions from the command line.

use dynamap::cli::{Exit, Models, models};
use dynamap::{Database, Model, Record, Rows, Table, Transaction, TransactionRecord, View};
use serde_json::json;

use super::{document, shown, told};
use crate::support::{Account, Outcome, n, put_raw, s};

#[derive(Debug, Clone, Model)]
#[model(table = "users", view = ByCountry, validate = false)]
struct User {
    #[model(hash_key)]
    id: u64,
    country: String,
}

#[derive(Debug, Clone, Model)]
#[model(table = "users_by_country", validate = false)]
struct CountryRow {
    #[model(hash_key)]
    country: String,
    #[model(default)]
    users: u64,
}

struct ByCountry;

impl View for ByCountry {
    type Source = User;
    type Row = CountryRow;
    const NAME: &'static str = "by_country";

    fn add(user: &User, rows: &mut Rows<CountryRow>) {
        rows.add(&user.country, CountryRow::USERS, 1);
    }
}

fn users() -> Models {
    models![User, CountryRow]
}

#[tokio::test]
async fn a_view_is_compared_and_rebuilt() -> Outcome {
    let db = Database::new(dynamap::embedded::memory()?);
    Table::<User>::create(&db).await?;
    Table::<CountryRow>::create(&db).await?;
    User { id: 1, country: "CH".to_owned() }.insert(&db).await?;
    for id in 2..=3 {
        put_raw(&db, "users", &[("id", n(id)), ("country", s("CH"))]).await;
    }
    let (text, differs) = told(&db, users, "view verify").await;
    assert_eq!(text.exit, Exit::Differs);
    assert_eq!(
        text.out,
        "view by_country of User: not what the items say; 3 items, 2 left out, 1 rows\n  wrong: row \
         (country = \"CH\") of table users_by_country\n"
    );
    assert_eq!((&differs["outcome"], &differs["exit_code"]), (&json!("differs"), &json!(8)));
    assert_eq!(differs["result"][0]["left_out"], 2);

    let (text, again) = told(&db, users, "view rebuild").await;
    assert_eq!(text.exit, Exit::Done);
    assert_eq!(text.out, "view by_country of User: 3 items seen, 2 taken in, 0 old rows removed\n");
    assert_eq!(again["result"][0]["taken_in"], 0);
    assert_eq!(CountryRow::get(&db, "CH").await?.expect("a row").users, 3);
    let (text, exact) = told(&db, users, "view verify --view by_country").await;
    assert_eq!(text.exit, Exit::Done, "{}", text.out);
    assert_eq!(exact["result"][0]["is_exact"], true);
    let unknown = shown(dynamap::cli::Cli::new(users()), &db, "view verify --view x").await;
    assert_eq!(unknown.exit, Exit::Usage);
    assert!(unknown.err.contains("there is no view `x`: there are by_country"), "{}", unknown.err);
    Ok(())
}

#[tokio::test]
async fn a_transaction_is_decided_and_listed() -> Outcome {
    let db = Database::new(dynamap::embedded::memory()?);
    Table::<Account>::create(&db).await?;
    Table::<TransactionRecord>::create(&db).await?;
    let begin = |key: &str| {
        let record = Record::with_key(key).requester("ann");
        Transaction::builder(&db).recorded(record).begin()
    };
    let first = begin("order-1");
    first.insert(Account { id: 1, ..Account::of("ann", 5) })?;
    first.commit().await?;
    let (text, committed) = told(&db, Models::new, "transaction resolve order-1").await;
    assert_eq!(text.exit, Exit::Done);
    assert!(text.out.starts_with("transaction order-1 is committed\n"), "{}", text.out);
    assert_eq!(committed["result"]["record"]["requester"], "ann");

    let second = begin("order-2");
    second.insert(Account { id: 2, ..Account::of("bob", 5) })?;
    let (text, aborted) = told(&db, Models::new, "transaction resolve order-2").await;
    assert_eq!(text.exit, Exit::Aborted);
    assert_eq!(text.out, "transaction order-2 is aborted, and never takes effect\n");
    assert_eq!((&aborted["outcome"], &aborted["exit_code"]), (&json!("aborted"), &json!(10)));
    assert!(second.commit().await.is_err(), "it was fenced");

    let (text, list) = told(&db, Models::new, "transaction list").await;
    assert_eq!(text.out.lines().count(), 2, "{}", text.out);
    let mut states: Vec<_> = list["result"]
        .as_array()
        .expect("records")
        .iter()
        .map(|record| format!("{} {}", record["id"], record["status"]))
        .collect();
    states.sort();
    assert_eq!(states, [r#""order-1" "committed""#, r#""order-2" "aborted""#]);
    let line = "transaction list --requester ann --limit 5";
    let of_ann = document(&db, Models::new(), line).await;
    assert_eq!(of_ann["result"].as_array().map(Vec::len), Some(1), "the fence has no requester");
    let limited = document(&db, Models::new(), "transaction list --limit 1").await;
    assert_eq!(limited["result"].as_array().map(Vec::len), Some(1));
    Ok(())
}
