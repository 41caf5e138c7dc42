//! A union is not a model.

use dynamap::Model;

#[derive(Clone, Copy, Model)]
#[model(table = "maps", validate = false)]
union Place {
    map: u32,
    name: [u8; 4],
}

fn main() {}
