//! Changes of an item by key, and how they are rendered into one update expression.
//!
//! [AWS: update expressions](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html)

use std::marker::PhantomData;

use super::node::Term;
use super::path::Path;
use super::place::Place;
use super::render::Placeholders;
use crate::codec::{Attribute, EncodeError, kind};
use crate::item::AttributeValue;

/// One change.
#[derive(Clone)]
pub(crate) struct Change {
    pub(crate) place: Place,
    pub(crate) verb: Verb,
    /// Why the operand cannot be stored, where it cannot; nothing for a removal.
    pub(crate) value: Result<Option<AttributeValue>, EncodeError>,
    /// What other attributes the place is set to.
    pub(crate) from: Option<Expression>,
}

/// Another attribute, or the sum or difference of one and a number or another. Cannot be named outside this crate.
#[derive(Clone)]
#[doc(hidden)]
pub struct Expression {
    pub(crate) left: Place,
    pub(crate) step: Option<(char, Term)>,
}

/// Shows the attribute that is read first, and no operand.
impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Expression({})", self.left)
    }
}

impl Expression {
    /// The attributes that are read.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Place> {
        let right = self.step.as_ref().and_then(|(_, term)| match term {
            Term::Place(place) | Term::Size(place) => Some(place),
            Term::Value(..) => None,
        });
        std::iter::once(&self.left).chain(right)
    }

    fn render(&self, text: &mut String, into: &mut Placeholders) -> Result<(), EncodeError> {
        into.place(text, &self.left);
        if let Some((sign, term)) = &self.step {
            text.extend([' ', *sign, ' ']);
            into.term(text, term)?;
        }
        Ok(())
    }
}

/// A sum or difference of an attribute of model `M`; from [`Path::plus`] and its like, for
/// [`Update::set_to`](crate::Update::set_to).
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::Sum;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "bills", validate = false)]
/// # struct Bill { #[model(hash_key)] id: u64, net: i64, tax: i64, total: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Bill>::create(&db).await?;
/// # Bill { id: 1, net: 100, tax: 8, total: 0 }.insert(&db).await?;
/// let total: Sum<Bill> = Bill::NET.plus_attribute(Bill::TAX);
/// Bill::update(&db, 1).set_to(Bill::TOTAL, total).set_to(Bill::NET, Bill::NET.minus(10)).await?;
/// let bill = Bill::get(&db, 1).await?.expect("there");
/// assert_eq!((bill.total, bill.net), (108, 90)); // both are made of the bill as it was
/// # Ok(())
/// # }
/// ```
///
/// [AWS: incrementing and decrementing](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html#Expressions.UpdateExpressions.SET.IncrementAndDecrement)
#[must_use]
pub struct Sum<M> {
    expression: Expression,
    model: PhantomData<fn() -> M>,
}

impl<M> Sum<M> {
    pub(super) fn new(left: Place, sign: char, right: Term) -> Self {
        Self { expression: Expression { left, step: Some((sign, right)) }, model: PhantomData }
    }
}

impl<M> std::fmt::Debug for Sum<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sum({} …)", self.expression.left)
    }
}

/// What an attribute of kind `K` can be set to beside a value: another attribute of the kind, or a [`Sum`].
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::{Error, IntoExpression, kind};
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "bills", validate = false)]
/// # struct Bill { #[model(hash_key)] id: u64, net: i64, tax: i64, total: i64 }
/// async fn set_total(db: &Database, to: impl IntoExpression<Bill, kind::N>) -> Result<i64, Error> {
///     Ok(Bill::update(db, 1).set_to(Bill::TOTAL, to).returning_new().await?.total)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Bill>::create(&db).await?;
/// # Bill { id: 1, net: 100, tax: 8, total: 0 }.insert(&db).await?;
/// assert_eq!(set_total(&db, Bill::NET).await?, 100);
/// assert_eq!(set_total(&db, Bill::NET.plus_attribute(Bill::TAX)).await?, 108);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "an attribute of DynamoDB type `{K}` cannot be set to `{Self}`",
    note = "write another attribute of the same DynamoDB type, or `Account::BALANCE.plus(5)` for numbers"
)]
pub trait IntoExpression<M, K> {
    #[doc(hidden)]
    fn into_expression(self) -> Expression;
}

impl<M, T: Attribute<Kind: kind::Is<K>>, R, K> IntoExpression<M, K> for Path<M, T, R> {
    fn into_expression(self) -> Expression {
        Expression { left: self.into_place(), step: None }
    }
}

impl<M> IntoExpression<M, kind::N> for Sum<M> {
    fn into_expression(self) -> Expression {
        self.expression
    }
}

/// Shows what is changed and how, not the operand.
impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.verb, self.place)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Set,
    SetIfAbsent,
    /// Plus the operand; the attribute must be there.
    Increment,
    Decrement,
    /// Plus the operand, from 0 where there is no number; or the union with a set.
    Add,
    Append,
    Prepend,
    /// The difference with a set.
    DeleteFrom,
    Remove,
    /// To another attribute, or to a sum.
    SetTo,
}

impl Change {
    pub(crate) fn new(
        place: Place,
        verb: Verb,
        value: Result<Option<AttributeValue>, EncodeError>,
    ) -> Self {
        Self { place, verb, value, from: None }
    }

    pub(crate) fn set_to(place: Place, from: Expression) -> Self {
        Self { place, verb: Verb::SetTo, value: Ok(None), from: Some(from) }
    }

    pub(crate) fn set(place: Place, value: AttributeValue) -> Self {
        Self::new(place, Verb::Set, Ok(Some(value)))
    }

    pub(crate) fn set_if_absent(place: Place, value: AttributeValue) -> Self {
        Self::new(place, Verb::SetIfAbsent, Ok(Some(value)))
    }

    pub(crate) fn remove(place: Place) -> Self {
        Self::new(place, Verb::Remove, Ok(None))
    }

    pub(crate) fn add(place: Place, value: AttributeValue) -> Self {
        Self::new(place, Verb::Add, Ok(Some(value)))
    }

    /// Whether it leaves the same whatever was there.
    pub(crate) fn replaces(&self) -> bool {
        matches!(self.verb, Verb::Set | Verb::Remove)
    }

    /// The places that it starts from beside its own.
    pub(crate) fn reads(&self) -> Vec<&Place> {
        self.from.iter().flat_map(Expression::places).collect()
    }

    /// Writes the change as a part of its clause.
    fn render(&self, text: &mut String, into: &mut Placeholders) -> Result<(), EncodeError> {
        into.place(text, &self.place);
        if let Some(from) = &self.from {
            text.push_str(" = ");
            return from.render(text, into);
        }
        let value = match &self.value {
            Ok(Some(value)) => value.clone(),
            Ok(None) => return Ok(()),
            Err(error) => return Err(error.clone().at(&self.place.to_string())),
        };
        // What is written between the place and its value, whether the place is written once more, and what follows.
        let (before, again, between, end) = match self.verb {
            Verb::Set => (" = ", false, "", ""),
            Verb::SetIfAbsent => (" = if_not_exists(", true, ", ", ")"),
            Verb::Increment => (" = ", true, " + ", ""),
            Verb::Decrement => (" = ", true, " - ", ""),
            Verb::Append => (" = list_append(", true, ", ", ")"),
            Verb::Prepend => {
                text.push_str(" = list_append(");
                into.value(text, value);
                text.push_str(", ");
                into.place(text, &self.place);
                text.push(')');
                return Ok(());
            }
            Verb::Add | Verb::DeleteFrom | Verb::Remove | Verb::SetTo => (" ", false, "", ""),
        };
        text.push_str(before);
        if again {
            into.place(text, &self.place);
            text.push_str(between);
        }
        into.value(text, value);
        text.push_str(end);
        Ok(())
    }
}

/// AWS: no two changes of one update are about the same place, or one inside the other.
pub(super) fn check_apart(changes: &[Change]) -> Result<(), EncodeError> {
    for (i, change) in changes.iter().enumerate() {
        if changes[..i].iter().any(|other| other.place.overlaps(&change.place)) {
            let reason = "two changes of one update overlap here: AWS takes one change of a place";
            return Err(EncodeError::new(reason).at(&change.place.to_string()));
        }
    }
    Ok(())
}

/// The update expression of some changes; empty without any.
pub(crate) fn render(changes: &[Change], into: &mut Placeholders) -> Result<String, EncodeError> {
    check_apart(changes)?;
    let mut text = String::with_capacity(64);
    for (clause, verbs) in CLAUSES {
        let mut is_first = true;
        for change in changes.iter().filter(|change| verbs.contains(&change.verb)) {
            if is_first {
                text.push_str(if text.is_empty() { "" } else { " " });
                text.push_str(clause);
                text.push(' ');
            } else {
                text.push_str(", ");
            }
            is_first = false;
            change.render(&mut text, into)?;
        }
    }
    Ok(text)
}

/// The clauses of an update expression.
const CLAUSES: [(&str, &[Verb]); 4] = [
    (
        "SET",
        &[
            Verb::Set,
            Verb::SetIfAbsent,
            Verb::Increment,
            Verb::Decrement,
            Verb::Append,
            Verb::Prepend,
            Verb::SetTo,
        ],
    ),
    ("REMOVE", &[Verb::Remove]),
    ("ADD", &[Verb::Add]),
    ("DELETE", &[Verb::DeleteFrom]),
];
