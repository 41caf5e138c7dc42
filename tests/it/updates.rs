//! Changes by key: update, upsert, replace.

use std::collections::{BTreeMap, BTreeSet};

use dynamap::error::Reason;
use dynamap::faults::Fault;
use dynamap::{Attribute, AttributeValue, Database, Error, Model, Table};

use crate::support::{Account, DoomMap, Outcome, Profile, account, n, put_raw, s, store, stored};

#[derive(Debug, Clone, Default, PartialEq, Model)]
#[model(table = "customers", validate = false)]
struct Customer {
    #[model(hash_key)]
    id: u32,
    points: i64,
    bonus: Option<f64>,
    tags: BTreeSet<String>,
    orders: Vec<u32>,
    address: Option<Place>,
    limits: BTreeMap<String, i64>,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Attribute)]
struct Place {
    city: String,
    streets: Vec<String>,
}

fn customer() -> Customer {
    Customer {
        id: 1,
        points: 5,
        tags: BTreeSet::from(["a".to_owned(), "b".to_owned()]),
        orders: vec![1, 2],
        address: Some(Place { city: "Bern".to_owned(), streets: vec!["x".to_owned()] }),
        limits: BTreeMap::from([("day".to_owned(), 10)]),
        ..Customer::default()
    }
}

async fn one() -> (Database, dynamap::faults::Faults) {
    let (db, faults) = store().await;
    Table::<Customer>::create(&db).await.expect("customers");
    customer().insert(&db).await.expect("an insert");
    faults.clear_log();
    (db, faults)
}

fn set(elements: &[&str]) -> BTreeSet<String> {
    elements.iter().map(|element| (*element).to_owned()).collect()
}

#[tokio::test]
async fn each_change_does_what_it_says_in_one_request() -> Outcome {
    type C = Customer;
    let (db, faults) = one().await;
    let new = C::update(&db, 1)
        .add(C::POINTS, 3)
        .set_if_absent(C::BONUS, 1.5)
        .add(C::TAGS, &set(&["c"]))
        .append(C::ORDERS, &[3, 4])
        .set(C::ADDRESS.to(Place::CITY), "Basel")
        .set(C::ADDRESS.to(Place::STREETS).index(0), "y")
        .decrement(C::LIMITS.entry("day"), 4)
        .set(C::LIMITS.entry("week"), 50)
        .returning_new()
        .await?;
    assert_eq!(faults.requests().len(), 1);
    assert_eq!((new.points, new.bonus, new.version), (8, Some(1.5), 2));
    assert_eq!(new.tags, set(&["a", "b", "c"]));
    assert_eq!(new.orders, [1, 2, 3, 4]);
    assert_eq!(
        new.address,
        Some(Place { city: "Basel".to_owned(), streets: vec!["y".to_owned()] })
    );
    assert_eq!(new.limits, BTreeMap::from([("day".to_owned(), 6), ("week".to_owned(), 50)]));

    let old = C::update(&db, 1)
        .increment(C::POINTS, 1)
        .remove(C::BONUS)
        .delete_from(C::TAGS, &set(&["a", "z"]))
        .prepend(C::ORDERS, &[0])
        .remove(C::ADDRESS)
        .returning_old()
        .await?
        .expect("the item as it was");
    assert_eq!((old.points, old.version), (8, 2));
    let now = C::get(&db, 1).consistent().await?.expect("there");
    assert_eq!((now.points, now.bonus, now.version), (9, None, 3));
    assert_eq!(now.tags, set(&["b", "c"]));
    assert_eq!(now.orders, [0, 1, 2, 3, 4]);
    assert_eq!(now.address, None);
    Ok(())
}

#[tokio::test]
async fn what_an_update_returns_can_be_saved_and_a_loaded_copy_is_stale() -> Outcome {
    let (db, _) = one().await;
    let mut before = Customer::get(&db, 1).consistent().await?.expect("there");
    let mut new = Customer::update(&db, 1).set(Customer::POINTS, 7).returning_new().await?;
    before.points = 0;
    assert!(before.save(&db).await.expect_err("stale").is_conflict());
    new.points += 1;
    new.save(&db).await?;
    assert_eq!(new.version, 3);
    Ok(())
}

#[tokio::test]
async fn an_update_needs_the_item_and_its_condition() -> Outcome {
    let (db, _) = one().await;
    let error = Customer::update(&db, 2).add(Customer::POINTS, 1).await.expect_err("none");
    assert!(error.is_not_found(), "{error:?}");
    assert!(Customer::get(&db, 2).await?.is_none(), "no item was created");

    let update = Customer::update(&db, 1).add(Customer::POINTS, 1);
    let error = update.when(Customer::POINTS.gt(5)).when(Customer::ID.eq(1)).await.expect_err("5");
    let Error::Conflict(conflict) = &error else { panic!("{error:?}") };
    assert_eq!(conflict.failures()[0].reason(), &Reason::Condition);
    assert_eq!(error.winner::<Customer>()?.expect("there").points, 5);
    Ok(())
}

#[tokio::test]
async fn an_update_adopts_an_item_older_than_versions() -> Outcome {
    let (db, _) = store().await;
    put_raw(&db, "accounts", &[("id", n(1)), ("owner", s("Ann")), ("balance", n(1))]).await;
    Account::update(&db, 1).add(Account::BALANCE, 1).await?;
    assert_eq!((account(&db, 1).await.balance, account(&db, 1).await.version), (2, 1));
    Ok(())
}

#[tokio::test]
async fn overlapping_changes_and_bad_operands_are_refused_before_anything_is_sent() -> Outcome {
    let (db, faults) = one().await;
    let update = || Customer::update(&db, 1);
    let place = || Customer::ADDRESS.to(Place::CITY);
    for (error, text) in [
        (update().set(place(), "x").remove(Customer::ADDRESS).await, "`address`"),
        (update().set(Customer::POINTS, 1).add(Customer::POINTS, 1).await, "`points`"),
        (update().set(Customer::BONUS, f64::NAN).await, "`bonus`"),
        (update().add(Customer::TAGS, &set(&[])).await, "`tags`"),
        (update().set(Customer::POINTS, 1).when(Customer::ID.is_in([])).await, "`id`"),
    ] {
        let error = error.expect_err(text);
        assert!(matches!(error, Error::Encode { .. }), "{error:?}");
        assert!(error.to_string().contains(text), "{error}");
    }
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn dynamodbs_limits_are_found_before_anything_is_sent() -> Outcome {
    let (db, faults) = one().await;
    let mut profile = Profile::new("ann");
    profile.avatar = vec![0; 400 * 1024];
    let error = profile.insert(&db).await.expect_err("too large");
    assert!(matches!(error, Error::Limit { limit: 409_600, .. }), "{error:?}");

    let mut condition = dynamap::Condition::none();
    for i in 0..301 {
        condition = condition | Customer::POINTS.eq(i);
    }
    let update = Customer::update(&db, 1).set(Customer::POINTS, 1);
    let error = update.when(condition).await.expect_err("too many");
    assert!(matches!(error, Error::Limit { limit: 300, .. }), "{error:?}");

    let update = Customer::update(&db, 1).set(Customer::POINTS, 1);
    let error = update.when(Customer::POINTS.is_in(0..=100)).await.expect_err("101 operands");
    assert!(error.to_string().contains("1 to 100 operands"), "{error}");

    let mut update = Customer::update(&db, 1);
    for i in 0..500 {
        update = update.set(Customer::LIMITS.entry(i.to_string()), i);
    }
    let error = update.await.expect_err("too long");
    assert!(matches!(error, Error::Limit { limit: 4096, .. }), "{error:?}");
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_save_of_very_many_attributes_is_possible() -> Outcome {
    let (db, faults) = store().await;
    let mut item =
        vec![("id".to_owned(), n(1)), ("owner".to_owned(), s("Ann")), ("balance".to_owned(), n(1))];
    item.extend((0..700).map(|i| (format!("extra{i}"), n(i))));
    let put = db.client().put_item().table_name("accounts");
    put.set_item(Some(item.into_iter().collect())).send().await?;
    // The model's own chain of upgrades may reshape any number of attributes: here they all go.
    #[derive(Debug, Clone, Model)]
    #[model(table = "accounts", schema = "2.0.0", migrations = WIDE, validate = false)]
    struct Wide {
        #[model(hash_key)]
        id: u64,
        owner: String,
        #[model(version)]
        version: u64,
    }
    fn drop_extras(item: &mut dynamap::Item) -> Result<(), dynamap::StepError> {
        for i in 0..700 {
            item.remove(&format!("extra{i}"));
        }
        Ok(())
    }
    static WIDE: dynamap::Migrations =
        dynamap::Migrations::new(&[dynamap::Step::new("1.0.0", "2.0.0", drop_extras)]);
    let mut wide = Wide::get(&db, 1).await?.expect("there");
    // Older than versions: an update of 700 removals is more than one expression holds.
    let error = wide.save(&db).await.expect_err("too long");
    assert!(matches!(error, Error::Limit { limit: 4096, .. }), "{error:?}");
    // With a version the whole item can be put in its place.
    Account::update(&db, 1).add(Account::BALANCE, 1).await?;
    faults.clear_log();
    let mut item = stored(&db, "accounts", &[("id", n(1))]).await.expect("there");
    item.remove("_schema");
    db.client().put_item().table_name("accounts").set_item(Some(item.into_inner())).send().await?;
    let mut blind = Wide::get(&db, 1).consistent().await?.expect("there");
    // Another program changes what the save leaves alone, and neither version nor nonce: that is not put back.
    let other = db.client().update_item().table_name("accounts").key("id", n(1));
    let other = other.update_expression("SET balance = :b").expression_attribute_values(":b", n(9));
    other.send().await?;
    assert!(blind.save(&db).await.expect_err("changed").is_conflict());
    let mut wide = Wide::get(&db, 1).consistent().await?.expect("there");
    let mut stale = wide.clone();
    wide.save(&db).await?;
    let now = stored(&db, "accounts", &[("id", n(1))]).await.expect("there");
    assert_eq!((now.len(), wide.version, now.get("balance")), (6, 2, Some(&n(9))));
    assert!(stale.save(&db).await.expect_err("stale").is_conflict());
    Ok(())
}

/// Nothing that one condition cannot compare is left out silently.
#[tokio::test]
async fn an_item_without_a_version_is_compared_whole_or_not_at_all() -> Outcome {
    #[derive(Debug, Clone, Model)]
    #[model(table = "notes", validate = false)]
    struct Note {
        #[model(hash_key)]
        id: u64,
        text: String,
    }
    let (db, _) = store().await;
    Table::<Note>::create(&db).await?;
    for (extras, is_compared) in [(140, true), (160, false)] {
        let mut item = vec![("id".to_owned(), n(1)), ("text".to_owned(), s("milk"))];
        item.extend((0..extras).map(|i| (format!("extra{i}"), n(i))));
        let put = db.client().put_item().table_name("notes");
        put.set_item(Some(item.into_iter().collect())).send().await?;
        let mut note = Note::get(&db, 1).consistent().await?.expect("there");
        note.text = "tea".to_owned();
        match note.save_if_unchanged(&db).await {
            Ok(()) => assert!(is_compared),
            Err(error) => {
                assert!(!is_compared && matches!(error, Error::Limit { limit: 300, .. }));
            }
        }
    }
    Ok(())
}

/// The engine counts items as the service does: the largest item passes, one byte more does not.
#[tokio::test]
async fn the_size_of_an_item_is_counted_as_the_service_counts_it() -> Outcome {
    let (db, _) = store().await;
    let mut profile = Profile::new("ann");
    profile.avatar = Vec::new();
    profile.scores.insert("chess".to_owned(), vec![1.25, -100.0, 0.0]);
    let empty = profile.clone().insert(&db).await?.image().size();
    let room = 400 * 1024 - empty;
    profile.login = "bob".to_owned();
    profile.avatar = vec![1; room];
    let bob = profile.clone().insert(&db).await?;
    assert_eq!(bob.image().size(), 400 * 1024);
    // Sent past our own check, by the plain SDK: the engine refuses one byte more.
    let mut item = bob.image().clone();
    item.insert("avatar", AttributeValue::B(vec![1; room + 1].into()));
    let put = db.client().put_item().table_name("profiles").set_item(Some(item.into_inner()));
    assert!(put.send().await.is_err());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_change_whose_answer_is_lost_is_recognised_and_not_made_twice() -> Outcome {
    for fault in Fault::LOST {
        let (db, faults) = one().await;
        faults.next("UpdateItem", fault);
        let update = Customer::update(&db, 1).set(Customer::POINTS, 9).remove(Customer::BONUS);
        update.when(Customer::POINTS.eq(5)).await?;
        assert_eq!((faults.count("UpdateItem"), faults.count("GetItem")), (1, 1));
        assert_eq!(Customer::get(&db, 1).consistent().await?.expect("there").points, 9);
    }
    Ok(())
}

/// A second copy would undo what somebody saved on top of the first.
#[tokio::test(start_paused = true)]
async fn a_change_that_somebody_went_on_from_is_not_made_again() -> Outcome {
    let (db, faults) = one().await;
    let gate = faults.pause_answer("UpdateItem");
    let update = {
        let db = db.clone();
        tokio::spawn(async move { Customer::update(&db, 1).set(Customer::POINTS, 9).await })
    };
    gate.reached().await;
    let mut customer = Customer::get(&db, 1).consistent().await?.expect("there");
    assert_eq!(customer.points, 9);
    customer.points = 10;
    customer.save(&db).await?;
    assert!(update.await?.expect_err("unknown").is_outcome_unknown());
    drop(gate);
    assert_eq!(Customer::get(&db, 1).consistent().await?.expect("there").points, 10);
    Ok(())
}

#[tokio::test]
async fn attributes_are_set_to_others_and_to_sums() -> Outcome {
    type C = Customer;
    let (db, faults) = one().await;
    let new = C::update(&db, 1)
        .set_to(C::POINTS, C::LIMITS.entry("day").plus(7))
        .set_to(C::BONUS, C::POINTS)
        .set_to(C::LIMITS.entry("left"), C::LIMITS.entry("day").minus_attribute(C::POINTS))
        .set_to(C::LIMITS.entry("sum"), C::POINTS.plus_attribute(C::ORDERS.index(1)))
        .set_to(C::LIMITS.entry("less"), C::POINTS.minus(9))
        .returning_new()
        .await?;
    assert_eq!(faults.requests().len(), 1);
    // AWS computes with the item as it was: 5 points, 10 a day.
    assert_eq!((new.points, new.bonus, new.version), (17, Some(5.0), 2));
    let limits = [("day", 10), ("left", 5), ("less", -4), ("sum", 7)];
    assert_eq!(new.limits, limits.map(|(name, n)| (name.to_owned(), n)).into());

    // The value that a sum starts from is the one that the model reads, also under its older name.
    Table::<Wallet>::create(&db).await?;
    put_raw(&db, "wallets", &[("id", n(1)), ("saldo", n(50))]).await;
    Wallet::update(&db, 1)
        .set_to(Wallet::BALANCE, Wallet::BALANCE.plus_attribute(Wallet::CREDITS))
        .await?;
    assert_eq!(Wallet::get(&db, 1).consistent().await?.expect("there").balance, 150);
    Ok(())
}

#[tokio::test]
async fn elements_and_entries_are_changed_one_by_one() -> Outcome {
    type C = Customer;
    let (db, faults) = one().await;
    let update = C::update(&db, 1).set(C::ORDERS.index(0), 9).remove_at(C::ORDERS, 1);
    let new = update.remove_entry(C::LIMITS, "day").returning_new().await?;
    assert_eq!((new.orders.as_slice(), new.limits.len()), (&[9][..], 0));
    assert_eq!(faults.requests().len(), 1);
    let update = C::update(&db, 1).remove_at(C::ADDRESS.to(Place::STREETS), 0).returning_new();
    assert!(update.await?.address.as_ref().is_some_and(|place| place.streets.is_empty()));
    Ok(())
}

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "wallets", validate = false)]
struct Wallet {
    #[model(hash_key)]
    id: u64,
    #[model(alias = "saldo")]
    balance: i64,
    #[model(default = 100)]
    credits: i64,
    #[model(default = BTreeSet::from(["user".to_owned()]))]
    roles: BTreeSet<String>,
    #[model(default)]
    badges: BTreeSet<String>,
    #[model(alias = "remark")]
    note: Option<String>,
}

#[tokio::test]
async fn an_entry_that_can_be_stored_otherwise_is_not_computed_with_by_key() -> Outcome {
    #[derive(Debug, Clone, Attribute)]
    struct Stats {
        #[model(default = 100)]
        credit: i64,
        #[model(alias = "town")]
        city: Option<String>,
        visits: i64,
    }
    #[derive(Debug, Clone, Model)]
    #[model(table = "members", validate = false)]
    struct Member {
        #[model(hash_key)]
        id: u32,
        stats: Stats,
        #[model(flatten)]
        own: Stats,
    }
    type M = Member;
    let (db, faults) = store().await;
    Table::<M>::create(&db).await?;
    let stats = || Stats { credit: 1, city: None, visits: 0 };
    M { id: 1, stats: stats(), own: stats() }.insert(&db).await?;
    faults.clear_log();
    for update in [
        M::update(&db, 1).increment(M::STATS.to(Stats::CREDIT), 5),
        M::update(&db, 1).remove(M::STATS.to(Stats::CITY)),
        M::update(&db, 1).set_to(M::STATS.to(Stats::VISITS), M::STATS.to(Stats::CREDIT)),
    ] {
        assert!(matches!(update.await, Err(Error::Usage(_))));
    }
    assert!(faults.requests().is_empty());
    let update = M::update(&db, 1).set(M::STATS.to(Stats::CREDIT), 7);
    let update = update.increment(M::STATS.to(Stats::VISITS), 1);
    // Beside the others, the model knows its names.
    let new = update.increment(M::OWN.to(Stats::CREDIT), 1).returning_new().await?;
    assert_eq!((new.stats.credit, new.stats.visits, new.own.credit), (7, 1, 2));
    Ok(())
}

/// What was read under an alias is what a delete depends on.
#[tokio::test]
async fn a_delete_is_in_conflict_with_a_change_under_an_alias() -> Outcome {
    let (db, _) = store().await;
    Table::<Wallet>::create(&db).await?;
    put_raw(&db, "wallets", &[("id", n(1)), ("saldo", n(50))]).await;
    let wallet = Wallet::get(&db, 1).await?.expect("there");
    put_raw(&db, "wallets", &[("id", n(1)), ("saldo", n(60))]).await;
    assert!(wallet.delete(&db).await.expect_err("somebody paid in").is_conflict());
    Ok(())
}

#[tokio::test]
async fn a_change_by_key_starts_from_what_the_model_reads() -> Outcome {
    let (db, faults) = store().await;
    Table::<Wallet>::create(&db).await?;
    let old = [("id", n(1)), ("saldo", n(50)), ("remark", s("vip")), ("extra", n(7))];
    put_raw(&db, "wallets", &old).await;
    let read =
        || async { Wallet::get(&db, 1).consistent().await.map(|found| found.expect("there")) };
    assert_eq!((read().await?.balance, read().await?.credits), (50, 100));

    faults.clear_log();
    Wallet::update(&db, 1).add(Wallet::BALANCE, 5).add(Wallet::CREDITS, 1).await?;
    assert_eq!(faults.count("UpdateItem"), 3, "refused, brought into shape, made");
    let now = read().await?;
    assert_eq!((now.balance, now.credits, now.note.as_deref()), (55, 101, Some("vip")));
    assert!(now.image().contains("extra") && !now.image().contains("saldo"));
    faults.clear_log();
    Wallet::update(&db, 1).add(Wallet::BALANCE, 5).await?;
    assert_eq!(faults.requests().len(), 1);

    // Where the default is empty, an absent or cleared value is added to as it is.
    faults.clear_log();
    let badges = BTreeSet::from(["gold".to_owned()]);
    Wallet::update(&db, 1).add(Wallet::BADGES, &badges).await?;
    assert_eq!((read().await?.badges.len(), faults.count("UpdateItem")), (1, 1));
    let mut cleared = read().await?;
    cleared.badges.clear();
    cleared.save(&db).await?;
    assert_eq!(cleared.image().get("badges"), Some(&AttributeValue::Null(true)));
    Wallet::update(&db, 1).add(Wallet::BADGES, &badges).await?;
    assert_eq!(read().await?.badges, badges);

    // A condition is meant of the value that the model reads, and a delete's too.
    put_raw(&db, "wallets", &old).await;
    let taken = Wallet::update(&db, 1).set(Wallet::NOTE, "x").when(Wallet::CREDITS.ne(100)).await;
    assert!(taken.expect_err("100 is the default").is_conflict());
    let deleted = Wallet::delete(&db, 1).when(Wallet::BALANCE.not_exists()).await;
    assert!(deleted.expect_err("it is there under another name").is_conflict());
    Wallet::update(&db, 1).set(Wallet::NOTE, "x").when(Wallet::BALANCE.eq(50)).await?;

    // What is replaced or removed whole is so under every name.
    put_raw(&db, "wallets", &old).await;
    Wallet::update(&db, 1).set(Wallet::BALANCE, 1).remove(Wallet::NOTE).await?;
    let now = read().await?;
    assert_eq!((now.balance, now.note.clone()), (1, None));
    assert!(!now.image().contains("saldo") && !now.image().contains("remark"));
    // A cleared value with a default stays cleared; one that might become empty is left to a save.
    Wallet::update(&db, 1).remove(Wallet::ROLES).await?;
    assert!(read().await?.roles.is_empty());
    let cleared = Wallet::update(&db, 1).add(Wallet::ROLES, &badges).await;
    assert!(matches!(cleared, Err(Error::Usage(_))), "{cleared:?}");
    let roles = BTreeSet::from(["user".to_owned()]);
    let update = Wallet::update(&db, 1).delete_from(Wallet::ROLES, &roles);
    assert!(matches!(update.await, Err(Error::Usage(_))));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_change_that_must_not_be_repeated_is_made_once_or_unknown() -> Outcome {
    let (db, faults) = one().await;
    faults.next("UpdateItem", Fault::LoseAnswer);
    let new = Customer::update(&db, 1).add(Customer::POINTS, 1).returning_new().await?;
    assert_eq!((new.points, faults.count("UpdateItem")), (6, 1));

    faults.next("UpdateItem", Fault::DropBefore);
    let error = Customer::update(&db, 1).add(Customer::POINTS, 1).await.expect_err("unknown");
    assert!(error.is_outcome_unknown(), "{error:?}");

    // Made, its answer lost, and overwritten before anybody could look.
    let gate = faults.pause_answer("UpdateItem");
    let update = {
        let db = db.clone();
        tokio::spawn(async move { Customer::update(&db, 1).add(Customer::POINTS, 1).await })
    };
    gate.reached().await;
    Customer::update(&db, 1).set(Customer::BONUS, 1.0).await?;
    assert!(update.await?.expect_err("unknown").is_outcome_unknown());
    drop(gate);
    assert_eq!(Customer::get(&db, 1).consistent().await?.expect("there").points, 7);
    Ok(())
}

#[tokio::test]
async fn upsert_writes_whether_or_not_an_item_is_there_and_never_resets_the_version() -> Outcome {
    let (db, _) = store().await;
    let first = DoomMap::new(1, 1, "Hangar").upsert(&db).await?;
    // What is written is the value as it is: an empty set does not become the default of an insert.
    assert_eq!((first.version, first.cheats.len()), (1, 0));
    put_raw(
        &db,
        "doom_maps",
        &[("episode", n(1)), ("map", n(2)), ("name", s("old")), ("version", n(7)), ("extra", n(1))],
    )
    .await;
    let mut second = DoomMap::new(1, 2, "new").upsert(&db).await?;
    assert_eq!((second.name.as_str(), second.version), ("new", 8));
    assert!(second.image().contains("extra"));
    second.name.push('!');
    second.save(&db).await?;
    Ok(())
}

#[tokio::test]
async fn replace_needs_an_item() -> Outcome {
    let (db, _) = store().await;
    let error = DoomMap::new(1, 1, "Hangar").replace(&db).await.expect_err("none");
    assert!(error.is_not_found(), "{error:?}");
    DoomMap::new(1, 1, "Hangar").insert(&db).await?;
    assert_eq!(DoomMap::new(1, 1, "Other").replace(&db).await?.version, 2);
    Ok(())
}

#[tokio::test]
async fn an_upsert_keeps_the_schema_of_a_newer_program_and_respects_a_newer_major() -> Outcome {
    let (db, _) = store().await;
    let key = [("episode", n(1)), ("map", n(1))];
    for (schema, allowed) in [("1.4.0", true), ("2.0.0", false)] {
        let item =
            [("episode", n(1)), ("map", n(1)), ("name", s("theirs")), ("_schema", s(schema))];
        put_raw(&db, "doom_maps", &item).await;
        let result = DoomMap::new(1, 1, "ours").upsert(&db).await;
        let now = stored(&db, "doom_maps", &key).await.expect("there");
        assert_eq!(now.text("_schema"), Some(schema));
        assert_eq!(now.text("name"), Some(if allowed { "ours" } else { "theirs" }));
        assert_eq!(result.is_ok(), allowed, "{result:?}");
    }
    Ok(())
}

#[tokio::test]
async fn an_upsert_with_a_key_of_its_own_raises_the_counter() -> Outcome {
    let (db, _) = store().await;
    Account { id: 5, ..Account::of("Ann", 1) }.upsert(&db).await?;
    assert_eq!(Account::of("Bob", 1).insert(&db).await?.id, 6);
    Ok(())
}

#[tokio::test]
async fn a_default_and_an_alias_are_each_reason_enough_to_bring_an_item_into_shape() -> Outcome {
    let (db, faults) = store().await;
    Table::<Wallet>::create(&db).await?;
    put_raw(&db, "wallets", &[("id", n(1)), ("balance", n(50))]).await;
    Wallet::update(&db, 1).add(Wallet::CREDITS, 1).await?;
    assert_eq!(Wallet::get(&db, 1).consistent().await?.expect("there").credits, 101);
    put_raw(&db, "wallets", &[("id", n(2)), ("saldo", n(50)), ("credits", n(1))]).await;
    Wallet::update(&db, 2).add(Wallet::BALANCE, 5).await?;
    assert_eq!(Wallet::get(&db, 2).consistent().await?.expect("there").balance, 55);
    // An absent attribute is what `set_if_absent` is about, whatever it reads as.
    put_raw(&db, "wallets", &[("id", n(3)), ("balance", n(50))]).await;
    faults.clear_log();
    Wallet::update(&db, 3).set_if_absent(Wallet::CREDITS, 7).await?;
    assert_eq!(faults.requests().len(), 1);
    assert_eq!(Wallet::get(&db, 3).consistent().await?.expect("there").credits, 7);
    Ok(())
}

/// The old item went with the answer; the new one is not it.
#[tokio::test(start_paused = true)]
async fn the_old_item_of_a_lost_answer_is_not_made_up() -> Outcome {
    let (db, faults) = one().await;
    faults.next("UpdateItem", Fault::LoseAnswer);
    let old = Customer::update(&db, 1).add(Customer::POINTS, 1).returning_old().await?;
    assert!(old.is_none());
    let requests = faults.requests();
    let look = requests.iter().find(|request| request.operation == "GetItem").expect("a look");
    assert_eq!(look.body["ConsistentRead"], true);
    Ok(())
}
