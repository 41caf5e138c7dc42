//! The program as a process, over a file and over HTTP.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;

use super::{Outcome, call, dynamap, fill};

#[tokio::test]
async fn tables_of_a_file_are_administered_by_their_names() -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("game.db");
    fill(&file, 9).await?;
    let store = format!("file:{}", file.display());
    assert_eq!(call(&store, "table list")["result"], json!(["copy_maps", "maps"]));
    assert_eq!(call(&store, "--prefix copy_ table list")["result"], json!(["maps"]));
    let item = &call(&store, "item get maps 1 8 --plain")["result"];
    assert_eq!((&item["episode"], &item["map"]), (&json!(1), &json!(8)));
    let copied = call(&store, "table copy maps maps --to-prefix copy_ --existing replace --verify");
    assert_eq!((&copied["outcome"], &copied["result"]["is_equal"]), (&json!("done"), &json!(true)));
    let missing = call(&store, "item get maps 1 10");
    assert_eq!((&missing["outcome"], &missing["exit_code"]), (&json!("missing"), &json!(9)));
    assert_eq!(call(&store, "table delete maps --with-all-items")["exit_code"], 0);
    assert_eq!(call(&store, "table list")["result"], json!(["copy_maps"]));
    Ok(())
}

#[test]
fn what_needs_models_is_not_offered() -> Outcome {
    let help = dynamap("memory").arg("--help").output()?;
    let help = String::from_utf8(help.stdout)?;
    for (word, is_offered) in
        [("table", true), ("serve", true), ("migrate", false), ("view", false)]
    {
        assert_eq!(help.contains(&format!("\n  {word} ")), is_offered, "{word}: {help}");
    }
    let refused = dynamap("memory").args(["table", "verify"]).output()?;
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr)?.contains("names no models"));
    let wrong = dynamap("game.db").args(["table", "list"]).output()?;
    assert_eq!(wrong.status.code(), Some(2));
    let directory = dynamap("file:/").args(["table", "list"]).output()?;
    assert_eq!(directory.status.code(), Some(1));
    let script = dynamap("memory").args(["completions", "bash"]).output()?;
    assert!(String::from_utf8(script.stdout)?.contains("dynamap"));
    Ok(())
}

/// Served until Ctrl-C; meanwhile another process works on it by its address.
#[cfg(unix)]
#[tokio::test]
async fn a_file_is_served_until_ctrl_c() -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("game.db");
    fill(&file, 3).await?;
    let mut server = Command::new(env!("CARGO_BIN_EXE_dynamap"))
        .args(["serve", "--address", "127.0.0.1:0", "--file"])
        .arg(&file)
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(server.stdout.take().ok_or("its output")?).lines();
    let endpoint = lines.next().ok_or("a line")??;
    assert!(endpoint.starts_with("http://127.0.0.1:"), "{endpoint}");
    assert_eq!(call(&endpoint, "table list")["result"], json!(["copy_maps", "maps"]));
    // On this machine: no word is needed.
    assert_eq!(call(&endpoint, "table delete maps --with-all-items")["outcome"], "done");
    let interrupted = Command::new("kill").args(["-INT", &server.id().to_string()]).status()?;
    assert!(interrupted.success());
    assert_eq!(server.wait()?.code(), Some(0));
    assert_eq!(
        call(&format!("file:{}", file.display()), "table list")["result"],
        json!(["copy_maps"])
    );
    Ok(())
}

#[test]
fn a_server_that_cannot_begin_says_why() -> Outcome {
    let mut serve = dynamap("memory");
    let output = serve.args(["serve", "--address", "0.0.0.0:0"]).output()?;
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    assert!(String::from_utf8(output.stderr)?.contains("0.0.0.0"));
    Ok(())
}
