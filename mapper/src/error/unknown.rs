//! A write of which it is open whether it was applied.

use std::fmt;

use super::Target;

/// A write whose answer was lost and whose effect could not be found out.
///
/// ```
/// # use dynamap::{Database, Error, Model, Table};
/// use dynamap::faults::{Fault, Faults};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, #[model(version)] version: u64 }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let faults = Faults::new();
/// let client = faults.wrap(&dynamap::embedded::memory()?)?;
/// let db = Database::new(client);
/// # Table::<Account>::create(&db).await?;
/// let account = Account { id: 1, balance: 5, version: 0 };
/// faults.next("PutItem", Fault::DropBefore); // the program cannot know whether it arrived
/// let Err(Error::OutcomeUnknown(unknown)) = account.clone().insert(&db).await else { panic!("no answer") };
/// assert_eq!((unknown.operation, unknown.attempts), ("PutItem", 1));
/// assert_eq!(unknown.targets[0].to_string(), "(id = 1) of table accounts");
///
/// if Account::get(&db, 1).consistent().await?.is_none() {
///     account.insert(&db).await?; // nobody else inserts this key
/// }
/// assert_eq!(Account::get(&db, 1).await?.expect("there").balance, 5);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct OutcomeUnknown {
    /// The operation.
    pub operation: &'static str,
    /// The items it would have written.
    pub targets: Vec<Target>,
    /// How often it was sent.
    pub attempts: u32,
    /// The id of the transaction where it is recorded: `Transaction::resolve` decides it.
    pub transaction: Option<String>,
}

impl fmt::Display for OutcomeUnknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} got no answer and may or may not have been applied", self.operation)?;
        for (i, target) in self.targets.iter().enumerate() {
            write!(f, "{} item {target}", if i == 0 { " to" } else { "," })?;
        }
        match &self.transaction {
            Some(id) => write!(f, ": `Transaction::resolve` of `{id}` decides it"),
            None => f.write_str(": read and decide"),
        }
    }
}
