//! Storyboards as they are edited.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Store;
use crate::files::{fresh_id, now};
use crate::wire::time;
use crate::{Error, Result};

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Board {
    pub id: String,
    pub name: String,
    #[schema(value_type = Object)]
    pub board: Value,
    pub updated_at: String,
}

type Row = (String, String, String, i64);

fn board((id, name, board, updated): Row) -> Board {
    Board {
        id,
        name,
        board: serde_json::from_str(&board).unwrap_or_default(),
        updated_at: time(updated),
    }
}

const MISSING: Error = Error::NotFound("board");

impl Store {
    /// The latest edited first.
    pub async fn boards(&self, owner: &str) -> Result<Vec<Board>> {
        let rows = sqlx::query_as::<_, Row>(
            "SELECT id, name, board, updated FROM boards WHERE owner = ? ORDER BY updated DESC",
        );
        Ok(rows
            .bind(owner)
            .fetch_all(&self.read)
            .await?
            .into_iter()
            .map(board)
            .collect())
    }

    pub async fn board(&self, owner: &str, id: &str) -> Result<Board> {
        let row = sqlx::query_as::<_, Row>(
            "SELECT id, name, board, updated FROM boards WHERE owner = ? AND id = ?",
        );
        let row = row.bind(owner).bind(id).fetch_optional(&self.read).await?;
        row.map(board).ok_or(MISSING)
    }

    pub async fn create_board(&self, owner: &str, name: &str, board: &Value) -> Result<Board> {
        let id = fresh_id();
        let mut t = self.begin().await?;
        sqlx::query("INSERT INTO boards (id, owner, name, board, updated) VALUES (?, ?, ?, ?, ?)")
            .bind(&id)
            .bind(owner)
            .bind(name)
            .bind(board.to_string())
            .bind(now())
            .execute(&mut *t)
            .await?;
        self.commit(t).await?;
        self.board(owner, &id).await
    }

    /// What is `None` stays.
    pub async fn update_board(
        &self,
        owner: &str,
        id: &str,
        name: Option<&str>,
        board: Option<&Value>,
    ) -> Result<Board> {
        let mut t = self.begin().await?;
        sqlx::query(
            "UPDATE boards SET name = coalesce(?3, name), board = coalesce(?4, board), updated = ?5 WHERE id = ?1 AND owner = ?2",
        )
        .bind(id)
        .bind(owner)
        .bind(name)
        .bind(board.map(Value::to_string))
        .bind(now())
        .execute(&mut *t)
        .await?;
        self.commit(t).await?;
        self.board(owner, id).await
    }

    pub async fn delete_board(&self, owner: &str, id: &str) -> Result<()> {
        let mut t = self.begin().await?;
        let done = sqlx::query("DELETE FROM boards WHERE id = ? AND owner = ?")
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
