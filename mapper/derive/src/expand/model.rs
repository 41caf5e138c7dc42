//! The code of `derive(Model)`.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Lifetime;

use super::{aliases, apart, at, constant, names, private, read, site, value, word, write};
use crate::ast::{Default, Field, Model, Role, Schema, Validation};
use crate::check::RESERVED;

/// The constants and the impl of a model.
pub(crate) fn model(model: &Model<'_>) -> TokenStream {
    let private = &private(&model.krate);
    let ident = model.ident;
    let constants = model.fields.iter().map(|field| constant(private, field));
    let types = types(private, model);
    let layout = layout(private, model);
    let keys = keys(private, model);
    let attributes = attributes(private, model);
    let settings = settings(private, model);
    let swap_skipped = swap_skipped(model);
    let check = check(private, model);
    let chain = chain(model);
    quote_spanned! {site()=>
        #[automatically_derived]
        #[allow(dead_code)]
        impl #ident {
            #(#constants)*
        }

        #[automatically_derived]
        #[allow(deprecated)]
        impl #private::Model for #ident {
            #types
            #layout
            #keys
            #attributes
            #settings
            #swap_skipped
            #check
        }

        #chain
    }
}

fn types(private: &TokenStream, model: &Model<'_>) -> TokenStream {
    let hash = model.hash_key.ty;
    let lock = word(if model.version.is_some() { "Versioned" } else { "Unversioned" });
    let key = key(private, model, &Lifetime::new("'a", site()));
    quote_spanned! {site()=>
        type KeyRef<'a> = #key;
        type HashKey = #hash;
        type Lock = #private::#lock;
    }
}

/// How a key is written, for some lifetime.
fn key(private: &TokenStream, model: &Model<'_>, lifetime: &Lifetime) -> TokenStream {
    let operand = |Field { ty, .. }: &Field<'_>| quote_spanned!(at(ty)=> <#ty as #private::Attribute>::Operand<#lifetime>);
    let hash = operand(&model.hash_key);
    match model.range_key.as_ref().map(operand) {
        Some(range) => quote_spanned!(site()=> (#hash, #range)),
        None => hash,
    }
}

fn layout(private: &TokenStream, model: &Model<'_>) -> TokenStream {
    let Model { ident, table, schema, migrations, auto_increment, refuse_unknown, .. } = model;
    let name = ident.to_string();
    let hash_key = key_attribute(private, &model.hash_key);
    let range_key = option(model.range_key.as_ref().map(|field| key_attribute(private, field)));
    let version = option(model.version.as_ref().map(|field| field.name.to_token_stream()));
    let schema = numbers(schema);
    let attributes = names(private, stored(model));
    let aliases = aliases(private, stored(model));
    let own = model.version.iter().map(|field| field.name.as_str());
    let apart = apart(private, &own.chain(RESERVED).collect::<Vec<_>>(), stored(model));
    let never = quote_spanned!(site()=> &#private::Never);
    let upgrade = migrations.as_ref().map_or(never, |path| quote_spanned!(at(path)=> &#path));
    quote_spanned! {site()=>
        fn layout() -> &'static #private::Layout {
            #apart
            static LAYOUT: #private::Layout = #private::Layout {
                model: #name,
                table: #table,
                hash_key: #hash_key,
                range_key: #range_key,
                version: #version,
                schema: #private::Version::new(#schema),
                auto_increment: #auto_increment,
                attributes: #attributes,
                aliases: #aliases,
                refuse_unknown: #refuse_unknown,
                upgrade: #upgrade,
            };
            &LAYOUT
        }
    }
}

fn keys(private: &TokenStream, model: &Model<'_>) -> TokenStream {
    let operand = |field: &Field<'_>, operand: &Ident| {
        let Field { ty, name, .. } = field;
        quote_spanned!(at(ty)=> #private::key_operand::<#ty>(#name, #operand)?)
    };
    let own = |field: &Field<'_>| {
        let Field { ident, ty, name, .. } = field;
        quote_spanned!(at(ty)=> #private::key_field::<#ty>(#name, &self.#ident)?)
    };
    let key = key(private, model, &Lifetime::new("'_", site()));
    let (hash, range) = (word("hash"), word("range"));
    let pattern = match &model.range_key {
        Some(_) => quote_spanned!(site()=> (#hash, #range)),
        None => hash.to_token_stream(),
    };
    let hash_operand = operand(&model.hash_key, &hash);
    let hash_value = own(&model.hash_key);
    let range_operand = option(model.range_key.as_ref().map(|field| operand(field, &range)));
    let range_value = option(model.range_key.as_ref().map(own));
    quote_spanned! {site()=>
        fn encode_key(
            #pattern: #key,
        ) -> ::core::result::Result<#private::Key, #private::EncodeError> {
            #private::Key::new(#hash_operand, #range_operand)
        }

        fn key(&self) -> ::core::result::Result<#private::Key, #private::EncodeError> {
            #private::Key::new(#hash_value, #range_value)
        }
    }
}

fn attributes(private: &TokenStream, model: &Model<'_>) -> TokenStream {
    let (this, item) = (word("self"), word("item"));
    let writes = stored(model).map(|field| write(private, field, &this));
    let reads = model.fields.iter().map(|field| read(private, field, &item));
    quote_spanned! {site()=>
        fn to_attributes(&self) -> ::core::result::Result<#private::Item, #private::EncodeError> {
            let mut item = #private::Item::new();
            #(#writes)*
            ::core::result::Result::Ok(item)
        }

        fn from_attributes(
            item: &#private::Item,
        ) -> ::core::result::Result<Self, #private::DecodeError> {
            ::core::result::Result::Ok(Self { #(#reads),* })
        }
    }
}

/// The methods that set fields of a value that the program holds.
fn settings(private: &TokenStream, model: &Model<'_>) -> TokenStream {
    // What a converter stores is never absent, and what is not stored keeps its value.
    let filled = model.fields.iter().filter(|field| field.is_named() && field.with.is_none());
    let defaults = filled.filter_map(|field| {
        let default = field.default.as_ref()?;
        Some(fill(private, field, default))
    });
    let version = option(
        model
            .version
            .as_ref()
            .map(|Field { ident, ty, .. }| quote_spanned!(at(ty)=> &mut self.#ident)),
    );
    let Field { ident, ty, name, .. } = &model.hash_key;
    let set_hash_key = if model.auto_increment {
        quote_spanned!(at(ty)=> #private::set_auto::<#ty>(&mut self.#ident, #name, id))
    } else {
        quote_spanned! {site()=>
            let _ = id;
            ::core::result::Result::Err(
                #private::EncodeError::new("the hash key is not `auto_increment`"),
            )
        }
    };
    quote_spanned! {site()=>
        fn fill_defaults(&mut self) -> ::core::result::Result<(), #private::EncodeError> {
            #(#defaults)*
            ::core::result::Result::Ok(())
        }

        fn version_mut(&mut self) -> ::core::option::Option<&mut u64> {
            #version
        }

        fn set_hash_key(
            &mut self,
            id: u64,
        ) -> ::core::result::Result<(), #private::EncodeError> {
            #set_hash_key
        }
    }
}

/// The method that hands on the fields that are not stored, where there are some.
fn swap_skipped(model: &Model<'_>) -> Option<TokenStream> {
    let skipped = model.fields.iter().filter(|field| field.role == Role::Skipped);
    let skipped: Vec<_> = skipped.map(|field| field.ident).collect();
    (!skipped.is_empty()).then(|| {
        quote_spanned! {site()=>
            fn swap_skipped(&mut self, other: &mut Self) {
                #(::core::mem::swap(&mut self.#skipped, &mut other.#skipped);)*
            }
        }
    })
}

/// Gives a field that would be stored as absent its default.
fn fill(private: &TokenStream, field: &Field<'_>, default: &Default) -> TokenStream {
    let Field { ident, ty, name, .. } = field;
    let default = value(default, at(ty));
    quote_spanned! {at(ty)=>
        if #private::is_absent::<#ty>(#name, &self.#ident)? {
            self.#ident = #default;
        }
    }
}

fn check(private: &TokenStream, model: &Model<'_>) -> TokenStream {
    let ident = model.ident;
    let check = match &model.validation {
        Validation::Garde => quote_spanned!(at(ident)=> #private::validate::<#ident>(self)),
        Validation::Off => quote_spanned!(site()=> ::core::result::Result::Ok(())),
        Validation::With(function) => quote_spanned!(at(function)=> #function(self)),
    };
    quote_spanned! {site()=>
        fn check(&self) -> ::core::result::Result<(), #private::Report> {
            #check
        }
    }
}

/// The chain of migrations must end at the schema of the struct.
fn chain(model: &Model<'_>) -> Option<TokenStream> {
    let path = model.migrations.as_ref()?;
    let schema = numbers(&model.schema);
    Some(quote_spanned!(at(path)=> const _: () = #path.assert_ends_at(#schema);))
}

/// The fields that are stored as they are: all but the version, and those that are not stored.
fn stored<'a>(model: &'a Model<'_>) -> impl Iterator<Item = &'a Field<'a>> + Clone {
    model.fields.iter().filter(|field| !matches!(field.role, Role::Version | Role::Skipped))
}

fn key_attribute(private: &TokenStream, field: &Field<'_>) -> TokenStream {
    let Field { ty, name, .. } = field;
    quote_spanned!(at(ty)=> #private::key_attribute::<#ty>(#name))
}

fn option(value: Option<TokenStream>) -> TokenStream {
    value.map_or_else(
        || quote_spanned!(site()=> ::core::option::Option::None),
        |value| quote_spanned!(site()=> ::core::option::Option::Some(#value)),
    )
}

fn numbers(schema: &Schema) -> TokenStream {
    let Schema { major, minor, patch } = *schema;
    let numbers = [major, minor, patch].map(Literal::u64_unsuffixed);
    quote_spanned!(site()=> #(#numbers),*)
}
