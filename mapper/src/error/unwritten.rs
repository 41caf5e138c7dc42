//! What many writes without a condition did not write.

use std::fmt;

use super::Error;

/// Some of many puts or deletes were not made, as far as is known: go on with what is left.
///
/// From [`Model::put_many`](crate::Model::put_many), whose leftovers are models, and
/// [`Model::delete_many`](crate::Model::delete_many), whose leftovers are the positions of keys. `?` turns it into the
/// [`Error`] where that is wanted.
///
/// ```
/// # use dynamap::{Database, Error, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "profiles", validate = false)]
/// # struct Profile { #[model(hash_key)] login: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Profile>::create(&db).await?;
/// let profile = |login: &str| Profile { login: login.into() };
/// let twice = [profile("ann"), profile("bob"), profile("ann")];
/// let unwritten = Profile::put_many(&db, twice).await.expect_err("one key, two profiles");
/// assert!(matches!(unwritten.error, Error::DuplicateKey(_)));
/// let mut left = unwritten.left;
/// assert_eq!(left.len(), 3); // nothing was sent
/// left.pop();
/// Profile::put_many(&db, left).await?;
/// assert_eq!(Profile::scan(&db).count().await?, 2);
/// # Ok(())
/// # }
/// ```
pub struct Unwritten<T, W> {
    /// Why. [`Error::OutcomeUnknown`] names the items of which it is open whether they were written; to write them again
    /// does no harm where nobody else has written them since.
    pub error: Error,
    /// What is left, in the order in which it was given. Models that may have been written are as they were sent, with
    /// the UUIDs that they were given, so that putting them again makes no others.
    pub left: Vec<T>,
    /// What was written, in the order in which it was given.
    pub written: Vec<W>,
}

impl<T, W> From<Unwritten<T, W>> for Error {
    fn from(unwritten: Unwritten<T, W>) -> Self {
        unwritten.error
    }
}

impl<T, W> fmt::Display for Unwritten<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} items of a batch are left: {}", self.left.len(), self.error)
    }
}

impl<T, W> fmt::Debug for Unwritten<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unwritten")
            .field("error", &self.error)
            .field("left", &self.left.len())
            .field("written", &self.written.len())
            .finish()
    }
}

impl<T, W> std::error::Error for Unwritten<T, W> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}
