//! The fields of a model have names.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap(#[model(hash_key)] u32, String);

fn main() {}
