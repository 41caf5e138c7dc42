//! Which store the program `dynamap` works on.

use std::path::PathBuf;
use std::str::FromStr;

use dynamap_embedded::OpenError;
use dynamap_mapper::Database;

use crate::place::Place;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Store")]
pub(super) struct Store {
    /// Which store: `aws`, `memory`, `file:PATH`, or the URL of one that speaks DynamoDB's protocol
    #[arg(long = "store", global = true, value_name = "STORE", default_value = "aws")]
    which: Which,
    /// The AWS profile [default: what the environment says]
    #[arg(long, global = true, value_name = "PROFILE")]
    profile: Option<String>,
    /// The AWS Region [default: what the environment says]
    #[arg(long, global = true, value_name = "REGION")]
    region: Option<String>,
    /// Another endpoint
    #[arg(long, global = true, value_name = "URL")]
    endpoint: Option<String>,
    /// What every table's name begins with
    #[arg(long, global = true, value_name = "PREFIX", default_value = "")]
    prefix: String,
}

#[derive(Debug, Clone, PartialEq)]
enum Which {
    Aws,
    Memory,
    File(PathBuf),
    Url(String),
}

impl Store {
    /// The store. Nothing is sent.
    ///
    /// # Errors
    /// Where a file cannot be opened; it is as it was.
    pub(super) async fn open(&self) -> Result<Database, OpenError> {
        let (profile, region) = (self.profile.clone(), self.region.clone());
        let builder = match &self.which {
            Which::Aws => Place { profile, region, endpoint: self.endpoint.clone() }.open().await,
            Which::Url(url) => Place { profile, region, endpoint: Some(url.clone()) }.open().await,
            Which::Memory => Database::builder(dynamap_embedded::memory()?),
            Which::File(path) => Database::builder(dynamap_embedded::open(path)?),
        };
        Ok(builder.table_prefix(&self.prefix).build())
    }
}

impl FromStr for Which {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "aws" => Ok(Self::Aws),
            "memory" => Ok(Self::Memory),
            url if url.starts_with("http://") || url.starts_with("https://") => {
                Ok(Self::Url(url.to_owned()))
            }
            file => match file.strip_prefix("file:") {
                Some(path) if !path.is_empty() => Ok(Self::File(path.into())),
                _ => Err("write aws, memory, file:PATH, or a URL"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_named_in_one_of_four_ways() {
        for (text, which) in [
            ("aws", Ok(Which::Aws)),
            ("memory", Ok(Which::Memory)),
            ("file:a.db", Ok(Which::File("a.db".into()))),
            ("http://localhost:8000", Ok(Which::Url("http://localhost:8000".to_owned()))),
        ] {
            assert_eq!(text.parse(), which, "{text}");
        }
        for text in ["", "file:", "ftp://x", "a.db"] {
            assert!(text.parse::<Which>().is_err(), "{text}");
        }
    }
}
