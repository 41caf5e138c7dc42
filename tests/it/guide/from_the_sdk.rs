//! The chapter "From the SDK for Rust".

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::ReturnValue;
use dynamap::faults::{Fault, Faults};
use dynamap::{AttributeValue, Database, Model, Table};

use crate::support::{Outcome, n, s, stored};

type Failure = Box<dyn std::error::Error + Send + Sync>;

mod by_hand {
    use super::{AttributeValue, Client, Failure};

    pub async fn withdraw(client: &Client, id: u64, amount: i64) -> Result<i64, Failure> {
        let key = AttributeValue::N(id.to_string());
        let found = client
            .get_item()
            .table_name("accounts")
            .key("id", key.clone())
            .consistent_read(true)
            .send()
            .await?;
        let item = found.item.ok_or("no account")?;
        let number = |name: &str| item.get(name)?.as_n().ok()?.parse::<i64>().ok();
        let balance = number("balance").ok_or("no balance")? - amount;
        let version = number("version").ok_or("no version")?;
        client
            .update_item()
            .table_name("accounts")
            .key("id", key)
            .update_expression("SET #balance = :balance, #version = :next")
            .condition_expression("#version = :version")
            .expression_attribute_names("#balance", "balance")
            .expression_attribute_names("#version", "version")
            .expression_attribute_values(":balance", AttributeValue::N(balance.to_string()))
            .expression_attribute_values(":version", AttributeValue::N(version.to_string()))
            .expression_attribute_values(":next", AttributeValue::N((version + 1).to_string()))
            .send()
            .await?;
        Ok(balance)
    }
}

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

async fn withdraw(db: &Database, id: u64, amount: i64) -> Result<i64, Failure> {
    let mut account = Account::get(db, id).consistent().await?.ok_or("no account")?;
    account.balance -= amount;
    account.save(db).await?;
    Ok(account.balance)
}

/// A client, a database on it, and an account as another program wrote it.
async fn bank() -> Result<(Client, Database, Faults), Box<dyn std::error::Error>> {
    let faults = Faults::new();
    let client = faults.wrap(&dynamap::embedded::memory()?)?;
    let db = Database::builder(client.clone()).seed(7).build();
    Table::<Account>::create(&db).await?;
    let put = client.put_item().table_name("accounts").item("id", n(1)).item("owner", s("Ann"));
    put.item("balance", n(100)).item("version", n(3)).item("note", s("vip")).send().await?;
    faults.clear_log();
    Ok((client, db, faults))
}

#[tokio::test]
async fn both_do_the_same_where_every_answer_arrives() -> Outcome {
    let (client, db, faults) = bank().await?;
    assert_eq!(by_hand::withdraw(&client, 1, 10).await.map_err(|e| e.to_string())?, 90);
    assert_eq!(withdraw(&db, 1, 10).await.map_err(|e| e.to_string())?, 80);
    let operations: Vec<_> = faults.requests().into_iter().map(|r| r.operation).collect();
    assert_eq!(operations, ["GetItem", "UpdateItem", "GetItem", "UpdateItem"]);
    assert_eq!(Account::get(&db, 1).await?.expect("there").version, 5);
    Ok(())
}

#[tokio::test]
async fn a_lost_answer_is_a_conflict_with_itself_by_hand_and_a_success_here() -> Outcome {
    let (client, db, faults) = bank().await?;
    faults.next("UpdateItem", Fault::LoseAnswer);
    let by_hand = by_hand::withdraw(&client, 1, 10).await;
    // The SDK sent it twice. The first one was applied, and the second one met its version.
    assert!(by_hand.is_err());
    assert_eq!(Account::get(&db, 1).await?.expect("there").balance, 90);

    faults.next("UpdateItem", Fault::LoseAnswer);
    assert_eq!(withdraw(&db, 1, 10).await.map_err(|e| e.to_string())?, 80);
    Ok(())
}

#[tokio::test]
async fn a_table_is_taken_over_as_it_is() -> Outcome {
    let (client, db, _) = bank().await?;
    let mut ann = Account::get(&db, 1).await?.expect("Ann, as another program wrote her");
    ann.balance += 1;
    ann.save(&db).await?;

    let found = client.get_item().table_name("accounts").key("id", n(1)).send().await?;
    let item = found.item.expect("Ann");
    assert_eq!(item["note"], s("vip")); // what the struct does not know stays
    assert_eq!(item["version"], n(4));
    assert!(item.contains_key("_schema") && item.contains_key("_write")); // this is new
    Ok(())
}

#[tokio::test]
async fn a_program_beside_is_noticed_by_the_version_or_by_the_lost_nonce() -> Outcome {
    let (client, db, _) = bank().await?;
    let put = |balance: i64| {
        let put = client.put_item().table_name("accounts").item("id", n(1)).item("owner", s("Ann"));
        put.item("balance", n(balance)).item("version", n(4))
    };
    let mut mine = Account::get(&db, 1).await?.expect("Ann");
    mine.balance = 0;
    by_hand::withdraw(&client, 1, 10).await.map_err(|e| e.to_string())?;
    assert!(mine.save(&db).await.expect_err("another version").is_conflict());

    // The whole item, under the same version: the nonce is gone.
    withdraw(&db, 1, 0).await.map_err(|e| e.to_string())?;
    let mut mine = Account::get(&db, 1).await?.expect("Ann");
    put(7).item("version", n(mine.version)).send().await?;
    mine.balance = 0;
    assert!(mine.save(&db).await.expect_err("no nonce").is_conflict());
    assert_eq!(
        stored(&db, "accounts", &[("id", n(1))]).await.expect("Ann").get("balance"),
        Some(&n(7))
    );
    Ok(())
}

#[tokio::test]
async fn every_builder_hands_over_its_request() -> Outcome {
    let (_, db, _) = bank().await?;
    let request = Account::update(&db, 1).add(Account::BALANCE, 5).into_sdk()?;
    let answer = request.return_values(ReturnValue::UpdatedOld).send().await?;
    assert_eq!(answer.attributes.expect("what was changed")["balance"], n(100));
    Ok(())
}

#[tokio::test]
async fn raw_items_become_models_and_models_raw_items() -> Outcome {
    let (client, db, _) = bank().await?;
    let raw = client.get_item().table_name("accounts").key("id", n(1)).send().await?.item;
    let ann = Account::decode(raw.expect("Ann").into())?; // can be saved
    assert_eq!((ann.owner.as_str(), ann.balance), ("Ann", 100));

    let item = Account { id: 2, owner: "Bob".to_owned(), balance: 0, version: 1 }.encode()?;
    client.put_item().table_name("accounts").set_item(Some(item.into_inner())).send().await?;

    assert_eq!(Account::get(&db, 2).await?.expect("Bob").owner, "Bob");
    Ok(())
}
