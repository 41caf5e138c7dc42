//! `rename_all` knows a few spellings.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", rename_all = "Title Case", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
}

fn main() {}
