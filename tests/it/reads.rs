//! Query and scan: ranges, filters, limits, pages.

use dynamap::{Error, Model};

use crate::support::{Account, DoomMap, Outcome, n, put_raw, s, store};

async fn episode(db: &dynamap::Database, maps: u32) -> Outcome {
    for map in 1..=maps {
        DoomMap::new(1, map, &format!("E1M{map}")).insert(db).await?;
    }
    DoomMap::new(2, 1, "Deimos Anomaly").insert(db).await?;
    Ok(())
}

fn maps(found: &[dynamap::Loaded<DoomMap>]) -> Vec<u32> {
    found.iter().map(|map| map.map).collect()
}

#[tokio::test]
async fn a_query_reads_one_hash_key_in_the_order_of_the_range_key() -> Outcome {
    let (db, _) = store().await;
    episode(&db, 11).await?;
    assert_eq!(maps(&DoomMap::query(&db, 1).try_collect().await?), (1..=11).collect::<Vec<_>>());
    assert!(DoomMap::query(&db, 3).try_collect().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn each_range_condition_selects_its_range() -> Outcome {
    let (db, _) = store().await;
    episode(&db, 9).await?;
    let all: [(dynamap::KeyCondition<DoomMap>, &[u32]); 6] = [
        (DoomMap::MAP.eq(3), &[3]),
        (DoomMap::MAP.lt(3), &[1, 2]),
        (DoomMap::MAP.le(3), &[1, 2, 3]),
        (DoomMap::MAP.gt(7), &[8, 9]),
        (DoomMap::MAP.ge(7), &[7, 8, 9]),
        (DoomMap::MAP.between(4, 6), &[4, 5, 6]),
    ];
    for (condition, expected) in all {
        let text = condition.to_string();
        let found = DoomMap::query(&db, 1).range(condition).try_collect().await?;
        assert_eq!(maps(&found), expected, "{text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_limit_counts_results_and_not_what_a_filter_drops() -> Outcome {
    let (db, _) = store().await;
    episode(&db, 9).await?;
    let query = || DoomMap::query(&db, 1).reverse();
    assert_eq!(maps(&query().limit(2).try_collect().await?), [9, 8]);
    let filtered = query().filter(DoomMap::NAME.le("E1M4")).limit(2).consistent();
    assert_eq!(maps(&filtered.try_collect().await?), [4, 3]);
    assert!(matches!(query().limit(0).try_collect().await, Err(Error::Usage(_))));
    assert!(matches!(query().limit(0).count().await, Err(Error::Usage(_))));
    Ok(())
}

#[tokio::test]
async fn pages_are_followed_to_the_end() -> Outcome {
    let (db, faults) = store().await;
    // Four items of 300 KB are more than one page of 1 MB.
    let name = "x".repeat(300_000);
    for map in 1..=8 {
        DoomMap::new(1, map, &name).insert(&db).await?;
    }
    faults.clear_log();
    assert_eq!(DoomMap::query(&db, 1).try_collect().await?.len(), 8);
    assert!(faults.count("Query") > 1);
    assert_eq!(DoomMap::scan(&db).try_collect().await?.len(), 8);
    assert!(faults.count("Scan") > 1);
    Ok(())
}

#[tokio::test]
async fn a_scan_reads_the_whole_table_and_can_filter() -> Outcome {
    let (db, _) = store().await;
    episode(&db, 3).await?;
    assert_eq!(DoomMap::scan(&db).try_collect().await?.len(), 4);
    let second = DoomMap::scan(&db).filter(DoomMap::EPISODE.eq(2) & !DoomMap::MAP.gt(1));
    assert_eq!(second.limit(5).try_collect().await?[0].name, "Deimos Anomaly");
    Ok(())
}

#[tokio::test]
async fn what_a_query_returns_can_be_saved() -> Outcome {
    let (db, _) = store().await;
    episode(&db, 1).await?;
    let mut found = DoomMap::query(&db, 1).try_collect().await?;
    found[0].name = "Hangar".to_owned();
    found[0].save(&db).await?;
    assert_eq!(DoomMap::get(&db, (1, 1)).consistent().await?.expect("there").name, "Hangar");
    Ok(())
}

#[tokio::test]
async fn an_operand_that_cannot_be_stored_is_refused_before_anything_is_sent() -> Outcome {
    #[derive(Debug, Clone, Model)]
    #[model(table = "doom_maps", validate = false)]
    struct Reading {
        #[model(hash_key)]
        episode: u32,
        level: f64,
    }
    let (db, faults) = store().await;
    let scan = Reading::scan(&db).filter(Reading::LEVEL.gt(f64::NAN));
    let error = scan.try_collect().await.expect_err("NaN");
    assert!(matches!(error, Error::Encode { .. }), "{error:?}");
    assert!(error.to_string().contains("`level`"), "{error}");
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn an_item_that_does_not_fit_the_model_says_where_and_what() -> Outcome {
    let (db, _) = store().await;
    put_raw(&db, "accounts", &[("id", n(1)), ("owner", n(5)), ("balance", n(1))]).await;
    put_raw(&db, "accounts", &[("id", n(2)), ("owner", s("x")), ("balance", n("1.5"))]).await;
    put_raw(&db, "accounts", &[("id", n(3)), ("owner", s("x"))]).await;
    for (id, text) in [
        (1, "attribute `owner`: expected a string, found N"),
        (
            2,
            "attribute `balance`: expected a number (i64), found N with a fraction or out of range",
        ),
        (3, "attribute `balance`: expected N, found nothing: the attribute is absent"),
    ] {
        let error = Account::get(&db, id).await.expect_err("does not fit").to_string();
        assert!(error.contains(text), "{error}");
        assert!(error.contains(&format!("(id = {id}) of table accounts")), "{error}");
    }
    Ok(())
}

/// The service counts what it reads: with a filter, a limit of its own would make many small pages.
#[tokio::test]
async fn a_limit_is_sent_where_no_filter_drops_items() -> Outcome {
    let (db, faults) = store().await;
    DoomMap::query(&db, 1).limit(2).try_collect().await?;
    DoomMap::query(&db, 1).filter(DoomMap::NAME.le("E1M4")).limit(2).try_collect().await?;
    let limits: Vec<_> = faults.requests().iter().map(|r| r.body["Limit"].as_i64()).collect();
    assert_eq!(limits, [Some(2), None]);
    Ok(())
}
