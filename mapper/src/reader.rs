//! What items are read through: the database itself, or a transaction that overlays it.

use std::future::Future;

use crate::database::Database;
use crate::error::Error;
use crate::item::Item;
use crate::key::Key;
use crate::model::Layout;

/// Where [`Model::get`](crate::Model::get) reads: a [`Database`] or a transaction.
#[diagnostic::on_unimplemented(
    message = "items are read through a `Database` or a `Transaction`, not `{Self}`",
    note = "pass `&db` or `&tx`"
)]
pub trait Reader: Send + Sync {
    /// The database below.
    fn database(&self) -> &Database;

    /// The stored item with this key.
    fn read_item(
        &self,
        layout: &'static Layout,
        key: &Key,
        consistent: bool,
    ) -> impl Future<Output = Result<Option<Item>, Error>> + Send;
}
