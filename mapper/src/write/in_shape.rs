//! Changes by key of attributes that can be stored in another way than their own: under an alias, or not at all where a
//! default stands for them.

use crate::error::Error;
use crate::expr::change::Verb;
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
        let name = change.place.name.clone();
        let aliases =
            layout.aliases.iter().filter(|(own, _)| *own == name).map(|(_, alias)| *alias);
        let has_default = layout.defaults.iter().any(|own| *own == name);
        let whole = change.place.inner.is_empty();
        match change.verb {
            // Whatever was stored, and however, is replaced.
            Verb::Set if whole => {
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
            verb => {
                shape = aliases.fold(shape, |shape, alias| shape.and(Node::not_exists(alias)));
                if has_default && verb != Verb::SetIfAbsent {
                    shape = shape.and(Node::seen_at_all(&name));
                }
            }
        }
        sent.push(change);
    }
    Ok((sent, shape))
}
