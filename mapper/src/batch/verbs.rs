//! The verbs that a batch takes as they are written everywhere else; each is sent by itself.

use std::future::IntoFuture as _;

use super::order::Access;
use crate::database::Database;
use crate::error::Error;
use crate::expr::role::{At, Primary};
use crate::loaded::Loaded;
use crate::model::Model;
use crate::projection::Output;
use crate::read::{BoxFuture, Query, Scan};
use crate::write::{DeleteByKey, Insert, Update, Upsert, returns};

/// What [`Batch::add`](crate::Batch::add) takes: an insert, an upsert, an update or a delete by key, a query, a scan.
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
    fn planned(self, db: &Database) -> Result<Planned<'a, Self::Output>, Error>;
}

/// A verb that waits for its turn.
pub(super) struct Planned<'a, T> {
    pub(super) access: Access,
    pub(super) run: Run<'a, T>,
}

/// Sends a verb; told whether it must see what was written before.
pub(super) type Run<'a, T> = Box<dyn FnOnce(bool) -> BoxFuture<'a, Result<T, Error>> + Send + 'a>;

const OTHER: Error = Error::Usage("the verb is of another database than the batch: pass the same");

impl<'a, M: Model, R: returns::Return> BatchVerb<'a> for Update<'a, M, R> {
    type Output = R::Of<M>;

    #[allow(private_interfaces, reason = "sealed by it")]
    fn planned(self, db: &Database) -> Result<Planned<'a, R::Of<M>>, Error> {
        let same = db.is_same(self.database()).then_some(()).ok_or(OTHER);
        let access = same.and_then(|()| self.target()).map(Access::Write)?;
        Ok(Planned { access, run: Box::new(|_| self.into_future()) })
    }
}

impl<'a, M: Model, R: returns::Return> BatchVerb<'a> for DeleteByKey<'a, M, R> {
    type Output = R::Of<M>;

    #[allow(private_interfaces, reason = "sealed by it")]
    fn planned(self, db: &Database) -> Result<Planned<'a, R::Of<M>>, Error> {
        let same = db.is_same(self.database()).then_some(()).ok_or(OTHER);
        let access = same.and_then(|()| self.target()).map(Access::Write)?;
        Ok(Planned { access, run: Box::new(|_| self.into_future()) })
    }
}

impl<'a, M: Model> BatchVerb<'a> for Insert<'a, M> {
    type Output = Loaded<M>;

    #[allow(private_interfaces, reason = "sealed by it")]
    fn planned(self, db: &Database) -> Result<Planned<'a, Loaded<M>>, Error> {
        let same = db.is_same(self.database()).then_some(()).ok_or(OTHER);
        let (ready, target) = same.and_then(|()| self.ready())?;
        let unknown = || Access::Insert(db.table_name(M::layout()));
        let access = target.map_or_else(unknown, Access::Write);
        Ok(Planned { access, run: Box::new(|_| ready.into_future()) })
    }
}

impl<'a, M: Model> BatchVerb<'a> for Upsert<'a, M> {
    type Output = Loaded<M>;

    #[allow(private_interfaces, reason = "sealed by it")]
    fn planned(self, db: &Database) -> Result<Planned<'a, Loaded<M>>, Error> {
        let same = db.is_same(self.database()).then_some(()).ok_or(OTHER);
        let (ready, target) = same.and_then(|()| self.ready())?;
        Ok(Planned { access: Access::Write(target), run: Box::new(|_| ready.into_future()) })
    }
}

macro_rules! search {
    ($($ty:ident)*) => { $(
        impl<'a, M: Model, O: Output<M> + 'static> BatchVerb<'a> for $ty<'a, M, Primary, O> {
            type Output = Vec<O::Yield>;

            #[allow(private_interfaces, reason = "sealed by it")]
            fn planned(self, db: &Database) -> Result<Planned<'a, Vec<O::Yield>>, Error> {
                let access = Access::Search(db.table_name(M::layout()));
                let run: Run<'a, Vec<O::Yield>> = Box::new(|sees_writes| {
                    let search = if sees_writes { self.consistent() } else { self };
                    Box::pin(search.try_collect())
                });
                Ok(Planned { access, run })
            }
        }

        /// An index lags behind: its query is sent after the writes, and need not see them.
        impl<'a, const N: usize, M: Model, O: Output<M> + 'static> BatchVerb<'a>
            for $ty<'a, M, At<N>, O>
        {
            type Output = Vec<O::Yield>;

            #[allow(private_interfaces, reason = "sealed by it")]
            fn planned(self, db: &Database) -> Result<Planned<'a, Vec<O::Yield>>, Error> {
                let access = Access::Search(db.table_name(M::layout()));
                Ok(Planned { access, run: Box::new(|_| Box::pin(self.try_collect())) })
            }
        }
    )* };
}

search!(Query Scan);
