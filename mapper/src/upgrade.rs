//! The seam between reading items and migrating them.
//!
//! Reading must upgrade old items, yet this crate knows nothing of migration chains: it calls [`Upgrade`], which the
//! migrations implement. `reshape` has what steps are written with.

mod reshape;

use std::fmt;

use semver::Version;

use crate::item::{AttributeValue, Item, same};

/// Brings an old item to a model's current shape, in memory. `Migrations` implement it.
///
/// ```
/// use dynamap::{Item, Migrations, Step, StepError, Upgrade, UpgradeError};
/// use semver::Version;
///
/// fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
///     item.rename("mail", "email");
///     Ok(())
/// }
///
/// fn email_becomes_mail(item: &mut Item) -> Result<(), StepError> {
///     item.rename("email", "mail");
///     Ok(())
/// }
///
/// static USER: Migrations =
///     Migrations::new(&[Step::new("1.0.0", "2.0.0", mail_becomes_email).down(email_becomes_mail)]);
///
/// let old: Item = [("mail".to_owned(), dynamap::AttributeValue::S("ann@example.org".into()))].into_iter().collect();
/// let (first, mut item) = (Version::new(1, 0, 0), old.clone());
/// USER.upgrade(&mut item, &first).expect("a step starts there");
/// assert_eq!(item.names(), ["email"]);
/// assert_eq!(USER.upgrade_apart(old.clone(), &first), Ok(vec![item.clone()]));
/// assert!(USER.leads_back_to(&first));
/// USER.downgrade(&mut item, &first).expect("the step has a way back");
/// assert_eq!(item, old);
/// assert_eq!(USER.upgrade(&mut item, &Version::new(0, 9, 0)), Err(UpgradeError::NoPath));
///
/// // What is known without an item, and of items that carry no schema:
/// assert_eq!((USER.outline().len(), USER.baseline()), (1, Some(first)));
/// assert_eq!((USER.detects(), Upgrade::detect(&USER, &old)), (false, None));
/// assert!(USER.fingerprint().contains("1.0.0"));
/// ```
pub trait Upgrade: Send + Sync + 'static {
    /// The schema of items that carry none: they are older than the library.
    /// `None` means the model's own schema.
    fn baseline(&self) -> Option<Version>;

    /// Upgrades an item from the schema `from` to the newest.
    ///
    /// # Errors
    /// [`UpgradeError::NoPath`] where no step starts at or covers `from`; [`UpgradeError::Step`] where a step failed. The
    /// item is as it was then.
    fn upgrade(&self, item: &mut Item, from: &Version) -> Result<(), UpgradeError>;

    /// As [`upgrade`](Upgrade::upgrade), also where a step changes the key or makes several items of one.
    ///
    /// # Errors
    /// As [`upgrade`](Upgrade::upgrade).
    fn upgrade_apart(&self, mut item: Item, from: &Version) -> Result<Vec<Item>, UpgradeError> {
        self.upgrade(&mut item, from)?;
        Ok(vec![item])
    }

    /// Brings an item of the newest schema back to the shape of `to`.
    ///
    /// # Errors
    /// [`UpgradeError::NoPath`] where a step has no way back.
    fn downgrade(&self, item: &mut Item, to: &Version) -> Result<(), UpgradeError> {
        let _ = (item, to);
        Err(UpgradeError::NoPath)
    }

    /// Whether items of the newest schema can be brought back to the shape of `to`.
    fn leads_back_to(&self, to: &Version) -> bool {
        let _ = to;
        false
    }

    /// The schema of an item that carries none, told by its shape; `None` for the baseline.
    fn detect(&self, item: &Item) -> Option<Version> {
        let _ = item;
        None
    }

    /// What tells this chain of steps from another.
    fn fingerprint(&self) -> String {
        String::new()
    }

    /// Whether [`detect`](Upgrade::detect) tells anything.
    fn detects(&self) -> bool {
        false
    }

    /// What is known of the steps without an item, oldest first.
    fn outline(&self) -> Vec<Outline>;
}

/// What is known of a step without an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// The schema that the step starts at.
    pub from: Version,
    /// The schema that the step leads to.
    pub to: Version,
    /// Whether it changes the key.
    pub is_keyed: bool,
    /// The attributes that it renames, retypes, adds or removes; `None` where it does not say so.
    pub reshapes: Option<Vec<&'static str>>,
}

impl Outline {
    /// Whether older items may hold an attribute in another shape than the step leaves it in, or lack it.
    #[must_use]
    pub fn may_reshape(&self, attribute: &str) -> bool {
        self.reshapes.as_ref().is_none_or(|names| names.contains(&attribute))
    }
}

/// Whether the service would delete the item at another time than it does now.
///
/// Not public: for the crates beside this one.
#[doc(hidden)]
#[must_use]
pub fn expires_otherwise(ttl: &str, before: &Item, after: &Item) -> bool {
    let Some(now @ AttributeValue::N(_)) = before.get(ttl) else { return false };
    after.get(ttl).is_none_or(|then| !same(now, then))
}

/// For models without migrations: nothing older than the model's schema can be read.
#[derive(Debug, Clone, Copy)]
pub struct Never;

impl Upgrade for Never {
    fn baseline(&self) -> Option<Version> {
        None
    }

    fn upgrade(&self, _: &mut Item, _: &Version) -> Result<(), UpgradeError> {
        Err(UpgradeError::NoPath)
    }

    fn outline(&self) -> Vec<Outline> {
        Vec::new()
    }
}

/// Why an item could not be upgraded. The item in the table is as it was.
///
/// In [`Error::Upgrade`](crate::Error::Upgrade); where no step leads from its schema, a read is
/// [`Error::NoUpgradePath`](crate::Error::NoUpgradePath).
///
/// ```
/// use dynamap::{Error, Item, Migrations, Model, Step, StepError, UpgradeError};
///
/// fn new_ids(mut item: Item) -> Result<Vec<Item>, StepError> {
///     let id: u64 = item.read("id")?;
///     item.put("id", &(id + 1_000))?;
///     Ok(vec![item])
/// }
///
/// static USER: Migrations = Migrations::new(&[Step::keyed("1.0.0", "2.0.0", new_ids)]);
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
/// struct User { #[model(hash_key)] id: u64 }
///
/// let mut item = Item::new();
/// item.put("id", &7_u64)?;
/// let Err(Error::Upgrade(not_upgraded)) = User::decode(item) else { panic!("it is to be moved") };
/// match &not_upgraded.error {
///     UpgradeError::Keyed { from, .. } => assert_eq!(from.to_string(), "1.0.0"), // run the backfill
///     other => panic!("{other:?}"),
/// }
/// # Ok::<(), StepError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpgradeError {
    /// The chain has no step for the stored schema.
    #[error("no step leads from its schema")]
    NoPath,
    /// A step of the chain could not read the item.
    #[error("step {} to {}: {}", .0.from, .0.to, .0.error)]
    Step(Box<FailedStep>),
    /// The steps change the time at which the service deletes the item, which no rewrite may: the backfill leaves it.
    #[error(
        "the steps change `{attribute}`, by which the service deletes the item: leave it as it is"
    )]
    Expiry {
        /// The attribute.
        attribute: String,
    },
    /// A step changes the key: the backfill moves the item.
    #[error("step {from} to {to} changes the key: run the backfill, which moves the item")]
    Keyed {
        /// The schema that the step starts at.
        from: Box<Version>,
        /// The schema that the step leads to.
        to: Box<Version>,
    },
}

/// A step that could not read an item.
///
/// ```
/// use dynamap::{Error, Item, Migrations, Model, Step, StepError, UpgradeError};
///
/// fn euros_become_cents(item: &mut Item) -> Result<(), StepError> {
///     let euros: i64 = item.take("euros")?;
///     item.put("cents", &(euros * 100))
/// }
///
/// static ACCOUNT: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", euros_become_cents)]);
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "accounts", schema = "2.0.0", migrations = ACCOUNT, validate = false)]
/// struct Account { #[model(hash_key)] id: u64, cents: i64 }
///
/// let mut item = Item::new();
/// item.put("id", &7_u64)?; // and no euros
/// let Err(Error::Upgrade(not_upgraded)) = Account::decode(item) else { panic!("there are no euros") };
/// let UpgradeError::Step(failed) = &not_upgraded.error else { panic!("a step failed") };
/// assert_eq!((failed.to.to_string().as_str(), failed.error.attribute()), ("2.0.0", "euros"));
/// # Ok::<(), StepError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedStep {
    /// The schema that the step starts at.
    pub from: Version,
    /// The schema that the step leads to.
    pub to: Version,
    /// What the step said.
    pub error: StepError,
}

/// What a migration step reports: the attribute and what is wrong with it, never its value.
///
/// ```
/// use dynamap::StepError;
///
/// let error = StepError::new("capital", "expected a string, found L");
/// assert_eq!(error.to_string(), "attribute `capital`: expected a string, found L");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepError {
    attribute: String,
    reason: String,
}

impl StepError {
    /// An error about one attribute, with the reason as a sentence part.
    pub fn new(attribute: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { attribute: attribute.into(), reason: reason.into() }
    }

    /// The attribute that the step could not read.
    #[must_use]
    pub fn attribute(&self) -> &str {
        &self.attribute
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "attribute `{}`: {}", self.attribute, self.reason)
    }
}

impl std::error::Error for StepError {}

impl From<crate::codec::EncodeError> for StepError {
    fn from(error: crate::codec::EncodeError) -> Self {
        Self::new(error.path(), error.reason())
    }
}

impl From<crate::codec::DecodeError> for StepError {
    fn from(error: crate::codec::DecodeError) -> Self {
        let reason = format!("expected {}, found {}", error.expected(), error.found());
        Self::new(error.path(), reason)
    }
}
