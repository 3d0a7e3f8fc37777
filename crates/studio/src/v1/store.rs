//! What only this API keeps: files, characters, webhooks, and the order of its videos.

use sqlx::{FromRow, QueryBuilder, Sqlite};

use super::webhooks::LONGEST_WAIT_MS;
use crate::files::now;
use crate::store::Store;
use crate::wire::Job;
use crate::{Error, Result};

/// A file that was uploaded for later use: a clip of the library under a name of its own.
#[derive(Debug, Clone, FromRow)]
pub(super) struct FileRow {
    pub id: String,
    pub name: String,
    pub purpose: String,
    pub clip: String,
    pub bytes: i64,
    pub created: i64,
}

#[derive(Debug, Clone, FromRow)]
pub(super) struct CharacterRow {
    pub id: String,
    pub name: String,
    pub clip: String,
    pub created: i64,
}

/// Where events are sent.
#[derive(Debug, Clone, FromRow)]
pub(super) struct EndpointRow {
    pub id: String,
    pub name: String,
    pub url: String,
    /// Names of events, separated by spaces.
    pub events: String,
    pub secret: String,
    pub created: i64,
}

/// An event on its way to an endpoint.
#[derive(Debug, Clone, FromRow)]
pub(super) struct DeliveryRow {
    pub id: i64,
    pub event: String,
    pub kind: String,
    pub video: String,
    pub created: i64,
    pub attempts: i64,
    pub endpoint: String,
    pub url: String,
    pub secret: String,
}

/// A page of videos.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Window {
    pub limit: u32,
    pub ascending: bool,
    /// The job after which the page begins.
    pub after: Option<String>,
}

impl Store {
    /// The ids of a page's jobs, and whether more follow.
    pub(super) async fn v1_page(&self, owner: &str, window: &Window) -> Result<(Vec<Job>, bool)> {
        let mut sql: QueryBuilder<Sqlite> =
            QueryBuilder::new("SELECT id FROM jobs WHERE origin = 'v1' AND owner = ");
        sql.push_bind(owner)
            .push(" AND id NOT IN (SELECT job FROM v1_deleted)");
        if let Some(after) = &window.after {
            // A video that was deleted since still has its place.
            let seq: Option<i64> = sqlx::query_scalar(
                "SELECT seq FROM jobs WHERE id = ? AND owner = ? AND origin = 'v1'",
            )
            .bind(after)
            .bind(owner)
            .fetch_optional(&self.read)
            .await?;
            let seq = seq.ok_or(Error::NotFound("video"))?;
            sql.push(if window.ascending {
                " AND seq > "
            } else {
                " AND seq < "
            })
            .push_bind(seq);
        }
        sql.push(if window.ascending {
            " ORDER BY seq"
        } else {
            " ORDER BY seq DESC"
        });
        sql.push(" LIMIT ").push_bind(window.limit + 1);
        let mut ids: Vec<String> = sql.build_query_scalar().fetch_all(&self.read).await?;
        let more = ids.len() > window.limit as usize;
        ids.truncate(window.limit as usize);
        let mut jobs = Vec::with_capacity(ids.len());
        for id in &ids {
            jobs.push(self.any_job(id).await?);
        }
        Ok((jobs, more))
    }

    /// A job that this API took and did not delete.
    pub(super) async fn v1_job(&self, owner: &str, id: &str) -> Result<Job> {
        let job = self.any_job(id).await?;
        let deleted: Option<i64> = sqlx::query_scalar("SELECT 1 FROM v1_deleted WHERE job = ?")
            .bind(id)
            .fetch_optional(&self.read)
            .await?;
        match job.owner == owner && job.origin == "v1" && deleted.is_none() {
            true => Ok(job),
            false => Err(Error::NotFound("video")),
        }
    }

    pub(super) async fn v1_delete(&self, job: &str) -> Result<()> {
        let mut t = self.begin().await?;
        sqlx::query("INSERT OR IGNORE INTO v1_deleted (job) VALUES (?)")
            .bind(job)
            .execute(&mut *t)
            .await?;
        sqlx::query("UPDATE jobs SET listed = 0 WHERE id = ?")
            .bind(job)
            .execute(&mut *t)
            .await?;
        self.commit(t).await?;
        self.clear_job(job).await;
        Ok(())
    }

    pub(super) async fn v1_add_file(&self, owner: &str, file: &FileRow) -> Result<()> {
        let mut t = self.begin().await?;
        sqlx::query("INSERT INTO v1_files (id, owner, name, purpose, clip, bytes, created) VALUES (?, ?, ?, ?, ?, ?, ?)")
            .bind(&file.id)
            .bind(owner)
            .bind(&file.name)
            .bind(&file.purpose)
            .bind(&file.clip)
            .bind(file.bytes)
            .bind(file.created)
            .execute(&mut *t)
            .await?;
        self.commit(t).await
    }

    pub(super) async fn v1_file(&self, owner: &str, id: &str) -> Result<FileRow> {
        let row = sqlx::query_as("SELECT * FROM v1_files WHERE id = ? AND owner = ?")
            .bind(id)
            .bind(owner);
        row.fetch_optional(&self.read)
            .await?
            .ok_or(Error::NotFound("file"))
    }

    pub(super) async fn v1_files(&self, owner: &str) -> Result<Vec<FileRow>> {
        let rows = sqlx::query_as(
            "SELECT * FROM v1_files WHERE owner = ? ORDER BY created DESC, id DESC LIMIT 10000",
        );
        Ok(rows.bind(owner).fetch_all(&self.read).await?)
    }

    pub(super) async fn v1_remove_file(&self, owner: &str, id: &str) -> Result<()> {
        let mut t = self.begin().await?;
        sqlx::query("DELETE FROM v1_files WHERE id = ? AND owner = ?")
            .bind(id)
            .bind(owner)
            .execute(&mut *t)
            .await?;
        self.commit(t).await
    }

    pub(super) async fn v1_add_character(
        &self,
        owner: &str,
        character: &CharacterRow,
    ) -> Result<()> {
        let mut t = self.begin().await?;
        sqlx::query(
            "INSERT INTO v1_characters (id, owner, name, clip, created) VALUES (?, ?, ?, ?, ?)",
        )
        .bind(&character.id)
        .bind(owner)
        .bind(&character.name)
        .bind(&character.clip)
        .bind(character.created)
        .execute(&mut *t)
        .await?;
        self.commit(t).await
    }

    pub(super) async fn v1_character(&self, owner: &str, id: &str) -> Result<CharacterRow> {
        let row = sqlx::query_as("SELECT * FROM v1_characters WHERE id = ? AND owner = ?")
            .bind(id)
            .bind(owner);
        row.fetch_optional(&self.read)
            .await?
            .ok_or(Error::NotFound("character"))
    }

    pub(super) async fn v1_add_endpoint(&self, owner: &str, endpoint: &EndpointRow) -> Result<()> {
        let mut t = self.begin().await?;
        sqlx::query("INSERT INTO v1_endpoints (id, owner, name, url, events, secret, created) VALUES (?, ?, ?, ?, ?, ?, ?)")
            .bind(&endpoint.id)
            .bind(owner)
            .bind(&endpoint.name)
            .bind(&endpoint.url)
            .bind(&endpoint.events)
            .bind(&endpoint.secret)
            .bind(endpoint.created)
            .execute(&mut *t)
            .await?;
        self.commit(t).await
    }

    pub(super) async fn v1_endpoint(&self, owner: &str, id: &str) -> Result<EndpointRow> {
        let row = sqlx::query_as("SELECT * FROM v1_endpoints WHERE id = ? AND owner = ?")
            .bind(id)
            .bind(owner);
        row.fetch_optional(&self.read)
            .await?
            .ok_or(Error::NotFound("webhook endpoint"))
    }

    pub(super) async fn v1_endpoints(&self, owner: &str) -> Result<Vec<EndpointRow>> {
        let rows =
            sqlx::query_as("SELECT * FROM v1_endpoints WHERE owner = ? ORDER BY created, id");
        Ok(rows.bind(owner).fetch_all(&self.read).await?)
    }

    pub(super) async fn v1_remove_endpoint(&self, owner: &str, id: &str) -> Result<()> {
        let mut t = self.begin().await?;
        sqlx::query("DELETE FROM v1_endpoints WHERE id = ? AND owner = ?")
            .bind(id)
            .bind(owner)
            .execute(&mut *t)
            .await?;
        self.commit(t).await
    }

    /// The event that is due first, but for those that are `under_way` and all to the endpoints that are `busy`. A wait
    /// longer than the longest comes of a clock that was set back: it is over.
    pub(super) async fn v1_next_due(
        &self,
        under_way: &[i64],
        busy: &[&str],
    ) -> Result<Option<DeliveryRow>> {
        let row = sqlx::query_as(
            "SELECT d.id, d.event, d.kind, d.video, d.created, d.attempts, d.endpoint, e.url, e.secret FROM v1_deliveries d \
             JOIN v1_endpoints e ON e.id = d.endpoint WHERE (d.due <= ?1 OR d.due > ?1 + ?2) \
             AND d.id NOT IN (SELECT value FROM json_each(?3)) AND d.endpoint NOT IN (SELECT value FROM json_each(?4)) \
             ORDER BY d.due, d.id LIMIT 1",
        )
        .bind(now())
        .bind(LONGEST_WAIT_MS)
        .bind(serde_json::to_string(under_way)?)
        .bind(serde_json::to_string(busy)?);
        Ok(row.fetch_optional(&self.read).await?)
    }

    /// Ends a delivery, or puts it off until `due` (ms since 1970).
    pub(super) async fn v1_delivered(&self, id: i64, due: Option<i64>) -> Result<()> {
        let mut t = self.begin().await?;
        match due {
            None => {
                sqlx::query("DELETE FROM v1_deliveries WHERE id = ?")
                    .bind(id)
                    .execute(&mut *t)
                    .await?
            }
            Some(due) => {
                let sql = sqlx::query(
                    "UPDATE v1_deliveries SET attempts = attempts + 1, due = ? WHERE id = ?",
                );
                sql.bind(due).bind(id).execute(&mut *t).await?
            }
        };
        self.commit(t).await
    }
}
