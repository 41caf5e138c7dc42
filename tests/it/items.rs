//! The laws of items: a clone shares what it has with the original and nothing that either does later; a save sends what
//! differs, and knows it without encoding what does not.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use dynamap::{Attribute, AttributeValue, Item, Model, same};
use proptest::prelude::*;

use crate::support::n;

/// What is done to one of some items that may share attributes.
#[derive(Debug, Clone)]
enum Act {
    Insert(String, u8),
    Remove(String),
    Rename(String, String),
    SetDefault(String, u8),
    /// Adds a clone.
    Clone,
    /// Drops the item, where there is another one.
    Drop,
}

fn act() -> impl Strategy<Value = (usize, Act)> {
    let name = || "[a-d]";
    let act = prop_oneof![
        (name(), any::<u8>()).prop_map(|(name, value)| Act::Insert(name, value)),
        name().prop_map(Act::Remove),
        (name(), name()).prop_map(|(from, to)| Act::Rename(from, to)),
        (name(), any::<u8>()).prop_map(|(name, value)| Act::SetDefault(name, value)),
        Just(Act::Clone),
        Just(Act::Drop),
    ];
    (0..4_usize, act)
}

type Map = HashMap<String, AttributeValue>;

/// Does the same to an item and to a map.
fn apply(act: &Act, item: &mut Item, map: &mut Map) {
    match act {
        Act::Insert(name, value) => {
            assert_eq!(item.insert(name, n(value)), map.insert(name.clone(), n(value)));
        }
        Act::Remove(name) => assert_eq!(item.remove(name), map.remove(name)),
        Act::Rename(from, to) => {
            let value = map.remove(from);
            assert_eq!(item.rename(from, to), value.is_some());
            map.extend(value.map(|value| (to.clone(), value)));
        }
        Act::SetDefault(name, value) => {
            item.set_default(name, n(value));
            map.entry(name.clone()).or_insert_with(|| n(value));
        }
        Act::Clone | Act::Drop => {}
    }
}

/// Fields of every kind that is compared without being encoded, and of some that are not.
#[derive(Debug, Clone, PartialEq, Attribute)]
struct Parts {
    text: String,
    small: u8,
    signed: i64,
    float: f32,
    flag: bool,
    maybe: Option<String>,
    list: Vec<u32>,
    holes: Vec<Option<bool>>,
    bytes: Vec<u8>,
    set: BTreeSet<String>,
    map: BTreeMap<String, u8>,
    inner: Box<Inner>,
    many: Vec<Inner>,
    wrapped: Wrapped,
    shape: Shape,
    #[model(default = 7)]
    or_seven: u8,
    #[model(flatten)]
    beside: Beside,
}

#[derive(Debug, Clone, PartialEq, Attribute)]
struct Inner {
    one: u8,
    two: Option<u8>,
}

#[derive(Debug, Clone, PartialEq, Attribute)]
struct Beside {
    left: bool,
}

#[derive(Debug, Clone, PartialEq, Attribute)]
struct Wrapped(u16);

#[derive(Debug, Clone, PartialEq, Attribute)]
enum Shape {
    Point,
    Circle { radius: u8 },
}

/// From so few values that two of them are often alike.
fn parts() -> impl Strategy<Value = Parts> {
    let few = || 0..2_u8;
    let text = || "[ab]?";
    let inner = || (few(), prop::option::of(few())).prop_map(|(one, two)| Inner { one, two });
    let scalars = (text(), few(), -1..1_i64, prop_oneof![Just(0.5_f32), Just(-0.0)], any::<bool>());
    let lists = (
        prop::option::of(text()),
        prop::collection::vec(0..2_u32, 0..2),
        prop::collection::vec(prop::option::of(any::<bool>()), 0..2),
        prop::collection::vec(few(), 0..2),
    );
    let maps = (
        prop::collection::btree_set(text(), 0..2),
        prop::collection::btree_map("[ab]", few(), 0..2),
        inner(),
        prop::collection::vec(inner(), 0..2),
    );
    let others = (
        0..2_u16,
        prop_oneof![Just(Shape::Point), few().prop_map(|radius| Shape::Circle { radius })],
        6..8_u8,
        any::<bool>(),
    );
    (scalars, lists, maps, others).prop_map(|(scalars, lists, maps, others)| {
        let (text, small, signed, float, flag) = scalars;
        let (maybe, list, holes, bytes) = lists;
        let (set, map, inner, many) = maps;
        let (wrapped, shape, or_seven, left) = others;
        let (inner, wrapped, beside) = (Box::new(inner), Wrapped(wrapped), Beside { left });
        Parts {
            text,
            small,
            signed,
            float,
            flag,
            maybe,
            list,
            holes,
            bytes,
            set,
            map,
            inner,
            many,
            wrapped,
            shape,
            or_seven,
            beside,
        }
    })
}

/// The same parts with one of them from others, so that they differ in little or nothing.
fn alike(parts: &Parts, others: &Parts, which: usize) -> Parts {
    let (mut alike, others) = (parts.clone(), others.clone());
    match which {
        0 => alike.text = others.text,
        1 => alike.holes = others.holes,
        2 => alike.many = others.many,
        3 => alike.inner = others.inner,
        4 => alike.beside = others.beside,
        5 => alike.maybe = others.maybe,
        6 => alike.bytes = others.bytes,
        7 => alike.shape = others.shape,
        _ => alike.or_seven = others.or_seven,
    }
    alike
}

#[derive(Debug, Clone, Model)]
#[model(table = "whole", validate = false)]
struct Whole {
    #[model(hash_key)]
    id: u64,
    parts: Parts,
    #[model(flatten)]
    beside: Beside,
    #[model(default = Some(7))]
    or_seven: Option<u8>,
    #[model(version)]
    version: u64,
}

fn encoded(parts: &Parts) -> AttributeValue {
    parts.encode().expect("can be stored").expect("a map")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn an_item_and_its_clones_are_as_maps_are(acts in prop::collection::vec(act(), 0..24)) {
        let mut all = vec![(Item::new(), Map::new())];
        for (which, act) in acts {
            let which = which % all.len();
            match act {
                Act::Clone => all.push(all[which].clone()),
                Act::Drop if all.len() > 1 => drop(all.remove(which)),
                act => {
                    let (item, map) = &mut all[which];
                    apply(&act, item, map);
                }
            }
            for (item, map) in &all {
                prop_assert_eq!(item.len(), map.len());
                prop_assert_eq!(item.is_empty(), map.is_empty());
                prop_assert_eq!(item.names().len(), map.len());
                let found: Map =
                    item.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect();
                prop_assert_eq!(&found, map);
                for name in ["a", "b", "c", "d"] {
                    prop_assert_eq!(item.get(name), map.get(name));
                    prop_assert_eq!(item.contains(name), map.contains_key(name));
                }
                prop_assert_eq!(&item.clone().into_inner(), map);
                for (other, its_map) in &all {
                    prop_assert_eq!(item == other, map == its_map);
                }
            }
        }
    }

    #[test]
    fn what_is_known_to_be_stored_is_stored_so(
        parts in parts(), others in parts(), which in 0..9_usize,
    ) {
        for other in [alike(&parts, &others, which), others] {
            let stored = encoded(&other);
            prop_assert_eq!(parts.is_stored_as(&stored), same(&encoded(&parts), &stored));
        }
    }

    #[test]
    fn a_save_sends_what_differs(before in parts(), others in parts(), which in 0..10_usize) {
        let whole = Whole {
            id: 1,
            beside: before.beside.clone(),
            or_seven: before.maybe.as_ref().map(|_| before.or_seven),
            parts: before,
            version: 1,
        };
        let mut loaded = Whole::decode(whole.encode()?)?;
        if which == 9 {
            loaded.or_seven = others.maybe.as_ref().map(|_| others.or_seven);
        } else {
            loaded.parts = alike(&whole.parts, &others, which);
            loaded.beside = others.beside;
        }
        let (set, removed) = loaded.changes()?;
        let (was, is) = (whole.encode()?, loaded.encode()?);
        for name in ["id", "parts", "left", "or_seven", "version", "_schema"] {
            let differs = match (was.get(name), is.get(name)) {
                (Some(was), Some(is)) => !same(was, is),
                (was, is) => was.is_some() != is.is_some(),
            };
            prop_assert_eq!(set.contains(name), differs && is.contains(name), "{}", name);
            prop_assert_eq!(removed.iter().any(|n| n == name), differs && !is.contains(name), "{}", name);
            if differs {
                prop_assert_eq!(set.get(name), is.get(name));
            }
        }
        prop_assert_eq!(loaded.image(), &was);
    }
}
