//! What polls tell of tables.

use dynamap_embedded::{ControlPlane, memory};

use super::stage::{TABLE, code, indexed, plane, poll, polls, put, settle, table, update};
use crate::support::TestResult;

const NOT_FOUND: &str = "ResourceNotFoundException";
const IN_USE: &str = "ResourceInUseException";

#[tokio::test]
async fn a_new_table_is_not_seen_then_creating_then_active() -> TestResult {
    let cases: [(ControlPlane, &[&str]); 4] = [
        (ControlPlane::polled(), &[NOT_FOUND, "CREATING", "CREATING", "ACTIVE", "ACTIVE"]),
        (ControlPlane::at_once(), &["ACTIVE"]),
        (ControlPlane::at_once().unseen(2), &[NOT_FOUND, NOT_FOUND, "ACTIVE"]),
        (ControlPlane::at_once().creating(1), &["CREATING", "ACTIVE"]),
    ];
    for (control, expected) in cases {
        let client = plane(control)?;
        let made = table(&client, TABLE)?.send().await?;
        let status = made.table_description.and_then(|table| table.table_status);
        assert_eq!(status.map(|status| status.to_string()).as_deref(), Some("CREATING"));
        assert_eq!(polls(&client, TABLE, expected.len()).await, expected, "{control:?}");
    }
    Ok(())
}

#[tokio::test]
async fn items_are_served_from_the_poll_that_tells_active() -> TestResult {
    let client = plane(ControlPlane::polled())?;
    table(&client, TABLE)?.send().await?;
    let mut seen = Vec::new();
    for _ in 0..4 {
        assert_eq!(put(&client, TABLE).await, NOT_FOUND);
        seen.push(poll(&client, TABLE).await);
    }
    assert_eq!(seen.last().map(String::as_str), Some("ACTIVE"));
    assert_eq!(put(&client, TABLE).await, "Ok");
    Ok(())
}

#[tokio::test]
async fn a_table_that_is_updating_serves_and_accepts_no_other_change() -> TestResult {
    let client = plane(ControlPlane::polled())?;
    table(&client, TABLE)?.send().await?;
    settle(&client, TABLE).await;
    let protect = |on| update(&client).deletion_protection_enabled(on).send();
    assert_eq!(code(protect(true).await), "Ok");
    assert_eq!(code(protect(false).await), IN_USE);
    assert_eq!(code(client.delete_table().table_name(TABLE).send().await), IN_USE);
    assert_eq!(put(&client, TABLE).await, "Ok");
    assert_eq!(polls(&client, TABLE, 3).await, ["UPDATING", "UPDATING", "ACTIVE"]);
    assert_eq!(code(protect(false).await), "Ok");
    Ok(())
}

#[tokio::test]
async fn a_table_that_is_deleted_is_deleting_and_then_gone() -> TestResult {
    let client = plane(ControlPlane::polled())?;
    table(&client, TABLE)?.send().await?;
    let delete = || client.delete_table().table_name(TABLE).send();
    assert_eq!(code(delete().await), IN_USE, "it is being created");
    settle(&client, TABLE).await;
    assert_eq!(put(&client, TABLE).await, "Ok");
    assert_eq!(code(delete().await), "Ok");
    assert_eq!(put(&client, TABLE).await, NOT_FOUND);
    assert_eq!(code(table(&client, TABLE)?.send().await), IN_USE);
    assert_eq!(code(update(&client).deletion_protection_enabled(true).send().await), NOT_FOUND);
    assert_eq!(poll(&client, TABLE).await, "DELETING");
    assert_eq!(code(delete().await), "Ok", "a second time is no error");
    assert_eq!(polls(&client, TABLE, 2).await, ["DELETING", NOT_FOUND]);
    assert_eq!(code(delete().await), NOT_FOUND);
    assert_eq!(code(table(&client, TABLE)?.send().await), "Ok");
    settle(&client, TABLE).await;
    let left = client.scan().table_name(TABLE).send().await?;
    assert_eq!(left.count(), 0);
    Ok(())
}

#[tokio::test]
async fn a_protected_table_is_not_deleted() -> TestResult {
    let client = plane(ControlPlane::at_once())?;
    table(&client, TABLE)?.deletion_protection_enabled(true).send().await?;
    let delete = || client.delete_table().table_name(TABLE).send();
    assert_eq!(code(delete().await), "ValidationException");
    update(&client).deletion_protection_enabled(false).send().await?;
    assert_eq!(code(delete().await), "Ok");
    assert_eq!(poll(&client, TABLE).await, NOT_FOUND);
    Ok(())
}

#[tokio::test]
async fn one_table_with_indexes_is_created_at_a_time() -> TestResult {
    let client = plane(ControlPlane::polled())?;
    assert_eq!(code(indexed(&client, "first")?.send().await), "Ok");
    assert_eq!(code(indexed(&client, "second")?.send().await), "LimitExceededException");
    assert_eq!(code(table(&client, "third")?.send().await), "Ok", "it has no indexes");
    settle(&client, "first").await;
    assert_eq!(code(indexed(&client, "second")?.send().await), "Ok");
    Ok(())
}

#[tokio::test]
async fn a_store_without_a_control_plane_does_everything_at_once() -> TestResult {
    let client = memory()?;
    indexed(&client, "first")?.send().await?;
    indexed(&client, "second")?.send().await?;
    assert_eq!(put(&client, "first").await, "Ok");
    assert_eq!(poll(&client, "first").await, "ACTIVE");
    Ok(())
}
