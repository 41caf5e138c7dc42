//! Changing an item by key, without reading it first.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;

use super::by_key::{ByKey, Guard};
use super::plan::{After, Base, Changes, Write, target};
use super::render::Action;
use super::single::update_request;
use super::{composed, in_shape, returns};
use crate::codec::{Attribute, EncodeError, ListOf, MapOf, MaybeAbsent, kind};
use crate::database::Database;
use crate::error::{Error, Target};
use crate::expr::change::Verb;
use crate::expr::{Change, IntoCondition, IntoExpression, Node, Path, Place, role};
use crate::item::AttributeValue;
use crate::key::Key;
use crate::model::Model;
use crate::read::BoxFuture;

/// The change of one item by key; from [`Model::update`](crate::Model::update). `.await` it.
///
/// The item must be there ([`Error::NotFound`]); the version is raised, and an `updated_at` field is set. An item of an
/// older schema is upgraded in the store first, so that changes and condition meet today's shape.
///
/// The struct's validation does not run: it needs the whole value, and an update has not read it. State what must hold
/// with [`when`](Update::when), or load and save.
///
/// A lost answer: the item is read. If this update was its last write, it succeeded; else the outcome is unknown, and
/// the error says so: sent again it could be made twice, around a write of somebody else.
/// [`exactly_once`](Update::exactly_once) rules that out.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, note: Option<String>, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # Account { id: 1, balance: 5, note: None, version: 0 }.insert(&db).await?;
/// let account = Account::update(&db, 1)
///     .add(Account::BALANCE, 10)
///     .set(Account::NOTE, "birthday")
///     .when(Account::BALANCE.ge(0))
///     .returning_new()
///     .await?;
/// assert_eq!((account.balance, account.version), (15, 2));
/// # Ok(())
/// # }
/// ```
///
/// Each change is a verb of its own; one update makes any number of them, each of another attribute:
///
/// ```
/// use std::collections::{BTreeMap, BTreeSet};
/// # use dynamap::{Database, Model, Table};
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "players", validate = false)]
/// struct Player {
///     #[model(hash_key)]
///     name: String,
///     nick: Option<String>,
///     team: Option<String>,
///     lives: u32,
///     coins: u32,
///     total: u32,
///     levels: Vec<u32>,
///     tags: BTreeSet<String>,
///     best: BTreeMap<String, u32>,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Player>::create(&db).await?;
/// # let texts = |texts: [&str; 2]| texts.map(str::to_owned);
/// # let player = Player {
/// #     name: "ann".into(), nick: Some("annie".into()), team: Some("red".into()), lives: 3, coins: 10, total: 0, levels: vec![1, 2],
/// #     tags: texts(["new", "loud"]).into(), best: BTreeMap::from([("E1M1".into(), 90)]),
/// # };
/// # player.insert(&db).await?;
/// let new = BTreeSet::from(["new".to_owned()]);
/// let before = Player::update(&db, "ann")
///     .set_if_absent(Player::NICK, "doomguy") // it has one
///     .increment(Player::LIVES, 2)
///     .decrement(Player::COINS, 4)
///     .set_to(Player::TOTAL, Player::LIVES.plus_attribute(Player::COINS)) // as they were before
///     .append(Player::LEVELS, &[3])
///     .delete_from(Player::TAGS, &new)
///     .remove_entry(Player::BEST, "E1M1")
///     .returning_old()
///     .await?;
/// assert_eq!(before.expect("was there").lives, 3);
/// let update = Player::update(&db, "ann").prepend(Player::LEVELS, &[0]).remove(Player::TEAM);
/// update.exactly_once().await?;
/// Player::update(&db, "ann").remove_at(Player::LEVELS, 1).into_sdk()?.send().await?;
///
/// let ann = Player::get(&db, "ann").await?.expect("there");
/// assert_eq!((ann.lives, ann.coins, ann.total), (5, 6, 13));
/// assert_eq!((ann.nick.as_deref(), ann.team.as_deref()), (Some("annie"), None));
/// assert_eq!(ann.levels, [0, 2, 3]);
/// assert_eq!((ann.tags.len(), ann.best.len()), (1, 0));
/// # Ok(())
/// # }
/// ```
///
/// [AWS: UpdateItem](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html)
#[must_use = "an update does nothing until it is awaited"]
pub struct Update<'a, M, R = returns::Nothing> {
    db: &'a Database,
    key: Result<Key, EncodeError>,
    changes: Vec<Change>,
    condition: Node,
    types: PhantomData<fn() -> (M, R)>,
}

impl<'a, M: Model> Update<'a, M> {
    pub(crate) fn new(db: &'a Database, key: Result<Key, EncodeError>) -> Self {
        let condition = Node::all(Vec::new());
        Self { db, key, changes: Vec::new(), condition, types: PhantomData }
    }

    /// Brings the item back as it is after the update.
    pub fn returning_new(self) -> Update<'a, M, returns::New> {
        self.returning()
    }

    /// Brings the item back as it was before the update; `None` where it was lost with the first answer.
    pub fn returning_old(self) -> Update<'a, M, returns::Old> {
        self.returning()
    }

    /// Sends the update as a transaction of its own, with a token: repeated on a bad network it is made once, and its
    /// outcome is known, unless the deadline passes first: without an answer, or with its condition failing after an
    /// answer was lost. Costs twice as much, and brings nothing back.
    ///
    /// ```
    /// # use dynamap::{Database, Model, Table};
    /// # use dynamap::faults::{Fault, Faults};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let faults = Faults::new();
    /// # let db = Database::new(faults.wrap(&dynamap::embedded::memory()?)?);
    /// # Table::<Account>::create(&db).await?;
    /// # Account { id: 1, balance: 5, version: 0 }.insert(&db).await?;
    /// faults.next("TransactWriteItems", Fault::LoseAnswer); // it is made, and sent again
    /// Account::update(&db, 1).add(Account::BALANCE, 10).exactly_once().await?;
    /// assert_eq!(faults.count("TransactWriteItems"), 2);
    /// assert_eq!(Account::get(&db, 1).await?.expect("there").balance, 15);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [AWS: idempotency](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-apis-txwriteitems)
    pub fn exactly_once(self) -> Update<'a, M, returns::Once> {
        self.returning()
    }

    fn returning<R>(self) -> Update<'a, M, R> {
        let Self { db, key, changes, condition, .. } = self;
        Update { db, key, changes, condition, types: PhantomData }
    }
}

impl<M: Model, R> Update<'_, M, R> {
    fn change<T, P>(
        mut self,
        path: Path<M, T, P>,
        verb: Verb,
        value: Result<AttributeValue, EncodeError>,
    ) -> Self {
        self.changes.push(Change::new(path.into_place(), verb, value.map(Some)));
        self
    }

    /// Sets an attribute, or a part of a document whose parent is there.
    pub fn set<T: Attribute, P: role::Changeable>(
        self,
        path: Path<M, T, P>,
        value: T::Operand<'_>,
    ) -> Self {
        self.change(path, Verb::Set, T::encode_operand(value))
    }

    /// Sets an attribute if it is absent.
    pub fn set_if_absent<T: Attribute, P: role::Changeable>(
        self,
        path: Path<M, T, P>,
        value: T::Operand<'_>,
    ) -> Self {
        self.change(path, Verb::SetIfAbsent, T::encode_operand(value))
    }

    /// Adds to a number that is there; the service refuses an absent one.
    pub fn increment<T: Attribute<Kind = kind::N>, P: role::Changeable>(
        self,
        path: Path<M, T, P>,
        by: T::Operand<'_>,
    ) -> Self {
        self.change(path, Verb::Increment, T::encode_operand(by))
    }

    /// Subtracts from a number that is there; the service refuses an absent one.
    pub fn decrement<T: Attribute<Kind = kind::N>, P: role::Changeable>(
        self,
        path: Path<M, T, P>,
        by: T::Operand<'_>,
    ) -> Self {
        self.change(path, Verb::Decrement, T::encode_operand(by))
    }

    /// Adds to a number, from 0 where it is absent; or adds elements to a set.
    pub fn add<T: Attribute, P: role::Changeable>(
        self,
        path: Path<M, T, P>,
        value: T::Operand<'_>,
    ) -> Self
    where
        T::Kind: kind::Add,
    {
        self.change(path, Verb::Add, T::encode_operand(value))
    }

    /// Takes elements out of a set.
    pub fn delete_from<T: Attribute, P: role::Changeable>(
        self,
        path: Path<M, T, P>,
        elements: T::Operand<'_>,
    ) -> Self
    where
        T::Kind: kind::Set,
    {
        self.change(path, Verb::DeleteFrom, T::encode_operand(elements))
    }

    /// Adds elements at the end of a list that is there.
    pub fn append<T: Attribute + ListOf, P: role::Changeable>(
        self,
        path: Path<M, T, P>,
        elements: T::Operand<'_>,
    ) -> Self {
        self.change(path, Verb::Append, T::encode_operand(elements))
    }

    /// Adds elements at the beginning of a list that is there.
    pub fn prepend<T: Attribute + ListOf, P: role::Changeable>(
        self,
        path: Path<M, T, P>,
        elements: T::Operand<'_>,
    ) -> Self {
        self.change(path, Verb::Prepend, T::encode_operand(elements))
    }

    /// Removes an attribute that the model can do without: an `Option`, or a set.
    pub fn remove<T: MaybeAbsent, P: role::Changeable>(mut self, path: Path<M, T, P>) -> Self {
        self.changes.push(Change::remove(path.into_place()));
        self
    }

    /// Removes an element of a list; those behind it move up.
    pub fn remove_at<T: ListOf, P: role::Changeable>(
        mut self,
        path: Path<M, T, P>,
        index: usize,
    ) -> Self {
        self.changes.push(Change::remove(path.index(index).into_place()));
        self
    }

    /// Removes an entry of a map.
    pub fn remove_entry<T: MapOf, P: role::Changeable>(
        mut self,
        path: Path<M, T, P>,
        key: impl Into<String>,
    ) -> Self {
        self.changes.push(Change::remove(path.entry(key).into_place()));
        self
    }

    /// Sets an attribute to another one of the same DynamoDB type, or to a sum:
    /// `.set_to(Account::TOTAL, Account::NET.plus_attribute(Account::TAX))`.
    ///
    /// The attributes that are read must be there. AWS computes with the item as it was before the update. A number that
    /// the field's type cannot hold is stored all the same, and fails when it is read.
    pub fn set_to<T: Attribute, P: role::Changeable>(
        mut self,
        path: Path<M, T, P>,
        value: impl IntoExpression<M, T::Kind>,
    ) -> Self {
        self.changes.push(Change::set_to(path.into_place(), value.into_expression()));
        self
    }

    /// Makes the changes only if the stored item fulfils the condition; several conditions must all hold.
    pub fn when(mut self, condition: impl IntoCondition<M>) -> Self {
        self.condition = self.condition.and(condition.into_condition().into_node());
        self
    }
}

impl<M: Model, R: returns::Return> Update<'_, M, R> {
    pub(crate) fn database(&self) -> &Database {
        self.db
    }

    /// Which item it is about.
    ///
    /// # Errors
    /// `Encode`.
    pub(crate) fn target(&self) -> Result<Target, Error> {
        let layout = M::layout();
        let key = self.key.clone().map_err(|error| Error::encode(layout, error))?;
        Ok(target(self.db, layout, key))
    }

    pub(super) fn plan(self) -> Result<ByKey, Error> {
        let layout = M::layout();
        let encode = |error| Error::encode(layout, error);
        let key = self.key.map_err(encode)?;
        let now = M::encode_updated_at(self.db.now()).map_err(encode)?;
        let (mut changes, mut shape) = in_shape::changes::<M>(self.changes)?;
        shape.add_condition(&self.condition);
        changes.extend(now.map(|(name, now)| Change::set(Place::attribute(name), now)));
        changes.extend(composed::changes(layout, &key, &changes)?);
        let after = After::By(Changes { changes });
        let mut write = Write::new(layout, target(self.db, layout, key), Base::Any, after);
        write.condition = Some(Node::exists(layout.hash_key.name).and(self.condition));
        write.once = R::ONCE;
        write.returns = R::RETURNS;
        Ok(ByKey { write, guard: Guard::Shape(shape) })
    }

    async fn run(self) -> Result<R::Of<M>, Error> {
        let db = self.db;
        self.plan()?.returning::<M, R>(db).await
    }

    /// The request as a builder of the SDK, with everything filled in, to be changed and sent by the program.
    ///
    /// What happens then is the program's: older items are not upgraded, a lost answer is not recognised.
    ///
    /// # Errors
    /// `Encode`, `Limit`: what is found before anything is sent. `Usage` where the update is no single request: where it
    /// is sent [`exactly_once`](Update::exactly_once), touches a unique value or an item with views, or where the
    /// database writes older schemas.
    pub fn into_sdk(self) -> Result<UpdateItemFluentBuilder, Error> {
        let db = self.db;
        let rendered = self.plan()?.render(db)?;
        match &rendered.action {
            Action::Update(update) => {
                Ok(update_request(db.client(), update, rendered.returns, rendered.parts))
            }
            _ => Err(Error::Usage("an update is an UpdateItem")),
        }
    }
}

impl<'a, M: Model, R: returns::Return> IntoFuture for Update<'a, M, R> {
    type Output = Result<R::Of<M>, Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<M, R> fmt::Debug for Update<'_, M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Update").field("key", &self.key).finish_non_exhaustive()
    }
}
