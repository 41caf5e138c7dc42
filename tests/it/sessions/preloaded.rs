//! Parts of tables that are preloaded: searches without a request.

use dynamap::{Collection, Database, Error, Loaded, Model, Session, Table};

use super::{map, maps, rename, rename_outside, sent};
use crate::support::{Account, DoomMap, Outcome, store};

fn numbers(found: &[Loaded<DoomMap>]) -> Vec<u32> {
    found.iter().map(|map| map.map).collect()
}

#[tokio::test]
async fn a_preloaded_partition_answers_every_query_of_it_and_no_other() -> Outcome {
    let (db, faults) = maps(9).await;
    DoomMap::new(2, 1, "of another episode").insert(&db).await?;
    faults.clear_log();
    let session = Session::of(&db);
    session.preload(DoomMap::query(&db, 1).page_size(4)).await?;
    assert_eq!(sent(&faults), "3 Query");
    rename(&session, 4, "mine").await?;
    session.delete(map(&session, 6).await?)?;
    session.insert(DoomMap::new(1, 12, "mine"))?;
    rename_outside(&db, 1, "theirs").await?;
    faults.clear_log();

    let query = || DoomMap::query(&session, 1);
    for (what, query, expected) in [
        ("all", query(), &[1, 2, 3, 4, 5, 7, 8, 9, 12][..]),
        ("reversed", query().reverse().limit(3), &[12, 9, 8]),
        ("a range", query().range(DoomMap::MAP.between(4, 7)), &[4, 5, 7]),
        ("a filter", query().filter(DoomMap::NAME.eq("mine")), &[4, 12]),
        ("a filter with a limit", query().filter(DoomMap::NAME.eq("mine")).limit(1), &[4]),
        ("what only others see", query().filter(DoomMap::NAME.eq("theirs")), &[]),
    ] {
        assert_eq!(numbers(&query.try_collect().await?), expected, "{what}");
    }
    assert_eq!(query().count().await?, 9);
    assert_eq!(query().range(DoomMap::MAP.gt(9)).one().await?.map, 12);
    assert_eq!(query().first().await?.expect("there").map, 1);
    let mut stream = query().stream();
    assert_eq!(stream.next().await.transpose()?.expect("there").map, 1);
    drop(stream);
    assert!(DoomMap::get(&session, (1, 100)).await?.is_none());
    assert_eq!(sent(&faults), "");

    // Of what is not preloaded nothing is concluded.
    assert_eq!(DoomMap::query(&session, 2).count().await?, 1);
    assert_eq!(DoomMap::query(&session, 3).count().await?, 0);
    assert_eq!(DoomMap::scan(&session).count().await?, 10);
    assert_eq!(DoomMap::query(&session, 3).count().await?, 0);
    assert_eq!(sent(&faults), "3 Query, 1 Scan");
    session.discard();
    Ok(())
}

#[tokio::test]
async fn a_preloaded_range_answers_for_itself() -> Outcome {
    let (db, faults) = maps(9).await;
    let session = Session::of(&db);
    session.preload(DoomMap::query(&db, 1).range(DoomMap::MAP.le(4))).await?;
    faults.clear_log();
    let least = || DoomMap::query(&session, 1).range(DoomMap::MAP.le(4));
    assert_eq!(numbers(&least().reverse().try_collect().await?), [4, 3, 2, 1]);
    assert!(DoomMap::get(&session, (1, 0)).await?.is_none());
    assert_eq!(sent(&faults), "");
    assert!(DoomMap::get(&session, (1, 5)).await?.is_some());
    let all = DoomMap::query(&session, 1).try_collect().await?;
    assert_eq!(numbers(&all), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(DoomMap::query(&session, 1).range(DoomMap::MAP.le(5)).count().await?, 5);
    assert_eq!(sent(&faults), "1 GetItem, 2 Query");
    Ok(())
}

#[tokio::test]
async fn a_preloaded_table_answers_for_all_of_it() -> Outcome {
    for segments in [None, Some(3)] {
        let (db, faults) = maps(5).await;
        DoomMap::new(2, 1, "of another episode").insert(&db).await?;
        let mut session = Session::of(&db);
        let scan = DoomMap::scan(&db).consistent();
        session
            .preload(if let Some(count) = segments { scan.segments(count) } else { scan })
            .await?;
        rename(&session, 2, "mine").await?;
        faults.clear_log();
        assert_eq!(DoomMap::scan(&session).count().await?, 6);
        assert_eq!(DoomMap::query(&session, 1).count().await?, 5);
        assert_eq!(DoomMap::query(&session, 7).count().await?, 0);
        assert!(DoomMap::get(&session, (7, 7)).await?.is_none());
        let mine = DoomMap::scan(&session).filter(DoomMap::NAME.eq("mine")).try_collect().await?;
        assert_eq!(numbers(&mine), [2]);
        assert_eq!(sent(&faults), "");
        // Another table is another one.
        assert!(Account::get(&session, 1).await?.is_none());
        assert_eq!(sent(&faults), "1 GetItem");
        session.flush().await.into_result()?;
        // What was written is part of what is known.
        assert_eq!(DoomMap::scan(&session).filter(DoomMap::VERSION.eq(2)).count().await?, 1);
        assert_eq!(sent(&faults), "1 UpdateItem");
    }
    Ok(())
}

#[tokio::test]
async fn what_the_session_knows_stays_when_it_is_preloaded() -> Outcome {
    let (db, faults) = maps(3).await;
    let session = Session::of(&db);
    rename(&session, 1, "mine").await?;
    assert!(DoomMap::get(&session, (1, 4)).await?.is_none());
    let known = map(&session, 2).await?;
    rename_outside(&db, 2, "theirs").await?;
    DoomMap::new(1, 4, "theirs").insert(&db).await?;
    // By a query of the session itself, too.
    session.preload(DoomMap::query(&session, 1)).await?;
    faults.clear_log();
    let found = DoomMap::query(&session, 1).try_collect().await?;
    let names: Vec<_> = found.iter().map(|map| map.name.as_str()).collect();
    assert_eq!(names, ["mine", "as stored", "as stored"]);
    assert_eq!(known.name, map(&session, 2).await?.name);
    assert_eq!(sent(&faults), "");
    session.discard();
    Ok(())
}

#[tokio::test]
async fn half_a_part_is_refused_and_a_preload_that_fails_answers_nothing() -> Outcome {
    let (db, faults) = maps(3).await;
    let session = Session::of(&db);
    let query = || DoomMap::query(&db, 1);
    for refused in [
        session.preload(query().limit(2)).await,
        session.preload(query().filter(DoomMap::NAME.eq("x"))).await,
        session.preload(DoomMap::query(&Database::new(dynamap::embedded::memory()?), 1)).await,
    ] {
        assert!(matches!(refused, Err(Error::Usage(_))), "{refused:?}");
    }
    assert_eq!(sent(&faults), "");
    let fault = || dynamap::faults::Fault::service("AccessDeniedException");
    faults.next("Query", fault());
    assert!(session.preload(query()).await.is_err());
    faults.clear_log();
    assert_eq!(DoomMap::query(&session, 1).count().await?, 3);
    assert_eq!(sent(&faults), "1 Query");
    Ok(())
}

#[tokio::test]
async fn a_session_has_no_pages_no_cursors_and_no_segments() -> Outcome {
    let (db, _) = maps(3).await;
    let session = Session::of(&db);
    session.preload(DoomMap::scan(&db)).await?;
    let cursor = DoomMap::query(&db, 1).limit(1).page(None).await?.cursor;
    assert!(matches!(DoomMap::query(&session, 1).page(None).await, Err(Error::Usage(_))));
    assert!(matches!(DoomMap::query(&session, 1).stream().cursor(), Err(Error::Usage(_))));
    let resumed = DoomMap::query(&session, 1).resume(cursor).next().await;
    assert!(matches!(resumed, Some(Err(Error::Usage(_)))));
    let segments = DoomMap::scan(&session).segments(2).try_collect().await;
    assert!(matches!(segments, Err(Error::Usage(_))));
    Ok(())
}

#[derive(Debug, Clone, Model)]
#[model(table = "shop", validate = false)]
#[model(hash_key = "USER#{user}", range_key = "PROFILE")]
struct Customer {
    user: String,
    name: String,
}

#[derive(Debug, Clone, Model)]
#[model(table = "shop", validate = false)]
#[model(hash_key = "USER#{user}", range_key = "ORDER#{number:03}")]
struct Order {
    user: String,
    number: u32,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Collection)]
struct Shopping {
    customer: Option<Loaded<Customer>>,
    orders: Vec<Loaded<Order>>,
}

#[tokio::test]
async fn a_partition_of_several_models_is_preloaded_with_all_of_them() -> Outcome {
    let (db, faults) = store().await;
    Table::<Customer>::create(&db).await?;
    let user = || "ann".to_owned();
    Customer { user: user(), name: "Ann".to_owned() }.insert(&db).await?;
    for number in 1..=3 {
        Order { user: user(), number, version: 0 }.insert(&db).await?;
    }
    let session = Session::of(&db);
    session.preload(Order::query(&db, "ann")).await?;
    faults.clear_log();
    let second = Order::get(&session, ("ann", 2)).await?.expect("the order");
    session.delete(second)?;
    let shopping = Shopping::query(&session, "ann").await?;
    assert_eq!(shopping.customer.expect("the customer").name, "Ann");
    let orders: Vec<_> = shopping.orders.iter().map(|order| order.number).collect();
    assert_eq!(orders, [1, 3]);
    assert_eq!(Order::query(&session, "ann").count().await?, 2);
    assert_eq!(Customer::query(&session, "ann").count().await?, 1);
    assert_eq!(sent(&faults), "");
    session.discard();
    Ok(())
}
