//! The one read path: item → schema check → upgrade → model.

use semver::Version;

use crate::error::Error;
use crate::item::Item;
use crate::key::Key;
use crate::loaded::Loaded;
use crate::model::{Layout, Model};
use crate::schema::{Standing, Stored, standing, stored};
use crate::upgrade::UpgradeError;

/// Turns a stored item into a loaded model. Every item that becomes a model passes here.
///
/// # Errors
/// `Decode`, `SchemaTooNew`, `NoUpgradePath`, `Upgrade`.
pub fn decode<M: Model>(table: &str, key: &Key, item: Item) -> Result<Loaded<M>, Error> {
    let layout = M::layout();
    let current = upgrade(layout, table, key, &item)?;
    let mut model: M = attributes(table, key, current.upgraded.as_ref().unwrap_or(&item))?;
    let version = stored_version(layout, &item).map_err(|e| Error::decode(table, key, e))?;
    if let Some(field) = model.version_mut() {
        *field = version.unwrap_or(0);
    }
    Ok(Loaded::from_store(model, key.clone(), item, current))
}

/// The model that an item of the current schema holds, as its own hook completes it.
pub(crate) fn attributes<M: Model>(table: &str, key: &Key, item: &Item) -> Result<M, Error> {
    let model = M::from_attributes(item).map_err(|error| Error::decode(table, key, error))?;
    Ok(model.after_read(item))
}

/// An item's schema and, where it is older than the model's, its upgraded form.
pub(crate) struct Current {
    pub(crate) stored_schema: Version,
    pub(crate) upgraded: Option<Item>,
}

fn upgrade(layout: &Layout, table: &str, key: &Key, item: &Item) -> Result<Current, Error> {
    let found = match stored(item) {
        Stored::Absent => layout.baseline(),
        Stored::Version(version) => version,
        Stored::Unreadable => return Err(Error::unreadable_schema(table, key)),
    };
    match standing(&found, &layout.schema) {
        Standing::Equal | Standing::NewerReadable => {
            Ok(Current { stored_schema: found, upgraded: None })
        }
        Standing::TooNew => Err(Error::schema_too_new(table, key, found, layout)),
        Standing::Older => {
            let mut upgraded = item.clone();
            layout.upgrade.upgrade(&mut upgraded, &found).map_err(|error| match error {
                UpgradeError::NoPath => Error::no_upgrade_path(table, key, found.clone(), layout),
                UpgradeError::Step(_) => Error::upgrade(table, key, error),
            })?;
            Ok(Current { stored_schema: found, upgraded: Some(upgraded) })
        }
    }
}

/// The lock version of a stored item; `None` where it is older than locking or the model has none.
pub(crate) fn stored_version(
    layout: &Layout,
    item: &Item,
) -> Result<Option<u64>, crate::codec::DecodeError> {
    use crate::codec::Attribute;
    let Some(name) = layout.version else { return Ok(None) };
    item.get(name).map(u64::decode).transpose().map_err(|error| error.at(name))
}
