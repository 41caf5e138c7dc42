//! How long dynamap itself takes: `cargo bench`. Everything is in this process; `cargo test --benches` does each once.
//!
//! What other mappers and the bare SDK take for the same is measured in `benches/peers`.

mod codec;
mod expressions;
mod order;
mod verbs;

use criterion::{criterion_group, criterion_main};

criterion_group!(benches, codec::benches, expressions::benches, verbs::benches);
criterion_main!(benches);
