//! One `BatchGetItem`, sent again until every key has an answer.
//!
//! [AWS: BatchGetItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html)

use std::collections::HashMap;

use aws_sdk_dynamodb::error::ProvideErrorMetadata as _;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemOutput;
use aws_sdk_dynamodb::types::KeysAndAttributes;

use crate::error::{Busy, Error, ServiceError, Target};
use crate::item::{AttributeValue, Item};
use crate::key::Key;
use crate::layout::Layout;
use crate::retry::{Attempt, Attempts, Cause};

pub(super) const OPERATION: &str = "BatchGetItem";

/// AWS: at most 100 keys in one request.
pub(super) const MAX_KEYS: usize = 100;

/// An item that is asked for, with the model that tells its key's names.
pub(super) type Asked = (Target, &'static Layout);

/// What one request brought, with all its repetitions.
pub(super) struct Brought {
    pub(super) items: HashMap<Target, Item>,
    /// Why some keys have no answer, and which.
    pub(super) left: Option<(Busy, Vec<Target>)>,
}

/// Reads up to 100 different items. Keys that the service leaves unprocessed are sent again.
pub(super) async fn read(
    mut attempts: Attempts<'_>,
    asked: &[Asked],
    consistent: bool,
) -> Result<Brought, Error> {
    let layouts: HashMap<&str, &Layout> =
        asked.iter().map(|(target, layout)| (target.table.as_str(), *layout)).collect();
    let mut waiting = requests(asked, consistent);
    let mut items = HashMap::new();
    loop {
        let client = attempts.database().once();
        let request = client.batch_get_item().set_request_items(Some(waiting.clone()));
        let request = request.set_return_consumed_capacity(attempts.database().asks_capacity());
        let cause = match attempts.send(request.send()).await {
            Attempt::Done(answer) => {
                waiting = take(answer, &layouts, &mut items)?;
                if waiting.is_empty() {
                    return Ok(Brought { items, left: None });
                }
                Cause::Throttled
            }
            Attempt::Again(cause) => cause,
            Attempt::Failed(error) => return Err(attempts.failed(error, &[])),
            // A read has no condition, and is no transaction.
            Attempt::Rejected(error) => {
                return Err(Error::Service(Box::new(ServiceError {
                    operation: OPERATION,
                    table: asked
                        .first()
                        .map_or_else(String::new, |(target, _)| target.table.clone()),
                    code: error.code().unwrap_or_default().to_owned(),
                    message: error.message().unwrap_or_default().to_owned(),
                })));
            }
        };
        match attempts.pause(cause, &[]).await {
            Ok(()) => {}
            Err(Error::Busy(busy)) => {
                let left = targets(&waiting, &layouts)?;
                return Ok(Brought { items, left: Some((*busy, left)) });
            }
            Err(error) => return Err(error),
        }
    }
}

/// The keys by table, as the service takes them.
fn requests(asked: &[Asked], consistent: bool) -> HashMap<String, KeysAndAttributes> {
    let mut tables: HashMap<String, Vec<HashMap<String, AttributeValue>>> = HashMap::new();
    for (target, _) in asked {
        tables.entry(target.table.clone()).or_default().push(target.key.to_item().into_inner());
    }
    let request = |keys| {
        let request = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(consistent);
        request.build().expect("the keys, all that is required, are set")
    };
    tables.into_iter().map(|(table, keys)| (table, request(keys))).collect()
}

/// Takes the items out of an answer, and returns what it leaves unprocessed.
fn take(
    answer: BatchGetItemOutput,
    layouts: &HashMap<&str, &Layout>,
    items: &mut HashMap<Target, Item>,
) -> Result<HashMap<String, KeysAndAttributes>, Error> {
    for (table, found) in answer.responses.unwrap_or_default() {
        for item in found {
            let item = Item::from(item);
            items.insert(target(&table, layouts, &item)?, item);
        }
    }
    let mut waiting = answer.unprocessed_keys.unwrap_or_default();
    waiting.retain(|_, request| !request.keys().is_empty());
    Ok(waiting)
}

fn targets(
    waiting: &HashMap<String, KeysAndAttributes>,
    layouts: &HashMap<&str, &Layout>,
) -> Result<Vec<Target>, Error> {
    let keys =
        waiting.iter().flat_map(|(table, left)| left.keys().iter().map(move |key| (table, key)));
    keys.map(|(table, key)| target(table, layouts, &Item::from(key.clone()))).collect()
}

/// Which of the items this is.
fn target(table: &str, layouts: &HashMap<&str, &Layout>, item: &Item) -> Result<Target, Error> {
    let layout = layouts.get(table).ok_or_else(|| {
        let message = "the answer has a table that was not asked for".to_owned();
        let (table, code) = (table.to_owned(), String::new());
        Error::Service(Box::new(ServiceError { operation: OPERATION, table, code, message }))
    })?;
    let key = Key::of(layout, item).map_err(|error| Error::encode(layout, error))?;
    Ok(Target { table: table.to_owned(), key })
}
