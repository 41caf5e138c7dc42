//! Whatever is asked for and whenever: no more is consumed than is provided, and nothing is refused that could be paid.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    ConsumedCapacity, KeysAndAttributes, Put, PutRequest, ReturnConsumedCapacity,
    TransactWriteItem, WriteRequest,
};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use tokio::time::Instant;

use super::stage::{TABLE, create, rates, throttled};
use crate::support::text;

/// Units per second of the table's reads and writes, and of the index's.
const RATES: [(&str, f64); 4] =
    [("table read", 3.0), ("table write", 4.0), ("index read", 1.0), ("index write", 2.0)];

#[derive(Debug, Clone)]
enum Step {
    Put { id: u8, kilobytes: usize, owned: bool },
    Delete { id: u8 },
    Get { id: u8, strong: bool },
    Scan { index: bool },
    Reads { ids: Vec<u8> },
    Writes { ids: Vec<u8>, kilobytes: usize },
    Transaction { ids: Vec<u8>, kilobytes: usize },
    Wait { milliseconds: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let id = || 0..6_u8;
    let ids =
        || prop::collection::btree_set(0..6_u8, 1..6).prop_map(|ids| ids.into_iter().collect());
    prop_oneof![
        (id(), 0..4_usize, any::<bool>()).prop_map(|(id, kilobytes, owned)| Step::Put {
            id,
            kilobytes,
            owned
        }),
        id().prop_map(|id| Step::Delete { id }),
        (id(), any::<bool>()).prop_map(|(id, strong)| Step::Get { id, strong }),
        any::<bool>().prop_map(|index| Step::Scan { index }),
        ids().prop_map(|ids| Step::Reads { ids }),
        (ids(), 0..3_usize).prop_map(|(ids, kilobytes)| Step::Writes { ids, kilobytes }),
        (ids(), 0..3_usize).prop_map(|(ids, kilobytes)| Step::Transaction { ids, kilobytes }),
        (0..4_000_u64).prop_map(|milliseconds| Step::Wait { milliseconds }),
    ]
}

/// What one answer says: what was consumed, or that it was refused, and by what.
enum Answer {
    Consumed(Vec<ConsumedCapacity>),
    Refused(Vec<String>),
    Cancelled,
}

/// What was consumed when, by resource.
#[derive(Default)]
struct Log {
    entries: BTreeMap<&'static str, Vec<Entry>>,
}

struct Entry {
    /// Seconds since the beginning.
    at: f64,
    units: f64,
    /// All of it that was consumed before the capacity was looked at for the last time: of a batch, that is for each item.
    checked: f64,
}

/// The most that a put of this test costs.
const LARGEST: f64 = 4.0;

impl Log {
    fn note(&mut self, at: f64, step: &Step, consumed: &[ConsumedCapacity]) {
        let reads = matches!(step, Step::Get { .. } | Step::Scan { .. } | Step::Reads { .. });
        let in_part = matches!(step, Step::Reads { .. } | Step::Writes { .. });
        for table in consumed {
            let index = table.global_secondary_indexes().and_then(|all| all.get("by_owner"));
            let index = index.and_then(aws_sdk_dynamodb::types::Capacity::capacity_units);
            let own = table.table().and_then(aws_sdk_dynamodb::types::Capacity::capacity_units);
            let local = table.local_secondary_indexes().into_iter().flatten();
            let local: f64 = local.filter_map(|(_, local)| local.capacity_units()).sum();
            let names =
                if reads { ["table read", "index read"] } else { ["table write", "index write"] };
            for (name, units) in
                names.into_iter().zip([own.unwrap_or(0.0) + local, index.unwrap_or(0.0)])
            {
                if units > 0.0 {
                    let checked = if in_part { (units - LARGEST).max(0.0) } else { 0.0 };
                    self.entries.entry(name).or_default().push(Entry { at, units, checked });
                }
            }
        }
    }

    /// What is left at `now` of a resource that keeps `burst` seconds, by the definition rather than step by step.
    fn left(&self, name: &str, rate: f64, burst: f64, now: f64) -> f64 {
        let full = rate * (1.0 + burst);
        let (mut left, mut at) = (rate, 0.0);
        for entry in self.entries.get(name).into_iter().flatten() {
            left = (left + rate * (entry.at - at)).min(full) - entry.units;
            at = entry.at;
        }
        (left + rate * (now - at)).min(full)
    }

    /// Over any stretch of time: no more than was saved, what came in, and one request.
    fn check(&self, burst: f64) -> Result<(), TestCaseError> {
        for (name, rate) in RATES {
            let entries = self.entries.get(name).map(Vec::as_slice).unwrap_or_default();
            let begin = Entry { at: 0.0, units: 0.0, checked: 0.0 };
            within(name, rate, rate, [&begin].into_iter().chain(entries))?;
            for first in 0..entries.len() {
                within(name, rate * (1.0 + burst), rate, &entries[first..])?;
            }
        }
        Ok(())
    }
}

/// Whether `entries` were paid by what was `saved` at the first of them and what came in since.
fn within<'a>(
    name: &str,
    saved: f64,
    rate: f64,
    entries: impl IntoIterator<Item = &'a Entry>,
) -> Result<(), TestCaseError> {
    let (mut begin, mut sum) = (None, 0.0);
    for entry in entries {
        let begin = *begin.get_or_insert(entry.at);
        let provided = saved + rate * (entry.at - begin);
        let before = sum + entry.checked;
        prop_assert!(before < provided + 1e-6, "{name}: {before} of {provided}");
        sum += entry.units;
    }
    Ok(())
}

fn answer<T, E>(
    sent: Result<T, SdkError<E>>,
    consumed: impl FnOnce(T) -> Vec<ConsumedCapacity>,
) -> Result<Answer, Box<dyn Error>>
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    match sent {
        Ok(output) => Ok(Answer::Consumed(consumed(output))),
        Err(error) if error.code() == Some("TransactionCanceledException") => Ok(Answer::Cancelled),
        Err(error) if error.code() == Some(super::stage::CODE) => {
            let body = error.raw_response().and_then(|raw| raw.body().bytes()).unwrap_or_default();
            let body: serde_json::Value = serde_json::from_slice(body)?;
            let reasons = body["ThrottlingReasons"].as_array().ok_or("no reasons")?;
            let reasons = reasons.iter().filter_map(|reason| reason["reason"].as_str());
            Ok(Answer::Refused(reasons.map(str::to_owned).collect()))
        }
        Err(error) => Err(error.into()),
    }
}

fn name(id: u8) -> String {
    format!("item {id}")
}

fn item(id: u8, kilobytes: usize, owned: bool) -> Vec<(&'static str, String)> {
    let mut item =
        vec![("id", name(id)), ("at", "1".into()), ("body", "x".repeat(kilobytes * 1024))];
    if owned {
        item.push(("owner", format!("owner {kilobytes}")));
    }
    item
}

async fn send(client: &Client, step: &Step) -> Result<Answer, Box<dyn Error>> {
    let all = ReturnConsumedCapacity::Indexes;
    match step {
        Step::Put { id, kilobytes, owned } => {
            let mut put = client.put_item().table_name(TABLE).return_consumed_capacity(all);
            for (name, value) in item(*id, *kilobytes, *owned) {
                put = put.item(name, text(value));
            }
            answer(put.send().await, |put| put.consumed_capacity.into_iter().collect())
        }
        Step::Delete { id } => {
            let delete = client.delete_item().table_name(TABLE).return_consumed_capacity(all);
            let delete = delete.key("id", text(name(*id))).key("at", text("1"));
            answer(delete.send().await, |output| output.consumed_capacity.into_iter().collect())
        }
        Step::Get { id, strong } => {
            let get = client.get_item().table_name(TABLE).return_consumed_capacity(all);
            let get = get.key("id", text(name(*id))).key("at", text("1")).consistent_read(*strong);
            answer(get.send().await, |output| output.consumed_capacity.into_iter().collect())
        }
        Step::Scan { index } => {
            let scan = client.scan().table_name(TABLE).return_consumed_capacity(all);
            let scan = scan.set_index_name(index.then(|| "by_owner".to_owned()));
            answer(scan.send().await, |output| output.consumed_capacity.into_iter().collect())
        }
        Step::Reads { ids } => {
            let key = |id: &u8| [("id".into(), text(name(*id))), ("at".into(), text("1"))].into();
            let keys = KeysAndAttributes::builder().set_keys(Some(ids.iter().map(key).collect()));
            let batch = client.batch_get_item().request_items(TABLE, keys.build()?);
            let sent = batch.return_consumed_capacity(all).send().await;
            answer(sent, |output| output.consumed_capacity.unwrap_or_default())
        }
        Step::Writes { ids, kilobytes } => {
            let mut requests = Vec::new();
            for id in ids {
                let item = item(*id, *kilobytes, *id < 3);
                let item = item.into_iter().map(|(name, value)| (name.to_owned(), text(value)));
                let put = PutRequest::builder().set_item(Some(item.collect())).build()?;
                requests.push(WriteRequest::builder().put_request(put).build());
            }
            let batch = client.batch_write_item().request_items(TABLE, requests);
            let sent = batch.return_consumed_capacity(all).send().await;
            answer(sent, |output| output.consumed_capacity.unwrap_or_default())
        }
        Step::Transaction { ids, kilobytes } => {
            let mut transaction = client.transact_write_items().return_consumed_capacity(all);
            for id in ids {
                let item = item(*id, *kilobytes, *id < 3);
                let item = item.into_iter().map(|(name, value)| (name.to_owned(), text(value)));
                let put =
                    Put::builder().table_name(TABLE).set_item(Some(item.collect())).build()?;
                let action = TransactWriteItem::builder().put(put).build();
                transaction = transaction.transact_items(action);
            }
            let sent = transaction.send().await;
            answer(sent, |output| output.consumed_capacity.unwrap_or_default())
        }
        Step::Wait { milliseconds } => {
            tokio::time::advance(Duration::from_millis(*milliseconds)).await;
            Ok(Answer::Consumed(Vec::new()))
        }
    }
}

/// The resource that a reason of the service is about.
fn resource(reason: &str) -> Option<(&'static str, f64)> {
    let (kind, access) = (reason.strip_suffix("ProvisionedThroughputExceeded")?, reason);
    let name = match kind {
        "TableRead" => "table read",
        "TableWrite" => "table write",
        "IndexRead" => "index read",
        "IndexWrite" => "index write",
        _ => panic!("{access} is no reason"),
    };
    RATES.into_iter().find(|(known, _)| *known == name)
}

async fn run(steps: Vec<Step>, burst: u32) -> Result<(), TestCaseError> {
    let fail = |error: Box<dyn Error>| TestCaseError::fail(error.to_string());
    let client = throttled(u64::from(burst)).map_err(fail)?;
    let table = create(&client, TABLE, rates(3, 4).map_err(fail)?, rates(1, 2).map_err(fail)?);
    table.await.map_err(fail)?;
    let begin = Instant::now();
    let mut log = Log::default();
    for step in steps {
        let answer = send(&client, &step).await.map_err(fail)?;
        let now = begin.elapsed().as_secs_f64();
        match answer {
            Answer::Consumed(consumed) => log.note(now, &step, &consumed),
            Answer::Refused(reasons) => {
                prop_assert!(!reasons.is_empty(), "{step:?} is refused for no reason");
                for reason in reasons {
                    let (name, rate) = resource(&reason).expect("a resource");
                    let left = log.left(name, rate, f64::from(burst), now);
                    prop_assert!(left < 1e-6, "{step:?} is refused with {left} of {name}");
                }
            }
            Answer::Cancelled => {
                let left = ["table write", "index write"].map(|name| {
                    let rate = RATES.into_iter().find(|(known, _)| *known == name);
                    log.left(name, rate.map_or(0.0, |(_, rate)| rate), f64::from(burst), now)
                });
                prop_assert!(
                    left.iter().any(|left| *left < 1e-6),
                    "{step:?} is cancelled: {left:?}"
                );
            }
        }
    }
    log.check(f64::from(burst))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_more_is_consumed_than_is_provided_and_nothing_is_refused_that_could_be_paid(
        steps in prop::collection::vec(step(), 1..60),
        burst in 0..4_u32,
    ) {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build();
        let runtime = runtime.map_err(|error| TestCaseError::fail(error.to_string()))?;
        runtime.block_on(run(steps, burst))?;
    }
}
