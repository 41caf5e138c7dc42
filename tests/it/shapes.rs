//! Shapes beyond one field, one attribute: enums with data, fields that are not stored, or beside others, newtypes.

use std::collections::{BTreeMap, BTreeSet};

use dynamap::{Attribute, AttributeValue, Database, Item, Model, Table};

use crate::support::{Outcome, n, put_raw, s, store, stored};

async fn table<M: Model>() -> Database {
    let (db, _) = store().await;
    Table::<M>::create(&db).await.expect("a table");
    db
}

fn m(entries: &[(&str, AttributeValue)]) -> AttributeValue {
    let entries = entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    AttributeValue::M(entries.collect())
}

#[derive(Debug, Clone, PartialEq, Attribute)]
#[model(rename_all = "snake_case")]
enum Shape {
    Dot,
    Circle {
        radius: f64,
        #[model(rename = "colour", alias = "color", default = "black".to_owned())]
        ink: String,
    },
    #[model(rename = "label")]
    Text(Option<String>),
    Group(Vec<Shape>),
    #[model(other)]
    Other(Item),
}

#[derive(Debug, Clone, PartialEq, Attribute)]
#[model(tag = "op", content = "of")]
enum Expr {
    Number(i64),
    Minus(Box<Expr>),
    Plus { left: Box<Expr>, right: Box<Expr> },
}

#[derive(Debug, Clone, PartialEq, Attribute)]
#[model(rename_all = "kebab-case")]
enum Level {
    Low,
    VeryHigh,
    #[model(other)]
    Other(String),
}

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "drawings", validate = false)]
struct Drawing {
    #[model(hash_key)]
    id: u64,
    shape: Shape,
    level: Level,
    expr: Option<Expr>,
}

impl Drawing {
    fn new(id: u64, shape: Shape) -> Self {
        Self { id, shape, level: Level::Low, expr: None }
    }
}

fn circle(radius: f64) -> Shape {
    Shape::Circle { radius, ink: "red".to_owned() }
}

#[tokio::test]
async fn each_variant_is_stored_as_a_map_with_a_tag_and_comes_back() -> Outcome {
    let db = table::<Drawing>().await;
    for (shape, expected) in [
        (Shape::Dot, m(&[("type", s("dot"))])),
        (circle(1.5), m(&[("type", s("circle")), ("radius", n("1.5")), ("colour", s("red"))])),
        (Shape::Text(Some("x".to_owned())), m(&[("type", s("label")), ("value", s("x"))])),
        (Shape::Text(None), m(&[("type", s("label"))])),
        (
            Shape::Group(vec![Shape::Dot]),
            m(&[
                ("type", s("group")),
                ("value", AttributeValue::L(vec![m(&[("type", s("dot"))])])),
            ]),
        ),
    ] {
        let drawing = Drawing::new(1, shape).upsert(&db).await?;
        assert_eq!(drawing.image().get("shape"), Some(&expected));
        let read = Drawing::get(&db, 1).consistent().await?.expect("there");
        assert_eq!(*read, *drawing);
    }
    Ok(())
}

#[tokio::test]
async fn tag_and_content_have_the_names_that_are_given_and_variants_nest() -> Outcome {
    let db = table::<Drawing>().await;
    let one = || Box::new(Expr::Number(1));
    let sum = Expr::Plus { left: Box::new(Expr::Minus(one())), right: one() };
    let mut drawing = Drawing::new(1, Shape::Dot);
    drawing.expr = Some(sum.clone());
    let drawing = drawing.insert(&db).await?;
    let number = m(&[("op", s("Number")), ("of", n(1))]);
    let minus = m(&[("op", s("Minus")), ("of", number.clone())]);
    let plus = m(&[("op", s("Plus")), ("left", minus), ("right", number)]);
    assert_eq!(drawing.image().get("expr"), Some(&plus));
    assert_eq!(Drawing::get(&db, 1).await?.expect("there").expr, Some(sum));
    Ok(())
}

#[tokio::test]
async fn unknown_variants_are_kept_by_other_and_survive_a_save() -> Outcome {
    let db = table::<Drawing>().await;
    let star = m(&[("type", s("star")), ("points", n(5))]);
    let raw = [("id", n(1)), ("shape", star.clone()), ("level", s("unheard-of"))];
    put_raw(&db, "drawings", &raw).await;
    let mut drawing = Drawing::get(&db, 1).await?.expect("there");
    let Shape::Other(map) = &drawing.shape else { panic!("{:?}", drawing.shape) };
    assert_eq!((map.text("type"), map.get("points")), (Some("star"), Some(&n(5))));
    assert_eq!(drawing.level, Level::Other("unheard-of".to_owned()));

    drawing.expr = Some(Expr::Number(7));
    drawing.save(&db).await?;
    let after = stored(&db, "drawings", &[("id", n(1))]).await.expect("there");
    assert_eq!((after.get("shape"), after.text("level")), (Some(&star), Some("unheard-of")));
    // A whole write too: the names and maps are part of the value.
    let after = drawing.into_inner().upsert(&db).await?;
    assert_eq!(after.image().get("shape"), Some(&star));
    assert_eq!(after.image().text("level"), Some("unheard-of"));

    let level = Drawing::LEVEL.eq(&Level::Other("unheard-of".to_owned()));
    assert_eq!(Drawing::scan(&db).filter(level).try_collect().await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn entries_of_variants_are_reached_by_paths() -> Outcome {
    let db = table::<Drawing>().await;
    Drawing::new(1, circle(1.0)).insert(&db).await?;
    Drawing::new(2, circle(9.0)).insert(&db).await?;
    Drawing::new(3, Shape::Text(Some("hello".to_owned()))).insert(&db).await?;

    let radius = || Drawing::SHAPE.to(Shape::CIRCLE_RADIUS);
    let tag = || Drawing::SHAPE.to(Shape::TAG);
    let large = tag().eq("circle") & radius().gt(2.0);
    assert_eq!(large.to_string(), "shape.type = \"circle\" AND shape.radius > 2");
    assert_eq!(Drawing::scan(&db).filter(large).try_collect().await?[0].id, 2);
    let text = Drawing::SHAPE.to(Shape::TEXT_VALUE).begins_with("he");
    assert_eq!(Drawing::scan(&db).filter(text).try_collect().await?[0].id, 3);

    let update = Drawing::update(&db, 1)
        .increment(radius(), 2.0)
        .set(Drawing::SHAPE.to(Shape::CIRCLE_INK), "blue")
        .when(tag().eq("circle"));
    let expected = Shape::Circle { radius: 3.0, ink: "blue".to_owned() };
    assert_eq!(update.returning_new().await?.shape, expected);
    let refused = Drawing::update(&db, 3).set(radius(), 2.0).when(tag().eq("circle")).await;
    assert!(refused.expect_err("a label").is_conflict());
    Ok(())
}

#[test]
fn fields_of_variants_have_aliases_and_defaults() -> Outcome {
    let read = |entries: &[(&str, AttributeValue)]| Shape::decode(&m(entries));
    let entries = [("type", s("circle")), ("radius", n(1)), ("color", s("red"))];
    assert_eq!(read(&entries)?, circle(1.0));
    let black = Shape::Circle { radius: 1.0, ink: "black".to_owned() };
    assert_eq!(read(&entries[..2])?, black);
    Ok(())
}

#[test]
fn what_no_variant_fits_says_where_and_what_was_expected() {
    fn error<T: Attribute + std::fmt::Debug>(value: AttributeValue) -> String {
        T::decode(&value).expect_err("no variant").at("it").to_string()
    }
    for (error, expected) in [
        (
            error::<Expr>(m(&[("op", s("Times"))])),
            "attribute `it.op`: expected one of `Number`, `Minus`, `Plus`, found another string",
        ),
        (
            error::<Expr>(m(&[("op", n(1))])),
            "attribute `it.op`: expected one of `Number`, `Minus`, `Plus`, found N",
        ),
        (
            error::<Expr>(m(&[("of", n(1))])),
            "attribute `it.op`: expected one of `Number`, `Minus`, `Plus`, found nothing: the attribute is absent",
        ),
        (error::<Expr>(s("Number")), "attribute `it`: expected a map (Expr), found S"),
        (
            error::<Expr>(m(&[("op", s("Minus")), ("of", m(&[("op", s("x"))]))])),
            "attribute `it.of.op`: expected one of `Number`, `Minus`, `Plus`, found another string",
        ),
        (
            error::<Shape>(m(&[("type", s("circle"))])),
            "attribute `it.radius`: expected N, found nothing: the attribute is absent",
        ),
        (error::<Shape>(m(&[])), "attribute `it.type`: expected a string, found nothing"),
        (error::<Level>(n(1)), "attribute `it`: expected a string (Level), found N"),
    ] {
        assert!(error.starts_with(expected), "{error}");
    }
}

#[derive(Debug, Clone, PartialEq, Attribute)]
struct Address {
    #[model(rename = "town", alias = "place")]
    city: String,
    #[model(default)]
    tags: BTreeSet<String>,
    #[model(flatten)]
    spot: Spot,
    #[model(skip)]
    seen: u32,
}

#[derive(Debug, Clone, PartialEq, Attribute)]
struct Spot {
    lat: i32,
    lon: i32,
}

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "customers", validate = false)]
struct Customer {
    #[model(hash_key)]
    id: u64,
    #[model(flatten)]
    home: Address,
    work: Option<Address>,
    #[model(skip, default = "unknown".to_owned())]
    note: String,
    #[model(version)]
    version: u64,
}

fn address(city: &str, lat: i32) -> Address {
    let spot = Spot { lat, lon: 7 };
    Address { city: city.to_owned(), tags: BTreeSet::new(), spot, seen: 0 }
}

fn customer(id: u64, city: &str, lat: i32) -> Customer {
    Customer { id, home: address(city, lat), work: None, note: "mine".to_owned(), version: 0 }
}

#[tokio::test]
async fn flattened_fields_are_stored_beside_the_others() -> Outcome {
    let db = table::<Customer>().await;
    let mut bern = customer(1, "Bern", 46);
    bern.work = Some(address("Basel", 47));
    let mut bern = bern.insert(&db).await?;
    let names = ["_schema", "_write", "id", "lat", "lon", "tags", "town", "version", "work"];
    assert_eq!(bern.image().names(), names);
    let work = [("town", s("Basel")), ("tags", AttributeValue::Null(true))];
    let work = m(&[work[0].clone(), work[1].clone(), ("lat", n(47)), ("lon", n(7))]);
    assert_eq!(bern.image().get("work"), Some(&work));
    let attributes = ["id", "work", "town", "tags", "lat", "lon"];
    assert_eq!(Customer::layout().attributes, attributes);
    assert_eq!(Customer::layout().aliases, [("town", "place")]);

    bern.home.tags.insert("new".to_owned());
    bern.home.spot.lat = 48;
    let (set, removed) = bern.changes()?;
    assert_eq!((set.names(), removed.len()), (vec!["lat", "tags"], 0));
    bern.save(&db).await?;
    let read = Customer::get(&db, 1).consistent().await?.expect("there");
    assert_eq!((&read.home, &read.work), (&bern.home, &bern.work));
    // A whole write removes what an earlier one stored.
    let upserted = customer(1, "Bern", 46).upsert(&db).await?;
    assert_eq!(upserted.image().get("tags"), Some(&AttributeValue::Null(true)));
    Ok(())
}

#[tokio::test]
async fn flattened_fields_are_reached_by_paths_where_they_are_stored() -> Outcome {
    let db = table::<Customer>().await;
    let mut bern = customer(1, "Bern", 46);
    bern.work = Some(address("Basel", 47));
    bern.insert(&db).await?;
    customer(2, "Zug", 45).insert(&db).await?;

    let city = || Customer::HOME.to(Address::CITY);
    let lat = || Customer::HOME.to(Address::SPOT).to(Spot::LAT);
    let work_lat = || Customer::WORK.to(Address::SPOT).to(Spot::LAT);
    let in_bern = city().eq("Bern") & lat().gt(45) & work_lat().eq(47);
    assert_eq!(in_bern.to_string(), "town = \"Bern\" AND lat > 45 AND work.lat = 47");
    let direct = Customer::WORK.to(Address::SPOT.to(Spot::LAT));
    assert_eq!(direct.to_string(), "work.lat");
    let found = Customer::scan(&db).filter(in_bern.clone()).try_collect().await?;
    assert_eq!((found.len(), found[0].id), (1, 1));

    let update = Customer::update(&db, 1)
        .set(city(), "Biel")
        .increment(lat(), 1)
        .set(work_lat(), 0)
        .when(in_bern);
    let updated = update.returning_new().await?;
    assert_eq!((updated.home.city.as_str(), updated.home.spot.lat), ("Biel", 47));
    assert_eq!(updated.work.as_ref().map(|work| work.spot.lat), Some(0));
    Ok(())
}

#[tokio::test]
async fn flattened_fields_are_read_under_their_aliases_and_named_in_errors() -> Outcome {
    let db = table::<Customer>().await;
    let raw = [("id", n(1)), ("place", s("Bern")), ("lat", n(1)), ("lon", n(2))];
    put_raw(&db, "customers", &raw).await;
    let mut read = Customer::get(&db, 1).await?.expect("there");
    assert_eq!(read.home.city, "Bern");
    read.home.city = "Biel".to_owned();
    read.save(&db).await?;
    let names = ["_schema", "_write", "id", "lat", "lon", "town", "version"];
    assert_eq!(read.image().names(), names);

    put_raw(&db, "customers", &[("id", n(2)), ("town", s("Bern")), ("lat", s("x"))]).await;
    let error = Customer::get(&db, 2).await.expect_err("no number").to_string();
    assert!(error.contains("attribute `lat`: expected a number (i32), found S"), "{error}");
    Ok(())
}

#[tokio::test]
async fn skipped_fields_are_not_stored_and_keep_what_the_program_put_there() -> Outcome {
    let db = table::<Customer>().await;
    let mut mine = customer(1, "Bern", 46);
    mine.home.seen = 3;
    let mut mine = mine.insert(&db).await?;
    assert_eq!((mine.note.as_str(), mine.home.seen), ("mine", 3));
    assert!(!mine.image().contains("note") && !mine.image().contains("seen"));
    mine.note = "changed".to_owned();
    assert!(mine.changes()?.0.is_empty());
    mine.save(&db).await?;
    assert_eq!((mine.note.as_str(), mine.version), ("changed", 2));

    let read = Customer::get(&db, 1).consistent().await?.expect("there");
    assert_eq!((read.note.as_str(), read.home.seen), ("unknown", 0));
    let upserted = mine.clone().into_inner().upsert(&db).await?;
    assert_eq!((upserted.note.as_str(), upserted.version), ("changed", 3));
    mine.reload(&db).await?;
    assert_eq!(mine.note, "unknown");
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Attribute)]
enum Event {
    Moved {
        #[model(flatten)]
        to: Spot,
        #[model(skip)]
        heard: bool,
    },
    Timed(#[model(with = dynamap::UnixSeconds)] std::time::SystemTime),
}

#[test]
fn fields_of_variants_can_be_flattened_skipped_and_converted() -> Outcome {
    let moved = Event::Moved { to: Spot { lat: 1, lon: 2 }, heard: true };
    let stored = m(&[("type", s("Moved")), ("lat", n(1)), ("lon", n(2))]);
    assert_eq!(moved.encode()?, Some(stored.clone()));
    let back = Event::Moved { to: Spot { lat: 1, lon: 2 }, heard: false };
    assert_eq!(Event::decode(&stored)?, back);
    assert_eq!(Event::MOVED_TO.to(Spot::LAT).to_string(), "lat");

    let timed = Event::Timed(std::time::UNIX_EPOCH + std::time::Duration::from_secs(5));
    let stored = m(&[("type", s("Timed")), ("value", n(5))]);
    assert_eq!((timed.encode()?, Event::decode(&stored)?), (Some(stored), timed));
    Ok(())
}

#[tokio::test]
async fn a_converted_field_with_a_default_reads_it_where_nothing_is_stored() -> Outcome {
    #[derive(Debug, Clone, PartialEq, Model)]
    #[model(table = "switches", validate = false)]
    struct Switch {
        #[model(hash_key)]
        id: u64,
        #[model(with = dynamap::BoolAsNumber, default = true)]
        on: bool,
    }
    let db = table::<Switch>().await;
    put_raw(&db, "switches", &[("id", n(1))]).await;
    let mut read = Switch::get(&db, 1).await?.expect("there");
    assert!(read.on);
    read.save(&db).await?;
    assert!(!read.image().contains("on"), "what was not changed stays absent");
    read.on = false;
    read.save(&db).await?;
    assert_eq!(read.image().get("on"), Some(&n(0)));
    let inserted = Switch { id: 2, on: false }.insert(&db).await?;
    assert!(!inserted.on, "a default does not replace a value that is stored");
    assert!(!Switch::get(&db, 2).await?.expect("there").on);
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Attribute)]
pub struct UserId(u64);

#[derive(Debug, Clone, PartialEq, Attribute)]
struct Tags(BTreeSet<String>);

#[derive(Debug, Clone, PartialEq, Attribute)]
struct Scores(BTreeMap<String, i64>);

#[derive(Debug, Clone, PartialEq, Attribute)]
struct Steps(Vec<String>);

#[derive(Debug, Clone, PartialEq, Attribute)]
struct Place(Spot);

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "users", validate = false)]
struct User {
    #[model(hash_key, auto_increment)]
    id: UserId,
    friends: BTreeSet<UserId>,
    tags: Tags,
    scores: Scores,
    steps: Steps,
    place: Place,
}

#[tokio::test]
async fn a_newtype_does_what_the_type_inside_does() -> Outcome {
    let db = table::<User>().await;
    let user = User {
        id: UserId(0),
        friends: BTreeSet::from([UserId(7), UserId(8)]),
        tags: Tags(BTreeSet::from(["a".to_owned()])),
        scores: Scores(BTreeMap::from([("day".to_owned(), 5)])),
        steps: Steps(vec!["one".to_owned()]),
        place: Place(Spot { lat: 1, lon: 2 }),
    };
    let user = user.insert(&db).await?;
    assert_eq!((user.id, user.image().get("id")), (UserId(1), Some(&n(1))));
    let friends = user.image().get("friends").cloned();
    assert!(matches!(friends, Some(AttributeValue::Ns(ids)) if ids.len() == 2));
    assert_eq!(*User::get(&db, 1).consistent().await?.expect("there"), *user);

    let filter = User::FRIENDS.contains(7)
        & User::TAGS.contains("a")
        & User::SCORES.entry("day").eq(5)
        & User::STEPS.index(0).eq("one")
        & User::STEPS.contains("one")
        & User::PLACE.to(Spot::LAT).eq(1);
    assert_eq!(User::scan(&db).filter(filter).try_collect().await?.len(), 1);
    let update = User::update(&db, 1)
        .add(User::FRIENDS, &BTreeSet::from([UserId(9)]))
        .append(User::STEPS, &["two".to_owned()])
        .remove(User::TAGS);
    let user = update.returning_new().await?;
    assert_eq!((user.friends.len(), user.steps.0.len(), user.tags.0.len()), (3, 2, 0));
    Ok(())
}

#[tokio::test]
async fn unknown_attributes_are_refused_where_the_model_says_so() -> Outcome {
    #[derive(Debug, Clone, PartialEq, Model)]
    #[model(table = "customers", unknown = "refuse", validate = false)]
    struct Strict {
        #[model(hash_key)]
        id: u64,
        #[model(alias = "called")]
        name: String,
        #[model(flatten)]
        spot: Spot,
        #[model(version)]
        version: u64,
    }
    #[derive(Debug, Clone, PartialEq, Model)]
    #[model(table = "customers", unknown = "keep", validate = false)]
    struct Lenient {
        #[model(hash_key)]
        id: u64,
    }
    let db = table::<Strict>().await;
    let spot = Spot { lat: 1, lon: 2 };
    Strict { id: 1, name: "A".to_owned(), spot, version: 0 }.insert(&db).await?;
    assert_eq!(Strict::get(&db, 1).await?.expect("there").version, 1);
    let raw = [("id", n(2)), ("called", s("B")), ("lat", n(1)), ("lon", n(2))];
    put_raw(&db, "customers", &raw).await;
    assert_eq!(Strict::get(&db, 2).await?.expect("there").name, "B");

    let more = [raw[0].clone(), raw[1].clone(), raw[2].clone(), raw[3].clone(), ("z", n(1))];
    put_raw(&db, "customers", &more).await;
    let error = Strict::get(&db, 2).await.expect_err("an unknown attribute").to_string();
    let expected =
        "attribute `z`: expected only attributes that the model describes, found an unknown one";
    assert!(error.contains(expected), "{error}");
    assert!(Strict::scan(&db).try_collect().await.is_err());
    assert!(Lenient::get(&db, 2).await?.is_some());
    Ok(())
}

#[tokio::test]
async fn a_field_with_serde_is_stored_as_serde_would() -> Outcome {
    #[derive(Debug, Clone, PartialEq, Model)]
    #[model(table = "pairs", validate = false)]
    struct Pair {
        #[model(hash_key)]
        id: u64,
        #[model(serde)]
        one: (u8, bool),
        #[model(serde, default = (7, true))]
        two: (u8, bool),
    }
    let db = table::<Pair>().await;
    let pair = Pair { id: 1, one: (1, true), two: (2, false) }.insert(&db).await?;
    let one = AttributeValue::L(vec![n(1), AttributeValue::Bool(true)]);
    assert_eq!(pair.image().get("one"), Some(&one));
    assert_eq!(*Pair::get(&db, 1).consistent().await?.expect("there"), *pair);
    put_raw(&db, "pairs", &[("id", n(2)), ("one", one)]).await;
    assert_eq!(Pair::get(&db, 2).await?.expect("there").two, (7, true));
    Ok(())
}

#[tokio::test]
async fn an_enum_can_be_stored_by_the_number_of_its_variant() -> Outcome {
    #[derive(Debug, Clone, Copy, PartialEq, Attribute)]
    #[model(by_index)]
    enum Level {
        Low,
        High,
    }
    #[derive(Debug, Clone, Model)]
    #[model(table = "alarms", validate = false)]
    struct Alarm {
        #[model(hash_key)]
        id: u32,
        level: Level,
    }
    let db = Database::new(dynamap::embedded::memory()?);
    Table::<Alarm>::create(&db).await?;
    let alarm = Alarm { id: 1, level: Level::High }.insert(&db).await?;
    assert_eq!(alarm.image().get("level"), Some(&n(1)));
    assert_eq!(Alarm::get(&db, 1).await?.expect("there").level, Level::High);
    assert_eq!(Alarm::scan(&db).filter(Alarm::LEVEL.gt(&Level::Low)).try_collect().await?.len(), 1);
    put_raw(&db, "alarms", &[("id", n(2)), ("level", n(2))]).await;
    let error = Alarm::get(&db, 2).await.expect_err("no such level").to_string();
    assert!(error.contains("`level`: expected a number below 2, found another number"), "{error}");
    Ok(())
}
