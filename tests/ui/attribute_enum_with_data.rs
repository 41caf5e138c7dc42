//! An enum with data is not stored yet.

use dynamap::Attribute;

#[derive(Debug, Attribute)]
enum Monster {
    Imp,
    Baron { health: u32 },
}

fn main() {}
