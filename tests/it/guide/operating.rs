//! `docs/guide/operating.md`: its programs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use dynamap::faults::Fault;
use dynamap::testing::TestDatabase;
use dynamap::{Database, Model, RequestOutcome, Sequence, Table, Unique};

use crate::support::Outcome;

#[derive(Debug, Clone, Model)]
#[model(table = "users", validate = false)]
struct User {
    #[model(hash_key, auto_increment)]
    id: u64,
    #[model(unique)]
    email: String,
}

async fn after_a_restore(db: &Database) -> Result<(), Box<dyn std::error::Error>> {
    let mut wrong: Vec<String> = Vec::new();
    for difference in Table::<User>::verify(db).await? {
        wrong.push(difference.to_string());
    }
    Sequence::<User>::of(db).repair().await?; // ids go on behind the highest one
    Unique::<User>::repair(db).await?; // guards whose user is gone
    for shared in Unique::<User>::backfill(db).await?.duplicates {
        wrong.push(format!("{} has a value that another user has", shared.key));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ").into()) }
}

#[tokio::test(start_paused = true)]
async fn requests_that_were_throttled_are_counted() -> Outcome {
    let test = TestDatabase::builder().with::<User>().build().await?;
    let client = test.database().client().clone();

    let throttled = Arc::new(AtomicU32::new(0)); // a counter of your metrics
    let counter = Arc::clone(&throttled);
    let db = Database::builder(client)
        .on_request(move |request| {
            if request.outcome == RequestOutcome::Throttled {
                counter.fetch_add(1, Ordering::Relaxed);
            }
        })
        .build();

    test.faults().next("GetItem", Fault::Throttle);
    test.faults().next("GetItem", Fault::Throttle);
    assert!(User::get(&db, 1).await?.is_none());
    assert_eq!(throttled.load(Ordering::Relaxed), 2);
    Ok(())
}

#[tokio::test]
async fn what_belongs_to_a_table_is_brought_up_to_it_after_a_restore() -> Outcome {
    let test = TestDatabase::builder().with::<User>().build().await?;
    let db = test.database();
    // Users without their counter and guards, as they are where these were restored to another moment.
    let older = r#"{"id": {"N": "1"}, "email": {"S": "ann@example.org"}}
        {"id": {"N": "2"}, "email": {"S": "bob@example.org"}}"#;
    test.load_items("users", older).await?;
    after_a_restore(db).await?;
    let cleo = User { id: 0, email: "cleo@example.org".into() }.insert(db).await?;
    assert_eq!(cleo.id, 3);
    let again = User { id: 0, email: "bob@example.org".into() }.insert(db).await;
    assert!(again.is_err_and(|error| error.is_conflict()));

    let twin = r#"{"id": {"N": "9"}, "email": {"S": "ann@example.org"}}"#;
    test.load_items("users", twin).await?;
    let wrong = after_a_restore(db).await.expect_err("two users have one address");
    assert!(wrong.to_string().contains("another user has"), "{wrong}");
    Ok(())
}
