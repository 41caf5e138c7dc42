//! What is not kept is lost at the next save.

use dynamap::Attribute;

#[derive(Debug, Attribute)]
enum Shape {
    Circle { radius: u32 },
    #[model(other)]
    Unknown,
}

fn main() {}
