//! The one read path: item → schema check → upgrade → model.

use semver::Version;

use crate::codec::DecodeError;
use crate::error::Error;
use crate::item::{AttributeValue, Item};
use crate::key::Key;
use crate::layout::Layout;
use crate::loaded::Loaded;
use crate::model::Model;
use crate::projection::Projection;
use crate::schema::{
    OWN_ATTRIBUTES, SCHEMA_ATTRIBUTE, Standing, Stored, schema_text, standing, stored,
};
use crate::upgrade::{UpgradeError, expires_otherwise};

/// Turns a stored item into a loaded model. Every item that becomes a model passes here.
///
/// # Errors
/// `Decode`, `SchemaTooNew`, `NoUpgradePath`, `Upgrade`.
pub fn decode<M: Model>(table: &str, key: &Key, item: Item) -> Result<Loaded<M>, Error> {
    let layout = M::layout();
    let current = upgrade(layout, table, key, &item)?;
    let shaped = current.upgraded.as_ref().unwrap_or(&item);
    owned(layout, table, key, shaped)?;
    let mut model: M = attributes(table, key, shaped)?;
    let version = stored_version(layout, &item).map_err(|e| Error::decode(table, key, e))?;
    if let Some(field) = model.version_mut() {
        *field = version.unwrap_or(0);
    }
    Ok(Loaded::from_store(model, key.clone(), item, current))
}

/// The model that an item of the current schema holds, as its own hook completes it.
pub(crate) fn attributes<M: Model>(table: &str, key: &Key, item: &Item) -> Result<M, Error> {
    let model: M = plain(table, key, item)?;
    let layout = M::layout();
    Ok(if layout.after_read { model.after_read(&layout.expand(item)) } else { model })
}

/// The model that an item of the current schema holds, without its hook.
pub(crate) fn plain<M: Model>(table: &str, key: &Key, item: &Item) -> Result<M, Error> {
    let expanded = M::layout().expand(item);
    known(M::layout(), &expanded)
        .and_then(|()| M::from_attributes(&expanded))
        .map_err(|error| Error::decode(table, key, error))
}

/// The projection that an item of the current schema holds.
pub(crate) fn projected<P: Projection>(table: &str, key: &Key, item: &Item) -> Result<P, Error> {
    let item = P::Of::layout().expand(item);
    P::from_attributes(&item).map_err(|error| Error::decode(table, key, error))
}

/// The projection of an item that may lack attributes; `None` where it is of an older schema, so that the whole item is
/// needed.
pub(crate) fn project<P: Projection>(
    table: &str,
    key: &Key,
    item: &Item,
) -> Result<Option<P>, Error> {
    match found(P::Of::layout(), table, key, item)? {
        (_, Standing::Older) => Ok(None),
        _ => projected(table, key, item).map(Some),
    }
}

/// An item of another model of the same table is not read as this one.
fn owned(layout: &Layout, table: &str, key: &Key, item: &Item) -> Result<(), Error> {
    if layout.owns(item) {
        return Ok(());
    }
    let error = match layout.discriminator {
        Some((name, value)) => match item.get(name) {
            None => DecodeError::missing(value).at(name),
            Some(AttributeValue::S(_)) => DecodeError::new(value, "another model's name").at(name),
            Some(other) => DecodeError::kind(value, other).at(name),
        },
        None => DecodeError::new("a key of this model", "another model's key").at(key.hash_name()),
    };
    Err(Error::decode(table, key, error))
}

/// Refuses an attribute that the model does not describe, where it says so.
fn known(layout: &Layout, item: &Item) -> Result<(), DecodeError> {
    if !layout.refuse_unknown {
        return Ok(());
    }
    let described = |name: &str| {
        OWN_ATTRIBUTES.contains(&name)
            || layout.version == Some(name)
            || layout.attributes.contains(&name)
            || layout.aliases.iter().any(|(_, alias)| *alias == name)
    };
    match item.names().into_iter().find(|name| !described(name)) {
        Some(name) => Err(DecodeError::new(UNKNOWN, "an unknown one").at(name)),
        None => Ok(()),
    }
}

const UNKNOWN: &str = "only attributes that the model describes";

/// An item's schema and, where it is older than the model's, its upgraded form.
pub(crate) struct Current {
    pub(crate) stored_schema: Version,
    pub(crate) upgraded: Option<Item>,
}

/// The schema of a stored item, and how it stands to the model's.
///
/// # Errors
/// `SchemaTooNew`; `Decode` where the schema cannot be read.
pub fn examine(
    layout: &Layout,
    table: &str,
    key: &Key,
    item: &Item,
) -> Result<(Version, Standing), Error> {
    found(layout, table, key, item)
}

/// What an older item becomes, also where a step moves it or makes several of it: each under its key, with the model's
/// schema on it, after it was read as the model; `None` where it is not older.
///
/// # Errors
/// Where a step fails, what it leaves cannot be read, or is not valid.
pub fn upgraded_apart<M: Model>(
    table: &str,
    key: &Key,
    before: &Item,
) -> Result<Option<Vec<(Key, Item)>>, Error> {
    let layout = M::layout();
    let (from, Standing::Older) = found(layout, table, key, before)? else { return Ok(None) };
    let failed = |error| Error::not_upgraded(table, key, layout, &from, error);
    let made = layout.upgrade.upgrade_apart(before.clone(), &from).map_err(failed)?;
    let read = |mut item: Item| {
        item.insert(SCHEMA_ATTRIBUTE, schema_text(&layout.schema));
        let own = Key::of(layout, &item).map_err(|error| Error::encode(layout, error))?;
        let expires = |ttl: &&str| own == *key && expires_otherwise(ttl, before, &item);
        if let Some(name) = layout.ttl.filter(expires) {
            return Err(failed(UpgradeError::Expiry { attribute: name.to_owned() }));
        }
        let loaded = decode::<M>(table, &own, item)?;
        loaded.check().map_err(|report| Error::invalid(layout, report))?;
        Ok((own, loaded.into_image()))
    };
    made.into_iter().map(read).collect::<Result<_, _>>().map(Some)
}

/// The schema of a stored item, and how it stands to the model's; one that is too new is an error.
fn found(
    layout: &Layout,
    table: &str,
    key: &Key,
    item: &Item,
) -> Result<(Version, Standing), Error> {
    let found = match stored(item) {
        Stored::Absent => layout.schema_of_bare(item),
        Stored::Version(version) => version,
        Stored::Unreadable => return Err(Error::unreadable_schema(table, key)),
    };
    match standing(&found, &layout.schema) {
        Standing::TooNew => Err(Error::schema_too_new(table, key, found, layout)),
        standing => Ok((found, standing)),
    }
}

fn upgrade(layout: &Layout, table: &str, key: &Key, item: &Item) -> Result<Current, Error> {
    let (found, standing) = found(layout, table, key, item)?;
    match standing {
        Standing::Equal | Standing::NewerReadable | Standing::TooNew => {
            Ok(Current { stored_schema: found, upgraded: None })
        }
        Standing::Older => {
            let upgraded = layout
                .upgraded(item, &found)
                .map_err(|error| Error::not_upgraded(table, key, layout, &found, error))?;
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
