//! Items whose time to live is over and that the service has not deleted yet.

use crate::automatic::FromClock as _;
use crate::database::Database;
use crate::expr::Node;
use crate::item::AttributeValue;
use crate::layout::Layout;

/// The item is not expired by the database's clock: one without a time to live never is.
pub(super) fn unexpired(db: &Database, layout: &Layout) -> Node {
    let Some(name) = layout.ttl else { return Node::all(Vec::new()) };
    let now = AttributeValue::N(u64::from_clock(db.now()).to_string());
    Node::any(vec![Node::not_exists(name), Node::stored_as_null(name), Node::greater(name, now)])
}
