//! What the derives emit, as a user would have to write it.

#![expect(clippy::too_many_lines, reason = "snapshots are as long as what they show")]
#![expect(clippy::needless_raw_string_hashes, reason = "as expect-test writes them")]

use expect_test::{Expect, expect};
use proc_macro2::TokenStream;

use super::parse;
use crate::{check, expand, fallback};

fn check(code: TokenStream, expected: &Expect) {
    let file = syn::parse2(code).expect("the expansion is a list of items");
    expected.assert_eq(&prettyplease::unparse(&file));
}

pub(super) fn model(input: &str, expected: &Expect) {
    let input = parse(input);
    check(expand::model(&check::model(&input).expect("the input is right")), expected);
}

pub(super) fn attribute(input: &str, expected: &Expect) {
    let input = parse(input);
    check(expand::attribute(&check::attribute(&input).expect("the input is right")), expected);
}

#[test]
fn a_model_with_everything() {
    model(
        r#"
        #[model(table = "accounts", schema = "2.1.0", migrations = chains::ACCOUNT, validate_with = check_account)]
        #[model(crate = "bank::dynamap")]
        pub struct Account {
            #[model(hash_key, auto_increment)]
            pub id: u64,
            #[model(rename = "e-mail")]
            email: Option<String>,
            #[model(default)]
            pub(crate) r#type: Kind,
            #[model(default = vec![1, 2])]
            tags: Vec<u8>,
            #[model(version)]
            version: u64,
        }
        "#,
        &expect![[r##"
            #[automatically_derived]
            #[allow(dead_code)]
            impl Account {
                ///The attribute `id`.
                pub const ID: bank::dynamap::__private::Path<
                    Self,
                    u64,
                    bank::dynamap::__private::role::HashKey,
                > = bank::dynamap::__private::Path::new("id");
                ///The attribute `e-mail`.
                const EMAIL: bank::dynamap::__private::Path<
                    Self,
                    Option<String>,
                    bank::dynamap::__private::role::Field,
                > = bank::dynamap::__private::Path::new("e-mail");
                ///The attribute `type`.
                pub(crate) const TYPE: bank::dynamap::__private::Path<
                    Self,
                    Kind,
                    bank::dynamap::__private::role::Field,
                > = bank::dynamap::__private::Path::new("type");
                ///The attribute `tags`.
                const TAGS: bank::dynamap::__private::Path<
                    Self,
                    Vec<u8>,
                    bank::dynamap::__private::role::Field,
                > = bank::dynamap::__private::Path::new("tags");
                ///The attribute `version`.
                const VERSION: bank::dynamap::__private::Path<
                    Self,
                    u64,
                    bank::dynamap::__private::role::Version,
                > = bank::dynamap::__private::Path::new("version");
            }
            #[automatically_derived]
            #[allow(deprecated)]
            impl bank::dynamap::__private::Model for Account {
                type KeyRef<'a> = <u64 as bank::dynamap::__private::Attribute>::Operand<'a>;
                type HashRef<'a> = <u64 as bank::dynamap::__private::Attribute>::Operand<'a>;
                type KeyKind = <u64 as bank::dynamap::__private::Attribute>::Kind;
                type Lock = bank::dynamap::__private::Versioned;
                fn layout() -> &'static bank::dynamap::__private::Layout {
                    static LAYOUT: bank::dynamap::__private::Layout = bank::dynamap::__private::Layout {
                        model: "Account",
                        table: "accounts",
                        hash_key: bank::dynamap::__private::key_attribute::<u64>("id"),
                        range_key: ::core::option::Option::None,
                        version: ::core::option::Option::Some("version"),
                        schema: bank::dynamap::__private::Version::new(2, 1, 0),
                        auto_increment: true,
                        attributes: &["id", "e-mail", "type", "tags"],
                        aliases: &[],
                        templates: &[],
                        discriminator: ::core::option::Option::None,
                        indexes: &[],
                        uniques: &[],
                        views: &[],
                        retired_views: &[],
                        refuse_unknown: false,
                        renamed: &[("email", "e-mail")],
                        created_at: ::core::option::Option::None,
                        ttl: ::core::option::Option::None,
                        after_read: false,
                        settings: &bank::dynamap::__private::TableSettings::DEFAULT,
                        upgrade: &chains::ACCOUNT,
                    };
                    &LAYOUT
                }
                fn encode_key(
                    part0: <u64 as bank::dynamap::__private::Attribute>::Operand<'_>,
                ) -> ::core::result::Result<
                    bank::dynamap::__private::Key,
                    bank::dynamap::__private::EncodeError,
                > {
                    let part0 = bank::dynamap::__private::key_operand::<u64>("id", part0)?;
                    bank::dynamap::__private::Key::new(part0, ::core::option::Option::None)
                }
                fn encode_hash(
                    part0: <u64 as bank::dynamap::__private::Attribute>::Operand<'_>,
                ) -> ::core::result::Result<
                    (&'static ::core::primitive::str, bank::dynamap::__private::AttributeValue),
                    bank::dynamap::__private::EncodeError,
                > {
                    let part0 = bank::dynamap::__private::key_operand::<u64>("id", part0)?;
                    ::core::result::Result::Ok(part0)
                }
                fn key(
                    &self,
                ) -> ::core::result::Result<
                    bank::dynamap::__private::Key,
                    bank::dynamap::__private::EncodeError,
                > {
                    let part0 = bank::dynamap::__private::key_field::<u64>("id", &self.id)?;
                    bank::dynamap::__private::Key::new(part0, ::core::option::Option::None)
                }
                fn to_attributes(
                    &self,
                ) -> ::core::result::Result<
                    bank::dynamap::__private::Item,
                    bank::dynamap::__private::EncodeError,
                > {
                    let mut item = bank::dynamap::__private::Item::with_capacity(8usize);
                    bank::dynamap::__private::put::<u64>(&mut item, "id", &self.id)?;
                    bank::dynamap::__private::put::<
                        Option<String>,
                    >(&mut item, "e-mail", &self.email)?;
                    bank::dynamap::__private::put_or_null::<Kind>(&mut item, "type", &self.r#type)?;
                    bank::dynamap::__private::put_or_null::<Vec<u8>>(&mut item, "tags", &self.tags)?;
                    ::core::result::Result::Ok(item)
                }
                fn from_attributes(
                    item: &bank::dynamap::__private::Item,
                ) -> ::core::result::Result<Self, bank::dynamap::__private::DecodeError> {
                    ::core::result::Result::Ok(Self {
                        id: bank::dynamap::__private::field::<u64>(item, "id")?,
                        email: bank::dynamap::__private::field::<Option<String>>(item, "e-mail")?,
                        r#type: bank::dynamap::__private::field_or::<
                            Kind,
                        >(item, "type", || ::core::default::Default::default())?,
                        tags: bank::dynamap::__private::field_or::<
                            Vec<u8>,
                        >(item, "tags", || vec![1, 2])?,
                        version: bank::dynamap::__private::field_or::<u64>(item, "version", || 0)?,
                    })
                }
                fn fill_defaults(
                    &mut self,
                ) -> ::core::result::Result<(), bank::dynamap::__private::EncodeError> {
                    if bank::dynamap::__private::is_absent::<Kind>("type", &self.r#type)? {
                        self.r#type = ::core::default::Default::default();
                    }
                    if bank::dynamap::__private::is_absent::<Vec<u8>>("tags", &self.tags)? {
                        self.tags = vec![1, 2];
                    }
                    ::core::result::Result::Ok(())
                }
                fn default_attributes() -> ::core::result::Result<
                    bank::dynamap::__private::Item,
                    bank::dynamap::__private::EncodeError,
                > {
                    let mut item = bank::dynamap::__private::Item::new();
                    {
                        let default: Kind = ::core::default::Default::default();
                        bank::dynamap::__private::put_or_null::<Kind>(&mut item, "type", &default)?;
                    }
                    {
                        let default: Vec<u8> = vec![1, 2];
                        bank::dynamap::__private::put_or_null::<
                            Vec<u8>,
                        >(&mut item, "tags", &default)?;
                    }
                    ::core::result::Result::Ok(item)
                }
                fn version_mut(&mut self) -> ::core::option::Option<&mut u64> {
                    ::core::option::Option::Some(&mut self.version)
                }
                fn set_hash_key(
                    &mut self,
                    id: u64,
                ) -> ::core::result::Result<(), bank::dynamap::__private::EncodeError> {
                    bank::dynamap::__private::set_auto::<u64>(&mut self.id, "id", id)
                }
                fn check(&self) -> ::core::result::Result<(), bank::dynamap::__private::Report> {
                    check_account(self)
                }
            }
            #[automatically_derived]
            impl bank::dynamap::__private::Counted for Account {}
            const _: () = chains::ACCOUNT.assert_ends_at(2, 1, 0);
        "##]],
    );
}

#[test]
fn a_model_with_a_range_key() {
    model(
        r#"
        #[model(table = "maps")]
        struct DoomMap {
            #[model(hash_key)]
            episode: u32,
            #[model(range_key)]
            map: String,
        }
        "#,
        &expect![[r##"
            #[automatically_derived]
            #[allow(dead_code)]
            impl DoomMap {
                ///The attribute `episode`.
                const EPISODE: ::dynamap::__private::Path<
                    Self,
                    u32,
                    ::dynamap::__private::role::HashKey,
                > = ::dynamap::__private::Path::new("episode");
                ///The attribute `map`.
                const MAP: ::dynamap::__private::Path<
                    Self,
                    String,
                    ::dynamap::__private::role::RangeKey,
                > = ::dynamap::__private::Path::new("map");
            }
            #[automatically_derived]
            #[allow(deprecated)]
            impl ::dynamap::__private::Model for DoomMap {
                type KeyRef<'a> = (
                    <u32 as ::dynamap::__private::Attribute>::Operand<'a>,
                    <String as ::dynamap::__private::Attribute>::Operand<'a>,
                );
                type HashRef<'a> = <u32 as ::dynamap::__private::Attribute>::Operand<'a>;
                type KeyKind = ::dynamap::__private::kind::M;
                type Lock = ::dynamap::__private::Unversioned;
                fn layout() -> &'static ::dynamap::__private::Layout {
                    static LAYOUT: ::dynamap::__private::Layout = ::dynamap::__private::Layout {
                        model: "DoomMap",
                        table: "maps",
                        hash_key: ::dynamap::__private::key_attribute::<u32>("episode"),
                        range_key: ::core::option::Option::Some(
                            ::dynamap::__private::key_attribute::<String>("map"),
                        ),
                        version: ::core::option::Option::None,
                        schema: ::dynamap::__private::Version::new(1, 0, 0),
                        auto_increment: false,
                        attributes: &["episode", "map"],
                        aliases: &[],
                        templates: &[],
                        discriminator: ::core::option::Option::None,
                        indexes: &[],
                        uniques: &[],
                        views: &[],
                        retired_views: &[],
                        refuse_unknown: false,
                        renamed: &[],
                        created_at: ::core::option::Option::None,
                        ttl: ::core::option::Option::None,
                        after_read: false,
                        settings: &::dynamap::__private::TableSettings::DEFAULT,
                        upgrade: &::dynamap::__private::Never,
                    };
                    &LAYOUT
                }
                fn encode_key(
                    (
                        part0,
                        part1,
                    ): (
                        <u32 as ::dynamap::__private::Attribute>::Operand<'_>,
                        <String as ::dynamap::__private::Attribute>::Operand<'_>,
                    ),
                ) -> ::core::result::Result<
                    ::dynamap::__private::Key,
                    ::dynamap::__private::EncodeError,
                > {
                    let part0 = ::dynamap::__private::key_operand::<u32>("episode", part0)?;
                    let part1 = ::dynamap::__private::key_operand::<String>("map", part1)?;
                    ::dynamap::__private::Key::new(part0, ::core::option::Option::Some(part1))
                }
                fn encode_hash(
                    part0: <u32 as ::dynamap::__private::Attribute>::Operand<'_>,
                ) -> ::core::result::Result<
                    (&'static ::core::primitive::str, ::dynamap::__private::AttributeValue),
                    ::dynamap::__private::EncodeError,
                > {
                    let part0 = ::dynamap::__private::key_operand::<u32>("episode", part0)?;
                    ::core::result::Result::Ok(part0)
                }
                fn key(
                    &self,
                ) -> ::core::result::Result<
                    ::dynamap::__private::Key,
                    ::dynamap::__private::EncodeError,
                > {
                    let part0 = ::dynamap::__private::key_field::<u32>("episode", &self.episode)?;
                    let part1 = ::dynamap::__private::key_field::<String>("map", &self.map)?;
                    ::dynamap::__private::Key::new(part0, ::core::option::Option::Some(part1))
                }
                fn to_attributes(
                    &self,
                ) -> ::core::result::Result<
                    ::dynamap::__private::Item,
                    ::dynamap::__private::EncodeError,
                > {
                    let mut item = ::dynamap::__private::Item::with_capacity(5usize);
                    ::dynamap::__private::put::<u32>(&mut item, "episode", &self.episode)?;
                    ::dynamap::__private::put::<String>(&mut item, "map", &self.map)?;
                    ::core::result::Result::Ok(item)
                }
                fn from_attributes(
                    item: &::dynamap::__private::Item,
                ) -> ::core::result::Result<Self, ::dynamap::__private::DecodeError> {
                    ::core::result::Result::Ok(Self {
                        episode: ::dynamap::__private::field::<u32>(item, "episode")?,
                        map: ::dynamap::__private::field::<String>(item, "map")?,
                    })
                }
                fn fill_defaults(
                    &mut self,
                ) -> ::core::result::Result<(), ::dynamap::__private::EncodeError> {
                    ::core::result::Result::Ok(())
                }
                fn version_mut(&mut self) -> ::core::option::Option<&mut u64> {
                    ::core::option::Option::None
                }
                fn set_hash_key(
                    &mut self,
                    id: u64,
                ) -> ::core::result::Result<(), ::dynamap::__private::EncodeError> {
                    let _ = id;
                    ::core::result::Result::Err(
                        ::dynamap::__private::EncodeError::new(
                            "the hash key is not `auto_increment`",
                        ),
                    )
                }
                fn check(&self) -> ::core::result::Result<(), ::dynamap::__private::Report> {
                    ::dynamap::__private::validate::<DoomMap>(self)
                }
            }
            #[automatically_derived]
            impl ::dynamap::__private::BatchDelete for DoomMap {}
            #[automatically_derived]
            impl ::dynamap::__private::BatchPut for DoomMap {}
        "##]],
    );
}

#[test]
fn a_map() {
    attribute(
        r#"struct Address { city: String, #[model(rename = "cc", default = "CH".to_owned())] country: String }"#,
        &expect![[r##"
            #[automatically_derived]
            #[allow(dead_code, deprecated)]
            impl Address {
                ///The attribute `city`.
                const CITY: ::dynamap::__private::Path<
                    Self,
                    String,
                    ::dynamap::__private::role::Field,
                > = ::dynamap::__private::Path::new("city");
                ///The attribute `cc`.
                const COUNTRY: ::dynamap::__private::Path<
                    Self,
                    String,
                    ::dynamap::__private::role::Field,
                > = ::dynamap::__private::Path::new_otherwise("cc");
            }
            #[automatically_derived]
            #[allow(deprecated)]
            impl ::dynamap::__private::Document for Address {
                type Document = Self;
            }
            #[automatically_derived]
            #[allow(deprecated)]
            impl ::dynamap::__private::Flatten for Address {
                const ATTRIBUTES: &'static [&'static ::core::primitive::str] = &["city", "cc"];
                const ALIASES: &'static [(
                    &'static ::core::primitive::str,
                    &'static ::core::primitive::str,
                )] = &[];
                fn to_entries(
                    &self,
                ) -> ::core::result::Result<
                    ::dynamap::__private::Item,
                    ::dynamap::__private::EncodeError,
                > {
                    let mut item = ::dynamap::__private::Item::with_capacity(2usize);
                    ::dynamap::__private::put::<String>(&mut item, "city", &self.city)?;
                    ::dynamap::__private::put_or_null::<String>(&mut item, "cc", &self.country)?;
                    ::core::result::Result::Ok(item)
                }
                fn from_entries(
                    map: &impl ::dynamap::__private::Source,
                ) -> ::core::result::Result<Self, ::dynamap::__private::DecodeError> {
                    ::core::result::Result::Ok(Self {
                        city: ::dynamap::__private::field::<String>(map, "city")?,
                        country: ::dynamap::__private::field_or::<
                            String,
                        >(map, "cc", || "CH".to_owned())?,
                    })
                }
                fn default_entries() -> ::core::result::Result<
                    ::dynamap::__private::Item,
                    ::dynamap::__private::EncodeError,
                > {
                    #[allow(unused_mut)]
                    let mut item = ::dynamap::__private::Item::new();
                    {
                        let default: String = "CH".to_owned();
                        ::dynamap::__private::put_or_null::<String>(&mut item, "cc", &default)?;
                    }
                    ::core::result::Result::Ok(item)
                }
            }
            #[automatically_derived]
            #[allow(deprecated)]
            impl ::dynamap::__private::Attribute for Address {
                type Kind = ::dynamap::__private::kind::M;
                type ListKind = ::dynamap::__private::kind::L;
                type Operand<'a> = &'a Self;
                fn encode(
                    &self,
                ) -> ::core::result::Result<
                    ::core::option::Option<::dynamap::__private::AttributeValue>,
                    ::dynamap::__private::EncodeError,
                > {
                    <Self as ::dynamap::__private::Attribute>::encode_operand(self)
                        .map(::core::option::Option::Some)
                }
                fn encode_operand(
                    operand: &Self,
                ) -> ::core::result::Result<
                    ::dynamap::__private::AttributeValue,
                    ::dynamap::__private::EncodeError,
                > {
                    ::dynamap::__private::to_map(operand)
                }
                fn decode(
                    value: &::dynamap::__private::AttributeValue,
                ) -> ::core::result::Result<Self, ::dynamap::__private::DecodeError> {
                    ::dynamap::__private::from_map(value, "a map (Address)")
                }
            }
        "##]],
    );
}

#[test]
fn a_newtype() {
    attribute(
        "struct Cents(i64);",
        &expect![[r#"
            #[automatically_derived]
            #[allow(deprecated)]
            impl ::dynamap::__private::Newtype for Cents {
                type Inner = i64;
                fn wrap(inner: i64) -> Self {
                    Self(inner)
                }
                fn inner(&self) -> &i64 {
                    &self.0
                }
            }
            #[automatically_derived]
            #[allow(deprecated)]
            impl ::dynamap::__private::Attribute for Cents {
                type Kind = <i64 as ::dynamap::__private::Attribute>::Kind;
                type ListKind = ::dynamap::__private::kind::L;
                type Operand<'a> = <i64 as ::dynamap::__private::Attribute>::Operand<'a>;
                fn encode(
                    &self,
                ) -> ::core::result::Result<
                    ::core::option::Option<::dynamap::__private::AttributeValue>,
                    ::dynamap::__private::EncodeError,
                > {
                    <i64 as ::dynamap::__private::Attribute>::encode(&self.0)
                }
                fn encode_operand(
                    operand: <i64 as ::dynamap::__private::Attribute>::Operand<'_>,
                ) -> ::core::result::Result<
                    ::dynamap::__private::AttributeValue,
                    ::dynamap::__private::EncodeError,
                > {
                    <i64 as ::dynamap::__private::Attribute>::encode_operand(operand)
                }
                fn decode(
                    value: &::dynamap::__private::AttributeValue,
                ) -> ::core::result::Result<Self, ::dynamap::__private::DecodeError> {
                    <i64 as ::dynamap::__private::Attribute>::decode(value).map(Self)
                }
                fn absent() -> ::core::option::Option<Self> {
                    <i64 as ::dynamap::__private::Attribute>::absent().map(Self)
                }
            }
        "#]],
    );
}

#[test]
fn an_enum() {
    attribute(
        r#"enum Status { Open, #[model(rename = "done")] Closed }"#,
        &expect![[r##"
            #[automatically_derived]
            #[allow(deprecated)]
            impl ::dynamap::__private::Attribute for Status {
                type Kind = ::dynamap::__private::kind::S;
                type ListKind = ::dynamap::__private::kind::L;
                type Operand<'a> = &'a Self;
                fn encode(
                    &self,
                ) -> ::core::result::Result<
                    ::core::option::Option<::dynamap::__private::AttributeValue>,
                    ::dynamap::__private::EncodeError,
                > {
                    <Self as ::dynamap::__private::Attribute>::encode_operand(self)
                        .map(::core::option::Option::Some)
                }
                fn encode_operand(
                    operand: &Self,
                ) -> ::core::result::Result<
                    ::dynamap::__private::AttributeValue,
                    ::dynamap::__private::EncodeError,
                > {
                    let name = match operand {
                        Self::Open => "Open",
                        Self::Closed => "done",
                    };
                    ::core::result::Result::Ok(
                        ::dynamap::__private::AttributeValue::S(
                            ::std::borrow::ToOwned::to_owned(name),
                        ),
                    )
                }
                fn decode(
                    value: &::dynamap::__private::AttributeValue,
                ) -> ::core::result::Result<Self, ::dynamap::__private::DecodeError> {
                    match value {
                        ::dynamap::__private::AttributeValue::S(name) => {
                            match name.as_str() {
                                "Open" => ::core::result::Result::Ok(Self::Open),
                                "done" => ::core::result::Result::Ok(Self::Closed),
                                _ => {
                                    ::core::result::Result::Err(
                                        ::dynamap::__private::DecodeError::new(
                                            "one of `Open`, `done`",
                                            "another string",
                                        ),
                                    )
                                }
                            }
                        }
                        other => {
                            ::core::result::Result::Err(
                                ::dynamap::__private::DecodeError::kind(
                                    "one of `Open`, `done`",
                                    other,
                                ),
                            )
                        }
                    }
                }
            }
        "##]],
    );
}

#[test]
fn a_mistake_leaves_constants_and_an_impl() {
    let input = parse(
        r#"
        #[model(table = "x", validate = false)]
        struct Map<T> {
            #[model(hash_key)]
            episode: u32,
            #[model(range_key)]
            map: u32,
            #[model(version, default)]
            version: T,
        }
        "#,
    );
    let error = check::model(&input).err().expect("the input is wrong");
    check(
        fallback::model(&input, &error),
        &expect![[r#"
            ::core::compile_error! {
                "a model describes one table and cannot be generic: write a struct for each table, with owned fields"
            }
            #[automatically_derived]
            #[allow(dead_code)]
            impl<T> Map<T> {
                ///The attribute `episode`.
                const EPISODE: ::dynamap::__private::Path<
                    Self,
                    u32,
                    ::dynamap::__private::role::HashKey,
                > = ::dynamap::__private::Path::new("episode");
                ///The attribute `map`.
                const MAP: ::dynamap::__private::Path<
                    Self,
                    u32,
                    ::dynamap::__private::role::RangeKey,
                > = ::dynamap::__private::Path::new("map");
                ///The attribute `version`.
                const VERSION: ::dynamap::__private::Path<
                    Self,
                    T,
                    ::dynamap::__private::role::Version,
                > = ::dynamap::__private::Path::new("version");
            }
            #[automatically_derived]
            impl<T> ::dynamap::__private::Model for Map<T>
            where
                for<'any> Self: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync
                    + 'static,
            {
                type KeyRef<'a> = (
                    <u32 as ::dynamap::__private::Attribute>::Operand<'a>,
                    <u32 as ::dynamap::__private::Attribute>::Operand<'a>,
                );
                type HashRef<'a> = <u32 as ::dynamap::__private::Attribute>::Operand<'a>;
                type KeyKind = ::dynamap::__private::kind::M;
                type Lock = ::dynamap::__private::Versioned;
                fn layout() -> &'static ::dynamap::__private::Layout {
                    ::core::unreachable!()
                }
                fn encode_key(
                    _: Self::KeyRef<'_>,
                ) -> ::core::result::Result<
                    ::dynamap::__private::Key,
                    ::dynamap::__private::EncodeError,
                > {
                    ::core::unreachable!()
                }
                fn encode_hash(
                    _: Self::HashRef<'_>,
                ) -> ::core::result::Result<
                    (&'static ::core::primitive::str, ::dynamap::__private::AttributeValue),
                    ::dynamap::__private::EncodeError,
                > {
                    ::core::unreachable!()
                }
                fn key(
                    &self,
                ) -> ::core::result::Result<
                    ::dynamap::__private::Key,
                    ::dynamap::__private::EncodeError,
                > {
                    ::core::unreachable!()
                }
                fn to_attributes(
                    &self,
                ) -> ::core::result::Result<
                    ::dynamap::__private::Item,
                    ::dynamap::__private::EncodeError,
                > {
                    ::core::unreachable!()
                }
                fn from_attributes(
                    _: &::dynamap::__private::Item,
                ) -> ::core::result::Result<Self, ::dynamap::__private::DecodeError> {
                    ::core::unreachable!()
                }
                fn fill_defaults(
                    &mut self,
                ) -> ::core::result::Result<(), ::dynamap::__private::EncodeError> {
                    ::core::unreachable!()
                }
                fn version_mut(&mut self) -> ::core::option::Option<&mut u64> {
                    ::core::unreachable!()
                }
                fn set_hash_key(
                    &mut self,
                    _: u64,
                ) -> ::core::result::Result<(), ::dynamap::__private::EncodeError> {
                    ::core::unreachable!()
                }
                fn check(&self) -> ::core::result::Result<(), ::dynamap::__private::Report> {
                    ::core::unreachable!()
                }
            }
        "#]],
    );
}

#[test]
fn a_model_with_what_the_library_fills_and_hooks() {
    let input = parse(
        r#"
        #[model(table = "orders", validate = false, normalize = lower, before_write = complete, after_read = Order::read)]
        struct Order {
            #[model(hash_key, uuid)]
            id: Uuid,
            #[model(created_at)]
            created: u64,
            #[model(updated_at, with = UnixMillis)]
            updated: SystemTime,
            #[model(ttl = DAY)]
            expires: Option<Ttl>,
        }
        "#,
    );
    let code = expand::model(&check::model(&input).expect("the input is right"));
    let file = prettyplease::unparse(&syn::parse2(code).expect("a list of items"));
    let from = file.find("#[allow(unused_variables)]").expect("what is filled");
    let to = file.find("    fn check(").expect("the validation");
    expect![[r##"
        #[allow(unused_variables)]
        fn fill_automatic(
            &mut self,
            automatic: &::dynamap::__private::Automatic<'_>,
            stored: ::core::option::Option<&Self>,
        ) {
            ::dynamap::__private::uuid::<
                Uuid,
            >(&mut self.id, ::dynamap::__private::UuidVersion::V4, automatic);
            ::dynamap::__private::created_at::<
                u64,
            >(&mut self.created, stored.map(|stored| &stored.created), automatic);
            ::dynamap::__private::updated_at::<SystemTime>(&mut self.updated, automatic);
            ::dynamap::__private::ttl::<
                Option<Ttl>,
            >(&mut self.expires, ::core::option::Option::Some(DAY), automatic);
        }
        fn encode_updated_at(
            now: ::std::time::SystemTime,
        ) -> ::core::result::Result<
            ::core::option::Option<
                (&'static ::core::primitive::str, ::dynamap::__private::AttributeValue),
            >,
            ::dynamap::__private::EncodeError,
        > {
            ::dynamap::__private::encode_now_with::<SystemTime, UnixMillis>("updated", now)
        }
        fn normalize(&mut self) {
            lower(self)
        }
        fn before_write(
            self,
            verb: ::dynamap::__private::WriteVerb,
        ) -> ::core::result::Result<Self, ::dynamap::__private::Report> {
            complete(self, verb)
        }
        fn after_read(self, item: &::dynamap::__private::Item) -> Self {
            Order::read(self, item)
        }
    "##]]
    .assert_eq(&file[from..to].replace("\n    ", "\n"));
}

#[test]
fn a_model_with_composed_keys_and_an_index() {
    model(
        r#"
        #[model(
            table = "shop",
            hash_key = "USER#{user}",
            range_key = "ORDER#{day}#{number:06}",
            discriminator = "order",
            validate = false
        )]
        #[model(gsi(by_status, hash_key = status, range_key = day, include = [total]))]
        struct Order {
            user: String,
            day: String,
            number: u32,
            status: String,
            total: i64,
        }
        "#,
        &expect![[r##"
            #[automatically_derived]
            #[allow(dead_code)]
            impl Order {
                ///The attribute `user`.
                const USER: ::dynamap::__private::Path<
                    Self,
                    String,
                    ::dynamap::__private::role::KeyPart<0>,
                > = ::dynamap::__private::Path::new("user");
                ///The attribute `day`.
                const DAY: ::dynamap::__private::Path<
                    Self,
                    String,
                    ::dynamap::__private::role::KeyPart<1>,
                > = ::dynamap::__private::Path::new("day");
                ///The attribute `number`.
                const NUMBER: ::dynamap::__private::Path<
                    Self,
                    u32,
                    ::dynamap::__private::role::KeyPart<2>,
                > = ::dynamap::__private::Path::new("number");
                ///The attribute `status`.
                const STATUS: ::dynamap::__private::Path<
                    Self,
                    String,
                    ::dynamap::__private::role::Field,
                > = ::dynamap::__private::Path::new("status");
                ///The attribute `total`.
                const TOTAL: ::dynamap::__private::Path<
                    Self,
                    i64,
                    ::dynamap::__private::role::Field,
                > = ::dynamap::__private::Path::new("total");
                ///The attribute `pk`.
                const PK: ::dynamap::__private::Path<
                    Self,
                    ::std::string::String,
                    ::dynamap::__private::role::HashKey,
                > = ::dynamap::__private::Path::new("pk");
                ///The composed key `sk`.
                const SK: ::dynamap::__private::Composite<
                    Self,
                    (::dynamap::__private::Plain<String>, (::dynamap::__private::Filled<u32>, ())),
                    ::dynamap::__private::role::RangeKey,
                > = ::dynamap::__private::Composite::new(::dynamap::__private::Template {
                    name: "sk",
                    parts: &[
                        ::dynamap::__private::Part::Text("ORDER#"),
                        ::dynamap::__private::part::<String>("day"),
                        ::dynamap::__private::Part::Text("#"),
                        ::dynamap::__private::filled_part::<u32>("number", 6),
                    ],
                });
                ///The index `by_status`.
                const BY_STATUS: ::dynamap::__private::Index<
                    Self,
                    ::dynamap::__private::role::At<0>,
                > = ::dynamap::__private::Index::new();
            }
            #[automatically_derived]
            #[allow(deprecated)]
            impl ::dynamap::__private::Model for Order {
                type KeyRef<'a> = (
                    <String as ::dynamap::__private::Attribute>::Operand<'a>,
                    (
                        <String as ::dynamap::__private::Attribute>::Operand<'a>,
                        <u32 as ::dynamap::__private::Attribute>::Operand<'a>,
                    ),
                );
                type HashRef<'a> = <String as ::dynamap::__private::Attribute>::Operand<'a>;
                type KeyKind = ::dynamap::__private::kind::M;
                type Lock = ::dynamap::__private::Unversioned;
                fn layout() -> &'static ::dynamap::__private::Layout {
                    static LAYOUT: ::dynamap::__private::Layout = ::dynamap::__private::Layout {
                        model: "Order",
                        table: "shop",
                        hash_key: ::dynamap::__private::composed_attribute("pk"),
                        range_key: ::core::option::Option::Some(
                            ::dynamap::__private::composed_attribute("sk"),
                        ),
                        version: ::core::option::Option::None,
                        schema: ::dynamap::__private::Version::new(1, 0, 0),
                        auto_increment: false,
                        attributes: &[
                            "user",
                            "day",
                            "number",
                            "status",
                            "total",
                            "pk",
                            "sk",
                            "_type",
                        ],
                        aliases: &[],
                        templates: &[
                            ::dynamap::__private::Template {
                                name: "pk",
                                parts: &[
                                    ::dynamap::__private::Part::Text("USER#"),
                                    ::dynamap::__private::part::<String>("user"),
                                ],
                            },
                            ::dynamap::__private::Template {
                                name: "sk",
                                parts: &[
                                    ::dynamap::__private::Part::Text("ORDER#"),
                                    ::dynamap::__private::part::<String>("day"),
                                    ::dynamap::__private::Part::Text("#"),
                                    ::dynamap::__private::filled_part::<u32>("number", 6),
                                ],
                            },
                        ],
                        discriminator: ::core::option::Option::Some(("_type", "order")),
                        indexes: &[
                            ::dynamap::__private::IndexLayout {
                                name: "by_status",
                                local: false,
                                hash_key: &[::dynamap::__private::key_attribute::<String>("status")],
                                range_key: &[::dynamap::__private::key_attribute::<String>("day")],
                                holds: ::dynamap::__private::Holds::Some(&["total"]),
                            },
                        ],
                        uniques: &[],
                        views: &[],
                        retired_views: &[],
                        refuse_unknown: false,
                        renamed: &[],
                        created_at: ::core::option::Option::None,
                        ttl: ::core::option::Option::None,
                        after_read: false,
                        settings: &::dynamap::__private::TableSettings::DEFAULT,
                        upgrade: &::dynamap::__private::Never,
                    };
                    &LAYOUT
                }
                fn encode_key(
                    (
                        part0,
                        (part1, part2),
                    ): (
                        <String as ::dynamap::__private::Attribute>::Operand<'_>,
                        (
                            <String as ::dynamap::__private::Attribute>::Operand<'_>,
                            <u32 as ::dynamap::__private::Attribute>::Operand<'_>,
                        ),
                    ),
                ) -> ::core::result::Result<
                    ::dynamap::__private::Key,
                    ::dynamap::__private::EncodeError,
                > {
                    let part0 = ::dynamap::__private::key_operand::<String>("user", part0)?;
                    let part1 = ::dynamap::__private::key_operand::<String>("day", part1)?;
                    let part2 = ::dynamap::__private::key_operand::<u32>("number", part2)?;
                    ::dynamap::__private::Key::new(
                        ::dynamap::__private::composed(
                            <Self as ::dynamap::__private::Model>::layout(),
                            "pk",
                            &[&part0],
                        )?,
                        ::core::option::Option::Some(
                            ::dynamap::__private::composed(
                                <Self as ::dynamap::__private::Model>::layout(),
                                "sk",
                                &[&part1, &part2],
                            )?,
                        ),
                    )
                }
                fn encode_hash(
                    part0: <String as ::dynamap::__private::Attribute>::Operand<'_>,
                ) -> ::core::result::Result<
                    (&'static ::core::primitive::str, ::dynamap::__private::AttributeValue),
                    ::dynamap::__private::EncodeError,
                > {
                    let part0 = ::dynamap::__private::key_operand::<String>("user", part0)?;
                    ::core::result::Result::Ok(
                        ::dynamap::__private::composed(
                            <Self as ::dynamap::__private::Model>::layout(),
                            "pk",
                            &[&part0],
                        )?,
                    )
                }
                fn key(
                    &self,
                ) -> ::core::result::Result<
                    ::dynamap::__private::Key,
                    ::dynamap::__private::EncodeError,
                > {
                    let part0 = ::dynamap::__private::key_field::<String>("user", &self.user)?;
                    let part1 = ::dynamap::__private::key_field::<String>("day", &self.day)?;
                    let part2 = ::dynamap::__private::key_field::<u32>("number", &self.number)?;
                    ::dynamap::__private::Key::new(
                        ::dynamap::__private::composed(
                            <Self as ::dynamap::__private::Model>::layout(),
                            "pk",
                            &[&part0],
                        )?,
                        ::core::option::Option::Some(
                            ::dynamap::__private::composed(
                                <Self as ::dynamap::__private::Model>::layout(),
                                "sk",
                                &[&part1, &part2],
                            )?,
                        ),
                    )
                }
                fn to_attributes(
                    &self,
                ) -> ::core::result::Result<
                    ::dynamap::__private::Item,
                    ::dynamap::__private::EncodeError,
                > {
                    let mut item = ::dynamap::__private::Item::with_capacity(8usize);
                    ::dynamap::__private::put::<String>(&mut item, "user", &self.user)?;
                    ::dynamap::__private::put::<String>(&mut item, "day", &self.day)?;
                    ::dynamap::__private::put::<u32>(&mut item, "number", &self.number)?;
                    ::dynamap::__private::put::<String>(&mut item, "status", &self.status)?;
                    ::dynamap::__private::put::<i64>(&mut item, "total", &self.total)?;
                    <Self as ::dynamap::__private::Model>::layout().compose(&mut item)?;
                    ::core::result::Result::Ok(item)
                }
                fn from_attributes(
                    item: &::dynamap::__private::Item,
                ) -> ::core::result::Result<Self, ::dynamap::__private::DecodeError> {
                    ::core::result::Result::Ok(Self {
                        user: ::dynamap::__private::field::<String>(item, "user")?,
                        day: ::dynamap::__private::field::<String>(item, "day")?,
                        number: ::dynamap::__private::field::<u32>(item, "number")?,
                        status: ::dynamap::__private::field::<String>(item, "status")?,
                        total: ::dynamap::__private::field::<i64>(item, "total")?,
                    })
                }
                fn fill_defaults(
                    &mut self,
                ) -> ::core::result::Result<(), ::dynamap::__private::EncodeError> {
                    ::core::result::Result::Ok(())
                }
                fn version_mut(&mut self) -> ::core::option::Option<&mut u64> {
                    ::core::option::Option::None
                }
                fn set_hash_key(
                    &mut self,
                    id: u64,
                ) -> ::core::result::Result<(), ::dynamap::__private::EncodeError> {
                    let _ = id;
                    ::core::result::Result::Err(
                        ::dynamap::__private::EncodeError::new(
                            "the hash key is not `auto_increment`",
                        ),
                    )
                }
                fn check(&self) -> ::core::result::Result<(), ::dynamap::__private::Report> {
                    ::core::result::Result::Ok(())
                }
            }
            #[automatically_derived]
            #[allow(deprecated)]
            impl ::dynamap::__private::Indexed<::dynamap::__private::role::At<0>> for Order {
                type IndexHash<'a> = <String as ::dynamap::__private::Attribute>::Operand<'a>;
                type Output = ::dynamap::__private::NeedsSelect;
                fn index() -> &'static ::dynamap::__private::IndexLayout {
                    &<Self as ::dynamap::__private::Model>::layout().indexes[0]
                }
                fn encode_index_hash(
                    part3: <String as ::dynamap::__private::Attribute>::Operand<'_>,
                ) -> ::core::result::Result<
                    ::std::vec::Vec<
                        (&'static ::core::primitive::str, ::dynamap::__private::AttributeValue),
                    >,
                    ::dynamap::__private::EncodeError,
                > {
                    let part3 = ::dynamap::__private::key_operand::<String>("status", part3)?;
                    ::core::result::Result::Ok(::std::vec![part3])
                }
            }
            #[automatically_derived]
            impl ::dynamap::__private::role::RangeOf<Order, ::dynamap::__private::role::At<0>>
            for ::dynamap::__private::role::KeyPart<1> {}
            #[automatically_derived]
            impl ::dynamap::__private::HoldsAttribute<
                ::dynamap::__private::role::At<0>,
                ::dynamap::__private::AttributeNumber<9036332894136256754>,
            > for Order {}
            #[automatically_derived]
            impl ::dynamap::__private::HoldsAttribute<
                ::dynamap::__private::role::At<0>,
                ::dynamap::__private::AttributeNumber<14595384746719022877>,
            > for Order {}
            #[automatically_derived]
            impl ::dynamap::__private::HoldsAttribute<
                ::dynamap::__private::role::At<0>,
                ::dynamap::__private::AttributeNumber<9237349086447201248>,
            > for Order {}
            #[automatically_derived]
            impl ::dynamap::__private::HoldsAttribute<
                ::dynamap::__private::role::At<0>,
                ::dynamap::__private::AttributeNumber<14183358520170196015>,
            > for Order {}
            #[automatically_derived]
            impl ::dynamap::__private::HoldsAttribute<
                ::dynamap::__private::role::At<0>,
                ::dynamap::__private::AttributeNumber<3300820206774538237>,
            > for Order {}
        "##]],
    );
}
