//! The program in a terminal: its bar, and Ctrl-C as a key.

use rexpect::process::WaitStatus;
use rexpect::session::{PtySession, spawn_command};

use super::{Outcome, call, dynamap, fill};

/// How long something may take to be shown, in milliseconds.
const PATIENCE: u64 = 60_000;

fn code(session: &PtySession) -> Result<i32, Box<dyn std::error::Error>> {
    match session.process().wait()? {
        WaitStatus::Exited(_, code) => Ok(code),
        other => Err(format!("{other:?}").into()),
    }
}

#[tokio::test]
async fn a_copy_shows_a_bar_and_ctrl_c_stops_it_at_a_checkpoint() -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("game.db");
    fill(&file, 400).await?;
    let store = format!("file:{}", file.display());
    let place = folder.path().join("place").display().to_string();
    let copy = format!("table copy maps maps --to-prefix copy_ --checkpoint {place}");
    let slowly = "--segments 1 --page-size 5 --write-units 20";
    let mut command = dynamap(&store);
    command.env("TERM", "xterm").args(copy.split(' ')).args(slowly.split(' '));
    let mut terminal = spawn_command(command, Some(PATIENCE))?;
    terminal.exp_string("the copy of maps to copy_maps is begun")?;
    // The bar: how many there are about, the pace, the time that is left.
    let (_, bar) =
        terminal.exp_regex(r"[1-9]\d*/~\d+ items, [\d.]+/s, \w+; \d+ written, 0 failed")?;
    assert!(bar.contains("items"), "{bar}");
    terminal.send_control('c')?;
    terminal.exp_string("stops at the next checkpoint; Ctrl-C again ends it at once")?;
    terminal.exp_string("stopped: run it again to go on")?;
    terminal.exp_eof()?;
    assert_eq!(code(&terminal)?, 7);

    let rest = call(&store, &format!("{copy} --verify"));
    assert_eq!((&rest["outcome"], &rest["result"]["is_equal"]), (&"done".into(), &true.into()));
    let items = rest["result"]["items"].as_u64().ok_or("a number")?;
    assert!((1..400).contains(&items), "{rest}");
    Ok(())
}

#[tokio::test]
async fn ctrl_c_ends_a_second_time_at_once() -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("game.db");
    fill(&file, 100).await?;
    let mut command = dynamap(&format!("file:{}", file.display()));
    // A page takes minutes.
    let copy = "table copy maps maps --to-prefix copy_ --segments 1 --write-units 1";
    command.env("TERM", "xterm").args(copy.split(' '));
    let mut terminal = spawn_command(command, Some(PATIENCE))?;
    terminal.exp_string("is begun")?;
    terminal.send_control('c')?;
    terminal.exp_string("stops at the next checkpoint")?;
    terminal.send_control('c')?;
    terminal.exp_string("ended at once")?;
    terminal.exp_eof()?;
    assert_eq!(code(&terminal)?, 7);
    Ok(())
}
