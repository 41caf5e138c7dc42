//! The chapter "From boto3 and PynamoDB".

use std::collections::BTreeSet;

use dynamap::{
    AttributeValue, Convert, Database, DecodeError, EncodeError, Error, JsonText, Model, Number,
    Table, Transaction, kind,
};
use jiff::{SignedDuration, Timestamp};

use crate::support::{Outcome, n, put_raw, s, stored};

#[derive(Debug, Clone, Model)]
#[model(table = "accounts", validate = false)]
struct Account {
    #[model(hash_key)]
    id: u64,
    owner: String,
    balance: i64,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "prices", validate = false)]
struct Price {
    #[model(hash_key)]
    sku: String,
    price: Number,
}

#[derive(Debug, Clone, Model)]
#[model(table = "events", validate = false)]
struct Event {
    #[model(hash_key)]
    id: u64,
    #[model(with = PynamoTime)]
    at: Timestamp,
    tags: BTreeSet<String>,
    #[model(with = JsonText)]
    payload: serde_json::Value,
    #[model(version)]
    version: u64,
}

/// `2026-11-21T12:30:00.000000+0000`, as `UTCDateTimeAttribute` reads and writes it.
struct PynamoTime;

impl Convert<Timestamp> for PynamoTime {
    type Kind = kind::S;

    fn encode(at: &Timestamp) -> Result<AttributeValue, EncodeError> {
        Ok(AttributeValue::S(at.strftime("%Y-%m-%dT%H:%M:%S%.6f+0000").to_string()))
    }

    fn decode(value: &AttributeValue) -> Result<Timestamp, DecodeError> {
        let text = value.as_s().map_err(|other| DecodeError::kind("a time", other))?;
        let at = Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text);
        at.map_err(|_| DecodeError::new("a time", "another text"))
    }
}

async fn bank() -> Result<Database, Box<dyn std::error::Error>> {
    let db = Database::new(dynamap::embedded::memory()?);
    Table::<Account>::create(&db).await?;
    Table::<Price>::create(&db).await?;
    Table::<Event>::create(&db).await?;
    for (id, owner, balance) in [(1, "Ann", 100), (2, "Bob", 0)] {
        Account { id, owner: owner.to_owned(), balance, version: 0 }.insert(&db).await?;
    }
    Ok(db)
}

#[tokio::test]
async fn what_boto3_does_in_three_calls_is_a_struct_and_a_verb() -> Outcome {
    let db = bank().await?;
    let mut account = Account::get(&db, 1).consistent().await?.ok_or("no account")?;
    account.balance -= 30;
    account.save(&db).await?; // what changed, under the version that was read

    Account::update(&db, 1).add(Account::BALANCE, -30).when(Account::BALANCE.ge(30)).await?;

    let rich = Account::scan(&db).filter(Account::BALANCE.gt(10)).try_collect().await?;
    assert_eq!(rich.len(), 1);

    assert_eq!((rich[0].owner.as_str(), rich[0].balance), ("Ann", 40));
    assert!(Account::get(&db, 9).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn a_transfer_is_work_and_not_a_list_of_operations() -> Outcome {
    let db = bank().await?;
    Transaction::run(&db, |tx| async move {
        let mut from = Account::get(&tx, 1).await?.expect("account 1");
        let mut to = Account::get(&tx, 2).await?.expect("account 2");
        from.balance -= 30;
        to.balance += 30;
        tx.save(from)?;
        tx.save(to)?;
        Ok::<_, Error>(())
    })
    .await?;
    assert_eq!(Account::get(&db, 2).await?.expect("account 2").balance, 30);
    Ok(())
}

#[tokio::test]
async fn numbers_are_exact() -> Outcome {
    let db = bank().await?;
    let price: Number = "19.99".parse()?;
    Price { sku: "lamp".to_owned(), price }.insert(&db).await?;
    let item = stored(&db, "prices", &[("sku", s("lamp"))]).await.expect("a price");
    assert_eq!(item.get("price"), Some(&n("19.99")));
    Ok(())
}

/// The item that PynamoDB 6.1 puts, attribute by attribute.
async fn put_by_pynamo(db: &Database, version: u64, tag: &str) {
    let item = [
        ("id", n(1)),
        ("at", s("2026-11-21T12:30:00.000000+0000")),
        ("tags", AttributeValue::Ss(vec![tag.to_owned()])),
        ("payload", s(r#"{"a": [1]}"#)),
        ("version", n(version)),
    ];
    put_raw(db, "events", &item).await;
}

#[tokio::test]
async fn a_table_is_shared_with_pynamodb() -> Outcome {
    let db = bank().await?;
    put_by_pynamo(&db, 1, "new").await;
    let mut event = Event::get(&db, 1).await?.expect("an event");
    assert_eq!(event.at.to_string(), "2026-11-21T12:30:00Z");
    assert_eq!((event.payload["a"][0].as_i64(), event.version), (Some(1), 1));

    event.tags.insert("seen".to_owned());
    event.at += SignedDuration::from_hours(1);
    event.save(&db).await?; // from now on a save of PynamoDB's version 1 fails
    let item = stored(&db, "events", &[("id", n(1))]).await.expect("an event");
    assert_eq!(item.get("version"), Some(&n(2)));
    assert_eq!(item.text("at"), Some("2026-11-21T13:30:00.000000+0000"));

    put_by_pynamo(&db, 3, "theirs").await; // a save of PynamoDB's, on version 2
    event.tags.clear();
    let error = event.save(&db).await.expect_err("version 3 is stored");
    assert!(error.is_conflict());
    assert!(error.winner::<Event>()?.expect("theirs").tags.contains("theirs"));
    Ok(())
}
