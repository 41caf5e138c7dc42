//! One change of an item's shape.

use std::collections::HashMap;
use std::fmt;

use dynamap_mapper::private::Flatten;
use dynamap_mapper::upgrade::{FailedStep, Outline};
use dynamap_mapper::{Item, StepError, UpgradeError};
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
/// static ACCOUNT: Migrations = Migrations::new(&[
///     Step::new("1.0.0", "2.0.0", mail_becomes_email).down(email_becomes_mail),
/// ]);
/// let step = &ACCOUNT.steps()[0];
/// assert_eq!((step.from(), step.to()), (Version::new(1, 0, 0), Version::new(2, 0, 0)));
/// assert!(step.is_breaking() && !step.is_keyed()); // another major, and the same key
/// ```
pub struct Step {
    pub(crate) from: Schema,
    pub(crate) to: Schema,
    pub(crate) up: Up,
    pub(crate) down: Option<Change>,
    touches: Touches,
    revision: u32,
}

/// The attributes that a step renames, retypes, adds or removes.
enum Touches {
    /// It does not say.
    Any,
    These(&'static [&'static str]),
    /// Those of two structs.
    Fields(&'static [Names]),
}

/// The attributes of a struct, and the aliases that it reads.
struct Names {
    own: &'static [&'static str],
    aliases: &'static [(&'static str, &'static str)],
}

/// A change of one item in memory.
pub(crate) type Change = fn(&mut Item) -> Result<(), StepError>;

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
        let mut step = Self::of(from, to, Up::Shape(convert::<A, B>));
        step.touches = Touches::Fields(const { &[Names::of::<A>(), Names::of::<B>()] });
        step
    }

    /// A step that changes the key, or makes several items of one. The key of an item cannot be changed in place, so this
    /// is done by the backfill, which inserts the new items and deletes the old one in one transaction; until then
    /// reading the old item is [`Error::Upgrade`](dynamap_mapper::Error::Upgrade), and says so.
    ///
    /// It may return the item itself, under its own key, where this one does not move; then a read upgrades it as ever.
    ///
    /// ```
    /// # use dynamap::{AttributeValue, Backfill, BackfillRecord, Database, Error, Item, Migrations, Model, Step, StepError, Table};
    /// fn renumber(mut item: Item) -> Result<Vec<Item>, StepError> {
    ///     let id: u64 = item.take("id")?;
    ///     item.put("id", &(1_000_000 + id))?; // a new range of ids
    ///     Ok(vec![item])
    /// }
    ///
    /// static ACCOUNT: Migrations = Migrations::new(&[Step::keyed("1.0.0", "2.0.0", renumber)]);
    ///
    /// #[derive(Debug, Clone, Model)]
    /// #[model(table = "accounts", schema = "2.0.0", migrations = ACCOUNT, validate = false)]
    /// struct Account { #[model(hash_key)] id: u64 }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<Account>::create(&db).await?;
    /// # Table::<BackfillRecord>::create(&db).await?;
    /// # db.client().put_item().table_name("accounts").item("id", AttributeValue::N("7".into())).send().await?;
    /// assert!(matches!(Account::get(&db, 7).await, Err(Error::Upgrade { .. })));
    /// Backfill::<Account>::of(&db).run().await?;
    /// assert!(Account::get(&db, 7).await?.is_none());
    /// assert!(Account::get(&db, 1_000_007).await?.is_some());
    /// # Ok(())
    /// # }
    /// ```
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
            "a migration step must lead to a higher schema than it starts at: its way back is `.down(…)`"
        );
        Self { from, to, up, down: None, touches: Touches::Any, revision: 0 }
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
    /// ```
    /// use dynamap::{Attribute, Item, Migrations, Step, Upgrade};
    /// use semver::Version;
    ///
    /// #[derive(Debug, Attribute)]
    /// struct V1 { mail: String }
    /// #[derive(Debug, Attribute)]
    /// struct V2 { email: String }
    /// # impl From<V1> for V2 { fn from(V1 { mail }: V1) -> Self { Self { email: mail } } }
    /// # impl From<V2> for V1 { fn from(V2 { email }: V2) -> Self { Self { mail: email } } }
    /// // … `From` both ways …
    /// static USER: Migrations = Migrations::new(&[
    ///     Step::typed::<V1, V2>("1.0.0", "2.0.0").down_typed::<V2, V1>(),
    /// ]);
    /// let mut item = Item::new();
    /// item.put("email", &String::from("ann@example.org")).expect("a text");
    /// USER.downgrade(&mut item, &Version::new(1, 0, 0)).expect("a way back");
    /// assert_eq!(item.text("mail"), Some("ann@example.org"));
    /// ```
    ///
    /// # Panics
    /// As [`down`](Step::down).
    #[must_use]
    pub const fn down_typed<B: Flatten, A: Flatten + From<B>>(self) -> Self {
        self.down(convert::<B, A>)
    }

    /// Says which attributes the step renames, retypes, adds or removes, by their old and new names. A filter on another
    /// attribute sees what it is about, in older items too; one on these is refused ([`Error::StoredShape`]), and without
    /// this word a filter on any. A [`typed`](Step::typed) step says by its structs.
    ///
    /// [`check`](crate::Migrations::check) proves it on sample items.
    ///
    /// ```
    /// use dynamap::{Item, Migrations, Step, StepError, Upgrade};
    ///
    /// fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
    ///     item.rename("mail", "email");
    ///     Ok(())
    /// }
    ///
    /// static USER: Migrations = Migrations::new(&[
    ///     Step::new("1.0.0", "2.0.0", mail_becomes_email).reshapes(&["mail", "email"]),
    /// ]);
    /// assert!(USER.outline()[0].may_reshape("email"));
    /// assert!(!USER.outline()[0].may_reshape("visits"));
    /// ```
    ///
    /// [`Error::StoredShape`]: dynamap_mapper::Error::StoredShape
    #[must_use]
    pub const fn reshapes(mut self, attributes: &'static [&'static str]) -> Self {
        self.touches = Touches::These(attributes);
        self
    }

    /// Tells this function from another one for the same step, where it had to be changed although items were upgraded by
    /// it: a backfill that was begun with another revision is refused
    /// ([`BackfillError::Drifted`](crate::BackfillError::Drifted)). Default 0.
    ///
    /// ```
    /// # use dynamap::{AttributeValue, Backfill, BackfillError, BackfillRecord, Database, Table};
    /// # mod before {
    /// #     use dynamap::{Migrations, Model, Step};
    /// #     pub static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", |_| Ok(()))]);
    /// #     #[derive(Debug, Clone, Model)]
    /// #     #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
    /// #     pub struct User { #[model(hash_key)] pub id: u64 }
    /// # }
    /// # mod now {
    /// use dynamap::{Item, Migrations, Model, Step, StepError};
    ///
    /// static USER: Migrations = Migrations::new(&[
    ///     Step::new("1.0.0", "2.0.0", corrected).revision(1), // 0 was wrong
    /// ]);
    ///
    /// fn corrected(item: &mut Item) -> Result<(), StepError> {
    ///     item.put("visits", &0u64)
    /// }
    /// #     #[derive(Debug, Clone, Model)]
    /// #     #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
    /// #     pub struct User { #[model(hash_key)] pub id: u64, pub visits: u64 }
    /// # }
    /// # use now::User;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<User>::create(&db).await?;
    /// # Table::<BackfillRecord>::create(&db).await?;
    /// # Backfill::<before::User>::of(&db).run().await?;
    /// // Items were upgraded by revision 0 already.
    /// let error = Backfill::<User>::of(&db).run().await.expect_err("not the same job");
    /// assert!(matches!(error, BackfillError::Drifted { .. }));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub const fn revision(mut self, revision: u32) -> Self {
        self.revision = revision;
        self
    }

    pub(crate) fn outline(&self) -> Outline {
        let reshapes = match &self.touches {
            Touches::Any => None,
            Touches::These(names) => Some(names.to_vec()),
            Touches::Fields(structs) => Some(structs.iter().flat_map(Names::all).collect()),
        };
        Outline { from: self.from(), to: self.to(), is_keyed: self.is_keyed(), reshapes }
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

    /// What the step makes of an item, also where it changes the key.
    pub(crate) fn made(&self, mut item: Item) -> Result<Vec<Item>, UpgradeError> {
        match self.up {
            Up::Shape(change) => self.apply(&mut item, change).map(|()| vec![item]),
            Up::Key(moved) => moved(item).map_err(|error| self.failed(error)),
        }
    }

    /// Changes an item in memory.
    pub(crate) fn apply(&self, item: &mut Item, change: Change) -> Result<(), UpgradeError> {
        let names = if self.is_breaking() { Vec::new() } else { item.names() };
        let kept: Vec<String> = names.into_iter().map(str::to_owned).collect();
        change(item).map_err(|error| self.failed(error))?;
        match kept.into_iter().find(|name| !item.contains(name)) {
            Some(name) => Err(self.failed(StepError::new(
                name,
                "a step to another minor or patch must not remove it: lead to another major",
            ))),
            None => Ok(()),
        }
    }

    pub(crate) fn failed(&self, error: StepError) -> UpgradeError {
        let failed = FailedStep { from: self.from(), to: self.to(), error };
        UpgradeError::Step(Box::new(failed))
    }
}

impl Names {
    const fn of<T: Flatten>() -> Self {
        Self { own: T::ATTRIBUTES, aliases: T::ALIASES }
    }

    fn all(&self) -> impl Iterator<Item = &'static str> {
        self.own.iter().copied().chain(self.aliases.iter().map(|(_, alias)| *alias))
    }
}

/// Reads what `A` describes, and leaves what `B` describes in its place.
fn convert<A: Flatten, B: Flatten + From<A>>(item: &mut Item) -> Result<(), StepError> {
    let old = A::from_entries(item)?;
    let aliases = A::ALIASES.iter().map(|(_, alias)| *alias);
    for name in A::ATTRIBUTES.iter().copied().chain(aliases) {
        item.remove(name);
    }
    // What is absent in `B` is not taken out: nobody described it.
    let mut entries = HashMap::new();
    B::from(old).put_entries(&mut entries)?;
    for (name, value) in entries {
        item.insert(name, value);
    }
    Ok(())
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Step({} to {})", self.from(), self.to())
    }
}
