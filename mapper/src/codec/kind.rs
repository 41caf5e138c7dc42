//! DynamoDB's types as Rust types, so that the compiler knows what each attribute may be used for.
//!
//! [AWS: data types](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.DataTypes)

use aws_sdk_dynamodb::types::ScalarAttributeType;

mod sealed {
    pub trait Sealed {}
}

/// A DynamoDB type.
pub trait Kind: sealed::Sealed + Send + Sync + 'static {
    /// As AWS writes it: `S`, `N`, `SS`.
    const NAME: &'static str;
}

macro_rules! kinds {
    ($($name:ident $text:literal $what:literal),* $(,)?) => { $(
        #[doc = $what]
        #[derive(Debug, Clone, Copy)]
        pub struct $name;
        impl sealed::Sealed for $name {}
        impl Kind for $name { const NAME: &'static str = $text; }
    )* };
}

kinds! {
    S "S" "String.", N "N" "Number.", B "B" "Binary.", Bool "BOOL" "Boolean.",
    L "L" "List.", M "M" "Map.", Ss "SS" "String set.", Ns "NS" "Number set.", Bs "BS" "Binary set.",
    Any "any" "Any type, as each value decides; only to be compared for equality and existence.",
}

/// Kinds that can be keys: string, number, binary.
#[diagnostic::on_unimplemented(
    message = "a key attribute must be a string, a number or binary, not DynamoDB type `{Self}`",
    note = "AWS allows only S, N and B as hash and range keys"
)]
pub trait Key: Kind {
    /// The type in the table's attribute definitions.
    const SCALAR: ScalarKind;
}

/// The three scalar types of key attributes.
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

/// Kinds whose values can be unique: string, number, binary, boolean.
#[diagnostic::on_unimplemented(
    message = "a unique attribute must be a string, a number, binary or a boolean, not DynamoDB type `{Self}`",
    note = "make a part of it a field of its own, and write `#[model(unique)]` there"
)]
pub trait Unique: Kind {}

/// Kinds with an order: string, number, binary.
#[diagnostic::on_unimplemented(
    message = "`<`, `<=`, `>`, `>=` and `between` need a string, a number or binary, not DynamoDB type `{Self}`"
)]
pub trait Ordered: Kind {}

/// Kinds with a beginning: string and binary.
#[diagnostic::on_unimplemented(
    message = "`begins_with` needs a string or binary, not DynamoDB type `{Self}`"
)]
pub trait Prefix: Kind {}

/// Kinds with a text that a composed key can hold: string and number.
#[diagnostic::on_unimplemented(
    message = "a part of a composed key must be a string or a number, not DynamoDB type `{Self}`"
)]
pub trait Text: Key {}

/// Kinds that a composed key fills up with zeros: number.
#[diagnostic::on_unimplemented(
    message = "only a number has a width in a composed key, not DynamoDB type `{Self}`",
    note = "write `{{field}}` without `:`"
)]
pub trait Filled: Key {}

/// Kinds whose text has the order of the values: string.
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
#[diagnostic::on_unimplemented(
    message = "`has_kind` needs a field that is always stored as one DynamoDB type, not `{Self}`"
)]
pub trait Typed: Kind {}

/// Kinds with a size: all but numbers, booleans and NULL.
#[diagnostic::on_unimplemented(
    message = "`size` needs a string, binary, a set, a list or a map, not DynamoDB type `{Self}`"
)]
pub trait Sized: Kind {}

/// Kinds that ADD works on: numbers and sets.
#[diagnostic::on_unimplemented(
    message = "`add` needs a number or a set, not DynamoDB type `{Self}`",
    note = "write `.set(...)`, or `.append(...)` for a list"
)]
pub trait Add: Kind {}

/// Kinds that AWS computes with: number.
#[diagnostic::on_unimplemented(
    message = "sums and differences need numbers, not DynamoDB type `{Self}`"
)]
pub trait Arithmetic: Kind {}

impl Arithmetic for N {}

/// The kind `K` itself.
#[diagnostic::on_unimplemented(
    message = "one attribute is of DynamoDB type `{Self}`, the other of `{K}`",
    note = "an attribute is set to another of the same DynamoDB type"
)]
pub trait Is<K>: Kind {}

impl<K: Kind> Is<K> for K {}

/// The three kinds of sets.
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
