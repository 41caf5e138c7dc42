//! The rules of types that are stored in one attribute.

use proc_macro2::Ident;
use syn::punctuated::Punctuated;
use syn::{Data, DeriveInput, Field, Fields, Token};

use super::model::constants_differ;
use super::variants::{self, Tags};
use super::words::{ATTRIBUTE, ATTRIBUTE_FIELD, WRAPPED};
use super::{
    Case, Extras, Words, aliases_differ, default, field, krate, names_differ, stored_name,
    stored_otherwise,
};
use crate::ast::{self, Role, Shape};
use crate::ctxt::Ctxt;

/// Checks a type that derives `Attribute`.
pub(crate) fn attribute(input: &DeriveInput) -> Result<ast::Attribute<'_>, syn::Error> {
    let mut ctxt = Ctxt::default();
    let attribute = check(&mut ctxt, input);
    ctxt.finish(attribute)
}

fn check<'a>(ctxt: &mut Ctxt, input: &'a DeriveInput) -> Option<ast::Attribute<'a>> {
    if !input.generics.params.is_empty() {
        let sentence = "`Attribute` cannot be derived for a generic type: write a type without parameters, or implement \
                        `dynamap::Attribute` by hand";
        ctxt.error(&input.generics, sentence);
    }
    let mut words = Words::read(ctxt, &input.attrs, &ATTRIBUTE);
    let krate = krate(ctxt, &mut words);
    let case = Case::read(ctxt, &mut words);
    let tags = Tags::read(ctxt, &mut words);
    let by_index = words.flag(ctxt, "by_index");
    let shape = shape(ctxt, input, case, &tags)?;
    let shape = match (by_index, shape) {
        (None, shape) => shape,
        (Some(_), Shape::Names(variants, None)) => Shape::Numbers(variants),
        (Some(word), _) => {
            let sentence = "only an enum of plain names is stored by the numbers of its variants: remove `by_index`";
            ctxt.error(word, sentence);
            return None;
        }
    };
    if !matches!(shape, Shape::Tagged(_)) {
        tags.refuse(ctxt);
    }
    Some(ast::Attribute { krate, ident: &input.ident, shape })
}

fn shape<'a>(
    ctxt: &mut Ctxt,
    input: &'a DeriveInput,
    case: Case,
    tags: &Tags,
) -> Option<Shape<'a>> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Some(Shape::Map(map(ctxt, &fields.named, case))),
            Fields::Unnamed(fields) => match fields.unnamed.first() {
                Some(wrapped) if fields.unnamed.len() == 1 => {
                    let _ = Words::read(ctxt, &wrapped.attrs, &WRAPPED);
                    Some(Shape::Newtype(&wrapped.ty))
                }
                _ => {
                    let sentence = "the entries of a map have names: write named fields, or one unnamed field to be \
                                    stored as that field";
                    ctxt.error(&data.fields, sentence);
                    None
                }
            },
            Fields::Unit => {
                let sentence = "a struct without fields holds nothing to store: write named fields, or an enum";
                ctxt.error(&input.ident, sentence);
                None
            }
        },
        Data::Enum(data) => variants::shape(ctxt, input, &data.variants, case, tags),
        Data::Union(data) => {
            let sentence = "a union cannot be stored: write a struct or an enum";
            ctxt.error(data.union_token, sentence);
            None
        }
    }
}

pub(super) fn map<'a>(
    ctxt: &mut Ctxt,
    fields: &'a Punctuated<Field, Token![,]>,
    case: Case,
) -> Vec<ast::Field<'a>> {
    let named = fields.iter().filter_map(|field| Some((field, field.ident.as_ref()?)));
    let fields: Vec<_> = named.map(|(field, ident)| entry(ctxt, field, ident, case)).collect();
    let named = fields.iter().filter(|field| field.is_named());
    names_differ(ctxt, "fields", named.map(|field| (field.name.as_str(), field.ident)));
    constants_differ(ctxt, &fields);
    aliases_differ(ctxt, &fields);
    fields
}

fn entry<'a>(ctxt: &mut Ctxt, from: &'a Field, ident: &'a Ident, case: Case) -> ast::Field<'a> {
    let mut words = Words::read(ctxt, &from.attrs, &ATTRIBUTE_FIELD);
    let otherwise = stored_otherwise(ctxt, &mut words);
    let rename = words.text(ctxt, "rename");
    let name = match otherwise {
        Some(_) => String::new(),
        None => stored_name(ctxt, ident, rename.as_ref(), case),
    };
    let extras = Extras::read(ctxt, &mut words);
    let default = default(&mut words).map(|(_, default)| default);
    field(from, ident, name, extras, otherwise.unwrap_or(Role::Field), default)
}
