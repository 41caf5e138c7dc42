//! How the results of a search are taken: all of them, some, their number.

use aws_sdk_dynamodb::types::Select;

use super::cursor::{Cursor, Page};
use super::request::Rendered;
use super::search::{Progress, Search};
use crate::error::Error;
use crate::model::Model;
use crate::projection::Output;

impl Search<'_> {
    /// Every result, page after page.
    pub(super) async fn collect<M: Model, O: Output<M>>(self) -> Result<Vec<O::Yield>, Error> {
        let rendered = self.rendered::<M, O>()?;
        let mut progress = self.begin(&rendered)?;
        let mut found = Vec::new();
        while let Some(results) = self.results::<M, O>(&rendered, &mut progress).await? {
            found.extend(results);
        }
        Ok(found)
    }

    /// The first results, up to so many.
    pub(super) async fn at_most<M: Model, O: Output<M>>(
        mut self,
        results: usize,
    ) -> Result<Vec<O::Yield>, Error> {
        self.limit = Some(self.limit.map_or(results, |limit| limit.min(results)));
        self.collect::<M, O>().await
    }

    /// One page of results: what one request finds, or as many as the limit says.
    pub(super) async fn page_behind<M: Model, O: Output<M>>(
        self,
        cursor: Option<Cursor>,
    ) -> Result<Page<O::Yield>, Error> {
        if self.overlay.is_some() {
            return Err(Error::Usage(
                "a transaction has no pages: what it knows ends with it, and a cursor does not; write `.try_collect()`",
            ));
        }
        if self.limit == Some(0) {
            return Err(Error::Usage("a page has at least one result: write `.limit(1)` or more"));
        }
        let rendered = self.rendered::<M, O>()?;
        let shape = self.shape(&rendered, O::wanted().as_deref())?;
        let (secret, names) = (self.db.cursor_secret(), self.place_names());
        let mut progress = self.begin(&rendered)?;
        if let Some(cursor) = cursor {
            progress.start = Some(cursor.open(secret, &shape, &names)?);
        }
        let mut items = Vec::new();
        while let Some(results) = self.results::<M, O>(&rendered, &mut progress).await? {
            items.extend(results);
            if self.limit.is_none() {
                break;
            }
        }
        let behind = progress.start.filter(|_| progress.more);
        let cursor = behind.map(|place| Cursor::new(secret, &shape, &names, &place));
        Ok(Page { items, cursor: cursor.transpose()? })
    }

    /// How many results there are.
    pub(super) async fn count<M: Model, O: Output<M>>(self) -> Result<usize, Error> {
        let mut count = 0;
        let mut rendered = self.render(None)?;
        let mut progress = self.begin(&rendered)?;
        if self.is_decided_here(&rendered) {
            let rendered = self.rendered::<M, O>()?;
            while let Some(items) = self.page(&rendered, &mut progress).await? {
                count += items.len();
            }
            return Ok(count);
        }
        rendered.select = Some(Select::Count);
        while progress.left > 0 && progress.more {
            let size = self.items_per_request(&rendered, &progress);
            let page = rendered.fetch(self.db, progress.start.take(), size).await?;
            let found = page.count.min(progress.left);
            count += found;
            progress.left -= found;
            progress.more = page.next.is_some();
            progress.start = page.next;
        }
        Ok(count)
    }

    /// Whether the service cannot tell which items are results.
    fn is_decided_here(&self, rendered: &Rendered) -> bool {
        let by_key = self.layout.key_templates().next().is_some();
        by_key || self.overlay.is_some() || rendered.conditions.client_filter.is_some()
    }

    /// The request for results of this kind.
    pub(super) fn rendered<M: Model, O: Output<M>>(&self) -> Result<Rendered, Error> {
        // What a transaction reads is compared at commit, so that all of it is needed.
        let wanted = O::wanted().filter(|_| self.overlay.is_none());
        self.render(wanted.as_deref())
    }

    /// The results of the next page; `None` after the last one.
    pub(super) async fn results<M: Model, O: Output<M>>(
        &self,
        rendered: &Rendered,
        progress: &mut Progress,
    ) -> Result<Option<Vec<O::Yield>>, Error> {
        let Some(items) = self.page(rendered, progress).await? else { return Ok(None) };
        let mut results = Vec::with_capacity(items.len());
        for item in items {
            match self.output::<M, O>(&rendered.table, item).await? {
                Some(result) => results.push(result),
                // Deleted meanwhile: another one can take its place.
                None => progress.left = progress.left.saturating_add(1),
            }
        }
        Ok(Some(results))
    }
}
