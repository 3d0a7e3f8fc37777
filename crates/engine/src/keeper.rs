//! Keeps the latents of the clip under way, and lets go of them when it is complete.

use std::cell::Cell;
use std::io;
use std::path::PathBuf;

use candle_core::Tensor;

use crate::checkpoint::{self, Latents, State};
use crate::family::Denoising;
use crate::noise::SeededNoise;
use crate::plan::{Plan, Variant};
use crate::progress::{Event, Progress};
use crate::{Error, Result};

/// Keeps the latents of the clip under way.
pub(crate) struct Keeper<'a> {
    path: PathBuf,
    state: State,
    pub variant: &'a Variant,
    progress: &'a Progress,
    /// Whether the user knows that no checkpoint can be written.
    warned: Cell<bool>,
}

impl<'a> Keeper<'a> {
    pub fn new(
        plan: &Plan,
        fingerprint: &str,
        variant: &'a Variant,
        progress: &'a Progress,
    ) -> Self {
        let out = &plan.out;
        Self {
            path: checkpoint::path_of(out),
            state: State::new(plan, out, fingerprint, variant),
            variant,
            progress,
            warned: Cell::new(false),
        }
    }

    /// Keeps the spans that are complete and the one under way, which began after `begun` random tensors. Where no file
    /// can be written, the clip goes on without one.
    pub fn keep(
        &self,
        spans: &[Tensor],
        clip: &dyn Denoising,
        noise: &SeededNoise,
        begun: u64,
    ) -> Result<()> {
        let state = State {
            step: clip.at(),
            draws: noise.draws(),
            begun,
            ..self.state.clone()
        };
        let latents = Latents {
            spans: spans.to_vec(),
            finished: clip.finished()?,
            current: clip.latents().clone(),
        };
        match checkpoint::save(&self.path, &state, &latents) {
            Ok(()) => self.progress.send(Event::Checkpoint(self.path.clone())),
            Err(Error::Io { source, .. }) => self.warn(&source),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Says once what it means that no checkpoint can be written.
    fn warn(&self, why: &io::Error) {
        if self.warned.replace(true) {
            return;
        }
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        self.progress.note(format!(
            "{name} cannot be written ({why}): the clip goes on, but cannot be resumed from here if it is stopped"
        ));
    }

    /// The error, with the checkpoint if there is one to go on from.
    pub fn unfinished(&self, error: Error) -> Error {
        let kept = self.path.exists().then(|| self.path.clone());
        match (error, kept) {
            (Error::Cancelled { .. }, checkpoint) => Error::Cancelled { checkpoint },
            (error, Some(checkpoint)) => Error::Unfinished {
                checkpoint,
                source: Box::new(error),
            },
            (error, None) => error,
        }
    }

    pub fn discard(&self) {
        // The clip is complete: a checkpoint that cannot be removed does no harm.
        let _ = std::fs::remove_file(&self.path);
    }
}
