//! Jobs as their owners see them; workers come in through [`crate::queue`].

use serde_json::Value;
use sqlx::{FromRow, QueryBuilder, Sqlite, SqliteConnection};

use super::{Store, json, usage};
use crate::files::now;
use crate::plans::Plan;
use crate::wire::{Class, Cost, Job, JobRequest, time};
use crate::{Error, Result};

/// A job about to be taken in, resolved and priced.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub id: String,
    pub owner: String,
    /// `studio` or `v1`.
    pub origin: &'static str,
    pub tool: &'static str,
    pub class: Class,
    pub prompt: String,
    /// With the seed filled in.
    pub request: JobRequest,
    /// What the API that takes it wants to find again.
    pub extra: Option<Value>,
    pub model: String,
    pub variants: u32,
    pub size: (u32, u32),
    pub seconds: f64,
    /// Tokens × steps of one clip.
    pub work: f64,
    /// Millions of pixels of one clip.
    pub pixels: f64,
    /// Of one clip.
    pub credits: u64,
    /// Two jobs of one owner under one key are one job.
    pub idempotency: Option<String>,
}

#[derive(FromRow)]
struct Row {
    id: String,
    owner: String,
    origin: String,
    tool: String,
    class: String,
    status: String,
    prompt: String,
    request: String,
    extra: Option<String>,
    folder: Option<String>,
    model: String,
    variants: u32,
    width: u32,
    height: u32,
    seconds: f64,
    credits: i64,
    stage: Option<String>,
    step: i64,
    steps: i64,
    progress: f64,
    eta: Option<i64>,
    note: Option<String>,
    error: Option<String>,
    created: i64,
    started: Option<i64>,
    finished: Option<i64>,
    preview: u32,
    paused: bool,
    clip_list: String,
}

/// How long what was drawn of a job that was stopped is kept.
const KEPT_MS: i64 = 7 * 24 * 3_600_000;

const COLUMNS: &str = "jobs.*, \
    (SELECT json_group_array(id) FROM (SELECT id FROM clips WHERE job = jobs.id AND owner = jobs.owner ORDER BY variant)) AS clip_list";

impl Row {
    fn job(self) -> Job {
        let credits = self.credits.unsigned_abs() * u64::from(self.variants);
        let waits = self.status == "queued";
        let shown = matches!(self.status.as_str(), "running" | "failed" | "cancelled");
        let shown = shown && self.preview > 0;
        let preview = shown.then(|| format!("/api/jobs/{}/preview?at={}", self.id, self.preview));
        Job {
            id: self.id,
            tool: self.tool,
            status: self.status,
            class: self.class,
            prompt: self.prompt,
            stage: self.stage,
            step: self.step.unsigned_abs(),
            steps: self.steps.unsigned_abs(),
            progress: self.progress,
            place: None,
            position: None,
            paused: waits && self.paused,
            editable: waits && self.started.is_none() && self.origin == STUDIO,
            resumable: false,
            eta_seconds: self.eta.map(|ms| ms as f64 / 1000.0),
            variants: self.variants,
            clips: json(Some(self.clip_list)).unwrap_or_default(),
            cost: (credits > 0).then_some(Cost { credits }),
            error: self.error,
            note: self.note,
            created_at: time(self.created),
            started_at: self.started.map(time),
            finished_at: self.finished.map(time),
            preview_url: preview,
            folder_id: self.folder,
            model: self.model,
            width: self.width,
            height: self.height,
            seconds: self.seconds,
            request: json(Some(self.request)).unwrap_or_default(),
            owner: self.owner,
            origin: self.origin,
            extra: json(self.extra),
            created: self.created,
            finished: self.finished,
        }
    }
}

/// The origin of what the studio's own API takes.
pub const STUDIO: &str = "studio";

type Statement<'q> = sqlx::query::Query<'q, Sqlite, sqlx::sqlite::SqliteArguments>;

/// Binds what a request comes to: tool, class, prompt, request, folder, model, variants, width, height, seconds, work, pixels
/// and credits, in this order.
fn bind_request<'q>(statement: Statement<'q>, job: &'q NewJob) -> Result<Statement<'q>> {
    Ok(statement
        .bind(job.tool)
        .bind(job.class.name())
        .bind(&job.prompt)
        .bind(serde_json::to_string(&job.request)?)
        .bind(&job.request.folder_id)
        .bind(&job.model)
        .bind(job.variants)
        .bind(job.size.0)
        .bind(job.size.1)
        .bind(job.seconds)
        .bind(job.work)
        .bind(job.pixels)
        .bind(job.credits as i64))
}

const MISSING: Error = Error::NotFound("job");

/// Of a [`Filter`]: failed and cancelled ones that go on from what was drawn.
pub const RESUMABLE: &str = "resumable";

/// Which of an owner's jobs.
#[derive(Debug, Clone, Default, serde::Deserialize, utoipa::IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// One status; `active` for queued and running, or `resumable` for those that were stopped on the way.
    pub status: Option<String>,
    /// 1–500; 100 if absent.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

impl Store {
    /// Takes a job in and holds its price, both or neither. A key that was used before gives that job and changes
    /// nothing.
    pub async fn create_job(&self, job: &NewJob, plan: Option<(&str, &Plan)>) -> Result<Job> {
        let mut t = self.begin().await?;
        if let Some(key) = &job.idempotency
            && let Some(known) = self.job_by_key(&job.owner, key).await?
        {
            return Ok(known);
        }
        check_folder(&mut t, job).await?;
        usage::hold(&mut t, job, plan).await?;
        let insert = sqlx::query(
            "INSERT INTO jobs (tool, class, prompt, request, folder, model, variants, width, height, seconds, work, pixels, \
             credits, id, owner, origin, extra, idempotency, created, status, seq) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', \
             (SELECT coalesce(max(seq), 0) + 1 FROM jobs))",
        );
        bind_request(insert, job)?
            .bind(&job.id)
            .bind(&job.owner)
            .bind(job.origin)
            .bind(job.extra.as_ref().map(ToString::to_string))
            .bind(&job.idempotency)
            .bind(now())
            .execute(&mut *t)
            .await?;
        self.commit(t).await?;
        self.work.notify_waiters();
        self.job(&job.owner, &job.id).await
    }

    /// A row as its owner sees it: whether a job that was stopped goes on is told by its folder alone.
    fn seen(&self, row: Row) -> Job {
        let mut job = row.job();
        if matches!(job.status.as_str(), "failed" | "cancelled") {
            job.resumable = self.files.checkpoint(&job.id).exists();
            job.preview_url = job.preview_url.filter(|_| job.resumable);
        }
        job
    }

    /// The job that was taken in under this key, whether it is still listed or not.
    pub async fn job_by_key(&self, owner: &str, key: &str) -> Result<Option<Job>> {
        let mut sql = select();
        sql.push(" WHERE owner = ")
            .push_bind(owner)
            .push(" AND idempotency = ")
            .push_bind(key);
        let row = sql
            .build_query_as::<Row>()
            .fetch_optional(&self.read)
            .await?;
        Ok(row.map(|row| self.seen(row)))
    }

    /// One job of the owner's that is listed. Its place in the queue is not known here, see
    /// [`crate::queue::Queue::places`].
    pub async fn job(&self, owner: &str, id: &str) -> Result<Job> {
        let mut sql = select();
        sql.push(" WHERE listed AND id = ")
            .push_bind(id)
            .push(" AND owner = ")
            .push_bind(owner);
        let row = sql
            .build_query_as::<Row>()
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| self.seen(row)).ok_or(MISSING)
    }

    /// The owner's jobs, the latest first.
    pub async fn jobs(&self, owner: &str, filter: &Filter) -> Result<Vec<Job>> {
        let mut sql = select();
        sql.push(" WHERE listed AND owner = ").push_bind(owner);
        match filter.status.as_deref() {
            Some("active") => {
                sql.push(" AND status IN ('queued', 'running')");
            }
            Some(RESUMABLE) => {
                sql.push(" AND status IN ('failed', 'cancelled')");
            }
            Some(status) => {
                sql.push(" AND status = ").push_bind(status);
            }
            None => {}
        }
        sql.push(" ORDER BY seq DESC LIMIT ")
            .push_bind(filter.limit.unwrap_or(100).clamp(1, 500));
        let rows: Vec<Row> = sql.build_query_as().fetch_all(&self.read).await?;
        let mut jobs: Vec<Job> = rows.into_iter().map(|row| self.seen(row)).collect();
        if filter.status.as_deref() == Some(RESUMABLE) {
            jobs.retain(|job| job.resumable);
        }
        Ok(jobs)
    }

    /// Stops a job: at once if it waits, at its worker's next step if it runs. A finished one stays as it is.
    pub async fn cancel_job(&self, owner: &str, id: &str) -> Result<Job> {
        let mut t = self.begin().await?;
        let waited = sqlx::query(
            "UPDATE jobs SET status = 'cancelled', finished = ?3, cancel = 1 \
             WHERE id = ?1 AND owner = ?2 AND status = 'queued'",
        )
        .bind(id)
        .bind(owner)
        .bind(now())
        .execute(&mut *t)
        .await?;
        if waited.rows_affected() > 0 {
            usage::settle(&mut t, id).await?;
        }
        sqlx::query("UPDATE jobs SET cancel = 1 WHERE id = ? AND owner = ? AND status = 'running'")
            .bind(id)
            .bind(owner)
            .execute(&mut *t)
            .await?;
        self.commit(t).await?;
        let job = self.job(owner, id).await?;
        self.clear_job(id).await;
        Ok(job)
    }

    /// Stops all jobs of the owner's that wait; gives how many they were.
    pub async fn cancel_pending(&self, owner: &str) -> Result<u64> {
        let waiting: Vec<String> =
            sqlx::query_scalar("SELECT id FROM jobs WHERE owner = ? AND status = 'queued'")
                .bind(owner)
                .fetch_all(&self.read)
                .await?;
        for id in &waiting {
            self.cancel_job(owner, id).await?;
        }
        Ok(waiting.len() as u64)
    }

    /// Puts another request in the place of a waiting job's, and holds the new price instead of the old, both or neither.
    /// One that was ever begun stays as it is: files of its first request may lie there.
    pub async fn replace_job(&self, job: &NewJob, plan: Option<(&str, &Plan)>) -> Result<Job> {
        let mut t = self.begin().await?;
        let old = read(&mut t, &job.id).await?;
        if old.owner != job.owner {
            return Err(MISSING);
        }
        if !old.editable {
            return Err(Error::Conflict(match old.status.as_str() {
                "queued" if old.origin == STUDIO => {
                    "the job was begun before; cancel it, and ask anew".into()
                }
                "queued" => "the job is of the Videos API, which keeps what was asked".into(),
                status => format!("the job is {status}; only those that wait can be changed"),
            }));
        }
        check_folder(&mut t, job).await?;
        usage::hold_instead(&mut t, job, plan).await?;
        let update = sqlx::query(
            "UPDATE jobs SET tool = ?, class = ?, prompt = ?, request = ?, folder = ?, model = ?, variants = ?, width = ?, \
             height = ?, seconds = ?, work = ?, pixels = ?, credits = ? WHERE id = ?",
        );
        let update = bind_request(update, job)?.bind(&job.id);
        update.execute(&mut *t).await?;
        self.commit(t).await?;
        self.job(&job.owner, &job.id).await
    }

    /// Whether another user's job has this id.
    pub async fn is_anothers_job(&self, owner: &str, id: &str) -> Result<bool> {
        let found =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM jobs WHERE id = ? AND owner <> ?)");
        Ok(found.bind(id).bind(owner).fetch_one(&self.read).await?)
    }

    /// Queues a failed or cancelled job again; what was made of it is kept, and what it costs is held again.
    pub async fn retry_job(
        &self,
        owner: &str,
        id: &str,
        plan: Option<(&str, &Plan)>,
    ) -> Result<Job> {
        let job = self.job(owner, id).await?;
        let mut t = self.begin().await?;
        usage::hold_again(&mut t, &job, plan).await?;
        let done = sqlx::query(
            "UPDATE jobs SET status = 'queued', error = NULL, cancel = 0, failures = 0, crashes = 0, not_before = 0, paused = 0, \
             finished = NULL WHERE id = ? AND owner = ? AND status IN ('failed', 'cancelled')",
        )
        .bind(id)
        .bind(owner)
        .execute(&mut *t)
        .await?;
        if done.rows_affected() == 0 {
            return Err(Error::Conflict(format!(
                "the job is {}; only failed and cancelled ones are tried again",
                job.status
            )));
        }
        self.commit(t).await?;
        self.work.notify_waiters();
        self.job(owner, id).await
    }

    /// Keeps a waiting job from being taken; its place stays.
    pub async fn pause_job(&self, owner: &str, id: &str) -> Result<Job> {
        self.set_paused(owner, id, true).await
    }

    /// Lets a paused job be taken again.
    pub async fn resume_job(&self, owner: &str, id: &str) -> Result<Job> {
        let job = self.set_paused(owner, id, false).await?;
        self.work.notify_waiters();
        Ok(job)
    }

    async fn set_paused(&self, owner: &str, id: &str, paused: bool) -> Result<Job> {
        let mut t = self.begin().await?;
        let set = sqlx::query(
            "UPDATE jobs SET paused = ?3 WHERE id = ?1 AND owner = ?2 AND status = 'queued'",
        );
        let done = set.bind(id).bind(owner).bind(paused).execute(&mut *t);
        let waited = done.await?.rows_affected() > 0;
        self.commit(t).await?;
        let job = self.job(owner, id).await?;
        match waited {
            true => Ok(job),
            false => Err(Error::Conflict(format!(
                "the job is {}; only those that wait can be paused",
                job.status
            ))),
        }
    }

    /// Puts a waiting job before the owner's others.
    pub async fn front_job(&self, owner: &str, id: &str) -> Result<Job> {
        let mut t = self.begin().await?;
        sqlx::query(
            "UPDATE jobs SET rank = (SELECT max(rank) + 1 FROM jobs WHERE owner = ?2) \
             WHERE id = ?1 AND owner = ?2 AND status = 'queued'",
        )
        .bind(id)
        .bind(owner)
        .execute(&mut *t)
        .await?;
        self.commit(t).await?;
        self.job(owner, id).await
    }

    /// Puts a waiting job before another of the owner's, or behind all of them.
    pub async fn move_job(&self, owner: &str, id: &str, before: Option<&str>) -> Result<Job> {
        let mut t = self.begin().await?;
        let mut line: Vec<String> = sqlx::query_scalar(
            "SELECT id FROM jobs WHERE owner = ? AND status = 'queued' ORDER BY rank DESC, seq",
        )
        .bind(owner)
        .fetch_all(&mut *t)
        .await?;
        let at = |line: &[String], id: &str| line.iter().position(|other| other == id);
        let Some(from) = at(&line, id) else {
            drop(t);
            let job = self.job(owner, id).await?;
            return Err(Error::Conflict(format!(
                "the job is {}; only those that wait can be moved",
                job.status
            )));
        };
        let moved = line.remove(from);
        let to = match before {
            None => line.len(),
            Some(other) => at(&line, other).ok_or_else(|| {
                Error::Conflict("the job that it shall come before does not wait any more".into())
            })?,
        };
        line.insert(to, moved);
        // The last keeps the rank that new jobs have.
        for (rank, id) in line.iter().rev().enumerate() {
            sqlx::query("UPDATE jobs SET rank = ?2 WHERE id = ?1 AND rank != ?2")
                .bind(id)
                .bind(rank as i64)
                .execute(&mut *t)
                .await?;
        }
        self.commit(t).await?;
        self.job(owner, id).await
    }

    /// Takes a finished job out of the list; its clips stay.
    pub async fn hide_job(&self, owner: &str, id: &str) -> Result<()> {
        let job = self.job(owner, id).await?;
        if matches!(job.status.as_str(), "queued" | "running") {
            return Err(Error::Conflict(format!(
                "the job is {}; cancel it first",
                job.status
            )));
        }
        let mut t = self.begin().await?;
        sqlx::query("UPDATE jobs SET listed = 0 WHERE id = ?")
            .bind(id)
            .execute(&mut *t)
            .await?;
        self.commit(t).await?;
        self.clear_job(id).await;
        Ok(())
    }

    /// Whether a job goes on from what lies in its folder: it waits, runs, or was stopped lately and can be tried again.
    pub(crate) async fn goes_on(&self, id: &str) -> Result<bool> {
        let goes_on: Option<i64> = sqlx::query_scalar(
            "SELECT 1 FROM jobs WHERE id = ? AND (status IN ('queued', 'running') \
             OR (status IN ('failed', 'cancelled') AND listed AND finished > ?))",
        )
        .bind(id)
        .bind(now() - KEPT_MS)
        .fetch_optional(&self.read)
        .await?;
        Ok(goes_on.is_some())
    }

    /// Removes a job's folder unless the job goes on from it. One that cannot be removed does no harm until it is
    /// tried again, an hour later.
    pub(crate) async fn clear_job(&self, id: &str) {
        if matches!(self.goes_on(id).await, Ok(false)) {
            let _ = tokio::fs::remove_dir_all(self.files.job(id)).await;
        }
    }

    /// Whether this clip of the job was delivered; it may be deleted since.
    pub async fn is_made(&self, job: &str, variant: usize) -> Result<bool> {
        let made: Option<i64> =
            sqlx::query_scalar("SELECT 1 FROM made WHERE job = ? AND variant = ?")
                .bind(job)
                .bind(variant as i64)
                .fetch_optional(&self.read)
                .await?;
        Ok(made.is_some())
    }

    /// How many jobs of all users have this status.
    pub async fn count_jobs(&self, status: &str) -> Result<i64> {
        let count = sqlx::query_scalar("SELECT count(*) FROM jobs WHERE status = ?");
        Ok(count.bind(status).fetch_one(&self.read).await?)
    }

    /// A job by its id alone, listed or not: for the server itself.
    pub(crate) async fn any_job(&self, id: &str) -> Result<Job> {
        let mut sql = select();
        sql.push(" WHERE id = ").push_bind(id);
        let row = sql
            .build_query_as::<Row>()
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| self.seen(row)).ok_or(MISSING)
    }
}

/// Whether the folder that a job's clips shall come into is its owner's.
async fn check_folder(t: &mut SqliteConnection, job: &NewJob) -> Result<()> {
    let Some(folder) = &job.request.folder_id else {
        return Ok(());
    };
    let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM folders WHERE id = ? AND owner = ?")
        .bind(folder)
        .bind(&job.owner)
        .fetch_optional(t)
        .await?;
    found.map(drop).ok_or(Error::NotFound("folder"))
}

/// A job within a transaction.
pub(crate) async fn read(t: &mut SqliteConnection, id: &str) -> Result<Job> {
    let mut sql = select();
    sql.push(" WHERE id = ").push_bind(id);
    let row = sql.build_query_as::<Row>().fetch_optional(&mut *t).await?;
    row.map(Row::job).ok_or(MISSING)
}

fn select() -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(COLUMNS).push(" FROM jobs");
    sql
}
