//! The one renderer: a [`Write`] becomes what AWS reads, and the item that it leaves.

use std::collections::HashMap;

use super::limits;
use super::older::as_written;
use super::plan::{After, Base, Changes, Returns, Stamp, Write, difference};
use crate::codec::EncodeError;
use crate::database::Database;
use crate::decode::stored_version;
use crate::error::Error;
use crate::expr::{Change, Node, Place, Placeholders, change};
use crate::item::{AttributeValue, Item};
use crate::layout::Layout;
use crate::schema::WRITE_ATTRIBUTE;

/// A write as it goes into a request, and what it leaves.
pub(crate) struct Rendered {
    pub(crate) action: Action,
    pub(crate) parts: Parts,
    /// The item that the write leaves; `None` where it leaves none or changes none.
    pub(crate) after: Option<Item>,
    /// Whether a second copy can have no effect once the first one was applied.
    pub(crate) repeatable: bool,
    pub(crate) returns: Returns,
}

/// What goes into the request.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) table: String,
    pub(crate) key: HashMap<String, AttributeValue>,
    pub(crate) condition: Option<String>,
    pub(crate) names: Option<HashMap<String, String>>,
    pub(crate) values: Option<HashMap<String, AttributeValue>>,
}

impl Rendered {
    /// The item to put, for the request; what is left keeps its own.
    pub(crate) fn item(&self) -> Option<HashMap<String, AttributeValue>> {
        self.after.clone().map(Item::into_inner)
    }
}

pub(crate) enum Action {
    /// The item to put is `after`.
    Put,
    Update(String),
    Delete,
    Check,
}

/// Renders a write; `nonce` marks everything that is written together.
pub(crate) fn render(db: &Database, write: &Write, nonce: &str) -> Result<Rendered, Error> {
    let layout = write.layout;
    let write = &*as_written(db, write)?;
    render_parts(write, nonce).map_err(|error| match error {
        Refused::Value(error) => Error::encode(layout, error),
        Refused::Limit(error) => limits::about(error, Some(&write.target)),
    })
}

/// Why a write is not sent.
pub(super) enum Refused {
    Value(EncodeError),
    Limit(Error),
}

impl From<EncodeError> for Refused {
    fn from(error: EncodeError) -> Self {
        Self::Value(error)
    }
}

fn render_parts(write: &Write, nonce: &str) -> Result<Rendered, Refused> {
    let mut placeholders = Placeholders::default();
    let (mut after, mut kept) = (None, Node::all(Vec::new()));
    // What a write saw is never there again after it was applied: version and nonce moved on.
    // An item that is put as it is has no nonce of this write: it is known by all that it holds, and a second copy puts
    // the same.
    let repeatable = matches!(write.base, Base::Stored(_)) || write.stamp == Stamp::Nothing;
    let action = match (&write.base, &write.after) {
        (Base::Stored(base), After::Changed(item)) => {
            let target = stamp(write, Some(base), item, nonce)?;
            let update = update(write, base, &target, &mut placeholders)?;
            after = Some(target);
            // Too long for an update: the whole item is put, under the same condition that it is as it was seen. What the
            // update would have left alone is put back as it was, so that must be as it was too.
            if update.len() > limits::MAX_EXPRESSION && write.is_locked(base) {
                placeholders = Placeholders::default();
                kept = Node::all(write.left_alone(base, item).collect());
                Action::Put
            } else {
                Action::Update(update)
            }
        }
        (_, After::New(item) | After::Changed(item)) => {
            after = Some(stamp(write, None, item, nonce)?);
            Action::Put
        }
        (_, After::By(changes)) => {
            limits::check_changes(&changes.changes).map_err(Refused::Limit)?;
            Action::Update(by_changes(write, changes, nonce, &mut placeholders)?)
        }
        (_, After::Gone) => Action::Delete,
        (_, After::Same) => Action::Check,
    };
    let expectation = write.expectation().map(|expectation| expectation.and(kept));
    let condition = match &expectation {
        Some(expectation) => expectation.render(&mut placeholders)?,
        None => None,
    };
    limits::check(&action, expectation.as_ref(), condition.as_deref(), after.as_ref())
        .map_err(Refused::Limit)?;
    let (names, values) = placeholders.into_maps();
    let table = write.target.table.clone();
    let key = write.target.key.to_item().into_inner();
    let parts = Parts { table, key, condition, names, values };
    Ok(Rendered { action, parts, after, repeatable, returns: write.returns })
}

/// Puts version and nonce on the item that a write leaves. `base` is the item that it changes.
fn stamp(
    write: &Write,
    base: Option<&Item>,
    item: &Item,
    nonce: &str,
) -> Result<Item, EncodeError> {
    let layout = write.layout;
    layout.check_index_keys(item)?;
    let mut item = item.clone();
    if write.stamp == Stamp::Nothing {
        return Ok(item);
    }
    if let Some(name) = layout.version.filter(|_| write.stamp == Stamp::Version) {
        let unreadable = |_| EncodeError::new("the stored version is no u64").at(name);
        let seen = match base {
            Some(base) => stored_version(layout, base).map_err(unreadable)?,
            None => None,
        };
        let next = seen.unwrap_or(0).checked_add(1);
        let next = next.ok_or_else(|| EncodeError::new("the version has no successor").at(name))?;
        item.set(name, Some(AttributeValue::N(next.to_string())));
    }
    item.set(WRITE_ATTRIBUTE, Some(AttributeValue::S(nonce.to_owned())));
    Ok(item)
}

/// AWS refuses an empty or NULL key of an index.
fn check_index_keys(layout: &Layout, changes: &[Change]) -> Result<(), EncodeError> {
    let whole = changes.iter().filter(|change| change.place.inner.is_empty());
    let values = whole.filter_map(|change| match &change.value {
        Ok(Some(value)) => Some((change.place.name.to_string(), value.clone())),
        _ => None,
    });
    layout.check_index_keys(&values.collect())
}

/// The changes, with version and nonce.
fn by_changes(
    write: &Write,
    changes: &Changes,
    nonce: &str,
    placeholders: &mut Placeholders,
) -> Result<String, EncodeError> {
    let mut all = changes.changes.clone();
    check_index_keys(write.layout, &all)?;
    if let Some(version) = write.layout.version {
        all.push(Change::add(Place::attribute(version), AttributeValue::N("1".to_owned())));
    }
    let nonce = AttributeValue::S(nonce.to_owned());
    all.push(Change::set(Place::attribute(WRITE_ATTRIBUTE), nonce));
    change::render(&all, placeholders)
}

/// `SET` what is new or changed, `REMOVE` what is gone.
fn update(
    write: &Write,
    base: &Item,
    target: &Item,
    placeholders: &mut Placeholders,
) -> Result<String, Refused> {
    let changes: Vec<Change> = difference(base, target)
        .into_iter()
        .filter(|name| !write.target.key.contains(name))
        .map(|name| match target.get(name) {
            Some(value) => Change::set(Place::from(name), value.clone()),
            None => Change::remove(Place::from(name)),
        })
        .collect();
    limits::check_changes(&changes).map_err(Refused::Limit)?;
    Ok(change::render(&changes, placeholders)?)
}
