//! How the results of queries and scans are taken: counted, one, page by page, as a stream.

use dynamap::faults::{Fault, Faults};
use dynamap::{
    Cursor, Database, Error, Loaded, Model, Number, Page, Projection, Table, Transaction,
};

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

/// Keys of all kinds, on a table, a global and a local index.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "samples", validate = false)]
#[model(gsi(by_level, hash_key = kind, range_key = level))]
#[model(lsi(by_code, range_key = code))]
struct Sample {
    #[model(hash_key)]
    kind: String,
    #[model(range_key)]
    code_of_table: Vec<u8>,
    level: Number,
    code: Vec<u8>,
}

#[derive(Debug, Projection)]
#[model(of = Sample)]
struct Kind {
    kind: String,
}

async fn samples() -> Result<(Database, Faults), Box<dyn std::error::Error>> {
    let (db, faults) = store().await;
    Table::<Sample>::create(&db).await?;
    for i in 0..7_u8 {
        // 38 digits, the last of which tells them apart.
        let level = format!("-0.{}{}", "1234567890123456789012345678901234567", 9 - i).parse()?;
        let sample =
            Sample {
                kind: "a/b?c=ü".into(), code_of_table: vec![255, i], level, code: vec![0, i]
            };
        sample.insert(&db).await?;
    }
    faults.clear_log();
    Ok((db, faults))
}

/// A cursor as it comes back from a link.
fn linked<O>(page: &Page<O>) -> Option<Cursor> {
    let text = page.cursor.as_ref()?.to_string();
    assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)), "{text}");
    Some(text.parse().expect("its own text"))
}

#[tokio::test]
async fn pages_go_on_behind_keys_of_every_kind_on_tables_and_indexes() -> Outcome {
    let (db, _) = samples().await?;
    let kind = "a/b?c=ü";
    macro_rules! codes {
        ($query:expr) => {{
            let (mut codes, mut cursor, mut sizes) = (Vec::new(), None, Vec::new());
            loop {
                let page = $query.page(cursor).await?;
                codes.extend(page.items.iter().map(|sample| sample.code[1]));
                sizes.push(page.items.len());
                cursor = linked(&page);
                if cursor.is_none() {
                    break (codes, sizes);
                }
            }
        }};
    }
    let all = ((0..7).collect::<Vec<u8>>(), vec![3, 3, 1]);
    let back = ((0..7).rev().collect::<Vec<u8>>(), vec![3, 3, 1]);
    assert_eq!(codes!(Sample::query(&db, kind).page_size(3)), all);
    assert_eq!(codes!(Sample::query(&db, kind).reverse().page_size(3)), back);
    assert_eq!(codes!(Sample::BY_LEVEL.query(&db, kind).page_size(3)), all);
    assert_eq!(codes!(Sample::BY_LEVEL.query(&db, kind).reverse().page_size(3)), back);
    assert_eq!(codes!(Sample::BY_CODE.query(&db, kind).page_size(3)), all);
    assert_eq!(codes!(Sample::scan(&db).page_size(3)), all);
    assert_eq!(codes!(Sample::BY_LEVEL.scan(&db).page_size(3)), all);
    // With a filter the service reads more than is wanted: the page ends in the middle of what was read.
    let filtered = || Sample::BY_LEVEL.query(&db, kind).filter(Sample::CODE.ne(&[0, 1])).limit(2);
    assert_eq!(codes!(filtered()), (vec![0, 2, 3, 4, 5, 6], vec![2, 2, 2]));
    assert_eq!(codes!(filtered().page_size(3)).0, [0, 2, 3, 4, 5, 6]);
    Ok(())
}

#[tokio::test]
async fn a_projection_of_an_index_has_pages_too() -> Outcome {
    let (db, _) = samples().await?;
    let query =
        || Sample::BY_LEVEL.query(&db, "a/b?c=ü").select::<Kind>().filter(Sample::CODE.gt(&[0]));
    let page = query().limit(4).page(None).await?;
    assert_eq!((page.items.len(), page.items[0].kind.as_str()), (4, "a/b?c=ü"));
    let page = query().limit(4).page(page.cursor).await?;
    assert_eq!((page.items.len(), page.cursor.is_none()), (3, true));
    Ok(())
}

#[tokio::test]
async fn a_page_is_what_one_request_finds_even_if_that_is_nothing() -> Outcome {
    let (db, faults) = maps().await?;
    let query = || DoomMap::query(&db, 1).filter(DoomMap::NAME.eq("E1M9")).page_size(4);
    let page = query().page(None).await?;
    assert!(page.items.is_empty() && page.cursor.is_some());
    let page = query().page(query().page(page.cursor).await?.cursor).await?;
    assert_eq!((numbers(&page.items), page.cursor), (vec![9], None));
    assert_eq!(faults.count("Query"), 3);
    Ok(())
}

#[tokio::test]
async fn a_cursor_of_another_query_is_refused_and_nothing_is_sent() -> Outcome {
    let (db, faults) = maps().await?;
    let query = || DoomMap::query(&db, 1).range(DoomMap::MAP.gt(1)).page_size(3);
    let first = query().page(None).await?;
    let second = query().page_size(2).consistent().page(linked(&first)).await?;
    assert_eq!(numbers(&second.items), [5, 6], "sizes may differ");
    faults.clear_log();
    for (what, query) in [
        ("hash key", DoomMap::query(&db, 2).range(DoomMap::MAP.gt(1))),
        ("range", DoomMap::query(&db, 1).range(DoomMap::MAP.gt(2))),
        ("kind of range", DoomMap::query(&db, 1).range(DoomMap::MAP.ge(1))),
        ("no range", DoomMap::query(&db, 1)),
        ("order", query().reverse()),
        ("filter", query().filter(DoomMap::NAME.ne("x"))),
    ] {
        let error = query.page(linked(&first)).await.expect_err(what);
        assert!(matches!(error, Error::ForeignCursor), "{what}: {error:?}");
    }
    let error = DoomMap::scan(&db).page(linked(&first)).await.expect_err("a scan");
    assert!(matches!(error, Error::ForeignCursor), "{error:?}");
    assert!(faults.requests().is_empty());
    let filtered = |name: &str| DoomMap::query(&db, 1).filter(DoomMap::NAME.ne(name)).limit(2);
    let cursor = filtered("x").page(None).await?.cursor;
    let error = filtered("y").page(cursor).await.expect_err("another operand");
    assert!(matches!(error, Error::ForeignCursor), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn a_cursor_of_another_table_or_index_is_refused() -> Outcome {
    let (db, faults) = samples().await?;
    let kind = "a/b?c=ü";
    let cursor = Sample::query(&db, kind).page_size(1).page(None).await?.cursor;
    let index = Sample::BY_LEVEL.query(&db, kind).page_size(1).page(None).await?.cursor;
    let staging = Database::builder(db.client().clone()).table_prefix("staging_").build();
    faults.clear_log();
    for error in [
        Sample::BY_CODE.query(&db, kind).page(cursor.clone()).await.err(),
        Sample::query(&staging, kind).page(cursor.clone()).await.err(),
        Sample::BY_CODE.query(&db, kind).page(index.clone()).await.err(),
        Sample::query(&db, kind).page(index).await.err(),
        Sample::query(&db, kind).select::<Kind>().page(cursor).await.err(),
    ] {
        assert!(matches!(error, Some(Error::ForeignCursor)), "{error:?}");
    }
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_text_that_was_changed_is_no_cursor() -> Outcome {
    let (db, faults) = maps().await?;
    let query = || DoomMap::query(&db, 1).page_size(2);
    let text = query().page(None).await?.cursor.expect("more").to_string();
    faults.clear_log();
    for at in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        // Either it is no cursor, or none of this query.
        let Ok(cursor) = String::from_utf8(changed)?.parse::<Cursor>() else { continue };
        let error = query().page(Some(cursor)).await.expect_err("changed");
        assert!(matches!(error, Error::ForeignCursor), "{at}: {error:?}");
    }
    for end in 0..text.len() {
        let Ok(cursor) = text[..end].parse::<Cursor>() else { continue };
        assert!(matches!(query().page(Some(cursor)).await, Err(Error::ForeignCursor)), "{end}");
    }
    for text in ["", "A", "%", "AQ==", "ü"] {
        assert!(matches!(text.parse::<Cursor>(), Err(Error::ForeignCursor)), "{text}");
    }
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_secret_takes_only_cursors_that_it_signed() -> Outcome {
    let (db, faults) = maps().await?;
    let signing =
        |secret: &str| Database::builder(db.client().clone()).cursor_secret(secret).build();
    let (ours, theirs) = (signing("ours"), signing("theirs"));
    let page = |db: &Database, cursor| {
        let db = db.clone();
        async move { DoomMap::query(&db, 1).page_size(2).page(cursor).await }
    };
    let cursor = page(&ours, None).await?.cursor;
    assert_eq!(numbers(&page(&signing("ours"), cursor.clone()).await?.items), [3, 4]);
    let made_up = page(&db, None).await?.cursor;
    faults.clear_log();
    for (db, cursor) in [(&theirs, &cursor), (&db, &cursor), (&ours, &made_up)] {
        let error = page(db, cursor.clone()).await.expect_err("signed by somebody else");
        assert!(matches!(error, Error::ForeignCursor), "{error:?}");
    }
    assert!(matches!(page(&signing(""), cursor).await, Err(Error::Usage(_))));
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn pages_without_results_and_pages_in_a_transaction_are_refused() -> Outcome {
    let (db, faults) = maps().await?;
    let tx = Transaction::begin(&db);
    let in_transaction = DoomMap::query(&tx, 1).page(None).await;
    assert!(matches!(in_transaction, Err(Error::Usage(_))), "{in_transaction:?}");
    assert!(matches!(DoomMap::query(&db, 1).limit(0).page(None).await, Err(Error::Usage(_))));
    assert!(faults.requests().is_empty());
    Ok(())
}

/// A page is asked for again until it is there, and no result is lost or doubled.
#[tokio::test(start_paused = true)]
async fn a_page_that_is_throttled_or_lost_is_asked_for_again() -> Outcome {
    let lost = [Fault::LoseAnswer, Fault::LoseAnswerAs500, Fault::Hang, Fault::DropBefore];
    for fault in lost.into_iter().chain([Fault::service("ThrottlingException")]) {
        let (db, faults) = maps().await?;
        let query = || DoomMap::query(&db, 1).page_size(5);
        let first = query().page(None).await?;
        faults.next("Query", fault.clone());
        let second = query().page(first.cursor).await?;
        assert_eq!(numbers(&second.items), [6, 7, 8, 9], "{fault:?}");
        faults.next("Query", fault.clone());
        assert_eq!(query().count().await?, 9, "{fault:?}");
        assert_eq!(faults.pending(), 0);
    }
    Ok(())
}

#[tokio::test]
async fn a_stream_gives_every_result_once_and_is_one_page_ahead_at_most() -> Outcome {
    let (db, faults) = maps().await?;
    let mut stream = DoomMap::query(&db, 1).page_size(3).stream();
    assert!(faults.requests().is_empty(), "nothing is read before it is asked for");
    let (mut found, mut requests) = (Vec::new(), Vec::new());
    while let Some(map) = stream.next().await {
        found.push(map?.map);
        // Whatever is under way arrives, as far as it is asked for.
        requests.push(faults.count("Query"));
    }
    assert_eq!(found, (1..=9).collect::<Vec<_>>());
    assert!(stream.next().await.is_none());
    for (taken, requests) in requests.into_iter().enumerate() {
        assert!(requests <= taken / 3 + 2, "{requests} requests after {} results", taken + 1);
    }
    let mut scan = DoomMap::scan(&db).page_size(4).filter(DoomMap::EPISODE.eq(1)).limit(7).stream();
    let mut count = 0;
    while scan.next().await.transpose()?.is_some() {
        count += 1;
    }
    assert_eq!(count, 7);
    Ok(())
}

#[tokio::test]
async fn a_stream_asks_for_the_next_page_while_this_one_is_taken() -> Outcome {
    let (db, faults) = maps().await?;
    let mut stream = DoomMap::query(&db, 1).page_size(3).stream();
    assert_eq!(stream.next().await.expect("a result")?.map, 1);
    assert_eq!(faults.count("Query"), 1, "who wants one result pays for one page");
    let gate = faults.pause("Query");
    assert_eq!(stream.next().await.expect("a result")?.map, 2, "does not wait for the next page");
    gate.reached().await;
    assert_eq!(stream.next().await.expect("a result")?.map, 3);
    gate.release();
    assert_eq!(stream.next().await.expect("a result")?.map, 4);
    drop(stream);
    assert_eq!(faults.count("Query"), 2);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_stream_survives_faults_and_ends_with_an_error_that_lasts() -> Outcome {
    for fault in [Fault::LoseAnswer, Fault::Hang, Fault::service("ThrottlingException")] {
        let (db, faults) = maps().await?;
        let mut stream = DoomMap::query(&db, 1).page_size(4).stream();
        faults.next("Query", fault.clone());
        let mut found = vec![stream.next().await.expect("a result")?.map];
        faults.next("Query", fault.clone());
        while let Some(map) = stream.next().await {
            found.push(map?.map);
        }
        assert_eq!(found, (1..=9).collect::<Vec<_>>(), "{fault:?}");
        assert_eq!(faults.pending(), 0);

        let mut stream = DoomMap::query(&db, 1).page_size(1).stream();
        assert_eq!(stream.next().await.expect("a result")?.map, 1);
        faults.always("Query", Fault::service("AccessDeniedException"));
        assert!(stream.next().await.expect("an error").is_err());
        assert!(stream.next().await.is_none());
    }
    Ok(())
}

#[tokio::test]
async fn a_stream_in_a_transaction_gives_what_it_sees() -> Outcome {
    let (db, _) = maps().await?;
    let tx = Transaction::begin(&db);
    tx.insert(DoomMap::new(1, 10, "mine"))?;
    tx.delete(DoomMap::get(&tx, (1, 2)).await?.expect("there"))?;
    let mut stream = DoomMap::query(&tx, 1).page_size(2).stream();
    let mut found = Vec::new();
    while let Some(map) = stream.next().await {
        found.push(map?.map);
    }
    assert_eq!(found, [1, 3, 4, 5, 6, 7, 8, 9, 10]);
    Ok(())
}

#[tokio::test]
async fn every_way_to_read_can_be_spawned() -> Outcome {
    let (db, _) = maps().await?;
    let task = tokio::spawn(async move {
        let query = || DoomMap::query(&db, 1).page_size(2);
        let page = query().page(None).await?;
        let mut stream = query().stream();
        let mut streamed = 0;
        while stream.next().await.transpose()?.is_some() {
            streamed += 1;
        }
        let first = query().first().await?.is_some();
        let one = query().limit(1).one().await?.map;
        Ok::<_, Error>((page.items.len(), query().count().await?, streamed, first, one))
    });
    assert_eq!(task.await??, (2, 9, 9, true, 1));
    Ok(())
}
