//! The order as Toasty maps it.
//!
//! Nothing had to be changed: with `#[document]` the driver stores a struct as a map, and a list of structs as a list of maps.
//! It stores no schema and no nonce.

use floor::order as floor_order;

#[derive(Debug, Clone, toasty::Model)]
#[key(partition = customer, local = number)]
#[table = "orders"]
pub(crate) struct Order {
    pub(crate) customer: String,
    pub(crate) number: u64,
    pub(crate) status: String,
    pub(crate) total: i64,
    pub(crate) paid: bool,
    pub(crate) note: Option<String>,
    pub(crate) tags: Vec<String>,
    #[document]
    pub(crate) address: Address,
    #[document]
    pub(crate) lines: Vec<Line>,
    #[version]
    pub(crate) version: u64,
}

#[derive(Debug, Clone, toasty::Embed)]
pub(crate) struct Address {
    pub(crate) street: String,
    pub(crate) city: String,
    pub(crate) zip: String,
    pub(crate) country: String,
}

#[derive(Debug, Clone, toasty::Embed)]
pub(crate) struct Line {
    pub(crate) sku: String,
    pub(crate) title: String,
    pub(crate) quantity: u32,
    pub(crate) price: i64,
}

impl Order {
    /// The order as the row by hand has it: what results are compared with.
    pub(crate) fn plain(self) -> floor_order::Order {
        let Address { street, city, zip, country } = self.address;
        let line = |Line { sku, title, quantity, price }| floor_order::Line {
            sku,
            title,
            quantity,
            price,
        };
        floor_order::Order {
            customer: self.customer,
            number: self.number,
            status: self.status,
            total: self.total,
            paid: self.paid,
            note: self.note,
            tags: self.tags,
            address: floor_order::Address { street, city, zip, country },
            lines: self.lines.into_iter().map(line).collect(),
            version: self.version,
        }
    }
}

impl From<floor_order::Order> for Order {
    fn from(order: floor_order::Order) -> Self {
        let floor_order::Address { street, city, zip, country } = order.address;
        let line = |floor_order::Line { sku, title, quantity, price }| Line {
            sku,
            title,
            quantity,
            price,
        };
        Self {
            customer: order.customer,
            number: order.number,
            status: order.status,
            total: order.total,
            paid: order.paid,
            note: order.note,
            tags: order.tags,
            address: Address { street, city, zip, country },
            lines: order.lines.into_iter().map(line).collect(),
            version: order.version,
        }
    }
}
