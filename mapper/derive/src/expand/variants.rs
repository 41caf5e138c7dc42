//! The code of enums.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens as _, format_ident, quote_spanned};

use super::attribute::head;
use super::{apart, at, read, read_value, site, word, write_value};
use crate::ast::{Data, Field, Other, Role, Tagged, Variant};

/// An enum that is stored as the number of its variant.
pub(super) fn numbers(private: &TokenStream, variants: &[Variant<'_>]) -> TokenStream {
    let idents: Vec<_> = variants.iter().map(|variant| variant.ident).collect();
    let numbers: Vec<_> = (0..idents.len()).map(Literal::usize_unsuffixed).collect();
    let expected = format!("a number below {}", idents.len());
    let head = head(private, "N");
    quote_spanned! {site()=>
        #head

        fn encode_operand(
            operand: &Self,
        ) -> ::core::result::Result<#private::AttributeValue, #private::EncodeError> {
            #private::number(match operand {
                #(Self::#idents => #numbers,)*
            })
        }

        fn decode(
            value: &#private::AttributeValue,
        ) -> ::core::result::Result<Self, #private::DecodeError> {
            match #private::from_number(value, #expected)? {
                #(#numbers => ::core::result::Result::Ok(Self::#idents),)*
                _ => ::core::result::Result::Err(
                    #private::DecodeError::new(#expected, "another number"),
                ),
            }
        }
    }
}

/// The impl of an enum that is stored as the name of its variant.
pub(super) fn names(
    private: &TokenStream,
    ident: &Ident,
    variants: &[Variant<'_>],
    other: Option<&Other<'_>>,
) -> TokenStream {
    let idents: Vec<_> = variants.iter().map(|variant| variant.ident).collect();
    let names: Vec<_> = variants.iter().map(|variant| &variant.name).collect();
    let expected = match other {
        Some(_) => format!("a string ({ident})"),
        None => one_of(variants),
    };
    let name = word("name");
    let write_other = other.map(|Other { ident, ty }| {
        quote_spanned!(at(ty)=> Self::#ident(#name) => <#ty as #private::OtherName>::name(#name),)
    });
    let refuse = || {
        quote_spanned! {site()=>
            _ => ::core::result::Result::Err(
                #private::DecodeError::new(#expected, "another string"),
            )
        }
    };
    let read_other = other.map_or_else(refuse, |Other { ident, ty }| {
        quote_spanned! {at(ty)=>
            #name => ::core::result::Result::Ok(Self::#ident(<#ty as #private::OtherName>::keep(#name)))
        }
    });
    let head = head(private, "S");
    quote_spanned! {site()=>
        #head

        fn encode_operand(
            operand: &Self,
        ) -> ::core::result::Result<#private::AttributeValue, #private::EncodeError> {
            let name = match operand {
                #(Self::#idents => #names,)*
                #write_other
            };
            ::core::result::Result::Ok(#private::AttributeValue::S(::std::borrow::ToOwned::to_owned(name)))
        }

        fn decode(
            value: &#private::AttributeValue,
        ) -> ::core::result::Result<Self, #private::DecodeError> {
            match value {
                #private::AttributeValue::S(name) => match name.as_str() {
                    #(#names => ::core::result::Result::Ok(Self::#idents),)*
                    #read_other,
                },
                other => ::core::result::Result::Err(#private::DecodeError::kind(#expected, other)),
            }
        }
    }
}

/// The impl of an enum that is stored as a map with a tag.
pub(super) fn tagged(private: &TokenStream, ident: &Ident, tagged: &Tagged<'_>) -> TokenStream {
    let Tagged { tag, variants, other, .. } = tagged;
    let map_expected = format!("a map ({ident})");
    let expected = match other {
        Some(_) => "a string".to_owned(),
        None => one_of(variants),
    };
    let map = word("map");
    let write_other = other.as_ref().map(|Other { ident, ty }| {
        quote_spanned! {at(ty)=>
            Self::#ident(#map) => ::core::result::Result::Ok(<#ty as #private::OtherMap>::value(#map)),
        }
    });
    let refuse = || {
        quote_spanned! {site()=>
            _ => ::core::result::Result::Err(#private::no_variant(#tag, #expected))
        }
    };
    let read_other = other.as_ref().map_or_else(refuse, |Other { ident, ty }| {
        quote_spanned! {at(ty)=>
            (_, #map) => ::core::result::Result::Ok(Self::#ident(<#ty as #private::OtherMap>::keep(#map)))
        }
    });
    let writes = variants.iter().map(|variant| write_variant(private, tag, variant));
    let reads = variants.iter().map(|variant| read_variant(private, variant));
    let head = head(private, "M");
    quote_spanned! {site()=>
        #head

        fn encode_operand(
            operand: &Self,
        ) -> ::core::result::Result<#private::AttributeValue, #private::EncodeError> {
            match operand {
                #(#writes)*
                #write_other
            }
        }

        fn decode(
            value: &#private::AttributeValue,
        ) -> ::core::result::Result<Self, #private::DecodeError> {
            match #private::variant_of(value, #tag, #map_expected, #expected)? {
                #(#reads)*
                #read_other,
            }
        }
    }
}

/// The arm that makes the map of a variant.
fn write_variant(private: &TokenStream, tag: &str, variant: &Variant<'_>) -> TokenStream {
    let Variant { ident, name, data } = variant;
    let bound = |i: usize| Ident::new(&format!("field_{i}"), site());
    let (pattern, writes): (TokenStream, Vec<TokenStream>) = match data {
        Data::Nothing => (TokenStream::new(), Vec::new()),
        Data::Value(field) => {
            let value = bound(0);
            let write = write_value(private, field, &value.to_token_stream());
            (quote_spanned!(site()=> (#value)), vec![write])
        }
        Data::Fields(fields) => {
            let stored = fields.iter().filter(|field| field.role != Role::Skipped);
            let (idents, writes): (Vec<_>, Vec<_>) = stored
                .enumerate()
                .map(|(i, field)| {
                    let (ident, value) = (field.ident, bound(i));
                    let write = write_value(private, field, &value.to_token_stream());
                    (quote_spanned!(site()=> #ident: #value,), write)
                })
                .unzip();
            // Fields that are not stored are not looked at.
            (quote_spanned!(site()=> { #(#idents)* .. }), writes)
        }
    };
    let entries = if writes.is_empty() {
        quote_spanned!(site()=> let entries = #private::Item::new();)
    } else {
        quote_spanned! {site()=>
            let mut entries = #private::Item::new();
            let item = &mut entries;
        }
    };
    quote_spanned! {site()=>
        Self::#ident #pattern => {
            #entries
            #(#writes)*
            ::core::result::Result::Ok(#private::variant(#tag, #name, entries))
        }
    }
}

/// The arm that reads a variant.
fn read_variant(private: &TokenStream, variant: &Variant<'_>) -> TokenStream {
    let Variant { ident, name, data } = variant;
    let map = word("map");
    let fields = match data {
        Data::Nothing => {
            return quote_spanned!(site()=> (#name, _) => ::core::result::Result::Ok(Self::#ident),);
        }
        Data::Value(field) => {
            let value = read_value(private, field, &map);
            quote_spanned!(site()=> (#value))
        }
        Data::Fields(fields) => {
            let reads = fields.iter().map(|field| read(private, field, &map));
            quote_spanned!(site()=> { #(#reads),* })
        }
    };
    quote_spanned!(site()=> (#name, #map) => ::core::result::Result::Ok(Self::#ident #fields),)
}

/// The assertions that flattened fields of variants bring no name twice.
pub(super) fn assertions(private: &TokenStream, tagged: &Tagged<'_>) -> TokenStream {
    let all = tagged.variants.iter().filter_map(|variant| match &variant.data {
        Data::Nothing | Data::Value(_) => None,
        Data::Fields(fields) => apart(private, &[&tagged.tag], fields.iter()),
    });
    all.collect()
}

/// The constant of the tag.
pub(super) fn tag(private: &TokenStream, tagged: &Tagged<'_>) -> TokenStream {
    let Tagged { vis, tag, .. } = tagged;
    let doc = format!("The entry `{tag}`, which holds the name of the variant.");
    let constant = format_ident!("TAG");
    quote_spanned! {site()=>
        #[doc = #doc]
        #vis const #constant: #private::Path<Self, ::std::string::String> = #private::Path::new(#tag);
    }
}

/// The fields of all variants.
pub(super) fn fields<'a>(tagged: &'a Tagged<'a>) -> impl Iterator<Item = &'a Field<'a>> {
    tagged.variants.iter().flat_map(|variant| match &variant.data {
        Data::Nothing => &[][..],
        Data::Value(field) => std::slice::from_ref(&**field),
        Data::Fields(fields) => fields,
    })
}

fn one_of(variants: &[Variant<'_>]) -> String {
    let quoted: Vec<_> = variants.iter().map(|variant| format!("`{}`", variant.name)).collect();
    format!("one of {}", quoted.join(", "))
}
