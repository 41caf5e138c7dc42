//! Views that change: what the next release counts otherwise, and what older programs may write meanwhile.

use std::collections::BTreeMap;

use dynamap::error::ViewError;
use dynamap::{
    Backfill, BackfillRecord, Database, Error, Item, Migrations, Model, Rebuild, Rows, Step,
    StepError, Table, View,
};

use super::{ByValue, Entity, ValueRow, assert_exact, entities, entity};
use crate::support::Outcome;

/// A view of the next generation of the program: it counts otherwise.
mod next {
    use dynamap::{Model, Rows, View};

    use super::super::ValueRow;

    #[derive(Debug, Clone, PartialEq, Model)]
    #[model(table = "entities", view = ByValue, retired_views = ["by_nickname"], validate = false)]
    pub struct Entity {
        #[model(hash_key)]
        pub id: u64,
        pub value: u64,
        pub weight: i64,
        #[model(version)]
        pub version: u64,
    }

    pub struct ByValue;

    impl View for ByValue {
        type Source = Entity;
        type Row = ValueRow;
        const NAME: &'static str = "by_value";
        const GENERATION: u32 = 2;

        fn add(entity: &Entity, rows: &mut Rows<ValueRow>) {
            rows.add(entity.value % 2, ValueRow::COUNT, 100);
        }
    }

    /// A program that knows no view.
    #[derive(Debug, Clone, PartialEq, Model)]
    #[model(table = "entities", validate = false)]
    pub struct Blind {
        #[model(hash_key)]
        pub id: u64,
        pub value: u64,
        #[model(version)]
        pub version: u64,
    }

    /// A program that knows one view less.
    #[derive(Debug, Clone, PartialEq, Model)]
    #[model(table = "entities", view = OnlyValue, validate = false)]
    pub struct Less {
        #[model(hash_key)]
        pub id: u64,
        pub value: u64,
        #[model(version)]
        pub version: u64,
    }

    pub struct OnlyValue;

    impl View for OnlyValue {
        type Source = Less;
        type Row = ValueRow;
        const NAME: &'static str = "by_value";

        fn add(entity: &Less, rows: &mut Rows<ValueRow>) {
            rows.add(entity.value, ValueRow::COUNT, 1);
        }
    }
}

#[tokio::test]
async fn a_view_of_another_generation_is_begun_anew_and_old_programs_are_refused() -> Outcome {
    let (db, _) = entities().await;
    for id in 1..=6 {
        entity(id, id).insert(&db).await?;
    }
    // One item is written by the new program first: its row is replaced.
    let mut one = next::Entity::get(&db, 1).await?.expect("there");
    one.weight = 1;
    one.save(&db).await?;
    assert_eq!(ValueRow::get(&db, 1).await?.expect("there").count, 100);
    let Err(Error::View(error)) = Entity::update(&db, 1).add(Entity::WEIGHT, 1).await else {
        panic!("the old program would forget the new rows")
    };
    assert!(matches!(&*error, ViewError::Newer { view, .. } if view == "by_value"));
    let error = entity(7, 1).insert(&db).await.expect_err("the row is a newer one");
    assert!(
        matches!(&error, Error::View(view) if matches!(**view, ViewError::Newer { .. })),
        "{error}"
    );

    let rebuilt = Rebuild::<next::ByValue>::of(&db).run().await?;
    assert_eq!((rebuilt.items, rebuilt.taken_in, rebuilt.removed), (6, 5, 5));
    assert!(Rebuild::<next::ByValue>::of(&db).verify().await?.is_exact());
    let rows = ValueRow::scan(&db).try_collect().await?;
    let rows: BTreeMap<_, _> = rows.iter().map(|row| (row.value, row.count)).collect();
    assert_eq!(rows, BTreeMap::from([(0, 300), (1, 300)]));
    Ok(())
}

#[tokio::test]
async fn a_program_that_does_not_know_a_view_of_an_item_does_not_write_it() -> Outcome {
    let (db, _) = entities().await;
    entity(1, 7).insert(&db).await?;
    let mut less = next::Less::get(&db, 1).await?.expect("there");
    less.value = 8;
    let Err(Error::View(error)) = less.save(&db).await else { panic!("its nickname is unknown") };
    assert!(matches!(&*error, ViewError::Newer { view, .. } if view == "by_nickname"));
    assert_exact(&db).await;

    // A program that knows none is not stopped; the difference is found.
    let mut blind = next::Blind::get(&db, 1).await?.expect("there");
    blind.value = 8;
    blind.save(&db).await?;
    let drift = Rebuild::<ByValue>::of(&db).verify().await?;
    assert!(!drift.is_exact() && drift.wrong.len() == 2, "{drift:?}");
    Ok(())
}

/// A step moves items that are counted: the view is begun anew in the same release.
#[tokio::test]
async fn items_that_a_step_moves_are_counted_in_the_next_generation() -> Outcome {
    fn moved(mut item: Item) -> Result<Vec<Item>, StepError> {
        let id: u64 = item.read("id")?;
        item.put("id", &(id + 100))?;
        Ok(vec![item])
    }
    static MOVED: Migrations = Migrations::new(&[Step::keyed("1.0.0", "2.0.0", moved)]);
    macro_rules! release {
        ($name:ident, $view:ident, $schema:literal, $generation:literal $(, $chain:ident)?) => {
            #[derive(Debug, Clone, Model)]
            #[model(table = "entities", view = $view, schema = $schema, $(migrations = $chain,)? validate = false)]
            struct $name {
                #[model(hash_key)]
                id: u64,
                value: u64,
            }
            struct $view;
            impl View for $view {
                type Source = $name;
                type Row = ValueRow;
                const NAME: &'static str = "by_value";
                const GENERATION: u32 = $generation;
                fn add(item: &$name, rows: &mut Rows<ValueRow>) {
                    rows.add(item.value, ValueRow::COUNT, 1);
                }
            }
        };
    }
    release!(First, Firsts, "1.0.0", 1);
    release!(Careless, Carelesses, "2.0.0", 1, MOVED);
    release!(Second, Seconds, "2.0.0", 2, MOVED);
    let (db, _) = entities().await;
    Table::<BackfillRecord>::create(&db).await?;
    for id in 1..=3 {
        First { id, value: 7 }.insert(&db).await?;
    }
    let plan = Backfill::<Careless>::of(&db).plan().await?;
    assert!(plan.required.iter().any(|step| step.to_string().contains("GENERATION")), "{plan:?}");
    let stuck = Backfill::<Careless>::of(&db).run().await?;
    assert_eq!(stuck.failed, 3);
    assert!(stuck.failures[0].to_string().contains("GENERATION"), "{:?}", stuck.failures);
    // A record of its own, since the other model's is about another name.
    assert_eq!(Backfill::<Second>::of(&db).run().await?.upgraded, 3);
    Rebuild::<Seconds>::of(&db).run().await?;
    assert!(Rebuild::<Seconds>::of(&db).verify().await?.is_exact());
    assert_eq!(ValueRow::get(&db, 7).await?.expect("there").count, 3);
    let old = Database::builder(dynamap::embedded::memory()?).write_as::<Second>("1.0.0");
    assert!(old.is_err());
    Ok(())
}
