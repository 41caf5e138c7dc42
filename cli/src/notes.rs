//! What is told while a command runs: lines on standard error, and a bar where that is a terminal.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use dynamap_migrations::backfill::BackfillProgress;
use dynamap_transfer::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const WITHOUT_ESTIMATE: &str = "{prefix}: {pos} items, {per_sec}; {msg}";
const WAITING: &str = "{spinner} {msg}";
const WITH_ESTIMATE: &str = "{prefix} [{bar:30}] {pos}/~{len} items, {per_sec}, {eta}; {msg}";

/// A place for notes.
pub(crate) struct Notes<'a> {
    err: Mutex<&'a mut (dyn Write + Send)>,
    bar: ProgressBar,
}

impl<'a> Notes<'a> {
    /// With a bar where that can be drawn, and is wanted.
    pub(crate) fn new(err: &'a mut (dyn Write + Send), is_bar_wanted: bool) -> Self {
        // Hidden by itself where standard error is no terminal.
        let target =
            if is_bar_wanted { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { err: Mutex::new(err), bar: ProgressBar::with_draw_target(None, target) }
    }

    pub(crate) fn has_bar(&self) -> bool {
        !self.bar.is_hidden()
    }

    /// Tells something. That nobody hears it is no reason to end.
    pub(crate) fn say(&self, text: &str) {
        let mut err = self.err.lock().unwrap_or_else(PoisonError::into_inner);
        self.bar.suspend(|| drop(writeln!(err, "{text}").and_then(|()| err.flush())));
    }

    /// Begins a bar.
    pub(crate) fn begin(&self, job: &str) {
        self.bar.reset();
        self.bar.set_prefix(job.to_owned());
        self.bar.set_style(style(WITHOUT_ESTIMATE));
    }

    pub(crate) fn progress(&self, progress: &BackfillProgress) {
        let BackfillProgress { items, estimate, upgraded, conflicts, failed, .. } = progress;
        let text = format!("{upgraded} upgraded, {conflicts} conflicts, {failed} failed");
        self.at(*items, *estimate, text);
    }

    pub(crate) fn transferred(&self, progress: &Progress) {
        let Progress { items, written, failures, estimated_items, .. } = progress;
        let estimate = Some(*estimated_items).filter(|items| *items > 0);
        self.at(*items, estimate, format!("{written} written, {failures} failed"));
    }

    /// Shows how far a job has come.
    fn at(&self, items: u64, estimate: Option<u64>, text: String) {
        if let Some(estimate) = estimate {
            self.bar.set_style(style(WITH_ESTIMATE));
            // The estimate is some hours old.
            self.bar.set_length(estimate.max(items));
        }
        self.bar.set_position(items);
        self.bar.set_message(text);
    }

    /// Shows what is waited for.
    pub(crate) fn waits(&self, text: &str) {
        self.bar.set_style(style(WAITING));
        self.bar.set_message(text.to_owned());
        self.bar.tick();
    }

    /// Removes the bar.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_shows_every_count_and_makes_room_for_more_than_was_estimated() {
        for template in [WITHOUT_ESTIMATE, WITH_ESTIMATE, WAITING] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
        let mut err = Vec::new();
        let notes = Notes::new(&mut err, false);
        notes.begin("User 2.0.0");
        let mut progress = BackfillProgress::default();
        (progress.items, progress.upgraded, progress.conflicts, progress.failed) = (7, 5, 1, 2);
        progress.estimate = Some(4);
        notes.progress(&progress);
        assert_eq!((notes.bar.position(), notes.bar.length()), (7, Some(7)));
        assert_eq!(notes.bar.message(), "5 upgraded, 1 conflicts, 2 failed");
        notes.say("stops");
        notes.end();
        drop(notes);
        assert_eq!(err, b"stops\n");
    }
}
