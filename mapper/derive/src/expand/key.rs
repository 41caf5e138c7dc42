//! The code of keys: how they are written in calls, built from fields, composed by templates.

use proc_macro2::{Ident, Literal, TokenStream};
use quote::{ToTokens, quote_spanned};
use syn::Lifetime;

use super::{at, constant as field_constant, converter, role, site, stored_type, word};
use crate::ast::{Field, Key, Model, Piece, Role, Template};

/// The fields of a key that a caller writes, without those in `known`.
pub(super) fn written(model: &Model<'_>, keys: &[Key], known: &[usize]) -> Vec<usize> {
    let mut numbers = Vec::new();
    for key in keys {
        let of_key: Vec<usize> = match *key {
            Key::Field(number) => vec![number],
            Key::Template(template) => model.templates[template].fields().collect(),
        };
        for number in of_key {
            if !known.contains(&number) && !numbers.contains(&number) {
                numbers.push(number);
            }
        }
    }
    numbers
}

/// How a caller writes fields: one operand, a tuple of several, nothing for none.
pub(super) fn operands(
    private: &TokenStream,
    model: &Model<'_>,
    numbers: &[usize],
    lifetime: &Lifetime,
) -> Option<TokenStream> {
    tuple(numbers.iter().map(|number| {
        let field = &model.fields[*number];
        let (ty, stored) = (field.ty, stored_type(private, field));
        quote_spanned!(at(ty)=> <#stored as #private::Attribute>::Operand<#lifetime>)
    }))
}

/// The names under which generated code has them.
pub(super) fn pattern(numbers: &[usize]) -> Option<TokenStream> {
    tuple(numbers.iter().map(|number| part(*number).to_token_stream()))
}

fn part(number: usize) -> Ident {
    word(&format!("part{number}"))
}

/// The only one, or a tuple of several.
pub(super) fn tuple(parts: impl Iterator<Item = TokenStream>) -> Option<TokenStream> {
    let parts: Vec<_> = parts.collect();
    match parts.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        _ => Some(quote_spanned!(site()=> (#(#parts),*))),
    }
}

/// The statements that encode operands, each as a pair of name and value.
pub(super) fn encoded<'m>(
    private: &'m TokenStream,
    model: &'m Model<'_>,
    numbers: &'m [usize],
) -> impl Iterator<Item = TokenStream> + 'm {
    numbers.iter().map(move |number| {
        let field = &model.fields[*number];
        let (ty, stored, name, part) =
            (field.ty, stored_type(private, field), &field.name, part(*number));
        quote_spanned!(at(ty)=> let #part = #private::key_operand::<#stored>(#name, #part)?;)
    })
}

/// The statements that encode the fields of a value.
pub(super) fn own<'m>(
    private: &'m TokenStream,
    model: &'m Model<'_>,
    numbers: &'m [usize],
) -> impl Iterator<Item = TokenStream> + 'm {
    numbers.iter().map(move |number| {
        let field = &model.fields[*number];
        let Field { ident, ty, name, .. } = field;
        let part = part(*number);
        if let Some(with) = converter(private, field) {
            return quote_spanned! {at(&with)=>
                let #part = #private::key_field_with::<#ty, #with>(#name, &self.#ident)?;
            };
        }
        quote_spanned!(at(ty)=> let #part = #private::key_field::<#ty>(#name, &self.#ident)?;)
    })
}

/// A key attribute as a pair of name and value, from encoded parts; `beside` are the other keys made of the same parts.
pub(super) fn pair(
    private: &TokenStream,
    model: &Model<'_>,
    key: Key,
    beside: &[Key],
) -> TokenStream {
    match key {
        Key::Field(number) => {
            let part = part(number);
            let shared = beside.iter().any(|other| match *other {
                Key::Field(_) => false,
                Key::Template(template) => model.templates[template].fields().any(|n| n == number),
            });
            if shared {
                quote_spanned!(site()=> ::core::clone::Clone::clone(&#part))
            } else {
                part.to_token_stream()
            }
        }
        Key::Template(number) => {
            let Template { name, .. } = &model.templates[number];
            let parts = model.templates[number].fields().map(part);
            quote_spanned! {site()=>
                #private::composed(<Self as #private::Model>::layout(), #name, &[#(&#parts),*])?
            }
        }
    }
}

/// The description of a key attribute.
pub(super) fn attribute(private: &TokenStream, model: &Model<'_>, key: Key) -> TokenStream {
    match key {
        Key::Field(number) => {
            let field = &model.fields[number];
            let (ty, stored, name) = (field.ty, stored_type(private, field), &field.name);
            quote_spanned!(at(ty)=> #private::key_attribute::<#stored>(#name))
        }
        Key::Template(number) => {
            let Template { name, .. } = &model.templates[number];
            quote_spanned!(site()=> #private::composed_attribute(#name))
        }
    }
}

/// A template as a value.
pub(super) fn template(
    private: &TokenStream,
    model: &Model<'_>,
    template: &Template,
) -> TokenStream {
    let Template { name, pieces, .. } = template;
    let pieces = pieces.iter().map(|piece| match piece {
        Piece::Text(text) => quote_spanned!(site()=> #private::Part::Text(#text)),
        Piece::Field { field, width } => {
            let field = &model.fields[*field];
            let (ty, stored, name) = (field.ty, stored_type(private, field), &field.name);
            if *width == 0 {
                quote_spanned!(at(ty)=> #private::part::<#stored>(#name))
            } else {
                let width = Literal::usize_unsuffixed(*width);
                quote_spanned!(at(ty)=> #private::filled_part::<#stored>(#name, #width))
            }
        }
    });
    quote_spanned!(site()=> #private::Template { name: #name, parts: &[#(#pieces),*] })
}

/// The role of a key attribute, for range conditions.
pub(super) fn key_role(model: &Model<'_>, key: Key) -> Role {
    match key {
        Key::Field(number) => model.fields[number].role,
        Key::Template(_) if key == model.hash_key => Role::HashKey,
        Key::Template(_) if Some(key) == model.range_key => Role::RangeKey,
        // Numbers above those of the fields.
        Key::Template(number) => Role::Indexed(model.fields.len() + number),
    }
}

/// The constants of composed keys: range keys are compared part by part, the hash key as text.
pub(super) fn constants(private: &TokenStream, model: &Model<'_>) -> Vec<TokenStream> {
    let mut found = Vec::new();
    for (number, composed) in model.templates.iter().enumerate() {
        let key = Key::Template(number);
        let is_range = Some(key) == model.range_key
            || model.indexes.iter().any(|index| index.range_key.contains(&key));
        if is_range {
            found.push(range_constant(private, model, composed, key_role(model, key)));
        } else if key == model.hash_key {
            let string = syn::parse_quote_spanned!(site()=> ::std::string::String);
            let field = Field {
                vis: model.vis,
                ident: &composed.constant,
                ty: &string,
                name: composed.name.clone(),
                aliases: Vec::new(),
                constant: composed.constant.to_string(),
                role: Role::HashKey,
                default: None,
                with: None,
                automatic: None,
            };
            found.push(field_constant(private, &field));
        }
    }
    found
}

fn range_constant(
    private: &TokenStream,
    model: &Model<'_>,
    composed: &Template,
    own_role: Role,
) -> TokenStream {
    let Template { name, constant, pieces } = composed;
    let vis = model.vis;
    let doc = format!("The composed key `{name}`.");
    let constant = Ident::new(&constant.to_string(), constant.span());
    let parts = pieces.iter().rev().fold(quote_spanned!(site()=> ()), |rest, piece| match piece {
        Piece::Text(_) => rest,
        Piece::Field { field, width } => {
            let field = &model.fields[*field];
            let (ty, stored) = (field.ty, stored_type(private, field));
            let piece = word(if *width == 0 { "Plain" } else { "Filled" });
            quote_spanned!(at(ty)=> (#private::#piece<#stored>, #rest))
        }
    });
    let role = role(private, own_role);
    let template = template(private, model, composed);
    quote_spanned! {site()=>
        #[doc = #doc]
        #vis const #constant: #private::Composite<Self, #parts, #role> = #private::Composite::new(#template);
    }
}
