//! The service deletes expired items without their guards.

use dynamap::{Model, Ttl};

#[derive(Debug, Clone, Model)]
#[model(table = "sessions", validate = false)]
struct Session {
    #[model(hash_key)]
    id: u64,
    #[model(unique)]
    token: String,
    #[model(ttl)]
    expires: Ttl,
}

fn main() {}
