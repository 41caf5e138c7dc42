//! The program `dynamap`: see `dynamap --help`. What it does is in the library, `binary`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    dynamap_cli::main(std::env::args_os().collect()).await
}
