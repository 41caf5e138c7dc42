//! Which operations of a batch wait for which: those of one item keep their order, all others run together.

use std::collections::HashMap;

use crate::error::Target;

/// What an operation touches.
#[derive(Debug)]
pub(super) enum Access {
    Read(Target),
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

/// The earliest round of each operation: as few rounds as the order allows.
pub(super) fn order(accesses: &[Access]) -> Vec<Step> {
    let mut items: HashMap<&Target, Before> = HashMap::new();
    let mut tables: HashMap<&str, Free> = HashMap::new();
    let mut steps: Vec<Step> = Vec::new();
    for (number, access) in accesses.iter().enumerate() {
        let behind = |after: &[usize]| {
            after.iter().map(|before| steps[*before].round + 1).max().unwrap_or_default()
        };
        let step = match access {
            Access::Read(target) => {
                let before = items.entry(target).or_default();
                let after: Vec<usize> = before.write.into_iter().collect();
                before.reads.push(number);
                Step { round: behind(&after), sees_writes: !after.is_empty(), after }
            }
            Access::Write(target) => {
                let before = items.entry(target).or_default();
                let mut after: Vec<usize> = before.write.into_iter().collect();
                after.append(&mut before.reads);
                before.write = Some(number);
                let free = tables.entry(&target.table).or_default();
                let round = behind(&after).max(free.write);
                free.search = free.search.max(round + 1);
                Step { round, after, sees_writes: false }
            }
            Access::Insert(table) => {
                let free = tables.entry(table).or_default();
                free.search = free.search.max(free.write + 1);
                Step { round: free.write, after: Vec::new(), sees_writes: false }
            }
            Access::Search(table) => {
                let free = tables.entry(table).or_default();
                let round = free.search;
                free.write = free.write.max(round + 1);
                Step { round, after: Vec::new(), sees_writes: round > 0 }
            }
            Access::Nothing => Step { round: 0, after: Vec::new(), sees_writes: false },
        };
        steps.push(step);
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

    /// `r1` reads item 1 of table t, `w1` writes it, `u1` writes item 1 of table u, `s` searches t, `i` inserts into t.
    fn access(text: &str) -> Access {
        let id = || text[1..].parse().expect("a number");
        match &text[..1] {
            "r" => Access::Read(item("t", id())),
            "w" => Access::Write(item("t", id())),
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
        ] {
            let accesses: Vec<_> = operations.split(' ').map(access).collect();
            let steps = order(&accesses);
            let found: Vec<_> = steps.iter().map(|step| step.round.to_string()).collect();
            assert_eq!(found.join(" "), rounds, "{operations}");
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
