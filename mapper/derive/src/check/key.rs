//! The rules of composed keys: `hash_key = "USER#{id}"`.

use proc_macro2::Ident;
use syn::LitStr;

use super::{Words, given_name};
use crate::ast::{Field, Key, Piece, Role, Template};
use crate::ctxt::Ctxt;

/// The most digits of a number.
const MAX_WIDTH: usize = 38;

/// What the struct says of one key of the table: its template, and the name of the attribute.
pub(super) struct Composed {
    word: &'static str,
    template: Option<LitStr>,
    name: Option<LitStr>,
    default_name: &'static str,
}

impl Composed {
    pub(super) fn hash(ctxt: &mut Ctxt, words: &mut Words) -> Self {
        let template = words.text_like(ctxt, "hash_key", "\"USER#{id}\"");
        let name = words.text(ctxt, "hash_key_name");
        Self { word: "hash_key", template, name, default_name: "pk" }
    }

    pub(super) fn range(ctxt: &mut Ctxt, words: &mut Words) -> Self {
        let template = words.text_like(ctxt, "range_key", "\"ORDER#{day}\"");
        let name = words.text(ctxt, "range_key_name");
        Self { word: "range_key", template, name, default_name: "sk" }
    }

    pub(super) fn is_given(&self) -> bool {
        self.template.is_some()
    }

    /// The key, where it is composed; its template is added to `templates`.
    pub(super) fn key(
        &self,
        ctxt: &mut Ctxt,
        fields: &mut [Field<'_>],
        templates: &mut Vec<Template>,
    ) -> Option<Key> {
        let Some(text) = &self.template else {
            if let Some(name) = &self.name {
                let word = self.word;
                let sentence = format!(
                    "`{word}_name` names a composed key: write `{word} = \"…\"` too, or `rename` on the field of the key"
                );
                ctxt.error(name, sentence);
            }
            return None;
        };
        let role = match self.word {
            "hash_key" => Role::HashKey,
            _ => Role::RangeKey,
        };
        if let Some(field) = fields.iter().find(|field| field.role == role) {
            let sentence = format!(
                "the `{}` is composed here and the field `{}` besides: remove one of the two",
                self.word, field.ident
            );
            ctxt.error(text, sentence);
            return None;
        }
        let name = match &self.name {
            Some(name) => given_name(ctxt, name),
            None => self.default_name.to_owned(),
        };
        let template = template(ctxt, text, name, &format!("{}_name", self.word), fields)?;
        if let Some(field) = template.fields().map(|n| &fields[n]).find(|f| f.is_time_of_writing())
        {
            let sentence = format!(
                "`{}` is set by the library when it writes, and a key stays as it is: name another field",
                field.ident
            );
            ctxt.error(text, sentence);
            return None;
        }
        for number in template.fields() {
            if fields[number].role == Role::Field {
                fields[number].role = Role::KeyPart(number);
            }
        }
        templates.push(template);
        Some(Key::Template(templates.len() - 1))
    }
}

/// A template, with every field found.
pub(super) fn template(
    ctxt: &mut Ctxt,
    text: &LitStr,
    name: String,
    name_word: &str,
    fields: &[Field<'_>],
) -> Option<Template> {
    if let Some(field) = fields.iter().find(|field| field.name == name) {
        let sentence = format!(
            "the composed key and the field `{}` would both be stored as `{name}`: give the key another name with \
             `{name_word} = \"…\"`",
            field.ident
        );
        ctxt.error(text, sentence);
        return None;
    }
    match pieces(&text.value(), fields) {
        Ok(pieces) => {
            let constant = constant(&name, text);
            Some(Template { name, constant, pieces })
        }
        Err(sentence) => {
            ctxt.error(text, sentence);
            None
        }
    }
}

/// The name of the constant of a composed key.
pub(super) fn constant(name: &str, at: &LitStr) -> Ident {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    let mut constant: String = name.chars().map(letter).collect();
    if !constant.starts_with(|c: char| c.is_ascii_uppercase()) {
        constant.insert(0, '_');
    }
    Ident::new(&constant, at.span())
}

fn pieces(text: &str, fields: &[Field<'_>]) -> Result<Vec<Piece>, String> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(['{', '}']) {
        push(&mut pieces, &rest[..start]);
        let brace = &rest[start..=start];
        let after = &rest[start + 1..];
        if let Some(after) = after.strip_prefix(brace) {
            push(&mut pieces, brace);
            rest = after;
            continue;
        }
        let inside = after.split_once('}').filter(|_| brace == "{");
        let Some((inside, after)) = inside else {
            return Err("a brace without its partner: write `{field}`, or `{{` and `}}` for braces in the key".to_owned());
        };
        let piece = field(inside, fields)?;
        if let (Some(Piece::Field { field: last, .. }), Piece::Field { field: next, .. }) =
            (pieces.last(), &piece)
        {
            let (last, next) = (fields[*last].ident, fields[*next].ident);
            return Err(format!(
                "`{last}` and `{next}` stand side by side and could not be told apart: put text between them, as in \
                 `{{{last}}}#{{{next}}}`"
            ));
        }
        pieces.push(piece);
        rest = after;
    }
    push(&mut pieces, rest);
    if pieces.is_empty() {
        return Err("a key must not be empty: write text, `{field}`, or both".to_owned());
    }
    Ok(pieces)
}

fn push(pieces: &mut Vec<Piece>, text: &str) {
    match pieces.last_mut() {
        _ if text.is_empty() => {}
        Some(Piece::Text(last)) => last.push_str(text),
        _ => pieces.push(Piece::Text(text.to_owned())),
    }
}

/// Why a field cannot be part of a key.
pub(super) fn no_key(field: &Field<'_>) -> Option<String> {
    let ident = field.ident;
    match field.role {
        Role::Version => Some(format!(
            "the version `{ident}` changes with every write and cannot be part of a key: name another field"
        )),
        Role::Skipped | Role::Flattened => Some(format!(
            "`{ident}` is no attribute of its own and cannot be part of a key: name another field"
        )),
        Role::Field | Role::HashKey | Role::RangeKey | Role::Indexed(_) | Role::KeyPart(_) => None,
    }
}

/// What stands in braces: a field, and the digits of a number.
fn field(inside: &str, fields: &[Field<'_>]) -> Result<Piece, String> {
    let (name, width) = match inside.split_once(':') {
        Some((name, width)) => (name, Some(width)),
        None => (inside, None),
    };
    let Some(found) = fields.iter().position(|field| field.ident == name) else {
        let known: Vec<_> = fields.iter().map(|field| format!("`{}`", field.ident)).collect();
        return Err(format!("`{{{inside}}}` names no field: write one of {}", known.join(", ")));
    };
    if let Some(reason) = no_key(&fields[found]) {
        return Err(reason);
    }
    let width = match width {
        None => 0,
        Some(text) => {
            let digits = text.strip_prefix('0').and_then(|digits| digits.parse().ok());
            digits.filter(|digits| (1..=MAX_WIDTH).contains(digits)).ok_or_else(|| {
                format!(
                    "`:{text}` is no width: write a zero and the number of digits, from 1 to {MAX_WIDTH}, as in `{{{name}:06}}`"
                )
            })?
        }
    };
    Ok(Piece::Field { field: found, width })
}
