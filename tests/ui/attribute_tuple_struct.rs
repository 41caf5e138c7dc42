//! The entries of a map have names.

use dynamap::Attribute;

#[derive(Debug, Attribute)]
struct Point(i32, i32);

fn main() {}
