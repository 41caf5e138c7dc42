//! How Rust values become attribute values and come back.
//!
//! [`Attribute`] is the codec of one attribute. Its associated [`Kind`](crate::kind::Kind) lets the compiler refuse
//! what DynamoDB would refuse: a floating point set as a key, `begins_with` on a number.

#[cfg(feature = "bytes")]
mod bytes;
#[cfg(feature = "chrono")]
mod chrono;
#[cfg(any(feature = "jiff", feature = "chrono", feature = "rust_decimal"))]
#[cfg_attr(
    not(any(feature = "jiff", feature = "chrono")),
    allow(dead_code, reason = "`Decimal` needs the macro only")
)]
mod civil;
mod collections;
mod convert;
#[cfg(feature = "rust_decimal")]
mod decimal;
mod exact;
mod foreign;
#[cfg(feature = "jiff")]
mod jiff;
mod maps;
mod newtype;
mod numbers;
mod parts;
mod scalars;
mod sets;

pub mod kind;
pub(crate) mod number;

pub use convert::{BoolAsNumber, Convert, UnixMillis, UnixSeconds, With};
#[cfg(any(feature = "jiff", feature = "chrono"))]
pub use convert::{DayOrdinal, Iso8601};
#[cfg(feature = "serde")]
pub use convert::{JsonText, Serde};
pub use exact::{Number, Ttl};
pub use maps::MapKey;
pub use newtype::Newtype;
pub use parts::{Container, Document, Flattened, ListOf, MapOf, MaybeAbsent};
pub use sets::SetElement;

use std::fmt;

use crate::item::{AttributeValue, kind_name, same};

/// A Rust type that can be stored in an attribute.
///
/// Implemented for strings, integers, `NonZero` ones, floats, [`Number`], `bool`, bytes (`Vec<u8>`, `[u8; N]`), `Option`, `Vec`, sets,
/// maps with keys of text ([`MapKey`]), `Box`, `Arc`, `Cow<str>`, `char`, `Uuid`, `semver::Version`, `Duration` (seconds),
/// [`Ttl`], by the features `jiff`, `chrono`, `rust_decimal` and `bytes` for points in time, dates, decimals and bytes, and
/// by `#[derive(Attribute)]` for structs, which become maps, and for enums, which become strings or maps with a tag.
///
/// Absent and present are told apart here: [`encode`](Attribute::encode) answers `None` where nothing is to be stored
/// (`None`, an empty set: DynamoDB has no empty set), [`absent`](Attribute::absent) says what an absent attribute reads as.
///
/// ```
/// use dynamap::{Attribute, AttributeValue};
///
/// assert_eq!(7_u32.encode()?, Some(AttributeValue::N("7".into())));
/// assert_eq!(Option::<u32>::None.encode()?, None);
/// assert_eq!(u32::decode(&AttributeValue::N("7".into()))?, 7);
/// assert_eq!((Option::<u32>::absent(), u32::absent()), (Some(None), None));
/// // What a condition compares with:
/// assert_eq!(String::encode_operand("ann")?, AttributeValue::S("ann".into()));
/// // A `Vec` is stored as its elements say: numbers as a list, bytes as binary.
/// let list = u32::encode_slice(&[7])?;
/// assert_eq!(list, AttributeValue::L(vec![AttributeValue::N("7".into())]));
/// assert_eq!(u32::decode_slice(&list)?, [7]);
/// assert!(matches!(u8::encode_slice(&[7])?, AttributeValue::B(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored in an attribute",
    note = "derive `Attribute` for a nested struct, or use a type that implements `dynamap::Attribute`"
)]
pub trait Attribute: Sized {
    /// The DynamoDB type of the stored value.
    type Kind: kind::Kind;
    /// The DynamoDB type of a `Vec` of these: binary for `u8`, a list for everything else.
    type ListKind: kind::Kind;
    /// What a stored value is compared with in keys and conditions: `&str` for strings, the number itself for numbers.
    type Operand<'a>
    where
        Self: 'a;

    /// The value to store, `None` for nothing.
    ///
    /// # Errors
    /// Where DynamoDB cannot hold the value, such as a float that is not finite.
    fn encode(&self) -> Result<Option<AttributeValue>, EncodeError>;

    /// The value of an operand.
    ///
    /// # Errors
    /// As [`encode`](Attribute::encode).
    fn encode_operand(operand: Self::Operand<'_>) -> Result<AttributeValue, EncodeError>;

    /// The Rust value of what was stored.
    ///
    /// # Errors
    /// Where the stored value is of another kind, or not in the type's range.
    fn decode(value: &AttributeValue) -> Result<Self, DecodeError>;

    /// What an absent attribute reads as; `None` where absence is an error.
    #[must_use]
    fn absent() -> Option<Self> {
        None
    }

    /// Whether this value is known to be stored as that one, so that a save need not encode it. `false` says nothing: it is
    /// encoded and compared then.
    ///
    /// ```
    /// use dynamap::{Attribute, AttributeValue};
    ///
    /// let number = |text: &str| AttributeValue::N(text.into());
    /// assert!(7_u32.is_stored_as(&number("7")) && 7_u32.is_stored_as(&number("7.0")));
    /// assert!(!7_u32.is_stored_as(&number("8")) && !7_u32.is_stored_as(&AttributeValue::S("7".into())));
    /// ```
    fn is_stored_as(&self, stored: &AttributeValue) -> bool {
        matches!(self.encode(), Ok(Some(own)) if same(&own, stored))
    }

    /// The stored form of a slice of these; a list unless the type says otherwise.
    ///
    /// # Errors
    /// As [`encode`](Attribute::encode), naming the position.
    fn encode_slice(values: &[Self]) -> Result<AttributeValue, EncodeError> {
        collections::encode_list(values)
    }

    /// As [`is_stored_as`](Attribute::is_stored_as), for a slice of these.
    ///
    /// ```
    /// use dynamap::Attribute;
    ///
    /// let list = u32::encode_slice(&[7, 8])?;
    /// assert!(u32::is_slice_stored_as(&[7, 8], &list) && !u32::is_slice_stored_as(&[7], &list));
    /// # Ok::<(), dynamap::EncodeError>(())
    /// ```
    fn is_slice_stored_as(values: &[Self], stored: &AttributeValue) -> bool {
        collections::is_list(values, stored)
    }

    /// The inverse of [`encode_slice`](Attribute::encode_slice).
    ///
    /// # Errors
    /// As [`decode`](Attribute::decode), naming the position.
    fn decode_slice(value: &AttributeValue) -> Result<Vec<Self>, DecodeError> {
        collections::decode_list(value)
    }
}

/// A value that DynamoDB cannot hold: where it is, and why. Found before anything is sent; in
/// [`Error::Encode`](crate::Error::Encode).
///
/// ```
/// use dynamap::{EncodeError, Error, Model};
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "loans", validate = false)]
/// struct Loan { #[model(hash_key)] id: u64, rates: Vec<f64> }
///
/// let loan = Loan { id: 1, rates: vec![1.5, f64::NAN] };
/// let Err(Error::Encode { error, .. }) = loan.encode() else { panic!("DynamoDB has no NaN") };
/// assert_eq!(error.path(), "rates[1]");
///
/// // A type of your own says what is wrong; whoever holds it says where.
/// let error = EncodeError::new("is no percentage").at("rate");
/// assert_eq!(error.to_string(), "attribute `rate`: is no percentage");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodeError {
    path: String,
    reason: &'static str,
}

impl EncodeError {
    /// An error about the value itself, with the reason as a sentence part.
    #[must_use]
    pub const fn new(reason: &'static str) -> Self {
        Self { path: String::new(), reason }
    }

    /// The same error, seen from the attribute, index or map key that holds the value.
    #[must_use]
    pub fn at(self, segment: &str) -> Self {
        Self { path: join(segment, &self.path), ..self }
    }

    /// The path of the attribute, empty for a bare value.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn reason(&self) -> &'static str {
        self.reason
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(self.reason)
        } else {
            write!(f, "attribute `{}`: {}", self.path, self.reason)
        }
    }
}

impl std::error::Error for EncodeError {}

/// A stored value that does not fit the Rust type: where it is, what was expected, what was found; never the value itself.
/// In [`Error::Decode`](crate::Error::Decode). The item is as it was.
///
/// ```
/// use dynamap::{AttributeValue, DecodeError, Error, Item, Model};
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "users", validate = false)]
/// struct User { #[model(hash_key)] id: u64, emails: Vec<String> }
///
/// let number = || AttributeValue::N("7".into());
/// let pairs = [("id", number()), ("emails", AttributeValue::L(vec![number()]))];
/// let item: Item = pairs.map(|(name, value)| (name.to_owned(), value)).into_iter().collect();
/// let Err(Error::Decode(undecodable)) = User::decode(item) else { panic!("7 is no email") };
/// let error = &undecodable.error;
/// assert_eq!((error.path(), error.found()), ("emails[0]", "N"));
///
/// // A type of your own says what it reads and what it found; whoever holds it says where.
/// let error = DecodeError::kind("a percentage", &number()).at("rate");
/// assert_eq!(error.to_string(), "attribute `rate`: expected a percentage, found N");
/// assert_eq!(DecodeError::new("a percentage", "another string").expected(), "a percentage");
/// assert_eq!(DecodeError::missing("a percentage").found(), "nothing: the attribute is absent");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    path: String,
    expected: &'static str,
    found: &'static str,
}

impl DecodeError {
    /// An error about the value itself. `found` describes a kind or a defect, never the value.
    #[must_use]
    pub const fn new(expected: &'static str, found: &'static str) -> Self {
        Self { path: String::new(), expected, found }
    }

    /// The error of a value of the wrong kind.
    #[must_use]
    pub fn kind(expected: &'static str, found: &AttributeValue) -> Self {
        Self::new(expected, kind_name(found))
    }

    /// The error of an attribute that is not there.
    #[must_use]
    pub const fn missing(expected: &'static str) -> Self {
        Self::new(expected, "nothing: the attribute is absent")
    }

    /// The same error, seen from the attribute, index or map key that holds the value.
    #[must_use]
    pub fn at(self, segment: &str) -> Self {
        Self { path: join(segment, &self.path), ..self }
    }

    /// The path of the attribute, such as `address.city` or `tags[2]`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What the Rust type can be read from.
    #[must_use]
    pub fn expected(&self) -> &'static str {
        self.expected
    }

    /// What is stored: a kind, or why the value of the right kind does not fit.
    #[must_use]
    pub fn found(&self) -> &'static str {
        self.found
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "attribute `{}`: ", self.path)?;
        }
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

impl std::error::Error for DecodeError {}

fn join(segment: &str, rest: &str) -> String {
    match rest.as_bytes().first() {
        None => segment.to_owned(),
        Some(b'[') => format!("{segment}{rest}"),
        Some(_) => format!("{segment}.{rest}"),
    }
}
