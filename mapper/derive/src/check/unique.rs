//! The rules of unique constraints: `unique` on a field, `unique(tenant, login)` on the struct.

use proc_macro2::Ident;

use super::model::Raw;
use crate::ast::{Automatic, Field, Role, Unique};
use crate::attr::Entry;
use crate::ctxt::Ctxt;

/// What does not go together with a field whose value is unique.
pub(super) fn fits(ctxt: &mut Ctxt, raw: &Raw<'_>) {
    let Some(word) = &raw.unique else { return };
    if raw.version.is_some() {
        let sentence = "versions of different items are equal all the time: remove `unique`";
        ctxt.error(word, sentence);
    }
}

/// The constraints of fields alone, and then those of several fields.
pub(super) fn uniques(
    ctxt: &mut Ctxt,
    fields: &[Field<'_>],
    alone: &[Option<&Ident>],
    composite: Vec<(Ident, Vec<Entry>)>,
) -> Vec<Unique> {
    let mut found: Vec<(Ident, Vec<usize>)> = Vec::new();
    for (at, word) in alone.iter().enumerate() {
        found.extend(word.map(|word| (word.clone(), vec![at])));
    }
    for (word, entries) in composite {
        found.extend(several(ctxt, fields, &word, &entries).map(|numbers| (word, numbers)));
    }
    let mut sets: Vec<Vec<usize>> = Vec::new();
    for (word, numbers) in &found {
        let mut set = numbers.clone();
        set.sort_unstable();
        if sets.contains(&set) {
            ctxt.error(word, "these fields are unique already: remove one of the two `unique`");
        }
        sets.push(set);
    }
    let expires = |field: &Field<'_>| matches!(field.automatic, Some(Automatic::Ttl(_)));
    if let (Some((word, _)), Some(ttl)) = (found.first(), fields.iter().find(|f| expires(f))) {
        let sentence = format!(
            "the service deletes expired items by itself and would leave their values taken: remove `unique`, or the \
             `ttl` of `{}`",
            ttl.ident
        );
        ctxt.error(word, sentence);
    }
    found.into_iter().map(|(_, fields)| Unique { fields }).collect()
}

/// The numbers of the fields of one `unique(…)`.
fn several(
    ctxt: &mut Ctxt,
    fields: &[Field<'_>],
    word: &Ident,
    entries: &[Entry],
) -> Option<Vec<usize>> {
    if entries.is_empty() {
        ctxt.error(word, "`unique` names fields: write `unique(tenant, login)`");
        return None;
    }
    let mut numbers = Vec::new();
    for Entry { word, value, inner } in entries {
        let plain = value.is_none() && inner.is_none();
        let number = fields.iter().position(|field| plain && field.ident == word);
        let Some(number) = number else {
            let sentence =
                format!("`{word}` is no field of the struct: write `unique(tenant, login)`");
            ctxt.error(word, sentence);
            return None;
        };
        let field = &fields[number];
        if field.role == Role::Version || !field.is_named() {
            let sentence = format!("`{word}` cannot be part of a unique value: remove it");
            ctxt.error(word, sentence);
        } else if numbers.contains(&number) {
            ctxt.error(word, format!("`{word}` is named twice: remove one of the two"));
        }
        numbers.push(number);
    }
    Some(numbers)
}
