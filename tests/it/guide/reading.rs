//! `docs/guide/reading.md`: its programs.

use std::fs;
use std::future::pending;

use dynamap::{Cursor, Database, Error, Loaded, Model};

use super::common::{DoomMap, maps};
use crate::support::Outcome;

#[tokio::test]
async fn one_item_a_list_and_the_last_one() -> Outcome {
    let test = maps(9).await?;
    let db = test.database().clone();

    let hangar: Option<Loaded<DoomMap>> = DoomMap::get(&db, (1, 1)).await?;
    let episode = DoomMap::query(&db, 1).try_collect().await?; // in the order of the range key
    let last = DoomMap::query(&db, 1).range(DoomMap::MAP.gt(5)).reverse().first().await?;
    assert!(hangar.is_some());
    assert_eq!((episode.len(), last.map(|map| map.map)), (9, Some(9)));

    Ok(())
}

#[tokio::test]
async fn a_stream_yields_one_by_one() -> Outcome {
    let test = maps(9).await?;
    let db = test.database().clone();

    let mut longest = 0;
    let mut maps = DoomMap::scan(&db).stream();
    while let Some(map) = maps.next().await {
        longest = longest.max(map?.name.len());
    }
    assert_eq!(longest, "map 9".len());

    Ok(())
}

#[tokio::test]
async fn a_stream_goes_on_behind_what_was_taken() -> Outcome {
    let test = maps(9).await?;
    let db = test.database().clone();
    let mut exported = Vec::new();
    let mut export = |map: Loaded<DoomMap>| {
        exported.push(map.map);
        Ok::<_, Error>(())
    };
    // An earlier run took four.
    let mut earlier = DoomMap::scan(&db).stream();
    for _ in 0..4 {
        earlier.next().await.ok_or("a map")??;
    }
    let mut saved = Some(earlier.cursor()?);

    let mut maps = DoomMap::scan(&db).resume(saved.clone()); // from the start where `saved` is `None`
    while let Some(map) = maps.next().await {
        export(map?)?;
        saved = Some(maps.cursor()?); // as text: `.to_string()`, `.parse()`
    }

    assert_eq!(exported, [5, 6, 7, 8, 9]);
    assert!(DoomMap::scan(&db).resume(saved).next().await.is_none());
    Ok(())
}

#[tokio::test]
async fn a_sweep_does_something_with_every_item() -> Outcome {
    let test = maps(9).await?;
    let db = &test.database().clone();
    let folder = tempfile::tempdir()?;
    let place = &folder.path().join("sweep.cursor");
    let shutdown = pending();

    let stored: Option<Cursor> =
        fs::read_to_string(place).ok().map(|text| text.parse()).transpose()?;
    let swept = DoomMap::scan(db)
        .segments(8)
        .page_size(100)
        .sweep()
        .at_once(32)
        .tolerate(10)
        .resume(stored)
        .checkpoint(|checkpoint| async move { fs::write(place, checkpoint.cursor.to_string()) })
        .until(shutdown)
        .run(|mut map| async move {
            map.name = map.name.to_uppercase();
            map.save(db).await
        })
        .await?;
    assert!(swept.is_finished() && swept.failed.is_empty());

    assert_eq!(swept.progress.items, 9);
    assert_eq!(DoomMap::scan(db).filter(DoomMap::NAME.begins_with("MAP")).count().await?, 9);
    assert!(fs::read_to_string(place)?.parse::<Cursor>().is_ok());
    Ok(())
}

async fn list(
    db: &Database,
    link: Option<&str>,
) -> Result<(Vec<Loaded<DoomMap>>, Option<String>), Error> {
    let cursor = link.map(str::parse).transpose()?;
    let page = DoomMap::query(db, 1).page_size(50).page(cursor).await?;
    Ok((page.items, page.cursor.map(|cursor| cursor.to_string())))
}

#[tokio::test]
async fn pages_follow_each_other_by_their_links() -> Outcome {
    let test = maps(120).await?;
    let (mut link, mut sizes) = (None, Vec::new());
    loop {
        let (items, next) = list(test.database(), link.as_deref()).await?;
        sizes.push(items.len());
        link = next;
        if link.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [50, 50, 20]);
    let strange = list(test.database(), Some("no cursor")).await;
    assert!(matches!(strange, Err(Error::ForeignCursor)), "{strange:?}");
    Ok(())
}
