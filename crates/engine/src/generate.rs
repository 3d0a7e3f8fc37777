//! The story: text → conditions → noise → denoise → decode → file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use candle_core::Tensor;
use kinora_media::Written;

use crate::checkpoint::{self, Checkpoint};
use crate::family::Networks;
use crate::footage::NativeFrames;
use crate::keeper::Keeper;
use crate::noise::SeededNoise;
use crate::plan::{Plan, Variant};
use crate::preview::Previews;
use crate::progress::{Cancel, Progress, Stage};
use crate::sidecar::{self, Sidecar};
use crate::{Error, Event, Result, finish, origin};

/// A checkpoint is written after every step, so that no more than one is computed again; where that would take more than
/// one part in this many of the time, now and then, and in any case after each fifth of the steps. Where none can be
/// written, the clip goes on without.
const KEEPING: u32 = 20;

/// A finished clip.
#[derive(Debug, Clone)]
pub struct Made {
    pub written: Written,
    pub sidecar: PathBuf,
    pub record: Sidecar,
}

/// Makes the clips of a plan, one after the other. Refused where a checkpoint lies in the way, which would be lost.
pub fn generate(plan: &Plan, progress: &Progress, cancel: &Cancel) -> Result<Vec<Made>> {
    let kept = checkpoint::path_of(&plan.out);
    if kept.exists() {
        return Err(Error::request(
            format!("{} holds a clip that is not finished", kept.display()),
            "go on with it (kinora generate --resume FILE), remove it, or give another name with -o",
        ));
    }
    Job::new(plan, progress, cancel)?.run(None)
}

/// Goes on where a checkpoint was written; `plan` must come from its request. Gives the clips from that one on.
pub fn resume(
    plan: &Plan,
    checkpoint: &Path,
    progress: &Progress,
    cancel: &Cancel,
) -> Result<Vec<Made>> {
    let saved = Checkpoint::load(checkpoint)?;
    let job = Job::new(plan, progress, cancel)?;
    saved.check(checkpoint, &job.fingerprint)?;
    job.run(Some(saved))
}

/// What the stages share.
struct Job<'a> {
    plan: &'a Plan,
    progress: &'a Progress,
    cancel: &'a Cancel,
    fingerprint: String,
}

type Times = BTreeMap<String, f64>;

/// Gives unused memory back when a job ends, however it ends.
struct Trim;

impl Drop for Trim {
    fn drop(&mut self) {
        kinora_models::memory::trim();
    }
}

impl<'a> Job<'a> {
    fn new(plan: &'a Plan, progress: &'a Progress, cancel: &'a Cancel) -> Result<Self> {
        plan.notes.iter().for_each(|note| progress.note(note));
        let fingerprint = plan.model.fingerprint()?;
        Ok(Self {
            plan,
            progress,
            cancel,
            fingerprint,
        })
    }

    fn run(&self, mut saved: Option<Checkpoint>) -> Result<Vec<Made>> {
        let from = saved.as_ref().map_or(1, |saved| saved.state.variant);
        // A server shall not hold the last clip's activations; dropped after the networks.
        let _trim = Trim;
        let mut networks = self.plan.model.family.open(self.plan)?;
        let mut times = Times::new();
        if self.plan.drawn_spans().next().is_some() {
            self.encode_text(networks.as_mut(), &mut times)?;
            self.encode_footage(networks.as_mut(), &mut times)?;
        }
        let variants = self
            .plan
            .variants
            .iter()
            .filter(|variant| variant.index >= from);
        variants
            .map(|variant| self.make(networks.as_mut(), variant, times.clone(), saved.take()))
            .collect()
    }

    /// One clip: noise → denoise → decode → file.
    fn make(
        &self,
        networks: &mut dyn Networks,
        variant: &Variant,
        mut times: Times,
        saved: Option<Checkpoint>,
    ) -> Result<Made> {
        let mut noise = SeededNoise::new(variant.seed);
        let keeper = Keeper::new(self.plan, &self.fingerprint, variant, self.progress);
        let spans = self
            .denoise(networks, &mut noise, &keeper, &mut times, saved)
            .map_err(|error| keeper.unfinished(error))?;
        let written = self
            .decode(networks, &spans, &mut noise, variant, &mut times)
            .map_err(|error| keeper.unfinished(error))?;

        let record = Sidecar::new(self.plan, variant, &self.fingerprint, times);
        let sidecar = sidecar::path_of(&variant.path);
        record
            .save(&sidecar)
            .map_err(|error| keeper.unfinished(error))?;
        keeper.discard();
        self.progress.send(Event::Saved(written.path.clone()));
        Ok(Made {
            written,
            sidecar,
            record,
        })
    }

    fn encode_text(&self, networks: &mut dyn Networks, times: &mut Times) -> Result<()> {
        self.cancel.check()?;
        let stage = self
            .progress
            .begin(Stage::Text, 0, (1, self.plan.variants.len()));
        networks.encode_text()?;
        times.insert(Stage::Text.name().into(), stage.end());
        Ok(())
    }

    fn encode_footage(&self, networks: &mut dyn Networks, times: &mut Times) -> Result<()> {
        let footage = self.plan.footage();
        if footage.is_empty() {
            return Ok(());
        }
        let of = (1, self.plan.variants.len());
        let mut stage = self
            .progress
            .begin(Stage::Conditions, footage.len() as u64, of);
        for (done, footage) in (1..).zip(&footage) {
            let mut frames = NativeFrames::open(self.plan, footage, self.cancel)?;
            networks.encode_footage(footage, &mut frames)?;
            stage.step(done);
        }
        times.insert(Stage::Conditions.name().into(), stage.end());
        Ok(())
    }

    /// The latents of each drawn span.
    fn denoise(
        &self,
        networks: &mut dyn Networks,
        noise: &mut SeededNoise,
        keeper: &Keeper,
        times: &mut Times,
        saved: Option<Checkpoint>,
    ) -> Result<Vec<Tensor>> {
        let variant = (keeper.variant.index, keeper.variant.of);
        let drawn: Vec<usize> = self.plan.drawn_spans().collect();
        let steps_of = |spans: usize| -> u64 {
            let spans = drawn.iter().take(spans);
            spans.map(|&span| self.plan.steps_of(span) as u64).sum()
        };
        let mut stage = self
            .progress
            .begin(Stage::Denoise, steps_of(usize::MAX), variant);
        let (mut spans, mut saved) = match saved {
            None => (Vec::new(), None),
            Some(saved) => (saved.kept.spans.clone(), Some(saved)),
        };
        let mut previews = Previews::new(self.plan, self.progress);
        for &span in &drawn[spans.len().min(drawn.len())..] {
            let done = steps_of(spans.len());
            let begun = saved
                .as_ref()
                .map_or(noise.draws(), |saved| saved.state.begun);
            noise.seek(begun);
            let mut clip = networks.begin(span, noise)?;
            if let Some(Checkpoint { state, kept }) = saved.take() {
                clip.restore(state.step, kept.current, kept.finished, noise)?;
                noise.seek(state.draws);
            }
            let interval = clip.steps().div_ceil(5).max(1);
            let (mut kept, mut took) = (Instant::now(), Duration::ZERO);
            while clip.at() < clip.steps() {
                if let Err(stopped) = self.cancel.check() {
                    keeper.keep(&spans, clip.as_ref(), noise, begun)?;
                    return Err(stopped);
                }
                clip.step(noise)?;
                let due = clip.at() % interval == 0 || kept.elapsed() >= took * KEEPING;
                if due || clip.at() == clip.steps() {
                    let before = Instant::now();
                    keeper.keep(&spans, clip.as_ref(), noise, begun)?;
                    (kept, took) = (Instant::now(), before.elapsed());
                }
                previews.look(clip.as_ref());
                stage.step(done + clip.at() as u64);
            }
            spans.push(clip.result()?);
        }
        times.insert(Stage::Denoise.name().into(), stage.end());
        Ok(spans)
    }

    fn decode(
        &self,
        networks: &mut dyn Networks,
        spans: &[Tensor],
        noise: &mut SeededNoise,
        variant: &Variant,
        times: &mut Times,
    ) -> Result<Written> {
        let of = (variant.index, variant.of);
        let frames = self.plan.drawn.frames as u64;
        let mut stage = Some(self.progress.begin(Stage::Decode, frames, of));
        let mut writing = None;
        let mut done = 0;
        let said = origin::of(self.plan, variant, &self.fingerprint);
        if let Some((clip, ranges)) = self.plan.only_cuts()
            && let Some(cut) = kinora_media::trim_copy(clip, &variant.path, &ranges, Some(&said))?
        {
            return Ok(cut); // its pictures stay coded as they are
        }
        let to = (variant.path.as_path(), said);
        let written = finish::write_while(self.plan, to, self.cancel, |sink| {
            for latents in spans {
                networks.decode(latents, noise, &mut |frames| {
                    self.cancel.check()?;
                    done += frames.len() as u64;
                    sink.frames(frames)?;
                    stage.iter_mut().for_each(|stage| stage.step(done));
                    Ok(())
                })?;
                sink.end_of_span()?;
            }
            times.extend(
                stage
                    .take()
                    .map(|stage| (Stage::Decode.name().to_owned(), stage.end())),
            );
            writing = Some(self.progress.begin(Stage::Write, 0, of));
            Ok(())
        })?;
        times.extend(writing.map(|stage| (Stage::Write.name().to_owned(), stage.end())));
        Ok(written)
    }
}
