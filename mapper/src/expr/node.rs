//! A condition without its model, and how it is rendered.

use std::fmt;

use super::place::Place;
use super::render::Placeholders;
use crate::codec::EncodeError;
use crate::item::AttributeValue;

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
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

/// One side of a comparison.
#[derive(Clone, PartialEq)]
pub(crate) enum Term {
    Place(Place),
    Size(Place),
    /// An operand, or why it cannot be stored; reported when the expression is used.
    Value(Place, Result<AttributeValue, EncodeError>),
}

/// A condition without its model: what the renderer reads. Cannot be named outside this crate.
#[derive(Clone, PartialEq)]
#[doc(hidden)]
pub struct Node(Box<Kind>);

#[derive(Clone, PartialEq)]
pub(crate) enum Kind {
    Compare(Term, Operator, Term),
    Between(Term, Term, Term),
    In(Place, Vec<Term>),
    BeginsWith(Place, Term),
    Contains(Place, Term),
    Type(Place, &'static str),
    Exists(Place),
    NotExists(Place),
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Node),
    /// A condition with the name that its failure is reported by.
    Labelled(&'static str, Node),
}

/// Shows the shape, not the operands.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.render(&mut Placeholders::default()).ok().flatten();
        f.write_str(&text.unwrap_or_default())
    }
}

impl Node {
    pub(crate) fn of(kind: Kind) -> Self {
        Self(Box::new(kind))
    }

    pub(crate) fn kind(&self) -> &Kind {
        &self.0
    }

    /// The attribute has this value.
    pub(crate) fn equals(name: &'static str, value: AttributeValue) -> Self {
        Self::compare(name, Operator::Eq, value)
    }

    /// The attribute is less than this value.
    pub(crate) fn less(name: &'static str, value: AttributeValue) -> Self {
        Self::compare(name, Operator::Lt, value)
    }

    /// The attribute is no more than this value.
    pub(crate) fn at_most(name: &'static str, value: AttributeValue) -> Self {
        Self::compare(name, Operator::Le, value)
    }

    /// The attribute is no less than this value.
    pub(crate) fn at_least(name: &'static str, value: AttributeValue) -> Self {
        Self::compare(name, Operator::Ge, value)
    }

    /// The attribute is one of these values, or between them.
    pub(crate) fn between(name: &'static str, low: AttributeValue, high: AttributeValue) -> Self {
        let place = Place::attribute(name);
        let [low, high] = [low, high].map(|value| Term::Value(place.clone(), Ok(value)));
        Self::of(Kind::Between(Term::Place(place), low, high))
    }

    /// The attribute begins with this text.
    pub(crate) fn begins_with(name: &'static str, text: &str) -> Self {
        let place = Place::attribute(name);
        let value = Term::Value(place.clone(), Ok(AttributeValue::S(text.to_owned())));
        Self::of(Kind::BeginsWith(place, value))
    }

    /// Every attribute that it is about, some several times.
    pub(crate) fn places(&self) -> Vec<&Place> {
        fn term(term: &Term) -> Option<&Place> {
            match term {
                Term::Place(place) | Term::Size(place) => Some(place),
                Term::Value(..) => None,
            }
        }
        match self.kind() {
            Kind::And(nodes) | Kind::Or(nodes) => nodes.iter().flat_map(Self::places).collect(),
            Kind::Not(node) | Kind::Labelled(_, node) => node.places(),
            Kind::Compare(left, _, right) => term(left).into_iter().chain(term(right)).collect(),
            Kind::Between(place, ..) => term(place).into_iter().collect(),
            Kind::In(place, _)
            | Kind::BeginsWith(place, _)
            | Kind::Contains(place, _)
            | Kind::Type(place, _)
            | Kind::Exists(place)
            | Kind::NotExists(place) => vec![place],
        }
    }

    /// Whether it is the empty condition.
    pub(crate) fn is_empty(&self) -> bool {
        matches!(self.kind(), Kind::And(nodes) if nodes.is_empty())
    }

    /// Whether all parts of another condition are parts of this one, so that the other holds wherever this one does.
    pub(crate) fn says(&self, other: &Self) -> bool {
        match (other.kind(), self.kind()) {
            (Kind::And(others), _) => others.iter().all(|other| self.says(other)),
            (_, Kind::And(own)) => own.contains(other),
            _ => self == other,
        }
    }

    /// Whether it is one comparison, and of this attribute.
    pub(crate) fn is_about(&self, name: &str) -> bool {
        match self.kind() {
            Kind::Compare(Term::Place(place), ..)
            | Kind::Between(Term::Place(place), ..)
            | Kind::BeginsWith(place, _) => place.name == name && place.inner.is_empty(),
            _ => false,
        }
    }

    /// Whether it is one equality.
    pub(crate) fn is_equality(&self) -> bool {
        matches!(self.kind(), Kind::Compare(_, Operator::Eq, _))
    }

    /// The attribute is greater than this value.
    pub(crate) fn greater(name: &'static str, value: AttributeValue) -> Self {
        Self::compare(name, Operator::Gt, value)
    }

    fn compare(name: &'static str, operator: Operator, value: AttributeValue) -> Self {
        let place = Place::attribute(name);
        let value = Term::Value(place.clone(), Ok(value));
        Self::of(Kind::Compare(Term::Place(place), operator, value))
    }

    /// The attribute is there.
    pub(crate) fn exists(name: &'static str) -> Self {
        Self::of(Kind::Exists(Place::attribute(name)))
    }

    /// The attribute is absent.
    pub(crate) fn not_exists(name: &'static str) -> Self {
        Self::of(Kind::NotExists(Place::attribute(name)))
    }

    /// The attribute is stored as NULL.
    pub(crate) fn stored_as_null(name: &str) -> Self {
        Self::of(Kind::Type(Place::from(name), "NULL"))
    }

    /// The attribute is there, whatever it is.
    pub(crate) fn seen_at_all(name: &str) -> Self {
        Self::of(Kind::Exists(Place::from(name)))
    }

    /// The attribute is as it was seen: equal, or still absent.
    pub(crate) fn seen(name: &str, value: Option<&AttributeValue>) -> Self {
        let place = Place::from(name);
        Self::of(match value {
            None => Kind::NotExists(place),
            Some(value) => {
                let value = Term::Value(place.clone(), Ok(value.clone()));
                Kind::Compare(Term::Place(place), Operator::Eq, value)
            }
        })
    }

    /// All of them; with none, the empty condition.
    pub(crate) fn all(nodes: Vec<Self>) -> Self {
        nodes.into_iter().fold(Self::of(Kind::And(Vec::new())), Self::and)
    }

    /// Any of them.
    pub(crate) fn any(nodes: Vec<Self>) -> Self {
        nodes.into_iter().reduce(Self::or).unwrap_or_else(|| Self::all(Vec::new()))
    }

    /// Both. The empty condition adds nothing, so that a list never has one part.
    pub(crate) fn and(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        let mut all = match *self.0 {
            Kind::And(all) => all,
            one => vec![Self::of(one)],
        };
        match *other.0 {
            Kind::And(more) => all.extend(more),
            one => all.push(Self::of(one)),
        }
        Self::of(Kind::And(all))
    }

    /// Either. The empty condition adds nothing here either: it is where a program begins that collects alternatives.
    pub(crate) fn or(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        let mut any = match *self.0 {
            Kind::Or(any) => any,
            one => vec![Self::of(one)],
        };
        match *other.0 {
            Kind::Or(more) => any.extend(more),
            one => any.push(Self::of(one)),
        }
        Self::of(Kind::Or(any))
    }

    pub(crate) fn negate(self) -> Self {
        Self::of(Kind::Not(self))
    }

    /// The condition by this name; the empty condition has none.
    pub(crate) fn label(self, label: &'static str) -> Self {
        if self.is_empty() { self } else { Self::of(Kind::Labelled(label, self)) }
    }

    /// The expression text, its names and values put into `into`; `None` for the empty condition.
    pub(crate) fn render(&self, into: &mut Placeholders) -> Result<Option<String>, EncodeError> {
        let mut text = String::with_capacity(64);
        self.write(&mut text, into)?;
        Ok((!text.is_empty()).then_some(text))
    }

    /// Writes the condition, or nothing where it says nothing.
    fn write(&self, text: &mut String, into: &mut Placeholders) -> Result<(), EncodeError> {
        match &*self.0 {
            Kind::And(nodes) => return join(nodes, " AND ", text, into),
            Kind::Or(nodes) => return join(nodes, " OR ", text, into),
            Kind::Not(node) => {
                text.push_str("NOT ");
                let before = text.len();
                node.write_inner(text, into)?;
                if text.len() == before {
                    let reason = "`!Condition::none()` says nothing: begin with a condition";
                    return Err(EncodeError::new(reason));
                }
                return Ok(());
            }
            Kind::Labelled(_, node) => return node.write(text, into),
            Kind::Compare(left, operator, right) => {
                into.term(text, left)?;
                text.push(' ');
                text.push_str(operator.symbol());
                text.push(' ');
                return into.term(text, right);
            }
            Kind::Between(term, low, high) => {
                into.term(text, term)?;
                text.push_str(" BETWEEN ");
                into.term(text, low)?;
                text.push_str(" AND ");
                return into.term(text, high);
            }
            Kind::In(place, terms) => return Self::write_in(place, terms, text, into),
            Kind::BeginsWith(place, term) => {
                text.push_str("begins_with(");
                into.place(text, place);
                text.push_str(", ");
                into.term(text, term)?;
            }
            Kind::Contains(place, term) => {
                text.push_str("contains(");
                into.place(text, place);
                text.push_str(", ");
                into.term(text, term)?;
            }
            Kind::Type(place, kind) => {
                text.push_str("attribute_type(");
                into.place(text, place);
                text.push_str(", ");
                into.value(text, AttributeValue::S((*kind).to_owned()));
            }
            Kind::Exists(place) => {
                text.push_str("attribute_exists(");
                into.place(text, place);
            }
            Kind::NotExists(place) => {
                text.push_str("attribute_not_exists(");
                into.place(text, place);
            }
        }
        text.push(')');
        Ok(())
    }

    fn write_in(
        place: &Place,
        terms: &[Term],
        text: &mut String,
        into: &mut Placeholders,
    ) -> Result<(), EncodeError> {
        if terms.is_empty() || terms.len() > MAX_IN {
            let reason = "`is_in` takes 1 to 100 operands";
            return Err(EncodeError::new(reason).at(&place.to_string()));
        }
        into.place(text, place);
        for (i, term) in terms.iter().enumerate() {
            text.push_str(if i == 0 { " IN (" } else { ", " });
            into.term(text, term)?;
        }
        text.push(')');
        Ok(())
    }

    fn unlabelled(&self) -> &Kind {
        match &*self.0 {
            Kind::Labelled(_, node) => node.unlabelled(),
            kind => kind,
        }
    }

    /// In parentheses where the operators around it bind tighter.
    fn write_inner(&self, text: &mut String, into: &mut Placeholders) -> Result<(), EncodeError> {
        if !matches!(self.unlabelled(), Kind::And(_) | Kind::Or(_)) {
            return self.write(text, into);
        }
        text.push('(');
        let before = text.len();
        self.write(text, into)?;
        if text.len() == before {
            text.pop();
        } else {
            text.push(')');
        }
        Ok(())
    }

    /// The number of operators and functions, as AWS counts them against its limit of 300.
    pub(crate) fn operators(&self) -> usize {
        match &*self.0 {
            Kind::And(nodes) | Kind::Or(nodes) => {
                let inner: usize = nodes.iter().map(Self::operators).sum();
                inner + nodes.len().saturating_sub(1)
            }
            Kind::Not(node) => node.operators() + 1,
            Kind::Labelled(_, node) => node.operators(),
            Kind::Compare(left, _, right) => 1 + left.functions() + right.functions(),
            Kind::Between(term, ..) => 1 + term.functions(),
            _ => 1,
        }
    }
}

/// AWS: at most 100 operands of IN.
const MAX_IN: usize = 100;

impl Term {
    fn functions(&self) -> usize {
        usize::from(matches!(self, Self::Size(_)))
    }
}

fn join(
    nodes: &[Node],
    operator: &str,
    text: &mut String,
    into: &mut Placeholders,
) -> Result<(), EncodeError> {
    let first = text.len();
    for node in nodes {
        let before = text.len();
        if before > first {
            text.push_str(operator);
        }
        let start = text.len();
        node.write_inner(text, into)?;
        if text.len() == start {
            text.truncate(before);
        }
    }
    Ok(())
}
