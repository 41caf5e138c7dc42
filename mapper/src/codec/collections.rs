//! Lists, sets and maps.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hash};

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

/// An element of a list: NULL stands for what would be an absent attribute.
fn decode_element<T: Attribute>(value: &AttributeValue) -> Result<T, DecodeError> {
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
}

/// A type whose sets are DynamoDB sets: strings, integers, bytes.
#[diagnostic::on_unimplemented(
    message = "a set of `{Self}` cannot be stored: DynamoDB has sets of strings, numbers and binary",
    note = "use a `Vec`, which is stored as a list"
)]
pub trait SetElement: Attribute {
    /// SS, NS or BS.
    type SetKind: kind::Kind;

    /// The stored set; never called without elements.
    ///
    /// # Errors
    /// Where an element cannot be stored.
    fn encode_set<'a>(
        values: impl Iterator<Item = &'a Self>,
    ) -> Result<AttributeValue, EncodeError>
    where
        Self: 'a;

    /// The elements of a stored set.
    ///
    /// # Errors
    /// Where the stored value is no set of this kind, or an element does not fit.
    fn decode_set(value: &AttributeValue) -> Result<Vec<Self>, DecodeError>;
}

impl SetElement for String {
    type SetKind = kind::Ss;

    fn encode_set<'a>(
        values: impl Iterator<Item = &'a Self>,
    ) -> Result<AttributeValue, EncodeError> {
        Ok(AttributeValue::Ss(values.cloned().collect()))
    }

    fn decode_set(value: &AttributeValue) -> Result<Vec<Self>, DecodeError> {
        match value {
            AttributeValue::Ss(values) => Ok(values.clone()),
            other => Err(DecodeError::kind("a string set", other)),
        }
    }
}

impl SetElement for Vec<u8> {
    type SetKind = kind::Bs;

    fn encode_set<'a>(
        values: impl Iterator<Item = &'a Self>,
    ) -> Result<AttributeValue, EncodeError> {
        let blobs = values.map(|bytes| aws_sdk_dynamodb::primitives::Blob::new(bytes.as_slice()));
        Ok(AttributeValue::Bs(blobs.collect()))
    }

    fn decode_set(value: &AttributeValue) -> Result<Vec<Self>, DecodeError> {
        match value {
            AttributeValue::Bs(values) => {
                Ok(values.iter().map(|blob| blob.as_ref().to_vec()).collect())
            }
            other => Err(DecodeError::kind("a binary set", other)),
        }
    }
}

macro_rules! number_sets {
    ($($ty:ty),*) => { $(
        impl SetElement for $ty {
            type SetKind = kind::Ns;

            fn encode_set<'a>(
                values: impl Iterator<Item = &'a Self>,
            ) -> Result<AttributeValue, EncodeError> {
                let mut texts = Vec::new();
                for value in values {
                    if let AttributeValue::N(text) = Self::encode_operand(*value)? {
                        texts.push(text);
                    }
                }
                Ok(AttributeValue::Ns(texts))
            }

            fn decode_set(value: &AttributeValue) -> Result<Vec<Self>, DecodeError> {
                match value {
                    AttributeValue::Ns(texts) => texts
                        .iter()
                        .map(|text| Self::decode(&AttributeValue::N(text.clone())))
                        .collect(),
                    other => Err(DecodeError::kind("a number set", other)),
                }
            }
        }
    )* };
}

number_sets!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize);

macro_rules! sets {
    ($set:ident, [$($bound:tt)*], [$($hasher:ident: $hasher_bound:path)?]) => {
        /// A DynamoDB set. An empty set is an absent attribute, and an absent attribute or NULL reads as an empty set.
        impl<T: SetElement + $($bound)* $(, $hasher: $hasher_bound + Default)?> Attribute for $set<T $(, $hasher)?> {
            type Kind = T::SetKind;
            type ListKind = kind::L;
            type Operand<'a> = &'a Self where Self: 'a;

            fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
                if self.is_empty() { Ok(None) } else { T::encode_set(self.iter()).map(Some) }
            }

            fn encode_operand(operand: &Self) -> Result<AttributeValue, EncodeError> {
                operand.encode()?.ok_or(EncodeError::new("DynamoDB has no empty set to compare with"))
            }

            fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
                match value {
                    AttributeValue::Null(_) => Ok(Self::default()),
                    value => T::decode_set(value).map(|values| values.into_iter().collect()),
                }
            }

            fn absent() -> Option<Self> {
                Some(Self::default())
            }
        }
    };
}

sets!(BTreeSet, [Ord], []);
sets!(HashSet, [Eq + Hash], [S: BuildHasher]);

macro_rules! maps {
    ($map:ident, [$($hasher:ident: $hasher_bound:path)?]) => {
        /// A DynamoDB map. An empty map is stored as an empty map; an absent value inside it is left out.
        impl<T: Attribute $(, $hasher: $hasher_bound + Default)?> Attribute for $map<String, T $(, $hasher)?> {
            type Kind = kind::M;
            type ListKind = kind::L;
            type Operand<'a> = &'a Self where Self: 'a;

            fn encode(&self) -> Result<Option<AttributeValue>, EncodeError> {
                Self::encode_operand(self).map(Some)
            }

            fn encode_operand(operand: &Self) -> Result<AttributeValue, EncodeError> {
                let mut map = HashMap::with_capacity(operand.len());
                for (key, value) in operand {
                    if key.is_empty() {
                        return Err(EncodeError::new("the key of a map must not be empty"));
                    }
                    if let Some(value) = value.encode().map_err(|e| e.at(key))? {
                        map.insert(key.clone(), value);
                    }
                }
                Ok(AttributeValue::M(map))
            }

            fn decode(value: &AttributeValue) -> Result<Self, DecodeError> {
                let AttributeValue::M(map) = value else {
                    return Err(DecodeError::kind("a map", value));
                };
                map.iter()
                    .map(|(key, value)| Ok((key.clone(), decode_element(value).map_err(|e| e.at(key))?)))
                    .collect()
            }
        }
    };
}

maps!(BTreeMap, []);
maps!(HashMap, [S: BuildHasher]);

#[cfg(test)]
mod tests {
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
