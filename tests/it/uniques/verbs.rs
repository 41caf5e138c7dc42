//! Every verb, on a network that works.

use bytes::Bytes;
use dynamap::error::Reason;
use dynamap::{Migrations, Step, StepError};

use super::*;
use crate::support::{Outcome, put_raw};

#[tokio::test]
async fn two_users_cannot_be_inserted_with_one_email() -> Outcome {
    let (db, faults) = store().await;
    User::new(1, "a@x").insert(&db).await?;
    assert_eq!(sent(&faults), ["TransactWriteItems"]);
    let error = User::new(2, "a@x").insert(&db).await.expect_err("taken");
    assert_eq!(taken(&error), ("email", key(1)));
    assert_eq!(
        error.to_string(),
        "item (id = 2) of table users cannot be written: its `email` is taken by item (id = 1) of table users: nothing \
         was written"
    );
    assert!(!error.is_retryable());
    assert!(error.winner::<User>()?.is_none());
    assert!(User::get(&db, 2).consistent().await?.is_none());
    assert_guarded(&db).await;
    Ok(())
}

#[tokio::test]
async fn a_user_without_a_unique_value_is_written_by_a_plain_request() -> Outcome {
    let (db, faults) = store().await;
    for id in [1, 2] {
        User { id, ..User::default() }.insert(&db).await?;
    }
    assert_eq!(sent(&faults), ["PutItem", "PutItem"]);
    assert_guarded(&db).await;
    Ok(())
}

#[tokio::test]
async fn a_save_moves_the_guard_where_the_value_changes_and_is_plain_where_it_stays() -> Outcome {
    let (db, faults) = store().await;
    let mut ann = User::new(1, "a@x").insert(&db).await?;
    let mut bob = User::new(2, "b@x").insert(&db).await?;
    sent(&faults);
    ann.note = "new".to_owned();
    ann.save(&db).await?;
    assert_eq!(sent(&faults), ["UpdateItem"]);
    ann.email = Some("c@x".to_owned());
    ann.save(&db).await?;
    assert_eq!(sent(&faults), ["TransactWriteItems"]);
    assert_guarded(&db).await;
    bob.email = Some("c@x".to_owned());
    assert_eq!(taken(&bob.save(&db).await.expect_err("taken")), ("email", key(1)));
    bob.email = Some("a@x".to_owned());
    bob.save(&db).await?;
    assert_eq!((bob.version, user(&db, 2).await.email.as_deref()), (2, Some("a@x")));
    ann.email = None;
    ann.save(&db).await?;
    assert_guarded(&db).await;
    assert_eq!(guards(&db).await.len(), 1);
    Ok(())
}

#[tokio::test]
async fn a_deleted_users_email_is_free() -> Outcome {
    let (db, faults) = store().await;
    for delete in 0..4 {
        let ann = User::new(1, "a@x").insert(&db).await?;
        sent(&faults);
        match delete {
            0 => drop(ann.delete(&db).await?),
            1 => User::delete(&db, 1).unchecked().await?,
            2 => User::delete(&db, 1).when(User::EMAIL.eq("a@x")).exactly_once().await?,
            _ => {
                let old = User::delete(&db, 1).unchecked().returning_old().await?;
                assert_eq!(old.expect("there").email.as_deref(), Some("a@x"));
            }
        }
        let read = if delete == 0 { None } else { Some("GetItem") };
        let requests: Vec<_> = read.into_iter().chain(["TransactWriteItems"]).collect();
        assert_eq!(sent(&faults), requests, "{delete}");
        assert!(User::get(&db, 1).consistent().await?.is_none());
        assert_eq!(guards(&db).await, BTreeMap::new());
    }
    User::delete(&db, 7).unchecked().await?;
    let missing = User::delete(&db, 7).when(User::NOTE.eq("")).await;
    assert!(missing.expect_err("there is none").is_not_found());
    let mut ann = User::new(1, "a@x").insert(&db).await?;
    let stale = ann.clone();
    ann.note = "new".to_owned();
    ann.save(&db).await?;
    assert!(stale.delete(&db).await.expect_err("it was changed").is_conflict());
    let refused = User::delete(&db, 1).when(User::NOTE.eq("old")).await.expect_err("it is new");
    let Error::Conflict(conflict) = refused else { panic!("{refused:?}") };
    assert_eq!(conflict.failures()[0].reason(), &Reason::Condition);
    assert_guarded(&db).await;
    assert_eq!(guards(&db).await.len(), 1);
    Ok(())
}

#[tokio::test]
async fn an_update_by_key_reads_only_where_it_can_change_a_unique_value() -> Outcome {
    let (db, faults) = store().await;
    User::new(1, "a@x").insert(&db).await?;
    User::new(2, "b@x").insert(&db).await?;
    sent(&faults);
    User::update(&db, 1).set(User::NOTE, "x").await?;
    assert_eq!(sent(&faults), ["UpdateItem"]);
    User::update(&db, 1).set(User::EMAIL, "c@x").await?;
    assert_eq!(sent(&faults), ["GetItem", "TransactWriteItems"]);
    assert_eq!((user(&db, 1).await.email.as_deref(), user(&db, 1).await.version), (Some("c@x"), 3));
    assert_guarded(&db).await;
    let error = User::update(&db, 2).set(User::EMAIL, "c@x").await.expect_err("taken");
    assert_eq!(taken(&error), ("email", key(1)));
    sent(&faults);
    User::update(&db, 2).set(User::EMAIL, "b@x").await?;
    assert_eq!(sent(&faults), ["GetItem", "UpdateItem"], "the value is the same");
    let left = User::update(&db, 2).remove(User::EMAIL).returning_new().await?;
    assert_eq!((left.email.clone(), left.version), (None, 3));
    let old = User::update(&db, 1).set(User::EMAIL, "b@x").returning_old().await?;
    assert_eq!(old.expect("there").email.as_deref(), Some("c@x"));
    let copied = User::update(&db, 2).set_to(User::EMAIL, User::NOTE).await;
    copied?;
    assert_eq!(user(&db, 2).await.email.as_deref(), Some(""));
    assert!(User::update(&db, 7).set(User::EMAIL, "z@x").await.expect_err("none").is_not_found());
    let refused = User::update(&db, 1).set(User::EMAIL, "z@x").when(User::NOTE.eq("other")).await;
    assert!(refused.expect_err("it is x").is_conflict());
    assert_guarded(&db).await;
    Ok(())
}

#[tokio::test]
async fn whole_models_are_written_by_key_with_their_guards() -> Outcome {
    let (db, _) = store().await;
    let ann = User::new(1, "a@x").upsert(&db).await?;
    assert_eq!(ann.version, 1);
    let ann = User::new(1, "b@x").upsert(&db).await?;
    assert_eq!((ann.version, ann.email.as_deref()), (2, Some("b@x")));
    let ann = User::new(1, "c@x").replace(&db).await?;
    assert_eq!(ann.version, 3);
    assert!(User::new(2, "d@x").replace(&db).await.expect_err("no user 2").is_not_found());
    assert_eq!(
        taken(&User::new(2, "c@x").upsert(&db).await.expect_err("taken")),
        ("email", key(1))
    );
    assert_guarded(&db).await;
    let found = User::new(1, "other@x").get_or_insert(&db).await?;
    assert_eq!(found.email.as_deref(), Some("c@x"));
    let error = User::new(2, "c@x").get_or_insert(&db).await.expect_err("taken by another");
    assert_eq!(taken(&error), ("email", key(1)));
    User::new(2, "d@x").get_or_insert(&db).await?;
    assert_guarded(&db).await;
    assert_eq!(guards(&db).await.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_composite_is_taken_by_all_of_its_parts() -> Outcome {
    let (db, _) = store().await;
    User::with_login(1, "t", "ann").insert(&db).await?;
    User::with_login(2, "u", "ann").insert(&db).await?;
    User::with_login(3, "ta", "nn").insert(&db).await?;
    User { id: 4, tenant: "t".to_owned(), ..User::default() }.insert(&db).await?;
    User { id: 5, tenant: "t".to_owned(), ..User::default() }.insert(&db).await?;
    let error = User::with_login(6, "t", "ann").insert(&db).await.expect_err("taken");
    assert_eq!(taken(&error), ("tenant,login", key(1)));
    // A change of one part by key goes by the other part as it is stored.
    let error = User::update(&db, 2).set(User::TENANT, "t").await.expect_err("taken");
    assert_eq!(taken(&error), ("tenant,login", key(1)));
    User::update(&db, 1).set(User::TENANT, "v").await?;
    User::update(&db, 2).set(User::TENANT, "t").await?;
    assert_guarded(&db).await;
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, dynamap::Attribute)]
struct Serial(f64);

#[derive(Debug, Clone, Model)]
#[model(table = "devices", validate = false)]
struct Device {
    #[model(hash_key)]
    site: String,
    #[model(range_key)]
    slot: u8,
    #[model(unique)]
    serial: Option<Serial>,
    #[model(unique)]
    mac: Option<Bytes>,
    #[model(unique, alias = "is_primary")]
    primary: Option<bool>,
    #[model(unique, rename = "host-name")]
    host: Option<String>,
}

fn device(slot: u8) -> Device {
    let site = "s".to_owned();
    Device { site, slot, serial: None, mac: None, primary: None, host: None }
}

#[tokio::test]
async fn values_of_every_kind_are_unique_and_equal_where_the_service_says_so() -> Outcome {
    let (db, _) = store().await;
    let db = Database::builder(db.client().clone()).table_prefix("dev_").build();
    Table::<Device>::create(&db).await?;
    let (mac, host) = (Bytes::from_static(b"\x00\x01"), "h".repeat(2000));
    let first = Device {
        serial: Some(Serial(100.0)),
        mac: Some(mac.clone()),
        primary: Some(true),
        host: Some(host.clone()),
        ..device(1)
    };
    first.insert(&db).await?;
    let owner = Key::new(("site", s("s")), Some(("slot", n(1))))?;
    for (second, constraint) in [
        (Device { serial: Some(Serial(1e2)), ..device(2) }, "serial"),
        (Device { mac: Some(mac), ..device(2) }, "mac"),
        (Device { primary: Some(true), ..device(2) }, "primary"),
        (Device { host: Some(host.clone()), ..device(2) }, "host-name"),
    ] {
        let error = second.insert(&db).await.expect_err("taken");
        assert_eq!(taken(&error), (constraint, Some(owner.clone())));
        assert!(!error.to_string().contains(&host));
    }
    let other = Device { primary: Some(false), host: Some(format!("{host}h")), ..device(2) };
    other.insert(&db).await?;
    let names: BTreeSet<_> = scan(&db, "dev_dynamap_unique").await.into_iter().collect_names();
    assert_eq!(names.len(), 6);
    assert!(names.iter().all(|name| name.starts_with("11:dev_devices") && name.len() <= 1024));
    assert!(names.iter().any(|name| name.ends_with("6:serial4:N100")));
    // The other programs' spelling is the same number, and their name the same attribute.
    let raw = [("site", s("s")), ("slot", n(9)), ("serial", n("7.50")), ("is_primary", s("x"))];
    put_raw(&db, "dev_devices", &raw).await;
    Device::delete(&db, ("s", 9)).await?;
    Ok(())
}

trait CollectNames {
    fn collect_names(self) -> BTreeSet<String>;
}

impl<I: Iterator<Item = Item>> CollectNames for I {
    fn collect_names(self) -> BTreeSet<String> {
        self.map(|item| item.text("guard").expect("a key").to_owned()).collect()
    }
}

fn mail_becomes_lower_case_email(item: &mut Item) -> Result<(), StepError> {
    if let Some(AttributeValue::S(email)) = item.remove("email") {
        item.insert("email", s(&email.to_lowercase()));
    }
    Ok(())
}

static MEMBER: Migrations =
    Migrations::new(&[Step::new("1.0.0", "2.0.0", mail_becomes_lower_case_email)]);

/// The same items, in a later release.
#[derive(Debug, Clone, Model)]
#[model(table = "users", schema = "2.0.0", migrations = MEMBER, validate = false)]
struct Member {
    #[model(hash_key)]
    id: u32,
    #[model(unique)]
    email: Option<String>,
    note: String,
    #[model(version)]
    version: u64,
}

#[tokio::test]
async fn an_upgrade_that_rewrites_a_unique_value_moves_its_guard() -> Outcome {
    let (db, _) = store().await;
    for (id, email) in [(1, "A@x"), (2, "B@x"), (3, "C@x"), (4, "a@x"), (5, "D@x")] {
        User::new(id, email).insert(&db).await?;
    }
    Member::get(&db, 2).await?.expect("there").save(&db).await?;
    Member::update(&db, 3).set(Member::NOTE, "x").await?;
    Member::delete(&db, 5).when(Member::EMAIL.eq("d@x")).await?;
    assert_guarded(&db).await;
    let emails = guards(&db).await;
    assert!(emails.contains_key("5:users0:5:email4:Sb@x") && emails.len() == 4, "{emails:?}");
    let mut first = Member::get(&db, 1).await?.expect("there");
    assert_eq!(taken(&first.save(&db).await.expect_err("4 has it")), ("email", key(4)));
    let error = Member::update(&db, 1).set(Member::NOTE, "x").await.expect_err("4 has it");
    assert_eq!(taken(&error), ("email", key(4)));
    assert_guarded(&db).await;
    Ok(())
}

#[tokio::test]
async fn items_from_before_the_constraint_are_written_and_deleted() -> Outcome {
    let (db, _) = store().await;
    for id in 1..=4 {
        let raw = [("id", n(id)), ("email", s("a@x")), ("tenant", s("t")), ("note", s(""))];
        put_raw(&db, "users", &raw).await;
    }
    let mut first = user(&db, 1).await;
    first.note = "x".to_owned();
    first.save(&db).await?;
    assert_eq!(guards(&db).await.len(), 0, "no value was changed");
    // One of them gives the value up and takes it again: it has the guard now, and the others have none.
    User::update(&db, 1).set(User::EMAIL, "b@x").await?;
    User::update(&db, 1).set(User::EMAIL, "a@x").await?;
    assert_eq!(guards(&db).await, BTreeMap::from([("5:users0:5:email4:Sa@x".to_owned(), 1)]));
    User::update(&db, 2).set(User::EMAIL, "c@x").await?;
    User::delete(&db, 3).unchecked().await?;
    user(&db, 4).await.delete(&db).await?;
    assert_guarded(&db).await;
    assert_eq!(guards(&db).await.len(), 2);
    Ok(())
}

#[tokio::test]
async fn the_sdks_own_requests_are_refused_where_they_would_leave_the_guards_behind() -> Outcome {
    let (db, _) = store().await;
    let insert = User::new(1, "a@x").insert(&db).into_sdk().await;
    assert!(matches!(insert, Err(Error::Usage(_))));
    assert!(matches!(User::new(1, "a@x").upsert(&db).into_sdk().await, Err(Error::Usage(_))));
    let email = User::update(&db, 1).set(User::EMAIL, "b@x").into_sdk();
    assert!(matches!(email, Err(Error::Usage(_))));
    assert!(matches!(User::delete(&db, 1).unchecked().into_sdk(), Err(Error::Usage(_))));
    User::update(&db, 1).set(User::NOTE, "x").into_sdk()?;
    Ok(())
}
