//! Whether two tables hold the same, whatever order they are read in.

use std::fmt;
use std::str::FromStr;

use dynamap_mapper::Item;
use dynamap_mapper::raw::{RawTable, ScanTerms};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::BoxError;
use crate::error::TransferError;

/// What tells whether two sets of items are the same: their number, their size, and the sum of their SHA-256 digests.
///
/// Items are compared as DynamoDB compares them: `1.50` is `1.5`, sets have no order. It finds what went wrong by mistake;
/// it is no proof against somebody who makes up items on purpose.
///
/// ```
/// # use dynamap::{Database, Model, Table};
/// use dynamap::transfer::Transfer as _;
///
/// # #[derive(Debug, Clone, Model)]
/// # #[model(table = "maps", validate = false)]
/// # struct DoomMap { #[model(hash_key)] episode: u32, #[model(range_key)] map: u32 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let db = Database::new(dynamap::embedded::memory()?);
/// # Table::<DoomMap>::create(&db).await?;
/// # let tests = Database::builder(db.client().clone()).table_prefix("tests_").build();
/// # Table::<DoomMap>::create(&tests).await?;
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("maps.jsonl");
/// let eight = r#"{"Item": {"episode": {"N": "1"}, "map": {"N": "8"}, "stars": {"N": "1.5"}}}"#;
/// let nine = r#"{"Item": {"episode": {"N": "1"}, "map": {"N": "9"}}}"#;
/// std::fs::write(&file, [eight, nine].join("\n"))?;
/// db.table("maps").import_from(&file).run().await?;
/// std::fs::write(&file, [nine, eight].join("\n").replace("1.5", "1.50"))?;
/// tests.table("maps").import_from(&file).run().await?;
///
/// let (one, two) = (db.table("maps").digest().await?, tests.table("maps").digest().await?);
/// assert_eq!((one, one.items), (two, 2));
/// assert_eq!(one.sum.to_string().len(), 64); // hexadecimal
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Digest {
    /// How many items there are.
    pub items: u64,
    /// How large they are together, as DynamoDB counts.
    pub bytes: u64,
    /// The sum of the digests of all items, modulo 2^256.
    pub sum: DigestSum,
}

/// A sum of SHA-256 digests modulo 2^256. As text it is hexadecimal.
///
/// ```
/// let of_nothing = dynamap::transfer::Digest::default().sum;
/// assert_eq!(of_nothing.to_string(), "0".repeat(64));
/// assert_eq!("0".repeat(64).parse(), Ok(of_nothing));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct DigestSum([u8; 32]);

impl Digest {
    /// The digest of a table, of what its items become.
    pub(crate) async fn of(
        table: &RawTable,
        terms: ScanTerms,
        change: impl Fn(Item) -> Result<Vec<Item>, BoxError> + Send,
    ) -> Result<Self, TransferError> {
        let (mut digest, mut items) = (Self::default(), table.items(terms));
        while let Some(item) = items.next().await.transpose()? {
            let key = table.key(&item)?;
            let made =
                change(item).map_err(|error| TransferError::transform(table, &key, error))?;
            for item in made {
                digest.add(&item);
            }
        }
        Ok(digest)
    }

    /// Adds an item.
    pub(crate) fn add(&mut self, item: &Item) {
        let sum = DigestSum(Sha256::digest(item.encoded()).into());
        *self = self.with(&Self { items: 1, bytes: item.size() as u64, sum });
    }

    /// Both together.
    pub(crate) fn with(self, other: &Self) -> Self {
        Self {
            // A manifest can say anything.
            items: self.items.saturating_add(other.items),
            bytes: self.bytes.saturating_add(other.bytes),
            sum: self.sum.plus(&other.sum),
        }
    }
}

impl DigestSum {
    /// The digest of all that was hashed.
    pub(crate) fn of(hashed: Sha256) -> Self {
        Self(hashed.finalize().into())
    }

    fn plus(self, other: &Self) -> Self {
        let (mut sum, mut carry) = ([0; 32], 0_u16);
        for place in (0..32).rev() {
            let digit = u16::from(self.0[place]) + u16::from(other.0[place]) + carry;
            let [high, low] = digit.to_be_bytes();
            (sum[place], carry) = (low, u16::from(high));
        }
        Self(sum)
    }
}

impl fmt::Display for DigestSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for DigestSum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for DigestSum {
    type Err = &'static str;

    /// # Errors
    /// Where the text is not of 64 hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "a sum has 64 hexadecimal digits";
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(WRONG);
        }
        let mut sum = [0; 32];
        for (place, byte) in sum.iter_mut().enumerate() {
            let digits = &text[2 * place..2 * place + 2];
            *byte = u8::from_str_radix(digits, 16).map_err(|_| WRONG)?;
        }
        Ok(Self(sum))
    }
}

impl From<DigestSum> for String {
    fn from(sum: DigestSum) -> Self {
        sum.to_string()
    }
}

impl TryFrom<String> for DigestSum {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use dynamap_mapper::AttributeValue;

    use super::*;

    fn item(id: u32) -> Item {
        [("id".to_owned(), AttributeValue::N(id.to_string()))].into_iter().collect()
    }

    fn digest(ids: &[u32]) -> Digest {
        let mut digest = Digest::default();
        for id in ids {
            digest.add(&item(*id));
        }
        digest
    }

    #[test]
    fn the_order_of_items_does_not_matter_and_their_number_does() {
        assert_eq!(digest(&[1, 2, 3]), digest(&[3, 1, 2]));
        assert_ne!(digest(&[1, 2, 3]).sum, digest(&[1, 2, 4]).sum);
        // Where digests were combined by exclusive or, a pair would vanish.
        assert_ne!(digest(&[1, 2, 2]).sum, digest(&[1, 3, 3]).sum);
        assert_eq!(digest(&[1]).with(&digest(&[2])), digest(&[1, 2]));
    }

    #[test]
    fn a_sum_wraps_around_and_survives_its_text() {
        let most = DigestSum([0xff; 32]);
        let mut one = DigestSum::default();
        one.0[31] = 1;
        assert_eq!(most.plus(&one), DigestSum::default());
        let sum = digest(&[7]).sum;
        assert_eq!(sum.to_string().parse(), Ok(sum));
        assert!(
            "+f".repeat(32).parse::<DigestSum>().is_err()
                && "é".repeat(32).parse::<DigestSum>().is_err()
        );
    }
}
