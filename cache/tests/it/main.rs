//! The caches that come with the library, each against the real thing: what the trait promises, and what a database
//! makes of it. Servers are started from PATH; without one its tests fail.

mod contract;
mod databases;
mod servers;
