//! Tables: made from models, compared with them, changed, deleted, and raised for a while.

use dynamap::error::TableError;
use dynamap::faults::{Fault, Faults};
use dynamap::{
    Billing, Database, Difference, DifferenceKind, Error, Model, NamedTable, RaisedThroughput,
    Remedy, StreamView, Table, TableSettings, Tables, Throughput, Ttl,
};

use crate::support::{Account, DoomMap, Outcome};

static SETTINGS: TableSettings = TableSettings::new()
    .provisioned(10, 5)
    .index_throughput(&[("by_status", Throughput::new(4, 3))])
    .stream(StreamView::NewImage)
    .deletion_protection(false)
    .tags(&[("team", "shop")]);

#[derive(Debug, Clone, Model)]
#[model(table = "orders", settings = SETTINGS, validate = false)]
#[model(gsi(by_status, hash_key = status, range_key = day, include = [total]))]
#[model(gsi(by_day, hash_key = day), lsi(by_total, range_key = total))]
struct Order {
    #[model(hash_key)]
    customer: String,
    #[model(range_key)]
    number: u64,
    status: String,
    day: String,
    total: i64,
    #[model(ttl)]
    expires: Option<Ttl>,
    #[model(version)]
    version: u64,
}

/// What an order's table may be instead, with the same keys.
macro_rules! orders {
    ($($name:ident { $(#[$meta:meta])* } $(ttl = $ttl:ident)?;)*) => { $(
        #[derive(Debug, Clone, Model)]
        #[model(table = "orders", validate = false)]
        $(#[$meta])*
        #[allow(dead_code, reason = "only the table is made")]
        struct $name {
            #[model(hash_key)]
            customer: String,
            #[model(range_key)]
            number: u64,
            status: String,
            day: String,
            total: i64,
            other: String,
            $(#[model(ttl)]
            $ttl: Option<Ttl>,)?
        }
    )* };
}

/// The same without what is said of an index.
static WITHOUT_INDEX: TableSettings = TableSettings::new()
    .provisioned(10, 5)
    .stream(StreamView::NewImage)
    .deletion_protection(false)
    .tags(&[("team", "shop")]);
static OTHER_BILLING: TableSettings = WITHOUT_INDEX.per_request();
static OTHER_THROUGHPUT: TableSettings = SETTINGS.provisioned(20, 5);
static OTHER_STREAM: TableSettings = SETTINGS.stream(StreamView::KeysOnly);
static OTHER_PROTECTION: TableSettings = SETTINGS.deletion_protection(true);
static OTHER_TAG: TableSettings = SETTINGS.tags(&[("team", "bank"), ("more", "stays")]);

orders! {
    WithoutIndex {
        #[model(settings = WITHOUT_INDEX, gsi(by_day, hash_key = day))]
        #[model(lsi(by_total, range_key = total))]
    } ttl = expires;
    WithAnotherIndex {
        #[model(settings = SETTINGS, lsi(by_total, range_key = total))]
        #[model(gsi(by_status, hash_key = status, range_key = day, include = [total]))]
        #[model(gsi(by_day, hash_key = day), gsi(by_other, hash_key = other))]
    } ttl = expires;
    WithOtherIndexKeys {
        #[model(settings = SETTINGS, lsi(by_total, range_key = total))]
        #[model(gsi(by_status, hash_key = status, range_key = day, include = [total]))]
        #[model(gsi(by_day, hash_key = day, range_key = other))]
    } ttl = expires;
    WithAnotherProjection {
        #[model(settings = SETTINGS, lsi(by_total, range_key = total), gsi(by_day, hash_key = day))]
        #[model(gsi(by_status, hash_key = status, range_key = day, include = [other]))]
    } ttl = expires;
    WithoutLocalIndex {
        #[model(settings = SETTINGS, gsi(by_day, hash_key = day))]
        #[model(gsi(by_status, hash_key = status, range_key = day, include = [total]))]
    } ttl = expires;
    WithoutTtl {
        #[model(settings = SETTINGS, lsi(by_total, range_key = total), gsi(by_day, hash_key = day))]
        #[model(gsi(by_status, hash_key = status, range_key = day, include = [total]))]
    };
    WithAnotherTtl {
        #[model(settings = SETTINGS, lsi(by_total, range_key = total), gsi(by_day, hash_key = day))]
        #[model(gsi(by_status, hash_key = status, range_key = day, include = [total]))]
    } ttl = ends;
    BilledOtherwise {
        #[model(settings = OTHER_BILLING, lsi(by_total, range_key = total))]
        #[model(gsi(by_status, hash_key = status, range_key = day, include = [total]))]
        #[model(gsi(by_day, hash_key = day))]
    } ttl = expires;
    Wider {
        #[model(settings = OTHER_THROUGHPUT, lsi(by_total, range_key = total))]
        #[model(gsi(by_status, hash_key = status, range_key = day, include = [total]))]
        #[model(gsi(by_day, hash_key = day))]
    } ttl = expires;
    WithAnotherStream {
        #[model(settings = OTHER_STREAM, lsi(by_total, range_key = total))]
        #[model(gsi(by_status, hash_key = status, range_key = day, include = [total]))]
        #[model(gsi(by_day, hash_key = day))]
    } ttl = expires;
    Protected {
        #[model(settings = OTHER_PROTECTION, lsi(by_total, range_key = total))]
        #[model(gsi(by_status, hash_key = status, range_key = day, include = [total]))]
        #[model(gsi(by_day, hash_key = day))]
    } ttl = expires;
    TaggedOtherwise {
        #[model(settings = OTHER_TAG, lsi(by_total, range_key = total))]
        #[model(gsi(by_status, hash_key = status, range_key = day, include = [total]))]
        #[model(gsi(by_day, hash_key = day))]
    } ttl = expires;
}

#[derive(Debug, Clone, Model)]
#[model(table = "orders", validate = false)]
struct KeyedOtherwise {
    #[model(hash_key)]
    customer: String,
    #[model(range_key)]
    number: String,
}

fn fresh() -> (Database, Faults) {
    let faults = Faults::new();
    let client = dynamap::embedded::memory().expect("an embedded store");
    let client = faults.wrap(&client).expect("the client has a connector");
    (Database::builder(client).seed(7).build(), faults)
}

/// The differences between a table that was made for one model and what another one wants.
async fn altered<Made: Model>() -> Result<(Database, Vec<Difference>), Error> {
    let (db, _) = fresh();
    Table::<Made>::create(&db).await?;
    let differences = Table::<Order>::verify(&db).await?;
    Ok((db, differences))
}

#[tokio::test]
async fn a_table_made_from_a_model_has_no_differences_from_it() -> Outcome {
    let (db, _) = fresh();
    assert_eq!(Table::<Order>::verify(&db).await?[0].kind, DifferenceKind::NoTable);
    Table::<Order>::create(&db).await?;
    assert_eq!(Table::<Order>::verify(&db).await?, []);
    assert_eq!(Table::<Order>::update(&db).plan().await?, []);

    let info = Table::<Order>::named(&db).describe().await?.expect("there");
    assert_eq!(info.billing(), Billing::Provisioned(Throughput::new(10, 5)));
    assert_eq!(info.ttl.as_deref(), Some("expires"));
    assert_eq!(info.tags["team"], "shop");
    Ok(())
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
async fn each_altered_table_has_the_one_difference_with_its_remedy() -> Outcome {
    use DifferenceKind as Kind;
    let (by_status, by_day) = (Some("by_status"), Some("by_day"));
    let expect = async |found: Result<(Database, Vec<Difference>), Error>,
                        kind,
                        index: Option<&str>,
                        remedy,
                        what: &str| {
        let (db, found) = found.expect("a table");
        let [found] = found.as_slice() else { panic!("one difference: {found:?}") };
        assert_eq!((found.kind, found.index.as_deref(), found.remedy()), (kind, index, remedy));
        assert_eq!(found.to_string(), what);
        (db, found.clone())
    };
    let update = async |(db, found): (Database, Difference), drops: bool| {
        let update = Table::<Order>::update(&db);
        let update = if drops { update.drop_indexes().remake_stream() } else { update };
        let updated = update.await.expect("an update");
        assert!(updated.left.is_empty(), "{:?}", updated.left);
        assert!(updated.done.contains(&found), "{:?}", updated.done);
        assert_eq!(Table::<Order>::verify(&db).await.expect("a look"), []);
    };
    let keep = async |(db, found): (Database, Difference)| {
        assert_eq!(Table::<Order>::update(&db).plan().await.expect("a plan"), []);
        let updated = Table::<Order>::update(&db).await.expect("an update");
        assert_eq!((updated.done.len(), updated.left), (0, vec![found]));
    };

    let case = expect(
        altered::<WithoutIndex>().await,
        Kind::NoIndex,
        by_status,
        Remedy::Update,
        "orders, index by_status: there is no such index, of global status (S) + day (S): update it",
    );
    update(case.await, false).await;
    let case = expect(
        altered::<WithAnotherIndex>().await,
        Kind::UnknownIndex,
        Some("by_other"),
        Remedy::UpdateDroppingIndexes,
        "orders, index by_other: the index is global other (S) and shall be none: update it with `drop_indexes`",
    )
    .await;
    keep(case.clone()).await;
    update(case, true).await;
    let case = expect(
        altered::<WithOtherIndexKeys>().await,
        Kind::IndexKeys,
        by_day,
        Remedy::UpdateDroppingIndexes,
        "orders, index by_day: the key of the index is global day (S) + other (S) and shall be global day (S): update it with `drop_indexes`",
    );
    update(case.await, true).await;
    let case = expect(
        altered::<WithAnotherProjection>().await,
        Kind::Projection,
        by_status,
        Remedy::UpdateDroppingIndexes,
        "orders, index by_status: what the index holds is global keys, _schema, expires, other and shall be global keys, _schema, expires, total: update it with `drop_indexes`",
    );
    update(case.await, true).await;
    let case = expect(
        altered::<WithoutLocalIndex>().await,
        Kind::NoIndex,
        Some("by_total"),
        Remedy::Copy,
        "orders, index by_total: there is no such index, of local customer (S) + total (N): the service cannot change that: copy the items to another table",
    );
    keep(case.await).await;
    let case = expect(
        altered::<WithAnotherTtl>().await.map(|(db, mut found)| {
            // The attribute that expires is in the index too.
            found.retain(|found| found.kind != Kind::Projection);
            (db, found)
        }),
        Kind::TimeToLive,
        None,
        Remedy::ByHand,
        "orders: its TTL attribute is ends and shall be expires: give the model what it lacks, or change the table by hand",
    );
    drop(case.await);
    let case = expect(
        altered::<WithoutTtl>().await.map(|(db, mut found)| {
            found.retain(|found| found.kind != Kind::Projection);
            (db, found)
        }),
        Kind::TimeToLive,
        None,
        Remedy::Update,
        "orders: its TTL attribute is none and shall be expires: update it",
    );
    update(case.await, true).await;
    let case = expect(
        altered::<BilledOtherwise>().await,
        Kind::Billing,
        None,
        Remedy::Update,
        "orders: how it is billed is per request and shall be provisioned: update it",
    );
    update(case.await, false).await;
    let case = expect(
        altered::<Wider>().await.map(|(db, mut found)| {
            // The index without a throughput of its own has the table's.
            found.retain(|found| found.index.is_none());
            (db, found)
        }),
        Kind::Throughput,
        None,
        Remedy::Update,
        "orders: its throughput is 20 read and 5 write units and shall be 10 read and 5 write units: update it",
    );
    drop(case.await);
    let case = expect(
        altered::<WithAnotherStream>().await,
        Kind::Stream,
        None,
        Remedy::UpdateRemakingStream,
        "orders: its stream is KEYS_ONLY and shall be NEW_IMAGE: update it with `remake_stream`",
    )
    .await;
    keep(case.clone()).await;
    update(case, true).await;
    let case = expect(
        altered::<Protected>().await,
        Kind::DeletionProtection,
        None,
        Remedy::Update,
        "orders: its deletion protection is on and shall be off: update it",
    );
    update(case.await, false).await;
    let case = expect(
        altered::<TaggedOtherwise>().await,
        Kind::Tag,
        None,
        Remedy::Update,
        "orders: a tag is team = bank and shall be team = shop: update it",
    );
    update(case.await, false).await;
    Ok(())
}

#[tokio::test]
async fn a_table_with_other_keys_is_refused_and_left_as_it_is() -> Outcome {
    let (db, _) = fresh();
    Table::<KeyedOtherwise>::create(&db).await?;
    let error = Table::<Order>::create_if_missing(&db).await.expect_err("other keys");
    let Error::Table(error) = error else { panic!("{error}") };
    assert_eq!(
        error.to_string(),
        "table orders is not as its models need it, and is as it was: orders: its key is customer (S) + number (S) and \
         shall be customer (S) + number (N): the service cannot change that: copy the items to another table"
    );
    let info = Table::<Order>::named(&db).describe().await?.expect("there");
    assert_eq!((info.ttl, info.table.global_secondary_indexes().len()), (None, 0));
    let updated = Table::<Order>::update(&db).drop_indexes().await?;
    assert!(updated.left.iter().any(|left| left.remedy() == Remedy::Copy));
    Ok(())
}

#[tokio::test]
async fn a_table_that_is_missing_is_left_and_what_the_library_needs_beside_it_is_made() -> Outcome {
    let (db, _) = fresh();
    let updated = Tables::new().with::<Account>().with::<DoomMap>().update(&db).await?;
    let left: Vec<_> =
        updated.left.iter().map(|left| (left.table.as_str(), left.remedy())).collect();
    assert_eq!(left, [("accounts", Remedy::Create), ("doom_maps", Remedy::Create)]);
    assert_eq!(NamedTable::list(&db).await?, ["dynamap_counters"]);
    Ok(())
}

#[tokio::test]
async fn a_table_that_is_there_costs_a_look_and_no_right_to_create_one() -> Outcome {
    let (db, faults) = fresh();
    Table::<DoomMap>::create(&db).await?;
    faults.clear_log();
    Table::<DoomMap>::create_if_missing(&db).await?;
    assert_eq!(faults.count("CreateTable"), 0);
    Ok(())
}

mod shared {
    use dynamap::{Model, TableSettings};

    pub static OTHER: TableSettings = TableSettings::new().provisioned(1, 1);

    macro_rules! of_shop {
        ($($name:ident { $($meta:tt)* } $number:ty;)*) => { $(
            #[derive(Debug, Clone, Model)]
            #[model(table = "shop", validate = false, $($meta)*)]
            #[allow(dead_code, reason = "only the table is made")]
            pub struct $name {
                #[model(hash_key)]
                pub id: String,
                pub day: String,
                pub number: $number,
                pub name: Option<String>,
            }
        )* };
    }

    of_shop! {
        Customer { discriminator = "customer", gsi(by_day, hash_key = day, include = [name]) } u64;
        Order { discriminator = "order", gsi(by_day, hash_key = day, include = [number]), gsi(by_number, hash_key = number) } u64;
        WithOtherKind { discriminator = "other", gsi(by_number, hash_key = number) } String;
        WithOtherIndex { discriminator = "another", gsi(by_day, hash_key = id) } u64;
        WithSettings { discriminator = "set", settings = super::SETTINGS } u64;
        WithOthers { discriminator = "set otherwise", settings = OTHER } u64;
    }
}

#[tokio::test]
async fn models_of_one_table_are_put_together() -> Outcome {
    let (db, _) = fresh();
    let shop = Tables::new().with::<shared::Customer>().with::<shared::Order>().with::<Account>();
    shop.create_if_missing(&db).await?;
    shop.create_if_missing(&db).await?;
    assert_eq!(shop.verify(&db).await?, []);
    assert_eq!(NamedTable::list(&db).await?, ["accounts", "dynamap_counters", "shop"]);
    let info = db.table("shop").describe().await?.expect("there");
    let mut names: Vec<_> = info
        .table
        .global_secondary_indexes()
        .iter()
        .filter_map(|index| index.index_name())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["by_day", "by_number"]);

    // One model alone knows one index, and the other one's is unknown to it.
    let alone = Table::<shared::Customer>::verify(&db).await?;
    let kinds: Vec<_> = alone.iter().map(|found| found.kind).collect();
    assert_eq!(kinds, [DifferenceKind::Projection, DifferenceKind::UnknownIndex]);
    Ok(())
}

#[tokio::test]
async fn models_that_contradict_each_other_are_refused_before_anything_is_sent() -> Outcome {
    let (db, faults) = fresh();
    let order = || Tables::new().with::<shared::Order>();
    let set = Tables::new().with::<shared::WithSettings>();
    for (tables, expected) in [
        (order().with::<shared::WithOtherKind>(), "the type of the key attribute `number`"),
        (order().with::<shared::WithOtherIndex>(), "the keys of the index `by_day`"),
        (set.with::<shared::WithOthers>(), "the settings"),
        (
            Tables::new().with::<Order>().with::<KeyedOtherwise>(),
            "the type of the key attribute `number`",
        ),
    ] {
        let error = tables.create_if_missing(&db).await.expect_err("a contradiction");
        let Error::Table(error) = error else { panic!("{error}") };
        assert!(
            matches!(&*error, TableError::ModelsDiffer { what, .. } if what == expected),
            "{error}"
        );
    }
    assert_eq!(faults.requests().len(), 0);
    Ok(())
}

#[tokio::test]
async fn one_of_several_models_of_a_table_drops_no_indexes() -> Outcome {
    let (db, faults) = fresh();
    let refused = Table::<shared::Customer>::update(&db).drop_indexes().await;
    assert!(matches!(refused, Err(Error::Usage(why)) if why.contains("Tables")));
    assert_eq!(faults.requests().len(), 0);
    Ok(())
}

static UNKNOWN_INDEX: TableSettings = TableSettings::new()
    .provisioned(1, 1)
    .index_throughput(&[("by_nothing", Throughput::new(1, 1))]);
static NOTHING: TableSettings = TableSettings::new().provisioned(1, 0);
static NOT_PROVISIONED: TableSettings =
    TableSettings::new().index_throughput(&[("by_day", Throughput::new(1, 1))]);

#[tokio::test]
async fn settings_that_cannot_be_are_refused_before_anything_is_sent() -> Outcome {
    macro_rules! with {
        ($($settings:ident: $expected:literal;)*) => { $({
            #[derive(Debug, Clone, Model)]
            #[model(table = "days", settings = $settings, gsi(by_day, hash_key = day), validate = false)]
            struct Day {
                #[model(hash_key)]
                id: u64,
                day: String,
            }
            let (db, faults) = fresh();
            let error = Table::<Day>::create(&db).await.expect_err("cannot be");
            let Error::Table(error) = error else { panic!("{error}") };
            assert!(matches!(&*error, TableError::Settings { what, .. } if what == $expected), "{error}");
            assert_eq!(faults.requests().len(), 0);
        })* };
    }
    with! {
        UNKNOWN_INDEX: "a throughput of `by_nothing`, which is no global index of it";
        NOTHING: "a throughput of 0 units";
        NOT_PROVISIONED: "a throughput of the index `by_day` of a table that is not `provisioned`";
    }
    Ok(())
}

#[tokio::test]
async fn prefixes_keep_stores_apart_and_one_that_makes_no_name_is_refused() -> Outcome {
    let client = dynamap::embedded::memory()?;
    let of = |prefix: &str| Database::builder(client.clone()).table_prefix(prefix).build();
    let (staging, live) = (of("staging_"), of("live-"));
    for db in [&staging, &live] {
        Tables::new().with::<Account>().with::<DoomMap>().create_if_missing(db).await?;
    }
    DoomMap::new(1, 1, "Hangar").insert(&staging).await?;
    assert!(DoomMap::get(&live, (1, 1)).await?.is_none());
    assert_eq!(Account::of("ann", 1).insert(&staging).await?.id, 1);
    assert_eq!(Account::of("bob", 1).insert(&live).await?.id, 1);
    assert_eq!(NamedTable::list(&live).await?, ["accounts", "doom_maps", "dynamap_counters"]);
    assert_eq!(NamedTable::list(&of("")).await?.len(), 6);

    let (faults, long) = (Faults::new(), "x".repeat(250));
    let client = faults.wrap(&dynamap::embedded::memory()?)?;
    for prefix in ["staging/", "ümläut_", long.as_str()] {
        let db = Database::builder(client.clone()).table_prefix(prefix).build();
        let error = Table::<DoomMap>::create(&db).await.expect_err("no name");
        let Error::Table(error) = error else { panic!("{error}") };
        assert!(
            matches!(&*error, TableError::IllegalName { table } if *table == format!("{prefix}doom_maps"))
        );
    }
    assert_eq!(faults.requests().len(), 0);
    Ok(())
}

#[tokio::test]
async fn a_table_with_items_or_protection_is_not_deleted_by_mistake() -> Outcome {
    let (db, faults) = fresh();
    Table::<DoomMap>::create(&db).await?;
    DoomMap::new(1, 1, "Hangar").insert(&db).await?;
    let error = Table::<DoomMap>::delete(&db).await.expect_err("an item");
    assert!(
        matches!(error, Error::Table(error) if matches!(*error, TableError::HoldsItems { .. }))
    );
    assert_eq!(faults.count("DeleteTable"), 0);
    Table::<DoomMap>::delete(&db).with_all_items().await?;
    assert!(!Table::<DoomMap>::exists(&db).await?);

    Table::<Protected>::create(&db).await?;
    let error = Table::<Protected>::delete(&db).with_all_items().await.expect_err("protected");
    assert!(matches!(error, Error::Table(error) if matches!(*error, TableError::Protected { .. })));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn an_update_ends_right_whatever_answers_are_lost() -> Outcome {
    let (db, faults) = fresh();
    Table::<WithoutIndex>::create(&db).await?;
    faults.next("UpdateTable", Fault::LoseAnswer);
    faults.next("UpdateTable", Fault::DropBefore);
    faults.next("DescribeTable", Fault::Throttle);
    let updated = Table::<Order>::update(&db).await?;
    assert!(updated.left.is_empty());
    assert_eq!(Table::<Order>::verify(&db).await?, []);
    Ok(())
}

/// What the table of orders has now.
async fn throughput(db: &Database) -> Throughput {
    let info = Table::<Order>::named(db).describe().await.expect("a look").expect("there");
    let Billing::Provisioned(found) = info.billing() else { panic!("provisioned") };
    found
}

#[tokio::test]
async fn work_is_done_with_more_throughput_which_is_restored_whatever_becomes_of_it() -> Outcome {
    let (db, _) = fresh();
    Table::<Order>::create(&db).await?;
    let (small, large) = (Throughput::new(10, 5), Throughput::new(500, 1_000));
    let orders = Table::<Order>::named(&db);

    let raised = orders.raise(large).run(|| async { Ok::<_, Error>(throughput(&db).await) });
    let raised = raised.await?;
    assert_eq!((raised.output, throughput(&db).await), (large, small));
    assert!(raised.not_restored.is_none());

    let failed = orders.raise(large).run(|| async { Err::<(), _>(Error::Usage("no")) });
    assert!(matches!(failed.await, Err(Error::Usage("no"))));
    assert_eq!(throughput(&db).await, small);

    let task = tokio::spawn({
        let db = db.clone();
        async move {
            let work = || async { panic!("this panic belongs to the test") };
            Table::<Order>::named(&db).raise(large).run::<(), Error, _>(work).await.map(drop)
        }
    });
    assert!(task.await.expect_err("a panic").is_panic());
    assert_eq!(throughput(&db).await, small);

    // What is higher already is not lowered.
    let one = orders.raise(Throughput::new(1, 50));
    let raised = one.run(|| async { Ok::<_, Error>(throughput(&db).await) }).await?;
    assert_eq!(raised.output, Throughput::new(10, 50));
    assert!(RaisedThroughput::scan(&db).try_collect().await?.is_empty());
    Ok(())
}

#[tokio::test]
async fn throughput_that_was_left_raised_is_restored_by_its_record() -> Outcome {
    let (db, _) = fresh();
    Table::<Order>::create(&db).await?;
    let (small, large) = (Throughput::new(10, 5), Throughput::new(500, 1_000));
    let orders = Table::<Order>::named(&db);
    assert!(!orders.restore_throughput().await?);

    // Somebody kills the work.
    let (told, began) = tokio::sync::oneshot::channel();
    let task = tokio::spawn({
        let db = db.clone();
        async move {
            let work = || async {
                told.send(()).expect("somebody waits");
                std::future::pending::<Result<(), Error>>().await
            };
            Table::<Order>::named(&db).raise(large).run(work).await.map(drop)
        }
    });
    began.await?;
    task.abort();
    assert!(task.await.expect_err("killed").is_cancelled());
    assert_eq!(throughput(&db).await, large);

    // Another one would take what is raised for what the table had.
    let refused = orders.raise(large).run(|| async { Ok::<_, Error>(()) }).await;
    let error = refused.expect_err("raised already");
    assert!(matches!(error, Error::Table(error) if matches!(*error, TableError::Raised { .. })));

    assert!(orders.restore_throughput().await?);
    assert_eq!(throughput(&db).await, small);
    assert!(!orders.restore_throughput().await?);
    Ok(())
}

#[tokio::test]
async fn a_throughput_that_cannot_be_restored_yet_is_told_with_what_the_work_brought() -> Outcome {
    let (db, faults) = fresh();
    Table::<Order>::create(&db).await?;
    let orders = Table::<Order>::named(&db);
    let raised = orders.raise(Throughput::new(500, 1_000)).run(|| async {
        faults.next("UpdateTable", Fault::service("LimitExceededException"));
        Ok::<_, Error>("loaded")
    });
    let raised = raised.await?;
    assert_eq!(raised.output, "loaded");
    let error = raised.not_restored.expect("the daily limit");
    assert!(matches!(error, Error::Service(error) if error.code == "LimitExceededException"));
    let record = RaisedThroughput::get(&db, "orders").await?.expect("a record");
    assert_eq!(record.throughput(), Throughput::new(10, 5));
    assert!(orders.restore_throughput().await?);
    assert_eq!(throughput(&db).await, Throughput::new(10, 5));
    Ok(())
}

#[tokio::test]
async fn work_that_fails_leaves_the_record_of_what_could_not_be_restored() -> Outcome {
    let (db, faults) = fresh();
    Table::<Order>::create(&db).await?;
    let orders = Table::<Order>::named(&db);
    let failed = orders.raise(Throughput::new(500, 1_000)).run(|| async {
        faults.next("UpdateTable", Fault::service("LimitExceededException"));
        Err::<(), _>(Error::Usage("no"))
    });
    assert!(matches!(failed.await, Err(Error::Usage("no"))));
    assert_eq!(throughput(&db).await, Throughput::new(500, 1_000));
    assert!(orders.restore_throughput().await?);
    assert_eq!(throughput(&db).await, Throughput::new(10, 5));
    Ok(())
}

#[tokio::test]
async fn an_index_that_is_not_there_cannot_be_raised() -> Outcome {
    let (db, faults) = fresh();
    Table::<Order>::create(&db).await?;
    let raise = Table::<Order>::named(&db).raise(Throughput::new(5, 5));
    let raise = raise.index("by_nothing", Throughput::new(5, 5));
    let error = raise.run(|| async { Ok::<_, Error>(()) }).await.expect_err("no such index");
    assert!(matches!(error, Error::Table(error) if matches!(*error, TableError::Settings { .. })));
    assert_eq!(faults.count("UpdateTable"), 0);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_table_of_which_no_answer_tells_may_be_made_or_gone() -> Outcome {
    let (db, faults) = fresh();
    Table::<DoomMap>::create(&db).await?;
    let is_unknown = |error: &Error| matches!(error, Error::Table(error) if matches!(**error, TableError::Unknown { .. }));
    faults.always("DeleteTable", Fault::DropBefore);
    let error = Table::<DoomMap>::delete(&db).await.expect_err("no answer");
    assert!(is_unknown(&error), "{error}");
    faults.always("CreateTable", Fault::DropBefore);
    let error = Table::<Account>::create(&db).await.expect_err("no answer");
    assert!(is_unknown(&error), "{error}");
    faults.clear();
    Table::<WithoutIndex>::create(&db).await?;
    faults.always("UpdateTable", Fault::DropBefore);
    let error = Table::<Order>::update(&db).await.expect_err("no answer");
    assert!(is_unknown(&error), "{error}");
    faults.clear();

    // What was applied is found out.
    faults.always("DeleteTable", Fault::LoseAnswer);
    Table::<DoomMap>::delete(&db).await?;
    assert!(!Table::<DoomMap>::exists(&db).await?);
    Ok(())
}

#[tokio::test]
async fn a_table_that_is_billed_per_request_has_nothing_to_raise() -> Outcome {
    let (db, faults) = fresh();
    Table::<DoomMap>::create(&db).await?;
    let maps = Table::<DoomMap>::named(&db);
    let refused = maps.raise(Throughput::new(5, 5)).run(|| async { Ok::<_, Error>(()) }).await;
    let error = refused.expect_err("per request");
    assert!(
        matches!(error, Error::Table(error) if matches!(*error, TableError::PerRequest { .. }))
    );
    assert_eq!(faults.count("UpdateTable"), 0);
    Ok(())
}
