//! The order as an item and back, as somebody careful writes it without a library: nothing is copied that can be moved.

use aws_sdk_dynamodb::types::AttributeValue;

use crate::order::{Address, Line, Order};
use crate::{Attributes, Outcome};

/// The item of an order.
#[must_use]
pub fn to_item(order: &Order) -> Attributes {
    let mut item = Attributes::with_capacity(12);
    let mut put = |name: &str, value| item.insert(name.to_owned(), value);
    put("customer", text(&order.customer));
    put("number", number(order.number));
    put("status", text(&order.status));
    put("total", number(order.total));
    put("paid", AttributeValue::Bool(order.paid));
    if let Some(note) = &order.note {
        put("note", text(note));
    }
    put("tags", AttributeValue::L(order.tags.iter().map(|tag| text(tag)).collect()));
    put("address", AttributeValue::M(address_to(&order.address)));
    let lines = order.lines.iter().map(|line| AttributeValue::M(line_to(line)));
    put("lines", AttributeValue::L(lines.collect()));
    put("version", number(order.version));
    item
}

/// The order of an item.
///
/// # Errors
/// Names the attribute that is absent, or of another type.
pub fn from_item(mut item: Attributes) -> Outcome<Order> {
    let lines = list(take(&mut item, "lines")?)?.into_iter();
    Ok(Order {
        customer: string(take(&mut item, "customer")?)?,
        number: parsed(take(&mut item, "number")?)?,
        status: string(take(&mut item, "status")?)?,
        total: parsed(take(&mut item, "total")?)?,
        paid: boolean(&take(&mut item, "paid")?)?,
        note: item.remove("note").map(string).transpose()?,
        tags: list(take(&mut item, "tags")?)?.into_iter().map(string).collect::<Outcome<_>>()?,
        address: address_from(map(take(&mut item, "address")?)?)?,
        lines: lines.map(|line| line_from(map(line)?)).collect::<Outcome<_>>()?,
        version: parsed(take(&mut item, "version")?)?,
    })
}

fn address_to(address: &Address) -> Attributes {
    let mut map = Attributes::with_capacity(4);
    map.insert("street".to_owned(), text(&address.street));
    map.insert("city".to_owned(), text(&address.city));
    map.insert("zip".to_owned(), text(&address.zip));
    map.insert("country".to_owned(), text(&address.country));
    map
}

fn address_from(mut map: Attributes) -> Outcome<Address> {
    Ok(Address {
        street: string(take(&mut map, "street")?)?,
        city: string(take(&mut map, "city")?)?,
        zip: string(take(&mut map, "zip")?)?,
        country: string(take(&mut map, "country")?)?,
    })
}

fn line_to(line: &Line) -> Attributes {
    let mut map = Attributes::with_capacity(4);
    map.insert("sku".to_owned(), text(&line.sku));
    map.insert("title".to_owned(), text(&line.title));
    map.insert("quantity".to_owned(), number(line.quantity));
    map.insert("price".to_owned(), number(line.price));
    map
}

fn line_from(mut map: Attributes) -> Outcome<Line> {
    Ok(Line {
        sku: string(take(&mut map, "sku")?)?,
        title: string(take(&mut map, "title")?)?,
        quantity: parsed(take(&mut map, "quantity")?)?,
        price: parsed(take(&mut map, "price")?)?,
    })
}

/// A string as an attribute.
#[must_use]
pub fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// A number as an attribute.
pub fn number(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

fn take(item: &mut Attributes, name: &'static str) -> Outcome<AttributeValue> {
    item.remove(name).ok_or_else(|| format!("`{name}` is absent").into())
}

fn string(value: AttributeValue) -> Outcome<String> {
    match value {
        AttributeValue::S(text) => Ok(text),
        _ => Err("expected S".into()),
    }
}

fn parsed<T: std::str::FromStr<Err = std::num::ParseIntError>>(
    value: AttributeValue,
) -> Outcome<T> {
    match value {
        AttributeValue::N(text) => Ok(text.parse()?),
        _ => Err("expected N".into()),
    }
}

fn boolean(value: &AttributeValue) -> Outcome<bool> {
    match value {
        AttributeValue::Bool(value) => Ok(*value),
        _ => Err("expected BOOL".into()),
    }
}

fn list(value: AttributeValue) -> Outcome<Vec<AttributeValue>> {
    match value {
        AttributeValue::L(values) => Ok(values),
        _ => Err("expected L".into()),
    }
}

fn map(value: AttributeValue) -> Outcome<Attributes> {
    match value {
        AttributeValue::M(map) => Ok(map),
        _ => Err("expected M".into()),
    }
}
