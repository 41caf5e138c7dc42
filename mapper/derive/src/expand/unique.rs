//! The code of unique constraints.

use proc_macro2::TokenStream;
use quote::quote_spanned;

use super::{at, site, stored_type};
use crate::ast::{Model, Unique};

/// The description of a constraint; it does not compile where the values of a field cannot be told apart.
pub(super) fn layout(private: &TokenStream, model: &Model<'_>, unique: &Unique) -> TokenStream {
    let fields = || unique.fields.iter().map(|number| &model.fields[*number]);
    let name = fields().map(|field| field.name.as_str()).collect::<Vec<_>>().join(",");
    let attributes = fields().map(|field| {
        let (ty, name) = (stored_type(private, field), &field.name);
        quote_spanned!(at(field.ty)=> #private::unique_attribute::<#ty>(#name))
    });
    quote_spanned! {site()=>
        #private::UniqueLayout { name: #name, attributes: &[#(#attributes),*] }
    }
}
