//! The tag holds the name of the variant and nothing else.

use dynamap::Attribute;

#[derive(Debug, Attribute)]
#[model(tag = "kind")]
enum Shape {
    Dot,
    Line { kind: u8 },
}

fn main() {}
