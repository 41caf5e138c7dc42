//! A table that holds a mixture of releases.

use std::collections::BTreeMap;

use dynamap::{AttributeValue, BackfillRecord, Database, Item, Table};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::country::Country;
use super::data;

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// How the table begins.
pub struct Mixture {
    pub db: Database,
    /// The codes of the items, in order.
    pub codes: Vec<String>,
    /// How many items were taken from each release, and how many have no schema.
    pub taken: BTreeMap<String, usize>,
}

/// A table in memory, of which each country is as one of these releases has it. Some countries are of a release that is
/// asked for; the others are of one that the seed chooses.
pub async fn mixture(seed: u64, releases: &[&str], asked: &[(&str, &str)]) -> Outcome<Mixture> {
    let db = Database::builder(dynamap::embedded::memory()?).seed(seed).build();
    Table::<Country>::create(&db).await?;
    Table::<BackfillRecord>::create(&db).await?;
    let mut known = BTreeMap::new();
    for release in releases {
        let items = if *release == "1.4.0" { data::old()?.0 } else { data::release(release)? };
        for item in items {
            known.insert((today(&item)?, *release), item);
        }
    }
    let mut random = StdRng::seed_from_u64(seed);
    let (mut codes, mut taken) = (Vec::new(), BTreeMap::new());
    for item in data::new()? {
        let code = today(&item)?;
        let chosen = releases[random.random_range(0..releases.len())];
        let asked = asked.iter().find(|(country, _)| *country == code);
        let release = asked.map_or(chosen, |(_, release)| release);
        let mut item = known.remove(&(code, release)).ok_or("a country of the release")?;
        codes.push(item.text("cca3").ok_or("a code")?.to_owned());
        // The oldest program knew no schemas, and at the end of its days some.
        let kosovo = item.text("cca3") == Some("KOS");
        if release == "1.4.0" && (kosovo || random.random_bool(0.5)) {
            *taken.entry("without".to_owned()).or_default() += 1;
        } else {
            item.insert("_schema", AttributeValue::S(release.to_owned()));
            item.insert("version", AttributeValue::N("1".to_owned()));
            *taken.entry(release.to_owned()).or_default() += 1;
        }
        let put = db.client().put_item().table_name("countries");
        put.set_item(Some(item.into_inner())).send().await?;
    }
    Ok(Mixture { db, codes, taken })
}

/// The code that the country has today.
fn today(item: &Item) -> Outcome<String> {
    let code = item.text("cca3").ok_or("a code")?;
    Ok(if code == "KOS" { "UNK" } else { code }.to_owned())
}
