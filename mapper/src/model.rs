//! The trait of models: what the derive tells about a struct, and the verbs that users call on it.

mod markers;

use std::time::SystemTime;

use garde::Report;

use crate::automatic::{Automatic, WriteVerb};
use crate::batch::{DeleteMany, Gets, InsertMany, PutMany, SaveMany};
use crate::codec::{DecodeError, EncodeError, kind::Kind};
use crate::database::Database;
use crate::decode::decode;
use crate::error::Error;
use crate::item::{AttributeValue, Item};
use crate::key::Key;
pub use crate::layout::Layout;
use crate::loaded::Loaded;
use crate::read::{BoxFuture, Get, Query, Scan};
use crate::reader::Reader;
use crate::schema::{SCHEMA_ATTRIBUTE, schema_text};
use crate::write::{DeleteByKey, Insert, Lock, Update, Upsert};

pub use markers::{BatchDelete, BatchPut, Counted, Expires};

/// A struct that is stored as items of one table. Derive it.
///
/// ```
/// use dynamap::{Database, Model, Table};
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "maps", validate = false)]
/// struct DoomMap {
///     #[model(hash_key)]
///     episode: u32,
///     #[model(range_key)]
///     map: u32,
///     name: String,
///     #[model(version)]
///     version: u64,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let db = Database::new(dynamap::embedded::memory()?);
/// Table::<DoomMap>::create(&db).await?;
/// DoomMap { episode: 1, map: 1, name: "Hangar".into(), version: 0 }.insert(&db).await?;
///
/// let map = DoomMap::get(&db, (1, 1)).await?.expect("was inserted");
/// assert_eq!(map.name, "Hangar");
/// assert_eq!(map.version, 1);
/// # Ok(())
/// # }
/// ```
///
/// Verbs that need nothing loaded:
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, PartialEq, Model)]
/// # #[model(table = "profiles", validate = false)]
/// # struct Profile { #[model(hash_key)] login: String, city: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Profile>::create(&db).await?;
/// let profile = |login: &str, city: &str| Profile { login: login.into(), city: city.into() };
/// Profile::put_many(&db, [profile("ann", "Bern"), profile("bob", "Bern")]).await?;
/// let inserted = Profile::insert_many(&db, [profile("ann", "Chur"), profile("joe", "Chur")]).await;
/// assert!(inserted[0].as_ref().is_err_and(|error| error.is_conflict()) && inserted[1].is_ok());
/// assert_eq!(profile("ann", "Basel").get_or_insert(&db).await?.city, "Bern"); // she was there
/// profile("eve", "Basel").upsert(&db).await?;
/// assert!(profile("moe", "Basel").replace(&db).await.is_err_and(|error| error.is_not_found()));
/// Profile::update(&db, "bob").set(Profile::CITY, "Basel").await?;
/// let found = Profile::get_many(&db, ["moe", "bob"]).await?;
/// assert!(found[0].is_none() && found[1].as_ref().is_some_and(|bob| bob.city == "Basel"));
///
/// let mut all = Profile::scan(&db).try_collect().await?;
/// all.iter_mut().for_each(|profile| profile.city = "Genf".into());
/// assert!(Profile::save_many(&db, &mut all).await.iter().all(Result::is_ok));
/// Profile::delete(&db, "ann").await?;
/// Profile::delete_many(&db, ["bob", "eve"]).await?;
/// assert_eq!(Profile::scan(&db).plain().try_collect().await?, [profile("joe", "Genf")]);
/// # Ok(())
/// # }
/// ```
///
/// What the verbs are made of, for programs that work with items themselves:
///
/// ```
/// use dynamap::{AttributeValue, Item, Model, Report, WriteVerb};
///
/// #[derive(Debug, Clone, PartialEq, garde::Validate, Model)]
/// #[model(table = "users", normalize = lower_case, before_write = sign, after_read = greet)]
/// struct User {
///     #[model(hash_key)] #[garde(ascii)] login: String,
///     #[garde(skip)] last: String,
///     #[model(skip)] #[garde(skip)] greeting: String,
/// }
/// # fn lower_case(user: &mut User) { user.login = user.login.to_lowercase(); }
/// # fn sign(user: User, verb: WriteVerb) -> Result<User, Report> { Ok(User { last: format!("{verb:?}"), ..user }) }
/// # fn greet(user: User, _: &Item) -> User { User { greeting: format!("Hi {}", user.login), ..user } }
/// let mut user = User { login: "Ann".into(), last: String::new(), greeting: String::new() };
/// user.normalize();
/// let user = user.before_write(WriteVerb::Insert)?;
/// assert_eq!((user.login.as_str(), user.last.as_str()), ("ann", "Insert"));
/// assert!(user.check().is_ok() && User { login: "änn".into(), ..user.clone() }.check().is_err());
/// assert_eq!(User::layout().table, "users");
/// assert_eq!(User::encode_hash("ann")?, ("login", AttributeValue::S("ann".into())));
/// assert_eq!(user.key()?, User::encode_key("ann")?);
/// let item = user.to_attributes()?;
/// assert_eq!(User::from_attributes(&item)?, user);
/// assert_eq!(user.encode()?.names(), ["_schema", "last", "login"]);
/// assert_eq!(user.after_read(&item).greeting, "Hi ann");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a model",
    note = "write `#[derive(Model)]` and `#[model(table = \"...\")]` on the struct"
)]
pub trait Model: Sized + Clone + Send + Sync + 'static {
    /// How a key is written: the value of the hash key, or a pair of hash and range key; strings as `&str`.
    type KeyRef<'a>: Send;
    /// How a value of the hash key is written; a tuple where it is composed of several fields.
    type HashRef<'a>: Send;
    /// What a [`Ref`](crate::Ref) to an item is stored as: as the hash key is, or a map where there is a range key too.
    type KeyKind: Kind;
    /// `Versioned` or `Unversioned`.
    type Lock: Lock;

    /// What the derive knows about the struct.
    fn layout() -> &'static Layout;

    /// The key that `key` writes down.
    ///
    /// # Errors
    /// Where a part of it is empty or cannot be stored.
    fn encode_key(key: Self::KeyRef<'_>) -> Result<Key, EncodeError>;

    /// The hash key that `hash` writes down, with its name.
    ///
    /// # Errors
    /// Where it cannot be stored.
    fn encode_hash(hash: Self::HashRef<'_>) -> Result<(&'static str, AttributeValue), EncodeError>;

    /// The key of this value.
    ///
    /// # Errors
    /// As [`encode_key`](Model::encode_key).
    fn key(&self) -> Result<Key, EncodeError>;

    /// Every attribute but the version and those that the library adds.
    ///
    /// # Errors
    /// Where DynamoDB cannot hold a value.
    fn to_attributes(&self) -> Result<Item, EncodeError> {
        // With room for what a write puts on it: schema, version and nonce.
        let mut item = Item::with_capacity(Self::layout().attributes.len() + 3);
        self.put_attributes(&mut item)?;
        Ok(item)
    }

    /// Puts these attributes on an item: on a clone of a stored one only those that it does not hold already.
    ///
    /// # Errors
    /// Where DynamoDB cannot hold a value.
    #[doc(hidden)]
    fn put_attributes(&self, item: &mut Item) -> Result<(), EncodeError>;

    /// The model of an item of the current schema.
    ///
    /// # Errors
    /// Where an attribute is missing or does not fit its field.
    fn from_attributes(item: &Item) -> Result<Self, DecodeError>;

    /// Gives fields that would be stored as absent their `default`; called once, on insert.
    ///
    /// # Errors
    /// Where DynamoDB cannot hold a value.
    #[doc(hidden)]
    fn fill_defaults(&mut self) -> Result<(), EncodeError>;

    /// What attributes with a `default` read as where they are absent.
    ///
    /// # Errors
    /// Where DynamoDB cannot hold a value.
    #[doc(hidden)]
    fn default_attributes() -> Result<Item, EncodeError> {
        Ok(Item::new())
    }

    /// Sets the fields that the library fills by itself, once before the hooks and once after them; `stored` is the
    /// model as it was read, for a save.
    #[doc(hidden)]
    fn fill_automatic(&mut self, automatic: &Automatic<'_>, stored: Option<&Self>) {
        let _ = (automatic, stored);
    }

    /// The `updated_at` attribute of this moment, where the model has one.
    ///
    /// # Errors
    /// Where DynamoDB cannot hold the value.
    #[doc(hidden)]
    fn encode_updated_at(
        now: SystemTime,
    ) -> Result<Option<(&'static str, AttributeValue)>, EncodeError> {
        let _ = now;
        Ok(None)
    }

    /// Brings the value into its normal form, as every write of a whole model does before anything else: the function
    /// of `#[model(normalize = …)]`.
    fn normalize(&mut self) {}

    /// Completes or refuses the value before it is validated and written: the function of
    /// `#[model(before_write = …)]`.
    ///
    /// # Errors
    /// The report of what is wrong; the write is then [`Error::Invalid`].
    fn before_write(self, verb: WriteVerb) -> Result<Self, Report> {
        let _ = verb;
        Ok(self)
    }

    /// Completes a value that was read from this item: the function of `#[model(after_read = …)]`.
    #[must_use]
    fn after_read(self, item: &Item) -> Self {
        let _ = item;
        self
    }

    /// The version field, where the model has one.
    #[doc(hidden)]
    fn version_mut(&mut self) -> Option<&mut u64>;

    /// Hands on the fields that are not stored, from the value that was written to the one that was read back.
    #[doc(hidden)]
    fn swap_skipped(&mut self, _other: &mut Self) {}

    /// Sets the hash key to an id from a counter; only called where the hash key is `auto_increment`.
    ///
    /// # Errors
    /// Where the id does not fit the field's type.
    #[doc(hidden)]
    fn set_hash_key(&mut self, id: u64) -> Result<(), EncodeError>;

    /// Runs the model's validation (garde), as every insert and save does before anything is sent.
    ///
    /// # Errors
    /// The report of everything that is wrong.
    fn check(&self) -> Result<(), Report>;

    /// Reads one item by key, `None` where there is none.
    ///
    /// Reads are eventually consistent unless [`consistent`](Get::consistent) is said, and always consistent inside a
    /// transaction. Dropping the future has no effect on the table.
    ///
    /// # Errors
    /// `Decode`, `SchemaTooNew`, `Upgrade` for an item that is there and cannot be read, and what the service says.
    ///
    /// [AWS: GetItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html)
    fn get<'a, R: Reader>(reader: &'a R, key: Self::KeyRef<'_>) -> Get<'a, R, Self> {
        Get::new(reader, Self::encode_key(key))
    }

    /// Reads many items by key, 100 in one request; the results are in the order of the keys, `None` where there is no
    /// item. The same key may be given twice.
    ///
    /// Eventually consistent, and not of one moment. In a transaction or a session consistent, and only what is not known
    /// is asked for. For consistent reads, for several models, and to keep what was
    /// found where something was not, take [`Gets`]. Dropping the future has no effect on the table.
    ///
    /// # Errors
    /// `Encode` for a key that cannot be stored, before anything is sent; `Decode`, `SchemaTooNew`, `Upgrade` for an
    /// item that cannot be read; `Busy` where an item was not read until the deadline; what the service says.
    ///
    /// [AWS: BatchGetItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html)
    fn get_many<'a, 'k, R: Reader>(
        reader: &'a R,
        keys: impl IntoIterator<Item = Self::KeyRef<'k>>,
    ) -> BoxFuture<'a, Result<Vec<Option<Loaded<Self>>>, Error>> {
        let mut gets = Gets::of(reader);
        let slots: Vec<_> = keys.into_iter().map(|key| gets.get::<Self>(key)).collect();
        Box::pin(async move {
            let found = gets.read().await?;
            slots.into_iter().map(|slot| found.take(slot)).collect()
        })
    }

    /// Stores a new item; an item with the same key is a [`Conflict`](Error::Conflict) and stays as it is.
    ///
    /// The version starts at 1 whatever the field holds. An `auto_increment` key is taken from its counter; see
    /// [`Insert::with_own_key`] for giving one. The fields that the library owns are filled, and the model's hooks run,
    /// before anything is sent; a lost answer changes neither id nor times.
    ///
    /// # Errors
    /// `Invalid` and `Encode` before anything is sent, `Conflict`, `OutcomeUnknown`, and what the service says.
    ///
    /// If the future is dropped half-way, the item may or may not have been stored.
    fn insert(self, db: &Database) -> Insert<'_, Self> {
        Insert::new(db, self)
    }

    /// Inserts many models, 16 at once unless [`at_once`](InsertMany::at_once) is said: each as
    /// [`insert`](Model::insert) does, with a result of its own, in the order of the models.
    ///
    /// Not all or nothing: where one fails, the others are stored all the same. For all or nothing take a transaction.
    /// If the future is dropped half-way, any of the items may have been stored.
    ///
    /// # Errors
    /// Of each model those of [`insert`](Model::insert).
    ///
    /// [AWS: PutItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html)
    fn insert_many(db: &Database, models: impl IntoIterator<Item = Self>) -> InsertMany<'_, Self> {
        InsertMany::new(db, models.into_iter().collect())
    }

    /// Saves many loaded models, 16 at once unless [`at_once`](SaveMany::at_once) is said: each as
    /// [`Loaded::save`] does, with a result of its own, in the order of the models.
    ///
    /// Not all or nothing: a model whose save fails is as it was, and the others are saved all the same.
    /// If the future is dropped half-way, any of the items may have been written; a model whose save had its answer
    /// by then is as it is stored.
    ///
    /// # Errors
    /// Of each model those of [`Loaded::save`].
    ///
    /// [AWS: UpdateItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html)
    fn save_many<'a>(db: &'a Database, loaded: &'a mut [Loaded<Self>]) -> SaveMany<'a, Self> {
        SaveMany::new(db, loaded)
    }

    /// Puts many models, each in the place of whatever item is there, 25 in one request: the fast way to fill a table.
    /// For models without a version; see [`PutMany`] for what a put without a condition means.
    ///
    /// # Errors
    /// [`Unwritten`](crate::error::Unwritten) with the models that are left. Nothing was sent where its error is
    /// `Invalid`, `Encode`, `Limit` (an item of more than 400 KB) or `DuplicateKey`; otherwise it is `Busy`,
    /// `OutcomeUnknown`, or what the service says, and all other models are stored.
    ///
    /// [AWS: BatchWriteItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html)
    fn put_many(db: &Database, models: impl IntoIterator<Item = Self>) -> PutMany<'_, Self>
    where
        Self: BatchPut,
    {
        PutMany::new(db, models.into_iter().collect())
    }

    /// Deletes many items by key, whatever they are, 25 in one request. For models without a version; see
    /// [`DeleteMany`].
    ///
    /// # Errors
    /// [`Unwritten`](crate::error::Unwritten) with the positions of the keys that are left. Nothing was sent where its
    /// error is `Encode` or `DuplicateKey`; otherwise it is `Busy`, `OutcomeUnknown`, or what the service says, and all
    /// other items are gone.
    ///
    /// [AWS: BatchWriteItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html)
    fn delete_many<'a, 'k>(
        db: &'a Database,
        keys: impl IntoIterator<Item = Self::KeyRef<'k>>,
    ) -> DeleteMany<'a>
    where
        Self: BatchDelete,
    {
        DeleteMany::new::<Self>(db, keys.into_iter().map(Self::encode_key))
    }

    /// Stores a new item, or reads the one that is there with its key.
    ///
    /// Not for `auto_increment` keys, which are always new.
    ///
    /// # Errors
    /// As [`insert`](Model::insert), but no `Conflict`; `Decode`, `SchemaTooNew`, `Upgrade` of the item that is there.
    fn get_or_insert(
        self,
        db: &Database,
    ) -> impl Future<Output = Result<Loaded<Self>, Error>> + Send + '_ {
        async move {
            match self.insert(db).await {
                Err(error) => error.winner::<Self>()?.ok_or(error),
                stored => stored,
            }
        }
    }

    /// Reads an item that came by another way than this library: a stream event, an export. Upgrades it as every read
    /// does.
    ///
    /// ```
    /// # use dynamap::{AttributeValue, Item, Model};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
    /// let mut item = Item::new();
    /// for (name, number) in [("id", "1"), ("balance", "5"), ("version", "3")] {
    ///     item.insert(name, AttributeValue::N(number.into()));
    /// }
    /// let account = Account::decode(item)?;
    /// assert_eq!((account.balance, account.version), (5, 3));
    /// assert_eq!(account.encode()?.get("balance"), Some(&AttributeValue::N("5".into())));
    /// # Ok::<(), dynamap::Error>(())
    /// ```
    ///
    /// # Errors
    /// `Decode`, `SchemaTooNew`, `NoUpgradePath`, `Upgrade`.
    fn decode(item: Item) -> Result<Loaded<Self>, Error> {
        let layout = Self::layout();
        let key = Key::of(layout, &item).map_err(|error| Error::encode(layout, error))?;
        decode(layout.table, &key, item)
    }

    /// The item that an insert of this value would store, without version and nonce, and without what hooks and automatic
    /// fields would add.
    ///
    /// # Errors
    /// `Encode` where DynamoDB cannot hold a value.
    fn encode(&self) -> Result<Item, Error> {
        let layout = Self::layout();
        let mut item = self.to_attributes().map_err(|error| Error::encode(layout, error))?;
        item.insert(SCHEMA_ATTRIBUTE, schema_text(&layout.schema));
        Ok(item)
    }

    /// Writes every attribute of this value, whether or not an item with its key is there, and returns what is stored.
    ///
    /// The last writer wins: nothing is checked but that the stored item may be written at all. On a model with a
    /// version the version is raised, never reset; attributes that the struct does not know survive.
    ///
    /// # Errors
    /// `Invalid`, `Encode` before anything is sent; `SchemaTooNew`; `OutcomeUnknown`; what the service says.
    ///
    /// [AWS: UpdateItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html)
    fn upsert(self, db: &Database) -> Upsert<'_, Self> {
        Upsert::new(db, self, false)
    }

    /// As [`upsert`](Model::upsert), but an item with this key must be there.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none; those of [`upsert`](Model::upsert).
    fn replace(self, db: &Database) -> Upsert<'_, Self> {
        Upsert::new(db, self, true)
    }

    /// Changes an item by key, without reading it first; see [`Update`] for the changes.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none; `Conflict` where a condition does not hold; `Encode`; `SchemaTooNew`;
    /// `OutcomeUnknown`; what the service says.
    ///
    /// [AWS: UpdateItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html)
    fn update<'a>(db: &'a Database, key: Self::KeyRef<'_>) -> Update<'a, Self> {
        Update::new(db, Self::encode_key(key))
    }

    /// Deletes an item by key, without reading it first.
    ///
    /// On a model with a version this asks for a decision: `.when(condition)` or `.unchecked()`.
    /// A [`Loaded`] is deleted with [`Loaded::delete`], which needs none.
    ///
    /// [AWS: DeleteItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html)
    fn delete<'a>(
        db: &'a Database,
        key: Self::KeyRef<'_>,
    ) -> <Self::Lock as Lock>::Delete<'a, Self> {
        Self::Lock::delete(DeleteByKey::new(db, Self::encode_key(key)))
    }

    /// Reads the items of one hash key, in the order of the range key.
    ///
    /// In a transaction the results are those that its own writes leave, each is checked at commit, and the read is
    /// consistent. Items that others insert meanwhile are not noticed.
    ///
    /// ```
    /// # use dynamap::{Database, Model, Table, Transaction};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "maps", validate = false)]
    /// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<DoomMap>::create(&db).await?;
    /// for map in [1, 3] {
    ///     DoomMap { episode: 1, map }.insert(&db).await?;
    /// }
    /// let tx = Transaction::begin(&db);
    /// tx.insert(DoomMap { episode: 1, map: 2 })?;
    /// let found = DoomMap::query(&tx, 1).try_collect().await?;
    /// assert_eq!(found.iter().map(|map| map.map).collect::<Vec<_>>(), [1, 2, 3]);
    /// assert_eq!(DoomMap::query(&db, 1).try_collect().await?.len(), 2); // nothing is sent before the commit
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [AWS: Query](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html)
    fn query<'a, R: Reader>(reader: &'a R, hash_key: Self::HashRef<'_>) -> Query<'a, Self> {
        Query::table(reader, Self::encode_hash(hash_key))
    }

    /// Reads the whole table: every item is read and billed. In a transaction as [`query`](Model::query); what the
    /// transaction knows comes last.
    ///
    /// [AWS: Scan](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html)
    fn scan<R: Reader>(reader: &R) -> Scan<'_, Self> {
        Scan::table(reader)
    }
}
