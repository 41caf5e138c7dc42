//! An unknown name is a string.

use dynamap::Attribute;

#[derive(Debug, Attribute)]
enum Colour {
    Red,
    #[model(other)]
    Unknown(u32),
}

fn main() {}
