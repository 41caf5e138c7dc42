//! Under which key of a cache an item stands.

use sha2::{Digest as _, Sha256};

use super::Caches;
use crate::error::Target;

/// How much of a cache's key is for people. Memcached takes keys of 250 bytes.
const LONGEST: usize = 150;

impl Caches {
    /// The key of an item in the cache: a readable beginning, and a digest of prefix, table and key, in which each part
    /// is preceded by its length. So no two items share one, whatever stands in them, and no value can be read off it.
    pub(super) fn name(&self, target: &Target) -> String {
        let prefix = self.settings.prefix.as_deref().unwrap_or(&target.table);
        let mut digest = Sha256::new();
        for part in [prefix.as_bytes(), target.table.as_bytes(), &target.key.to_bytes()] {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        let is_plain =
            prefix.len() <= LONGEST && prefix.bytes().all(|byte| byte.is_ascii_graphic());
        let digest = hex::encode(digest.finalize());
        if is_plain { format!("{prefix}:{digest}") } else { digest }
    }
}
