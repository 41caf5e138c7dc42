//! Structs with one unnamed field: what can be done with the field can be done with the struct.

use super::{
    Attribute, Container, DecodeError, Document, EncodeError, ListOf, MapOf, MaybeAbsent,
    SetElement,
};
use crate::item::AttributeValue;

/// A struct that is stored as the one field it wraps; `#[derive(Attribute)]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what this method needs: `contains` needs a string, a set or a list, `index` a list, \
               `entry` a map with string keys, `to` a struct that derives `Attribute`"
)]
pub trait Newtype: Attribute {
    /// The wrapped type.
    type Inner: Attribute;

    /// The struct of a field.
    fn wrap(inner: Self::Inner) -> Self;

    /// The field.
    fn inner(&self) -> &Self::Inner;
}

#[diagnostic::do_not_recommend]
impl<T: Newtype<Inner: SetElement>> SetElement for T {
    type SetKind = <T::Inner as SetElement>::SetKind;

    fn encode_set<'a>(values: impl Iterator<Item = &'a Self>) -> Result<AttributeValue, EncodeError>
    where
        Self: 'a,
    {
        T::Inner::encode_set(values.map(T::inner))
    }

    fn decode_set(value: &AttributeValue) -> Result<Vec<Self>, DecodeError> {
        let inner = T::Inner::decode_set(value)?;
        Ok(inner.into_iter().map(T::wrap).collect())
    }
}

#[diagnostic::do_not_recommend]
impl<T: Newtype<Inner: Container>> Container for T {
    type Part = <T::Inner as Container>::Part;
}

#[diagnostic::do_not_recommend]
impl<T: Newtype<Inner: ListOf>> ListOf for T {
    type Element = <T::Inner as ListOf>::Element;
}

#[diagnostic::do_not_recommend]
impl<T: Newtype<Inner: MapOf>> MapOf for T {
    type Value = <T::Inner as MapOf>::Value;
}

#[diagnostic::do_not_recommend]
impl<T: Newtype<Inner: Document>> Document for T {
    type Document = <T::Inner as Document>::Document;
}

#[diagnostic::do_not_recommend]
impl<T: Newtype<Inner: MaybeAbsent>> MaybeAbsent for T {}
