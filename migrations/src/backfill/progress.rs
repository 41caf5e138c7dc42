//! How far a backfill has come: what one run counts, and what is told.

use std::sync::atomic::{AtomicU64, Ordering};

use dynamap_mapper::SweepProgress;

use super::upgrade::Became;

/// How far a [`Backfill`](super::Backfill) has come; what [`on_progress`](super::Backfill::on_progress) is told.
///
/// ```
/// # use dynamap::{AttributeValue, Backfill, BackfillRecord, Database, Migrations, Model, Step, Table};
/// # static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", |item| {
/// #     let mail: String = item.take("mail")?;
/// #     item.put("email", &mail)
/// # })]);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, email: String }
/// # use std::sync::Mutex;
/// use dynamap::backfill::BackfillProgress;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # Table::<BackfillRecord>::create(&db).await?;
/// # let put = |id: u64| db.client().put_item().table_name("users").item("id", AttributeValue::N(id.to_string()));
/// # let mail = || AttributeValue::S("ann@example.org".into());
/// # for id in 1..=3 { put(id).item("mail", mail()).send().await?; }
/// let last = Mutex::new(BackfillProgress::default());
/// let backfill = Backfill::<User>::of(&db)
///     .on_progress(|progress| *last.lock().expect("nobody panics") = progress);
/// let done = backfill.run().await?;
/// let last = *last.lock().expect("nobody panics");
/// assert_eq!((last.items, last.upgraded, last.failed), (3, 3, 0));
/// assert_eq!(last.upgraded, done.upgraded);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackfillProgress {
    /// What the scan of this run has done.
    pub sweep: SweepProgress,
    /// How many items this run has upgraded.
    pub upgraded: u64,
    /// How often somebody else wrote an item first, so that this run read it again.
    pub conflicts: u64,
    /// How many items were seen from the first one on, by earlier runs too.
    pub items: u64,
    /// How many of them could not be upgraded.
    pub failed: u64,
    /// About how many items the table had when this run began: what the service counted some six hours before, items of
    /// other models included. `None` where it does not tell.
    pub estimate: Option<u64>,
}

/// What this run counts.
#[derive(Debug, Default)]
pub(super) struct Counts {
    upgraded: AtomicU64,
    pub(super) conflicts: AtomicU64,
}

/// What a job had counted before a run.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Before {
    pub(super) items: u64,
    pub(super) upgraded: u64,
    pub(super) failed: u64,
}

impl Counts {
    pub(super) fn add(&self, became: Became) {
        if became == Became::Upgraded {
            self.upgraded.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn upgraded(&self) -> u64 {
        self.upgraded.load(Ordering::Relaxed)
    }

    pub(super) fn progress(
        &self,
        sweep: SweepProgress,
        before: Before,
        estimate: Option<u64>,
    ) -> BackfillProgress {
        let more = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        BackfillProgress {
            sweep,
            upgraded: self.upgraded(),
            conflicts: self.conflicts.load(Ordering::Relaxed),
            items: before.items.saturating_add(more(sweep.items)),
            failed: before.failed.saturating_add(more(sweep.failures)),
            estimate,
        }
    }
}
