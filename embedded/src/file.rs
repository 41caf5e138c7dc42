//! Opening a file: find it, look at it, lock it, hand it to the engine, and finish what a killed process left.

pub(crate) mod heal;
mod inspect;
pub(crate) mod lock;
pub(crate) mod registry;

use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dynoxide::Database;

use crate::builder::Options;
use crate::error::OpenError;
use crate::store::Store;
use lock::LockFile;
use registry::{Claim, Registration};

/// The store of the file `path`: the one this process has open, or a new one.
pub(crate) fn open(path: &Path, options: Options) -> Result<Arc<Store>, OpenError> {
    let file = locate(path)?;
    match registry::claim(&file) {
        Claim::Open(store) if store.options() != options => {
            Err(OpenError::OtherOptions { path: file })
        }
        Claim::Open(store) => Ok(store),
        Claim::Mine(registration) => {
            let store = Arc::new(open_exclusively(&file, options, registration)?);
            registry::publish(&file, &store);
            Ok(store)
        }
    }
}

fn open_exclusively(
    file: &Path,
    options: Options,
    registration: Registration,
) -> Result<Store, OpenError> {
    let Some(text) = file.to_str() else {
        return Err(OpenError::NotUtf8 { path: file.to_owned() });
    };
    inspect::check(file)?;
    let mut lock = LockFile::acquire(file)?;
    let intent = lock.intent().map_err(|error| OpenError::from_io(file, error))?;
    let engine = Database::new(text).map_err(|error| OpenError::from_engine(file, error))?;
    heal::heal(&engine, file, intent)?;
    lock.end().map_err(|error| OpenError::from_io(file, error))?;
    Store::file(engine, file, options, lock, registration)
}

/// The one absolute spelling of `path`. An absent file is created, empty, so that it has one.
///
/// A file that is there is not opened here: on Unix, closing *any* handle of a file lets go of all SQLite locks this
/// process has on it.
fn locate(path: &Path) -> Result<PathBuf, OpenError> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => {
            return Err(OpenError::IsDirectory { path: path.to_owned() });
        }
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => create(path)?,
        Err(error) => return Err(OpenError::from_io(path, error)),
    }
    path.canonicalize().map_err(|error| OpenError::from_io(path, error))
}

fn create(path: &Path) -> Result<(), OpenError> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !directory.is_dir() {
        return Err(OpenError::MissingDirectory {
            path: path.to_owned(),
            directory: directory.to_owned(),
        });
    }
    // `create_new` does not follow a link that points nowhere; such a link is opened by `create` below.
    let options = || {
        let mut options = OpenOptions::new();
        options.write(true).truncate(false);
        options
    };
    match options().create_new(true).open(path) {
        Ok(_) => Ok(()),
        // Somebody else was first, or a link points nowhere. An existing file has been handled before.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => options()
            .create(true)
            .open(path)
            .map(drop)
            .map_err(|error| OpenError::from_io(path, error)),
        Err(error) => Err(OpenError::from_io(path, error)),
    }
}
