//! Keys that are composed of text and fields, as several models in one table need them: `USER#{id}`.
//!
//! A template builds the text of a key attribute from the attributes of an item, and takes such a text apart again.
//!
//! [AWS: overloading keys](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-gsi-overloading.html)

use std::borrow::Cow;

use crate::codec::{EncodeError, kind::ScalarKind, number};
use crate::item::{AttributeValue, Item, same};
use crate::key::{Key, KeyAttribute};
use crate::layout::Layout;

/// A key attribute, and what its text is composed of.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// The attribute's name in the table.
    pub name: &'static str,
    /// The parts, in order; never two attributes side by side.
    pub parts: &'static [Part],
}

/// A part of a composed key.
///
/// ```
/// use dynamap::Model;
/// use dynamap_mapper::template::Part;
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "shop", hash_key = "ORDER#{number:04}", validate = false)]
/// struct Order { number: u32 }
///
/// let [Part::Text(text), Part::Value { attribute, width }] = Order::layout().templates[0].parts else {
///     panic!("a text and a number")
/// };
/// assert_eq!((*text, attribute.name, *width), ("ORDER#", "number", 4));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// This text.
    Text(&'static str),
    /// The text of an attribute.
    Value {
        /// The attribute, of kind string or number.
        attribute: KeyAttribute,
        /// The digits to which a number is filled up with zeros, so that the order of texts is that of numbers; 0 for
        /// none.
        width: usize,
    },
}

impl Template {
    /// The text for an item; `None` where it lacks an attribute.
    ///
    /// # Errors
    /// Where a value contains the text that follows it in the key, so that it could not be told from it; where a
    /// number does not fit its width.
    pub fn build(&self, item: &Item) -> Result<Option<String>, EncodeError> {
        let mut text = String::new();
        let mut parts = self.parts.iter().peekable();
        while let Some(part) = parts.next() {
            match part {
                Part::Text(fixed) => text.push_str(fixed),
                Part::Value { attribute, width } => {
                    let Some(value) = item.get(attribute.name) else { return Ok(None) };
                    let Some(value) = written(attribute, *width, value)? else { return Ok(None) };
                    if let Some(Part::Text(next)) = parts.peek()
                        && format!("{value}{next}").find(next) != Some(value.len())
                    {
                        let reason = "the value contains the text that follows it in the key";
                        return Err(EncodeError::new(reason).at(attribute.name));
                    }
                    text.push_str(&value);
                }
            }
        }
        Ok(Some(text))
    }

    /// The attributes in a text; `None` where the text was not built by this template.
    #[must_use]
    pub fn parse(&self, text: &str) -> Option<Vec<(&'static str, AttributeValue)>> {
        let mut rest = text;
        let mut found = Vec::new();
        let mut parts = self.parts.iter().peekable();
        while let Some(part) = parts.next() {
            match part {
                Part::Text(fixed) => rest = rest.strip_prefix(fixed)?,
                Part::Value { attribute, width } => {
                    let end = match parts.peek() {
                        Some(Part::Text(next)) => rest.find(next)?,
                        _ => rest.len(),
                    };
                    found.push((attribute.name, read(attribute, *width, &rest[..end])?));
                    rest = &rest[end..];
                }
            }
        }
        rest.is_empty().then_some(found)
    }

    /// The text that every key of this template begins with.
    #[must_use]
    pub fn literal(&self) -> &'static str {
        match self.parts.first() {
            Some(Part::Text(text)) => text,
            _ => "",
        }
    }

    /// Whether it is composed of text only: one key for all.
    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.attributes().next().is_none()
    }

    /// The attributes that it is composed of.
    pub fn attributes(&self) -> impl Iterator<Item = &'static str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Value { attribute, .. } => Some(attribute.name),
        })
    }
}

/// A value as it is written into a key; `None` for NULL.
pub(crate) fn written(
    attribute: &KeyAttribute,
    width: usize,
    value: &AttributeValue,
) -> Result<Option<String>, EncodeError> {
    let error = |reason| Err(EncodeError::new(reason).at(attribute.name));
    match value {
        AttributeValue::S(text) => Ok(Some(text.clone())),
        AttributeValue::N(text) => {
            let text = number::canonical(text);
            if width == 0 {
                return Ok(Some(text.into_owned()));
            }
            if !text.bytes().all(|byte| byte.is_ascii_digit()) {
                return error("a number of fixed width in a key is whole and not negative");
            }
            if text.len() > width {
                return error("the number has more digits than its width in the key");
            }
            Ok(Some(format!("{text:0>width$}")))
        }
        AttributeValue::Null(_) => Ok(None),
        _ => error("only strings and numbers are parts of a composed key"),
    }
}

fn read(attribute: &KeyAttribute, width: usize, text: &str) -> Option<AttributeValue> {
    match attribute.kind {
        ScalarKind::S => Some(AttributeValue::S(text.to_owned())),
        ScalarKind::N => {
            let filled = width > 0;
            if text.is_empty() || (filled && text.len() != width) {
                return None;
            }
            let digits = if filled { text.trim_start_matches('0') } else { text };
            let digits = if digits.is_empty() { "0" } else { digits };
            (number::order(digits, "0").is_some()).then(|| AttributeValue::N(digits.to_owned()))
        }
        ScalarKind::B => None,
    }
}

impl Layout {
    /// The template of a key attribute, where it is composed.
    #[must_use]
    pub fn template(&self, name: &str) -> Option<&'static Template> {
        self.templates.iter().find(|template| template.name == name)
    }

    /// Adds to an item what is composed of its attributes, and the discriminator. Where a part is missing, the composed
    /// attribute is removed.
    ///
    /// # Errors
    /// As [`Template::build`]. The keys before the one that fails are composed then.
    pub fn compose(&self, item: &mut Item) -> Result<(), EncodeError> {
        for template in self.templates {
            match template.build(item)? {
                Some(text) => item.insert(template.name, AttributeValue::S(text)),
                None => item.remove(template.name),
            };
        }
        if let Some((name, value)) = self.discriminator {
            item.insert(name, AttributeValue::S(value.to_owned()));
        }
        Ok(())
    }

    /// Brings the composed keys of indexes and the discriminator of a stored item up to date.
    pub(crate) fn recompose(&self, item: &mut Item) -> Result<(), EncodeError> {
        let known = self.expand(item).into_owned();
        let keys = [Some(self.hash_key), self.range_key];
        for template in self.templates {
            if keys.iter().flatten().any(|key| key.name == template.name) {
                continue;
            }
            match template.build(&known)? {
                Some(text) => item.insert(template.name, AttributeValue::S(text)),
                None => item.remove(template.name),
            };
        }
        if let Some((name, value)) = self.discriminator {
            item.insert(name, AttributeValue::S(value.to_owned()));
        }
        Ok(())
    }

    /// The templates of the primary key.
    pub(crate) fn key_templates(&self) -> impl Iterator<Item = &'static Template> {
        let keys = std::iter::once(self.hash_key).chain(self.range_key);
        keys.filter_map(|key| self.template(key.name))
    }

    /// The item with the attributes that are stored in its composed key only.
    pub(crate) fn expand<'a>(&self, item: &'a Item) -> Cow<'a, Item> {
        let mut item = Cow::Borrowed(item);
        for template in self.key_templates() {
            let Some(AttributeValue::S(text)) = item.get(template.name) else { continue };
            if template.attributes().all(|name| item.contains(name)) {
                continue;
            }
            for (name, value) in template.parse(text).unwrap_or_default() {
                if !item.contains(name) {
                    item.to_mut().insert(name, value);
                }
            }
        }
        item
    }

    /// Whether an item of the table is one of this model, as far as discriminator and composed keys tell.
    #[must_use]
    pub fn owns(&self, item: &Item) -> bool {
        if let Some((name, value)) = self.discriminator {
            return matches!(item.get(name), Some(AttributeValue::S(text)) if text == value);
        }
        self.fits_key(item)
    }

    /// Whether what was read with a key, an item or that there is none, can be about this model: an item without a
    /// discriminator may be of an older schema.
    #[must_use]
    pub fn may_own(&self, key: &Key, read: Option<&Item>) -> bool {
        match (read, self.discriminator) {
            (Some(item), Some((name, _))) if item.contains(name) => self.owns(item),
            (Some(item), _) => self.fits_key(item),
            (None, _) => self.fits_key(&key.to_item()),
        }
    }

    /// Whether an item has a key of this model, as far as composed keys tell.
    pub(crate) fn fits_key(&self, item: &Item) -> bool {
        self.key_templates().all(|template| {
            let text = item.get(template.name).and_then(|value| value.as_s().ok());
            let parts = text.and_then(|text| template.parse(text));
            // A part that is stored as well is the same in the key.
            parts.is_some_and(|parts| {
                parts.iter().all(|(name, part)| item.get(name).is_none_or(|own| same(own, part)))
            })
        })
    }

    /// What is composed by code and never by the program: key templates and the discriminator.
    pub(crate) fn is_composed(&self, name: &str) -> bool {
        self.template(name).is_some() || self.discriminator.is_some_and(|(own, _)| own == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: Template = Template {
        name: "sk",
        parts: &[
            Part::Text("ORDER#"),
            Part::Value { attribute: KeyAttribute { name: "day", kind: ScalarKind::S }, width: 0 },
            Part::Text("##"),
            Part::Value {
                attribute: KeyAttribute { name: "number", kind: ScalarKind::N },
                width: 4,
            },
        ],
    };

    fn item(day: &str, number: &str) -> Item {
        let mut item = Item::new();
        item.insert("day", AttributeValue::S(day.to_owned()));
        item.insert("number", AttributeValue::N(number.to_owned()));
        item
    }

    #[test]
    fn what_is_built_is_taken_apart_again() {
        for (day, number, text) in [
            ("2026-11-21", "7", "ORDER#2026-11-21##0007"),
            ("", "0", "ORDER###0000"),
            ("a#b", "9999", "ORDER#a#b##9999"),
        ] {
            let item = item(day, number);
            assert_eq!(ORDER.build(&item).expect("builds").as_deref(), Some(text));
            let parts: Item = ORDER
                .parse(text)
                .expect("parses")
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect();
            assert_eq!(parts, item);
        }
    }

    #[test]
    fn what_could_not_be_taken_apart_is_not_built() {
        for (day, number) in [("a##b", "1"), ("a#", "1"), ("a", "10000"), ("a", "-1"), ("a", "1.5")]
        {
            assert!(ORDER.build(&item(day, number)).is_err(), "{day} {number}");
        }
        for text in ["USER#a##0001", "ORDER#a", "ORDER#a##1", "ORDER#a##000x"] {
            assert!(ORDER.parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_missing_part_leaves_no_key() {
        let mut item = item("a", "1");
        item.remove("day");
        assert_eq!(ORDER.build(&item), Ok(None));
    }
}
