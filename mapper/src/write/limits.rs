//! DynamoDB's limits on one item and one expression, checked before anything is sent.
//!
//! The service answers all of them with one bare validation error, so they are found here, by name.
//! [AWS: constraints](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html)

use super::render::Action;
use crate::error::Error;
use crate::expr::Node;
use crate::item::Item;

/// The largest item, names included.
pub(crate) const MAX_ITEM: usize = 400 * 1024;
/// The longest expression, in bytes, placeholders not replaced.
pub(super) const MAX_EXPRESSION: usize = 4096;
/// The most operators and functions in one expression.
const MAX_OPERATORS: usize = 300;

pub(super) fn check(
    action: &Action,
    expectation: Option<&Node>,
    condition: Option<&str>,
    after: Option<&Item>,
) -> Result<(), Error> {
    let update = match action {
        Action::Update(update) => update.len(),
        _ => 0,
    };
    at_most("bytes of an update expression", MAX_EXPRESSION, update)?;
    at_most("bytes of a condition expression", MAX_EXPRESSION, condition.map_or(0, str::len))?;
    let operators = expectation.map_or(0, Node::operators);
    at_most("operators of a condition expression", MAX_OPERATORS, operators)?;
    at_most("bytes of an item", MAX_ITEM, after.map_or(0, Item::size))
}

/// An error where `found` is above `limit`.
pub(crate) fn at_most(what: &'static str, limit: usize, found: usize) -> Result<(), Error> {
    if found > limit { Err(Error::Limit { what, limit, found }) } else { Ok(()) }
}
