//! The work that every library does, a file for each library.

mod bulk;
mod facade;
mod gets;
mod mapper;
mod modyne;
mod serde;

pub use bulk::WORK as BULK;
pub use gets::{COALESCED, WORK as GETS};

use floor::bare;
use floor::row::Row;

/// All rows.
pub fn all() -> Vec<Row> {
    let libraries = [mapper::rows(), bare::rows(), serde::rows(), modyne::rows(), facade::rows()];
    [libraries.concat(), gets::rows(), bulk::rows()].concat()
}
