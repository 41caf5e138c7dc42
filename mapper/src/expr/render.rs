//! The placeholder table of one request: every attribute name becomes `#n`, every value `:n`.
//!
//! Names are never written literally: the service refuses reserved words and names such as `_schema` in expressions.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::node::Term;
use super::place::{Place, Segment};
use crate::codec::EncodeError;
use crate::item::AttributeValue;

/// The request's map of attribute names.
pub(crate) type Names = HashMap<String, String>;
/// The request's map of values.
pub(crate) type Values = HashMap<String, AttributeValue>;

/// Names and values of one request, in order of first use, so that the same request renders to the same bytes.
#[derive(Default)]
pub(crate) struct Placeholders {
    names: Vec<String>,
    values: Vec<AttributeValue>,
}

impl Placeholders {
    /// Writes the placeholder of an attribute name.
    pub(crate) fn name(&mut self, text: &mut String, name: &str) {
        let index = self.names.iter().position(|n| n == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        placeholder(text, '#', index);
    }

    /// Writes the placeholder of a value.
    pub(crate) fn value(&mut self, text: &mut String, value: AttributeValue) {
        self.values.push(value);
        placeholder(text, ':', self.values.len() - 1);
    }

    /// Writes the placeholders of a place: `#0.#1[2]`.
    pub(crate) fn place(&mut self, text: &mut String, place: &Place) {
        self.name(text, &place.name);
        for segment in &place.inner {
            match segment {
                Segment::Key(key) => {
                    text.push('.');
                    self.name(text, key);
                }
                Segment::Index(index) => {
                    // Writing to a String does not fail.
                    let _ = write!(text, "[{index}]");
                }
            }
        }
    }

    /// Writes one side of a comparison.
    pub(crate) fn term(&mut self, text: &mut String, term: &Term) -> Result<(), EncodeError> {
        match term {
            Term::Place(place) => self.place(text, place),
            Term::Size(place) => {
                text.push_str("size(");
                self.place(text, place);
                text.push(')');
            }
            Term::Value(_, Ok(value)) => self.value(text, value.clone()),
            Term::Value(place, Err(error)) => return Err(error.clone().at(&place.to_string())),
        }
        Ok(())
    }

    /// The maps for the request; `None` where AWS refuses an empty one.
    pub(crate) fn into_maps(self) -> (Option<Names>, Option<Values>) {
        let names = numbered('#', self.names);
        let values = numbered(':', self.values);
        ((!names.is_empty()).then_some(names), (!values.is_empty()).then_some(values))
    }

    /// An expression with names and values instead of placeholders, for people.
    pub(crate) fn explain(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find(['#', ':']) {
            out.push_str(&rest[..start]);
            let digits = rest[start + 1..].bytes().take_while(u8::is_ascii_digit).count();
            let (placeholder, after) = rest[start..].split_at(digits + 1);
            let index: usize = placeholder[1..].parse().unwrap_or(usize::MAX);
            if placeholder.starts_with('#') {
                out.push_str(self.names.get(index).map_or("", String::as_str));
            } else if let Some(value) = self.values.get(index) {
                explain_value(&mut out, value);
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

fn numbered<T>(sigil: char, values: Vec<T>) -> HashMap<String, T> {
    let numbered = values.into_iter().enumerate().map(|(index, value)| {
        let mut text = String::with_capacity(4);
        placeholder(&mut text, sigil, index);
        (text, value)
    });
    numbered.collect()
}

/// `#0`, `:12`: most have one digit, and need no formatter.
fn placeholder(text: &mut String, sigil: char, index: usize) {
    text.push(sigil);
    match u32::try_from(index).ok().and_then(|index| char::from_digit(index, 10)) {
        Some(digit) => text.push(digit),
        // Writing to a String does not fail.
        None => drop(write!(text, "{index}")),
    }
}

fn explain_value(out: &mut String, value: &AttributeValue) {
    // Writing to a String does not fail.
    let _ = match value {
        AttributeValue::S(text) => write!(out, "{text:?}"),
        AttributeValue::N(text) => write!(out, "{text}"),
        AttributeValue::Bool(value) => write!(out, "{value}"),
        AttributeValue::B(blob) => write!(out, "<{} bytes>", blob.as_ref().len()),
        other => write!(out, "<{}>", crate::item::kind_name(other)),
    };
}
