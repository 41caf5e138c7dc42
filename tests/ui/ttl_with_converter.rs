//! The service deletes by a number of seconds.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "maps", validate = false)]
struct DoomMap {
    #[model(hash_key)]
    episode: u32,
    #[model(ttl, with = dynamap::UnixMillis)]
    expires: std::time::SystemTime,
}

fn main() {}
