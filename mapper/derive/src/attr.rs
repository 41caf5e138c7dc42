//! What the user wrote in `#[model(…)]`: words and their values with spans, not yet judged.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Ident, Token, parenthesized, parse, token};

/// One word inside `#[model(…)]`: `hash_key`, `rename = "x"`, `gsi(by_day, hash_key = day)`.
pub(crate) struct Entry {
    pub(crate) word: Ident,
    pub(crate) value: Option<Expr>,
    /// What stands in parentheses.
    pub(crate) inner: Option<Vec<Entry>>,
}

impl parse::Parse for Entry {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let word = input.call(Ident::parse_any)?;
        if input.peek(token::Paren) {
            let content;
            parenthesized!(content in input);
            let inner = Punctuated::<Self, Token![,]>::parse_terminated(&content)?;
            return Ok(Self { word, value: None, inner: Some(inner.into_iter().collect()) });
        }
        let value =
            if input.parse::<Option<Token![=]>>()?.is_some() { Some(input.parse()?) } else { None };
        Ok(Self { word, value, inner: None })
    }
}

impl ToTokens for Entry {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        self.word.to_tokens(tokens);
        self.value.to_tokens(tokens);
    }
}

/// The entries of every `#[model(…)]` among the attributes, and the syntax errors of those that could not be read.
pub(crate) fn read(attributes: &[Attribute]) -> (Vec<Entry>, Vec<syn::Error>) {
    let mut entries = Vec::new();
    let mut errors = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("model")) {
        match attribute.parse_args_with(Punctuated::<Entry, Token![,]>::parse_terminated) {
            Ok(found) => entries.extend(found),
            Err(error) => errors.push(error),
        }
    }
    (entries, errors)
}
