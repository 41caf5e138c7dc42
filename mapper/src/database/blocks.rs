//! Ids that this process has taken in blocks and not given out yet.

use std::collections::{HashMap, VecDeque};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Database, DatabaseBuilder};
use crate::model::Counted;

/// What the name of a named sequence begins with in the table of counters; names of tables have no slash.
pub(crate) const NAMED: &str = "sequence/";

/// A block that lasts less than this is followed by one of twice its size.
const SHORT: Duration = Duration::from_secs(1);
/// A block that lasts longer than this is followed by one of half its size.
const LONG: Duration = Duration::from_mins(1);

/// The sequences that are taken in blocks, by the names of their counters without the prefix.
pub(super) type Sequences = HashMap<String, Arc<Blocks>>;

impl DatabaseBuilder {
    /// Takes the ids of an auto-increment model in blocks: one request to the counter for so many ids, which are given out
    /// from memory. The next block is taken when half of one is given out; a block that lasts less than a second is
    /// followed by one twice as large, one that lasts longer than a minute by one of half the size, between these bounds.
    /// Sizes are at least 1.
    ///
    /// Without this, each id is one request to the counter, and there are 1,000 per second at most: what AWS writes to
    /// one item.
    ///
    /// Ids stay unique over all programs, whatever sizes they take, and rise within one database handle and its clones.
    /// They are no longer in the order of the inserts of several programs, and a program that ends leaves a gap of up to
    /// two blocks.
    ///
    /// ```
    /// # use dynamap::{Database, Model, Table};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key, auto_increment)] id: u64, balance: i64 }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let db = Database::builder(dynamap::embedded::memory()?).blocks::<Account>(100..=1000).build();
    /// Table::<Account>::create(&db).await?;
    /// assert_eq!(Account { id: 0, balance: 5 }.insert(&db).await?.id, 1);
    /// assert_eq!(Account { id: 0, balance: 5 }.insert(&db).await?.id, 2); // no request to the counter
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// [AWS: partition throughput](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html)
    pub fn blocks<M: Counted>(mut self, sizes: RangeInclusive<u64>) -> Self {
        self.sequences.insert(M::layout().table.to_owned(), Arc::new(Blocks::of(&sizes)));
        self
    }

    /// As [`blocks`](Self::blocks), for a [named sequence](crate::Sequence::named).
    ///
    /// ```
    /// # use dynamap::{Database, Sequence};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let db = Database::builder(dynamap::embedded::memory()?).blocks_of("tickets", 100..=1000).build();
    /// Sequence::create_table(&db).await?;
    /// let (metered, meter) = db.metered();
    /// let tickets = Sequence::named(&metered, "tickets");
    /// for number in 1..=20 {
    ///     assert_eq!(tickets.next().await?, number);
    /// }
    /// assert_eq!(meter.capacity().total().write, 1.0); // one request for a hundred numbers
    /// # Ok(())
    /// # }
    /// ```
    pub fn blocks_of(mut self, name: &str, sizes: RangeInclusive<u64>) -> Self {
        self.sequences.insert(format!("{NAMED}{name}"), Arc::new(Blocks::of(&sizes)));
        self
    }
}

impl Database {
    /// The blocks of a counter; `None` where each id is taken by itself.
    pub(crate) fn blocks(&self, counter: &str) -> Option<Arc<Blocks>> {
        self.inner.sequences.get(counter).cloned()
    }
}

/// The blocks of one counter, shared by all clones of a database.
pub(crate) struct Blocks {
    least: u64,
    most: u64,
    state: Mutex<State>,
    /// Held while a block is taken, so that those who wait for it do not take more.
    pub(crate) taking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    /// What is not given out yet, in rising order; none is empty.
    left: VecDeque<RangeInclusive<u64>>,
    /// How large the last block was, and when it was taken.
    last: Option<(u64, Instant)>,
    /// Ids up to this one are not given out.
    floor: u64,
    /// Whether a task takes the next block.
    is_prefetching: bool,
}

/// When an id of a block that is taken is given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Now,
    Later,
}

/// An id from memory.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) id: u64,
    /// Whether the caller is to see to it that the next block is taken: half of the last one is given out.
    pub(crate) is_low: bool,
}

impl Blocks {
    fn of(sizes: &RangeInclusive<u64>) -> Self {
        let least = (*sizes.start()).max(1);
        let most = (*sizes.end()).max(least);
        Self { least, most, state: Mutex::default(), taking: tokio::sync::Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next id in memory.
    pub(crate) fn give(&self) -> Option<Given> {
        self.state().give()
    }

    /// Whether half of the last block is given out.
    pub(crate) fn is_low(&self) -> bool {
        self.state().is_low()
    }

    /// How many ids the next block has.
    pub(crate) fn size(&self, now: Instant) -> u64 {
        let size = match self.state().last {
            None => self.least,
            Some((size, taken)) => match now.duration_since(taken) {
                lasted if lasted < SHORT => size.saturating_mul(2),
                lasted if lasted > LONG => size / 2,
                _ => size,
            },
        };
        size.clamp(self.least, self.most)
    }

    /// A block was taken. Where an id of it is wanted now, nobody comes between: the first one in memory.
    pub(crate) fn put(&self, size: u64, last: u64, now: Instant, wanted: Wanted) -> Option<Given> {
        let mut state = self.state();
        state.left.push_back(last - size + 1..=last);
        state.last = Some((size, now));
        let floor = state.floor;
        state.skip(floor);
        if wanted == Wanted::Now { state.give() } else { None }
    }

    /// Ids up to this one are not given out any more.
    pub(crate) fn skip(&self, floor: u64) {
        self.state().skip(floor);
    }

    /// Up to which id none is given out any more.
    pub(crate) fn floor(&self) -> u64 {
        self.state().floor
    }

    /// The task that was to take the next block is done, or gone.
    pub(crate) fn prefetched(&self) {
        self.state().is_prefetching = false;
    }
}

impl State {
    fn give(&mut self) -> Option<Given> {
        let id = self.pop()?;
        let is_low = !self.is_prefetching && self.is_low();
        self.is_prefetching |= is_low;
        Some(Given { id, is_low })
    }

    fn pop(&mut self) -> Option<u64> {
        let block = self.left.front_mut()?;
        let id = block.next()?;
        if block.is_empty() {
            self.left.pop_front();
        }
        Some(id)
    }

    fn is_low(&self) -> bool {
        let left: u64 = self.left.iter().map(|block| block.end() - block.start() + 1).sum();
        self.last.is_some_and(|(size, _)| left <= size / 2)
    }

    fn skip(&mut self, floor: u64) {
        self.floor = self.floor.max(floor);
        self.left.retain_mut(|block| {
            let first = (*block.start()).max(self.floor.saturating_add(1));
            let is_left = first <= *block.end() && *block.end() > self.floor;
            *block = first..=*block.end();
            is_left
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(blocks: &Blocks, times: usize) -> Vec<u64> {
        std::iter::from_fn(|| blocks.give()).take(times).map(|given| given.id).collect()
    }

    #[test]
    fn ids_rise_over_blocks_and_the_next_one_is_wanted_when_half_is_given_out() {
        let (blocks, now) = (Blocks::of(&(4..=4)), Instant::now());
        assert!(blocks.give().is_none());
        blocks.put(4, 4, now, Wanted::Later);
        assert_eq!(blocks.give(), Some(Given { id: 1, is_low: false }));
        assert_eq!(blocks.give(), Some(Given { id: 2, is_low: true }));
        // One task is enough.
        assert_eq!(blocks.give(), Some(Given { id: 3, is_low: false }));
        blocks.put(4, 14, now, Wanted::Later);
        blocks.prefetched();
        assert_eq!(given(&blocks, 2), [4, 11]);
        assert_eq!(blocks.give(), Some(Given { id: 12, is_low: true }));
        assert_eq!(given(&blocks, 9), [13, 14]);
    }

    #[test]
    fn a_block_is_as_large_as_its_pace_asks_for_between_the_bounds() {
        let (blocks, now) = (Blocks::of(&(10..=35)), Instant::now());
        let (quick, slow) = (Duration::from_millis(999), Duration::from_secs(61));
        assert_eq!(blocks.size(now), 10);
        for (lasted, expected) in [
            (quick, 20),
            (Duration::from_secs(30), 20),
            (quick, 35),
            (quick, 35),
            (slow, 17),
            (slow, 10),
        ] {
            let last = blocks.state().last.map_or(10, |(size, _)| size);
            blocks.put(last, 1_000, now, Wanted::Later);
            let size = blocks.size(now + lasted);
            assert_eq!(size, expected);
            blocks.put(size, 1_000, now, Wanted::Later);
        }
    }

    #[test]
    fn ids_up_to_a_floor_are_not_given_out() {
        let (blocks, now) = (Blocks::of(&(1..=9)), Instant::now());
        blocks.put(5, 5, now, Wanted::Later);
        blocks.put(5, 20, now, Wanted::Later);
        blocks.skip(17);
        // A block that was under way meanwhile.
        blocks.put(3, 18, now, Wanted::Later);
        assert_eq!(given(&blocks, 9), [18, 19, 20, 18]);
        blocks.put(2, u64::MAX, now, Wanted::Later);
        assert_eq!(given(&blocks, 9), [u64::MAX - 1, u64::MAX]);
        blocks.skip(u64::MAX);
        blocks.put(2, u64::MAX, now, Wanted::Later);
        assert_eq!(given(&blocks, 9), [0; 0]);
    }

    #[test]
    fn who_takes_a_block_gets_its_first_id_that_is_not_below_the_floor() {
        let (blocks, now) = (Blocks::of(&(1..=9)), Instant::now());
        assert_eq!(blocks.put(4, 4, now, Wanted::Now), Some(Given { id: 1, is_low: false }));
        blocks.skip(6);
        assert_eq!(blocks.put(2, 6, now, Wanted::Now), None);
        assert_eq!(blocks.put(3, 9, now, Wanted::Now), Some(Given { id: 7, is_low: false }));
        assert_eq!(given(&blocks, 9), [8, 9]);
    }

    #[test]
    fn sizes_are_at_least_one() {
        let blocks = Blocks::of(&(0..=0));
        assert_eq!((blocks.least, blocks.most), (1, 1));
        let (start, end) = (9, 3);
        let blocks = Blocks::of(&(start..=end));
        assert_eq!((blocks.least, blocks.most), (9, 9));
    }
}
