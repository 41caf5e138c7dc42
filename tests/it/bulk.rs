//! Reading in bulk: plain models, and scans in segments.

use std::collections::BTreeSet;

use dynamap::faults::{Fault, Faults};
use dynamap::{
    Cursor, Database, Error, Migrations, Model, Number, Projection, Results, Step, StepError,
    Table, Transaction,
};

use crate::support::{DoomMap, Outcome, n, put_raw, s, store};

fn name_becomes_title(item: &mut dynamap::Item) -> Result<(), StepError> {
    item.rename("name", "title");
    Ok(())
}

static RENAMED: Migrations = Migrations::new(&[Step::new("1.0.0", "2.0.0", name_becomes_title)]);

/// A model of schema 2, with an index.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "books", schema = "2.0.0", migrations = RENAMED, validate = false)]
#[model(gsi(by_shelf, hash_key = shelf, range_key = id))]
struct Book {
    #[model(hash_key)]
    id: u32,
    shelf: String,
    title: String,
    #[model(version)]
    version: u64,
}

impl Book {
    fn new(id: u32) -> Self {
        Self { id, shelf: "fiction".to_owned(), title: format!("volume {id}"), version: 0 }
    }
}

/// So many books; the first one is of the oldest schema.
async fn books(count: u32) -> Result<(Database, Faults), Error> {
    let (db, faults) = store().await;
    Table::<Book>::create(&db).await?;
    let old = [("id", n(1)), ("shelf", s("fiction")), ("name", s("volume 1")), ("version", n(4))];
    put_raw(&db, "books", &old).await;
    for id in 2..=count {
        Book::new(id).insert(&db).await?;
    }
    faults.clear_log();
    Ok((db, faults))
}

#[tokio::test]
async fn plain_results_are_the_models_with_their_versions_and_upgraded() -> Outcome {
    let (db, faults) = books(3).await?;
    let versions = [4, 1, 1].into_iter();
    let expected: Vec<Book> =
        (1..).zip(versions).map(|(id, version)| Book { version, ..Book::new(id) }).collect();
    let mut found = Book::scan(&db).plain().try_collect().await?;
    found.sort_by_key(|book| book.id);
    assert_eq!(found, expected);
    let by_shelf = || Book::BY_SHELF.query(&db, "fiction").plain();
    assert_eq!(by_shelf().try_collect().await?, expected);
    assert_eq!(by_shelf().first().await?.as_ref(), expected.first());
    assert_eq!(Book::query(&db, 1).plain().one().await?, expected[0]);
    let page = by_shelf().page_size(2).page(None).await?;
    assert_eq!(page.items, expected[..2]);
    faults.clear_log();
    let mut stream = by_shelf().stream();
    assert_eq!(stream.next().await.expect("three")?, expected[0]);
    assert_eq!(faults.requests().len(), 1, "no item is read a second time");
    Ok(())
}

#[tokio::test]
async fn plain_results_of_a_transaction_are_what_it_sees() -> Outcome {
    let (db, _) = store().await;
    DoomMap::new(1, 1, "Hangar").insert(&db).await?;
    let tx = Transaction::begin(&db);
    tx.insert(DoomMap::new(1, 2, "Nuclear Plant"))?;
    let found = DoomMap::query(&tx, 1).plain().try_collect().await?;
    assert_eq!(found.iter().map(|map| map.map).collect::<Vec<_>>(), [1, 2]);
    tx.commit().await?;
    Ok(())
}

/// Keys of every kind, many hash keys: bytes on the table, decimals on a global index, text on a local one.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "parts", validate = false)]
#[model(gsi(by_size, hash_key = maker, range_key = size))]
#[model(lsi(by_name, range_key = name))]
struct Part {
    #[model(hash_key)]
    code: Vec<u8>,
    #[model(range_key)]
    size: Number,
    maker: String,
    name: String,
}

#[derive(Debug, Projection)]
#[model(of = Part)]
struct Name {
    name: String,
}

/// The names of 20 parts.
fn names() -> Vec<String> {
    (0..20).map(|i| format!("part/{i:02}?ü")).collect()
}

async fn parts() -> Result<(Database, Faults), Box<dyn std::error::Error>> {
    let (db, faults) = store().await;
    Table::<Part>::create(&db).await?;
    for (i, name) in (0_u8..).zip(names()) {
        // 38 digits, the last of which tells them apart.
        let size = format!("-0.{}{i:02}", "123456789012345678901234567890123456").parse()?;
        let maker = format!("maker {}", i % 5);
        Part { code: vec![0, 255, i % 8], size, maker, name }.insert(&db).await?;
    }
    faults.clear_log();
    Ok((db, faults))
}

/// What a stream still has.
async fn rest<T>(mut results: Results<'_, T>) -> Result<Vec<T>, Error> {
    let mut found = Vec::new();
    while let Some(result) = results.next().await {
        found.push(result?);
    }
    Ok(found)
}

fn sorted(parts: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut names: Vec<_> = parts.into_iter().collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_scan_in_segments_finds_every_item_once() -> Outcome {
    let (db, faults) = parts().await?;
    for segments in [1, 2, 3, 7, 50] {
        faults.clear_log();
        let scan = || Part::scan(&db).segments(segments).page_size(2);
        let found = scan().try_collect().await?;
        assert_eq!(sorted(found.into_iter().map(|part| part.name.clone())), names());
        let sent = faults.requests();
        assert!(sent.iter().all(|request| request.body["TotalSegments"] == segments));
        let asked: BTreeSet<_> = sent.iter().filter_map(|r| r.body["Segment"].as_u64()).collect();
        assert_eq!(asked.len(), segments, "each segment is read");
        assert_eq!(scan().count().await?, 20);
        let by_size = Part::BY_SIZE.scan(&db).segments(segments).page_size(3);
        assert_eq!(
            sorted(rest(by_size.plain().stream()).await?.into_iter().map(|p| p.name)),
            names()
        );
        let by_name = Part::BY_NAME.scan(&db).segments(segments).consistent().select::<Name>();
        assert_eq!(sorted(by_name.try_collect().await?.into_iter().map(|p| p.name)), names());
    }
    Ok(())
}

#[tokio::test]
async fn filters_limits_first_and_one_keep_their_meaning_in_segments() -> Outcome {
    let (db, faults) = parts().await?;
    let scan = || Part::scan(&db).segments(4).page_size(3);
    let late = || scan().filter(Part::NAME.ge("part/15"));
    assert_eq!(late().count().await?, 5);
    assert_eq!(late().limit(3).count().await?, 3);
    assert_eq!(late().try_collect().await?.len(), 5);
    assert!(late().first().await?.expect("five").name.as_str() >= "part/15");
    assert!(matches!(late().one().await, Err(Error::NotOne { several: true, .. })));
    assert_eq!(scan().filter(Part::NAME.ge("part/19")).one().await?.name, "part/19?ü");
    for limit in 1..=22 {
        assert_eq!(scan().limit(limit).try_collect().await?.len(), limit.min(20));
        assert_eq!(scan().limit(limit).count().await?, limit.min(20));
        assert_eq!(late().limit(limit).try_collect().await?.len(), limit.min(5));
    }
    faults.clear_log();
    assert!(scan().first().await?.is_some());
    assert!(faults.requests().len() <= 4, "one page of each segment at most");
    Ok(())
}

#[tokio::test]
async fn a_scan_in_segments_holds_one_page_of_each() -> Outcome {
    let (db, faults) = parts().await?;
    let mut stream = Part::scan(&db).segments(3).page_size(4).stream();
    assert!(faults.requests().is_empty(), "nothing is read before it is asked for");
    let mut taken = 0;
    while stream.next().await.transpose()?.is_some() {
        taken += 1;
        // A segment asks for its next page when the one before is taken, which is after four results.
        let pages = faults.requests().len();
        assert!(pages <= 3 + taken / 4, "{pages} pages after {taken} results");
    }
    assert_eq!(taken, 20);
    Ok(())
}

#[tokio::test]
async fn wrong_numbers_of_segments_are_refused_before_anything_is_sent() -> Outcome {
    let (db, faults) = parts().await?;
    let scan = |segments| Part::scan(&db).segments(segments);
    assert!(matches!(scan(0).try_collect().await, Err(Error::Usage(_))));
    assert!(matches!(scan(0).count().await, Err(Error::Usage(_))));
    assert!(matches!(scan(0).first().await, Err(Error::Usage(_))));
    let error = scan(1_000_001).stream().next().await.expect("an error").expect_err("too many");
    assert!(matches!(error, Error::Limit { limit: 1_000_000, found: 1_000_001, .. }), "{error:?}");
    // A page is of one search, and a request of the SDK is one segment.
    assert!(matches!(scan(2).page(None).await, Err(Error::Usage(_))));
    assert!(matches!(scan(2).into_sdk(), Err(Error::Usage(_))));
    let tx = Transaction::begin(&db);
    let error = Part::scan(&tx).segments(2).try_collect().await.expect_err("in a transaction");
    assert!(matches!(error, Error::Usage(_)), "{error:?}");
    assert!(faults.requests().is_empty());
    Ok(())
}

/// A cursor as it comes back from a file.
fn stored<T>(results: &Results<'_, T>) -> Result<Cursor, Error> {
    let text = results.cursor()?.to_string();
    assert!(text.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)), "{text}");
    text.parse()
}

#[tokio::test]
async fn a_stream_that_ends_anywhere_goes_on_behind_what_was_taken() -> Outcome {
    let (db, _) = parts().await?;
    macro_rules! resumed_anywhere {
        ($scan:expr, $all:expr) => {
            for taken in 0..=$all.len() {
                let (mut stream, mut found) = ($scan.stream(), Vec::new());
                for _ in 0..taken {
                    found.push(stream.next().await.expect("more")?.name);
                }
                let cursor = stored(&stream)?;
                drop(stream);
                found.extend(rest($scan.resume(cursor)).await?.into_iter().map(|part| part.name));
                assert_eq!(sorted(found), $all, "{} after {taken}", stringify!($scan));
            }
        };
    }
    let late = names()[7..].to_vec();
    for segments in [1, 3, 5] {
        let scan = || Part::scan(&db).segments(segments).page_size(3).plain();
        resumed_anywhere!(scan(), names());
        resumed_anywhere!(scan().filter(Part::NAME.ge("part/07")), late);
        let by_size = || Part::BY_SIZE.scan(&db).segments(segments).page_size(2);
        resumed_anywhere!(by_size().select::<Name>(), names());
        resumed_anywhere!(Part::BY_NAME.scan(&db).segments(segments).plain(), names());
    }
    resumed_anywhere!(Part::scan(&db).page_size(3).plain(), names());
    let query = || Part::BY_SIZE.query(&db, "maker 3").reverse().page_size(2).plain();
    let four = (0..20).filter(|i| i % 5 == 3).map(|i| names()[i].clone()).collect::<Vec<_>>();
    resumed_anywhere!(query(), four);
    Ok(())
}

#[tokio::test]
async fn a_stream_at_its_end_is_resumed_without_a_request() -> Outcome {
    let (db, faults) = parts().await?;
    let none = || Part::scan(&db).segments(3).page_size(2).filter(Part::NAME.eq("x"));
    let mut stream = none().stream();
    assert!(stream.next().await.is_none());
    let end = stored(&stream)?;
    faults.clear_log();
    assert!(none().resume(end.clone()).next().await.is_none());
    assert_eq!(stored(&none().resume(end.clone()))?, end);
    assert!(faults.requests().is_empty());
    // From no cursor it begins at the start.
    assert!(none().resume(None).next().await.is_none());
    assert!(!faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_limit_ends_a_stream_and_a_resumed_one_counts_anew() -> Outcome {
    let (db, _) = parts().await?;
    let scan = || Part::scan(&db).segments(3).limit(6).plain();
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let mut stream = scan().resume(cursor);
        let before = found.len();
        while let Some(part) = stream.next().await {
            found.push(part?.name);
        }
        cursor = Some(stored(&stream)?);
        match found.len() - before {
            0 => break,
            new => assert!(new == 6 || found.len() == 20, "{new} results"),
        }
    }
    assert_eq!(sorted(found), names());
    Ok(())
}

#[tokio::test]
async fn a_page_and_a_stream_have_the_same_cursors() -> Outcome {
    let (db, _) = parts().await?;
    let scan = || Part::scan(&db).page_size(3).plain();
    let page = scan().page(None).await?;
    let mut found = page.items;
    let mut stream = scan().resume(page.cursor);
    for _ in 0..4 {
        found.push(stream.next().await.expect("more")?);
    }
    let mut cursor = Some(stored(&stream)?);
    while cursor.is_some() {
        let page = scan().page(cursor).await?;
        found.extend(page.items);
        cursor = page.cursor;
    }
    assert_eq!(sorted(found.into_iter().map(|part| part.name)), names());
    Ok(())
}

#[tokio::test]
async fn a_cursor_of_another_scan_or_of_other_segments_is_refused() -> Outcome {
    let (db, faults) = parts().await?;
    let scan = |segments| Part::scan(&db).segments(segments).page_size(2);
    let mut stream = scan(3).stream();
    stream.next().await.expect("a part")?;
    let cursor = stored(&stream)?;
    drop(stream);
    faults.clear_log();
    for (what, mut results) in [
        ("other segments", scan(4).resume(cursor.clone())),
        ("one segment", scan(1).resume(cursor.clone())),
        ("no segments", Part::scan(&db).resume(cursor.clone())),
        ("filter", scan(3).filter(Part::NAME.ne("x")).resume(cursor.clone())),
        ("index", Part::BY_NAME.scan(&db).segments(3).resume(cursor.clone())),
    ] {
        let error = results.next().await.expect("an error").expect_err(what);
        assert!(matches!(error, Error::ForeignCursor), "{what}: {error:?}");
        assert!(results.next().await.is_none());
        assert!(matches!(results.cursor(), Err(Error::Usage(_))));
    }
    let signing = Database::builder(db.client().clone()).cursor_secret("ours").build();
    let mut unsigned = Part::scan(&signing).segments(3).resume(cursor.clone());
    assert!(matches!(unsigned.next().await, Some(Err(Error::ForeignCursor))));
    let page = Part::scan(&db).page(Some(cursor.clone())).await;
    assert!(matches!(page, Err(Error::ForeignCursor)), "{page:?}");
    assert!(faults.requests().is_empty());
    // A number that is spelled otherwise, a page size: the same scan.
    assert!(scan(3).page_size(5).consistent().resume(cursor).next().await.expect("more").is_ok());
    let tx = Transaction::begin(&db);
    assert!(matches!(Part::scan(&tx).stream().cursor(), Err(Error::Usage(_))));
    let cursor = Part::scan(&db).stream().cursor()?;
    let resumed = Part::scan(&tx).resume(cursor).next().await;
    assert!(matches!(resumed, Some(Err(Error::Usage(_)))));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_segment_that_fails_for_a_while_is_read_again_and_one_that_fails_for_good_ends_all()
-> Outcome {
    for fault in [Fault::LoseAnswer, Fault::Hang, Fault::service("ThrottlingException")] {
        let (db, faults) = parts().await?;
        faults.next("Scan", fault.clone());
        faults.next("Scan", fault.clone());
        let scan = || Part::scan(&db).segments(3).page_size(2).plain();
        let found = scan().try_collect().await?;
        assert_eq!(sorted(found.into_iter().map(|part| part.name)), names(), "{fault:?}");
        assert_eq!(faults.pending(), 0);

        let mut stream = scan().stream();
        let mut found = vec![stream.next().await.expect("a part")?.name];
        faults.always("Scan", Fault::service("AccessDeniedException"));
        let error = loop {
            match stream.next().await.expect("an error before the end") {
                Ok(part) => found.push(part.name),
                Err(error) => break error,
            }
        };
        assert!(matches!(error, Error::Denied(_)), "{error:?}");
        assert!(stream.next().await.is_none());
        // What was taken is taken, and the rest is not lost.
        let cursor = stored(&stream)?;
        faults.clear();
        found.extend(rest(scan().resume(cursor)).await?.into_iter().map(|part| part.name));
        assert_eq!(sorted(found), names(), "{fault:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_table_that_goes_away_while_it_is_read_is_an_error_that_names_it() -> Outcome {
    let (db, _) = parts().await?;
    for segments in [1, 3] {
        Table::<Part>::create_if_missing(&db).await?;
        for i in 0..9 {
            let (size, maker, name) = ("1".parse()?, "m".to_owned(), "n".to_owned());
            Part { code: vec![i], size, maker, name }.upsert(&db).await?;
        }
        let mut stream = Part::scan(&db).segments(segments).page_size(1).stream();
        stream.next().await.expect("a part")?;
        Table::<Part>::delete(&db).with_all_items().await?;
        let error = loop {
            match stream.next().await {
                Some(Ok(_)) => {}
                end => break end.expect("an error, and not the end").expect_err("no table"),
            }
        };
        assert!(matches!(&error, Error::NoSuchTable(table) if &**table == "parts"), "{error:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_scan_in_segments_can_be_spawned() -> Outcome {
    let (db, _) = parts().await?;
    let task = tokio::spawn(async move {
        let mut stream = Part::scan(&db).segments(2).stream();
        let first = stream.next().await.transpose()?.map_or(0, |_| 1);
        let count = Part::scan(&db).segments(2).count().await?;
        Ok::<_, Error>((first, count, rest(stream).await?.len()))
    });
    assert_eq!(task.await??, (1, 20, 19));
    Ok(())
}

#[tokio::test]
async fn a_database_that_forbids_scans_refuses_them_and_queries_on() -> Outcome {
    let (db, faults) = parts().await?;
    let db = Database::builder(db.client().clone()).forbid_scans().build();
    let refused = |error: Option<Error>| {
        let error = error.expect("an error");
        assert!(matches!(&error, Error::ScanForbidden(table) if &**table == "parts"), "{error:?}");
        assert_eq!(
            error.to_string(),
            "table parts was not scanned, because this database forbids scans: query it by a key or an index, or sweep it"
        );
    };
    refused(Part::scan(&db).try_collect().await.err());
    refused(Part::scan(&db).count().await.err());
    refused(Part::scan(&db).first().await.err());
    refused(Part::scan(&db).one().await.err());
    refused(Part::scan(&db).page(None).await.err());
    refused(Part::scan(&db).segments(2).stream().next().await.and_then(Result::err));
    refused(Part::scan(&db).into_sdk().err());
    refused(Part::BY_SIZE.scan(&db).try_collect().await.err());
    refused(Part::BY_NAME.scan(&db).plain().try_collect().await.err());
    let tx = Transaction::begin(&db);
    refused(Part::scan(&tx).try_collect().await.err());
    assert!(faults.requests().is_empty());
    assert_eq!(Part::BY_SIZE.query(&db, "maker 3").count().await?, 4);
    Ok(())
}

/// What precedes an item that cannot be read is given first, and the cursor stands behind that.
#[tokio::test]
async fn a_stream_gives_what_comes_before_an_item_that_cannot_be_read() -> Outcome {
    let (db, _faults) = store().await;
    for map in 1..=2 {
        DoomMap::new(1, map, "map").insert(&db).await?;
    }
    put_raw(&db, "doom_maps", &[("episode", n(1)), ("map", n(3)), ("name", n(3))]).await;
    DoomMap::new(1, 4, "map").insert(&db).await?;
    let mut maps = DoomMap::query(&db, 1).stream();
    for map in 1..=2 {
        assert_eq!(maps.next().await.expect("a map")?.map, map);
    }
    let behind = maps.cursor()?;
    let error = maps.next().await.expect("an error").expect_err("unreadable");
    assert!(matches!(error, Error::Decode(_)), "{error}");
    assert!(maps.next().await.is_none(), "it ends after an error");

    DoomMap::delete(&db, (1, 3)).unchecked().await?;
    let mut maps = DoomMap::query(&db, 1).resume(behind);
    assert_eq!(maps.next().await.expect("a map")?.map, 4);
    Ok(())
}
