//! The embedded store as its users see it: through the SDK's client, on real files, and across processes.

mod children;
mod controlled;
mod healing;
mod killing;
mod opening;
mod operations;
mod paging;
#[cfg(feature = "serve")]
mod served;
mod sharing;
mod support;
mod throttling;
