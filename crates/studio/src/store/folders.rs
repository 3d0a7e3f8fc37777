//! Folders: a clip is in one of them, or in none.

use serde::Serialize;
use utoipa::ToSchema;

use super::Store;
use crate::files::{fresh_id, now};
use crate::wire::time;
use crate::{Error, Result};

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Folder {
    pub id: String,
    pub name: String,
    /// How many clips it holds, those in the trash left out.
    pub clips: u64,
    pub created_at: String,
}

const MISSING: Error = Error::NotFound("folder");

impl Store {
    pub async fn folders(&self, owner: &str) -> Result<Vec<Folder>> {
        let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
            "SELECT id, name, (SELECT count(*) FROM clips WHERE folder = folders.id AND trashed IS NULL), created \
             FROM folders WHERE owner = ? ORDER BY name COLLATE NOCASE",
        )
        .bind(owner)
        .fetch_all(&self.read)
        .await?;
        let folder = |(id, name, clips, created): (String, String, i64, i64)| Folder {
            id,
            name,
            clips: clips.unsigned_abs(),
            created_at: time(created),
        };
        Ok(rows.into_iter().map(folder).collect())
    }

    pub async fn create_folder(&self, owner: &str, name: &str) -> Result<Folder> {
        let (id, at) = (fresh_id(), now());
        let mut t = self.begin().await?;
        sqlx::query("INSERT INTO folders (id, owner, name, created) VALUES (?, ?, ?, ?)")
            .bind(&id)
            .bind(owner)
            .bind(name)
            .bind(at)
            .execute(&mut *t)
            .await?;
        self.commit(t).await?;
        Ok(Folder {
            id,
            name: name.to_owned(),
            clips: 0,
            created_at: time(at),
        })
    }

    pub async fn rename_folder(&self, owner: &str, id: &str, name: &str) -> Result<Folder> {
        let mut t = self.begin().await?;
        sqlx::query("UPDATE folders SET name = ? WHERE id = ? AND owner = ?")
            .bind(name)
            .bind(id)
            .bind(owner)
            .execute(&mut *t)
            .await?;
        self.commit(t).await?;
        let all = self.folders(owner).await?;
        all.into_iter()
            .find(|folder| folder.id == id)
            .ok_or(MISSING)
    }

    /// Its clips stay, in no folder.
    pub async fn delete_folder(&self, owner: &str, id: &str) -> Result<()> {
        let mut t = self.begin().await?;
        let done = sqlx::query("DELETE FROM folders WHERE id = ? AND owner = ?")
            .bind(id)
            .bind(owner)
            .execute(&mut *t)
            .await?;
        self.commit(t).await?;
        match done.rows_affected() {
            0 => Err(MISSING),
            _ => Ok(()),
        }
    }
}
