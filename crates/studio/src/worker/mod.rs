//! One worker: it owns the device, takes one job at a time, and runs the engine on a thread of its own.
//!
//! A job's files are made in `jobs/ID/`; a clip that is whole moves into the library at once, while the next is being
//! made. Whatever ends the worker, the next one finds there what was done: published clips are known by the job and
//! their number, finished files are published, and the rest goes on from the checkpoint.

mod tally;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kinora_engine::{Cancel, Event, Plan, Progress, Stage, checkpoint, sidecar};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{oneshot, watch};
use tokio::time::MissedTickBehavior;

use crate::derive::{Meta, derive, small_jpeg};
use crate::files::{META, OUT, PREVIEW, SIDECAR};
use crate::queue::{Order, Outcome, Task};
use crate::store::clips::NewClip;
use crate::{App, Error, Result, make};
use tally::Tally;

/// How often the lease is renewed and the wish to cancel is seen.
const BEAT: Duration = Duration::from_secs(1);
/// How long an idle worker sleeps, if nothing rings.
const NAP: Duration = Duration::from_millis(750);

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
    // The lease is kept until this goes.
    let mut orders = keep_lease(app, &task);
    let outcome = match perform(app, &task, &mut orders, stop).await {
        Ok(()) => Outcome::Completed,
        Err(halt) => halt.outcome(&id),
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
    app.store.clear_job(&id).await;
}

/// Renews the lease of a task each second, whatever its worker is busy with, and hands on what the queue orders; for
/// as long as somebody holds the other end.
fn keep_lease(app: &App, task: &Task) -> watch::Receiver<Order> {
    let (orders, heard) = watch::channel(Order::GoOn);
    let (queue, task) = (app.queue.clone(), task.clone());
    tokio::spawn(async move {
        let mut beat = tokio::time::interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = orders.closed() => return,
                _ = beat.tick() => {}
            }
            match queue.renew(&task).await {
                // A database that does not answer for a moment must not end the work.
                Ok(Order::GoOn) | Err(_) => {}
                Ok(order) => drop(orders.send_replace(order)),
            }
        }
    });
    heard
}

/// Why a run ends before all of its clips are in the library.
enum Halt {
    /// The owner wants it stopped.
    Cancelled,
    /// Another worker has it now, or nobody wants its clips any more.
    LeaseLost,
    /// This worker shuts down.
    Stopping,
    Engine(kinora_engine::Error),
    Trouble(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Trouble(error)
    }
}

impl Halt {
    fn outcome(self, job: &str) -> Outcome {
        match self {
            Self::Cancelled => Outcome::Cancelled,
            Self::LeaseLost | Self::Stopping => Outcome::Released,
            Self::Engine(error) => {
                tracing::error!(job, %error, "the engine failed");
                let (again, said) = (!error.is_input(), error.to_string());
                let error = match Error::internal(error) {
                    full @ Error::Full => full.to_string(),
                    _ => said,
                };
                Outcome::Failed { error, again }
            }
            Self::Trouble(error) => {
                tracing::error!(job, error = detail(&error), "failed");
                Outcome::Failed {
                    again: !matches!(
                        error,
                        Error::Invalid(_) | Error::NotFound(_) | Error::Unreadable(_)
                    ),
                    error: error.to_string(),
                }
            }
        }
    }
}

/// Waits until a run is to end early.
async fn told(orders: &mut watch::Receiver<Order>, stop: &mut watch::Receiver<bool>) -> Halt {
    tokio::select! {
        order = orders.wait_for(|order| *order != Order::GoOn) => match order.as_deref() {
            Ok(Order::Cancel) => Halt::Cancelled,
            _ => Halt::LeaseLost,
        },
        _ = stop.wait_for(|stop| *stop) => Halt::Stopping,
    }
}

/// What is known of a task while it runs.
struct Run<'a> {
    app: &'a App,
    task: &'a Task,
    plan: &'a Plan,
    folder: PathBuf,
}

async fn perform(
    app: &App,
    task: &Task,
    orders: &mut watch::Receiver<Order>,
    stop: &mut watch::Receiver<bool>,
) -> Result<(), Halt> {
    let folder = app.store.files.job(&task.job.id);
    let plan = &plan(app, task, &folder).await?;
    let run = Run {
        app,
        task,
        plan,
        folder,
    };
    let mut missing = Vec::new();
    for variant in &plan.variants {
        if !run.publish_finished(variant.index).await? {
            missing.push(variant.clone());
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let rest = Plan {
        variants: missing,
        ..plan.clone()
    };
    run.engine(rest, orders, stop).await
}

async fn plan(app: &App, task: &Task, folder: &Path) -> Result<Plan> {
    fs::create_dir_all(folder)?;
    let known = app.known(&task.job.owner, &task.request).await?;
    let (request, catalog, out) = (task.request.clone(), app.catalog.clone(), folder.join(OUT));
    tokio::task::spawn_blocking(move || make::plan(&request, &known, &catalog, &out)).await?
}

impl Run<'_> {
    /// Runs the engine over what is missing, and publishes what it completes.
    async fn engine(
        &self,
        plan: Plan,
        orders: &mut watch::Receiver<Order>,
        stop: &mut watch::Receiver<bool>,
    ) -> Result<(), Halt> {
        let mut engine = Engine::begin(plan, self.app.config.previews, &self.task.job.id)?;
        let mut tally = Tally::new(self.plan.variants.len());
        let mut halt = None;
        let result = loop {
            tokio::select! {
                biased;
                result = &mut engine.result => break result,
                why = told(orders, stop), if halt.is_none() => halt = Some(why),
                event = next(&mut engine.events) => {
                    halt = self.hear(event, &mut tally).await.err().or(halt);
                }
            }
            if halt.is_some() {
                engine.cancel.cancel();
            }
        };
        let _ = engine.thread.join();
        while let Ok(event) = engine.events.try_recv() {
            halt = self.hear(event, &mut tally).await.err().or(halt);
        }
        let result = result.map_err(|_| Error::internal("the engine's thread panicked"))?;
        match (result, halt) {
            // The files stay where they are: the next try publishes them.
            (_, Some(why @ (Halt::LeaseLost | Halt::Trouble(_)))) => Err(why),
            (Ok(()), _) => Ok(()),
            (Err(kinora_engine::Error::Cancelled { .. }), Some(why)) => Err(why),
            (Err(error), _) => Err(Halt::Engine(error)),
        }
    }

    /// Takes in what the engine tells.
    async fn hear(&self, event: Event, tally: &mut Tally) -> Result<(), Halt> {
        match &event {
            Event::Saved(path) => self.saved(path).await?,
            Event::Preview(frame) => {
                if let Err(error) = self.show(frame) {
                    tracing::warn!(error = detail(&error), "a preview is not shown");
                }
            }
            _ => {}
        }
        // Progress that cannot be written is not worth the work.
        if tally.take(event)
            && let Err(error) = self.app.queue.report(self.task, &tally.report).await
        {
            tracing::warn!(error = detail(&error), "progress is not written");
        }
        Ok(())
    }

    /// Puts a preview in place: small, so it is written at once.
    fn show(&self, frame: &kinora_media::Frame) -> Result<()> {
        let beside = self.folder.join("preview.new");
        fs::write(&beside, small_jpeg(frame)?)?;
        Ok(fs::rename(beside, self.folder.join(PREVIEW))?)
    }

    /// Publishes a file that the engine has completed.
    async fn saved(&self, path: &Path) -> Result<(), Halt> {
        let mut variants = self.plan.variants.iter();
        let variant = variants.find(|variant| variant.path == path);
        let unasked = || {
            let path = path.display();
            Error::internal(format!("the engine saved {path}, which nobody asked for"))
        };
        self.publish(variant.ok_or_else(unasked)?.index).await
    }

    /// Publishes what an earlier worker left complete; `false` if the clip is still to be made.
    async fn publish_finished(&self, index: usize) -> Result<bool, Halt> {
        if self.app.store.is_made(&self.task.job.id, index).await? {
            return Ok(true);
        }
        let id = self.clip_id(index);
        let variant = &self.plan.variants[index - 1];
        let moved = self.app.store.files.clip(&id).join(META).exists();
        let complete = variant.path.exists()
            && sidecar::Sidecar::load(&sidecar::path_of(&variant.path)).is_ok();
        if moved || complete {
            self.publish(index).await?;
        }
        Ok(moved || complete)
    }

    /// Puts a clip that is complete into the library.
    async fn publish(&self, index: usize) -> Result<(), Halt> {
        let id = self.clip_id(index);
        let video = self.plan.variants[index - 1].path.clone();
        let (scratch, target) = (self.scratch(), self.app.store.files.clip(&id));
        let from = video.clone();
        let made =
            tokio::task::spawn_blocking(move || put_in_place(&from, &scratch, &target)).await;
        let (meta, record) = made.map_err(Error::from)??;
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
            return Err(Halt::LeaseLost);
        }
        // A job that is stopped keeps its folder, and a clip that is deleted shall take no room in it.
        for published in [sidecar::path_of(&video), video] {
            let _ = fs::remove_file(published);
        }
        Ok(self.learn(&record.times).await?)
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

    /// Where clips are put together. A worker that lost its lease unawares may be at it too, in a folder of its own.
    fn scratch(&self) -> PathBuf {
        self.folder.join(format!("clip-{}", self.task.lease))
    }
}

/// The engine at work, on a thread of its own.
struct Engine {
    cancel: Cancel,
    events: UnboundedReceiver<Event>,
    result: oneshot::Receiver<kinora_engine::Result<()>>,
    thread: JoinHandle<()>,
}

impl Engine {
    fn begin(plan: Plan, previews: bool, job: &str) -> Result<Self> {
        let (sender, events) = unbounded_channel();
        let (done, result) = oneshot::channel();
        let job = job.to_owned();
        let mut progress = Progress::new(move |event| {
            log(&job, &event);
            // A worker that listens no more has its reasons; the engine goes on until it is told.
            let _ = sender.send(event);
        });
        if previews {
            progress = progress.with_previews();
        }
        let (cancel, thread) = (Cancel::new(), std::thread::Builder::new());
        let token = cancel.clone();
        let thread = thread.name("engine".into()).spawn(move || {
            // A panic drops `done`, which is noticed.
            let _ = done.send(work(&plan, &progress, &token));
        })?;
        Ok(Self {
            cancel,
            events,
            result,
            thread,
        })
    }
}

/// Says what is being computed, for whoever wants to know what a lost worker had done.
fn log(job: &str, event: &Event) {
    match event {
        Event::Begin { stage, variant, .. } => {
            tracing::debug!(job, stage = stage.name(), variant = variant.0, "stage");
        }
        Event::Step { stage, step, .. } => {
            tracing::debug!(job, stage = stage.name(), step, "step");
        }
        _ => {}
    }
}

/// The engine's part, on its own thread.
fn work(plan: &Plan, progress: &Progress, cancel: &Cancel) -> kinora_engine::Result<()> {
    let kept = checkpoint::path_of(&plan.out);
    let next = plan.variants.first().map(|variant| variant.index);
    let of = checkpoint::Checkpoint::load(&kept)
        .ok()
        .map(|kept| kept.state.variant);
    if of.is_some() && of == next {
        match kinora_engine::resume(plan, &kept, progress, cancel) {
            // A checkpoint of another version or request: begin anew.
            Err(error) if error.is_input() => {
                tracing::warn!(%error, "the checkpoint is of no use");
            }
            result => return result.map(drop),
        }
    }
    // Of no use, or of a clip that was complete when its worker ended.
    let _ = fs::remove_file(&kept);
    kinora_engine::generate(plan, progress, cancel).map(drop)
}

/// Puts a clip's folder together in `scratch` and renames it to `target`. What is in place already is only read.
fn put_in_place(video: &Path, scratch: &Path, target: &Path) -> Result<(Meta, sidecar::Sidecar)> {
    let whole = || target.join(META).exists();
    if !whole() {
        // What an earlier clip left half done.
        let _ = fs::remove_dir_all(scratch);
        fs::create_dir_all(scratch)?;
        link(video, &scratch.join(OUT))?;
        link(&sidecar::path_of(video), &scratch.join(SIDECAR))?;
        derive(scratch, OUT)?;
        match fs::rename(scratch, target) {
            Ok(()) => {}
            // A worker that lost its lease unawares was quicker: its clip is the same.
            Err(_) if whole() => fs::remove_dir_all(scratch)?,
            // Of a clip that was being removed.
            Err(_) => {
                let _ = fs::remove_dir_all(target);
                fs::rename(scratch, target)?;
            }
        }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kinora_engine::Model;
    use serde_json::json;

    use super::*;
    use crate::{Catalog, Config, Models};

    struct Mini;

    impl Models for Mini {
        fn names(&self) -> Vec<String> {
            vec!["mini".into()]
        }

        fn open(&self, _: &str) -> Result<Model, String> {
            Model::embedded("mini", kinora_models::MINI).map_err(|error| error.to_string())
        }
    }

    /// A worker that lost its lease unawares publishes beside the one that has it now.
    #[test]
    fn two_may_put_one_clip_in_place() {
        let dir = tempfile::tempdir().unwrap();
        let (video, target) = (dir.path().join(OUT), dir.path().join("target"));
        let catalog = Catalog::new(Arc::new(Mini), &Config::default()).unwrap();
        let asked = json!({"prompt": "a frog", "seconds": 1, "size": "96x64", "fps": 8, "steps": 1, "seed": 7});
        let asked = serde_json::from_value(asked).unwrap();
        let plan = make::plan(&asked, &make::Known::default(), &catalog, &video).unwrap();
        kinora_engine::generate(&plan, &Progress::none(), &Cancel::new()).unwrap();
        for _ in 0..10 {
            let _ = fs::remove_dir_all(&target);
            let put = |lease: &str| put_in_place(&video, &dir.path().join(lease), &target);
            let (one, other) = std::thread::scope(|scope| {
                let one = scope.spawn(|| put("clip-a"));
                let other = scope.spawn(|| put("clip-b"));
                (one.join().unwrap(), other.join().unwrap())
            });
            assert_eq!(one.unwrap(), other.unwrap());
            for left in ["clip-a", "clip-b"] {
                assert!(!dir.path().join(left).exists(), "{left}");
            }
        }
    }
}
