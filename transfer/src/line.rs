//! An item as a line of a file: DynamoDB JSON, as AWS exports a table to S3.
//!
//! [AWS: export output format](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html)

use std::collections::HashMap;

use dynamap_mapper::Item;
use serde::{Deserialize, Serialize};

/// What stands on a line.
#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(rename = "Item")]
    item: serde_dynamo::Item,
}

/// An item as a line, with its end.
pub(crate) fn to_line(item: &Item) -> std::io::Result<Vec<u8>> {
    let item = serde_dynamo::Item::from(item.clone().into_inner());
    let mut line = serde_json::to_vec(&Line { item })?;
    line.push(b'\n');
    Ok(line)
}

/// The item of a line, or what is wrong with it: never with what stands there.
pub(crate) fn from_line(line: &[u8]) -> Result<Item, String> {
    let line: Line = serde_json::from_slice(line).map_err(|error| {
        let what = if error.is_data() { "no DynamoDB JSON with an `Item`" } else { "no JSON" };
        format!("{what}, at column {}", error.column())
    })?;
    Ok(Item::from(HashMap::from(line.item)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_aws_is_read_and_written_as_it_was() {
        let texts = [
            r#"{"Item":{"a":{"B":"AQI="},"b":{"BOOL":true},"c":{"NULL":true},"d":{"N":"1.50"}}}"#,
            r#"{"Item":{"a":{"BS":["AQI="]},"b":{"SS":["x","y"]},"c":{"NS":["1","2"]}}}"#,
            r#"{"Item":{"a":{"L":[{"M":{"k":{"S":"ä\"\n"}}}]},"b":{"S":""}}}"#,
        ];
        for text in texts {
            let item = from_line(text.as_bytes()).expect(text);
            let line = to_line(&item).expect(text);
            let (then, now): (serde_json::Value, serde_json::Value) = (
                serde_json::from_str(text).expect(text),
                serde_json::from_slice(&line).expect(text),
            );
            assert_eq!(then, now);
            assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
        }
    }

    #[test]
    fn what_is_wrong_with_a_line_is_said_without_what_stands_there() {
        for (text, why) in [
            ("secret", "no JSON, at column 1"),
            (r#"{"Item":{"a":{"S":"secret""#, "no JSON, at column 26"),
            (r#"{"Item":{"a":"secret"}}"#, "no DynamoDB JSON with an `Item`, at column 21"),
            (r#"{"Item":{"a":{"B":"secret"}}}"#, "no DynamoDB JSON with an `Item`, at column 27"),
            (r#"{"Metadata":{},"NewImage":{}}"#, "no DynamoDB JSON with an `Item`, at column 29"),
        ] {
            assert_eq!(from_line(text.as_bytes()).map(drop), Err(why.to_owned()), "{text}");
        }
    }
}
