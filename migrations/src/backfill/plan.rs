//! What a backfill has to do, and what cannot be left to reads and saves.

use std::fmt;

use dynamap_mapper::Model;
use dynamap_mapper::model::Layout;
use dynamap_mapper::template::Part;
use dynamap_mapper::upgrade::Outline;
use semver::Version;

use super::survey::Survey;

/// What a backfill would do; from [`Backfill::plan`](super::Backfill::plan).
///
/// ```
/// # use dynamap::{AttributeValue, Backfill, BackfillRecord, Database, Migrations, Model, Step, Table};
/// # static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", |item| {
/// #     let mail: String = item.take("mail")?;
/// #     item.put("email", &mail)
/// # }).reshapes(&["mail", "email"])]);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, email: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # Table::<BackfillRecord>::create(&db).await?;
/// # let put = |id: u64| db.client().put_item().table_name("users").item("id", AttributeValue::N(id.to_string()));
/// # let mail = || AttributeValue::S("ann@example.org".into());
/// # for id in 1..=3 { put(id).item("mail", mail()).send().await?; }
/// // The step says `.reshapes(&["mail", "email"])`, and no index, unique value or time to live is made of these.
/// let plan = Backfill::<User>::of(&db).plan().await?;
/// assert_eq!((plan.survey.items, plan.survey.older), (3, 3));
/// assert!(plan.required.is_empty()); // reads and saves will do
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// What the table holds.
    pub survey: Survey,
    /// What cannot be left to reads and saves, step by step; nothing where they will do.
    pub required: Vec<Required>,
}

/// A step that older items still have before them, and why it needs the backfill.
///
/// ```
/// # use dynamap::{AttributeValue, Backfill, BackfillRecord, Database, Migrations, Model, Step, Table};
/// # static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", |item| {
/// #     let mail: String = item.take("mail")?;
/// #     item.put("email", &mail)
/// # }).reshapes(&["mail", "email"])]);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", schema = "2.0.0", migrations = USER, gsi(by_email, hash_key = email), validate = false)]
/// # struct User { #[model(hash_key)] id: u64, email: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # Table::<BackfillRecord>::create(&db).await?;
/// # let put = |id: u64| db.client().put_item().table_name("users").item("id", AttributeValue::N(id.to_string()));
/// # let mail = || AttributeValue::S("ann@example.org".into());
/// # for id in 1..=3 { put(id).item("mail", mail()).send().await?; }
/// // `email` is the key of the index `by_email`.
/// let plan = Backfill::<User>::of(&db).plan().await?;
/// let required = &plan.required[0];
/// assert_eq!((required.from.major, required.to.major), (1, 2));
/// assert_eq!(
///     required.to_string(),
///     "step 1.0.0 to 2.0.0 reshapes `email` of index by_email: its queries miss older items",
/// );
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Required {
    /// The schema that the step starts at.
    pub from: Version,
    /// The schema that the step leads to.
    pub to: Version,
    /// Why.
    pub because: Because,
}

/// Why a step needs the backfill.
///
/// ```
/// # use dynamap::{AttributeValue, Backfill, BackfillRecord, Database, Migrations, Model, Step, Table};
/// # static USER: Migrations = Migrations::new(&[Step::keyed("1.0.0", "2.0.0", |item| Ok(vec![item]))]);
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
/// # struct User { #[model(hash_key)] id: u64, email: String }
/// # use dynamap::backfill::Because;
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// # Table::<BackfillRecord>::create(&db).await?;
/// # let put = |id: u64| db.client().put_item().table_name("users").item("id", AttributeValue::N(id.to_string()));
/// # let mail = || AttributeValue::S("ann@example.org".into());
/// # for id in 1..=3 { put(id).item("mail", mail()).send().await?; }
/// // A program that starts only where reads and saves bring every item along:
/// let plan = Backfill::<User>::of(&db).plan().await?;
/// let may_start = plan.required.iter().all(|required| match required.because {
///     Because::View { .. } => true, // it is rebuilt anyway
///     Because::Key => false,
///     Because::Index { .. } | Because::Unique { .. } | Because::Expiry { .. } => false,
///     _ => false,
/// });
/// assert_eq!((may_start, &plan.required[0].because), (false, &Because::Key));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Because {
    /// It changes the key, so reading an older item is an error until it was moved.
    Key,
    /// It reshapes what an index is made of: queries of the index miss older items.
    Index {
        /// The index.
        index: &'static str,
        /// The attribute.
        attribute: &'static str,
    },
    /// It reshapes what is unique: what older items hold has no guard.
    Unique {
        /// The constraint.
        constraint: &'static str,
        /// The attribute.
        attribute: &'static str,
    },
    /// It reshapes the time to live: the service does not see that of older items.
    Expiry {
        /// The attribute.
        attribute: &'static str,
    },
    /// It may change what a view has counted: raise the view's `GENERATION` in the same release, and rebuild it.
    View {
        /// The view.
        view: &'static str,
    },
    /// It does not [say](crate::Step::reshapes) what it reshapes, and the model has indexes, unique values or a time to
    /// live.
    Undeclared,
}

impl Plan {
    pub(super) fn of<M: Model>(survey: Survey) -> Self {
        let layout = M::layout();
        let steps = layout.upgrade.outline();
        let is_ahead = |step: &&Outline| survey.schemas.keys().any(|found| *found < step.to);
        let required = steps.iter().filter(is_ahead).flat_map(|step| required(layout, step));
        Self { required: required.collect(), survey }
    }
}

fn required(layout: &Layout, step: &Outline) -> Vec<Required> {
    let mut all = Vec::new();
    if step.is_keyed {
        all.push(Because::Key);
    }
    if step.is_keyed || step.reshapes.as_ref().is_none_or(|names| !names.is_empty()) {
        all.extend(layout.views.iter().map(|view| Because::View { view: view.name() }));
    }
    let on_attributes = on_attributes(layout);
    if step.reshapes.is_none() {
        all.extend((!on_attributes.is_empty()).then_some(Because::Undeclared));
    } else {
        let touched = on_attributes.into_iter().filter(|(name, _)| step.may_reshape(name));
        all.extend(touched.map(|(_, because)| because));
    }
    let of = |because| Required { from: step.from.clone(), to: step.to.clone(), because };
    all.into_iter().map(of).collect()
}

/// The attributes that are more than a value to the table, and what they are.
fn on_attributes(layout: &Layout) -> Vec<(&'static str, Because)> {
    let mut all = Vec::new();
    for index in layout.indexes {
        for key in index.hash_key.iter().chain(index.range_key) {
            for attribute in made_of(layout, key.name) {
                all.push((attribute, Because::Index { index: index.name, attribute }));
            }
        }
    }
    for unique in layout.uniques {
        for &attribute in unique.attributes {
            all.push((attribute, Because::Unique { constraint: unique.name, attribute }));
        }
    }
    all.extend(layout.ttl.map(|attribute| (attribute, Because::Expiry { attribute })));
    all
}

/// An attribute, and those that it is composed of.
fn made_of(layout: &Layout, name: &'static str) -> Vec<&'static str> {
    let template = layout.templates.iter().find(|template| template.name == name);
    let parts = template.map_or(&[][..], |template| template.parts);
    let values = parts.iter().filter_map(|part| match part {
        Part::Value { attribute, .. } => Some(attribute.name),
        Part::Text(_) => None,
    });
    std::iter::once(name).chain(values).collect()
}

impl fmt::Display for Required {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step {} to {} {}", self.from, self.to, self.because)
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key => {
                f.write_str("changes the key: older items cannot be read until they are moved")
            }
            Self::Index { index, attribute } => {
                write!(f, "reshapes `{attribute}` of index {index}: its queries miss older items")
            }
            Self::Unique { constraint, attribute } => {
                write!(
                    f,
                    "reshapes `{attribute}` of the unique {constraint}: values of older items have no guard"
                )
            }
            Self::Expiry { attribute } => {
                write!(
                    f,
                    "reshapes `{attribute}`, the time to live: the service does not delete older items by it"
                )
            }
            Self::View { view } => {
                write!(
                    f,
                    "may change what view {view} has counted: raise its GENERATION and rebuild it"
                )
            }
            Self::Undeclared => {
                f.write_str("does not say what it reshapes: write `.reshapes(&[…])`")
            }
        }
    }
}
