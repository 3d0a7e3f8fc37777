//! The queue over the store's own database.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::SqliteConnection;

use super::order::{History, Waiting, order};
use super::{Order, Outcome, Place, Queue, Report, Task};
use crate::config::Config;
use crate::files::now;
use crate::store::clips::{self, NewClip};
use crate::store::{Store, jobs, usage};
use crate::wire::Class;
use crate::{Error, Result};

/// How long a silent worker keeps its job.
const LEASE: Duration = Duration::from_secs(20);
/// Leases lost in a row without a step of progress, after which a job is given up: it ends its workers.
const MAX_CRASHES: i64 = 8;
/// Failures after which a job is given up, and the wait before each new try, times the failures.
const MAX_FAILURES: i64 = 3;
const BACKOFF_MS: i64 = 5_000;
const LONGEST_BACKOFF_MS: i64 = BACKOFF_MS * MAX_FAILURES;
/// How much a new measurement weighs.
const FRESH: f64 = 0.4;

/// [`Queue`] over the `jobs` table.
pub struct SqliteQueue {
    store: Store,
    config: Arc<Config>,
    lease_ms: i64,
    /// The places, and the last change that they take into account: hundreds may ask between two.
    placed: Mutex<Option<(i64, Arc<[Place]>)>>,
}

impl SqliteQueue {
    pub fn new(store: Store, config: Arc<Config>) -> Self {
        Self {
            store,
            config,
            lease_ms: LEASE.as_millis() as i64,
            placed: Mutex::default(),
        }
    }

    /// With leases of another length.
    pub fn lease(self, lease: Duration) -> Self {
        Self {
            lease_ms: lease.as_millis() as i64,
            ..self
        }
    }

    /// Gives back what workers of this process's forerunner held. Call it once, before any worker, while no other
    /// server has the data folder.
    pub async fn recover(&self) -> Result<()> {
        let mut t = self.store.begin().await?;
        sqlx::query(
            "UPDATE jobs SET lease_until = 0 WHERE status = 'running' AND worker LIKE 'serve%'",
        )
        .execute(&mut *t)
        .await?;
        reap(&mut t).await?;
        self.store.commit(t).await
    }

    async fn take_next(&self, worker: &str) -> Result<Option<Task>> {
        // Most calls find nothing; they must not stand in the writers' way.
        let some: Option<i64> = sqlx::query_scalar(
            "SELECT 1 FROM jobs WHERE (status = 'queued' AND NOT paused AND (not_before <= ?1 OR not_before > ?2)) \
             OR (status = 'running' AND (lease_until < ?1 OR lease_until > ?3)) LIMIT 1",
        )
        .bind(now())
        .bind(now() + LONGEST_BACKOFF_MS)
        .bind(now() + self.longest_lease())
        .fetch_optional(&self.store.read)
        .await?;
        if some.is_none() {
            return Ok(None);
        }
        let mut t = self.store.begin().await?;
        self.set_right(&mut t).await?;
        reap(&mut t).await?;
        let mut ready = waiting(&mut t, now()).await?;
        let busy = self.busy(&mut t).await?;
        ready.retain(|job| !job.paused && !busy.contains(&job.owner));
        let history = history(&mut t).await?;
        let next = order(&ready, &history, self.config.relaxed_every, 1);
        let Some(next) = next.first().map(|&i| &ready[i]) else {
            self.store.commit(t).await?;
            return Ok(None);
        };
        let lease = crate::files::fresh_id();
        sqlx::query(
            "UPDATE jobs SET status = 'running', lease = ?2, worker = ?3, lease_until = ?4, started = coalesce(started, ?5) WHERE id = ?1",
        )
        .bind(&next.job)
        .bind(&lease)
        .bind(worker)
        .bind(now() + self.lease_ms)
        .bind(now())
        .execute(&mut *t)
        .await?;
        let turn = history.turns + 1;
        for owner in [next.owner.as_str(), ""] {
            sqlx::query("INSERT INTO served (owner, turn) VALUES (?1, ?2) ON CONFLICT (owner) DO UPDATE SET turn = ?2")
                .bind(owner)
                .bind(turn)
                .execute(&mut *t)
                .await?;
        }
        let job = jobs::read(&mut t, &next.job).await?;
        self.store.commit(t).await?;
        let request = serde_json::from_value(job.request.clone())?;
        Ok(Some(Task {
            job,
            request,
            lease,
        }))
    }

    /// No wait is longer than the longest: a clock that was set back would have made it so.
    async fn set_right(&self, t: &mut SqliteConnection) -> Result<()> {
        sqlx::query(
            "UPDATE jobs SET not_before = ?1 WHERE status = 'queued' AND not_before > ?1 + ?2",
        )
        .bind(now())
        .bind(LONGEST_BACKOFF_MS)
        .execute(&mut *t)
        .await?;
        // Whoever lives renews it within a second.
        sqlx::query("UPDATE jobs SET lease_until = ?1 + ?2 WHERE status = 'running' AND lease_until > ?1 + ?3")
            .bind(now())
            .bind(self.lease_ms)
            .bind(self.longest_lease())
            .execute(t)
            .await?;
        Ok(())
    }

    /// Of this queue's leases, and those of other processes.
    fn longest_lease(&self) -> i64 {
        self.lease_ms.max(LEASE.as_millis() as i64)
    }

    /// Users who have as many jobs running as their plans allow.
    async fn busy(&self, t: &mut SqliteConnection) -> Result<Vec<String>> {
        if self.config.plans.is_empty() {
            return Ok(Vec::new());
        }
        let running: Vec<(String, Option<String>, u32)> = sqlx::query_as(
            "SELECT users.id, users.plan, count(*) FROM jobs JOIN users ON users.id = jobs.owner \
             WHERE status = 'running' GROUP BY users.id",
        )
        .fetch_all(t)
        .await?;
        let full = |(_, plan, count): &(String, Option<String>, u32)| {
            let plan = self.config.plan_of(plan.as_deref());
            plan.and_then(|(_, plan)| plan.concurrency)
                .is_some_and(|most| *count >= most)
        };
        Ok(running
            .into_iter()
            .filter(full)
            .map(|(owner, ..)| owner)
            .collect())
    }

    async fn renew_lease(&self, task: &Task) -> Result<Order> {
        let mut t = self.store.begin().await?;
        let cancel: Option<bool> = sqlx::query_scalar(
            "UPDATE jobs SET lease_until = ?3 WHERE id = ?1 AND lease = ?2 RETURNING cancel",
        )
        .bind(&task.job.id)
        .bind(&task.lease)
        .bind(now() + self.lease_ms)
        .fetch_optional(&mut *t)
        .await?;
        t.commit().await?;
        Ok(match cancel {
            None => Order::LeaseLost,
            Some(true) => Order::Cancel,
            Some(false) => Order::GoOn,
        })
    }

    async fn write_report(&self, task: &Task, report: &Report) -> Result<()> {
        let mut t = self.store.begin().await?;
        // Progress beyond what was seen before shows that the job does not merely end its workers.
        sqlx::query(
            "UPDATE jobs SET crashes = CASE WHEN ?6 > progress THEN 0 ELSE crashes END, stage = ?3, step = ?4, steps = ?5, \
             progress = ?6, eta = ?7, note = coalesce(?8, note), preview = ?9 WHERE id = ?1 AND lease = ?2",
        )
        .bind(&task.job.id)
        .bind(&task.lease)
        .bind(report.stage)
        .bind(report.step as i64)
        .bind(report.steps as i64)
        .bind(report.progress)
        .bind(report.eta_ms)
        .bind(&report.note)
        .bind(report.previews)
        .execute(&mut *t)
        .await?;
        self.store.commit(t).await
    }

    async fn publish_clip(&self, task: &Task, clip: &NewClip) -> Result<bool> {
        let mut t = self.store.begin().await?;
        if !holds(&mut t, task).await? || is_unwanted(&mut t, &task.job.id).await? {
            return Ok(false);
        }
        let first = sqlx::query("INSERT OR IGNORE INTO made (job, variant) VALUES (?, ?)")
            .bind(&task.job.id)
            .bind(clip.variant)
            .execute(&mut *t)
            .await?;
        // What was delivered and deleted since does not come back.
        if first.rows_affected() > 0 {
            clips::insert(&mut t, clip).await?;
        }
        self.store.commit(t).await?;
        Ok(true)
    }

    async fn end(&self, task: &Task, outcome: &Outcome) -> Result<()> {
        let mut t = self.store.begin().await?;
        if !holds(&mut t, task).await? {
            return Ok(());
        }
        let id = &task.job.id;
        match outcome {
            Outcome::Completed => close(&mut t, id, "completed", None).await?,
            Outcome::Cancelled => close(&mut t, id, "cancelled", None).await?,
            Outcome::Released => {
                match is_cancelled(&mut t, id).await? || is_unwanted(&mut t, id).await? {
                    true => close(&mut t, id, "cancelled", None).await?,
                    false => wait(&mut t, id, now()).await?,
                }
            }
            Outcome::Failed { error, again } => {
                let failures: i64 = sqlx::query_scalar("UPDATE jobs SET failures = failures + 1, error = ? WHERE id = ? RETURNING failures")
                    .bind(error)
                    .bind(id)
                    .fetch_one(&mut *t)
                    .await?;
                match *again && failures < MAX_FAILURES {
                    true => wait(&mut t, id, now() + BACKOFF_MS * failures).await?,
                    false => close(&mut t, id, "failed", Some(error)).await?,
                }
            }
        }
        self.store.commit(t).await?;
        self.store.work.notify_waiters();
        Ok(())
    }

    async fn known_places(&self) -> Result<Arc<[Place]>> {
        let last = sqlx::query_scalar("SELECT coalesce(max(rev), 0) FROM changes");
        let last: i64 = last.fetch_one(&self.store.read).await?;
        let kept = || self.placed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, places)) = kept().as_ref().filter(|(rev, _)| *rev == last) {
            return Ok(places.clone());
        }
        let places: Arc<[Place]> = self.all_places().await?.into();
        *kept() = Some((last, places.clone()));
        Ok(places)
    }

    async fn all_places(&self) -> Result<Vec<Place>> {
        let mut read = self.store.read.acquire().await?;
        let jobs = waiting(&mut read, i64::MAX).await?;
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let history = history(&mut read).await?;
        let sizes: Vec<(String, Option<f64>)> = sqlx::query_as(
            "SELECT id, variants * (work * denoise + pixels * finish) FROM jobs LEFT JOIN speeds USING (model) WHERE status = 'queued'",
        )
        .fetch_all(&mut *read)
        .await?;
        let sizes: HashMap<String, Option<f64>> = sizes.into_iter().collect();
        let (running, rest): (i64, f64) = sqlx::query_as(
            "SELECT count(*), coalesce(sum(eta) / 1000.0, 0.0) FROM jobs WHERE status = 'running'",
        )
        .fetch_one(&mut *read)
        .await?;
        let hands = running.max(self.config.workers as i64).max(1) as f64;
        let mut until = Some(rest / hands);
        let mut served = 0..;
        let line = order(&jobs, &history, self.config.relaxed_every, usize::MAX);
        let places = line.into_iter().zip(0..).map(|(index, place)| {
            let Waiting {
                job, owner, paused, ..
            } = &jobs[index];
            let (job, owner) = (job.clone(), owner.clone());
            if *paused {
                return Place {
                    job,
                    owner,
                    place,
                    position: None,
                    eta_seconds: None,
                };
            }
            let own = sizes.get(&job).copied().flatten();
            let eta = until.zip(own).map(|(wait, own)| wait + own);
            until = until.zip(own).map(|(wait, own)| wait + own / hands);
            Place {
                job,
                owner,
                place,
                position: served.next(),
                eta_seconds: eta,
            }
        });
        Ok(places.collect())
    }

    async fn learn_speed(&self, model: &str, denoise: f64, finish: f64) -> Result<()> {
        let mut t = self.store.begin().await?;
        sqlx::query(
            "INSERT INTO speeds (model, denoise, finish) VALUES (?1, ?2, ?3) ON CONFLICT (model) DO UPDATE SET \
             denoise = denoise + (?2 - denoise) * ?4, finish = finish + (?3 - finish) * ?4",
        )
        .bind(model)
        .bind(denoise)
        .bind(finish)
        .bind(FRESH)
        .execute(&mut *t)
        .await?;
        self.store.commit(t).await
    }

    async fn seconds_of(&self, model: &str, work: f64, pixels: f64) -> Result<Option<f64>> {
        let speed: Option<(f64, f64)> =
            sqlx::query_as("SELECT denoise, finish FROM speeds WHERE model = ?")
                .bind(model)
                .fetch_optional(&self.store.read)
                .await?;
        Ok(speed.map(|(denoise, finish)| work * denoise + pixels * finish))
    }
}

/// Jobs whose lease ran out wait again, unless they were to be cancelled or have ended too many workers.
async fn reap(t: &mut SqliteConnection) -> Result<()> {
    let lost: Vec<(String, bool, i64)> = sqlx::query_as(
        "UPDATE jobs SET crashes = crashes + 1 WHERE status = 'running' AND lease_until < ? RETURNING id, cancel, crashes",
    )
    .bind(now())
    .fetch_all(&mut *t)
    .await?;
    for (id, cancel, crashes) in lost {
        tracing::warn!(job = id, crashes, "a worker was lost");
        match (cancel, crashes > MAX_CRASHES) {
            (true, _) => close(t, &id, "cancelled", None).await?,
            (false, true) => {
                close(
                    t,
                    &id,
                    "failed",
                    Some("its workers ended again and again without getting further"),
                )
                .await?
            }
            (false, false) => wait(t, &id, 0).await?,
        }
    }
    Ok(())
}

async fn holds(t: &mut SqliteConnection, task: &Task) -> Result<bool> {
    let held: Option<i64> = sqlx::query_scalar("SELECT 1 FROM jobs WHERE id = ? AND lease = ?")
        .bind(&task.job.id)
        .bind(&task.lease)
        .fetch_optional(t)
        .await?;
    Ok(held.is_some())
}

/// Whether whoever asked for the video has deleted it.
async fn is_unwanted(t: &mut SqliteConnection, id: &str) -> Result<bool> {
    let deleted: Option<i64> = sqlx::query_scalar("SELECT 1 FROM v1_deleted WHERE job = ?")
        .bind(id)
        .fetch_optional(t)
        .await?;
    Ok(deleted.is_some())
}

async fn is_cancelled(t: &mut SqliteConnection, id: &str) -> Result<bool> {
    let cancel: Option<bool> = sqlx::query_scalar("SELECT cancel FROM jobs WHERE id = ?")
        .bind(id)
        .fetch_optional(t)
        .await?;
    Ok(cancel == Some(true))
}

async fn wait(t: &mut SqliteConnection, id: &str, not_before: i64) -> Result<()> {
    sqlx::query("UPDATE jobs SET status = 'queued', lease = NULL, worker = NULL, lease_until = NULL, eta = NULL, not_before = ? WHERE id = ?")
        .bind(not_before)
        .bind(id)
        .execute(t)
        .await?;
    Ok(())
}

async fn close(
    t: &mut SqliteConnection,
    id: &str,
    status: &str,
    error: Option<&str>,
) -> Result<()> {
    sqlx::query(
        "UPDATE jobs SET status = ?2, error = ?3, finished = ?4, lease = NULL, worker = NULL, lease_until = NULL, eta = NULL, \
         stage = NULL, progress = CASE ?2 WHEN 'completed' THEN 100 ELSE progress END WHERE id = ?1",
    )
    .bind(id)
    .bind(status)
    .bind(error)
    .bind(now())
    .execute(&mut *t)
    .await?;
    usage::settle(t, id).await
}

async fn waiting(t: &mut SqliteConnection, ready_at: i64) -> Result<Vec<Waiting>> {
    let rows: Vec<(String, String, String, i64, i64, bool)> = sqlx::query_as(
        "SELECT id, owner, class, rank, seq, paused FROM jobs WHERE status = 'queued' AND not_before <= ?",
    )
    .bind(ready_at)
    .fetch_all(t)
    .await?;
    let jobs = rows.into_iter().map(|row| {
        let (job, owner, class, rank, seq, paused) = row;
        Waiting {
            job,
            owner,
            class: match class == Class::Relaxed.name() {
                true => Class::Relaxed,
                false => Class::Priority,
            },
            rank,
            seq,
            paused,
        }
    });
    Ok(jobs.collect())
}

async fn history(t: &mut SqliteConnection) -> Result<History> {
    let rows: Vec<(String, i64)> = sqlx::query_as("SELECT owner, turn FROM served")
        .fetch_all(t)
        .await?;
    let turns = rows.iter().map(|(_, turn)| *turn).max().unwrap_or(0);
    Ok(History {
        turns,
        last: rows.into_iter().collect(),
    })
}

impl Queue for SqliteQueue {
    fn take<'a>(&'a self, worker: &'a str) -> BoxFuture<'a, Result<Option<Task>, Error>> {
        self.take_next(worker).boxed()
    }

    fn renew<'a>(&'a self, task: &'a Task) -> BoxFuture<'a, Result<Order>> {
        self.renew_lease(task).boxed()
    }

    fn report<'a>(&'a self, task: &'a Task, report: &'a Report) -> BoxFuture<'a, Result<()>> {
        self.write_report(task, report).boxed()
    }

    fn publish<'a>(&'a self, task: &'a Task, clip: &'a NewClip) -> BoxFuture<'a, Result<bool>> {
        self.publish_clip(task, clip).boxed()
    }

    fn finish<'a>(&'a self, task: &'a Task, outcome: &'a Outcome) -> BoxFuture<'a, Result<()>> {
        self.end(task, outcome).boxed()
    }

    fn learn<'a>(&'a self, model: &'a str, denoise: f64, finish: f64) -> BoxFuture<'a, Result<()>> {
        self.learn_speed(model, denoise, finish).boxed()
    }

    fn places(&self) -> BoxFuture<'_, Result<Arc<[Place]>>> {
        self.known_places().boxed()
    }

    fn seconds<'a>(
        &'a self,
        model: &'a str,
        work: f64,
        pixels: f64,
    ) -> BoxFuture<'a, Result<Option<f64>>> {
        self.seconds_of(model, work, pixels).boxed()
    }
}
