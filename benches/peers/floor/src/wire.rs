//! What a request says, whatever its placeholders are called: two requests that say the same are equal.

use serde_json::Value;

/// The body of a request with names and values in the place of placeholders; random attributes are blanked.
#[must_use]
pub fn resolved(mut body: Value) -> Value {
    blank(&mut body);
    resolve(&mut body);
    body
}

/// Resolves the expressions of a request, and of the requests inside it.
fn resolve(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(resolve),
        Value::Object(body) => {
            body.values_mut().for_each(resolve);
            let names = ["ExpressionAttributeNames", "ExpressionAttributeValues"];
            let placeholders = names.into_iter().filter_map(|name| body.remove(name));
            let known = placeholders.filter_map(|placeholders| match placeholders {
                Value::Object(placeholders) => Some(placeholders),
                _ => None,
            });
            let mut known: Vec<(String, Value)> = known.flatten().collect();
            // `#10` before `#1`.
            known.sort_by_key(|(placeholder, _)| std::cmp::Reverse(placeholder.len()));
            for (name, value) in body.iter_mut() {
                if let (true, Value::String(text)) = (name.ends_with("Expression"), value) {
                    for (placeholder, meant) in &known {
                        *text = text.replace(placeholder, &meant.to_string());
                    }
                }
            }
        }
        _ => {}
    }
}

/// Blanks the nonces of writes: 16 hexadecimal digits.
fn blank(value: &mut Value) {
    let is_nonce = |text: &str| text.len() == 16 && text.bytes().all(|b| b.is_ascii_hexdigit());
    match value {
        Value::String(text) if is_nonce(text) => "nonce".clone_into(text),
        Value::Array(values) => values.iter_mut().for_each(blank),
        Value::Object(values) => values.values_mut().for_each(blank),
        _ => {}
    }
}
