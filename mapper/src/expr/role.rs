//! What an attribute is for, and what is searched, as types.
//!
//! The role of an attribute is the last parameter of its [`Path`](crate::Path), and decides where comparisons of it may be
//! used. What is searched, [`Primary`] or [`At`] an index, is a parameter of [`Query`](crate::Query) and
//! [`Scan`](crate::Scan). A program writes them where it names such a type: of a function's argument, of a field.
//!
//! ```
//! # use dynamap::{Database, Model, Table};
//! use dynamap::{Query, role};
//!
//! # #[derive(Debug, Clone, Model)]
//! # #[model(table = "orders", gsi(by_customer, hash_key = customer), validate = false)]
//! # struct Order { #[model(hash_key)] number: u32, customer: u64, total: u64 }
//! fn large<I>(orders: Query<'_, Order, I>) -> Query<'_, Order, I> {
//!     orders.filter(Order::TOTAL.ge(1_000))
//! }
//!
//! fn of_customer(db: &Database, customer: u64) -> Query<'_, Order, role::At<0>> {
//!     large(Order::BY_CUSTOMER.query(db, customer))
//! }
//!
//! fn of_number(db: &Database, number: u32) -> Query<'_, Order, role::Primary> {
//!     large(Order::query(db, number))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let db = Database::new(dynamap::embedded::memory()?);
//! # Table::<Order>::create(&db).await?;
//! Order { number: 1, customer: 7, total: 2_000 }.insert(&db).await?;
//! assert_eq!((of_customer(&db, 7).count().await?, of_number(&db, 1).count().await?), (1, 1));
//! # Ok(())
//! # }
//! ```

use super::condition::{Condition, KeyCondition};
use super::node::Node;

/// The role of an attribute.
///
/// ```
/// use dynamap::{Attribute, Condition, Model, Path, role::Role};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "orders", validate = false)]
/// # struct Order { #[model(hash_key)] number: u32, total: u32 }
/// /// Of any attribute of this model, keys too.
/// fn is_seven<R: Role>(path: Path<Order, u32, R>) -> R::Comparison<Order> {
///     path.eq(7)
/// }
///
/// let total: Condition<Order> = is_seven(Order::TOTAL);
/// assert_eq!(total.to_string(), "total = 7");
/// assert_eq!(is_seven(Order::NUMBER).to_string(), "number = 7");
/// ```
pub trait Role: Send + Sync + 'static {
    /// What a comparison of this attribute is.
    type Comparison<M>: From<Node>;
}

/// An ordinary attribute: what [`Path`](crate::Path) takes where no role is written.
///
/// ```
/// use dynamap::{Model, Path, role};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "orders", validate = false)]
/// # struct Order { #[model(hash_key)] number: u32, total: u32 }
/// let total: Path<Order, u32, role::Field> = Order::TOTAL;
/// let total: Path<Order, u32> = total;
/// assert_eq!(total.name(), "total");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Field;

/// The hash key.
///
/// ```
/// use dynamap::{Model, Path, role};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "orders", validate = false)]
/// # struct Order { #[model(hash_key)] number: u32, total: u32 }
/// let number: Path<Order, u32, role::HashKey> = Order::NUMBER;
/// assert_eq!(number.name(), "number");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct HashKey;

/// The range key: its comparisons can select a range in a query.
///
/// ```
/// use dynamap::{KeyCondition, Model, Path, role};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "visits", validate = false)]
/// # struct Visit { #[model(hash_key)] user: u32, #[model(range_key)] day: u32 }
/// let day: Path<Visit, u32, role::RangeKey> = Visit::DAY;
/// let late: KeyCondition<Visit, role::RangeKey> = day.ge(20_000);
/// assert_eq!(late.to_string(), "day >= 20000");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct RangeKey;

/// The lock version.
///
/// ```
/// use dynamap::{Model, Path, role};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "orders", validate = false)]
/// # struct Order { #[model(hash_key)] number: u32, #[model(version)] version: u64 }
/// let version: Path<Order, u64, role::Version> = Order::VERSION;
/// assert_eq!(version.gt(3).to_string(), "version > 3");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Version;

/// An ordinary attribute that is a range key of an index; `N` tells it from others of its model.
///
/// ```
/// use dynamap::{Model, Path, role};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "orders", gsi(by_customer, hash_key = customer, range_key = day), validate = false)]
/// # struct Order { #[model(hash_key)] number: u32, customer: u64, day: u32 }
/// fn name<const N: usize>(path: &Path<Order, u32, role::Indexed<N>>) -> &'static str {
///     path.name()
/// }
///
/// assert_eq!(name(&Order::DAY), "day");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Indexed<const N: usize>;

/// An attribute that the primary key is composed of, or a hash key that is a range key of an index.
///
/// ```
/// use dynamap::{Model, Path, role};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "orders", gsi(by_customer, hash_key = customer, range_key = number), validate = false)]
/// # struct Order { #[model(hash_key)] number: u32, customer: u64 }
/// fn name<const N: usize>(path: &Path<Order, u32, role::KeyPart<N>>) -> &'static str {
///     path.name()
/// }
///
/// assert_eq!(name(&Order::NUMBER), "number");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct KeyPart<const N: usize>;

/// A time that the library sets: an update cannot change it, a condition can be about it.
///
/// ```
/// use dynamap::{Model, Path, role};
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "sessions", validate = false)]
/// struct Session { #[model(hash_key)] id: u64, #[model(created_at)] created: u64 }
///
/// let created: Path<Session, u64, role::Stamped> = Session::CREATED;
/// assert_eq!(created.lt(1_000).to_string(), "created < 1000");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Stamped;

impl Role for Field {
    type Comparison<M> = Condition<M>;
}
impl Role for Version {
    type Comparison<M> = Condition<M>;
}
impl Role for HashKey {
    type Comparison<M> = Condition<M>;
}
impl Role for RangeKey {
    type Comparison<M> = KeyCondition<M, Self>;
}
impl<const N: usize> Role for Indexed<N> {
    type Comparison<M> = KeyCondition<M, Self>;
}
impl<const N: usize> Role for KeyPart<N> {
    type Comparison<M> = KeyCondition<M, Self>;
}
impl Role for Stamped {
    type Comparison<M> = Condition<M>;
}

/// The role of attributes that an update may change.
///
/// ```
/// use dynamap::{Database, Model, Path, Update, role::Changeable};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "orders", validate = false)]
/// # struct Order { #[model(hash_key)] number: u32, total: u64 }
/// fn clear<R: Changeable>(db: &Database, number: u32, path: Path<Order, u64, R>) -> Update<'_, Order> {
///     Order::update(db, number).set(path, 0)
/// }
///
/// let db = Database::new(dynamap::embedded::memory()?);
/// let request = clear(&db, 1, Order::TOTAL).into_sdk()?;
/// assert_eq!(request.get_table_name().as_deref(), Some("orders"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "an update cannot change this attribute",
    label = "a key, the version, or a time that the library sets",
    note = "keys are immutable: insert a new item and delete the old one; the version is raised by every write",
    note = "`created_at` and `updated_at` come from the database's clock: write a field without these words to set it yourself"
)]
pub trait Changeable: Role {}

impl Changeable for Field {}
impl<const N: usize> Changeable for Indexed<N> {}

/// The table itself, where an index could be queried: what [`Query`](crate::Query) and [`Scan`](crate::Scan) take where
/// nothing is written.
///
/// ```
/// use dynamap::{Database, Model, Query, role};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "orders", validate = false)]
/// # struct Order { #[model(hash_key)] number: u32 }
/// let db = Database::new(dynamap::embedded::memory()?);
/// let query: Query<'_, Order, role::Primary> = Order::query(&db, 7);
/// let query: Query<'_, Order> = query;
/// assert!(query.into_sdk().is_ok());
/// # Ok::<(), dynamap::embedded::OpenError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Primary;

/// The index with this number of its model: global ones in the order in which they are declared, from 0 on, then local ones.
///
/// ```
/// use dynamap::{Index, Model, role};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "orders", gsi(by_customer, hash_key = customer), gsi(by_day, hash_key = day), validate = false)]
/// # struct Order { #[model(hash_key)] number: u32, customer: u64, day: u32 }
/// let by_day: Index<Order, role::At<1>> = Order::BY_DAY;
/// assert_eq!(by_day.name(), "by_day");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct At<const N: usize>;

/// The role of an attribute that is a range key of model `M` where `I` is queried: [`Primary`], or the index [`At`] a
/// number.
///
/// ```
/// use dynamap::{KeyCondition, Model, Query, role::{Primary, RangeOf}};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "visits", validate = false)]
/// # struct Visit { #[model(hash_key)] user: u32, #[model(range_key)] day: u32 }
/// fn ranges_of_the_table<R: RangeOf<Visit, Primary>>(_: KeyCondition<Visit, R>) -> bool {
///     true
/// }
///
/// assert!(ranges_of_the_table(Visit::DAY.ge(20_000)));
/// ```
#[diagnostic::on_unimplemented(
    message = "this attribute is no range key of what is queried here",
    note = "`range` takes one comparison of the range key other than `ne`; for other attributes write `.filter(...)`"
)]
pub trait RangeOf<M, I>: Role {}

impl<M> RangeOf<M, Primary> for RangeKey {}
