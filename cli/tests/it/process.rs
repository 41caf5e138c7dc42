//! The program as a process, over a file and over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
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
        .args(["--store", &format!("file:{}", file.display())])
        .args(["serve", "--address", "127.0.0.1:0"])
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

/// What would be ignored is refused: nobody shall work on another store than he named.
#[test]
fn a_store_that_is_named_twice_or_in_vain_is_refused() -> Outcome {
    for (store, line) in [
        ("http://127.0.0.1:1", "--endpoint http://127.0.0.1:2 table list"),
        ("memory", "--region eu-central-1 table list"),
        ("memory", "--endpoint http://127.0.0.1:2 table list"),
        ("file:game.db", "table list --profile other"),
        ("aws", "serve --address 127.0.0.1:0"),
        ("http://127.0.0.1:1", "serve --address 127.0.0.1:0"),
        ("memory", "serve --address 127.0.0.1:0 --region eu-central-1"),
        ("memory", "serve --address 127.0.0.1:0 --prefix a_"),
        ("memory", "serve --address 127.0.0.1:0 --file game.db"),
    ] {
        let refused = dynamap(store).args(line.split_whitespace()).output()?;
        assert_eq!((refused.status.code(), refused.stdout.len()), (Some(2), 0), "{store} {line}");
    }
    Ok(())
}

#[test]
fn a_store_that_does_not_open_has_a_document_too() -> Outcome {
    for line in ["table list", "serve --address 127.0.0.1:0"] {
        let document = call("file:/", line);
        assert_eq!((&document["outcome"], document["error"].is_string()), (&json!("error"), true));
        assert!(line.starts_with(document["command"].as_str().ok_or("a name")?), "{document}");
    }
    Ok(())
}

/// Where a request would go is in the question: nothing is sent.
#[test]
fn what_is_not_said_of_the_target_of_a_copy_is_as_with_its_source() -> Outcome {
    for (options, host) in [
        ("--to-profile other", "dynamodb.eu-central-1.amazonaws.com"),
        ("--to-region eu-west-1", "dynamodb.eu-west-1.amazonaws.com"),
        ("--to-endpoint http://10.0.0.7:8000", "10.0.0.7"),
    ] {
        let mut copy = dynamap("aws");
        copy.env("AWS_REGION", "us-west-2").args(["--region", "eu-central-1", "table", "copy"]);
        copy.args(["a", "b", "--existing", "replace"]).args(options.split_whitespace());
        let refused = copy.output()?;
        let error = String::from_utf8(refused.stderr)?;
        assert_eq!(refused.status.code(), Some(2), "{options}: {error}");
        assert!(error.contains(&format!("at {host}: say --yes")), "{options}: {error}");
    }
    Ok(())
}

/// The headers of the first request to a store that denies it.
fn denied(
    line: &[&str],
    environment: &[(&str, &str)],
) -> Result<String, Box<dyn std::error::Error>> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let server = std::thread::spawn(move || -> std::io::Result<String> {
        let (mut stream, _) = listener.accept()?;
        let mut headers = String::new();
        let mut lines = BufReader::new(stream.try_clone()?);
        while lines.read_line(&mut headers)? > 2 {}
        let length = headers.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        lines.take(length.unwrap_or_default()).read_to_end(&mut Vec::new())?;
        let body = r#"{"__type":"AccessDeniedException"}"#;
        let length = body.len();
        write!(stream, "HTTP/1.1 400 Bad Request\r\nContent-Type: application/x-amz-json-1.0\r\n")?;
        write!(stream, "Content-Length: {length}\r\nConnection: close\r\n\r\n{body}")?;
        Ok(headers)
    });
    let mut command = dynamap("aws");
    command.envs(environment.iter().copied()).args(["--endpoint", &endpoint]).args(line);
    let output = command.output()?;
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(server.join().map_err(|_| "the server")??)
}

#[test]
fn who_names_a_profile_means_its_account_and_not_that_of_the_environment() -> Outcome {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("credentials");
    let keys = "[other]\naws_access_key_id = OTHER\naws_secret_access_key = b\n";
    std::fs::write(&file, keys)?;
    let file = file.display().to_string();
    let environment = [
        ("AWS_SHARED_CREDENTIALS_FILE", file.as_str()),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_ACCESS_KEY_ID", "MINE"),
        ("AWS_SECRET_ACCESS_KEY", "a"),
    ];
    let line = ["--region", "eu-central-1", "table", "list"];
    let headers = denied(&line, &environment)?;
    assert!(headers.contains("Credential=MINE/"), "{headers}");
    let headers = denied(&[&["--profile", "other"][..], &line].concat(), &environment)?;
    assert!(headers.contains("Credential=OTHER/"), "{headers}");
    Ok(())
}

#[test]
fn a_store_elsewhere_gets_no_stand_ins_for_credentials() -> Outcome {
    let mut command = dynamap("http://10.255.255.1:8000");
    for name in ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        command.env_remove(name);
    }
    command.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    let mut child = command.args(["table", "list"]).stderr(Stdio::piped()).spawn()?;
    // With stand-ins it would ask a store that never answers, for minutes.
    let mut error = String::new();
    child.stderr.take().ok_or("its output")?.read_to_string(&mut error)?;
    assert_eq!(child.wait()?.code(), Some(1));
    assert!(error.contains("region"), "{error}");
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
