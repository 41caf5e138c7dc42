//! What happens to an item on its way: changed, dropped, made into several, upgraded.

use std::fmt;

use dynamap_mapper::{Item, Key, Model, upgraded_apart};

use crate::BoxError;

type Step<'a> = Box<dyn Fn(Item) -> Result<Vec<Item>, BoxError> + Send + Sync + 'a>;

/// Functions that an item goes through, one after the other.
#[derive(Default)]
pub(crate) struct Transforms<'a>(Vec<Step<'a>>);

impl<'a> Transforms<'a> {
    /// Adds a function of the program.
    pub(crate) fn push<F, I, E>(&mut self, change: F)
    where
        F: Fn(Item) -> Result<I, E> + Send + Sync + 'a,
        I: IntoIterator<Item = Item>,
        E: Into<BoxError>,
    {
        self.0.push(Box::new(move |item| match change(item) {
            Ok(made) => Ok(made.into_iter().collect()),
            Err(error) => Err(error.into()),
        }));
    }

    /// Adds the migrations of a model; items of other models stay as they are.
    pub(crate) fn migrate<M: Model>(&mut self, table: &str) {
        let table = table.to_owned();
        self.push(move |item| upgraded::<M>(&table, item));
    }

    pub(crate) fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// What an item becomes.
    pub(crate) fn apply(&self, item: Item) -> Result<Vec<Item>, BoxError> {
        let mut items = vec![item];
        for step in &self.0 {
            let made: Result<Vec<_>, _> = items.into_iter().map(step).collect();
            items = made?.concat();
        }
        Ok(items)
    }
}

/// An item in a model's shape.
fn upgraded<M: Model>(table: &str, item: Item) -> Result<Vec<Item>, BoxError> {
    let layout = M::layout();
    let is_others = |item: &Item| !layout.owns(item) || Key::of(layout, item).is_err();
    if is_others(&item) {
        return Ok(vec![item]);
    }
    let key = Key::of(layout, &item)?;
    Ok(match upgraded_apart::<M>(table, &key, &item)? {
        Some(made) => made.into_iter().map(|(_, item)| item).collect(),
        None => vec![item],
    })
}

impl fmt::Debug for Transforms<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transforms").field("steps", &self.0.len()).finish_non_exhaustive()
    }
}
