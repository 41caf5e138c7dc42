//! What is emitted beside errors: constants and an impl without bodies, so that uses of the type are not errors too.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::{Data, DeriveInput, Fields, Ident, Path, Type};

use crate::ast::{Field, Role};
use crate::check::{self, MODEL, MODEL_FIELD, VARIANT, Words};
use crate::ctxt::Ctxt;
use crate::expand::{constant, private, site, word};

/// The errors of a struct that derives `Model`, and a stand-in for its impl.
pub(crate) fn model(input: &DeriveInput, errors: &syn::Error) -> TokenStream {
    let errors = errors.to_compile_error();
    let private = private(&krate(input));
    let fields = fields(input);
    let with = |role| fields.iter().find(|field| field.role == role).map(|field| field.ty);
    let operand = |ty: &Type| quote_spanned!(site()=> <#ty as #private::Attribute>::Operand<'a>);
    let unknown = syn::parse_quote_spanned!(site()=> u64);

    let hash = with(Role::HashKey).unwrap_or(&unknown);
    let hash_operand = operand(hash);
    let key = match with(Role::RangeKey).map(operand) {
        Some(range_operand) => quote_spanned!(site()=> (#hash_operand, #range_operand)),
        None => hash_operand.clone(),
    };
    let kind = if with(Role::RangeKey).is_some() {
        quote_spanned!(site()=> #private::kind::M)
    } else {
        quote_spanned!(site()=> <#hash as #private::Attribute>::Kind)
    };
    let lock = word(if with(Role::Version).is_some() { "Versioned" } else { "Unversioned" });
    let constants = fields.iter().map(|field| constant(&private, field));
    let ident = &input.ident;
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    let predicates = where_clause.map(|clause| &clause.predicates).into_iter();
    quote_spanned! {site()=>
        #errors

        #[automatically_derived]
        #[allow(dead_code)]
        impl #impl_generics #ident #ty_generics #where_clause {
            #(#constants)*
        }

        #[automatically_derived]
        impl #impl_generics #private::Model for #ident #ty_generics
        where
            // For every lifetime, so that the compiler asks for them where the model is used, and not here.
            for<'any> Self: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync + 'static,
            #(#predicates)*
        {
            type KeyRef<'a> = #key;
            type HashRef<'a> = #hash_operand;
            type KeyKind = #kind;
            type Lock = #private::#lock;

            fn layout() -> &'static #private::Layout {
                ::core::unreachable!()
            }
            fn encode_key(
                _: Self::KeyRef<'_>,
            ) -> ::core::result::Result<#private::Key, #private::EncodeError> {
                ::core::unreachable!()
            }
            fn encode_hash(
                _: Self::HashRef<'_>,
            ) -> ::core::result::Result<
                (&'static ::core::primitive::str, #private::AttributeValue),
                #private::EncodeError,
            > {
                ::core::unreachable!()
            }
            fn key(&self) -> ::core::result::Result<#private::Key, #private::EncodeError> {
                ::core::unreachable!()
            }
            fn put_attributes(
                &self,
                _: &mut #private::Item,
            ) -> ::core::result::Result<(), #private::EncodeError> {
                ::core::unreachable!()
            }
            fn from_attributes(
                _: &#private::Item,
            ) -> ::core::result::Result<Self, #private::DecodeError> {
                ::core::unreachable!()
            }
            fn fill_defaults(&mut self) -> ::core::result::Result<(), #private::EncodeError> {
                ::core::unreachable!()
            }
            fn version_mut(&mut self) -> ::core::option::Option<&mut u64> {
                ::core::unreachable!()
            }
            fn set_hash_key(&mut self, _: u64) -> ::core::result::Result<(), #private::EncodeError> {
                ::core::unreachable!()
            }
            fn check(&self) -> ::core::result::Result<(), #private::Report> {
                ::core::unreachable!()
            }
        }
    }
}

/// The errors of a type that derives `Attribute`, and a stand-in for its impl.
pub(crate) fn attribute(input: &DeriveInput, errors: &syn::Error) -> TokenStream {
    let errors = errors.to_compile_error();
    let private = private(&krate(input));
    let kind = word(if is_names(&input.data) { "S" } else { "M" });
    let ident = &input.ident;
    let (impl_generics, ty_generics, where_clause) = input.generics.split_for_impl();
    quote_spanned! {site()=>
        #errors

        #[automatically_derived]
        impl #impl_generics #private::Attribute for #ident #ty_generics #where_clause {
            type Kind = #private::kind::#kind;
            type ListKind = #private::kind::L;
            type Operand<'operand>
                = &'operand Self
            where
                Self: 'operand;

            fn encode(
                &self,
            ) -> ::core::result::Result<
                ::core::option::Option<#private::AttributeValue>,
                #private::EncodeError,
            > {
                ::core::unreachable!()
            }
            fn encode_operand(
                _: &Self,
            ) -> ::core::result::Result<#private::AttributeValue, #private::EncodeError> {
                ::core::unreachable!()
            }
            fn decode(
                _: &#private::AttributeValue,
            ) -> ::core::result::Result<Self, #private::DecodeError> {
                ::core::unreachable!()
            }
        }
    }
}

/// Whether this is an enum of names, and maybe one that keeps the unknown ones.
fn is_names(data: &Data) -> bool {
    let Data::Enum(data) = data else { return false };
    data.variants.iter().all(|variant| {
        let mut ctxt = unreported();
        let mut words = Words::read(&mut ctxt, &variant.attrs, &VARIANT);
        matches!(variant.fields, Fields::Unit) || words.flag(&mut ctxt, "other").is_some()
    })
}

/// The errors of these were reported by the check.
fn unreported() -> Ctxt {
    Ctxt::default()
}

fn krate(input: &DeriveInput) -> Path {
    let mut ctxt = unreported();
    let mut words = Words::read(&mut ctxt, &input.attrs, &MODEL);
    check::krate(&mut ctxt, &mut words)
}

/// The named fields, each constant and each role once.
fn fields(input: &DeriveInput) -> Vec<Field<'_>> {
    let Data::Struct(data) = &input.data else { return Vec::new() };
    let Fields::Named(fields) = &data.fields else { return Vec::new() };
    let mut found: Vec<Field<'_>> = Vec::new();
    for field in &fields.named {
        let Some(ident) = &field.ident else { continue };
        let constant = check::constant(ident);
        if found.iter().any(|other| other.constant == constant) {
            continue;
        }
        let role = role(field);
        let taken = found.iter().any(|other| other.role == role);
        found.push(Field {
            vis: &field.vis,
            ident,
            ty: &field.ty,
            name: Ident::to_string(ident),
            aliases: Vec::new(),
            with: None,
            automatic: None,
            constant,
            role: if taken { Role::Field } else { role },
            default: None,
        });
    }
    found
}

fn role(field: &syn::Field) -> Role {
    let mut ctxt = unreported();
    let mut words = Words::read(&mut ctxt, &field.attrs, &MODEL_FIELD);
    let mut has = |word| words.flag(&mut ctxt, word).is_some();
    if has("hash_key") {
        Role::HashKey
    } else if has("range_key") {
        Role::RangeKey
    } else if has("version") {
        Role::Version
    } else {
        Role::Field
    }
}
