//! The validation of a model has no context.

use dynamap::Model;
use garde::Validate;

#[derive(Debug, Clone, Model, Validate)]
#[model(table = "accounts")]
#[garde(context(Limits))]
struct Account {
    #[model(hash_key)]
    #[garde(skip)]
    id: u64,
}

struct Limits;

fn main() {}
