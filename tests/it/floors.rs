//! The architecture, read from the sources: no arrow points up, every write operation has one caller.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn shipped() -> BTreeMap<String, String> {
    let mut files = Vec::new();
    for folder in [
        "src",
        "mapper/src",
        "mapper/derive/src",
        "migrations/src",
        "transactions/src",
        "cache/src",
        "transfer/src",
        "cli/src",
        "embedded/src",
        "faults/src",
        "testing/src",
    ] {
        sources(&root().join(folder), &mut files);
    }
    files
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a source");
            let name = path.strip_prefix(root()).expect("below the root");
            (name.to_string_lossy().replace('\\', "/"), text)
        })
        .filter(|(name, _)| !name.contains("/src/tests/"))
        .collect()
}

/// The `dynamap-*` crates that a manifest depends on, dev-dependencies left out.
fn dependencies(manifest: &str) -> Vec<String> {
    let text = std::fs::read_to_string(root().join(manifest)).expect("a manifest");
    let mut section = "";
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            section = line;
        } else if section == "[dependencies]"
            && let Some(name) = line.split(['.', ' ', '=']).next()
            && name.starts_with("dynamap")
        {
            found.push(name.to_owned());
        }
    }
    found
}

#[test]
fn no_crate_depends_on_one_above_or_beside_it() {
    for (manifest, allowed) in [
        ("mapper/derive/Cargo.toml", &[][..]),
        ("embedded/Cargo.toml", &[]),
        ("faults/Cargo.toml", &[]),
        ("mapper/Cargo.toml", &["dynamap-derive"]),
        ("migrations/Cargo.toml", &["dynamap-mapper"]),
        ("transactions/Cargo.toml", &["dynamap-mapper"]),
        ("cache/Cargo.toml", &["dynamap-mapper"]),
        ("transfer/Cargo.toml", &["dynamap-mapper"]),
        (
            "cli/Cargo.toml",
            &[
                "dynamap-embedded",
                "dynamap-mapper",
                "dynamap-migrations",
                "dynamap-transactions",
                "dynamap-transfer",
            ],
        ),
        ("testing/Cargo.toml", &["dynamap-embedded", "dynamap-faults", "dynamap-mapper"]),
    ] {
        assert_eq!(dependencies(manifest), allowed, "{manifest}");
    }
}

/// Whoever has the command line in a program of his own does not build SQLite and a server for it.
#[test]
fn the_embedded_store_comes_with_the_binary_alone() {
    let text = std::fs::read_to_string(root().join("cli/Cargo.toml")).expect("a manifest");
    assert!(text.contains("\ndynamap-embedded = { workspace = true, optional = true }\n"));
    let with_it: Vec<_> =
        text.lines().filter(|line| line.contains("dep:dynamap-embedded")).collect();
    assert!(matches!(with_it[..], [line] if line.starts_with("binary = [")), "{with_it:?}");
    let facade = std::fs::read_to_string(root().join("Cargo.toml")).expect("a manifest");
    assert!(!facade.contains("dynamap-cli/binary") && !facade.contains("dynamap-cli?/binary"));
}

/// Inside the mapper: values know no I/O, and I/O knows nothing of what is built on both.
#[test]
fn no_module_of_the_mapper_uses_one_above_it() {
    const IO: [&str; 8] =
        ["cache", "capacity", "database", "reader", "read", "write", "retry", "loaded"];
    const TOP: [&str; 6] = ["batch", "guards", "raw", "sequence", "sweep", "table"];
    let floors = [
        // The error of a conflict hands out the loaded winner; the model's verbs return builders.
        (
            &["item", "key", "layout", "schema", "codec", "expr", "upgrade", "settings"][..],
            [&IO[..], &TOP[..], &["model", "error", "decode"]].concat(),
        ),
        (&["decode", "loaded"], [&IO[..7], &TOP[..]].concat()),
        (
            &["cache", "capacity", "database", "reader", "read", "retry"],
            [&TOP[..], &["write"]].concat(),
        ),
    ];
    for (file, text) in shipped() {
        let Some(module) = file.strip_prefix("mapper/src/") else { continue };
        let module = module.split(['/', '.']).next().unwrap_or_default();
        for (modules, forbidden) in &floors {
            if !modules.contains(&module) {
                continue;
            }
            for line in text.lines().filter(|line| line.trim_start().starts_with("use crate::")) {
                let used = line
                    .trim_start()
                    .trim_start_matches("use crate::")
                    .split([':', ';', ' '])
                    .next();
                let used = used.unwrap_or_default();
                assert!(!forbidden.contains(&used), "{file}: {line}");
            }
        }
    }
}

#[test]
fn each_write_operation_has_one_caller_and_items_become_models_in_one_place() {
    for (call, file) in [
        (".put_item()", "mapper/src/write/single.rs"),
        (".delete_item()", "mapper/src/write/single.rs"),
        (".transact_write_items()", "mapper/src/write/transact.rs"),
        (".transact_get_items()", "mapper/src/read/at_once.rs"),
        (".batch_get_item()", "mapper/src/batch/keys.rs"),
        (".batch_write_item()", "mapper/src/batch/writes.rs"),
        (".query()", "mapper/src/read/request.rs"),
        (".scan()", "mapper/src/read/request.rs"),
        ("M::from_attributes(", "mapper/src/decode.rs"),
    ] {
        let callers: Vec<_> = shipped()
            .into_iter()
            .filter(|(file, _)| {
                ["mapper/", "transactions/", "transfer/"].iter().any(|own| file.starts_with(own))
            })
            .filter(|(_, text)| {
                text.lines().any(|line| line.contains(call) && !line.trim_start().starts_with("//"))
            })
            .map(|(file, _)| file)
            .collect();
        assert_eq!(callers, [file], "{call}");
    }
}

#[test]
fn shipped_code_says_what_each_file_is_for_and_does_not_panic() {
    for (file, text) in shipped() {
        assert!(text.starts_with("//!") || text.starts_with("#![doc"), "{file} begins with //!");
        let shipped = text.split("#[cfg(test)]").next().unwrap_or_default();
        for forbidden in [".unwrap()", "todo!(", "unimplemented!(", "dbg!(", "unsafe {"] {
            let found = shipped
                .lines()
                .find(|line| line.contains(forbidden) && !line.trim_start().starts_with("//"));
            assert_eq!(found, None, "{file}: {forbidden}");
        }
        assert!(text.lines().count() <= 700, "{file} has more than 700 lines: what is it hiding?");
    }
}
