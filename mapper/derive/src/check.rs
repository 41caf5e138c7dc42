//! Every rule. What passes here expands to code that can only fail on the types of fields.
//!
//! Each rule is reported at the tokens that break it, in one sentence that says what to write instead.

mod attribute;
mod automatic;
mod case;
mod collection;
mod index;
mod key;
mod model;
mod projection;
mod unique;
mod variants;
mod words;

pub(crate) use attribute::attribute;
use case::Case;
pub(crate) use collection::collection;
pub(crate) use model::{RESERVED, model};
pub(crate) use projection::projection;
pub(crate) use words::{MODEL, MODEL_FIELD, VARIANT, Words};

use proc_macro2::Ident;
use syn::ext::IdentExt;
use syn::{Expr, Field, LitStr, Path, Type};

use crate::ast::{self, Converter, Role};
use crate::ctxt::Ctxt;

/// The longest name of a key attribute on AWS; other names may be longer, and gain nothing by it.
const LONGEST_NAME: usize = 255;

/// The crate that generated code names.
pub(crate) fn krate(ctxt: &mut Ctxt, words: &mut Words) -> Path {
    let default = || syn::parse_quote!(::dynamap);
    let Some(text) = words.text(ctxt, "crate") else { return default() };
    text.parse_with(Path::parse_mod_style).unwrap_or_else(|_| {
        ctxt.error(
            &text,
            "this is no path of a crate: write it as in `crate = \"my_facade::dynamap\"`",
        );
        default()
    })
}

/// The name that is stored for a field or a variant.
fn stored_name(ctxt: &mut Ctxt, ident: &Ident, rename: Option<&LitStr>, case: Case) -> String {
    match rename {
        Some(rename) => given_name(ctxt, rename),
        None => case.apply(&ident.unraw().to_string()),
    }
}

/// A name that the user wrote.
fn given_name(ctxt: &mut Ctxt, given: &LitStr) -> String {
    let name = given.value();
    if name.is_empty() {
        ctxt.error(given, "a stored name must not be empty: write a name, or remove `rename`");
    } else if name.len() > LONGEST_NAME {
        let sentence = format!(
            "a stored name may have {LONGEST_NAME} bytes and this one has {}: write a shorter one",
            name.len()
        );
        ctxt.error(given, sentence);
    }
    name
}

/// What a field may say beyond its name, on a model or in a map.
#[derive(Clone)]
struct Extras {
    /// The names under which it is read too.
    aliases: Vec<String>,
    /// The converter that stores it in another form.
    with: Option<Converter>,
}

impl Extras {
    fn read(ctxt: &mut Ctxt, words: &mut Words) -> Self {
        let given = words.texts(ctxt, "alias");
        let aliases = given.iter().map(|alias| given_name(ctxt, alias)).collect();
        let with = words.path(ctxt, "with", "Converter").map(Converter::Named);
        let serde = words.flag(ctxt, "serde");
        if let (Some(_), Some(serde)) = (&with, &serde) {
            let sentence = "`serde` and `with` exclude each other: remove one of the two";
            ctxt.error(serde, sentence);
        }
        Self { aliases, with: with.or(serde.map(|_| Converter::Serde)) }
    }
}

/// Whether a field is stored beside the others, or not at all.
fn stored_otherwise(ctxt: &mut Ctxt, words: &mut Words) -> Option<Role> {
    let skipped = "a field with `skip` is not stored";
    let flattened = "the entries of a field with `flatten` have the names that its type gives them";
    if words.excluding(ctxt, "skip", &["default"], skipped) {
        Some(Role::Skipped)
    } else if words.excluding(ctxt, "flatten", &[], flattened) {
        Some(Role::Flattened)
    } else {
        None
    }
}

/// No name twice among stored names and aliases.
fn aliases_differ(ctxt: &mut Ctxt, fields: &[ast::Field<'_>]) {
    let mut names: Vec<&String> = fields.iter().map(|field| &field.name).collect();
    for field in fields {
        for alias in &field.aliases {
            if names.contains(&alias) {
                let sentence = format!(
                    "the alias `{alias}` of the field `{}` is the name or alias of a field: remove it",
                    field.ident
                );
                ctxt.error(field.ident, sentence);
            }
            names.push(alias);
        }
    }
}

/// No two fields or variants under one name; `names` are stored names and what to point at.
fn names_differ<'a>(
    ctxt: &mut Ctxt,
    what: &str,
    names: impl Iterator<Item = (&'a str, &'a Ident)>,
) {
    let mut seen: Vec<(&str, &Ident)> = Vec::new();
    for (name, ident) in names {
        match seen.iter().find(|(other, _)| *other == name) {
            Some((_, first)) => {
                let sentence = format!(
                    "the {what} `{first}` and `{ident}` are both stored as `{name}`: give one another name with \
                     `#[model(rename = \"…\")]`",
                );
                ctxt.error(ident, sentence);
            }
            None => seen.push((name, ident)),
        }
    }
}

/// What a field holds where nothing is stored, with the word that says so.
fn default(words: &mut Words) -> Option<(Ident, ast::Default)> {
    let entry = words.take("default")?;
    let default = entry.value.map_or(ast::Default::OfType, ast::Default::Expr);
    Some((entry.word, default))
}

/// A field of the checked input.
fn field<'a>(
    field: &'a Field,
    ident: &'a Ident,
    name: String,
    extras: Extras,
    role: ast::Role,
    default: Option<ast::Default>,
) -> ast::Field<'a> {
    ast::Field {
        vis: &field.vis,
        ident,
        ty: &field.ty,
        name,
        aliases: extras.aliases,
        with: extras.with,
        automatic: None,
        constant: constant(ident),
        role,
        default,
    }
}

/// The name of a field's constant.
pub(crate) fn constant(ident: &Ident) -> String {
    ident.unraw().to_string().to_uppercase()
}

/// Whether a type is `u64`, as far as a macro can see.
fn is_u64(ty: &Type) -> bool {
    match ty {
        Type::Path(path) => path.qself.is_none() && path.path.is_ident("u64"),
        // A type that came through a `macro_rules!` variable.
        Type::Group(group) => is_u64(&group.elem),
        Type::Paren(paren) => is_u64(&paren.elem),
        _ => false,
    }
}

/// The expression inside the invisible group that a `macro_rules!` variable leaves.
fn ungrouped(expr: &Expr) -> &Expr {
    match expr {
        Expr::Group(group) => ungrouped(&group.expr),
        other => other,
    }
}
