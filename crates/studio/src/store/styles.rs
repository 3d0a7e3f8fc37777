//! Users' own styles, and their settings.

use std::collections::HashMap;

use serde_json::Value;

use super::{Store, json};
use crate::{Error, Result};

/// Name, title and words.
pub type Style = (String, String, String);

impl Store {
    pub async fn styles(&self, owner: &str) -> Result<Vec<Style>> {
        let rows =
            sqlx::query_as("SELECT name, title, text FROM styles WHERE owner = ? ORDER BY title");
        Ok(rows.bind(owner).fetch_all(&self.read).await?)
    }

    /// Name → words.
    pub async fn style_words(&self, owner: &str) -> Result<HashMap<String, String>> {
        let styles = self.styles(owner).await?;
        Ok(styles
            .into_iter()
            .map(|(name, _, text)| (name, text))
            .collect())
    }

    /// One of that name is replaced.
    pub async fn put_style(&self, owner: &str, name: &str, title: &str, text: &str) -> Result<()> {
        let mut t = self.begin().await?;
        sqlx::query("INSERT OR REPLACE INTO styles (owner, name, title, text) VALUES (?, ?, ?, ?)")
            .bind(owner)
            .bind(name)
            .bind(title)
            .bind(text)
            .execute(&mut *t)
            .await?;
        self.commit(t).await
    }

    pub async fn delete_style(&self, owner: &str, name: &str) -> Result<()> {
        let mut t = self.begin().await?;
        let done = sqlx::query("DELETE FROM styles WHERE owner = ? AND name = ?")
            .bind(owner)
            .bind(name)
            .execute(&mut *t)
            .await?;
        self.commit(t).await?;
        match done.rows_affected() {
            0 => Err(Error::NotFound("style")),
            _ => Ok(()),
        }
    }

    /// A JSON object that the pages keep for the user.
    pub async fn settings(&self, owner: &str) -> Result<Value> {
        let value: Option<String> =
            sqlx::query_scalar("SELECT value FROM settings WHERE owner = ?")
                .bind(owner)
                .fetch_optional(&self.read)
                .await?;
        Ok(json(value).unwrap_or_else(|| Value::Object(Default::default())))
    }

    /// Puts the fields of `changes` over those that are there; `null` removes one.
    pub async fn patch_settings(&self, owner: &str, changes: &Value) -> Result<Value> {
        let mut t = self.begin().await?;
        sqlx::query(
            "INSERT INTO settings (owner, value) VALUES (?1, json_patch('{}', ?2)) \
             ON CONFLICT (owner) DO UPDATE SET value = json_patch(value, ?2)",
        )
        .bind(owner)
        .bind(changes.to_string())
        .execute(&mut *t)
        .await?;
        self.commit(t).await?;
        self.settings(owner).await
    }
}
