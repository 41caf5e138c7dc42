//! The releases, and what a program of long ago made of JSON.

use std::io::Read as _;

use dynamap::{AttributeValue, Item};
use serde_json::Value;

/// The releases that changed the shape, oldest first: the version and the compressed file.
pub const RELEASES: [(&str, &[u8]); 5] = [
    ("1.4.0", include_bytes!("data/countries-1.4.0.json.gz")),
    ("2.1.0", include_bytes!("data/countries-2.1.0.json.gz")),
    ("3.0.0", include_bytes!("data/countries-3.0.0.json.gz")),
    ("4.0.0", include_bytes!("data/countries-4.0.0.json.gz")),
    ("5.1.0", include_bytes!("data/countries-5.1.0.json.gz")),
];

/// The countries of release 1.4.0, one per `cca3`, and the names of those that share a `cca3` with another.
pub fn old() -> Result<(Vec<Item>, Vec<String>), Box<dyn std::error::Error>> {
    let (mut items, mut left_out) = (Vec::new(), Vec::new());
    for item in release("1.4.0")? {
        // Two objects have the code SHN; the table is keyed by code.
        if item.text("name") == Some("Ascension Island") {
            left_out.extend(item.text("name").map(str::to_owned));
        } else {
            items.push(item);
        }
    }
    Ok((items, left_out))
}

/// The countries of release 5.1.0.
pub fn new() -> Result<Vec<Item>, Box<dyn std::error::Error>> {
    release("5.1.0")
}

/// The objects of a release as items.
pub fn release(version: &str) -> Result<Vec<Item>, Box<dyn std::error::Error>> {
    let file = RELEASES.iter().find(|(known, _)| *known == version);
    let (_, compressed) = file.ok_or_else(|| format!("no release {version}"))?;
    let mut json = String::new();
    flate2::read::GzDecoder::new(*compressed).read_to_string(&mut json)?;
    let objects: Vec<serde_json::Map<String, Value>> = serde_json::from_str(&json)?;
    Ok(objects
        .into_iter()
        .map(|o| o.into_iter().map(|(k, v)| (k, attribute(v))).collect())
        .collect())
}

fn attribute(value: Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(value) => AttributeValue::Bool(value),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text),
        Value::Array(values) => AttributeValue::L(values.into_iter().map(attribute).collect()),
        Value::Object(map) => {
            AttributeValue::M(map.into_iter().map(|(name, v)| (name, attribute(v))).collect())
        }
    }
}
