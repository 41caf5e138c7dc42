//! The code of secondary indexes: a constant, and what the compiler knows of each.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Lifetime;

use super::key::{attribute, encoded, key_role, operands, pair, pattern, written};
use super::projection::number;
use super::{role, site, word};
use crate::ast::{Holds, Index, Key, Model};

/// The description of an index.
pub(super) fn layout(private: &TokenStream, model: &Model<'_>, index: &Index) -> TokenStream {
    let Index { name, local, hash_key, range_key, holds, .. } = index;
    let hash = hash_key.iter().map(|key| attribute(private, model, *key));
    let range = range_key.iter().map(|key| attribute(private, model, *key));
    let holds = match holds {
        Holds::All => quote_spanned!(site()=> #private::Holds::All),
        Holds::Some(numbers) => {
            let names = numbers.iter().map(|number| &model.fields[*number].name);
            quote_spanned!(site()=> #private::Holds::Some(&[#(#names),*]))
        }
    };
    quote_spanned! {site()=>
        #private::IndexLayout {
            name: #name,
            local: #local,
            hash_key: &[#(#hash),*],
            range_key: &[#(#range),*],
            holds: #holds,
        }
    }
}

/// The constant of an index.
pub(super) fn constant(
    private: &TokenStream,
    model: &Model<'_>,
    at: usize,
    index: &Index,
) -> TokenStream {
    let Index { name, constant, .. } = index;
    let (vis, marker) = (model.vis, marker(private, at));
    let doc = format!("The index `{name}`.");
    quote_spanned! {site()=>
        #[doc = #doc]
        #vis const #constant: #private::Index<Self, #marker> = #private::Index::new();
    }
}

/// The impls of an index.
pub(super) fn impls(
    private: &TokenStream,
    model: &Model<'_>,
    at: usize,
    index: &Index,
) -> TokenStream {
    let ident = model.ident;
    let marker = marker(private, at);
    let number_of = Literal::usize_unsuffixed(at);
    let parts = written(model, &index.hash_key, &[]);
    let nothing = || quote_spanned!(site()=> ());
    let hash =
        operands(private, model, &parts, &Lifetime::new("'a", site())).unwrap_or_else(nothing);
    let anonymous =
        operands(private, model, &parts, &Lifetime::new("'_", site())).unwrap_or_else(nothing);
    let pattern = pattern(&parts).unwrap_or_else(nothing);
    let encoded = encoded(private, model, &parts);
    let pairs = index.hash_key.iter().map(|key| pair(private, model, *key, &[]));
    let output = if matches!(index.holds, Holds::All) || index.local {
        quote_spanned!(site()=> #private::Loaded<Self>)
    } else {
        quote_spanned!(site()=> #private::NeedsSelect)
    };
    let ranges = index.range_key.iter().map(|key| {
        let role = role(private, key_role(model, *key));
        quote_spanned! {site()=>
            #[automatically_derived]
            impl #private::role::RangeOf<#ident, #marker> for #role {}
        }
    });
    let consistent = index.local.then(|| {
        quote_spanned! {site()=>
            #[automatically_derived]
            impl #private::Consistent<#marker> for #ident {}
        }
    });
    let holds = holds(private, model, &marker, index);
    quote_spanned! {site()=>
        #[automatically_derived]
        #[allow(deprecated)]
        impl #private::Indexed<#marker> for #ident {
            type IndexHash<'a> = #hash;
            type Output = #output;

            fn index() -> &'static #private::IndexLayout {
                &<Self as #private::Model>::layout().indexes[#number_of]
            }

            fn encode_index_hash(
                #pattern: #anonymous,
            ) -> ::core::result::Result<
                ::std::vec::Vec<(&'static ::core::primitive::str, #private::AttributeValue)>,
                #private::EncodeError,
            > {
                #(#encoded)*
                ::core::result::Result::Ok(::std::vec![#(#pairs),*])
            }
        }

        #(#ranges)*
        #consistent
        #holds
    }
}

/// Which attributes can be read from the index.
fn holds(
    private: &TokenStream,
    model: &Model<'_>,
    marker: &TokenStream,
    index: &Index,
) -> TokenStream {
    let ident = model.ident;
    let Holds::Some(include) = &index.holds else {
        return quote_spanned! {site()=>
            #[automatically_derived]
            impl<A> #private::HoldsAttribute<#marker, A> for #ident {}
        };
    };
    // What the table's key is composed of is read from it.
    let table: Vec<Key> = std::iter::once(model.hash_key).chain(model.range_key).collect();
    let mut numbers = written(model, &table, &[]);
    let own = index.hash_key.iter().chain(&index.range_key).filter_map(|key| match key {
        Key::Field(number) => Some(*number),
        Key::Template(_) => None,
    });
    for held in own.chain(include.iter().copied()) {
        if !numbers.contains(&held) {
            numbers.push(held);
        }
    }
    let impls = numbers.iter().map(|held| {
        let number = number(model.fields[*held].ident);
        quote_spanned! {site()=>
            #[automatically_derived]
            impl #private::HoldsAttribute<#marker, #private::AttributeNumber<#number>> for #ident {}
        }
    });
    quote_spanned!(site()=> #(#impls)*)
}

fn marker(private: &TokenStream, at: usize) -> TokenStream {
    let (at, marker) = (Literal::usize_unsuffixed(at).to_token_stream(), word("At"));
    quote_spanned!(site()=> #private::role::#marker<#at>)
}
