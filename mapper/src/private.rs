//! The door for generated code: what the derives call. Not part of the public API, and free to change.

mod flatten;
mod sink;
mod variants;

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::num::NonZero;
use std::time::{Duration, SystemTime};

use garde::Validate;
use uuid::Uuid;

pub use garde::Report;
pub use semver::Version;

pub use crate::automatic::{Automatic, FromClock, UuidVersion, WriteVerb};
#[cfg(feature = "serde")]
pub use crate::codec::Serde;
pub use crate::codec::{
    Attribute, Convert, DecodeError, Document, EncodeError, Flattened, Newtype, Ttl, With, kind,
};
pub use crate::error::Error;
pub use crate::expr::{Composite, Filled, Path, Plain, role};
pub use crate::index::{
    AttributeNumber, Consistent, Holds, HoldsAttribute, IndexLayout, Indexed, NeedsSelect,
};
pub use crate::item::{AttributeValue, Item};
pub use crate::key::{Key, KeyAttribute};
pub use crate::layout::Layout;
pub use crate::loaded::Loaded;
pub use crate::model::{BatchDelete, BatchPut, Counted, Expires, Model};
pub use crate::projection::{Projection, Within, field as projection_field};
pub use crate::read::{Collection, Found, Index, LoadedModel, Slot};
pub use crate::settings::TableSettings;
pub use crate::template::{Part, Template};
pub use crate::unique::UniqueLayout;
pub use crate::upgrade::{Never, Upgrade};
pub use crate::view::ViewLayout;
pub use crate::write::{Unversioned, Versioned};
pub use flatten::{
    Flatten, assert_apart, count, from_map, is_map, join, put_defaults, put_flattened, to_map,
};
pub use sink::Sink;
pub use variants::{OtherMap, OtherName, no_variant, variant, variant_of};

/// What fields are read from: an item, or a map inside one.
pub trait Source {
    fn attribute(&self, name: &str) -> Option<&AttributeValue>;
}

impl Source for Item {
    fn attribute(&self, name: &str) -> Option<&AttributeValue> {
        self.get(name)
    }
}

impl<S: BuildHasher> Source for HashMap<String, AttributeValue, S> {
    fn attribute(&self, name: &str) -> Option<&AttributeValue> {
        self.get(name)
    }
}

/// Reads a field; an absent attribute is an error unless the type says what absence reads as.
pub fn field<T: Attribute>(source: &impl Source, name: &str) -> Result<T, DecodeError> {
    match source.attribute(name) {
        Some(value) => T::decode(value).map_err(|error| error.at(name)),
        None => {
            T::absent().ok_or_else(|| DecodeError::missing(<T::Kind as kind::Kind>::NAME).at(name))
        }
    }
}

/// Reads a field that has a default for an absent attribute.
pub fn field_or<T: Attribute>(
    source: &impl Source,
    name: &str,
    default: impl FnOnce() -> T,
) -> Result<T, DecodeError> {
    match source.attribute(name) {
        Some(value) => T::decode(value).map_err(|error| error.at(name)),
        None => Ok(default()),
    }
}

/// Reads a field with a converter and a default for an absent attribute.
pub fn converted_or<T, C: Convert<T>>(
    source: &impl Source,
    name: &str,
    default: impl FnOnce() -> T,
) -> Result<T, DecodeError> {
    match source.attribute(name) {
        Some(value) => C::decode(value).map_err(|error| error.at(name)),
        None => Ok(default()),
    }
}

/// The first of a field's names that is there; its own name where none is.
pub fn present<'a>(source: &impl Source, names: &[&'a str]) -> &'a str {
    let found = names.iter().find(|name| source.attribute(name).is_some());
    found.or(names.first()).copied().unwrap_or_default()
}

/// Writes a field; a value that is stored as absent leaves no attribute.
pub fn put<T: Attribute>(into: &mut impl Sink, name: &str, value: &T) -> Result<(), EncodeError> {
    if !into.keeps(name, |stored| value.is_stored_as(stored)) {
        into.put(name, value.encode().map_err(|error| error.at(name))?);
    }
    Ok(())
}

/// Writes a field through its converter.
pub fn put_with<T, C: Convert<T>>(
    into: &mut impl Sink,
    name: &str,
    value: &T,
) -> Result<(), EncodeError> {
    into.put(name, Some(C::encode(value).map_err(|error| error.at(name))?));
    Ok(())
}

/// Writes a field that has a default: a value that would be absent is stored as NULL, so that it does not read as the
/// default next time.
pub fn put_or_null<T: Attribute>(
    into: &mut impl Sink,
    name: &str,
    value: &T,
) -> Result<(), EncodeError> {
    if !into.keeps(name, |stored| value.is_stored_as(stored)) {
        let value = value.encode().map_err(|error| error.at(name))?;
        into.put(name, Some(value.unwrap_or(AttributeValue::Null(true))));
    }
    Ok(())
}

/// Whether a value would be stored as an absent attribute.
pub fn is_absent<T: Attribute>(name: &str, value: &T) -> Result<bool, EncodeError> {
    value.encode().map(|value| value.is_none()).map_err(|error| error.at(name))
}

/// Writes the number of a variant.
pub fn number(variant: u32) -> Result<AttributeValue, EncodeError> {
    u32::encode_operand(variant)
}

/// Reads the number of a variant.
pub fn from_number(value: &AttributeValue, expected: &'static str) -> Result<u32, DecodeError> {
    match value {
        AttributeValue::N(_) => {
            u32::decode(value).map_err(|_| DecodeError::new(expected, "another number"))
        }
        other => Err(DecodeError::kind(expected, other)),
    }
}

/// The value of a key attribute as written in a request.
pub fn key_operand<T: Attribute>(
    name: &'static str,
    operand: T::Operand<'_>,
) -> Result<(&'static str, AttributeValue), EncodeError> {
    T::encode_operand(operand).map(|value| (name, value)).map_err(|error| error.at(name))
}

/// The value of a key field.
pub fn key_field<T: Attribute>(
    name: &'static str,
    value: &T,
) -> Result<(&'static str, AttributeValue), EncodeError> {
    match value.encode().map_err(|error| error.at(name))? {
        Some(value) => Ok((name, value)),
        None => Err(EncodeError::new("a key value must not be absent").at(name)),
    }
}

/// The value of a key field that a converter stores.
pub fn key_field_with<T, C: Convert<T>>(
    name: &'static str,
    value: &T,
) -> Result<(&'static str, AttributeValue), EncodeError> {
    C::encode(value).map(|value| (name, value)).map_err(|error| error.at(name))
}

/// The scalar type of a key field; does not compile for types that cannot be keys.
#[must_use]
pub const fn key_attribute<T: Attribute>(name: &'static str) -> KeyAttribute
where
    T::Kind: kind::Key,
{
    KeyAttribute { name, kind: <T::Kind as kind::Key>::SCALAR }
}

/// An attribute whose values are unique; does not compile for types whose values cannot be told apart.
#[must_use]
pub const fn unique_attribute<T: Attribute>(name: &'static str) -> &'static str
where
    T::Kind: kind::Unique,
{
    name
}

/// A key attribute that is composed of others.
#[must_use]
pub const fn composed_attribute(name: &'static str) -> KeyAttribute {
    KeyAttribute { name, kind: kind::ScalarKind::S }
}

/// A part of a composed key; does not compile for types that have no text.
#[must_use]
pub const fn part<T: Attribute>(name: &'static str) -> Part
where
    T::Kind: kind::Text,
{
    Part::Value { attribute: KeyAttribute { name, kind: <T::Kind as kind::Key>::SCALAR }, width: 0 }
}

/// A part of a composed key of fixed width; does not compile for types that are no numbers.
#[must_use]
pub const fn filled_part<T: Attribute>(name: &'static str, width: usize) -> Part
where
    T::Kind: kind::Filled,
{
    Part::Value { attribute: KeyAttribute { name, kind: <T::Kind as kind::Key>::SCALAR }, width }
}

/// A composed key from the values of its parts.
pub fn composed(
    layout: &Layout,
    name: &'static str,
    parts: &[&(&'static str, AttributeValue)],
) -> Result<(&'static str, AttributeValue), EncodeError> {
    let item: Item =
        parts.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let text = match layout.template(name) {
        Some(template) => template.build(&item)?,
        None => None,
    };
    let text = text.ok_or(EncodeError::new("a part of the key is absent").at(name))?;
    Ok((name, AttributeValue::S(text)))
}

/// An integer that a counter can fill.
#[diagnostic::on_unimplemented(
    message = "`auto_increment` needs an integer hash key, not `{Self}`",
    note = "use `u64`, or remove `auto_increment` and give the key yourself"
)]
pub trait AutoIncrement: Sized {
    fn from_id(id: u64) -> Option<Self>;
}

macro_rules! auto_increment {
    ($($ty:ty),*) => { $(
        impl AutoIncrement for $ty {
            fn from_id(id: u64) -> Option<Self> {
                Self::try_from(id).ok()
            }
        }

        impl AutoIncrement for NonZero<$ty> {
            fn from_id(id: u64) -> Option<Self> {
                <$ty>::try_from(id).ok().and_then(Self::new)
            }
        }
    )* };
}

auto_increment!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize);

#[diagnostic::do_not_recommend]
impl<T: Newtype<Inner: AutoIncrement>> AutoIncrement for T {
    fn from_id(id: u64) -> Option<Self> {
        T::Inner::from_id(id).map(T::wrap)
    }
}

/// Sets an auto-increment key.
pub fn set_auto<T: AutoIncrement>(field: &mut T, name: &str, id: u64) -> Result<(), EncodeError> {
    *field = T::from_id(id)
        .ok_or_else(|| EncodeError::new("the next id does not fit the field's type").at(name))?;
    Ok(())
}

/// Sets a `created_at` field: the stored time, or the time of the write that creates the item.
pub fn created_at<T: FromClock>(field: &mut T, stored: Option<&T>, automatic: &Automatic<'_>) {
    *field = stored.cloned().unwrap_or_else(|| T::from_clock(automatic.now()));
}

/// Sets an `updated_at` field.
pub fn updated_at<T: FromClock>(field: &mut T, automatic: &Automatic<'_>) {
    *field = T::from_clock(automatic.now());
}

/// An `updated_at` attribute, for a write that has no model.
pub fn encode_now<T: FromClock + Attribute>(
    name: &'static str,
    now: SystemTime,
) -> Result<Option<(&'static str, AttributeValue)>, EncodeError> {
    let value = T::from_clock(now).encode().map_err(|error| error.at(name))?;
    Ok(value.map(|value| (name, value)))
}

/// An `updated_at` attribute in the form of its converter, for a write that has no model.
pub fn encode_now_with<T: FromClock, C: Convert<T>>(
    name: &'static str,
    now: SystemTime,
) -> Result<Option<(&'static str, AttributeValue)>, EncodeError> {
    let value = C::encode(&T::from_clock(now)).map_err(|error| error.at(name))?;
    Ok(Some((name, value)))
}

/// A field that an insert can fill with a UUID.
#[diagnostic::on_unimplemented(
    message = "`uuid` fills a field of type `uuid::Uuid`, not `{Self}`",
    note = "write `uuid::Uuid` as the type, or remove `uuid` and give the value yourself"
)]
pub trait AutoUuid {
    fn fill(&mut self, make: impl FnOnce() -> Uuid);
}

impl AutoUuid for Uuid {
    fn fill(&mut self, make: impl FnOnce() -> Uuid) {
        if self.is_nil() {
            *self = make();
        }
    }
}

/// Gives a nil UUID a value on insert.
pub fn uuid<T: AutoUuid>(field: &mut T, version: UuidVersion, automatic: &Automatic<'_>) {
    if matches!(automatic.verb(), WriteVerb::Insert | WriteVerb::Upsert) {
        field.fill(|| automatic.uuid(version));
    }
}

/// A field by which the service deletes items.
#[diagnostic::on_unimplemented(
    message = "`ttl` needs a field of type `dynamap::Ttl` or `Option<Ttl>`, not `{Self}`",
    note = "DynamoDB deletes by a number of seconds since 1970, which `Ttl` is stored as"
)]
pub trait TimeToLive {
    fn fill(&mut self, ttl: Ttl);
}

impl TimeToLive for Ttl {
    fn fill(&mut self, ttl: Ttl) {
        *self = ttl;
    }
}

impl TimeToLive for Option<Ttl> {
    fn fill(&mut self, ttl: Ttl) {
        self.get_or_insert(ttl);
    }
}

/// Sets a `ttl` field so long from now, where the model says how long and the write is not a save.
pub fn ttl<T: TimeToLive>(field: &mut T, after: Option<Duration>, automatic: &Automatic<'_>) {
    if let Some(after) = after
        && automatic.verb() != WriteVerb::Save
    {
        let now = u64::from_clock(automatic.now());
        field.fill(Ttl::from_epoch_seconds(now.saturating_add(after.as_secs())));
    }
}

/// A struct that garde validates without a context.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how it is validated",
    label = "no validation",
    note = "derive `garde::Validate` (with context `()`), or write `#[model(validate = false)]`, or `#[model(validate_with = function)]`"
)]
pub trait Validated {
    fn validated(&self) -> Result<(), Report>;
}

#[diagnostic::do_not_recommend]
impl<T: Validate<Context = ()>> Validated for T {
    fn validated(&self) -> Result<(), Report> {
        self.validate()
    }
}

/// Runs a struct's garde validation.
pub fn validate<T: Validated>(value: &T) -> Result<(), Report> {
    value.validated()
}
