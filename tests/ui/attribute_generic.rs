//! A stored type has no parameters.

use dynamap::Attribute;

#[derive(Debug, Attribute)]
struct Place<T> {
    name: T,
}

fn main() {}
