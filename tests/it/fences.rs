//! Documents in Markdown: what stands between the fences of blocks, and what beside them.

/// What stands between the fences of the blocks in wanted languages, with the number of the line before each.
pub fn blocks(text: &str, is_wanted: impl Fn(&str) -> bool) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut fence = None;
    for (number, line) in (1..).zip(text.lines()) {
        match (fence, line.trim().strip_prefix("```")) {
            (Some(is_inside), None) => {
                if let (true, Some((_, block))) = (is_inside, found.last_mut()) {
                    block.push_str(line);
                    block.push('\n');
                }
            }
            (Some(_), Some(_)) => fence = None,
            (None, Some(language)) => {
                let is_wanted = is_wanted(language.trim());
                fence = Some(is_wanted);
                if is_wanted {
                    found.push((number, String::new()));
                }
            }
            (None, None) => {}
        }
    }
    found
}

/// The lines beside blocks.
pub fn outside(text: &str) -> impl Iterator<Item = &str> {
    let mut is_inside = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim().starts_with("```");
        is_inside ^= is_fence;
        !is_fence && !is_inside
    })
}

#[test]
fn a_block_behind_one_of_another_language_is_read_and_what_is_between_is_not() {
    let text = "# One\n```sh\n# no heading\n```\n# Two\n```\nlet one = 1;\n```\n```rust\nlet two = 2;\n```";
    let in_rust = |language: &str| matches!(language, "" | "rust");
    let found = blocks(text, in_rust);
    assert_eq!(found, [(6, "let one = 1;\n".to_owned()), (9, "let two = 2;\n".to_owned())]);
    assert_eq!(outside(text).collect::<Vec<_>>(), ["# One", "# Two"]);
}
