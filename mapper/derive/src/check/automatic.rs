//! The rules of fields that the library fills.

use proc_macro2::Ident;
use syn::{Expr, ExprLit, Lit};

use super::model::Raw;
use super::{Words, ungrouped};
use crate::ast::Automatic;
use crate::ctxt::Ctxt;

/// How the library fills a field, with the word that says so.
pub(super) fn read(ctxt: &mut Ctxt, words: &mut Words) -> Option<(Ident, Automatic)> {
    let mut found: Option<(Ident, Automatic)> = None;
    let given = [
        words.flag(ctxt, "created_at").map(|word| (word, Automatic::CreatedAt)),
        words.flag(ctxt, "updated_at").map(|word| (word, Automatic::UpdatedAt)),
        uuid(ctxt, words),
        ttl(ctxt, words),
    ];
    for (word, automatic) in given.into_iter().flatten() {
        if let Some((first, _)) = &found {
            let sentence =
                format!("`{first}` and `{word}` both fill this field: remove one of the two");
            ctxt.error(word, sentence);
        } else {
            found = Some((word, automatic));
        }
    }
    found
}

/// `uuid`, or `uuid = "v7"`.
fn uuid(ctxt: &mut Ctxt, words: &mut Words) -> Option<(Ident, Automatic)> {
    let entry = words.take("uuid")?;
    let text = |value: &Expr| match ungrouped(value) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => text.value(),
        _ => String::new(),
    };
    let version = match entry.value.as_ref().map(text).as_deref() {
        None | Some("v4") => "V4",
        Some("v7") => "V7",
        Some(_) => {
            let sentence = "`uuid` makes random UUIDs (`uuid`) or UUIDs that begin with the time: write `uuid = \"v7\"`";
            ctxt.error(&entry, sentence);
            "V4"
        }
    };
    Some((entry.word, Automatic::Uuid(version)))
}

/// `ttl`, or `ttl = DURATION`.
fn ttl(ctxt: &mut Ctxt, words: &mut Words) -> Option<(Ident, Automatic)> {
    let entry = words.take("ttl")?;
    if let Some(Expr::Lit(_)) = entry.value.as_ref().map(ungrouped) {
        let sentence =
            "a time to live is a `std::time::Duration`: write `ttl = Duration::from_hours(24)`";
        ctxt.error(&entry, sentence);
    }
    Some((entry.word, Automatic::Ttl(entry.value)))
}

/// What does not go together with a field that the library fills.
pub(super) fn fits(ctxt: &mut Ctxt, raw: &Raw<'_>) {
    let Some((word, automatic)) = &raw.automatic else { return };
    let key = raw.hash_key.is_some() || raw.range_key.is_some();
    if raw.version.is_some() {
        let sentence = format!("the version is counted by the library: remove `{word}`");
        ctxt.error(word, sentence);
    }
    match automatic {
        Automatic::Uuid(_) => without_converter(ctxt, word, raw.extras.with.is_some()),
        _ if key => {
            let sentence = format!(
                "a key is given by the program, or by `uuid`: write `{word}` on a field of its own"
            );
            ctxt.error(word, sentence);
        }
        Automatic::Ttl(_) => without_converter(ctxt, word, raw.extras.with.is_some()),
        Automatic::CreatedAt if !raw.extras.aliases.is_empty() => {
            let sentence = "an upsert sets `created_at` where it is absent and does not see other names: remove \
                            `alias`, or change the name by a migration";
            ctxt.error(word, sentence);
        }
        Automatic::CreatedAt | Automatic::UpdatedAt => {}
    }
}

fn without_converter(ctxt: &mut Ctxt, word: &Ident, converted: bool) {
    if converted {
        let sentence = format!("`{word}` needs the stored form of its own type: remove `with`");
        ctxt.error(word, sentence);
    }
}
