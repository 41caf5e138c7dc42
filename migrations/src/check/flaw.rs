//! What does not hold of a chain: names and positions, never values.

use std::fmt;

use dynamap_mapper::{Error, UpgradeError};
use semver::Version;

/// What [`Migrations::check`](crate::Migrations::check) found wrong, one line for each flaw.
///
/// ```
/// # use dynamap::{Item, Migrations, Model, Step};
/// # static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", |item| {
/// #     item.rename("mail", "email");
/// #     Ok(())
/// # })]);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, email: String }
/// use dynamap::check::Fixture;
///
/// // What the step starts with, 1.0.0, has no sample; the one of 2.0.0 has no `email`.
/// let error = USER.check::<User>(&[Fixture::json("2.0.0", r#"{"id": {"N": "1"}}"#)]).expect_err("flaws");
/// assert_eq!(error.flaws().len(), 2);
/// assert_eq!(error.to_string().lines().count(), 2);
/// ```
#[derive(Debug)]
pub struct CheckError {
    flaws: Vec<Flaw>,
}

impl CheckError {
    pub(super) fn of(flaws: Vec<Flaw>) -> Self {
        Self { flaws }
    }

    /// All that was found, in the order of the samples.
    #[must_use]
    pub fn flaws(&self) -> &[Flaw] {
        &self.flaws
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, flaw) in self.flaws.iter().enumerate() {
            write!(f, "{}{flaw}", if i == 0 { "" } else { "\n" })?;
        }
        Ok(())
    }
}

impl std::error::Error for CheckError {}

/// One thing that is wrong.
///
/// ```
/// # use dynamap::{Item, Migrations, Model, Step};
/// # static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", |item| {
/// #     item.rename("mail", "email");
/// #     Ok(())
/// # })]);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, email: String }
/// use dynamap::check::{Fixture, Flaw};
///
/// let error = USER.check::<User>(&[Fixture::json("2.0.0", r#"{"id": {"N": "1"}}"#)]).expect_err("flaws");
/// match error.flaws() {
///     [Flaw::Fixture { position: 0, schema, .. }, Flaw::NoFixture { from, .. }] => {
///         assert_eq!((schema.as_str(), from.to_string().as_str()), ("2.0.0", "1.0.0"));
///     }
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// The model names another chain.
    #[error("the steps are not those of {model}: check the chain that its `migrations` names")]
    OtherChain {
        /// The model.
        model: &'static str,
    },
    /// No sample shows what a step starts with.
    #[error("no fixture has schema {from}, where the step to {to} starts: add one")]
    NoFixture {
        /// The schema.
        from: Version,
        /// Where the step leads.
        to: Version,
    },
    /// A law does not hold for a sample.
    #[error("fixture {position} of schema {schema}: {law}")]
    Fixture {
        /// Which one, counted from 0.
        position: usize,
        /// The schema that it is said to be of.
        schema: String,
        /// What does not hold.
        law: Law,
    },
}

/// What does not hold for a sample.
///
/// ```
/// # use dynamap::{Item, Migrations, Model, Step};
/// # static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", |item| {
/// #     item.rename("mail", "email");
/// #     Ok(())
/// # }).down(|item| { item.remove("email"); Ok(()) })]);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, email: String }
/// use dynamap::check::{Fixture, Flaw, Law};
///
/// // A way back that forgets an attribute: `.down(|item| { item.remove("email"); Ok(()) })`
/// let ann = Fixture::json("1.0.0", r#"{"id": {"N": "1"}, "mail": {"S": "ann@example.org"}}"#);
/// let error = USER.check::<User>(&[ann]).expect_err("a flaw");
/// let Flaw::Fixture { law: Law::Back { to, attribute }, .. } = &error.flaws()[0] else { panic!("{error}") };
/// assert_eq!((to.to_string().as_str(), attribute.as_str()), ("1.0.0", "mail"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Law {
    /// The text of the schema is no semver.
    #[error("its schema is not MAJOR.MINOR.PATCH, such as \"2.0.0\"")]
    Schema,
    /// A text is no DynamoDB JSON.
    #[error(
        "its text is no DynamoDB JSON at line {line}, column {column}: write {{\"name\": {{\"S\": \"…\"}}}}"
    )]
    Json {
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
    },
    /// The item carries or is detected to have another schema.
    #[error("the item has schema {stored}: name that one, or correct `_schema` or `detect_by`")]
    OtherSchema {
        /// The schema that the item has.
        stored: Version,
    },
    /// The item has no key, does not reach the model's schema, does not read as the model or is not valid then.
    #[error(transparent)]
    Read(Box<Error>),
    /// The same item was upgraded twice and became two things.
    #[error(
        "a second upgrade leaves another `{attribute}`: steps must look at nothing but the item"
    )]
    Impure {
        /// What differs.
        attribute: String,
    },
    /// The item was upgraded in two parts and became another one.
    #[error(
        "upgraded to {at} first and from there, `{attribute}` is another than in one: a step must not look at `_schema`"
    )]
    Split {
        /// Where it was parted.
        at: Version,
        /// What differs.
        attribute: String,
    },
    /// An upgrade by a read leaves something else than one by the backfill.
    #[error("a read leaves another `{attribute}` than the backfill")]
    Lazy {
        /// What differs.
        attribute: String,
    },
    /// The way back failed.
    #[error("the way back to {to} failed: {}", told(.error))]
    BackFailed {
        /// Where it leads.
        to: Version,
        /// Why.
        error: UpgradeError,
    },
    /// The way back does not lead to where the item came from.
    #[error("back to {to}, `{attribute}` is not as it was there: correct `down`, or remove it")]
    Back {
        /// Where it leads.
        to: Version,
        /// What differs.
        attribute: String,
    },
    /// Back and up again something is lost or added.
    #[error(
        "back to {to} and up again, `{attribute}` is not as it was: correct `down`, or remove it"
    )]
    Forth {
        /// Where it was brought back to.
        to: Version,
        /// What differs.
        attribute: String,
    },
    /// A step changes what it does not declare.
    #[error(
        "the step {from} to {to} changes `{attribute}`, which its `reshapes` does not name: add it"
    )]
    Undeclared {
        /// Where the step starts.
        from: Version,
        /// Where the step leads.
        to: Version,
        /// What it changes.
        attribute: String,
    },
    /// A step changes what is not for steps to change.
    #[error(
        "the step {from} to {to} changes `{attribute}`: a step leaves key, version, time to live and the library's attributes alone"
    )]
    Owned {
        /// Where the step starts.
        from: Version,
        /// Where the step leads.
        to: Version,
        /// What it changes.
        attribute: String,
    },
    /// The model reads an attribute and writes another value, or none.
    #[error("the model does not write `{attribute}` as it reads it")]
    Lost {
        /// Which one.
        attribute: String,
    },
    /// The item does not become what is said.
    #[error("`{attribute}` is not what `becomes` says")]
    Unexpected {
        /// What differs.
        attribute: String,
    },
    /// Another number of items than is said.
    #[error("it becomes {found} items, and `becomes` says {said}")]
    Count {
        /// How many there are.
        found: usize,
        /// How many were said.
        said: usize,
    },
}

fn told(error: &UpgradeError) -> String {
    match error {
        UpgradeError::Step(step) => format!("step {} to {}: {}", step.from, step.to, step.error),
        other => format!("{other:?}"),
    }
}
