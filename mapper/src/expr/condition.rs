//! Conditions, and the conditions on a range key that a query can use.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr, Not};

use super::render::Placeholders;
use crate::codec::EncodeError;
use crate::item::{AttributeValue, Item, same, same_option};

/// An operand, or why it cannot be stored; reported when the expression is used.
type Operand = Result<AttributeValue, EncodeError>;

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[doc(hidden)]
#[allow(missing_docs, reason = "cannot be named outside this crate")]
pub enum Operator {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

impl Operator {
    fn symbol(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "<>",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }
}

/// A condition without its model: what the renderer reads. Cannot be named outside this crate.
#[derive(Clone)]
#[doc(hidden)]
#[allow(missing_docs, reason = "cannot be named outside this crate")]
pub enum Node {
    Compare(&'static str, Operator, Operand),
    Between(&'static str, Operand, Operand),
    BeginsWith(&'static str, Operand),
    Exists(&'static str),
    NotExists(&'static str),
    /// The attribute is as it was seen: equal, or still absent.
    Seen(String, Option<AttributeValue>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
}

/// Shows the shape, not the operands.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.render(&mut Placeholders::default()).ok().flatten();
        f.write_str(&text.unwrap_or_default())
    }
}

impl Node {
    pub(crate) fn equals(name: &'static str, value: AttributeValue) -> Self {
        Self::Compare(name, Operator::Eq, Ok(value))
    }

    pub(crate) fn less(name: &'static str, value: AttributeValue) -> Self {
        Self::Compare(name, Operator::Lt, Ok(value))
    }

    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::And(mut all), Self::And(more)) => {
                all.extend(more);
                Self::And(all)
            }
            (Self::And(mut all), one) => {
                all.push(one);
                Self::And(all)
            }
            (one, Self::And(mut all)) => {
                all.insert(0, one);
                Self::And(all)
            }
            (a, b) => Self::And(vec![a, b]),
        }
    }

    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Or(mut any), one) => {
                any.push(one);
                Self::Or(any)
            }
            (a, b) => Self::Or(vec![a, b]),
        }
    }

    /// The expression text, its names and values put into `into`; `None` for the empty condition.
    pub(crate) fn render(&self, into: &mut Placeholders) -> Result<Option<String>, EncodeError> {
        Ok(match self {
            Self::And(nodes) => join(nodes, " AND ", into)?,
            Self::Or(nodes) => join(nodes, " OR ", into)?,
            Self::Not(node) => node.render_inner(into)?.map(|text| format!("NOT {text}")),
            Self::Compare(name, operator, operand) => {
                let (name, value) = (into.name(name), into.operand(name, operand)?);
                Some(format!("{name} {} {value}", operator.symbol()))
            }
            Self::Between(name, low, high) => {
                let n = into.name(name);
                let (low, high) = (into.operand(name, low)?, into.operand(name, high)?);
                Some(format!("{n} BETWEEN {low} AND {high}"))
            }
            Self::BeginsWith(name, operand) => {
                let (n, value) = (into.name(name), into.operand(name, operand)?);
                Some(format!("begins_with({n}, {value})"))
            }
            Self::Exists(name) => Some(format!("attribute_exists({})", into.name(name))),
            Self::NotExists(name) => Some(format!("attribute_not_exists({})", into.name(name))),
            Self::Seen(name, None) => Some(format!("attribute_not_exists({})", into.name(name))),
            Self::Seen(name, Some(value)) => {
                Some(format!("{} = {}", into.name(name), into.value(value.clone())))
            }
        })
    }

    /// In parentheses where the operators around it bind tighter.
    fn render_inner(&self, into: &mut Placeholders) -> Result<Option<String>, EncodeError> {
        let text = self.render(into)?;
        Ok(match self {
            Self::And(nodes) | Self::Or(nodes) if nodes.len() > 1 => text.map(|t| format!("({t})")),
            _ => text,
        })
    }

    /// Whether a stored item fulfils the condition, decided as the service would.
    pub(crate) fn holds(&self, item: &Item) -> bool {
        match self {
            Self::And(nodes) => nodes.iter().all(|node| node.holds(item)),
            Self::Or(nodes) => nodes.iter().any(|node| node.holds(item)),
            Self::Not(node) => !node.holds(item),
            Self::Exists(name) => item.contains(name),
            Self::NotExists(name) => !item.contains(name),
            Self::Seen(name, value) => same_option(item.get(name), value.as_ref()),
            Self::Compare(name, operator, Ok(operand)) => {
                compare(item.get(name), *operator, operand)
            }
            Self::Between(name, Ok(low), Ok(high)) => {
                compare(item.get(name), Operator::Ge, low)
                    && compare(item.get(name), Operator::Le, high)
            }
            Self::BeginsWith(name, Ok(prefix)) => match (item.get(name), prefix) {
                (Some(AttributeValue::S(s)), AttributeValue::S(p)) => s.starts_with(p.as_str()),
                (Some(AttributeValue::B(b)), AttributeValue::B(p)) => {
                    b.as_ref().starts_with(p.as_ref())
                }
                _ => false,
            },
            // An operand that could not be encoded was never sent.
            Self::Compare(..) | Self::Between(..) | Self::BeginsWith(..) => false,
        }
    }
}

fn join(
    nodes: &[Node],
    operator: &str,
    into: &mut Placeholders,
) -> Result<Option<String>, EncodeError> {
    let single = nodes.len() == 1;
    let mut texts = Vec::with_capacity(nodes.len());
    for node in nodes {
        texts.extend(if single { node.render(into)? } else { node.render_inner(into)? });
    }
    Ok((!texts.is_empty()).then(|| texts.join(operator)))
}

fn compare(stored: Option<&AttributeValue>, operator: Operator, operand: &AttributeValue) -> bool {
    use std::cmp::Ordering::{Greater, Less};
    let Some(stored) = stored else { return operator == Operator::Ne };
    let order = || order(stored, operand);
    match operator {
        Operator::Eq => same(stored, operand),
        Operator::Ne => !same(stored, operand),
        Operator::Lt => order() == Some(Less),
        Operator::Le => order().is_some_and(|o| o != Greater),
        Operator::Gt => order() == Some(Greater),
        Operator::Ge => order().is_some_and(|o| o != Less),
    }
}

fn order(a: &AttributeValue, b: &AttributeValue) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (AttributeValue::S(a), AttributeValue::S(b)) => Some(a.cmp(b)),
        (AttributeValue::B(a), AttributeValue::B(b)) => Some(a.as_ref().cmp(b.as_ref())),
        (AttributeValue::N(a), AttributeValue::N(b)) => crate::codec::number::order(a, b),
        _ => None,
    }
}

/// What must be true of a stored item: for a conditional write, or as the filter of a query or scan.
///
/// Built from [`Path`](super::Path)s, joined with `&`, `|` and `!`. Its `Display` shows the operands: it is meant for
/// the program that wrote them.
///
/// [AWS: condition expressions](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html)
#[must_use]
pub struct Condition<M> {
    node: Node,
    model: PhantomData<fn() -> M>,
}

/// A comparison of a range key: selects a range in [`Query::range`](crate::Query::range), and is a [`Condition`] too.
#[must_use]
pub struct KeyCondition<M>(Condition<M>);

impl<M> Condition<M> {
    pub(crate) fn into_node(self) -> Node {
        self.node
    }
}

impl<M> KeyCondition<M> {
    pub(crate) fn into_node(self) -> Node {
        self.0.node
    }
}

impl<M> From<Node> for Condition<M> {
    fn from(node: Node) -> Self {
        Self { node, model: PhantomData }
    }
}

impl<M> From<Node> for KeyCondition<M> {
    fn from(node: Node) -> Self {
        Self(node.into())
    }
}

/// What can stand where a condition on model `M` is wanted: a [`Condition`] or a [`KeyCondition`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a condition on the attributes of `{M}`",
    note = "build it from the constants of the model that is read or written, such as `Account::BALANCE.ge(1)`"
)]
pub trait IntoCondition<M> {
    /// The condition.
    fn into_condition(self) -> Condition<M>;
}

impl<M> IntoCondition<M> for Condition<M> {
    fn into_condition(self) -> Condition<M> {
        self
    }
}

impl<M> IntoCondition<M> for KeyCondition<M> {
    fn into_condition(self) -> Condition<M> {
        self.0
    }
}

/// What can stand where a condition on the range key of `M` is wanted: a [`KeyCondition`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not select a range of the range key of `{M}`",
    note = "`range` takes one comparison of the range key other than `ne`; for other attributes write `.filter(...)`"
)]
pub trait IntoKeyCondition<M> {
    /// The condition.
    fn into_key_condition(self) -> KeyCondition<M>;
}

impl<M> IntoKeyCondition<M> for KeyCondition<M> {
    fn into_key_condition(self) -> Self {
        self
    }
}

macro_rules! operators {
    ($($ty:ident)*) => { $(
        impl<M> Clone for $ty<M> {
            fn clone(&self) -> Self {
                self.as_node().clone().into()
            }
        }

        impl<M, C: IntoCondition<M>> BitAnd<C> for $ty<M> {
            type Output = Condition<M>;

            fn bitand(self, other: C) -> Condition<M> {
                self.into_node().and(other.into_condition().node).into()
            }
        }

        impl<M, C: IntoCondition<M>> BitOr<C> for $ty<M> {
            type Output = Condition<M>;

            fn bitor(self, other: C) -> Condition<M> {
                self.into_node().or(other.into_condition().node).into()
            }
        }

        impl<M> Not for $ty<M> {
            type Output = Condition<M>;

            fn not(self) -> Condition<M> {
                Node::Not(Box::new(self.into_node())).into()
            }
        }

        impl<M> fmt::Display for $ty<M> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut placeholders = Placeholders::default();
                match self.as_node().render(&mut placeholders) {
                    Ok(text) => f.write_str(&placeholders.explain(&text.unwrap_or_default())),
                    Err(error) => write!(f, "({error})"),
                }
            }
        }

        /// Shows the shape of the condition, not its operands.
        impl<M> fmt::Debug for $ty<M> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($ty)).field(self.as_node()).finish()
            }
        }
    )* };
}

operators!(Condition KeyCondition);

impl<M> Condition<M> {
    fn as_node(&self) -> &Node {
        &self.node
    }
}

impl<M> KeyCondition<M> {
    fn as_node(&self) -> &Node {
        &self.0.node
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Path;

    struct M;
    const A: Path<M, i64> = Path::new("a");
    const B: Path<M, String> = Path::new("b");

    fn item(a: &str, b: Option<&str>) -> Item {
        let mut item = Item::new();
        item.insert("a", AttributeValue::N(a.into()));
        if let Some(b) = b {
            item.insert("b", AttributeValue::S(b.into()));
        }
        item
    }

    #[test]
    fn conditions_render_with_placeholders_and_hold_as_the_service_decides() {
        let cases: Vec<(Condition<M>, &str, bool, bool)> = vec![
            (A.eq(1), "#0 = :0", true, false),
            (A.ne(1), "#0 <> :0", false, true),
            (A.lt(2) & B.exists(), "#0 < :0 AND attribute_exists(#1)", true, false),
            (A.ge(9) | !B.begins_with("x"), "#0 >= :0 OR NOT begins_with(#1, :1)", false, true),
            (!(A.eq(1) & B.eq("xy")), "NOT (#0 = :0 AND #1 = :1)", true, true),
            (
                (A.eq(1) | A.eq(2)) & B.not_exists(),
                "(#0 = :0 OR #0 = :1) AND attribute_not_exists(#1)",
                false,
                false,
            ),
            (A.between(0, 1), "#0 BETWEEN :0 AND :1", true, false),
        ];
        for (condition, text, first, second) in cases {
            let mut placeholders = Placeholders::default();
            let rendered = condition.node.render(&mut placeholders).expect("renders");
            assert_eq!(rendered.as_deref(), Some(text));
            assert_eq!(condition.node.holds(&item("1.0", Some("xyz"))), first, "{condition}");
            assert_eq!(condition.node.holds(&item("12", None)), second, "{condition}");
        }
    }

    #[test]
    fn debug_hides_operands_and_display_shows_them() {
        let condition = B.eq("secret");
        assert_eq!(format!("{condition:?}"), "Condition(#0 = :0)");
        assert_eq!(condition.to_string(), "b = \"secret\"");
    }
}
