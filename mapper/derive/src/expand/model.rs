//! The code of `derive(Model)`.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Lifetime;
use syn::ext::IdentExt;

use super::automatic::automatic;
use super::{at, constant, private, read, site, value, word, write};
use crate::ast::{Automatic, Default, Field, Hooks, Model, Role, Schema, Validation};

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
    let check = check(private, model);
    let automatic = automatic(private, model);
    let hooks = hooks(private, &model.hooks);
    let marker = expires(private, model);
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
            #automatic
            #hooks
            #check
        }

        #marker
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
    let Model { ident, table, schema, migrations, auto_increment, .. } = model;
    let name = ident.to_string();
    let hash_key = key_attribute(private, &model.hash_key);
    let range_key = option(model.range_key.as_ref().map(|field| key_attribute(private, field)));
    let version = option(model.version.as_ref().map(|field| field.name.to_token_stream()));
    let schema = numbers(schema);
    let attributes = stored(model).map(|field| &field.name);
    let aliases = stored(model).flat_map(|Field { name, aliases, .. }| {
        aliases.iter().map(move |alias| quote_spanned!(site()=> (#name, #alias)))
    });
    let renamed = model.fields.iter().filter_map(|Field { ident, name, .. }| {
        let field = ident.unraw().to_string();
        (field != *name).then(|| quote_spanned!(site()=> (#field, #name)))
    });
    let filled = |way: fn(&Automatic) -> bool| {
        let field = model.fields.iter().find(|field| field.automatic.as_ref().is_some_and(way));
        option(field.map(|field| field.name.to_token_stream()))
    };
    let created_at = filled(|automatic| matches!(automatic, Automatic::CreatedAt));
    let ttl = filled(|automatic| matches!(automatic, Automatic::Ttl(_)));
    let after_read = model.hooks.after_read.is_some();
    let never = quote_spanned!(site()=> &#private::Never);
    let upgrade = migrations.as_ref().map_or(never, |path| quote_spanned!(at(path)=> &#path));
    quote_spanned! {site()=>
        fn layout() -> &'static #private::Layout {
            static LAYOUT: #private::Layout = #private::Layout {
                model: #name,
                table: #table,
                hash_key: #hash_key,
                range_key: #range_key,
                version: #version,
                schema: #private::Version::new(#schema),
                auto_increment: #auto_increment,
                attributes: &[#(#attributes),*],
                aliases: &[#(#aliases),*],
                renamed: &[#(#renamed),*],
                created_at: #created_at,
                ttl: #ttl,
                after_read: #after_read,
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
    let defaults = model.fields.iter().filter_map(|field| {
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

/// The methods that call the user's functions.
fn hooks(private: &TokenStream, hooks: &Hooks) -> TokenStream {
    let normalize = hooks.normalize.as_ref().map(|function| {
        let call = quote_spanned!(at(function)=> #function(self));
        quote_spanned! {site()=>
            fn normalize(&mut self) {
                #call
            }
        }
    });
    let before_write = hooks.before_write.as_ref().map(|function| {
        let call = quote_spanned!(at(function)=> #function(self, verb));
        quote_spanned! {site()=>
            fn before_write(
                self,
                verb: #private::WriteVerb,
            ) -> ::core::result::Result<Self, #private::Report> {
                #call
            }
        }
    });
    let after_read = hooks.after_read.as_ref().map(|function| {
        let call = quote_spanned!(at(function)=> #function(self, item));
        quote_spanned! {site()=>
            fn after_read(self, item: &#private::Item) -> Self {
                #call
            }
        }
    });
    quote_spanned!(site()=> #normalize #before_write #after_read)
}

/// Items of a model with a TTL attribute can be expired.
fn expires(private: &TokenStream, model: &Model<'_>) -> Option<TokenStream> {
    let has_ttl = |field: &Field<'_>| matches!(field.automatic, Some(Automatic::Ttl(_)));
    let ident = model.ident;
    model.fields.iter().any(has_ttl).then(|| {
        quote_spanned! {site()=>
            #[automatically_derived]
            impl #private::Expires for #ident {}
        }
    })
}

/// The chain of migrations must end at the schema of the struct.
fn chain(model: &Model<'_>) -> Option<TokenStream> {
    let path = model.migrations.as_ref()?;
    let schema = numbers(&model.schema);
    Some(quote_spanned!(at(path)=> const _: () = #path.assert_ends_at(#schema);))
}

/// The fields that are stored as they are: all but the version.
fn stored<'a>(model: &'a Model<'_>) -> impl Iterator<Item = &'a Field<'a>> {
    model.fields.iter().filter(|field| field.role != Role::Version)
}

fn key_attribute(private: &TokenStream, field: &Field<'_>) -> TokenStream {
    let Field { ty, name, .. } = field;
    quote_spanned!(at(ty)=> #private::key_attribute::<#ty>(#name))
}

pub(super) fn option(value: Option<TokenStream>) -> TokenStream {
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
