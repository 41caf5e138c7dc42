//! The ordered steps of a model.

use std::fmt;

use dynamap_mapper::upgrade::Outline;
use dynamap_mapper::{Item, Upgrade, UpgradeError};
use semver::Version;

use crate::schema::Schema;
use crate::step::{Step, Up};

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
pub struct Migrations {
    steps: &'static [Step],
    detect: Option<fn(&Item) -> Version>,
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
                "each migration step must start at the schema where the one before it ended: add the step between them, or \
                 correct its first schema"
            );
            i += 1;
        }
        Self { steps, detect: None }
    }

    /// Tells the schema of items that carry none by their shape, for tables that had several shapes before this library.
    /// Without it they all count as the first step's `from`.
    ///
    /// ```
    /// use dynamap::{Item, Migrations, Step, StepError, Upgrade};
    /// use semver::Version;
    ///
    /// fn rename(item: &mut Item) -> Result<(), StepError> {
    ///     item.rename("mail", "email");
    ///     Ok(())
    /// }
    ///
    /// fn shape(item: &Item) -> Version {
    ///     if item.contains("email") { Version::new(2, 0, 0) } else { Version::new(1, 0, 0) }
    /// }
    ///
    /// static USER: Migrations =
    ///     Migrations::new(&[Step::new("1.0.0", "2.0.0", rename)]).detect_by(shape);
    /// let mut item = Item::new();
    /// item.put("email", &String::from("ann@example.org"))?;
    /// assert_eq!(Upgrade::detect(&USER, &item), Some(Version::new(2, 0, 0)));
    /// # Ok::<(), StepError>(())
    /// ```
    #[must_use]
    pub const fn detect_by(mut self, detect: fn(&Item) -> Version) -> Self {
        self.detect = Some(detect);
        self
    }

    /// The steps, oldest first.
    ///
    /// ```
    /// use dynamap::{Migrations, Step};
    /// use semver::Version;
    ///
    /// static USER: Migrations = Migrations::new(&[
    ///     Step::new("1.0.0", "1.1.0", |item| item.put("visits", &0u64)),
    ///     Step::new("1.1.0", "2.0.0", |item| { item.rename("mail", "email"); Ok(()) }),
    /// ]);
    /// let breaking: Vec<_> = USER.steps().iter().filter(|step| step.is_breaking()).map(Step::to).collect();
    /// assert_eq!(breaking, [Version::new(2, 0, 0)]);
    /// ```
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
        let mut upgraded = item.clone();
        for step in self.steps_from(from)? {
            let Up::Shape(change) = step.up else {
                let (from, to) = (Box::new(step.from()), Box::new(step.to()));
                return Err(UpgradeError::Keyed { from, to });
            };
            step.apply(&mut upgraded, change)?;
        }
        *item = upgraded;
        Ok(())
    }

    fn upgrade_apart(&self, item: Item, from: &Version) -> Result<Vec<Item>, UpgradeError> {
        let mut items = vec![item];
        for step in self.steps_from(from)? {
            let made: Result<Vec<_>, _> = items.into_iter().map(|item| step.made(item)).collect();
            items = made?.concat();
        }
        Ok(items)
    }

    fn downgrade(&self, item: &mut Item, to: &Version) -> Result<(), UpgradeError> {
        if !self.leads_back_to(to) {
            return Err(UpgradeError::NoPath);
        }
        let to = Schema::from(to);
        let mut lowered = item.clone();
        for step in self.steps.iter().rev().take_while(|step| to.is_below(step.to)) {
            let down = step.down.ok_or(UpgradeError::NoPath)?;
            down(&mut lowered).map_err(|error| step.failed(error))?;
        }
        *item = lowered;
        Ok(())
    }

    fn leads_back_to(&self, to: &Version) -> bool {
        let mut undone =
            self.steps.iter().rev().take_while(|step| Schema::from(to).is_below(step.to));
        self.steps_from(to).is_ok() && undone.all(|step| step.down.is_some())
    }

    fn detect(&self, item: &Item) -> Option<Version> {
        self.detect.map(|detect| detect(item))
    }

    fn fingerprint(&self) -> String {
        self.steps.iter().map(Step::fingerprint).collect::<Vec<_>>().join(", ")
    }

    fn detects(&self) -> bool {
        self.detect.is_some()
    }

    fn outline(&self) -> Vec<Outline> {
        self.steps.iter().map(Step::outline).collect()
    }
}

impl Migrations {
    /// The step that covers a schema, and those after it.
    pub(crate) fn steps_from(&self, from: &Version) -> Result<&'static [Step], UpgradeError> {
        let from = Schema::from(from);
        let covers = |step: &Step| !from.is_below(step.from) && from.is_below(step.to);
        let start = self.steps.iter().position(covers).ok_or(UpgradeError::NoPath)?;
        Ok(&self.steps[start..])
    }
}

impl fmt::Debug for Migrations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migrations").field("steps", &self.steps).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use dynamap_mapper::upgrade::FailedStep;
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

    /// A chain with ways back, of which the last step moves items to other keys.
    static BACK: Migrations = Migrations::new(&[
        Step::new("1.0.0", "2.0.0", |item| mark(item, "a")),
        Step::new("2.0.0", "3.0.0", |item| mark(item, "b")).down(|item| mark(item, "B")),
        Step::new("3.0.0", "3.1.0", |item| mark(item, "c")).down(|item| mark(item, "C")),
    ]);

    #[test]
    fn a_way_back_ends_where_a_step_has_none() {
        for (to, trace) in [
            ((3, 1, 0), None),
            ((3, 0, 0), Some("C")),
            ((2, 0, 0), Some("CB")),
            // As upwards: it lies between two, and has the shape of the first.
            ((2, 5, 0), Some("CB")),
            ((1, 0, 0), None),
            ((4, 0, 0), None),
        ] {
            let (mut item, (major, minor, patch)) = (Item::new(), to);
            let to = Version::new(major, minor, patch);
            let result = BACK.downgrade(&mut item, &to);
            assert_eq!(
                result.is_ok().then(|| item.text("trace").unwrap_or_default()),
                trace,
                "{to}"
            );
            assert_eq!(BACK.leads_back_to(&to), trace.is_some());
        }
    }

    static MOVES: Migrations = Migrations::new(&[
        Step::new("1.0.0", "2.0.0", |item| mark(item, "a")),
        Step::keyed("2.0.0", "3.0.0", |item| {
            let of = |mark: &str| -> Result<Item, StepError> {
                let mut item = item.clone();
                item.put("id", &mark.to_owned())?;
                Ok(item)
            };
            Ok(vec![of("left")?, of("right")?])
        }),
        Step::new("3.0.0", "4.0.0", |item| mark(item, "b")),
    ]);

    #[test]
    fn a_step_that_changes_the_key_makes_several_items_and_only_apart() {
        let mut item = Item::new();
        let from = Version::new(1, 0, 0);
        let made = MOVES.upgrade_apart(item.clone(), &from).expect("a path");
        let texts: Vec<_> = made.iter().map(|item| (item.text("id"), item.text("trace"))).collect();
        assert_eq!(texts, [(Some("left"), Some("ab")), (Some("right"), Some("ab"))]);
        let error = MOVES.upgrade(&mut item, &from).expect_err("a lazy read");
        assert!(matches!(error, UpgradeError::Keyed { .. }));
        assert!(MOVES.upgrade(&mut item, &Version::new(3, 0, 0)).is_ok(), "behind that step");
    }

    #[test]
    fn a_step_to_another_minor_that_removes_an_attribute_is_an_error_that_names_it() {
        static CHAIN: Migrations = Migrations::new(&[Step::new("1.0.0", "1.1.0", |item| {
            item.rename("mail", "email");
            Ok(())
        })]);
        let mut item = Item::new();
        item.insert("mail", AttributeValue::S("ann@example.com".to_owned()));
        let error = CHAIN.upgrade(&mut item, &Version::new(1, 0, 0)).expect_err("removed");
        let UpgradeError::Step(failed) = error else { panic!("{error:?}") };
        assert_eq!(failed.error.attribute(), "mail");
    }
}
