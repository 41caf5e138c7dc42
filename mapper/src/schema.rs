//! The schema of an item: the semver of its shape, apart from the lock version.

use semver::Version;

use crate::item::{AttributeValue, Item};

/// The attribute that holds an item's schema, as semver text.
pub const SCHEMA_ATTRIBUTE: &str = "_schema";
/// The attribute that holds the nonce of the item's last write.
pub const WRITE_ATTRIBUTE: &str = "_write";
/// The attribute that locks an item for a large transaction; never present at rest.
pub const LOCK_ATTRIBUTE: &str = "_dtx";

/// The attribute that holds the views that an item is part of, each with its generation.
pub const VIEWS_ATTRIBUTE: &str = "_views";
/// The attribute that holds the view that a row is of, with its generation.
pub const VIEW_ATTRIBUTE: &str = "_view";
/// The attribute that holds the key of the item that a row of a view belongs to, where it is of one alone.
pub const VIEW_OWNER_ATTRIBUTE: &str = "_view_of";
/// Every attribute that the library itself writes.
pub(crate) const OWN_ATTRIBUTES: [&str; 6] = [
    SCHEMA_ATTRIBUTE,
    WRITE_ATTRIBUTE,
    LOCK_ATTRIBUTE,
    VIEWS_ATTRIBUTE,
    VIEW_ATTRIBUTE,
    VIEW_OWNER_ATTRIBUTE,
];

/// A schema as it is stored.
pub(crate) fn schema_text(schema: &Version) -> AttributeValue {
    AttributeValue::S(schema.to_string())
}

/// How a stored schema stands to the one that a model knows.
///
/// * patch: no change of shape. minor: additive, an old reader of the same major can read it. major: an old reader
///   must not read it. In `0.x` a minor counts as major.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The same shape.
    Equal,
    /// Needs an upgrade.
    Older,
    /// Newer and readable: attributes that the reader does not know are kept.
    NewerReadable,
    /// Newer and not readable.
    TooNew,
}

/// Compares a stored schema with the known one.
///
/// ```
/// use dynamap::schema::{Standing, standing};
/// use semver::Version;
///
/// let known = Version::new(2, 1, 0);
/// assert_eq!(standing(&Version::new(1, 9, 0), &known), Standing::Older);
/// assert_eq!(standing(&Version::new(2, 3, 0), &known), Standing::NewerReadable);
/// assert_eq!(standing(&Version::new(3, 0, 0), &known), Standing::TooNew);
/// ```
#[must_use]
pub fn standing(stored: &Version, known: &Version) -> Standing {
    use std::cmp::Ordering;
    let readable = stored.major == known.major && (stored.major > 0 || stored.minor == known.minor);
    match stored.cmp(known) {
        Ordering::Equal => Standing::Equal,
        Ordering::Less => Standing::Older,
        Ordering::Greater if readable => Standing::NewerReadable,
        Ordering::Greater => Standing::TooNew,
    }
}

/// What the schema attribute of an item says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stored {
    Absent,
    Version(Version),
    Unreadable,
}

pub(crate) fn stored(item: &Item) -> Stored {
    match item.get(SCHEMA_ATTRIBUTE) {
        None => Stored::Absent,
        Some(AttributeValue::S(text)) => {
            Version::parse(text).map_or(Stored::Unreadable, Stored::Version)
        }
        Some(_) => Stored::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standing_follows_semver() {
        use Standing::{Equal, NewerReadable, Older, TooNew};
        for (stored, known, expected) in [
            ((1, 0, 0), (1, 0, 0), Equal),
            ((1, 0, 0), (1, 0, 1), Older),
            ((1, 2, 0), (1, 1, 9), NewerReadable),
            ((1, 1, 2), (1, 1, 1), NewerReadable),
            ((2, 0, 0), (1, 9, 9), TooNew),
            ((0, 2, 0), (0, 1, 0), TooNew),
            ((0, 1, 2), (0, 1, 0), NewerReadable),
            ((0, 1, 0), (0, 2, 0), Older),
        ] {
            let version = |(a, b, c)| Version::new(a, b, c);
            assert_eq!(standing(&version(stored), &version(known)), expected);
        }
    }
}
