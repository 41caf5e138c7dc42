//! A view of the rows of a view, one of itself, and one that writes its own source.

use dynamap::error::ViewError;
use dynamap::{Error, Model, Rebuild, Rows, Table, View};

use crate::support::{Outcome, store};

#[derive(Debug, Clone, Model)]
#[model(table = "leaves", view = Twigs, validate = false)]
struct Leaf {
    #[model(hash_key)]
    id: u64,
    twig: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "twigs", view = Boughs, validate = false)]
struct Twig {
    #[model(hash_key)]
    id: u64,
    #[model(default)]
    leaves: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "boughs", validate = false)]
struct Bough {
    #[model(hash_key)]
    id: u64,
    #[model(default)]
    leaves: u64,
    #[model(default)]
    twigs: u64,
}

struct Twigs;

impl View for Twigs {
    type Source = Leaf;
    type Row = Twig;
    const NAME: &'static str = "twigs";

    fn add(leaf: &Leaf, rows: &mut Rows<Twig>) {
        rows.add(leaf.twig, Twig::LEAVES, 1);
    }
}

struct Boughs;

impl View for Boughs {
    type Source = Twig;
    type Row = Bough;
    const NAME: &'static str = "boughs";

    fn add(twig: &Twig, rows: &mut Rows<Bough>) {
        rows.add(twig.id / 10, Bough::LEAVES, twig.leaves);
        rows.add(twig.id / 10, Bough::TWIGS, 1);
    }
}

#[derive(Debug, Clone, Model)]
#[model(table = "leaves", view = OfItself, validate = false)]
struct Ouroboros {
    #[model(hash_key)]
    id: u64,
    #[model(default)]
    tails: u64,
}

struct OfItself;

impl View for OfItself {
    type Source = Ouroboros;
    type Row = Ouroboros;
    const NAME: &'static str = "of_itself";

    fn add(item: &Ouroboros, rows: &mut Rows<Ouroboros>) {
        rows.add(item.id + 1, Ouroboros::TAILS, 1);
    }
}

#[tokio::test]
async fn a_view_of_a_view_is_kept_too_and_one_of_itself_is_refused() -> Outcome {
    let (db, faults) = store().await;
    Table::<Leaf>::create(&db).await?;
    Table::<Twig>::create(&db).await?;
    Table::<Bough>::create(&db).await?;
    for id in 1..=5 {
        Leaf { id, twig: 10 + id % 2 }.insert(&db).await?;
    }
    Leaf { id: 6, twig: 21 }.insert(&db).await?;
    Leaf::delete(&db, 1).await?;
    let bough = Bough::get(&db, 1).await?.expect("there");
    assert_eq!((bough.leaves, bough.twigs), (4, 2));
    assert!(Rebuild::<Boughs>::of(&db).verify().await?.is_exact());
    faults.clear_log();
    let error = Ouroboros { id: 1, tails: 0 }.insert(&db).await.expect_err("a cycle");
    let Error::View(view) = &error else { panic!("{error}") };
    assert!(matches!(**view, ViewError::Cycle { view: "of_itself" }));
    assert!(faults.requests().is_empty());
    Ok(())
}
