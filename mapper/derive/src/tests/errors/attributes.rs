//! What is wrong with stored names, nested values and enums.

use super::{attribute, check, container, fields};

#[test]
fn stored_names_are_free_distinct_and_of_a_good_length() {
    check(
        fields,
        &[
            (
                "#[model(hash_key)] id: u64, #[model(rename = \"id\")] number: u64",
                &[
                    "the fields `id` and `number` are both stored as `id`: give one another name with \
                   `#[model(rename = \"…\")]`",
                ],
            ),
            (
                "#[model(hash_key)] id: u64, _schema: String",
                &[
                    "`_schema` is written by the library: choose another name, or keep the field and write \
                   `#[model(rename = \"…\")]`",
                ],
            ),
            (
                "#[model(hash_key, rename = \"_dtx\")] id: u64",
                &[
                    "`_dtx` is written by the library: choose another name, or keep the field and write \
                   `#[model(rename = \"…\")]`",
                ],
            ),
            (
                "#[model(hash_key)] id: u64, #[model(rename = \"\")] name: String",
                &["a stored name must not be empty: write a name, or remove `rename`"],
            ),
            (
                "#[model(hash_key)] id: u64, ID: u64",
                &[
                    "the fields `id` and `ID` would share the constant `ID`: name one of them differently",
                ],
            ),
        ],
    );
    let long = "ä".repeat(128);
    assert_eq!(
        fields(&format!("#[model(hash_key, rename = \"{long}\")] id: u64")),
        ["a stored name may have 255 bytes and this one has 256: write a shorter one"],
    );
}

#[test]
fn attributes_are_maps_wrapped_fields_or_names() {
    check(
        attribute,
        &[
            ("struct A { #[model(rename = \"_schema\")] a: u8, #[model(default = 1)] b: u8 }", &[]),
            ("struct A {}", &[]),
            ("struct A(u8);", &[]),
            ("enum A { B, #[model(rename = \"c\")] C = 7 }", &[]),
            (
                "struct A(u8, u8);",
                &[
                    "the entries of a map have names: write named fields, or one unnamed field to be stored as that \
                   field",
                ],
            ),
            (
                "struct A;",
                &["a struct without fields holds nothing to store: write named fields, or an enum"],
            ),
            ("union A { a: u8 }", &["a union cannot be stored: write a struct or an enum"]),
            (
                "enum A {}",
                &["an enum without variants has no values to store: write at least one variant"],
            ),
            (
                "struct A<T> { a: T }",
                &[
                    "`Attribute` cannot be derived for a generic type: write a type without parameters, or implement \
                   `dynamap::Attribute` by hand",
                ],
            ),
        ],
    );
}

#[test]
fn enums_by_number_have_plain_names() {
    assert_eq!(attribute("#[model(by_index)] enum A { B, C }"), Vec::<String>::new());
    for input in ["#[model(by_index)] enum A { B(u8), C }", "#[model(by_index)] struct A { b: u8 }"]
    {
        assert_eq!(
            attribute(input),
            [
                "only an enum of plain names is stored by the numbers of its variants: remove `by_index`"
            ],
        );
    }
}

#[test]
fn attributes_have_few_words() {
    check(
        attribute,
        &[
            (
                "#[model(table = \"a\")] struct A { a: u8 }",
                &[
                    "`table` is written on the struct of a model, not on a type that derives `Attribute`: move or remove \
                   it",
                ],
            ),
            (
                "struct A { #[model(hash_key)] a: u8 }",
                &[
                    "`hash_key` is written on a field of a model, not on a named field of a type that derives \
                   `Attribute`: move or remove it",
                ],
            ),
            (
                "struct A(#[model(skip)] u8);",
                &[
                    "`skip` has no effect here: the one field of a tuple struct, which is stored as this field, takes no attribute, remove it",
                ],
            ),
            (
                "enum A { #[model(renam = \"b\")] B }",
                &["unknown attribute `renam` on a variant: did you mean `rename`?"],
            ),
            (
                "enum A { B, #[model(rename = \"B\")] C }",
                &["the variants `B` and `C` are both stored as `B`: give one another name with \
                   `#[model(rename = \"…\")]`"],
            ),
            (
                "struct A { a: u8, #[model(rename = \"a\")] b: u8 }",
                &["the fields `a` and `b` are both stored as `a`: give one another name with \
                   `#[model(rename = \"…\")]`"],
            ),
        ],
    );
}

#[test]
fn enums_with_data_have_entries_with_names_of_their_own() {
    check(
        attribute,
        &[
            ("enum A { B, C(u8), D { d: u8 }, #[model(other)] E(Item) }", &[]),
            ("#[model(tag = \"t\", content = \"c\")] enum A { C(#[model(with = W)] u8) }", &[]),
            ("enum A { B, #[model(other)] C(String) }", &[]),
            (
                "enum A { B(u8, u8), C() }",
                &[
                    "the entries of a map have names: write named fields in `B`, or one unnamed field",
                    "the entries of a map have names: write named fields in `C`, or one unnamed field",
                ],
            ),
            (
                "enum A { B { r#type: u8 }, C { #[model(alias = \"type\")] c: u8 } }",
                &[
                    "`type` holds the name of the variant: give the field `r#type` another name, or write another \
                     `tag`",
                    "`type` holds the name of the variant: give the field `c` another name, or write another `tag`",
                ],
            ),
            (
                "#[model(content = \"type\")] enum A { B(u8) }",
                &[
                    "the name of the variant and its content are both stored as `type`: write another `tag` or \
                     `content`",
                ],
            ),
            (
                "#[model(tag = \"t\")] enum A { B }",
                &[
                    "`tag` and `content` name entries of an enum whose variants hold data, and this type is stored \
                     without them: remove the word",
                ],
            ),
            (
                "enum A { B { c_d: u8 }, B_C { d: u8 } }",
                &[
                    "the fields `c_d` and `d` would share the constant `B_C_D`: name one of them differently",
                ],
            ),
            (
                "enum A { B { c: u8, #[model(rename = \"c\")] d: u8 } }",
                &["the fields `c` and `d` are both stored as `c`: give one another name with \
                     `#[model(rename = \"…\")]`"],
            ),
            (
                "enum A { B(#[model(rename = \"c\")] u8) }",
                &[
                    "`rename` is written on a field of a model, not on the one unnamed field of a variant: move or \
                     remove it",
                ],
            ),
        ],
    );
}

#[test]
fn one_variant_may_keep_what_no_variant_has() {
    check(
        attribute,
        &[
            (
                "enum A { B, #[model(other)] C }",
                &["the variant for unknown names keeps the stored name: write `C(String)`"],
            ),
            (
                "enum A { B(u8), #[model(other)] C { c: u8 } }",
                &["the variant for unknown names keeps the stored map: write `C(dynamap::Item)`"],
            ),
            (
                "enum A { #[model(other)] B(String), #[model(other)] C(String) }",
                &[
                    "`C` is a second `other`: one variant keeps all unknown names; remove `other` from all variants \
                     but one",
                ],
            ),
            (
                "enum A { B, #[model(other, rename = \"c\")] C(String) }",
                &[
                    "`C` stands for the names that no variant has, and has none itself: remove `rename`",
                ],
            ),
            (
                "enum A { B, #[model(other)] C(#[model(with = W)] String) }",
                &[
                    "`with` has no effect here: the field of an `other` variant, which keeps what is stored, takes \
                     no attribute, remove it",
                ],
            ),
        ],
    );
}

#[test]
fn fields_that_are_not_stored_or_beside_others_have_no_names() {
    check(
        fields,
        &[
            (
                "#[model(hash_key)] id: u64, #[model(skip)] a: T, #[model(skip, default = 1)] A: u8, \
                 #[model(flatten)] b: B",
                &[],
            ),
            (
                "#[model(hash_key)] id: u64, #[model(skip, rename = \"b\")] a: T, \
                 #[model(flatten, default, alias = \"c\")] c: C",
                &[
                    "a field with `skip` is not stored: remove `rename`",
                    "the entries of a field with `flatten` have the names that its type gives them: remove `default`",
                    "the entries of a field with `flatten` have the names that its type gives them: remove `alias`",
                ],
            ),
            (
                "#[model(hash_key, skip)] id: u64",
                &["a field with `skip` is not stored: remove `hash_key`"],
            ),
            (
                "#[model(hash_key)] id: u64, #[model(version, skip)] v: u64",
                &["a field with `skip` is not stored: remove `version`"],
            ),
            (
                "#[model(hash_key)] id: u64, #[model(flatten, skip)] a: T",
                &["a field with `skip` is not stored: remove `flatten`"],
            ),
            (
                "#[model(hash_key)] id: u64, #[model(serde, with = W)] a: T",
                &["`serde` and `with` exclude each other: remove one of the two"],
            ),
        ],
    );
    check(
        attribute,
        &[
            ("struct A { #[model(skip)] a: T, #[model(flatten)] b: B, #[model(serde)] c: C }", &[]),
            (
                "enum A { B { #[model(skip)] a: T, #[model(flatten)] b: B }, C(#[model(serde)] T) }",
                &[],
            ),
            (
                "struct A { #[model(flatten, with = W)] b: B }",
                &[
                    "the entries of a field with `flatten` have the names that its type gives them: remove `with`",
                ],
            ),
        ],
    );
}

#[test]
fn unknown_attributes_are_kept_or_refused() {
    check(
        container,
        &[
            ("table = \"maps\", unknown = \"keep\"", &[]),
            ("table = \"maps\", unknown = \"refuse\"", &[]),
            (
                "table = \"maps\", unknown = \"drop\"",
                &[
                    "`drop` is nothing to do with unknown attributes: write `unknown = \"keep\"` or `unknown = \
                     \"refuse\"`",
                ],
            ),
        ],
    );
}
