//! Many items through a service that takes 2 ms for each request: how near to the ideal is that?
//!
//! The ideal is the number of requests, divided by how many are under way at once, times what one request takes.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, PutRequest, WriteRequest};
use bytes::Bytes;
use dynamap::{Database, Model};
use floor::canned::{Answers, Canned};
use floor::rounds::median;
use floor::{Attributes, Outcome};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use tokio::runtime::{Builder, Runtime};

/// What each request takes.
const DELAY: Duration = Duration::from_millis(2);
/// How many requests are under way at once: what dynamap does where nothing else is said.
const AT_ONCE: usize = 8;
/// The table of the entries.
pub const TABLE: &str = "entries";
/// AWS: at most 25 writes in one batch.
pub const PUTS: usize = 25;
/// AWS: at most 100 keys in one batch.
pub const KEYS: usize = 100;
/// The items of one page of a scan.
pub const PAGE: usize = 100;

/// How near to the ideal dynamap and the loop by hand come, each as a share of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delayed {
    pub work: String,
    pub requests: usize,
    pub at_once: usize,
    pub dynamap: f64,
    pub by_hand: f64,
}

/// A small item without a version, as bulk loads are of.
#[derive(Debug, Clone, PartialEq, Eq, Model)]
#[model(table = "entries", validate = false)]
pub struct Entry {
    #[model(hash_key)]
    pub id: u64,
    pub kind: String,
    pub text: String,
}

fn entry(id: u64) -> Entry {
    Entry { id, kind: "door opened".to_owned(), text: "by the one with the key".to_owned() }
}

/// Measures all of them in so many rounds; with small numbers where `smoke` says so.
///
/// # Errors
/// Where anything fails, or sends another number of requests than the ideal.
pub fn measure(rounds: usize, smoke: bool) -> Outcome<Vec<Delayed>> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build()?;
    let requests = if smoke { AT_ONCE } else { 40 * AT_ONCE };
    let one = one_request(&runtime);
    ["bulk load", "scan", "get_many"]
        .map(|work| {
            let ideal = one.mul_f64(requests.div_ceil(AT_ONCE) as f64);
            let share = |library| -> Outcome<f64> {
                let took = took(&runtime, work, library, requests)?;
                Ok(ideal.as_secs_f64() / took.as_secs_f64())
            };
            // In turn, so that a disturbance hits both alike.
            let both = (0..rounds).map(|_| Ok((share("dynamap")?, share("by hand")?)));
            let (dynamap, by_hand) = both.collect::<Outcome<(Vec<_>, Vec<_>)>>()?;
            let (work, share) =
                (work.to_owned(), |all| (median(all).0 * 1_000.0).round() / 1_000.0);
            let (dynamap, by_hand) = (share(dynamap), share(by_hand));
            Ok(Delayed { work, requests, at_once: AT_ONCE, dynamap, by_hand })
        })
        .into_iter()
        .collect()
}

/// What one request takes: 2 ms, and what the timer adds.
fn one_request(runtime: &Runtime) -> Duration {
    let times = (0..50).map(|_| {
        let began = Instant::now();
        runtime
            .block_on(async { tokio::spawn(tokio::time::sleep(DELAY)).await })
            .expect("a sleep does not panic");
        began.elapsed().as_secs_f64()
    });
    Duration::from_secs_f64(median(times.collect()).0)
}

fn took(runtime: &Runtime, work: &str, library: &str, requests: usize) -> Outcome<Duration> {
    let canned = Canned::delayed(answers(requests), DELAY);
    let (client, db) = (canned.client(), Database::new(canned.client()));
    let began = Instant::now();
    runtime.block_on(async {
        match (work, library) {
            ("bulk load", "dynamap") => load(db, requests * PUTS).await,
            ("bulk load", _) => load_by_hand(client, requests * PUTS).await,
            ("scan", "dynamap") => scan(db, requests * PAGE).await,
            ("scan", _) => scan_by_hand(client, requests * PAGE).await,
            (_, "dynamap") => get(db, requests * KEYS).await,
            _ => get_by_hand(client, requests * KEYS).await,
        }
    })?;
    let took = began.elapsed();
    if canned.requests() != requests as u64 {
        return Err(format!("{work}: {} requests and not {requests}", canned.requests()).into());
    }
    Ok(took)
}

/// Answers as a table with pages for so many requests in all segments. All that can be is made before.
pub fn answers(requests: usize) -> impl Answers {
    let items: Vec<String> = (0..requests * KEYS).map(json).collect();
    let last = requests / AT_ONCE;
    let page = items[..PAGE].join(",");
    let pages: Vec<Bytes> = (1..=last)
        .map(|next| {
            let key = format!(r#","LastEvaluatedKey":{{"id":{{"N":"{next}"}}}}"#);
            let key = if next < last { key.as_str() } else { "" };
            format!(r#"{{"Items":[{page}],"Count":{PAGE},"ScannedCount":{PAGE}{key}}}"#).into()
        })
        .collect();
    move |operation: &str, body: &[u8]| match operation {
        "Scan" => pages[keys(body).next().unwrap_or(0)].clone(),
        "BatchGetItem" => {
            let items: Vec<&str> = keys(body).map(|id| items[id].as_str()).collect();
            let items = items.join(",");
            format!(r#"{{"Responses":{{"{TABLE}":[{items}]}},"UnprocessedKeys":{{}}}}"#).into()
        }
        _ => Bytes::from_static(b"{}"),
    }
}

/// An entry as the service answers it.
pub fn json(id: usize) -> String {
    format!(
        r#"{{"id":{{"N":"{id}"}},"kind":{{"S":"door opened"}},"text":{{"S":"by the one with the key"}},"_schema":{{"S":"1.0.0"}}}}"#
    )
}

/// The ids of the keys in a request.
fn keys(body: &[u8]) -> impl Iterator<Item = usize> {
    const KEY: &str = r#""id":{"N":""#;
    let keys = str::from_utf8(body).unwrap_or_default().split(KEY).skip(1);
    keys.filter_map(|rest| rest.split_once('"')?.0.parse().ok())
}

/// # Errors
/// What the library says.
pub async fn load(db: Database, items: usize) -> Outcome {
    Entry::put_many(&db, (0..items as u64).map(entry)).at_once(AT_ONCE).await?;
    Ok(())
}

/// # Errors
/// What the library says.
pub async fn load_by_hand(client: Client, items: usize) -> Outcome {
    let ids: Vec<u64> = (0..items as u64).collect();
    let puts = ids.chunks(PUTS).map(|ids| {
        let client = &client;
        async move {
            let puts: Vec<WriteRequest> =
                ids.iter().map(|id| put(*id)).collect::<Result<_, _>>()?;
            let answer = client.batch_write_item().request_items(TABLE, puts).send().await?;
            match answer.unprocessed_items {
                Some(left) if !left.is_empty() => Err("writes are left".into()),
                _ => Ok(()),
            }
        }
    });
    stream::iter(puts).buffer_unordered(AT_ONCE).try_collect().await
}

fn put(id: u64) -> Outcome<WriteRequest> {
    let Entry { id, kind, text } = entry(id);
    let nonce = floor::by_hand::nonce();
    let put = PutRequest::builder()
        .item("id", AttributeValue::N(id.to_string()))
        .item("kind", AttributeValue::S(kind))
        .item("text", AttributeValue::S(text))
        .item("_schema", AttributeValue::S("1.0.0".to_owned()))
        .item("_write", AttributeValue::S(nonce));
    Ok(WriteRequest::builder().put_request(put.build()?).build())
}

/// # Errors
/// What the library says.
pub async fn scan(db: Database, items: usize) -> Outcome {
    let scan = Entry::scan(&db).plain().segments(AT_ONCE);
    all(items, scan.try_collect().await?.len())
}

/// # Errors
/// What the library says.
pub async fn scan_by_hand(client: Client, items: usize) -> Outcome {
    let segment = |segment: usize| {
        let client = &client;
        async move {
            let (mut found, mut next) = (0, None);
            loop {
                let scan = client.scan().table_name(TABLE).set_exclusive_start_key(next);
                let scan = scan.segment(i32::try_from(segment)?);
                let page = scan.total_segments(i32::try_from(AT_ONCE)?).send().await?;
                let entries = page.items.unwrap_or_default().into_iter().map(read);
                found += entries.collect::<Outcome<Vec<_>>>()?.len();
                next = page.last_evaluated_key;
                if next.is_none() {
                    return Outcome::Ok(found);
                }
            }
        }
    };
    let segments = stream::iter((0..AT_ONCE).map(segment)).buffer_unordered(AT_ONCE);
    let found: Vec<usize> = segments.try_collect().await?;
    all(items, found.into_iter().sum())
}

/// # Errors
/// What the library says.
pub async fn get(db: Database, items: usize) -> Outcome {
    all(items, Entry::get_many(&db, 0..items as u64).await?.into_iter().flatten().count())
}

/// # Errors
/// What the library says.
pub async fn get_by_hand(client: Client, items: usize) -> Outcome {
    let ids: Vec<u64> = (0..items as u64).collect();
    let gets = ids.chunks(KEYS).map(|ids| {
        let client = &client;
        async move {
            let key =
                |id: &u64| Attributes::from([("id".to_owned(), AttributeValue::N(id.to_string()))]);
            let keys = KeysAndAttributes::builder().set_keys(Some(ids.iter().map(key).collect()));
            let answer = client.batch_get_item().request_items(TABLE, keys.build()?).send().await?;
            let found = answer.responses.and_then(|mut found| found.remove(TABLE));
            found.unwrap_or_default().into_iter().map(read).collect::<Outcome<Vec<_>>>()
        }
    });
    let found: Vec<Vec<Entry>> = stream::iter(gets).buffer_unordered(AT_ONCE).try_collect().await?;
    all(items, found.into_iter().flatten().count())
}

/// The entry of an item, by hand.
///
/// # Errors
/// Where it is none.
pub fn read(mut item: Attributes) -> Outcome<Entry> {
    match (item.remove("id"), item.remove("kind"), item.remove("text")) {
        (
            Some(AttributeValue::N(id)),
            Some(AttributeValue::S(kind)),
            Some(AttributeValue::S(text)),
        ) => Ok(Entry { id: id.parse()?, kind, text }),
        _ => Err("no entry".into()),
    }
}

fn all(expected: usize, found: usize) -> Outcome {
    if found == expected { Ok(()) } else { Err(format!("{found} items and not {expected}").into()) }
}
