//! The queue as workers see it. The rows of the `jobs` table are the truth; whoever holds a job's lease may write to it.
//!
//! A lease runs out unless it is renewed, so that the work of a dead worker is taken up by another, from the files and
//! the checkpoint that the dead one left. A worker that lost its lease finds out at its next write and stops.

pub mod order;
mod sqlite;

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::Result;
use crate::store::clips::NewClip;
use crate::wire::{Job, JobRequest};

pub use sqlite::SqliteQueue;

/// A job that was taken, and the token that allows to write to it.
#[derive(Debug, Clone)]
pub struct Task {
    pub job: Job,
    pub request: JobRequest,
    pub lease: String,
}

/// How far a task is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    pub stage: Option<&'static str>,
    pub step: u64,
    pub steps: u64,
    /// 0–100, over all variants.
    pub progress: f64,
    pub eta_ms: Option<i64>,
    pub note: Option<String>,
    /// How many previews there were.
    pub previews: u32,
}

/// What a worker has to do at a renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    GoOn,
    /// The owner wants it stopped.
    Cancel,
    /// Another worker has it now.
    LeaseLost,
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Completed,
    Cancelled,
    /// Worth another try after a while, if `again`.
    Failed {
        error: String,
        again: bool,
    },
    /// Not ended: the worker shuts down. The job waits again, with its checkpoint.
    Released,
}

/// A waiting job's place.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    pub job: String,
    pub owner: String,
    /// Its place in the line, paused jobs counted.
    pub place: u32,
    /// How many are served before it; none while it is paused.
    pub position: Option<u32>,
    /// Until it is done, where all speeds are known.
    pub eta_seconds: Option<f64>,
}

/// What stands between the workers and whatever keeps the jobs.
pub trait Queue: Send + Sync {
    /// The next job in fair order, if one is ready. `worker` is for people to read.
    fn take<'a>(&'a self, worker: &'a str) -> BoxFuture<'a, Result<Option<Task>>>;

    /// Keeps the lease, and asks whether to go on.
    fn renew<'a>(&'a self, task: &'a Task) -> BoxFuture<'a, Result<Order>>;

    /// Writes how far the task is; without the lease, nothing.
    fn report<'a>(&'a self, task: &'a Task, report: &'a Report) -> BoxFuture<'a, Result<()>>;

    /// Puts a finished clip into the library, once. `false` if the lease is lost.
    fn publish<'a>(&'a self, task: &'a Task, clip: &'a NewClip) -> BoxFuture<'a, Result<bool>>;

    /// Ends the task, and settles what it costs.
    fn finish<'a>(&'a self, task: &'a Task, outcome: &'a Outcome) -> BoxFuture<'a, Result<()>>;

    /// Remembers seconds for a unit of work and of pixels.
    fn learn<'a>(&'a self, model: &'a str, denoise: f64, finish: f64) -> BoxFuture<'a, Result<()>>;

    /// Where the waiting jobs stand.
    fn places(&self) -> BoxFuture<'_, Result<Arc<[Place]>>>;

    /// Seconds that work of this size will take, if the model's speed was measured.
    fn seconds<'a>(
        &'a self,
        model: &'a str,
        work: f64,
        pixels: f64,
    ) -> BoxFuture<'a, Result<Option<f64>>>;
}
