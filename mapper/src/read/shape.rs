//! What makes two queries the same one to a cursor, as bytes.

use std::collections::BTreeMap;

use super::request::Rendered;
use super::search::{Search, Source};
use crate::error::Error;
use crate::expr::Placeholders;
use crate::item::{encoded, push};

impl Search<'_> {
    /// The query without what may differ from page to page: sizes, limits, consistency, the time of an expiry.
    pub(super) fn shape(&self, rendered: &Rendered) -> Result<Vec<u8>, Error> {
        let encode = |error| Error::encode(self.layout, error);
        let mut placeholders = Placeholders::default();
        let key = rendered.conditions.key.as_ref();
        let key = key.map(|key| key.render(&mut placeholders)).transpose().map_err(encode)?;
        let filter = self.filter.render(&mut placeholders).map_err(encode)?;
        let (names, values) = placeholders.into_maps();
        let reverse = matches!(self.source, Source::Query { reverse: true, .. });

        let mut shape = vec![u8::from(reverse), u8::from(self.skip_expired)];
        let texts = [Some(self.layout.model.to_owned()), Some(rendered.table.clone())];
        let index = rendered.index.map(str::to_owned);
        for text in texts.into_iter().chain([index, key.flatten(), filter]) {
            push(&mut shape, text.unwrap_or_default().as_bytes());
        }
        let wanted = rendered.wanted.as_ref();
        let wanted = wanted.map_or_else(String::new, |wanted| format!("{wanted:?}"));
        push(&mut shape, wanted.as_bytes());
        push(
            &mut shape,
            &self.segments.map_or_else(Vec::new, |count| count.to_be_bytes().to_vec()),
        );
        for (placeholder, name) in names.into_iter().flatten().collect::<BTreeMap<_, _>>() {
            push(&mut shape, placeholder.as_bytes());
            push(&mut shape, name.as_bytes());
        }
        for (placeholder, value) in values.into_iter().flatten().collect::<BTreeMap<_, _>>() {
            push(&mut shape, placeholder.as_bytes());
            push(&mut shape, &encoded(&value));
        }
        Ok(shape)
    }
}
