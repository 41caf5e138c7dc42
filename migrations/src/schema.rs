//! Semvers that are compared while the program is compiled.

use semver::Version;

/// A schema: `MAJOR.MINOR.PATCH`.
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

    /// Whether programs that know only this schema can read items of a later one: the same major, in `0.x` the same
    /// minor.
    pub(crate) const fn can_read(self, later: Self) -> bool {
        self.major == later.major && (self.major > 0 || self.minor == later.minor)
    }

    /// Reads `MAJOR.MINOR.PATCH`.
    pub(crate) const fn parse(text: &str) -> Self {
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

impl From<&Version> for Schema {
    fn from(version: &Version) -> Self {
        Self::new(version.major, version.minor, version.patch)
    }
}
