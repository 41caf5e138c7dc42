//! The rules of enums.

use proc_macro2::Ident;
use syn::ext::IdentExt as _;
use syn::punctuated::Punctuated;
use syn::{DeriveInput, Field, Fields, LitStr, Token};

use super::attribute::map;
use super::model::constants_differ;
use super::words::{CONTENT, KEPT, VARIANT};
use super::{Case, Extras, Words, field, given_name, names_differ, stored_name};
use crate::ast::{self, Data, Other, Role, Shape, Tagged, Variant};
use crate::ctxt::Ctxt;

/// The names of the entries that an enum with data adds to its fields.
pub(super) struct Tags {
    tag: Option<LitStr>,
    content: Option<LitStr>,
}

impl Tags {
    pub(super) fn read(ctxt: &mut Ctxt, words: &mut Words) -> Self {
        Self { tag: words.text(ctxt, "tag"), content: words.text(ctxt, "content") }
    }

    /// Only enums with data have such entries.
    pub(super) fn refuse(&self, ctxt: &mut Ctxt) {
        for given in [&self.tag, &self.content].into_iter().flatten() {
            let sentence = "`tag` and `content` name entries of an enum whose variants hold data, and this type is \
                            stored without them: remove the word";
            ctxt.error(given, sentence);
        }
    }

    fn tag(&self, ctxt: &mut Ctxt) -> String {
        self.tag.as_ref().map_or_else(|| "type".to_owned(), |tag| given_name(ctxt, tag))
    }

    fn content(&self, ctxt: &mut Ctxt) -> String {
        self.content.as_ref().map_or_else(|| "value".to_owned(), |name| given_name(ctxt, name))
    }
}

/// How an enum is stored: as a name where no variant holds data, else as a map.
pub(super) fn shape<'a>(
    ctxt: &mut Ctxt,
    input: &'a DeriveInput,
    variants: &'a Punctuated<syn::Variant, Token![,]>,
    case: Case,
    tags: &Tags,
) -> Option<Shape<'a>> {
    if variants.is_empty() {
        let sentence =
            "an enum without variants has no values to store: write at least one variant";
        ctxt.error(&input.ident, sentence);
        return None;
    }
    let mut raws: Vec<Raw<'a>> = variants.iter().map(|variant| raw(ctxt, variant)).collect();
    let own = raws.iter().filter(|raw| raw.other.is_none());
    let has_data = own.into_iter().any(|raw| !matches!(raw.variant.fields, Fields::Unit));
    let other = other(ctxt, &mut raws, has_data);
    let content = tags.content(ctxt);
    let own = raws.iter_mut().filter(|raw| raw.other.is_none());
    let variants: Vec<_> = own.map(|raw| named(ctxt, input, raw, case, &content)).collect();
    names_differ(ctxt, "variants", variants.iter().map(|v| (v.name.as_str(), v.ident)));
    if !has_data {
        return Some(Shape::Names(variants, other));
    }
    let tagged = Tagged { vis: &input.vis, tag: tags.tag(ctxt), variants, other };
    entries_differ(ctxt, &tagged);
    Some(Shape::Tagged(tagged))
}

/// A variant and the words on it.
struct Raw<'a> {
    variant: &'a syn::Variant,
    words: Words,
    other: Option<Ident>,
}

fn raw<'a>(ctxt: &mut Ctxt, variant: &'a syn::Variant) -> Raw<'a> {
    let mut words = Words::read(ctxt, &variant.attrs, &VARIANT);
    let other = words.flag(ctxt, "other");
    Raw { variant, words, other }
}

/// The variant for names that no variant has: at most one, and of a shape that can keep what is stored.
fn other<'a>(ctxt: &mut Ctxt, raws: &mut [Raw<'a>], has_data: bool) -> Option<Other<'a>> {
    let mut found = None;
    for Raw { variant, words, other } in raws {
        let Some(word) = other else { continue };
        let ident = &variant.ident;
        if let Some(rename) = words.text(ctxt, "rename") {
            let sentence = format!(
                "`{ident}` stands for the names that no variant has, and has none itself: remove `rename`"
            );
            ctxt.error(rename, sentence);
        }
        match one_unnamed(&variant.fields) {
            Some(_) if found.is_some() => {
                let sentence = format!(
                    "`{ident}` is a second `other`: one variant keeps all unknown names; remove `other` from all \
                     variants but one"
                );
                ctxt.error(word, sentence);
            }
            Some(field) => {
                let _ = Words::read(ctxt, &field.attrs, &KEPT);
                found = Some(Other { ident, ty: &field.ty });
            }
            None if has_data => {
                let sentence = format!(
                    "the variant for unknown names keeps the stored map: write `{ident}(dynamap::Item)`"
                );
                ctxt.error(variant, sentence);
            }
            None => {
                let sentence = format!(
                    "the variant for unknown names keeps the stored name: write `{ident}(String)`"
                );
                ctxt.error(variant, sentence);
            }
        }
    }
    found
}

fn one_unnamed(fields: &Fields) -> Option<&Field> {
    match fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => fields.unnamed.first(),
        _ => None,
    }
}

fn named<'a>(
    ctxt: &mut Ctxt,
    input: &'a DeriveInput,
    raw: &mut Raw<'a>,
    case: Case,
    content: &str,
) -> Variant<'a> {
    let (variant, words) = (raw.variant, &mut raw.words);
    let rename = words.text(ctxt, "rename");
    let name = stored_name(ctxt, &variant.ident, rename.as_ref(), case);
    let data = match (&variant.fields, one_unnamed(&variant.fields)) {
        (Fields::Unit, _) => Data::Nothing,
        (Fields::Named(fields), _) => Data::Fields(map(ctxt, &fields.named, Case::default())),
        (Fields::Unnamed(_), Some(wrapped)) => {
            Data::Value(Box::new(value(ctxt, variant, wrapped, content)))
        }
        (Fields::Unnamed(_), None) => {
            let sentence = format!(
                "the entries of a map have names: write named fields in `{}`, or one unnamed field",
                variant.ident
            );
            ctxt.error(variant, sentence);
            Data::Nothing
        }
    };
    let data = prefixed(input, variant, data);
    Variant { ident: &variant.ident, name, data }
}

/// The content of a variant, as a field with the name of the content.
fn value<'a>(
    ctxt: &mut Ctxt,
    variant: &'a syn::Variant,
    wrapped: &'a Field,
    content: &str,
) -> ast::Field<'a> {
    let mut words = Words::read(ctxt, &wrapped.attrs, &CONTENT);
    let extras = Extras::read(ctxt, &mut words);
    let mut field = field(wrapped, &variant.ident, content.to_owned(), extras, Role::Field, None);
    field.constant = Case::Screaming.apply(content);
    field
}

/// The fields with the visibility of the enum, and with the variant in the names of their constants.
fn prefixed<'a>(input: &'a DeriveInput, variant: &syn::Variant, mut data: Data<'a>) -> Data<'a> {
    let prefix = Case::Screaming.apply(&variant.ident.unraw().to_string());
    let change = |field: &mut ast::Field<'a>| {
        field.vis = &input.vis;
        field.constant = format!("{prefix}_{}", field.constant);
    };
    match &mut data {
        Data::Nothing => {}
        Data::Value(field) => change(field),
        Data::Fields(fields) => fields.iter_mut().for_each(change),
    }
    data
}

/// No field in the place of the tag, and no two with one constant.
fn entries_differ(ctxt: &mut Ctxt, tagged: &Tagged<'_>) {
    let tag = &tagged.tag;
    let mut all = Vec::new();
    for variant in &tagged.variants {
        match &variant.data {
            Data::Nothing => {}
            Data::Value(field) => {
                if field.name == *tag {
                    let sentence = format!(
                        "the name of the variant and its content are both stored as `{tag}`: write another `tag` or \
                         `content`"
                    );
                    ctxt.error(variant.ident, sentence);
                }
                all.push((**field).clone());
            }
            Data::Fields(fields) => {
                for field in fields.iter().filter(|f| f.name == *tag || f.aliases.contains(tag)) {
                    let sentence = format!(
                        "`{tag}` holds the name of the variant: give the field `{}` another name, or write another \
                         `tag`",
                        field.ident
                    );
                    ctxt.error(field.ident, sentence);
                }
                all.extend(fields.iter().cloned());
            }
        }
    }
    constants_differ(ctxt, &all);
}
