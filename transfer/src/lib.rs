//! Copies, exports and imports of whole tables of dynamap.
//!
//! Users depend on the facade crate `dynamap`; only that one promises semver.
//!
//! # Layout
//!
//! * `table`: a table that is named at run time, and what can be done with it
//! * `copy`: into another table; `export`: into files; `import`: from files
//! * `digest`: whether two tables hold the same
//! * what they share: `transform` (items on their way), `sink` (what is written), `checkpoint`, `file`, `line`, `progress`

mod checkpoint;
mod copy;
mod digest;
mod error;
mod export;
mod file;
mod import;
mod line;
mod progress;
mod sink;
mod table;
mod transform;

pub use copy::{Copied, Copy, Verified};
pub use digest::{Digest, DigestSum};
pub use error::{ImportFailure, TransferError};
pub use export::{Export, Exported};
pub use import::{Import, Imported};
pub use progress::Progress;
pub use sink::Existing;
pub use table::Transfer;

/// Why a program's own function failed.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

pub(crate) type BoxFuture<'a, T> =
    std::pin::Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;

pub(crate) type Watch<'a> = Box<dyn Fn(Progress) + Send + Sync + 'a>;
