//! Real data: a table that holds a mixture of five releases is brought to the last one, while programs of two ages go on
//! using it.

#![allow(clippy::print_stdout, reason = "numbers that are worth a look")]

mod chain;
mod compare;
#[path = "../../examples/countries/country.rs"]
mod country;
#[path = "../../examples/countries/data.rs"]
mod data;
#[path = "../../examples/countries/languages.rs"]
mod languages;
mod old;
mod programs;
#[path = "../../examples/countries/steps.rs"]
mod steps;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dynamap::{AttributeValue, Backfill, BackfillState, Database, Item};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use self::compare::{compare, differences};
use self::country::Country;
use self::old::OldCountry;
use self::programs::{Program, Stage, Tally};
use self::table::{Mixture, mixture};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;
/// All programs together, and each by its letter.
type Tallies = BTreeMap<char, Tally>;

/// Which model a program has.
#[derive(Clone, Copy)]
enum Age {
    Today,
    Old,
}

/// Does some work while these programs use the table, from before it begins until after it has ended.
async fn beside<T>(
    programs: [(char, Age, &Database); 4],
    codes: &[String],
    work: impl Future<Output = Outcome<T>>,
) -> Outcome<(T, Tallies)> {
    let begin = Barrier::new(programs.len() + 1);
    let stage = Arc::new(Stage { codes: codes.to_vec(), begin, ended: AtomicBool::new(false) });
    let mut tasks = JoinSet::new();
    for (letter, age, db) in programs {
        let (db, stage) = (db.clone(), stage.clone());
        match age {
            Age::Today => {
                let program = Program { db, letter, template: template("5.1.0")?, stage };
                tasks.spawn(async move { (letter, program.work::<Country>().await) });
            }
            Age::Old => {
                let program = Program { db, letter, template: template("4.0.0")?, stage };
                tasks.spawn(async move { (letter, program.work::<OldCountry>().await) });
            }
        }
    }
    tokio::select! {
        _ = stage.begin.wait() => {}
        Some(ended) = tasks.join_next() => panic!("a program ended early: {ended:?}"),
    }
    let done = work.await;
    stage.ended.store(true, Ordering::Release);
    let mut tallies = Tallies::new();
    while let Some(ended) = tasks.join_next().await {
        let (letter, tally) = ended?;
        tallies.insert(letter, tally?);
    }
    Ok((done?, tallies))
}

/// What a program's new countries are like.
fn template(release: &str) -> Outcome<Item> {
    let mut items = data::release(release)?.into_iter();
    let mut found = items.find(|item| item.text("cca3") == Some("DEU")).ok_or("Germany")?;
    found.insert("_schema", AttributeValue::S(release.to_owned()));
    Ok(found)
}

/// Everything that is stored, by code.
async fn everything(db: &Database) -> Outcome<BTreeMap<String, Item>> {
    let pages = db.client().scan().table_name("countries").consistent_read(true);
    let mut items = BTreeMap::new();
    let mut pages = pages.into_paginator().items().send();
    while let Some(item) = pages.next().await {
        let item = Item::from(item?);
        items.insert(item.text("cca3").ok_or("a code")?.to_owned(), item);
    }
    Ok(items)
}

/// Takes the marks out of the items, and tells which there were. None is there twice.
fn take_marks(items: &mut BTreeMap<String, Item>) -> BTreeSet<String> {
    let mut marks = BTreeSet::new();
    for item in items.values_mut() {
        let Some(AttributeValue::L(mut spellings)) = item.remove("altSpellings") else { continue };
        spellings.retain(|spelling| {
            let mark = spelling.as_s().ok().filter(|text| text.starts_with("mark "));
            assert!(mark.is_none_or(|mark| marks.insert(mark.clone())), "{mark:?} is there twice");
            mark.is_none()
        });
        item.insert("altSpellings", AttributeValue::L(spellings));
    }
    marks
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mixture_of_five_releases_becomes_the_last_one_beside_programs_of_two_ages() -> Outcome {
    let releases = ["1.4.0", "2.1.0", "3.0.0", "4.0.0", "5.1.0"];
    let asked = [("UNK", "1.4.0"), ("SHN", "1.4.0")];
    let Mixture { db, codes, taken } = mixture(20, &releases, &asked).await?;
    println!("taken from the releases: {taken:?}");
    assert_eq!(data::old()?.1, ["Ascension Island"], "which shares a code");

    let job = Backfill::<Country>::of(&db).segments(2).page_size(50);
    let programs = [('a', Age::Today), ('b', Age::Today), ('c', Age::Today), ('o', Age::Old)];
    let programs = programs.map(|(letter, age)| (letter, age, &db));
    let (record, tallies) = beside(programs, &codes, async { Ok(job.run().await?) }).await?;
    assert_eq!(record.state, BackfillState::Completed, "{:?}", record.failures);
    for (letter, tally) in &tallies {
        assert_eq!(tally.too_new > 0, *letter == 'o', "{letter} was told of {}", tally.too_new);
    }
    // What the old program inserted behind the job is found, and the job done again.
    let found = job.verify().await?;
    println!("upgraded {}; found by verify: {}", record.upgraded, found.older);
    assert!(found.older > 0, "the old program inserts to the end");
    job.run().await?;
    assert!(job.verify().await?.is_complete());
    let other_values = assert_is_release(&db, &tallies).await?;
    assert_eq!(
        other_values,
        counts(&[
            ("altSpellings", 17),
            ("area", 4),
            ("borders", 2),
            ("capital", 4),
            ("ccn3", 1),
            ("cioc", 38),
            ("currencies", 94),
            ("demonyms", 143),
            ("idd", 9),
            ("independent", 46),
            ("landlocked", 4),
            ("languages", 8),
            ("latlng", 1),
            ("name", 53),
            ("status", 47),
            ("subregion", 14),
            ("tld", 6),
            ("translations", 199),
            ("unMember", 152),
            ("unRegionalGroup", 151),
        ])
    );
    Ok(())
}

/// New programs write what the old one reads, until it is gone; only then is the table migrated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_new_programs_write_the_old_shape_the_old_one_meets_nothing_new() -> Outcome {
    let releases = ["1.4.0", "2.1.0", "3.0.0", "4.0.0"];
    let asked = [("UNK", "2.1.0"), ("SHN", "1.4.0")];
    let Mixture { db, codes, taken } = mixture(21, &releases, &asked).await?;
    println!("taken from the releases: {taken:?}");
    let careful =
        Database::builder(db.client().clone()).write_as::<Country>("4.0.0")?.seed(1).build();
    let programs = [
        ('a', Age::Today, &careful),
        ('b', Age::Today, &careful),
        ('c', Age::Today, &careful),
        ('o', Age::Old, &db),
    ];
    let ((), mut tallies) = beside(programs, &codes, async { Ok(()) }).await?;
    for (code, item) in everything(&db).await? {
        let schema = item.text("_schema").unwrap_or("1.4.0");
        assert!(releases.contains(&schema), "{code} has schema {schema}");
    }

    // The old program is gone, and the new ones write as they are.
    let programs = ['d', 'e', 'f', 'g'].map(|letter| (letter, Age::Today, &db));
    let job = Backfill::<Country>::of(&db).segments(2).page_size(50);
    let (record, flipped) = beside(programs, &codes, async { Ok(job.run().await?) }).await?;
    assert_eq!(record.state, BackfillState::Completed, "{:?}", record.failures);
    assert!(job.verify().await?.is_complete());
    tallies.extend(flipped);
    for (letter, tally) in &tallies {
        assert_eq!((tally.too_new, tally.moving), (0, 0), "program {letter}");
    }
    let other_values = assert_is_release(&db, &tallies).await?;
    assert_eq!(
        other_values,
        counts(&[
            ("altSpellings", 19),
            ("area", 4),
            ("borders", 2),
            ("capital", 7),
            ("cioc", 57),
            ("currencies", 132),
            ("demonyms", 189),
            ("idd", 8),
            ("independent", 61),
            ("landlocked", 13),
            ("languages", 12),
            ("latlng", 1),
            ("name", 66),
            ("region", 1),
            ("status", 61),
            ("subregion", 17),
            ("tld", 8),
            ("translations", 250),
            ("unMember", 194),
            ("unRegionalGroup", 193),
        ])
    );
    Ok(())
}

/// The table holds release 5.1.0, what the programs inserted, and all that was acknowledged to them. Returns how many
/// countries have another value, by attribute: what was corrected over the years, and what an older release did not know.
async fn assert_is_release(db: &Database, tallies: &Tallies) -> Outcome<BTreeMap<String, usize>> {
    let mut ours = everything(db).await?;
    let marks = take_marks(&mut ours);
    let acknowledged: BTreeSet<String> =
        tallies.values().flat_map(|tally| tally.marks.iter().cloned()).collect();
    assert_eq!(marks, acknowledged, "all that was acknowledged and nothing that was refused");
    let theirs: BTreeMap<String, Item> = data::new()?
        .into_iter()
        .map(|item| (item.text("cca3").unwrap_or_default().to_owned(), item))
        .collect();
    let like = &theirs["DEU"];
    for code in tallies.values().flat_map(|tally| &tally.inserted) {
        let inserted = ours.remove(code).ok_or("what was inserted")?;
        assert_eq!(differences(&inserted, like), Vec::<String>::new(), "{code}");
    }
    let found = compare(&ours, &theirs);
    for (letter, tally) in tallies {
        let Tally { marks, inserted, read, conflicts, too_new, moving } = tally;
        println!(
            "program {letter}: {} marks, {} inserts, {read} read, {conflicts} conflicts, {too_new} too new, {moving} moving",
            marks.len(),
            inserted.len(),
        );
    }
    println!("same shape: {}; other values: {:?}", found.same_shape, found.values);
    assert_eq!(found.differing, Vec::<String>::new());
    assert_eq!(found.same_shape, 250);
    Ok(found.values)
}

fn counts(counts: &[(&str, usize)]) -> BTreeMap<String, usize> {
    counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}
