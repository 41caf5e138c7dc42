//! Expansions of enums with data, and of fields that are stored beside others or not at all.

#![expect(clippy::too_many_lines, reason = "snapshots are as long as what they show")]
#![expect(clippy::needless_raw_string_hashes, reason = "as expect-test writes them")]

use expect_test::expect;

use super::expansions::{attribute, model};

#[test]
fn an_enum_with_data() {
    attribute(
        r#"
        #[model(tag = "kind")]
        pub enum Shape {
            Dot,
            Circle {
                radius: f64,
                #[model(flatten)]
                centre: Point,
                #[model(skip)]
                area: f64,
            },
            Text(String),
            #[model(other)]
            Other(Item),
        }
        "#,
        &expect![[r##"
            #[automatically_derived]
            #[allow(dead_code, deprecated)]
            impl Shape {
                ///The entry `kind`, which holds the name of the variant.
                pub const TAG: ::dynamap::__private::Path<Self, ::std::string::String> = ::dynamap::__private::Path::new(
                    "kind",
                );
                ///The attribute `radius`.
                pub const CIRCLE_RADIUS: ::dynamap::__private::Path<
                    Self,
                    f64,
                    ::dynamap::__private::role::Field,
                > = ::dynamap::__private::Path::new("radius");
                ///The fields of `centre`, stored beside the others.
                pub const CIRCLE_CENTRE: ::dynamap::__private::Path<
                    Self,
                    ::dynamap::__private::Flattened<Point>,
                    ::dynamap::__private::role::Field,
                > = ::dynamap::__private::Path::new("");
                ///The attribute `value`.
                pub const TEXT_VALUE: ::dynamap::__private::Path<
                    Self,
                    String,
                    ::dynamap::__private::role::Field,
                > = ::dynamap::__private::Path::new("value");
            }
            #[automatically_derived]
            #[allow(deprecated)]
            impl ::dynamap::__private::Document for Shape {
                type Document = Self;
            }
            const _: () = (::dynamap::__private::assert_apart)(
                &["kind"],
                {
                    const PARTS: &[&[&::core::primitive::str]] = &[
                        &["radius"],
                        <Point as ::dynamap::__private::Flatten>::ATTRIBUTES,
                    ];
                    const ALL: [&::core::primitive::str; ::dynamap::__private::count(PARTS)] = ::dynamap::__private::join(
                        PARTS,
                        "",
                    );
                    &ALL
                },
                {
                    const PARTS: &[&[(&::core::primitive::str, &::core::primitive::str)]] = &[
                        &[],
                        <Point as ::dynamap::__private::Flatten>::ALIASES,
                    ];
                    const ALL: [(
                        &::core::primitive::str,
                        &::core::primitive::str,
                    ); ::dynamap::__private::count(PARTS)] = ::dynamap::__private::join(
                        PARTS,
                        ("", ""),
                    );
                    &ALL
                },
            );
            #[automatically_derived]
            #[allow(deprecated)]
            impl ::dynamap::__private::Attribute for Shape {
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
                    match operand {
                        Self::Dot => {
                            let entries = ::dynamap::__private::Item::new();
                            ::core::result::Result::Ok(
                                ::dynamap::__private::variant("kind", "Dot", entries),
                            )
                        }
                        Self::Circle { radius: field_0, centre: field_1, .. } => {
                            let mut entries = ::dynamap::__private::Item::new();
                            let item = &mut entries;
                            ::dynamap::__private::put::<f64>(item, "radius", field_0)?;
                            ::dynamap::__private::put_flattened::<Point>(item, field_1)?;
                            ::core::result::Result::Ok(
                                ::dynamap::__private::variant("kind", "Circle", entries),
                            )
                        }
                        Self::Text(field_0) => {
                            let mut entries = ::dynamap::__private::Item::new();
                            let item = &mut entries;
                            ::dynamap::__private::put::<String>(item, "value", field_0)?;
                            ::core::result::Result::Ok(
                                ::dynamap::__private::variant("kind", "Text", entries),
                            )
                        }
                        Self::Other(map) => {
                            ::core::result::Result::Ok(
                                <Item as ::dynamap::__private::OtherMap>::value(map),
                            )
                        }
                    }
                }
                fn decode(
                    value: &::dynamap::__private::AttributeValue,
                ) -> ::core::result::Result<Self, ::dynamap::__private::DecodeError> {
                    match ::dynamap::__private::variant_of(
                        value,
                        "kind",
                        "a map (Shape)",
                        "a string",
                    )? {
                        ("Dot", _) => ::core::result::Result::Ok(Self::Dot),
                        ("Circle", map) => {
                            ::core::result::Result::Ok(Self::Circle {
                                radius: ::dynamap::__private::field::<f64>(map, "radius")?,
                                centre: <Point as ::dynamap::__private::Flatten>::from_entries(map)?,
                                area: ::core::default::Default::default(),
                            })
                        }
                        ("Text", map) => {
                            ::core::result::Result::Ok(
                                Self::Text(::dynamap::__private::field::<String>(map, "value")?),
                            )
                        }
                        (_, map) => {
                            ::core::result::Result::Ok(
                                Self::Other(<Item as ::dynamap::__private::OtherMap>::keep(map)),
                            )
                        }
                    }
                }
            }
        "##]],
    );
}

#[test]
fn a_model_with_fields_beside_others() {
    model(
        r#"
        #[model(table = "customers", unknown = "refuse", validate = false)]
        struct Customer {
            #[model(hash_key)]
            id: u64,
            #[model(flatten)]
            address: Address,
            #[model(skip, default = 3)]
            cached: u32,
            #[model(serde, default)]
            extra: Extra,
        }
        "#,
        &expect![[r##"
            #[automatically_derived]
            #[allow(dead_code)]
            impl Customer {
                ///The attribute `id`.
                const ID: ::dynamap::__private::Path<
                    Self,
                    u64,
                    ::dynamap::__private::role::HashKey,
                > = ::dynamap::__private::Path::new("id");
                ///The fields of `address`, stored beside the others.
                const ADDRESS: ::dynamap::__private::Path<
                    Self,
                    ::dynamap::__private::Flattened<Address>,
                    ::dynamap::__private::role::Field,
                > = ::dynamap::__private::Path::new("");
                ///The attribute `extra`.
                const EXTRA: ::dynamap::__private::Path<
                    Self,
                    ::dynamap::__private::With<Extra, ::dynamap::__private::Serde>,
                    ::dynamap::__private::role::Field,
                > = ::dynamap::__private::Path::new("extra");
            }
            #[automatically_derived]
            #[allow(deprecated)]
            impl ::dynamap::__private::Model for Customer {
                type KeyRef<'a> = <u64 as ::dynamap::__private::Attribute>::Operand<'a>;
                type HashRef<'a> = <u64 as ::dynamap::__private::Attribute>::Operand<'a>;
                type KeyKind = <u64 as ::dynamap::__private::Attribute>::Kind;
                type Lock = ::dynamap::__private::Unversioned;
                fn layout() -> &'static ::dynamap::__private::Layout {
                    const _: () = (::dynamap::__private::assert_apart)(
                        &["_schema", "_write", "_dtx", "_views", "_view", "_view_of"],
                        {
                            const PARTS: &[&[&::core::primitive::str]] = &[
                                &["id", "extra"],
                                <Address as ::dynamap::__private::Flatten>::ATTRIBUTES,
                            ];
                            const ALL: [&::core::primitive::str; ::dynamap::__private::count(
                                PARTS,
                            )] = ::dynamap::__private::join(PARTS, "");
                            &ALL
                        },
                        {
                            const PARTS: &[&[(&::core::primitive::str, &::core::primitive::str)]] = &[
                                &[],
                                <Address as ::dynamap::__private::Flatten>::ALIASES,
                            ];
                            const ALL: [(
                                &::core::primitive::str,
                                &::core::primitive::str,
                            ); ::dynamap::__private::count(PARTS)] = ::dynamap::__private::join(
                                PARTS,
                                ("", ""),
                            );
                            &ALL
                        },
                    );
                    static LAYOUT: ::dynamap::__private::Layout = ::dynamap::__private::Layout {
                        model: "Customer",
                        table: "customers",
                        hash_key: ::dynamap::__private::key_attribute::<u64>("id"),
                        range_key: ::core::option::Option::None,
                        version: ::core::option::Option::None,
                        schema: ::dynamap::__private::Version::new(1, 0, 0),
                        auto_increment: false,
                        attributes: {
                            const PARTS: &[&[&::core::primitive::str]] = &[
                                &["id", "extra"],
                                <Address as ::dynamap::__private::Flatten>::ATTRIBUTES,
                            ];
                            const ALL: [&::core::primitive::str; ::dynamap::__private::count(
                                PARTS,
                            )] = ::dynamap::__private::join(PARTS, "");
                            &ALL
                        },
                        aliases: {
                            const PARTS: &[&[(&::core::primitive::str, &::core::primitive::str)]] = &[
                                &[],
                                <Address as ::dynamap::__private::Flatten>::ALIASES,
                            ];
                            const ALL: [(
                                &::core::primitive::str,
                                &::core::primitive::str,
                            ); ::dynamap::__private::count(PARTS)] = ::dynamap::__private::join(
                                PARTS,
                                ("", ""),
                            );
                            &ALL
                        },
                        templates: &[],
                        discriminator: ::core::option::Option::None,
                        indexes: &[],
                        uniques: &[],
                        views: &[],
                        retired_views: &[],
                        refuse_unknown: true,
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
                    part0: <u64 as ::dynamap::__private::Attribute>::Operand<'_>,
                ) -> ::core::result::Result<
                    ::dynamap::__private::Key,
                    ::dynamap::__private::EncodeError,
                > {
                    let part0 = ::dynamap::__private::key_operand::<u64>("id", part0)?;
                    ::dynamap::__private::Key::new(part0, ::core::option::Option::None)
                }
                fn encode_hash(
                    part0: <u64 as ::dynamap::__private::Attribute>::Operand<'_>,
                ) -> ::core::result::Result<
                    (&'static ::core::primitive::str, ::dynamap::__private::AttributeValue),
                    ::dynamap::__private::EncodeError,
                > {
                    let part0 = ::dynamap::__private::key_operand::<u64>("id", part0)?;
                    ::core::result::Result::Ok(part0)
                }
                fn key(
                    &self,
                ) -> ::core::result::Result<
                    ::dynamap::__private::Key,
                    ::dynamap::__private::EncodeError,
                > {
                    let part0 = ::dynamap::__private::key_field::<u64>("id", &self.id)?;
                    ::dynamap::__private::Key::new(part0, ::core::option::Option::None)
                }
                fn put_attributes(
                    &self,
                    item: &mut ::dynamap::__private::Item,
                ) -> ::core::result::Result<(), ::dynamap::__private::EncodeError> {
                    ::dynamap::__private::put::<u64>(item, "id", &self.id)?;
                    ::dynamap::__private::put_flattened::<Address>(item, &self.address)?;
                    ::dynamap::__private::put_with::<
                        Extra,
                        ::dynamap::__private::Serde,
                    >(item, "extra", &self.extra)?;
                    ::core::result::Result::Ok(())
                }
                fn from_attributes(
                    item: &::dynamap::__private::Item,
                ) -> ::core::result::Result<Self, ::dynamap::__private::DecodeError> {
                    ::core::result::Result::Ok(Self {
                        id: ::dynamap::__private::field::<u64>(item, "id")?,
                        address: <Address as ::dynamap::__private::Flatten>::from_entries(item)?,
                        cached: 3,
                        extra: ::dynamap::__private::converted_or::<
                            Extra,
                            ::dynamap::__private::Serde,
                        >(item, "extra", || ::core::default::Default::default())?,
                    })
                }
                fn fill_defaults(
                    &mut self,
                ) -> ::core::result::Result<(), ::dynamap::__private::EncodeError> {
                    ::core::result::Result::Ok(())
                }
                fn default_attributes() -> ::core::result::Result<
                    ::dynamap::__private::Item,
                    ::dynamap::__private::EncodeError,
                > {
                    let mut attributes = ::dynamap::__private::Item::new();
                    let item = &mut attributes;
                    ::dynamap::__private::put_defaults::<Address>(item)?;
                    {
                        let default: Extra = ::core::default::Default::default();
                        ::dynamap::__private::put_with::<
                            Extra,
                            ::dynamap::__private::Serde,
                        >(item, "extra", &default)?;
                    }
                    ::core::result::Result::Ok(attributes)
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
                fn swap_skipped(&mut self, other: &mut Self) {
                    ::core::mem::swap(&mut self.cached, &mut other.cached);
                }
                fn check(&self) -> ::core::result::Result<(), ::dynamap::__private::Report> {
                    ::core::result::Result::Ok(())
                }
            }
            #[automatically_derived]
            impl ::dynamap::__private::BatchDelete for Customer {}
            #[automatically_derived]
            impl ::dynamap::__private::BatchPut for Customer {}
        "##]],
    );
}
