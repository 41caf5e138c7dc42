//! What each scenario costs: its requests, and the capacity units that AWS bills for them.
//!
//! The units are those that the engine reports; that it counts by AWS's rules is tested first.
//!
//! [AWS: read and write units](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html)

use std::collections::BTreeMap;

use dynamap::faults::Faults;
use dynamap::{
    Database, Error, Gapless, Isolation, Loaded, Model, Record, Table, Transaction,
    TransactionRecord,
};

use crate::support::Outcome;

/// The requests that went through, and the units that they took.
#[derive(Debug, Clone, Default, PartialEq)]
struct Bill {
    requests: BTreeMap<String, u32>,
    read: f64,
    write: f64,
}

struct Meter {
    meter: dynamap::Meter,
    faults: Faults,
}

impl Meter {
    /// What was billed since the last time.
    fn take(&self) -> Bill {
        let mut requests = BTreeMap::new();
        for request in self.faults.requests() {
            *requests.entry(request.operation.clone()).or_default() += 1;
        }
        self.faults.clear_log();
        let units = self.meter.take().total();
        Bill { requests, read: units.read, write: units.write }
    }
}

/// An item of about so many bytes.
#[derive(Debug, Clone, PartialEq, Model)]
#[model(table = "sized", validate = false)]
struct Sized {
    #[model(hash_key)]
    id: u64,
    filler: String,
    #[model(version)]
    version: u64,
}

/// What an item has beside its filler: names and values of key, version, schema and nonce.
const REST: usize = 100;

impl Sized {
    fn new(id: u64, bytes: usize) -> Self {
        Self { id, filler: "x".repeat(bytes - REST), version: 0 }
    }
}

async fn store() -> (Database, Meter) {
    let faults = Faults::new();
    let client = faults.wrap(&dynamap::embedded::memory().expect("a store")).expect("a connector");
    let (db, meter) = Database::builder(client).seed(7).build().metered();
    let meter = Meter { meter, faults };
    Table::<Sized>::create(&db).await.expect("a table");
    Table::<TransactionRecord>::create(&db).await.expect("records");
    Gapless::create_table(&db).await.expect("counters");
    meter.take();
    (db, meter)
}

async fn get(tx: &Transaction, id: u64) -> Result<Loaded<Sized>, Error> {
    Ok(Sized::get(tx, id).await?.expect("the item"))
}

fn bill(requests: &[(&str, u32)], read: u32, write: u32) -> Bill {
    let requests = requests.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
    Bill { requests, read: read.into(), write: write.into() }
}

/// AWS: 1 KB for a write unit, 4 KB for a read unit, rounded up; both double in a transaction.
#[tokio::test]
async fn the_engine_bills_as_aws_does() -> Outcome {
    for kb in 1..=9_u32 {
        // Just below the next KB.
        let bytes = usize::try_from(kb)? * 1024 - 50;
        let (reads, writes) = (kb.div_ceil(4), kb);
        let (db, meter) = store().await;
        let [mut one, two] = [1, 2].map(|id| Sized::new(id, bytes));
        let mut loaded = one.clone().insert(&db).await?;
        assert_eq!(meter.take(), bill(&[("PutItem", 1)], 0, writes), "put of {kb} KB");
        Sized::get(&db, 1).consistent().await?;
        assert_eq!(meter.take(), bill(&[("GetItem", 1)], reads, 0), "get of {kb} KB");
        // An update is billed by the larger of before and after.
        loaded.filler = "short".to_owned();
        loaded.save(&db).await?;
        assert_eq!(meter.take(), bill(&[("UpdateItem", 1)], 0, writes), "shrink from {kb} KB");
        loaded.filler = std::mem::take(&mut one.filler);
        loaded.save(&db).await?;
        assert_eq!(meter.take(), bill(&[("UpdateItem", 1)], 0, writes), "grow to {kb} KB");
        two.insert(&db).await?;
        meter.take();
        let tx = Transaction::begin(&db);
        let (one, two) = (get(&tx, 1).await?, get(&tx, 2).await?);
        meter.take();
        tx.clone().commit().await?;
        assert_eq!(
            meter.take(),
            bill(&[("TransactGetItems", 1)], 4 * reads, 0),
            "reads of {kb} KB"
        );
        let tx = Transaction::begin(&db);
        tx.check(&one)?;
        tx.delete(two)?;
        tx.commit().await?;
        assert_eq!(
            meter.take(),
            bill(&[("TransactWriteItems", 1)], 0, 4 * writes),
            "a check and a delete of {kb} KB"
        );
    }
    Ok(())
}

/// The native column of the design's cost table, for items of 0.2, 0.9, 4 and 10 KB.
#[tokio::test]
async fn each_scenario_costs_what_the_table_says() -> Outcome {
    for (bytes, kb) in [(200, 1), (900, 1), (4000, 4), (10_000, 10)] {
        let (db, meter) = store().await;
        for id in 1..=3 {
            Sized::new(id, bytes).insert(&db).await?;
        }
        meter.take();
        let twi = [("TransactWriteItems", 1)];
        let read_units = |items: u32| items * u32::div_ceil(kb, 4);
        let change = |mut loaded: Loaded<Sized>| {
            let end = if loaded.filler.ends_with('x') { "y" } else { "x" };
            let length = loaded.filler.len() - 1;
            loaded.filler.replace_range(length.., end);
            loaded
        };

        // One write and nothing else: half the price.
        let tx = Transaction::begin(&db);
        tx.save(change(get(&tx, 1).await?))?;
        assert_eq!(meter.take(), bill(&[("GetItem", 1)], read_units(1), 0));
        tx.commit().await?;
        assert_eq!(meter.take(), bill(&[("UpdateItem", 1)], 0, kb));

        // Two updates; with an item that was only read; at the weaker level.
        for (isolation, third, actions) in [
            (Isolation::Serializable, false, 2),
            (Isolation::Serializable, true, 3),
            (Isolation::WriteConflict, true, 2),
        ] {
            let tx = Transaction::builder(&db).isolation(isolation).begin();
            for id in 1..=2 {
                tx.save(change(get(&tx, id).await?))?;
            }
            if third {
                get(&tx, 3).await?;
            }
            meter.take();
            tx.commit().await?;
            assert_eq!(meter.take(), bill(&twi, 0, 2 * actions * kb), "{isolation:?} {third}");
        }

        // By key: no reads.
        let tx = Transaction::begin(&db);
        for id in 1..=2 {
            tx.write(Sized::update(&db, id).set(Sized::FILLER, &"z".repeat(bytes - REST)))?;
        }
        tx.commit().await?;
        assert_eq!(meter.take(), bill(&twi, 0, 4 * kb));

        // An insert and a delete.
        let tx = Transaction::begin(&db);
        tx.insert(Sized::new(4, bytes))?;
        tx.write(Sized::delete(&db, 3).unchecked())?;
        tx.commit().await?;
        assert_eq!(meter.take(), bill(&twi, 0, 4 * kb));

        // A record is one item more; a key of one's own is looked up first.
        for (record, lookups) in [(Record::new(), 0), (Record::with_key("order-42"), 1)] {
            let work = Transaction::run(&db, |tx| async move {
                for id in 1..=2 {
                    tx.save(change(get(&tx, id).await?))?;
                }
                Ok::<_, Error>(())
            });
            work.recorded(record).await?;
            let requests = [("TransactWriteItems", 1), ("GetItem", 2 + lookups)];
            assert_eq!(meter.take(), bill(&requests, read_units(2) + lookups, 4 * kb + 2));
        }
        // Done before: one look.
        let again = Transaction::run(&db, |_| async { Ok::<_, Error>(()) });
        again.recorded(Record::with_key("order-42")).await?;
        assert_eq!(meter.take(), bill(&[("GetItem", 1)], 1, 0));

        // A number without gaps: its counter is read and written with the rest.
        let tx = Transaction::begin(&db);
        let number = Gapless::new("invoices").next(&tx).await?;
        tx.insert(Sized::new(100 + number, bytes))?;
        tx.commit().await?;
        let requests = [("TransactWriteItems", 1), ("GetItem", 1)];
        assert_eq!(meter.take(), bill(&requests, 1, 2 * kb + 2));

        // Exactly once: a transaction of one.
        Sized::update(&db, 1).set(Sized::FILLER, &"w".repeat(bytes - REST)).exactly_once().await?;
        assert_eq!(meter.take(), bill(&twi, 0, 2 * kb));

        // One read alone is not checked.
        let tx = Transaction::begin(&db);
        get(&tx, 1).await?;
        tx.commit().await?;
        assert_eq!(meter.take(), bill(&[("GetItem", 1)], read_units(1), 0));
    }
    Ok(())
}
