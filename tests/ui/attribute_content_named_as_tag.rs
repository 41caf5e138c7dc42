//! Tag and content are two entries.

use dynamap::Attribute;

#[derive(Debug, Attribute)]
#[model(tag = "value")]
enum Shape {
    Dot,
    Text(String),
}

fn main() {}
