//! A composed key names fields.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "shop", hash_key = "USER#{usr}", validate = false)]
struct User {
    user: String,
}

fn main() {}
