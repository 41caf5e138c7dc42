//! What the cache is told of writes that were never sent, or whose future went with its runtime.

use dynamap::blocking::{Wait as _, wait_for};
use dynamap::{Database, Error, Loaded, Migrations, Model, Step, StepError, Table, Transaction};

use super::Place;
use crate::support::{DoomMap, Outcome};

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "users", validate = false)]
struct User {
    #[model(hash_key)]
    id: u64,
    #[model(unique)]
    email: String,
    age: u32,
    #[model(version)]
    version: u64,
}

#[tokio::test]
async fn a_condition_that_is_found_not_to_hold_before_anything_is_sent_evicts() -> Outcome {
    let place = Place::new().await;
    Table::<User>::create(&place.db).await?;
    User { id: 1, email: "ann@example.org".into(), age: 17, version: 0 }.insert(&place.db).await?;
    User::update(&place.stranger(), 1).set(User::AGE, 18).await?;
    let seen = User::get(&place.db, 1).await?.expect("there");
    assert_eq!(seen.age, 17);
    place.clear();
    let update = User::update(&place.db, 1).set(User::EMAIL, "ann@example.com");
    assert!(update.when(User::AGE.eq(17)).await.expect_err("grown up").is_conflict());
    assert!(place.faults.requests().iter().all(|request| request.operation == "GetItem"));
    assert_eq!(place.told(), ["users Evicted"]);
    assert_eq!(User::get(&place.db, 1).await?.expect("there").age, 18);
    Ok(())
}

fn name_becomes_login(item: &mut dynamap::Item) -> Result<(), StepError> {
    item.rename("name", "login");
    Ok(())
}

fn login_becomes_name(item: &mut dynamap::Item) -> Result<(), StepError> {
    item.rename("login", "name");
    Ok(())
}

static MEMBER: Migrations =
    Migrations::new(&[Step::new("1.0.0", "2.0.0", name_becomes_login).down(login_becomes_name)]);

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "members", schema = "2.0.0", migrations = MEMBER, validate = false)]
struct Member {
    #[model(hash_key)]
    id: u64,
    login: String,
    #[model(version)]
    version: u64,
}

#[tokio::test]
async fn so_does_one_of_an_item_that_is_written_for_an_older_program() -> Outcome {
    let place = Place::new().await;
    Table::<Member>::create(&place.db).await?;
    let caching = dynamap::Caching::new(place.cache.clone()).every_model(super::MINUTE);
    let db = Database::builder(place.db.client().clone()).cache(caching);
    let db = db.write_as::<Member>("1.0.0")?.build();
    let mut ann = Member { id: 1, login: "ann".into(), version: 0 }.insert(&db).await?;
    ann.login = "anna".into();
    ann.save(&Database::builder(db.client().clone()).write_as::<Member>("1.0.0")?.build()).await?;
    assert_eq!(Member::get(&db, 1).await?.expect("there").login, "ann");
    let update = Member::update(&db, 1).set(Member::LOGIN, "bob").when(Member::LOGIN.eq("ann"));
    assert!(update.await.expect_err("renamed").is_conflict());
    assert_eq!(Member::get(&db, 1).await?.expect("there").login, "anna");
    Ok(())
}

#[tokio::test]
async fn so_does_one_of_such_an_item_that_is_not_there_any_more() -> Outcome {
    let place = Place::new().await;
    Table::<Member>::create(&place.db).await?;
    let caching = dynamap::Caching::new(place.cache.clone()).every_model(super::MINUTE);
    let db = Database::builder(place.db.client().clone()).cache(caching);
    let db = db.write_as::<Member>("1.0.0")?.build();
    Member { id: 1, login: "ann".into(), version: 0 }.insert(&db).await?;
    let stranger = Database::builder(db.client().clone()).write_as::<Member>("1.0.0")?.build();
    Member::delete(&stranger, 1).unchecked().await?;
    assert!(Member::get(&db, 1).await?.is_some());
    let update = Member::update(&db, 1).set(Member::LOGIN, "bob");
    assert!(update.await.expect_err("gone").is_not_found());
    assert!(Member::get(&db, 1).await?.is_none());
    Ok(())
}

/// An item as the cache has it, and the store no more.
async fn stale(place: &Place) -> Result<Loaded<DoomMap>, Error> {
    let mut map = DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
    map.name = "Nuclear Plant".into();
    map.save(&place.stranger()).await?;
    let stale = DoomMap::get(&place.db, (1, 1)).await?.expect("there");
    assert_eq!(stale.name, "Hangar");
    place.clear();
    Ok(stale)
}

#[tokio::test]
async fn an_item_that_a_transaction_knows_to_be_old_is_evicted_before_the_commit() -> Outcome {
    let place = Place::new().await;
    let stale = stale(&place).await?;
    let tx = Transaction::begin(&place.db);
    DoomMap::get(&tx, (1, 1)).await?;
    assert!(tx.save(stale).expect_err("stale").is_conflict());
    place.evicts("doom_maps").await;
    assert_eq!(DoomMap::get(&place.db, (1, 1)).await?.expect("there").name, "Nuclear Plant");
    Ok(())
}

#[tokio::test]
async fn so_is_one_that_it_read_while_the_old_one_was_written() -> Outcome {
    let place = Place::new().await;
    let stale = stale(&place).await?;
    let tx = Transaction::begin(&place.db);
    let gate = place.faults.pause_answer("GetItem");
    let other = tx.clone();
    let read = tokio::spawn(async move { DoomMap::get(&other, (1, 1)).await });
    gate.reached().await;
    tx.save(stale)?;
    gate.release();
    read.await??;
    assert!(tx.commit().await.expect_err("stale").is_conflict());
    place.evicts("doom_maps").await;
    Ok(())
}

#[tokio::test]
async fn so_is_one_that_a_nested_transaction_writes_and_the_one_around_it_has_read() -> Outcome {
    let place = Place::new().await;
    let stale = stale(&place).await?;
    let tx = Transaction::begin(&place.db);
    let nested = tx.nested();
    nested.save(stale)?;
    DoomMap::get(&tx, (1, 1)).await?;
    assert!(nested.commit().await.expect_err("stale").is_conflict());
    place.evicts("doom_maps").await;
    assert_eq!(DoomMap::get(&place.db, (1, 1)).await?.expect("there").name, "Nuclear Plant");
    Ok(())
}

#[tokio::test]
async fn so_is_one_that_a_transaction_writes_that_is_merged_into_one_that_has_read_it() -> Outcome {
    let place = Place::new().await;
    let stale = stale(&place).await?;
    let (tx, part) = (Transaction::begin(&place.db), Transaction::begin(&place.db));
    part.save(stale)?;
    DoomMap::get(&tx, (1, 1)).await?;
    assert!(tx.merge(part).expect_err("stale").is_conflict());
    place.evicts("doom_maps").await;
    assert_eq!(DoomMap::get(&place.db, (1, 1)).await?.expect("there").name, "Nuclear Plant");
    Ok(())
}

#[test]
fn so_is_one_of_a_program_without_async() -> Outcome {
    let (place, stale) = wait_for(async {
        let place = Place::new().await;
        let stale = stale(&place).await?;
        Ok::<_, Error>((place, stale))
    })??;
    let tx = Transaction::begin(&place.db);
    DoomMap::get(&tx, (1, 1)).wait()?;
    // Nothing is waited for here, and there is no runtime.
    assert!(tx.save(stale).expect_err("stale").is_conflict());
    wait_for(place.evicts("doom_maps"))?;
    assert_eq!(DoomMap::get(&place.db, (1, 1)).wait()?.expect("there").name, "Nuclear Plant");
    Ok(())
}

#[test]
fn a_write_that_is_dropped_outside_of_its_runtime_evicts() -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (place, map, gate) = runtime.block_on(async {
        let place = Place::new().await;
        let map = DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
        let gate = place.faults.pause_answer("UpdateItem");
        Ok::<_, dynamap::Error>((place, map, gate))
    })?;
    let mut map = map;
    map.name = "Nuclear Plant".to_owned();
    let mut save = Box::pin(map.save(&place.db));
    runtime.block_on(async {
        tokio::select! {
            _ = &mut save => panic!("its answer is held"),
            () = gate.reached() => {}
        }
    });
    drop(save);
    gate.release();
    runtime.block_on(async {
        place.evicts("doom_maps").await;
        assert_eq!(DoomMap::get(&place.db, (1, 1)).await?.expect("there").name, "Nuclear Plant");
        Ok(())
    })
}
