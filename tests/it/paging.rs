//! How the results of queries and scans are taken: counted, one, page by page, as a stream.

use dynamap::faults::Faults;
use dynamap::{Database, Error, Loaded, Model, Transaction};

use crate::support::{DoomMap, Outcome, store};

/// The maps 1 to 9 of episode 1, and one of episode 2.
async fn maps() -> Result<(Database, Faults), Error> {
    let (db, faults) = store().await;
    for map in 1..=9 {
        DoomMap::new(1, map, &format!("E1M{map}")).insert(&db).await?;
    }
    DoomMap::new(2, 1, "Deimos Anomaly").insert(&db).await?;
    faults.clear_log();
    Ok((db, faults))
}

fn numbers(found: &[Loaded<DoomMap>]) -> Vec<u32> {
    found.iter().map(|map| map.map).collect()
}

/// The `Limit` of each request, and whether it asked for a count.
fn sent(faults: &Faults) -> Vec<(Option<i64>, bool)> {
    let requests = faults.requests();
    requests.iter().map(|r| (r.body["Limit"].as_i64(), r.body["Select"] == "COUNT")).collect()
}

#[tokio::test]
async fn a_count_is_made_by_the_service_page_by_page() -> Outcome {
    let (db, faults) = maps().await?;
    assert_eq!(DoomMap::query(&db, 1).page_size(4).count().await?, 9);
    assert_eq!(sent(&faults), [(Some(4), true); 3]);
    assert_eq!(DoomMap::query(&db, 1).filter(DoomMap::NAME.gt("E1M6")).count().await?, 3);
    assert_eq!(DoomMap::query(&db, 1).limit(5).page_size(3).count().await?, 5);
    assert_eq!(DoomMap::scan(&db).count().await?, 10);
    assert_eq!(DoomMap::query(&db, 3).count().await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_count_in_a_transaction_is_of_what_it_sees() -> Outcome {
    let (db, _) = maps().await?;
    let tx = Transaction::begin(&db);
    tx.insert(DoomMap::new(1, 10, "mine"))?;
    tx.delete(DoomMap::get(&tx, (1, 1)).await?.expect("there"))?;
    tx.delete(DoomMap::get(&tx, (1, 2)).await?.expect("there"))?;
    assert_eq!(DoomMap::query(&tx, 1).page_size(2).count().await?, 8);
    assert_eq!(DoomMap::query(&tx, 1).first().await?.expect("there").map, 3);
    assert_eq!(DoomMap::query(&tx, 1).filter(DoomMap::NAME.eq("mine")).one().await?.map, 10);
    Ok(())
}

#[tokio::test]
async fn first_reads_on_until_an_item_passes_the_filter_and_no_further() -> Outcome {
    let (db, faults) = maps().await?;
    let late = || DoomMap::query(&db, 1).filter(DoomMap::NAME.ge("E1M5")).page_size(2);
    assert_eq!(late().first().await?.expect("there").map, 5);
    assert_eq!(faults.count("Query"), 3);
    assert_eq!(late().reverse().first().await?.expect("there").map, 9);
    assert!(late().filter(DoomMap::NAME.eq("x")).first().await?.is_none());
    faults.clear_log();
    DoomMap::query(&db, 1).first().await?;
    assert_eq!(sent(&faults), [(Some(1), false)]);
    Ok(())
}

#[tokio::test]
async fn one_is_the_only_result_or_an_error() -> Outcome {
    let (db, faults) = maps().await?;
    let named = |name: &str| DoomMap::query(&db, 1).filter(DoomMap::NAME.ge(name)).page_size(2);
    assert_eq!(named("E1M9").one().await?.map, 9);
    faults.clear_log();
    let error = named("E1M1").one().await.expect_err("nine");
    assert!(matches!(error, Error::NotOne { several: true, .. }), "{error:?}");
    assert_eq!(error.to_string(), "the search of table doom_maps found more than one item");
    assert!(!error.is_not_found());
    assert_eq!(faults.count("Query"), 1);
    let error = named("x").one().await.expect_err("none");
    assert!(matches!(error, Error::NotOne { several: false, .. }), "{error:?}");
    assert!(error.is_not_found());
    Ok(())
}

#[tokio::test]
async fn a_page_size_limits_what_is_read_and_not_what_is_found() -> Outcome {
    let (db, faults) = maps().await?;
    let found = DoomMap::query(&db, 1).page_size(4).try_collect().await?;
    assert_eq!(numbers(&found), (1..=9).collect::<Vec<_>>());
    let found = DoomMap::query(&db, 1).page_size(4).limit(6).try_collect().await?;
    assert_eq!(numbers(&found), (1..=6).collect::<Vec<_>>());
    let limits: Vec<_> = sent(&faults).into_iter().filter_map(|(limit, _)| limit).collect();
    assert_eq!(limits, [4, 4, 4, 4, 2]);
    faults.clear_log();
    let error = DoomMap::query(&db, 1).page_size(0).try_collect().await.expect_err("no page");
    assert!(matches!(error, Error::Usage(_)), "{error:?}");
    assert!(faults.requests().is_empty());
    Ok(())
}
