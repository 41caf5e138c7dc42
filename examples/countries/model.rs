//! What the job keeps beside the countries.

use dynamap::Model;
use garde::Validate;

/// How many countries a region has; kept in the transactions that move them.
#[derive(Debug, Clone, PartialEq, Model, Validate)]
#[model(table = "regions")]
pub struct Region {
    #[model(hash_key)]
    #[garde(length(min = 1))]
    pub name: String,
    #[garde(skip)]
    pub countries: u32,
    #[model(version)]
    #[garde(skip)]
    pub version: u64,
}

/// How far the job is, so that a run that was killed is finished by the next.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "jobs", validate = false)]
pub struct Job {
    #[model(hash_key)]
    pub name: String,
    pub done: Vec<String>,
    #[model(version)]
    pub version: u64,
}
