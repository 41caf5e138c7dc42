//! The guide's programs: every block of a chapter stands in the file of the same name below `guide/`, where it is compiled and run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::fences::{blocks, outside};

mod batches;
mod caches;
mod capacity;
mod change_a_model;
mod commands;
mod common;
mod count;
mod expressions;
mod from_boto3;
mod from_older_libraries;
mod from_the_sdk;
mod from_toasty;
mod keys;
mod limits_and_costs;
mod migrations;
mod models;
mod operating;
mod reading;
mod references;
mod sessions;
mod tables;
mod testing;
mod transactions;
mod transfer;
mod two_writers;
mod types;
mod undo;
mod unique;
mod views;
mod what_can_go_wrong;
mod writes;

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

#[test]
fn every_block_of_a_chapter_stands_in_the_test_of_the_same_name() {
    let mut count = 0;
    let mut missing = Vec::new();
    for entry in std::fs::read_dir(folder("docs/guide")).expect("a guide") {
        let path = entry.expect("an entry").path();
        let Some(name) = path.file_stem().and_then(|name| name.to_str()) else { continue };
        if path.extension() != Some("md".as_ref()) {
            continue;
        }
        let chapter = std::fs::read_to_string(&path).expect("a chapter");
        let program = folder(&format!("tests/it/guide/{}.rs", name.replace('-', "_")));
        let program = std::fs::read_to_string(program).unwrap_or_default();
        let program = lines(&program);
        for (line, block) in blocks(&chapter, |language| language.starts_with("rust")) {
            count += 1;
            let block = lines(&block);
            if block.is_empty() || !program.windows(block.len()).any(|part| part == block) {
                missing.push(format!("docs/guide/{name}.md:{line}"));
            }
        }
    }
    assert!(missing.is_empty(), "these blocks stand in no test: {missing:#?}");
    assert!(count > 100, "no blocks were found: {count}");
}

/// The documents that link to each other: the README, those beside it, and the book.
fn documents() -> Vec<PathBuf> {
    let mut found = vec![folder("README.md"), folder("CONTRIBUTING.md"), folder("CHANGELOG.md")];
    found.extend(files(&folder("docs"), "md"));
    found.extend(files(&folder("docs/guide"), "md"));
    found
}

/// The files of a folder with this extension, in order.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut found: Vec<_> =
        paths.filter(|path| path.extension() == Some(extension.as_ref())).collect();
    found.sort();
    found
}

/// The text without fenced blocks and without code in its lines.
fn prose(text: &str) -> String {
    let mut prose = String::new();
    for line in outside(text) {
        prose.extend(line.split('`').step_by(2));
        prose.push('\n');
    }
    prose
}

/// What the links of a text lead to, as it is written there.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text);
    let targets = prose.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).collect()
}

/// The anchors of a text: its headings, as a browser is sent to them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = outside(text).filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let words = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        words.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
    };
    headings.map(anchor).collect()
}

/// Whether a link of a document leads to a file, and to a heading of it; from inside the book, to one of the book.
fn leads_somewhere(document: &Path, link: &str) -> bool {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() { document.to_owned() } else { document.with_file_name(path) };
    let book = folder("docs").canonicalize().expect("a book");
    let inside = |path: &Path| path.canonicalize().is_ok_and(|path| path.starts_with(&book));
    let has_heading = || {
        let text = std::fs::read_to_string(&target);
        text.is_ok_and(|text| anchors(&text).contains(anchor))
    };
    target.exists()
        && (inside(&target) || !inside(document))
        && (anchor.is_empty() || has_heading())
}

#[test]
fn every_link_of_the_documents_leads_somewhere() {
    let mut count = 0;
    let mut broken = Vec::new();
    for document in documents() {
        let text = std::fs::read_to_string(&document).expect("a document");
        for link in links(&text).iter().filter(|link| !link.contains("://")) {
            count += 1;
            if !leads_somewhere(&document, link) {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "these links lead nowhere: {broken:#?}");
    assert!(count > 150, "no links were found: {count}");
}

#[test]
fn the_book_has_every_chapter_once() {
    let summary = std::fs::read_to_string(folder("docs/SUMMARY.md")).expect("a summary");
    let mut listed = links(&summary);
    listed.sort();
    let root = folder("docs");
    let mut chapters: Vec<String> = [files(&root, "md"), files(&root.join("guide"), "md")]
        .concat()
        .iter()
        .map(|path| path.strip_prefix(&root).expect("inside").display().to_string())
        .filter(|path| path != "SUMMARY.md")
        .collect();
    chapters.sort();
    assert_eq!(listed, chapters);
}

/// The links of a text: what they are called, and where they lead.
fn titled(text: &str) -> Vec<(&str, &str)> {
    let titles = text.split('[').skip(1).filter_map(|rest| rest.split_once("]("));
    titles.filter_map(|(title, rest)| Some((title, rest.split_once(')')?.0))).collect()
}

#[test]
fn each_chapter_has_one_title_and_leads_to_the_next() {
    let read = |path: &str| std::fs::read_to_string(folder(path)).expect("a document");
    let chapter = |path: &str| read(&format!("docs/{path}"));
    let (summary, readme) = (chapter("SUMMARY.md"), read("README.md"));
    let (chapters, shown) = (titled(&summary), titled(&readme));
    for (title, path) in &chapters {
        assert!(chapter(path).starts_with(&format!("# {title}\n")), "{path} has another title");
        let at = format!("docs/{path}");
        let of_readme = shown.iter().find(|(_, shown)| *shown == at).map(|(title, _)| title);
        assert_eq!(of_readme, Some(title), "{path} has another title in the README");
    }
    let order: Vec<_> = chapters
        .iter()
        .filter_map(|(title, path)| Some((title, path.strip_prefix("guide/")?)))
        .filter(|(_, file)| !file.starts_with("from-"))
        .collect();
    assert!(order.len() > 20, "no chapters were found: {order:?}");
    for pair in order.windows(2) {
        let [(_, file), (title, next)] = pair else { continue };
        let line = format!("\nNext: [{title}]({next}).\n");
        assert!(chapter(&format!("guide/{file}")).ends_with(&line), "{file} leads to no {next}");
    }
}

#[test]
fn every_picture_is_drawn_and_shown() {
    let shown: BTreeSet<String> = documents()
        .iter()
        .flat_map(|path| links(&std::fs::read_to_string(path).expect("a document")))
        .filter_map(|link| link.rsplit_once("pictures/").map(|(_, name)| name.to_owned()))
        .collect();
    let sources = files(&folder("docs/pictures"), "dot");
    assert!(!sources.is_empty());
    for source in sources {
        let picture = source.with_extension("svg");
        assert!(picture.exists(), "draw it: dot -Tsvg -O {}", source.display());
        let name = picture.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(shown.contains(&name), "no chapter shows {name}");
    }
}

/// Where tests are: of the facade, and of the other crates.
const TESTS: [&str; 6] = [
    "tests/it",
    "cache/tests/it",
    "cli/tests/it",
    "embedded/tests/it",
    "faults/tests/it",
    "testing/tests",
];

/// Paths that documents name and that are of no test.
const NO_TESTS: [&str; 11] = [
    "dynamap::blocking",
    "dynamap::cli",
    "dynamap::embedded",
    "dynamap::faults",
    "dynamap::transfer",
    "embedded::memory",
    "embedded::open",
    "tokio::time::timeout",
    "limits::check_item",
    "render::stamp",
    "single::put_request",
];

/// The sources of the tests that a path of modules is about, by their paths.
fn sources(module: &str) -> Vec<(PathBuf, String)> {
    let roots = TESTS.map(folder);
    let mut open: Vec<_> = roots.iter().map(|root| root.join(format!("{module}.rs"))).collect();
    let mut folders: Vec<_> =
        roots.iter().map(|root| root.join(module)).filter(|folder| folder.is_dir()).collect();
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).expect("a folder");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let (inside, files): (Vec<_>, Vec<_>) = paths.partition(|path| path.is_dir());
        folders.extend(inside);
        open.extend(files);
    }
    let read = |path: PathBuf| Some((path.clone(), std::fs::read_to_string(path).ok()?));
    open.into_iter().filter_map(read).collect()
}

/// The tests that a text names, such as `writes::*`.
fn tests_named(text: &str) -> Vec<&str> {
    let is_path = |code: &&str| {
        let of_path = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_:*".contains(c);
        code.contains("::") && code.chars().all(of_path)
    };
    text.split('`').skip(1).step_by(2).filter(is_path).collect()
}

#[test]
fn every_test_that_the_documents_name_is_there() {
    let mut count = 0;
    let mut missing = Vec::new();
    for document in documents() {
        let text = std::fs::read_to_string(&document).expect("a document");
        for name in tests_named(&text) {
            if NO_TESTS.contains(&name) {
                continue;
            }
            count += 1;
            let mut parts: Vec<_> = name.split("::").collect();
            let sources = sources(parts.remove(0));
            let has = |part: &&str| {
                let file = format!("{part}.rs");
                let declared = [format!("mod {part} "), format!("fn {part}(")];
                sources.iter().any(|(path, text)| {
                    path.ends_with(&file) || declared.iter().any(|line| text.contains(line))
                })
            };
            if sources.is_empty() || !parts.iter().filter(|part| **part != "*").all(has) {
                missing.push(format!("{}: {name}", document.display()));
            }
        }
    }
    assert!(missing.is_empty(), "these tests are not there: {missing:#?}");
    assert!(count > 300, "no tests were found: {count}");
}
