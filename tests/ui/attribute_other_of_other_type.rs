//! An unknown variant is a map with any entries.

use dynamap::Attribute;

#[derive(Debug, Attribute)]
enum Shape {
    Circle { radius: u32 },
    #[model(other)]
    Unknown(String),
}

fn main() {}
