//! What may be changed so many times in a while, by simulated hours.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{BillingMode, TableClass};

use super::stage::{
    Answer, TABLE, Wish, change, code, describe, hours, index, limited, provisioned, table, update,
};
use crate::support::TestResult;
use crate::throttling::stage::rates;

const INVALID: &str = "ValidationException";
const LIMIT: &str = "LimitExceededException";

async fn resize(client: &Client, units: i64) -> Answer<String> {
    Ok(code(update(client).provisioned_throughput(rates(units, units)?).send().await))
}

async fn resize_index(client: &Client, units: i64) -> Answer<String> {
    let wish = Wish { units: Some(units), ..Wish::default() };
    let update = update(client).global_secondary_index_updates(change("by_owner", &wish)?);
    Ok(code(update.send().await))
}

/// What is told of the table's units, or its index's: reading units, and how often they went down today.
async fn units(client: &Client, of_index: bool) -> Answer<(Option<i64>, Option<i64>)> {
    let told = if of_index {
        index(client, "by_owner").await?.and_then(|index| index.provisioned_throughput)
    } else {
        describe(client).await?.provisioned_throughput
    };
    let told = told.ok_or("no units")?;
    Ok((told.read_capacity_units(), told.number_of_decreases_today()))
}

/// To the first moment of a UTC day, so that a test's hours are of one day.
async fn midnight() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let today = now.unwrap_or_default().as_secs() % (24 * 60 * 60);
    let rest = 24 * 60 * 60 - today;
    tokio::time::advance(std::time::Duration::from_secs(rest)).await;
}

#[tokio::test(start_paused = true)]
async fn units_go_down_four_times_a_day_and_then_once_an_hour() -> TestResult {
    let client = limited()?;
    provisioned(&client, 100, 100)?.send().await?;
    midnight().await;
    for (step, of_index) in [(1, false), (2, true)] {
        for units in [99, 98, 97, 96] {
            let resized = if of_index {
                resize_index(&client, units).await?
            } else {
                resize(&client, units).await?
            };
            assert_eq!(resized, "Ok", "{step}");
        }
        let (told, decreases) = units(&client, of_index).await?;
        assert_eq!((told, decreases), (Some(96), Some(4)), "{step}");
    }
    assert_eq!(resize(&client, 95).await?, LIMIT);
    assert_eq!(resize_index(&client, 95).await?, LIMIT);
    assert_eq!(units(&client, false).await?, (Some(96), Some(4)), "nothing has changed");
    assert_eq!(resize(&client, 200).await?, "Ok", "up is not limited");
    hours(1.0).await;
    assert_eq!(resize(&client, 95).await?, "Ok");
    assert_eq!(resize_index(&client, 95).await?, "Ok");
    assert_eq!(resize(&client, 94).await?, LIMIT);
    hours(23.0).await;
    assert_eq!(units(&client, false).await?, (Some(95), Some(0)), "a new day");
    assert_eq!(resize(&client, 94).await?, "Ok");
    assert_eq!(units(&client, false).await?, (Some(94), Some(1)));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_refused_part_of_an_update_leaves_all_of_it_undone() -> TestResult {
    let client = limited()?;
    provisioned(&client, 100, 100)?.send().await?;
    midnight().await;
    for units in [99, 98, 97, 96] {
        assert_eq!(resize_index(&client, units).await?, "Ok");
    }
    let wish = Wish { units: Some(1), ..Wish::default() };
    let both = update(&client)
        .provisioned_throughput(rates(1, 1)?)
        .global_secondary_index_updates(change("by_owner", &wish)?);
    assert_eq!(code(both.send().await), LIMIT);
    assert_eq!(units(&client, false).await?, (Some(100), Some(0)));
    assert_eq!(units(&client, true).await?, (Some(96), Some(4)));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn units_that_do_not_change_are_refused() -> TestResult {
    let client = limited()?;
    provisioned(&client, 7, 5)?.send().await?;
    assert_eq!(resize(&client, 7).await?, INVALID);
    assert_eq!(resize_index(&client, 5).await?, INVALID);
    assert_eq!(resize_index(&client, 6).await?, "Ok");
    assert_eq!(resize_index(&client, 6).await?, INVALID);
    let told = describe(&client).await?;
    let own = told.provisioned_throughput.ok_or("no units")?;
    assert!(own.last_increase_date_time().is_none());
    let index = index(&client, "by_owner").await?.and_then(|index| index.provisioned_throughput);
    let index = index.ok_or("no units")?;
    assert!(index.last_increase_date_time().is_some());
    assert!(index.last_decrease_date_time().is_none());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn payment_by_request_is_chosen_four_times_in_a_day() -> TestResult {
    let client = limited()?;
    provisioned(&client, 7, 5)?.send().await?;
    let wish = Wish { units: Some(9), ..Wish::default() };
    let on_demand = || update(&client).billing_mode(BillingMode::PayPerRequest).send();
    let back = || -> Answer<_> {
        Ok(update(&client)
            .billing_mode(BillingMode::Provisioned)
            .provisioned_throughput(rates(7, 7)?))
    };
    for _ in 0..4 {
        assert_eq!(code(on_demand().await), "Ok");
        assert_eq!(units(&client, true).await?.0, Some(0));
        assert_eq!(code(back()?.send().await), INVALID, "the index has no units");
        let whole = back()?.global_secondary_index_updates(change("by_owner", &wish)?);
        assert_eq!(code(whole.send().await), "Ok");
        assert_eq!(units(&client, true).await?.0, Some(9));
        hours(1.0).await;
    }
    assert_eq!(code(on_demand().await), LIMIT);
    hours(19.9).await;
    assert_eq!(code(on_demand().await), LIMIT);
    hours(0.2).await;
    assert_eq!(code(on_demand().await), "Ok");
    let summary = describe(&client).await?.billing_mode_summary.ok_or("no summary")?;
    assert!(summary.last_update_to_pay_per_request_date_time().is_some());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_table_moves_to_another_class_twice_in_a_month() -> TestResult {
    let client = limited()?;
    table(&client, TABLE)?.send().await?;
    let class = |class| update(&client).table_class(class).send();
    assert_eq!(code(class(TableClass::StandardInfrequentAccess).await), "Ok");
    assert_eq!(code(class(TableClass::Standard).await), "Ok");
    assert_eq!(code(class(TableClass::StandardInfrequentAccess).await), LIMIT);
    hours(24.0 * 30.0).await;
    assert_eq!(code(class(TableClass::StandardInfrequentAccess).await), "Ok");
    let summary = describe(&client).await?.table_class_summary.ok_or("no class")?;
    assert_eq!(summary.table_class(), Some(&TableClass::StandardInfrequentAccess));
    Ok(())
}
