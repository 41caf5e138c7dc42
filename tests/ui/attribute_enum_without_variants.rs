//! An enum has a value to store.

use dynamap::Attribute;

#[derive(Debug, Attribute)]
enum Monster {}

fn main() {}
