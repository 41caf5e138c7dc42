//! Other processes: this test binary again, told by the environment which part to play.

use std::env;
use std::error::Error;
use std::io::{BufRead, BufReader, Write, stdin, stdout};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::support::{TestResult, add_index, create, create_with, put};

const PART: &str = "DYNAMAP_EMBEDDED_TEST_PART";
const FILE: &str = "DYNAMAP_EMBEDDED_TEST_FILE";

/// What the child says begins with this, so that it is not taken for what the test harness says.
const SAYS: &str = "child: ";

/// A child process. It is killed when it is dropped.
pub(crate) struct Played {
    process: Child,
    output: BufReader<ChildStdout>,
}

impl Played {
    /// Starts a child that plays `part` on `file`.
    pub(crate) fn start(part: &str, file: &Path) -> Result<Self, Box<dyn Error>> {
        let mut process = Command::new(env::current_exe()?)
            .args(["children::a_child_plays_its_part", "--exact", "--nocapture"])
            .env(PART, part)
            .env(FILE, file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let output = process.stdout.take().ok_or("no pipe")?;
        Ok(Self { process, output: BufReader::new(output) })
    }

    /// The next thing the child says; `None` at its end.
    pub(crate) fn hear(&mut self) -> Result<Option<String>, Box<dyn Error>> {
        let mut line = String::new();
        while self.output.read_line(&mut line)? > 0 {
            if let Some((_, said)) = line.split_once(SAYS) {
                // A last line without its end was cut off.
                return Ok(said.strip_suffix('\n').map(str::to_owned));
            }
            line.clear();
        }
        Ok(None)
    }

    /// Fails when the child has ended by itself.
    pub(crate) fn check_running(&mut self) -> TestResult {
        match self.process.try_wait()? {
            None => Ok(()),
            Some(status) => Err(format!("the child ended by itself: {status}").into()),
        }
    }

    /// Kills the child (SIGKILL) and waits for its end.
    pub(crate) fn kill(&mut self) -> TestResult {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Played {
    fn drop(&mut self) {
        self.kill().ok();
    }
}

fn say(what: &str) -> TestResult {
    let mut out = stdout().lock();
    writeln!(out, "{SAYS}{what}")?;
    out.flush()?;
    Ok(())
}

/// Not a test when it is run by itself.
#[tokio::test]
async fn a_child_plays_its_part() -> TestResult {
    let (Ok(part), Some(file)) = (env::var(PART), env::var_os(FILE)) else {
        return Ok(());
    };
    let file = PathBuf::from(file);
    match part.as_str() {
        "hold" => hold(&file),
        "change tables" => change_tables(&file).await,
        "create and delete" => create_and_delete(&file).await,
        _ => Err(format!("no such part: {part}").into()),
    }
}

fn hold(file: &Path) -> TestResult {
    let _client = dynamap_embedded::open(file)?;
    say("open")?;
    // Until the parent closes the pipe or kills this process.
    stdin().lock().read_line(&mut String::new())?;
    Ok(())
}

/// Creates tables for ever, adds an index to each, and deletes each second one. Says what is acknowledged, and what is about
/// to be deleted.
async fn change_tables(file: &Path) -> TestResult {
    let client = dynamap_embedded::open(file)?;
    say("open")?;
    for number in 0_u32.. {
        let table = format!("table{number}");
        create(&client, &table)?.send().await?;
        say(&format!("created {table}"))?;
        put(&client, &table, "x").await?;
        add_index(&client, &table, "by_colour").await?;
        say(&format!("indexed {table}"))?;
        if number % 2 == 0 {
            say(&format!("deleting {table}"))?;
            client.delete_table().table_name(&table).send().await?;
            say(&format!("deleted {table}"))?;
        }
    }
    Ok(())
}

/// Creates wide tables for ever and deletes each at once, so that nearly all its time goes into one or the other.
async fn create_and_delete(file: &Path) -> TestResult {
    let client = dynamap_embedded::open(file)?;
    let indexes: Vec<String> = (0..12).map(|number| format!("more{number}")).collect();
    say("open")?;
    for number in 0_u32.. {
        let table = format!("table{number}");
        create_with(&client, &table, &indexes)?.send().await?;
        say(&format!("created {table}"))?;
        say(&format!("deleting {table}"))?;
        client.delete_table().table_name(&table).send().await?;
        say(&format!("deleted {table}"))?;
    }
    Ok(())
}
