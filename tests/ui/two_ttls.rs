//! A table deletes items by one attribute.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(ttl)]
    expires: dynamap::Ttl,
    #[model(ttl)]
    gone: Option<dynamap::Ttl>,
}

fn main() {}
