//! From credentials to a table: what is missing or not allowed is said, and nothing is done.

use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::{Client, Config};
use dynamap::error::TableError;
use dynamap::faults::Fault;
use dynamap::{Database, Error, Model, Table};

use crate::support::{DoomMap, Outcome, store};

#[tokio::test(start_paused = true)]
async fn a_missing_right_names_the_action_and_the_table_at_once() -> Outcome {
    let (db, faults) = store().await;
    let begun = tokio::time::Instant::now();
    for (operation, refused) in [
        ("PutItem", DoomMap::new(1, 1, "Hangar").insert(&db).await.err()),
        ("GetItem", DoomMap::get(&db, (1, 1)).await.err()),
        ("CreateTable", Table::<DoomMap>::create(&db).await.err()),
    ] {
        assert!(!matches!(refused, Some(Error::Denied(_))), "not yet");
        faults.next(operation, Fault::service("AccessDeniedException"));
        let refused = match operation {
            "PutItem" => DoomMap::new(1, 2, "Hangar").insert(&db).await.err(),
            "GetItem" => DoomMap::get(&db, (1, 1)).await.err(),
            _ => Table::<DoomMap>::create(&db).await.err(),
        };
        let refused = refused.expect("not allowed");
        assert!(matches!(&refused, Error::Denied(_)), "{refused:?}");
        let expected = format!("{operation} on table doom_maps is not allowed, nothing was done: ");
        assert!(refused.to_string().starts_with(&expected), "{refused}");
    }
    assert!(begun.elapsed().is_zero(), "nothing was repeated");
    assert!(DoomMap::get(&db, (1, 2)).await?.is_none());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn credentials_that_the_service_does_not_know_are_told_from_a_bad_request() -> Outcome {
    let (db, faults) = store().await;
    for code in
        ["UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException"]
    {
        faults.next("GetItem", Fault::service(code));
        let error = DoomMap::get(&db, (1, 1)).await.expect_err("wrong credentials");
        assert!(matches!(error, Error::Unconfigured(_)), "{code}: {error:?}");
    }
    Ok(())
}

/// A client of DynamoDB itself; nothing is ever sent.
fn client(config: aws_sdk_dynamodb::config::Builder) -> Client {
    Client::from_conf(config.behavior_version(BehaviorVersion::latest()).build())
}

#[tokio::test]
async fn without_credentials_or_a_region_nothing_is_sent_and_nothing_is_unknown() -> Outcome {
    let none = aws_config_without_credentials().await;
    let without_region = client(
        Config::builder()
            .credentials_provider(Credentials::new("id", "secret", None, None, "test")),
    );
    for (client, expected) in [(none, "credential"), (without_region, "Missing Region")] {
        let db = Database::new(client);
        let error =
            DoomMap::new(1, 1, "Hangar").insert(&db).await.expect_err("nothing to sign with");
        assert!(matches!(&error, Error::Unconfigured(_)), "{error:?}");
        assert!(error.to_string().contains(expected), "{error}");
    }
    Ok(())
}

/// As in an environment whose profile does not exist.
async fn aws_config_without_credentials() -> Client {
    let config = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(
            aws_config::profile::ProfileFileCredentialsProvider::builder()
                .profile_name("no-such-profile")
                .build(),
        );
    Client::new(&config.load().await)
}

#[tokio::test]
async fn a_prefix_that_makes_no_name_is_told_by_every_verb() -> Outcome {
    let db = Database::builder(dynamap::embedded::memory()?).table_prefix("staging/").build();
    for error in [
        DoomMap::new(1, 1, "Hangar").insert(&db).await.err(),
        DoomMap::get(&db, (1, 1)).await.err(),
        DoomMap::query(&db, 1).try_collect().await.err(),
        Table::<DoomMap>::exists(&db).await.err(),
    ] {
        let error = error.expect("no name");
        let Error::Table(error) = error else { panic!("{error:?}") };
        assert!(matches!(*error, TableError::IllegalName { .. }), "{error}");
    }
    Ok(())
}
