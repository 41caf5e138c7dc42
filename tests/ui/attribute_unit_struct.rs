//! A stored struct has something to store.

use dynamap::Attribute;

#[derive(Debug, Attribute)]
struct Nothing;

fn main() {}
