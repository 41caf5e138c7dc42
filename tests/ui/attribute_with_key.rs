//! Keys are fields of models.

use dynamap::Attribute;

#[derive(Debug, Attribute)]
struct Place {
    #[model(hash_key)]
    name: String,
}

fn main() {}
