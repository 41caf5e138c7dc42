//! The bare SDK with hand-written mapping: what a careful program does without a mapper.
//!
//! It sends the requests that dynamap sends, with the same locks and the same attributes: an optimistic lock of a version
//! and a random nonce, the schema beside them, and the winner asked for where a condition fails.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BuildError;
use aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use crate::mapping::{from_item, number, text, to_item};
use crate::order::Order;
use crate::{Attributes, Outcome, TABLE};

/// The attribute with the schema of an item.
pub const SCHEMA: &str = "_schema";
/// The attribute with the nonce of the last write.
pub const WRITE: &str = "_write";
/// The schema of all orders.
pub const SCHEMA_NOW: &str = "1.0.0";

/// A nonce of items that are answered.
pub const NONCE: &str = "0011223344556677";
/// What is stored beside the attributes of an order.
pub const OWN: &[(&str, &str)] = &[(SCHEMA, SCHEMA_NOW), (WRITE, NONCE)];

const ALL_OLD: ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure::AllOld;

/// An order as it is stored: with the nonce of its last write.
#[derive(Debug, Clone)]
pub struct Stored {
    pub order: Order,
    pub nonce: String,
}

/// The item that is stored for a new order.
#[must_use]
pub fn new_item(order: &Order, nonce: &str) -> Attributes {
    let mut item = to_item(order);
    item.insert("version".to_owned(), number(1));
    item.insert(SCHEMA.to_owned(), text(SCHEMA_NOW));
    item.insert(WRITE.to_owned(), text(nonce));
    item
}

/// The order of an item with its nonce.
///
/// # Errors
/// Where it is none, or of another schema.
pub fn stored(mut item: Attributes) -> Outcome<Stored> {
    match item.remove(SCHEMA) {
        Some(AttributeValue::S(schema)) if schema == SCHEMA_NOW => {}
        _ => return Err("an order of another schema".into()),
    }
    let Some(AttributeValue::S(nonce)) = item.remove(WRITE) else {
        return Err("an order without a nonce".into());
    };
    Ok(Stored { order: from_item(item)?, nonce })
}

/// A value that no other write has.
#[must_use]
pub fn nonce() -> String {
    format!("{:016x}", rand::random::<u64>())
}

/// The GetItem of an order.
#[must_use]
pub fn get_request(client: &Client, customer: &str, id: u64) -> GetItemFluentBuilder {
    let request = client.get_item().table_name(TABLE);
    request.key("customer", text(customer)).key("number", number(id)).consistent_read(false)
}

/// The PutItem of an order that must be new.
#[must_use]
pub fn insert_request(client: &Client, item: Attributes) -> PutItemFluentBuilder {
    client
        .put_item()
        .table_name(TABLE)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(#customer)")
        .expression_attribute_names("#customer", "customer")
        .return_values_on_condition_check_failure(ALL_OLD)
}

/// The Query of all orders of a customer.
#[must_use]
pub fn query_request(client: &Client, customer: &str) -> QueryFluentBuilder {
    client
        .query()
        .table_name(TABLE)
        .consistent_read(false)
        .scan_index_forward(true)
        .key_condition_expression("#customer = :customer")
        .expression_attribute_names("#customer", "customer")
        .expression_attribute_values(":customer", text(customer))
}

/// Reads an order.
///
/// # Errors
/// What the SDK says; an item that is no order.
pub async fn get(client: &Client, customer: &str, id: u64) -> Outcome<Option<Stored>> {
    get_request(client, customer, id).send().await?.item.map(stored).transpose()
}

/// Stores a new order.
///
/// # Errors
/// What the SDK says.
pub async fn insert(client: &Client, mut order: Order) -> Outcome<Stored> {
    let nonce = nonce();
    insert_request(client, new_item(&order, &nonce)).send().await?;
    order.version = 1;
    Ok(Stored { order, nonce })
}

/// Reads all orders of a customer.
///
/// # Errors
/// What the SDK says; an item that is no order.
pub async fn query(client: &Client, customer: &str) -> Outcome<Vec<Stored>> {
    let found = query_request(client, customer).send().await?.items.unwrap_or_default();
    found.into_iter().map(stored).collect()
}

/// Writes the total of an order that is as it was read.
///
/// # Errors
/// What the SDK says.
pub async fn save_total(client: &Client, stored: &mut Stored) -> Outcome {
    let (order, nonce) = (&mut stored.order, nonce());
    client
        .update_item()
        .table_name(TABLE)
        .key("customer", text(&order.customer))
        .key("number", number(order.number))
        .update_expression(SAVE)
        .condition_expression(AS_READ)
        .set_expression_attribute_names(Some(save_names()))
        .set_expression_attribute_values(Some(save_values(order, &stored.nonce, &nonce)))
        .return_values(ReturnValue::None)
        .return_values_on_condition_check_failure(ALL_OLD)
        .send()
        .await?;
    order.version += 1;
    stored.nonce = nonce;
    Ok(())
}

/// Writes the totals of two orders that are as they were read, both or none.
///
/// # Errors
/// What the SDK says.
pub async fn save_both(client: &Client, one: &mut Stored, two: &mut Stored) -> Outcome {
    let nonce = nonce();
    let both = [&*one, &*two].map(|Stored { order, nonce: read }| {
        let update = Update::builder()
            .table_name(TABLE)
            .key("customer", text(&order.customer))
            .key("number", number(order.number))
            .update_expression(SAVE)
            .condition_expression(AS_READ)
            .set_expression_attribute_names(Some(save_names()))
            .set_expression_attribute_values(Some(save_values(order, read, &nonce)))
            .return_values_on_condition_check_failure(ALL_OLD);
        Ok::<_, BuildError>(TransactWriteItem::builder().update(update.build()?).build())
    });
    let both = both.into_iter().collect::<Result<_, _>>()?;
    client.transact_write_items().set_transact_items(Some(both)).send().await?;
    for stored in [one, two] {
        stored.order.version += 1;
        stored.nonce.clone_from(&nonce);
    }
    Ok(())
}

/// Adds to the total of an order that nobody has read.
///
/// # Errors
/// What the SDK says.
pub async fn add_to_total(client: &Client, customer: &str, id: u64, amount: i64) -> Outcome {
    client
        .update_item()
        .table_name(TABLE)
        .key("customer", text(customer))
        .key("number", number(id))
        .update_expression("SET #write = :nonce ADD #total :amount, #version :one")
        .condition_expression(
            "(#schema = :schema OR attribute_not_exists(#schema)) AND attribute_exists(#customer)",
        )
        .expression_attribute_names("#customer", "customer")
        .expression_attribute_names("#total", "total")
        .expression_attribute_names("#version", "version")
        .expression_attribute_names("#schema", SCHEMA)
        .expression_attribute_names("#write", WRITE)
        .expression_attribute_values(":amount", number(amount))
        .expression_attribute_values(":one", number(1))
        .expression_attribute_values(":schema", text(SCHEMA_NOW))
        .expression_attribute_values(":nonce", text(&nonce()))
        .return_values(ReturnValue::None)
        .return_values_on_condition_check_failure(ALL_OLD)
        .send()
        .await?;
    Ok(())
}

const SAVE: &str = "SET #write = :next_write, #total = :total, #version = :next";
const AS_READ: &str = "#version = :version AND #write = :write";

fn save_names() -> HashMap<String, String> {
    let names = [("#total", "total"), ("#version", "version"), ("#write", WRITE)];
    names.map(|(placeholder, name)| (placeholder.to_owned(), name.to_owned())).into()
}

fn save_values(order: &Order, read: &str, nonce: &str) -> Attributes {
    let values = [
        (":total", number(order.total)),
        (":version", number(order.version)),
        (":next", number(order.version + 1)),
        (":write", text(read)),
        (":next_write", text(nonce)),
    ];
    values.map(|(placeholder, value)| (placeholder.to_owned(), value)).into()
}
