//! Conditions on the store: each operator decides as its in-memory twin does.

use std::collections::BTreeSet;

use dynamap::{Condition, Model, Table};
use proptest::prelude::*;

use crate::support::{Outcome, store};

#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "readings", validate = false)]
struct Reading {
    #[model(hash_key)]
    id: u32,
    level: Option<i64>,
    place: Option<String>,
    raw: Option<Vec<u8>>,
    #[model(default)]
    tags: BTreeSet<String>,
    #[model(default)]
    levels: Vec<i64>,
    #[model(default)]
    site: Option<Site>,
}

#[derive(Debug, Clone, PartialEq, dynamap::Attribute)]
struct Site {
    floor: i32,
}

fn reading(id: u32, level: Option<i64>, place: Option<&str>) -> Reading {
    let place = place.map(str::to_owned);
    let levels = level.into_iter().collect();
    let tags = if id == 1 { BTreeSet::from(["x".to_owned()]) } else { BTreeSet::new() };
    let site = (id < 3).then_some(Site { floor: i32::try_from(id).unwrap_or_default() });
    Reading { id, level, place, raw: None, tags, levels, site }
}

async fn matching(db: &dynamap::Database, condition: Condition<Reading>) -> BTreeSet<u32> {
    let found = Reading::scan(db).filter(condition).try_collect().await.expect("a scan");
    found.iter().map(|reading| reading.id).collect()
}

#[tokio::test]
async fn each_operator_selects_what_it_says() -> Outcome {
    let (db, _) = store().await;
    Table::<Reading>::create(&db).await?;
    for item in [
        reading(1, Some(1), Some("attic")),
        reading(2, Some(5), Some("attic/left")),
        reading(3, Some(-7), None),
        reading(4, None, Some("cellar")),
    ] {
        item.insert(&db).await?;
    }
    type R = Reading;
    let cases: Vec<(Condition<R>, &[u32])> = vec![
        (R::LEVEL.eq(1), &[1]),
        (R::LEVEL.ne(1), &[2, 3, 4]),
        (R::LEVEL.lt(1), &[3]),
        (R::LEVEL.le(1), &[1, 3]),
        (R::LEVEL.gt(1), &[2]),
        (R::LEVEL.ge(1), &[1, 2]),
        (R::LEVEL.between(-7, 1), &[1, 3]),
        (R::PLACE.begins_with("attic"), &[1, 2]),
        (R::PLACE.exists(), &[1, 2, 4]),
        (R::PLACE.not_exists(), &[3]),
        (R::RAW.not_exists() & R::PLACE.eq("cellar"), &[4]),
        (R::LEVEL.eq(5) | R::PLACE.not_exists(), &[2, 3]),
        (!(R::LEVEL.gt(0) | R::PLACE.not_exists()), &[4]),
        (R::LEVEL.gt(0) & (R::PLACE.eq("attic") | R::LEVEL.gt(4)), &[1, 2]),
        (R::ID.gt(2), &[3, 4]),
        (R::LEVEL.is_in([1, 5, 9]), &[1, 2]),
        (R::PLACE.contains("tic/"), &[2]),
        (R::TAGS.contains("x"), &[1]),
        (R::LEVELS.contains(-7), &[3]),
        (R::TAGS.is_null(), &[2, 3, 4]),
        (R::LEVEL.has_kind(), &[1, 2, 3]),
        (R::PLACE.size().ge(6), &[2, 4]),
        (R::LEVELS.size().eq(0), &[4]),
        (R::LEVELS.index(0).gt(0), &[1, 2]),
        (R::SITE.to(Site::FLOOR).le(1), &[1]),
        (R::SITE.to(Site::FLOOR).eq_attribute(R::ID) & R::LEVEL.gt(1), &[2]),
        (R::ID.lt_attribute(R::LEVEL), &[2]),
        (R::LEVEL.ne_attribute(R::LEVELS.index(0)), &[4]),
        (Condition::none() & R::ID.le(1), &[1]),
    ];
    for (condition, expected) in cases {
        let text = condition.to_string();
        let expected: BTreeSet<u32> = expected.iter().copied().collect();
        assert_eq!(matching(&db, condition).await, expected, "{text}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// What is stored comes back, whatever it is, and a save of it unchanged changes nothing but the bookkeeping.
    #[test]
    fn values_survive_the_store(
        level in any::<Option<i64>>(),
        place in any::<Option<String>>(),
        raw in any::<Option<Vec<u8>>>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let (db, _) = store().await;
            Table::<Reading>::create(&db).await.expect("readings");
            let model = Reading { raw, ..reading(1, level, place.as_deref()) };
            model.clone().insert(&db).await.expect("an insert");
            let mut read = Reading::get(&db, 1).consistent().await.expect("a read").expect("there");
            assert_eq!(*read, model);
            read.save(&db).await.expect("a save");
            assert_eq!(*read, *Reading::get(&db, 1).consistent().await.expect("a read").expect("there"));
        });
    }
}
