//! Workloads whose histories the checker judges: workers that read and write few keys at the same time.
//!
//! `DYNAMAP_SEED=n cargo test --test it -- histories::` runs one seed alone, the one that a failure names.
//! `workload` runs transactions and writes down what they were told; this file says what must be true of that.

mod workload;

use std::fmt::Write as _;
use std::time::Duration;

use dynamap::faults::{Fault, Faults};
use dynamap::{Database, Isolation, Table};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::checker::mutate::{self, Mutant};
use crate::checker::{Anomaly, End, History, Kind, Level, check};
use crate::sim::{Rates, Sim};
use workload::{Entry, Scene, Setup};

/// A store of this seed, whose requests take different times, and some of which fail.
async fn embedded(seed: u64, mutant: Option<Mutant>) -> Database {
    let faults = Faults::new();
    let client = faults.wrap(&mutate::store(mutant)).expect("the client has a connector");
    let db = Database::builder(client).seed(seed).build();
    Table::<Entry>::create(&db).await.expect("entries");
    let mut rng = StdRng::seed_from_u64(seed);
    for operation in ["GetItem", "PutItem", "UpdateItem", "TransactGetItems", "TransactWriteItems"]
    {
        let writes_all = operation == "TransactWriteItems";
        for _ in 0..600 {
            faults.next(
                operation,
                match rng.random_range(0..20) {
                    0 if operation != "GetItem" => Fault::TransactionConflict,
                    1 | 2 if writes_all => Fault::LoseAnswer,
                    1 if operation == "UpdateItem" => Fault::LoseAnswer,
                    _ => Fault::Delay(Duration::from_millis(rng.random_range(1..30))),
                },
            );
        }
    }
    db
}

fn seeds(count: u64) -> Vec<u64> {
    match std::env::var("DYNAMAP_SEED") {
        Ok(seed) => vec![seed.parse().expect("DYNAMAP_SEED is a number")],
        Err(_) => (0..count).collect(),
    }
}

/// The simulated service, which applies transactions item by item, behind a bad network.
async fn simulated(seed: u64) -> Database {
    let (sim, client) = Sim::new(seed);
    let db = Database::builder(client).seed(seed).build();
    Table::<Entry>::create(&db).await.expect("entries");
    sim.set_rates(Rates::all(10));
    db
}

async fn history(scene: Scene, seed: u64, mutant: Option<Mutant>) -> History {
    let db = embedded(seed, mutant).await;
    workload::run(&db, Setup { scene, isolation: Isolation::Serializable, seed }).await
}

/// Runs seeds of a scene, which must be clean and must have been worth it.
async fn is_clean(scene: Scene, count: u64) {
    let (mut done, mut lost, mut only_read) = (0, 0, 0);
    for seed in seeds(count) {
        // Every third on the simulated service.
        let history = if seed % 3 == 2 {
            let db = simulated(seed).await;
            workload::run(&db, Setup { scene, isolation: Isolation::Serializable, seed }).await
        } else {
            history(scene, seed, None).await
        };
        let found = check(&history, Level::StrictSerializable);
        assert!(
            found.is_empty(),
            "{scene:?}: DYNAMAP_SEED={seed} cargo test --test it -- histories::\n{}\n{}",
            found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
            history.to_elle_json(),
        );
        let count = |end| history.txns.iter().filter(|txn| txn.end == end).count();
        done += count(End::Ok);
        lost += count(End::Fail);
        let (_last_read, workers) = history.txns.split_last().expect("a history");
        only_read += workers.iter().filter(|txn| txn.end == End::Ok && txn.only_reads()).count();
    }
    // One seed alone may be a quiet one.
    if std::env::var_os("DYNAMAP_SEED").is_some() {
        return;
    }
    assert!(done > 0 && lost > 0, "{scene:?}: {done} committed, {lost} conflicts");
    let has_readers = !matches!(scene, Scene::WriteSkew | Scene::NestedReads);
    assert_eq!(only_read > 0, has_readers, "{scene:?}: {only_read} committed that only read");
}

#[tokio::test(start_paused = true)]
async fn appends_to_lists_are_strictly_serializable() {
    is_clean(Scene::Lists, 12).await;
}

#[tokio::test(start_paused = true)]
async fn registers_are_strictly_serializable() {
    is_clean(Scene::Registers, 12).await;
}

#[tokio::test(start_paused = true)]
async fn nobody_writes_by_what_another_changes() {
    is_clean(Scene::WriteSkew, 5).await;
}

#[tokio::test(start_paused = true)]
async fn nobody_writes_by_what_another_changes_though_it_was_read_in_a_nested_rollback() {
    is_clean(Scene::NestedReads, 5).await;
}

#[tokio::test(start_paused = true)]
async fn two_readers_agree_which_of_two_writes_was_first() {
    is_clean(Scene::LongFork, 5).await;
}

#[tokio::test(start_paused = true)]
async fn a_report_sees_a_state_that_the_others_were_in() {
    is_clean(Scene::ReadOnly, 5).await;
}

/// The weaker level shows the anomalies that it is documented to allow, and no others: so the checker bites, and so does
/// the library.
#[tokio::test(start_paused = true)]
async fn the_weaker_level_allows_skew_and_nothing_else() {
    // Two reads can be of two moments (read skew), and two can write by what they read of each other (write skew).
    let allowed = [Kind::G2Item, Kind::GSingle];
    for scene in [Scene::WriteSkew, Scene::Lists] {
        let mut seen = Vec::new();
        for seed in seeds(6) {
            for db in [embedded(seed, None).await, simulated(seed).await] {
                let setup = Setup { scene, isolation: Isolation::WriteConflict, seed };
                let history = workload::run(&db, setup).await;
                seen.extend(
                    check(&history, Level::Serializable).into_iter().map(|found| found.kind),
                );
            }
        }
        assert!(seen.contains(&Kind::G2Item), "{scene:?}: {seen:?}");
        assert!(seen.iter().all(|kind| allowed.contains(kind)), "{scene:?}: {seen:?}");
    }
}

/// The first anomaly of the kinds over some seeds.
async fn killed(scene: Scene, mutant: Mutant, by: &[Kind]) -> Option<(u64, Anomaly)> {
    for seed in 0..20 {
        let found = check(&history(scene, seed, Some(mutant)).await, Level::StrictSerializable);
        if let Some(anomaly) = found.into_iter().find(|anomaly| by.contains(&anomaly.kind)) {
            return Some((seed, anomaly));
        }
    }
    None
}

const MUTANTS: [(Mutant, Scene, &[Kind]); 5] = [
    (Mutant::SkipConditionChecks, Scene::WriteSkew, &[Kind::G2Item]),
    (Mutant::DropRolledBackRead { key: 1 }, Scene::NestedReads, &[Kind::G2Item]),
    // What was applied is overwritten, and then taken for a conflict: others read what seems rolled back.
    (Mutant::RotateToken, Scene::Lists, &[Kind::G1a]),
    (Mutant::ApplyTwice, Scene::Lists, &[Kind::IncompatibleOrder, Kind::LostUpdate, Kind::GSingle]),
    (Mutant::StripConditions, Scene::Lists, &[Kind::LostUpdate, Kind::IncompatibleOrder]),
];

#[tokio::test(start_paused = true)]
async fn every_mutant_is_killed() {
    let mut table = "mutant | found by | anomaly\n--- | --- | ---\n".to_owned();
    let mut survivors = Vec::new();
    for (mutant, scene, by) in MUTANTS {
        match killed(scene, mutant, by).await {
            Some((seed, anomaly)) => {
                let without = check(&history(scene, seed, None).await, Level::StrictSerializable);
                assert_eq!(without, [], "seed {seed} without {mutant:?}");
                let row =
                    writeln!(table, "{mutant:?} | {scene:?}, seed {seed} | {:?}", anomaly.kind);
                row.expect("a text takes everything");
            }
            None => survivors.push(mutant),
        }
    }
    eprintln!("{table}");
    assert!(survivors.is_empty(), "nobody noticed {survivors:?}");
}
