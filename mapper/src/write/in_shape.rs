//! Changes by key of attributes that can be stored in another way than their own: under an alias, or not at all where a
//! default stands for them.

use crate::error::Error;
use crate::expr::change::{Expression, Verb};
use crate::expr::{Change, Node, Place};
use crate::item::AttributeValue;
use crate::model::Layout;

/// The changes as they must be sent, and what they require of the stored item.
///
/// # Errors
/// [`Error::Usage`] where elements are taken out of a set with a default: without a last one it would read as the
/// default again.
pub(super) fn changes(layout: &Layout, changes: Vec<Change>) -> Result<(Vec<Change>, Node), Error> {
    let (mut sent, mut shape) = (Vec::new(), Node::all(Vec::new()));
    for mut change in changes {
        for place in change.from.iter().flat_map(Expression::places) {
            shape = shape.and(read(layout, &place.name, true));
        }
        let name = change.place.name.clone();
        let aliases = aliases(layout, &name);
        let has_default = layout.defaults.iter().any(|own| *own == name);
        let whole = change.place.inner.is_empty();
        match change.verb {
            // Whatever was stored, and however, is replaced.
            Verb::Set | Verb::SetTo if whole => {
                sent.extend(aliases.map(|alias| Change::remove(Place::attribute(alias))));
            }
            Verb::Remove if whole => {
                sent.extend(aliases.map(|alias| Change::remove(Place::attribute(alias))));
                if has_default {
                    // Absent, it would read as the default.
                    change = Change::set(change.place, AttributeValue::Null(true));
                }
            }
            Verb::DeleteFrom if has_default => {
                return Err(Error::Usage(
                    "a set with a default cannot lose elements by key, since an empty set reads as the default: load, \
                     change and save",
                ));
            }
            verb => shape = shape.and(read(layout, &name, verb != Verb::SetIfAbsent)),
        }
        sent.push(change);
    }
    Ok((sent, shape))
}

/// The other names under which an attribute can be stored.
fn aliases(layout: &Layout, name: &str) -> impl Iterator<Item = &'static str> {
    layout.aliases.iter().filter(move |(own, _)| *own == name).map(|(_, alias)| *alias)
}

/// What a change requires that starts from an attribute: it is stored under its own name, and where it has a default it
/// is stored at all.
fn read(layout: &Layout, name: &str, with_default: bool) -> Node {
    let shape = Node::all(aliases(layout, name).map(Node::not_exists).collect());
    if with_default && layout.defaults.contains(&name) {
        shape.and(Node::seen_at_all(name))
    } else {
        shape
    }
}
