//! The members of a collection are loaded models.

use dynamap::{Collection, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "shop", hash_key = "USER#{user}", validate = false)]
struct User {
    user: String,
}

#[derive(Debug, Collection)]
struct Users {
    users: Vec<User>,
}

#[derive(Debug, Collection)]
enum Entry {
    User(User),
}

#[derive(Debug, Collection)]
enum Named {
    User { user: User },
}

fn main() {}
