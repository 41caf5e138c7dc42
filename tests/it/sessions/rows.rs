//! Rows of views that a session has read: a flush changes them.

use dynamap::faults::{Fault, Faults};
use dynamap::{Database, Model, Rows, Session, Table, View};

use super::sent;
use crate::support::{Outcome, store};

/// Many items with a row each are more than one transaction; and the rows that the session knew are others afterwards.
#[tokio::test]
async fn items_with_views_are_flushed_with_their_rows() -> Outcome {
    #[derive(Debug, Clone, Model)]
    #[model(table = "leaves", view = Twigs, validate = false)]
    struct Leaf {
        #[model(hash_key)]
        id: u64,
    }
    #[derive(Debug, Clone, Model)]
    #[model(table = "twigs", validate = false)]
    struct Twig {
        #[model(hash_key)]
        id: u64,
        #[model(default)]
        leaves: u64,
    }
    struct Twigs;
    impl View for Twigs {
        type Source = Leaf;
        type Row = Twig;
        const NAME: &'static str = "twigs";
        fn add(leaf: &Leaf, rows: &mut Rows<Twig>) {
            rows.add(leaf.id / 2, Twig::LEAVES, 1);
        }
    }
    let (db, _faults) = store().await;
    Table::<Leaf>::create(&db).await?;
    Table::<Twig>::create(&db).await?;
    Leaf { id: 1 }.insert(&db).await?;
    let mut session = Session::of(&db);
    session.preload(Twig::scan(&db)).await?;
    assert_eq!(Twig::get(&session, 0).await?.expect("there").leaves, 1);
    assert!(Twig::get(&session, 50).await?.is_none());
    for id in (0..200).filter(|id| *id != 1) {
        session.insert(Leaf { id })?;
    }
    let flushed = session.flush().in_transactions().await;
    assert_eq!((flushed.written(), flushed.failures().len()), (199, 0));
    for twig in [0, 50] {
        assert_eq!(Twig::get(&session, twig).await?.expect("there").leaves, 2);
    }
    Ok(())
}

/// All in one table: the leaves and the birds of a tree, and a row for each twig.
#[derive(Debug, Clone, Model)]
#[model(table = "trees", hash_key = "TREE#{tree}", range_key = "LEAF#{leaf:04}", view = ByTwig, validate = false)]
struct TreeLeaf {
    tree: u32,
    leaf: u32,
    twig: u32,
    #[model(version)]
    version: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "trees", hash_key = "TREE#{tree}", range_key = "TWIG#{twig:04}", validate = false)]
struct TreeTwig {
    tree: u32,
    twig: u32,
    #[model(default)]
    leaves: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "trees", hash_key = "TREE#{tree}", range_key = "BIRD#{bird}", validate = false)]
struct Bird {
    tree: u32,
    bird: String,
}

struct ByTwig;

impl View for ByTwig {
    type Source = TreeLeaf;
    type Row = TreeTwig;
    const NAME: &'static str = "by_twig";

    fn add(leaf: &TreeLeaf, rows: &mut Rows<TreeTwig>) {
        rows.add((leaf.tree, leaf.twig), TreeTwig::LEAVES, 1);
    }
}

/// A tree with two leaves on its first twig, and a bird.
async fn tree() -> Result<(Database, Faults), dynamap::Error> {
    let (db, faults) = store().await;
    Table::<TreeLeaf>::create(&db).await?;
    for leaf in [1, 2] {
        TreeLeaf { tree: 1, leaf, twig: 1, version: 0 }.insert(&db).await?;
    }
    Bird { tree: 1, bird: "wren".into() }.insert(&db).await?;
    faults.clear_log();
    Ok((db, faults))
}

async fn leaves(session: &Session, twig: u32) -> Result<Option<u64>, dynamap::Error> {
    Ok(TreeTwig::get(session, (1, twig)).await?.map(|twig| twig.leaves))
}

/// The first leaf moves to the second twig.
async fn bend(session: &Session) -> Result<(), dynamap::Error> {
    let mut leaf = TreeLeaf::get(session, (1, 1)).await?.expect("a leaf");
    leaf.twig = 2;
    session.save(leaf).map(drop)
}

#[tokio::test]
async fn a_flush_forgets_rows_and_no_other_items_of_their_table() -> Outcome {
    let (db, faults) = tree().await?;
    let mut session = Session::of(&db);
    assert!(Bird::get(&session, (1, "wren")).await?.is_some());
    assert!(Bird::get(&session, (1, "owl")).await?.is_none());
    assert_eq!((leaves(&session, 1).await?, leaves(&session, 2).await?), (Some(2), None));
    bend(&session).await?;
    session.flush().await.into_result()?;
    sent(&faults);
    assert!(Bird::get(&session, (1, "wren")).await?.is_some());
    assert!(Bird::get(&session, (1, "owl")).await?.is_none());
    assert_eq!(TreeLeaf::get(&session, (1, 1)).await?.expect("there").twig, 2);
    assert_eq!(sent(&faults), "");
    assert_eq!((leaves(&session, 1).await?, leaves(&session, 2).await?), (Some(1), Some(1)));
    assert_eq!(sent(&faults), "2 GetItem");
    Ok(())
}

/// What is preloaded is noted as items of whatever model the part was written with.
#[tokio::test]
async fn rows_that_were_preloaded_with_other_items_are_forgotten_too() -> Outcome {
    let (db, faults) = tree().await?;
    let mut session = Session::of(&db);
    session.preload(Bird::query(&db, 1)).await?;
    bend(&session).await?;
    session.flush().await.into_result()?;
    sent(&faults);
    assert_eq!(TreeLeaf::get(&session, (1, 2)).await?.expect("there").twig, 1);
    assert_eq!(sent(&faults), "");
    assert_eq!((leaves(&session, 1).await?, leaves(&session, 2).await?), (Some(1), Some(1)));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn rows_are_forgotten_also_where_nobody_knows_whether_they_were_changed() -> Outcome {
    for is_dropped in [true, false] {
        let (db, faults) = tree().await?;
        let mut session = Session::of(&db);
        assert_eq!((leaves(&session, 1).await?, leaves(&session, 2).await?), (Some(2), None));
        bend(&session).await?;
        if is_dropped {
            let gate = faults.pause_answer("TransactWriteItems");
            let flush = session.flush().into_future();
            tokio::pin!(flush);
            tokio::select! {
                _ = &mut flush => panic!("the flush ended"),
                () = gate.reached() => {}
            }
            gate.release();
        } else {
            faults.always("TransactWriteItems", Fault::LoseAnswer);
            let flushed = session.flush().await;
            assert!(flushed.failures()[0].error.is_outcome_unknown(), "{flushed:?}");
            faults.clear();
        }
        assert_eq!((leaves(&session, 1).await?, leaves(&session, 2).await?), (Some(1), Some(1)));
        session.discard();
    }
    Ok(())
}
