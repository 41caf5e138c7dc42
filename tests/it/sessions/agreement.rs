//! A property: whatever was preloaded, a search in a session finds what a map in memory holds, and what the table holds
//! after the flush.

use dynamap::{Database, Model, Session};
use proptest::prelude::*;

use super::{map, rename};
use crate::overlays::agreement::{Search, State, search};
use crate::support::{DoomMap, store};

/// What a session does in the property below.
#[derive(Debug, Clone)]
enum Act {
    Insert(u32, u8),
    Save(u32, u8),
    Delete(u32),
    Get(u32),
    GetMany(Vec<u32>),
    Search(Search),
    PreloadRange(u32),
    PreloadPartition,
    PreloadTable,
    Flush(bool),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let map = || 1..=12_u32;
    let act = prop_oneof![
        3 => (map(), 0..5_u8).prop_map(|(map, name)| Act::Insert(map, name)),
        3 => (map(), 0..5_u8).prop_map(|(map, name)| Act::Save(map, name)),
        2 => map().prop_map(Act::Delete),
        1 => map().prop_map(Act::Get),
        1 => proptest::collection::vec(map(), 0..6).prop_map(Act::GetMany),
        4 => search().prop_map(Act::Search),
        1 => map().prop_map(Act::PreloadRange),
        1 => Just(Act::PreloadPartition),
        1 => Just(Act::PreloadTable),
        2 => any::<bool>().prop_map(Act::Flush),
    ];
    proptest::collection::vec(act, 0..20)
}

/// Does it in the session and in the map, and compares what both find.
async fn perform(session: &mut Session, db: &Database, state: &mut State, act: &Act) {
    match act {
        Act::Insert(map, name) if !state.contains_key(map) => {
            session.insert(DoomMap::new(1, *map, &name.to_string())).expect("an insert");
            state.insert(*map, *name);
        }
        Act::Save(number, name) if state.contains_key(number) => {
            rename(session, *number, &name.to_string()).await.expect("a save");
            state.insert(*number, *name);
        }
        Act::Delete(number) if state.contains_key(number) => {
            let found = map(session, *number).await.expect("a read");
            session.delete(found).expect("a delete");
            state.remove(number);
        }
        Act::Get(number) => {
            let found = DoomMap::get(session, (1, *number)).await.expect("a read");
            let name = found.map(|map| map.name.parse::<u8>().expect("a number"));
            assert_eq!(name.as_ref(), state.get(number));
        }
        Act::GetMany(numbers) => {
            let keys = numbers.iter().map(|number| (1, *number));
            let found = DoomMap::get_many(session, keys).await.expect("reads");
            for (number, found) in numbers.iter().zip(found) {
                let name = found.map(|map| map.name.parse::<u8>().expect("a number"));
                assert_eq!(name.as_ref(), state.get(number));
            }
        }
        Act::Search(search) => search.holds(session, state).await,
        Act::PreloadRange(most) => {
            let range = DoomMap::MAP.le(*most);
            session.preload(DoomMap::query(db, 1).range(range)).await.expect("a part");
        }
        Act::PreloadPartition => {
            session.preload(DoomMap::query(db, 1)).await.expect("a part");
        }
        Act::PreloadTable => {
            session.preload(DoomMap::scan(db)).await.expect("a part");
        }
        Act::Flush(together) => {
            let flush = session.flush();
            let flush = if *together { flush.in_transactions() } else { flush };
            flush.await.into_result().expect("nobody else is there");
            assert!(!session.is_dirty());
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_search_finds_what_the_flush_will_leave(
        stored in proptest::collection::btree_map(1..=12_u32, 0..5_u8, 0..8),
        acts in acts(),
        last in search(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async move {
            let (db, _) = store().await;
            for (map, name) in &stored {
                let map = DoomMap::new(1, *map, &name.to_string());
                map.insert(&db).await.expect("an insert");
            }
            let mut session = Session::of(&db);
            let mut state = stored;
            for act in &acts {
                perform(&mut session, &db, &mut state, act).await;
            }
            last.holds(&session, &state).await;
            session.flush().await.into_result().expect("nobody else is there");
            last.holds(&session, &state).await;
            last.holds(&db, &state).await;
        });
    }
}
