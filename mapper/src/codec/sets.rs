//! Sets: of strings, numbers and binary.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use super::{Attribute, DecodeError, EncodeError, Number, Ttl, kind};
use crate::item::AttributeValue;

/// A type whose sets are DynamoDB sets: strings, integers, bytes.
///
/// Programs write `BTreeSet<u32>` or `HashSet<u32>`, which are stored through it.
///
/// ```
/// use dynamap::{Attribute, AttributeValue, SetElement};
///
/// let stored = u32::encode_set([1, 2].iter())?;
/// assert_eq!(stored, AttributeValue::Ns(vec!["1".into(), "2".into()]));
/// assert_eq!(u32::decode_set(&stored)?, [1, 2]);
/// assert!(String::decode_set(&stored).is_err()); // a number set
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [AWS: sets](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.SetTypes)
#[diagnostic::on_unimplemented(
    message = "a set of `{Self}` cannot be stored: DynamoDB has sets of strings, numbers and binary",
    note = "use a `Vec`, which is stored as a list"
)]
pub trait SetElement: Attribute {
    /// SS, NS or BS.
    type SetKind: kind::Kind;

    /// The stored set; never called without elements.
    ///
    /// # Errors
    /// Where an element cannot be stored.
    fn encode_set<'a>(
        values: impl Iterator<Item = &'a Self>,
    ) -> Result<AttributeValue, EncodeError>
    where
        Self: 'a;

    /// The elements of a stored set.
    ///
    /// # Errors
    /// Where the stored value is no set of this kind, or an element does not fit.
    fn decode_set(value: &AttributeValue) -> Result<Vec<Self>, DecodeError>;
}

/// Sets whose elements are stored as their type is stored outside a set.
macro_rules! elements {
    ($($set:ident of $scalar:ident, $kind:ident, $expected:literal: $([$($generic:tt)*] $ty:ty),*;)*) => { $($(
        impl<$($generic)*> $crate::codec::SetElement for $ty {
            type SetKind = $crate::kind::$kind;

            fn encode_set<'a>(
                values: impl Iterator<Item = &'a Self>,
            ) -> Result<$crate::AttributeValue, $crate::EncodeError> {
                let mut set = Vec::new();
                for value in values {
                    if let Some($crate::AttributeValue::$scalar(element)) = $crate::Attribute::encode(value)? {
                        set.push(element);
                    }
                }
                Ok($crate::AttributeValue::$set(set))
            }

            fn decode_set(value: &$crate::AttributeValue) -> Result<Vec<Self>, $crate::DecodeError> {
                let $crate::AttributeValue::$set(set) = value else {
                    return Err($crate::DecodeError::kind($expected, value));
                };
                let element = |element: &_| {
                    $crate::Attribute::decode(&$crate::AttributeValue::$scalar(Clone::clone(element)))
                };
                set.iter().map(element).collect()
            }
        }
    )*)* };
}

#[cfg(any(feature = "jiff", feature = "chrono", feature = "rust_decimal", feature = "bytes"))]
pub(super) use elements;

elements! {
    Ss of S, Ss, "a string set":
        [] String, [] Box<str>, [] Arc<str>, [] Cow<'static, str>, [] char, [] uuid::Uuid,
        [] semver::Version;
    Ns of N, Ns, "a number set":
        [] u8, [] u16, [] u32, [] u64, [] u128, [] usize,
        [] i8, [] i16, [] i32, [] i64, [] i128, [] isize,
        [] Number, [] Ttl, [] std::time::Duration;
    Bs of B, Bs, "a binary set": [] Vec<u8>, [const N: usize] [u8; N];
}

macro_rules! sets {
    ($set:ident, [$($bound:tt)*], [$($hasher:ident: $hasher_bound:path)?]) => {
        /// A DynamoDB set. An empty set is an absent attribute, and an absent attribute or NULL reads as an empty set.
        impl<T: SetElement + $($bound)* $(, $hasher: $hasher_bound + Default)?> Attribute for $set<T $(, $hasher)?> {
            type Kind = T::SetKind;
            type ListKind = kind::L;
            type Operand<'a> = &'a Self where Self: 'a;

            fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
                if self.is_empty() { Ok(None) } else { T::encode_set(self.iter()).map(Some) }
            }

            fn encode_operand(operand: &Self) -> Result<AttributeValue, EncodeError> {
                operand.encode()?.ok_or(EncodeError::new("DynamoDB has no empty set to compare with"))
            }

            fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
                match value {
                    AttributeValue::Null(_) => Ok(Self::default()),
                    value => T::decode_set(value).map(|values| values.into_iter().collect()),
                }
            }

            fn absent() -> Option<Self> {
                Some(Self::default())
            }
        }
    };
}

sets!(BTreeSet, [Ord], []);
sets!(HashSet, [Eq + Hash], [S: BuildHasher]);
