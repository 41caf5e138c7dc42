//! `Migrations::check`: what it proves of a chain on sample items, and that it notices what does not hold.

use std::sync::atomic::{AtomicU32, Ordering};

use dynamap::check::{Fixture, Flaw, Law};
use dynamap::{Attribute, AttributeValue, Item, Migrations, Model, Step, StepError, Upgrade as _};
use semver::Version;

use crate::support::{n, s};

fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
    let mail: String = item.take("mail")?;
    item.put("email", &mail)
}

fn email_becomes_mail(item: &mut Item) -> Result<(), StepError> {
    let email: String = item.take("email")?;
    item.put("mail", &email)
}

#[derive(Debug, Attribute)]
struct OneName {
    #[model(alias = "fullname")]
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

static USER: Migrations = Migrations::new(&[
    Step::new("1.0.0", "2.0.0", mail_becomes_email)
        .down(email_becomes_mail)
        .reshapes(&["mail", "email"]),
    Step::typed::<OneName, TwoNames>("2.0.0", "3.0.0").down_typed::<TwoNames, OneName>(),
]);

#[derive(Debug, Clone, Model)]
#[model(table = "users", schema = "3.0.0", migrations = USER, validate = false)]
struct User {
    #[model(hash_key)]
    id: u64,
    email: String,
    first: String,
    last: String,
    #[model(ttl)]
    expires: Option<dynamap::Ttl>,
    #[model(version)]
    version: u64,
}

const OLDEST: &str = r#"{
    "id": {"N": "1"}, "mail": {"S": "ann@x"}, "name": {"S": "Ann Lee"}, "version": {"N": "4"},
    "extra": {"M": {"list": {"L": [{"NULL": true}, {"B": "AQI="}, {"BOOL": false}]}, "set": {"NS": ["1", "2"]}}}
}"#;

const MIDDLE: &str = r#"{
    "id": {"N": "1"}, "email": {"S": "ann@x"}, "fullname": {"S": "Ann Lee"}, "_schema": {"S": "2.0.0"}
}"#;

const NEWEST: &str = r#"{
    "id": {"N": "1"}, "email": {"S": "ann@x"}, "first": {"S": "Ann"}, "last": {"S": "Lee"}
}"#;

fn oldest() -> Fixture {
    Fixture::json("1.0.0", OLDEST)
}

fn item(attributes: &[(&str, AttributeValue)]) -> Item {
    attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// One sample, of the schema where a chain begins, breaks this law, and is told without a value.
fn breaks<M: Model>(chain: &Migrations, fixture: Fixture, is_it: impl Fn(&Law) -> bool) {
    let error = chain.check::<M>(&[fixture]).expect_err("a law is broken");
    let text = error.to_string();
    assert!(!text.contains("ann@x") && !text.contains("Lee"), "no values: {text}");
    let Some(Flaw::Fixture { position: 0, law, .. }) = error.flaws().first() else {
        panic!("{text}")
    };
    assert!(is_it(law), "{text}");
}

#[test]
fn a_chain_with_a_sample_of_every_schema_is_proved() {
    let becomes = Fixture::json("1.0.0", OLDEST).becomes_json(
        r#"{
            "id": {"N": "1.0"}, "email": {"S": "ann@x"}, "first": {"S": "Ann"}, "last": {"S": "Lee"},
            "version": {"N": "4"},
            "extra": {"M": {"list": {"L": [{"NULL": true}, {"B": "AQI="}, {"BOOL": false}]}, "set": {"NS": ["2", "1"]}}}
        }"#,
    );
    // Read under an alias, the name has no way back to it: what is written has one name.
    let middle = Fixture::json("2.0.0", &MIDDLE.replace("fullname", "name"));
    let checked = USER.check::<User>(&[becomes, middle, Fixture::json("3.0.0", NEWEST)]);
    let checked = checked.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((checked.fixtures, checked.splits, checked.ways_back), (3, 1, 5));
}

#[test]
fn a_typed_step_says_what_it_reshapes_by_the_names_and_aliases_of_its_structs() {
    let outline = USER.outline();
    assert_eq!(outline[0].reshapes, Some(vec!["mail", "email"]));
    assert_eq!(outline[1].reshapes, Some(vec!["name", "fullname", "first", "last"]));
    assert_eq!(THING.outline()[0].reshapes, None);
    assert!(THING.outline()[0].may_reshape("anything"));
}

#[test]
fn each_step_needs_a_sample_of_what_it_starts_with() {
    let error = USER.check::<User>(&[oldest()]).expect_err("2.0.0 is missing");
    assert!(
        matches!(error.flaws(), [Flaw::NoFixture { from, .. }] if *from == Version::new(2, 0, 0)),
        "{error}"
    );
    let between = Fixture::json("1.3.0", OLDEST);
    let error = USER.check::<User>(&[between, Fixture::json("2.0.0", MIDDLE)]).expect_err("none");
    let missing = |flaw: &Flaw| matches!(flaw, Flaw::NoFixture { from, .. } if *from == Version::new(1, 0, 0));
    assert!(error.flaws().iter().any(missing), "{error}");
}

#[test]
fn all_flaws_are_told_by_position_and_schema() {
    let fixtures = [Fixture::json("2.0.0", "{"), oldest(), Fixture::json("two", MIDDLE)];
    let error = USER.check::<User>(&fixtures).expect_err("two are wrong");
    let lines: Vec<_> = error.to_string().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 2, "{error}");
    assert!(
        lines[0].starts_with("fixture 0 of schema 2.0.0: its text is no DynamoDB JSON at line 1"),
        "{error}"
    );
    assert!(
        lines[1].starts_with("fixture 2 of schema two: its schema is not MAJOR.MINOR.PATCH"),
        "{error}"
    );
}

#[test]
fn a_sample_that_says_another_schema_is_refused() {
    let two = Version::new(2, 0, 0);
    breaks::<User>(
        &USER,
        Fixture::json("1.0.0", MIDDLE),
        |law| matches!(law, Law::OtherSchema { stored } if *stored == two),
    );
}

#[test]
fn a_sample_that_a_step_or_the_model_cannot_read_is_named() {
    let says = |text: &'static str| move |law: &Law| law.to_string().contains(text);
    let of = |attributes: &[(&str, AttributeValue)]| Fixture::new("1.0.0", item(attributes));
    let no_mail = of(&[("id", n(1)), ("name", s("Ann Lee"))]);
    breaks::<User>(&USER, no_mail, says("step 1.0.0 to 2.0.0: attribute `mail`"));
    let (mail, name) = (("mail", s("ann@x")), ("name", s("Ann Lee")));
    let odd = of(&[("id", n(1)), mail.clone(), name.clone(), ("version", s("x"))]);
    breaks::<User>(&USER, odd, says("`version`"));
    breaks::<User>(&USER, of(&[mail.clone(), name.clone()]), says("`id`"));
    let ancient = Fixture::new("0.9.0", item(&[("id", n(1)), mail, name]));
    breaks::<User>(&USER, ancient, says("no migration leads from it"));
    let newer = Fixture::json("4.0.0", NEWEST);
    breaks::<User>(&USER, newer, says("deploy the newer release"));
}

#[test]
fn what_a_sample_must_become_is_compared() {
    let wrong =
        item(&[("id", n(1)), ("email", s("ann@x")), ("first", s("Ann")), ("last", s("Li"))]);
    let sample = item(&[("id", n(1)), ("mail", s("ann@x")), ("name", s("Ann Lee"))]);
    let once = Fixture::new("1.0.0", sample.clone()).becomes(wrong.clone());
    breaks::<User>(
        &USER,
        once,
        |law| matches!(law, Law::Unexpected { attribute } if attribute == "last"),
    );
    let twice = Fixture::new("1.0.0", sample).becomes(wrong.clone()).becomes(wrong);
    breaks::<User>(&USER, twice, |law| matches!(law, Law::Count { found: 1, said: 2 }));
}

fn renamed(item: &mut Item) -> Result<(), StepError> {
    item.rename("old", "new");
    Ok(())
}

fn renamed_back(item: &mut Item) -> Result<(), StepError> {
    item.rename("new", "old");
    Ok(())
}

fn nothing(_: &mut Item) -> Result<(), StepError> {
    Ok(())
}

/// Other functions for the steps of `Thing`: what a chain is told by are schemas and kinds.
const fn steps(change: Change) -> [Step; 2] {
    [Step::new("1.0.0", "2.0.0", change), Step::new("2.0.0", "2.1.0", nothing)]
}

type Change = fn(&mut Item) -> Result<(), StepError>;

static THING: Migrations = Migrations::new(&const { steps(renamed) });

#[derive(Debug, Clone, Model, garde::Validate)]
#[model(table = "things", schema = "2.1.0", migrations = THING)]
#[garde(allow_unvalidated)]
struct Thing {
    #[model(hash_key)]
    id: u64,
    #[garde(range(max = 100.0))]
    new: f32,
    #[model(ttl)]
    expires: Option<dynamap::Ttl>,
    #[model(version)]
    version: u64,
}

fn thing() -> Item {
    item(&[("id", n(1)), ("old", n(5)), ("version", n(2)), ("_write", s("x")), ("expires", n(9))])
}

#[test]
fn a_step_that_looks_at_more_than_the_item_is_noticed() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    static CHAIN: Migrations = Migrations::new(
        &const {
            steps(|item| {
                item.remove("old");
                item.put("new", &CALLS.fetch_add(1, Ordering::Relaxed))
            })
        },
    );
    breaks::<Thing>(
        &CHAIN,
        Fixture::new("1.0.0", thing()),
        |law| matches!(law, Law::Impure { attribute } if attribute == "new"),
    );
}

#[test]
fn a_step_that_becomes_another_where_the_item_was_stored_between_is_noticed() {
    static CHAIN: Migrations = Migrations::new(&[
        Step::new("1.0.0", "2.0.0", renamed),
        Step::new("2.0.0", "2.1.0", |item| {
            let stored = item.text("_schema") == Some("2.0.0");
            item.put("note", &stored)
        }),
    ]);
    let two = Version::new(2, 0, 0);
    breaks::<Thing>(
        &CHAIN,
        Fixture::new("1.0.0", thing()),
        |law| matches!(law, Law::Split { at, attribute } if *at == two && attribute == "note"),
    );
}

#[test]
fn a_step_that_changes_what_it_does_not_declare_is_noticed_on_the_way_back_too() {
    static UP: Migrations = Migrations::new(&[
        Step::new("1.0.0", "2.0.0", renamed).reshapes(&["old"]),
        Step::new("2.0.0", "2.1.0", nothing),
    ]);
    static DOWN: Migrations = Migrations::new(&[
        Step::new("1.0.0", "2.0.0", renamed).reshapes(&["old", "new"]),
        Step::new("2.0.0", "2.1.0", nothing).down(|item| item.put("other", &1)).reshapes(&[]),
    ]);
    let undeclared = |name: &'static str| move |law: &Law| matches!(law, Law::Undeclared { attribute, .. } if attribute == name);
    breaks::<Thing>(&UP, Fixture::new("1.0.0", thing()), undeclared("new"));
    breaks::<Thing>(&DOWN, Fixture::new("1.0.0", thing()), undeclared("other"));
}

#[test]
fn a_step_leaves_key_version_nonce_and_expiry_alone() {
    static KEY: Migrations = Migrations::new(&const { steps(|item| item.put("id", &2)) });
    static VERSION: Migrations = Migrations::new(&const { steps(|item| item.put("version", &9)) });
    static NONCE: Migrations =
        Migrations::new(&const { steps(|item| item.put("_write", &None::<u8>)) });
    static EXPIRY: Migrations = Migrations::new(&const { steps(|item| item.put("expires", &10)) });
    for (chain, name) in
        [(&KEY, "id"), (&VERSION, "version"), (&NONCE, "_write"), (&EXPIRY, "expires")]
    {
        breaks::<Thing>(
            chain,
            Fixture::new("1.0.0", thing()),
            |law| matches!(law, Law::Owned { attribute, .. } if attribute == name),
        );
    }
}

#[test]
fn a_minor_step_that_removes_an_attribute_is_noticed() {
    static CHAIN: Migrations = Migrations::new(&[
        Step::new("1.0.0", "2.0.0", renamed),
        Step::new("2.0.0", "2.1.0", |item| {
            item.remove("new");
            Ok(())
        }),
    ]);
    breaks::<Thing>(&CHAIN, Fixture::new("1.0.0", thing()), |law| {
        law.to_string().contains("must not remove it")
    });
}

#[test]
fn a_way_back_that_fails_or_leads_elsewhere_is_noticed() {
    static ELSEWHERE: Migrations = Migrations::new(&[
        Step::new("1.0.0", "2.0.0", renamed).down(|item| item.put("old", &5)),
        Step::new("2.0.0", "2.1.0", nothing).down(nothing),
    ]);
    static FAILS: Migrations = Migrations::new(&[
        Step::new("1.0.0", "2.0.0", renamed).down(|item| item.take::<u8>("gone").map(drop)),
        Step::new("2.0.0", "2.1.0", nothing).down(nothing),
    ]);
    static FORGETS: Migrations = Migrations::new(&[
        Step::new("1.0.0", "2.0.0", renamed),
        Step::new("2.0.0", "2.1.0", nothing).down(|item| {
            item.remove("later");
            Ok(())
        }),
    ]);
    let (one, two) = (Version::new(1, 0, 0), Version::new(2, 0, 0));
    breaks::<Thing>(
        &ELSEWHERE,
        Fixture::new("1.0.0", thing()),
        |law| matches!(law, Law::Back { to, attribute } if *to == one && attribute == "new"),
    );
    breaks::<Thing>(
        &FAILS,
        Fixture::new("1.0.0", thing()),
        |law| matches!(law, Law::BackFailed { to, .. } if *to == one),
    );
    let later = item(&[("id", n(1)), ("new", n(5)), ("later", n(1))]);
    breaks::<Thing>(
        &FORGETS,
        Fixture::new("2.1.0", later),
        |law| matches!(law, Law::Forth { to, attribute } if *to == two && attribute == "later"),
    );
}

#[test]
fn what_the_model_does_not_write_as_it_reads_it_or_finds_invalid_is_noticed() {
    let mut fine = thing();
    // More digits than the field holds.
    fine.insert("old", AttributeValue::N("5.123456789012".to_owned()));
    breaks::<Thing>(
        &THING,
        Fixture::new("1.0.0", fine),
        |law| matches!(law, Law::Lost { attribute } if attribute == "new"),
    );
    let mut large = thing();
    large.insert("old", n(101));
    breaks::<Thing>(
        &THING,
        Fixture::new("1.0.0", large),
        |law| matches!(law, Law::Read(error) if error.is_invalid()),
    );
}

#[test]
fn a_chain_that_the_model_does_not_name_is_refused_and_one_that_reads_do_not_take_is_noticed() {
    let error = USER.check::<Thing>(&[]).expect_err("another chain");
    assert!(matches!(error.flaws(), [Flaw::OtherChain { model: "Thing" }]), "{error}");
    static TWIN: Migrations = Migrations::new(
        &const {
            steps(|item| {
                item.remove("old");
                item.put("new", &7)
            })
        },
    );
    breaks::<Thing>(
        &TWIN,
        Fixture::new("1.0.0", thing()),
        |law| matches!(law, Law::Lazy { attribute } if attribute == "new"),
    );
}

fn apart(item: Item) -> Result<Vec<Item>, StepError> {
    let name: String = item.read("pair")?;
    let of = |side: &str| {
        let mut item = item.clone();
        item.remove("pair");
        item.put("name", &side.to_owned()).map(|()| item)
    };
    name.split('-').map(of).collect()
}

static SIDE: Migrations = Migrations::new(&[
    Step::keyed("1.0.0", "2.0.0", apart).reshapes(&["pair"]),
    Step::new("2.0.0", "2.1.0", |item| item.put("seen", &true)).reshapes(&["seen"]),
]);

#[derive(Debug, Clone, Model)]
#[model(table = "sides", schema = "2.1.0", migrations = SIDE, validate = false)]
struct Side {
    #[model(hash_key)]
    name: String,
    seen: bool,
}

#[test]
fn a_step_that_makes_several_items_of_one_is_proved_too() {
    let pair = |pair: &str| item(&[("name", s("x")), ("pair", s(pair))]);
    let side = |name: &str| item(&[("name", s(name)), ("seen", AttributeValue::Bool(true))]);
    let fixture = Fixture::new("1.0.0", pair("a-b")).becomes(side("a")).becomes(side("b"));
    let lone = Fixture::new("2.0.0", item(&[("name", s("a"))]));
    let checked = SIDE.check::<Side>(&[fixture, lone.clone()]).expect("it holds");
    assert_eq!((checked.fixtures, checked.splits), (2, 1));
    let empty = Fixture::new("1.0.0", pair("a-"));
    breaks::<Side>(&SIDE, empty, |law| matches!(law, Law::Read(_)));
    static TWIN: Migrations = Migrations::new(&[
        Step::keyed("1.0.0", "2.0.0", apart).reshapes(&[]),
        Step::new("2.0.0", "2.1.0", |item| item.put("seen", &true)),
    ]);
    breaks::<Side>(
        &TWIN,
        Fixture::new("1.0.0", pair("a-b")),
        |law| matches!(law, Law::Undeclared { attribute, .. } if attribute == "pair"),
    );
}

static SHAPES: Migrations = Migrations::new(&[
    Step::new("1.0.0", "2.0.0", renamed).down(renamed_back),
    Step::new("2.0.0", "2.1.0", nothing),
])
.detect_by(|item| if item.contains("old") { Version::new(1, 0, 0) } else { Version::new(2, 0, 0) });

#[test]
fn what_the_chain_detects_of_a_sample_is_what_the_sample_is_of() {
    // 2.1.0 carries its schema, as everything that this library wrote.
    let mut bare = thing();
    renamed(&mut bare).expect("renamed");
    let fixtures = [Fixture::new("1.0.0", thing()), Fixture::new("2.0.0", bare.clone())];
    SHAPES.check::<Shaped>(&fixtures).unwrap_or_else(|error| panic!("{error}"));
    breaks::<Shaped>(&SHAPES, Fixture::new("1.0.0", bare), |law| {
        matches!(law, Law::OtherSchema { .. })
    });
}

#[derive(Debug, Clone, Model)]
#[model(table = "things", schema = "2.1.0", migrations = SHAPES, validate = false)]
struct Shaped {
    #[model(hash_key)]
    id: u64,
    new: f32,
    #[model(version)]
    version: u64,
}
