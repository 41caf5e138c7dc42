//! Every rule: an input that breaks it, and the sentences that the user reads.

mod attributes;
mod keys;

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
