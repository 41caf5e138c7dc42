//! GetItem.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;

use super::BoxFuture;
use crate::codec::EncodeError;
use crate::decode::decode;
use crate::error::Error;
use crate::key::Key;
use crate::loaded::Loaded;
use crate::model::Model;
use crate::reader::Reader;

/// A read of one item; from [`Model::get`]. `.await` it.
#[must_use = "a read does nothing until it is awaited"]
pub struct Get<'a, R, M> {
    reader: &'a R,
    key: Result<Key, EncodeError>,
    consistent: bool,
    model: PhantomData<fn() -> M>,
}

impl<'a, R: Reader, M: Model> Get<'a, R, M> {
    pub(crate) fn new(reader: &'a R, key: Result<Key, EncodeError>) -> Self {
        Self { reader, key, consistent: false, model: PhantomData }
    }

    /// Sees every write that was acknowledged before; costs twice as much.
    ///
    /// [AWS: read consistency](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html)
    pub fn consistent(mut self) -> Self {
        self.consistent = true;
        self
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
            let table = self.reader.database().table_name(layout);
            item.map(|item| decode(&table, &key, item)).transpose()
        })
    }
}

impl<R, M> fmt::Debug for Get<'_, R, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Get").field("key", &self.key).finish_non_exhaustive()
    }
}
