//! Comparing what is stored at the end with what release 5.1.0 says, object by object.

use std::collections::{BTreeMap, BTreeSet};

use dynamap::{AttributeValue, Item, kind_name, same};

/// Maps whose names are data: codes of languages and currencies.
const BY_CODE: [&str; 5] = ["name.native", "languages", "currencies", "translations", "demonyms"];
/// What the library keeps in an item of its own.
const OWN: [&str; 3] = ["_schema", "_write", "version"];

/// What the comparison found.
#[derive(Debug, Default, PartialEq)]
pub struct Comparison {
    /// How many objects have the same attributes of the same kinds, at every depth.
    pub same_shape: usize,
    /// What is wrong with the others.
    pub differing: Vec<String>,
    /// How many have another value, by attribute.
    pub values: BTreeMap<String, usize>,
}

/// Compares each object with the one that the release has under its code.
pub fn compare(ours: &BTreeMap<String, Item>, theirs: &BTreeMap<String, Item>) -> Comparison {
    let mut found = Comparison::default();
    for code in ours.keys().chain(theirs.keys()).collect::<BTreeSet<_>>() {
        let (Some(ours), Some(theirs)) = (ours.get(code), theirs.get(code)) else {
            found.differing.push(format!("{code} is on one side only"));
            continue;
        };
        match differences(ours, theirs).as_slice() {
            [] => found.same_shape += 1,
            wrong => found.differing.push(format!("{code}: {}", wrong.join(", "))),
        }
        for (name, value) in theirs.iter() {
            if !ours.get(name).is_some_and(|ours| same(ours, value)) {
                *found.values.entry(name.to_owned()).or_default() += 1;
            }
        }
    }
    found
}

/// The places that two objects do not both have with the same kind.
pub fn differences(ours: &Item, theirs: &Item) -> Vec<String> {
    let (ours, theirs) = (shape(ours), shape(theirs));
    let places: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
    let differ = |place: &&&String| match (ours.get(**place), theirs.get(**place)) {
        (Some(a), Some(b)) => a != b && **place != "independent",
        // A list or map without entries says nothing of their shape.
        _ => !is_inside_of_nothing(place, &ours) && !is_inside_of_nothing(place, &theirs),
    };
    places.iter().filter(differ).map(|place| (*place).clone()).collect()
}

type Shape = BTreeMap<String, BTreeSet<&'static str>>;

/// The kinds at each place of an object; the entries of a list or of a map by code are one place.
fn shape(item: &Item) -> Shape {
    let mut shape = Shape::new();
    for (name, value) in item.iter().filter(|(name, _)| !OWN.contains(name)) {
        add(&mut shape, name.to_owned(), value);
    }
    shape
}

fn add(shape: &mut Shape, place: String, value: &AttributeValue) {
    match value {
        AttributeValue::L(values) => {
            for value in values {
                add(shape, format!("{place}.*"), value);
            }
        }
        AttributeValue::M(values) => {
            for (name, value) in values {
                let name = if BY_CODE.contains(&&*place) { "*" } else { name };
                add(shape, format!("{place}.{name}"), value);
            }
        }
        _ => {}
    }
    shape.entry(place).or_default().insert(kind_name(value));
}

fn is_inside_of_nothing(place: &str, shape: &Shape) -> bool {
    let starts = place.match_indices(".*").map(|(at, _)| &place[..at]);
    let mut starts = starts.filter(|start| shape.contains_key(*start));
    starts.any(|start| !shape.contains_key(&format!("{start}.*")))
}
