//! The chapter "From the older Python libraries".

use std::collections::BTreeSet;
use std::time::Duration;

use dynamap::cache::Memory;
use dynamap::{
    Attribute, AttributeValue, Batch, BoolAsNumber, Caching, Database, DayOrdinal, Error, Iso8601,
    Item, JsonText, Migrations, Model, Sequence, Session, Step, StepError, Table,
};
use jiff::{Timestamp, civil};
use semver::Version;

use crate::support::{Outcome, n, put_raw, s};

#[derive(Debug, Clone, Model)]
#[model(table = "players", schema = "2.0.0", migrations = PLAYER, validate = false)]
struct Player {
    #[model(hash_key, auto_increment)]
    id: u64,
    name: String,
    cheats: BTreeSet<String>,
    #[model(with = BoolAsNumber, default)]
    admin: bool,
    #[model(with = JsonText)]
    scores: Vec<u32>,
    #[model(with = Iso8601)]
    joined: Timestamp,
}

static PLAYER: Migrations = Migrations::new(&[
    Step::new("1.0.0", "2.0.0", login_becomes_name), // migrate_to_2
])
.detect_by(shape);

/// `check_1` and `check_2`.
fn shape(item: &Item) -> Version {
    Version::new(if item.contains("login") { 1 } else { 2 }, 0, 0)
}

fn login_becomes_name(item: &mut Item) -> Result<(), StepError> {
    item.rename("login", "name");
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Attribute)]
#[model(by_index)]
enum Rank {
    Private,
    Captain,
}

#[derive(Debug, Clone, Model)]
#[model(table = "soldiers", validate = false)]
struct Soldier {
    #[model(hash_key)]
    name: String,
    rank: Rank,
    #[model(with = DayOrdinal)]
    born: civil::Date,
    #[model(version)]
    version: u64,
}

fn soldier(name: &str, rank: Rank) -> Soldier {
    Soldier { name: name.to_owned(), rank, born: civil::date(1990, 5, 17), version: 0 }
}

async fn store() -> Result<Database, Box<dyn std::error::Error>> {
    let db = Database::new(dynamap::embedded::memory()?);
    Table::<Player>::create(&db).await?;
    Table::<Soldier>::create(&db).await?;
    Ok(db)
}

/// What dynamodb-mapper left: a player of before its second schema, one of it, and its counter.
async fn old_players(db: &Database) {
    for (id, name) in [(6, "login"), (7, "name")] {
        let item = [
            ("id", n(id)),
            (name, s("Romero")),
            ("cheats", AttributeValue::Ss(vec!["idkfa".to_owned()])),
            ("admin", n(1)),
            ("scores", s("[3, 2, 1]")),
            ("joined", s("2012-06-11T12:30:00.000000+00:00")),
        ];
        put_raw(db, "players", &item).await;
    }
    put_raw(db, "players", &[("id", n(-1)), ("__max_hash_key__", n(7))]).await;
}

#[tokio::test]
async fn a_table_of_dynamodb_mapper_is_read_upgraded_and_counted_on() -> Outcome {
    let db = store().await?;
    old_players(&db).await;

    for id in [6, 7] {
        let player = Player::get(&db, id).await?.expect("a player");
        assert_eq!((player.name.as_str(), player.admin), ("Romero", true));
        assert_eq!(
            (player.scores[0], player.joined.to_string()),
            (3, "2012-06-11T12:30:00Z".into())
        );
    }
    // Its counter is an item among the others, with the key -1: no player.
    assert!(matches!(Player::scan(&db).try_collect().await, Err(Error::Decode(_))));

    Sequence::<Player>::of(&db).repair().await?; // goes on behind the highest id
    db.client().delete_item().table_name("players").key("id", n(-1)).send().await?;
    assert_eq!(Player::scan(&db).try_collect().await?.len(), 2);

    let joined = Timestamp::UNIX_EPOCH;
    let cheats = BTreeSet::new();
    let new =
        Player { id: 0, name: "Carmack".into(), cheats, admin: false, scores: vec![], joined };
    assert_eq!(new.insert(&db).await?.id, 8);
    Ok(())
}

#[tokio::test]
async fn operations_are_queued_and_each_has_its_result() -> Outcome {
    let db = store().await?;
    let mut batch = Batch::of(&db);
    let ann = batch.add(soldier("Ann", Rank::Captain).insert(&db));
    let again = batch.add(soldier("Ann", Rank::Private).insert(&db));
    let all = batch.add(Soldier::scan(&db));
    let mut results = batch.run().await;
    assert_eq!(results.take(ann)?.version, 1);
    assert!(results.take(again).expect_err("she is there").is_conflict());
    assert_eq!(results.take(all)?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn enums_dates_and_the_cache_are_those_of_duo() -> Outcome {
    let db = store().await?;
    let caching = Caching::new(Memory::new(1 << 20)).model::<Soldier>(Duration::from_mins(1));
    let db = Database::builder(db.client().clone()).cache(caching).build();
    put_raw(&db, "soldiers", &[("name", s("Ann")), ("rank", n(1)), ("born", n(726_604))]).await;

    let mut ann = Soldier::get(&db, "Ann").await?.expect("Ann");
    assert_eq!((ann.rank, ann.born), (Rank::Captain, civil::date(1990, 5, 17)));
    ann.rank = Rank::Private;
    ann.save(&db).await?; // and the cache has what was left

    assert_eq!(Soldier::get(&db, "Ann").await?.expect("Ann").rank, Rank::Private);
    Ok(())
}

#[tokio::test]
async fn what_is_read_once_is_written_once() -> Outcome {
    let db = store().await?;
    soldier("Ann", Rank::Private).insert(&db).await?;
    let mut session = Session::of(&db);
    session.preload(Soldier::scan(&db)).await?;
    let mut ann = Soldier::get(&session, "Ann").await?.expect("Ann"); // no request
    ann.rank = Rank::Captain;
    session.save(ann)?; // no request
    assert!(session.flush().await.failures().is_empty()); // one, for what changed

    assert_eq!(Soldier::get(&db, "Ann").await?.expect("Ann").rank, Rank::Captain);
    Ok(())
}

#[tokio::test]
async fn an_update_returns_the_item_and_minds_its_condition() -> Outcome {
    let db = store().await?;
    soldier("Ann", Rank::Private).insert(&db).await?;
    let ann = Soldier::update(&db, "Ann")
        .set(Soldier::RANK, &Rank::Captain)
        .when(Soldier::RANK.eq(&Rank::Private))
        .returning_new()
        .await?;
    assert_eq!((ann.rank, ann.version), (Rank::Captain, 2));
    Ok(())
}
