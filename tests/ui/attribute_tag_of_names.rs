//! An enum of names is stored as a string, which has no entries.

use dynamap::Attribute;

#[derive(Debug, Attribute)]
#[model(tag = "kind")]
enum Colour {
    Red,
    Blue,
}

fn main() {}
