//! Whose the files in the data folder are.

use sqlx::FromRow;

use super::Store;
use crate::Result;

/// A folder of the data folder's, and its owner.
#[derive(Debug, Clone, FromRow)]
pub struct Belonging {
    pub id: String,
    pub owner: String,
    /// `generation` or `upload` of clips, or `job`.
    pub kind: String,
    pub trashed: bool,
}

impl Store {
    /// Every clip, and every job whose work is kept.
    pub async fn belongings(&self) -> Result<Vec<Belonging>> {
        let all = sqlx::query_as(
            "SELECT id, owner, kind, trashed IS NOT NULL AS trashed FROM clips \
             UNION ALL SELECT id, owner, 'job', 0 FROM jobs WHERE status <> 'completed'",
        );
        Ok(all.fetch_all(&self.read).await?)
    }

    /// Bytes of the pictures of each user's styles.
    pub async fn style_bytes(&self) -> Result<Vec<(String, u64)>> {
        let all: Vec<(String, i64)> =
            sqlx::query_as("SELECT owner, sum(length(jpeg)) FROM style_pictures GROUP BY owner")
                .fetch_all(&self.read)
                .await?;
        let bytes = all.into_iter();
        Ok(bytes
            .map(|(owner, bytes)| (owner, bytes.unsigned_abs()))
            .collect())
    }
}
