//! The verbs that a batch takes as they are written everywhere else; each is sent by itself.

use std::future::IntoFuture as _;

use super::order::Access;
use crate::database::Database;
use crate::error::{Error, Target};
use crate::expr::role::{At, Primary};
use crate::loaded::Loaded;
use crate::model::Model;
use crate::projection::Output;
use crate::read::{BoxFuture, Query, Scan};
use crate::write::{DeleteByKey, Insert, Update, Upsert, returns};

/// What [`Batch::add`](crate::Batch::add) takes: an insert, an upsert, an update or a delete by key, a query, a scan.
///
/// ```
/// use dynamap::{Batch, BatchSlot, BatchVerb};
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
///
/// fn add_all<'a, V: BatchVerb<'a>>(
///     batch: &mut Batch<'a>,
///     verbs: impl IntoIterator<Item = V>,
/// ) -> Vec<BatchSlot<V::Output>> {
///     verbs.into_iter().map(|verb| batch.add(verb)).collect()
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// # for id in 1..=2 { Account { id, balance: 5, version: 0 }.insert(&db).await?; }
/// let mut batch = Batch::of(&db);
/// let interest = |id| Account::update(&db, id).add(Account::BALANCE, 1).returning_new();
/// let slots = add_all(&mut batch, (1..=2).map(interest));
/// let mut results = batch.run().await;
/// for slot in slots {
///     assert_eq!(results.take(slot)?.balance, 6);
/// }
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a verb that a batch takes",
    note = "write `Account::update(&db, key)…`, `account.insert(&db)`, `Account::query(&db, hash_key)…`, or `Account::delete(&db, key)` \
            with `.when(…)` or `.unchecked()`; for gets, puts and saves the batch has verbs of its own"
)]
pub trait BatchVerb<'a> {
    /// What it brings.
    type Output: Send + 'static;

    /// How it is sent, and what it touches.
    #[doc(hidden)]
    #[allow(private_interfaces, reason = "sealed by it")]
    fn planned(self, db: &Database) -> Planned<'a, Self::Output>;
}

/// A verb that waits for its turn.
pub(super) struct Planned<'a, T> {
    pub(super) access: Access,
    /// Or why it cannot be sent.
    pub(super) run: Result<Run<'a, T>, Error>,
}

/// Sends a verb; told whether it must see what was written before.
pub(super) type Run<'a, T> = Box<dyn FnOnce(bool) -> BoxFuture<'a, Result<T, Error>> + Send + 'a>;

impl<T> Planned<'_, T> {
    /// A verb that cannot be sent: what comes after it on its item is not sent either.
    fn wrong(target: Option<Target>, error: Error) -> Self {
        Self { access: target.map_or(Access::Nothing, Access::Write), run: Err(error) }
    }

    fn of_another_database() -> Self {
        let text = "the verb is of another database than the batch: pass the same";
        Self::wrong(None, Error::Usage(text))
    }
}

macro_rules! by_key {
    ($($ty:ident)*) => { $(
        impl<'a, M: Model, R: returns::Return> BatchVerb<'a> for $ty<'a, M, R> {
            type Output = R::Of<M>;

            #[allow(private_interfaces, reason = "sealed by it")]
            fn planned(self, db: &Database) -> Planned<'a, R::Of<M>> {
                if !db.is_same(self.database()) {
                    return Planned::of_another_database();
                }
                match self.target() {
                    Ok(target) => Planned {
                        access: Access::Write(target),
                        run: Ok(Box::new(|_| self.into_future())),
                    },
                    Err(error) => Planned::wrong(None, error),
                }
            }
        }
    )* };
}

by_key!(Update DeleteByKey);

macro_rules! whole {
    ($($ty:ident)*) => { $(
        impl<'a, M: Model> BatchVerb<'a> for $ty<'a, M> {
            type Output = Loaded<M>;

            #[allow(private_interfaces, reason = "sealed by it")]
            fn planned(self, db: &Database) -> Planned<'a, Loaded<M>> {
                if !db.is_same(self.database()) {
                    return Planned::of_another_database();
                }
                let given = self.target().ok().flatten();
                let ready = self.ready().and_then(|ready| Ok((ready.target()?, ready)));
                match ready {
                    Ok((target, ready)) => {
                        let unknown = || Access::Insert(db.table_name(M::layout()));
                        let access = target.map_or_else(unknown, Access::Write);
                        Planned { access, run: Ok(Box::new(|_| ready.into_future())) }
                    }
                    Err(error) => Planned::wrong(given, error),
                }
            }
        }
    )* };
}

whole!(Insert Upsert);

macro_rules! search {
    ($($ty:ident)*) => { $(
        impl<'a, M: Model, O: Output<M> + 'static> BatchVerb<'a> for $ty<'a, M, Primary, O> {
            type Output = Vec<O::Yield>;

            #[allow(private_interfaces, reason = "sealed by it")]
            fn planned(self, db: &Database) -> Planned<'a, Vec<O::Yield>> {
                let access = Access::Search(db.table_name(M::layout()));
                let run: Run<'a, Vec<O::Yield>> = Box::new(|sees_writes| {
                    let search = if sees_writes { self.consistent() } else { self };
                    Box::pin(search.try_collect())
                });
                Planned { access, run: Ok(run) }
            }
        }

        /// An index lags behind: its query is sent after the writes, and need not see them.
        impl<'a, const N: usize, M: Model, O: Output<M> + 'static> BatchVerb<'a>
            for $ty<'a, M, At<N>, O>
        {
            type Output = Vec<O::Yield>;

            #[allow(private_interfaces, reason = "sealed by it")]
            fn planned(self, db: &Database) -> Planned<'a, Vec<O::Yield>> {
                let access = Access::Search(db.table_name(M::layout()));
                Planned { access, run: Ok(Box::new(|_| Box::pin(self.try_collect()))) }
            }
        }
    )* };
}

search!(Query Scan);
