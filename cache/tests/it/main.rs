//! The caches against the real servers.
