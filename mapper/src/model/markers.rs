//! What only some models can do: the derive says which.

use super::Model;

/// A model whose items have a time to live: `#[model(ttl)]` on a field.
///
/// ```
/// # use dynamap::{Database, Table};
/// use dynamap::{Error, Model, Ttl, model::Expires};
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "sessions", validate = false)]
/// struct Session { #[model(hash_key)] id: u64, #[model(ttl)] until: Ttl }
///
/// async fn living<M: Expires>(db: &Database) -> Result<usize, Error> {
///     M::scan(db).skip_expired().count().await
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Session>::create(&db).await?;
/// Session { id: 1, until: Ttl::after(std::time::Duration::from_secs(3600)) }.insert(&db).await?;
/// Session { id: 2, until: Ttl::from_epoch_seconds(1) }.insert(&db).await?;
/// assert_eq!(living::<Session>(&db).await?, 1);
/// # Ok(())
/// # }
/// ```
///
/// [AWS: time to live](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html)
#[diagnostic::on_unimplemented(
    message = "items of `{Self}` do not expire",
    label = "the model has no TTL attribute",
    note = "write `#[model(ttl)]` on a field of type `Ttl` or `Option<Ttl>`"
)]
pub trait Expires: Model {}

/// A model whose items can be deleted without a condition, many in one request: by [`Model::delete_many`]. Derived.
///
/// That is every model but those with a version, with unique values, whose guards go with the items, with a view, whose
/// rows do, and with a discriminator: an item that belongs to another model must not be deleted.
///
/// ```
/// # use dynamap::{Database, Table};
/// use dynamap::{Error, Model, model::BatchDelete};
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "profiles", validate = false)]
/// struct Profile { #[model(hash_key)] id: u64, city: String }
///
/// async fn delete_first<M>(db: &Database, count: u64) -> Result<(), Error>
/// where
///     M: BatchDelete + for<'a> Model<KeyRef<'a> = u64>,
/// {
///     Ok(M::delete_many(db, 1..=count).await?)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Profile>::create(&db).await?;
/// for id in 1..=3 {
///     Profile { id, city: "Bern".into() }.insert(&db).await?;
/// }
/// delete_first::<Profile>(&db, 2).await?;
/// assert_eq!(Profile::scan(&db).count().await?, 1);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "an item of `{Self}` is not deleted without a condition",
    label = "the model has a version, a unique value, a view or a discriminator",
    note = "delete one by one: `{Self}::delete(&db, key)`, with `.when(…)` or `.unchecked()` where it has a version; or load the items and write `Loaded::delete`"
)]
pub trait BatchDelete {}

/// A model whose items can be put without a condition, many in one request: by [`Model::put_many`]. Derived.
///
/// That is every model that is [`BatchDelete`] but those with `created_at`, which a put in the place of an item would
/// lose, and with `auto_increment`, whose keys come from a counter.
///
/// ```
/// # use dynamap::{Database, Table};
/// use dynamap::{Error, Model, model::BatchPut};
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "profiles", validate = false)]
/// struct Profile { #[model(hash_key)] id: u64, city: String }
///
/// async fn fill<M: Model + BatchPut>(db: &Database, models: Vec<M>) -> Result<usize, Error> {
///     Ok(M::put_many(db, models).await?.len())
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Profile>::create(&db).await?;
/// let profiles = (1..=30).map(|id| Profile { id, city: "Bern".into() }).collect();
/// assert_eq!(fill(&db, profiles).await?, 30);
/// assert_eq!(Profile::scan(&db).count().await?, 30);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "an item of `{Self}` is not put without a condition",
    label = "the model has a version, a unique value, a view, a discriminator, `created_at` or `auto_increment`",
    note = "for new items write `{Self}::insert_many(&db, models)`, for loaded ones `{Self}::save_many(&db, &mut loaded)`, for one in the place of whatever is there `model.upsert(&db)`"
)]
pub trait BatchPut {}

/// A model whose hash key comes from a counter: `#[model(hash_key, auto_increment)]`. Derived.
///
/// ```
/// # use dynamap::{Database, Table};
/// use dynamap::{Error, Model, Sequence, model::Counted};
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "accounts", validate = false)]
/// struct Account { #[model(hash_key, auto_increment)] id: u64, balance: i64 }
///
/// async fn taken<M: Counted>(db: &Database) -> Result<u64, Error> {
///     Sequence::<M>::of(db).peek().await
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// Account { id: 0, balance: 5 }.insert(&db).await?;
/// Account { id: 0, balance: 5 }.insert(&db).await?;
/// assert_eq!(taken::<Account>(&db).await?, 2);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "the keys of `{Self}` do not come from a counter",
    label = "the model has no auto-increment key",
    note = "write `#[model(hash_key, auto_increment)]` on its hash key, or take numbers from `Sequence::named(&db, name)`"
)]
pub trait Counted: Model {}
