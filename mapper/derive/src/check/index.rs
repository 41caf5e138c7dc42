//! The rules of secondary indexes: `gsi(by_status, hash_key = status, range_key = day)`.

use proc_macro2::Ident;
use syn::ext::IdentExt as _;
use syn::{Expr, ExprLit, Lit, LitStr};

use super::key::{no_key, template};
use super::words::INDEX;
use super::{Words, constant, given_name, ungrouped};
use crate::ast::{Field, Holds, Index, Key, Role, Template};
use crate::attr::Entry;
use crate::ctxt::Ctxt;

/// AWS: at most four attributes each for the hash and the range key of a global index.
const MAX_KEY: usize = 4;
/// AWS: at most five local indexes.
const MAX_LOCAL: usize = 5;

/// The table that indexes are checked against.
pub(super) struct Table<'t, 'a> {
    pub(super) fields: &'t mut Vec<Field<'a>>,
    pub(super) templates: &'t mut Vec<Template>,
    pub(super) hash_key: Key,
    pub(super) range_key: Option<Key>,
}

/// Every `gsi(…)` and `lsi(…)`, in that order.
pub(super) fn indexes(
    ctxt: &mut Ctxt,
    global: Vec<(Ident, Vec<Entry>)>,
    local: Vec<(Ident, Vec<Entry>)>,
    table: &mut Table<'_, '_>,
) -> Vec<Index> {
    for (word, _) in local.iter().skip(MAX_LOCAL) {
        let sentence = format!("a table has at most {MAX_LOCAL} local indexes: write `gsi(…)`");
        ctxt.error(word, sentence);
    }
    let global = global.into_iter().map(|(word, entries)| (word, entries, false));
    let local = local.into_iter().map(|(word, entries)| (word, entries, true));
    let mut found: Vec<Index> = Vec::new();
    for (word, entries, local) in global.chain(local) {
        let Some(index) = index(ctxt, &word, entries, local, table) else { continue };
        let taken = found.iter().any(|other| other.constant == index.constant)
            || table.fields.iter().any(|field| index.constant == field.constant.as_str());
        if taken {
            let sentence = format!(
                "the constant `{}` is taken by a field or another index: give the index another name",
                index.constant
            );
            ctxt.error(&index.constant, sentence);
        } else if found.iter().any(|other| other.name == index.name) {
            let sentence =
                format!("two indexes are named `{}` in the table: rename one", index.name);
            ctxt.error(&index.constant, sentence);
        }
        found.push(index);
    }
    found
}

fn index(
    ctxt: &mut Ctxt,
    word: &Ident,
    mut entries: Vec<Entry>,
    local: bool,
    table: &mut Table<'_, '_>,
) -> Option<Index> {
    let example = if local {
        "lsi(by_total, range_key = total)"
    } else {
        "gsi(by_status, hash_key = status)"
    };
    let unnamed =
        entries.first().is_none_or(|first| first.value.is_some() || first.inner.is_some());
    if unnamed {
        ctxt.error(word, format!("an index begins with its name: write `{example}`"));
        return None;
    }
    let ident = entries.remove(0).word;
    let mut words = Words::known(ctxt, entries, &INDEX);
    let given = words.text(ctxt, "name");
    let own = || LitStr::new(&ident.unraw().to_string(), ident.span());
    let name = index_name(ctxt, &given.unwrap_or_else(own));
    let constant = Ident::new(&constant(&ident), ident.span());

    let hash_key = words.key(ctxt, "hash_key");
    let range_key = words.key(ctxt, "range_key");
    let hash_key = match (hash_key, local) {
        (Some((word, _)), true) => {
            let sentence =
                "a local index has the hash key of the table: remove `hash_key`, or write `gsi(…)`";
            ctxt.error(word, sentence);
            return None;
        }
        (None, true) => vec![table.hash_key],
        (Some((_, value)), false) => {
            side(ctxt, &mut words, &ident, "hash_key", "pk", &value, table)?
        }
        (None, false) => {
            if !words.unclear {
                ctxt.error(&ident, format!("a global index has a hash key: write `{example}`"));
            }
            return None;
        }
    };
    let range_key = match range_key {
        Some((_, value)) => side(ctxt, &mut words, &ident, "range_key", "sk", &value, table)?,
        None => Vec::new(),
    };
    keys_fit(ctxt, &ident, local, &hash_key, &range_key, table)?;
    for key in &range_key {
        let Key::Field(number) = *key else { continue };
        let field = &mut table.fields[number];
        field.role = match field.role {
            Role::Field if !field.is_time_of_writing() => Role::Indexed(number),
            Role::Field | Role::HashKey => Role::KeyPart(number),
            other => other,
        };
    }
    let holds = holds(ctxt, &mut words, table)?;
    Some(Index { name, constant, local, hash_key, range_key, holds })
}

fn index_name(ctxt: &mut Ctxt, name: &LitStr) -> String {
    let text = name.value();
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if !(3..=255).contains(&text.len()) || !text.chars().all(allowed) {
        let sentence = format!(
            "`{text}` cannot be the name of an index: write 3 to 255 of `a-z`, `A-Z`, `0-9`, `_`, `-` and `.`"
        );
        ctxt.error(name, sentence);
    }
    text
}

/// One key of an index: a field, a list of fields, or a template.
fn side(
    ctxt: &mut Ctxt,
    words: &mut Words,
    index: &Ident,
    word: &'static str,
    suffix: &str,
    value: &Expr,
    table: &mut Table<'_, '_>,
) -> Option<Vec<Key>> {
    let name_word = format!("{word}_name");
    let given = words.text(ctxt, &name_word);
    let value = ungrouped(value);
    if let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = value {
        let name = match &given {
            Some(name) => given_name(ctxt, name),
            None => format!("{index}_{suffix}"),
        };
        let template = template(ctxt, text, name, &name_word, table.fields)?;
        let created =
            |n: usize| matches!(table.fields[n].automatic, Some(crate::ast::Automatic::CreatedAt));
        if template.fields().any(created) {
            let sentence = "an upsert keeps the stored `created_at` and does not know it: use it as a key by itself, not \
                            in a template";
            ctxt.error(text, sentence);
            return None;
        }
        table.templates.push(template);
        return Some(vec![Key::Template(table.templates.len() - 1)]);
    }
    if let Some(name) = given {
        let sentence =
            format!("`{name_word}` names a composed key: write `{word} = \"…\"`, or remove it");
        ctxt.error(name, sentence);
    }
    let idents = names(ctxt, word, value)?;
    let mut keys = Vec::new();
    for ident in idents {
        keys.push(named(ctxt, &ident, table)?);
    }
    Some(keys)
}

/// `field`, or `[field, field]`.
fn names(ctxt: &mut Ctxt, word: &str, value: &Expr) -> Option<Vec<Ident>> {
    let ident = |value: &Expr| match ungrouped(value) {
        Expr::Path(path) => path.path.get_ident().cloned(),
        _ => None,
    };
    let found = match value {
        Expr::Array(array) => array.elems.iter().map(ident).collect(),
        value => ident(value).map(|one| vec![one]),
    };
    if found.is_none() {
        let sentence = format!(
            "`{word}` names fields: write `{word} = status` or `{word} = [status, day]`, or a template, `{word} = \
             \"STATUS#{{status}}\"`"
        );
        ctxt.error(value, sentence);
    }
    found
}

/// The field, or the composed key of the table, with this name.
fn named(ctxt: &mut Ctxt, ident: &Ident, table: &Table<'_, '_>) -> Option<Key> {
    if let Some(number) = table.fields.iter().position(|field| field.ident == ident) {
        if let Some(reason) = no_key(&table.fields[number]) {
            ctxt.error(ident, reason);
            return None;
        }
        return Some(Key::Field(number));
    }
    let composed = table.templates.iter().position(|template| ident == template.name.as_str());
    if composed.is_none() {
        let known: Vec<_> = table.fields.iter().map(|field| format!("`{}`", field.ident)).collect();
        let sentence = format!("`{ident}` is no field: write one of {}", known.join(", "));
        ctxt.error(ident, sentence);
    }
    composed.map(Key::Template)
}

fn keys_fit(
    ctxt: &mut Ctxt,
    index: &Ident,
    local: bool,
    hash_key: &[Key],
    range_key: &[Key],
    table: &Table<'_, '_>,
) -> Option<()> {
    let sentence = if local && table.range_key.is_none() {
        "a local index orders the items of one hash key: give the table a range key, or write `gsi(…)`".to_owned()
    } else if local && range_key.len() != 1 {
        "a local index has one range key of its own: write `lsi(by_total, range_key = total)`"
            .to_owned()
    } else if hash_key.len() > MAX_KEY || range_key.len() > MAX_KEY {
        format!(
            "a key of an index has at most {MAX_KEY} attributes: compose some of them to one, as in `\"{{a}}#{{b}}\"`"
        )
    } else if hash_key.is_empty() {
        "a hash key has at least one attribute: name it".to_owned()
    } else if range_key
        .iter()
        .enumerate()
        .any(|(i, key)| hash_key.contains(key) || range_key[..i].contains(key))
    {
        "an attribute is in the key of an index once: remove it in one of the two places".to_owned()
    } else {
        return Some(());
    };
    ctxt.error(index, sentence);
    None
}

/// What the index holds beside keys.
fn holds(ctxt: &mut Ctxt, words: &mut Words, table: &Table<'_, '_>) -> Option<Holds> {
    let include = words.expr(ctxt, "include", "[total]");
    let keys_only = words.flag(ctxt, "keys_only");
    let Some(include) = include else {
        return Some(keys_only.map_or(Holds::All, |_| Holds::Some(Vec::new())));
    };
    if let Some(keys_only) = keys_only {
        let sentence = "`keys_only` and `include` exclude each other: remove one of the two";
        ctxt.error(keys_only, sentence);
        return None;
    }
    let mut numbers = Vec::new();
    for ident in names(ctxt, "include", ungrouped(&include))? {
        match named(ctxt, &ident, table)? {
            Key::Field(number) => numbers.push(number),
            Key::Template(_) => {
                ctxt.error(&ident, "a composed key is made of fields: include those");
                return None;
            }
        }
    }
    Some(Holds::Some(numbers))
}
