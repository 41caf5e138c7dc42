//! Several models of one table, read by one query.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;

use super::BoxFuture;
use super::search::{Search, Source};
use crate::decode::decode;
use crate::error::Error;
use crate::item::Item;
use crate::key::Key;
use crate::layout::Layout;
use crate::loaded::Loaded;
use crate::model::Model;
use crate::reader::Reader;

/// Models that share a table and a hash key, and are read together: a customer with its orders. Derive it.
///
/// On a struct each field is an `Option` or a `Vec` of `Loaded` models, and one query fills them all. On an enum each
/// variant holds a `Loaded` model, and a query yields a `Vec` of the enum in the order of the range key. Items of other
/// models are left out. The models are told apart by their discriminators or by the text their range keys begin with.
///
/// ```
/// use dynamap::{Collection, Database, Loaded, Model, Table};
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "shop", hash_key = "USER#{user}", range_key = "PROFILE", validate = false)]
/// struct Profile {
///     user: String,
///     name: String,
/// }
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "shop", hash_key = "USER#{user}", range_key = "ORDER#{number:06}", validate = false)]
/// struct Order {
///     user: String,
///     number: u32,
/// }
///
/// #[derive(Debug, Collection)]
/// struct Customer {
///     profile: Option<Loaded<Profile>>,
///     orders: Vec<Loaded<Order>>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let db = Database::new(dynamap::embedded::memory()?);
/// Table::<Order>::create(&db).await?;
/// Profile { user: "ann".into(), name: "Ann".into() }.insert(&db).await?;
/// for number in [1, 2] {
///     Order { user: "ann".into(), number }.insert(&db).await?;
/// }
/// let ann = Customer::query(&db, "ann").await?;
/// assert_eq!(ann.profile.expect("was inserted").name, "Ann");
/// assert_eq!(ann.orders.len(), 2);
/// # Ok(())
/// # }
/// ```
///
/// [AWS: item collections](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItemCollections.html)
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a collection of models",
    note = "write `#[derive(Collection)]` on a struct of `Option<Loaded<M>>` and `Vec<Loaded<M>>`, or on an enum of `Loaded<M>`"
)]
pub trait Collection: Sized + Send + 'static {
    /// The model by whose hash key it is queried; those of the others are the same.
    type First: Model;
    /// What a query yields.
    type Output: Send;

    #[doc(hidden)]
    fn members() -> Vec<&'static Layout>;

    #[doc(hidden)]
    fn gather(found: &Found) -> Result<Self::Output, Error>;

    /// Reads every item of one hash key that belongs to a member; in a transaction as [`Model::query`] does.
    ///
    /// # Errors
    /// [`Error::Usage`] where members have different tables or hash keys, or cannot be told apart; where an `Option`
    /// finds several items; `Decode`, `SchemaTooNew`, `Upgrade` for an item that cannot be read.
    fn query<'a, R: Reader>(
        reader: &'a R,
        hash_key: <Self::First as Model>::HashRef<'_>,
    ) -> CollectionQuery<'a, Self> {
        let hash = Self::First::encode_hash(hash_key);
        let source = Source::query(hash.map(|hash| vec![hash]));
        let mut search = Search::through(reader, Self::First::layout(), source);
        search.members = Some(Self::members());
        CollectionQuery { search, types: PhantomData }
    }
}

/// The query of a [`Collection`]. `.await` it.
///
/// ```
/// # use dynamap::{Collection, Database, Loaded, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "shop", hash_key = "USER#{user}", range_key = "PROFILE", validate = false)]
/// # struct Profile { user: String, name: String }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "shop", hash_key = "USER#{user}", range_key = "ORDER#{number:06}", validate = false)]
/// # struct Order { user: String, number: u32 }
/// #[derive(Debug, Collection)]
/// enum Entry {
///     Profile(Loaded<Profile>),
///     Order(Loaded<Order>),
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Order>::create(&db).await?;
/// # Profile { user: "ann".into(), name: "Ann".into() }.insert(&db).await?;
/// # for number in [1, 2] { Order { user: "ann".into(), number }.insert(&db).await?; }
/// let (metered, meter) = db.metered();
/// let entries = Entry::query(&metered, "ann").consistent().reverse().await?;
/// assert_eq!(meter.capacity().total().read, 1.0); // half of it where nothing is said
/// assert_eq!(entries.len(), 3);
/// assert!(matches!(&entries[0], Entry::Profile(profile) if profile.name == "Ann"));
/// assert!(matches!(&entries[1], Entry::Order(order) if order.number == 2));
/// # Ok(())
/// # }
/// ```
///
/// [AWS: Query](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html)
#[must_use = "a query does nothing until it is awaited"]
pub struct CollectionQuery<'a, C> {
    search: Search<'a>,
    types: PhantomData<fn() -> C>,
}

impl<C: Collection> CollectionQuery<'_, C> {
    /// Sees every write that was acknowledged before; costs twice as much.
    ///
    /// [AWS: read consistency](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html)
    pub fn consistent(mut self) -> Self {
        self.search.consistent = true;
        self
    }

    /// From the highest range key down.
    pub fn reverse(mut self) -> Self {
        if let Source::Query { reverse, .. } = &mut self.search.source {
            *reverse = true;
        }
        self
    }

    async fn run(self) -> Result<C::Output, Error> {
        check(self.search.members.as_deref().unwrap_or_default())?;
        let items = self.search.items().await?;
        C::gather(&Found { table: self.search.table(), items })
    }
}

/// Members share a table and a hash key, and are told apart by what is stored.
fn check(members: &[&'static Layout]) -> Result<(), Error> {
    let Some(first) = members.first() else { return Ok(()) };
    let hash = |layout: &Layout| layout.template(layout.hash_key.name).map(|t| t.parts);
    let same = |other: &&Layout| {
        other.table == first.table && other.hash_key == first.hash_key && hash(other) == hash(first)
    };
    if !members.iter().all(same) {
        return Err(Error::Usage(
            "the models of a collection have one table and one hash key: declare them alike",
        ));
    }
    let literal = |layout: &Layout| {
        let template = layout.range_key.and_then(|key| layout.template(key.name));
        template.map_or("", |template| template.literal())
    };
    let apart = |a: &Layout, b: &Layout| match (a.discriminator, b.discriminator) {
        (Some((a_name, a_value)), Some((b_name, b_value))) => {
            a_name == b_name && a_value != b_value
        }
        _ => !literal(a).starts_with(literal(b)) && !literal(b).starts_with(literal(a)),
    };
    let all_apart =
        members.iter().enumerate().all(|(i, a)| members[..i].iter().all(|b| apart(a, b)));
    if !all_apart {
        return Err(Error::Usage(
            "the models of a collection cannot be told apart: give each a `discriminator`, or a `range_key` that begins \
             with a text of its own",
        ));
    }
    Ok(())
}

/// What the query of a collection found.
#[doc(hidden)]
#[derive(Debug)]
pub struct Found {
    table: String,
    items: Vec<Item>,
}

impl Found {
    /// The items of a struct's field.
    ///
    /// # Errors
    /// Where an item cannot be read.
    pub fn slot<S: Slot>(&self) -> Result<S, Error> {
        let models: Result<Vec<_>, _> =
            self.items.iter().filter_map(|item| self.member(item).transpose()).collect();
        S::of(models?)
    }

    /// The items of an enum, each by the first variant that takes it.
    ///
    /// # Errors
    /// Where an item cannot be read.
    pub fn variants<C>(&self, variants: &[Variant<C>]) -> Result<Vec<C>, Error> {
        let one = |item| variants.iter().find_map(|variant| variant(self, item).transpose());
        self.items.iter().filter_map(one).collect()
    }

    /// The model of an item; `None` where it belongs to another.
    ///
    /// # Errors
    /// Where an item cannot be read.
    pub fn member<M: Model>(&self, item: &Item) -> Result<Option<Loaded<M>>, Error> {
        let layout = M::layout();
        if !layout.owns(item) {
            return Ok(None);
        }
        let key = Key::of(layout, item).map_err(|error| Error::encode(layout, error))?;
        decode(&self.table, &key, item.clone()).map(Some)
    }
}

/// How a variant of an enum takes an item.
type Variant<C> = fn(&Found, &Item) -> Result<Option<C>, Error>;

/// A field of a collection.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold the items of a model in a collection",
    note = "write `Option<Loaded<M>>` or `Vec<Loaded<M>>` for a field, `Loaded<M>` for a variant"
)]
pub trait Slot: Sized {
    /// The model.
    type Model: Model;
    /// From all of its items.
    ///
    /// # Errors
    /// Where there are too many.
    fn of(models: Vec<Loaded<Self::Model>>) -> Result<Self, Error>;
}

impl<M: Model> Slot for Vec<Loaded<M>> {
    type Model = M;

    fn of(models: Vec<Loaded<M>>) -> Result<Self, Error> {
        Ok(models)
    }
}

impl<M: Model> Slot for Option<Loaded<M>> {
    type Model = M;

    fn of(mut models: Vec<Loaded<M>>) -> Result<Self, Error> {
        let last = models.pop();
        if models.is_empty() {
            return Ok(last);
        }
        Err(Error::Usage("an `Option` of a collection found several items: make it a `Vec`"))
    }
}

/// What a variant of a collection holds.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "a variant of a collection holds a loaded model, not `{Self}`",
    note = "write `Loaded<M>`"
)]
pub trait LoadedModel {
    /// The model.
    type Model: Model;
}

impl<M: Model> LoadedModel for Loaded<M> {
    type Model = M;
}

impl<'a, C: Collection> IntoFuture for CollectionQuery<'a, C> {
    type Output = Result<C::Output, Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<C> fmt::Debug for CollectionQuery<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CollectionQuery")
    }
}
