//! Every public item has an example: a block of its own, or, for a function of a type, one of its type that uses it.
//!
//! Read from the sources, since the compiler knows of docs and not of examples. The examples run as doc tests.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::{Attribute, Expr, ImplItem, Item, Lit, Meta, TraitItem, UseTree, Visibility};

use crate::fences::blocks;

/// The crates that the facade shows: as a whole, or by names.
const CRATES: [&str; 9] = [
    "mapper",
    "migrations",
    "transactions",
    "cache",
    "transfer",
    "cli",
    "embedded",
    "faults",
    "testing",
];

/// What the facade does not show, and has the name of something that it shows.
const NAMESAKES: [(&str, &str); 1] = [("mapper/src/index.rs", "Indexed")];

/// What stands between the fences of the docs of an item.
fn example(attributes: &[Attribute]) -> String {
    let docs: Vec<String> = attributes.iter().filter_map(line).collect();
    let is_run = |language: &str| matches!(language, "" | "rust" | "no_run");
    blocks(&docs.join("\n"), is_run).into_iter().map(|(_, block)| block).collect()
}

fn line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    let Expr::Lit(literal) = &pair.value else { return None };
    match &literal.lit {
        Lit::Str(text) if pair.path.is_ident("doc") => Some(text.value()),
        _ => None,
    }
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("doc") && list.tokens.to_string() == "hidden",
        _ => false,
    })
}

fn is_shown(visibility: &Visibility, attributes: &[Attribute]) -> bool {
    matches!(visibility, Visibility::Public(_)) && !is_hidden(attributes)
}

/// The files of a folder by their paths.
fn sources(folder: &Path, found: &mut BTreeMap<PathBuf, syn::File>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension() == Some("rs".as_ref()) {
            let text = std::fs::read_to_string(&path).expect("a source");
            found.insert(path, syn::parse_file(&text).expect("it compiles"));
        }
    }
}

fn leaves(tree: &UseTree, found: &mut BTreeSet<String>) {
    match tree {
        UseTree::Path(path) => leaves(&path.tree, found),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, found)),
        UseTree::Name(name) => drop(found.insert(name.ident.to_string())),
        UseTree::Rename(rename) => drop(found.insert(rename.ident.to_string())),
        UseTree::Glob(_) => {}
    }
}

/// The names that a file shows: its own, those it passes on, and those of the modules among them.
fn names(file: &[Item], files: &BTreeMap<PathBuf, syn::File>, found: &mut BTreeSet<String>) {
    let mut here = BTreeSet::new();
    for item in file {
        match item {
            Item::Use(item) if is_shown(&item.vis, &item.attrs) => leaves(&item.tree, &mut here),
            Item::Mod(item) if is_shown(&item.vis, &item.attrs) => match &item.content {
                Some((_, items)) => names(items, files, found),
                None => drop(here.insert(item.ident.to_string())),
            },
            item => here.extend(own_name(item)),
        }
    }
    for name in here {
        let is_new = found.insert(name.clone());
        let whole = name.strip_prefix("dynamap_").map(|name| format!("{name}/src/lib.rs"));
        let module = whole.unwrap_or_else(|| format!("/{name}.rs"));
        let modules = files.iter().filter(|(path, _)| path.to_string_lossy().ends_with(&module));
        if is_new && name != "private" {
            modules.for_each(|(_, module)| names(&module.items, files, found));
        }
    }
}

fn own_name(item: &Item) -> Option<String> {
    let (visibility, attributes, name) = match item {
        Item::Struct(item) => (&item.vis, &item.attrs, &item.ident),
        Item::Enum(item) => (&item.vis, &item.attrs, &item.ident),
        Item::Trait(item) => (&item.vis, &item.attrs, &item.ident),
        Item::Type(item) => (&item.vis, &item.attrs, &item.ident),
        Item::Const(item) => (&item.vis, &item.attrs, &item.ident),
        Item::Fn(item) => (&item.vis, &item.attrs, &item.sig.ident),
        _ => return None,
    };
    is_shown(visibility, attributes).then(|| name.to_string())
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Struct(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Const(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        _ => &[],
    }
}

/// The functions of an item that a user can call, with the type or trait that they belong to.
fn functions(item: &Item) -> Vec<(String, String, &[Attribute])> {
    let mut found: Vec<(String, String, &[Attribute])> = Vec::new();
    match item {
        Item::Trait(item) if is_shown(&item.vis, &item.attrs) => {
            for function in &item.items {
                if let TraitItem::Fn(function) = function
                    && !is_hidden(&function.attrs)
                {
                    let name = function.sig.ident.to_string();
                    found.push((item.ident.to_string(), name, &function.attrs));
                }
            }
        }
        Item::Impl(item) if item.trait_.is_none() && !is_hidden(&item.attrs) => {
            let syn::Type::Path(of) = &*item.self_ty else { return found };
            let of = of.path.segments.last().map(|part| part.ident.to_string());
            for function in &item.items {
                if let ImplItem::Fn(function) = function
                    && is_shown(&function.vis, &function.attrs)
                {
                    let name = function.sig.ident.to_string();
                    found.push((of.clone().unwrap_or_default(), name, &function.attrs));
                }
            }
        }
        _ => {}
    }
    found
}

fn uses(example: &str, name: &str) -> bool {
    example
        .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .any(|word| word == name)
}

/// The sources by their paths, and the names that the facade shows.
fn read() -> (BTreeMap<PathBuf, syn::File>, BTreeSet<String>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = BTreeMap::new();
    for name in CRATES {
        sources(&root.join(name).join("src"), &mut files);
    }
    let facade = std::fs::read_to_string(root.join("src/lib.rs")).expect("the facade");
    let facade = syn::parse_file(&facade).expect("it compiles");
    let mut public = BTreeSet::new();
    names(&facade.items, &files, &mut public);
    assert!(public.contains("Transaction") && public.contains("TestDatabase"), "{public:?}");
    (files, public)
}

#[test]
fn every_public_item_has_an_example() {
    let (files, public) = read();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_namesake = |path: &Path, name: &str| {
        NAMESAKES.iter().any(|(file, other)| root.join(file) == path && *other == name)
    };
    let items: Vec<_> = files
        .iter()
        .flat_map(|(path, file)| file.items.iter().map(move |item| (path, item)))
        .filter(|(path, item)| own_name(item).is_none_or(|name| !is_namesake(path, &name)))
        .collect();
    let mut of_types: BTreeMap<String, String> = BTreeMap::new();
    for (_, item) in &items {
        if let Some(name) = own_name(item) {
            of_types.entry(name).or_default().push_str(&example(attributes(item)));
        }
    }
    let (mut count, mut missing) = (0, Vec::new());
    for (path, item) in items {
        let path = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap_or(path).display();
        if let Some(name) = own_name(item).filter(|name| public.contains(name)) {
            count += 1;
            if example(attributes(item)).is_empty() {
                missing.push(format!("{path}: {name}"));
            }
        }
        for (of, name, attributes) in functions(item) {
            if !public.contains(&of) {
                continue;
            }
            count += 1;
            let is_used = of_types.get(&of).is_some_and(|example| uses(example, &name));
            if example(attributes).is_empty() && !is_used {
                missing.push(format!("{path}: {of}::{name}"));
            }
        }
    }
    let without = missing.len();
    assert!(missing.is_empty(), "{without} of {count} public items have no example: {missing:#?}");
}

#[test]
fn public_names_are_the_terms_of_the_service() {
    let (files, mut public) = read();
    for item in files.values().flat_map(|file| &file.items) {
        public.extend(
            functions(item)
                .into_iter()
                .filter(|(of, ..)| public.contains(of))
                .map(|(_, name, _)| name)
                .collect::<Vec<_>>(),
        );
    }
    for foreign in
        ["partition_key", "partitionkey", "sort_key", "sortkey", "etag", "entity", "proxy"]
    {
        let named: Vec<_> =
            public.iter().filter(|name| name.to_lowercase().contains(foreign)).collect();
        assert!(named.is_empty(), "{foreign}: {named:?}");
    }
}
