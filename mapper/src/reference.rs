//! References: an attribute that holds the key of another model's item.

use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use crate::batch::Gets;
use crate::codec::kind::{self, ScalarKind};
use crate::codec::{Attribute, DecodeError, EncodeError};
use crate::database::Database;
use crate::error::{Dangling, Error, Target};
use crate::item::{AttributeValue, Item};
use crate::key::{Key, KeyAttribute};
use crate::loaded::Loaded;
use crate::model::Model;
use crate::read::{BoxFuture, Get};
use crate::reader::Reader;
use crate::write::Update;

/// The key of an item of model `M`, held by another item: `customer: Ref<Customer>`.
///
/// It is read as it is, and nothing is loaded until [`load`](Ref::load) says so. The service does not know of
/// references: the item can be deleted, and what refers to it stays.
///
/// A key without a range key is stored as the value of the hash key itself, so that it can be the key of an index, and of
/// a table; one with a range key as a map of both key attributes, as requests name an item. In keys and conditions it is
/// written as `&Ref`.
///
/// ```
/// # use dynamap::{Database, Model, Ref, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "customers", validate = false)]
/// # struct Customer { #[model(hash_key)] id: u64, name: String }
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "orders", validate = false)]
/// #[model(gsi(by_customer, hash_key = customer, range_key = id))]
/// struct Order {
///     #[model(hash_key)]
///     id: u64,
///     customer: Ref<Customer>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Customer>::create(&db).await?;
/// # Table::<Order>::create(&db).await?;
/// let ann = Customer { id: 7, name: "Ann".into() }.insert(&db).await?;
/// let order = Order { id: 1, customer: Ref::of(&ann) }.insert(&db).await?;
///
/// let customer = order.customer.load(&db).await?.expect("there");
/// assert_eq!(customer.name, "Ann");
/// let orders = Order::BY_CUSTOMER.query(&db, &Ref::of(&ann)).try_collect().await?;
/// assert_eq!(orders[0].id, 1);
///
/// order.customer.update(&db).set(Customer::NAME, "Anna").await?;
/// assert_eq!(order.customer.load(&db).await?.expect("there").name, "Anna");
/// assert_eq!(order.customer.key().to_string(), "id = 7");
/// assert_eq!(order.customer, Ref::to(7)?); // a reference is its key
/// # Ok(())
/// # }
/// ```
///
/// [AWS: attributes of the primary key](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.CoreComponents.html#HowItWorks.CoreComponents.PrimaryKey)
pub struct Ref<M> {
    key: Key,
    model: PhantomData<fn() -> M>,
}

impl<M: Model> Ref<M> {
    /// A reference to the item with this key, whether or not it is there.
    ///
    /// # Errors
    /// `Encode` where the key cannot be stored, such as an empty text.
    pub fn to(key: M::KeyRef<'_>) -> Result<Self, Error> {
        let key = M::encode_key(key).map_err(|error| Error::encode(M::layout(), error))?;
        Ok(Self::at(key))
    }

    /// A reference to an item that was loaded.
    #[must_use]
    pub fn of(loaded: &Loaded<M>) -> Self {
        Self::at(loaded.key().clone())
    }

    fn at(key: Key) -> Self {
        Self { key, model: PhantomData }
    }

    /// Reads the item, as [`Model::get`] does: through a database or a transaction; `None` where there is none.
    ///
    /// # Errors
    /// Those of [`Model::get`].
    pub fn load<'a, R: Reader>(&self, reader: &'a R) -> Get<'a, R, M> {
        Get::new(reader, Ok(self.key.clone()))
    }

    /// Reads the item, which must be there; `holder` is the item that has the reference, for the error. Where the item is
    /// missing it is looked for once more, consistently: it can have been stored just now.
    ///
    /// ```
    /// # use dynamap::{Database, Error, Model, Ref, Table};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "customers", validate = false)]
    /// # struct Customer { #[model(hash_key)] id: u64 }
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "orders", validate = false)]
    /// # struct Order { #[model(hash_key)] id: u64, customer: Ref<Customer> }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<Customer>::create(&db).await?;
    /// # Table::<Order>::create(&db).await?;
    /// let order = Order { id: 1, customer: Ref::to(7)? }.insert(&db).await?;
    /// let error = order.customer.require(&db, &order).await.expect_err("nobody has id 7");
    /// assert!(matches!(&error, Error::Dangling(ends) if ends.from.table == "orders" && ends.to.table == "customers"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Dangling`] with both ends where the item is not there; those of [`Model::get`].
    pub fn require<'a, R: Reader, O: Model>(
        &self,
        reader: &'a R,
        holder: &Loaded<O>,
    ) -> BoxFuture<'a, Result<Loaded<M>, Error>> {
        let (reference, holder) = (self.clone(), holder.key().clone());
        Box::pin(async move {
            if let Some(found) = reference.load(reader).await? {
                return Ok(found);
            }
            if let Some(found) = reference.load(reader).consistent().await? {
                return Ok(found);
            }
            let db = reader.database();
            let from = Target::new(&db.table_name(O::layout()), &holder);
            let to = Target::new(&db.table_name(M::layout()), &reference.key);
            Err(Error::Dangling(Box::new(Dangling::new(from, to))))
        })
    }

    /// Reads the items of many references, each once, 100 in one request. What is not in the map is not there.
    ///
    /// Eventually consistent, and not of one moment, as [`Model::get_many`]. For references to several models in the same
    /// requests, and for consistent reads, take [`Gets::follow`]; for one moment
    /// [`Snapshot::follow`](crate::Snapshot::follow).
    ///
    /// ```
    /// # use dynamap::{Database, Model, Ref, Table};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "customers", validate = false)]
    /// # struct Customer { #[model(hash_key)] id: u64, name: String }
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "orders", validate = false)]
    /// # struct Order { #[model(hash_key)] id: u64, customer: Ref<Customer> }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<Customer>::create(&db).await?;
    /// # let ann = Customer { id: 7, name: "Ann".into() }.insert(&db).await?;
    /// # let orders = [Order { id: 1, customer: Ref::of(&ann) }, Order { id: 2, customer: Ref::to(7)? }];
    /// let customers = Ref::load_all(&db, orders.iter().map(|order| &order.customer)).await?;
    /// for order in &orders {
    ///     assert_eq!(customers[&order.customer].name, "Ann");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of [`Model::get_many`].
    ///
    /// [AWS: BatchGetItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html)
    pub fn load_all<'a, 'r>(
        db: &'a Database,
        references: impl IntoIterator<Item = &'r Self>,
    ) -> BoxFuture<'a, Result<HashMap<Self, Loaded<M>>, Error>> {
        let mut gets = Gets::of(db);
        let mut slots = HashMap::new();
        for reference in references {
            slots.entry(reference.clone()).or_insert_with(|| gets.follow(reference));
        }
        Box::pin(async move {
            let found = gets.read().await?;
            let mut items = HashMap::with_capacity(slots.len());
            for (reference, slot) in slots {
                if let Some(item) = found.take(slot)? {
                    items.insert(reference, item);
                }
            }
            Ok(items)
        })
    }

    /// Changes the item without reading it first, as [`Model::update`] does.
    ///
    /// # Errors
    /// Those of [`Model::update`].
    pub fn update<'a>(&self, db: &'a Database) -> Update<'a, M> {
        Update::new(db, Ok(self.key.clone()))
    }
}

impl<M> Ref<M> {
    /// The key of the item.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.key
    }
}

/// Stored as the hash key's value, or as a map of hash and range key.
impl<M: Model> Attribute for Ref<M> {
    type Kind = M::KeyKind;
    type ListKind = kind::L;
    type Operand<'a> = &'a Self;

    fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
        Self::encode_operand(self).map(Some)
    }

    fn encode_operand(operand: &Self) -> Result<AttributeValue, EncodeError> {
        Ok(operand.key.to_value())
    }

    fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
        let layout = M::layout();
        let item = match (layout.range_key, value) {
            (None, value) => Item::from_iter([(layout.hash_key.name.to_owned(), value.clone())]),
            (Some(_), AttributeValue::M(parts)) => Item::from(parts.clone()),
            (Some(_), other) => return Err(DecodeError::kind("a map of a key", other)),
        };
        for part in [layout.hash_key].into_iter().chain(layout.range_key) {
            // The value itself is the hash key where there is no range key.
            let at = |error: DecodeError| match layout.range_key {
                Some(_) => error.at(part.name),
                None => error,
            };
            check_part(part, &item).map_err(at)?;
        }
        let empty = |_| DecodeError::new("the key of an item", "an empty value");
        Key::of(layout, &item).map(Self::at).map_err(empty)
    }
}

/// Whether a part of a key is there and of its type.
fn check_part(part: KeyAttribute, item: &Item) -> Result<(), DecodeError> {
    let expected = match part.kind {
        ScalarKind::S => "the key of an item (S)",
        ScalarKind::N => "the key of an item (N)",
        ScalarKind::B => "the key of an item (B)",
    };
    match (part.kind, item.get(part.name)) {
        (ScalarKind::S, Some(AttributeValue::S(_)))
        | (ScalarKind::N, Some(AttributeValue::N(_)))
        | (ScalarKind::B, Some(AttributeValue::B(_))) => Ok(()),
        (_, Some(other)) => Err(DecodeError::kind(expected, other)),
        (_, None) => Err(DecodeError::missing(expected)),
    }
}

impl<M> Clone for Ref<M> {
    fn clone(&self) -> Self {
        Self { key: self.key.clone(), model: PhantomData }
    }
}

impl<M> PartialEq for Ref<M> {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl<M> Eq for Ref<M> {}

impl<M> Hash for Ref<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

/// As a key is shown: `Ref(id = 7)`.
impl<M> fmt::Debug for Ref<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ref({})", self.key)
    }
}
