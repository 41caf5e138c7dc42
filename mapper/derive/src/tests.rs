//! Expansions as snapshots, and every rule as a line of a table.

mod errors;
mod expansions;
mod shapes;

use syn::DeriveInput;

fn parse(input: &str) -> DeriveInput {
    syn::parse_str(input).expect("the input of a test is an item")
}
