//! A throttled store in a file: its requests run elsewhere, and all its clients share the capacity.

use std::time::Duration;

use dynamap_embedded::{OpenError, Throttle, builder, open};

use super::stage::{notes, put, put_large, throttled, until_refused, wait, without_retries};
use crate::support::{TestResult, place};

#[tokio::test(start_paused = true)]
async fn a_file_is_throttled_by_the_clock_of_the_runtime() -> TestResult {
    let (_directory, path) = place()?;
    let throttle = Throttle::provisioned().burst(Duration::from_secs(2));
    let client = without_retries(&builder().throttle(throttle).open(&path)?);
    notes(&client, 1, 3).await?;
    assert_eq!(until_refused(|| put(&client, "a")).await?, 3);
    wait(1.0).await;
    assert_eq!(until_refused(|| put(&client, "a")).await?, 3);
    wait(1_000.0).await;
    assert_eq!(until_refused(|| put(&client, "a")).await?, 9);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_file_that_is_opened_again_has_its_limits_and_no_debts() -> TestResult {
    let (_directory, path) = place()?;
    let throttle = Throttle::provisioned();
    let client = without_retries(&builder().throttle(throttle).open(&path)?);
    notes(&client, 1, 3).await?;
    assert!(put_large(&client, "a", 100).await?);
    assert!(!put(&client, "b").await?);
    drop(client);
    let client = without_retries(&builder().throttle(throttle).open(&path)?);
    assert_eq!(until_refused(|| put(&client, "b")).await?, 3);
    drop(client);
    let client = open(&path)?;
    for _ in 0..10 {
        assert!(put(&client, "b").await?);
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_file_has_one_throttle_and_its_clients_share_the_capacity() -> TestResult {
    let (_directory, path) = place()?;
    let throttle = Throttle::provisioned();
    let first = without_retries(&builder().throttle(throttle).open(&path)?);
    let second = without_retries(&builder().throttle(throttle).open(&path)?);
    notes(&first, 1, 2).await?;
    assert!(put(&first, "a").await?);
    assert!(put(&second, "a").await?);
    assert!(!put(&first, "a").await?);
    assert!(!put(&second, "a").await?);
    for other in [open(&path), builder().throttle(throttle.burst(Duration::ZERO)).open(&path)] {
        match other {
            Err(OpenError::OtherOptions { path: refused }) => {
                assert_eq!(refused, path.canonicalize()?);
            }
            other => return Err(format!("{other:?}").into()),
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_at_the_same_time_do_not_overdraw_together() -> TestResult {
    let client = throttled(0)?;
    notes(&client, 1, 1).await?;
    let write = |id: usize| {
        let client = client.clone();
        // The first of them takes the capacity of minutes.
        tokio::spawn(async move {
            put_large(&client, &format!("{id}"), 300).await.is_ok_and(|done| done)
        })
    };
    let writes: Vec<_> = (0..40).map(write).collect();
    let mut done = 0;
    for write in writes {
        done += u32::from(write.await?);
    }
    assert_eq!(done, 1);
    Ok(())
}
