//! `docs/guide/types.md`: its programs.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use dynamap::testing::TestDatabase;
use dynamap::{
    Attribute, AttributeValue, BoolAsNumber, Convert, DecodeError, EncodeError, Model, UnixSeconds,
    kind,
};
use jiff::Timestamp;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::support::Outcome;

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "concerts", validate = false)]
struct Concert {
    #[model(hash_key)]
    id: Uuid,
    begins: Timestamp, // "2026-11-21T19:30:00.000000000Z"
    price: Decimal,    // 12.5, exactly
    bands: BTreeSet<String>,
    place: Place,
    entry: Entry,
    note: Option<String>, // `None` is no attribute
}

/// A document.
#[derive(Debug, Clone, PartialEq, Attribute)]
struct Place {
    city: String,
    seats: u32,
}

/// A name, such as "Doors".
#[derive(Debug, Clone, PartialEq, Attribute)]
enum Entry {
    Doors,
    Online,
}

fn concert() -> Result<Concert, Box<dyn std::error::Error>> {
    Ok(Concert {
        id: Uuid::from_u128(7),
        begins: "2026-11-21T19:30:00Z".parse()?,
        price: Decimal::new(1250, 2),
        bands: BTreeSet::from(["Ann and Bob".to_owned()]),
        place: Place { city: "Bern".to_owned(), seats: 300 },
        entry: Entry::Doors,
        note: None,
    })
}

#[tokio::test]
async fn every_field_has_its_stored_form_and_comes_back() -> Outcome {
    let test = TestDatabase::builder().with::<Concert>().build().await?;
    let db = test.database().clone();
    let concert = concert()?;

    let stored = concert.clone().insert(&db).await?;
    assert_eq!(stored.image().text("begins"), Some("2026-11-21T19:30:00.000000000Z"));
    assert_eq!(stored.image().text("entry"), Some("Doors"));
    assert!(!stored.image().contains("note"));
    let read = Concert::get(&db, concert.id).await?.ok_or("no concert")?;
    assert_eq!(*read, concert);

    let price = AttributeValue::N("12.5".to_owned());
    assert_eq!(stored.image().get("price"), Some(&price));
    let online = Concert { id: Uuid::from_u128(8), entry: Entry::Online, ..concert };
    assert_eq!(online.insert(&db).await?.image().text("entry"), Some("Online"));
    Ok(())
}

/// Percents as text, such as "12 %".
struct Percent;

impl Convert<u32> for Percent {
    type Kind = kind::S;

    fn encode(value: &u32) -> Result<AttributeValue, EncodeError> {
        Ok(AttributeValue::S(format!("{value} %")))
    }

    fn decode(value: &AttributeValue) -> Result<u32, DecodeError> {
        let text = value.as_s().map_err(|other| DecodeError::kind("a percentage", other))?;
        let number = text.strip_suffix(" %").and_then(|number| number.parse().ok());
        number.ok_or(DecodeError::new("a percentage", "another string"))
    }
}

#[derive(Debug, Clone, Model)]
#[model(table = "accounts", validate = false)]
struct Account {
    #[model(hash_key)]
    id: u64,
    #[model(with = BoolAsNumber)]
    open: bool, // 1
    #[model(with = UnixSeconds)]
    since: SystemTime, // 1795255200
    #[model(with = Percent)]
    interest: u32, // "12 %"
}

#[tokio::test]
async fn what_an_older_program_stored_is_read_by_converters() -> Outcome {
    let test = TestDatabase::builder().with::<Account>().build().await?;
    let db = test.database().clone();
    let older = r#"{"id": {"N": "1"}, "open": {"N": "1"}, "since": {"N": "1795255200"},
        "interest": {"S": "12 %"}}"#;
    test.load_items("accounts", older).await?;

    let account = Account::get(&db, 1).await?.ok_or("no account")?;
    assert_eq!((account.open, account.interest), (true, 12));
    let cheap = Account::scan(&db).filter(Account::INTEREST.eq(&12)).count().await?;
    assert_eq!(cheap, 1); // operands are converted, too

    assert_eq!(account.since.duration_since(UNIX_EPOCH)?.as_secs(), 1_795_255_200);
    Ok(())
}
