//! A reference to one model is not taken where one to another belongs.

use dynamap::{Database, Loaded, Model, Ref};

#[derive(Debug, Clone, Model)]
#[model(table = "customers", validate = false)]
struct Customer {
    #[model(hash_key)]
    id: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "vouchers", validate = false)]
struct Voucher {
    #[model(hash_key)]
    id: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "orders", validate = false)]
#[model(gsi(by_customer, hash_key = customer))]
struct Order {
    #[model(hash_key)]
    id: u64,
    customer: Ref<Customer>,
}

fn orders_of(db: &Database, voucher: &Loaded<Voucher>) {
    let _ = Order::BY_CUSTOMER.query(db, &Ref::of(voucher));
}

fn main() {}
