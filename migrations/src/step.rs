//! One change of an item's shape.

use std::fmt;

use dynamap_mapper::{Item, StepError};
use semver::Version;

/// A step of a chain: brings an item from the schema `from` to the schema `to`.
///
/// It covers stored schemas from `from` up to, not including, `to`. Its function is pure: it sees the raw item and
/// changes it in memory; what it removes is removed from the table when the item is next saved.
///
/// ```
/// use dynamap::{Item, Migrations, Step, StepError};
///
/// fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
///     item.rename("mail", "email");
///     Ok(())
/// }
///
/// static ACCOUNT: Migrations =
///     Migrations::new(&[Step::new("1.0.0", "2.0.0", mail_becomes_email)]);
/// assert_eq!(ACCOUNT.steps().len(), 1);
/// ```
pub struct Step {
    pub(crate) from: Schema,
    pub(crate) to: Schema,
    pub(crate) apply: fn(&mut Item) -> Result<(), StepError>,
}

impl Step {
    /// A step with its function, for a `static` chain.
    ///
    /// # Panics
    /// When a schema is not `MAJOR.MINOR.PATCH`, or `to` is not above `from`. In a `static` that is a compile error.
    #[must_use]
    pub const fn new(
        from: &'static str,
        to: &'static str,
        apply: fn(&mut Item) -> Result<(), StepError>,
    ) -> Self {
        let (from, to) = (Schema::parse(from), Schema::parse(to));
        assert!(
            from.is_below(to),
            "a migration step must lead to a higher schema than it starts at"
        );
        Self { from, to, apply }
    }

    /// The schema that the step starts at.
    #[must_use]
    pub fn from(&self) -> Version {
        self.from.into()
    }

    /// The schema that the step leads to.
    #[must_use]
    pub fn to(&self) -> Version {
        self.to.into()
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Step({} to {})", self.from(), self.to())
    }
}

/// A semver that can be built and compared while compiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Schema {
    major: u64,
    minor: u64,
    patch: u64,
}

impl Schema {
    pub(crate) const fn new(major: u64, minor: u64, patch: u64) -> Self {
        Self { major, minor, patch }
    }

    pub(crate) const fn is_below(self, other: Self) -> bool {
        self.major < other.major
            || (self.major == other.major
                && (self.minor < other.minor
                    || (self.minor == other.minor && self.patch < other.patch)))
    }

    pub(crate) const fn equals(self, other: Self) -> bool {
        self.major == other.major && self.minor == other.minor && self.patch == other.patch
    }

    /// Reads `MAJOR.MINOR.PATCH`.
    const fn parse(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut parts = [0_u64; 3];
        let (mut part, mut digits, mut i) = (0, 0, 0);
        while i < bytes.len() {
            match bytes[i] {
                digit @ b'0'..=b'9' => {
                    parts[part] = parts[part] * 10 + (digit - b'0') as u64;
                    digits += 1;
                }
                b'.' if digits > 0 && part < 2 => {
                    part += 1;
                    digits = 0;
                }
                _ => panic!("a schema is MAJOR.MINOR.PATCH, such as \"2.0.0\""),
            }
            i += 1;
        }
        assert!(part == 2 && digits > 0, "a schema is MAJOR.MINOR.PATCH, such as \"2.0.0\"");
        Self::new(parts[0], parts[1], parts[2])
    }
}

impl From<Schema> for Version {
    fn from(schema: Schema) -> Self {
        Self::new(schema.major, schema.minor, schema.patch)
    }
}
