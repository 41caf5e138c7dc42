//! The methods that fill the fields that the library owns.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote_spanned};

use super::model::option;
use super::{at, converter, site, word};
use crate::ast::{Automatic, Field, Model};

/// `fill_automatic` and `encode_updated_at`, where a field needs them.
pub(super) fn automatic(private: &TokenStream, model: &Model<'_>) -> TokenStream {
    let fills: Vec<_> = model.fields.iter().filter_map(|field| fill(private, field)).collect();
    let fill = (!fills.is_empty()).then(|| {
        quote_spanned! {site()=>
            #[allow(unused_variables)]
            fn fill_automatic(
                &mut self,
                automatic: &#private::Automatic<'_>,
                stored: ::core::option::Option<&Self>,
            ) {
                #(#fills)*
            }
        }
    });
    let updated = model.fields.iter().find_map(|field| encode_now(private, field)).map(|encode| {
        quote_spanned! {site()=>
            fn encode_updated_at(
                now: ::std::time::SystemTime,
            ) -> ::core::result::Result<
                ::core::option::Option<(&'static ::core::primitive::str, #private::AttributeValue)>,
                #private::EncodeError,
            > {
                #encode
            }
        }
    });
    quote_spanned!(site()=> #fill #updated)
}

fn fill(private: &TokenStream, field: &Field<'_>) -> Option<TokenStream> {
    let Field { ident, ty, automatic, .. } = field;
    Some(match automatic.as_ref()? {
        Automatic::CreatedAt => quote_spanned! {at(ty)=>
            #private::created_at::<#ty>(
                &mut self.#ident,
                stored.map(|stored| &stored.#ident),
                automatic,
            );
        },
        Automatic::UpdatedAt => {
            quote_spanned!(at(ty)=> #private::updated_at::<#ty>(&mut self.#ident, automatic);)
        }
        Automatic::Uuid(version) => {
            let version = word(version);
            quote_spanned! {at(ty)=>
                #private::uuid::<#ty>(&mut self.#ident, #private::UuidVersion::#version, automatic);
            }
        }
        Automatic::Ttl(after) => {
            let after = option(after.as_ref().map(ToTokens::to_token_stream));
            quote_spanned!(at(ty)=> #private::ttl::<#ty>(&mut self.#ident, #after, automatic);)
        }
    })
}

fn encode_now(private: &TokenStream, field: &Field<'_>) -> Option<TokenStream> {
    let Field { ty, name, automatic, .. } = field;
    let Some(Automatic::UpdatedAt) = automatic else { return None };
    Some(if let Some(with) = converter(private, field) {
        quote_spanned!(at(&with)=> #private::encode_now_with::<#ty, #with>(#name, now))
    } else {
        quote_spanned!(at(ty)=> #private::encode_now::<#ty>(#name, now))
    })
}
