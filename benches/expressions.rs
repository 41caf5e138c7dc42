//! Conditions and changes as the text that the service reads.

use criterion::Criterion;
use dynamap::{Database, Model};

use crate::order::{CUSTOMER, Order};

pub(crate) fn benches(criterion: &mut Criterion) {
    let db = Database::new(dynamap::embedded::memory().expect("a store in memory"));
    let open = || Order::PAID.eq(false) & Order::TOTAL.gt(0);

    let mut group = criterion.benchmark_group("expressions");
    group.bench_function("a condition, as text", |bencher| {
        bencher.iter(|| open().to_string());
    });
    group.bench_function("an update by key, as a request", |bencher| {
        bencher.iter(|| {
            let update = Order::update(&db, (CUSTOMER, 7)).set(Order::STATUS, "sent");
            update.add(Order::TOTAL, 5).when(open()).into_sdk().expect("a request")
        });
    });
    group.bench_function("a query with a filter, as a request", |bencher| {
        bencher.iter(|| {
            let query = Order::query(&db, CUSTOMER).filter(open());
            query.into_sdk().expect("a request")
        });
    });
    group.finish();
}
