//! Other stored forms than a type's own: for tables that older programs filled.

#[cfg(any(feature = "jiff", feature = "chrono"))]
mod dates;
#[cfg(feature = "serde")]
mod serde;
mod unix;

#[cfg(any(feature = "jiff", feature = "chrono"))]
pub use dates::{DayOrdinal, Iso8601};
#[cfg(feature = "serde")]
pub use serde::{JsonText, Serde};
pub use unix::{UnixMillis, UnixSeconds};

use std::marker::PhantomData;

use super::{Attribute, DecodeError, EncodeError, kind, number};
use crate::item::AttributeValue;

/// Stores a `T` in a form of the program's choice; named on a field by `#[model(with = Converter)]`.
///
/// ```
/// use dynamap::{AttributeValue, Convert, DecodeError, EncodeError, Model, kind};
///
/// /// Percents as text, such as `"12 %"`.
/// struct Percent;
///
/// impl Convert<u32> for Percent {
///     type Kind = kind::S;
///
///     fn encode(value: &u32) -> Result<AttributeValue, EncodeError> {
///         Ok(AttributeValue::S(format!("{value} %")))
///     }
///
///     fn decode(value: &AttributeValue) -> Result<u32, DecodeError> {
///         let text = value.as_s().map_err(|other| DecodeError::kind("a percentage", other))?;
///         let number = text.strip_suffix(" %").and_then(|number| number.parse().ok());
///         number.ok_or(DecodeError::new("a percentage", "another string"))
///     }
/// }
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "accounts", validate = false)]
/// struct Account {
///     #[model(hash_key)]
///     id: u64,
///     #[model(with = Percent)]
///     interest: u32,
/// }
///
/// let item = Account { id: 1, interest: 12 }.encode()?;
/// assert_eq!(item.text("interest"), Some("12 %"));
/// assert_eq!(Account::decode(item)?.interest, 12);
/// assert_eq!(Account::INTEREST.eq(&3).to_string(), "interest = \"3 %\"");
/// # Ok::<(), dynamap::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not convert `{T}`",
    note = "implement `dynamap::Convert<{T}>` for it, or name another converter in `#[model(with = ...)]`"
)]
pub trait Convert<T> {
    /// The DynamoDB type of the stored form.
    type Kind: kind::Kind;

    /// The stored form.
    ///
    /// # Errors
    /// Where the value cannot be stored so.
    fn encode(value: &T) -> Result<AttributeValue, EncodeError>;

    /// The value of a stored form.
    ///
    /// # Errors
    /// Where what is stored is not such a form.
    fn decode(value: &AttributeValue) -> Result<T, DecodeError>;
}

/// A `T` in the stored form of the converter `C`: the type of the constant of a field with a converter.
///
/// ```
/// use dynamap::{Attribute, AttributeValue, BoolAsNumber, Model, Path, With};
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "accounts", validate = false)]
/// struct Account {
///     #[model(hash_key)]
///     id: u64,
///     #[model(with = BoolAsNumber)]
///     open: bool,
/// }
///
/// let open: Path<Account, With<bool, BoolAsNumber>> = Account::OPEN;
/// assert_eq!(open.eq(&true).to_string(), "open = 1");
/// let read = With::<bool, BoolAsNumber>::decode(&AttributeValue::N("0".into()))?;
/// assert!(!read.into_inner());
/// # Ok::<(), dynamap::DecodeError>(())
/// ```
pub struct With<T, C>(T, PhantomData<fn() -> C>);

impl<T, C> With<T, C> {
    /// The value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T, C> std::fmt::Debug for With<T, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("With")
    }
}

impl<T, C: Convert<T>> Attribute for With<T, C> {
    type Kind = C::Kind;
    type ListKind = kind::L;
    type Operand<'a>
        = &'a T
    where
        Self: 'a;

    fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
        C::encode(&self.0).map(Some)
    }

    fn encode_operand(operand: &T) -> Result<AttributeValue, EncodeError> {
        C::encode(operand)
    }

    fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
        C::decode(value).map(|value| Self(value, PhantomData))
    }
}

/// A boolean as the number 0 or 1; any other number but 0 reads as true.
///
/// ```
/// use dynamap::{AttributeValue, BoolAsNumber, Convert};
///
/// assert_eq!(BoolAsNumber::encode(&true)?, AttributeValue::N("1".into()));
/// assert!(BoolAsNumber::decode(&AttributeValue::N("7".into()))?);
/// assert!(BoolAsNumber::decode(&AttributeValue::Bool(true)).is_err()); // only numbers
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct BoolAsNumber;

impl Convert<bool> for BoolAsNumber {
    type Kind = kind::N;

    fn encode(value: &bool) -> Result<AttributeValue, EncodeError> {
        u8::encode_operand((*value).into())
    }

    fn decode(value: &AttributeValue) -> Result<bool, DecodeError> {
        match value {
            AttributeValue::N(text) => Ok(!number::equal(text, "0")),
            other => Err(DecodeError::kind("a boolean as a number", other)),
        }
    }
}
