//! Settings that are kept and told.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    IndexStatus, PointInTimeRecoverySpecification, PointInTimeRecoveryStatus,
    ProvisionedThroughputDescription, SseSpecification, SseStatus, SseType, StreamSpecification,
    StreamViewType, TableStatus, Tag, TimeToLiveSpecification,
};
use dynamap_embedded::ControlPlane;

use super::stage::{
    Answer, TABLE, Wish, at_most, change, code, describe, hours, index, indexed, limited, plane,
    provisioned, settle, table, update, warmth,
};
use crate::support::TestResult;
use crate::throttling::stage::rates;

const INVALID: &str = "ValidationException";

#[tokio::test]
async fn old_units_are_told_while_a_table_is_updated() -> TestResult {
    let client = plane(ControlPlane::polled().updating(1))?;
    provisioned(&client, 7, 5)?.send().await?;
    settle(&client, TABLE).await;
    let wish = Wish { units: Some(6), ..Wish::default() };
    let both = update(&client)
        .provisioned_throughput(rates(8, 8)?)
        .global_secondary_index_updates(change("by_owner", &wish)?);
    both.send().await?;
    for (status, own, of_index) in [("UPDATING", 7, 5), ("ACTIVE", 8, 6)] {
        let told = describe(&client).await?;
        let index = &told.global_secondary_indexes()[0];
        assert_eq!(told.table_status().map(TableStatus::as_str), Some(status));
        assert_eq!(index.index_status().map(IndexStatus::as_str), Some(status));
        let read = ProvisionedThroughputDescription::read_capacity_units;
        assert_eq!(told.provisioned_throughput().and_then(read), Some(own));
        assert_eq!(index.provisioned_throughput().and_then(read), Some(of_index));
    }
    Ok(())
}

#[tokio::test]
async fn warm_throughput_grows_and_never_shrinks() -> TestResult {
    let client = limited()?;
    indexed(&client, TABLE)?.warm_throughput(warmth(13_000)).send().await?;
    let warm = |client: Client| async move {
        let told = describe(&client).await?;
        let index = told.global_secondary_indexes()[0].warm_throughput().cloned();
        let index = index.and_then(|warm| warm.write_units_per_second());
        let own = told.warm_throughput.and_then(|warm| warm.read_units_per_second());
        Answer::Ok((own, index))
    };
    assert_eq!(warm(client.clone()).await?, (Some(13_000), Some(4_000)), "4,000 are there anyway");
    let own = |units| update(&client).warm_throughput(warmth(units)).send();
    assert_eq!(code(own(12_999).await), INVALID);
    assert_eq!(code(own(14_000).await), "Ok");
    let wish = |units| Wish { warm: Some(units), ..Wish::default() };
    let of_index = |units| -> Answer<_> {
        Ok(update(&client).global_secondary_index_updates(change("by_owner", &wish(units))?))
    };
    assert_eq!(code(of_index(20_000)?.send().await), "Ok");
    assert_eq!(code(of_index(19_999)?.send().await), INVALID);
    assert_eq!(warm(client.clone()).await?, (Some(14_000), Some(20_000)));
    Ok(())
}

#[tokio::test]
async fn the_maximum_of_an_index_is_kept_and_removed() -> TestResult {
    let client = limited()?;
    indexed(&client, TABLE)?.on_demand_throughput(at_most(50)).send().await?;
    let ask = |units| -> Answer<_> {
        let wish = Wish { maximum: Some(units), ..Wish::default() };
        Ok(update(&client).global_secondary_index_updates(change("by_owner", &wish)?))
    };
    ask(40)?.send().await?;
    let told = index(&client, "by_owner").await?.and_then(|index| index.on_demand_throughput);
    assert_eq!(told.and_then(|most| most.max_read_request_units()), Some(40));
    let own = describe(&client).await?.on_demand_throughput;
    assert_eq!(own.and_then(|most| most.max_read_request_units()), Some(50), "the engine keeps it");
    ask(-1)?.send().await?;
    let told = index(&client, "by_owner").await?.and_then(|index| index.on_demand_throughput);
    assert!(told.is_none());
    Ok(())
}

#[tokio::test]
async fn a_table_with_units_has_no_maximum() -> TestResult {
    let client = limited()?;
    provisioned(&client, 5, 5)?.send().await?;
    let wish = Wish { maximum: Some(9), ..Wish::default() };
    let update = update(&client).global_secondary_index_updates(change("by_owner", &wish)?);
    assert_eq!(code(update.send().await), INVALID);
    Ok(())
}

#[tokio::test]
async fn encryption_is_told_as_it_was_asked_for() -> TestResult {
    let client = limited()?;
    table(&client, TABLE)?.send().await?;
    assert!(describe(&client).await?.sse_description.is_none());
    let ask =
        |on| update(&client).sse_specification(SseSpecification::builder().enabled(on).build());
    ask(true).send().await?;
    let told = describe(&client).await?.sse_description.ok_or("not told")?;
    assert_eq!(told.status(), Some(&SseStatus::Enabled));
    assert_eq!(told.sse_type(), Some(&SseType::Kms));
    assert!(told.kms_master_key_arn().is_some_and(|arn| arn.starts_with("arn:aws:kms:")));
    ask(false).send().await?;
    assert!(describe(&client).await?.sse_description.is_none());
    Ok(())
}

#[tokio::test]
async fn a_stream_is_enabled_once_and_disabled_once() -> TestResult {
    let client = limited()?;
    table(&client, TABLE)?.send().await?;
    let ask = |on: bool| -> Answer<_> {
        let kind = on.then_some(StreamViewType::NewImage);
        let stream = StreamSpecification::builder().stream_enabled(on).set_stream_view_type(kind);
        Ok(update(&client).stream_specification(stream.build()?))
    };
    assert_eq!(code(ask(false)?.send().await), INVALID);
    assert_eq!(code(ask(true)?.send().await), "Ok");
    assert_eq!(code(ask(true)?.send().await), INVALID);
    let told = describe(&client).await?.stream_specification.ok_or("not told")?;
    assert_eq!(told.stream_view_type(), Some(&StreamViewType::NewImage));
    assert_eq!(code(ask(false)?.send().await), "Ok");
    assert!(describe(&client).await?.stream_specification.is_none());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn time_to_live_is_changed_once_an_hour() -> TestResult {
    let client = plane(ControlPlane::at_once().updating(1))?;
    table(&client, TABLE)?.send().await?;
    let ask = |on: bool| -> Answer<_> {
        let asked = TimeToLiveSpecification::builder().attribute_name("until").enabled(on);
        let update = client.update_time_to_live().table_name(TABLE);
        Ok(update.time_to_live_specification(asked.build()?))
    };
    let told = || async {
        let told = client.describe_time_to_live().table_name(TABLE).send().await?;
        let status = told.time_to_live_description.and_then(|told| told.time_to_live_status);
        Answer::Ok(status.map(|status| status.to_string()).unwrap_or_default())
    };
    assert_eq!(code(ask(false)?.send().await), INVALID, "it is disabled");
    assert_eq!(code(ask(true)?.send().await), "Ok");
    assert_eq!([told().await?, told().await?], ["ENABLING", "ENABLED"]);
    hours(0.9).await;
    assert_eq!(code(ask(false)?.send().await), INVALID, "too early");
    hours(0.2).await;
    assert_eq!(code(ask(true)?.send().await), INVALID, "it is enabled");
    assert_eq!(code(ask(false)?.send().await), "Ok");
    assert_eq!([told().await?, told().await?], ["DISABLING", "DISABLED"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn recovery_to_a_point_in_time_is_told_with_its_bounds() -> TestResult {
    let client = plane(ControlPlane::polled().unseen(0))?;
    let told = || client.describe_continuous_backups().table_name(TABLE).send();
    assert_eq!(code(told().await), "TableNotFoundException");
    table(&client, TABLE)?.send().await?;
    let ask = |on, days| -> Answer<_> {
        let asked = PointInTimeRecoverySpecification::builder()
            .point_in_time_recovery_enabled(on)
            .set_recovery_period_in_days(days);
        let update = client.update_continuous_backups().table_name(TABLE);
        Ok(update.point_in_time_recovery_specification(asked.build()?))
    };
    assert_eq!(code(ask(true, None)?.send().await), "ContinuousBackupsUnavailableException");
    settle(&client, TABLE).await;
    let status = || async {
        let told = told().await?.continuous_backups_description.ok_or("not told")?;
        Answer::Ok(told.point_in_time_recovery_description.ok_or("not told")?)
    };
    let disabled = Some(&PointInTimeRecoveryStatus::Disabled);
    assert_eq!(status().await?.point_in_time_recovery_status(), disabled);
    assert_eq!(code(ask(true, Some(36))?.send().await), INVALID);
    ask(true, Some(2))?.send().await?;
    hours(240.0).await;
    let now = status().await?;
    let (Some(first), Some(last)) =
        (now.earliest_restorable_date_time(), now.latest_restorable_date_time())
    else {
        return Err("no bounds".into());
    };
    assert_eq!(last.secs() - first.secs(), 2 * 24 * 3600 - 300);
    ask(false, None)?.send().await?;
    assert_eq!(status().await?.point_in_time_recovery_status(), disabled);
    Ok(())
}

#[tokio::test]
async fn tags_are_kept_by_the_engine() -> TestResult {
    let client = limited()?;
    let made = table(&client, TABLE)?.send().await?.table_description.ok_or("no table")?;
    let arn = made.table_arn().ok_or("no name")?;
    let tag = Tag::builder().key("team").value("shop").build()?;
    client.tag_resource().resource_arn(arn).tags(tag).send().await?;
    let tags = || client.list_tags_of_resource().resource_arn(arn).send();
    assert_eq!(tags().await?.tags()[0].value(), "shop");
    client.untag_resource().resource_arn(arn).tag_keys("team").send().await?;
    assert!(tags().await?.tags().is_empty());
    Ok(())
}
