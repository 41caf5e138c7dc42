//! The guide's programs: every block of a chapter stands in the file of the same name below `guide/`, where it is compiled and run.

use std::path::{Path, PathBuf};

mod batches;
mod caches;
mod capacity;
mod commands;
mod expressions;
mod keys;
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
mod types;
mod unique;
mod views;
mod writes;

fn folder(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// What stands between the fences of blocks in Rust, with the number of the line before each.
fn blocks(chapter: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut fence = None;
    for (number, line) in (1..).zip(chapter.lines()) {
        match (fence, line.trim().strip_prefix("```")) {
            (Some(is_rust), None) => {
                if let (true, Some((_, block))) = (is_rust, found.last_mut()) {
                    block.push_str(line);
                    block.push('\n');
                }
            }
            (Some(_), Some(_)) => fence = None,
            (None, Some(language)) => {
                let is_rust = language.starts_with("rust");
                fence = Some(is_rust);
                if is_rust {
                    found.push((number, String::new()));
                }
            }
            (None, None) => {}
        }
    }
    found
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
        for (line, block) in blocks(&chapter) {
            count += 1;
            let block = lines(&block);
            if block.is_empty() || !program.windows(block.len()).any(|part| part == block) {
                missing.push(format!("docs/guide/{name}.md:{line}"));
            }
        }
    }
    assert_ne!(count, 0, "the guide shows programs");
    assert!(missing.is_empty(), "these blocks stand in no test: {missing:#?}");
}
