//! Cursors: where a page ended, as text that only the same query takes back.

use std::fmt;
use std::str::FromStr;

use aws_sdk_dynamodb::primitives::Blob;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::request::Attributes;
use super::shape::push;
use crate::error::Error;
use crate::item::AttributeValue;

/// Some results of a query or scan, and how to go on; from [`Query::page`](super::Query::page).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Page<O> {
    /// The results, in the order of the query.
    pub items: Vec<O>,
    /// Where the next page begins; `None` after the last one.
    pub cursor: Option<Cursor>,
}

/// Where a page ended: the same query goes on behind it, in another request or another process.
///
/// As text it is safe in URLs and headers. It holds the key of the last item, and a digest of that and of the query:
/// table, index, key, range, filter, order, what is selected. A cursor of another query, or one that was changed, is
/// [`Error::ForeignCursor`]; page sizes and limits may differ from page to page. Who knows the query can compute the
/// digest: [`cursor_secret`](crate::DatabaseBuilder::cursor_secret) prevents that.
///
/// ```
/// # use dynamap::{Cursor, Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// for map in 1..=9 {
///     DoomMap { episode: 1, map }.insert(&db).await?;
/// }
/// let page = DoomMap::query(&db, 1).page_size(5).page(None).await?;
/// assert_eq!(page.items.len(), 5);
/// let link = page.cursor.expect("more").to_string();
///
/// let cursor: Cursor = link.parse()?;
/// let page = DoomMap::query(&db, 1).page_size(5).page(Some(cursor)).await?;
/// assert_eq!(page.items[0].map, 6);
/// assert!(page.cursor.is_none());
/// # Ok(())
/// # }
/// ```
///
/// [AWS: paginating query results](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html)
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Cursor {
    tag: [u8; TAG],
    /// The values of the place, each with its kind and length.
    place: Vec<u8>,
}

/// The form of the bytes that a cursor's text stands for.
const FORM: u8 = 1;
/// How much of the digest a cursor holds.
const TAG: usize = 16;

impl Cursor {
    /// A cursor behind this place, whose attributes have these names.
    pub(super) fn new(
        secret: Option<&[u8]>,
        shape: &[u8],
        names: &[&'static str],
        attributes: &Attributes,
    ) -> Result<Self, Error> {
        let mut place = Vec::new();
        for value in names.iter().filter_map(|name| attributes.get(*name)) {
            let (kind, bytes) = match value {
                AttributeValue::S(text) => (b'S', text.as_bytes()),
                AttributeValue::N(text) => (b'N', text.as_bytes()),
                AttributeValue::B(blob) => (b'B', blob.as_ref()),
                _ => return Err(Error::Usage("the service named a key that is none")),
            };
            place.push(kind);
            push(&mut place, bytes);
        }
        Ok(Self { tag: tag(secret, shape, &place)?, place })
    }

    /// The place that it stands behind, if it is a cursor of this query.
    pub(super) fn open(
        &self,
        secret: Option<&[u8]>,
        shape: &[u8],
        names: &[&'static str],
    ) -> Result<Attributes, Error> {
        if !is_own(secret, shape, &self.place, &self.tag)? {
            return Err(Error::ForeignCursor);
        }
        let mut rest = &self.place[..];
        let mut attributes = Attributes::new();
        for name in names {
            let value = take(&mut rest).ok_or(Error::ForeignCursor)?;
            attributes.insert((*name).to_owned(), value);
        }
        if rest.is_empty() { Ok(attributes) } else { Err(Error::ForeignCursor) }
    }
}

/// What shows that query and place belong together. Without a secret the digest has no key: it tells mistakes, and no
/// forgeries.
fn digest(secret: Option<&[u8]>, shape: &[u8], place: &[u8]) -> Result<Hmac<Sha256>, Error> {
    if secret.is_some_and(<[u8]>::is_empty) {
        return Err(Error::Usage("an empty `cursor_secret` keeps no secret"));
    }
    let mac = Hmac::new_from_slice(secret.unwrap_or_default());
    let length = (shape.len() as u64).to_be_bytes();
    let mac = mac.expect("HMAC takes keys of any length");
    Ok(mac.chain_update(length).chain_update(shape).chain_update(place))
}

fn tag(secret: Option<&[u8]>, shape: &[u8], place: &[u8]) -> Result<[u8; TAG], Error> {
    let digest = digest(secret, shape, place)?.finalize().into_bytes();
    let mut tag = [0; TAG];
    tag.copy_from_slice(&digest[..TAG]);
    Ok(tag)
}

/// Whether a tag is that of query and place; takes as long whichever byte is wrong.
fn is_own(
    secret: Option<&[u8]>,
    shape: &[u8],
    place: &[u8],
    tag: &[u8; TAG],
) -> Result<bool, Error> {
    Ok(digest(secret, shape, place)?.verify_truncated_left(tag).is_ok())
}

/// Takes one value of a place.
fn take(rest: &mut &[u8]) -> Option<AttributeValue> {
    let (kind, after) = rest.split_first()?;
    let (length, after) = after.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
    let (bytes, after) = after.split_at_checked(length)?;
    *rest = after;
    let text = || String::from_utf8(bytes.to_vec()).ok();
    match kind {
        b'S' => text().map(AttributeValue::S),
        b'N' => text().map(AttributeValue::N),
        b'B' => Some(AttributeValue::B(Blob::new(bytes))),
        _ => None,
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[FORM], &self.tag[..], &self.place].concat();
        f.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for Cursor {
    type Err = Error;

    /// # Errors
    /// [`Error::ForeignCursor`] where the text is not that of a cursor; whether it is one of a query, the query says.
    fn from_str(text: &str) -> Result<Self, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::ForeignCursor)?;
        let (form, bytes) = bytes.split_first().ok_or(Error::ForeignCursor)?;
        let (tag, place) = bytes.split_first_chunk::<TAG>().ok_or(Error::ForeignCursor)?;
        if *form != FORM {
            return Err(Error::ForeignCursor);
        }
        Ok(Self { tag: *tag, place: place.to_vec() })
    }
}

/// Shows no values: the key of an item is in it.
impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor").finish_non_exhaustive()
    }
}
