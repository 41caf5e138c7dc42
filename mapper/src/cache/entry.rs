//! What stands in a cache about an item: its layout, and the item in a stable encoding.
//!
//! A value begins with the number of its layout and a checksum that covers its name too. What does not, because it was
//! cut off, is another program's, or of another item, is never taken for an item. Then comes when it was put.

use std::time::{Duration, UNIX_EPOCH};

use aws_sdk_dynamodb::primitives::Blob;
use sha2::{Digest as _, Sha256};

use crate::database::Database;
use crate::item::{AttributeValue, Item};

/// The library's name and the number of the layout.
const LAYOUT: &[u8; 8] = b"dynamap\x02";

/// AWS: documents are nested up to 32 levels deep.
const DEEPEST: usize = 40;

/// What a cache knows about an item.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    /// When it was put, in whole milliseconds since 1970, by the clock of the program that put it.
    pub(super) put: u64,
    pub(super) known: Known,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Known {
    /// It was written or found to be stale a moment ago: nothing may be put here for some seconds.
    Buried,
    /// There was none.
    Absent,
    /// As it was stored.
    Item(Item),
}

/// The database's clock, as entries hold it.
pub(super) fn millis(db: &Database) -> u64 {
    let since = db.now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Whether so long has passed since an entry was put. One from the future, by the clock of another program, is put now.
pub(super) fn is_older(put: u64, than: Duration, now: u64) -> bool {
    Duration::from_millis(now.saturating_sub(put)) >= than
}

impl Entry {
    pub(super) fn new(put: u64, known: Known) -> Self {
        Self { put, known }
    }

    /// The entry as it is stored under a name; `None` for an item with an attribute of a kind that is not known here.
    pub(super) fn to_bytes(&self, name: &str) -> Option<Vec<u8>> {
        let mut body = self.put.to_be_bytes().to_vec();
        match &self.known {
            Known::Buried => body.push(0),
            Known::Absent => body.push(1),
            Known::Item(item) => {
                body.push(2);
                let mut attributes: Vec<_> = item.iter().collect();
                attributes.sort_unstable_by_key(|(name, _)| *name);
                put_map(&mut body, &attributes)?;
            }
        }
        Some([LAYOUT.as_slice(), &checksum(name, &body), &body].concat())
    }

    /// The entry that is stored under a name; `None` where it is none, or of another layout.
    pub(super) fn of_bytes(name: &str, bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(LAYOUT)?;
        let (sum, body) = rest.split_at_checked(8)?;
        if sum != checksum(name, body) {
            return None;
        }
        let (put, body) = body.split_first_chunk()?;
        let mut body = Bytes(body);
        let known = match body.byte()? {
            0 => Known::Buried,
            1 => Known::Absent,
            2 => Known::Item(body.map(0)?.into_iter().collect()),
            _ => return None,
        };
        body.0.is_empty().then_some(Self::new(u64::from_be_bytes(*put), known))
    }
}

fn checksum(name: &str, body: &[u8]) -> [u8; 8] {
    let digest = Sha256::new().chain_update(name).chain_update([0]).chain_update(body).finalize();
    let mut sum = [0; 8];
    sum.copy_from_slice(&digest[..8]);
    sum
}

fn put_count(out: &mut Vec<u8>, count: usize) -> Option<()> {
    out.extend(u32::try_from(count).ok()?.to_be_bytes());
    Some(())
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) -> Option<()> {
    put_count(out, bytes.len())?;
    out.extend(bytes);
    Some(())
}

fn put_map(out: &mut Vec<u8>, entries: &[(&str, &AttributeValue)]) -> Option<()> {
    put_count(out, entries.len())?;
    for (name, value) in entries {
        put_bytes(out, name.as_bytes())?;
        put_value(out, value)?;
    }
    Some(())
}

fn put_all<T>(
    out: &mut Vec<u8>,
    kind: u8,
    values: &[T],
    put: impl Fn(&mut Vec<u8>, &T) -> Option<()>,
) -> Option<()> {
    out.push(kind);
    put_count(out, values.len())?;
    values.iter().try_for_each(|value| put(out, value))
}

/// Each kind has a letter; texts, lists and maps are preceded by their length.
fn put_value(out: &mut Vec<u8>, value: &AttributeValue) -> Option<()> {
    use AttributeValue as V;
    let text = |out: &mut Vec<u8>, text: &String| put_bytes(out, text.as_bytes());
    match value {
        V::S(value) => put_all(out, b'S', &[value], |out, value| text(out, value)),
        V::N(value) => put_all(out, b'N', &[value], |out, value| text(out, value)),
        V::B(value) => put_all(out, b'B', &[value], |out, value| put_bytes(out, value.as_ref())),
        V::Ss(values) => put_all(out, b's', values, text),
        V::Ns(values) => put_all(out, b'n', values, text),
        V::Bs(values) => put_all(out, b'b', values, |out, value| put_bytes(out, value.as_ref())),
        V::L(values) => put_all(out, b'L', values, put_value),
        V::M(map) => {
            let mut entries: Vec<_> = map.iter().map(|(name, v)| (name.as_str(), v)).collect();
            entries.sort_unstable_by_key(|(name, _)| *name);
            out.push(b'M');
            put_map(out, &entries)
        }
        V::Bool(value) => put_all(out, if *value { b'T' } else { b'F' }, &[(); 0], |_, ()| None),
        V::Null(_) => put_all(out, b'0', &[(); 0], |_, ()| None),
        _ => None,
    }
}

/// What is left to be read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn count(&mut self) -> Option<usize> {
        let (count, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        usize::try_from(u32::from_be_bytes(*count)).ok()
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let count = self.count()?;
        let (bytes, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?.to_vec()).ok()
    }

    fn all<T>(&mut self, one: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let count = self.count()?;
        (0..count).map(|_| one(self)).collect()
    }

    fn one<T>(&mut self, one: impl Fn(&mut Self) -> Option<T>) -> Option<T> {
        self.all(one)?.pop()
    }

    fn map(&mut self, depth: usize) -> Option<Vec<(String, AttributeValue)>> {
        self.all(|bytes| Some((bytes.text()?, bytes.value(depth)?)))
    }

    fn value(&mut self, depth: usize) -> Option<AttributeValue> {
        use AttributeValue as V;
        if depth > DEEPEST {
            return None;
        }
        let blob = |bytes: &mut Self| bytes.bytes().map(Blob::new);
        Some(match self.byte()? {
            b'S' => V::S(self.one(Self::text)?),
            b'N' => V::N(self.one(Self::text)?),
            b'B' => V::B(self.one(blob)?),
            b's' => V::Ss(self.all(Self::text)?),
            b'n' => V::Ns(self.all(Self::text)?),
            b'b' => V::Bs(self.all(blob)?),
            b'L' => V::L(self.all(|bytes| bytes.value(depth + 1))?),
            b'M' => V::M(self.map(depth + 1)?.into_iter().collect()),
            kind @ (b'T' | b'F') => self.count().map(|_| V::Bool(kind == b'T'))?,
            b'0' => self.count().map(|_| V::Null(true))?,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn item() -> Item {
        use AttributeValue as V;
        let text = |text: &str| text.to_owned();
        let blob = |bytes: &[u8]| Blob::new(bytes);
        let map = HashMap::from([(text("k"), V::L(vec![V::Null(true), V::Bool(false)]))]);
        [
            ("s", V::S(text("Zürich"))),
            ("n", V::N(text("-1.5E3"))),
            ("b", V::B(blob(&[0, 255]))),
            ("ss", V::Ss(vec![text("a"), text("")])),
            ("ns", V::Ns(vec![text("1")])),
            ("bs", V::Bs(vec![blob(&[]), blob(&[1])])),
            ("m", V::M(map)),
            ("l", V::L(Vec::new())),
            ("t", V::Bool(true)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }

    #[test]
    fn every_kind_of_value_comes_back_and_the_encoding_is_stable() {
        let all = [Known::Buried, Known::Absent, Known::Item(item()), Known::Item(Item::new())];
        for entry in all.map(|known| Entry::new(u64::MAX - 1, known)) {
            let bytes = entry.to_bytes("a").expect("known kinds");
            assert_eq!(Some(&bytes), entry.to_bytes("a").as_ref());
            assert_eq!(Entry::of_bytes("a", &bytes), Some(entry));
        }
        let one = [("id".to_owned(), AttributeValue::N("1".into()))].into_iter().collect();
        let bytes = Entry::new(258, Known::Item(one)).to_bytes("a").expect("known kinds");
        let body = b"\0\0\0\0\0\0\x01\x02\x02\0\0\0\x01\0\0\0\x02idN\0\0\0\x01\0\0\0\x011";
        assert_eq!((&bytes[..8], &bytes[16..]), (LAYOUT.as_slice(), body.as_slice()));
    }

    #[test]
    fn what_is_cut_off_changed_or_of_another_name_is_no_entry() {
        let bytes = Entry::new(0, Known::Item(item())).to_bytes("a").expect("known kinds");
        for end in 0..bytes.len() {
            assert_eq!(Entry::of_bytes("a", &bytes[..end]), None, "{end} bytes");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(Entry::of_bytes("a", &changed), None, "byte {at}");
        }
        assert_eq!(Entry::of_bytes("b", &bytes), None);
        assert_eq!(Entry::of_bytes("a", &[bytes.as_slice(), b"x"].concat()), None);
    }

    #[test]
    fn a_body_that_nests_without_end_is_refused() {
        let mut body = vec![0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, b'a'];
        for _ in 0..100_000 {
            body.extend([b'L', 0, 0, 0, 1]);
        }
        let bytes = [LAYOUT.as_slice(), &checksum("a", &body), &body].concat();
        assert_eq!(Entry::of_bytes("a", &bytes), None);
    }
}
