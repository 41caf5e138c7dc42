//! Which store the program `dynamap` works on.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use dynamap_embedded::OpenError;
use dynamap_mapper::Database;

use crate::place::Place;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Store")]
pub(super) struct Store {
    /// Which store: aws, memory, `file:PATH`, or the URL of one that speaks DynamoDB's protocol [default: aws; of serve: memory]
    #[arg(long = "store", global = true, value_name = "STORE")]
    which: Option<Which>,
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
    #[arg(long, global = true, value_name = "PREFIX")]
    prefix: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum Which {
    Aws,
    Memory,
    File(PathBuf),
    Url(String),
}

impl Store {
    /// What is said, and means nothing or contradicts the rest: nobody shall believe that it counts.
    pub(super) fn wrong(&self, is_served: bool) -> Option<&'static str> {
        let Self { which, profile, region, endpoint, prefix } = self;
        let is_placed = profile.is_some() || region.is_some() || endpoint.is_some();
        match which {
            Some(Which::Aws | Which::Url(_)) if is_served => {
                Some("only the embedded store can be served: --store memory or file:PATH")
            }
            _ if is_served && (is_placed || prefix.is_some()) => {
                Some("what is served has no profile, region, endpoint or prefix")
            }
            Some(Which::Memory | Which::File(_)) if is_placed => {
                Some("an embedded store has no profile, region or endpoint")
            }
            Some(Which::Url(_)) if endpoint.is_some() => {
                Some("--store names an endpoint, and --endpoint another one")
            }
            _ => None,
        }
    }

    /// The file of an embedded store; none of one in memory.
    pub(super) fn file(&self) -> Option<&Path> {
        match &self.which {
            Some(Which::File(path)) => Some(path),
            _ => None,
        }
    }

    /// Whether a store is named.
    pub(super) fn is_said(&self) -> bool {
        self.which.is_some()
    }

    /// The store. Nothing is sent.
    ///
    /// # Errors
    /// Where a file cannot be opened; it is as it was.
    pub(super) async fn open(&self) -> Result<Database, OpenError> {
        let (profile, region) = (self.profile.clone(), self.region.clone());
        let builder = match self.which.as_ref().unwrap_or(&Which::Aws) {
            Which::Aws => Place { profile, region, endpoint: self.endpoint.clone() }.open().await,
            Which::Url(url) => Place { profile, region, endpoint: Some(url.clone()) }.open().await,
            Which::Memory => Database::builder(dynamap_embedded::memory()?),
            Which::File(path) => Database::builder(dynamap_embedded::open(path)?),
        };
        Ok(builder.table_prefix(self.prefix.as_deref().unwrap_or_default()).build())
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
