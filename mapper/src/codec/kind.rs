//! DynamoDB's types as Rust types, so that the compiler knows what each attribute may be used for.
//!
//! [AWS: data types](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes)

use aws_sdk_dynamodb::types::ScalarAttributeType;

mod sealed {
    pub trait Sealed {}
}

/// A DynamoDB type.
///
/// ```
/// use dynamap::{Attribute, kind::Kind};
///
/// fn stored_as<T: Attribute>() -> &'static str {
///     <T::Kind as Kind>::NAME
/// }
/// assert_eq!(stored_as::<String>(), "S");
/// assert_eq!(stored_as::<Option<Vec<u64>>>(), "L");
/// ```
pub trait Kind: sealed::Sealed + Send + Sync + 'static {
    /// As AWS writes it: `S`, `N`, `SS`.
    const NAME: &'static str;
}

macro_rules! kinds {
    ($($name:ident $text:literal of $ty:literal: $what:literal;)*) => { $(
        #[doc = $what]
        #[doc = concat!(
            "\n\n```\nuse dynamap::{Attribute, kind::{self, Kind as _}};\n\n",
            "fn name<T: Attribute<Kind = kind::", stringify!($name), ">>() -> &'static str {\n",
            "    T::Kind::NAME\n}\n",
            "assert_eq!(name::<", $ty, ">(), \"", $text, "\");\n```"
        )]
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        impl sealed::Sealed for $name {}
        impl Kind for $name { const NAME: &'static str = $text; }
    )* };
}

kinds! {
    S "S" of "String": "String.";
    N "N" of "u64": "Number.";
    B "B" of "Vec<u8>": "Binary.";
    Bool "BOOL" of "bool": "Boolean.";
    L "L" of "Vec<String>": "List.";
    M "M" of "std::collections::BTreeMap<String, u64>": "Map.";
    Ss "SS" of "std::collections::BTreeSet<String>": "String set.";
    Ns "NS" of "std::collections::BTreeSet<u64>": "Number set.";
    Bs "BS" of "std::collections::BTreeSet<Vec<u8>>": "Binary set.";
    Any "any" of "dynamap::With<(u8, bool), dynamap::Serde>":
        "Any type, as each value decides; only to be compared for equality and existence.";
}

/// Kinds that can be keys: string, number, binary.
///
/// ```
/// use dynamap::{Attribute, kind};
///
/// fn key_type<T: Attribute<Kind: kind::Key>>() -> kind::ScalarKind {
///     <T::Kind as kind::Key>::SCALAR
/// }
/// assert_eq!(key_type::<String>(), kind::ScalarKind::S);
/// assert_eq!(key_type::<[u8; 16]>(), kind::ScalarKind::B);
/// ```
///
/// [AWS: primary key](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.CoreComponents.html#HowItWorks.CoreComponents.PrimaryKey)
#[diagnostic::on_unimplemented(
    message = "a key attribute must be a string, a number or binary, not DynamoDB type `{Self}`",
    note = "AWS allows only S, N and B as hash and range keys"
)]
pub trait Key: Kind {
    /// The type in the table's attribute definitions.
    const SCALAR: ScalarKind;
}

/// The three scalar types of key attributes.
///
/// ```
/// use dynamap::{Model, kind::ScalarKind};
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "accounts", validate = false)]
/// struct Account { #[model(hash_key)] iban: String, #[model(range_key)] year: u32 }
///
/// let layout = Account::layout();
/// assert_eq!(layout.hash_key.kind, ScalarKind::S);
/// assert_eq!(layout.range_key.map(|key| key.kind), Some(ScalarKind::N));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarKind {
    /// String.
    S,
    /// Number.
    N,
    /// Binary.
    B,
}

impl From<ScalarKind> for ScalarAttributeType {
    fn from(kind: ScalarKind) -> Self {
        match kind {
            ScalarKind::S => Self::S,
            ScalarKind::N => Self::N,
            ScalarKind::B => Self::B,
        }
    }
}

/// Kinds whose values can be unique: string, number, binary, boolean. Asked for by `#[model(unique)]`.
///
/// ```
/// use dynamap::Model;
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "users", validate = false)]
/// struct User {
///     #[model(hash_key)]
///     id: u64,
///     #[model(unique)]
///     email: String,
///     #[model(unique)]
///     badge: [u8; 4],
/// }
///
/// let uniques: Vec<_> = User::layout().uniques.iter().map(|unique| unique.name).collect();
/// assert_eq!(uniques, ["email", "badge"]);
/// ```
#[diagnostic::on_unimplemented(
    message = "a unique attribute must be a string, a number, binary or a boolean, not DynamoDB type `{Self}`",
    note = "make a part of it a field of its own, and write `#[model(unique)]` there"
)]
pub trait Unique: Kind {}

/// Kinds with an order: string, number, binary.
///
/// ```
/// # use dynamap::Model;
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, iban: String, balance: i64 }
/// use dynamap::{Attribute, Condition, Path, kind};
///
/// fn at_least<M, T: Attribute<Kind: kind::Ordered>>(path: Path<M, T>, low: T::Operand<'_>) -> Condition<M> {
///     path.ge(low)
/// }
/// assert_eq!(at_least(Account::BALANCE, 5).to_string(), "balance >= 5");
/// assert_eq!(at_least(Account::IBAN, "CH").to_string(), "iban >= \"CH\"");
/// ```
#[diagnostic::on_unimplemented(
    message = "`<`, `<=`, `>`, `>=` and `between` need a string, a number or binary, not DynamoDB type `{Self}`"
)]
pub trait Ordered: Kind {}

/// Kinds with a beginning: string and binary.
///
/// ```
/// # use dynamap::Model;
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, iban: String, balance: i64 }
/// use dynamap::{Attribute, Condition, Path, kind};
///
/// fn begins<M, T: Attribute<Kind: kind::Prefix>>(path: Path<M, T>, with: T::Operand<'_>) -> Condition<M> {
///     path.begins_with(with)
/// }
/// assert_eq!(begins(Account::IBAN, "CH").to_string(), "begins_with(iban, \"CH\")");
/// ```
#[diagnostic::on_unimplemented(
    message = "`begins_with` needs a string or binary, not DynamoDB type `{Self}`"
)]
pub trait Prefix: Kind {}

/// Kinds with a text that a composed key can hold: string and number. Asked for by `{field}` in a key.
///
/// ```
/// use dynamap::Model;
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "shop", hash_key = "USER#{user}#{number}", validate = false)]
/// struct Order { user: String, number: u32 }
///
/// let key = Order { user: "ann".into(), number: 7 }.key()?;
/// assert_eq!(key.to_string(), "pk = \"USER#ann#7\"");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "a part of a composed key must be a string or a number, not DynamoDB type `{Self}`"
)]
pub trait Text: Key {}

/// Kinds that a composed key fills up with zeros: number. Asked for by `{field:4}` in a key.
///
/// ```
/// use dynamap::Model;
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "shop", hash_key = "USER#{user}", range_key = "ORDER#{number:04}", validate = false)]
/// struct Order { user: String, number: u32 }
///
/// let key = Order::encode_key(("ann", 7))?;
/// assert_eq!(key.to_string(), "pk = \"USER#ann\", sk = \"ORDER#0007\"");
/// assert!(Order::encode_key(("ann", 10_000)).is_err()); // five digits
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "only a number has a width in a composed key, not DynamoDB type `{Self}`",
    note = "write `{{field}}` without `:`"
)]
pub trait Filled: Key {}

/// Kinds whose text has the order of the values: string. Asked for by ranges of a composed key; a number has it where the
/// key gives it a width.
///
/// ```
/// use dynamap::Model;
///
/// #[derive(Debug, Clone, Model)]
/// #[model(table = "shop", hash_key = "USER#{user}", range_key = "{day}#{number:04}", validate = false)]
/// struct Order { user: String, day: String, number: u32 }
///
/// assert_eq!(Order::SK.ge("2026-11-21").to_string(), "sk >= \"2026-11-21\"");
/// ```
#[diagnostic::on_unimplemented(
    message = "the text of this part of the key does not have the order of its values",
    note = "give the number a width in the template, as in `{{number:06}}`"
)]
pub trait OrderedText: Text {}

impl OrderedText for S {}

impl Text for S {}
impl Text for N {}
impl Filled for N {}

impl Key for S {
    const SCALAR: ScalarKind = ScalarKind::S;
}
impl Key for N {
    const SCALAR: ScalarKind = ScalarKind::N;
}
impl Key for B {
    const SCALAR: ScalarKind = ScalarKind::B;
}
impl Ordered for S {}
impl Ordered for N {}
impl Ordered for B {}
impl Prefix for S {}
impl Prefix for B {}

/// Kinds that are one DynamoDB type: all but [`Any`].
///
/// ```
/// # use dynamap::Model;
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, iban: String, balance: i64 }
/// use dynamap::{Attribute, Condition, Path, kind};
///
/// fn as_written<M, T: Attribute<Kind: kind::Typed>>(path: Path<M, T>) -> Condition<M> {
///     path.has_kind()
/// }
/// assert_eq!(as_written(Account::BALANCE).to_string(), "attribute_type(balance, \"N\")");
/// ```
#[diagnostic::on_unimplemented(
    message = "`has_kind` needs a field that is always stored as one DynamoDB type, not `{Self}`"
)]
pub trait Typed: Kind {}

/// Kinds with a size: all but numbers, booleans and NULL.
///
/// ```
/// # use dynamap::Model;
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "accounts", validate = false)]
/// # struct Account { #[model(hash_key)] id: u64, iban: String, balance: i64 }
/// use dynamap::{Attribute, Condition, Path, kind};
///
/// fn longer<M, T: Attribute<Kind: kind::Sized>>(path: Path<M, T>, size: usize) -> Condition<M> {
///     path.size().gt(size)
/// }
/// assert_eq!(longer(Account::IBAN, 20).to_string(), "size(iban) > 20");
/// ```
#[diagnostic::on_unimplemented(
    message = "`size` needs a string, binary, a set, a list or a map, not DynamoDB type `{Self}`"
)]
pub trait Sized: Kind {}

/// Kinds that ADD works on: numbers and sets.
///
/// ```
/// # use std::collections::BTreeSet;
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "posts", validate = false)]
/// # struct Post { #[model(hash_key)] id: u64, likes: u64, tags: BTreeSet<String> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Post>::create(&db).await?;
/// let set = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<BTreeSet<_>>();
/// Post { id: 1, likes: 2, tags: set(&["rust"]) }.insert(&db).await?;
/// Post::update(&db, 1).add(Post::LIKES, 5).add(Post::TAGS, &set(&["aws"])).await?;
/// let post = Post::get(&db, 1).await?.expect("there");
/// assert_eq!((post.likes, &post.tags), (7, &set(&["aws", "rust"])));
/// # Ok(())
/// # }
/// ```
///
/// [AWS: ADD](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html#Expressions.UpdateExpressions.ADD)
#[diagnostic::on_unimplemented(
    message = "`add` needs a number or a set, not DynamoDB type `{Self}`",
    note = "write `.set(...)`, or `.append(...)` for a list"
)]
pub trait Add: Kind {}

/// Kinds that AWS computes with: number.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "bills", validate = false)]
/// # struct Bill { #[model(hash_key)] id: u64, net: i64, tax: i64, total: i64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Bill>::create(&db).await?;
/// Bill { id: 1, net: 100, tax: 8, total: 0 }.insert(&db).await?;
/// Bill::update(&db, 1).set_to(Bill::TOTAL, Bill::NET.plus_attribute(Bill::TAX)).await?;
/// assert_eq!(Bill::get(&db, 1).await?.expect("there").total, 108);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "sums and differences need numbers, not DynamoDB type `{Self}`"
)]
pub trait Arithmetic: Kind {}

impl Arithmetic for N {}

/// The kind `K` itself. Asked for where an attribute is set to another: both are of one DynamoDB type.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "users", validate = false)]
/// # struct User { #[model(hash_key)] id: u64, login: String, name: Option<String> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<User>::create(&db).await?;
/// User { id: 1, login: "ann".into(), name: None }.insert(&db).await?;
/// User::update(&db, 1).set_to(User::NAME, User::LOGIN).await?; // a string to a string
/// assert_eq!(User::get(&db, 1).await?.expect("there").name.as_deref(), Some("ann"));
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "one attribute is of DynamoDB type `{Self}`, the other of `{K}`",
    note = "an attribute is set to another of the same DynamoDB type"
)]
pub trait Is<K>: Kind {}

impl<K: Kind> Is<K> for K {}

/// The three kinds of sets.
///
/// ```
/// # use std::collections::BTreeSet;
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "posts", validate = false)]
/// # struct Post { #[model(hash_key)] id: u64, likes: u64, tags: BTreeSet<String> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<Post>::create(&db).await?;
/// let set = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<BTreeSet<_>>();
/// Post { id: 1, likes: 2, tags: set(&["aws", "rust"]) }.insert(&db).await?;
/// Post::update(&db, 1).delete_from(Post::TAGS, &set(&["aws"])).await?;
/// assert_eq!(Post::get(&db, 1).await?.expect("there").tags, set(&["rust"]));
/// # Ok(())
/// # }
/// ```
///
/// [AWS: DELETE](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html#Expressions.UpdateExpressions.DELETE)
#[diagnostic::on_unimplemented(
    message = "`delete_from` needs a set, not DynamoDB type `{Self}`",
    note = "write `.remove(...)` to remove the attribute"
)]
pub trait Set: Kind {}

macro_rules! are {
    ($trait:ident: $($kind:ident)*) => { $( impl $trait for $kind {} )* };
}

are!(Unique: S N B Bool);
are!(Typed: S N B Bool L M Ss Ns Bs);
are!(Sized: S B L M Ss Ns Bs);
are!(Add: N Ss Ns Bs);
are!(Set: Ss Ns Bs);
