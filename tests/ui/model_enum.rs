//! An enum is not a model.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
enum Place {
    Hangar,
    Lab,
}

fn main() {}
