//! The laws of chains, on random items: all parts of a way lead to the same, back is where it came from, nothing else is
//! touched.

use std::collections::HashMap;

use dynamap::check::Fixture;
use dynamap::{
    Attribute, AttributeValue, Item, Migrations, Model, Step, StepError, Upgrade as _, UpgradeError,
};
use proptest::prelude::*;
use semver::Version;

use crate::support::{n, s};

#[derive(Debug, Attribute)]
struct OneName {
    name: String,
}

#[derive(Debug, Attribute)]
struct TwoNames {
    first: String,
    last: String,
}

impl From<OneName> for TwoNames {
    fn from(OneName { name }: OneName) -> Self {
        let (first, last) = name.split_once(' ').unwrap_or((&name, ""));
        Self { first: first.to_owned(), last: last.to_owned() }
    }
}

impl From<TwoNames> for OneName {
    fn from(TwoNames { first, last }: TwoNames) -> Self {
        Self { name: format!("{first} {last}") }
    }
}

/// Does something to an item that cannot fail.
fn fine(_: impl Sized) -> Result<(), StepError> {
    Ok(())
}

/// One step with each helper, and its way back.
static STEPS: &[Step] = &[
    Step::new("1.0.0", "2.0.0", |item| fine(item.rename("mail", "email")))
        .down(|item| fine(item.rename("email", "mail")))
        .reshapes(&["mail", "email"]),
    Step::new("2.0.0", "3.0.0", |item| item.nest(&["street", "city"], "address"))
        .down(|item| item.unnest("address"))
        .reshapes(&["street", "city", "address"]),
    Step::new("3.0.0", "4.0.0", |item| item.unnest("profile"))
        .down(|item| item.nest(&["bio", "web"], "profile"))
        .reshapes(&["profile", "bio", "web"]),
    Step::new("4.0.0", "5.0.0", |item| item.retype("age", |text: String| text.parse::<u32>().ok()))
        .down(|item| item.retype("age", |age: u32| Some(age.to_string())))
        .reshapes(&["age"]),
    Step::new("5.0.0", "6.0.0", |item| {
        let euros: Option<i64> = item.take("euros")?;
        item.put("cents", &euros.map(|euros| euros * 100))
    })
    .down(|item| {
        let cents: Option<i64> = item.take("cents")?;
        item.put("euros", &cents.map(|cents| cents / 100))
    })
    .reshapes(&["euros", "cents"]),
    Step::typed::<OneName, TwoNames>("6.0.0", "7.0.0").down_typed::<TwoNames, OneName>(),
    Step::new("7.0.0", "7.1.0", |item| {
        let first: String = item.read("first")?;
        item.put("initial", &first.chars().next().map(String::from))
    })
    .down(|item| fine(item.remove("initial")))
    .reshapes(&["initial"]),
];

static CHAIN: Migrations = Migrations::new(STEPS);

#[derive(Debug, Clone, Model)]
#[model(table = "people", schema = "7.1.0", migrations = CHAIN, validate = false)]
struct Person {
    #[model(hash_key)]
    id: u64,
    age: Option<u32>,
    cents: Option<i64>,
    first: String,
    last: String,
    initial: Option<String>,
    #[model(version)]
    version: u64,
}

/// A value of any kind, up to some levels deep.
fn value() -> impl Strategy<Value = AttributeValue> {
    use AttributeValue as V;
    let number = || "-?[1-9][0-9]{0,6}(\\.[0-9]{1,3}|E[1-9])?";
    let set = || 1..4_usize;
    let blob = || any::<Vec<u8>>().prop_map(aws_smithy_types::Blob::new);
    let leaf = prop_oneof![
        any::<String>().prop_map(V::S),
        number().prop_map(V::N),
        blob().prop_map(V::B),
        any::<bool>().prop_map(V::Bool),
        Just(V::Null(true)),
        prop::collection::btree_set(any::<String>(), set())
            .prop_map(|set| V::Ss(set.into_iter().collect())),
        prop::collection::btree_set("[1-9][0-9]{0,5}", set())
            .prop_map(|set| V::Ns(set.into_iter().collect())),
        prop::collection::btree_set(any::<Vec<u8>>(), set())
            .prop_map(|set| V::Bs(set.into_iter().map(aws_smithy_types::Blob::new).collect())),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(V::L),
            prop::collection::hash_map(any::<String>(), inner, 0..3).prop_map(V::M),
        ]
    })
}

/// An item of the first schema, with attributes that no step knows.
fn person() -> impl Strategy<Value = Item> {
    let maybe = || prop::option::of(value());
    let maybes = (maybe(), maybe(), maybe(), maybe(), maybe());
    let own = (prop::option::of(any::<u32>()), prop::option::of(any::<i32>()), "[a-z]* [a-z ]*");
    let library = (prop::option::of(1..9_u64), prop::option::of("[0-9a-f]{16}"));
    let unknown = prop::collection::hash_map("x_[a-z]{1,3}", value(), 0..4);
    (maybes, own, library, unknown).prop_map(|(any, (age, euros, name), library, unknown)| {
        let (mail, street, city, bio, web) = any;
        let mut item = Item::from(unknown);
        item.insert("id", n(1));
        item.insert("name", s(&name));
        let profile = [("bio", bio), ("web", web)].into_iter();
        let profile: HashMap<_, _> =
            profile.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
        // An empty map leaves nothing behind that tells it from none.
        if !profile.is_empty() {
            item.insert("profile", AttributeValue::M(profile));
        }
        let others = [
            ("mail", mail),
            ("street", street),
            ("city", city),
            ("age", age.map(|age| s(&age.to_string()))),
            ("euros", euros.map(n)),
            ("version", library.0.map(n)),
            ("_write", library.1.map(|nonce| s(&nonce))),
        ];
        for (name, value) in others {
            value.map(|value| item.insert(name, value));
        }
        item
    })
}

/// What an item is behind these steps.
fn up(item: &Item, steps: std::ops::Range<usize>) -> Item {
    let mut item = item.clone();
    if !steps.is_empty() {
        let (chain, from) = (Migrations::new(&STEPS[steps.clone()]), STEPS[steps.start].from());
        chain.upgrade(&mut item, &from).expect("the item is of that schema");
    }
    item
}

/// The end of the first so many steps.
fn schema(steps: usize) -> Version {
    if steps == 0 { Version::new(1, 0, 0) } else { STEPS[steps - 1].to() }
}

fn stamped(mut item: Item, schema: &Version) -> Item {
    item.insert("_schema", s(&schema.to_string()));
    item
}

/// A part of the chain.
fn part() -> impl Strategy<Value = std::ops::Range<usize>> {
    (0..STEPS.len())
        .prop_flat_map(|start| (Just(start), start + 1..=STEPS.len()))
        .prop_map(|(start, end)| start..end)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_way_in_two_parts_leads_where_the_whole_way_leads(person in person(), part in part()) {
        let item = up(&person, 0..part.start);
        let whole = up(&item, part.clone());
        for middle in part.clone() {
            let stored = stamped(up(&item, part.start..middle), &schema(middle));
            let mut rest = up(&stored, middle..part.end);
            rest.remove("_schema");
            prop_assert_eq!(&rest, &whole, "parted at {}", schema(middle));
        }
    }

    #[test]
    fn back_is_where_it_came_from(person in person(), part in part()) {
        let item = up(&person, 0..part.start);
        let chain = Migrations::new(&STEPS[part.clone()]);
        let whole = up(&item, part.clone());
        for to in part.clone() {
            prop_assert!(chain.leads_back_to(&schema(to)));
            let mut back = whole.clone();
            chain.downgrade(&mut back, &schema(to)).expect("a way back");
            prop_assert_eq!(&back, &up(&item, part.start..to), "back to {}", schema(to));
        }
    }

    #[test]
    fn what_is_upgraded_stays_as_it_is(person in person()) {
        let whole = stamped(up(&person, 0..STEPS.len()), &schema(STEPS.len()));
        let mut again = whole.clone();
        let nowhere = CHAIN.upgrade(&mut again, &schema(STEPS.len()));
        prop_assert_eq!(nowhere, Err(UpgradeError::NoPath));
        prop_assert_eq!(&again, &whole);
        let read = Person::decode(whole.clone()).expect("a person");
        prop_assert!(!read.is_upgraded());
        let lazy = Person::decode(person).expect("the same person");
        prop_assert!(lazy.is_upgraded());
        prop_assert_eq!(lazy.to_attributes().ok(), read.to_attributes().ok());
        prop_assert_eq!(lazy.version, read.version);
    }

    #[test]
    fn what_steps_do_not_declare_is_left_alone(person in person(), part in part()) {
        let item = up(&person, 0..part.start);
        let whole = up(&item, part.clone());
        let outline = Migrations::new(&STEPS[part]).outline();
        for name in item.names().into_iter().chain(whole.names()) {
            let is_declared = outline.iter().any(|step| step.may_reshape(name));
            prop_assert!(is_declared || same_in(&item, &whole, name), "{} was touched", name);
            let is_fixed = name.starts_with("x_") || ["id", "version", "_write"].contains(&name);
            prop_assert!(!(is_fixed && is_declared), "{} is not for steps", name);
        }
    }

    /// Wherever on the way, whatever was done before.
    #[test]
    fn an_upgrade_that_fails_leaves_the_item_as_it_was(person in person(), which in 0..4_usize, part in part()) {
        let (name, bad, step) = [
            ("profile", n(1), 2),
            ("age", s("old"), 3),
            ("euros", AttributeValue::Bool(true), 4),
            ("name", AttributeValue::L(vec![]), 5),
        ][which].clone();
        let start = part.start.min(step);
        let mut item = up(&person, 0..start);
        item.insert(name, bad);
        let before = item.clone();
        let error = CHAIN.upgrade(&mut item, &schema(start)).expect_err("it cannot be read");
        let UpgradeError::Step(failed) = error else { panic!("{error:?}") };
        prop_assert_eq!(failed.from, schema(step));
        prop_assert_eq!(failed.error.attribute(), name);
        prop_assert_eq!(&item, &before);
        let stored = stamped(before, &schema(start));
        let error = Person::decode(stored).expect_err("a read cannot either");
        prop_assert!(matches!(error, dynamap::Error::Upgrade(_)), "{}", error);
    }

    #[test]
    fn the_check_proves_a_chain_that_keeps_the_laws(person in person()) {
        let fixture = |steps| Fixture::new(schema(steps).to_string(), up(&person, 0..steps));
        let fixtures: Vec<_> = (0..=STEPS.len()).map(fixture).collect();
        let checked = CHAIN.check::<Person>(&fixtures);
        let checked = checked.unwrap_or_else(|error| panic!("{error}"));
        // Of 7 steps: 6 + 5 + … places to part a way; 7 + 6 + … ways back, and 7 from the last schema.
        prop_assert_eq!((checked.fixtures, checked.splits, checked.ways_back), (8, 21, 28 + 7));
    }
}

fn same_in(one: &Item, other: &Item, name: &str) -> bool {
    match (one.get(name), other.get(name)) {
        (Some(one), Some(other)) => dynamap::same(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}
