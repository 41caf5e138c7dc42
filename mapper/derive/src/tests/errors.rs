//! Every rule: an input that breaks it, and the sentences that the user reads.

use super::parse;
use crate::check;

fn model(input: &str) -> Vec<String> {
    sentences(check::model(&parse(input)))
}

fn attribute(input: &str) -> Vec<String> {
    sentences(check::attribute(&parse(input)))
}

fn sentences<T>(checked: Result<T, syn::Error>) -> Vec<String> {
    match checked {
        Ok(_) => Vec::new(),
        Err(errors) => errors.into_iter().map(|error| error.to_string()).collect(),
    }
}

/// Fields of a model that is otherwise right.
fn fields(fields: &str) -> Vec<String> {
    model(&format!("#[model(table = \"maps\")] struct Map {{ {fields} }}"))
}

/// Words on the struct of a model that is otherwise right.
fn container(words: &str) -> Vec<String> {
    model(&format!("#[model({words})] struct Map {{ #[model(hash_key)] id: u64 }}"))
}

/// Checks a table of inputs and the sentences about them.
fn check(of: fn(&str) -> Vec<String>, table: &[(&str, &[&str])]) {
    for (input, sentences) in table {
        assert_eq!(of(input), *sentences, "{input}");
    }
}

#[test]
fn what_is_right_has_no_errors() {
    check(
        fields,
        &[
            ("#[model(hash_key)] id: u64", &[]),
            ("#[model(hash_key, auto_increment)] id: u64, #[model(version)] v: u64", &[]),
            (
                "#[model(hash_key)] #[model(rename = \"pk\")] id: u64, #[model(range_key)] at: u64,",
                &[],
            ),
            (
                "#[model(hash_key)] r#type: String, #[model(default)] a: i8, #[model(default = f(1, 2))] b: i8",
                &[],
            ),
        ],
    );
    check(
        container,
        &[
            (
                "table = \"a.b\", schema = \"0.10.0\", migrations = chains::MAPS, validate = true",
                &[],
            ),
            ("table = \"a-b\", validate_with = Self::check, crate = \"crate::dynamap\"", &[]),
        ],
    );
}

#[test]
fn types_without_named_fields_are_refused() {
    check(
        model,
        &[
            (
                "enum Map { A }",
                &[
                    "an enum cannot be a model: write a struct with named fields, with the enum as the type of a field \
                   (`#[derive(Attribute)]`)",
                ],
            ),
            (
                "union Map { a: u8 }",
                &["a union cannot be a model: write a struct with named fields"],
            ),
            (
                "struct Map(u64);",
                &["the attributes of an item have names: write a struct with named fields"],
            ),
            ("struct Map;", &["an item has at least a hash key: write a struct with named fields"]),
            (
                "struct Map<'a> { id: &'a str }",
                &[
                    "a model describes one table and cannot be generic: write a struct for each table, with owned fields",
                ],
            ),
        ],
    );
}

#[test]
fn a_model_has_one_hash_key_and_at_most_one_range_key() {
    check(
        fields,
        &[
            (
                "id: u64",
                &[
                    "`Map` has no hash key: write `#[model(hash_key)]` on the field that its items are found by",
                ],
            ),
            (
                "#[model(hash_key)] a: u64, #[model(hash_key)] b: u64",
                &[
                    "`b` is a second hash key: a table has one; remove `hash_key` from all fields but one",
                ],
            ),
            (
                "#[model(hash_key)] a: u64, #[model(range_key)] b: u64, #[model(range_key)] c: u64",
                &[
                    "`c` is a second range key: a table has at most one; remove `range_key` from all fields but one",
                ],
            ),
            (
                "#[model(hash_key, range_key)] id: u64",
                &[
                    "a field is the hash key or the range key and not both: remove one of the two words",
                ],
            ),
        ],
    );
}

#[test]
fn a_model_has_at_most_one_version_and_it_is_a_u64() {
    check(
        fields,
        &[
            (
                "#[model(hash_key)] id: u64, #[model(version)] a: u64, #[model(version)] b: u64",
                &[
                    "`b` is a second version: one counts all writes of an item; remove `version` from all fields but one",
                ],
            ),
            (
                "#[model(hash_key)] id: u64, #[model(version)] version: Option<u64>",
                &["the version is a `u64`: write `version: u64`"],
            ),
            (
                "#[model(hash_key, version)] id: u32",
                &[
                    "the version changes with every write and cannot be part of the key: write a field of its own, \
                   `#[model(version)] version: u64`",
                ],
            ),
        ],
    );
}

#[test]
fn only_a_hash_key_is_counted() {
    check(
        fields,
        &[(
            "#[model(hash_key)] id: u64, #[model(auto_increment)] n: u64",
            &[
                "only the hash key can be counted: write `#[model(hash_key, auto_increment)]`, or remove \
               `auto_increment`",
            ],
        )],
    );
}

#[test]
fn keys_and_versions_have_no_default() {
    check(
        fields,
        &[
            (
                "#[model(hash_key, auto_increment, default = 1)] id: u64",
                &["an `auto_increment` key comes from its counter: remove `default`"],
            ),
            (
                "#[model(hash_key, default)] id: u64",
                &["a key attribute is never absent: remove `default`"],
            ),
            (
                "#[model(hash_key)] id: u64, #[model(version, default)] v: u64",
                &[
                    "the version starts at 1 on insert and is counted by the library: remove `default`",
                ],
            ),
        ],
    );
}

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
fn unknown_words_say_what_is_known() {
    for (written, meant) in [
        ("hashkey", "hash_key"),
        ("partition_key", "hash_key"),
        ("sort_key", "range_key"),
        ("autoincrement", "auto_increment"),
        ("Version", "version"),
        ("defualt", "default"),
    ] {
        assert_eq!(
            fields(&format!("#[model({written})] id: u64")),
            [format!(
                "unknown attribute `{written}` on a field of a model: did you mean `{meant}`?"
            )],
        );
    }
    check(
        fields,
        &[(
            "#[model(hash_key, table = \"maps\")] id: u64",
            &[
                "`table` is written on the struct of a model, not on a field of a model: move or remove it",
            ],
        )],
    );
    check(
        container,
        &[
            (
                "tabel = \"maps\"",
                &["unknown attribute `tabel` on the struct of a model: did you mean `table`?"],
            ),
            (
                "table = \"maps\", version",
                &[
                    "`version` is written on a field of a model, not on the struct of a model: move or remove it",
                ],
            ),
        ],
    );
}

#[test]
fn an_unknown_word_lists_the_known_ones() {
    let errors = fields("#[model(primary)] id: u64");
    let [error] = errors.as_slice() else { panic!("{errors:?}") };
    assert!(
        error.starts_with(
            "unknown attribute `primary`: known on a field of a model are `hash_key`, "
        )
    );
}

#[test]
fn composed_keys_say_what_is_wrong_with_them() {
    let keyed = |key: &str| {
        model(&format!("#[model(table = \"maps\", hash_key = \"{key}\")] struct Map {{ id: u64 }}"))
    };
    for (key, sentence) in [
        ("MAP#{nobody}", "`{nobody}` names no field: write one of `id`"),
        (
            "MAP#{id",
            "a brace without its partner: write `{field}`, or `{{` and `}}` for braces in the key",
        ),
        (
            "MAP#}",
            "a brace without its partner: write `{field}`, or `{{` and `}}` for braces in the key",
        ),
        ("", "a key must not be empty: write text, `{field}`, or both"),
        (
            "{id:6}",
            "`:6` is no width: write a zero and the number of digits, from 1 to 38, as in `{id:06}`",
        ),
        (
            "{id}{id}",
            "`id` and `id` stand side by side and could not be told apart: put text between them, as in `{id}#{id}`",
        ),
    ] {
        assert_eq!(keyed(key), [sentence], "{key}");
    }
}

#[test]
fn indexes_say_what_is_wrong_with_them() {
    let indexed = |index: &str| {
        model(&format!(
            "#[model(table = \"maps\", {index})] struct Map {{ #[model(hash_key)] id: u64, name: String, \
             #[model(version)] version: u64 }}"
        ))
    };
    for (index, sentence) in [
        ("gsi", "`gsi` needs a list: write `gsi(by_status, hash_key = status)`"),
        (
            "gsi(hash_key = name)",
            "an index begins with its name: write `gsi(by_status, hash_key = status)`",
        ),
        (
            "gsi(by_name)",
            "a global index has a hash key: write `gsi(by_status, hash_key = status)`",
        ),
        ("gsi(by_name, hash_key = nam)", "`nam` is no field: write one of `id`, `name`, `version`"),
        (
            "gsi(by_name, hash_key = version)",
            "the version `version` changes with every write and cannot be part of a key: name another field",
        ),
        (
            "gsi(by_name, hash_key = name, range_key = name)",
            "an attribute is in the key of an index once: remove it in one of the two places",
        ),
        (
            "gsi(by_name, hash_key = name, keys_only, include = [id])",
            "`keys_only` and `include` exclude each other: remove one of the two",
        ),
        (
            "gsi(by_name, name = \"a\", hash_key = name)",
            "`a` cannot be the name of an index: write 3 to 255 of `a-z`, `A-Z`, `0-9`, `_`, `-` and `.`",
        ),
        (
            "gsi(name, hash_key = name)",
            "the constant `NAME` is taken by a field or another index: give the index another name",
        ),
        (
            "lsi(by_name, range_key = name)",
            "a local index orders the items of one hash key: give the table a range key, or write `gsi(…)`",
        ),
        (
            "lsi(by_name, hash_key = id, range_key = name)",
            "a local index has the hash key of the table: remove `hash_key`, or write `gsi(…)`",
        ),
        (
            "discriminator = \"map\", discriminator_name = \"name\"",
            "the discriminator would be stored as `name`, which is another attribute: give it another name with \
             `discriminator_name = \"…\"`",
        ),
        (
            "gsi(ab, hash_key = name)",
            "`ab` cannot be the name of an index: write 3 to 255 of `a-z`, `A-Z`, `0-9`, `_`, `-` and `.`",
        ),
        (
            "discriminator_name = \"kind\"",
            "`discriminator_name` names the attribute of a discriminator: write `discriminator = \"…\"` too",
        ),
    ] {
        assert_eq!(indexed(index), [sentence], "{index}");
    }
}

#[test]
fn words_are_given_once_and_in_their_form() {
    check(
        fields,
        &[
            (
                "#[model(hash_key)] #[model(hash_key)] id: u64",
                &["`hash_key` is given twice: remove one of the two"],
            ),
            (
                "#[model(hash_key = true)] id: u64",
                &["`hash_key` takes no value: write just `hash_key`"],
            ),
            (
                "#[model(hash_key, rename)] id: u64",
                &["`rename` needs a string: write `rename = \"…\"`"],
            ),
            (
                "#[model(hash_key, rename = 1)] id: u64",
                &["`rename` needs a string: write `rename = \"…\"`"],
            ),
            ("#[model(hash_key rename)] id: u64", &["expected `,`"]),
            ("#[model] id: u64", &["expected attribute arguments in parentheses: #[model(...)]"]),
        ],
    );
    check(
        container,
        &[
            (
                "table = \"maps\", migrations = \"CHAIN\"",
                &["`migrations` needs a path: write `migrations = MIGRATIONS`"],
            ),
            (
                "table = \"maps\", settings = \"CHAIN\"",
                &["`settings` needs a path: write `settings = TABLE`"],
            ),
            (
                "table = \"maps\", validate = \"false\"",
                &["`validate` needs `true` or `false`: write `validate = false`"],
            ),
            (
                "table = \"maps\", validate_with = |map| Ok(())",
                &["`validate_with` needs a path: write `validate_with = function`"],
            ),
            (
                "table = \"maps\", crate = \"my facade\"",
                &["this is no path of a crate: write it as in `crate = \"my_facade::dynamap\"`"],
            ),
        ],
    );
}

#[test]
fn a_model_names_a_table_and_a_schema() {
    check(
        container,
        &[
            (
                "schema = \"1.0.0\"",
                &["`Map` names no table: write `#[model(table = \"…\")]` on the struct"],
            ),
            (
                "table = \"ab\"",
                &[
                    "`ab` cannot be the name of a table: write 3 to 255 of `a-z`, `A-Z`, `0-9`, `_`, `-` and `.`",
                ],
            ),
            (
                "table = \"my maps\"",
                &[
                    "`my maps` cannot be the name of a table: write 3 to 255 of `a-z`, `A-Z`, `0-9`, `_`, `-` and `.`",
                ],
            ),
            (
                "table = \"maps\", validate = false, validate_with = check",
                &["`validate` and `validate_with` exclude each other: remove one of the two"],
            ),
        ],
    );
    for schema in ["", "2", "2.0", "2.0.0.0", "v2.0.0", "2.0.0-rc.1", "2.0.0+5", "2.00.0", "+2.0.0"]
    {
        assert_eq!(
            container(&format!("table = \"maps\", schema = \"{schema}\"")),
            [format!(
                "`{schema}` is no schema: write MAJOR.MINOR.PATCH in plain numbers, as in `schema = \"2.0.0\"`"
            )],
        );
    }
}

#[test]
fn all_errors_are_reported_at_once() {
    let errors = model(
        "#[model(schema = \"2\")] struct Map { id: u64, #[model(version)] v: i64, _write: u8 }",
    );
    assert_eq!(errors.len(), 5, "{errors:#?}");
}

#[test]
fn types_of_macro_variables_are_seen_through() {
    let ty = proc_macro2::Group::new(proc_macro2::Delimiter::None, quote::quote!(u64));
    let input = quote::quote! {
        #[model(table = "maps")]
        struct Map { #[model(hash_key)] id: u64, #[model(version)] version: #ty }
    };
    assert_eq!(sentences(check::model(&syn::parse2(input).expect("an item"))), [""; 0]);
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
fn keys_can_be_converted_and_versions_cannot() {
    assert_eq!(
        fields("#[model(hash_key, with = UnixSeconds)] id: SystemTime"),
        Vec::<String>::new()
    );
    assert_eq!(
        fields(
            "#[model(hash_key, auto_increment, with = A)] id: u64, #[model(version, with = A)] v: u64"
        ),
        [
            "an `auto_increment` key is stored as a number: remove `with`",
            "the version is stored as a number: remove `with`",
        ],
    );
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
                    "the entries of a field with `flatten` have the names that its type gives them: remove `alias`",
                    "the entries of a field with `flatten` have the names that its type gives them: remove `default`",
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

#[test]
fn unique_values_have_attributes_that_stay() {
    check(
        fields,
        &[
            ("#[model(hash_key)] id: u64, #[model(unique)] email: String", &[]),
            (
                "#[model(hash_key)] id: u64, #[model(unique, version)] v: u64",
                &["versions of different items are equal all the time: remove `unique`"],
            ),
            (
                "#[model(hash_key)] id: u64, #[model(unique, flatten)] home: Home",
                &[
                    "the entries of a field with `flatten` have the names that its type gives them: remove `unique`",
                ],
            ),
            (
                "#[model(hash_key)] id: u64, #[model(unique = 1)] email: String",
                &["`unique` takes no value: write just `unique`"],
            ),
            (
                "#[model(hash_key)] id: u64, #[model(unique, unique)] email: String",
                &["`unique` is given twice: remove one of the two"],
            ),
        ],
    );
    let composite = |words: &str| {
        model(&format!(
            "#[model(table = \"maps\", {words})] struct Map {{ #[model(hash_key)] id: u64, \
             #[model(unique)] name: String, #[model(version)] v: u64, #[model(skip)] s: u8 }}"
        ))
    };
    let sentences = [
        ("unique(id, name), unique(name, v)", "`v` cannot be part of a unique value: remove it"),
        ("unique(name, s)", "`s` cannot be part of a unique value: remove it"),
        ("unique(name, id, name)", "`name` is named twice: remove one of the two"),
        ("unique(name, other)", "`other` is no field of the struct: write `unique(tenant, login)`"),
        ("unique()", "`unique` names fields: write `unique(tenant, login)`"),
        ("unique", "`unique` needs a list: write `unique(tenant, login)`"),
        ("unique(name)", "these fields are unique already: remove one of the two `unique`"),
        (
            "unique(id, name), unique(name, id)",
            "these fields are unique already: remove one of the two `unique`",
        ),
    ];
    for (words, sentence) in sentences {
        assert_eq!(composite(words), [sentence], "{words}");
    }
}
