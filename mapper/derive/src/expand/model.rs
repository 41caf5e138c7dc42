//! The code of `derive(Model)`.

use proc_macro2::{Literal, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Lifetime;
use syn::ext::IdentExt;

use super::automatic::automatic;
use super::key::{encoded, operands, own, pair, pattern, tuple, written};
use super::{
    aliases, apart, at, constant, defaults, index, key, names, private, read, site, stored_type,
    unique, value, word, write,
};
use crate::ast::{Automatic, Default, Field, Hooks, Index, Key, Model, Role, Schema, Validation};
use crate::check::RESERVED;

/// The constants and the impl of a model.
pub(crate) fn model(model: &Model<'_>) -> TokenStream {
    let private = &private(&model.krate);
    let ident = model.ident;
    let constants = model
        .fields
        .iter()
        .map(|field| constant(private, field))
        .chain(key::constants(private, model))
        .chain(indexes(model).map(|(at, index)| index::constant(private, model, at, index)));
    let types = types(private, model);
    let layout = layout(private, model);
    let keys = keys(private, model);
    let attributes = attributes(private, model);
    let settings = settings(private, model);
    let swap_skipped = swap_skipped(model);
    let check = check(private, model);
    let automatic = automatic(private, model);
    let hooks = hooks(private, &model.hooks);
    let markers = [expires(private, model), counted(private, model), unconditional(private, model)];
    let chain = chain(model);
    let indexes = indexes(model).map(|(at, index)| index::impls(private, model, at, index));
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
            #automatic
            #hooks
            #check
        }

        #(#indexes)*
        #(#markers)*
        #chain
    }
}

/// The indexes with their numbers.
fn indexes<'m>(model: &'m Model<'_>) -> impl Iterator<Item = (usize, &'m Index)> {
    model.indexes.iter().enumerate()
}

fn types(private: &TokenStream, model: &Model<'_>) -> TokenStream {
    let lock = word(if model.version.is_some() { "Versioned" } else { "Unversioned" });
    let lifetime = Lifetime::new("'a", site());
    let (key, hash) = (key_ref(private, model, &lifetime), hash_ref(private, model, &lifetime));
    let kind = key_kind(private, model);
    quote_spanned! {site()=>
        type KeyRef<'a> = #key;
        type HashRef<'a> = #hash;
        type KeyKind = #kind;
        type Lock = #private::#lock;
    }
}

/// The fields that a caller writes for the hash key, and for the range key besides.
fn sides(model: &Model<'_>) -> [Vec<usize>; 2] {
    let hash = written(model, &[model.hash_key], &[]);
    let range = written(model, model.range_key.as_slice(), &hash);
    [hash, range]
}

/// How a key is written, for some lifetime.
fn key_ref(private: &TokenStream, model: &Model<'_>, lifetime: &Lifetime) -> TokenStream {
    let sides = sides(model);
    let written = sides.iter().filter_map(|side| operands(private, model, side, lifetime));
    tuple(written).unwrap_or_else(|| quote_spanned!(site()=> ()))
}

/// What a reference to the model is stored as: the hash key itself, or a map of both keys.
fn key_kind(private: &TokenStream, model: &Model<'_>) -> TokenStream {
    match (model.hash_key, model.range_key) {
        (_, Some(_)) => quote_spanned!(site()=> #private::kind::M),
        (Key::Template(_), None) => quote_spanned!(site()=> #private::kind::S),
        (Key::Field(number), None) => {
            let field = &model.fields[number];
            let (ty, stored) = (field.ty, stored_type(private, field));
            quote_spanned!(at(ty)=> <#stored as #private::Attribute>::Kind)
        }
    }
}

/// How a hash key is written, for some lifetime.
fn hash_ref(private: &TokenStream, model: &Model<'_>, lifetime: &Lifetime) -> TokenStream {
    let [hash, _] = sides(model);
    operands(private, model, &hash, lifetime).unwrap_or_else(|| quote_spanned!(site()=> ()))
}

fn layout(private: &TokenStream, model: &Model<'_>) -> TokenStream {
    let Model { ident, table, schema, migrations, auto_increment, refuse_unknown, .. } = model;
    let name = ident.to_string();
    let hash_key = key::attribute(private, model, model.hash_key);
    let range_key = option(model.range_key.map(|key| key::attribute(private, model, key)));
    let version = option(model.version.as_ref().map(|field| field.name.to_token_stream()));
    let schema = numbers(schema);
    let templates = model.templates.iter().map(|template| key::template(private, model, template));
    let discriminator = option(
        model.discriminator.as_ref().map(|(name, value)| quote_spanned!(site()=> (#name, #value))),
    );
    let indexes = model.indexes.iter().map(|index| index::layout(private, model, index));
    let uniques = model.uniques.iter().map(|unique| unique::layout(private, model, unique));
    let views = model
        .views
        .iter()
        .map(|view| quote_spanned!(at(view)=> #private::ViewLayout::of::<#ident, #view>()));
    let retired_views = &model.retired_views;
    // What the library composes is an attribute like those of fields.
    let composed: Vec<&str> = model
        .templates
        .iter()
        .map(|template| template.name.as_str())
        .chain(model.discriminator.iter().map(|(name, _)| name.as_str()))
        .collect();
    let attributes = names(private, stored(model), &composed);
    let aliases = aliases(private, stored(model));
    let own = model.version.iter().map(|field| field.name.as_str());
    let apart = apart(
        private,
        &own.chain(RESERVED).chain(composed.iter().copied()).collect::<Vec<_>>(),
        stored(model),
    );
    let renamed = model.fields.iter().filter(|field| field.is_named());
    let renamed = renamed.filter_map(|Field { ident, name, .. }| {
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
    let unsaid = quote_spanned!(site()=> &#private::TableSettings::DEFAULT);
    let settings = &model.settings;
    let settings = settings.as_ref().map_or(unsaid, |path| quote_spanned!(at(path)=> &#path));
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
                templates: &[#(#templates),*],
                discriminator: #discriminator,
                indexes: &[#(#indexes),*],
                uniques: &[#(#uniques),*],
                views: &[#(#views),*],
                retired_views: &[#(#retired_views),*],
                refuse_unknown: #refuse_unknown,
                renamed: &[#(#renamed),*],
                created_at: #created_at,
                ttl: #ttl,
                after_read: #after_read,
                settings: #settings,
                upgrade: #upgrade,
            };
            &LAYOUT
        }
    }
}

fn keys(private: &TokenStream, model: &Model<'_>) -> TokenStream {
    let anonymous = Lifetime::new("'_", site());
    let (key, hash) = (key_ref(private, model, &anonymous), hash_ref(private, model, &anonymous));
    let nothing = || quote_spanned!(site()=> ());
    let [hash_parts, range_parts] = sides(model);
    let key_pattern =
        tuple([&hash_parts, &range_parts].into_iter().filter_map(|side| pattern(side)));
    let key_pattern = key_pattern.unwrap_or_else(nothing);
    let hash_pattern = pattern(&hash_parts).unwrap_or_else(nothing);
    let all: Vec<usize> = hash_parts.iter().chain(&range_parts).copied().collect();
    let (encoded_all, own) = (encoded(private, model, &all), own(private, model, &all));
    let encoded_hash = encoded(private, model, &hash_parts);
    let hash_pair = pair(private, model, model.hash_key, model.range_key.as_slice());
    let range_pair = option(model.range_key.map(|key| pair(private, model, key, &[])));
    quote_spanned! {site()=>
        fn encode_key(
            #key_pattern: #key,
        ) -> ::core::result::Result<#private::Key, #private::EncodeError> {
            #(#encoded_all)*
            #private::Key::new(#hash_pair, #range_pair)
        }

        fn encode_hash(
            #hash_pattern: #hash,
        ) -> ::core::result::Result<(&'static ::core::primitive::str, #private::AttributeValue), #private::EncodeError>
        {
            #(#encoded_hash)*
            ::core::result::Result::Ok(#hash_pair)
        }

        fn key(&self) -> ::core::result::Result<#private::Key, #private::EncodeError> {
            #(#own)*
            #private::Key::new(#hash_pair, #range_pair)
        }
    }
}

fn attributes(private: &TokenStream, model: &Model<'_>) -> TokenStream {
    let (this, item) = (word("self"), word("item"));
    let writes = stored(model).map(|field| write(private, field, &this));
    let reads = model.fields.iter().map(|field| read(private, field, &item));
    let composes = (!model.templates.is_empty() || model.discriminator.is_some())
        .then(|| quote_spanned!(site()=> <Self as #private::Model>::layout().compose(item)?;));
    quote_spanned! {site()=>
        fn put_attributes(
            &self,
            item: &mut #private::Item,
        ) -> ::core::result::Result<(), #private::EncodeError> {
            #(#writes)*
            #composes
            ::core::result::Result::Ok(())
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
    let read_as: Vec<_> = self::defaults(private, stored(model)).collect();
    let default_attributes = (!read_as.is_empty()).then(|| {
        quote_spanned! {site()=>
            fn default_attributes() -> ::core::result::Result<#private::Item, #private::EncodeError> {
                let mut attributes = #private::Item::new();
                let item = &mut attributes;
                #(#read_as)*
                ::core::result::Result::Ok(attributes)
            }
        }
    });
    let version = option(
        model
            .version
            .as_ref()
            .map(|Field { ident, ty, .. }| quote_spanned!(at(ty)=> &mut self.#ident)),
    );
    let set_hash_key = match model.hash_key {
        Key::Field(number) if model.auto_increment => {
            let Field { ident, ty, name, .. } = &model.fields[number];
            quote_spanned!(at(ty)=> #private::set_auto::<#ty>(&mut self.#ident, #name, id))
        }
        _ => quote_spanned! {site()=>
            let _ = id;
            ::core::result::Result::Err(
                #private::EncodeError::new("the hash key is not `auto_increment`"),
            )
        },
    };
    quote_spanned! {site()=>
        fn fill_defaults(&mut self) -> ::core::result::Result<(), #private::EncodeError> {
            #(#defaults)*
            ::core::result::Result::Ok(())
        }

        #default_attributes

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

/// Keys of a model with an auto-increment key come from a counter.
fn counted(private: &TokenStream, model: &Model<'_>) -> Option<TokenStream> {
    let ident = model.ident;
    model.auto_increment.then(|| {
        quote_spanned! {site()=>
            #[automatically_derived]
            impl #private::Counted for #ident {}
        }
    })
}

/// What can be put and deleted without a condition.
fn unconditional(private: &TokenStream, model: &Model<'_>) -> Option<TokenStream> {
    let ident = model.ident;
    let is_plain = model.uniques.is_empty() && model.views.is_empty();
    if model.version.is_some() || !is_plain || model.discriminator.is_some() {
        return None;
    }
    let created = |field: &Field<'_>| matches!(field.automatic, Some(Automatic::CreatedAt));
    let put = (!model.auto_increment && !model.fields.iter().any(created)).then(|| {
        quote_spanned! {site()=>
            #[automatically_derived]
            impl #private::BatchPut for #ident {}
        }
    });
    Some(quote_spanned! {site()=>
        #[automatically_derived]
        impl #private::BatchDelete for #ident {}
        #put
    })
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
