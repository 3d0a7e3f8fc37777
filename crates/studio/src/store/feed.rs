//! The feed: what users have published, and who likes it.

use serde::Deserialize;
use serde_json::Value;
use sqlx::{FromRow, QueryBuilder, Sqlite};
use utoipa::{IntoParams, ToSchema};

use super::Store;
use super::clips::{COLUMNS, Row, found};
use super::cursor::Cursor;
use crate::files::now;
use crate::wire::{Page, Post, time};
use crate::{Error, Result};

/// Which posts come first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FeedSort {
    /// Those published last.
    #[default]
    Recent,
    /// Those that most users like.
    Likes,
    /// Those that an administrator featured last; only featured ones.
    Featured,
}

impl FeedSort {
    /// The largest comes first; among equals the id decides.
    fn column(self) -> &'static str {
        match self {
            Self::Recent => "published",
            Self::Likes => "likes",
            Self::Featured => "featured",
        }
    }
}

/// A page of the feed.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct FeedFilter {
    pub sort: FeedSort,
    /// 1–200; 50 if absent.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    pub cursor: Option<String>,
}

#[derive(FromRow)]
struct PostRow {
    #[sqlx(flatten)]
    clip: Row,
    author: String,
    featured: Option<i64>,
    liked: bool,
}

impl PostRow {
    /// The end of a page whose last post it is.
    fn cursor(&self, sort: FeedSort) -> Cursor {
        Cursor {
            value: match sort {
                FeedSort::Recent => self.clip.published.into(),
                FeedSort::Likes => self.clip.likes.into(),
                FeedSort::Featured => self.featured.into(),
            },
            id: self.clip.id.clone(),
        }
    }

    fn post(self) -> Post {
        Post {
            published_at: time(self.clip.published.unwrap_or_default()),
            clip: self.clip.clip().as_others_see_it(),
            author: Some(self.author),
            featured: self.featured.is_some(),
            liked: self.liked,
        }
    }
}

const PUBLISHED: &str = "published IS NOT NULL AND trashed IS NULL";

/// All posts as `viewer` sees them, to be narrowed further.
fn posts(viewer: &str) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new("SELECT * FROM (SELECT ");
    sql.push(COLUMNS);
    sql.push(", (SELECT name FROM users WHERE users.id = clips.owner) AS author");
    sql.push(", EXISTS (SELECT 1 FROM likes WHERE clip = clips.id AND likes.owner = ");
    sql.push_bind(viewer.to_owned());
    sql.push(format!(
        ") AS liked FROM clips WHERE {PUBLISHED}) WHERE true"
    ));
    sql
}

impl Store {
    /// A page of what users have published, as one of them sees it.
    pub async fn feed(&self, viewer: &str, filter: &FeedFilter) -> Result<Page<Post>> {
        let column = filter.sort.column();
        let mut count = QueryBuilder::new("SELECT count(*) FROM clips WHERE ");
        let mut sql = posts(viewer);
        count.push(PUBLISHED);
        if filter.sort == FeedSort::Featured {
            count.push(" AND featured IS NOT NULL");
            sql.push(" AND featured IS NOT NULL");
        }
        let total: i64 = count.build_query_scalar().fetch_one(&self.read).await?;
        if let Some(cursor) = &filter.cursor {
            let cursor = Cursor::parse(cursor, Value::is_i64)?;
            sql.push(format!(" AND ({column}, id) < ("));
            sql.push_bind(cursor.value.as_i64()).push(", ");
            sql.push_bind(cursor.id).push(")");
        }
        let limit = filter.limit.unwrap_or(50).clamp(1, 200) as usize;
        sql.push(format!(" ORDER BY {column} DESC, id DESC LIMIT "));
        sql.push_bind(limit as i64 + 1);
        let rows: Vec<PostRow> = sql.build_query_as().fetch_all(&self.read).await?;
        let last = rows.get(limit - 1).filter(|_| rows.len() > limit);
        Ok(Page {
            next_cursor: last.map(|last| last.cursor(filter.sort).to_string()),
            items: rows.into_iter().take(limit).map(PostRow::post).collect(),
            total: total.unsigned_abs(),
        })
    }

    /// One post, as `viewer` sees it.
    pub async fn post(&self, viewer: &str, id: &str) -> Result<Post> {
        let mut sql = posts(viewer);
        sql.push(" AND id = ").push_bind(id);
        let row: Option<PostRow> = sql.build_query_as().fetch_optional(&self.read).await?;
        row.map(PostRow::post).ok_or(Error::NotFound("post"))
    }

    /// Puts the clip into the feed, or takes it out; what comes back is not featured any more.
    pub async fn publish_clip(&self, owner: &str, id: &str, published: bool) -> Result<()> {
        let mut t = self.begin().await?;
        let done = sqlx::query(
            "UPDATE clips SET published = CASE WHEN ?3 THEN coalesce(published, ?4) END, \
             featured = CASE WHEN ?3 THEN featured END WHERE id = ?1 AND owner = ?2",
        )
        .bind(id)
        .bind(owner)
        .bind(published)
        .bind(now())
        .execute(&mut *t)
        .await?;
        self.commit(t).await?;
        found(done.rows_affected())
    }

    /// Puts a post among the featured ones, or takes it out; whosever it is.
    pub async fn feature_post(&self, id: &str, featured: bool) -> Result<()> {
        let mut sql: QueryBuilder<Sqlite> = QueryBuilder::new("UPDATE clips SET featured = ");
        match featured {
            true => sql.push("coalesce(featured, ").push_bind(now()).push(")"),
            false => sql.push("NULL"),
        };
        sql.push(" WHERE id = ").push_bind(id);
        sql.push(format!(" AND {PUBLISHED}"));
        let mut t = self.begin().await?;
        let done = sql.build().execute(&mut *t).await?;
        self.commit(t).await?;
        found(done.rows_affected())
    }

    /// One like a user.
    pub async fn like_post(&self, viewer: &str, id: &str, liked: bool) -> Result<()> {
        self.post(viewer, id).await?;
        let sql = match liked {
            true => "INSERT OR IGNORE INTO likes (clip, owner) VALUES (?, ?)",
            false => "DELETE FROM likes WHERE clip = ? AND owner = ?",
        };
        let mut t = self.begin().await?;
        sqlx::query(sql)
            .bind(id)
            .bind(viewer)
            .execute(&mut *t)
            .await?;
        self.commit(t).await
    }
}
