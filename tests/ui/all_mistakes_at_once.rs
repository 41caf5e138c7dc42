//! Every mistake is reported in one go.

use dynamap::Model;

#[derive(Debug, Clone, Model)]
#[model(table = "x", schema = "2")]
struct DoomMap {
    episode: u32,
    #[model(version)]
    version: u32,
    _dtx: String,
}

fn main() {}
