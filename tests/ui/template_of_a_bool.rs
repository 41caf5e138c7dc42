//! A part of a composed key is a string or a number.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "shop", hash_key = "USER#{active}", validate = false)]
struct User {
    active: bool,
}

fn main() {}
