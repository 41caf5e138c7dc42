//! The code of `derive(Attribute)`.

use proc_macro2::{Ident, TokenStream};
use quote::quote_spanned;
use syn::Type;

use super::{
    aliases, apart, at, defaults, entry_constant, names, private, read, site, variants, word, write,
};
use crate::ast::{Attribute, Field, Role, Shape};

/// The impl of a type that is stored in one attribute.
pub(crate) fn attribute(attribute: &Attribute<'_>) -> TokenStream {
    let private = &private(&attribute.krate);
    let ident = attribute.ident;
    let body = match &attribute.shape {
        Shape::Map(_) => map(private, ident),
        Shape::Newtype(ty) => newtype(private, ty),
        Shape::Names(variants, other) => variants::names(private, ident, variants, other.as_ref()),
        Shape::Numbers(variants) => variants::numbers(private, variants),
        Shape::Tagged(tagged) => variants::tagged(private, ident, tagged),
    };
    let document = match &attribute.shape {
        Shape::Map(fields) => {
            let flatten = flatten(private, ident, fields);
            let document = document(private, ident, fields.iter(), &TokenStream::new());
            quote_spanned!(site()=> #document #flatten)
        }
        Shape::Tagged(tagged) => {
            let tag = variants::tag(private, tagged);
            let document = document(private, ident, variants::fields(tagged), &tag);
            let assertions = variants::assertions(private, tagged);
            quote_spanned!(site()=> #document #assertions)
        }
        Shape::Newtype(ty) => wraps(private, ident, ty),
        Shape::Names(..) | Shape::Numbers(_) => TokenStream::new(),
    };
    quote_spanned! {site()=>
        #document

        #[automatically_derived]
        #[allow(deprecated)]
        impl #private::Attribute for #ident {
            #body
        }
    }
}

/// The constants by which the fields are reached inside a model.
fn document<'a>(
    private: &TokenStream,
    ident: &Ident,
    fields: impl Iterator<Item = &'a Field<'a>>,
    others: &TokenStream,
) -> TokenStream {
    let constants = fields.map(|field| entry_constant(private, field));
    quote_spanned! {site()=>
        #[automatically_derived]
        #[allow(dead_code, deprecated)]
        impl #ident {
            #others
            #(#constants)*
        }

        #[automatically_derived]
        #[allow(deprecated)]
        impl #private::Document for #ident {
            type Document = Self;
        }
    }
}

fn map(private: &TokenStream, ident: &Ident) -> TokenStream {
    let expected = format!("a map ({ident})");
    let head = head(private, "M");
    quote_spanned! {site()=>
        #head

        fn encode_operand(
            operand: &Self,
        ) -> ::core::result::Result<#private::AttributeValue, #private::EncodeError> {
            #private::to_map(operand)
        }

        fn is_stored_as(&self, stored: &#private::AttributeValue) -> ::core::primitive::bool {
            #private::is_map(self, stored)
        }

        fn decode(
            value: &#private::AttributeValue,
        ) -> ::core::result::Result<Self, #private::DecodeError> {
            #private::from_map(value, #expected)
        }
    }
}

/// The entries of a struct, for its own map and for what they are flattened into.
fn flatten(private: &TokenStream, ident: &Ident, fields: &[Field<'_>]) -> TokenStream {
    let stored = fields.iter().filter(|field| field.role != Role::Skipped);
    let (this, map) = (word("self"), word("map"));
    let writes = stored.clone().map(|field| write(private, field, &this));
    let reads = fields.iter().map(|field| read(private, field, &map));
    let apart = apart(private, &[], stored.clone());
    let names = names(private, stored.clone(), &[]);
    let aliases = aliases(private, stored.clone());
    let defaults = defaults(private, stored);
    let text = quote_spanned!(site()=> &'static ::core::primitive::str);
    quote_spanned! {site()=>
        #apart

        #[automatically_derived]
        #[allow(deprecated)]
        impl #private::Flatten for #ident {
            const ATTRIBUTES: &'static [#text] = #names;
            const ALIASES: &'static [(#text, #text)] = #aliases;

            fn put_entries(
                &self,
                item: &mut impl #private::Sink,
            ) -> ::core::result::Result<(), #private::EncodeError> {
                #(#writes)*
                ::core::result::Result::Ok(())
            }

            fn from_entries(
                map: &impl #private::Source,
            ) -> ::core::result::Result<Self, #private::DecodeError> {
                ::core::result::Result::Ok(Self { #(#reads),* })
            }

            fn default_entries() -> ::core::result::Result<#private::Item, #private::EncodeError> {
                #[allow(unused_mut)]
                let mut entries = #private::Item::new();
                #[allow(unused_variables)]
                let item = &mut entries;
                #(#defaults)*
                ::core::result::Result::Ok(entries)
            }
        }
    }
}

/// What maps and enums share: a value is its own operand, and is never absent.
pub(super) fn head(private: &TokenStream, kind: &str) -> TokenStream {
    let kind = word(kind);
    quote_spanned! {site()=>
        type Kind = #private::kind::#kind;
        type ListKind = #private::kind::L;
        type Operand<'a> = &'a Self;

        fn encode(
            &self,
        ) -> ::core::result::Result<
            ::core::option::Option<#private::AttributeValue>,
            #private::EncodeError,
        > {
            <Self as #private::Attribute>::encode_operand(self).map(::core::option::Option::Some)
        }
    }
}

fn newtype(private: &TokenStream, ty: &Type) -> TokenStream {
    let wrapped = quote_spanned!(at(ty)=> <#ty as #private::Attribute>);
    quote_spanned! {site()=>
        type Kind = #wrapped::Kind;
        type ListKind = #private::kind::L;
        type Operand<'a> = #wrapped::Operand<'a>;

        fn encode(
            &self,
        ) -> ::core::result::Result<
            ::core::option::Option<#private::AttributeValue>,
            #private::EncodeError,
        > {
            #wrapped::encode(&self.0)
        }

        fn encode_operand(
            operand: #wrapped::Operand<'_>,
        ) -> ::core::result::Result<#private::AttributeValue, #private::EncodeError> {
            #wrapped::encode_operand(operand)
        }

        fn decode(
            value: &#private::AttributeValue,
        ) -> ::core::result::Result<Self, #private::DecodeError> {
            #wrapped::decode(value).map(Self)
        }

        fn is_stored_as(&self, stored: &#private::AttributeValue) -> ::core::primitive::bool {
            #wrapped::is_stored_as(&self.0, stored)
        }

        fn absent() -> ::core::option::Option<Self> {
            #wrapped::absent().map(Self)
        }
    }
}

/// What a newtype takes over from the type that it wraps.
fn wraps(private: &TokenStream, ident: &Ident, ty: &Type) -> TokenStream {
    quote_spanned! {at(ty)=>
        #[automatically_derived]
        #[allow(deprecated)]
        impl #private::Newtype for #ident {
            type Inner = #ty;

            fn wrap(inner: #ty) -> Self {
                Self(inner)
            }

            fn inner(&self) -> &#ty {
                &self.0
            }
        }
    }
}
