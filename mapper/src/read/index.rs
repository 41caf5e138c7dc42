//! Reading by an index.

use std::fmt;
use std::marker::PhantomData;

use super::query::{Query, Scan};
use super::search::{Search, Source};
use crate::index::Indexed;
use crate::reader::IndexReader;

/// A secondary index of model `M`, as the constant that the derive makes: `Order::BY_STATUS`.
///
/// ```
/// # use dynamap::{Database, Model, Projection, Table};
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "orders", validate = false)]
/// #[model(gsi(by_status, hash_key = status, range_key = day))]
/// #[model(gsi(by_customer, hash_key = customer, include = [total]))]
/// struct Order {
///     #[model(hash_key)]
///     id: u64,
///     customer: String,
///     status: Option<String>,
///     day: String,
///     total: i64,
/// }
///
/// #[derive(Debug, PartialEq, Projection)]
/// #[model(of = Order)]
/// struct Total {
///     id: u64,
///     total: i64,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let db = Database::new(dynamap::embedded::memory()?);
/// Table::<Order>::create(&db).await?;
/// for (id, status, day) in [(1, Some("open"), "2026-11-20"), (2, Some("open"), "2026-11-21"), (3, None, "2026-11-21")] {
///     let status = status.map(str::to_owned);
///     Order { id, customer: "ann".into(), status, day: day.into(), total: 5 }.insert(&db).await?;
/// }
/// let open = Order::BY_STATUS.query(&db, "open").range(Order::DAY.gt("2026-11-20")).try_collect().await?;
/// assert_eq!(open[0].id, 2);
/// assert_eq!(Order::BY_STATUS.scan(&db).try_collect().await?.len(), 2); // sparse: order 3 has no status
///
/// let mut totals = Order::BY_CUSTOMER.query(&db, "ann").select::<Total>().try_collect().await?;
/// totals.sort_by_key(|total| total.id);
/// assert_eq!(totals[0], Total { id: 1, total: 5 });
/// assert_eq!(Order::BY_CUSTOMER.name(), "by_customer");
/// # Ok(())
/// # }
/// ```
///
/// A global index is eventually consistent: what was just written may be missing, or there as it was before.
///
/// [AWS: secondary indexes](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/SecondaryIndexes.html)
pub struct Index<M, I> {
    types: PhantomData<fn() -> (M, I)>,
}

impl<M, I> Index<M, I> {
    /// Used by the derive.
    #[doc(hidden)]
    #[must_use]
    pub const fn new() -> Self {
        Self { types: PhantomData }
    }
}

impl<M: Indexed<I>, I> Index<M, I> {
    /// The items of one hash key of the index.
    ///
    /// Not in a transaction: an index knows nothing of its writes. Find with `&db`, then read by key in the transaction
    /// what was found.
    pub fn query<'a, R: IndexReader>(
        self,
        db: &'a R,
        hash_key: M::IndexHash<'_>,
    ) -> Query<'a, M, I, M::Output> {
        let source = Source::query(M::encode_index_hash(hash_key));
        Query::of(Search::new(db.database(), M::layout(), Some(M::index()), source))
    }

    /// All items of the index: those that have its keys. Each is read and billed.
    pub fn scan<R: IndexReader>(self, db: &R) -> Scan<'_, M, I, M::Output> {
        Scan::of(Search::new(db.database(), M::layout(), Some(M::index()), Source::Scan))
    }

    /// The index's name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        M::index().name
    }
}

impl<M, I> Clone for Index<M, I> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, I> Copy for Index<M, I> {}

impl<M, I> fmt::Debug for Index<M, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Index")
    }
}
