//! The schema of an item: the semver of its shape, apart from the lock version.

use semver::Version;

use crate::item::{AttributeValue, Item};

/// The attribute that holds an item's schema, as semver text.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", schema = "1.2.0", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
/// use dynamap::schema::SCHEMA_ATTRIBUTE;
///
/// let item = Account { id: 1, balance: 5 }.encode()?;
/// assert_eq!(item.text(SCHEMA_ATTRIBUTE), Some("1.2.0"));
/// # Ok::<(), dynamap::Error>(())
/// ```
pub const SCHEMA_ATTRIBUTE: &str = "_schema";
/// The attribute that holds the nonce of the item's last write: two items with the same one are the same write.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", schema = "1.2.0", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
/// use dynamap::schema::WRITE_ATTRIBUTE;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// let mut account = Account { id: 1, balance: 5 }.insert(&db).await?;
/// let inserted = account.image().get(WRITE_ATTRIBUTE).cloned();
/// account.balance += 1;
/// account.save(&db).await?;
/// assert_ne!(account.image().get(WRITE_ATTRIBUTE).cloned(), inserted);
/// # Ok(())
/// # }
/// ```
pub const WRITE_ATTRIBUTE: &str = "_write";
/// The attribute that is reserved for the lock of a large transaction. No item has it today, and no field can have its
/// name.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", schema = "1.2.0", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
/// use dynamap::schema::LOCK_ATTRIBUTE;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// let account = Account { id: 1, balance: 5 }.insert(&db).await?;
/// assert!(!account.image().contains(LOCK_ATTRIBUTE));
/// # Ok(())
/// # }
/// ```
pub const LOCK_ATTRIBUTE: &str = "_dtx";
/// The attribute that holds the views that an item is part of, each with its generation.
///
/// ```
/// use dynamap::schema::VIEWS_ATTRIBUTE;
///
/// # use dynamap::{Database, Model, Rows, Table, View};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", view = ByNickname, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, nickname: String }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "nicknames", validate = false)]
/// # struct Nickname { #[model(hash_key)] nickname: String, id: u64 }
/// # struct ByNickname;
/// # impl View for ByNickname {
/// #     type Source = User;
/// #     type Row = Nickname;
/// #     const NAME: &'static str = "by_nickname";
/// #     fn add(user: &User, rows: &mut Rows<Nickname>) { rows.put(Nickname { nickname: user.nickname.clone(), id: user.id }); }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # Table::<Nickname>::create(&db).await?;
/// let user = User { id: 1, nickname: "ann".into() }.insert(&db).await?;
/// let views = user.image().get(VIEWS_ATTRIBUTE).and_then(|views| views.as_m().ok()).expect("a map");
/// assert!(views.contains_key("by_nickname"));
/// # Ok(())
/// # }
/// ```
pub const VIEWS_ATTRIBUTE: &str = "_views";
/// The attribute that holds the view that a row is of, with its generation.
///
/// ```
/// use dynamap::schema::VIEW_ATTRIBUTE;
///
/// # use dynamap::{Database, Model, Rows, Table, View};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", view = ByNickname, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, nickname: String }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "nicknames", validate = false)]
/// # struct Nickname { #[model(hash_key)] nickname: String, id: u64 }
/// # struct ByNickname;
/// # impl View for ByNickname {
/// #     type Source = User;
/// #     type Row = Nickname;
/// #     const NAME: &'static str = "by_nickname";
/// #     fn add(user: &User, rows: &mut Rows<Nickname>) { rows.put(Nickname { nickname: user.nickname.clone(), id: user.id }); }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # Table::<Nickname>::create(&db).await?;
/// User { id: 1, nickname: "ann".into() }.insert(&db).await?;
/// let row = Nickname::get(&db, "ann").await?.expect("there");
/// assert_eq!(row.image().text(VIEW_ATTRIBUTE), Some("by_nickname 1"));
/// # Ok(())
/// # }
/// ```
pub const VIEW_ATTRIBUTE: &str = "_view";
/// The attribute that holds the key of the item that a row of a view belongs to, where it is of one alone.
///
/// ```
/// use dynamap::{AttributeValue, schema::VIEW_OWNER_ATTRIBUTE};
///
/// # use dynamap::{Database, Model, Rows, Table, View};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", view = ByNickname, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, nickname: String }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "nicknames", validate = false)]
/// # struct Nickname { #[model(hash_key)] nickname: String, id: u64 }
/// # struct ByNickname;
/// # impl View for ByNickname {
/// #     type Source = User;
/// #     type Row = Nickname;
/// #     const NAME: &'static str = "by_nickname";
/// #     fn add(user: &User, rows: &mut Rows<Nickname>) { rows.put(Nickname { nickname: user.nickname.clone(), id: user.id }); }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # Table::<Nickname>::create(&db).await?;
/// User { id: 7, nickname: "ann".into() }.insert(&db).await?;
/// let row = Nickname::get(&db, "ann").await?.expect("there");
/// let owner = row.image().get(VIEW_OWNER_ATTRIBUTE).and_then(|owner| owner.as_m().ok()).expect("a key");
/// assert_eq!(owner["id"], AttributeValue::N("7".into()));
/// # Ok(())
/// # }
/// ```
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
///
/// ```
/// use dynamap::schema::{Standing, standing};
/// use semver::Version;
///
/// fn what_to_deploy(stored: &Version, known: &Version) -> &'static str {
///     match standing(stored, known) {
///         Standing::Equal | Standing::NewerReadable => "nothing",
///         Standing::Older => "the migration",
///         Standing::TooNew => "the newer release",
///     }
/// }
/// assert_eq!(what_to_deploy(&Version::new(2, 0, 0), &Version::new(1, 4, 0)), "the newer release");
/// assert_eq!(what_to_deploy(&Version::new(1, 5, 0), &Version::new(1, 4, 0)), "nothing");
/// assert_eq!(what_to_deploy(&Version::new(1, 3, 0), &Version::new(1, 4, 0)), "the migration");
/// ```
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
