//! Points in time, dates and serde types: what older programs stored, the order of texts, the depth of documents.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use dynamap::{
    Attribute, AttributeValue, Convert, DayOrdinal, DecodeError, Error, Iso8601, JsonText, MapKey,
    Model, Serde, Table, UnixMillis, UnixSeconds,
};
use jiff::{SignedDuration, Timestamp, civil};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::support::{Outcome, n, put_raw, s, store};

fn jiff_at(seconds: i64, nanos: i32) -> Timestamp {
    Timestamp::new(seconds, nanos).expect("in range")
}

fn chrono_at(seconds: i64, nanos: i32) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, nanos.cast_unsigned()).expect("in range")
}

fn text(value: &impl Attribute) -> String {
    match value.encode() {
        Ok(Some(AttributeValue::S(text))) => text,
        other => panic!("no text: {other:?}"),
    }
}

proptest! {
    #[test]
    fn the_order_of_texts_is_the_order_of_times(
        a in -62_167_219_200_i64..253_402_207_200,
        distance in -100_000_i64..100_000,
        (a_nanos, b_nanos) in (0..1_000_000_000_i32, 0..1_000_000_000_i32),
    ) {
        let b = (a + distance).clamp(-62_167_219_200, 253_402_207_199);
        for (b, b_nanos) in [(b, b_nanos), (a, b_nanos), (b, a_nanos)] {
            let order = (a, a_nanos).cmp(&(b, b_nanos));
            let (x, y) = (jiff_at(a, a_nanos), jiff_at(b, b_nanos));
            prop_assert_eq!(text(&x).cmp(&text(&y)), order);
            let (v, w) = (chrono_at(a, a_nanos), chrono_at(b, b_nanos));
            prop_assert_eq!(text(&v).cmp(&text(&w)), order);
            // Both crates write the same.
            prop_assert_eq!(text(&x), text(&v));
        }
    }
}

#[test]
fn times_that_would_break_the_order_are_refused() {
    assert!(jiff_at(-62_167_219_201, 0).encode().is_err(), "the year -1");
    assert!(civil::date(-1, 1, 1).encode().is_err());
    assert!(DateTime::<Utc>::MAX_UTC.encode().is_err());
    let leap = NaiveDate::from_ymd_opt(2016, 12, 31)
        .and_then(|day| day.and_hms_nano_opt(23, 59, 59, 1_000_000_000));
    assert!(leap.expect("a leap second").encode().is_err());
    // What could not be written again is not read either.
    assert!(Timestamp::decode(&s("0000-01-01T00:00:00+01:00")).is_err());
    assert!(DateTime::<Utc>::decode(&s("0000-01-01T00:00:00+01:00")).is_err());
}

#[test]
fn what_older_programs_stored_is_read_and_written_in_one_form() -> Outcome {
    fn both<C, T>(stored: AttributeValue, value: &T, written: AttributeValue)
    where
        C: Convert<T>,
        T: PartialEq + std::fmt::Debug,
    {
        assert_eq!(&C::decode(&stored).expect("is read"), value, "{stored:?}");
        assert_eq!(C::encode(value).expect("is written"), written, "{stored:?}");
    }
    for (stored, seconds, nanos) in [
        ("2019-05-01T10:20:30.5+02:00", 1_556_698_830, 500_000_000),
        ("2019-05-01 08:20:30.500000", 1_556_698_830, 500_000_000),
        ("2019-05-01T08:20:30Z", 1_556_698_830, 0),
        ("2019-05-01", 1_556_668_800, 0),
    ] {
        let (at, same) = (jiff_at(seconds, nanos), chrono_at(seconds, nanos));
        both::<Iso8601, _>(s(stored), &at, s(&text(&at)));
        both::<Iso8601, _>(s(stored), &same, s(&text(&at)));
    }
    assert_eq!(text(&jiff_at(1_556_698_830, 5)), "2019-05-01T08:20:30.000000005Z");
    for (stored, seconds, nanos, written) in [
        (n("1556698830"), 1_556_698_830, 0, n("1556698830")),
        (n("1556698830.123456"), 1_556_698_830, 123_456_000, n("1556698830")),
        (n("1.55669883E+9"), 1_556_698_830, 0, n("1556698830")),
        (n("-0.25"), -1, 750_000_000, n("-1")),
    ] {
        both::<UnixSeconds, _>(stored.clone(), &jiff_at(seconds, nanos), written.clone());
        both::<UnixSeconds, _>(stored.clone(), &chrono_at(seconds, nanos), written.clone());
        let at = SystemTime::from(jiff_at(seconds, nanos));
        both::<UnixSeconds, _>(stored, &at, written);
    }
    both::<UnixMillis, _>(n("1500.5"), &jiff_at(1, 500_500_000), n("1500"));
    both::<UnixMillis, _>(n("-1"), &chrono_at(-1, 999_000_000), n("-1"));
    both::<UnixMillis, _>(n("1500"), &(UNIX_EPOCH + Duration::from_millis(1500)), n("1500"));
    // `date(…).toordinal()` of Python.
    for (ordinal, year, month, day) in
        [(1, 1, 1, 1), (719_163, 1970, 1, 1), (737_060, 2019, 1, 1), (3_652_059, 9999, 12, 31)]
    {
        let number = n(ordinal);
        let date = civil::date(year, month.try_into()?, day.try_into()?);
        both::<DayOrdinal, _>(number.clone(), &date, number.clone());
        let date = NaiveDate::from_ymd_opt(year.into(), month, day).expect("a date");
        both::<DayOrdinal, _>(number.clone(), &date, number);
    }
    assert_eq!(SignedDuration::decode(&n("-1.5"))?, SignedDuration::from_millis(-1_500));
    assert_eq!(TimeDelta::decode(&n("-1.5"))?, TimeDelta::milliseconds(-1_500));
    assert_eq!(TimeDelta::milliseconds(-1_500).encode()?, Some(n("-1.5")));
    assert_eq!(Decimal::decode(&n("1.2E-3"))?, Decimal::new(12, 4));
    assert_eq!(Decimal::decode(&n("12E+3"))?, Decimal::from(12_000));
    let finer = <UnixSeconds as Convert<Timestamp>>::decode(&n("1.0000000001"));
    assert!(finer.expect_err("not rounded").to_string().contains("finer than nanoseconds"));
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Settings {
    theme: String,
    sizes: Vec<u32>,
    limit: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "old", validate = false)]
struct Old {
    #[model(hash_key)]
    at: Timestamp,
    #[model(range_key)]
    price: Decimal,
    #[model(with = JsonText)]
    json: Settings,
    #[model(with = Serde)]
    native: Settings,
    #[model(with = DayOrdinal)]
    day: civil::Date,
}

#[tokio::test]
async fn serde_types_are_stored_as_json_text_and_as_native_values() -> Outcome {
    let (db, _) = store().await;
    Table::<Old>::create(&db).await?;
    let settings = AttributeValue::M(
        [
            ("theme".to_owned(), s("dark")),
            ("sizes".to_owned(), AttributeValue::L(vec![n(1), n(2)])),
            ("limit".to_owned(), AttributeValue::Null(true)),
        ]
        .into(),
    );
    let item = [
        ("at", s("2026-07-29T12:00:00.000000000Z")),
        ("price", n("1.50")),
        ("json", s(r#"{"sizes": [3], "theme": "light", "limit": 0.5}"#)),
        ("native", settings.clone()),
        ("day", n(739_826)),
    ];
    put_raw(&db, "old", &item).await;
    // A point in time and a decimal are keys: by value, whatever their offset or trailing zeros.
    let key = ("2026-07-29T14:00:00+02:00".parse()?, Decimal::new(15, 1));
    let mut read = Old::get(&db, key).await?.expect("there");
    assert_eq!((read.json.theme.as_str(), read.json.limit), ("light", Some(0.5)));
    assert_eq!((read.native.theme.as_str(), read.native.limit), ("dark", None));
    assert_eq!(read.day, civil::date(2026, 7, 29));
    let native = read.native.clone();
    read.json.sizes.clear();
    read.save(&db).await?;
    assert_eq!(read.image().text("json"), Some(r#"{"theme":"light","sizes":[],"limit":0.5}"#));
    assert_eq!(read.image().get("native"), Some(&settings));
    let found = Old::scan(&db).filter(Old::NATIVE.eq(&native) & Old::PRICE.lt(Decimal::TWO));
    assert_eq!(found.try_collect().await?.len(), 1);
    read.native.limit = Some(f64::INFINITY);
    let error = read.save(&db).await.expect_err("no number").to_string();
    assert!(error.contains("native"), "{error}");
    Ok(())
}

/// A document as deep as the program makes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Deep(Option<BTreeMap<String, Deep>>);

impl Deep {
    /// So many maps inside each other, with a NULL inside the last.
    fn of(maps: usize) -> Self {
        let wrap = |inner, _| Self(Some(BTreeMap::from([("m".to_owned(), inner)])));
        (0..maps).fold(Self(None), wrap)
    }
}

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "deep", validate = false)]
struct Document {
    #[model(hash_key)]
    id: u64,
    #[model(with = Serde)]
    body: Deep,
}

#[tokio::test]
async fn a_value_nested_too_deep_is_refused_before_anything_is_sent() -> Outcome {
    let (db, faults) = store().await;
    Table::<Document>::create(&db).await?;
    let mut stored = Document { id: 1, body: Deep::of(31) }.insert(&db).await?;
    let read = Document::get(&db, 1).consistent().await?.expect("there");
    assert_eq!(*read, Document { id: 1, body: Deep::of(31) });
    Document::update(&db, 1).set(Document::BODY, &Deep::of(31)).await?;
    faults.clear_log();
    stored.body = Deep::of(32);
    let too_deep = Document { id: 2, body: Deep::of(32) };
    let update = Document::update(&db, 1).set(Document::BODY, &Deep::of(32));
    for result in
        [too_deep.insert(&db).await.map(drop), stored.save(&db).await, update.await.map(drop)]
    {
        let error = result.expect_err("too deep");
        assert!(matches!(error, Error::Limit { limit: 32, found: 33, .. }), "{error:?}");
    }
    assert_eq!(faults.requests().len(), 0);
    Ok(())
}

/// A key whose text ignores case, as a careless program would write it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Login(String);

impl MapKey for Login {
    fn to_key(&self) -> Cow<'_, str> {
        Cow::Owned(self.0.to_lowercase())
    }

    fn from_key(key: &str) -> Result<Self, DecodeError> {
        Ok(Self(key.to_owned()))
    }
}

#[test]
fn two_keys_of_a_map_with_one_text_are_refused_and_none_is_dropped() {
    let scores = |keys: [&str; 2]| BTreeMap::from(keys.map(|key| (Login(key.to_owned()), 1_u8)));
    assert!(scores(["ann", "bob"]).encode().is_ok());
    let error = scores(["ann", "Ann"]).encode().expect_err("one would be lost");
    assert!(error.to_string().contains("two keys of a map have the same text"), "{error}");
}
