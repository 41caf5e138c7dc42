//! Only values that DynamoDB tells apart by one comparison can be unique.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "users", validate = false)]
struct User {
    #[model(hash_key)]
    id: u64,
    #[model(unique)]
    emails: Vec<String>,
}

fn main() {}
