//! Tables on a store that takes its time, refuses and limits as the service does.

use std::sync::Mutex;
use std::time::Duration;

use dynamap::embedded::{ControlPlane, builder};
use dynamap::faults::Faults;
use dynamap::{
    Billing, Database, DifferenceKind, Error, Model, NamedTable, RaisedThroughput, StreamView,
    Table, TableSettings, Tables, Throughput,
};

use crate::support::{Account, DoomMap, Outcome};

fn slow() -> (Database, Faults) {
    let faults = Faults::new();
    let client = builder().control_plane(ControlPlane::polled()).memory().expect("a store");
    let client = faults.wrap(&client).expect("the client has a connector");
    (Database::builder(client).seed(7).build(), faults)
}

static SETTINGS: TableSettings = TableSettings::new()
    .provisioned(10, 5)
    .index_throughput(&[("by_day", Throughput::new(4, 3))])
    .stream(StreamView::NewAndOldImages)
    .point_in_time_recovery(true)
    .deletion_protection(true)
    .tags(&[("team", "shop")]);

#[derive(Debug, Clone, Model)]
#[model(table = "orders", settings = SETTINGS, validate = false)]
#[model(gsi(by_status, hash_key = status), gsi(by_day, hash_key = day))]
struct Order {
    #[model(hash_key)]
    id: u64,
    status: String,
    day: String,
}

/// The same table in an earlier release.
#[derive(Debug, Clone, Model)]
#[model(table = "orders", validate = false, gsi(by_name, hash_key = name))]
struct OldOrder {
    #[model(hash_key)]
    id: u64,
    name: String,
    status: Option<String>,
}

/// Another table with indexes.
#[derive(Debug, Clone, Model)]
#[model(table = "parts", validate = false, gsi(by_name, hash_key = name))]
struct Part {
    #[model(hash_key)]
    id: u64,
    name: String,
}

#[tokio::test(start_paused = true)]
async fn a_table_can_be_used_when_it_is_created_and_is_gone_when_it_is_deleted() -> Outcome {
    let (db, faults) = slow();
    Tables::new().with::<Account>().with::<DoomMap>().create_if_missing(&db).await?;
    assert_eq!(Account::of("ann", 1).insert(&db).await?.id, 1);
    DoomMap::new(1, 1, "Hangar").insert(&db).await?;
    assert!(faults.count("DescribeTable") >= 9, "it was waited for");

    Table::<DoomMap>::delete(&db).with_all_items().await?;
    assert!(!Table::<DoomMap>::exists(&db).await?);
    Table::<DoomMap>::create(&db).await?;
    assert!(DoomMap::get(&db, (1, 1)).await?.is_none());
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn everything_that_is_said_of_a_table_is_so_when_it_is_created() -> Outcome {
    let (db, _) = slow();
    Table::<Order>::create(&db).await?;
    assert_eq!(Table::<Order>::verify(&db).await?, []);
    let info = Table::<Order>::named(&db).describe().await?.expect("there");
    assert_eq!(info.point_in_time_recovery, Some(true));
    let refused = Table::<Order>::delete(&db).await.expect_err("protected");
    assert!(refused.to_string().starts_with("table orders is protected"), "{refused}");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn tables_with_indexes_are_made_one_after_the_other_by_programs_that_start_together()
-> Outcome {
    let (db, _) = slow();
    let all = Tables::new().with::<Order>().with::<Part>().with::<Account>();
    let tasks = [(); 3].map(|()| {
        let (db, all) = (db.clone(), all.clone());
        tokio::spawn(async move { all.create_if_missing(&db).await })
    });
    for task in tasks {
        task.await??;
    }
    assert_eq!(all.verify(&db).await?, []);
    let names = NamedTable::list(&db).await?;
    assert_eq!(names, ["accounts", "dynamap_counters", "orders", "parts"]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_table_of_an_earlier_release_is_updated_one_index_after_the_other() -> Outcome {
    let (db, faults) = slow();
    Table::<OldOrder>::create(&db).await?;
    let old = |id| OldOrder { id, name: format!("order {id}"), status: Some("open".to_owned()) };
    for id in 1..=5 {
        old(id).insert(&db).await?;
    }
    faults.clear_log();
    let seen = Mutex::new(Vec::new());
    let update = Table::<Order>::update(&db).drop_indexes().on_progress(|progress| {
        let mut seen = seen.lock().expect("one thread");
        if seen.last() != Some(&progress.state) {
            seen.push(progress.state.clone());
        }
    });
    let plan = Table::<Order>::update(&db).drop_indexes().plan().await?;
    let updated = update.await?;
    assert!(updated.left.is_empty(), "{:?}", updated.left);
    assert!(plan.iter().all(|planned| updated.done.contains(planned)), "{:?}", updated.done);
    assert_eq!(Table::<Order>::verify(&db).await?, []);

    let seen = seen.into_inner()?;
    let begins = |with: &str| seen.iter().any(|state| state.starts_with(with));
    assert!(begins("index by_status is CREATING"), "{seen:?}");
    assert!(begins("index by_day is CREATING"), "{seen:?}");
    assert!(begins("index by_name is DELETING"), "{seen:?}");
    // What was there before the index is in it.
    let open = Order::BY_STATUS.query(&db, "open").count().await?;
    assert_eq!(open, 5);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_refused_is_told_and_the_others_are_made() -> Outcome {
    let (db, _) = slow();
    Table::<Order>::create(&db).await?;
    let orders = Table::<Order>::named(&db);
    for _ in 0..9 {
        let raise = orders.raise(Throughput::new(90, 90));
        let raised = raise.run(|| async { Ok::<_, Error>(()) }).await?;
        if raised.not_restored.is_some() {
            break;
        }
    }
    // The throughput is higher than the model says, and cannot be lowered today; an index is missing.
    let drop_index = aws_sdk_dynamodb::types::GlobalSecondaryIndexUpdate::builder()
        .delete(
            aws_sdk_dynamodb::types::DeleteGlobalSecondaryIndexAction::builder()
                .index_name("by_day")
                .build()?,
        )
        .build();
    db.client()
        .update_table()
        .table_name("orders")
        .global_secondary_index_updates(drop_index)
        .send()
        .await?;
    let updated = Table::<Order>::update(&db).await?;
    let kinds: Vec<_> = updated.refused.iter().map(|(refused, _)| refused.kind).collect();
    assert_eq!(kinds, [DifferenceKind::Throughput]);
    assert!(updated.done.iter().any(|done| done.kind == DifferenceKind::NoIndex));
    assert_eq!(updated.left.len(), 1, "{:?}", updated.left);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_table_that_is_being_deleted_is_made_anew_when_it_is_gone() -> Outcome {
    let (db, _) = slow();
    Table::<DoomMap>::create(&db).await?;
    db.client().delete_table().table_name("doom_maps").send().await?;
    Table::<DoomMap>::create_if_missing(&db).await?;
    DoomMap::new(1, 1, "Hangar").insert(&db).await?;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn two_updates_of_one_table_do_not_stand_in_each_others_way() -> Outcome {
    let (db, _) = slow();
    Table::<OldOrder>::create(&db).await?;
    let update = |db: Database| async move { Table::<Order>::update(&db).drop_indexes().await };
    let (one, other) = tokio::join!(update(db.clone()), update(db.clone()));
    assert!(one?.left.is_empty());
    assert!(other?.left.is_empty());
    assert_eq!(Table::<Order>::verify(&db).await?, []);
    Ok(())
}

/// What the table has, and its index by day.
async fn throughput(db: &Database) -> [Throughput; 2] {
    let info = Table::<Order>::named(db).describe().await.expect("a look").expect("there");
    let Billing::Provisioned(table) = info.billing() else { panic!("provisioned") };
    let units = |units: Option<i64>| u32::try_from(units.unwrap_or_default()).expect("few");
    let by_day = info.table.global_secondary_indexes().iter();
    let mut by_day = by_day.filter(|index| index.index_name() == Some("by_day"));
    let found = by_day.find_map(|index| index.provisioned_throughput()).expect("an index");
    let index =
        Throughput::new(units(found.read_capacity_units()), units(found.write_capacity_units()));
    [table, index]
}

#[tokio::test(start_paused = true)]
async fn an_index_is_raised_and_restored_with_its_table_as_often_as_the_service_lowers_it()
-> Outcome {
    let (db, _) = slow();
    Table::<Order>::create(&db).await?;
    let small = [Throughput::new(10, 5), Throughput::new(4, 3)];
    let large = [Throughput::new(500, 1_000), Throughput::new(200, 200)];
    let orders = Table::<Order>::named(&db);
    let raise = || {
        let raise = orders.raise(large[0]).index("by_day", large[1]);
        raise.run(|| async { Ok::<_, Error>(throughput(&db).await) })
    };
    let mut refused = None;
    for _ in 0..9 {
        let raised = raise().await?;
        assert_eq!(raised.output, large);
        if raised.not_restored.is_some() {
            refused = raised.not_restored;
            break;
        }
        let _ = Table::<Order>::update(&db).await?; // waits
        assert_eq!(throughput(&db).await, small);
    }
    let refused = refused.expect("a table is not lowered nine times in an hour");
    assert!(
        matches!(&refused, Error::Service(e) if e.code == "LimitExceededException"),
        "{refused}"
    );
    assert_eq!(throughput(&db).await, large);

    tokio::time::advance(Duration::from_hours(25)).await;
    assert!(orders.restore_throughput().await?);
    assert_eq!(throughput(&db).await, small);
    assert!(RaisedThroughput::scan(&db).try_collect().await?.is_empty());
    Ok(())
}
