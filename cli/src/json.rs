//! Items, keys and times in JSON.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dynamap_mapper::{AttributeValue, Item};
use serde_json::{Map, Number, Value};

/// An item in DynamoDB's own JSON, which says of what type each value is: `{"id": {"N": "7"}}`.
pub(crate) fn typed(item: &Item) -> Value {
    Value::Object(item.iter().map(|(name, value)| (name.to_owned(), typed_value(value))).collect())
}

/// An item in plain JSON: `{"id": 7}`. Sets are lists, binary values are Base64, and a number that a JSON number of 64
/// bits does not hold exactly is a text.
pub(crate) fn plain(item: &Item) -> Value {
    Value::Object(item.iter().map(|(name, value)| (name.to_owned(), plain_value(value))).collect())
}

fn typed_value(value: &AttributeValue) -> Value {
    let (tag, value) = match value {
        AttributeValue::S(text) => ("S", text.as_str().into()),
        AttributeValue::N(text) => ("N", text.as_str().into()),
        AttributeValue::B(blob) => ("B", STANDARD.encode(blob).into()),
        AttributeValue::Bool(is) => ("BOOL", (*is).into()),
        AttributeValue::Ss(texts) => ("SS", texts.clone().into()),
        AttributeValue::Ns(texts) => ("NS", texts.clone().into()),
        AttributeValue::Bs(blobs) => {
            ("BS", blobs.iter().map(|blob| STANDARD.encode(blob)).collect::<Vec<_>>().into())
        }
        AttributeValue::L(list) => ("L", list.iter().map(typed_value).collect::<Vec<_>>().into()),
        AttributeValue::M(map) => {
            let map = map.iter().map(|(name, value)| (name.clone(), typed_value(value)));
            ("M", Value::Object(map.collect()))
        }
        _ => ("NULL", true.into()),
    };
    Value::Object(Map::from_iter([(tag.to_owned(), value)]))
}

fn plain_value(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => text.as_str().into(),
        AttributeValue::N(text) => number(text),
        AttributeValue::B(blob) => STANDARD.encode(blob).into(),
        AttributeValue::Bool(is) => (*is).into(),
        AttributeValue::Ss(texts) => texts.clone().into(),
        AttributeValue::Ns(texts) => {
            texts.iter().map(|text| number(text)).collect::<Vec<_>>().into()
        }
        AttributeValue::Bs(blobs) => {
            blobs.iter().map(|blob| STANDARD.encode(blob)).collect::<Vec<_>>().into()
        }
        AttributeValue::L(list) => list.iter().map(plain_value).collect::<Vec<_>>().into(),
        AttributeValue::M(map) => {
            let map = map.iter().map(|(name, value)| (name.clone(), plain_value(value)));
            Value::Object(map.collect())
        }
        _ => Value::Null,
    }
}

/// A number that loses no digit; else its text.
fn number(text: &str) -> Value {
    if let Ok(number) = text.parse::<i64>() {
        return number.into();
    }
    if let Ok(number) = text.parse::<u64>() {
        return number.into();
    }
    let exact = text.parse::<f64>().ok().filter(|number| number.to_string() == text);
    exact.and_then(Number::from_f64).map_or_else(|| text.into(), Value::Number)
}

/// As RFC 3339 writes it.
pub(crate) fn time(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map(|time| time.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_plain_number_loses_no_digit() {
        for (text, plain) in [
            ("7", json!(7)),
            ("-7", json!(-7)),
            ("18446744073709551615", json!(u64::MAX)),
            ("0.1", json!(0.1)),
            ("-1.5", json!(-1.5)),
            ("18446744073709551616", json!("18446744073709551616")),
            ("0.1234567890123456789", json!("0.1234567890123456789")),
            ("1.50", json!("1.50")),
        ] {
            assert_eq!(number(text), plain, "{text}");
        }
    }

    #[test]
    fn each_type_has_its_tag_and_its_plain_form() {
        let s = |text: &str| AttributeValue::S(text.to_owned());
        let item = Item::from_iter([
            ("s".to_owned(), s("a")),
            ("b".to_owned(), AttributeValue::B(b"\x01\x02".to_vec().into())),
            ("t".to_owned(), AttributeValue::Bool(true)),
            ("z".to_owned(), AttributeValue::Null(true)),
            ("ss".to_owned(), AttributeValue::Ss(vec!["x".to_owned()])),
            ("ns".to_owned(), AttributeValue::Ns(vec!["1".to_owned()])),
            ("bs".to_owned(), AttributeValue::Bs(vec![b"\x01\x02".to_vec().into()])),
            ("l".to_owned(), AttributeValue::L(vec![s("y")])),
            ("m".to_owned(), AttributeValue::M([("k".to_owned(), s("v"))].into())),
        ]);
        let tagged = json!({
            "s": {"S": "a"}, "b": {"B": "AQI="}, "t": {"BOOL": true}, "z": {"NULL": true},
            "ss": {"SS": ["x"]}, "ns": {"NS": ["1"]}, "bs": {"BS": ["AQI="]},
            "l": {"L": [{"S": "y"}]}, "m": {"M": {"k": {"S": "v"}}},
        });
        assert_eq!(typed(&item), tagged);
        let bare = json!({
            "s": "a", "b": "AQI=", "t": true, "z": null, "ss": ["x"], "ns": [1], "bs": ["AQI="],
            "l": ["y"], "m": {"k": "v"},
        });
        assert_eq!(plain(&item), bare);
    }
}
