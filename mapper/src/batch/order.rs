//! Which operations of a batch wait for which: those of one item keep their order, all others run together.

use std::collections::{HashMap, HashSet};

use crate::error::Target;

/// What an operation touches, and how it is sent.
#[derive(Debug)]
pub(super) enum Access {
    /// A get: goes with others.
    Read(Target),
    /// A put or delete without a condition: goes with others.
    Put(Target),
    /// A write that is sent by itself.
    Write(Target),
    /// Items of this table, whichever they are.
    Search(String),
    /// A new item of this table, whose key nobody knows yet.
    Insert(String),
    /// Nothing: it cannot be sent.
    Nothing,
}

/// When an operation is sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// After all rounds before.
    pub(super) round: usize,
    /// The operations on the same item that must succeed before.
    pub(super) after: Vec<usize>,
    /// Whether it must see what was written in the rounds before.
    pub(super) sees_writes: bool,
}

/// The batches that operations of one round share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Shared {
    Gets,
    ConsistentGets,
    Puts,
}

/// As few rounds as the order allows, and in them few batches: where it is free to, an operation waits for a round that
/// has a batch of its kind. Decided one operation after the other: the fewest of all ways for short batches, as the tests
/// show, and not always for long ones.
pub(super) fn order(accesses: &[Access]) -> Vec<Step> {
    let numbers = || 0..accesses.len();
    let earliest = rounds(accesses, numbers(), |_, step| step.round);
    let count = earliest.iter().map(|step| step.round + 1).max().unwrap_or_default();
    // The order backwards tells how many rounds must follow.
    let following = rounds(accesses, numbers().rev(), |_, step| step.round);
    let latest = |number: usize| count - 1 - following[number].round;
    let shared: Vec<Option<Shared>> =
        accesses.iter().zip(&earliest).map(|(access, step)| shared(access, step)).collect();
    let mut batches: HashSet<(usize, Option<Shared>)> = numbers()
        .filter(|number| earliest[*number].round == latest(*number))
        .map(|number| (earliest[number].round, shared[number]))
        .collect();
    rounds(accesses, numbers(), |number, step| {
        if shared[number].is_none() {
            return step.round;
        }
        let mut free = step.round..=latest(number);
        let round = free.find(|round| batches.contains(&(*round, shared[number])));
        let round = round.unwrap_or(step.round);
        batches.insert((round, shared[number]));
        round
    })
}

fn shared(access: &Access, step: &Step) -> Option<Shared> {
    match access {
        Access::Read(_) if step.sees_writes => Some(Shared::ConsistentGets),
        Access::Read(_) => Some(Shared::Gets),
        Access::Put(_) => Some(Shared::Puts),
        _ => None,
    }
}

/// What came before on one item.
#[derive(Default)]
struct Before {
    write: Option<usize>,
    /// Since that write.
    reads: Vec<usize>,
}

/// The first rounds that are free for a search of a table, and for a write.
#[derive(Default)]
struct Free {
    search: usize,
    write: usize,
}

/// The rounds of operations that come in this order; each is in the first one that is free, or in a later one.
fn rounds(
    accesses: &[Access],
    numbers: impl Iterator<Item = usize>,
    mut choose: impl FnMut(usize, &Step) -> usize,
) -> Vec<Step> {
    let mut items: HashMap<&Target, Before> = HashMap::new();
    let mut tables: HashMap<&str, Free> = HashMap::new();
    let none = || Step { round: 0, after: Vec::new(), sees_writes: false };
    let mut steps: Vec<Step> = accesses.iter().map(|_| none()).collect();
    for number in numbers {
        let mut step = none();
        match &accesses[number] {
            Access::Read(target) => {
                let before = items.entry(target).or_default();
                step.after.extend(before.write);
                step.sees_writes = before.write.is_some();
                before.reads.push(number);
            }
            Access::Put(target) | Access::Write(target) => {
                let before = items.entry(target).or_default();
                step.after.extend(before.write.replace(number));
                step.after.append(&mut before.reads);
                step.round = tables.entry(&target.table).or_default().write;
            }
            Access::Insert(table) => step.round = tables.entry(table).or_default().write,
            Access::Search(table) => {
                step.round = tables.entry(table).or_default().search;
                step.sees_writes = step.round > 0;
            }
            Access::Nothing => {}
        }
        let behind = step.after.iter().map(|before| steps[*before].round + 1).max();
        step.round = step.round.max(behind.unwrap_or_default());
        step.round = choose(number, &step);
        match &accesses[number] {
            Access::Put(Target { table, .. })
            | Access::Write(Target { table, .. })
            | Access::Insert(table) => {
                let free = tables.entry(table).or_default();
                free.search = free.search.max(step.round + 1);
            }
            Access::Search(table) => {
                let free = tables.entry(table).or_default();
                free.write = free.write.max(step.round + 1);
            }
            Access::Read(_) | Access::Nothing => {}
        }
        steps[number] = step;
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::AttributeValue;
    use crate::key::Key;

    fn item(table: &str, id: u64) -> Target {
        let key = Key::new(("id", AttributeValue::N(id.to_string())), None).expect("a key");
        Target { table: table.to_owned(), key }
    }

    /// `r1` reads item 1 of table t, `w1` writes it, `p1` puts it, `u1` writes item 1 of table u, `s` searches t, `i`
    /// inserts into t.
    fn access(text: &str) -> Access {
        let id = || text[1..].parse().expect("a number");
        match &text[..1] {
            "r" => Access::Read(item("t", id())),
            "w" => Access::Write(item("t", id())),
            "p" => Access::Put(item("t", id())),
            "u" => Access::Write(item("u", id())),
            "s" => Access::Search("t".to_owned()),
            "i" => Access::Insert("t".to_owned()),
            _ => Access::Nothing,
        }
    }

    #[test]
    fn what_is_about_one_item_keeps_its_order_and_all_else_runs_together() {
        for (operations, rounds) in [
            ("r1 r2 r1 w3 u1", "0 0 0 0 0"),
            ("w1 r1 w1 r1 r2", "0 1 2 3 0"),
            ("r1 r1 w1 w1", "0 0 1 2"),
            ("w1 u1 w2 w2", "0 0 0 1"),
            // A search waits for what is written to its table, and writes wait for it; reads do not.
            ("w1 s r2 w2 u2", "0 1 0 2 0"),
            ("s w1 s r1 w2", "0 1 2 2 3"),
            ("i s i s", "0 1 2 3"),
            ("s s i n", "0 0 1 0"),
            // What is free to waits for a batch of its kind.
            ("r1 p1 r1 p1 p2 r3 r2", "0 1 2 3 1 0 2"),
            ("p2 r1 p1", "1 0 1"),
            ("p2 r2 r1 p1", "0 1 0 1"),
            ("p2 r2 r1 p1 r1", "1 2 0 1 2"),
            ("p2 s r1 p1 r1", "0 1 0 2 3"),
            ("w2 r1 p1", "0 0 1"),
        ] {
            let accesses: Vec<_> = operations.split(' ').map(access).collect();
            let steps = order(&accesses);
            let found: Vec<_> = steps.iter().map(|step| step.round.to_string()).collect();
            assert_eq!(found.join(" "), rounds, "{operations}");
        }
    }

    /// Whether the second of two operations must wait for the first, said as plainly as can be.
    fn waits(first: &Access, second: &Access) -> bool {
        use Access::{Insert, Put, Read, Search, Write};
        match (first, second) {
            (Read(_), Read(_)) => false,
            (Read(a) | Put(a) | Write(a), Read(b) | Put(b) | Write(b)) => a == b,
            (
                Put(Target { table, .. }) | Write(Target { table, .. }) | Insert(table),
                Search(of),
            )
            | (
                Search(of),
                Put(Target { table, .. }) | Write(Target { table, .. }) | Insert(table),
            ) => table == of,
            _ => false,
        }
    }

    /// How many batches there are, where none is full.
    fn batches(accesses: &[Access], steps: &[Step]) -> usize {
        let kinds = accesses.iter().zip(steps);
        let kinds = kinds.filter_map(|(access, step)| Some((step.round, shared(access, step)?)));
        kinds.collect::<HashSet<_>>().len()
    }

    #[test]
    fn all_short_batches_have_the_fewest_rounds_and_no_more_requests_than_as_soon_as_can_be() {
        const ALL: [&str; 7] = ["r1", "p1", "r2", "p2", "w2", "s", "i"];
        let length = 5;
        let mut fewer = 0;
        for number in 0..ALL.len().pow(length) {
            let one = |place: u32| access(ALL[number / ALL.len().pow(place) % ALL.len()]);
            let accesses: Vec<Access> = (0..length).map(one).collect();
            let steps = order(&accesses);
            // The longest chain is the fewest rounds.
            let mut soonest: Vec<usize> = Vec::new();
            for (at, access) in accesses.iter().enumerate() {
                let before: Vec<usize> =
                    (0..at).filter(|earlier| waits(&accesses[*earlier], access)).collect();
                for earlier in &before {
                    assert!(steps[*earlier].round < steps[at].round, "{accesses:?}");
                }
                soonest.push(before.into_iter().map(|it| soonest[it] + 1).max().unwrap_or(0));
            }
            let most = |rounds: &mut dyn Iterator<Item = usize>| rounds.max();
            let found = most(&mut steps.iter().map(|step| step.round));
            assert_eq!(found, most(&mut soonest.iter().copied()), "{accesses:?}");
            let at_once = rounds(&accesses, 0..accesses.len(), |_, step| step.round);
            let (planned, greedy) = (batches(&accesses, &steps), batches(&accesses, &at_once));
            assert!(planned <= greedy, "{accesses:?}");
            fewer += usize::from(planned < greedy);
        }
        assert!(fewer > 0);
    }

    /// The fewest batches of all ways to spread the operations over so many rounds.
    fn fewest(accesses: &[Access], steps: &mut [Step], count: usize, at: usize) -> usize {
        if at == accesses.len() {
            return batches(accesses, steps);
        }
        let before = (0..at).filter(|earlier| waits(&accesses[*earlier], &accesses[at]));
        let first = before.map(|earlier| steps[earlier].round + 1).max().unwrap_or(0);
        let rounds = (first..count).map(|round| {
            steps[at].round = round;
            fewest(accesses, steps, count, at + 1)
        });
        rounds.collect::<Vec<_>>().into_iter().min().unwrap_or(usize::MAX)
    }

    #[test]
    fn the_batches_of_four_operations_are_the_fewest_that_as_few_rounds_can_have() {
        const ALL: [&str; 7] = ["r1", "p1", "r2", "p2", "w2", "s", "i"];
        for number in 0..ALL.len().pow(4) {
            let one = |place: u32| access(ALL[number / ALL.len().pow(place) % ALL.len()]);
            let accesses: Vec<Access> = (0..4).map(one).collect();
            let mut steps = order(&accesses);
            let found = batches(&accesses, &steps);
            let count = steps.iter().map(|step| step.round + 1).max().unwrap_or(0);
            assert_eq!(found, fewest(&accesses, &mut steps, count, 0), "{accesses:?}");
        }
    }

    #[test]
    fn a_write_needs_the_success_of_what_was_before_on_its_item() {
        let accesses: Vec<_> = "w1 r1 r1 w1 r1 s".split(' ').map(access).collect();
        let steps = order(&accesses);
        let after: Vec<_> = steps.iter().map(|step| step.after.as_slice()).collect();
        assert_eq!(after, [&[][..], &[0], &[0], &[0, 1, 2], &[3], &[]]);
        let sees: Vec<_> = steps.iter().map(|step| step.sees_writes).collect();
        assert_eq!(sees, [false, true, true, false, true, true]);
    }
}
