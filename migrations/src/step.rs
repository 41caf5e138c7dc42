//! One change of an item's shape.

use std::fmt;

use dynamap_mapper::private::Flatten;
use dynamap_mapper::{Item, StepError};
use semver::Version;

use crate::schema::Schema;

/// A step of a chain: brings an item from the schema `from` to the schema `to`.
///
/// It covers stored schemas from `from` up to, not including, `to`. Its function is pure: it sees the raw item and
/// changes it in memory; what it removes is removed from the table when the item is next written. It never sees the
/// key under another name than it is stored, and must not change it: that is a [`keyed`](Step::keyed) step.
///
/// A step to another major breaks readers of the old shape. A step to another minor or patch is *additive*: programs of
/// the old schema go on reading what it left, so it must not remove an attribute; one that does is an error when it is
/// applied, and nothing is written.
///
/// ```
/// use dynamap::{Item, Migrations, Step, StepError};
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
/// static ACCOUNT: Migrations = Migrations::new(&[
///     Step::new("1.0.0", "2.0.0", mail_becomes_email).down(email_becomes_mail),
/// ]);
/// assert_eq!(ACCOUNT.steps().len(), 1);
/// ```
pub struct Step {
    pub(crate) from: Schema,
    pub(crate) to: Schema,
    pub(crate) up: Up,
    pub(crate) down: Option<Change>,
    revision: u32,
}

/// A change of one item in memory.
type Change = fn(&mut Item) -> Result<(), StepError>;

/// What a keyed step makes of an item.
pub(crate) type Move = fn(Item) -> Result<Vec<Item>, StepError>;

pub(crate) enum Up {
    Shape(Change),
    Key(Move),
}

impl Step {
    /// A step with its function, for a `static` chain.
    ///
    /// # Panics
    /// When a schema is not `MAJOR.MINOR.PATCH`, or `to` is not above `from`. In a `static` that is a compile error.
    #[must_use]
    pub const fn new(from: &'static str, to: &'static str, apply: Change) -> Self {
        Self::of(from, to, Up::Shape(apply))
    }

    /// A step between two structs, where `B: From<A>`. Both derive `Attribute` and have the attributes that change;
    /// those that neither has stay as they are.
    ///
    /// ```
    /// use dynamap::{Attribute, AttributeValue, Item, Migrations, Step, Upgrade};
    /// use semver::Version;
    ///
    /// #[derive(Debug, Attribute)]
    /// struct V1 { name: String }
    /// #[derive(Debug, Attribute)]
    /// struct V2 { first: String, last: String }
    ///
    /// impl From<V1> for V2 {
    ///     fn from(old: V1) -> Self {
    ///         let (first, last) = old.name.split_once(' ').unwrap_or((&old.name, ""));
    ///         Self { first: first.into(), last: last.into() }
    ///     }
    /// }
    ///
    /// static USER: Migrations = Migrations::new(&[Step::typed::<V1, V2>("1.0.0", "2.0.0")]);
    /// let mut item = Item::new();
    /// item.insert("name", AttributeValue::S("Ann Lee".into()));
    /// USER.upgrade(&mut item, &Version::new(1, 0, 0)).expect("a name");
    /// assert_eq!(item.names(), ["first", "last"]);
    /// ```
    ///
    /// # Panics
    /// As [`new`](Step::new).
    #[must_use]
    pub const fn typed<A: Flatten, B: Flatten + From<A>>(
        from: &'static str,
        to: &'static str,
    ) -> Self {
        Self::of(from, to, Up::Shape(convert::<A, B>))
    }

    /// A step that changes the key, or makes several items of one. The key of an item cannot be changed in place, so this
    /// is done by the backfill, which inserts the new items and deletes the old one in one transaction; until then
    /// reading the old item is [`Error::Upgrade`](dynamap_mapper::Error::Upgrade), and says so.
    ///
    /// It may return the item itself, under its own key, where this one does not move.
    ///
    /// # Panics
    /// As [`new`](Step::new).
    #[must_use]
    pub const fn keyed(from: &'static str, to: &'static str, apply: Move) -> Self {
        Self::of(from, to, Up::Key(apply))
    }

    const fn of(from: &'static str, to: &'static str, up: Up) -> Self {
        let (from, to) = (Schema::parse(from), Schema::parse(to));
        assert!(
            from.is_below(to),
            "a migration step must lead to a higher schema than it starts at"
        );
        Self { from, to, up, down: None, revision: 0 }
    }

    /// The way back: brings an item of the schema `to` to that of `from`, for programs that write what older ones read
    /// ([`write_as`](dynamap_mapper::DatabaseBuilder::write_as)).
    ///
    /// # Panics
    /// Of a [`keyed`](Step::keyed) step. In a `static` that is a compile error.
    #[must_use]
    pub const fn down(mut self, apply: Change) -> Self {
        assert!(!self.is_keyed(), "a step that changes the key has no way back: leave it out");
        self.down = Some(apply);
        self
    }

    /// The way back between two structs, where `A: From<B>`; see [`typed`](Step::typed).
    ///
    /// # Panics
    /// As [`down`](Step::down).
    #[must_use]
    pub const fn down_typed<B: Flatten, A: Flatten + From<B>>(self) -> Self {
        self.down(convert::<B, A>)
    }

    /// Tells this function from another one for the same step, where it had to be changed although items were upgraded by
    /// it: a backfill that was begun with another revision is refused
    /// ([`BackfillError::Drifted`](crate::BackfillError::Drifted)). Default 0.
    #[must_use]
    pub const fn revision(mut self, revision: u32) -> Self {
        self.revision = revision;
        self
    }

    pub(crate) fn fingerprint(&self) -> String {
        let kind = if self.is_keyed() { "keyed" } else { "shape" };
        format!("{} to {} {kind} {}", self.from(), self.to(), self.revision)
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

    /// Whether programs that know only the old schema cannot read what the step leaves.
    #[must_use]
    pub const fn is_breaking(&self) -> bool {
        !self.from.can_read(self.to)
    }

    /// Whether the step changes the key.
    #[must_use]
    pub const fn is_keyed(&self) -> bool {
        matches!(self.up, Up::Key(_))
    }

    /// Changes an item in memory.
    pub(crate) fn apply(&self, item: &mut Item, change: Change) -> Result<(), StepError> {
        if self.is_breaking() {
            return change(item);
        }
        let before: Vec<String> = item.names().into_iter().map(str::to_owned).collect();
        change(item)?;
        match before.into_iter().find(|name| !item.contains(name)) {
            Some(name) => Err(StepError::new(
                name,
                "a step to another minor or patch must not remove it: lead to another major",
            )),
            None => Ok(()),
        }
    }
}

/// Reads what `A` describes, and leaves what `B` describes in its place.
fn convert<A: Flatten, B: Flatten + From<A>>(item: &mut Item) -> Result<(), StepError> {
    let old = A::from_entries(item)?;
    let aliases = A::ALIASES.iter().map(|(_, alias)| *alias);
    for name in A::ATTRIBUTES.iter().copied().chain(aliases) {
        item.remove(name);
    }
    for (name, value) in B::from(old).to_entries()?.into_inner() {
        item.insert(name, value);
    }
    Ok(())
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Step({} to {})", self.from(), self.to())
    }
}
