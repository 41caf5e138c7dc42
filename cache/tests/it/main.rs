//! The caches that come with the library, each against the real thing: what the trait promises, and what a database
//! makes of it. With the feature `servers` the servers are started from PATH; a test whose server is missing fails.

mod contract;
mod databases;
#[cfg(feature = "servers")]
mod served;
#[cfg(feature = "servers")]
mod servers;
