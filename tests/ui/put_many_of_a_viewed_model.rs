//! A put without a condition would leave the rows as they are.

use dynamap::{Database, Model, Rows, View};

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

struct Visits;

impl View for Visits {
    type Source = Visit;
    type Row = Sum;
    const NAME: &'static str = "visits";

    fn add(visit: &Visit, rows: &mut Rows<Sum>) {
        rows.add(&visit.name, Sum::COUNT, 1);
    }
}

async fn put(db: &Database, visits: Vec<Visit>) {
    let _ = Visit::put_many(db, visits).await;
    let _ = Visit::delete_many(db, ["a"]).await;
}

fn main() {}
