//! A table has one hash key, composed or not.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "shop", hash_key = "USER#{user}", validate = false)]
struct User {
    #[model(hash_key)]
    user: String,
}

fn main() {}
