//! Composed keys of indexes in changes by key: what they are composed of must not change without them.

use crate::error::Error;
use crate::expr::Change;
use crate::expr::Place;
use crate::expr::change::Verb;
use crate::item::AttributeValue;
use crate::key::Key;
use crate::layout::Layout;
use crate::template::Template;

/// The changes of composed keys that go with the changes of a program.
///
/// # Errors
/// [`Error::Usage`] where a composed key cannot be known without reading the item.
pub(super) fn changes(
    layout: &Layout,
    key: &Key,
    changes: &[Change],
) -> Result<Vec<Change>, Error> {
    let touched = |template: &&Template| {
        template.attributes().any(|name| changes.iter().any(|change| change.place.name == name))
    };
    layout
        .templates
        .iter()
        .filter(touched)
        .map(|template| one(layout, template, key, changes))
        .collect()
}

fn one(
    layout: &Layout,
    template: &Template,
    key: &Key,
    changes: &[Change],
) -> Result<Change, Error> {
    // What the primary key tells need not be changed.
    let mut known = layout.expand(&key.to_item()).into_owned();
    let mut absent = false;
    for name in template.attributes().filter(|name| !known.contains(name)).collect::<Vec<_>>() {
        let change = changes.iter().find(|change| change.place == Place::attribute(name));
        match change.map(|change| (change.verb, &change.value)) {
            Some((Verb::Set, Ok(Some(value)))) => {
                known.insert(name, value.clone());
            }
            Some((Verb::Remove, _)) => absent = true,
            _ => {
                return Err(Error::Usage(
                    "the key of an index is composed of an attribute that this update changes: `set` or `remove` in it \
                     every attribute that the key is composed of, or load, change and save",
                ));
            }
        }
    }
    let place = Place::attribute(template.name);
    let text = if absent { Ok(None) } else { template.build(&known) };
    Ok(match text.map_err(|error| Error::encode(layout, error))? {
        Some(text) => Change::set(place, AttributeValue::S(text)),
        None => Change::remove(place),
    })
}
