//! What moderation refused, and what an administrator let pass; and the settings of the server itself.

use serde::Serialize;
use sqlx::FromRow;
use utoipa::ToSchema;

use super::Store;
use super::users::hash;
use crate::files::now;
use crate::moderation::list::Hit;
use crate::wire::time;
use crate::{Error, Result};

/// Refusals that are kept; those that were let pass are kept for ever.
const KEEP: i64 = 1000;
/// Characters of a text that are kept for the administrator.
const EXCERPT: usize = 2000;

/// One text of one user's that was refused.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Refusal {
    pub id: i64,
    pub user: String,
    /// `studio` or `v1`.
    pub origin: String,
    pub rule: String,
    /// The phrases of the list that were found.
    pub words: String,
    pub text: String,
    /// How often it was tried.
    pub times: u32,
    pub at: String,
    /// Whether an administrator lets this user have this text.
    pub allowed: bool,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    user: String,
    origin: String,
    rule: String,
    words: String,
    text: String,
    times: u32,
    at: i64,
    allowed: bool,
}

impl Store {
    /// Keeps a record; a text that was refused before is counted.
    pub async fn refuse(&self, owner: &str, origin: &str, hit: &Hit, text: &str) -> Result<()> {
        let mut t = self.begin().await?;
        sqlx::query(
            "INSERT INTO refusals (owner, digest, origin, rule, words, text, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
             ON CONFLICT (owner, digest) DO UPDATE SET rule = ?4, words = ?5, at = ?7, times = times + 1",
        )
        .bind(owner)
        .bind(hash(text))
        .bind(origin)
        .bind(&hit.rule.name)
        .bind(hit.words.join(", "))
        .bind(text.chars().take(EXCERPT).collect::<String>())
        .bind(now())
        .execute(&mut *t)
        .await?;
        sqlx::query(
            "DELETE FROM refusals WHERE NOT allowed AND id <= (SELECT max(id) FROM refusals) - ?",
        )
        .bind(KEEP)
        .execute(&mut *t)
        .await?;
        self.commit(t).await
    }

    /// What was refused, the latest first.
    pub async fn refusals(&self) -> Result<Vec<Refusal>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT refusals.id, users.name AS user, origin, rule, words, text, times, at, allowed FROM refusals \
             JOIN users ON users.id = owner ORDER BY at DESC, refusals.id DESC LIMIT 200",
        )
        .fetch_all(&self.read)
        .await?;
        let told = |row: Row| Refusal {
            id: row.id,
            user: row.user,
            origin: row.origin,
            rule: row.rule,
            words: row.words,
            text: row.text,
            times: row.times,
            at: time(row.at),
            allowed: row.allowed,
        };
        Ok(rows.into_iter().map(told).collect())
    }

    /// Lets the user have the text, or no longer.
    pub async fn let_pass(&self, id: i64, allowed: bool) -> Result<()> {
        let mut t = self.begin().await?;
        let done = sqlx::query("UPDATE refusals SET allowed = ? WHERE id = ?")
            .bind(allowed)
            .bind(id)
            .execute(&mut *t)
            .await?;
        self.commit(t).await?;
        match done.rows_affected() {
            0 => Err(Error::NotFound("refusal")),
            _ => Ok(()),
        }
    }

    /// Whether an administrator lets this user have this text.
    pub async fn is_let_pass(&self, owner: &str, text: &str) -> Result<bool> {
        let found: Option<i64> =
            sqlx::query_scalar("SELECT 1 FROM refusals WHERE owner = ? AND digest = ? AND allowed")
                .bind(owner)
                .bind(hash(text))
                .fetch_optional(&self.read)
                .await?;
        Ok(found.is_some())
    }

    /// What an administrator chose for the whole server.
    pub async fn server_setting(&self, name: &str) -> Result<Option<String>> {
        let value = sqlx::query_scalar("SELECT value FROM server WHERE name = ?").bind(name);
        Ok(value.fetch_optional(&self.read).await?)
    }

    pub async fn set_server_setting(&self, name: &str, value: &str) -> Result<()> {
        let mut t = self.begin().await?;
        sqlx::query("INSERT INTO server (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2")
            .bind(name)
            .bind(value)
            .execute(&mut *t)
            .await?;
        self.commit(t).await
    }
}
