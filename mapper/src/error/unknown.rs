//! A write of which it is open whether it was applied.

use std::fmt;

use super::Target;

/// A write whose answer was lost and whose effect could not be found out.
#[derive(Debug)]
pub struct OutcomeUnknown {
    /// The operation.
    pub operation: &'static str,
    /// The items it would have written.
    pub targets: Vec<Target>,
    /// How often it was sent.
    pub attempts: u32,
    /// The id of the transaction where it is recorded: `Transaction::resolve` decides it.
    pub transaction: Option<String>,
}

impl fmt::Display for OutcomeUnknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} got no answer and may or may not have been applied", self.operation)?;
        for (i, target) in self.targets.iter().enumerate() {
            write!(f, "{} item {target}", if i == 0 { " to" } else { "," })?;
        }
        match &self.transaction {
            Some(id) => write!(f, ": `Transaction::resolve` of `{id}` decides it"),
            None => f.write_str(": read and decide"),
        }
    }
}
