//! Two variants are stored under two names.

use dynamap::Attribute;

#[derive(Debug, Attribute)]
enum Monster {
    Imp,
    #[model(rename = "Imp")]
    Demon,
}

fn main() {}
