//! Users, their sessions and their keys. Secrets are kept as hashes: a copy of the database opens nothing.

use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::FromRow;
use utoipa::ToSchema;

use super::Store;
use crate::files::{fresh_id, now};
use crate::scope::Scope;
use crate::wire::time;
use crate::{Error, Result};

#[derive(Debug, Clone, FromRow, Serialize, ToSchema)]
pub struct User {
    pub id: String,
    pub name: String,
    pub admin: bool,
    /// Name of the plan, if it is not the default.
    pub plan: Option<String>,
}

/// A key as it is shown again.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Key {
    pub id: String,
    pub name: String,
    /// The secret's last four characters.
    pub hint: String,
    pub created_at: String,
    pub used_at: Option<String>,
    pub scopes: Vec<Scope>,
}

const COLUMNS: &str = "SELECT users.id, users.name, users.admin, users.plan FROM users";
/// How long a session lasts.
pub const SESSION_MS: i64 = 30 * 24 * 3600 * 1000;
/// The user that is there where nobody logs in; the administrator where somebody does.
pub const FIRST: &str = "local";

impl Store {
    pub async fn user(&self, id: &str) -> Result<User> {
        let user = sqlx::query_as(sqlx::AssertSqlSafe(format!("{COLUMNS} WHERE id = ?")));
        user.bind(id)
            .fetch_optional(&self.read)
            .await?
            .ok_or(Error::NotFound("user"))
    }

    pub async fn users(&self) -> Result<Vec<User>> {
        let users = sqlx::query_as(sqlx::AssertSqlSafe(format!("{COLUMNS} ORDER BY name")));
        Ok(users.fetch_all(&self.read).await?)
    }

    /// The user of that name, and the password's hash.
    pub async fn user_by_name(&self, name: &str) -> Result<Option<(User, Option<String>)>> {
        let found: Option<(String, Option<String>)> =
            sqlx::query_as("SELECT id, password FROM users WHERE name = ?")
                .bind(name)
                .fetch_optional(&self.read)
                .await?;
        match found {
            Some((id, hash)) => Ok(Some((self.user(&id).await?, hash))),
            None => Ok(None),
        }
    }

    /// `password` is the hash.
    pub async fn create_user(
        &self,
        name: &str,
        password: &str,
        admin: bool,
        plan: Option<&str>,
    ) -> Result<User> {
        let id = fresh_id();
        let mut t = self.begin().await?;
        let done = sqlx::query("INSERT OR IGNORE INTO users (id, name, password, admin, plan, created) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(&id)
            .bind(name)
            .bind(password)
            .bind(admin)
            .bind(plan)
            .bind(now())
            .execute(&mut *t)
            .await?;
        self.commit(t).await?;
        match done.rows_affected() {
            0 => Err(Error::Conflict(format!("there is a user `{name}` already"))),
            _ => self.user(&id).await,
        }
    }

    /// Gives the first user a name and a password, if nobody has one. Whether it did.
    pub async fn begin_accounts(&self, name: &str, password: &str) -> Result<bool> {
        let mut t = self.begin().await?;
        let done = sqlx::query(
            "UPDATE users SET name = ?2, password = ?3, admin = 1 \
             WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM users WHERE password IS NOT NULL)",
        )
        .bind(FIRST)
        .bind(name)
        .bind(password)
        .execute(&mut *t)
        .await?;
        self.commit(t).await?;
        Ok(done.rows_affected() > 0)
    }

    /// `plan`: another one, or the default.
    pub async fn change_user(
        &self,
        id: &str,
        plan: Option<Option<&str>>,
        admin: Option<bool>,
    ) -> Result<User> {
        let mut t = self.begin().await?;
        if let Some(plan) = plan {
            let change = sqlx::query("UPDATE users SET plan = ? WHERE id = ?");
            change.bind(plan).bind(id).execute(&mut *t).await?;
        }
        if let Some(admin) = admin {
            let change = sqlx::query("UPDATE users SET admin = ? WHERE id = ?");
            change.bind(admin).bind(id).execute(&mut *t).await?;
        }
        self.commit(t).await?;
        self.user(id).await
    }

    /// `password` is the hash. All of the user's sessions end but the one of this secret.
    pub async fn set_password(&self, id: &str, password: &str, kept: Option<&str>) -> Result<()> {
        let mut t = self.begin().await?;
        sqlx::query("UPDATE users SET password = ? WHERE id = ?")
            .bind(password)
            .bind(id)
            .execute(&mut *t)
            .await?;
        sqlx::query("DELETE FROM sessions WHERE owner = ? AND hash != ?")
            .bind(id)
            .bind(kept.map(hash).unwrap_or_default())
            .execute(&mut *t)
            .await?;
        self.commit(t).await
    }

    /// A user with all that is theirs; the files of their clips and jobs go too.
    pub async fn delete_user(&self, id: &str) -> Result<()> {
        let clips: Vec<String> = sqlx::query_scalar("SELECT id FROM clips WHERE owner = ?")
            .bind(id)
            .fetch_all(&self.read)
            .await?;
        self.cancel_pending(id).await?;
        self.delete_clips(id, &clips).await?;
        let mut t = self.begin().await?;
        let jobs: Vec<String> = sqlx::query_scalar("SELECT id FROM jobs WHERE owner = ?")
            .bind(id)
            .fetch_all(&mut *t)
            .await?;
        let done = sqlx::query("DELETE FROM users WHERE id = ?")
            .bind(id)
            .execute(&mut *t)
            .await?;
        self.commit(t).await?;
        for job in &jobs {
            self.clear_job(job).await;
        }
        match done.rows_affected() {
            0 => Err(Error::NotFound("user")),
            _ => Ok(()),
        }
    }

    /// Begins a session; `secret` goes into the cookie.
    pub async fn begin_session(&self, owner: &str, secret: &str) -> Result<()> {
        let mut t = self.begin().await?;
        sqlx::query("DELETE FROM sessions WHERE expires < ?")
            .bind(now())
            .execute(&mut *t)
            .await?;
        sqlx::query("INSERT INTO sessions (hash, owner, expires) VALUES (?, ?, ?)")
            .bind(hash(secret))
            .bind(owner)
            .bind(now() + SESSION_MS)
            .execute(&mut *t)
            .await?;
        self.commit(t).await
    }

    pub async fn end_session(&self, secret: &str) -> Result<()> {
        let mut t = self.begin().await?;
        sqlx::query("DELETE FROM sessions WHERE hash = ?")
            .bind(hash(secret))
            .execute(&mut *t)
            .await?;
        self.commit(t).await
    }

    pub async fn user_of_session(&self, secret: &str) -> Result<Option<User>> {
        let sql =
            format!("{COLUMNS} JOIN sessions ON owner = users.id WHERE hash = ? AND expires > ?");
        let user = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(hash(secret))
            .bind(now());
        Ok(user.fetch_optional(&self.read).await?)
    }

    pub async fn keys(&self, owner: &str) -> Result<Vec<Key>> {
        type Row = (String, String, String, i64, Option<i64>, String);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, name, hint, created, used, scopes FROM keys WHERE owner = ? ORDER BY created",
        )
        .bind(owner)
        .fetch_all(&self.read)
        .await?;
        let key = |(id, name, hint, created, used, scopes): Row| Key {
            id,
            name,
            hint,
            created_at: time(created),
            used_at: used.map(time),
            scopes: Scope::parse_all(&scopes),
        };
        Ok(rows.into_iter().map(key).collect())
    }

    pub async fn create_key(
        &self,
        owner: &str,
        name: &str,
        secret: &str,
        scopes: &[Scope],
    ) -> Result<Key> {
        let (id, at) = (fresh_id(), now());
        let hint = secret[secret.len().saturating_sub(4)..].to_owned();
        let mut t = self.begin().await?;
        sqlx::query(
            "INSERT INTO keys (id, owner, name, hash, hint, created, scopes) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&id)
        .bind(owner)
        .bind(name)
        .bind(hash(secret))
        .bind(&hint)
        .bind(at)
        .bind(Scope::join(scopes))
        .execute(&mut *t)
        .await?;
        self.commit(t).await?;
        Ok(Key {
            id,
            name: name.to_owned(),
            hint,
            created_at: time(at),
            used_at: None,
            scopes: scopes.to_vec(),
        })
    }

    pub async fn delete_key(&self, owner: &str, id: &str) -> Result<()> {
        let mut t = self.begin().await?;
        let done = sqlx::query("DELETE FROM keys WHERE id = ? AND owner = ?")
            .bind(id)
            .bind(owner)
            .execute(&mut *t)
            .await?;
        self.commit(t).await?;
        match done.rows_affected() {
            0 => Err(Error::NotFound("key")),
            _ => Ok(()),
        }
    }

    /// Whose key it is, and what it may do; its use is noted at most once a minute.
    pub async fn user_of_key(&self, secret: &str) -> Result<Option<(User, Vec<Scope>)>> {
        type Row = (String, String, bool, Option<String>, String, i64);
        let hash = hash(secret);
        let found: Option<Row> = sqlx::query_as(
            "SELECT users.id, users.name, admin, plan, scopes, coalesce(used, 0) FROM keys \
             JOIN users ON users.id = owner WHERE hash = ?",
        )
        .bind(&hash)
        .fetch_optional(&self.read)
        .await?;
        let Some((id, name, admin, plan, scopes, used)) = found else {
            return Ok(None);
        };
        if used < now() - 60_000 {
            // A note on the side: whoever only reads is not kept waiting by a database that is busy with writing.
            if let Err(error) = self.note_use(&hash).await {
                tracing::warn!("the use of a key is not noted: {error}");
            }
        }
        let user = User {
            id,
            name,
            admin,
            plan,
        };
        Ok(Some((user, Scope::parse_all(&scopes))))
    }

    async fn note_use(&self, key: &str) -> Result<()> {
        let mut t = self.begin().await?;
        sqlx::query("UPDATE keys SET used = ? WHERE hash = ?")
            .bind(now())
            .bind(key)
            .execute(&mut *t)
            .await?;
        self.commit(t).await
    }
}

/// Secrets are long and random: a plain hash is enough, and looking it up leaks nothing of them.
pub(super) fn hash(secret: &str) -> String {
    let digest = Sha256::digest(secret.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
