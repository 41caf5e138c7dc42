//! Indexes of tables that are there: one at a time, filled after a while.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{BillingMode, IndexStatus, ProvisionedThroughputDescription};
use dynamap_embedded::ControlPlane;

use super::stage::{
    Answer, TABLE, Wish, add, change, code, index, indexed, limited, plane, poll, provisioned, put,
    removal, scan, settle, table, update,
};
use crate::support::TestResult;
use crate::throttling::stage::rates;

const INVALID: &str = "ValidationException";
const LIMIT: &str = "LimitExceededException";

/// One poll: the table's status, the index's, and whether it is being filled.
async fn seen(client: &Client, name: &str) -> Answer<String> {
    let told = super::stage::describe(client).await?;
    let status = told.table_status().map(ToString::to_string).unwrap_or_default();
    let indexes = told.global_secondary_indexes();
    let Some(found) = indexes.iter().find(|index| index.index_name() == Some(name)) else {
        return Ok(format!("{status} -"));
    };
    let index = found.index_status().map(IndexStatus::as_str).unwrap_or_default();
    let backfilling = found.backfilling().map_or(String::new(), |is| format!(" {is}"));
    Ok(format!("{status} {index}{backfilling}"))
}

async fn ready() -> Answer<Client> {
    let client = plane(ControlPlane::polled())?;
    indexed(&client, TABLE)?.send().await?;
    settle(&client, TABLE).await;
    Ok(client)
}

#[tokio::test]
async fn a_new_index_is_made_while_its_table_is_updated_and_then_filled() -> TestResult {
    let client = ready().await?;
    assert_eq!(put(&client, TABLE).await, "Ok");
    add(&client, "by_colour", None)?.send().await?;
    for expected in [
        "UPDATING CREATING false",
        "UPDATING CREATING false",
        "ACTIVE CREATING true",
        "ACTIVE CREATING true",
    ] {
        assert_eq!(scan(&client, "by_colour").await, INVALID);
        assert_eq!(scan(&client, "by_owner").await, "Ok");
        assert_eq!(put(&client, TABLE).await, "Ok");
        assert_eq!(seen(&client, "by_colour").await?, expected);
    }
    assert_eq!(scan(&client, "by_colour").await, INVALID, "no poll has told that it is active");
    assert_eq!(seen(&client, "by_colour").await?, "ACTIVE ACTIVE");
    let found = client.scan().table_name(TABLE).index_name("by_colour").send().await?;
    assert_eq!(found.count(), 1);
    Ok(())
}

#[tokio::test]
async fn an_index_that_is_removed_is_deleting_and_not_read() -> TestResult {
    let client = ready().await?;
    let remove = || -> Answer<_> {
        Ok(update(&client).global_secondary_index_updates(removal("by_owner")?))
    };
    remove()?.send().await?;
    assert_eq!(scan(&client, "by_owner").await, INVALID);
    assert_eq!(seen(&client, "by_owner").await?, "UPDATING DELETING");
    assert_eq!(seen(&client, "by_owner").await?, "UPDATING DELETING");
    assert_eq!(seen(&client, "by_owner").await?, "ACTIVE -");
    assert_eq!(code(remove()?.send().await), "ResourceNotFoundException");
    Ok(())
}

#[tokio::test]
async fn an_index_created_with_its_table_tells_nothing_of_filling() -> TestResult {
    let client = plane(ControlPlane::polled().unseen(0))?;
    indexed(&client, TABLE)?.send().await?;
    assert_eq!(seen(&client, "by_owner").await?, "CREATING CREATING");
    settle(&client, TABLE).await;
    assert_eq!(seen(&client, "by_owner").await?, "ACTIVE ACTIVE");
    Ok(())
}

#[tokio::test]
async fn one_index_is_created_or_deleted_at_a_time() -> TestResult {
    let client = ready().await?;
    let both =
        add(&client, "by_colour", None)?.global_secondary_index_updates(removal("by_owner")?);
    assert_eq!(code(both.send().await), LIMIT, "two in one request");
    add(&client, "by_colour", None)?.send().await?;
    assert_eq!(code(add(&client, "other", None)?.send().await), "ResourceInUseException");
    while poll(&client, TABLE).await == "UPDATING" {}
    assert_eq!(code(add(&client, "other", None)?.send().await), LIMIT, "while one is filled");
    assert_eq!(
        code(client.delete_table().table_name(TABLE).send().await),
        "ResourceInUseException"
    );
    let protect = || update(&client).deletion_protection_enabled(false).send();
    assert_eq!(code(protect().await), "Ok", "other changes are accepted");
    settle(&client, TABLE).await;
    assert_eq!(code(add(&client, "other", None)?.send().await), "Ok");
    Ok(())
}

#[tokio::test]
async fn an_index_that_is_being_filled_can_be_removed() -> TestResult {
    let client = ready().await?;
    add(&client, "by_colour", None)?.send().await?;
    while poll(&client, TABLE).await == "UPDATING" {}
    let remove = update(&client).global_secondary_index_updates(removal("by_colour")?);
    assert_eq!(code(remove.send().await), "Ok");
    assert_eq!(seen(&client, "by_colour").await?, "UPDATING DELETING");
    settle(&client, TABLE).await;
    assert!(index(&client, "by_colour").await?.is_none());
    Ok(())
}

#[tokio::test]
async fn a_store_in_which_nothing_takes_a_poll_has_its_indexes_at_once() -> TestResult {
    let client = limited()?;
    indexed(&client, TABLE)?.send().await?;
    add(&client, "by_colour", None)?.send().await?;
    assert_eq!(scan(&client, "by_colour").await, "Ok");
    assert_eq!(seen(&client, "by_colour").await?, "ACTIVE ACTIVE");
    let remove = update(&client).global_secondary_index_updates(removal("by_colour")?);
    remove.send().await?;
    assert_eq!(seen(&client, "by_colour").await?, "ACTIVE -");
    Ok(())
}

#[tokio::test]
async fn units_belong_to_an_index_exactly_where_they_belong_to_its_table() -> TestResult {
    let paid = limited()?;
    table(&paid, TABLE)?.send().await?;
    let units = Some(rates(2, 2)?);
    assert_eq!(code(add(&paid, "by_colour", units.clone())?.send().await), INVALID);
    let wide = limited()?;
    provisioned(&wide, 5, 5)?.send().await?;
    assert_eq!(code(add(&wide, "by_colour", None)?.send().await), INVALID);
    let with_own = add(&wide, "by_colour", units.clone())?.provisioned_throughput(rates(9, 9)?);
    assert_eq!(code(with_own.send().await), INVALID, "the table's units change with it");
    assert_eq!(code(add(&wide, "by_colour", units)?.send().await), "Ok");
    let told = index(&wide, "by_colour").await?.ok_or("no index")?;
    let told = told
        .provisioned_throughput()
        .and_then(ProvisionedThroughputDescription::read_capacity_units);
    assert_eq!(told, Some(2));
    let wish = Wish { units: Some(3), ..Wish::default() };
    let unknown = update(&wide).global_secondary_index_updates(change("nothing", &wish)?);
    assert_eq!(code(unknown.send().await), INVALID);
    Ok(())
}

#[tokio::test]
async fn an_index_that_is_being_made_is_not_changed() -> TestResult {
    let client = plane(ControlPlane::polled())?;
    provisioned(&client, 5, 5)?.send().await?;
    settle(&client, TABLE).await;
    add(&client, "by_colour", Some(rates(2, 2)?))?.send().await?;
    while poll(&client, TABLE).await == "UPDATING" {}
    let wish = Wish { units: Some(3), ..Wish::default() };
    let ask = |name| -> Answer<_> {
        Ok(update(&client).global_secondary_index_updates(change(name, &wish)?))
    };
    assert_eq!(code(ask("by_colour")?.send().await), "ResourceInUseException");
    assert_eq!(code(ask("by_owner")?.send().await), "Ok");
    settle(&client, TABLE).await;
    assert_eq!(code(ask("by_colour")?.send().await), "Ok");
    Ok(())
}

#[tokio::test]
async fn an_index_that_is_being_removed_needs_no_units() -> TestResult {
    let client = plane(ControlPlane::polled().updating(0).deleting(9))?;
    indexed(&client, TABLE)?.send().await?;
    settle(&client, TABLE).await;
    update(&client).global_secondary_index_updates(removal("by_owner")?).send().await?;
    let provision = update(&client).billing_mode(BillingMode::Provisioned);
    assert_eq!(code(provision.provisioned_throughput(rates(1, 1)?).send().await), "Ok");
    assert_eq!(seen(&client, "by_owner").await?, "ACTIVE DELETING");
    Ok(())
}
