//! Only quoting: the checked input becomes constants and calls of functions in `dynamap::__private`.
//!
//! Every path is fully qualified, so that the code means the same in a crate that shadows `Result` or `String`. Every
//! token is spanned with [`site`] or [`at`]: local names do not mix with those in the user's expressions, and lints take
//! the code for generated.

mod attribute;
mod automatic;
mod model;

pub(crate) use attribute::attribute;
pub(crate) use model::model;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Path;
use syn::spanned::Spanned;

use crate::ast::{Automatic, Default, Field, Role};

/// The span of code that no token of the user caused.
pub(crate) fn site() -> Span {
    Span::mixed_site()
}

/// The span of code that is wrong when these tokens are.
pub(crate) fn at(tokens: &impl ToTokens) -> Span {
    tokens.span().resolved_at(site())
}

/// A name of the library.
pub(crate) fn word(name: &str) -> Ident {
    Ident::new(name, site())
}

/// The door to the library.
pub(crate) fn private(krate: &Path) -> TokenStream {
    quote_spanned!(site()=> #krate::__private)
}

/// The typed constant of a field.
pub(crate) fn constant(private: &TokenStream, field: &Field<'_>) -> TokenStream {
    let Field { vis, ident, name, constant, role, automatic, .. } = field;
    let ty = stored_type(private, field);
    let constant = Ident::new(constant, ident.span().resolved_at(Span::call_site()));
    let doc = format!("The attribute `{name}`.");
    let role = word(match role {
        Role::Field if matches!(automatic, Some(Automatic::CreatedAt | Automatic::UpdatedAt)) => {
            "Automatic"
        }
        Role::Field => "Field",
        Role::HashKey => "HashKey",
        Role::RangeKey => "RangeKey",
        Role::Version => "Version",
    });
    quote_spanned! {site()=>
        #[doc = #doc]
        #vis const #constant: #private::Path<Self, #ty, #private::role::#role> = #private::Path::new(#name);
    }
}

/// The type that is stored: the field's own, or the form of its converter.
fn stored_type(private: &TokenStream, field: &Field<'_>) -> TokenStream {
    let ty = field.ty;
    match &field.with {
        Some(with) => quote_spanned!(at(with)=> #private::With<#ty, #with>),
        None => ty.to_token_stream(),
    }
}

/// The field of a struct literal, read from `source`.
fn read(private: &TokenStream, field: &Field<'_>, source: &Ident) -> TokenStream {
    let Field { ident, ty, name, aliases, role, default, with, .. } = field;
    let name = if aliases.is_empty() {
        name.to_token_stream()
    } else {
        quote_spanned!(site()=> #private::present(#source, &[#name, #(#aliases),*]))
    };
    let value = match (role, default) {
        _ if with.is_some() => {
            let stored = stored_type(private, field);
            quote_spanned!(at(ty)=> #private::field::<#stored>(#source, #name)?.into_inner())
        }
        (Role::Version, _) => {
            quote_spanned!(at(ty)=> #private::field_or::<#ty>(#source, #name, || 0)?)
        }
        (_, Some(default)) => {
            let default = value(default, at(ty));
            quote_spanned!(at(ty)=> #private::field_or::<#ty>(#source, #name, || #default)?)
        }
        (_, None) => quote_spanned!(at(ty)=> #private::field::<#ty>(#source, #name)?),
    };
    quote_spanned!(site()=> #ident: #value)
}

/// The statement that writes a field of `value` into `item`.
fn write(private: &TokenStream, field: &Field<'_>, value: &Ident) -> TokenStream {
    let Field { ident, ty, name, default, with, .. } = field;
    if let Some(with) = with {
        return quote_spanned!(at(with)=> #private::put_with::<#ty, #with>(&mut item, #name, &#value.#ident)?;);
    }
    let put = Ident::new(if default.is_some() { "put_or_null" } else { "put" }, at(ty));
    quote_spanned!(at(ty)=> #private::#put::<#ty>(&mut item, #name, &#value.#ident)?;)
}

/// What a field holds where nothing is stored.
fn value(default: &Default, span: Span) -> TokenStream {
    match default {
        Default::OfType => quote_spanned!(span=> ::core::default::Default::default()),
        Default::Expr(expr) => expr.to_token_stream(),
    }
}
