//! Why a store is not served.

use std::io;
use std::net::SocketAddr;

use crate::error::OpenError;

/// Why a store is not served. Nothing listens then, and nothing was changed but what [`OpenError`] says.
///
/// ```
/// use dynamap_embedded::{ServeError, builder};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let everywhere = builder().serve_memory(([0, 0, 0, 0], 0)).await;
/// assert!(matches!(everywhere, Err(ServeError::NotLoopback { .. })));
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The address can be reached from other machines. A store has no rights to hold them off.
    #[error("cannot serve a store on {address}: it is no loopback address; use 127.0.0.1 or [::1]")]
    NotLoopback {
        /// The address.
        address: SocketAddr,
    },

    /// The address cannot be listened on: another program has it, or it is not for this user.
    #[error(
        "cannot serve a store on {address}: the operating system refused it; see the cause, or use port 0 for one that is free"
    )]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },

    /// The store does not open.
    #[error(transparent)]
    Open(#[from] OpenError),
}
