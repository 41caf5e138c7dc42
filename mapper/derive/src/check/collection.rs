//! The rules of collections: models of one table that are read together.

use syn::{Data, DeriveInput, Fields};

use super::words::{COLLECTION, COLLECTION_MEMBER};
use super::{Words, krate};
use crate::ast::{self, Members};
use crate::ctxt::Ctxt;

/// Checks a type that derives `Collection`.
pub(crate) fn collection(input: &DeriveInput) -> Result<ast::Collection<'_>, syn::Error> {
    let mut ctxt = Ctxt::default();
    let collection = check(&mut ctxt, input);
    ctxt.finish(collection)
}

fn check<'a>(ctxt: &mut Ctxt, input: &'a DeriveInput) -> Option<ast::Collection<'a>> {
    let mut words = Words::read(ctxt, &input.attrs, &COLLECTION);
    let krate = krate(ctxt, &mut words);
    if !input.generics.params.is_empty() {
        ctxt.error(&input.generics, "a collection cannot be generic: name its models");
    }
    let members = match &input.data {
        Data::Struct(data) => fields(ctxt, input, &data.fields).map(Members::Fields),
        Data::Enum(data) => {
            let found: Option<Vec<_>> =
                data.variants.iter().map(|variant| held(ctxt, variant)).collect();
            found.map(Members::Variants)
        }
        Data::Union(data) => {
            ctxt.error(
                data.union_token,
                "a union cannot be a collection: write a struct or an enum",
            );
            None
        }
    }?;
    let empty = match &members {
        Members::Fields(fields) => fields.is_empty(),
        Members::Variants(variants) => variants.is_empty(),
    };
    if empty {
        ctxt.error(&input.ident, "a collection has at least one model: add a member");
    }
    Some(ast::Collection { krate, ident: &input.ident, members })
}

fn fields<'a>(
    ctxt: &mut Ctxt,
    input: &'a DeriveInput,
    fields: &'a Fields,
) -> Option<Vec<ast::Member<'a>>> {
    let Fields::Named(fields) = fields else {
        let sentence = "the members of a collection have names: write `orders: Vec<Loaded<Order>>` for each model";
        ctxt.error(&input.ident, sentence);
        return None;
    };
    let members = fields.named.iter().filter_map(|field| {
        let _ = Words::read(ctxt, &field.attrs, &COLLECTION_MEMBER);
        Some(ast::Member { ident: field.ident.as_ref()?, ty: &field.ty })
    });
    Some(members.collect())
}

fn held<'a>(ctxt: &mut Ctxt, variant: &'a syn::Variant) -> Option<ast::Member<'a>> {
    let _ = Words::read(ctxt, &variant.attrs, &COLLECTION_MEMBER);
    match &variant.fields {
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            let ty = &fields.unnamed.first()?.ty;
            Some(ast::Member { ident: &variant.ident, ty })
        }
        _ => {
            let sentence = format!(
                "a variant of a collection holds one loaded model: write `{0}(Loaded<{0}>)`",
                variant.ident
            );
            ctxt.error(variant, sentence);
            None
        }
    }
}
