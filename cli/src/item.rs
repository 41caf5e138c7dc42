//! Items as they are stored, by the name of their table.

use clap::Subcommand;
use dynamap_mapper::raw::{QueryTerms, RangeTerms, RawTable};
use dynamap_mapper::{Error, Item};
use serde_json::Value;

use crate::args::count;
use crate::exit::Exit;
use crate::json::{plain, typed};
use crate::report::{Answer, Answered, Failure};
use crate::session::Call;

#[derive(Debug, Subcommand)]
pub(crate) enum ItemCommand {
    /// Shows an item, in DynamoDB's JSON
    Get(Get),
    /// Shows the items of one hash key, in DynamoDB's JSON, in the order of the range key
    Query(Query),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Get {
    /// The table's name, without the prefix
    #[arg(value_name = "TABLE")]
    table: String,
    /// The hash key, and the range key where the table has one; binary ones in Base64
    #[arg(value_name = "KEY", num_args = 1..=2, required = true, allow_negative_numbers = true)]
    key: Vec<String>,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Query {
    /// The table's name, without the prefix
    #[arg(value_name = "TABLE")]
    table: String,
    /// The hash key: one value, or as many as the index has attributes
    #[arg(value_name = "HASH", num_args = 1..=4, required = true, allow_negative_numbers = true)]
    hash: Vec<String>,
    /// Of an index
    #[arg(long, value_name = "NAME")]
    index: Option<String>,
    /// Only where the range key is this
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true, group = "range")]
    is: Option<String>,
    /// Only where the range key begins so
    #[arg(long, value_name = "TEXT", group = "range")]
    begins_with: Option<String>,
    /// Only where the range key is this or greater
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true,
          conflicts_with_all = ["is", "begins_with"])]
    from: Option<String>,
    /// Only where the range key is this or less
    #[arg(long, value_name = "VALUE", allow_negative_numbers = true,
          conflicts_with_all = ["is", "begins_with"])]
    to: Option<String>,
    /// The last ones first
    #[arg(long)]
    reverse: bool,
    /// So many at most
    #[arg(long, value_name = "N", value_parser = count)]
    limit: Option<usize>,
    #[command(flatten)]
    how: How,
}

#[derive(Debug, Clone, Copy, clap::Args)]
struct How {
    /// Plain JSON, which does not say of what type a value is
    #[arg(long)]
    plain: bool,
    /// Reads at half the price: what was written in the last second may be missed; an index is always read so
    #[arg(long)]
    eventually_consistent: bool,
}

impl ItemCommand {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Get(_) => "get",
            Self::Query(_) => "query",
        }
    }

    pub(crate) async fn run(&self, call: Call<'_, '_>) -> Answered {
        match self {
            Self::Get(get) => get.run(call).await,
            Self::Query(query) => query.run(call).await,
        }
    }
}

impl Get {
    async fn run(&self, call: Call<'_, '_>) -> Answered {
        let table = RawTable::of(call.db, &self.table).await?;
        let key = table.key_from_text(&self.key).map_err(wrong)?;
        let Some(item) = table.get(&key, !self.how.eventually_consistent).await? else {
            let table = table.full_name();
            return Err(Failure::missing(format!("there is no item ({key}) of table {table}")));
        };
        let item = self.how.show(&item);
        Answer::told(Exit::Done, &item, format!("{item:#}\n"))
    }
}

impl Query {
    async fn run(&self, call: Call<'_, '_>) -> Answered {
        let table = RawTable::of(call.db, &self.table).await?;
        let consistent = self.index.is_none() && !self.how.eventually_consistent;
        let terms = QueryTerms {
            hash: self.hash.clone(),
            range: self.range(),
            index: self.index.clone(),
            reverse: self.reverse,
            // One more tells whether there is more.
            limit: self.limit.map(|limit| limit.saturating_add(1)),
            consistent,
        };
        let mut results = table.query(&terms).map_err(wrong)?;
        let (mut items, mut text) = (Vec::new(), String::new());
        let mut has_more = false;
        while let Some(item) = results.next().await.transpose()? {
            if self.limit == Some(items.len()) {
                has_more = true;
                break;
            }
            let item = self.how.show(&item);
            text.push_str(&item.to_string());
            text.push('\n');
            items.push(item);
        }
        Ok(Answer::told(Exit::Done, &items, text)?.cut(has_more))
    }

    fn range(&self) -> Option<RangeTerms> {
        let (is, begins_with) = (self.is.clone(), self.begins_with.clone());
        let bounds = match (self.from.clone(), self.to.clone()) {
            (Some(low), Some(high)) => Some(RangeTerms::Between(low, high)),
            (Some(low), None) => Some(RangeTerms::AtLeast(low)),
            (None, Some(high)) => Some(RangeTerms::AtMost(high)),
            (None, None) => None,
        };
        is.map(RangeTerms::Is).or(begins_with.map(RangeTerms::BeginsWith)).or(bounds)
    }
}

impl How {
    fn show(self, item: &Item) -> Value {
        if self.plain { plain(item) } else { typed(item) }
    }
}

/// What is wrong with values of the command line is no fault of the store.
fn wrong(error: Error) -> Failure {
    match error {
        Error::Encode { error, .. } => Failure::usage(format!("{error}: nothing was read")),
        Error::Usage(text) => Failure::usage(format!("{text}: nothing was read")),
        error => error.into(),
    }
}
