//! Models to items and back.

use criterion::{BatchSize, Criterion};
use dynamap::{Item, Model};

use crate::order::{Order, sample};

pub(crate) fn benches(criterion: &mut Criterion) {
    let order = sample(7);
    let item = order.encode().expect("an order can be stored");
    let read = |item: Item| Order::decode(item).expect("an order");
    assert_eq!(Order { version: 3, ..read(item.clone()).into_inner() }, order);

    let mut group = criterion.benchmark_group("codec");
    group.bench_function("encode", |bencher| bencher.iter(|| order.encode()));
    group.bench_function("decode, attributes", |bencher| {
        bencher.iter(|| Order::from_attributes(&item));
    });
    group.bench_function("decode, with its image", |bencher| {
        bencher.iter_batched(|| item.clone(), read, BatchSize::SmallInput);
    });
    group.finish();
}
