//! Typed paths: attributes of a model as constants, and the way into documents.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use super::change::Sum;
use super::condition::{Condition, Size};
use super::node::{Kind, Node, Operator, Term};
use super::place::{Place, Segment};
use super::role;
use crate::codec::{Attribute, Container, Document, ListOf, MapOf, kind};

/// An attribute of model `M` with Rust type `T`, as the constant that the derive makes: `Account::BALANCE`.
///
/// Its methods build conditions. Operands have the attribute's type, and an operator exists only where DynamoDB has it
/// for the attribute's kind. [`to`](Path::to), [`index`](Path::index) and [`entry`](Path::entry) lead into documents.
///
/// ```
/// # use std::collections::BTreeMap;
/// # use dynamap::{Attribute, Model};
/// # #[derive(Debug, Clone, Attribute)]
/// # struct Address { city: String }
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, email: String, balance: i64, address: Address, limits: BTreeMap<String, i64> }
/// let rich = Account::BALANCE.ge(1_000) & !Account::EMAIL.begins_with("test");
/// assert_eq!(rich.to_string(), "balance >= 1000 AND NOT begins_with(email, \"test\")");
///
/// let nested = Account::ADDRESS.to(Address::CITY).eq("Bern") & Account::LIMITS.entry("day").gt(5);
/// assert_eq!(nested.to_string(), "address.city = \"Bern\" AND limits.day > 5");
/// ```
///
/// What each becomes:
///
/// ```
/// # use dynamap::Model;
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, #[model(rename = "e-mail")] email: String, balance: i64, limit: i64, notes: Vec<String> }
/// assert_eq!(Account::EMAIL.name(), "e-mail");
/// for (condition, text) in [
///     (Account::BALANCE.eq(5), "balance = 5"),
///     (Account::BALANCE.ne(5), "balance <> 5"),
///     (Account::BALANCE.lt(5), "balance < 5"),
///     (Account::BALANCE.le(5), "balance <= 5"),
///     (Account::BALANCE.between(1, 5), "balance BETWEEN 1 AND 5"),
///     (Account::BALANCE.is_in([1, 5]), "balance IN (1, 5)"),
///     (Account::BALANCE.eq_attribute(Account::LIMIT), "balance = limit"),
///     (Account::BALANCE.ne_attribute(Account::LIMIT), "balance <> limit"),
///     (Account::BALANCE.lt_attribute(Account::LIMIT), "balance < limit"),
///     (Account::BALANCE.le_attribute(Account::LIMIT), "balance <= limit"),
///     (Account::EMAIL.contains("@"), "contains(e-mail, \"@\")"),
///     (Account::EMAIL.size().lt(9), "size(e-mail) < 9"),
///     (Account::EMAIL.exists(), "attribute_exists(e-mail)"),
///     (Account::EMAIL.not_exists(), "attribute_not_exists(e-mail)"),
///     (Account::EMAIL.is_null(), "attribute_type(e-mail, \"NULL\")"),
///     (Account::EMAIL.has_kind(), "attribute_type(e-mail, \"S\")"),
///     (Account::NOTES.index(2).eq("paid"), "notes[2] = \"paid\""),
/// ] {
///     assert_eq!(condition.to_string(), text);
/// }
/// ```
///
/// What an update can set an attribute to, computed of the item as it was:
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, limit: i64, both: i64, room: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Account>::create(&db).await?;
/// Account { id: 1, balance: 5, limit: 3, both: 0, room: 0 }.insert(&db).await?;
/// let account = Account::update(&db, 1)
///     .set_to(Account::BALANCE, Account::BALANCE.plus(10))
///     .set_to(Account::LIMIT, Account::LIMIT.minus(1))
///     .set_to(Account::BOTH, Account::BALANCE.plus_attribute(Account::LIMIT))
///     .set_to(Account::ROOM, Account::BALANCE.minus_attribute(Account::LIMIT))
///     .returning_new()
///     .await?;
/// assert_eq!((account.balance, account.limit, account.both, account.room), (15, 2, 8, 2));
/// # Ok(())
/// # }
/// ```
///
/// [AWS: operators and functions](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html)
pub struct Path<M, T, R = role::Field> {
    place: Place,
    model: PhantomData<fn() -> M>,
    types: PhantomData<fn() -> (T, R)>,
}

impl<M, T, R> Clone for Path<M, T, R> {
    fn clone(&self) -> Self {
        Self::at(self.place.clone())
    }
}

impl<M, T, R> fmt::Debug for Path<M, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Path({})", self.place)
    }
}

/// As a person writes it: `address.city`, `tags[2]`.
impl<M, T, R> fmt::Display for Path<M, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)
    }
}

impl<M, T, R> Path<M, T, R> {
    /// Used by the derive.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { place: Place::attribute(name), model: PhantomData, types: PhantomData }
    }

    /// Used by the derive: an entry of a document that has an alias or a default.
    #[doc(hidden)]
    #[must_use]
    pub const fn new_otherwise(name: &'static str) -> Self {
        let mut path = Self::new(name);
        path.place.otherwise = true;
        path
    }

    fn at(place: Place) -> Self {
        Self { place, model: PhantomData, types: PhantomData }
    }

    pub(crate) fn into_place(self) -> Place {
        self.place
    }

    /// The attribute's name in the table; of a path into a document, that of the document.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self.place.name {
            Cow::Borrowed(name) => name,
            // Paths of models are made of constants only.
            Cow::Owned(_) => "",
        }
    }

    fn step<U>(mut self, segment: Segment) -> Path<M, U> {
        self.place.inner.push(segment);
        Path::at(self.place)
    }

    /// A field of a nested document: `Customer::ADDRESS.to(Address::CITY)`.
    #[must_use]
    pub fn to<U, R2>(mut self, field: Path<T::Document, U, R2>) -> Path<M, U>
    where
        T: Document,
    {
        self.place.extend(field.place);
        Path::at(self.place)
    }

    /// An element of a list, counted from 0.
    #[must_use]
    pub fn index(self, index: usize) -> Path<M, T::Element>
    where
        T: ListOf,
    {
        self.step(Segment::Index(index))
    }

    /// An entry of a map.
    #[must_use]
    pub fn entry(self, key: impl Into<String>) -> Path<M, T::Value>
    where
        T: MapOf,
    {
        self.step(Segment::Key(Cow::Owned(key.into())))
    }
}

impl<M, T: Attribute, R: role::Role> Path<M, T, R> {
    fn term(&self, operand: T::Operand<'_>) -> Term {
        Term::Value(self.place.clone(), T::encode_operand(operand))
    }

    fn compare(self, operator: Operator, operand: T::Operand<'_>) -> Node {
        let term = self.term(operand);
        Node::of(Kind::Compare(Term::Place(self.place), operator, term))
    }

    fn compare_attribute<U, R2>(self, operator: Operator, other: Path<M, U, R2>) -> Condition<M> {
        Node::of(Kind::Compare(Term::Place(self.place), operator, Term::Place(other.place))).into()
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

    /// The attribute is equal to one of 1 to 100 operands; none or more are an [`Error::Encode`](crate::Error::Encode)
    /// where the condition is used.
    pub fn is_in<'a>(self, operands: impl IntoIterator<Item = T::Operand<'a>>) -> Condition<M>
    where
        T: 'a,
    {
        let terms = operands.into_iter().map(|operand| self.term(operand)).collect();
        Node::of(Kind::In(self.place, terms)).into()
    }

    /// The attribute is there, whatever it holds.
    pub fn exists(self) -> Condition<M> {
        Node::of(Kind::Exists(self.place)).into()
    }

    /// The attribute is absent.
    pub fn not_exists(self) -> Condition<M> {
        Node::of(Kind::NotExists(self.place)).into()
    }

    /// The attribute is stored as NULL: a field with a default that was cleared.
    pub fn is_null(self) -> Condition<M> {
        Node::of(Kind::Type(self.place, "NULL")).into()
    }

    /// The attribute is stored with the DynamoDB type that the model writes, and not with another.
    pub fn has_kind(self) -> Condition<M>
    where
        T::Kind: kind::Typed,
    {
        Node::of(Kind::Type(self.place, <T::Kind as kind::Kind>::NAME)).into()
    }

    /// Both attributes are there and equal.
    pub fn eq_attribute<U: Attribute<Kind = T::Kind>, R2>(
        self,
        other: Path<M, U, R2>,
    ) -> Condition<M> {
        self.compare_attribute(Operator::Eq, other)
    }

    /// One attribute is absent, or they differ.
    pub fn ne_attribute<U: Attribute<Kind = T::Kind>, R2>(
        self,
        other: Path<M, U, R2>,
    ) -> Condition<M> {
        self.compare_attribute(Operator::Ne, other)
    }

    /// Less than another attribute.
    pub fn lt_attribute<U: Attribute<Kind = T::Kind>, R2>(
        self,
        other: Path<M, U, R2>,
    ) -> Condition<M>
    where
        T::Kind: kind::Ordered,
    {
        self.compare_attribute(Operator::Lt, other)
    }

    /// Less than another attribute, or equal to it.
    pub fn le_attribute<U: Attribute<Kind = T::Kind>, R2>(
        self,
        other: Path<M, U, R2>,
    ) -> Condition<M>
    where
        T::Kind: kind::Ordered,
    {
        self.compare_attribute(Operator::Le, other)
    }

    /// Less than the operand.
    #[must_use]
    pub fn lt(self, operand: T::Operand<'_>) -> R::Comparison<M>
    where
        T::Kind: kind::Ordered,
    {
        self.compare(Operator::Lt, operand).into()
    }

    /// Less than the operand, or equal to it.
    #[must_use]
    pub fn le(self, operand: T::Operand<'_>) -> R::Comparison<M>
    where
        T::Kind: kind::Ordered,
    {
        self.compare(Operator::Le, operand).into()
    }

    /// Greater than the operand.
    #[must_use]
    pub fn gt(self, operand: T::Operand<'_>) -> R::Comparison<M>
    where
        T::Kind: kind::Ordered,
    {
        self.compare(Operator::Gt, operand).into()
    }

    /// Greater than the operand, or equal to it.
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
        let (low, high) = (self.term(low), self.term(high));
        Node::of(Kind::Between(Term::Place(self.place), low, high)).into()
    }

    /// The string or binary value begins with the operand.
    #[must_use]
    pub fn begins_with(self, operand: T::Operand<'_>) -> R::Comparison<M>
    where
        T::Kind: kind::Prefix,
    {
        let term = self.term(operand);
        Node::of(Kind::BeginsWith(self.place, term)).into()
    }

    /// The string has this part, or the set or list this element.
    pub fn contains(self, part: <T::Part as Attribute>::Operand<'_>) -> Condition<M>
    where
        T: Container,
    {
        let part = Term::Value(self.place.clone(), T::Part::encode_operand(part));
        Node::of(Kind::Contains(self.place, part)).into()
    }

    /// The attribute plus a number, for [`Update::set_to`](crate::Update::set_to).
    pub fn plus(self, operand: T::Operand<'_>) -> Sum<M>
    where
        T::Kind: kind::Arithmetic,
    {
        let term = self.term(operand);
        Sum::new(self.place, '+', term)
    }

    /// The attribute minus a number, for [`Update::set_to`](crate::Update::set_to).
    pub fn minus(self, operand: T::Operand<'_>) -> Sum<M>
    where
        T::Kind: kind::Arithmetic,
    {
        let term = self.term(operand);
        Sum::new(self.place, '-', term)
    }

    /// The sum of two attributes, for [`Update::set_to`](crate::Update::set_to).
    pub fn plus_attribute<U: Attribute, R2>(self, other: Path<M, U, R2>) -> Sum<M>
    where
        T::Kind: kind::Arithmetic,
        U::Kind: kind::Arithmetic,
    {
        Sum::new(self.place, '+', Term::Place(other.place))
    }

    /// The difference of two attributes, for [`Update::set_to`](crate::Update::set_to).
    pub fn minus_attribute<U: Attribute, R2>(self, other: Path<M, U, R2>) -> Sum<M>
    where
        T::Kind: kind::Arithmetic,
        U::Kind: kind::Arithmetic,
    {
        Sum::new(self.place, '-', Term::Place(other.place))
    }

    /// The size of the attribute, to be compared.
    pub fn size(self) -> Size<M>
    where
        T::Kind: kind::Sized,
    {
        Size { place: self.place, model: PhantomData }
    }
}
