//! What plans hold and what is used of them: held when a job is taken in, settled once when it ends.

use serde::Serialize;
use sqlx::SqliteConnection;
use utoipa::ToSchema;

use super::{Store, jobs::NewJob};
use crate::files::now;
use crate::plans::{Asked, Plan, month};
use crate::wire::{Class, Job, time};
use crate::{Error, Result};

/// This month's use of a plan.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Usage {
    pub plan: Option<String>,
    pub videos_used: u64,
    pub videos: Option<u64>,
    pub credits_used: u64,
    pub credits: Option<u64>,
    /// RFC 3339.
    pub resets_at: String,
}

impl Usage {
    /// Credits that can still be spent this month, where there is a limit.
    pub fn credits_left(&self) -> Option<u64> {
        let left = |credits: u64| credits.saturating_sub(self.credits_used);
        self.credits.map(left)
    }
}

const USED: &str = "SELECT coalesce(sum(credits), 0), coalesce(sum(videos), 0) FROM charges \
    WHERE owner = ? AND at >= ? AND at < ? AND state <> 'refunded'";

/// Holds the price of a new job, if the plan has that much left.
pub(super) async fn hold(
    t: &mut SqliteConnection,
    job: &NewJob,
    plan: Option<(&str, &Plan)>,
) -> Result<()> {
    let wanted = price(job.class.name(), job.credits, job.variants);
    check(t, &job.owner, wanted, plan).await?;
    sqlx::query("INSERT INTO charges (job, owner, state, class, credits, videos, at) VALUES (?, ?, 'held', ?, ?, ?, ?)")
        .bind(&job.id)
        .bind(&job.owner)
        .bind(job.class.name())
        .bind(wanted.0 as i64)
        .bind(wanted.1 as i64)
        .bind(now())
        .execute(t)
        .await?;
    Ok(())
}

/// Holds the price of a job's new request instead of that of its old.
pub(super) async fn hold_instead(
    t: &mut SqliteConnection,
    job: &NewJob,
    plan: Option<(&str, &Plan)>,
) -> Result<()> {
    sqlx::query("DELETE FROM charges WHERE job = ?")
        .bind(&job.id)
        .execute(&mut *t)
        .await?;
    hold(t, job, plan).await
}

/// Holds the price of a job that was settled before, beside what its clips cost.
pub(super) async fn hold_again(
    t: &mut SqliteConnection,
    job: &Job,
    plan: Option<(&str, &Plan)>,
) -> Result<()> {
    let made: u32 = sqlx::query_scalar("SELECT count(*) FROM made WHERE job = ?")
        .bind(&job.id)
        .fetch_one(&mut *t)
        .await?;
    let (credits, at): (i64, i64) = sqlx::query_as(
        "SELECT jobs.credits, charges.at FROM jobs JOIN charges ON charges.job = jobs.id WHERE jobs.id = ?",
    )
    .bind(&job.id)
    .fetch_one(&mut *t)
    .await?;
    // The charge moves to this month, with the clips that came in another.
    let new = match at < month(now()).0 {
        true => job.variants,
        false => job.variants.saturating_sub(made),
    };
    let price = |clips| price(&job.class, credits.unsigned_abs(), clips);
    check(t, &job.owner, price(new), plan).await?;
    let all = price(job.variants);
    sqlx::query("UPDATE charges SET state = 'held', credits = ?, videos = ?, at = ? WHERE job = ? AND state <> 'held'")
        .bind(all.0 as i64)
        .bind(all.1 as i64)
        .bind(now())
        .bind(&job.id)
        .execute(t)
        .await?;
    Ok(())
}

/// Ends the holding of a job that ends: the clips that came are charged, whatever became of them since; the rest is
/// given back. A second call changes
/// nothing.
pub(crate) async fn settle(t: &mut SqliteConnection, job: &str) -> Result<()> {
    sqlx::query(
        "UPDATE charges SET \
         credits = CASE WHEN class = 'relaxed' THEN 0 ELSE n.clips * (SELECT credits FROM jobs WHERE id = ?1) END, \
         videos = CASE WHEN class = 'relaxed' THEN 0 ELSE n.clips END, \
         state = CASE WHEN n.clips = 0 THEN 'refunded' ELSE 'charged' END \
         FROM (SELECT count(*) AS clips FROM made WHERE job = ?1) AS n WHERE charges.job = ?1 AND state = 'held'",
    )
    .bind(job)
    .execute(t)
    .await?;
    Ok(())
}

/// Credits and videos; relaxed jobs are free.
fn price(class: &str, credits: u64, clips: u32) -> (u64, u64) {
    match class == Class::Relaxed.name() {
        true => (0, 0),
        false => (credits * u64::from(clips), u64::from(clips)),
    }
}

async fn check(
    t: &mut SqliteConnection,
    owner: &str,
    wanted: (u64, u64),
    plan: Option<(&str, &Plan)>,
) -> Result<()> {
    let Some((name, plan)) = plan else {
        return Ok(());
    };
    let (begin, end) = month(now());
    let (credits, videos): (i64, i64) = sqlx::query_as(USED)
        .bind(owner)
        .bind(begin)
        .bind(end)
        .fetch_one(t)
        .await?;
    let resets = time(end);
    // What is free is never too much, whatever was used under a larger plan.
    let over = |used: i64, wanted: u64, most: Option<u64>| {
        most.filter(|most| wanted > 0 && used.unsigned_abs() + wanted > *most)
    };
    let cure = match plan.relaxed {
        true => "; a job of `\"class\": \"relaxed\"` is free, and waits behind others",
        false => "",
    };
    if let Some(most) = over(credits, wanted.0, plan.credits) {
        return Err(Error::Quota(format!(
            "this takes {} credits; {credits} of the {most} that the plan {name} has a month are used; they return on {resets}{cure}",
            wanted.0
        )));
    }
    if let Some(most) = over(videos, wanted.1, plan.videos) {
        return Err(Error::Quota(format!(
            "{videos} of the {most} videos that the plan {name} has a month are used; they return on {resets}{cure}"
        )));
    }
    Ok(())
}

impl Store {
    /// Why the plan has too little left this month for such a job; none if it has enough. `credits` are of one clip.
    pub async fn lacking(
        &self,
        owner: &str,
        asked: &Asked,
        credits: u64,
        plan: Option<(&str, &Plan)>,
    ) -> Result<Option<String>> {
        let mut read = self.read.acquire().await?;
        let wanted = price(asked.class.name(), credits, asked.variants);
        match check(&mut read, owner, wanted, plan).await {
            Ok(()) => Ok(None),
            Err(Error::Quota(why)) => Ok(Some(why)),
            Err(error) => Err(error),
        }
    }

    /// What the user has used this month.
    pub async fn usage(&self, owner: &str, plan: Option<(&str, &Plan)>) -> Result<Usage> {
        let (begin, end) = month(now());
        let used = sqlx::query_as::<_, (i64, i64)>(USED)
            .bind(owner)
            .bind(begin)
            .bind(end);
        let (credits, videos) = used.fetch_one(&self.read).await?;
        Ok(Usage {
            plan: plan.map(|(name, _)| name.to_owned()),
            videos_used: videos.unsigned_abs(),
            videos: plan.and_then(|(_, plan)| plan.videos),
            credits_used: credits.unsigned_abs(),
            credits: plan.and_then(|(_, plan)| plan.credits),
            resets_at: time(end),
        })
    }
}
