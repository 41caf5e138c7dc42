//! How the results of a search are taken: all of them, some, their number.

use aws_sdk_dynamodb::types::Select;
use futures_util::future::try_join_all;

use super::cursor::{Cursor, Page, Position};
use super::request::Rendered;
use super::search::{Progress, Search};
use super::stream::Results;
use crate::error::Error;
use crate::projection::Output;

/// What a page has, each with the position behind it.
pub(super) type Found<T> = Vec<(Position, Result<T, Error>)>;

impl Search<'_> {
    /// Every result.
    pub(super) async fn collect<M: 'static, O: Output<M>>(self) -> Result<Vec<O::Yield>, Error> {
        let mut results = Results::of::<M, O>(self, None);
        let mut found = Vec::new();
        while let Some(result) = results.next().await.transpose()? {
            found.push(result);
        }
        Ok(found)
    }

    /// The first results, up to so many.
    pub(super) async fn at_most<M: 'static, O: Output<M>>(
        mut self,
        results: usize,
    ) -> Result<Vec<O::Yield>, Error> {
        self.limit = Some(self.limit.map_or(results, |limit| limit.min(results)));
        self.collect::<M, O>().await
    }

    /// One page of results: what one request finds, or as many as the limit says.
    pub(super) async fn page_behind<M: 'static, O: Output<M>>(
        self,
        cursor: Option<Cursor>,
    ) -> Result<Page<O::Yield>, Error> {
        if self.overlay.is_some() {
            return Err(Error::Usage(
                "a transaction or session has no pages: what it knows ends with it, and a cursor does not; write `.try_collect()`",
            ));
        }
        if self.segments.is_some() {
            return Err(Error::Usage(
                "a scan in segments has no pages: write `.stream()`, and go on behind its `cursor()`",
            ));
        }
        let rendered = self.rendered::<M, O>()?;
        let mut progress = match cursor {
            Some(cursor) => self.begin_all(&rendered, Some(&cursor))?.remove(0),
            None => self.begin(&rendered)?,
        };
        let mut items = Vec::new();
        while let Some(results) = self.results::<M, O>(&rendered, &mut progress).await? {
            for (_, result) in results {
                items.push(result?);
            }
            if self.limit.is_none() {
                break;
            }
        }
        let position = progress.position;
        let cursor = (position != Position::End).then(|| self.cursor(&rendered, &[position]));
        Ok(Page { items, cursor: cursor.transpose()? })
    }

    /// How many results there are.
    pub(super) async fn count<M: 'static, O: Output<M>>(self) -> Result<usize, Error> {
        let mut rendered = self.render(None)?;
        let here = self.is_decided_here(&rendered);
        if here {
            rendered = self.rendered::<M, O>()?;
        } else {
            rendered.select = Some(Select::Count);
        }
        let (search, rendered) = (&self, &rendered);
        let parts = self.begin_all(rendered, None)?.into_iter().map(|progress| async move {
            if here {
                search.count_here(rendered, progress).await
            } else {
                search.count_there(rendered, progress).await
            }
        });
        let counts = try_join_all(parts).await?;
        Ok(counts.into_iter().sum::<usize>().min(self.limit.unwrap_or(usize::MAX)))
    }

    /// Counts by the service.
    async fn count_there(
        &self,
        rendered: &Rendered,
        mut progress: Progress,
    ) -> Result<usize, Error> {
        let mut count = 0;
        while progress.is_more() {
            let size = self.items_per_request(rendered, &progress);
            let (position, segment) = (&progress.position, progress.segment);
            let page = rendered.fetch(self.db, position, segment, size).await?;
            let found = page.count.min(progress.left);
            count += found;
            progress.left -= found;
            let next = page.next.map(|last| rendered.behind(&last));
            progress.position = next.unwrap_or(Position::End);
        }
        Ok(count)
    }

    /// Counts what comes back.
    async fn count_here(
        &self,
        rendered: &Rendered,
        mut progress: Progress,
    ) -> Result<usize, Error> {
        let mut count = 0;
        while let Some(items) = self.page(rendered, &mut progress).await? {
            count += items.len();
        }
        Ok(count)
    }

    /// Whether the service cannot tell which items are results.
    fn is_decided_here(&self, rendered: &Rendered) -> bool {
        let by_key = self.layout.key_templates().next().is_some();
        by_key || self.overlay.is_some() || rendered.conditions.client_filter.is_some()
    }

    /// The request for results of this kind.
    pub(super) fn rendered<M: 'static, O: Output<M>>(&self) -> Result<Rendered, Error> {
        // What a transaction reads is compared at commit, so that all of it is needed.
        let wanted = O::wanted().filter(|_| self.overlay.is_none());
        self.render(wanted.as_deref())
    }

    /// The results of the next page, each with the position behind it, up to one that cannot be read; `None` after the last
    /// page.
    pub(super) async fn results<M: 'static, O: Output<M>>(
        &self,
        rendered: &Rendered,
        progress: &mut Progress,
    ) -> Result<Option<Found<O::Yield>>, Error> {
        let Some(items) = self.page(rendered, progress).await? else { return Ok(None) };
        let mut results = Vec::with_capacity(items.len());
        for item in items {
            let position = rendered.behind(&item);
            match self.output::<M, O>(&rendered.table, item).await {
                Ok(Some(result)) => results.push((position, Ok(result))),
                // Deleted meanwhile: another one can take its place.
                Ok(None) => progress.left = progress.left.saturating_add(1),
                Err(error) => {
                    results.push((position, Err(error)));
                    break;
                }
            }
        }
        Ok(Some(results))
    }
}
