//! The programs that go on using the table meanwhile. Each leaves marks among the spellings of countries: one that was
//! acknowledged is there at the end, one that was refused is not.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dynamap::{AttributeValue, Database, Error, Item, Model, Path, UpgradeError};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::Barrier;

use super::country::Country;
use super::old::OldCountry;

/// The model of a program.
pub trait Spelled: for<'a> Model<KeyRef<'a> = &'a str, HashRef<'a> = &'a str> {
    const SPELLINGS: Path<Self, Vec<String>>;

    fn spellings(&mut self) -> &mut Vec<String>;
}

impl Spelled for Country {
    const SPELLINGS: Path<Self, Vec<String>> = Country::ALT_SPELLINGS;

    fn spellings(&mut self) -> &mut Vec<String> {
        &mut self.alt_spellings
    }
}

impl Spelled for OldCountry {
    const SPELLINGS: Path<Self, Vec<String>> = OldCountry::ALT_SPELLINGS;

    fn spellings(&mut self) -> &mut Vec<String> {
        &mut self.alt_spellings
    }
}

/// What a program does by turns.
const TURNS: [Turn; 6] =
    [Turn::Save, Turn::Update, Turn::Query, Turn::Save, Turn::Insert, Turn::Scan];
/// How often it does each before the job begins, and once more after the job has ended.
const TIMES: usize = 3;

#[derive(Debug, Clone, Copy)]
enum Turn {
    Save,
    Update,
    Query,
    Insert,
    Scan,
}

/// What all programs share.
pub struct Stage {
    pub codes: Vec<String>,
    /// All programs have begun, and the job begins.
    pub begin: Barrier,
    /// The job has ended.
    pub ended: AtomicBool,
}

/// What a program has seen.
#[derive(Debug, Default)]
pub struct Tally {
    /// The marks that were acknowledged.
    pub marks: BTreeSet<String>,
    /// The codes of the items that it inserted.
    pub inserted: BTreeSet<String>,
    /// How many items it read.
    pub read: usize,
    /// How often somebody else wrote first.
    pub conflicts: usize,
    /// How often it was told that an item is newer than the program.
    pub too_new: usize,
    /// How often it was told that an item has yet to be moved to another key.
    pub moving: usize,
}

/// A program that is named by one letter.
pub struct Program {
    pub db: Database,
    pub letter: char,
    /// What its new countries are like.
    pub template: Item,
    pub stage: Arc<Stage>,
}

impl Program {
    /// Works until the job has ended, and a little longer.
    pub async fn work<M: Spelled>(self) -> Result<Tally, String> {
        let mut tally = Tally::default();
        let mut random = StdRng::seed_from_u64(u64::from(u32::from(self.letter)));
        let mut left = TIMES;
        for round in 0.. {
            let was_ended = self.stage.ended.load(Ordering::Acquire);
            for (turn, what) in TURNS.into_iter().enumerate() {
                let code = &self.stage.codes[random.random_range(0..self.stage.codes.len())];
                let number = round * TURNS.len() + turn;
                let done = self.take::<M>(what, code, number, &mut tally).await;
                if let Err(error) = done {
                    tally.note(&error).map_err(|()| format!("{what:?} of {code}: {error}"))?;
                }
            }
            if round + 1 == TIMES {
                self.stage.begin.wait().await;
            }
            if was_ended {
                left -= 1;
                if left == 0 {
                    break;
                }
            }
        }
        Ok(tally)
    }

    async fn take<M: Spelled>(
        &self,
        turn: Turn,
        code: &str,
        number: usize,
        tally: &mut Tally,
    ) -> Result<(), Error> {
        let mark = format!("mark {} {number}", self.letter);
        match turn {
            Turn::Save => {
                let Some(mut country) = M::get(&self.db, code).consistent().await? else {
                    return Ok(());
                };
                tally.read += 1;
                country.spellings().push(mark.clone());
                country.save(&self.db).await?;
                tally.marks.insert(mark);
            }
            Turn::Update => {
                let marks = std::slice::from_ref(&mark);
                M::update(&self.db, code).append(M::SPELLINGS, marks).await?;
                tally.marks.insert(mark);
            }
            Turn::Query => tally.read += M::query(&self.db, code).try_collect().await?.len(),
            Turn::Scan => tally.read += M::scan(&self.db).limit(20).try_collect().await?.len(),
            Turn::Insert => {
                let code = format!("{}{:02x}", self.letter, number / TURNS.len());
                let mut item = self.template.clone();
                item.insert("cca3", AttributeValue::S(code.clone()));
                // What release 4.0.0 does not have says nothing yet, so that it can be written so.
                item.insert("unMember", AttributeValue::Bool(false));
                item.insert("unRegionalGroup", AttributeValue::S(String::new()));
                item.insert(
                    "altSpellings",
                    AttributeValue::L(vec![AttributeValue::S(mark.clone())]),
                );
                M::decode(item)?.into_inner().insert(&self.db).await?;
                tally.marks.insert(mark);
                tally.inserted.insert(code);
            }
        }
        Ok(())
    }
}

impl Tally {
    /// Counts what a program must expect to be told; nothing else is allowed.
    fn note(&mut self, error: &Error) -> Result<(), ()> {
        match error {
            Error::SchemaTooNew(_) => self.too_new += 1,
            Error::Upgrade(why) if matches!(why.error, UpgradeError::Keyed { .. }) => {
                self.moving += 1;
            }
            Error::Conflict(_) => self.conflicts += 1,
            // Kosovo, under its old code.
            Error::NotFound(_) => {}
            _ => return Err(()),
        }
        Ok(())
    }
}
