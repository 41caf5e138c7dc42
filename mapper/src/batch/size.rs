//! How large an item is in a request: larger than in the table, where it has 400 KB at most.

use crate::item::{AttributeValue, Item};

/// How many bytes an item takes in a request at most: names and values as JSON, binary in base64.
pub(super) fn sent_size(item: &Item) -> usize {
    2 + item.iter().map(|(name, value)| sent_text(name) + 2 + sent_value(value)).sum::<usize>()
}

/// A text in quotes; what JSON escapes takes two bytes, or six.
fn sent_text(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    2 + text.bytes().map(escaped).sum::<usize>()
}

/// `{"BOOL":…}`: no kind has a longer name.
fn sent_value(value: &AttributeValue) -> usize {
    let blob = |length: usize| 2 + length.div_ceil(3) * 4;
    9 + match value {
        AttributeValue::S(text) | AttributeValue::N(text) => sent_text(text),
        AttributeValue::B(bytes) => blob(bytes.as_ref().len()),
        AttributeValue::Ss(set) | AttributeValue::Ns(set) => {
            2 + set.iter().map(|text| 1 + sent_text(text)).sum::<usize>()
        }
        AttributeValue::Bs(set) => {
            2 + set.iter().map(|bytes| 1 + blob(bytes.as_ref().len())).sum::<usize>()
        }
        AttributeValue::L(list) => {
            2 + list.iter().map(|value| 1 + sent_value(value)).sum::<usize>()
        }
        AttributeValue::M(map) => {
            2 + map
                .iter()
                .map(|(name, value)| sent_text(name) + 2 + sent_value(value))
                .sum::<usize>()
        }
        _ => 5,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::primitives::Blob;

    use super::*;

    #[test]
    fn what_is_sent_is_longer_than_what_is_stored() {
        let n = |t: &str| AttributeValue::N(t.into());
        let s = |t: &str| AttributeValue::S(t.into());
        let b = |bytes: &[u8]| AttributeValue::B(Blob::new(bytes));
        for (value, json) in [
            (n("1"), r#"{"N":"1"}"#),
            (s("a\"\\\n\u{1}ä"), r#"{"S":"a\"\\\u000a\u0001ä"}"#),
            (b(&[0; 4]), r#"{"B":"AAAAAA=="}"#),
            (AttributeValue::Bool(false), r#"{"BOOL":false}"#),
            (AttributeValue::Ss(vec!["a".into(), "b".into()]), r#"{"SS":["a","b"]}"#),
            (AttributeValue::Bs(vec![Blob::new([0])]), r#"{"BS":["AA=="]}"#),
            (AttributeValue::L(vec![n("1"); 3]), r#"{"L":[{"N":"1"},{"N":"1"},{"N":"1"}]}"#),
            (AttributeValue::M([("k".to_owned(), n("1"))].into()), r#"{"M":{"k":{"N":"1"}}}"#),
        ] {
            let item: Item = [("name".to_owned(), value)].into_iter().collect();
            let wanted = r#"{"name":}"#.len() + json.len();
            let found = sent_size(&item);
            // At most a few bytes for each value more than the real length.
            assert!((wanted..wanted + 32).contains(&found), "{json}: {wanted}, {found}");
        }
    }
}
