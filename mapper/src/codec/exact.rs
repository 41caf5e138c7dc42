//! Numbers as DynamoDB has them, and points in time for its time to live.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Attribute, DecodeError, EncodeError, kind, number};
use crate::item::AttributeValue;

/// A number exactly as DynamoDB holds it: up to 38 digits, no rounding to a float.
///
/// Numbers are compared by value: the service itself rewrites `1.50` as `1.5`.
///
/// ```
/// use dynamap::Number;
///
/// let price: Number = "1.50".parse()?;
/// assert_eq!(price, "1.5".parse()?);
/// assert!(price < "1.51".parse()?);
/// assert_eq!(price.as_str(), "1.50"); // as it was written
/// assert!("1e126".parse::<Number>().is_err());
/// # Ok::<(), dynamap::EncodeError>(())
/// ```
///
/// [AWS: number](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes.Number)
#[derive(Clone)]
pub struct Number(String);

impl Number {
    /// The number as text, as it was written or is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Number {
    type Err = EncodeError;

    fn from_str(text: &str) -> Result<Self, EncodeError> {
        number::check(text)?;
        Ok(Self(text.to_owned()))
    }
}

macro_rules! from_integers {
    ($($ty:ty)*) => { $(
        impl From<$ty> for Number {
            fn from(number: $ty) -> Self {
                Self(number.to_string())
            }
        }
    )* };
}

from_integers!(u8 u16 u32 u64 i8 i16 i32 i64);

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        number::equal(&self.0, &other.0)
    }
}

impl Eq for Number {}

impl std::hash::Hash for Number {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        number::canonical(&self.0).hash(state);
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // Every `Number` is one: it was checked when it was made.
        number::order(&self.0, &other.0).unwrap_or_else(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Number({})", self.0)
    }
}

impl Attribute for Number {
    type Kind = kind::N;
    type ListKind = kind::L;
    type Operand<'a> = &'a Self;

    fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
        Self::encode_operand(self).map(Some)
    }

    fn encode_operand(operand: &Self) -> Result<AttributeValue, EncodeError> {
        Ok(AttributeValue::N(operand.0.clone()))
    }

    fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
        match value {
            AttributeValue::N(text) => Ok(Self(text.clone())),
            other => Err(DecodeError::kind("a number", other)),
        }
    }
}

/// A point in time for DynamoDB's time to live: whole seconds since 1970, as a number.
///
/// The service deletes an expired item within a few days, and never one that expired more than five years ago.
///
/// ```
/// use std::time::Duration;
/// use dynamap::Ttl;
///
/// let now = Ttl::after(Duration::ZERO);
/// let ttl = Ttl::after(Duration::from_secs(3600));
/// assert!(!ttl.is_expired());
/// assert!(ttl.epoch_seconds() - now.epoch_seconds() >= 3600);
/// assert!(Ttl::from_epoch_seconds(1).is_expired());
/// ```
///
/// [AWS: time to live](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ttl(u64);

impl Ttl {
    /// This long from now, by this machine's clock; fractions of a second are dropped.
    #[must_use]
    pub fn after(duration: Duration) -> Self {
        Self(now().saturating_add(duration.as_secs()))
    }

    /// So many seconds since 1970.
    #[must_use]
    pub const fn from_epoch_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// The seconds since 1970.
    #[must_use]
    pub const fn epoch_seconds(self) -> u64 {
        self.0
    }

    /// Whether the time has come, by this machine's clock. The service deletes later; until then the item is read.
    #[must_use]
    pub fn is_expired(self) -> bool {
        self.0 <= now()
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl Attribute for Ttl {
    type Kind = kind::N;
    type ListKind = kind::L;
    type Operand<'a> = Self;

    fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
        self.0.encode()
    }

    fn encode_operand(operand: Self) -> Result<AttributeValue, EncodeError> {
        u64::encode_operand(operand.0)
    }

    fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
        u64::decode(value).map(Self)
    }
}
