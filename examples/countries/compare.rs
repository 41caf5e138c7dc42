//! Comparing the upgraded countries with what release 5.1.0 really says.

use std::collections::BTreeMap;

use dynamap::{AttributeValue, Item, Loaded, Model};

use crate::country::Country;

/// What the comparison found.
#[derive(Default)]
pub struct Comparison {
    /// Countries with the same attributes of the same kinds.
    pub same_shape: usize,
    /// What is wrong with the others.
    pub differing: Vec<String>,
    /// How many countries hold another value, by attribute: corrections that were made over the years, and what 1.4.0
    /// did not know.
    pub values: BTreeMap<String, usize>,
}

/// Compares each country with the object of the newer release that has its code.
pub fn compare(
    ours: &[Loaded<Country>],
    theirs: &[Item],
) -> Result<Comparison, Box<dyn std::error::Error>> {
    let mut result = Comparison::default();
    let theirs: BTreeMap<&str, &Item> =
        theirs.iter().filter_map(|item| Some((item.text("cca3")?, item))).collect();
    for country in ours {
        let ours = country.to_attributes()?;
        // Kosovo's code changes on the way; see `job::rename_kosovo`.
        let code = if country.cca3 == "KOS" { "UNK" } else { country.cca3.as_str() };
        let Some(theirs) = theirs.get(code) else {
            result.differing.push(format!("{} is not in release 5.1.0", country.cca3));
            continue;
        };
        // The newer release's object must fit the model too, nested parts included.
        Country::from_attributes(theirs)?;
        let wrong: Vec<&str> = ours
            .names()
            .into_iter()
            .chain(theirs.names())
            .filter(|name| !same_kind(ours.get(name), theirs.get(name)))
            .collect();
        match wrong.as_slice() {
            [] => result.same_shape += 1,
            wrong => result.differing.push(format!("{}: {}", country.cca3, wrong.join(", "))),
        }
        for (name, value) in ours.iter() {
            let mut one = Item::new();
            one.insert(name, value.clone());
            let mut other = Item::new();
            other.insert(name, theirs.get(name).cloned().unwrap_or(AttributeValue::Null(true)));
            if one != other {
                *result.values.entry(name.to_owned()).or_default() += 1;
            }
        }
    }
    Ok(result)
}

/// The same kind, where NULL stands for "not known" of any kind.
fn same_kind(a: Option<&AttributeValue>, b: Option<&AttributeValue>) -> bool {
    match (a, b) {
        (Some(AttributeValue::Null(_)), Some(_)) | (Some(_), Some(AttributeValue::Null(_))) => true,
        (Some(a), Some(b)) => std::mem::discriminant(a) == std::mem::discriminant(b),
        _ => false,
    }
}
