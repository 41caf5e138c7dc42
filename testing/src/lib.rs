//! What tests of programs need: a database of their own, that is the same in every run.
//!
//! [`TestDatabase`] is an embedded store in memory with the tables of the program's models. Two of them share nothing, so
//! tests run side by side. Ids, nonces and times follow from a seed and from a clock that the test moves.
//!
//! ```
//! use dynamap::testing::TestDatabase;
//! use dynamap::{Database, Error, Model};
//!
//! #[derive(Debug, Clone, Model)]
//! #[model(table = "accounts", validate = false)]
//! struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
//!
//! // The program: it knows nothing of tests.
//! async fn deposit(db: &Database, id: u64, amount: i64) -> Result<(), Error> {
//!     Account::update(db, id).add(Account::BALANCE, amount).await?;
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let test = TestDatabase::builder().with::<Account>().build().await?;
//! test.insert_json::<Account>(r#"[{"id": 1, "balance": 100}]"#).await?;
//!
//! deposit(test.database(), 1, 5).await?;
//!
//! assert_eq!(Account::get(test.database(), 1).await?.expect("Ann's account").balance, 105);
//! assert_eq!(test.requests(), ["UpdateItem accounts", "GetItem accounts"]);
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//!
//! * `builder`: [`TestDatabaseBuilder`], what can be set.
//! * `database`: [`TestDatabase`], the handle that a test holds.
//! * `clock`: [`TestClock`], the time that a test sets.
//! * `requests`: [`Requests`], what was sent.
//! * `json`: models of plain JSON; `stored`: items as they are stored, and [`Dump`]; `distinct`: no name twice.
//! * `error`: [`TestError`].

mod builder;
mod clock;
mod database;
mod distinct;
mod error;
mod json;
mod requests;
mod stored;

pub use builder::TestDatabaseBuilder;
pub use clock::TestClock;
pub use database::TestDatabase;
pub use error::TestError;
pub use requests::Requests;
pub use stored::Dump;
