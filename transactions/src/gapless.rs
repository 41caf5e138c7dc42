//! Numbers without gaps: taken in a transaction, given back with its rollback.

use dynamap_mapper::{Database, Error, Model, Table};

use crate::transaction::Transaction;

/// A sequence of numbers without gaps, such as those of invoices: 1, 2, 3 and so on.
///
/// A number is taken and used in one transaction: if that is rolled back or fails, the number is the next one's. So all
/// transactions that take a number of one sequence are done one after the other, and of those that try at the same time
/// all but one fail with a conflict: use [`Transaction::run`], which does the work again. A few per second are what one
/// sequence gives. Where gaps do no harm, take an `auto_increment` key or another sequence, which give thousands.
///
/// ```
/// # use dynamap::{Database, Error, Gapless, Model, Table, Transaction};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "invoices", validate = false)]
/// # struct Invoice { #[model(hash_key)] number: u64, total: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Invoice>::create(&db).await?;
/// const INVOICES: Gapless = Gapless::new("invoices");
/// Gapless::create_table(&db).await?;
///
/// for total in [10, 20] {
///     Transaction::run(&db, |tx| async move {
///         let number = INVOICES.next(&tx).await?;
///         tx.insert(Invoice { number, total })?;
///         Ok::<_, Error>(())
///     })
///     .await?;
/// }
/// assert_eq!(Invoice::get(&db, 2).await?.expect("there").total, 20);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gapless {
    name: &'static str,
}

/// The last number of a sequence. It lives beside the counters of auto-increment keys, whose names are names of tables
/// and have no slash.
#[derive(Debug, Clone, Model)]
#[model(table = "dynamap_counters", validate = false, crate = "::dynamap_mapper")]
struct Last {
    #[model(hash_key)]
    name: String,
    value: u64,
}

impl Gapless {
    /// The sequence of this name. Every database prefix has its own.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name }
    }

    /// Creates the table of counters, where it is missing; it is the same for all sequences.
    ///
    /// # Errors
    /// What the service says.
    pub async fn create_table(db: &Database) -> Result<(), Error> {
        Table::<Last>::create_if_missing(db).await
    }

    /// Takes the next number: used when the transaction is committed, else given back.
    ///
    /// # Errors
    /// As reading and saving in the transaction; [`Error::Usage`] after the last number of 64 bits.
    pub async fn next(&self, tx: &Transaction) -> Result<u64, Error> {
        let name = format!("gapless/{}", self.name);
        let Some(mut last) = Last::get(tx, &name).await? else {
            tx.insert(Last { name, value: 1 })?;
            return Ok(1);
        };
        let next = last.value.checked_add(1);
        last.value = next.ok_or(Error::Usage("the sequence has given out its last number"))?;
        let value = last.value;
        tx.save(last)?;
        Ok(value)
    }
}
