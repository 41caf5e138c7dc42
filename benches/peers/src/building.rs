//! What dynamap adds to a program of the SDK: crates, and time to build it.

use std::fs;
use std::path::Path;
use std::process::Command;

use floor::Outcome;
use serde::{Deserialize, Serialize};

/// Crates and CPU seconds of a clean debug build: of the SDK alone, and with dynamap.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Building {
    /// Of the SDK and its HTTPS client, without `aws-config`.
    pub sdk_alone_crates: usize,
    pub sdk_crates: usize,
    pub crates: usize,
    pub sdk_seconds: f64,
    pub seconds: f64,
}

const SDK: &str = r#"aws-sdk-dynamodb = { version = "=SDK", default-features = false, features = ["default-https-client", "rt-tokio"] }
"#;

const CONFIG: &str = r#"aws-config = { version = "1", default-features = false, features = ["default-https-client", "rt-tokio"] }
"#;

const SDK_MAIN: &str = r#"#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), aws_sdk_dynamodb::Error> {
    let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
    let client = aws_sdk_dynamodb::Client::new(&config);
    let item = client.get_item().table_name("greetings");
    let id = aws_sdk_dynamodb::types::AttributeValue::N("1".into());
    println!("{:?}", item.key("id", id).send().await?.item);
    Ok(())
}
"#;

const MAIN: &str = r#"use dynamap::{Database, Model};

#[derive(Debug, Clone, Model)]
#[model(table = "greetings", validate = false)]
struct Greeting {
    #[model(hash_key)]
    id: u64,
    text: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), dynamap::Error> {
    let db = Database::from_env().await;
    println!("{:?}", Greeting::get(&db, 1).await?);
    Ok(())
}
"#;

/// Builds both, each from nothing, in a folder for temporary files.
///
/// # Errors
/// Where cargo fails.
pub fn measure() -> Outcome<Building> {
    let folder = tempfile::tempdir()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let lock = root.join("Cargo.lock");
    let sdk = crate::versions::locked(&fs::read_to_string(&lock)?, "aws-sdk-dynamodb")
        .ok_or("the SDK is not in the lock file")?;
    let dynamap = format!("dynamap = {{ path = {root:?} }}\n");
    let sdk = SDK.replace("=SDK", &format!("={sdk}"));
    let mut found = Vec::new();
    for (name, needs, main) in [
        ("alone", sdk.clone(), None),
        ("sdk", sdk + CONFIG, Some(SDK_MAIN)),
        ("hello", dynamap, Some(MAIN)),
    ] {
        let project = folder.path().join(name);
        fs::create_dir_all(project.join("src"))?;
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\n\
             tokio = {{ version = \"1\", features = [\"macros\", \"rt\"] }}\n{needs}"
        );
        fs::write(project.join("Cargo.toml"), manifest)?;
        fs::write(project.join("src/main.rs"), main.unwrap_or("fn main() {}"))?;
        // The same versions of everything that both need.
        fs::copy(&lock, project.join("Cargo.lock"))?;
        cargo(&project, &["fetch"])?;
        let crates = crates(&project)?;
        let before = cpu_of_children()?;
        if main.is_some() {
            cargo(&project, &["build", "--offline"])?;
        }
        found.push((crates, cpu_of_children()? - before));
    }
    let [(sdk_alone_crates, _), (sdk_crates, sdk_seconds), (crates, seconds)] = found[..] else {
        return Err("three projects".into());
    };
    Ok(Building { sdk_alone_crates, sdk_crates, crates, sdk_seconds, seconds })
}

fn cargo(project: &Path, arguments: &[&str]) -> Outcome<String> {
    let output = Command::new("cargo")
        .args(arguments)
        .current_dir(project)
        .env("CARGO_TARGET_DIR", project.join("target"))
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

/// The crates that the project builds for its own platform, itself not counted.
fn crates(project: &Path) -> Outcome<usize> {
    let tree = cargo(
        project,
        &["tree", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"],
    )?;
    let mut names: Vec<&str> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names.len() - 1)
}

/// The CPU time of all processes that this one started and waited for, in seconds.
fn cpu_of_children() -> Outcome<f64> {
    /// Linux tells times in hundredths of a second.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, after_name) = stat.rsplit_once(')').ok_or("no name")?;
    // `cutime` and `cstime` are the 16th and 17th of all, the first two being the number and the name.
    let times = after_name.split_whitespace().skip(13).take(2).map(str::parse::<f64>);
    Ok(times.sum::<Result<f64, _>>()? / TICKS)
}
