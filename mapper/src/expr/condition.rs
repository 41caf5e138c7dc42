//! Conditions as users hold them: with the model that they are about.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{BitAnd, BitOr, Not};

use super::node::{Kind, Node, Operator, Term};
use super::place::Place;
use super::render::Placeholders;
use super::role::{self, RangeOf};
use crate::item::AttributeValue;

/// What must be true of a stored item: for a conditional write, or as the filter of a query or scan.
///
/// Built from [`Path`](super::Path)s, joined with `&`, `|` and `!`; [`Condition::none`] is where one begins that is put
/// together piece by piece. Its `Display` shows the operands: it is meant for the program that wrote them. Its `Debug`
/// does not.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, owner: String }
/// use dynamap::Condition;
///
/// fn search(owner: Option<&str>, at_least: Option<i64>) -> Condition<Account> {
///     let mut found = Condition::none();
///     if let Some(owner) = owner {
///         found = found & Account::OWNER.eq(owner);
///     }
///     if let Some(balance) = at_least {
///         found = found & Account::BALANCE.ge(balance);
///     }
///     found
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// assert_eq!(search(Some("ann"), Some(5)).to_string(), "owner = \"ann\" AND balance >= 5");
/// # Table::<Account>::create(&db).await?;
/// for (id, owner) in [(1, "ann"), (2, "bob")] {
///     Account { id, balance: 7, owner: owner.into() }.insert(&db).await?;
/// }
/// assert_eq!(Account::scan(&db).filter(search(Some("ann"), None)).count().await?, 1);
/// assert_eq!(Account::scan(&db).filter(search(None, None)).count().await?, 2);
/// # Ok(())
/// # }
/// ```
///
/// [AWS: condition expressions](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html)
#[must_use]
pub struct Condition<M> {
    node: Node,
    model: PhantomData<fn() -> M>,
}

/// A comparison of a key attribute: where that is the range key of what is queried, it selects a range in
/// [`Query::range`](crate::Query::range); it is a [`Condition`] too. `R` is the [role](super::role) of the attribute.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32, name: String }
/// use dynamap::{Error, KeyCondition};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// for (map, name) in [(1, "Hangar"), (2, "Nuclear Plant"), (3, "Toxin Refinery")] {
///     DoomMap { episode: 1, map, name: name.into() }.insert(&db).await?;
/// }
/// let early: KeyCondition<DoomMap> = DoomMap::MAP.le(2);
/// assert_eq!(DoomMap::query(&db, 1).range(early.clone()).count().await?, 2);
/// // As a condition, joined with others or with a name:
/// let renamed = DoomMap::update(&db, (1, 3)).set(DoomMap::NAME, "?").when(early.label("early")).await;
/// let Err(Error::Conflict(conflict)) = renamed else { panic!("map 3 is not early") };
/// assert_eq!(conflict.failures()[0].labels(), ["early"]);
/// # Ok(())
/// # }
/// ```
///
/// [AWS: key condition expressions](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html)
#[must_use]
pub struct KeyCondition<M, R = role::RangeKey> {
    node: Node,
    types: PhantomData<fn() -> (M, R)>,
}

/// The size of an attribute: UTF-16 units of a string, bytes of binary, elements of a set, list or map. From
/// [`Path::size`](super::Path::size). Of an absent attribute no comparison is true.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, balance: i64, owner: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// for (condition, text) in [
///     (Account::OWNER.size().eq(3), "size(owner) = 3"),
///     (Account::OWNER.size().lt(3), "size(owner) < 3"),
///     (Account::OWNER.size().le(3), "size(owner) <= 3"),
///     (Account::OWNER.size().gt(3), "size(owner) > 3"),
///     (Account::OWNER.size().ge(3), "size(owner) >= 3"),
///     (Account::OWNER.size().between(3, 5), "size(owner) BETWEEN 3 AND 5"),
/// ] {
///     assert_eq!(condition.to_string(), text);
/// }
/// # Table::<Account>::create(&db).await?;
/// # Account { id: 1, balance: 7, owner: "ann".into() }.insert(&db).await?;
/// assert_eq!(Account::scan(&db).filter(Account::OWNER.size().le(3)).count().await?, 1);
/// # Ok(())
/// # }
/// ```
///
/// [AWS: size](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html#Expressions.OperatorsAndFunctions.Functions)
#[must_use]
pub struct Size<M> {
    pub(super) place: Place,
    pub(super) model: PhantomData<fn() -> M>,
}

impl<M> Size<M> {
    fn compare(self, operator: Operator, size: usize) -> Condition<M> {
        let size = Self::term(&self.place, size);
        Node::of(Kind::Compare(Term::Size(self.place), operator, size)).into()
    }

    fn term(place: &Place, size: usize) -> Term {
        Term::Value(place.clone(), Ok(AttributeValue::N(size.to_string())))
    }

    /// The attribute is there and has this size.
    pub fn eq(self, size: usize) -> Condition<M> {
        self.compare(Operator::Eq, size)
    }

    /// The attribute is smaller.
    pub fn lt(self, size: usize) -> Condition<M> {
        self.compare(Operator::Lt, size)
    }

    /// The attribute has this size or less.
    pub fn le(self, size: usize) -> Condition<M> {
        self.compare(Operator::Le, size)
    }

    /// The attribute is larger.
    pub fn gt(self, size: usize) -> Condition<M> {
        self.compare(Operator::Gt, size)
    }

    /// The attribute has this size or more.
    pub fn ge(self, size: usize) -> Condition<M> {
        self.compare(Operator::Ge, size)
    }

    /// From `low` to `high`, both included.
    pub fn between(self, low: usize, high: usize) -> Condition<M> {
        let (low, high) = (Self::term(&self.place, low), Self::term(&self.place, high));
        Node::of(Kind::Between(Term::Size(self.place), low, high)).into()
    }
}

impl<M> fmt::Debug for Size<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Size({})", self.place)
    }
}

impl<M> Condition<M> {
    /// No condition: asks for nothing, and `none() & a` and `none() | a` are `a`, so that a condition can be put together
    /// piece by piece. See [`Condition`] for an example.
    ///
    /// Its negation says nothing, and is refused as an [`Error::Encode`](crate::Error::Encode) where it is used.
    pub fn none() -> Self {
        Node::all(Vec::new()).into()
    }

    /// Names the condition: where a write fails by it, [`Failure::labels`](crate::error::Failure::labels) has the name,
    /// so that several conditions on one item are told apart. Nothing is sent for it.
    ///
    /// ```
    /// # use dynamap::{Database, Error, Model, Table};
    /// # #[derive(Debug, Clone, Model)]
    /// # #[model(table = "accounts", validate = false)]
    /// # struct Account { #[model(hash_key)] id: u64, balance: i64, open: bool }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let db = Database::new(dynamap::embedded::memory()?);
    /// # Table::<Account>::create(&db).await?;
    /// # Account { id: 1, balance: 5, open: true }.insert(&db).await?;
    /// let debit = Account::update(&db, 1)
    ///     .decrement(Account::BALANCE, 10)
    ///     .when(Account::OPEN.eq(true).label("open"))
    ///     .when(Account::BALANCE.ge(10).label("solvent"));
    /// let Err(Error::Conflict(conflict)) = debit.await else { panic!("5 is less than 10") };
    /// assert_eq!(conflict.failures()[0].labels(), ["solvent"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn label(self, label: &'static str) -> Self {
        self.node.label(label).into()
    }

    pub(crate) fn into_node(self) -> Node {
        self.node
    }

    fn as_node(&self) -> &Node {
        &self.node
    }
}

impl<M, R> KeyCondition<M, R> {
    /// Names the condition; see [`Condition::label`].
    pub fn label(self, label: &'static str) -> Condition<M> {
        self.node.label(label).into()
    }

    pub(crate) fn into_node(self) -> Node {
        self.node
    }

    fn as_node(&self) -> &Node {
        &self.node
    }
}

impl<M> From<Node> for Condition<M> {
    fn from(node: Node) -> Self {
        Self { node, model: PhantomData }
    }
}

impl<M, R> From<Node> for KeyCondition<M, R> {
    fn from(node: Node) -> Self {
        Self { node, types: PhantomData }
    }
}

/// What can stand where a condition on model `M` is wanted: a [`Condition`], a [`KeyCondition`] or a
/// [`Composite`](super::Composite).
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32, name: String }
/// use dynamap::{Condition, IntoCondition};
///
/// fn neither(a: impl IntoCondition<DoomMap>, b: impl IntoCondition<DoomMap>) -> Condition<DoomMap> {
///     !(a.into_condition() | b)
/// }
/// let condition = neither(DoomMap::MAP.le(2), DoomMap::NAME.ne("Hangar"));
/// assert_eq!(condition.to_string(), "NOT (map <= 2 OR name <> \"Hangar\")");
/// ```
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

impl<M, R> IntoCondition<M> for KeyCondition<M, R> {
    fn into_condition(self) -> Condition<M> {
        self.node.into()
    }
}

/// What can stand where a condition on a range key of `M` is wanted: a [`KeyCondition`] of the table's range key, or of
/// that of the index `I` which is queried, or a [`Composite`](super::Composite).
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32, name: String }
/// use dynamap::{Error, IntoKeyCondition};
///
/// async fn maps(db: &Database, range: impl IntoKeyCondition<DoomMap>) -> Result<usize, Error> {
///     DoomMap::query(db, 1).range(range).count().await
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// # for map in [1, 2, 3] {
/// #     DoomMap { episode: 1, map, name: "Hangar".into() }.insert(&db).await?;
/// # }
/// assert_eq!(maps(&db, DoomMap::MAP.ge(2)).await?, 2);
/// assert_eq!(maps(&db, DoomMap::MAP.eq(1)).await?, 1);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not select a range of the range key of `{M}`",
    note = "`range` takes one comparison of the range key other than `ne`; for other attributes write `.filter(...)`"
)]
pub trait IntoKeyCondition<M, I = role::Primary> {
    #[doc(hidden)]
    fn into_key_node(self) -> Node;
}

impl<M, R: RangeOf<M, I>, I> IntoKeyCondition<M, I> for KeyCondition<M, R> {
    fn into_key_node(self) -> Node {
        self.node
    }
}

macro_rules! operators {
    ($($ty:ident<$($generic:ident),*>)*) => { $(
        impl<$($generic),*> Clone for $ty<$($generic),*> {
            fn clone(&self) -> Self {
                self.as_node().clone().into()
            }
        }

        impl<$($generic,)* C: IntoCondition<M>> BitAnd<C> for $ty<$($generic),*> {
            type Output = Condition<M>;

            fn bitand(self, other: C) -> Condition<M> {
                self.into_node().and(other.into_condition().node).into()
            }
        }

        impl<$($generic,)* C: IntoCondition<M>> BitOr<C> for $ty<$($generic),*> {
            type Output = Condition<M>;

            fn bitor(self, other: C) -> Condition<M> {
                self.into_node().or(other.into_condition().node).into()
            }
        }

        impl<$($generic),*> Not for $ty<$($generic),*> {
            type Output = Condition<M>;

            fn not(self) -> Condition<M> {
                self.into_node().negate().into()
            }
        }

        impl<$($generic),*> fmt::Display for $ty<$($generic),*> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut placeholders = Placeholders::default();
                match self.as_node().render(&mut placeholders) {
                    Ok(text) => f.write_str(&placeholders.explain(&text.unwrap_or_default())),
                    Err(error) => write!(f, "({error})"),
                }
            }
        }

        /// Shows the shape of the condition, not its operands.
        impl<$($generic),*> fmt::Debug for $ty<$($generic),*> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($ty)).field(self.as_node()).finish()
            }
        }
    )* };
}

operators!(Condition<M> KeyCondition<M, R>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Path;
    use crate::item::Item;

    struct M;
    const A: Path<M, i64> = Path::new("a");
    const B: Path<M, Option<String>> = Path::new("b");
    const L: Path<M, Vec<Option<u32>>> = Path::new("l");

    fn item(a: &str, b: Option<&str>) -> Item {
        let mut item = Item::new();
        item.insert("a", AttributeValue::N(a.into()));
        if let Some(b) = b {
            item.insert("b", AttributeValue::S(b.into()));
        }
        item.insert("l", AttributeValue::L(vec![AttributeValue::N("7".into())]));
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
            (A.is_in([1, 12]), "#0 IN (:0, :1)", true, true),
            (B.contains("yz"), "contains(#0, :0)", true, false),
            (B.size().gt(2), "size(#0) > :0", true, false),
            (L.contains(7), "contains(#0, :0)", true, true),
            (
                L.index(0).eq(7) & L.index(1).not_exists(),
                "#0[0] = :0 AND attribute_not_exists(#0[1])",
                true,
                true,
            ),
            (
                L.has_kind() & L.size().between(1, 2),
                "attribute_type(#0, :0) AND size(#0) BETWEEN :1 AND :2",
                true,
                true,
            ),
            (A.lt_attribute(L.index(0)), "#0 < #1[0]", true, false),
            (Condition::none() & A.eq(1) & Condition::none(), "#0 = :0", true, false),
            (!(Condition::none() & (A.eq(1) | A.eq(2))), "NOT (#0 = :0 OR #0 = :1)", false, true),
            (
                ((A.eq(1) | A.eq(2)) & Condition::none()) & B.exists(),
                "(#0 = :0 OR #0 = :1) AND attribute_exists(#1)",
                true,
                false,
            ),
            (!!A.eq(1), "NOT NOT #0 = :0", true, false),
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
    fn the_empty_condition_adds_nothing_and_has_no_negation() {
        let render = |condition: Condition<M>| condition.node.render(&mut Placeholders::default());
        assert_eq!(render(Condition::none()), Ok(None));
        assert_eq!(render(Condition::none() | A.eq(1)), Ok(Some("#0 = :0".to_owned())));
        assert!(render(!Condition::none()).is_err());
    }

    #[test]
    fn debug_hides_operands_and_display_shows_them() {
        let condition = B.eq("secret");
        assert_eq!(format!("{condition:?}"), "Condition(#0 = :0)");
        assert_eq!(condition.to_string(), "b = \"secret\"");
    }
}
