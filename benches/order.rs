//! The model that is measured: ten attributes, one of them a document, one a list of documents.
//!
//! The workspace of the peers measures the same file.

use dynamap::{Attribute, Model};
use serde::{Deserialize, Serialize};

/// An order of a customer.
#[derive(Debug, Clone, PartialEq, Eq, Model, Serialize, Deserialize)]
#[model(table = "orders", validate = false)]
pub(crate) struct Order {
    #[model(hash_key)]
    pub(crate) customer: String,
    #[model(range_key)]
    pub(crate) number: u64,
    pub(crate) status: String,
    pub(crate) total: i64,
    pub(crate) paid: bool,
    pub(crate) note: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) address: Address,
    pub(crate) lines: Vec<Line>,
    #[model(version)]
    pub(crate) version: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Attribute, Serialize, Deserialize)]
pub(crate) struct Address {
    pub(crate) street: String,
    pub(crate) city: String,
    pub(crate) zip: String,
    pub(crate) country: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Attribute, Serialize, Deserialize)]
pub(crate) struct Line {
    pub(crate) sku: String,
    pub(crate) title: String,
    pub(crate) quantity: u32,
    pub(crate) price: i64,
}

/// The customer of all orders.
pub(crate) const CUSTOMER: &str = "customer-7f3a";

/// The order with this number.
pub(crate) fn sample(number: u64) -> Order {
    let line = |n: u32| Line {
        sku: format!("SKU-{n:05}"),
        title: format!("A thing of kind {n}, with a title of usual length"),
        quantity: n + 1,
        price: 1_999 + i64::from(n),
    };
    Order {
        customer: CUSTOMER.to_owned(),
        number,
        status: "packed".to_owned(),
        total: 11_994,
        paid: true,
        note: Some("Leave it with the neighbours.".to_owned()),
        tags: ["gift", "express", "fragile"].map(str::to_owned).to_vec(),
        address: Address {
            street: "Rue de la Paix 12".to_owned(),
            city: "Paris".to_owned(),
            zip: "75002".to_owned(),
            country: "FR".to_owned(),
        },
        lines: [1, 2, 3].map(line).to_vec(),
        version: 3,
    }
}
