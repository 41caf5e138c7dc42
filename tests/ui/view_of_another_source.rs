//! A view is made of the items of one model.

use dynamap::{Model, Rows, View};

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
}

#[derive(Debug, Clone, Model)]
#[model(table = "stays", view = Visits, validate = false)]
struct Stay {
    #[model(hash_key)]
    name: String,
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
