//! What a backfill has to do, and what cannot be left to reads and saves.

use std::fmt;

use dynamap_mapper::Model;
use dynamap_mapper::model::Layout;
use dynamap_mapper::template::Part;
use dynamap_mapper::upgrade::Outline;
use semver::Version;

use super::survey::Survey;

/// What a backfill would do; from [`Backfill::plan`](super::Backfill::plan).
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// What the table holds.
    pub survey: Survey,
    /// What cannot be left to reads and saves, step by step; nothing where they will do.
    pub required: Vec<Required>,
}

/// A step that older items still have before them, and why it needs the backfill.
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
