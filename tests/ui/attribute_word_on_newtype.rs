//! A wrapped field has no name to give.

use dynamap::Attribute;

#[derive(Debug, Attribute)]
struct Name(#[model(rename = "n")] String);

fn main() {}
