//! Cursors: where a page ended, as text that only the same query takes back.

use std::fmt;
use std::str::FromStr;

use aws_sdk_dynamodb::primitives::Blob;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::error::Error;
use crate::item::{AttributeValue, push};

/// Some results of a query or scan, and how to go on; from [`Query::page`](super::Query::page).
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32, name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// # for map in 1..=9 { DoomMap { episode: 1, map, name: format!("E1M{map}") }.insert(&db).await?; }
/// let (mut cursor, mut found, mut pages) = (None, Vec::new(), 0);
/// loop {
///     let page = DoomMap::query(&db, 1).filter(DoomMap::NAME.gt("E1M5")).page_size(4).page(cursor).await?;
///     found.extend(page.items.iter().map(|map| map.map)); // of the first page none passes the filter
///     pages += 1;
///     cursor = page.cursor;
///     if cursor.is_none() {
///         break;
///     }
/// }
/// assert_eq!((found, pages), (vec![6, 7, 8, 9], 3));
/// # Ok(())
/// # }
/// ```
///
/// [AWS: paginating query results](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.Pagination.html)
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
    /// The positions, one after the other.
    positions: Vec<u8>,
}

/// How far a search has come, or one segment of a scan.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Position {
    Start,
    /// Behind the item with these values, in the order of [`Rendered::place_names`](super::request::Rendered).
    Behind(Vec<AttributeValue>),
    End,
}

/// The form of the bytes that a cursor's text stands for.
const FORM: u8 = 1;
/// How much of the digest a cursor holds.
const TAG: usize = 16;

impl Cursor {
    /// A cursor of a search that has come so far: one position, or one for each segment.
    pub(super) fn new(
        secret: Option<&[u8]>,
        shape: &[u8],
        positions: &[Position],
    ) -> Result<Self, Error> {
        let mut bytes = Vec::new();
        for position in positions {
            put(&mut bytes, position)?;
        }
        Ok(Self { tag: tag(secret, shape, &bytes)?, positions: bytes })
    }

    /// The positions that it stands for, if it is a cursor of this search: `count` of them, each of `values` values.
    pub(super) fn open(
        &self,
        secret: Option<&[u8]>,
        shape: &[u8],
        count: usize,
        values: usize,
    ) -> Result<Vec<Position>, Error> {
        if !is_own(secret, shape, &self.positions, &self.tag)? {
            return Err(Error::ForeignCursor);
        }
        let mut rest = &self.positions[..];
        let positions = (0..count).map(|_| take(&mut rest, values));
        let positions: Option<Vec<_>> = positions.collect();
        positions.filter(|_| rest.is_empty()).ok_or(Error::ForeignCursor)
    }
}

/// Adds a position: a letter, and behind an item its values, each with its kind and length.
fn put(into: &mut Vec<u8>, position: &Position) -> Result<(), Error> {
    into.push(match position {
        Position::Start => b'<',
        Position::Behind(_) => b'|',
        Position::End => b'>',
    });
    let Position::Behind(values) = position else { return Ok(()) };
    for value in values {
        let (kind, bytes) = match value {
            AttributeValue::S(text) => (b'S', text.as_bytes()),
            AttributeValue::N(text) => (b'N', text.as_bytes()),
            AttributeValue::B(blob) => (b'B', blob.as_ref()),
            _ => return Err(Error::Usage("the service named a key that is none")),
        };
        into.push(kind);
        push(into, bytes);
    }
    Ok(())
}

/// Takes one position.
fn take(rest: &mut &[u8], values: usize) -> Option<Position> {
    let (kind, after) = rest.split_first()?;
    *rest = after;
    match kind {
        b'<' => Some(Position::Start),
        b'>' => Some(Position::End),
        b'|' => (0..values).map(|_| take_value(rest)).collect::<Option<_>>().map(Position::Behind),
        _ => None,
    }
}

/// What shows that query and positions belong together. Without a secret the digest has no key: it tells mistakes, and no
/// forgeries.
fn digest(secret: Option<&[u8]>, shape: &[u8], positions: &[u8]) -> Result<Hmac<Sha256>, Error> {
    if secret.is_some_and(<[u8]>::is_empty) {
        return Err(Error::Usage("an empty `cursor_secret` keeps no secret"));
    }
    let mac = Hmac::new_from_slice(secret.unwrap_or_default());
    let length = (shape.len() as u64).to_be_bytes();
    let mac = mac.expect("HMAC takes keys of any length");
    Ok(mac.chain_update(length).chain_update(shape).chain_update(positions))
}

fn tag(secret: Option<&[u8]>, shape: &[u8], positions: &[u8]) -> Result<[u8; TAG], Error> {
    let digest = digest(secret, shape, positions)?.finalize().into_bytes();
    let mut tag = [0; TAG];
    tag.copy_from_slice(&digest[..TAG]);
    Ok(tag)
}

/// Whether a tag is that of query and positions; takes as long whichever byte is wrong.
fn is_own(
    secret: Option<&[u8]>,
    shape: &[u8],
    positions: &[u8],
    tag: &[u8; TAG],
) -> Result<bool, Error> {
    Ok(digest(secret, shape, positions)?.verify_truncated_left(tag).is_ok())
}

/// Takes one value of a position.
fn take_value(rest: &mut &[u8]) -> Option<AttributeValue> {
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
        let bytes = [&[FORM], &self.tag[..], &self.positions].concat();
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
        let (tag, positions) = bytes.split_first_chunk::<TAG>().ok_or(Error::ForeignCursor)?;
        if *form != FORM {
            return Err(Error::ForeignCursor);
        }
        Ok(Self { tag: *tag, positions: positions.to_vec() })
    }
}

/// Shows no values: the key of an item is in it.
impl fmt::Debug for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursor").finish_non_exhaustive()
    }
}
