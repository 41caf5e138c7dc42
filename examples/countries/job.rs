//! The job, stage by stage. Each stage can be repeated: after a kill the next run finishes what is left.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Instant;

use dynamap::{AttributeValue, Database, Error, Item, Loaded, Model, Table, Transaction};

use crate::compare::compare;
use crate::country::Country;
use crate::data;
use crate::model::{Job, Region};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

const JOB: &str = "countries";
/// The region of countries that release 1.4.0 gave none.
const NO_REGION: &str = "(none)";

pub async fn run(db: &Database) -> Outcome {
    let started = Instant::now();
    Table::<Country>::create_if_missing(db).await?;
    Table::<Region>::create_if_missing(db).await?;
    Table::<Job>::create_if_missing(db).await?;

    store(db).await?;
    println!("before: {}", schemas(db).await?);
    let theirs = Arc::new(data::new()?);

    if !is_done(db, "compared").await? {
        report(&Country::scan(db).try_collect().await?, &theirs)?;
        mark(db, "compared").await?;
    }
    let conflicts = enrich(db, &theirs).await?;
    count_regions(db).await?;
    for (country, region) in [
        ("ATA", "Antarctic"),
        ("ATF", "Antarctic"),
        ("BVT", "Antarctic"),
        ("HMD", "Antarctic"),
        ("SGS", "Antarctic"),
    ] {
        relocate(db, country, region).await?;
    }
    rename_kosovo(db).await?;

    println!("after:  {}", schemas(db).await?);
    let mut regions = Region::scan(db).try_collect().await?;
    regions.sort_by(|a, b| a.name.cmp(&b.name));
    let regions: Vec<_> = regions.iter().map(|r| format!("{} {}", r.name, r.countries)).collect();
    println!("regions: {}", regions.join(", "));
    println!("conflicts met and resolved: {conflicts}");
    println!("digest of the table: {:016x}", digest(db).await?);
    println!("time: {:.2} s", started.elapsed().as_secs_f64());
    Ok(())
}

/// Stores release 1.4.0 as a program of long ago left it, with the plain SDK.
async fn store(db: &Database) -> Outcome {
    let (items, left_out) = data::old()?;
    println!(
        "release 1.4.0: {} countries; left out, sharing a code: {}",
        items.len(),
        left_out.join(", ")
    );
    if is_done(db, "stored").await? {
        return Ok(());
    }
    for (i, item) in items.into_iter().enumerate() {
        let put = db
            .client()
            .put_item()
            .table_name(db.table_name(Country::layout()))
            .set_item(Some(item.into_inner()))
            .condition_expression("attribute_not_exists(cca3)")
            .send()
            .await;
        match put.map_err(aws_sdk_dynamodb::Error::from) {
            // Stored by a run that was killed.
            Ok(_) | Err(aws_sdk_dynamodb::Error::ConditionalCheckFailedException(_)) => {}
            Err(error) => return Err(error.into()),
        }
        progress("stored", i + 1);
    }
    mark(db, "stored").await
}

fn report(ours: &[Loaded<Country>], theirs: &[Item]) -> Outcome {
    let found = compare(ours, theirs)?;
    println!(
        "upgraded on read and compared with release 5.1.0: {} of the same keys and shape",
        found.same_shape
    );
    for wrong in found.differing {
        println!("  {wrong}");
    }
    let values: Vec<_> =
        found.values.iter().map(|(name, count)| format!("{name} {count}")).collect();
    println!(
        "  countries with another value, corrected since or not known then (cca3: Kosovo): {}",
        values.join(", ")
    );
    Ok(())
}

/// Adds what release 1.4.0 did not know, by two tasks that work on the same countries at the same time.
async fn enrich(db: &Database, theirs: &Arc<Vec<Item>>) -> Outcome<u32> {
    let spawn = |edit: fn(&mut Country, &Country) -> bool, name: &'static str| {
        let (db, theirs) = (db.clone(), theirs.clone());
        tokio::spawn(async move {
            let mut conflicts = 0;
            for (i, theirs) in theirs.iter().enumerate() {
                let facts = Country::from_attributes(theirs).map_err(|error| error.to_string())?;
                let code = if facts.cca3 == "UNK" { "KOS" } else { &facts.cca3 };
                let edited = edit_and_save(&db, code, |country| edit(country, &facts)).await;
                conflicts += edited.map_err(|error| error.to_string())?;
                progress(name, i + 1);
            }
            Ok::<u32, String>(conflicts)
        })
    };
    let politics = spawn(
        |country, facts| {
            let before = country.clone();
            country.independent = facts.independent;
            country.status.clone_from(&facts.status);
            country.un_member = facts.un_member;
            country.un_regional_group.clone_from(&facts.un_regional_group);
            *country != before
        },
        "politics",
    );
    let sports = spawn(
        |country, facts| {
            let before = country.clone();
            country.cioc.clone_from(&facts.cioc);
            country.landlocked = facts.landlocked;
            *country != before
        },
        "sports",
    );
    Ok(politics.await?? + sports.await??)
}

/// Reads, edits and saves; where somebody else was first, edits what they left. Returns the number of conflicts.
async fn edit_and_save(
    db: &Database,
    code: &str,
    edit: impl Fn(&mut Country) -> bool,
) -> Result<u32, Error> {
    let mut conflicts = 0;
    let mut found = Country::get(db, code).consistent().await?;
    while let Some(mut country) = found {
        if !edit(&mut country) {
            break;
        }
        match country.save(db).await {
            Ok(()) => break,
            Err(error) if error.is_conflict() => {
                conflicts += 1;
                found = error.winner::<Country>()?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(conflicts)
}

/// Counts the countries of each region, once.
async fn count_regions(db: &Database) -> Outcome {
    let mut counts: BTreeMap<String, u32> = BTreeMap::from([("Antarctic".to_owned(), 0)]);
    for country in Country::scan(db).consistent().try_collect().await? {
        *counts.entry(region_name(&country.region).to_owned()).or_default() += 1;
    }
    once(db, "regions", |tx| {
        let counts = &counts;
        async move {
            for (name, countries) in counts {
                tx.insert(Region { name: name.clone(), countries: *countries, version: 0 })?;
            }
            Ok(())
        }
    })
    .await
}

fn region_name(region: &str) -> &str {
    if region.is_empty() { NO_REGION } else { region }
}

/// Moves a country to another region and keeps both counts, all or none.
async fn relocate(db: &Database, code: &str, to: &str) -> Outcome {
    let from = Transaction::run(db, |tx| async move {
        let Some(mut country) = Country::get(&tx, code).await? else { return Ok(None) };
        let from = region_name(&country.region).to_owned();
        if from == to {
            return Ok(None); // moved by a run that was killed
        }
        for (region, by) in [(from.as_str(), -1), (to, 1)] {
            if let Some(mut region) = Region::get(&tx, region).await? {
                region.countries = region.countries.saturating_add_signed(by);
                tx.save(region)?;
            }
        }
        to.clone_into(&mut country.region);
        tx.save(country)?;
        Ok::<_, Error>(Some(from))
    })
    .await?;
    if let Some(from) = from {
        println!("moved {code} from {from} to {to}");
    }
    Ok(())
}

/// Kosovo's code changed from KOS to UNK. Keys are immutable: the new item, the end of the old one, and the neighbours
/// whose borders name it are one transaction.
async fn rename_kosovo(db: &Database) -> Outcome {
    let neighbours: Vec<String> = Country::scan(db)
        .try_collect()
        .await?
        .iter()
        .filter(|country| country.borders.iter().any(|code| code == "KOS"))
        .map(|country| country.cca3.clone())
        .collect();
    if Country::get(db, "KOS").consistent().await?.is_some() {
        println!("Kosovo: KOS becomes UNK, also in the borders of {}", neighbours.join(", "));
    }
    once(db, "kosovo", |tx| {
        let neighbours = &neighbours;
        async move {
            let Some(kosovo) = Country::get(&tx, "KOS").await? else { return Ok(()) };
            tx.insert(Country { cca3: "UNK".to_owned(), ..kosovo.clone().into_inner() })?;
            tx.delete(kosovo)?;
            for code in neighbours {
                let Some(mut country) = Country::get(&tx, code).await? else { continue };
                for border in country.borders.iter_mut().filter(|border| *border == "KOS") {
                    "UNK".clone_into(border);
                }
                tx.save(country)?;
            }
            Ok(())
        }
    })
    .await
}

/// Does a stage exactly once: that it is done is written in the transaction that does it.
async fn once<F, Fut>(db: &Database, stage: &str, mut work: F) -> Outcome
where
    F: FnMut(Transaction) -> Fut + Send,
    Fut: Future<Output = Result<(), Error>> + Send,
{
    Transaction::run(db, |tx| {
        let work = work(tx.clone());
        async move {
            match Job::get(&tx, JOB).await? {
                Some(mut job) if !job.done.iter().any(|done| done == stage) => {
                    job.done.push(stage.to_owned());
                    tx.save(job)?;
                    work.await
                }
                _ => Ok(()),
            }
        }
    })
    .await?;
    progress(stage, 1);
    Ok(())
}

async fn is_done(db: &Database, stage: &str) -> Outcome<bool> {
    let job = Job::get(db, JOB).consistent().await?;
    Ok(job.is_some_and(|job| job.done.iter().any(|done| done == stage)))
}

async fn mark(db: &Database, stage: &str) -> Outcome {
    if Job::get(db, JOB).consistent().await?.is_none() {
        Job { name: JOB.to_owned(), done: Vec::new(), version: 0 }.insert(db).await?;
    }
    once(db, stage, |_| async { Ok(()) }).await
}

/// How many items the table holds of each schema.
async fn schemas(db: &Database) -> Outcome<String> {
    let mut counts: BTreeMap<_, u32> = BTreeMap::new();
    for country in Country::scan(db).consistent().try_collect().await? {
        *counts.entry(country.stored_schema().clone()).or_default() += 1;
    }
    let counts: Vec<_> =
        counts.iter().map(|(schema, n)| format!("{n} items of schema {schema}")).collect();
    Ok(counts.join(", "))
}

/// Everything in the tables but the nonces, which no two runs share.
async fn digest(db: &Database) -> Outcome<u64> {
    let mut lines = Vec::new();
    for country in Country::scan(db).consistent().try_collect().await? {
        lines.push(line(country.image()));
    }
    for region in Region::scan(db).consistent().try_collect().await? {
        lines.push(line(region.image()));
    }
    lines.sort_unstable();
    let mut hasher = DefaultHasher::new();
    lines.hash(&mut hasher);
    Ok(hasher.finish())
}

fn line(item: &Item) -> String {
    let mut parts: Vec<_> = item
        .iter()
        .filter(|(name, _)| *name != "_write")
        .map(|(name, v)| format!("{name}={}", text(v)))
        .collect();
    parts.sort_unstable();
    parts.join(";")
}

fn text(value: &AttributeValue) -> String {
    match value {
        AttributeValue::M(map) => {
            let map: BTreeMap<_, _> = map.iter().map(|(name, value)| (name, text(value))).collect();
            format!("{map:?}")
        }
        AttributeValue::L(list) => format!("{:?}", list.iter().map(text).collect::<Vec<_>>()),
        other => format!("{other:?}"),
    }
}

/// One line for a program that watches, if it asked for it.
fn progress(stage: &str, count: usize) {
    if std::env::var_os("COUNTRIES_PROGRESS").is_some() {
        println!("progress {stage} {count}");
    }
}
