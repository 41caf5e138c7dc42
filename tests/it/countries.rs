//! The main job, killed at several points: the next run finishes it, and the table ends the same.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::example;

fn digest_of(file: &Path) -> String {
    let output = Command::new(example("countries")).arg(file).output().expect("the example");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let digest = text.lines().find_map(|line| line.strip_prefix("digest of the table: "));
    digest.expect("a digest").to_owned()
}

#[test]
fn a_kill_at_any_point_leaves_what_the_next_run_finishes() {
    let folder = tempfile::tempdir().expect("a folder");
    let expected = digest_of(&folder.path().join("whole.db"));
    let file = folder.path().join("killed.db");
    for point in ["stored 100", "stored 1", "politics 3", "sports 120", "politics 250", "regions 1"]
    {
        // Each point is met from a fresh file, and once more from what the kill before it left.
        for path in [&file, &folder.path().join(format!("{point}.db"))] {
            let mut child = Command::new(example("countries"))
                .arg(path)
                .env("COUNTRIES_PROGRESS", "1")
                .stdout(Stdio::piped())
                .spawn()
                .expect("the example");
            let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
            for line in lines.map_while(Result::ok) {
                if line == format!("progress {point}") {
                    child.kill().expect("kill -9");
                    break;
                }
            }
            child.wait().expect("its end");
        }
        assert_eq!(
            digest_of(&folder.path().join(format!("{point}.db"))),
            expected,
            "killed at {point}"
        );
    }
    assert_eq!(digest_of(&file), expected, "killed again and again");
}
