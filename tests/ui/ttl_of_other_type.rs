//! A time to live is a duration.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(ttl = 30)]
    expires: Option<dynamap::Ttl>,
}

fn main() {}
