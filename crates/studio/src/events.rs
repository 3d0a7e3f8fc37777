//! What changed, told to whoever listens. Every change to jobs and clips is written to the `changes` table by the
//! database itself, whichever process made it; one task reads on from there and tells all listeners.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;
use tokio::sync::{broadcast, watch};

use crate::queue::{Place, Queue};
use crate::store::Store;
use crate::wire::Job;
use crate::{Error, Result};

/// How soon the writes of other processes are seen; our own are seen at once.
const GLANCE: Duration = Duration::from_millis(300);
/// Messages that a slow listener may be behind, before it gets a new snapshot.
const BACKLOG: usize = 1024;
/// Revisions that are kept; only the newest are ever read.
const KEEP: i64 = 10_000;

/// One event for one user.
#[derive(Debug, Clone)]
pub struct Message {
    pub owner: Arc<str>,
    /// `job`, `job_removed`, `clip`, `clip_removed` or `counts`.
    pub event: &'static str,
    /// JSON.
    pub data: Arc<str>,
}

/// Where to listen.
#[derive(Clone)]
pub struct Hub(broadcast::Sender<Message>);

impl Default for Hub {
    fn default() -> Self {
        Self(broadcast::channel(BACKLOG).0)
    }
}

impl Hub {
    pub fn listen(&self) -> broadcast::Receiver<Message> {
        self.0.subscribe()
    }

    /// Reads changes and tells them, until `stop`.
    pub async fn run(self, store: Store, queue: Arc<dyn Queue>, mut stop: watch::Receiver<bool>) {
        let mut teller = Teller {
            hub: self,
            store,
            queue,
            rev: 0,
            places: HashMap::new(),
        };
        if let Err(error) = teller.skip().await {
            tracing::error!(%error, "changes cannot be read");
        }
        while !*stop.borrow() {
            tokio::select! {
                _ = teller.store.written.notified() => {}
                _ = tokio::time::sleep(GLANCE) => {}
                _ = stop.changed() => {}
            }
            if let Err(error) = teller.tell().await {
                tracing::error!(?error, "changes cannot be told");
            }
        }
    }
}

struct Teller {
    hub: Hub,
    store: Store,
    queue: Arc<dyn Queue>,
    rev: i64,
    /// What was told of each waiting job.
    places: HashMap<String, (u32, Option<u32>, Option<i64>)>,
}

impl Teller {
    async fn skip(&mut self) -> Result<()> {
        let newest = sqlx::query_scalar("SELECT coalesce(max(rev), 0) FROM changes");
        self.rev = newest.fetch_one(&self.store.read).await?;
        self.forget().await
    }

    async fn forget(&self) -> Result<()> {
        let mut t = self.store.begin().await?;
        sqlx::query("DELETE FROM changes WHERE rev < ?")
            .bind(self.rev - KEEP)
            .execute(&mut *t)
            .await?;
        Ok(t.commit().await?)
    }

    async fn tell(&mut self) -> Result<()> {
        let changes: Vec<(i64, String, String, String)> =
            sqlx::query_as("SELECT rev, kind, id, owner FROM changes WHERE rev > ? ORDER BY rev")
                .bind(self.rev)
                .fetch_all(&self.store.read)
                .await?;
        let Some((newest, ..)) = changes.last() else {
            return Ok(());
        };
        let (mut told, mut counted, mut queue_moved) = (HashSet::new(), HashSet::new(), false);
        let placed = self.queue.places().await?;
        for (_, kind, id, owner) in &changes {
            if kind != "job" {
                counted.insert(owner);
            }
            queue_moved |= kind == "queue";
            let kind = if kind == "queue" {
                "job"
            } else {
                kind.as_str()
            };
            if self.hub.0.receiver_count() == 0 || !told.insert((kind, id)) {
                continue;
            }
            match kind {
                "job" => self.tell_job(owner, id, &placed).await?,
                "clip" => match self.store.clip(owner, id).await {
                    Ok(clip) => self.send(owner, "clip", &clip)?,
                    // Gone since; that is told by its own change.
                    Err(Error::NotFound(_)) => {}
                    Err(error) => return Err(error),
                },
                _ => self.send(owner, "clip_removed", &json!({ "id": id }))?,
            }
        }
        if queue_moved {
            self.tell_moved(&placed, &told).await?;
        }
        for owner in counted {
            let counts = self.store.counts(owner).await?;
            self.send(owner, "counts", &counts)?;
        }
        // Only now: after an error, all of it is told again.
        let before = std::mem::replace(&mut self.rev, *newest);
        match before / KEEP < self.rev / KEEP {
            true => self.forget().await,
            false => Ok(()),
        }
    }

    async fn tell_job(&self, owner: &str, id: &str, placed: &[Place]) -> Result<()> {
        match self.store.job(owner, id).await {
            Ok(mut job) => {
                place(&mut job, placed);
                self.send(owner, "job", &job)
            }
            Err(Error::NotFound(_)) => self.send(owner, "job_removed", &json!({ "id": id })),
            Err(error) => Err(error),
        }
    }

    /// Waiting jobs that moved because others came or went.
    async fn tell_moved(
        &mut self,
        placed: &[Place],
        told: &HashSet<(&str, &String)>,
    ) -> Result<()> {
        let mut places = HashMap::new();
        for place in placed {
            let eta = place.eta_seconds.map(|eta| eta as i64);
            let now = (place.place, place.position, eta);
            let moved = self.places.get(&place.job) != Some(&now);
            // Far back nobody looks at each step.
            if moved
                && place.place < 100
                && !told.contains(&("job", &place.job))
                && self.hub.0.receiver_count() > 0
            {
                self.tell_job(&place.owner, &place.job, placed).await?;
            }
            places.insert(place.job.clone(), now);
        }
        self.places = places;
        Ok(())
    }

    fn send(&self, owner: &str, event: &'static str, data: &impl Serialize) -> Result<()> {
        let data = serde_json::to_string(data)?;
        // No listener is no fault.
        let _ = self.hub.0.send(Message {
            owner: owner.into(),
            event,
            data: data.into(),
        });
        Ok(())
    }
}

/// Fills in where a waiting job stands.
pub fn place(job: &mut Job, placed: &[Place]) {
    if job.status == "queued"
        && let Some(place) = placed.iter().find(|place| place.job == job.id)
    {
        (job.place, job.position) = (Some(place.place), place.position);
        job.eta_seconds = place.eta_seconds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Config;
    use crate::files::Files;
    use crate::queue::SqliteQueue;

    #[tokio::test]
    async fn what_could_not_be_told_is_told_later() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(Files::open(dir.path()).unwrap()).await.unwrap();
        let run = async |sql: &'static str| {
            let mut t = store.begin().await.unwrap();
            sqlx::query(sql).execute(&mut *t).await.unwrap();
            t.commit().await.unwrap();
        };
        let hub = Hub::default();
        let mut heard = hub.listen();
        let mut teller = Teller {
            hub,
            queue: Arc::new(SqliteQueue::new(store.clone(), Arc::new(Config::default()))),
            store: store.clone(),
            rev: 0,
            places: HashMap::new(),
        };
        run("INSERT INTO changes (kind, id, owner) VALUES ('gone', 'one', 'local')").await;
        run("ALTER TABLE jobs RENAME TO away").await;
        assert!(teller.tell().await.is_err(), "nobody knows the places");
        run("ALTER TABLE away RENAME TO jobs").await;
        teller.tell().await.unwrap();
        let message = heard.try_recv().unwrap();
        assert_eq!(message.event, "clip_removed");
        while heard.try_recv().is_ok() {}
        teller.tell().await.unwrap();
        assert!(heard.try_recv().is_err(), "once is enough");
    }
}
