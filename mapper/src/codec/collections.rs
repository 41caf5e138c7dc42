//! Lists.

use super::{Attribute, DecodeError, EncodeError, kind};
use crate::item::AttributeValue;

pub(super) fn encode_list<T: Attribute>(values: &[T]) -> Result<AttributeValue, EncodeError> {
    values
        .iter()
        .enumerate()
        .map(|(i, value)| {
            // A list has no holes: an absent element is stored as NULL.
            let value = value.encode().map_err(|e| e.at(&format!("[{i}]")))?;
            Ok(value.unwrap_or(AttributeValue::Null(true)))
        })
        .collect::<Result<_, _>>()
        .map(AttributeValue::L)
}

pub(super) fn decode_list<T: Attribute>(value: &AttributeValue) -> Result<Vec<T>, DecodeError> {
    let AttributeValue::L(values) = value else {
        return Err(DecodeError::kind("a list", value));
    };
    values
        .iter()
        .enumerate()
        .map(|(i, value)| decode_element(value).map_err(|e| e.at(&format!("[{i}]"))))
        .collect()
}

pub(super) fn is_list<T: Attribute>(values: &[T], stored: &AttributeValue) -> bool {
    let AttributeValue::L(stored) = stored else { return false };
    let mut pairs = values.iter().zip(stored);
    values.len() == stored.len() && pairs.all(|(value, stored)| is_element(value, stored))
}

/// Whether an element of a list or map is stored as this.
pub(super) fn is_element<T: Attribute>(value: &T, stored: &AttributeValue) -> bool {
    match stored {
        AttributeValue::Null(true) => matches!(value.encode(), Ok(None)),
        stored => value.is_stored_as(stored),
    }
}

/// An element of a list or map: NULL stands for what would be an absent attribute.
pub(super) fn decode_element<T: Attribute>(value: &AttributeValue) -> Result<T, DecodeError> {
    match (value, T::absent()) {
        (AttributeValue::Null(_), Some(absent)) => Ok(absent),
        _ => T::decode(value),
    }
}

/// A list, or binary for `Vec<u8>`. An empty list is stored as an empty list.
impl<T: Attribute> Attribute for Vec<T> {
    type Kind = T::ListKind;
    type ListKind = kind::L;
    type Operand<'a>
        = &'a [T]
    where
        Self: 'a;

    fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
        T::encode_slice(self).map(Some)
    }

    fn encode_operand(operand: &[T]) -> Result<AttributeValue, EncodeError> {
        T::encode_slice(operand)
    }

    fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
        T::decode_slice(value)
    }

    fn is_stored_as(&self, stored: &AttributeValue) -> bool {
        T::is_slice_stored_as(self, stored)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

    use super::*;

    #[expect(clippy::needless_pass_by_value, reason = "reads better in a table")]
    fn round_trip<T: Attribute + PartialEq + std::fmt::Debug>(value: T, kind: &str) {
        let stored = value.encode().expect("encodes");
        assert_eq!(stored.as_ref().map_or("absent", crate::item::kind_name), kind);
        let back = match &stored {
            Some(stored) => T::decode(stored).expect("decodes"),
            None => T::absent().expect("may be absent"),
        };
        assert_eq!(back, value);
    }

    #[test]
    fn each_type_is_stored_as_its_kind_and_comes_back() {
        round_trip("text".to_owned(), "S");
        round_trip(u64::MAX, "N");
        round_trip(i128::from(i64::MIN) * 2, "N");
        round_trip(-0.1_f32, "N");
        round_trip(f64::MAX.sqrt() / 1e30, "N");
        round_trip(true, "BOOL");
        round_trip(vec![0_u8, 255], "B");
        round_trip(Some(1_u8), "N");
        round_trip(Option::<u8>::None, "absent");
        round_trip(vec![Some(1_u32), None], "L");
        round_trip(vec![vec![1_u8], vec![]], "L");
        round_trip(BTreeSet::from(["a".to_owned()]), "SS");
        round_trip(HashSet::from([1_i32, -2]), "NS");
        round_trip(BTreeSet::from([vec![1_u8]]), "BS");
        round_trip(BTreeSet::<String>::new(), "absent");
        round_trip(BTreeMap::from([("k".to_owned(), vec![1_u64])]), "M");
        round_trip(HashMap::<String, bool>::new(), "M");
    }

    #[test]
    fn what_the_service_cannot_hold_is_refused() {
        assert!(f64::NAN.encode().is_err());
        assert!(1e126_f64.encode().is_err());
        assert!(1e-131_f64.encode().is_err());
        assert!(u128::MAX.encode().is_err());
        assert!((10_u128.pow(38)).encode().is_ok());
        assert!(BTreeMap::from([(String::new(), 1)]).encode().is_err());
        let error = vec![1.0, f64::INFINITY].encode().expect_err("refused");
        assert_eq!(error.path(), "[1]");
    }

    #[test]
    fn decode_errors_name_path_expectation_and_finding() {
        let stored = AttributeValue::L(vec![AttributeValue::S("x".into())]);
        let error = Vec::<u64>::decode(&stored).expect_err("no number").at("scores");
        assert_eq!(error.to_string(), "attribute `scores[0]`: expected a number (u64), found S");
    }
}
