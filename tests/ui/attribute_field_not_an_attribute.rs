//! The type of a field can be stored.

use dynamap::Attribute;

#[derive(Debug, Attribute)]
struct Place {
    since: std::time::Instant,
}

fn main() {}
