//! What happened: transactions of processes, each with what it asked for and what it was told.

/// The name of a list or register.
pub type Key = u32;
/// An element or a value. No two writes of a key write the same.
pub type Value = u64;

/// One step of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Micro {
    Append(Key, Value),
    /// `None` while the answer is not known.
    ReadList(Key, Option<Vec<Value>>),
    /// The version is the one that the write made; none if a later write of the transaction replaced it.
    Write(Key, Value, Option<u64>),
    /// `None` for a register that was never written, or while the answer is not known. Version 0 is before any write.
    ReadRegister(Key, Option<Value>, Option<u64>),
}

impl Micro {
    /// The step as it was asked for, without its answer.
    pub fn asked(&self) -> Self {
        match self {
            Self::Append(key, value) => Self::Append(*key, *value),
            Self::ReadList(key, _) => Self::ReadList(*key, None),
            Self::Write(key, value, _) => Self::Write(*key, *value, None),
            Self::ReadRegister(key, ..) => Self::ReadRegister(*key, None, None),
        }
    }
}

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Ok,
    /// It had no effect.
    Fail,
    /// Nobody knows whether it had its effect.
    Info,
}

/// A transaction from its call to its return, both as positions in one order of all calls and returns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Txn {
    pub process: u32,
    pub steps: Vec<Micro>,
    pub end: End,
    pub called: usize,
    pub returned: usize,
}

impl Txn {
    pub fn only_reads(&self) -> bool {
        self.steps.iter().all(|step| matches!(step, Micro::ReadList(..) | Micro::ReadRegister(..)))
    }
}

/// All transactions, in the order of their calls.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    pub txns: Vec<Txn>,
    clock: usize,
}

impl History {
    /// A transaction begins. It counts as unknown until it ends.
    pub fn call(&mut self, process: u32) -> usize {
        let called = self.tick();
        self.txns.push(Txn {
            process,
            steps: Vec::new(),
            end: End::Info,
            called,
            returned: called,
        });
        self.txns.len() - 1
    }

    /// The transaction that [`call`](Self::call) numbered ends.
    pub fn end(&mut self, txn: usize, end: End, steps: Vec<Micro>) {
        let returned = self.tick();
        let txn = &mut self.txns[txn];
        (txn.end, txn.steps, txn.returned) = (end, steps, returned);
    }

    /// A transaction that nothing overlaps.
    pub fn then(mut self, process: u32, end: End, steps: &[Micro]) -> Self {
        let txn = self.call(process);
        self.end(txn, end, steps.to_vec());
        self
    }

    /// Transactions that all overlap each other, each of a process of its own, all successful.
    pub fn together(mut self, all: &[&[Micro]]) -> Self {
        let first = self.txns.len();
        for process in 0..all.len() {
            self.call(u32::try_from(process).expect("a few processes"));
        }
        for (index, steps) in all.iter().enumerate() {
            self.end(first + index, End::Ok, steps.to_vec());
        }
        self
    }

    fn tick(&mut self) -> usize {
        self.clock += 1;
        self.clock - 1
    }
}
