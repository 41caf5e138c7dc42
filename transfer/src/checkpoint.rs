//! Where a job stands, as text: given to the program, or kept in a file.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use dynamap_mapper::raw::RawTable;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::TransferError;
use crate::file::{Lock, blocking, remove, replace, with_end};
use crate::{BoxError, BoxFuture};

type Store<'a> = Box<dyn Fn(String) -> BoxFuture<'a, Result<(), BoxError>> + Send + Sync + 'a>;

/// A table as a checkpoint and a manifest know it again: one that was made anew under its name is another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    /// The full name.
    pub(crate) table: String,
    /// What the service calls it; some stores do not.
    id: Option<String>,
}

impl Identity {
    pub(crate) fn of(table: &RawTable) -> Self {
        Self { table: table.full_name(), id: table.id().map(str::to_owned) }
    }
}

/// Where checkpoints go, and where a job begins.
#[derive(Default)]
pub(crate) struct Checkpoints<'a> {
    resume: Option<String>,
    store: Option<Store<'a>>,
    file: Option<PathBuf>,
}

/// The checkpoints of one run: nobody else has their file meanwhile.
pub(crate) struct Kept<'c, 'a> {
    store: Option<&'c Store<'a>>,
    file: Option<(PathBuf, Lock)>,
}

impl<'a> Checkpoints<'a> {
    pub(crate) fn resume(&mut self, text: Option<String>) {
        self.resume = text;
    }

    pub(crate) fn store_by<S, Fut, E>(&mut self, store: S)
    where
        S: Fn(String) -> Fut + Send + Sync + 'a,
        Fut: Future<Output = Result<(), E>> + Send + 'a,
        E: Into<BoxError>,
    {
        self.store = Some(Box::new(move |text| {
            let stored = store(text);
            Box::pin(async move { stored.await.map_err(Into::into) })
        }));
    }

    pub(crate) fn keep_in(&mut self, file: PathBuf) {
        self.file = Some(file);
    }

    /// Where the job goes on, `None` for the start; and where it keeps its place.
    ///
    /// # Errors
    /// [`TransferError::ForeignCheckpoint`] where that is no checkpoint of the job, which `is_own` tells;
    /// [`TransferError::Running`] where another job has the file.
    pub(crate) async fn begin<T: DeserializeOwned>(
        &self,
        job: &str,
        is_own: impl FnOnce(&T) -> bool,
    ) -> Result<(Option<T>, Kept<'_, 'a>), TransferError> {
        let kept = Kept { store: self.store.as_ref(), file: self.lock().await? };
        let text = match (&self.resume, &kept.file) {
            (Some(text), _) => Some(text.clone()),
            (None, Some((path, lock))) => {
                let read = lock.blocking({
                    let path = path.clone();
                    move || match fs::read_to_string(path) {
                        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                        read => read.map(Some),
                    }
                });
                read.await.map_err(TransferError::reading(path))?
            }
            (None, None) => None,
        };
        let Some(text) = text else { return Ok((None, kept)) };
        let place = serde_json::from_str(&text).ok().filter(is_own);
        let foreign = || TransferError::ForeignCheckpoint { job: job.to_owned() };
        Ok((Some(place.ok_or_else(foreign)?), kept))
    }

    async fn lock(&self) -> Result<Option<(PathBuf, Lock)>, TransferError> {
        let Some(path) = self.file.clone() else { return Ok(None) };
        let beside = with_end(&path, ".lock");
        let taken = blocking({
            let beside = beside.clone();
            move || Lock::take(&beside)
        });
        let taken = taken.await.map_err(TransferError::writing(&beside))?;
        let lock = taken.ok_or_else(|| TransferError::Running(path.clone()))?;
        Ok(Some((path, lock)))
    }
}

impl Kept<'_, '_> {
    /// Stores a checkpoint.
    pub(crate) async fn store(&self, place: &impl Serialize) -> Result<(), BoxError> {
        let text = serde_json::to_string(place)?;
        if let Some((path, lock)) = &self.file {
            let written = lock.blocking({
                let (path, content) = (path.clone(), text.clone());
                move || replace(&path, content.as_bytes())
            });
            written.await.map_err(TransferError::writing(path))?;
        }
        if let Some(store) = self.store {
            store(text).await?;
        }
        Ok(())
    }

    /// Removes the file of a job that has done all: the next run begins anew.
    pub(crate) async fn finish(self) -> Result<(), TransferError> {
        let Some((path, lock)) = self.file else { return Ok(()) };
        let removed = lock.blocking({
            let path = path.clone();
            move || remove(&path)
        });
        removed.await.map_err(TransferError::writing(&path))
    }
}
