//! What a command tells the script that called it.

use std::process::ExitCode;

use dynamap_mapper::Error;
use dynamap_migrations::{BackfillError, BackfillRecord, BackfillState};
use serde::Serialize;

/// How a command ended: its exit code, and `outcome` in its JSON.
///
/// ```
/// use dynamap::cli::Exit;
///
/// assert_eq!(Exit::Older.code(), 3);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Exit {
    /// 0: what was asked for is done; of `verify`: all is as it shall be; of `migrate status`: nothing is older.
    Done,
    /// 1: anything else, such as what the service said.
    Error,
    /// 2: the command line is wrong, or lacks `--yes`. Nothing was done.
    Usage,
    /// 3: older items are left, or may be, since the job was never begun.
    Older,
    /// 4: items or lines failed; of `table throughput`: the command did. What failed is as it was.
    Failed,
    /// 5: another one is at it, or took the job over.
    Running,
    /// 6: the steps are not those that the job was begun with. Nothing was done.
    Drifted,
    /// 7: it was stopped. What has a checkpoint goes on when it is run again, the rest begins anew.
    Interrupted,
    /// 8: what is there is not what shall be.
    Differs,
    /// 9: there is no such table, item or record.
    Missing,
    /// 10: the transaction was not committed, and never will be.
    Aborted,
    /// 11: the throughput is raised still, or may be: `table throughput-repair` restores it.
    Raised,
}

/// Of several models, the first of these is the outcome.
const WORST_FIRST: [Exit; 12] = [
    Exit::Usage,
    Exit::Error,
    Exit::Raised,
    Exit::Drifted,
    Exit::Running,
    Exit::Interrupted,
    Exit::Failed,
    Exit::Missing,
    Exit::Differs,
    Exit::Aborted,
    Exit::Older,
    Exit::Done,
];

impl Exit {
    /// The exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Usage => 2,
            Self::Older => 3,
            Self::Failed => 4,
            Self::Running => 5,
            Self::Drifted => 6,
            Self::Interrupted => 7,
            Self::Differs => 8,
            Self::Missing => 9,
            Self::Aborted => 10,
            Self::Raised => 11,
        }
    }

    /// The outcome of several.
    pub(crate) fn of_all(all: impl Iterator<Item = Self>) -> Self {
        let place = |exit: &Self| WORST_FIRST.iter().position(|worse| worse == exit);
        all.min_by_key(place).unwrap_or(Self::Done)
    }

    /// What a record says.
    pub(crate) fn of_record(record: &BackfillRecord) -> Self {
        let last = record.history.last().map(|run| run.state);
        match record.state {
            BackfillState::Completed => Self::Done,
            BackfillState::Failed => Self::Failed,
            BackfillState::InProgress => Self::Running,
            // It was completed, and older items were found afterwards.
            BackfillState::Interrupted if last == Some(BackfillState::Completed) => Self::Older,
            BackfillState::Interrupted => Self::Interrupted,
            _ => Self::Error,
        }
    }

    /// What an error means.
    pub(crate) fn of_error(error: &BackfillError) -> Self {
        match error {
            BackfillError::Running { .. } | BackfillError::LeaseLost => Self::Running,
            BackfillError::Drifted { .. } => Self::Drifted,
            BackfillError::Stopped { .. } => Self::Failed,
            BackfillError::NotBegun { .. } => Self::Older,
            BackfillError::Database(Error::NoSuchTable(_)) => Self::Missing,
            _ => Self::Error,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}
