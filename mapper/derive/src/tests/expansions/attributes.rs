//! What the derive of nested values emits: a map, a newtype, an enum.

use expect_test::expect;

use super::attribute;

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
                fn put_entries(
                    &self,
                    item: &mut impl ::dynamap::__private::Sink,
                ) -> ::core::result::Result<(), ::dynamap::__private::EncodeError> {
                    ::dynamap::__private::put::<String>(item, "city", &self.city)?;
                    ::dynamap::__private::put_or_null::<String>(item, "cc", &self.country)?;
                    ::core::result::Result::Ok(())
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
                    let mut entries = ::dynamap::__private::Item::new();
                    #[allow(unused_variables)]
                    let item = &mut entries;
                    {
                        let default: String = "CH".to_owned();
                        ::dynamap::__private::put_or_null::<String>(item, "cc", &default)?;
                    }
                    ::core::result::Result::Ok(entries)
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
                fn is_stored_as(
                    &self,
                    stored: &::dynamap::__private::AttributeValue,
                ) -> ::core::primitive::bool {
                    ::dynamap::__private::is_map(self, stored)
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
                fn is_stored_as(
                    &self,
                    stored: &::dynamap::__private::AttributeValue,
                ) -> ::core::primitive::bool {
                    <i64 as ::dynamap::__private::Attribute>::is_stored_as(&self.0, stored)
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
