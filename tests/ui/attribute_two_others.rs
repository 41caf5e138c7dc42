//! One variant takes what no variant has.

use dynamap::Attribute;

#[derive(Debug, Attribute)]
enum Colour {
    Red,
    #[model(other)]
    Unknown(String),
    #[model(other)]
    Stranger(String),
}

fn main() {}
