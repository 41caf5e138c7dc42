//! What happens to an item on its way: changed, dropped, made into several, upgraded.

use std::fmt;

use dynamap_mapper::schema::WRITE_ATTRIBUTE;
use dynamap_mapper::{AttributeValue, Item, Key, Model, upgraded_apart};
use sha2::{Digest as _, Sha256};

use crate::BoxError;
use crate::digest::DigestSum;

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
        if self.are_none() {
            return Ok(vec![item]);
        }
        let mut items = vec![item.clone()];
        for step in &self.0 {
            let made: Result<Vec<_>, _> = items.into_iter().map(step).collect();
            items = made?.concat();
        }
        for made in items.iter_mut().filter(|made| **made != item) {
            sign(made);
        }
        Ok(items)
    }
}

/// Gives an item that has a nonce the one of its content. With that of the item that it was made of, it would pass for
/// what another run, with other transforms, has made of the same. Every run makes the same nonce of the same.
fn sign(item: &mut Item) {
    if item.remove(WRITE_ATTRIBUTE).is_some() {
        let digest = DigestSum::of(Sha256::new_with_prefix(item.encoded()));
        let nonce = digest.to_string().chars().take(16).collect();
        item.insert(WRITE_ATTRIBUTE, AttributeValue::S(nonce));
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn text(value: &str) -> AttributeValue {
        AttributeValue::S(value.to_owned())
    }

    fn item(nonce: Option<&str>) -> Item {
        let nonce = nonce.map(|nonce| (WRITE_ATTRIBUTE.to_owned(), text(nonce)));
        nonce.into_iter().chain([("id".to_owned(), text("a"))]).collect()
    }

    /// What an item becomes that gets this name.
    fn named(name: &str, item: Item) -> Item {
        let mut transforms = Transforms::default();
        transforms.push(|mut item: Item| {
            item.insert("name", text(name));
            Ok::<_, Infallible>(Some(item))
        });
        transforms.apply(item).expect("infallible").remove(0)
    }

    #[test]
    fn an_item_that_was_changed_has_the_nonce_of_its_content() {
        let nonce = |item: Item| item.text(WRITE_ATTRIBUTE).map(str::to_owned);
        let ann = nonce(named("ann", item(Some("0123"))));
        assert_eq!(ann.as_deref().map(str::len), Some(16));
        assert_eq!(ann, nonce(named("ann", item(Some("4567")))), "of its content alone");
        assert_ne!(ann, nonce(named("ben", item(Some("0123")))));
        assert_eq!(nonce(named("ann", item(None))), None, "it had none");
        let mut same = named("ann", item(Some("0123")));
        same.insert(WRITE_ATTRIBUTE, text("89ab"));
        assert_eq!(nonce(named("ann", same)).as_deref(), Some("89ab"), "it was not changed");
    }
}
