//! The code of `derive(Projection)`.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{quote, quote_spanned};

use super::model::option;
use super::{at, private, site, value};
use crate::ast::{Projection, Selected};

/// The impls of a projection.
pub(crate) fn projection(projection: &Projection<'_>) -> TokenStream {
    let Projection { krate, ident, of, fields } = projection;
    let private = &private(krate);
    let constants: Vec<_> = fields.iter().map(|field| constant(field, of)).collect();
    let reads = fields.iter().zip(&constants).map(|(field, constant)| {
        let Selected { ident, ty, default, .. } = field;
        let default = option(default.as_ref().map(|default| value(default, at(ty))));
        quote_spanned! {at(ty)=>
            #ident: #private::projection_field::<_, _, _, #ty>(&#constant, item, || #default)?
        }
    });
    let held = fields.iter().map(|field| {
        let number = number(field.ident);
        quote_spanned! {site()=>
            #of: #private::HoldsAttribute<I, #private::AttributeNumber<#number>>,
        }
    });
    quote_spanned! {site()=>
        #[automatically_derived]
        #[allow(deprecated)]
        impl #private::Projection for #ident {
            type Of = #of;

            fn attributes() -> ::std::vec::Vec<&'static ::core::primitive::str> {
                ::std::vec![#(#constants.name()),*]
            }

            fn from_attributes(
                item: &#private::Item,
            ) -> ::core::result::Result<Self, #private::DecodeError> {
                ::core::result::Result::Ok(Self { #(#reads),* })
            }
        }

        #[automatically_derived]
        impl<I> #private::Within<I> for #ident
        where
            #(#held)*
        {
        }
    }
}

/// The constant of the model's field, at the field of the projection.
fn constant(field: &Selected<'_>, of: &syn::Path) -> TokenStream {
    let span = field.ident.span();
    let constant = Ident::new(&field.constant, span.resolved_at(Span::call_site()));
    quote!(#of::#constant)
}

/// The number of an attribute: FNV-1a of its field's name, the same in the derive of the model.
pub(super) fn number(field: &Ident) -> Literal {
    use syn::ext::IdentExt as _;
    let name = field.unraw().to_string();
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Literal::u64_unsuffixed(hash)
}
