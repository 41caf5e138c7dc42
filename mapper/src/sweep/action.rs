//! What a sweep does with one item: reads it as the scan says, and calls the program.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use super::BoxError;
use crate::item::Item;
use crate::projection::Output;
use crate::read::Request;

/// The work on one item as it is stored.
pub(super) trait Act: Sync {
    fn act(&self, item: Item) -> impl Future<Output = Result<(), BoxError>> + Send;
}

/// The action of a program, behind what reads its argument.
pub(super) struct Action<'a, M, O, F> {
    request: Arc<Request<'a>>,
    call: F,
    types: PhantomData<fn() -> (M, O)>,
}

impl<'a, M, O, F> Action<'a, M, O, F> {
    pub(super) fn new(request: Arc<Request<'a>>, call: F) -> Self {
        Self { request, call, types: PhantomData }
    }
}

impl<M, O, F, Fut, E> Act for Action<'_, M, O, F>
where
    M: 'static,
    O: Output<M>,
    F: Fn(O::Yield) -> Fut + Send + Sync,
    Fut: Future<Output = Result<(), E>> + Send,
    E: Into<BoxError>,
{
    async fn act(&self, item: Item) -> Result<(), BoxError> {
        match self.request.output::<M, O>(item).await? {
            Some(value) => (self.call)(value).await.map_err(Into::into),
            // Deleted meanwhile.
            None => Ok(()),
        }
    }
}
