//! Today's country.

use std::collections::BTreeMap;

use dynamap::{Attribute, Model};
use garde::Validate;

use super::chain::COUNTRIES;

/// A country, in the shape of release 5.1.0.
#[derive(Debug, Clone, PartialEq, Model, Validate)]
#[model(table = "countries", schema = "5.1.0", migrations = COUNTRIES)]
#[garde(allow_unvalidated)]
pub struct Country {
    #[model(hash_key)]
    #[garde(length(min = 3, max = 3))]
    pub cca3: String,
    pub name: Name,
    pub tld: Vec<String>,
    #[garde(length(min = 2, max = 2))]
    pub cca2: String,
    pub ccn3: String,
    pub cioc: String,
    /// NULL where it is not known.
    #[model(default)]
    pub independent: Option<bool>,
    pub status: String,
    #[model(rename = "unMember")]
    pub un_member: bool,
    #[model(rename = "unRegionalGroup")]
    pub un_regional_group: String,
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
    /// Square kilometres; -1 where it is not known.
    #[garde(range(min = -1.0))]
    pub area: f64,
    pub flag: String,
    pub demonyms: BTreeMap<String, Demonym>,
    #[model(version)]
    pub version: u64,
}

#[derive(Debug, Clone, PartialEq, Attribute)]
pub struct Name {
    pub common: String,
    pub official: String,
    pub native: BTreeMap<String, Wording>,
}

#[derive(Debug, Clone, PartialEq, Attribute)]
pub struct Wording {
    pub official: String,
    pub common: String,
}

#[derive(Debug, Clone, PartialEq, Attribute)]
pub struct Currency {
    pub name: String,
    pub symbol: String,
}

/// International direct dialling.
#[derive(Debug, Clone, PartialEq, Attribute)]
pub struct Idd {
    pub root: String,
    pub suffixes: Vec<String>,
}

/// What the people are called.
#[derive(Debug, Clone, PartialEq, Attribute)]
pub struct Demonym {
    pub f: String,
    pub m: String,
}
