//! Only quoting: the checked input becomes constants and calls of functions in `dynamap::__private`.
//!
//! Every path is fully qualified, so that the code means the same in a crate that shadows `Result` or `String`. Every
//! token is spanned with [`site`] or [`at`]: local names do not mix with those in the user's expressions, and lints take
//! the code for generated.

mod attribute;
mod automatic;
mod collection;
mod index;
mod key;
mod model;
mod projection;
mod unique;
mod variants;

pub(crate) use attribute::attribute;
pub(crate) use collection::collection;
pub(crate) use model::model;
pub(crate) use projection::projection;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Path;
use syn::spanned::Spanned;

use crate::ast::{Converter, Default, Field, Role};

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

/// The typed constant of an attribute of a model.
pub(crate) fn constant(private: &TokenStream, field: &Field<'_>) -> TokenStream {
    constant_by(private, field, "new")
}

/// The typed constant of an entry of a document: the model does not know its other names.
fn entry_constant(private: &TokenStream, field: &Field<'_>) -> TokenStream {
    let plain = field.aliases.is_empty() && field.default.is_none();
    constant_by(private, field, if plain { "new" } else { "new_otherwise" })
}

fn constant_by(private: &TokenStream, field: &Field<'_>, new: &str) -> TokenStream {
    let new = word(new);
    let Field { vis, ident, name, constant, role, .. } = field;
    let ty = stored_type(private, field);
    let constant = Ident::new(constant, ident.span().resolved_at(Span::call_site()));
    let doc = match role {
        Role::Skipped => return TokenStream::new(),
        Role::Flattened => format!("The fields of `{ident}`, stored beside the others."),
        _ => format!("The attribute `{name}`."),
    };
    let role = match role {
        Role::Field if field.is_time_of_writing() => {
            quote_spanned!(site()=> #private::role::Stamped)
        }
        role => self::role(private, *role),
    };
    quote_spanned! {site()=>
        #[doc = #doc]
        #vis const #constant: #private::Path<Self, #ty, #role> = #private::Path::#new(#name);
    }
}

/// The type of a role.
pub(crate) fn role(private: &TokenStream, role: Role) -> TokenStream {
    let (name, number) = match role {
        Role::Field | Role::Flattened | Role::Skipped => ("Field", None),
        Role::HashKey => ("HashKey", None),
        Role::RangeKey => ("RangeKey", None),
        Role::Version => ("Version", None),
        Role::Indexed(number) => ("Indexed", Some(number)),
        Role::KeyPart(number) => ("KeyPart", Some(number)),
    };
    let name = word(name);
    let number = number.map(Literal::usize_unsuffixed).into_iter();
    quote_spanned!(site()=> #private::role::#name #(<#number>)*)
}

/// The type that is stored: the field's own, the form of its converter, or what leads to the fields of its type.
fn stored_type(private: &TokenStream, field: &Field<'_>) -> TokenStream {
    let ty = field.ty;
    match converter(private, field) {
        Some(with) => quote_spanned!(at(&with)=> #private::With<#ty, #with>),
        None if field.role == Role::Flattened => quote_spanned!(at(ty)=> #private::Flattened<#ty>),
        None => ty.to_token_stream(),
    }
}

/// The type of a field's converter.
fn converter(private: &TokenStream, field: &Field<'_>) -> Option<TokenStream> {
    field.with.as_ref().map(|with| match with {
        Converter::Named(path) => path.to_token_stream(),
        Converter::Serde => quote_spanned!(at(field.ty)=> #private::Serde),
    })
}

/// The names that fields are stored under; those of flattened fields are known to the compiler only.
fn names<'a>(
    private: &TokenStream,
    fields: impl Iterator<Item = &'a Field<'a>>,
    others: &[&str],
) -> TokenStream {
    let (own, flattened): (Vec<_>, Vec<_>) = fields.partition(|field| field.is_named());
    let own = own.iter().map(|field| field.name.as_str()).chain(others.iter().copied());
    let own = quote_spanned!(site()=> &[#(#own),*]);
    let flattened = flattened
        .iter()
        .map(|Field { ty, .. }| quote_spanned!(at(ty)=> <#ty as #private::Flatten>::ATTRIBUTES));
    let text = quote_spanned!(site()=> &::core::primitive::str);
    joined(private, &own, flattened, &text, &quote_spanned!(site()=> ""))
}

/// The statements that write what fields with a default read as where they are absent into `item`.
fn defaults<'a>(
    private: &'a TokenStream,
    fields: impl Iterator<Item = &'a Field<'a>> + 'a,
) -> impl Iterator<Item = TokenStream> + 'a {
    fields.filter_map(move |field| {
        let ty = field.ty;
        if field.role == Role::Flattened {
            return Some(quote_spanned!(at(ty)=> #private::put_defaults::<#ty>(item)?;));
        }
        let default = value(field.default.as_ref()?, at(ty));
        let write = write_value(private, field, &quote_spanned!(at(ty)=> &default));
        Some(quote_spanned! {at(ty)=>
            {
                let default: #ty = #default;
                #write
            }
        })
    })
}

/// The names under which fields are read too, each with the name that is written.
fn aliases<'a>(private: &TokenStream, fields: impl Iterator<Item = &'a Field<'a>>) -> TokenStream {
    let (own, flattened): (Vec<_>, Vec<_>) = fields.partition(|field| field.is_named());
    let own = own.iter().flat_map(|Field { name, aliases, .. }| {
        aliases.iter().map(move |alias| quote_spanned!(site()=> (#name, #alias)))
    });
    let own = quote_spanned!(site()=> &[#(#own),*]);
    let flattened = flattened
        .iter()
        .map(|Field { ty, .. }| quote_spanned!(at(ty)=> <#ty as #private::Flatten>::ALIASES));
    let pair = quote_spanned!(site()=> (&::core::primitive::str, &::core::primitive::str));
    joined(private, &own, flattened, &pair, &quote_spanned!(site()=> ("", "")))
}

/// A constant list of `own` and all that the flattened fields add.
fn joined(
    private: &TokenStream,
    own: &TokenStream,
    flattened: impl ExactSizeIterator<Item = TokenStream>,
    ty: &TokenStream,
    empty: &TokenStream,
) -> TokenStream {
    if flattened.len() == 0 {
        return own.clone();
    }
    quote_spanned! {site()=>
        {
            const PARTS: &[&[#ty]] = &[#own, #(#flattened),*];
            const ALL: [#ty; #private::count(PARTS)] = #private::join(PARTS, #empty);
            &ALL
        }
    }
}

/// The assertion that flattened fields bring no name twice, and none of `others`.
fn apart<'a, F: Iterator<Item = &'a Field<'a>> + Clone>(
    private: &TokenStream,
    others: &[&str],
    fields: F,
) -> Option<TokenStream> {
    let Field { ty, .. } = fields.clone().find(|field| field.role == Role::Flattened)?;
    let fields = fields.filter(|field| field.role != Role::Skipped);
    let (names, aliases) = (names(private, fields.clone(), &[]), aliases(private, fields));
    Some(quote_spanned! {at(ty)=>
        // In parentheses, so that the compiler points at the field.
        const _: () = (#private::assert_apart)(&[#(#others),*], #names, #aliases);
    })
}

/// The field of a struct literal, read from `source`.
fn read(private: &TokenStream, field: &Field<'_>, source: &Ident) -> TokenStream {
    let (ident, value) = (field.ident, read_value(private, field, source));
    quote_spanned!(site()=> #ident: #value)
}

/// The value of a field, read from `source`.
fn read_value(private: &TokenStream, field: &Field<'_>, source: &Ident) -> TokenStream {
    let Field { ty, name, aliases, role, default, .. } = field;
    let name = if aliases.is_empty() {
        name.to_token_stream()
    } else {
        quote_spanned!(site()=> #private::present(#source, &[#name, #(#aliases),*]))
    };
    match (role, default) {
        (Role::Skipped, default) => value(default.as_ref().unwrap_or(&Default::OfType), at(ty)),
        (Role::Flattened, _) => {
            quote_spanned!(at(ty)=> <#ty as #private::Flatten>::from_entries(#source)?)
        }
        (_, Some(default)) if field.with.is_some() => {
            let (with, default) = (converter(private, field), value(default, at(ty)));
            quote_spanned!(at(ty)=> #private::converted_or::<#ty, #with>(#source, #name, || #default)?)
        }
        (_, None) if field.with.is_some() => {
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
    }
}

/// The statement that writes a field of `value` into `item`.
fn write(private: &TokenStream, field: &Field<'_>, value: &Ident) -> TokenStream {
    let Field { ident, ty, .. } = field;
    write_value(private, field, &quote_spanned!(at(ty)=> &#value.#ident))
}

/// The statement that writes the value of a field, given by reference, into `item`.
fn write_value(private: &TokenStream, field: &Field<'_>, value: &TokenStream) -> TokenStream {
    let Field { ty, name, role, default, .. } = field;
    match role {
        Role::Skipped => return TokenStream::new(),
        Role::Flattened => {
            return quote_spanned!(at(ty)=> #private::put_flattened::<#ty>(item, #value)?;);
        }
        _ => {}
    }
    if let Some(with) = converter(private, field) {
        return quote_spanned!(at(&with)=> #private::put_with::<#ty, #with>(item, #name, #value)?;);
    }
    let put = Ident::new(if default.is_some() { "put_or_null" } else { "put" }, at(ty));
    quote_spanned!(at(ty)=> #private::#put::<#ty>(item, #name, #value)?;)
}

/// What a field holds where nothing is stored.
fn value(default: &Default, span: Span) -> TokenStream {
    match default {
        Default::OfType => quote_spanned!(span=> ::core::default::Default::default()),
        Default::Expr(expr) => expr.to_token_stream(),
    }
}
