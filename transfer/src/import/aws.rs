//! What an export of AWS to S3 says about its files.
//!
//! [AWS: export output format](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataExport.Output.html)

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use super::files::{Holds, Listed};
use crate::error::TransferError;
use crate::file::read_if_there;

/// Files that are about an export, and hold no items.
pub(super) const NOTES: [&str; 3] = ["manifest.json", "manifest-summary.json", FILES];

/// Names each file of an export, with its number of items.
const FILES: &str = "manifest-files.json";

/// What it says of a file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Said {
    item_count: u64,
    /// Where it was in S3; here its name counts.
    data_file_s3_key: String,
}

/// Adds what an export says about the files that were found, where it says something: then they are all that it names, and
/// no others.
pub(super) fn complete(folder: &Path, files: &mut [Listed]) -> Result<(), TransferError> {
    let path = folder.join(FILES);
    let text = read_if_there(&path).map_err(TransferError::reading(&path))?;
    let Some(text) = text else { return Ok(()) };
    let damaged = |what: String| TransferError::Damaged { path: path.clone(), what };
    let mut said = HashMap::new();
    for entry in serde_json::Deserializer::from_slice(&text).into_iter::<Said>() {
        let entry =
            entry.map_err(|error| damaged(format!("no manifest, at line {}", error.line())))?;
        let name = name_of(&entry.data_file_s3_key).to_owned();
        if said.insert(name, entry.item_count).is_some() {
            return Err(damaged("it names a file twice".to_owned()));
        }
    }
    for file in files {
        let items = said.remove(name_of(&file.name)).ok_or_else(|| {
            let what = format!("{FILES} does not name it");
            TransferError::Damaged { path: folder.join(&file.name), what }
        })?;
        file.holds = Holds::Items(items);
    }
    match said.keys().min() {
        Some(name) => Err(damaged(format!("it names {name}, and there is no such file of items"))),
        None => Ok(()),
    }
}

/// The last part of a path.
fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}
