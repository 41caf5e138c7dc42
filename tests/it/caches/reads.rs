//! What reads find in a cache.

use std::future::IntoFuture as _;
use std::time::Duration;

use dynamap::faults::Fault;
use dynamap::{Coalesced, Database, Gets, Model, Table, Transaction};
use futures_util::future::join_all;

use super::{MINUTE, Place};
use crate::support::{DoomMap, Outcome, Profile, n, put_raw, s};

#[tokio::test]
async fn a_second_read_of_an_item_asks_the_cache_alone() -> Outcome {
    let place = Place::new().await;
    DoomMap::new(1, 1, "Hangar").insert(&place.stranger()).await?;
    place.clear();
    let first = DoomMap::get(&place.db, (1, 1)).await?.expect("there");
    assert_eq!(place.requests(), 1);
    assert_eq!(place.told(), ["doom_maps Miss", "doom_maps Put"]);
    let second = DoomMap::get(&place.db, (1, 1)).await?.expect("there");
    assert_eq!(place.requests(), 0);
    assert_eq!(place.told(), ["doom_maps Hit"]);
    assert_eq!((&*first, first.image()), (&*second, second.image()));
    Ok(())
}

#[tokio::test]
async fn without_a_duration_nothing_is_read_from_the_cache() -> Outcome {
    let place = Place::with(|caching| caching).await;
    DoomMap::new(1, 1, "Hangar").insert(&place.stranger()).await?;
    place.clear();
    for _ in 0..2 {
        assert!(DoomMap::get(&place.db, (1, 1)).await?.is_some());
    }
    assert_eq!((place.requests(), place.cache.take_asked()), (2, vec![]));
    Ok(())
}

#[tokio::test]
async fn a_single_read_counts_before_its_model_and_the_model_before_every_model() -> Outcome {
    let place = Place::with(|caching| caching.every_model(MINUTE).not_model::<DoomMap>()).await;
    DoomMap::new(1, 1, "Hangar").insert(&place.stranger()).await?;
    Profile::new("ann").insert(&place.stranger()).await?;
    place.clear();
    let map = || DoomMap::get(&place.db, (1, 1));
    let profile = || Profile::get(&place.db, "ann");
    // Every model.
    for requests in [1, 0] {
        assert!(profile().await?.is_some());
        assert_eq!(place.requests(), requests);
    }
    // The model.
    for _ in 0..2 {
        assert!(map().await?.is_some());
        assert_eq!(place.requests(), 1);
    }
    // The read.
    for requests in [1, 0] {
        assert!(map().cached_for(MINUTE).await?.is_some());
        assert_eq!(place.requests(), requests);
    }
    assert!(profile().uncached().await?.is_some());
    assert_eq!(place.requests(), 1);
    Ok(())
}

#[tokio::test]
async fn an_entry_is_not_read_when_its_time_is_over() -> Outcome {
    let place = Place::new().await;
    let (_, stranger) = (DoomMap::new(1, 1, "Hangar").insert(&place.db).await?, place.stranger());
    let mut map = DoomMap::get(&stranger, (1, 1)).await?.expect("there");
    map.name = "Nuclear Plant".to_owned();
    map.save(&stranger).await?;
    tokio::time::pause();
    tokio::time::advance(MINUTE / 2).await;
    tokio::time::resume();
    assert_eq!(DoomMap::get(&place.db, (1, 1)).await?.expect("there").name, "Hangar");
    tokio::time::pause();
    tokio::time::advance(MINUTE / 2).await;
    tokio::time::resume();
    assert_eq!(DoomMap::get(&place.db, (1, 1)).await?.expect("there").name, "Nuclear Plant");
    Ok(())
}

#[tokio::test]
async fn consistent_reads_transactions_queries_and_scans_do_not_ask_the_cache() -> Outcome {
    let place = Place::new().await;
    DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
    place.clear();
    let map = || DoomMap::get(&place.db, (1, 1));
    assert!(map().consistent().await?.is_some());
    assert!(map().consistent().cached_for(MINUTE).await?.is_some());
    assert!(map().cached_for(MINUTE).consistent().await?.is_some());
    let tx = Transaction::begin(&place.db);
    assert!(DoomMap::get(&tx, (1, 1)).await?.is_some());
    drop(tx);
    let tx = Transaction::begin(&place.db);
    assert!(DoomMap::get(&tx, (1, 1)).cached_for(MINUTE).await?.is_some());
    drop(tx);
    assert_eq!(DoomMap::query(&place.db, 1).try_collect().await?.len(), 1);
    assert_eq!(DoomMap::scan(&place.db).try_collect().await?.len(), 1);
    let mut gets = Gets::of(&place.db).consistent();
    let slot = gets.get::<DoomMap>((1, 1));
    assert!(gets.read().await?.take(slot)?.is_some());
    assert_eq!((place.requests(), place.cache.take_asked()), (8, vec![]));
    Ok(())
}

#[tokio::test]
async fn many_items_are_asked_for_at_once_and_the_rest_is_read_and_put() -> Outcome {
    let place = Place::new().await;
    let stranger = place.stranger();
    for map in 1..=3 {
        DoomMap::new(1, map, &format!("map {map}")).insert(&stranger).await?;
    }
    DoomMap::get(&place.db, (1, 2)).await?;
    place.clear();
    let keys = [(1, 1), (1, 2), (1, 3), (1, 4)];
    let names = async || {
        let found = DoomMap::get_many(&place.db, keys).await?;
        Ok::<_, dynamap::Error>(
            found.into_iter().map(|map| map.map(|map| map.name.clone())).collect::<Vec<_>>(),
        )
    };
    let all = ["map 1", "map 2", "map 3"].map(|name| Some(name.to_owned()));
    let all = [all.as_slice(), &[None]].concat();
    assert_eq!(names().await?, all);
    assert_eq!(place.cache.take_asked(), [("get", 4), ("swap", 1), ("swap", 1)]);
    let request = place.faults.requests().pop().expect("a batch");
    assert_eq!(request.body["RequestItems"]["doom_maps"]["Keys"].as_array().map(Vec::len), Some(3));
    place.clear();
    assert_eq!(names().await?, all);
    // That there is none was not to be remembered.
    let request = place.faults.requests().pop().expect("a batch");
    assert_eq!(request.body["RequestItems"]["doom_maps"]["Keys"].as_array().map(Vec::len), Some(1));

    let mut gets = Gets::of(&place.db).uncached();
    let slot = gets.get::<DoomMap>((1, 1));
    place.clear();
    assert!(gets.read().await?.take(slot)?.is_some());
    assert_eq!((place.requests(), place.cache.take_asked()), (1, vec![]));
    Ok(())
}

#[tokio::test]
async fn three_hundred_items_are_three_questions() -> Outcome {
    let place = Place::new().await;
    let found = DoomMap::get_many(&place.db, (1..=300).map(|map| (1, map))).await?;
    assert!(found.iter().all(Option::is_none));
    assert_eq!(place.cache.take_asked(), [("get", 100); 3]);
    Ok(())
}

#[tokio::test]
async fn that_there_is_no_item_is_remembered_only_on_request_and_never_of_an_error() -> Outcome {
    let place = Place::with(|caching| caching.every_model(MINUTE).absent_for(MINUTE)).await;
    place.faults.next("GetItem", Fault::service("AccessDeniedException"));
    assert!(DoomMap::get(&place.db, (1, 1)).await.is_err());
    assert_eq!(place.cache.keys(), [""; 0]);
    for requests in [2, 0] {
        assert!(DoomMap::get(&place.db, (1, 1)).await?.is_none());
        assert_eq!(place.requests(), requests);
    }
    assert!(DoomMap::get_many(&place.db, [(1, 1)]).await?[0].is_none());
    assert_eq!(place.requests(), 0);
    // An insert replaces it.
    DoomMap::new(1, 1, "Hangar").insert(&place.db).await?;
    place.requests();
    assert!(DoomMap::get(&place.db, (1, 1)).await?.is_some());
    assert_eq!(place.requests(), 0);
    Ok(())
}

#[tokio::test]
async fn merged_reads_ask_the_cache_too() -> Outcome {
    let place = Place::new().await;
    let stranger = place.stranger();
    for map in 1..=3 {
        DoomMap::new(1, map, &format!("map {map}")).insert(&stranger).await?;
    }
    let reader = Coalesced::new(&place.db);
    for requests in [1, 0] {
        place.clear();
        let reads = (1..=3).map(|map| DoomMap::get(&reader, (1, map)).into_future());
        for found in join_all(reads).await {
            assert!(found?.is_some());
        }
        assert_eq!(place.requests(), requests);
    }
    Ok(())
}

#[tokio::test]
async fn an_item_of_an_older_schema_is_upgraded_when_it_comes_from_the_cache() -> Outcome {
    use dynamap::{Item, Migrations, Step, StepError};

    fn mail_becomes_email(item: &mut Item) -> Result<(), StepError> {
        item.rename("mail", "email");
        Ok(())
    }
    static USER: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", mail_becomes_email)]);

    #[derive(Debug, Clone, Model)]
    #[model(table = "users", schema = "2.0.0", migrations = USER, validate = false)]
    struct User {
        #[model(hash_key)]
        id: u64,
        email: String,
    }

    let place = Place::new().await;
    Table::<User>::create(&place.db).await?;
    let old = [("id", n(1)), ("mail", s("ann@example.org")), ("_schema", s("1.0.0"))];
    put_raw(&place.db, "users", &old).await;
    for requests in [1, 0] {
        place.clear();
        let user = User::get(&place.db, 1).await?.expect("there");
        assert_eq!(
            (user.id, user.email.as_str(), user.is_upgraded()),
            (1, "ann@example.org", true)
        );
        assert_eq!(place.requests(), requests);
    }
    Ok(())
}

#[tokio::test]
async fn no_two_items_share_a_key_of_the_cache() -> Outcome {
    #[derive(Debug, Clone, Model)]
    #[model(table = "pairs", validate = false)]
    struct Pair {
        #[model(hash_key)]
        left: String,
        #[model(range_key)]
        right: String,
    }

    let place = Place::new().await;
    Table::<Pair>::create(&place.db).await?;
    let pairs = [("a", "b_c"), ("a_b", "c"), ("a:", "b"), ("a", ":b"), ("aS", "b"), ("a", "Sb")];
    for (left, right) in pairs {
        Pair { left: left.into(), right: right.into() }.insert(&place.stranger()).await?;
    }
    for _ in 0..2 {
        for (left, right) in pairs {
            let found = Pair::get(&place.db, (left, right)).await?.expect("there");
            assert_eq!((found.left.as_str(), found.right.as_str()), (left, right));
        }
    }
    let keys = place.cache.keys();
    assert_eq!(keys.len(), pairs.len());
    // Nothing of a key's values is in them, and every cache takes them.
    for key in keys {
        let digest = key.strip_prefix("pairs:").expect("the table's name");
        assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
    }
    Ok(())
}

#[tokio::test]
async fn stores_with_tables_of_the_same_name_are_told_apart_by_a_prefix() -> Outcome {
    let place = Place::new().await;
    let other = dynamap::embedded::memory()?;
    let caching = |prefix: &str| {
        dynamap::Caching::new(place.cache.clone()).every_model(MINUTE).prefix(prefix)
    };
    let paris = Database::builder(place.db.client().clone()).cache(caching("paris")).build();
    let tokyo = Database::builder(other.clone()).cache(caching("to\r\nkyo")).build();
    Table::<DoomMap>::create(&tokyo).await?;
    DoomMap::new(1, 1, "Paris").insert(&paris).await?;
    DoomMap::new(1, 1, "Tokyo").insert(&tokyo).await?;
    assert_eq!(DoomMap::get(&paris, (1, 1)).await?.expect("there").name, "Paris");
    assert_eq!(DoomMap::get(&tokyo, (1, 1)).await?.expect("there").name, "Tokyo");
    // Also those that no key of a cache can begin with.
    let osaka = dynamap::embedded::memory()?;
    let osaka = Database::builder(osaka).cache(caching("o\r\nsaka")).build();
    Table::<DoomMap>::create(&osaka).await?;
    assert!(DoomMap::get(&osaka, (1, 1)).await?.is_none());
    let long = caching(&"o".repeat(300));
    let osaka = Database::builder(osaka.client().clone()).cache(long).build();
    DoomMap::new(1, 1, "Osaka").insert(&osaka).await?;
    let keys = place.cache.keys();
    assert!(keys.iter().all(|key| key.len() <= 250), "{keys:?}");
    assert!(keys.iter().any(|key| key.starts_with("paris:")), "{keys:?}");
    // What a cache would stumble over is in the digest alone.
    assert!(keys.iter().all(|key| key.bytes().all(|byte| byte.is_ascii_graphic())), "{keys:?}");
    Ok(())
}

#[tokio::test]
async fn an_item_read_for_long_is_not_put() -> Outcome {
    let place = Place::with(|caching| caching.every_model(MINUTE).buried_for(Duration::ZERO)).await;
    DoomMap::new(1, 1, "Hangar").insert(&place.stranger()).await?;
    place.clear();
    assert!(DoomMap::get(&place.db, (1, 1)).await?.is_some());
    assert_eq!(place.cache.take_asked(), [("get", 1)]);
    assert!(DoomMap::get_many(&place.db, [(1, 1)]).await?[0].is_some());
    assert_eq!(place.cache.take_asked(), [("get", 1)]);
    Ok(())
}

#[tokio::test]
async fn tables_are_told_apart_whatever_the_prefixes_are() -> Outcome {
    let place = Place::new().await;
    let program = |cache: &str, tables: &str| {
        let caching = dynamap::Caching::new(place.cache.clone()).every_model(MINUTE).prefix(cache);
        Database::builder(place.db.client().clone()).table_prefix(tables).cache(caching).build()
    };
    // One prefix and two tables, and both together the same text.
    let programs = [program(" ", "b-"), program(" ", "c-"), program(" b-", "")];
    for (number, db) in programs.iter().enumerate() {
        if number < 2 {
            Table::<DoomMap>::create(db).await?;
        }
        DoomMap::new(1, 1, &format!("{number}")).insert(db).await?;
    }
    place.clear();
    for (number, db) in programs.iter().enumerate() {
        assert_eq!(DoomMap::get(db, (1, 1)).await?.expect("there").name, format!("{number}"));
    }
    assert_eq!((place.requests(), place.cache.keys().len()), (0, 3));
    Ok(())
}
