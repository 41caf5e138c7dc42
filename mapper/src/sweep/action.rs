//! What a sweep does with items: one as the scan says it is read, or several as they are stored.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use super::BoxError;
use crate::item::Item;
use crate::projection::Output;
use crate::read::Request;

/// The work on items as they are stored.
pub(super) trait Act: Sync {
    /// How many items one action takes at most.
    fn most(&self) -> usize;

    /// Acts on some items; a result for each, in their order.
    fn act(&self, items: Vec<Item>) -> impl Future<Output = Vec<Result<(), BoxError>>> + Send;
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
    fn most(&self) -> usize {
        1
    }

    async fn act(&self, items: Vec<Item>) -> Vec<Result<(), BoxError>> {
        let mut results = Vec::with_capacity(items.len());
        for item in items {
            results.push(self.act_on(item).await);
        }
        results
    }
}

impl<M, O, F, Fut, E> Action<'_, M, O, F>
where
    M: 'static,
    O: Output<M>,
    F: Fn(O::Yield) -> Fut + Send + Sync,
    Fut: Future<Output = Result<(), E>> + Send,
    E: Into<BoxError>,
{
    async fn act_on(&self, item: Item) -> Result<(), BoxError> {
        match self.request.output::<M, O>(item).await? {
            Some(value) => (self.call)(value).await.map_err(Into::into),
            // Deleted meanwhile.
            None => Ok(()),
        }
    }
}

/// An action on several items at once, as they are stored.
pub(super) struct Several<F> {
    pub(super) most: usize,
    pub(super) call: F,
}

impl<F, Fut> Act for Several<F>
where
    F: Fn(Vec<Item>) -> Fut + Send + Sync,
    Fut: Future<Output = Vec<Result<(), BoxError>>> + Send,
{
    fn most(&self) -> usize {
        self.most
    }

    async fn act(&self, items: Vec<Item>) -> Vec<Result<(), BoxError>> {
        (self.call)(items).await
    }
}
