//! Reads a request body, and words its refusal as the service does: the engine's reader marks the class of an error by a
//! prefix of the message, and `serde_json` appends a position; neither may reach the user.

use dynoxide::DynoxideError;
use serde::de::DeserializeOwned;

/// JSON levels `serde_json` follows. A request gets there only by an attribute value far beyond the service's 32 levels.
const JSON_LEVELS: usize = 127;

/// What the prefixes of the engine's reader mean. The first that fits counts.
const MARKERS: [(&str, Class); 5] = [
    ("SERIALIZATION_AS_READ:", Class::Serialization),
    ("VALIDATION_AS_READ:", Class::Validation),
    ("SERIALIZATION:", Class::Serialization),
    ("VALIDATION_REQUEST:", Class::Enveloped),
    ("VALIDATION:", Class::Validation),
];

#[derive(Debug, Clone, Copy)]
enum Class {
    Serialization,
    Validation,
    /// A validation error that some operations wrap: see [`as_on_the_wire`].
    Enveloped,
}

impl Class {
    fn error(self, message: String) -> DynoxideError {
        match self {
            Class::Serialization => DynoxideError::SerializationException(message),
            Class::Validation => DynoxideError::ValidationException(message),
            Class::Enveloped => DynoxideError::EnvelopedValidation(message),
        }
    }
}

/// Reads the request of an operation.
pub(super) fn request<T: DeserializeOwned>(body: &[u8]) -> Result<T, DynoxideError> {
    serde_json::from_slice(body).map_err(|error| {
        if error.is_data() {
            refusal(&error.to_string())
        } else if nesting(body) > JSON_LEVELS {
            DynoxideError::ValidationException(
                "Nesting Levels have exceeded supported limits".to_owned(),
            )
        } else {
            DynoxideError::SerializationException(String::new())
        }
    })
}

/// The last word on an error: no tag of the engine's own reaches the user.
///
/// `EnvelopedValidation` is a plain `ValidationException` on the wire, whose text the three single writes wrap.
pub(super) fn as_on_the_wire(operation: &str, error: DynoxideError) -> DynoxideError {
    match (operation, error) {
        ("PutItem" | "UpdateItem" | "DeleteItem", DynoxideError::EnvelopedValidation(message)) => {
            DynoxideError::ValidationException(format!("1 validation error detected: {message}"))
        }
        (_, DynoxideError::EnvelopedValidation(message)) => {
            DynoxideError::ValidationException(message)
        }
        (
            "ExecuteStatement",
            DynoxideError::ConditionalCheckFailedException(message, Some(item)),
        ) => DynoxideError::StatementConditionalCheckFailed(message, item),
        (_, other) => other,
    }
}

/// The class of a readable body that does not fit its operation.
fn refusal(message: &str) -> DynoxideError {
    let clean = without_position(message);
    for (marker, class) in MARKERS {
        if let Some(rest) = clean.strip_prefix(marker) {
            return class.error(rest.to_owned());
        }
    }
    unmarked(clean).error(clean.to_owned())
}

/// Without a marker the message is `serde`'s own, in its fixed words, and the engine's own server tells the classes apart
/// by them: a required member that is absent or null, or a word outside an enumeration, is a validation error; a member of
/// the wrong JSON type is a serialization error. The SDK's typed requests can produce the former only.
fn unmarked(message: &str) -> Class {
    let validation = ["missing field", "unknown variant", "invalid type: null", "AttributeValue"];
    if validation.iter().any(|words| message.contains(words)) {
        Class::Validation
    } else {
        Class::Serialization
    }
}

/// `message` without the ` at line N column M` of `serde_json`.
fn without_position(message: &str) -> &str {
    let Some((before, position)) = message.rsplit_once(" at line ") else {
        return message;
    };
    match position.split_once(" column ") {
        Some((line, column)) if is_number(line) && is_number(column) => before,
        _ => message,
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// How deep the objects and lists of a JSON text nest.
fn nesting(body: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    let (mut in_string, mut escaped) = (false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_marker_becomes_its_error_class_and_is_stripped() {
        for (text, name) in [
            ("SERIALIZATION_AS_READ:why at line 1 column 2", "SerializationException"),
            ("VALIDATION_AS_READ:why at line 1 column 2", "ValidationException"),
            ("SERIALIZATION:why", "SerializationException"),
            ("VALIDATION_REQUEST:why at line 3 column 44", "ValidationException"),
            ("VALIDATION:why at line 3 column 44", "ValidationException"),
        ] {
            let error = refusal(text);
            assert!(error.error_type().ends_with(&format!("#{name}")), "{text}: {error:?}");
            assert_eq!(error.to_string(), "why", "{text}");
        }
    }

    #[test]
    fn a_position_is_stripped_only_where_serde_writes_one() {
        assert_eq!(without_position("why at line 1 column 2"), "why");
        assert_eq!(without_position("look at line 9"), "look at line 9");
        assert_eq!(without_position("look at line 9 column x"), "look at line 9 column x");
    }

    #[test]
    fn the_envelope_is_for_single_writes_only() {
        let tagged = || DynoxideError::EnvelopedValidation("why".to_owned());
        assert_eq!(
            as_on_the_wire("PutItem", tagged()).to_string(),
            "1 validation error detected: why"
        );
        assert_eq!(as_on_the_wire("Query", tagged()).to_string(), "why");
    }

    #[test]
    fn nesting_ignores_brackets_in_strings() {
        assert_eq!(nesting(br#"{"a":"[[\"[[","b":[1]}"#), 2);
    }

    #[test]
    fn a_body_too_deep_to_read_is_a_validation_error_and_a_torn_one_is_not() {
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
        let error = request::<serde_json::Value>(deep.as_bytes());
        assert!(matches!(error, Err(DynoxideError::ValidationException(_))), "{error:?}");
        let error = request::<serde_json::Value>(b"{");
        assert!(matches!(error, Err(DynoxideError::SerializationException(_))), "{error:?}");
    }
}
