//! Reading some attributes of a model: smaller structs, smaller answers.

use crate::codec::{Attribute, Convert, DecodeError, With};
use crate::database::Database;
use crate::error::Error;
use crate::expr::Path;
use crate::item::Item;
use crate::key::Key;
use crate::loaded::Loaded;
use crate::model::Model;

/// A struct of some of the attributes of a model, read in its place by `select`. Derive it.
///
/// Each field has the name and type of a field of the model. Items of an older schema are read whole and upgraded
/// first, with one more request each: a step needs the whole item.
///
/// ```
/// # use dynamap::{Database, Model, Projection, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, owner: String, balance: i64 }
/// #[derive(Debug, PartialEq, Projection)]
/// #[model(of = Account)]
/// struct Balance {
///     id: u64,
///     balance: i64,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// let account = Account { id: 1, owner: "ann".into(), balance: 5 }.insert(&db).await?;
/// let balances = Account::scan(&db).select::<Balance>().try_collect().await?;
/// assert_eq!(balances, [Balance { id: 1, balance: 5 }]);
/// // What it asks for, and what it makes of an item:
/// assert_eq!(Balance::attributes(), ["id", "balance"]);
/// assert_eq!(Balance::from_attributes(account.image())?, balances[0]);
/// # Ok(())
/// # }
/// ```
///
/// [AWS: projection expressions](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ProjectionExpressions.html)
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a selection of attributes",
    note = "write `#[derive(Projection)]` and `#[model(of = Account)]` on a struct with some fields of the model"
)]
pub trait Projection: Sized + Send + 'static {
    /// The model whose attributes it has.
    type Of: Model;

    /// The attributes, by their names in the table.
    fn attributes() -> Vec<&'static str>;

    /// The struct of an item of the model's current schema.
    ///
    /// # Errors
    /// Where an attribute is missing or does not fit its field.
    fn from_attributes(item: &Item) -> Result<Self, DecodeError>;
}

/// Projections whose attributes are all in index `I`; implemented by the derive.
pub trait Within<I>: Projection {}

/// How the items of a query or scan of model `M` come back: as [`Loaded`] models, [`Plain`] ones, or a [`Projection`].
#[diagnostic::on_unimplemented(
    message = "this index does not hold whole items",
    label = "say which of its attributes to read",
    note = "write `.select::<P>()`, where `P` derives `Projection` and has attributes that the index holds"
)]
pub trait Output<M>: 'static {
    /// What comes back for an item.
    type Yield: Send;

    /// The attributes to read; `None` for all.
    #[doc(hidden)]
    fn wanted() -> Option<Vec<&'static str>>;

    /// The result of an item; `None` where the whole item is needed.
    #[doc(hidden)]
    fn read(table: &str, key: &Key, item: Item) -> Result<Option<Self::Yield>, Error>;

    /// The result of a whole item.
    #[doc(hidden)]
    fn read_whole(table: &str, key: &Key, item: Item) -> Result<Self::Yield, Error>;

    /// The result after it was stored in today's shape, where reads do that.
    #[doc(hidden)]
    fn written_back(_: &Database, found: Self::Yield) -> impl Future<Output = Self::Yield> + Send {
        std::future::ready(found)
    }
}

impl<M: Model> Output<M> for Loaded<M> {
    type Yield = Self;

    fn wanted() -> Option<Vec<&'static str>> {
        None
    }

    fn read(table: &str, key: &Key, item: Item) -> Result<Option<Self>, Error> {
        crate::decode::decode(table, key, item).map(Some)
    }

    fn read_whole(table: &str, key: &Key, item: Item) -> Result<Self, Error> {
        crate::decode::decode(table, key, item)
    }

    fn written_back(db: &Database, found: Self) -> impl Future<Output = Self> + Send {
        db.written_back(found)
    }
}

/// Results that are made of whole items, and can be plain or raw as well.
#[diagnostic::on_unimplemented(
    message = "`plain` and `raw` are of whole items, and this search does not read any",
    note = "an index of some attributes is read with `.select::<P>()`, which yields plain structs"
)]
pub trait Whole<M>: Output<M> {}

impl<M: Model> Whole<M> for Loaded<M> {}

/// The models themselves, without the stored items; what `plain()` makes of a query or scan. They cannot be saved.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, PartialEq, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// Account { id: 1, balance: 5 }.insert(&db).await?;
/// let accounts: Vec<Account> = Account::scan(&db).plain().try_collect().await?;
/// assert_eq!(accounts, [Account { id: 1, balance: 5 }]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Plain;

#[diagnostic::do_not_recommend]
impl<M: Model> Output<M> for Plain {
    type Yield = M;

    fn wanted() -> Option<Vec<&'static str>> {
        None
    }

    fn read(table: &str, key: &Key, item: Item) -> Result<Option<M>, Error> {
        <Self as Output<M>>::read_whole(table, key, item).map(Some)
    }

    fn read_whole(table: &str, key: &Key, item: Item) -> Result<M, Error> {
        crate::decode::decode(table, key, item).map(Loaded::into_inner)
    }
}

/// Items as they are stored, without a model; what `raw()` makes of a query or scan. None is upgraded, and none fails
/// because it does not fit the model.
///
/// ```
/// # use dynamap::Item;
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, PartialEq, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// Account { id: 1, balance: 5 }.insert(&db).await?;
/// let items: Vec<Item> = Account::scan(&db).raw().try_collect().await?;
/// assert_eq!(items[0].text("_schema"), Some("1.0.0"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Raw;

#[diagnostic::do_not_recommend]
impl<M> Output<M> for Raw {
    type Yield = Item;

    fn wanted() -> Option<Vec<&'static str>> {
        None
    }

    fn read(_: &str, _: &Key, item: Item) -> Result<Option<Item>, Error> {
        Ok(Some(item))
    }

    fn read_whole(_: &str, _: &Key, item: Item) -> Result<Item, Error> {
        Ok(item)
    }
}

#[diagnostic::do_not_recommend]
impl<P: Projection<Of = M>, M: Model> Output<M> for P {
    type Yield = Self;

    fn wanted() -> Option<Vec<&'static str>> {
        Some(P::attributes())
    }

    fn read(table: &str, key: &Key, item: Item) -> Result<Option<Self>, Error> {
        crate::decode::project(table, key, &item)
    }

    fn read_whole(table: &str, key: &Key, item: Item) -> Result<Self, Error> {
        let loaded = crate::decode::decode::<M>(table, key, item)?;
        crate::decode::projected(table, key, loaded.current())
    }
}

/// A stored type that reads as a `T`: the type itself, or one with a converter.
#[diagnostic::on_unimplemented(
    message = "the model's field is no `{T}`",
    note = "give the field the type that it has in the model"
)]
pub trait ReadAs<T>: Attribute {
    #[doc(hidden)]
    fn into_value(self) -> T;
}

impl<T: Attribute> ReadAs<T> for T {
    fn into_value(self) -> T {
        self
    }
}

impl<T, C: Convert<T>> ReadAs<T> for With<T, C> {
    fn into_value(self) -> T {
        self.into_inner()
    }
}

/// Reads a field of a projection as the model reads it.
#[doc(hidden)]
pub fn field<M: Model, S: ReadAs<T>, R, T>(
    path: &Path<M, S, R>,
    item: &Item,
    default: impl FnOnce() -> Option<T>,
) -> Result<T, DecodeError> {
    let name = path.name();
    let aliases = M::layout().aliases.iter().filter(|(written, _)| *written == name);
    let mut names = std::iter::once(name).chain(aliases.map(|(_, alias)| *alias));
    match names.find_map(|name| Some((name, item.get(name)?))) {
        Some((name, value)) => {
            S::decode(value).map(ReadAs::into_value).map_err(|error| error.at(name))
        }
        None => default().or_else(|| S::absent().map(ReadAs::into_value)).ok_or_else(|| {
            DecodeError::missing(<S::Kind as crate::codec::kind::Kind>::NAME).at(name)
        }),
    }
}
