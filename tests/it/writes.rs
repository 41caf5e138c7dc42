//! Insert, save, delete: conditions, conflicts, what survives.

use dynamap::error::{Conflict, Reason};
use dynamap::{AttributeValue, Error, Model};

use crate::support::{Account, DoomMap, Outcome, Profile, account, n, put_raw, s, store, stored};

fn conflict(error: &Error) -> &Conflict {
    match error {
        Error::Conflict(conflict) => conflict,
        other => panic!("expected a conflict, got {other:?}"),
    }
}

fn reason(error: &Error) -> &Reason {
    conflict(error).failures()[0].reason()
}

#[tokio::test]
async fn what_is_inserted_can_be_read() -> Outcome {
    let (db, _) = store().await;
    let mut profile = Profile::new("ann");
    profile.name = Some("Ann".to_owned());
    profile.scores.insert("chess".to_owned(), vec![1.5, -2e30]);
    let inserted = profile.clone().insert(&db).await?;
    assert_eq!(*inserted, profile);
    let read = Profile::get(&db, "ann").consistent().await?.expect("there");
    assert_eq!(*read, profile);
    assert_eq!(read.image().text("display-name"), Some("Ann"));
    Ok(())
}

#[tokio::test]
async fn a_missing_item_reads_as_none() -> Outcome {
    let (db, _) = store().await;
    assert!(DoomMap::get(&db, (1, 1)).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn an_insert_starts_at_version_1_whatever_the_field_holds() -> Outcome {
    let (db, _) = store().await;
    let mut map = DoomMap::new(1, 1, "Hangar");
    map.version = 77;
    assert_eq!(map.insert(&db).await?.version, 1);
    Ok(())
}

#[tokio::test]
async fn a_duplicate_insert_fails_and_carries_the_item_that_is_there() -> Outcome {
    let (db, _) = store().await;
    DoomMap::new(1, 1, "Hangar").insert(&db).await?;
    let error = DoomMap::new(1, 1, "Other").insert(&db).await.expect_err("a duplicate");
    assert_eq!(reason(&error), &Reason::AlreadyExists);
    assert!(!error.is_retryable());
    assert_eq!(error.winner::<DoomMap>()?.expect("the item").name, "Hangar");
    assert_eq!(DoomMap::get(&db, (1, 1)).consistent().await?.expect("there").name, "Hangar");
    Ok(())
}

#[tokio::test]
async fn an_invalid_model_is_refused_before_anything_is_sent() -> Outcome {
    let (db, faults) = store().await;
    let error = Account::of("", -1).insert(&db).await.expect_err("invalid");
    assert!(error.is_invalid());
    let text = error.to_string();
    assert!(text.contains("owner") && text.contains("balance"), "{text}");
    assert!(faults.requests().is_empty(), "no id was spent");

    let mut ann = Account::of("Ann", 1).insert(&db).await?;
    faults.clear_log();
    ann.balance = -5;
    assert!(ann.save(&db).await.expect_err("invalid").is_invalid());
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_save_sends_the_difference_only_and_every_name_as_a_placeholder() -> Outcome {
    let (db, faults) = store().await;
    let mut ann = Account::of("Ann", 1).insert(&db).await?;
    faults.clear_log();
    ann.balance = 2;
    ann.save(&db).await?;
    assert_eq!(ann.version, 2);
    let request = &faults.requests()[0];
    assert_eq!(request.operation, "UpdateItem");
    let names = request.body["ExpressionAttributeNames"].as_object().expect("names");
    let mut sent: Vec<&str> = names.values().filter_map(|name| name.as_str()).collect();
    sent.sort_unstable();
    assert_eq!(sent, ["_write", "balance", "version"]);
    for field in ["UpdateExpression", "ConditionExpression"] {
        let text = request.body[field].as_str().expect("an expression");
        for name in ["_write", "balance", "version"] {
            assert!(!text.contains(name), "{field} names {name} literally: {text}");
        }
    }
    assert_eq!(request.body["ReturnValuesOnConditionCheckFailure"], "ALL_OLD");
    Ok(())
}

#[tokio::test]
async fn a_stale_save_fails_keeps_the_model_and_carries_the_winner() -> Outcome {
    let (db, _) = store().await;
    let mut mine = Account::of("Ann", 1).insert(&db).await?;
    let mut theirs = mine.clone();
    theirs.balance = 5;
    theirs.save(&db).await?;

    mine.balance = 9;
    let error = mine.save(&db).await.expect_err("stale");
    assert_eq!(reason(&error), &Reason::Changed { expected: Some(1), actual: Some(2) });
    assert!(error.is_retryable());
    assert_eq!((mine.balance, mine.version), (9, 1));
    let mut winner = error.winner::<Account>()?.expect("the winner");
    assert_eq!((winner.balance, winner.version), (5, 2));
    // The winner can be changed and saved without another read.
    winner.balance = 9;
    winner.save(&db).await?;
    assert_eq!(account(&db, mine.id).await.balance, 9);
    Ok(())
}

#[tokio::test]
async fn a_save_tells_deleted_from_recreated() -> Outcome {
    let (db, _) = store().await;
    let mut mine = DoomMap::new(1, 1, "Hangar").insert(&db).await?;
    mine.clone().delete(&db).await?;
    let error = mine.save(&db).await.expect_err("deleted");
    assert_eq!(reason(&error), &Reason::Deleted);
    assert!(error.winner::<DoomMap>()?.is_none());

    // Version 1 again, but another life of the key.
    DoomMap::new(1, 1, "New").insert(&db).await?;
    let error = mine.save(&db).await.expect_err("recreated");
    assert_eq!(reason(&error), &Reason::Recreated);
    assert_eq!(error.winner::<DoomMap>()?.expect("there").name, "New");
    Ok(())
}

#[tokio::test]
async fn a_stale_delete_fails_and_carries_the_winner() -> Outcome {
    let (db, _) = store().await;
    let mine = Account::of("Ann", 1).insert(&db).await?;
    let mut theirs = mine.clone();
    theirs.balance = 5;
    theirs.save(&db).await?;
    let id = mine.id;
    let error = mine.delete(&db).await.expect_err("stale");
    assert_eq!(reason(&error), &Reason::Changed { expected: Some(1), actual: Some(2) });
    assert_eq!(error.winner::<Account>()?.expect("there").balance, 5);
    assert_eq!(account(&db, id).await.balance, 5);
    Ok(())
}

#[tokio::test]
async fn the_version_field_cannot_be_used_to_get_past_the_check() -> Outcome {
    let (db, _) = store().await;
    let mut mine = Account::of("Ann", 1).insert(&db).await?;
    let mut theirs = mine.clone();
    theirs.save(&db).await?;
    mine.version = 2;
    assert!(mine.save(&db).await.expect_err("stale").is_conflict());
    Ok(())
}

#[tokio::test]
async fn unknown_attributes_survive_a_save() -> Outcome {
    let (db, _) = store().await;
    let extra = AttributeValue::L(vec![n(1), s("two")]);
    let item = [("id", n(1)), ("owner", s("Ann")), ("balance", n("1.0")), ("extra", extra.clone())];
    put_raw(&db, "accounts", &item).await;
    let mut ann = account(&db, 1).await;
    assert_eq!(ann.version, 0);
    ann.balance = 2;
    ann.save(&db).await?;
    let item = stored(&db, "accounts", &[("id", n(1))]).await.expect("there");
    assert_eq!(item.get("extra"), Some(&extra));
    assert_eq!(item.get("balance"), Some(&n(2)));
    Ok(())
}

#[tokio::test]
async fn an_item_older_than_versions_is_adopted_at_its_first_save() -> Outcome {
    let (db, _) = store().await;
    put_raw(&db, "accounts", &[("id", n(1)), ("owner", s("Ann")), ("balance", n(1))]).await;
    let (mut mine, mut theirs) = (account(&db, 1).await, account(&db, 1).await);
    theirs.balance = 2;
    theirs.save(&db).await?;
    assert_eq!(theirs.version, 1);
    mine.balance = 3;
    let error = mine.save(&db).await.expect_err("stale");
    assert_eq!(reason(&error), &Reason::Changed { expected: None, actual: Some(1) });

    // A program that knows no versions changed what this one is about to change.
    put_raw(&db, "accounts", &[("id", n(2)), ("owner", s("Bob")), ("balance", n(1))]).await;
    let mut bob = account(&db, 2).await;
    put_raw(&db, "accounts", &[("id", n(2)), ("owner", s("Bob")), ("balance", n(7))]).await;
    bob.balance = 2;
    assert!(bob.save(&db).await.expect_err("stale").is_conflict());
    Ok(())
}

#[tokio::test]
async fn a_model_without_a_version_detects_conflicts_too() -> Outcome {
    let (db, _) = store().await;
    let mut mine = Profile::new("ann").insert(&db).await?;
    let mut theirs = mine.clone();
    theirs.name = Some("Ann".to_owned());
    theirs.save(&db).await?;
    mine.avatar = vec![];
    assert!(mine.save(&db).await.expect_err("stale").is_conflict());
    assert!(mine.delete(&db).await.expect_err("stale").is_conflict());

    // An update by a program that knows no nonce, on the attribute that this one changes.
    let mut mine = Profile::get(&db, "ann").consistent().await?.expect("there");
    db.client()
        .update_item()
        .table_name("profiles")
        .key("login", s("ann"))
        .update_expression("SET avatar = :a")
        .expression_attribute_values(":a", s("gone"))
        .send()
        .await?;
    mine.avatar = vec![9];
    assert!(mine.save(&db).await.expect_err("stale").is_conflict());
    Ok(())
}

#[tokio::test]
async fn a_program_that_keeps_only_the_version_is_respected() -> Outcome {
    let (db, _) = store().await;
    let mut mine = Account::of("Ann", 1).insert(&db).await?;
    db.client()
        .update_item()
        .table_name("accounts")
        .key("id", n(1))
        .update_expression("SET #v = :v")
        .expression_attribute_names("#v", "version")
        .expression_attribute_values(":v", n(2))
        .send()
        .await?;
    mine.balance = 2;
    let error = mine.save(&db).await.expect_err("stale");
    assert_eq!(reason(&error), &Reason::Changed { expected: Some(1), actual: Some(2) });
    Ok(())
}

#[tokio::test]
async fn a_changed_key_is_refused() -> Outcome {
    let (db, faults) = store().await;
    let mut map = DoomMap::new(1, 1, "Hangar").insert(&db).await?;
    faults.clear_log();
    map.map = 2;
    let error = map.save(&db).await.expect_err("a changed key");
    assert!(matches!(error, Error::KeyChanged(_)));
    assert!(error.to_string().contains("episode = 1, map = 1"), "{error}");
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn an_empty_key_is_refused_before_anything_is_sent() -> Outcome {
    let (db, faults) = store().await;
    let error = Profile::new("").insert(&db).await.expect_err("an empty key");
    assert!(matches!(error, Error::Encode { .. }), "{error:?}");
    assert!(Profile::get(&db, "").await.is_err());
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_default_fills_what_would_be_absent_on_insert_and_a_cleared_value_stays_cleared()
-> Outcome {
    let (db, _) = store().await;
    let mut map = DoomMap::new(1, 1, "Hangar").insert(&db).await?;
    assert!(map.cheats.contains("Konami"));
    map.cheats.clear();
    map.save(&db).await?;
    let map = DoomMap::get(&db, (1, 1)).consistent().await?.expect("there");
    assert!(map.cheats.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_save_does_not_write_what_was_only_read() -> Outcome {
    let (db, _) = store().await;
    // No `cheats`, which read as their default.
    put_raw(&db, "doom_maps", &[("episode", n(1)), ("map", n(1)), ("name", s("Hangar"))]).await;
    let mut map = DoomMap::get(&db, (1, 1)).await?.expect("there");
    assert!(map.cheats.contains("Konami"));
    map.name.push('!');
    map.save(&db).await?;
    assert!(!map.image().contains("cheats"), "a default is never written by an update");
    map.cheats.insert("IDDQD".to_owned());
    map.save(&db).await?;
    let stored = stored(&db, "doom_maps", &[("episode", n(1)), ("map", n(1))]).await;
    let cheats = AttributeValue::Ss(vec!["IDDQD".to_owned(), "Konami".to_owned()]);
    assert!(stored.expect("there").get("cheats").is_some_and(|v| dynamap::same(v, &cheats)));
    Ok(())
}

#[tokio::test]
async fn changes_tells_what_a_save_would_send_and_reload_forgets_them() -> Outcome {
    let (db, _) = store().await;
    let mut ann =
        Profile { name: Some("Ann".to_owned()), ..Profile::new("ann") }.insert(&db).await?;
    let (set, removed) = ann.changes()?;
    assert!(set.is_empty() && removed.is_empty());
    ann.name = None;
    ann.avatar = vec![9];
    let (set, removed) = ann.changes()?;
    assert_eq!((set.names(), removed), (vec!["avatar"], vec!["display-name".to_owned()]));

    let mut theirs = Profile::get(&db, "ann").consistent().await?.expect("there");
    theirs.address.zip = 1;
    theirs.save(&db).await?;
    ann.reload(&db).await?;
    assert_eq!((ann.address.zip, ann.name.as_deref()), (1, Some("Ann")));
    ann.save(&db).await?;
    theirs.reload(&db).await?;
    theirs.delete(&db).await?;
    assert!(ann.reload(&db).await.expect_err("gone").is_not_found());
    Ok(())
}

#[tokio::test]
async fn delete_by_key_asks_for_what_it_expects() -> Outcome {
    let (db, _) = store().await;
    for map in 1..=3 {
        DoomMap::new(1, map, "Hangar").insert(&db).await?;
    }
    let no_longer = DoomMap::NAME.eq("Other");
    let error = DoomMap::delete(&db, (1, 1)).when(no_longer).await.expect_err("another name");
    assert_eq!(reason(&error), &Reason::Condition);
    assert!(!error.is_retryable());
    assert_eq!(error.winner::<DoomMap>()?.expect("there").name, "Hangar");

    DoomMap::delete(&db, (1, 1)).when(DoomMap::NAME.eq("Hangar") & DoomMap::VERSION.le(1)).await?;
    DoomMap::delete(&db, (1, 2)).unchecked().await?;
    DoomMap::delete(&db, (1, 2)).unchecked().await?;
    assert_eq!(DoomMap::query(&db, 1).try_collect().await?.len(), 1);

    let error = DoomMap::delete(&db, (1, 1)).when(DoomMap::NAME.eq("Hangar")).await;
    assert!(error.expect_err("gone").is_not_found());
    assert!(Profile::delete(&db, "nobody").await.expect_err("nobody").is_not_found());
    Ok(())
}

#[tokio::test]
async fn errors_and_debug_never_show_attribute_values() -> Outcome {
    let (db, _) = store().await;
    let mut mine = Account::of("top secret", 1).insert(&db).await?;
    let mut theirs = mine.clone();
    theirs.owner = "deep secret".to_owned();
    theirs.save(&db).await?;
    let error = mine.save(&db).await.expect_err("stale");
    for text in [error.to_string(), format!("{error:?}"), format!("{:?}", mine.image())] {
        assert!(!text.contains("secret"), "{text}");
    }
    assert!(error.to_string().contains("item (id = 1) of table accounts"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_missing_table_is_an_error_of_its_own() -> Outcome {
    let (db, _) = store().await;
    dynamap::Table::<Profile>::delete(&db).with_all_items().await?;
    for error in [
        Profile::get(&db, "ann").await.map(drop).expect_err("no table"),
        Profile::new("ann").insert(&db).await.map(drop).expect_err("no table"),
    ] {
        assert!(matches!(error, Error::NoSuchTable(_)), "{error:?}");
        assert!(error.to_string().contains("profiles"));
    }
    Ok(())
}

#[tokio::test]
async fn get_or_insert_returns_what_is_there_or_the_new_item() -> Outcome {
    let (db, _) = store().await;
    let first = DoomMap::new(1, 1, "Hangar").get_or_insert(&db).await?;
    assert_eq!((first.name.as_str(), first.version), ("Hangar", 1));
    let again = DoomMap::new(1, 1, "E1M1").get_or_insert(&db).await?;
    assert_eq!((again.name.as_str(), again.version), ("Hangar", 1));
    Ok(())
}

#[tokio::test]
async fn a_delete_by_key_brings_the_old_item_back() -> Outcome {
    let (db, _) = store().await;
    DoomMap::new(1, 1, "Hangar").insert(&db).await?;
    let delete = DoomMap::delete(&db, (1, 1)).when(DoomMap::NAME.eq("Hangar"));
    let old = delete.returning_old().await?.expect("it was there");
    assert_eq!((old.name.as_str(), old.version), ("Hangar", 1));
    assert!(DoomMap::delete(&db, (1, 1)).unchecked().returning_old().await?.is_none());
    Ok(())
}

/// Another program changes an attribute that this save does not touch.
#[tokio::test]
async fn a_save_can_ask_that_nothing_at_all_has_changed() -> Outcome {
    let (db, _) = store().await;
    let mut ann = Profile::new("ann").insert(&db).await?;
    let raw = db.client().update_item().table_name("profiles").key("login", s("ann"));
    raw.update_expression("SET avatar = :a")
        .expression_attribute_values(":a", AttributeValue::B(vec![9].into()))
        .send()
        .await?;
    ann.name = Some("Ann".to_owned());
    let mut careful = ann.clone();
    assert!(careful.save_if_unchanged(&db).await.expect_err("the avatar changed").is_conflict());
    ann.save(&db).await?;
    Ok(())
}

#[tokio::test]
async fn every_builder_hands_over_the_request_of_the_sdk() -> Outcome {
    let (db, _) = store().await;
    let put = DoomMap::new(1, 1, "Hangar").insert(&db).into_sdk().await?;
    put.return_consumed_capacity(aws_sdk_dynamodb::types::ReturnConsumedCapacity::Total)
        .send()
        .await?;
    let update = DoomMap::update(&db, (1, 1)).set(DoomMap::NAME, "E1M1").into_sdk()?;
    update.send().await?;
    let get = DoomMap::get(&db, (1, 1)).into_sdk()?.send().await?;
    let map = DoomMap::decode(get.item.expect("there").into())?;
    assert_eq!((map.name.as_str(), map.version), ("E1M1", 2));
    DoomMap::new(1, 2, "Plant").upsert(&db).into_sdk().await?.send().await?;
    let query = DoomMap::query(&db, 1).range(DoomMap::MAP.gt(1)).into_sdk()?.send().await?;
    assert_eq!(query.count(), 1);
    let scan = DoomMap::scan(&db).filter(DoomMap::NAME.eq("E1M1")).into_sdk()?.send().await?;
    assert_eq!((scan.count(), scan.scanned_count()), (1, 2));
    DoomMap::delete(&db, (1, 1)).when(DoomMap::NAME.eq("E1M1")).into_sdk()?.send().await?;
    assert!(DoomMap::get(&db, (1, 1)).await?.is_none());
    Ok(())
}
