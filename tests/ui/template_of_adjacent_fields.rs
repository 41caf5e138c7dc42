//! Fields that touch each other could not be told apart.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "shop", hash_key = "USER#{land}{user}", validate = false)]
struct User {
    land: String,
    user: String,
}

fn main() {}
