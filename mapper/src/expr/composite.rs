//! Ranges of a composed range key: the first parts are given, the next one is compared.

use std::fmt;
use std::marker::PhantomData;

use super::condition::{Condition, IntoCondition, IntoKeyCondition, KeyCondition};
use super::node::{Kind, Node, Operator, Term};
use super::place::Place;
use super::role::{RangeOf, Role};
use crate::codec::{Attribute, EncodeError, kind};
use crate::item::{AttributeValue, Item};
use crate::template::{Part, Template, written};

/// Greater than every text that a key goes on with.
const LAST: char = '\u{10FFFF}';

/// A part of a composed key, as it is.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Plain<T>(PhantomData<T>);

/// A number in a composed key, filled up with zeros.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Filled<T>(PhantomData<T>);

/// A part of a composed key; made by the derive.
pub trait Piece {
    /// The type of the field.
    type Field: Attribute;
}

impl<T: Attribute> Piece for Plain<T> {
    type Field = T;
}

impl<T: Attribute> Piece for Filled<T> {
    type Field = T;
}

/// A part whose text has the order of its values: a string, or a number of fixed width.
pub trait OrderedPiece: Piece {}

impl<T: Attribute<Kind: kind::OrderedText>> OrderedPiece for Plain<T> {}
impl<T: Attribute<Kind = kind::N>> OrderedPiece for Filled<T> {}

/// The model, the types of the parts that are not given, the role.
type Types<M, Rest, R> = PhantomData<fn() -> (M, Rest, R)>;

/// A composed range key, as the constant that the derive makes: with [`with`](Composite::with) the first parts are
/// given, one by one; comparisons are about the next one and never leave what was given.
///
/// Keys are ordered as their text is. Of strings where one begins with another, such as `"a"` and `"a!"`, the order is
/// that of what follows in the key: `!` comes before `#`. Strings of one length, such as dates, have no such surprise.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "shop", hash_key = "USER#{user}", range_key = "ORDER#{day}#{number:06}", validate = false)]
/// struct Order {
///     user: String,
///     day: String,
///     number: u32,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let db = Database::new(dynamap::embedded::memory()?);
/// Table::<Order>::create(&db).await?;
/// for (day, number) in [("2026-11-20", 1), ("2026-11-21", 2), ("2026-11-21", 10)] {
///     Order { user: "ann".into(), day: day.into(), number }.insert(&db).await?;
/// }
/// assert!(Order::get(&db, ("ann", ("2026-11-20", 1))).await?.is_some());
///
/// let orders = || Order::query(&db, "ann");
/// // The first part, and then the second one of a day.
/// assert_eq!(orders().range(Order::SK.eq("2026-11-20")).count().await?, 1);
/// assert_eq!(orders().range(Order::SK.ge("2026-11-21")).count().await?, 2);
/// assert_eq!(orders().range(Order::SK.between("2026-11-20", "2026-11-21")).count().await?, 3);
/// let today = || Order::SK.with("2026-11-21");
/// assert_eq!(orders().range(today()).count().await?, 2);
/// assert_eq!(orders().range(today().gt(2)).count().await?, 1);
/// assert_eq!(orders().range(today().le(2)).count().await?, 1);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub struct Composite<M, Rest, R> {
    template: Template,
    given: Vec<AttributeValue>,
    error: Option<EncodeError>,
    types: Types<M, Rest, R>,
}

impl<M, Rest, R> Composite<M, Rest, R> {
    /// Used by the derive.
    #[doc(hidden)]
    pub const fn new(template: Template) -> Self {
        Self { template, given: Vec::new(), error: None, types: PhantomData }
    }

    fn add(&mut self, value: Result<AttributeValue, EncodeError>) {
        match value {
            Ok(value) => self.given.push(value),
            Err(error) => self.error = self.error.take().or(Some(error)),
        }
    }

    /// The text up to the first part that is not given, and whether all are.
    fn prefix(&self) -> Result<(String, bool), EncodeError> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let names: Vec<_> = self.template.attributes().collect();
        let known: Item =
            names.iter().copied().map(str::to_owned).zip(self.given.iter().cloned()).collect();
        // The parts up to the first one that is not given.
        let mut left = self.given.len();
        let end = self.template.parts.iter().position(|part| match part {
            Part::Text(_) => false,
            Part::Value { .. } if left == 0 => true,
            Part::Value { .. } => {
                left -= 1;
                false
            }
        });
        let parts = &self.template.parts[..end.unwrap_or(self.template.parts.len())];
        let text = Template { parts, ..self.template }.build(&known)?;
        Ok((text.unwrap_or_default(), end.is_none()))
    }

    /// The text up to the end of `value` as the next part.
    fn bound(&self, value: &AttributeValue) -> Result<String, EncodeError> {
        let (mut text, _) = self.prefix()?;
        let mut next = self.template.parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Value { attribute, width } => Some((attribute, *width)),
        });
        if let Some((attribute, width)) = next.nth(self.given.len())
            && let Some(value) = written(attribute, width, value)?
        {
            text.push_str(&value);
        }
        Ok(text)
    }

    fn place(&self) -> Place {
        Place::attribute(self.template.name)
    }

    fn term(&self, text: Result<String, EncodeError>) -> Term {
        Term::Value(self.place(), text.map(AttributeValue::S))
    }

    fn compare(&self, operator: Operator, text: Result<String, EncodeError>) -> Node {
        Node::of(Kind::Compare(Term::Place(self.place()), operator, self.term(text)))
    }

    fn within(&self, low: Result<String, EncodeError>, high: Result<String, EncodeError>) -> Node {
        Node::of(Kind::Between(Term::Place(self.place()), self.term(low), self.term(high)))
    }

    /// Everything that begins as given; with nothing to begin with, no condition at all.
    fn node(&self) -> Node {
        match self.prefix() {
            Ok((text, true)) => self.compare(Operator::Eq, Ok(text)),
            Ok((text, false)) if text.is_empty() => Node::all(Vec::new()),
            Ok((text, false)) => Node::of(Kind::BeginsWith(self.place(), self.term(Ok(text)))),
            Err(error) => self.compare(Operator::Eq, Err(error)),
        }
    }
}

impl<M, P: Piece, Rest, R: Role> Composite<M, (P, Rest), R> {
    /// Gives the next part.
    pub fn with(mut self, value: <P::Field as Attribute>::Operand<'_>) -> Composite<M, Rest, R> {
        self.add(P::Field::encode_operand(value));
        let Self { template, given, error, .. } = self;
        Composite { template, given, error, types: PhantomData }
    }

    /// The next part is equal to the operand; the same as [`with`](Composite::with) and nothing after it.
    pub fn eq(self, value: <P::Field as Attribute>::Operand<'_>) -> KeyCondition<M, R> {
        self.with(value).node().into()
    }

    /// The next part is the operand or greater.
    pub fn ge(self, value: <P::Field as Attribute>::Operand<'_>) -> KeyCondition<M, R>
    where
        P: OrderedPiece,
    {
        let low = P::Field::encode_operand(value).and_then(|value| self.bound(&value));
        self.from(low).into()
    }

    /// The next part is greater than the operand.
    pub fn gt(self, value: <P::Field as Attribute>::Operand<'_>) -> KeyCondition<M, R>
    where
        P: OrderedPiece,
    {
        let low = P::Field::encode_operand(value).and_then(|value| self.after(value));
        self.from(low).into()
    }

    /// The next part is the operand or less.
    pub fn le(self, value: <P::Field as Attribute>::Operand<'_>) -> KeyCondition<M, R>
    where
        P: OrderedPiece,
    {
        let high = P::Field::encode_operand(value).and_then(|value| self.through(value));
        match self.prefix() {
            Ok((low, _)) if low.is_empty() => self.compare(Operator::Le, high),
            low => self.within(low.map(|(low, _)| low), high),
        }
        .into()
    }

    /// The next part is from `low` to `high`, both included.
    pub fn between(
        self,
        low: <P::Field as Attribute>::Operand<'_>,
        high: <P::Field as Attribute>::Operand<'_>,
    ) -> KeyCondition<M, R>
    where
        P: OrderedPiece,
    {
        let low = P::Field::encode_operand(low).and_then(|value| self.bound(&value));
        let high = P::Field::encode_operand(high).and_then(|value| self.through(value));
        self.within(low, high).into()
    }

    /// From `low` to the end of what begins as given.
    fn from(&self, low: Result<String, EncodeError>) -> Node {
        match self.prefix() {
            Ok((prefix, _)) if prefix.is_empty() => self.compare(Operator::Ge, low),
            prefix => self.within(low, prefix.map(|(prefix, _)| format!("{prefix}{LAST}"))),
        }
    }

    /// The last text with `value` as the next part.
    fn through(&self, value: AttributeValue) -> Result<String, EncodeError> {
        let (text, complete) = self.given_too(value)?;
        Ok(if complete { text } else { format!("{text}{LAST}") })
    }

    /// The first text after those with `value` as the next part.
    fn after(&self, value: AttributeValue) -> Result<String, EncodeError> {
        let (text, complete) = self.given_too(value)?;
        Ok(if complete { format!("{text}\0") } else { format!("{text}{LAST}") })
    }

    fn given_too(&self, value: AttributeValue) -> Result<(String, bool), EncodeError> {
        let mut more: Self = self.clone();
        more.given.push(value);
        more.prefix()
    }
}

impl<M, Rest, R> Clone for Composite<M, Rest, R> {
    fn clone(&self) -> Self {
        let Self { template, given, error, .. } = self;
        Self { template: *template, given: given.clone(), error: error.clone(), types: PhantomData }
    }
}

impl<M, Rest, R: Role> From<Composite<M, Rest, R>> for KeyCondition<M, R> {
    fn from(composite: Composite<M, Rest, R>) -> Self {
        composite.node().into()
    }
}

impl<M, Rest, R: Role> IntoCondition<M> for Composite<M, Rest, R> {
    fn into_condition(self) -> Condition<M> {
        self.node().into()
    }
}

impl<M, Rest, R: RangeOf<M, I>, I> IntoKeyCondition<M, I> for Composite<M, Rest, R> {
    fn into_key_node(self) -> Node {
        self.node()
    }
}

/// Shows the attribute and how many parts are given, not the parts.
impl<M, Rest, R> fmt::Debug for Composite<M, Rest, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Composite({}, {} parts given)", self.template.name, self.given.len())
    }
}
