//! Some attributes are written by the library.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    _schema: String,
    #[model(rename = "_write")]
    written: u64,
}

fn main() {}
