//! What stands for all other names has none.

use dynamap::Attribute;

#[derive(Debug, Attribute)]
enum Colour {
    Red,
    #[model(other, rename = "unknown")]
    Unknown(String),
}

fn main() {}
