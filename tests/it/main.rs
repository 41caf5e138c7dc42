//! The library as a user sees it, on the embedded store, with faults injected below the SDK.
//!
//! One binary; one module per theme. Every test has a store of its own.

#![allow(
    unreachable_pub,
    missing_docs,
    clippy::large_futures,
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    clippy::items_after_statements,
    reason = "tests read better so, and a binary has no public API"
)]

mod fences;
mod sim;
mod strays;
mod support;

mod admin;
mod automatic;
mod backfills;
mod bank;
mod batches;
mod blind;
mod blocking;
mod bulk;
mod caches;
mod capacity;
mod checker;
mod checks;
mod coalesced;
mod commands;
mod conversions;
mod costs;
mod countries;
mod detected;
mod documented;
mod dropped;
mod expressions;
mod floors;
mod guide;
mod histories;
mod ids;
mod indexes;
mod items;
mod keys;
mod laws;
mod migrations;
mod mixture;
mod older;
mod overlays;
mod paging;
mod planes;
mod plans;
mod puts;
mod reads;
mod recorded;
mod references;
mod refusals;
mod requests;
mod reshaped;
mod resumed;
mod retried;
mod rounds;
mod scheduled;
mod sends;
mod sequences;
mod sessions;
mod shapes;
mod snapshots;
mod sweeps;
mod tables;
mod transactions;
mod transfers;
mod trees;
mod types;
mod ui;
mod unanswered;
mod uniques;
mod units;
mod updates;
mod views;
mod ways_in;
mod writes;
