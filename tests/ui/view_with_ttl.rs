//! The service deletes expired items and leaves their rows.

use dynamap::{Model, Rows, Ttl, View};

#[derive(Debug, Clone, Model)]
#[model(table = "sums", validate = false)]
struct Sum {
    #[model(hash_key)]
    name: String,
    #[model(default)]
    count: u64,
}

#[derive(Debug, Clone, Model)]
#[model(table = "visits", view = Visits, validate = false)]
struct Visit {
    #[model(hash_key)]
    name: String,
    #[model(ttl)]
    until: Ttl,
}

struct Visits;

impl View for Visits {
    type Source = Visit;
    type Row = Sum;
    const NAME: &'static str = "visits";

    fn add(visit: &Visit, rows: &mut Rows<Sum>) {
        rows.add(&visit.name, Sum::COUNT, 1);
    }
}

fn main() {}
