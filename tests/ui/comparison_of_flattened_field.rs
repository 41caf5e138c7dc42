//! A flattened field has no attribute to compare: its fields have.

use dynamap::{Attribute, Condition, Model};

#[derive(Debug, Clone, Attribute)]
struct Address {
    city: String,
}

#[derive(Debug, Clone, Model)]
#[model(table = "customers", validate = false)]
struct Customer {
    #[model(hash_key)]
    id: u64,
    #[model(flatten)]
    address: Address,
}

fn here() -> Condition<Customer> {
    Customer::ADDRESS.exists()
}

fn main() {}
