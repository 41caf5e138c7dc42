//! The code of `derive(Collection)`.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use super::{at, private, site};
use crate::ast::{Collection, Member, Members};

/// The impl of a collection.
pub(crate) fn collection(collection: &Collection<'_>) -> TokenStream {
    let Collection { krate, ident, members } = collection;
    let private = &private(krate);
    let (list, part) = match members {
        Members::Fields(fields) => (fields, "Slot"),
        Members::Variants(variants) => (variants, "LoadedModel"),
    };
    let part = super::word(part);
    let models: Vec<_> = list
        .iter()
        .map(|Member { ty, .. }| quote_spanned!(at(ty)=> <#ty as #private::#part>::Model))
        .collect();
    let Some(first) = models.first() else { return TokenStream::new() };
    let same_hash = list.iter().zip(&models).skip(1).map(|(Member { ty, .. }, model)| {
        quote_spanned! {at(ty)=>
            const _: () = {
                // Every member is queried by the hash key of the first.
                #[allow(dead_code)]
                fn hash_key_of_the_collection(
                    hash: <#first as #private::Model>::HashRef<'_>,
                ) -> <#model as #private::Model>::HashRef<'_> {
                    hash
                }
            };
        }
    });
    let (output, gather) = match members {
        Members::Fields(fields) => {
            let fields = fields
                .iter()
                .map(|Member { ident, ty }| quote_spanned!(at(ty)=> #ident: found.slot::<#ty>()?));
            (
                quote_spanned!(site()=> Self),
                quote_spanned!(site()=> ::core::result::Result::Ok(Self { #(#fields),* })),
            )
        }
        Members::Variants(variants) => {
            let variants = variants.iter().map(|Member { ident, ty }| {
                quote_spanned! {at(ty)=>
                    |found, item| found.member(item).map(|model| model.map(Self::#ident))
                }
            });
            (
                quote_spanned!(site()=> ::std::vec::Vec<Self>),
                quote_spanned!(site()=> found.variants(&[#(#variants),*])),
            )
        }
    };
    quote_spanned! {site()=>
        #[automatically_derived]
        impl #private::Collection for #ident {
            type First = #first;
            type Output = #output;

            fn members() -> ::std::vec::Vec<&'static #private::Layout> {
                ::std::vec![#(<#models as #private::Model>::layout()),*]
            }

            fn gather(
                found: &#private::Found,
            ) -> ::core::result::Result<Self::Output, #private::Error> {
                #gather
            }
        }

        #(#same_hash)*
    }
}
