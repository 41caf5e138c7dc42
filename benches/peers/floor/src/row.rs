//! A piece of work that can be repeated, and what one repetition must have done.

use std::hint::black_box;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use cpu_time::ProcessTime;
use tokio::runtime::{Builder, Runtime};

use crate::Outcome;
use crate::canned::{Answers, Canned};

/// How often a verb is repeated between two looks at the clock.
pub const VERB: u32 = 200;
/// How often an item is decoded or encoded.
pub const CODEC: u32 = 2_000;

/// One library doing one piece of work.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    pub work: &'static str,
    pub library: &'static str,
    /// How often it is repeated between two looks at the clock.
    pub repeat: u32,
    /// Builds what the work needs, does it once and looks at what it did.
    pub start: fn() -> Outcome<Run>,
}

/// Repeats the work so often, and tells the CPU time that it took.
pub type Run = Box<dyn FnMut(u32) -> Outcome<Duration>>;

/// A runtime of one thread and canned answers.
#[derive(Debug)]
pub struct Rig {
    runtime: Runtime,
    canned: Canned,
}

impl Rig {
    /// A rig with these answers.
    ///
    /// # Errors
    /// Where there is no runtime to be had.
    pub fn new(answers: impl Answers) -> Outcome<Self> {
        let runtime = Builder::new_current_thread().enable_time().build()?;
        Ok(Self { runtime, canned: Canned::new(answers) })
    }

    /// A client of the canned answers.
    #[must_use]
    pub fn client(&self) -> Client {
        self.canned.client()
    }

    /// Does something before anything is measured.
    pub fn prepare<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// The work, after it was done once: with so many requests, and with a result that `check` accepts.
    ///
    /// # Errors
    /// Where it does something else than that.
    pub fn run<T>(
        self,
        requests: u64,
        check: impl FnOnce(T) -> bool,
        mut work: impl AsyncFnMut() -> Outcome<T> + 'static,
    ) -> Outcome<Run> {
        let Self { runtime, canned } = self;
        let before = canned.requests();
        if !check(runtime.block_on(work())?) {
            return Err("the work has another result than it should".into());
        }
        let sent = canned.requests() - before;
        if sent != requests {
            return Err(format!("the work sent {sent} requests and not {requests}").into());
        }
        Ok(Box::new(move |times| {
            counted(|| {
                runtime.block_on(async {
                    for _ in 0..times {
                        black_box(work().await?);
                    }
                    Ok(())
                })
            })
        }))
    }
}

/// Work on values that are made before the clock runs: a row of the codec.
///
/// # Errors
/// Where `work` fails, or `check` does not accept its result.
pub fn codec<I: 'static, T>(
    input: impl Fn() -> I + 'static,
    check: impl FnOnce(T) -> bool,
    work: impl Fn(I) -> Outcome<T> + 'static,
) -> Outcome<Run> {
    if !check(work(input())?) {
        return Err("the work has another result than it should".into());
    }
    Ok(Box::new(move |times| {
        let inputs: Vec<I> = (0..times).map(|_| input()).collect();
        counted(|| {
            for input in inputs {
                black_box(work(input)?);
            }
            Ok(())
        })
    }))
}

/// What is measured: callgrind counts inside of this function only.
#[inline(never)]
fn counted(work: impl FnOnce() -> Outcome) -> Outcome<Duration> {
    let began = ProcessTime::try_now()?;
    work()?;
    Ok(began.try_elapsed()?)
}
