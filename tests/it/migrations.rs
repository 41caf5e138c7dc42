//! Items of older and newer schemas, through every read path and back.

use dynamap::{
    AttributeValue, Error, Item, Migrations, Model, Step, StepError, Table, Transaction,
};
use semver::Version;

use crate::support::{Outcome, n, put_raw, s, store, stored};

fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
    item.rename("mail", "email");
    Ok(())
}

fn name_becomes_a_list(item: &mut Item) -> Result<(), StepError> {
    let Some(AttributeValue::S(name)) = item.remove("name") else {
        return Err(StepError::new("name", "expected a string"));
    };
    let words = name.split(' ').map(|word| AttributeValue::S(word.to_owned())).collect();
    item.insert("names", AttributeValue::L(words));
    Ok(())
}

static USER: Migrations = Migrations::new(&[
    Step::new("1.0.0", "2.0.0", mail_becomes_email),
    Step::new("2.0.0", "3.1.0", name_becomes_a_list),
]);

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "users", schema = "3.1.0", migrations = USER, validate = false)]
struct User {
    #[model(hash_key)]
    team: String,
    #[model(range_key)]
    id: u32,
    email: String,
    names: Vec<String>,
    #[model(version)]
    version: u64,
}

async fn users(
    items: &[&[(&str, AttributeValue)]],
) -> (dynamap::Database, dynamap::faults::Faults) {
    let (db, faults) = store().await;
    Table::<User>::create(&db).await.expect("users");
    for item in items {
        put_raw(&db, "users", item).await;
    }
    faults.clear_log();
    (db, faults)
}

fn oldest() -> Vec<(&'static str, AttributeValue)> {
    vec![
        ("team", s("a")),
        ("id", n(1)),
        ("mail", s("ann@x")),
        ("name", s("Ann Lee")),
        ("extra", n(1)),
    ]
}

fn key(id: u32) -> [(&'static str, AttributeValue); 2] {
    [("team", s("a")), ("id", n(id))]
}

#[tokio::test]
async fn an_old_item_is_upgraded_on_read_and_written_back_by_the_next_save() -> Outcome {
    let (db, _) = users(&[&oldest()]).await;
    let mut ann = User::get(&db, ("a", 1)).await?.expect("there");
    assert_eq!((ann.email.as_str(), ann.names.len(), ann.version), ("ann@x", 2, 0));
    assert!(ann.is_upgraded());
    assert_eq!(*ann.stored_schema(), Version::new(1, 0, 0));
    let raw = stored(&db, "users", &key(1)).await.expect("there");
    assert!(raw.contains("mail") && !raw.contains("_schema"), "a read writes nothing");

    ann.save(&db).await?;
    assert!(!ann.is_upgraded());
    assert_eq!((ann.version, ann.stored_schema()), (1, &Version::new(3, 1, 0)));
    let raw = stored(&db, "users", &key(1)).await.expect("there");
    assert_eq!(
        raw.names(),
        ["_schema", "_write", "email", "extra", "id", "names", "team", "version"]
    );
    assert_eq!(raw.text("_schema"), Some("3.1.0"));
    Ok(())
}

#[tokio::test]
async fn every_read_path_upgrades() -> Outcome {
    let (db, _) = users(&[&oldest()]).await;
    let tx = Transaction::begin(&db);
    let read = [
        User::get(&db, ("a", 1)).await?.expect("there"),
        User::query(&db, "a").range(User::ID.ge(1)).try_collect().await?.remove(0),
        User::scan(&db).try_collect().await?.remove(0),
        User::get(&tx, ("a", 1)).await?.expect("there"),
        {
            let new = User {
                team: "a".to_owned(),
                id: 1,
                email: String::new(),
                names: vec![],
                version: 0,
            };
            new.insert(&db).await.expect_err("taken").winner()?.expect("there")
        },
    ];
    for user in read {
        assert_eq!(user.email, "ann@x");
        assert_eq!(user.names, ["Ann", "Lee"]);
    }
    Ok(())
}

#[tokio::test]
async fn an_upgrade_is_written_back_in_a_transaction_too() -> Outcome {
    let (db, _) = users(&[&oldest()]).await;
    let tx = Transaction::begin(&db);
    let mut ann = User::get(&tx, ("a", 1)).await?.expect("there");
    ann.email = "new@x".to_owned();
    tx.save(ann)?;
    // Read again inside the transaction: in today's shape, and not upgraded twice.
    let again = User::get(&tx, ("a", 1)).await?.expect("own write");
    assert_eq!((again.email.as_str(), again.names.len()), ("new@x", 2));
    tx.save(again)?;
    tx.commit().await?;
    let raw = stored(&db, "users", &key(1)).await.expect("there");
    assert_eq!(
        raw.names(),
        ["_schema", "_write", "email", "extra", "id", "names", "team", "version"]
    );
    Ok(())
}

#[tokio::test]
async fn an_upgraded_item_is_protected_against_old_programs() -> Outcome {
    let (db, _) = users(&[&oldest()]).await;
    let mut ann = User::get(&db, ("a", 1)).await?.expect("there");
    let mut changed = oldest();
    changed[2].1 = s("other@x");
    put_raw(&db, "users", &changed).await;
    assert!(ann.save(&db).await.expect_err("an old program was first").is_conflict());
    Ok(())
}

#[tokio::test]
async fn an_item_in_the_middle_takes_only_the_steps_above_it() -> Outcome {
    let item = [
        ("team", s("a")),
        ("id", n(1)),
        ("_schema", s("2.0.3")),
        ("email", s("ann@x")),
        ("mail", s("not touched")),
        ("name", s("Ann")),
    ];
    let (db, _) = users(&[&item]).await;
    let ann = User::get(&db, ("a", 1)).await?.expect("there");
    assert_eq!((ann.email.as_str(), ann.names.len()), ("ann@x", 1));
    Ok(())
}

#[tokio::test]
async fn a_newer_minor_is_read_and_kept() -> Outcome {
    let item = [
        ("team", s("a")),
        ("id", n(1)),
        ("_schema", s("3.7.0")),
        ("email", s("ann@x")),
        ("names", AttributeValue::L(vec![])),
        ("avatar", AttributeValue::Ss(vec!["b".to_owned(), "a".to_owned()])),
        ("version", n(4)),
    ];
    let (db, _) = users(&[&item]).await;
    let mut ann = User::get(&db, ("a", 1)).await?.expect("there");
    ann.email = "new@x".to_owned();
    ann.save(&db).await?;
    let raw = stored(&db, "users", &key(1)).await.expect("there");
    assert_eq!(raw.text("_schema"), Some("3.7.0"), "never lowered");
    assert!(raw.contains("avatar"));
    assert_eq!(raw.get("version"), Some(&n(5)));
    Ok(())
}

#[tokio::test]
async fn a_newer_major_is_an_error_of_its_own_and_stays_as_it_is() -> Outcome {
    let item = [("team", s("a")), ("id", n(1)), ("_schema", s("4.0.0")), ("other", n(1))];
    let (db, _) = users(&[&item]).await;
    let before = stored(&db, "users", &key(1)).await;
    let error = User::get(&db, ("a", 1)).await.expect_err("too new");
    let Error::SchemaTooNew(gap) = &error else { panic!("{error:?}") };
    assert_eq!(
        (gap.stored.clone(), gap.known.clone()),
        (Version::new(4, 0, 0), Version::new(3, 1, 0))
    );
    let text = error.to_string();
    assert!(
        text.contains("4.0.0") && text.contains("3.1.0") && text.contains("team = \"a\", id = 1"),
        "{text}"
    );

    // A conflict with such an item is a conflict, whose winner cannot be read.
    let new = User { team: "a".to_owned(), id: 1, email: String::new(), names: vec![], version: 0 };
    let error = new.insert(&db).await.expect_err("taken");
    assert!(error.is_conflict());
    assert!(matches!(error.winner::<User>(), Err(Error::SchemaTooNew(_))));
    let error = User::delete(&db, ("a", 1)).when(User::EMAIL.eq("x")).await.expect_err("too new");
    assert!(matches!(error, Error::SchemaTooNew(_)), "{error:?}");
    assert_eq!(stored(&db, "users", &key(1)).await, before);
    Ok(())
}

#[tokio::test]
async fn what_no_step_leads_from_and_what_a_step_cannot_read_say_so() -> Outcome {
    let ancient = [("team", s("a")), ("id", n(1)), ("_schema", s("0.9.0"))];
    let broken = [("team", s("a")), ("id", n(2)), ("mail", s("x")), ("name", n(5))];
    let odd = [("team", s("a")), ("id", n(3)), ("_schema", s("two"))];
    let (db, _) = users(&[&ancient, &broken, &odd]).await;
    let error = User::get(&db, ("a", 1)).await.expect_err("no path");
    assert!(matches!(error, Error::NoUpgradePath(_)), "{error:?}");
    let error = User::get(&db, ("a", 2)).await.expect_err("no string");
    let text = error.to_string();
    assert!(matches!(error, Error::Upgrade(_)), "{error:?}");
    assert!(text.contains("step 2.0.0 to 3.1.0: attribute `name`: expected a string"), "{text}");
    let error = User::get(&db, ("a", 3)).await.expect_err("no semver");
    assert!(error.to_string().contains("`_schema`"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_delete_by_key_meets_an_old_item_in_todays_shape() -> Outcome {
    let (db, _) = users(&[&oldest()]).await;
    // The stored item has `mail`, the condition speaks of `email`.
    let error = User::delete(&db, ("a", 1)).when(User::EMAIL.eq("other")).await.expect_err("no");
    assert!(error.is_conflict(), "{error:?}");
    put_raw(&db, "users", &oldest()).await;
    // True of the stored shape, and false of today's.
    let error = User::delete(&db, ("a", 1)).when(User::EMAIL.not_exists()).await.expect_err("no");
    assert!(error.is_conflict(), "{error:?}");
    put_raw(&db, "users", &oldest()).await;
    User::delete(&db, ("a", 1)).when(User::EMAIL.eq("ann@x")).await?;
    assert!(stored(&db, "users", &key(1)).await.is_none());
    Ok(())
}

#[tokio::test]
async fn an_update_by_key_meets_an_old_item_in_todays_shape() -> Outcome {
    let newer = [
        ("team", s("a")),
        ("id", n(2)),
        ("_schema", s("3.9.0")),
        ("email", s("x")),
        ("avatar", n(1)),
    ];
    let too_new = [("team", s("a")), ("id", n(3)), ("_schema", s("4.0.0")), ("email", s("x"))];
    let (db, _) = users(&[&oldest(), &newer, &too_new]).await;
    User::update(&db, ("a", 1)).set(User::EMAIL, "new@x").when(User::EMAIL.eq("ann@x")).await?;
    let raw = stored(&db, "users", &key(1)).await.expect("there");
    assert_eq!(
        raw.names(),
        ["_schema", "_write", "email", "extra", "id", "names", "team", "version"]
    );
    assert_eq!((raw.text("email"), raw.text("_schema")), (Some("new@x"), Some("3.1.0")));

    User::update(&db, ("a", 2)).set(User::EMAIL, "new@x").await?;
    let raw = stored(&db, "users", &key(2)).await.expect("there");
    assert_eq!((raw.text("email"), raw.text("_schema")), (Some("new@x"), Some("3.9.0")));
    // The program's own condition fails on a newer item as on any other.
    let update = User::update(&db, ("a", 2)).set(User::EMAIL, "y").when(User::EMAIL.eq("z"));
    let error = update.await.expect_err("the address is another");
    assert!(error.is_conflict(), "{error:?}");

    let error = User::update(&db, ("a", 3)).set(User::EMAIL, "new@x").await.expect_err("too new");
    assert!(matches!(error, Error::SchemaTooNew(_)), "{error:?}");
    let raw = stored(&db, "users", &key(3)).await.expect("there");
    assert_eq!(raw.text("email"), Some("x"));
    Ok(())
}

#[test]
fn what_is_absent_stays_so_where_it_is_nested() -> Outcome {
    let mut item = Item::new();
    item.nest(&["city", "zip"], "address")?;
    assert!(item.is_empty(), "no empty map is made");
    item.put("zip", &3000_u32)?;
    item.nest(&["city", "zip"], "address")?;
    let one: Item = [("zip".to_owned(), n(3000))].into_iter().collect();
    assert_eq!(item.get("address"), Some(&AttributeValue::M(one.into_inner())));
    item.insert("address", AttributeValue::M(std::collections::HashMap::new()));
    item.nest(&["city", "zip"], "address")?;
    assert!(item.contains("address"), "one that is there stays");
    Ok(())
}
