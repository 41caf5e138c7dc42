//! What a file keeps of its tables' administration.

use aws_sdk_dynamodb::Client;
use dynamap_embedded::{ControlPlane, OpenError, builder, open};

use super::stage::{
    Answer, TABLE, Wish, change, code, index, limited, poll, provisioned, table, update,
};
use crate::support::{TestResult, place};
use crate::throttling::stage::without_retries;

fn reopen(path: &std::path::Path) -> Answer<Client> {
    let control = ControlPlane::at_once().updating(9);
    Ok(without_retries(&builder().control_plane(control).open(path)?))
}

async fn read_units(client: &Client) -> Answer<Option<i64>> {
    let told = index(client, "by_owner").await?.and_then(|index| index.provisioned_throughput);
    Ok(told.and_then(|units| units.read_capacity_units()))
}

#[tokio::test]
async fn a_file_keeps_what_the_engine_does_not_and_ends_what_was_under_way() -> TestResult {
    let (_directory, path) = place()?;
    let client = reopen(&path)?;
    provisioned(&client, 7, 5)?.send().await?;
    let wish = Wish { units: Some(6), ..Wish::default() };
    update(&client).global_secondary_index_updates(change("by_owner", &wish)?).send().await?;
    assert_eq!(poll(&client, TABLE).await, "UPDATING");
    assert_eq!(read_units(&client).await?, Some(5));
    drop(client);
    let client = reopen(&path)?;
    assert_eq!(poll(&client, TABLE).await, "ACTIVE");
    assert_eq!(read_units(&client).await?, Some(6));
    let again = update(&client).global_secondary_index_updates(change("by_owner", &wish)?);
    assert_eq!(code(again.send().await), "ValidationException");
    Ok(())
}

#[tokio::test]
async fn limits_go_on_when_a_file_is_opened_again() -> TestResult {
    let (_directory, path) = place()?;
    let control = builder().control_plane(ControlPlane::at_once());
    let client = without_retries(&control.open(&path)?);
    table(&client, TABLE)?.send().await?;
    let classes = ["STANDARD_INFREQUENT_ACCESS", "STANDARD", "STANDARD_INFREQUENT_ACCESS"];
    let [first, second, third] = classes.map(Into::into);
    update(&client).table_class(first).send().await?;
    update(&client).table_class(second).send().await?;
    drop(client);
    let client = without_retries(&control.open(&path)?);
    let moved = update(&client).table_class(third).send().await;
    assert_eq!(code(moved), "LimitExceededException");
    Ok(())
}

#[tokio::test]
async fn a_table_that_was_made_anew_without_a_control_plane_has_nothing_of_the_old_one()
-> TestResult {
    let (_directory, path) = place()?;
    let client = reopen(&path)?;
    provisioned(&client, 7, 5)?.send().await?;
    let wish = Wish { units: Some(6), ..Wish::default() };
    update(&client).global_secondary_index_updates(change("by_owner", &wish)?).send().await?;
    drop(client);
    let client = open(&path)?;
    client.delete_table().table_name(TABLE).send().await?;
    provisioned(&client, 7, 5)?.send().await?;
    drop(client);
    assert_eq!(read_units(&reopen(&path)?).await?, Some(5));
    Ok(())
}

#[tokio::test]
async fn a_file_has_one_control_plane() -> TestResult {
    let (_directory, path) = place()?;
    let client = reopen(&path)?;
    assert!(matches!(open(&path), Err(OpenError::OtherOptions { .. })));
    assert!(reopen(&path).is_ok());
    drop(client);
    Ok(())
}

#[tokio::test]
async fn the_name_of_the_place_where_settings_are_kept_is_no_name_for_a_table() -> TestResult {
    let client = limited()?;
    let made = table(&client, "_dynamap_control")?.send().await;
    assert_eq!(code(made), "ValidationException");
    Ok(())
}
