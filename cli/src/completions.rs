//! What makes a shell complete the commands of this program.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::args::Args;
use crate::exit::Exit;
use crate::report::{Answer, Answered};

#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    /// For the program of this name. What is printed is a file of the shell.
    pub(crate) fn run(&self, program: &str, line: Option<clap::Command>) -> Answered {
        let mut line = line.unwrap_or_else(Args::command);
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut line, program, &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        Answer::told(Exit::Done, &script, script.clone())
    }
}
