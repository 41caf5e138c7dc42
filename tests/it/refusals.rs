//! Searches that cannot work are refused by name, before anything is sent where that can be known.

use dynamap::faults::Fault;
use dynamap::{Database, Error, Model, Table};

use crate::support::{DoomMap, Outcome, n, put_raw, s, store};

/// A table as it was before it had indexes.
#[derive(Debug, Clone, Model)]
#[model(table = "orders", validate = false)]
struct OldOrder {
    #[model(hash_key)]
    id: u64,
    #[model(range_key)]
    line: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "orders", validate = false)]
#[model(gsi(by_status, hash_key = status))]
#[model(lsi(by_day, range_key = day))]
struct Order {
    #[model(hash_key)]
    id: u64,
    #[model(range_key)]
    line: u64,
    status: String,
    day: String,
}

fn is_missing(error: &Error, name: &str) -> bool {
    matches!(error, Error::NoSuchIndex { table, index } if &**table == "orders" && *index == name)
}

#[tokio::test]
async fn an_index_that_the_table_lacks_is_named() -> Outcome {
    let (db, faults) = store().await;
    Table::<OldOrder>::create(&db).await?;
    put_raw(&db, "orders", &[("id", n(1)), ("line", n(1)), ("status", s("open"))]).await;
    for error in [
        Order::BY_STATUS.query(&db, "open").try_collect().await.err(),
        Order::BY_STATUS.query(&db, "open").count().await.err(),
        Order::BY_STATUS.query(&db, "open").page(None).await.err(),
        Order::BY_STATUS.scan(&db).segments(2).try_collect().await.err(),
    ] {
        let error = error.expect("no index");
        assert!(is_missing(&error, "by_status"), "{error:?}");
    }
    let error = Order::BY_DAY.scan(&db).first().await.expect_err("no index");
    assert!(is_missing(&error, "by_day"), "{error:?}");
    let said =
        "table orders has no index by_day: add it with Table::<M>::update(&db), nothing was read";
    assert_eq!(error.to_string(), said);

    // Where the table cannot be described, what the service said stands.
    faults.always("DescribeTable", Fault::service("AccessDeniedException"));
    let error = Order::BY_STATUS.query(&db, "open").try_collect().await.expect_err("no index");
    assert!(matches!(&error, Error::Service(e) if e.code == "ValidationException"), "{error:?}");
    Ok(())
}

#[tokio::test]
async fn another_mistake_about_an_index_that_is_there_stays_what_the_service_says() -> Outcome {
    let (db, faults) = store().await;
    Table::<Order>::create(&db).await?;
    faults.next("Query", Fault::service("ValidationException"));
    let error = Order::BY_STATUS.query(&db, "open").try_collect().await.expect_err("a fault");
    assert!(matches!(&error, Error::Service(e) if e.code == "ValidationException"), "{error:?}");
    faults.next("Query", Fault::service("ValidationException"));
    faults.clear_log();
    assert!(DoomMap::query(&db, 1).try_collect().await.is_err());
    assert_eq!(faults.count("DescribeTable"), 0, "there is no index to ask about");
    Ok(())
}

#[tokio::test]
async fn a_search_that_cannot_work_is_refused_before_anything_is_sent() -> Outcome {
    let (db, faults) = store().await;
    let many = (0..101).map(|i| format!("E{i}")).collect::<Vec<_>>();
    let names = many.iter().map(String::as_str);
    let error =
        DoomMap::scan(&db).filter(DoomMap::NAME.is_in(names)).count().await.expect_err("101");
    assert!(error.is_invalid() && error.to_string().contains("1 to 100 operands"), "{error}");
    let none: [&str; 0] = [];
    let error = DoomMap::scan(&db).filter(DoomMap::NAME.is_in(none)).first().await.expect_err("0");
    assert!(error.is_invalid(), "{error}");
    macro_rules! usage {
        ($($search:expr),*) => { $(
            assert!(matches!($search.try_collect().await, Err(Error::Usage(_))));
            assert!(matches!($search.count().await, Err(Error::Usage(_))));
            assert!(matches!($search.page(None).await, Err(Error::Usage(_))));
            assert!(matches!($search.stream().next().await, Some(Err(Error::Usage(_)))));
        )* };
    }
    usage!(DoomMap::query(&db, 1).limit(0), DoomMap::query(&db, 1).page_size(0));
    usage!(
        DoomMap::scan(&db).limit(0),
        DoomMap::scan(&db).page_size(0),
        DoomMap::scan(&db).segments(0)
    );
    assert!(faults.requests().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_table_that_is_not_there_is_named_with_its_prefix() -> Outcome {
    let (db, _) = store().await;
    let staging = Database::builder(db.client().clone()).table_prefix("staging_").build();
    for error in [
        DoomMap::scan(&staging).segments(3).try_collect().await.err(),
        DoomMap::scan(&staging).plain().first().await.err(),
        DoomMap::scan(&staging).sweep().run(async |_| Ok::<_, Error>(())).await.err(),
    ] {
        let error = error.expect("no table");
        assert!(
            matches!(&error, Error::NoSuchTable(t) if &**t == "staging_doom_maps"),
            "{error:?}"
        );
    }
    Ok(())
}
