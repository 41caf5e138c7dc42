//! Plain JSON as models.
//!
//! JSON knows fewer types than DynamoDB. So a value is offered to the model as what it looks like, and where the model
//! does not read that, as what else it may be: a list as a set, a text as bytes.

use std::collections::BTreeMap;

use aws_smithy_types::Blob;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dynamap_mapper::{AttributeValue, DecodeError, Error, Item, Model};
use serde_json::value::RawValue;

use crate::distinct;
use crate::error::TestError;

type Object = BTreeMap<String, Box<RawValue>>;

/// The models of a text: one object, or a list of them.
pub(crate) fn models<M: Model>(text: &str) -> Result<Vec<M>, TestError> {
    distinct::check(text)?;
    let objects: Vec<Object> = if text.trim_start().starts_with('[') {
        serde_json::from_str(text).map_err(|error| not_json(&error))?
    } else {
        vec![serde_json::from_str(text).map_err(|error| not_json(&error))?]
    };
    let numbered = objects.iter().zip(1..);
    numbered
        .map(|(object, position)| {
            let unfit = |error| TestError::Unfit { position, model: M::layout().model, error };
            let (model, given) = model::<M>(object).map_err(unfit)?;
            let kept = model.to_attributes().map_err(|error| TestError::Refused {
                position,
                stored: 0,
                error: Box::new(Error::Encode { model: M::layout().model, error: Box::new(error) }),
            })?;
            lost(&given, &kept).map_or(Ok(model), |error| Err(unfit(error)))
        })
        .collect()
}

fn not_json(error: &serde_json::Error) -> TestError {
    let what = if error.is_data() { "no list of objects" } else { "no JSON" };
    TestError::Json { what, line: error.line(), column: error.column() }
}

/// The model, and the item that it was read from.
fn model<M: Model>(object: &Object) -> Result<(M, Item), DecodeError> {
    let mut item = Item::new();
    for (name, text) in object {
        described::<M>(name)?;
        if let Some(value) = value(text.get()) {
            item.insert(name, value);
        }
    }
    // Each round changes one value to what it was not yet, so there is an end.
    loop {
        match M::from_attributes(&item) {
            Ok(model) => return Ok((model, item)),
            Err(error) if retold(&mut item, error.path()) => {}
            Err(error) => return Err(error),
        }
    }
}

/// What the model does not keep of an item: a name within a nested value that it does not know.
fn lost(given: &Item, kept: &Item) -> Option<DecodeError> {
    given.iter().find_map(|(name, value)| {
        kept.get(name).and_then(|kept| lost_within(value, kept)).map(|error| error.at(name))
    })
}

fn lost_within(given: &AttributeValue, kept: &AttributeValue) -> Option<DecodeError> {
    use AttributeValue as V;
    match (given, kept) {
        (V::M(given), V::M(kept)) => given.iter().find_map(|(name, value)| {
            let lost = match kept.get(name) {
                Some(kept) => lost_within(value, kept),
                // What is empty may be stored as absent.
                None if is_empty(value) => None,
                None => Some(DecodeError::new("a name that the model knows", "an unknown one")),
            };
            lost.map(|error| error.at(name))
        }),
        (V::L(given), V::L(kept)) => {
            let mut pairs = given.iter().zip(kept).enumerate();
            pairs.find_map(|(at, (given, kept))| {
                lost_within(given, kept).map(|error| error.at(&format!("[{at}]")))
            })
        }
        _ => None,
    }
}

fn is_empty(value: &AttributeValue) -> bool {
    use AttributeValue as V;
    match value {
        V::L(list) => list.is_empty(),
        V::M(map) => map.is_empty(),
        V::Ss(set) | V::Ns(set) => set.is_empty(),
        V::Bs(set) => set.is_empty(),
        _ => false,
    }
}

/// Whether the model has an attribute that an insert takes from it.
fn described<M: Model>(name: &str) -> Result<(), DecodeError> {
    let layout = M::layout();
    if layout.version == Some(name) {
        return Err(DecodeError::new("no version", "one: an insert begins with 1").at(name));
    }
    let composed = layout.templates.iter().map(|template| template.name);
    let discriminator = layout.discriminator.map(|(attribute, _)| attribute);
    if composed.chain(discriminator).any(|made| made == name) {
        return Err(DecodeError::new("the fields that it is made of", "itself").at(name));
    }
    if layout.attributes.contains(&name) {
        return Ok(());
    }
    Err(DecodeError::new("an attribute that the model writes", "an unknown one").at(name))
}

/// A value as what it looks like; `None` for `null`.
fn value(text: &str) -> Option<AttributeValue> {
    use AttributeValue as V;
    let expected = "the parser has read this as JSON";
    match text.as_bytes().first()? {
        b'n' => None,
        b't' => Some(V::Bool(true)),
        b'f' => Some(V::Bool(false)),
        b'"' => Some(V::S(serde_json::from_str(text).ok()?)),
        b'[' => {
            let list: Vec<Box<RawValue>> = serde_json::from_str(text).expect(expected);
            let values = list.iter().map(|text| value(text.get()).unwrap_or(V::Null(true)));
            Some(V::L(values.collect()))
        }
        b'{' => {
            let object: Object = serde_json::from_str(text).expect(expected);
            let pairs = object.into_iter();
            Some(V::M(pairs.filter_map(|(name, text)| Some((name, value(text.get())?))).collect()))
        }
        _ => Some(V::N(text.to_owned())),
    }
}

/// Makes of the value at a path what else it may be; `false` where it can be nothing else.
fn retold(item: &mut Item, path: &str) -> bool {
    let names: Vec<String> = item.names().into_iter().map(str::to_owned).collect();
    let Some((name, rest)) = first(names.iter().map(String::as_str), path) else { return false };
    let Some(mut value) = item.remove(name) else { return false };
    let other = at(&mut value, rest).and_then(|at| other(at).map(|other| *at = other));
    item.insert(name, value);
    other.is_some()
}

/// The longest of these names that a path begins with, and what follows it.
fn first<'n, 'p>(
    names: impl Iterator<Item = &'n str>,
    path: &'p str,
) -> Option<(&'n str, &'p str)> {
    let begins = |name: &'n str| {
        let rest = path.strip_prefix(name)?;
        (rest.is_empty() || rest.starts_with(['.', '['])).then_some((name, rest))
    };
    names.filter_map(begins).max_by_key(|(name, _)| name.len())
}

/// The value at a path within another. A set is one value: its members are what they are only together.
fn at<'v>(value: &'v mut AttributeValue, path: &str) -> Option<&'v mut AttributeValue> {
    use AttributeValue as V;
    match (value, path.get(..1)) {
        (V::M(map), Some(".")) => {
            let (name, rest) = first(map.keys().map(String::as_str), &path[1..])?;
            let name = name.to_owned();
            at(map.get_mut(&name)?, rest)
        }
        (V::L(list), Some("[")) => {
            let (position, rest) = path[1..].split_once(']')?;
            at(list.get_mut(position.parse::<usize>().ok()?)?, rest)
        }
        (value, _) => Some(value),
    }
}

/// What a value may be that looked like this: a list a set, a text bytes in base64. An empty list may be any set.
fn other(value: &AttributeValue) -> Option<AttributeValue> {
    use AttributeValue as V;
    let bytes = |text: &String| STANDARD.decode(text).ok().map(Blob::new);
    match value {
        V::Ss(none) if none.is_empty() => Some(V::Ns(Vec::new())),
        V::Ns(none) if none.is_empty() => Some(V::Bs(Vec::new())),
        V::L(list) if list.iter().all(AttributeValue::is_s) => {
            let texts = list.iter().filter_map(|value| value.as_s().ok().cloned());
            Some(V::Ss(texts.collect()))
        }
        V::L(list) if list.iter().all(AttributeValue::is_n) => {
            let numbers = list.iter().filter_map(|value| value.as_n().ok().cloned());
            Some(V::Ns(numbers.collect()))
        }
        V::Ss(texts) => texts.iter().map(bytes).collect::<Option<_>>().map(V::Bs),
        V::S(text) => bytes(text).map(V::B),
        _ => None,
    }
}
