//! What is done with orders by Toasty: the same works as those by hand.

use aws_sdk_dynamodb::Client;
use floor::Outcome;
use floor::answers::FOUND;
use floor::order::CUSTOMER;
use toasty::{Db, stmt};
use toasty_driver_dynamodb::DynamoDb;

use crate::answers::MORE;
use crate::order::Order;

/// Toasty on this client. It creates no table, and asks for none.
pub(crate) async fn open(client: Client) -> Outcome<Db> {
    let driver = DynamoDb::new("dynamodb://orders".to_owned(), client);
    Ok(Db::builder().models(toasty::models!(Order)).build(driver).await?)
}

/// Reads an order by its key.
pub(crate) async fn get(db: &mut Db) -> Outcome<Order> {
    Ok(Order::get_by_customer_and_number(db, CUSTOMER, FOUND).await?)
}

/// Stores a new order; the version is Toasty's to set.
pub(crate) async fn insert(db: &mut Db, order: Order) -> Outcome<Order> {
    let new = Order::create()
        .customer(order.customer)
        .number(order.number)
        .status(order.status)
        .total(order.total)
        .paid(order.paid)
        .note(order.note)
        .tags(order.tags)
        .address(order.address)
        .lines(order.lines);
    Ok(new.exec(db).await?)
}

/// Writes the total of an order that was read.
pub(crate) async fn save(db: &mut Db, order: &mut Order) -> Outcome {
    let total = order.total + 1;
    Ok(order.update().total(total).exec(db).await?)
}

/// Adds to the total of an order that nobody has read.
pub(crate) async fn update(db: &mut Db) -> Outcome {
    let update = Order::filter_by_customer_and_number(CUSTOMER, FOUND).update();
    Ok(update.total(stmt::add(MORE)).exec(db).await?)
}

/// Reads all orders of a customer.
pub(crate) async fn query(db: &mut Db) -> Outcome<Vec<Order>> {
    Ok(Order::filter_by_customer(CUSTOMER).exec(db).await?)
}
