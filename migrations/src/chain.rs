//! The ordered steps of a model.

use dynamap_mapper::upgrade::FailedStep;
use dynamap_mapper::{Item, Upgrade, UpgradeError};
use semver::Version;

use crate::step::{Schema, Step};

/// The migrations of a model, as a `static` that `#[model(migrations = ...)]` names.
///
/// Each step starts where the one before it ended, and the last one ends at the model's `schema`: a gap, an overlap or
/// a wrong end does not compile. Items without a schema attribute are older than the library and count as the first
/// step's `from`.
///
/// ```
/// use dynamap::{AttributeValue, Database, Item, Migrations, Model, Step, StepError, Table};
///
/// fn balance_in_cents(item: &mut Item) -> Result<(), StepError> {
///     let Some(AttributeValue::N(euros)) = item.remove("euros") else {
///         return Err(StepError::new("euros", "expected a number"));
///     };
///     item.insert("cents", AttributeValue::N(format!("{euros}00")));
///     Ok(())
/// }
///
/// static MIGRATIONS: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", balance_in_cents)]);
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "accounts", schema = "2.0.0", migrations = MIGRATIONS, validate = false)]
/// struct Account {
///     #[model(hash_key)]
///     id: u64,
///     cents: i64,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let db = Database::new(dynamap::embedded::memory()?);
/// Table::<Account>::create(&db).await?;
/// // What a program of long ago left behind:
/// db.client()
///     .put_item()
///     .table_name("accounts")
///     .item("id", AttributeValue::N("1".into()))
///     .item("euros", AttributeValue::N("5".into()))
///     .send()
///     .await?;
///
/// let mut account = Account::get(&db, 1).await?.expect("there");
/// assert_eq!(account.cents, 500); // upgraded in memory
/// account.save(&db).await?; // and now in the table
/// assert!(!account.image().contains("euros"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Migrations {
    steps: &'static [Step],
}

impl Migrations {
    /// A chain of steps, oldest first.
    ///
    /// # Panics
    /// When there are no steps, or one does not start where the one before it ended. In a `static` that is a compile
    /// error.
    #[must_use]
    pub const fn new(steps: &'static [Step]) -> Self {
        assert!(
            !steps.is_empty(),
            "a chain of migrations needs a step: leave `migrations` out instead"
        );
        let mut i = 1;
        while i < steps.len() {
            assert!(
                steps[i - 1].to.equals(steps[i].from),
                "each migration step must start at the schema where the one before it ended"
            );
            i += 1;
        }
        Self { steps }
    }

    /// The steps, oldest first.
    #[must_use]
    pub const fn steps(&self) -> &'static [Step] {
        self.steps
    }

    /// Called by the derive: a chain that does not end at the model's schema does not compile.
    #[doc(hidden)]
    pub const fn assert_ends_at(&self, major: u64, minor: u64, patch: u64) {
        let end = self.steps[self.steps.len() - 1].to;
        assert!(
            end.equals(Schema::new(major, minor, patch)),
            "the last migration step must end at the model's schema: add the missing step, or correct `schema`"
        );
    }
}

impl Upgrade for Migrations {
    fn baseline(&self) -> Option<Version> {
        self.steps.first().map(Step::from)
    }

    fn upgrade(&self, item: &mut Item, from: &Version) -> Result<(), UpgradeError> {
        let from = Schema::new(from.major, from.minor, from.patch);
        let covers = |step: &Step| !from.is_below(step.from) && from.is_below(step.to);
        let start = self.steps.iter().position(covers).ok_or(UpgradeError::NoPath)?;
        for step in &self.steps[start..] {
            (step.apply)(item).map_err(|error| {
                let failed = FailedStep { from: step.from(), to: step.to(), error };
                UpgradeError::Step(Box::new(failed))
            })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use dynamap_mapper::{AttributeValue, StepError};

    use super::*;

    fn mark(item: &mut Item, mark: &str) -> Result<(), StepError> {
        if item.contains("bad") && mark == "c" {
            return Err(StepError::new("bad", "is here"));
        }
        let mut text = item.text("trace").unwrap_or_default().to_owned();
        text.push_str(mark);
        item.insert("trace", AttributeValue::S(text));
        Ok(())
    }

    static CHAIN: Migrations = Migrations::new(&[
        Step::new("1.0.0", "1.4.0", |item| mark(item, "a")),
        Step::new("1.4.0", "2.0.0", |item| mark(item, "b")),
        Step::new("2.0.0", "10.0.1", |item| mark(item, "c")),
    ]);

    #[test]
    fn an_item_takes_the_step_that_covers_its_schema_and_all_after_it() {
        for (from, trace) in [
            ((1, 0, 0), Ok("abc")),
            ((1, 3, 9), Ok("abc")),
            ((1, 4, 0), Ok("bc")),
            ((1, 9, 0), Ok("bc")),
            ((9, 9, 9), Ok("c")),
            ((0, 9, 0), Err(UpgradeError::NoPath)),
            ((10, 0, 1), Err(UpgradeError::NoPath)),
        ] {
            let mut item = Item::new();
            let (major, minor, patch) = from;
            let result = CHAIN.upgrade(&mut item, &Version::new(major, minor, patch));
            assert_eq!(result.map(|()| item.text("trace").unwrap_or_default()), trace, "{from:?}");
        }
    }

    #[test]
    fn the_error_of_a_step_names_it_and_the_attribute() {
        let mut item = Item::new();
        item.insert("bad", AttributeValue::Bool(true));
        let error = CHAIN.upgrade(&mut item, &Version::new(1, 0, 0)).expect_err("bad item");
        let expected = FailedStep {
            from: Version::new(2, 0, 0),
            to: Version::new(10, 0, 1),
            error: StepError::new("bad", "is here"),
        };
        assert_eq!(error, UpgradeError::Step(Box::new(expected)));
    }

    #[test]
    fn items_without_a_schema_are_as_old_as_the_first_step() {
        assert_eq!(CHAIN.baseline(), Some(Version::new(1, 0, 0)));
    }
}
