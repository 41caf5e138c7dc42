//! Where a job stands, as text: given to the program, or kept in a file.

use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::TransferError;
use crate::file::{blocking, replace};
use crate::{BoxError, BoxFuture};

type Store<'a> = Box<dyn Fn(String) -> BoxFuture<'a, Result<(), BoxError>> + Send + Sync + 'a>;

/// Where checkpoints go, and where a job begins.
#[derive(Default)]
pub(crate) struct Checkpoints<'a> {
    resume: Option<String>,
    store: Option<Store<'a>>,
    file: Option<PathBuf>,
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

    /// Where the job goes on; `None` for the start.
    ///
    /// # Errors
    /// [`TransferError::ForeignCheckpoint`] where that is no checkpoint of the job, which `is_own` tells.
    pub(crate) async fn begin<T: DeserializeOwned>(
        &self,
        job: &str,
        is_own: impl FnOnce(&T) -> bool,
    ) -> Result<Option<T>, TransferError> {
        let text = match (&self.resume, &self.file) {
            (Some(text), _) => Some(text.clone()),
            (None, Some(path)) => {
                let path = path.clone();
                let read = blocking({
                    let path = path.clone();
                    move || match std::fs::read_to_string(path) {
                        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                        read => read.map(Some),
                    }
                });
                read.await.map_err(TransferError::reading(&path))?
            }
            (None, None) => None,
        };
        let Some(text) = text else { return Ok(None) };
        let place = serde_json::from_str(&text).ok().filter(is_own);
        let foreign = || TransferError::ForeignCheckpoint { job: job.to_owned() };
        place.ok_or_else(foreign).map(Some)
    }

    /// Stores a checkpoint, and returns it as text.
    pub(crate) async fn store(&self, place: &impl Serialize) -> Result<String, BoxError> {
        let text = serde_json::to_string(place)?;
        if let Some(path) = self.file.clone() {
            let content = text.clone();
            let written = blocking({
                let path = path.clone();
                move || replace(&path, content.as_bytes())
            });
            written.await.map_err(TransferError::writing(&path))?;
        }
        if let Some(store) = &self.store {
            store(text.clone()).await?;
        }
        Ok(text)
    }
}
