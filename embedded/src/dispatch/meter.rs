//! What an operation consumes, asked of the engine without the program seeing more than it asked for.

use dynoxide::DynoxideError;
use dynoxide::types::ConsumedCapacity;

/// The report that names every table and index.
const INDEXES: &str = "INDEXES";

/// Asks the engine for a full report and gives the program its part of it.
#[derive(Debug, Default)]
pub(super) struct Meter {
    on: bool,
    consumed: Vec<ConsumedCapacity>,
}

impl Meter {
    /// Asks for nothing.
    pub(super) fn off() -> Self {
        Self::default()
    }

    /// Asks the engine for what each operation consumes.
    pub(super) fn on() -> Self {
        Self { on: true, consumed: Vec::new() }
    }

    /// What was consumed since the meter was made, by table.
    pub(super) fn read(self) -> Vec<ConsumedCapacity> {
        self.consumed
    }

    /// Executes a request, which asks for a full report meanwhile, and leaves in the answer what the program asked for.
    pub(super) fn around<Request, Answer, Consumed: Report>(
        &mut self,
        mut request: Request,
        execute: impl FnOnce(Request) -> Result<Answer, DynoxideError>,
        mode: impl FnOnce(&mut Request) -> &mut Option<String>,
        report: impl FnOnce(&mut Answer) -> &mut Consumed,
    ) -> Result<Answer, DynoxideError> {
        if !self.on {
            return execute(request);
        }
        let asked = ask(mode(&mut request));
        let mut answer = execute(request)?;
        let report = report(&mut answer);
        self.consumed.extend(report.entries().iter().cloned());
        match asked.as_deref() {
            Some(INDEXES) => {}
            Some("TOTAL") => report.entries().iter_mut().for_each(total),
            _ => report.clear(),
        }
        Ok(answer)
    }
}

/// Has a request ask for a full report; what it asked for before. A word the engine does not know is left for it to
/// refuse.
fn ask(mode: &mut Option<String>) -> Option<String> {
    match mode.as_deref() {
        None | Some("NONE" | "TOTAL") => mode.replace(INDEXES.to_owned()),
        Some(_) => mode.clone(),
    }
}

/// A full report, reduced to its sum.
fn total(entry: &mut ConsumedCapacity) {
    entry.table = None;
    entry.global_secondary_indexes = None;
    entry.local_secondary_indexes = None;
    entry.vector_indexes = None;
}

/// The member `ConsumedCapacity` of an answer: of one table, or of several.
pub(super) trait Report {
    fn entries(&mut self) -> &mut [ConsumedCapacity];
    fn clear(&mut self);
}

impl Report for Option<ConsumedCapacity> {
    fn entries(&mut self) -> &mut [ConsumedCapacity] {
        self.as_mut_slice()
    }

    fn clear(&mut self) {
        *self = None;
    }
}

impl Report for Option<Vec<ConsumedCapacity>> {
    fn entries(&mut self) -> &mut [ConsumedCapacity] {
        self.as_deref_mut().unwrap_or_default()
    }

    fn clear(&mut self) {
        *self = None;
    }
}
