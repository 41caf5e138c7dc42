//! The derives work where names are shadowed and every lint is an error.
#![no_implicit_prelude]
#![deny(
    warnings,
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    unused,
    unused_qualifications,
    rust_2018_idioms
)]
#![allow(clippy::missing_const_for_fn)]
/// A.
pub mod shadows {
    #![allow(
        dead_code,
        non_snake_case,
        clippy::upper_case_acronyms,
        missing_docs,
        missing_debug_implementations
    )]
    pub struct Result;
    pub struct Option;
    pub struct String;
    pub struct Vec;
    pub struct Box;
    pub fn Ok() {}
    pub fn Err() {}
    pub fn Some() {}
    pub struct Default;
    pub trait Model {}
    pub trait Attribute {}
    pub trait From {}
    pub mod core {}
    pub mod std {}
    pub mod dynamap {}
}
#[allow(unused_imports)]
use self::shadows::*;
#[allow(non_upper_case_globals)]
const ITEM: u8 = 1;
#[allow(non_upper_case_globals, dead_code)]
const HASH: u8 = 1;
/// Enum.
#[derive(
    ::std::fmt::Debug,
    ::std::clone::Clone,
    ::std::marker::Copy,
    ::std::default::Default,
    ::dynamap::Attribute,
)]
pub enum Colour {
    /// R.
    #[default]
    Red,
    /// Kind.
    Kind,
    /// Operand.
    #[model(rename = "op`\"erand")]
    Operand,
    /// Self.
    Item,
}
/// Newtype.
#[derive(::std::fmt::Debug, ::std::clone::Clone, ::dynamap::Attribute)]
pub struct Name(::std::string::String);
/// Newtype.
#[derive(::std::fmt::Debug, ::std::clone::Clone, ::dynamap::Attribute)]
pub struct Tags(::std::collections::BTreeSet<::std::string::String>);
/// Map.
#[derive(::std::fmt::Debug, ::std::clone::Clone, ::dynamap::Attribute)]
pub struct Address {
    /// a
    pub city: ::std::string::String,
    #[model(default = ITEM)]
    value: u8,
    #[deprecated]
    other: ::std::option::Option<Colour>,
    operand: u8,
    map: u8,
}
/// Newtype of a map.
#[derive(::std::fmt::Debug, ::std::clone::Clone, ::dynamap::Attribute)]
pub struct Outer(Inner);
/// Inner.
#[derive(::std::fmt::Debug, ::std::clone::Clone, ::dynamap::Attribute)]
pub struct Inner {
    #[model(alias = "string")]
    str: u8,
    #[model(skip, default = ITEM)]
    item: u8,
}
#[allow(dead_code, non_camel_case_types)]
struct str;
/// Beside.
#[derive(::std::fmt::Debug, ::std::clone::Clone, ::dynamap::Attribute)]
pub struct Beside {
    /// Not `item`.
    #[model(alias = "string")]
    pub str: u8,
}
/// Data.
#[derive(::std::fmt::Debug, ::std::clone::Clone, ::dynamap::Attribute)]
pub enum Data {
    /// Nothing.
    Nothing,
    /// No fields.
    Empty {},
    /// Fields.
    Fields {
        /// Item.
        item: u8,
        /// Map.
        map: Colour,
        /// Self.
        #[model(flatten)]
        r#type_: Beside,
        /// Not stored.
        #[model(skip)]
        value: u8,
        /// Old.
        #[deprecated]
        operand: ::std::option::Option<u8>,
    },
    /// Value.
    Value(::std::boxed::Box<Self>),
    /// Other.
    #[model(other)]
    Other(::dynamap::Item),
}
/// Known and unknown.
#[derive(::std::fmt::Debug, ::std::clone::Clone, ::dynamap::Attribute)]
pub enum Open {
    /// Known.
    Known,
    /// Unknown.
    #[model(other)]
    Unknown(::std::string::String),
}
/// Beside others.
#[derive(::std::fmt::Debug, ::std::clone::Clone, ::dynamap::Model)]
#[model(table = "wide", validate = false, unknown = "refuse")]
pub struct Wide {
    /// hash
    #[model(hash_key)]
    pub hash: u64,
    #[model(flatten)]
    inner: Inner,
    #[model(skip)]
    item: u8,
    data: Data,
    open: Open,
    outer: Outer,
}
/// Composed keys and indexes.
#[derive(::std::fmt::Debug, ::std::clone::Clone, ::dynamap::Model)]
#[model(table = "shop", hash_key = "A#{r#type}#{hash}", range_key = "{{{item:04}}}", validate = false)]
#[model(discriminator = "composed", hash_key_name = "part0")]
#[model(gsi(by_range, hash_key = [range, part1], range_key = "{item:02}#{hash}", include = [lib]))]
#[model(gsi(inverted, hash_key = sk, range_key = part0, keys_only))]
#[model(lsi(by_lib, range_key = lib))]
pub struct Composed {
    /// hash
    pub hash: ::std::string::String,
    /// type
    pub r#type: Colour,
    item: u16,
    range: ::std::option::Option<::std::string::String>,
    part1: u8,
    lib: u8,
}
/// Some of it.
#[derive(::std::fmt::Debug, ::dynamap::Projection)]
#[model(of = Composed)]
pub struct Some_ {
    /// type
    pub r#type: Colour,
    /// item
    pub item: u16,
    /// lib
    #[model(default = ITEM)]
    pub lib: u8,
}
/// Both.
#[derive(::std::fmt::Debug, ::dynamap::Collection)]
pub struct Both {
    /// all
    pub found: ::std::vec::Vec<::dynamap::Loaded<Composed>>,
}
/// One of.
#[derive(::std::fmt::Debug, ::dynamap::Collection)]
pub enum OneOf {
    /// one
    Found(::dynamap::Loaded<Composed>),
}
static CHAIN: ::dynamap::Migrations =
    ::dynamap::Migrations::new(&[::dynamap::Step::new("1.0.0", "2.0.0", |_| {
        ::std::result::Result::Ok(())
    })]);
/// M.
#[derive(::std::fmt::Debug, ::std::clone::Clone, ::dynamap::Model)]
#[model(table = "all", validate = false, migrations = CHAIN, schema = "2.0.0")]
pub struct All {
    /// hash
    #[model(hash_key)]
    pub r#type: Colour,
    /// range
    #[model(range_key)]
    pub range: Name,
    #[model(default = ITEM)]
    item: u8,
    #[model(default)]
    colour: Colour,
    #[model(default = ::std::vec::Vec::new())]
    bytes: ::std::vec::Vec<u8>,
    address: ::std::option::Option<Address>,
    #[model(default = Tags(::std::default::Default::default()))]
    tags: Tags,
    names: ::std::vec::Vec<Name>,
    id: u64,
    key: u64,
    #[model(version)]
    value: u64,
}
#[allow(clippy::unnecessary_wraps)]
fn check(_: &Counted) -> ::std::result::Result<(), ::garde::Report> {
    ::std::result::Result::Ok(())
}
#[derive(::std::fmt::Debug, ::std::clone::Clone, ::dynamap::Model)]
#[model(table = "counted", validate_with = check, crate = "::dynamap")]
struct Counted {
    #[model(hash_key, auto_increment)]
    id: u32,
}
macro_rules! model {
    ($name:ident $table:literal $ty:ty, $version:ty, $e:expr) => {
        #[derive(::std::fmt::Debug, ::std::clone::Clone, ::dynamap::Model)]
        #[model(table = $table, validate = false)]
        struct $name {
            #[model(hash_key)]
            id: $ty,
            #[model(default = $e)]
            e: $ty,
            #[model(version)]
            version: $version,
        }
    };
}
model!(Macro "macro" u32, u64, 1 + 1);
#[allow(clippy::default_trait_access)]
fn main() {
    use ::dynamap::Model as _;
    let a = All {
        r#type: Colour::Operand,
        range: Name(::std::convert::From::from("x")),
        item: 3,
        colour: Colour::Red,
        bytes: ::std::vec::Vec::new(),
        address: ::std::option::Option::None,
        tags: Tags(::std::default::Default::default()),
        names: ::std::vec::Vec::new(),
        id: 1,
        key: 2,
        value: 0,
    };
    let stored = a.to_attributes().expect("x");
    let back = All::from_attributes(&stored).expect("x");
    ::std::println!(
        "{stored:?} {back:?} {:?}",
        All::TYPE.eq(&Colour::Kind) & All::RANGE.begins_with("x")
    );
    let inner = Inner { str: 1, item: 2 };
    let w = Wide {
        hash: 1,
        inner: ::std::clone::Clone::clone(&inner),
        item: 3,
        data: Data::Value(::std::boxed::Box::new(Data::Nothing)),
        open: Open::Known,
        outer: Outer(inner),
    };
    ::std::println!("{:?} {:?} {:?}", w.to_attributes(), (&w.inner, w.item, &w.data), w.open);
    ::std::println!("{:?} {:?} {:?}", w.inner.str, w.inner.item, w.outer.0);
    let c = Counted { id: 1 };
    let m = Macro { id: 1, e: 2, version: 3 };
    ::std::println!("{:?} {:?} {:?} {:?}", c.key(), m.key(), c.id, (m.id, m.e, m.version));
    ::std::println!(
        "{:?}",
        All::encode_key((&Colour::Kind, "x")).map(|k| ::std::string::ToString::to_string(&k))
    );
    ::std::println!(
        "{:?} {:?}",
        a.r#type,
        (&a.range.0, a.item, a.colour, &a.bytes, a.id, a.key, a.value, &a.tags.0, a.names.len())
    );
    if let ::std::option::Option::Some(x) = a.address {
        ::std::println!("{:?}", (x.city, x.value, x.operand, x.map));
    }
}
