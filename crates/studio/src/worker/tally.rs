//! How far a job is, out of what the engine tells.

use std::time::{Duration, Instant};

use kinora_engine::{Event, Stage};

use crate::files::now;
use crate::queue::Report;

/// How often progress is written, at most.
const REPORT: Duration = Duration::from_millis(250);

/// Sums events up.
pub(super) struct Tally {
    pub report: Report,
    begun: i64,
    variant: usize,
    variants: usize,
    /// When the report was last given out.
    told: Instant,
}

/// How far a clip is when a stage begins, and when it ends.
const SHARE: [(Stage, f64, f64); 5] = [
    (Stage::Text, 0.0, 0.03),
    (Stage::Conditions, 0.03, 0.06),
    (Stage::Denoise, 0.06, 0.75),
    (Stage::Decode, 0.75, 0.97),
    (Stage::Write, 0.97, 1.0),
];

impl Tally {
    pub fn new(variants: usize) -> Self {
        Self {
            report: Report::default(),
            begun: now(),
            variant: 1,
            variants,
            told: Instant::now(),
        }
    }

    /// Whether the report should be written now.
    pub fn take(&mut self, event: Event) -> bool {
        let due = self.count(event) || self.told.elapsed() >= REPORT;
        if due {
            self.told = Instant::now();
        }
        due
    }

    /// Whether the event should be seen at once.
    fn count(&mut self, event: Event) -> bool {
        match event {
            Event::Begin { stage, of, variant } => {
                self.variant = variant.0;
                self.at(stage, 0, of);
                true
            }
            Event::Step {
                stage, step, of, ..
            } => {
                self.at(stage, step, of);
                step == of
            }
            Event::Preview(_) => {
                self.report.previews += 1;
                true
            }
            Event::Note(note) => {
                let notes = self.report.note.get_or_insert_default();
                if !notes.contains(&note) {
                    notes.push_str(if notes.is_empty() { "" } else { "\n" });
                    notes.push_str(&note);
                }
                false
            }
            _ => false,
        }
    }

    fn at(&mut self, stage: Stage, step: u64, of: u64) {
        let share = SHARE.iter().find(|(name, ..)| *name == stage);
        let (_, from, to) = share.copied().unwrap_or((stage, 0.0, 0.0));
        let part = from + (to - from) * step as f64 / of.max(1) as f64;
        let progress = (self.variant as f64 - 1.0 + part) / self.variants as f64 * 100.0;
        self.report.stage = Some(stage.name());
        (self.report.step, self.report.steps) = (step, of);
        self.report.progress = progress.max(self.report.progress);
        let spent = (now() - self.begun) as f64;
        self.report.eta_ms =
            (progress >= 10.0).then(|| (spent * (100.0 - progress) / progress) as i64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_never_goes_back_and_counts_all_variants() {
        let mut tally = Tally::new(2);
        let mut seen = vec![0.0];
        for variant in [(1, 2), (2, 2)] {
            for (stage, ..) in SHARE {
                tally.take(Event::Begin {
                    stage,
                    of: 4,
                    variant,
                });
                seen.push(tally.report.progress);
                tally.take(Event::Step {
                    stage,
                    step: 4,
                    of: 4,
                    eta: None,
                });
                seen.push(tally.report.progress);
            }
        }
        assert!(seen.is_sorted(), "{seen:?}");
        assert_eq!(seen[10], 50.0);
        assert_eq!(seen[20], 100.0);
    }
}
