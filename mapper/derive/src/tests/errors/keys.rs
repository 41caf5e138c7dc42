//! What is wrong with keys, indexes, versions and unique values.

use super::{check, fields, model};

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
