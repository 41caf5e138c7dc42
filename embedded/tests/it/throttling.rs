//! Provisioned throughput: how many requests are accepted in simulated seconds, and how the others are refused.

mod single;
mod stage;
