//! Proving a chain on sample items, in a test of the program that has it.
//!
//! * `laws`: what is proved of one sample
//! * `flaw`: what does not hold

mod flaw;
mod laws;

use dynamap_mapper::{Item, Model, Upgrade as _};
use semver::Version;

pub use self::flaw::{CheckError, Flaw, Law};
use self::laws::Laws;
use crate::chain::Migrations;

/// A sample item of a schema, as it was stored when that schema was shipped: frozen, and never edited afterwards.
///
/// ```
/// use dynamap::{AttributeValue, Item};
/// use dynamap::check::Fixture;
///
/// let mut item = Item::new();
/// item.insert("id", AttributeValue::N("1".into()));
/// let fixture = Fixture::new("1.0.0", item);
/// assert_eq!(fixture.schema(), "1.0.0");
/// ```
///
/// With what it must become:
///
/// ```
/// # use dynamap::{AttributeValue, Migrations, Model, Step};
/// # static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", |item| {
/// #     item.rename("mail", "email");
/// #     Ok(())
/// # })]);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, email: String }
/// use dynamap::check::Fixture;
///
/// // The step renames `mail` to `email`.
/// let ann = Fixture::json("1.0.0", r#"{"id": {"N": "1"}, "mail": {"S": "ann@example.org"}}"#);
/// let right = ann.clone().becomes_json(r#"{"id": {"N": "1"}, "email": {"S": "ann@example.org"}}"#);
/// assert!(USER.check::<User>(&[right]).is_ok());
///
/// let mut bob = ann.item().expect("it is JSON").clone();
/// bob.remove("mail");
/// bob.insert("email", AttributeValue::S("bob@example.org".into()));
/// let error = USER.check::<User>(&[ann.becomes(bob)]).expect_err("another user");
/// assert_eq!(error.to_string(), "fixture 0 of schema 1.0.0: `email` is not what `becomes` says");
/// ```
#[derive(Debug, Clone)]
pub struct Fixture {
    schema: String,
    item: Sample,
    becomes: Vec<Sample>,
}

/// An item, or the line and column where its text is no item.
type Sample = Result<Item, (usize, usize)>;

/// How much [`Migrations::check`] proved.
///
/// ```
/// # use dynamap::{Item, Migrations, Model, Step};
/// # static USER: Migrations = Migrations::new(&[
/// #     Step::new("1.0.0", "1.1.0", |item| item.put("visits", &0u64)).down(|item| { item.remove("visits"); Ok(()) }),
/// #     Step::new("1.1.0", "2.0.0", |item| { item.rename("mail", "email"); Ok(()) })
/// #         .down(|item| { item.rename("email", "mail"); Ok(()) }),
/// # ]);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, email: String, visits: u64 }
/// use dynamap::check::Fixture;
///
/// // Two steps, 1.0.0 to 1.1.0 to 2.0.0, both with a way back.
/// let first = Fixture::json("1.0.0", r#"{"id": {"N": "1"}, "mail": {"S": "ann@example.org"}}"#);
/// let second = r#"{"id": {"N": "1"}, "mail": {"S": "ann@example.org"}, "visits": {"N": "0"}}"#;
/// let checked = USER.check::<User>(&[first, Fixture::json("1.1.0", second)])?;
/// assert_eq!((checked.fixtures, checked.splits, checked.ways_back), (2, 1, 3));
/// # Ok::<(), dynamap::check::CheckError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// How many samples there were.
    pub fixtures: usize,
    /// How many times a sample was upgraded in two parts and became the same as in one.
    pub splits: usize,
    /// How many times a sample was brought back to an older schema and was as before.
    pub ways_back: usize,
}

impl Fixture {
    /// A sample with the schema that it is of. An item without `_schema` is taken for one that carries it, unless the
    /// chain [detects](Migrations::detect_by) schemas: then it must detect this one.
    #[must_use]
    pub fn new(schema: impl Into<String>, item: Item) -> Self {
        Self { schema: schema.into(), item: Ok(item), becomes: Vec::new() }
    }

    /// A sample in DynamoDB JSON, as `aws dynamodb get-item --query Item` prints it. A text that is no item is reported
    /// by [`check`](Migrations::check).
    ///
    /// ```
    /// use dynamap::check::Fixture;
    ///
    /// // In a program `include_str!("fixtures/user-1.0.0.json")`.
    /// let fixture = Fixture::json("1.0.0", r#"{"id": {"N": "1"}, "tags": {"SS": ["a", "b"]}}"#);
    /// assert_eq!(fixture.item().map(|item| item.len()), Some(2));
    /// ```
    ///
    /// [AWS: DynamoDB JSON](https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html)
    #[cfg(feature = "serde")]
    #[must_use]
    pub fn json(schema: impl Into<String>, text: &str) -> Self {
        Self { schema: schema.into(), item: from_json(text), becomes: Vec::new() }
    }

    /// What the sample must become, without `_schema`. Where a step makes several items of one, say it for each, in their
    /// order.
    #[must_use]
    pub fn becomes(mut self, item: Item) -> Self {
        self.becomes.push(Ok(item));
        self
    }

    /// As [`becomes`](Fixture::becomes), in DynamoDB JSON.
    #[cfg(feature = "serde")]
    #[must_use]
    pub fn becomes_json(mut self, text: &str) -> Self {
        self.becomes.push(from_json(text));
        self
    }

    /// The schema that the sample is of.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The item; `None` where its text is none.
    #[must_use]
    pub fn item(&self) -> Option<&Item> {
        self.item.as_ref().ok()
    }
}

#[cfg(feature = "serde")]
fn from_json(text: &str) -> Sample {
    let item: serde_dynamo::Item =
        serde_json::from_str(text).map_err(|error| (error.line(), error.column()))?;
    Ok(Item::from(std::collections::HashMap::from(item)))
}

impl Migrations {
    /// Proves the chain on sample items. To be called in a test, with a sample of every schema that was ever shipped.
    ///
    /// There must be one for the start of each step; one of the model's own schema proves the ways back from it, too.
    /// For each sample:
    ///
    /// * it becomes an item of the model's schema that reads as the model, is valid, and is written again as it is;
    /// * it becomes the same in two parts as in one, wherever it is parted, and the same a second time;
    /// * back from there to each older schema that has a way back it is as it was there;
    /// * no step changes key, version, the library's own attributes or a time to live, or an attribute that it does not
    ///   [declare](crate::Step::reshapes), and a step to another minor or patch removes none;
    /// * it becomes what it [must](Fixture::becomes), where that is said.
    ///
    /// ```
    /// use dynamap::check::Fixture;
    /// use dynamap::{Item, Migrations, Model, Step, StepError};
    ///
    /// fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
    ///     item.rename("mail", "email");
    ///     Ok(())
    /// }
    ///
    /// fn email_becomes_mail(item: &mut Item) -> Result<(), StepError> {
    ///     item.rename("email", "mail");
    ///     Ok(())
    /// }
    ///
    /// static USER: Migrations = Migrations::new(&[
    ///     Step::new("1.0.0", "2.0.0", mail_becomes_email)
    ///         .down(email_becomes_mail)
    ///         .reshapes(&["mail", "email"]),
    /// ]);
    ///
    /// #[derive(Debug, Clone, Model)]
    /// #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
    /// struct User { #[model(hash_key)] id: u64, email: String }
    ///
    /// let ann = Fixture::json("1.0.0", r#"{"id": {"N": "1"}, "mail": {"S": "ann@example.org"}}"#);
    /// let checked = USER.check::<User>(&[ann])?;
    /// assert_eq!((checked.fixtures, checked.ways_back), (1, 1));
    ///
    /// let error = USER.check::<User>(&[]).expect_err("nothing is proved");
    /// assert_eq!(error.to_string(), "no fixture has schema 1.0.0, where the step to 2.0.0 starts: add one");
    /// # Ok::<(), dynamap::check::CheckError>(())
    /// ```
    ///
    /// # Errors
    /// All that does not hold, at most one thing of each sample, by the sample's position, schema and attribute; never
    /// with a value.
    pub fn check<M: Model>(&self, fixtures: &[Fixture]) -> Result<Checked, CheckError> {
        let (mut checked, mut flaws) = (Checked::default(), Vec::new());
        if self.fingerprint() != M::layout().upgrade.fingerprint() {
            return Err(CheckError::of(vec![Flaw::OtherChain { model: M::layout().model }]));
        }
        for (position, fixture) in fixtures.iter().enumerate() {
            checked.fixtures += 1;
            if let Err(law) = Laws::<M>::of(self).prove(fixture, &mut checked) {
                flaws.push(Flaw::Fixture { position, schema: fixture.schema.clone(), law });
            }
        }
        let schemas: Vec<Version> =
            fixtures.iter().filter_map(|fixture| fixture.schema.parse().ok()).collect();
        for step in self.steps().iter().filter(|step| !schemas.contains(&step.from())) {
            flaws.push(Flaw::NoFixture { from: step.from(), to: step.to() });
        }
        if flaws.is_empty() { Ok(checked) } else { Err(CheckError::of(flaws)) }
    }
}
