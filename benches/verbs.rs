//! Verbs on the embedded store, in memory: mapper, SDK and engine together.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use dynamap::{Database, Model, Table, Transaction};
use tokio::runtime::{Builder, Runtime};

use crate::order::{CUSTOMER, Order, sample};

/// How many orders there are.
const ORDERS: u64 = 10;

pub(crate) fn benches(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    let db = runtime.block_on(filled());
    let mut group = criterion.benchmark_group("verbs");
    group.sample_size(20);
    reads(&mut group, &runtime, &db);
    writes(&mut group, &runtime, &db);
    group.finish();
}

async fn filled() -> Database {
    let db = Database::new(dynamap::embedded::memory().expect("a store in memory"));
    Table::<Order>::create(&db).await.expect("a new table");
    for number in 0..ORDERS {
        sample(number).insert(&db).await.expect("a new order");
    }
    db
}

fn reads(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime, db: &Database) {
    group.bench_function("get", |bencher| {
        bencher.iter(|| {
            let found = runtime.block_on(async { Order::get(db, (CUSTOMER, 7)).await });
            assert!(found.expect("the store answers").is_some());
        });
    });
    group.bench_function("query of 10", |bencher| {
        bencher.iter(|| {
            let found = runtime.block_on(async { Order::query(db, CUSTOMER).try_collect().await });
            assert_eq!(found.expect("the store answers").len(), 10);
        });
    });
}

fn writes(group: &mut BenchmarkGroup<'_, WallTime>, runtime: &Runtime, db: &Database) {
    let mut next = ORDERS;
    group.bench_function("insert", |bencher| {
        bencher.iter(|| {
            next += 1;
            let order = Order { customer: "another".to_owned(), ..sample(next) };
            runtime.block_on(async { order.insert(db).await }).expect("a new order")
        });
    });
    let found = runtime.block_on(async { Order::get(db, (CUSTOMER, 1)).await });
    let mut order = found.expect("the store answers").expect("an order");
    group.bench_function("save", |bencher| {
        bencher.iter(|| {
            order.total += 1;
            runtime.block_on(order.save(db)).expect("nobody else writes");
        });
    });
    group.bench_function("update by key", |bencher| {
        bencher.iter(|| {
            let update = Order::update(db, (CUSTOMER, 2)).add(Order::TOTAL, 1);
            runtime.block_on(async { update.await }).expect("an order");
        });
    });
    group.bench_function("transfer between two", |bencher| {
        bencher.iter(|| runtime.block_on(transfer(db)).expect("nobody else writes"));
    });
}

async fn transfer(db: &Database) -> Result<(), dynamap::Error> {
    let tx = Transaction::begin(db);
    let mut from = Order::get(&tx, (CUSTOMER, 3)).await?.expect("an order");
    let mut to = Order::get(&tx, (CUSTOMER, 4)).await?.expect("an order");
    from.total -= 1;
    to.total += 1;
    tx.save(from)?;
    tx.save(to)?;
    tx.commit().await.map(drop)
}
