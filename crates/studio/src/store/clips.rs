//! Clips: what the library holds.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{FromRow, QueryBuilder, Sqlite};
use utoipa::{IntoParams, ToSchema};

use super::cursor::Cursor;
use super::{Store, json};
use crate::derive::Meta;
use crate::files::now;
use crate::wire::{Clip, ClipUrls, Counts, Page, Sprite, time};
use crate::{Error, Result};

/// Which clips, in which order.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Words that prompt, title or a tag hold; all of them.
    pub q: Option<String>,
    /// A folder's id, or `none`.
    pub folder: Option<String>,
    pub favourite: Option<bool>,
    pub bookmarked: Option<bool>,
    pub tag: Option<String>,
    pub kind: Option<String>,
    pub tool: Option<String>,
    /// What lies in the trash instead of what does not.
    pub trash: Option<bool>,
    pub job: Option<String>,
    #[serde(default)]
    pub sort: Sort,
    #[serde(default)]
    pub order: Order,
    /// 1–200; 50 if absent.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    pub cursor: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    #[default]
    Created,
    Title,
    Seconds,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    #[default]
    Desc,
    Asc,
}

/// A change to one or many clips; what is `None` stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct Patch {
    pub title: Option<String>,
    pub favourite: Option<bool>,
    pub bookmarked: Option<bool>,
    /// `null` takes it out of its folder.
    #[serde(deserialize_with = "some")]
    #[schema(value_type = Option<String>)]
    pub folder_id: Option<Option<String>>,
    /// All its tags.
    pub tags: Option<Vec<String>>,
    /// Tags beside those that it has.
    pub add_tags: Option<Vec<String>>,
    pub trashed: Option<bool>,
}

/// Tells an absent field from `null`.
pub(crate) fn some<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    from: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

/// A clip that is about to be in the library; its folder is in place.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewClip {
    pub id: String,
    pub owner: String,
    pub kind: String,
    pub tool: String,
    pub prompt: String,
    pub title: String,
    pub job: Option<String>,
    pub variant: u32,
    pub variants: u32,
    pub seed: Option<u64>,
    pub model: Option<String>,
    pub style: Option<String>,
    pub settings: Option<Value>,
    pub parents: Vec<String>,
    pub folder: Option<String>,
    /// Now, if absent.
    pub created: Option<i64>,
    pub meta: Meta,
}

#[derive(FromRow)]
pub(super) struct Row {
    pub id: String,
    owner: String,
    kind: String,
    tool: String,
    prompt: String,
    title: String,
    job: Option<String>,
    variant: u32,
    variants: u32,
    width: u32,
    height: u32,
    seconds: f64,
    fps: f64,
    frames: i64,
    seed: Option<i64>,
    model: Option<String>,
    style: Option<String>,
    settings: Option<String>,
    file: String,
    bytes: i64,
    sprite: String,
    folder: Option<String>,
    favourite: bool,
    bookmarked: bool,
    trashed: Option<i64>,
    pub published: Option<i64>,
    share: Option<String>,
    created: i64,
    parents: String,
    tag_list: String,
    children: u32,
    pub likes: u32,
}

pub(super) const COLUMNS: &str = "clips.*, \
    (SELECT json_group_array(parent) FROM parents WHERE clip = clips.id) AS parents, \
    (SELECT json_group_array(tag) FROM tags WHERE clip = clips.id) AS tag_list, \
    (SELECT count(*) FROM parents WHERE parent = clips.id) AS children, \
    (SELECT count(*) FROM likes WHERE clip = clips.id) AS likes";

impl Row {
    /// The end of a page whose last clip it is.
    fn cursor(&self, sort: Sort) -> Cursor {
        Cursor {
            value: match sort {
                Sort::Created => self.created.into(),
                Sort::Title => self.title.clone().into(),
                Sort::Seconds => self.seconds.into(),
            },
            id: self.id.clone(),
        }
    }

    pub(super) fn clip(self) -> Clip {
        Clip {
            urls: ClipUrls::of(&self.id),
            id: self.id,
            kind: self.kind,
            tool: self.tool,
            prompt: self.prompt,
            title: self.title,
            job_id: self.job,
            variant: self.variant,
            variants: self.variants,
            parents: json(Some(self.parents)).unwrap_or_default(),
            children_count: self.children,
            width: self.width,
            height: self.height,
            seconds: self.seconds,
            fps: self.fps,
            frames: self.frames.unsigned_abs(),
            seed: self.seed.map(|seed| seed as u64),
            model: self.model,
            style: self.style,
            created_at: time(self.created),
            bytes: self.bytes.unsigned_abs(),
            favourite: self.favourite,
            bookmarked: self.bookmarked,
            folder_id: self.folder,
            tags: json(Some(self.tag_list)).unwrap_or_default(),
            trashed_at: self.trashed.map(time),
            share_url: self.share.map(|token| format!("/s/{token}")),
            published: self.published.is_some(),
            likes: self.likes,
            sprite: json(Some(self.sprite)).unwrap_or(Sprite {
                columns: 1,
                rows: 1,
                count: 1,
                width: 1,
                height: 1,
            }),
            settings: json(self.settings),
            owner: self.owner,
            file: self.file,
        }
    }
}

const MISSING: Error = Error::NotFound("clip");

impl Store {
    /// One clip of the owner's.
    pub async fn clip(&self, owner: &str, id: &str) -> Result<Clip> {
        let mut sql = select();
        sql.push(" WHERE id = ")
            .push_bind(id)
            .push(" AND owner = ")
            .push_bind(owner);
        let row = sql
            .build_query_as::<Row>()
            .fetch_optional(&self.read)
            .await?;
        row.map(Row::clip).ok_or(MISSING)
    }

    /// One clip that the user may see: their own, or one that is published.
    pub async fn clip_seen_by(&self, viewer: &str, id: &str) -> Result<Clip> {
        let mut sql = select();
        sql.push(" WHERE id = ").push_bind(id);
        sql.push(" AND (owner = ").push_bind(viewer);
        sql.push(" OR (published IS NOT NULL AND trashed IS NULL))");
        let row = sql
            .build_query_as::<Row>()
            .fetch_optional(&self.read)
            .await?;
        row.map(Row::clip).ok_or(MISSING)
    }

    /// The clip of a share link that holds.
    pub async fn clip_shared(&self, token: &str) -> Result<Clip> {
        let mut sql = select();
        sql.push(" WHERE share = ")
            .push_bind(token)
            .push(" AND trashed IS NULL");
        sql.push(" AND (share_expires IS NULL OR share_expires > ")
            .push_bind(now())
            .push(")");
        let row = sql
            .build_query_as::<Row>()
            .fetch_optional(&self.read)
            .await?;
        row.map(Row::clip).ok_or(MISSING)
    }

    /// A page of the owner's clips.
    pub async fn clips(&self, owner: &str, filter: &Filter) -> Result<Page<Clip>> {
        let mut count = QueryBuilder::new("SELECT count(*) FROM clips");
        narrow(&mut count, owner, filter);
        let total: i64 = count.build_query_scalar().fetch_one(&self.read).await?;

        let limit = filter.limit.unwrap_or(50).clamp(1, 200);
        let column = match filter.sort {
            Sort::Created => "created",
            Sort::Title => "title",
            Sort::Seconds => "seconds",
        };
        let (direction, sign) = match filter.order {
            Order::Desc => ("DESC", "<"),
            Order::Asc => ("ASC", ">"),
        };
        let mut sql = select();
        narrow(&mut sql, owner, filter);
        if let Some(cursor) = &filter.cursor {
            // Behind the last clip of the page before, whatever came since, and if that clip is gone.
            let kind = match filter.sort {
                Sort::Title => Value::is_string,
                Sort::Created | Sort::Seconds => Value::is_number,
            };
            let cursor = Cursor::parse(cursor, kind)?;
            sql.push(format!(" AND ({column}, id) {sign} ("));
            match cursor.value {
                Value::Number(number) => sql.push_bind(number.as_f64()),
                value => sql.push_bind(value.as_str().map(str::to_owned)),
            };
            sql.push(", ").push_bind(cursor.id).push(")");
        }
        sql.push(format!(
            " ORDER BY {column} {direction}, id {direction} LIMIT "
        ));
        sql.push_bind(limit + 1);
        let rows: Vec<Row> = sql.build_query_as().fetch_all(&self.read).await?;
        let full = rows.get(limit as usize - 1);
        let more = full.filter(|_| rows.len() > limit as usize);
        Ok(Page {
            next_cursor: more.map(|last| last.cursor(filter.sort).to_string()),
            items: rows
                .into_iter()
                .take(limit as usize)
                .map(Row::clip)
                .collect(),
            total: total.unsigned_abs(),
        })
    }

    /// What the clip came from, nearest first, and what came from it.
    pub async fn lineage(&self, owner: &str, id: &str) -> Result<(Vec<Clip>, Vec<Clip>)> {
        self.clip(owner, id).await?;
        let mut up = QueryBuilder::new(
            "WITH RECURSIVE line (id, depth) AS (SELECT parent, 1 FROM parents WHERE clip = ",
        );
        up.push_bind(id);
        up.push(" UNION SELECT parent, depth + 1 FROM parents JOIN line ON clip = line.id WHERE depth < 100) SELECT ");
        up.push(COLUMNS).push(" FROM clips JOIN (SELECT id AS line_id, min(depth) AS depth FROM line GROUP BY id) ON line_id = id WHERE owner = ");
        up.push_bind(owner).push(" ORDER BY depth, created");
        let ancestors: Vec<Row> = up.build_query_as().fetch_all(&self.read).await?;
        let mut down = select();
        down.push(" WHERE owner = ").push_bind(owner);
        down.push(" AND id IN (SELECT clip FROM parents WHERE parent = ")
            .push_bind(id)
            .push(") ORDER BY created");
        let children: Vec<Row> = down.build_query_as().fetch_all(&self.read).await?;
        let clips = |rows: Vec<Row>| rows.into_iter().map(Row::clip).collect();
        Ok((clips(ancestors), clips(children)))
    }

    /// Changes those of the clips that are the owner's, all or none; gives how many they are.
    pub async fn patch_clips(&self, owner: &str, ids: &[String], patch: &Patch) -> Result<u64> {
        let mut t = self.begin().await?;
        if let Some(Some(folder)) = &patch.folder_id {
            let found: Option<i64> =
                sqlx::query_scalar("SELECT 1 FROM folders WHERE id = ? AND owner = ?")
                    .bind(folder)
                    .bind(owner)
                    .fetch_optional(&mut *t)
                    .await?;
            found.ok_or(Error::NotFound("folder"))?;
        }
        let tags = patch.tags.iter().chain(&patch.add_tags).flatten();
        let tags: Vec<&str> = tags
            .map(|tag| tag.trim())
            .filter(|tag| !tag.is_empty())
            .collect();
        let mut changed = 0;
        for id in ids {
            let done = sqlx::query(
                "UPDATE clips SET title = coalesce(?3, title), favourite = coalesce(?4, favourite), \
                 bookmarked = coalesce(?5, bookmarked), folder = CASE WHEN ?6 THEN ?7 ELSE folder END, \
                 trashed = CASE ?8 WHEN 1 THEN coalesce(trashed, ?9) WHEN 0 THEN NULL ELSE trashed END \
                 WHERE id = ?1 AND owner = ?2",
            )
            .bind(id)
            .bind(owner)
            .bind(&patch.title)
            .bind(patch.favourite)
            .bind(patch.bookmarked)
            .bind(patch.folder_id.is_some())
            .bind(patch.folder_id.clone().flatten())
            .bind(patch.trashed)
            .bind(now())
            .execute(&mut *t)
            .await?;
            if done.rows_affected() == 0 {
                continue;
            }
            changed += 1;
            if patch.tags.is_some() {
                sqlx::query("DELETE FROM tags WHERE clip = ?")
                    .bind(id)
                    .execute(&mut *t)
                    .await?;
            }
            for tag in &tags {
                sqlx::query("INSERT OR IGNORE INTO tags (clip, tag) VALUES (?, ?)")
                    .bind(id)
                    .bind(tag)
                    .execute(&mut *t)
                    .await?;
            }
        }
        self.commit(t).await?;
        Ok(changed)
    }

    /// Removes the clips from the library, then their files; gives how many they were.
    pub async fn delete_clips(&self, owner: &str, ids: &[String]) -> Result<u64> {
        let mut t = self.begin().await?;
        let mut gone = Vec::new();
        for id in ids {
            let done = sqlx::query("DELETE FROM clips WHERE id = ? AND owner = ?")
                .bind(id)
                .bind(owner)
                .execute(&mut *t)
                .await?;
            if done.rows_affected() > 0 {
                gone.push(id);
            }
        }
        self.commit(t).await?;
        for id in &gone {
            let folder = self.files.clip(id);
            if let Err(error) = tokio::fs::remove_dir_all(&folder).await {
                tracing::warn!(%error, folder = %folder.display(), "a removed clip's files are left behind");
            }
        }
        Ok(gone.len() as u64)
    }

    /// Sets or ends the share link.
    pub async fn share_clip(
        &self,
        owner: &str,
        id: &str,
        link: Option<(&str, Option<i64>)>,
    ) -> Result<()> {
        let mut t = self.begin().await?;
        let done =
            sqlx::query("UPDATE clips SET share = ?, share_expires = ? WHERE id = ? AND owner = ?")
                .bind(link.map(|(token, _)| token))
                .bind(link.and_then(|(_, expires)| expires))
                .bind(id)
                .bind(owner)
                .execute(&mut *t)
                .await?;
        self.commit(t).await?;
        found(done.rows_affected())
    }

    /// Puts a clip into the library; one that is there already stays as it is.
    pub async fn add_clip(&self, clip: &NewClip) -> Result<()> {
        let mut t = self.begin().await?;
        insert(&mut t, clip).await?;
        self.commit(t).await
    }

    /// Whether there is such a clip, whoever's it is.
    pub async fn clip_exists(&self, id: &str) -> Result<bool> {
        let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM clips WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.read)
            .await?;
        Ok(found.is_some())
    }

    pub async fn counts(&self, owner: &str) -> Result<Counts> {
        let counts = sqlx::query_as(
            "SELECT (SELECT count(*) FROM clips WHERE owner = ?1 AND trashed IS NULL) AS clips, \
             (SELECT count(*) FROM clips WHERE owner = ?1 AND trashed IS NULL AND favourite) AS favourites, \
             (SELECT count(*) FROM clips WHERE owner = ?1 AND trashed IS NOT NULL) AS trash, \
             (SELECT count(*) FROM jobs WHERE owner = ?1 AND status = 'queued') AS queued, \
             (SELECT count(*) FROM jobs WHERE owner = ?1 AND status = 'running') AS running",
        );
        Ok(counts.bind(owner).fetch_one(&self.read).await?)
    }
}

pub(super) fn found(rows: u64) -> Result<()> {
    match rows {
        0 => Err(MISSING),
        _ => Ok(()),
    }
}

fn select() -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new("SELECT ");
    sql.push(COLUMNS).push(" FROM clips");
    sql
}

fn narrow(sql: &mut QueryBuilder<Sqlite>, owner: &str, filter: &Filter) {
    sql.push(" WHERE owner = ").push_bind(owner.to_owned());
    sql.push(match filter.trash {
        Some(true) => " AND trashed IS NOT NULL",
        _ => " AND trashed IS NULL",
    });
    match filter.folder.as_deref() {
        Some("none") => {
            sql.push(" AND folder IS NULL");
        }
        Some(folder) => {
            sql.push(" AND folder = ").push_bind(folder.to_owned());
        }
        None => {}
    }
    for (column, wanted) in [
        ("favourite", filter.favourite),
        ("bookmarked", filter.bookmarked),
    ] {
        if let Some(wanted) = wanted {
            sql.push(format!(" AND {column} = ")).push_bind(wanted);
        }
    }
    for (column, wanted) in [
        ("kind", &filter.kind),
        ("tool", &filter.tool),
        ("job", &filter.job),
    ] {
        if let Some(wanted) = wanted {
            sql.push(format!(" AND {column} = "))
                .push_bind(wanted.clone());
        }
    }
    if let Some(tag) = &filter.tag {
        sql.push(" AND id IN (SELECT clip FROM tags WHERE tag = ")
            .push_bind(tag.clone())
            .push(")");
    }
    // SQLite's texts end at a NUL.
    let plain = |c: char| c.is_whitespace() || c.is_control();
    let words = filter.q.iter().flat_map(|q| q.split(plain));
    for word in words.filter(|word| !word.is_empty()).take(16) {
        sql.push(" AND (");
        // Trigrams know no shorter words; most Chinese words have two characters.
        if word.chars().count() >= 3 {
            let quoted = format!("\"{}\"", word.replace('"', "\"\""));
            sql.push("clips.rowid IN (SELECT rowid FROM words WHERE words MATCH ")
                .push_bind(quoted)
                .push(")");
        } else {
            let like = format!(
                "%{}%",
                word.replace('\\', "\\\\")
                    .replace('%', "\\%")
                    .replace('_', "\\_")
            );
            sql.push("prompt LIKE ")
                .push_bind(like.clone())
                .push(" ESCAPE '\\' OR title LIKE ");
            sql.push_bind(like).push(" ESCAPE '\\'");
        }
        sql.push(" OR id IN (SELECT clip FROM tags WHERE tag = ")
            .push_bind(word.to_owned())
            .push("))");
    }
}

/// Within a transaction of the caller's.
pub(crate) async fn insert(t: &mut sqlx::SqliteConnection, clip: &NewClip) -> Result<()> {
    let meta = &clip.meta;
    sqlx::query(
        "INSERT OR IGNORE INTO clips (id, owner, kind, tool, prompt, title, job, variant, variants, width, height, seconds, \
         fps, frames, seed, model, style, settings, file, bytes, sprite, folder, created) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT id FROM folders WHERE id = ? AND owner = ?), ?)",
    )
    .bind(&clip.id)
    .bind(&clip.owner)
    .bind(&clip.kind)
    .bind(&clip.tool)
    .bind(&clip.prompt)
    .bind(&clip.title)
    .bind(&clip.job)
    .bind(clip.variant)
    .bind(clip.variants)
    .bind(meta.width)
    .bind(meta.height)
    .bind(meta.seconds)
    .bind(meta.fps)
    .bind(meta.frames as i64)
    .bind(clip.seed.map(|seed| seed as i64))
    .bind(&clip.model)
    .bind(&clip.style)
    .bind(clip.settings.as_ref().map(ToString::to_string))
    .bind(&meta.file)
    .bind(meta.bytes as i64)
    .bind(serde_json::to_string(&meta.sprite)?)
    .bind(&clip.folder)
    .bind(&clip.owner)
    .bind(clip.created.unwrap_or_else(now))
    .execute(&mut *t)
    .await?;
    for parent in &clip.parents {
        sqlx::query("INSERT OR IGNORE INTO parents (clip, parent) VALUES (?, ?)")
            .bind(&clip.id)
            .bind(parent)
            .execute(&mut *t)
            .await?;
    }
    Ok(())
}
