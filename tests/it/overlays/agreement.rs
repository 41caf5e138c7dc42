//! A property: what a search finds in a transaction, in a map in memory, and after the commit is the same.

use std::collections::BTreeMap;

use dynamap::{Model, Transaction};
use proptest::prelude::*;

use super::{remove, rename};
use crate::support::{DoomMap, store};

/// What a transaction does in the property below.
#[derive(Debug, Clone)]
enum Act {
    Insert(u32, u8),
    Save(u32, u8),
    Delete(u32),
    Read(u32),
    Search(Search),
    Nested(Vec<Act>, bool),
}

#[derive(Debug, Clone)]
pub struct Search {
    range: Option<(u32, u32)>,
    filter: Option<u8>,
    limit: Option<usize>,
    reverse: bool,
}

pub type State = BTreeMap<u32, u8>;

pub fn search() -> impl Strategy<Value = Search> {
    let range = proptest::option::of((1..=12_u32, 0..=12_u32));
    let limit = proptest::option::of(1..=6_usize);
    (range, proptest::option::of(0..5_u8), limit, any::<bool>()).prop_map(
        |(range, filter, limit, reverse)| Search {
            range: range.map(|(low, width)| (low, low + width)),
            filter,
            limit,
            reverse,
        },
    )
}

fn steps() -> impl Strategy<Value = Vec<Act>> {
    let map = || 1..=12_u32;
    let leaf = prop_oneof![
        (map(), 0..5_u8).prop_map(|(map, name)| Act::Insert(map, name)),
        (map(), 0..5_u8).prop_map(|(map, name)| Act::Save(map, name)),
        map().prop_map(Act::Delete),
        map().prop_map(Act::Read),
        search().prop_map(Act::Search),
    ];
    let step = leaf.prop_recursive(3, 24, 6, |step| {
        (proptest::collection::vec(step, 0..6), any::<bool>())
            .prop_map(|(steps, kept)| Act::Nested(steps, kept))
    });
    proptest::collection::vec(step, 0..14)
}

impl Search {
    fn expected(&self, state: &State) -> Vec<(u32, u8)> {
        let wanted = |(map, name): &(u32, u8)| {
            self.range.is_none_or(|(low, high)| (low..=high).contains(map))
                && self.filter.is_none_or(|least| *name >= least)
        };
        let mut found: Vec<_> =
            state.iter().map(|(map, name)| (*map, *name)).filter(wanted).collect();
        if self.reverse {
            found.reverse();
        }
        found.truncate(self.limit.unwrap_or(usize::MAX));
        found
    }

    async fn query(&self, reader: &impl dynamap::Reader) -> Vec<(u32, u8)> {
        let mut query = DoomMap::query(reader, 1);
        if let Some((low, high)) = self.range {
            query = query.range(DoomMap::MAP.between(low, high));
        }
        if let Some(least) = self.filter {
            query = query.filter(DoomMap::NAME.ge(&least.to_string()));
        }
        if let Some(limit) = self.limit {
            query = query.limit(limit);
        }
        let query = if self.reverse { query.reverse() } else { query };
        let found = query.try_collect().await.expect("a query");
        found.iter().map(|map| (map.map, map.name.parse().expect("a number"))).collect()
    }

    /// The same by a scan, whose order is its own.
    async fn scan(&self, reader: &impl dynamap::Reader) -> Vec<(u32, u8)> {
        let mut scan = DoomMap::scan(reader);
        if let Some((low, high)) = self.range {
            scan = scan.filter(DoomMap::MAP.between(low, high));
        }
        if let Some(least) = self.filter {
            scan = scan.filter(DoomMap::NAME.ge(&least.to_string()));
        }
        let found = scan.try_collect().await.expect("a scan");
        let mut found: Vec<_> =
            found.iter().map(|map| (map.map, map.name.parse().expect("a number"))).collect();
        found.sort_unstable();
        found
    }

    pub async fn holds(&self, reader: &impl dynamap::Reader, state: &State) {
        assert_eq!(self.query(reader).await, self.expected(state), "{self:?}");
        let all = Search { limit: None, reverse: false, ..self.clone() };
        assert_eq!(all.scan(reader).await, all.expected(state), "{self:?}");
    }
}

/// Does the steps in the transaction and in the map, and compares what both find.
async fn perform(tx: &Transaction, state: &mut State, steps: &[Act]) {
    for step in steps {
        match step {
            Act::Insert(map, name) if !state.contains_key(map) => {
                tx.insert(DoomMap::new(1, *map, &name.to_string())).expect("an insert");
                state.insert(*map, *name);
            }
            Act::Save(number, name) if state.contains_key(number) => {
                rename(tx, *number, &name.to_string()).await.expect("a save");
                state.insert(*number, *name);
            }
            Act::Delete(number) if state.contains_key(number) => {
                remove(tx, *number).await.expect("a delete");
                state.remove(number);
            }
            Act::Read(number) => {
                let found = DoomMap::get(tx, (1, *number)).await.expect("a read");
                assert_eq!(found.is_some(), state.contains_key(number));
            }
            Act::Search(search) => search.holds(tx, state).await,
            Act::Nested(steps, kept) => {
                let (nested, mut inner) = (tx.nested(), state.clone());
                Box::pin(perform(&nested, &mut inner, steps)).await;
                if *kept {
                    nested.commit().await.expect("a merge");
                    *state = inner;
                }
            }
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// A search in a transaction finds what the same search finds after its commit, and what a map in memory holds.
    #[test]
    fn a_search_finds_what_the_commit_will_leave(
        stored in proptest::collection::btree_map(1..=12_u32, 0..5_u8, 0..8),
        steps in steps(),
        last in search(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async move {
            let (db, _) = store().await;
            for (map, name) in &stored {
                DoomMap::new(1, *map, &name.to_string()).insert(&db).await.expect("an insert");
            }
            let tx = Transaction::begin(&db);
            let mut state = stored;
            perform(&tx, &mut state, &steps).await;
            last.holds(&tx, &state).await;
            tx.commit().await.expect("nobody else is there");
            last.holds(&db, &state).await;
        });
    }
}
