//! The one renderer: a [`Write`] becomes what AWS reads, and the item that it leaves.

use std::collections::HashMap;

use super::plan::{After, Base, Write, difference};
use crate::codec::EncodeError;
use crate::decode::stored_version;
use crate::error::Error;
use crate::expr::Placeholders;
use crate::item::{AttributeValue, Item};
use crate::model::Layout;
use crate::schema::WRITE_ATTRIBUTE;

/// A write as it goes into a request: rendered once and sent unchanged as often as needed.
pub(crate) struct Rendered {
    pub(crate) action: Action,
    pub(crate) table: String,
    pub(crate) key: HashMap<String, AttributeValue>,
    pub(crate) condition: Option<String>,
    pub(crate) names: Option<HashMap<String, String>>,
    pub(crate) values: Option<HashMap<String, AttributeValue>>,
    /// The item that the write leaves; `None` where it leaves none or changes none.
    pub(crate) after: Option<Item>,
}

pub(crate) enum Action {
    /// The item to put is `after`.
    Put,
    Update(String),
    Delete,
    Check,
}

/// Renders a write; `nonce` marks everything that is written together.
pub(crate) fn render(write: &Write, nonce: &str) -> Result<Rendered, Error> {
    let layout = write.layout;
    let rendered = render_parts(write, nonce);
    rendered.map_err(|error| Error::encode(layout, error))
}

fn render_parts(write: &Write, nonce: &str) -> Result<Rendered, EncodeError> {
    let mut placeholders = Placeholders::default();
    let mut after = None;
    let action = match (&write.base, &write.after) {
        (Base::Stored(base), After::Changed(item)) => {
            let target = stamp(write.layout, Some(base), item, nonce)?;
            let update = update(write, base, &target, &mut placeholders);
            after = Some(target);
            Action::Update(update)
        }
        (_, After::New(item) | After::Changed(item)) => {
            after = Some(stamp(write.layout, None, item, nonce)?);
            Action::Put
        }
        (_, After::Gone) => Action::Delete,
        (_, After::Same) => Action::Check,
    };
    let condition = match write.expectation() {
        Some(expectation) => expectation.render(&mut placeholders)?,
        None => None,
    };
    let (names, values) = placeholders.into_maps();
    let table = write.target.table.clone();
    let key = write.target.key.to_item().into_inner();
    Ok(Rendered { action, table, key, condition, names, values, after })
}

/// Puts version and nonce on the item that a write leaves. `base` is the item that it changes.
fn stamp(
    layout: &Layout,
    base: Option<&Item>,
    item: &Item,
    nonce: &str,
) -> Result<Item, EncodeError> {
    let mut item = item.clone();
    if let Some(name) = layout.version {
        let unreadable = |_| EncodeError::new("the stored version is no u64").at(name);
        let seen = match base {
            Some(base) => stored_version(layout, base).map_err(unreadable)?,
            None => None,
        };
        let next = seen.unwrap_or(0).checked_add(1);
        let next = next.ok_or_else(|| EncodeError::new("the version has no successor").at(name))?;
        item.insert(name, AttributeValue::N(next.to_string()));
    }
    item.insert(WRITE_ATTRIBUTE, AttributeValue::S(nonce.to_owned()));
    Ok(item)
}

/// `SET` what is new or changed, `REMOVE` what is gone.
fn update(write: &Write, base: &Item, target: &Item, placeholders: &mut Placeholders) -> String {
    let (mut set, mut remove) = (Vec::new(), Vec::new());
    for name in difference(base, target) {
        if write.target.key.contains(name) {
            continue;
        }
        let placeholder = placeholders.name(name);
        match target.get(name) {
            Some(value) => {
                let value = placeholders.value(value.clone());
                set.push(format!("{placeholder} = {value}"));
            }
            None => remove.push(placeholder),
        }
    }
    let clause = |verb: &str, parts: &[String]| {
        (!parts.is_empty()).then(|| format!("{verb} {}", parts.join(", ")))
    };
    let clauses: Vec<String> =
        [clause("SET", &set), clause("REMOVE", &remove)].into_iter().flatten().collect();
    clauses.join(" ")
}
