//! `docs/guide/commands.md`: its programs.

use dynamap::Model as _;
use dynamap::cli::{Cli, Exit};
use dynamap::testing::TestDatabase;

use super::common::{Account, DoomMap};
use crate::support::Outcome;

/// Compiled: its store is that of the environment.
#[allow(dead_code, reason = "the `main` of a program")]
mod program {
    use super::{Account, DoomMap};

    use dynamap::cli::models;

    #[tokio::main]
    async fn main() -> std::process::ExitCode {
        dynamap::cli::run(models![Account, DoomMap]).await // Database::from_env
    }
}

#[tokio::test]
async fn a_command_line_is_called_on_a_database_of_ones_own() -> Outcome {
    use dynamap::cli::models;

    let test = TestDatabase::builder().build().await?;
    let db = test.database().clone();

    let (mut out, mut err) = (Vec::new(), Vec::new());
    let command = ["admin", "table", "create"];
    let cli = Cli::new(models![Account, DoomMap]).args(command);
    assert_eq!(cli.run_into(&db, &mut out, &mut err).await, Exit::Done);

    let ann = Account::of("Ann", 5).insert(&db).await?;
    assert_eq!(ann.id, 1);
    let command = ["admin", "item", "get", "accounts", "2"];
    let cli = Cli::new(models![Account, DoomMap]).args(command);
    assert_eq!(cli.run_into(&db, &mut out, &mut err).await, Exit::Missing);
    Ok(())
}
