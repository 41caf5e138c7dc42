//! What is not kept is lost at the next save.

use dynamap::Attribute;

#[derive(Debug, Attribute)]
enum Colour {
    Red,
    #[model(other)]
    Unknown,
}

fn main() {}
