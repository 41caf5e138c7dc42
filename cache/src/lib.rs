//! Caches of dynamap: where the items that a program reads often are kept.
//!
//! Users depend on the facade crate `dynamap`; only that one promises semver. Each cache is a feature of its own; what
//! a cache must do, and how it is used, is `dynamap_mapper::cache`.

#[cfg(feature = "memcached")]
mod memcached;
#[cfg(feature = "memory")]
mod memory;
#[cfg(feature = "redis")]
mod redis;

#[cfg(feature = "redis")]
pub use self::redis::Redis;
#[cfg(feature = "memcached")]
pub use memcached::Memcached;
#[cfg(feature = "memory")]
pub use memory::Memory;
