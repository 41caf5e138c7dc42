//! GetItem.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;

use aws_sdk_dynamodb::operation::get_item::builders::GetItemFluentBuilder;

use super::BoxFuture;
use super::expired::unexpired;
use crate::codec::EncodeError;
use crate::database::get_request;
use crate::decode::decode;
use crate::error::Error;
use crate::key::Key;
use crate::loaded::Loaded;
use crate::model::{Expires, Model};
use crate::reader::Reader;

/// A read of one item; from [`Model::get`]. `.await` it.
#[must_use = "a read does nothing until it is awaited"]
pub struct Get<'a, R, M> {
    reader: &'a R,
    key: Result<Key, EncodeError>,
    consistent: bool,
    skip_expired: bool,
    model: PhantomData<fn() -> M>,
}

impl<'a, R: Reader, M: Model> Get<'a, R, M> {
    pub(crate) fn new(reader: &'a R, key: Result<Key, EncodeError>) -> Self {
        Self { reader, key, consistent: false, skip_expired: false, model: PhantomData }
    }

    /// Sees every write that was acknowledged before; costs twice as much.
    ///
    /// [AWS: read consistency](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html)
    pub fn consistent(mut self) -> Self {
        self.consistent = true;
        self
    }

    /// Reads an item whose time to live is over, by the database's clock, as absent. The service deletes it up to days
    /// later.
    pub fn skip_expired(mut self) -> Self
    where
        M: Expires,
    {
        self.skip_expired = true;
        self
    }

    /// The request as a builder of the SDK, to be changed and sent by the program; its item is read by
    /// [`Model::decode`]. What a transaction has written is not in it.
    ///
    /// # Errors
    /// `Encode` where the key cannot be stored.
    pub fn into_sdk(self) -> Result<GetItemFluentBuilder, Error> {
        let key = self.key.map_err(|error| Error::encode(M::layout(), error))?;
        let db = self.reader.database();
        Ok(get_request(db.client(), db.table_name(M::layout()), &key, self.consistent))
    }
}

impl<'a, R: Reader, M: Model> IntoFuture for Get<'a, R, M> {
    type Output = Result<Option<Loaded<M>>, Error>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let layout = M::layout();
            let key = self.key.map_err(|error| Error::encode(layout, error))?;
            let item = self.reader.read_item(layout, &key, self.consistent).await?;
            let db = self.reader.database();
            let table = db.table_name(layout);
            let found: Option<Loaded<M>> =
                item.map(|item| decode(&table, &key, item)).transpose()?;
            let wanted = |found: &Loaded<M>| {
                !self.skip_expired || unexpired(db, layout).holds(found.current())
            };
            match found.filter(wanted) {
                // What a transaction reads is written at its commit, if at all.
                Some(found) if self.reader.overlay().is_none() => {
                    Ok(Some(db.written_back(found).await))
                }
                found => Ok(found),
            }
        })
    }
}

impl<R, M> fmt::Debug for Get<'_, R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Get").field("key", &self.key).finish_non_exhaustive()
    }
}
