//! Typed paths: attributes of a model as constants.

use std::fmt;
use std::marker::PhantomData;

use super::condition::{Condition, KeyCondition, Node, Operator};
use crate::codec::{Attribute, kind};

/// What an attribute is for: decides where its comparisons may be used.
pub mod role {
    use super::{Condition, KeyCondition, Node};

    /// A role; see [`Path`](super::Path).
    pub trait Role: Send + Sync + 'static {
        /// What a comparison of this attribute is.
        type Comparison<M>: From<Node>;
    }

    /// An ordinary attribute.
    #[derive(Debug, Clone, Copy)]
    pub struct Field;
    /// The hash key.
    #[derive(Debug, Clone, Copy)]
    pub struct HashKey;
    /// The range key: its comparisons can select a range in a query.
    #[derive(Debug, Clone, Copy)]
    pub struct RangeKey;
    /// The lock version.
    #[derive(Debug, Clone, Copy)]
    pub struct Version;

    impl Role for Field {
        type Comparison<M> = Condition<M>;
    }
    impl Role for HashKey {
        type Comparison<M> = Condition<M>;
    }
    impl Role for RangeKey {
        type Comparison<M> = KeyCondition<M>;
    }
    impl Role for Version {
        type Comparison<M> = Condition<M>;
    }
}

/// An attribute of model `M` with Rust type `T`, as the constant that the derive makes: `Account::BALANCE`.
///
/// Its methods build conditions. Operands have the attribute's type, and an operator exists only where DynamoDB has it
/// for the attribute's kind.
///
/// ```
/// # use dynamap::Model;
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, email: String, balance: i64 }
/// let rich = Account::BALANCE.ge(1_000) & !Account::EMAIL.begins_with("test");
/// assert_eq!(rich.to_string(), "balance >= 1000 AND NOT begins_with(email, \"test\")");
/// ```
pub struct Path<M, T, R = role::Field> {
    name: &'static str,
    model: PhantomData<fn() -> M>,
    types: PhantomData<fn() -> (T, R)>,
}

impl<M, T, R> Clone for Path<M, T, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M, T, R> Copy for Path<M, T, R> {}

impl<M, T, R> fmt::Debug for Path<M, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Path").field(&self.name).finish()
    }
}

impl<M, T, R> Path<M, T, R> {
    /// Used by the derive.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, model: PhantomData, types: PhantomData }
    }

    /// The attribute's name in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }
}

impl<M, T: Attribute, R: role::Role> Path<M, T, R> {
    fn compare(self, operator: Operator, operand: T::Operand<'_>) -> Node {
        Node::Compare(self.name, operator, T::encode_operand(operand))
    }

    /// The attribute is there and equal to the operand.
    #[must_use]
    pub fn eq(self, operand: T::Operand<'_>) -> R::Comparison<M> {
        self.compare(Operator::Eq, operand).into()
    }

    /// The attribute is absent or differs from the operand.
    pub fn ne(self, operand: T::Operand<'_>) -> Condition<M> {
        self.compare(Operator::Ne, operand).into()
    }

    /// The attribute is there, whatever it holds.
    pub fn exists(self) -> Condition<M> {
        Node::Exists(self.name).into()
    }

    /// The attribute is absent.
    pub fn not_exists(self) -> Condition<M> {
        Node::NotExists(self.name).into()
    }

    /// Less than.
    #[must_use]
    pub fn lt(self, operand: T::Operand<'_>) -> R::Comparison<M>
    where
        T::Kind: kind::Ordered,
    {
        self.compare(Operator::Lt, operand).into()
    }

    /// Less than or equal.
    #[must_use]
    pub fn le(self, operand: T::Operand<'_>) -> R::Comparison<M>
    where
        T::Kind: kind::Ordered,
    {
        self.compare(Operator::Le, operand).into()
    }

    /// Greater than.
    #[must_use]
    pub fn gt(self, operand: T::Operand<'_>) -> R::Comparison<M>
    where
        T::Kind: kind::Ordered,
    {
        self.compare(Operator::Gt, operand).into()
    }

    /// Greater than or equal.
    #[must_use]
    pub fn ge(self, operand: T::Operand<'_>) -> R::Comparison<M>
    where
        T::Kind: kind::Ordered,
    {
        self.compare(Operator::Ge, operand).into()
    }

    /// From `low` to `high`, both included.
    #[must_use]
    pub fn between(self, low: T::Operand<'_>, high: T::Operand<'_>) -> R::Comparison<M>
    where
        T::Kind: kind::Ordered,
    {
        Node::Between(self.name, T::encode_operand(low), T::encode_operand(high)).into()
    }

    /// The string or binary value begins with the operand.
    #[must_use]
    pub fn begins_with(self, operand: T::Operand<'_>) -> R::Comparison<M>
    where
        T::Kind: kind::Prefix,
    {
        Node::BeginsWith(self.name, T::encode_operand(operand)).into()
    }
}
