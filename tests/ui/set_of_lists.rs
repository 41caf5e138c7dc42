//! DynamoDB has no sets of these.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    names: std::collections::BTreeSet<Vec<String>>,
}

fn main() {}
