//! What the derives emit, as a user would have to write it.

#![expect(clippy::too_many_lines, reason = "snapshots are as long as what they show")]
#![expect(clippy::needless_raw_string_hashes, reason = "as expect-test writes them")]

mod attributes;
mod keys;

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
                fn put_attributes(
                    &self,
                    item: &mut bank::dynamap::__private::Item,
                ) -> ::core::result::Result<(), bank::dynamap::__private::EncodeError> {
                    bank::dynamap::__private::put::<u64>(item, "id", &self.id)?;
                    bank::dynamap::__private::put::<Option<String>>(item, "e-mail", &self.email)?;
                    bank::dynamap::__private::put_or_null::<Kind>(item, "type", &self.r#type)?;
                    bank::dynamap::__private::put_or_null::<Vec<u8>>(item, "tags", &self.tags)?;
                    ::core::result::Result::Ok(())
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
                    let mut attributes = bank::dynamap::__private::Item::new();
                    let item = &mut attributes;
                    {
                        let default: Kind = ::core::default::Default::default();
                        bank::dynamap::__private::put_or_null::<Kind>(item, "type", &default)?;
                    }
                    {
                        let default: Vec<u8> = vec![1, 2];
                        bank::dynamap::__private::put_or_null::<Vec<u8>>(item, "tags", &default)?;
                    }
                    ::core::result::Result::Ok(attributes)
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
                fn put_attributes(
                    &self,
                    _: &mut ::dynamap::__private::Item,
                ) -> ::core::result::Result<(), ::dynamap::__private::EncodeError> {
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
