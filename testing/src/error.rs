//! Why a test could not be prepared.

use dynamap_embedded::OpenError;
use dynamap_faults::NoHttpClient;
use dynamap_mapper::{DecodeError, Error};

/// Why the kit could not do what a test asked of it. What the program under test does fails with its own errors.
///
/// ```
/// use dynamap::testing::{TestDatabase, TestError};
/// # use dynamap::Model;
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64 }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let test = TestDatabase::builder().with::<Account>().build().await?;
/// let fixture = r#"[{"id": 1, "balance": 5}, {"id": 2, "balance": "much"}]"#;
/// match test.insert_json::<Account>(fixture).await {
///     Err(TestError::Unfit { position, error, .. }) => assert_eq!((position, error.path()), (2, "balance")),
///     other => panic!("{other:?}"),
/// }
/// assert_eq!(Account::scan(test.database()).count().await?, 0); // nothing of it is stored
/// # Ok(())
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestError {
    /// The embedded store does not open.
    #[error(transparent)]
    Open(#[from] OpenError),

    /// No faults could be put around the store.
    #[error(transparent)]
    Faults(#[from] NoHttpClient),

    /// The store refused a table or a read of the kit.
    #[error(transparent)]
    Store(#[from] Error),

    /// A fixture is no JSON, or not of the form that is wanted. Nothing of it is stored.
    #[error("the fixture is {what}, at line {line}, column {column}")]
    Json {
        /// What is wrong.
        what: &'static str,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },

    /// An item of a fixture does not read as the model. Nothing of the fixture is stored.
    #[error("item {position} of the fixture is no `{model}`: {error}")]
    Unfit {
        /// Its place in the fixture, from 1.
        position: usize,
        /// The model.
        model: &'static str,
        /// What does not fit.
        error: DecodeError,
    },

    /// An item of a fixture is refused.
    #[error("item {position} of the fixture is refused, {stored} of it are stored: {error}")]
    Refused {
        /// Its place in the fixture, from 1.
        position: usize,
        /// How many items of the fixture are stored: none where it could never be stored, those before it where the store
        /// said so.
        stored: usize,
        /// Why.
        error: Box<Error>,
    },

    /// The work has ended without such a request, so nothing came between.
    #[error("the work has sent no {operation}: nobody could be faster")]
    NotSent {
        /// The operation that was waited for.
        operation: String,
    },
}
