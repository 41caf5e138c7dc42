//! Recorded transactions: what became of them.

use std::fmt;

use clap::Subcommand;
use dynamap_mapper::Model as _;
use dynamap_transactions::{Outcome, Transaction, TransactionRecord, TransactionStatus};
use serde::Serialize;

use crate::args::count;
use crate::consent;
use crate::exit::Exit;
use crate::json::time;
use crate::report::{Answer, Answered};
use crate::session::Call;

#[derive(Debug, Subcommand)]
pub(crate) enum TransactionCommand {
    /// Decides what became of a transaction: one that was not committed is aborted for good
    Resolve(Resolve),
    /// Lists the records of transactions, in no order; of one requester the newest first
    List(List),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Resolve {
    /// The idempotency key, or the id that an error names
    #[arg(value_name = "ID")]
    id: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Only those of this requester
    #[arg(long, value_name = "NAME")]
    requester: Option<String>,
    /// So many at most
    #[arg(long, value_name = "N", value_parser = count)]
    limit: Option<usize>,
}

/// What was decided.
#[derive(Serialize)]
struct Resolved {
    id: String,
    is_committed: bool,
    record: Option<Record>,
}

/// The record of a transaction.
#[derive(Serialize)]
struct Record {
    id: String,
    status: &'static str,
    at: String,
    requester: Option<String>,
    request: Option<String>,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Records(Vec<Record>);

impl TransactionCommand {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Resolve(_) => "resolve",
            Self::List(_) => "list",
        }
    }

    pub(crate) async fn run(&self, call: Call<'_, '_>) -> Answered {
        match self {
            Self::Resolve(Resolve { id }) => resolve(call, id).await,
            Self::List(list) => list.run(call).await,
        }
    }
}

async fn resolve(call: Call<'_, '_>, id: &str) -> Answered {
    let what = format!("this aborts transaction {id} for good, unless it is committed");
    consent::ask(call.db, call.yes, &what).await?;
    let record = match Transaction::resolve(call.db, id).await? {
        Outcome::Committed(record) => Some(Record::of(&record)),
        Outcome::Aborted => None,
    };
    let is_committed = record.is_some();
    let outcome = if is_committed { Exit::Done } else { Exit::Aborted };
    Answer::new(outcome, &Resolved { id: id.to_owned(), is_committed, record })
}

impl List {
    async fn run(&self, call: Call<'_, '_>) -> Answered {
        // One more tells whether there is more.
        let limit = self.limit.map(|limit| limit.saturating_add(1));
        let records = match &self.requester {
            None => {
                let scan = TransactionRecord::scan(call.db);
                let scan = if let Some(limit) = limit { scan.limit(limit) } else { scan };
                scan.try_collect().await?
            }
            Some(requester) => {
                let query = TransactionRecord::BY_REQUESTER.query(call.db, requester).reverse();
                let query = if let Some(limit) = limit { query.limit(limit) } else { query };
                query.try_collect().await?
            }
        };
        let has_more = self.limit.is_some_and(|limit| records.len() > limit);
        let shown = records.iter().take(self.limit.unwrap_or(usize::MAX));
        let shown = Records(shown.map(|record| Record::of(record)).collect());
        Ok(Answer::new(Exit::Done, &shown)?.cut(has_more))
    }
}

impl Record {
    /// What the work returned may be anybody's secret, and is not shown.
    fn of(record: &TransactionRecord) -> Self {
        Self {
            id: record.id.clone(),
            status: match record.status {
                TransactionStatus::Committed => "committed",
                TransactionStatus::Aborted => "aborted",
                _ => "unknown",
            },
            at: time(record.at),
            requester: record.requester.clone(),
            request: record.request.clone(),
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.at, self.status, self.id)?;
        match &self.requester {
            Some(requester) => writeln!(f, " for {requester}"),
            None => writeln!(f),
        }
    }
}

impl fmt::Display for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|record| write!(f, "{record}"))
    }
}

impl fmt::Display for Resolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, record, .. } = self;
        match record {
            Some(record) => write!(f, "transaction {id} is committed\n  {record}"),
            None => writeln!(f, "transaction {id} is aborted, and never takes effect"),
        }
    }
}
