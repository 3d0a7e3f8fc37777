//! Users' own styles, and their settings.

use std::collections::HashMap;

use kinora_engine::style::Style;
use serde_json::Value;
use sqlx::FromRow;

use super::{Store, json};
use crate::{Error, Result};

/// A style of a user's.
#[derive(Debug, Clone, Default)]
pub struct Own {
    /// As its user wrote it.
    pub written: Style,
    /// With what its pictures show.
    pub look: Style,
    /// Identifiers.
    pub pictures: Vec<String>,
}

/// A reference picture: its identifier, and its bytes as JPEG.
pub type Picture = (String, Vec<u8>);

#[derive(FromRow)]
struct Row {
    written: String,
    look: String,
    pictures: String,
}

impl Store {
    /// The user's own styles by name.
    pub async fn styles(&self, owner: &str) -> Result<Vec<Own>> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT written, look, (SELECT json_group_array(id) FROM (SELECT id FROM style_pictures \
             WHERE owner = styles.owner AND style = styles.name ORDER BY number)) AS pictures \
             FROM styles WHERE owner = ? ORDER BY name",
        )
        .bind(owner)
        .fetch_all(&self.read)
        .await?;
        let own = |row: Row| {
            Ok(Own {
                written: serde_json::from_str(&row.written)?,
                look: serde_json::from_str(&row.look)?,
                pictures: serde_json::from_str(&row.pictures)?,
            })
        };
        rows.into_iter().map(own).collect()
    }

    /// What the user's own styles say.
    pub async fn looks(&self, owner: &str) -> Result<Vec<Style>> {
        let own = self.styles(owner).await?.into_iter();
        Ok(own.map(|style| style.look).collect())
    }

    /// A style by the name that it is kept under.
    pub async fn style(&self, owner: &str, name: &str) -> Result<Own> {
        let mut all = self.styles(owner).await?.into_iter();
        all.find(|style| style.written.name == name)
            .ok_or(Error::NotFound("style"))
    }

    /// One of that name is replaced, with its pictures.
    pub async fn put_style(
        &self,
        owner: &str,
        written: &Style,
        look: &Style,
        pictures: &[Picture],
    ) -> Result<()> {
        let name = &written.name;
        let mut t = self.begin().await?;
        sqlx::query("DELETE FROM styles WHERE owner = ? AND name = ?")
            .bind(owner)
            .bind(name)
            .execute(&mut *t)
            .await?;
        sqlx::query("INSERT INTO styles (owner, name, written, look) VALUES (?, ?, ?, ?)")
            .bind(owner)
            .bind(name)
            .bind(serde_json::to_string(written)?)
            .bind(serde_json::to_string(look)?)
            .execute(&mut *t)
            .await?;
        for (number, (id, jpeg)) in pictures.iter().enumerate() {
            sqlx::query("INSERT INTO style_pictures (id, owner, style, number, jpeg) VALUES (?, ?, ?, ?, ?)")
                .bind(id)
                .bind(owner)
                .bind(name)
                .bind(number as i64)
                .bind(jpeg)
                .execute(&mut *t)
                .await?;
        }
        self.commit(t).await
    }

    /// One picture of a style of the user's.
    pub async fn style_picture(&self, owner: &str, id: &str) -> Result<Vec<u8>> {
        let found =
            sqlx::query_scalar("SELECT jpeg FROM style_pictures WHERE owner = ? AND id = ?");
        let jpeg = found.bind(owner).bind(id).fetch_optional(&self.read);
        jpeg.await?.ok_or(Error::NotFound("picture"))
    }

    /// All pictures of a style, in order.
    pub async fn style_pictures(&self, owner: &str, name: &str) -> Result<Vec<Picture>> {
        let all = sqlx::query_as(
            "SELECT id, jpeg FROM style_pictures WHERE owner = ? AND style = ? ORDER BY number",
        );
        Ok(all.bind(owner).bind(name).fetch_all(&self.read).await?)
    }

    /// The latest clip of the user's in each style: style → clip.
    pub async fn clips_in_styles(&self, owner: &str) -> Result<HashMap<String, String>> {
        let latest: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT style, id, max(created) FROM clips WHERE owner = ? AND style IS NOT NULL AND trashed IS NULL GROUP BY style",
        )
        .bind(owner)
        .fetch_all(&self.read)
        .await?;
        Ok(latest
            .into_iter()
            .map(|(style, id, _)| (style, id))
            .collect())
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
