//! The words that are known in each place, and how their values are read.

use proc_macro2::Ident;
use syn::{Attribute, Expr, ExprLit, Lit, LitBool, LitStr, Path};

use super::ungrouped;
use crate::attr::{self, Entry};
use crate::ctxt::Ctxt;

/// A place where `#[model(…)]` can be written.
#[derive(Debug)]
pub(crate) struct Place {
    on: &'static str,
    known: &'static [&'static str],
}

pub(crate) const MODEL: Place = Place {
    on: "the struct of a model",
    known: &[
        "table",
        "hash_key",
        "hash_key_name",
        "range_key",
        "range_key_name",
        "discriminator",
        "discriminator_name",
        "gsi",
        "lsi",
        "unique",
        "schema",
        "migrations",
        "settings",
        "view",
        "retired_views",
        "rename_all",
        "validate",
        "validate_with",
        "unknown",
        "normalize",
        "before_write",
        "after_read",
        "crate",
    ],
};
pub(crate) const MODEL_FIELD: Place = Place {
    on: "a field of a model",
    known: &[
        "hash_key",
        "range_key",
        "auto_increment",
        "version",
        "created_at",
        "updated_at",
        "uuid",
        "ttl",
        "unique",
        "rename",
        "alias",
        "with",
        "serde",
        "default",
        "skip",
        "flatten",
    ],
};
pub(super) const ATTRIBUTE: Place = Place {
    on: "a type that derives `Attribute`",
    known: &["rename_all", "tag", "content", "by_index", "crate"],
};
pub(super) const ATTRIBUTE_FIELD: Place = Place {
    on: "a named field of a type that derives `Attribute`",
    known: &["rename", "alias", "with", "serde", "default", "skip", "flatten"],
};
pub(super) const INDEX: Place = Place {
    on: "an index",
    known: &[
        "name",
        "hash_key",
        "hash_key_name",
        "range_key",
        "range_key_name",
        "include",
        "keys_only",
    ],
};
pub(super) const PROJECTION: Place =
    Place { on: "a struct that derives `Projection`", known: &["of", "crate"] };
pub(super) const PROJECTION_FIELD: Place =
    Place { on: "a field of a projection", known: &["default"] };
pub(super) const COLLECTION: Place =
    Place { on: "a type that derives `Collection`", known: &["crate"] };
pub(super) const COLLECTION_MEMBER: Place = Place { on: "a member of a collection", known: &[] };
pub(crate) const VARIANT: Place = Place { on: "a variant", known: &["rename", "other"] };
pub(super) const CONTENT: Place =
    Place { on: "the one unnamed field of a variant", known: &["with", "serde"] };
pub(super) const KEPT: Place =
    Place { on: "the field of an `other` variant, which keeps what is stored,", known: &[] };
pub(super) const WRAPPED: Place =
    Place { on: "the one field of a tuple struct, which is stored as this field,", known: &[] };

/// Where a word may belong that is not known where it was written.
const ELSEWHERE: [&Place; 2] = [&MODEL_FIELD, &MODEL];

/// Words that may be given several times, on the struct of a model.
const REPEATED: [&str; 4] = ["gsi", "lsi", "unique", "view"];

/// What other libraries and AWS call it.
const ALIASES: [(&str, &str); 7] = [
    ("partition_key", "hash_key"),
    ("pk", "hash_key"),
    ("sort_key", "range_key"),
    ("sk", "range_key"),
    ("table_name", "table"),
    ("name", "rename"),
    ("schema_version", "schema"),
];

/// The known words of one struct, field or variant; each is given at most once.
pub(crate) struct Words {
    entries: Vec<Entry>,
    /// Some of what was written could not be understood, so that a missing word may not be missing.
    pub(crate) unclear: bool,
}

impl Words {
    pub(crate) fn read(ctxt: &mut Ctxt, attributes: &[Attribute], place: &Place) -> Self {
        let (entries, errors) = attr::read(attributes);
        let unclear = !errors.is_empty();
        for error in errors {
            ctxt.syn_error(error);
        }
        let mut words = Self::known(ctxt, entries, place);
        words.unclear |= unclear;
        words
    }

    /// Those of the entries that are known in a place.
    pub(super) fn known(ctxt: &mut Ctxt, entries: Vec<Entry>, place: &Place) -> Self {
        let mut words = Self { entries: Vec::new(), unclear: false };
        for entry in entries {
            let word = entry.word.to_string();
            let repeated = place.on == MODEL.on && REPEATED.contains(&word.as_str());
            if !place.known.contains(&word.as_str()) {
                words.unclear = true;
                ctxt.error(&entry.word, unknown(&word, place));
            } else if !repeated && words.entries.iter().any(|other| other.word == entry.word) {
                let sentence = format!("`{word}` is given twice: remove one of the two");
                ctxt.error(&entry, sentence);
            } else {
                words.entries.push(entry);
            }
        }
        words
    }

    pub(super) fn take(&mut self, word: &str) -> Option<Entry> {
        let found = self.entries.iter().position(|entry| entry.word == word)?;
        // In order: indexes are numbered as they are declared.
        Some(self.entries.remove(found))
    }

    /// A word that stands alone.
    pub(crate) fn flag(&mut self, ctxt: &mut Ctxt, word: &str) -> Option<Ident> {
        let entry = self.take(word)?;
        if entry.value.is_some() || entry.inner.is_some() {
            ctxt.error(&entry, format!("`{word}` takes no value: write just `{word}`"));
        }
        Some(entry.word)
    }

    /// Every `word(…)`; one without parentheses is reported.
    pub(super) fn lists(
        &mut self,
        ctxt: &mut Ctxt,
        word: &str,
        example: &str,
    ) -> Vec<(Ident, Vec<Entry>)> {
        let mut found = Vec::new();
        while let Some(at) = self.entries.iter().position(|entry| entry.word == word) {
            let entry = self.entries.remove(at);
            if let Some(inner) = entry.inner {
                found.push((entry.word, inner));
            } else {
                self.unclear = true;
                ctxt.error(&entry, format!("`{word}` needs a list: write `{example}`"));
            }
        }
        found
    }

    /// A word with any value.
    pub(super) fn expr(&mut self, ctxt: &mut Ctxt, word: &str, example: &str) -> Option<Expr> {
        self.value(ctxt, word, "a value", example, |value| Some(value.clone()))
    }

    /// A word that stands alone and goes with few others: the rest is reported, and counts as not written.
    pub(super) fn excluding(
        &mut self,
        ctxt: &mut Ctxt,
        word: &str,
        beside: &[&str],
        why: &str,
    ) -> bool {
        if self.flag(ctxt, word).is_none() {
            return false;
        }
        for entry in std::mem::take(&mut self.entries) {
            if beside.iter().any(|word| entry.word == word) {
                self.entries.push(entry);
            } else {
                self.unclear = true;
                ctxt.error(&entry.word, format!("{why}: remove `{}`", entry.word));
            }
        }
        true
    }

    /// `word = "text"`.
    pub(super) fn text(&mut self, ctxt: &mut Ctxt, word: &str) -> Option<LitStr> {
        self.text_like(ctxt, word, "\"…\"")
    }

    /// `word = "text"`, with an example of its text.
    pub(super) fn text_like(
        &mut self,
        ctxt: &mut Ctxt,
        word: &str,
        example: &str,
    ) -> Option<LitStr> {
        self.value(ctxt, word, "a string", example, |value| match value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.clone()),
            _ => None,
        })
    }

    /// A word with its value, whatever it is.
    pub(super) fn key(&mut self, ctxt: &mut Ctxt, word: &str) -> Option<(Ident, Expr)> {
        let at = self.entries.iter().find(|entry| entry.word == word)?.word.clone();
        Some((at, self.expr(ctxt, word, "status")?))
    }

    /// `word = "text"`, or `word = ["text", …]`.
    pub(super) fn texts(&mut self, ctxt: &mut Ctxt, word: &str) -> Vec<LitStr> {
        let text = |value: &Expr| match ungrouped(value) {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.clone()),
            _ => None,
        };
        let texts =
            self.value(ctxt, word, "a string or a list of strings", "\"…\"", |value| match value {
                Expr::Array(array) => array.elems.iter().map(text).collect(),
                value => text(value).map(|text| vec![text]),
            });
        texts.unwrap_or_default()
    }

    /// `word = PATH`.
    pub(super) fn path(&mut self, ctxt: &mut Ctxt, word: &str, example: &str) -> Option<Path> {
        self.value(ctxt, word, "a path", example, |value| match value {
            Expr::Path(path) if path.qself.is_none() => Some(path.path.clone()),
            _ => None,
        })
    }

    /// `word = true`, `word = false`.
    pub(super) fn boolean(&mut self, ctxt: &mut Ctxt, word: &str) -> Option<LitBool> {
        self.value(ctxt, word, "`true` or `false`", "false", |value| match value {
            Expr::Lit(ExprLit { lit: Lit::Bool(value), .. }) => Some(value.clone()),
            _ => None,
        })
    }

    /// A word with a value that `read` understands. One that it does not is reported.
    fn value<T>(
        &mut self,
        ctxt: &mut Ctxt,
        word: &str,
        what: &str,
        example: &str,
        read: impl Fn(&Expr) -> Option<T>,
    ) -> Option<T> {
        let entry = self.take(word)?;
        let value = entry.value.as_ref().and_then(|value| read(ungrouped(value)));
        if value.is_none() {
            self.unclear = true;
            ctxt.error(&entry, format!("`{word}` needs {what}: write `{word} = {example}`"));
        }
        value
    }
}

/// The sentence about a word that is not known in its place.
fn unknown(word: &str, place: &Place) -> String {
    let Place { on, known } = place;
    if known.is_empty() {
        return format!("`{word}` has no effect here: {on} takes no attribute, remove it");
    }
    if let Some(other) = ELSEWHERE.iter().find(|other| other.known.contains(&word)) {
        let other = other.on;
        return format!("`{word}` is written on {other}, not on {on}: move or remove it");
    }
    let list = known.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    match meant(word, known) {
        Some(meant) => format!("unknown attribute `{word}` on {on}: did you mean `{meant}`?"),
        None => format!("unknown attribute `{word}`: known on {on} are {list}"),
    }
}

/// The known word that was probably meant.
fn meant<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == word).map(|(_, meant)| *meant);
    let near = |known: &&&str| Some(**known) == alias || distance(word, known) <= 2;
    known.iter().filter(near).min_by_key(|known| distance(word, known)).copied()
}

/// How many letters must be put in, left out or replaced to make one word the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.bytes().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, right) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
