//! A reference to an item that is not there.

use super::Target;

/// An item refers to another one that is not there: deleted meanwhile, or never stored.
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
/// let Err(Error::Dangling(ends)) = order.customer.require(&db, &order).await else { panic!("nobody has id 7") };
/// assert_eq!(ends.from.to_string(), "(id = 1) of table orders");
/// assert_eq!(ends.to.to_string(), "(id = 7) of table customers");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("item {from} refers to item {to}, which is not there: nothing was written")]
pub struct Dangling {
    /// The item that holds the reference.
    pub from: Target,
    /// The item that it names.
    pub to: Target,
}

impl Dangling {
    pub(crate) fn new(from: Target, to: Target) -> Self {
        Self { from, to }
    }
}
