//! Every type that can be a field, through the store and back.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dynamap::{Attribute, AttributeValue, Database, Model, Number, Table, Ttl, kind_name};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use rust_decimal::Decimal;
use semver::Version;
use uuid::Uuid;

use crate::support::{Outcome, n, put_raw, s, store, stored};

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "everything", validate = false)]
struct Everything {
    #[model(hash_key)]
    key: Vec<u8>,
    #[model(range_key)]
    order: Number,
    text: String,
    cow: Cow<'static, str>,
    shared: Arc<str>,
    boxed: Box<Nested>,
    letter: char,
    small: i8,
    large: u64,
    huge: i128,
    float: f64,
    flag: bool,
    bytes: Vec<u8>,
    array: [u8; 4],
    list: Vec<Option<i64>>,
    lists: Vec<Vec<String>>,
    texts: BTreeSet<String>,
    numbers: HashSet<i64>,
    blobs: BTreeSet<Vec<u8>>,
    map: BTreeMap<String, f64>,
    nested: Option<Nested>,
    nests: HashMap<String, Nested>,
    colour: Colour,
    wrapped: Wrapped,
    uuid: Uuid,
    release: Version,
    wait: Duration,
    expires: Option<Ttl>,
    others: Others,
}

/// The types of other crates, and sets and maps of everything that has a text.
#[derive(Debug, Clone, PartialEq, Attribute)]
struct Others {
    jiff_at: jiff::Timestamp,
    jiff_date: jiff::civil::Date,
    jiff_local: jiff::civil::DateTime,
    jiff_wait: jiff::SignedDuration,
    jiff_days: BTreeSet<jiff::civil::Date>,
    chrono_at: chrono::DateTime<chrono::Utc>,
    chrono_date: chrono::NaiveDate,
    chrono_local: chrono::NaiveDateTime,
    chrono_wait: chrono::TimeDelta,
    decimal: Decimal,
    decimals: BTreeSet<Decimal>,
    bytes: Bytes,
    blobs: HashSet<Bytes>,
    arrays: BTreeSet<[u8; 2]>,
    uuids: BTreeSet<Uuid>,
    letters: HashSet<char>,
    releases: BTreeSet<Version>,
    shared: BTreeSet<Arc<str>>,
    exact: HashSet<Number>,
    huge: BTreeSet<i128>,
    by_uuid: BTreeMap<Uuid, u8>,
    by_letter: HashMap<char, u8>,
    by_release: BTreeMap<Version, bool>,
    by_text: HashMap<Box<str>, u8>,
}

#[derive(Debug, Clone, PartialEq, Attribute)]
struct Nested {
    name: String,
    inner: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Attribute)]
enum Colour {
    Red,
    #[model(rename = "dark-blue")]
    Blue,
}

#[derive(Debug, Clone, PartialEq, Attribute)]
struct Wrapped(u32);

fn nested() -> impl Strategy<Value = Nested> {
    (any::<String>(), any::<Option<Vec<u8>>>()).prop_map(|(name, inner)| Nested { name, inner })
}

/// Floats within DynamoDB's range, and not the negative zero, which the service stores as zero.
fn float() -> impl Strategy<Value = f64> {
    (-1e15..1e15).prop_map(|float: f64| float + 0.0)
}

fn others() -> impl Strategy<Value = Others> {
    // Seconds from the year 0000 to the year 9999.
    let times = (-62_167_219_200_i64..253_402_207_200, 0..1_000_000_000_u32);
    let numbers = (any::<i64>(), any::<i64>(), 0..29_u32, any::<u128>());
    (times, numbers, vec(any::<u8>(), 0..4), any::<char>()).prop_map(
        |((seconds, nanos), (number, units, scale, id), blob, letter)| {
            let chrono_at = chrono::DateTime::from_timestamp(seconds, nanos).expect("in range");
            let jiff_at = jiff::Timestamp::new(seconds, nanos.cast_signed()).expect("in range");
            let jiff_local = jiff::tz::Offset::UTC.to_datetime(jiff_at);
            let decimal = Decimal::from_i128_with_scale(i128::from(units), scale);
            let (uuid, release) = (Uuid::from_u128(id), Version::new(number.unsigned_abs(), 0, 1));
            let bytes = Bytes::from(blob);
            Others {
                jiff_at,
                jiff_date: jiff_local.date(),
                jiff_local,
                jiff_wait: jiff::SignedDuration::new(number, nanos.cast_signed()),
                jiff_days: BTreeSet::from([jiff_local.date()]),
                chrono_at,
                chrono_date: chrono_at.date_naive(),
                chrono_local: chrono_at.naive_utc(),
                chrono_wait: chrono::TimeDelta::new(-seconds, nanos).expect("in range"),
                decimal,
                decimals: BTreeSet::from([decimal, Decimal::MAX, Decimal::MIN]),
                blobs: HashSet::from([bytes.clone()]),
                bytes,
                arrays: BTreeSet::from([[1, 2], [3, 4]]),
                uuids: BTreeSet::from([uuid]),
                letters: HashSet::from([letter]),
                releases: BTreeSet::from([release.clone()]),
                shared: BTreeSet::from(["a".into()]),
                exact: HashSet::from([number.into()]),
                huge: BTreeSet::from([i128::from(number) * 1_000_000_007]),
                by_uuid: BTreeMap::from([(uuid, 1)]),
                by_letter: HashMap::from([(letter, 2)]),
                by_release: BTreeMap::from([(release, true)]),
                by_text: HashMap::from([("k".into(), 3)]),
            }
        },
    )
}

fn everything() -> impl Strategy<Value = Everything> {
    let scalars = (
        vec(any::<u8>(), 1..9),
        any::<i64>(),
        any::<String>(),
        any::<char>(),
        any::<(i8, u64, i64)>(),
        float(),
        any::<bool>(),
        any::<[u8; 4]>(),
    );
    let collections = (
        vec(any::<Option<i64>>(), 0..4),
        vec(vec(any::<String>(), 0..3), 0..3),
        btree_set(any::<String>(), 0..4),
        btree_set(any::<i64>(), 0..4),
        btree_set(vec(any::<u8>(), 0..3), 0..4),
        btree_map(".{1,8}", float(), 0..4),
        proptest::option::of(nested()),
        btree_map(".{1,8}", nested(), 0..3),
    );
    let others =
        (nested(), any::<bool>(), any::<(u32, u128, u64, u32)>(), any::<Option<u32>>(), others());
    (scalars, collections, others).prop_map(|(scalars, collections, others)| {
        let (key, order, text, letter, (small, large, mid), float, flag, array) = scalars;
        let (list, lists, texts, numbers, blobs, map, nested, nests) = collections;
        let (boxed, red, (wrapped, uuid, seconds, nanos), expires, others) = others;
        Everything {
            key,
            order: order.into(),
            cow: text.clone().into(),
            shared: text.as_str().into(),
            bytes: text.clone().into_bytes(),
            text,
            boxed: Box::new(boxed),
            letter,
            small,
            large,
            huge: i128::from(mid) * 1_000_000_007,
            float,
            flag,
            array,
            list,
            lists,
            texts,
            numbers: numbers.into_iter().collect(),
            blobs,
            map,
            nested,
            nests: nests.into_iter().collect(),
            colour: if red { Colour::Red } else { Colour::Blue },
            wrapped: Wrapped(wrapped),
            uuid: Uuid::from_u128(uuid),
            release: Version::new(1, 2, seconds % 7),
            wait: Duration::new(seconds, nanos % 1_000_000_000),
            expires: expires.map(|seconds| Ttl::from_epoch_seconds(seconds.into())),
            others,
        }
    })
}

async fn table() -> Database {
    let (db, _) = store().await;
    Table::<Everything>::create(&db).await.expect("everything");
    db
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What is stored comes back equal; a save that changes nothing changes nothing but the bookkeeping.
    #[test]
    fn every_type_survives_the_store(model in everything()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let db = table().await;
            model.clone().insert(&db).await.expect("an insert");
            let mut read = Everything::get(&db, (&model.key, &model.order)).consistent().await.expect("a read").expect("there");
            assert_eq!(*read, model);
            let before = read.image().clone();
            read.save(&db).await.expect("a save");
            let mut after = read.image().clone();
            after.insert("_write", before.get("_write").expect("a nonce").clone());
            assert_eq!(after, before);
        });
    }
}

#[tokio::test]
async fn each_type_is_stored_as_its_dynamodb_type() -> Outcome {
    let db = table().await;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let tree = everything().new_tree(&mut runner).map_err(|reason| reason.to_string())?;
    let mut model = proptest::strategy::ValueTree::current(&tree);
    model.texts.insert("a".to_owned());
    model.numbers.insert(1);
    model.blobs.insert(vec![1]);
    model.nested = Some(Nested { name: "n".to_owned(), inner: None });
    model.expires = Some(Ttl::from_epoch_seconds(5));
    model.wait = Duration::from_millis(1_500);
    model.colour = Colour::Blue;
    let stored = model.insert(&db).await?;
    for (name, kind) in [
        ("key", "B"),
        ("order", "N"),
        ("text", "S"),
        ("cow", "S"),
        ("shared", "S"),
        ("boxed", "M"),
        ("letter", "S"),
        ("small", "N"),
        ("large", "N"),
        ("huge", "N"),
        ("float", "N"),
        ("flag", "BOOL"),
        ("bytes", "B"),
        ("array", "B"),
        ("list", "L"),
        ("lists", "L"),
        ("texts", "SS"),
        ("numbers", "NS"),
        ("blobs", "BS"),
        ("map", "M"),
        ("nested", "M"),
        ("nests", "M"),
        ("colour", "S"),
        ("wrapped", "N"),
        ("uuid", "S"),
        ("release", "S"),
        ("wait", "N"),
        ("expires", "N"),
        ("others", "M"),
    ] {
        assert_eq!(stored.image().get(name).map(kind_name), Some(kind), "{name}");
    }
    let Some(AttributeValue::M(others)) = stored.image().get("others") else {
        panic!("a map of the other types");
    };
    for (names, kind) in [
        (["jiff_at", "jiff_date", "jiff_local"].as_slice(), "S"),
        (&["chrono_at", "chrono_date", "chrono_local"], "S"),
        (&["jiff_wait", "chrono_wait", "decimal"], "N"),
        (&["bytes"], "B"),
        (&["jiff_days", "uuids", "letters", "releases", "shared"], "SS"),
        (&["decimals", "exact", "huge"], "NS"),
        (&["blobs", "arrays"], "BS"),
        (&["by_uuid", "by_letter", "by_release", "by_text"], "M"),
    ] {
        for name in names {
            assert_eq!(others.get(*name).map(kind_name), Some(kind), "{name}");
        }
    }
    assert_eq!(stored.image().get("wait"), Some(&n("1.5")));
    assert_eq!(stored.image().text("colour"), Some("dark-blue"));
    Ok(())
}

#[test]
fn what_does_not_fit_says_what_was_expected_and_found() {
    fn error<T: Attribute>(value: AttributeValue) -> String {
        T::decode(&value).err().map(|error| error.to_string()).unwrap_or_default()
    }
    fn map(entries: &[(&str, AttributeValue)]) -> AttributeValue {
        AttributeValue::M(entries.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
    }
    const UPPER: &str = "AAAAAAAA-0000-4000-8000-000000000000";
    const LOWER: &str = "aaaaaaaa-0000-4000-8000-000000000000";
    for (error, expected) in [
        (error::<Colour>(s("Green")), "expected one of `Red`, `dark-blue`, found another string"),
        (error::<Colour>(n(1)), "expected one of `Red`, `dark-blue`, found N"),
        (error::<char>(s("ab")), "expected a string of one character, found another string"),
        (error::<Uuid>(s("x")), "expected the hyphenated text of a UUID, found another string"),
        (error::<Version>(s("2")), "expected the text of a semver, found another string"),
        (error::<[u8; 2]>(AttributeValue::B(vec![1].into())), "found binary of another length"),
        (error::<Duration>(n("-1")), "expected a number of seconds, found N below 0"),
        (error::<Duration>(n("0.0000000001")), "finer than nanoseconds"),
        (error::<jiff::SignedDuration>(n("1e25")), "expected a number of seconds, found N out of"),
        (error::<chrono::TimeDelta>(n("0.0000000001")), "finer than nanoseconds"),
        (error::<jiff::Timestamp>(s("2026-07-29T12:00:00")), "time with its offset, found another"),
        (error::<chrono::DateTime<chrono::Utc>>(n(1)), "time with its offset, found N"),
        (error::<jiff::civil::Date>(s("2026-02-30")), "the text of a date, found another string"),
        (error::<Decimal>(n("1.00000000000000000000000000000001")), "too many digits"),
        (
            error::<BTreeMap<Uuid, u8>>(map(&[("x", n(1))])),
            "attribute `x`: expected the hyphenated",
        ),
        (error::<BTreeMap<Uuid, u8>>(map(&[(UPPER, n(1)), (LOWER, n(2))])), "two texts of one key"),
        (error::<Wrapped>(n("-1")), "expected a number (u32), found N"),
        (error::<bool>(n(1)), "expected a boolean, found N"),
        (error::<Nested>(s("x")), "expected a map (Nested), found S"),
    ] {
        assert!(error.contains(expected), "{error}");
    }
}

/// A newer program adds entries to a document; an entry of a map without a value is an entry.
#[tokio::test]
async fn unknown_entries_of_a_document_survive_a_save() -> Outcome {
    #[derive(Debug, Clone, Attribute)]
    struct Inner {
        city: String,
    }
    #[derive(Debug, Clone, Attribute)]
    struct Outer {
        inner: Inner,
        name: String,
    }
    #[derive(Debug, Clone, Model)]
    #[model(table = "nested", validate = false)]
    struct Nested {
        #[model(hash_key)]
        id: u32,
        outer: Outer,
        scores: BTreeMap<String, Option<u32>>,
    }
    let (db, _) = store().await;
    Table::<Nested>::create(&db).await?;
    let map = |entries: &[(&str, AttributeValue)]| {
        AttributeValue::M(entries.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect())
    };
    let inner = map(&[("city", s("Bern")), ("zip", n(3000))]);
    let outer = map(&[("inner", inner), ("name", s("a")), ("extra", n(1))]);
    let scores = map(&[("ann", AttributeValue::Null(true)), ("bob", n(1))]);
    put_raw(&db, "nested", &[("id", n(1)), ("outer", outer), ("scores", scores)]).await;
    let mut nested = Nested::get(&db, 1).await?.expect("there");
    assert_eq!(nested.scores.len(), 2);
    nested.outer.inner.city = "Basel".to_owned();
    nested.scores.insert("cid".to_owned(), None);
    nested.scores.remove("bob");
    nested.save(&db).await?;
    let inner = map(&[("city", s("Basel")), ("zip", n(3000))]);
    let outer = map(&[("inner", inner), ("name", s("a")), ("extra", n(1))]);
    let null = AttributeValue::Null(true);
    let item = stored(&db, "nested", &[("id", n(1))]).await.expect("there");
    assert_eq!(item.get("outer"), Some(&outer));
    assert_eq!(item.get("scores"), Some(&map(&[("ann", null.clone()), ("cid", null)])));
    Ok(())
}

#[tokio::test]
async fn names_are_spelled_as_rename_all_says_and_read_under_their_aliases() -> Outcome {
    #[derive(Debug, Clone, PartialEq, Model)]
    #[model(table = "everything", rename_all = "camelCase", validate = false)]
    struct Renamed {
        #[model(hash_key)]
        key: Vec<u8>,
        #[model(range_key)]
        order: Number,
        #[model(alias = ["mail", "e-mail"])]
        mail_address: String,
        #[model(rename = "as-it-is", alias = "was")]
        kept: Option<Kind>,
    }
    #[derive(Debug, Clone, PartialEq, Attribute)]
    #[model(rename_all = "SCREAMING_SNAKE_CASE")]
    enum Kind {
        NewOne,
        #[model(rename = "old")]
        OldOne,
    }
    let db = table().await;
    let key = || AttributeValue::B(vec![7].into());
    let item = [("key", key()), ("order", n(1)), ("e-mail", s("a@x")), ("was", s("NEW_ONE"))];
    put_raw(&db, "everything", &item).await;
    let mut read = Renamed::get(&db, (&[7], &1_u8.into())).await?.expect("there");
    assert_eq!((read.mail_address.as_str(), &read.kept), ("a@x", &Some(Kind::NewOne)));
    read.kept = Some(Kind::OldOne);
    read.save(&db).await?;
    // What was changed has its own name now, what was not is as it was.
    assert_eq!(read.image().names(), ["_schema", "_write", "as-it-is", "e-mail", "key", "order"]);
    assert_eq!(read.image().text("as-it-is"), Some("old"));
    let renamed = read.into_inner().upsert(&db).await?;
    assert_eq!(
        renamed.image().names(),
        ["_schema", "_write", "as-it-is", "key", "mailAddress", "order"]
    );
    assert_eq!(Renamed::MAIL_ADDRESS.to_string(), "mailAddress");
    Ok(())
}

#[tokio::test]
async fn converters_read_and_write_what_older_programs_stored() -> Outcome {
    use dynamap::{BoolAsNumber, UnixMillis, UnixSeconds};
    use std::time::{SystemTime, UNIX_EPOCH};

    #[derive(Debug, Clone, PartialEq, Model)]
    #[model(table = "everything", validate = false)]
    struct Legacy {
        #[model(hash_key)]
        key: Vec<u8>,
        #[model(range_key)]
        order: Number,
        #[model(with = BoolAsNumber)]
        active: bool,
        #[model(with = UnixSeconds)]
        created: SystemTime,
        #[model(with = UnixMillis, alias = "changed_at")]
        changed: SystemTime,
    }
    let db = table().await;
    for (order, changed, millis) in [(1_u8, 1_500_i64, 1_500), (2, -1, 1), (3, -1_001, 1_001)] {
        let key = AttributeValue::B(vec![7].into());
        let item = [
            ("key", key),
            ("order", n(order)),
            ("active", n(7)),
            ("created", n(-5)),
            ("changed_at", n(changed)),
        ];
        put_raw(&db, "everything", &item).await;
        let mut read = Legacy::get(&db, (&[7], &order.into())).await?.expect("there");
        assert!(read.active);
        assert_eq!(read.created, UNIX_EPOCH - Duration::from_secs(5));
        let distance = Duration::from_millis(millis);
        let expected = if changed < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance };
        assert_eq!(read.changed, expected);
        read.active = false;
        // Rounded down to what the form can hold.
        read.created += Duration::from_millis(300);
        read.changed += Duration::from_nanos(300);
        read.save(&db).await?;
        assert_eq!(read.image().get("active"), Some(&n(0)));
        assert_eq!(read.image().get("created"), Some(&n(-5)));
        assert_eq!(read.image().get("changed_at"), Some(&n(changed)), "not changed in this form");
    }
    let inactive =
        Legacy::scan(&db).filter(Legacy::ACTIVE.eq(&false) & Legacy::CHANGED.not_exists());
    assert_eq!(inactive.try_collect().await?.len(), 3);
    let update = Legacy::update(&db, (&[7], &1_u8.into())).set(Legacy::ACTIVE, &true);
    assert_eq!(update.returning_new().await?.image().get("active"), Some(&n(1)));
    put_raw(
        &db,
        "everything",
        &[("key", AttributeValue::B(vec![8].into())), ("order", n(1)), ("active", s("yes"))],
    )
    .await;
    let error = Legacy::get(&db, (&[8], &1_u8.into())).await.expect_err("no number").to_string();
    assert!(
        error.contains("attribute `active`: expected a boolean as a number, found S"),
        "{error}"
    );
    Ok(())
}

/// An item as another program wrote it: no attribute of dynamap's, numbers in other spellings, fields missing.
#[tokio::test]
async fn a_table_of_another_program_is_read_updated_and_saved() -> Outcome {
    #[derive(Debug, Clone, PartialEq, Model)]
    #[model(table = "everything", validate = false)]
    struct Song {
        #[model(hash_key)]
        key: Vec<u8>,
        #[model(range_key)]
        order: Number,
        #[model(rename = "Title")]
        title: String,
        #[model(rename = "Price")]
        price: Number,
        #[model(rename = "Genres")]
        genres: BTreeSet<String>,
        #[model(rename = "Length")]
        length: Option<Duration>,
    }
    let db = table().await;
    let key = || AttributeValue::B(vec![7].into());
    let genres = AttributeValue::Ss(vec!["rock".to_owned(), "pop".to_owned()]);
    let item = [
        ("key", key()),
        ("order", n("1.0")),
        ("Title", s("Hey")),
        ("Price", n("12.50")),
        ("Genres", genres),
        ("Plays", n(3)),
    ];
    put_raw(&db, "everything", &item).await;

    let mut song = Song::get(&db, (&[7], &"1".parse()?)).await?.expect("there");
    assert_eq!((song.title.as_str(), &song.price, song.length), ("Hey", &"12.5".parse()?, None));
    song.length = Some(Duration::from_secs(200));
    song.save(&db).await?;
    let song = Song::update(&db, (&[7], &"1".parse()?))
        .increment(Song::PRICE, &"0.25".parse()?)
        .delete_from(Song::GENRES, &BTreeSet::from(["rock".to_owned()]))
        .when(Song::TITLE.begins_with("H"))
        .returning_new()
        .await?;
    assert_eq!((&song.price, song.genres.len()), (&"12.75".parse()?, 1));
    assert_eq!(song.image().get("Plays"), Some(&n(3)));
    Ok(())
}
