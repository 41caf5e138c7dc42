//! The entries of a variant's map have names.

use dynamap::Attribute;

#[derive(Debug, Attribute)]
enum Shape {
    Dot,
    Line(u8, u8),
}

fn main() {}
