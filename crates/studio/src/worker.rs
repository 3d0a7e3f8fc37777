//! One worker: it owns the device, takes one job at a time, and runs the engine on a thread of its own.
//!
//! A job's files are made in `jobs/ID/`; a clip that is whole moves into the library at once, while the next is being
//! made. Whatever ends the worker, the next one finds there what was done: published clips are known by the job and
//! their number, finished files are published, and the rest goes on from the checkpoint.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use kinora_engine::{Cancel, Event, Plan, Progress, Stage, checkpoint, sidecar};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{oneshot, watch};

use crate::derive::{Meta, derive, small_jpeg};
use crate::files::{META, PREVIEW, SIDECAR, now};
use crate::queue::{Order, Outcome, Report, Task};
use crate::store::clips::NewClip;
use crate::{App, Error, Result, make};

/// How often the lease is renewed and the wish to cancel is seen.
const BEAT: Duration = Duration::from_secs(1);
/// How often progress is written, at most.
const REPORT: Duration = Duration::from_millis(250);
/// How long an idle worker sleeps, if nothing rings.
const NAP: Duration = Duration::from_millis(750);
/// The file that the engine makes in the job's folder.
const OUT: &str = "video.mp4";

/// Takes jobs until `stop` says so; the one under way is then kept in its checkpoint and waits again.
pub async fn run(app: App, name: String, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        match app.queue.take(&name).await {
            Ok(Some(task)) => serve(&app, task, &mut stop).await,
            Ok(None) => {
                tokio::select! {
                    _ = app.store.work.notified() => {}
                    _ = tokio::time::sleep(NAP) => {}
                    _ = stop.changed() => {}
                }
            }
            Err(error) => {
                tracing::error!(error = detail(&error), "the queue does not answer");
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        }
    }
}

async fn serve(app: &App, task: Task, stop: &mut watch::Receiver<bool>) {
    let (id, begun) = (task.job.id.clone(), Instant::now());
    tracing::info!(job = id, tool = task.job.tool, "begun");
    let outcome = match perform(app, &task, stop).await {
        Ok(outcome) => outcome,
        Err(error @ (Error::Invalid(_) | Error::NotFound(_) | Error::Unreadable(_))) => {
            Outcome::Failed {
                error: error.to_string(),
                again: false,
            }
        }
        Err(error) => {
            tracing::error!(job = id, error = detail(&error), "failed");
            Outcome::Failed {
                error: error.to_string(),
                again: true,
            }
        }
    };
    tracing::info!(
        job = id,
        ?outcome,
        seconds = begun.elapsed().as_secs_f64(),
        "ended"
    );
    metrics::counter!("kinora_jobs_ended_total", "outcome" => word(&outcome)).increment(1);
    if let Err(error) = app.queue.finish(&task, &outcome).await {
        // The lease runs out, and the job is taken up again.
        tracing::error!(
            job = id,
            error = detail(&error),
            "the end could not be written"
        );
        return;
    }
    let over = match app.store.any_job(&id).await {
        Ok(job) => matches!(job.status.as_str(), "completed" | "cancelled"),
        Err(_) => false,
    };
    if over {
        // Nothing in it is needed again; what cannot be removed does no harm.
        let _ = tokio::fs::remove_dir_all(app.store.files.job(&id)).await;
    }
}

/// What is known of a task while it runs.
struct Run<'a> {
    app: &'a App,
    task: &'a Task,
    plan: &'a Plan,
    folder: PathBuf,
}

async fn perform(app: &App, task: &Task, stop: &mut watch::Receiver<bool>) -> Result<Outcome> {
    let folder = app.store.files.job(&task.job.id);
    fs::create_dir_all(&folder)?;
    let known = app.known(&task.job.owner, &task.request).await?;
    let (request, catalog, out) = (task.request.clone(), app.catalog.clone(), folder.join(OUT));
    let mut plan =
        tokio::task::spawn_blocking(move || make::plan(&request, &known, &catalog, &out)).await??;
    let all = plan.clone();
    let run = Run {
        app,
        task,
        plan: &all,
        folder,
    };
    let mut missing = Vec::new();
    for variant in &all.variants {
        if !run.publish_finished(variant.index).await? {
            missing.push(variant.clone());
        }
    }
    if missing.is_empty() {
        return Ok(Outcome::Completed);
    }
    plan.variants = missing;
    run.engine(plan, stop).await
}

impl Run<'_> {
    /// Runs the engine over what is missing, and everything around it.
    async fn engine(&self, plan: Plan, stop: &mut watch::Receiver<bool>) -> Result<Outcome> {
        let (cancel, events) = (Cancel::new(), unbounded_channel());
        let (sender, mut events) = events;
        let (done, mut ended) = oneshot::channel();
        let progress = Progress::new(move |event| {
            // A worker that listens no more has its reasons; the engine goes on until it is told.
            let _ = sender.send(event);
        });
        let progress = match self.app.config.previews {
            true => progress.with_previews(),
            false => progress,
        };
        let thread = std::thread::Builder::new().name("engine".into());
        let token = cancel.clone();
        let engine = thread.spawn(move || {
            // A panic drops `done`, which is noticed.
            let _ = done.send(work(&plan, &progress, &token));
        })?;

        let mut tally = Tally::new(self.plan.variants.len());
        let mut beat = tokio::time::interval(BEAT);
        let (mut written, mut stopping, mut trouble) = (Instant::now(), None, None);
        let result = loop {
            tokio::select! {
                biased;
                result = &mut ended => break result,
                event = next(&mut events) => {
                    if let Event::Saved(path) = &event {
                        match self.saved(path).await {
                            Ok(true) => {}
                            Ok(false) => {
                                stopping = Some(Order::LeaseLost);
                                cancel.cancel();
                            }
                            // The file stays where it is: the next try publishes it.
                            Err(error) => {
                                trouble.get_or_insert(error);
                                cancel.cancel();
                            }
                        }
                    }
                    if let Event::Preview(frame) = &event
                        && let Err(error) = self.show(frame)
                    {
                        tracing::warn!(error = detail(&error), "a preview is not shown");
                    }
                    let urgent = tally.take(event);
                    if urgent || written.elapsed() >= REPORT {
                        // Progress that cannot be written is not worth the work.
                        if let Err(error) = self.app.queue.report(self.task, &tally.report).await {
                            tracing::warn!(error = detail(&error), "progress is not written");
                        }
                        written = Instant::now();
                    }
                }
                _ = beat.tick() => {
                    // A database that does not answer for a moment must not end the work.
                    let order = self.app.queue.renew(self.task).await.unwrap_or(Order::GoOn);
                    if order != Order::GoOn && stopping.is_none() {
                        stopping = Some(order);
                        cancel.cancel();
                    }
                }
                _ = stop.changed(), if !cancel.is_cancelled() => cancel.cancel(),
            }
        };
        let _ = engine.join();
        while let Ok(event) = events.try_recv() {
            if let Event::Saved(path) = &event
                && trouble.is_none()
            {
                self.saved(path).await?;
            }
        }
        if let Some(error) = trouble {
            return Err(error);
        }
        let result = result.map_err(|_| Error::internal("the engine's thread panicked"))?;
        Ok(match (result, stopping) {
            (Ok(()), _) => Outcome::Completed,
            (Err(kinora_engine::Error::Cancelled { .. }), Some(Order::Cancel)) => {
                Outcome::Cancelled
            }
            (Err(kinora_engine::Error::Cancelled { .. }), _) => Outcome::Released,
            (Err(error), _) => failed(error),
        })
    }

    /// Puts a preview in place: small, so it is written at once.
    fn show(&self, frame: &kinora_media::Frame) -> Result<()> {
        let beside = self.folder.join("preview.new");
        fs::write(&beside, small_jpeg(frame)?)?;
        Ok(fs::rename(beside, self.folder.join(PREVIEW))?)
    }

    /// Publishes a file that the engine has completed. `false` if the lease is lost.
    async fn saved(&self, path: &Path) -> Result<bool> {
        let variant = self
            .plan
            .variants
            .iter()
            .find(|variant| variant.path == path);
        match variant {
            Some(variant) => self.publish(variant.index).await,
            None => Err(Error::internal(format!(
                "the engine saved {}, which nobody asked for",
                path.display()
            ))),
        }
    }

    /// Publishes what an earlier worker left complete; `false` if the clip is still to be made.
    async fn publish_finished(&self, index: usize) -> Result<bool> {
        if self.app.store.is_made(&self.task.job.id, index).await? {
            return Ok(true);
        }
        let id = self.clip_id(index);
        let variant = &self.plan.variants[index - 1];
        let moved = self.app.store.files.clip(&id).join(META).exists();
        let complete = variant.path.exists()
            && sidecar::Sidecar::load(&sidecar::path_of(&variant.path)).is_ok();
        match moved || complete {
            true => self.publish(index).await,
            false => Ok(false),
        }
    }

    async fn publish(&self, index: usize) -> Result<bool> {
        let variant = self.plan.variants[index - 1].clone();
        let (id, folder, files) = (
            self.clip_id(index),
            self.folder.clone(),
            self.app.store.files.clone(),
        );
        let target = files.clip(&id);
        let made = tokio::task::spawn_blocking(move || {
            put_in_place(&variant.path, &folder.join("clip"), &target)
        });
        let (meta, record) = made.await??;
        let job = &self.task.job;
        let clip = NewClip {
            id,
            owner: job.owner.clone(),
            kind: "generation".into(),
            tool: job.tool.clone(),
            prompt: job.prompt.clone(),
            title: String::new(),
            job: Some(job.id.clone()),
            variant: index as u32,
            variants: job.variants,
            seed: Some(record.seed),
            model: Some(job.model.clone()),
            style: self.task.request.style.clone(),
            settings: Some(job.request.clone()),
            parents: make::parents(&self.task.request),
            folder: job.folder_id.clone(),
            created: None,
            meta,
        };
        if !self.app.queue.publish(self.task, &clip).await? {
            return Ok(false);
        }
        self.learn(&record.times).await?;
        Ok(true)
    }

    /// Remembers how fast this was, for estimates.
    async fn learn(&self, times: &BTreeMap<String, f64>) -> Result<()> {
        let (work, pixels) = make::weight(self.plan);
        let spent = |stages: &[Stage]| {
            stages
                .iter()
                .filter_map(|stage| times.get(stage.name()))
                .sum::<f64>()
        };
        let denoise = spent(&[Stage::Text, Stage::Conditions, Stage::Denoise]) / work.max(1.0);
        let finish = spent(&[Stage::Decode, Stage::Write]) / pixels.max(1e-3);
        self.app
            .queue
            .learn(&self.task.job.model, denoise, finish)
            .await
    }

    fn clip_id(&self, index: usize) -> String {
        format!("{}-{index}", self.task.job.id)
    }
}

/// The engine's part, on its own thread.
fn work(plan: &Plan, progress: &Progress, cancel: &Cancel) -> kinora_engine::Result<()> {
    let kept = checkpoint::path_of(&plan.out);
    let next = plan.variants.first().map(|variant| variant.index);
    let of = checkpoint::Checkpoint::load(&kept)
        .ok()
        .map(|kept| kept.state.variant);
    if of.is_some() && of != next {
        // Of a clip that was complete when its worker ended.
        let _ = fs::remove_file(&kept);
    } else if of.is_some() {
        match kinora_engine::resume(plan, &kept, progress, cancel) {
            // A checkpoint of another version or request: begin anew.
            Err(error) if error.is_input() => {
                tracing::warn!(%error, "the checkpoint is of no use");
                let _ = fs::remove_file(&kept);
            }
            result => return result.map(drop),
        }
    }
    kinora_engine::generate(plan, progress, cancel).map(drop)
}

/// Puts a clip's folder together beside its place and renames it there. What is in place already is only read.
fn put_in_place(video: &Path, scratch: &Path, target: &Path) -> Result<(Meta, sidecar::Sidecar)> {
    if !target.join(META).exists() {
        // What a dead worker left half done.
        let _ = fs::remove_dir_all(scratch);
        fs::create_dir_all(scratch)?;
        link(video, &scratch.join(OUT))?;
        link(&sidecar::path_of(video), &scratch.join(SIDECAR))?;
        derive(scratch, OUT)?;
        let _ = fs::remove_dir_all(target);
        fs::rename(scratch, target)?;
    }
    let meta = serde_json::from_slice(&fs::read(target.join(META))?)?;
    Ok((meta, sidecar::Sidecar::load(&target.join(SIDECAR))?))
}

/// The same bytes under a second name, so that the first may serve again should this fail.
fn link(from: &Path, to: &Path) -> Result<()> {
    if fs::hard_link(from, to).is_err() {
        fs::copy(from, to)?;
    }
    Ok(())
}

/// Waits for ever once the engine tells no more: its end is told elsewhere.
async fn next(events: &mut UnboundedReceiver<Event>) -> Event {
    match events.recv().await {
        Some(event) => event,
        None => std::future::pending().await,
    }
}

fn failed(error: kinora_engine::Error) -> Outcome {
    tracing::error!(%error, "the engine failed");
    let (again, said) = (!error.is_input(), error.to_string());
    let error = match Error::internal(error) {
        full @ Error::Full => full.to_string(),
        _ => said,
    };
    Outcome::Failed { again, error }
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Completed => "completed",
        Outcome::Cancelled => "cancelled",
        Outcome::Failed { .. } => "failed",
        Outcome::Released => "released",
    }
}

/// What an error hides from users.
fn detail(error: &Error) -> String {
    match error {
        Error::Internal(detail) => detail.to_string(),
        error => error.to_string(),
    }
}

/// Sums events up.
struct Tally {
    report: Report,
    begun: i64,
    variant: usize,
    variants: usize,
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
    fn new(variants: usize) -> Self {
        Self {
            report: Report::default(),
            begun: now(),
            variant: 1,
            variants,
        }
    }

    /// Whether the event should be seen at once.
    fn take(&mut self, event: Event) -> bool {
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
