//! The program that knows release 4.0.0 and nothing later.

use std::collections::BTreeMap;

use dynamap::{AttributeValue, Convert, DecodeError, EncodeError, Model, kind};

use super::chain::OLD;
use super::country::{Currency, Demonym, Idd, Name, Wording};

/// A country, in the shape of release 4.0.0.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "countries", schema = "4.0.0", migrations = OLD, validate = false)]
pub struct OldCountry {
    #[model(hash_key)]
    pub cca3: String,
    pub name: Name,
    pub tld: Vec<String>,
    pub cca2: String,
    pub ccn3: String,
    pub cioc: String,
    #[model(default)]
    pub independent: Option<bool>,
    pub status: String,
    #[model(with = Currencies)]
    pub currencies: BTreeMap<String, Currency>,
    pub idd: Idd,
    pub capital: Vec<String>,
    #[model(rename = "altSpellings")]
    pub alt_spellings: Vec<String>,
    pub region: String,
    pub subregion: String,
    pub languages: BTreeMap<String, String>,
    pub translations: BTreeMap<String, Wording>,
    pub latlng: Vec<f64>,
    pub landlocked: bool,
    pub borders: Vec<String>,
    pub area: f64,
    pub flag: String,
    pub demonyms: BTreeMap<String, Demonym>,
    #[model(version)]
    pub version: u64,
}

/// Release 4.0.0 has an empty list where a country has no currencies.
pub struct Currencies;

impl Convert<BTreeMap<String, Currency>> for Currencies {
    type Kind = kind::M;

    fn encode(value: &BTreeMap<String, Currency>) -> Result<AttributeValue, EncodeError> {
        let none = AttributeValue::L(Vec::new());
        if value.is_empty() {
            return Ok(none);
        }
        Ok(dynamap::Attribute::encode(value)?.unwrap_or(none))
    }

    fn decode(value: &AttributeValue) -> Result<BTreeMap<String, Currency>, DecodeError> {
        match value {
            AttributeValue::L(none) if none.is_empty() => Ok(BTreeMap::new()),
            other => dynamap::Attribute::decode(other),
        }
    }
}
