//! What the derive emits for keys of two parts, composed ones and indexes.

use expect_test::expect;

use super::model;

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
                fn put_attributes(
                    &self,
                    item: &mut ::dynamap::__private::Item,
                ) -> ::core::result::Result<(), ::dynamap::__private::EncodeError> {
                    ::dynamap::__private::put::<u32>(item, "episode", &self.episode)?;
                    ::dynamap::__private::put::<String>(item, "map", &self.map)?;
                    ::core::result::Result::Ok(())
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
                fn put_attributes(
                    &self,
                    item: &mut ::dynamap::__private::Item,
                ) -> ::core::result::Result<(), ::dynamap::__private::EncodeError> {
                    ::dynamap::__private::put::<String>(item, "user", &self.user)?;
                    ::dynamap::__private::put::<String>(item, "day", &self.day)?;
                    ::dynamap::__private::put::<u32>(item, "number", &self.number)?;
                    ::dynamap::__private::put::<String>(item, "status", &self.status)?;
                    ::dynamap::__private::put::<i64>(item, "total", &self.total)?;
                    <Self as ::dynamap::__private::Model>::layout().compose(item)?;
                    ::core::result::Result::Ok(())
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
