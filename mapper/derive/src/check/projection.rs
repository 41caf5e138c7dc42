//! The rules of projections: structs of some of the attributes of a model.

use syn::{Data, DeriveInput, Fields};

use super::words::{PROJECTION, PROJECTION_FIELD};
use super::{Words, constant, default, krate};
use crate::ast;
use crate::ctxt::Ctxt;

/// Checks a struct that derives `Projection`.
pub(crate) fn projection(input: &DeriveInput) -> Result<ast::Projection<'_>, syn::Error> {
    let mut ctxt = Ctxt::default();
    let projection = check(&mut ctxt, input);
    ctxt.finish(projection)
}

fn check<'a>(ctxt: &mut Ctxt, input: &'a DeriveInput) -> Option<ast::Projection<'a>> {
    let mut words = Words::read(ctxt, &input.attrs, &PROJECTION);
    let krate = krate(ctxt, &mut words);
    let of = words.path(ctxt, "of", "Account");
    if of.is_none() && !words.unclear {
        let sentence = format!(
            "`{}` does not say whose attributes it has: write `#[model(of = Account)]` on the struct",
            input.ident
        );
        ctxt.error(&input.ident, sentence);
    }
    if !input.generics.params.is_empty() {
        ctxt.error(
            &input.generics,
            "a projection cannot be generic: write a struct for each model",
        );
    }
    let Data::Struct(data) = &input.data else {
        ctxt.error(
            &input.ident,
            "a projection is a struct: write one with some fields of the model",
        );
        return None;
    };
    let Fields::Named(fields) = &data.fields else {
        ctxt.error(
            &input.ident,
            "the fields of a projection have the names of the model's: write named fields",
        );
        return None;
    };
    let mut found = Vec::new();
    for field in &fields.named {
        let Some(ident) = &field.ident else { continue };
        let mut words = Words::read(ctxt, &field.attrs, &PROJECTION_FIELD);
        let default = default(&mut words).map(|(_, default)| default);
        found.push(ast::Selected { ident, ty: &field.ty, constant: constant(ident), default });
    }
    Some(ast::Projection { krate, ident: &input.ident, of: of?, fields: found })
}
