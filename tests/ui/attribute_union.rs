//! A union is not stored.

use dynamap::Attribute;

#[derive(Clone, Copy, Attribute)]
union Place {
    map: u32,
    name: [u8; 4],
}

fn main() {}
