//! What lies on the disk, and how much room there is.

use std::collections::HashMap;
use std::path::Path;

use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use crate::files::{Files, SPRITESHEET, THUMBNAIL};
use crate::guard::Viewer;
use crate::store::storage::Belonging;
use crate::{App, Result};

/// Bytes by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Kinds {
    /// What was generated: media, sidecars, marked copies.
    pub clips: u64,
    pub uploads: u64,
    /// Thumbnails and spritesheets of both.
    pub thumbnails: u64,
    /// Work under way, and what failed and cancelled jobs go on from.
    pub checkpoints: u64,
    /// All that belongs to clips in the trash.
    pub trash: u64,
    /// Reference pictures of styles.
    pub styles: u64,
}

impl Kinds {
    fn all(&self) -> u64 {
        self.clips + self.uploads + self.thumbnails + self.checkpoints + self.trash + self.styles
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Storage {
    /// All of the user's.
    pub bytes: u64,
    pub kinds: Kinds,
    /// Of the disk that the data folder is on, where the system tells it.
    pub free: Option<u64>,
    /// Every user's, the largest first; for administrators.
    pub users: Option<Vec<UserBytes>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct UserBytes {
    pub id: String,
    pub name: String,
    pub bytes: u64,
}

/// Bytes that the user's library takes, by kind, and those that are free.
#[utoipa::path(get, path = "/api/storage", responses((status = 200, body = Storage)))]
pub async fn storage(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Json<Storage>> {
    let belongings = app.store.belongings().await?;
    let files = app.store.files.clone();
    let measured = app.heavily(move || Ok((measure(&files, &belongings), free(files.root()))));
    let (mut taken, free) = measured.await?;
    for (owner, bytes) in app.store.style_bytes().await? {
        taken.entry(owner).or_default().styles = bytes;
    }
    let kinds = taken.get(&viewer.id).copied().unwrap_or_default();
    let users = match viewer.admin {
        false => None,
        true => {
            let bytes = |id: &str| taken.get(id).map_or(0, Kinds::all);
            let users = app.store.users().await?.into_iter();
            let mut users: Vec<_> = users
                .map(|user| UserBytes {
                    bytes: bytes(&user.id),
                    id: user.id,
                    name: user.name,
                })
                .collect();
            users.sort_by_key(|user| std::cmp::Reverse(user.bytes));
            Some(users)
        }
    };
    Ok(Json(Storage {
        bytes: kinds.all(),
        kinds,
        free,
        users,
    }))
}

/// Adds up the files of each owner. What disappears meanwhile takes no room.
fn measure(files: &Files, belongings: &[Belonging]) -> HashMap<String, Kinds> {
    let mut taken: HashMap<String, Kinds> = HashMap::new();
    for one in belongings {
        let kinds = taken.entry(one.owner.clone()).or_default();
        if one.kind == "job" {
            kinds.checkpoints += sizes(&files.job(&one.id))
                .map(|(_, bytes)| bytes)
                .sum::<u64>();
            continue;
        }
        for (name, bytes) in sizes(&files.clip(&one.id)) {
            let small = name == THUMBNAIL || name == SPRITESHEET;
            *match one.kind.as_str() {
                _ if one.trashed => &mut kinds.trash,
                _ if small => &mut kinds.thumbnails,
                "upload" => &mut kinds.uploads,
                _ => &mut kinds.clips,
            } += bytes;
        }
    }
    taken
}

/// Names and bytes of the files in a folder and those below it.
fn sizes(folder: &Path) -> Box<dyn Iterator<Item = (String, u64)>> {
    let entries = folder.read_dir().into_iter().flatten().flatten();
    Box::new(entries.flat_map(|entry| match entry.metadata() {
        Ok(found) if found.is_dir() => sizes(&entry.path()),
        Ok(found) => {
            let name = entry.file_name().to_string_lossy().into_owned();
            Box::new(std::iter::once((name, found.len())))
        }
        Err(_) => Box::new(std::iter::empty()),
    }))
}

#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail * disk.f_frsize)
}

#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}
