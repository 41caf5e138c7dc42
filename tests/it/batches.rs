//! Batches: many items read by key in few requests, many models written with a result for each.

use dynamap::error::BusyCause;
use dynamap::faults::{Fault, Faults};
use dynamap::{Database, Error, Gets, ItemSlot, Model, RetryPolicy, Table};

use crate::support::{Account, DoomMap, Mistyped, Outcome, Profile, store};

const GET: &str = "BatchGetItem";

async fn maps(db: &Database, count: u32) {
    let maps = (1..=count).map(|map| DoomMap::new(1, map, &format!("map {map}")));
    for stored in DoomMap::insert_many(db, maps).await {
        stored.expect("a new map");
    }
}

/// How many keys each request asked for, the largest first: requests under way together have no order.
fn sizes(faults: &Faults) -> Vec<usize> {
    let requests = faults.requests().into_iter().filter(|request| request.operation == GET);
    let keys = |table: &serde_json::Value| table["Keys"].as_array().map_or(0, Vec::len);
    let mut sizes: Vec<_> = requests
        .map(|request| {
            let tables = request.body["RequestItems"].as_object().expect("tables");
            tables.values().map(keys).sum()
        })
        .collect();
    sizes.sort_unstable_by(|a: &usize, b| b.cmp(a));
    sizes
}

#[tokio::test]
async fn many_gets_equal_gets_one_by_one_in_the_order_of_the_keys() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 240).await;
    let cases: [(u32, &[usize]); 5] =
        [(0, &[]), (1, &[1]), (100, &[100]), (101, &[100, 1]), (250, &[100, 100, 50])];
    for (count, requests) in cases {
        // Backwards, and with keys of no item.
        let keys: Vec<_> = (1..=count).rev().map(|map| (1, map)).collect();
        faults.clear_log();
        let many = DoomMap::get_many(&db, keys.iter().copied()).await?;
        assert_eq!(sizes(&faults), requests, "{count} keys");
        assert_eq!(many.len(), keys.len());
        for (key, found) in keys.into_iter().zip(many) {
            let one = DoomMap::get(&db, key).await?;
            assert_eq!(one.is_none(), key.1 > 240);
            assert_eq!(found.as_deref(), one.as_deref(), "{key:?}");
            assert_eq!(found.map(|f| f.image().clone()), one.map(|o| o.image().clone()));
        }
    }
    Ok(())
}

#[tokio::test]
async fn several_models_are_one_request_and_a_key_given_twice_is_asked_once() -> Outcome {
    let (db, faults) = store().await;
    let ann = Account::of("Ann", 5).insert(&db).await?;
    Profile::new("ann").insert(&db).await?;
    faults.clear_log();
    let mut gets = Gets::of(&db).consistent();
    let account = gets.get::<Account>(ann.id);
    let again = gets.get::<Account>(ann.id);
    let profile = gets.get::<Profile>("ann");
    let map = gets.get::<DoomMap>((1, 1));
    let found = gets.read().await?;
    assert_eq!(sizes(&faults), [3]);
    let body = &faults.requests()[0].body["RequestItems"];
    for table in ["accounts", "profiles", "doom_maps"] {
        assert_eq!(body[table]["ConsistentRead"], true, "{table}");
    }
    let mut account = found.take(account)?.expect("there");
    assert_eq!(found.take(profile)?.expect("there").address.city, "Bern");
    assert!(found.take(map)?.is_none());
    // What was found can be saved, once.
    account.balance = 6;
    account.save(&db).await?;
    let mut again = found.take(again)?.expect("there");
    again.balance = 7;
    assert!(again.save(&db).await.is_err_and(|error| error.is_conflict()));
    Ok(())
}

#[tokio::test]
async fn a_key_that_cannot_be_stored_is_refused_before_anything_is_sent() -> Outcome {
    let (db, faults) = store().await;
    let error = Profile::get_many(&db, ["ann", ""]).await.expect_err("an empty key");
    assert!(matches!(error, Error::Encode { model: "Profile", .. }), "{error:?}");
    let slot: ItemSlot<Profile> = Gets::of(&db).get("ann");
    let found = Gets::of(&db).read().await?;
    assert!(matches!(found.take(slot), Err(Error::Usage(_))));
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn unprocessed_keys_and_refused_requests_are_sent_again() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 5).await;
    for (fault, requests) in [
        (Fault::Unprocessed { keep: 2 }, [5, 3]),
        (Fault::Unprocessed { keep: 0 }, [5, 5]),
        (Fault::Throttle, [5, 5]),
        (Fault::LoseAnswer, [5, 5]),
    ] {
        faults.clear_log();
        faults.next(GET, fault.clone());
        let found = DoomMap::get_many(&db, (1..=5).map(|map| (1, map))).await?;
        assert!(found.iter().all(Option::is_some), "{fault:?}");
        assert_eq!(sizes(&faults), requests, "{fault:?}");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_is_left_at_the_deadline_is_named_and_the_rest_is_found() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 3).await;
    // One key is answered; the others come back, and are throttled until the deadline.
    faults.next(GET, Fault::Unprocessed { keep: 1 });
    faults.always(GET, Fault::Throttle);
    let mut gets = Gets::of(&db);
    let slots: Vec<_> = (1..=3).map(|map| gets.get::<DoomMap>((1, map))).collect();
    let found = gets.read().await?;
    let left: Vec<_> = found.leftovers().iter().map(ToString::to_string).collect();
    assert_eq!(
        left,
        ["(episode = 1, map = 2) of table doom_maps", "(episode = 1, map = 3) of table doom_maps"]
    );
    let mut taken = slots.into_iter().map(|slot| found.take(slot));
    assert_eq!(taken.next().expect("a slot")?.expect("there").name, "map 1");
    for left in taken {
        let Err(Error::Busy(busy)) = left else { panic!("{left:?}") };
        assert_eq!((busy.operation, busy.cause), (GET, BusyCause::Throttled));
    }
    let error = DoomMap::get_many(&db, [(1, 1)]).await.expect_err("throttled");
    assert!(error.is_retryable(), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn leftovers_of_several_requests_fill_whole_requests() -> Outcome {
    let (db, faults) = store().await;
    maps(&db, 1000).await;
    // A third of every request is left unprocessed: whatever is sent, a request brings 67 items at most.
    faults.always(GET, Fault::Unprocessed { keep: 67 });
    for (count, requests) in [(1000_u32, 15), (200, 3), (100, 2), (67, 1)] {
        faults.clear_log();
        let found = DoomMap::get_many(&db, (1..=count).map(|map| (1, map))).await?;
        let found: Vec<_> = found.into_iter().map(|map| map.expect("there").map).collect();
        assert_eq!(found, (1..=count).collect::<Vec<_>>());
        assert_eq!(sizes(&faults).len(), requests, "{count} keys");
        assert_eq!(requests, count.div_ceil(67) as usize, "no fewer would do");
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn leftovers_cost_neither_time_nor_budget_where_a_request_got_on() -> Outcome {
    let (_, faults) = store().await;
    let client = faults.wrap(&dynamap::embedded::memory()?)?;
    let mut policy = RetryPolicy::default();
    policy.budget = 0;
    let db = Database::builder(client).retry(policy).build();
    Table::<DoomMap>::create(&db).await?;
    maps(&db, 30).await;
    faults.always(GET, Fault::Unprocessed { keep: 1 });
    let start = tokio::time::Instant::now();
    let found = DoomMap::get_many(&db, (1..=30).map(|map| (1, map))).await?;
    assert!(found.iter().all(Option::is_some));
    assert_eq!(faults.count(GET), 30);
    assert_eq!(start.elapsed(), std::time::Duration::ZERO);
    // Without any progress there is nothing left to pay with.
    faults.always(GET, Fault::Unprocessed { keep: 0 });
    faults.clear_log();
    let error = DoomMap::get_many(&db, [(1, 1)]).await.expect_err("nothing is read");
    assert!(matches!(error, Error::Busy(_)), "{error:?}");
    assert_eq!(faults.count(GET), 1);
    Ok(())
}

#[tokio::test]
async fn an_item_that_the_service_refuses_does_not_fail_the_others() -> Outcome {
    let (db, _) = store().await;
    maps(&db, 9).await;
    Profile::new("ann").insert(&db).await?;
    let mut gets = Gets::of(&db);
    let found: Vec<_> = (1..=9).map(|map| gets.get::<DoomMap>((1, map))).collect();
    let mistyped = gets.get::<Mistyped>("one");
    let ann = gets.get::<Profile>("ann");
    let nowhere = gets.get::<Nowhere>(1);
    let items = gets.read().await?;
    for slot in found {
        assert!(items.take(slot)?.is_some());
    }
    assert!(items.take(ann)?.is_some());
    let Err(Error::Service(refused)) = items.take(mistyped) else { panic!("a key of text") };
    assert_eq!(
        (refused.code.as_str(), refused.table.as_str()),
        ("ValidationException", "accounts")
    );
    let error = items.take(nowhere).expect_err("no table");
    assert!(matches!(&error, Error::NoSuchTable(table) if &**table == "nowhere"), "{error:?}");
    assert_eq!(items.leftovers().len(), 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_full_is_followed_by_another_one() -> Outcome {
    let (db, faults) = store().await;
    let large = |number: u32| {
        let mut profile = Profile::new(&format!("user{number}"));
        profile.avatar = vec![1; 390 * 1024];
        profile
    };
    Profile::put_many(&db, (0..45).map(large)).await?;
    let logins: Vec<_> = (0..45).map(|number| format!("user{number}")).collect();
    let start = tokio::time::Instant::now();
    let found = Profile::get_many(&db, logins.iter().map(String::as_str)).await?;
    assert!(found.iter().all(|found| found.as_ref().is_some_and(|f| f.avatar.len() == 390 * 1024)));
    // AWS: one answer has 16 MB at most.
    assert_eq!(sizes(&faults), [45, 3]);
    assert_eq!(start.elapsed(), std::time::Duration::ZERO);
    Ok(())
}

/// A model whose table is never created.
#[derive(Debug, Clone, Model)]
#[model(table = "nowhere", validate = false)]
struct Nowhere {
    #[model(hash_key)]
    id: u64,
}

#[tokio::test]
async fn each_of_many_inserts_and_saves_has_a_result_of_its_own() -> Outcome {
    let (db, _) = store().await;
    maps(&db, 1).await;
    let wanted = [DoomMap::new(1, 2, "b"), DoomMap::new(1, 1, "taken"), DoomMap::new(1, 3, "c")];
    let mut stored = DoomMap::insert_many(&db, wanted).at_once(0).await;
    assert!(stored.remove(1).is_err_and(|error| error.is_conflict()));
    let mut loaded = stored.into_iter().collect::<Result<Vec<_>, _>>()?;
    assert_eq!((loaded[0].map, loaded[1].map), (2, 3));

    DoomMap::update(&db, (1, 2)).set(DoomMap::NAME, "theirs").await?;
    for map in &mut loaded {
        map.name.push('!');
    }
    let saved = DoomMap::save_many(&db, &mut loaded).await;
    assert!(saved[0].as_ref().is_err_and(Error::is_conflict));
    assert!(saved[1].is_ok());
    assert_eq!((loaded[0].version, loaded[1].version), (1, 2));
    let names = DoomMap::get_many(&db, [(1, 3), (1, 2), (1, 1)]).await?;
    let names: Vec<_> =
        names.into_iter().map(|map| map.expect("there").into_inner().name).collect();
    assert_eq!(names, ["c!", "theirs", "map 1"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_batch_can_be_spawned() -> Outcome {
    let (db, _) = store().await;
    let done = tokio::spawn(async move {
        let stored = Account::insert_many(&db, [Account::of("Ann", 1), Account::of("", 2)]).await;
        assert!(stored[1].as_ref().is_err_and(Error::is_invalid));
        let mut stored: Vec<_> = stored.into_iter().filter_map(Result::ok).collect();
        let saved = Account::save_many(&db, &mut stored).await;
        assert!(saved[0].is_ok());
        let mut gets = Gets::of(&db);
        let slot = gets.get::<Account>(stored[0].id);
        let found = gets.read().await.expect("a read");
        let found = found.take(slot).expect("an account").expect("there");
        (found.version, Account::get_many(&db, [found.id]).await.expect("a read").len())
    });
    assert_eq!(done.await?, (2, 1));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn results_are_in_order_also_where_the_first_write_is_the_last_one_answered() -> Outcome {
    let (db, faults) = store().await;
    faults.next("PutItem", Fault::Delay(std::time::Duration::from_secs(2)));
    // The second one's answer is lost: its write is recognised, and made once.
    faults.next("PutItem", Fault::LoseAnswer);
    let wanted = (1..=40).map(|map| DoomMap::new(1, map, "new"));
    let stored = DoomMap::insert_many(&db, wanted).await;
    let stored: Vec<u32> =
        stored.into_iter().map(|map| map.map(|map| map.map)).collect::<Result<_, _>>()?;
    assert_eq!(stored, (1..=40).collect::<Vec<_>>());
    assert_eq!(faults.count("PutItem"), 40);
    Ok(())
}
