//! The whole library out, and in again.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use axum::Extension;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::media::file_once;
use super::uploads::{form_of, multipart, read_upload, receive};
use crate::derive::Meta;
use crate::files::fresh_id;
use crate::guard::Viewer;
use crate::store::clips::{Filter, NewClip, Order, Patch};
use crate::transfer::{Board, Entry, Folder, Import, Library, Style, pack};
use crate::wire::Clip;
use crate::{App, Error, Result};

/// Everything that is the user's, as a zip: media, sidecars, folders, boards, styles.
#[utoipa::path(get, path = "/api/export", responses((status = 200, content_type = "application/zip")))]
pub async fn export(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    request: Request,
) -> Result<Response> {
    let library = gather(&app, &viewer).await?;
    let turn = app
        .heavy
        .clone()
        .acquire_owned()
        .await
        .map_err(Error::internal)?;
    let files = app.store.files.clone();
    let to = files.upload(&fresh_id()).with_extension("zip");
    let path = to.clone();
    tokio::task::spawn_blocking(move || {
        let _turn = turn;
        pack(&files, &library, &to)
    })
    .await??;
    let mut answer = file_once(&path, request).await?;
    let name = HeaderValue::from_static("attachment; filename=\"kinora-library.zip\"");
    answer
        .headers_mut()
        .insert(header::CONTENT_DISPOSITION, name);
    Ok(answer)
}

async fn gather(app: &App, viewer: &Viewer) -> Result<Library> {
    let mut library = Library {
        kinora: env!("CARGO_PKG_VERSION").into(),
        ..Library::default()
    };
    for trash in [false, true] {
        let mut filter = Filter {
            trash: Some(trash),
            order: Order::Asc,
            limit: Some(200),
            ..Filter::default()
        };
        loop {
            let page = app.store.clips(&viewer.id, &filter).await?;
            let entry = |clip: Clip| Entry {
                media: clip.file.clone(),
                clip,
            };
            library.clips.extend(page.items.into_iter().map(entry));
            filter.cursor = page.next_cursor;
            if filter.cursor.is_none() {
                break;
            }
        }
    }
    let folders = app.store.folders(&viewer.id).await?.into_iter();
    library.folders = folders
        .map(|folder| Folder {
            id: folder.id,
            name: folder.name,
        })
        .collect();
    let boards = app.store.boards(&viewer.id).await?.into_iter();
    library.boards = boards
        .map(|board| Board {
            name: board.name,
            board: board.board,
        })
        .collect();
    let styles = app.store.styles(&viewer.id).await?.into_iter();
    library.styles = styles
        .map(|(name, title, text)| Style { name, title, text })
        .collect();
    Ok(library)
}

#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Imported {
    pub clips: u64,
    /// Clips that were here already, or that could not be read.
    pub skipped: u64,
    /// Why, for those that could not.
    pub problems: Vec<String>,
}

/// Takes in what `/api/export` gave: part `file`, at most 64 times as large as an upload. Clips that are here already are skipped.
#[utoipa::path(post, path = "/api/import", request_body(content = super::uploads::UploadForm, content_type = "multipart/form-data"), responses((status = 200, body = Imported)))]
pub async fn import(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    request: Request,
) -> Result<Json<Imported>> {
    let mut form = form_of(request).await?;
    let path = app.store.files.upload(&fresh_id()).with_extension("zip");
    while let Some(field) = form.next_field().await.map_err(multipart)? {
        if field.name() == Some("file") {
            let done = match receive(field, &path, app.config.upload_mb << 26).await {
                Ok(()) => take_in(&app, &viewer, path.clone()).await,
                Err(error) => Err(error),
            };
            let _ = tokio::fs::remove_file(&path).await;
            return Ok(Json(done?));
        }
    }
    Err(Error::Invalid("the form has no part `file`".into()))
}

async fn take_in(app: &App, viewer: &Viewer, path: PathBuf) -> Result<Imported> {
    let mut import = tokio::task::spawn_blocking(move || Import::open(&path)).await??;
    let library = std::mem::take(&mut import.contents);
    let mut folders = HashMap::new();
    let there = app.store.folders(&viewer.id).await?;
    for folder in library.folders {
        let known = there
            .iter()
            .find(|known| known.name == folder.name)
            .map(|known| known.id.clone());
        let id = match known {
            Some(id) => id,
            None => app.store.create_folder(&viewer.id, &folder.name).await?.id,
        };
        folders.insert(folder.id, id);
    }
    for board in library.boards {
        app.store
            .create_board(&viewer.id, &board.name, &board.board)
            .await?;
    }
    for style in library.styles {
        app.store
            .put_style(&viewer.id, &style.name, &style.title, &style.text)
            .await?;
    }
    let mut imported = Imported::default();
    for entry in library.clips {
        if app.store.clip_exists(&entry.clip.id).await? {
            imported.skipped += 1;
            continue;
        }
        let (back, done) = take_in_clip(app, viewer, import, entry, &folders).await?;
        import = back;
        match done {
            Ok(()) => imported.clips += 1,
            Err(problem) => {
                imported.skipped += 1;
                imported.problems.push(problem.to_string());
            }
        }
    }
    Ok(imported)
}

/// One clip; its media is read anew, whatever the index says of it.
async fn take_in_clip(
    app: &App,
    viewer: &Viewer,
    mut import: Import,
    entry: Entry,
    folders: &HashMap<String, String>,
) -> Result<(Import, Result<()>)> {
    let turn = app
        .heavy
        .clone()
        .acquire_owned()
        .await
        .map_err(Error::internal)?;
    let (files, limit) = (app.store.files.clone(), app.config.upload_mb << 20);
    let scratch = files.upload(&fresh_id());
    let folder_of_it = scratch.clone();
    let (import, entry, read) = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let scratch = folder_of_it;
        let read = match import.unpack(&entry, &scratch, limit) {
            Ok(true) => read_upload(&scratch),
            Ok(false) => Err(Error::Unreadable(format!(
                "the clip {} is not in the zip",
                entry.clip.id
            ))),
            Err(error) => Err(error),
        };
        (import, entry, read)
    })
    .await?;
    let placed = place(app, viewer, &entry.clip, &scratch, read).await;
    // Gone, if it was moved into the library.
    let _ = tokio::fs::remove_dir_all(&scratch).await;
    let meta = match placed {
        Ok(meta) => meta,
        Err(error @ (Error::Internal(_) | Error::Full)) => return Err(error),
        Err(problem) => return Ok((import, Err(problem))),
    };
    let clip = entry.clip;
    let folder = clip
        .folder_id
        .as_ref()
        .and_then(|id| folders.get(id))
        .cloned();
    let created = clip
        .created_at
        .parse::<jiff::Timestamp>()
        .ok()
        .map(|at| at.as_millisecond());
    let new = NewClip {
        id: clip.id.clone(),
        owner: viewer.id.clone(),
        kind: if clip.kind == "generation" {
            clip.kind
        } else {
            "upload".into()
        },
        tool: clip.tool,
        prompt: clip.prompt,
        title: clip.title,
        job: clip.job_id,
        variant: clip.variant,
        variants: clip.variants,
        seed: clip.seed,
        model: clip.model,
        style: clip.style,
        settings: clip.settings,
        parents: clip.parents,
        folder,
        created,
        meta,
    };
    app.store.add_clip(&new).await?;
    let marks = Patch {
        favourite: Some(clip.favourite),
        bookmarked: Some(clip.bookmarked),
        tags: Some(clip.tags),
        trashed: Some(clip.trashed_at.is_some()),
        ..Patch::default()
    };
    app.store
        .patch_clips(&viewer.id, std::slice::from_ref(&clip.id), &marks)
        .await?;
    Ok((import, Ok(())))
}

/// Moves what was read into the library, unless moderation refuses it.
async fn place(
    app: &App,
    viewer: &Viewer,
    clip: &Clip,
    scratch: &Path,
    read: Result<Meta>,
) -> Result<Meta> {
    let meta = read?;
    app.policy
        .check_upload(&app.store, viewer, &clip.title, scratch, &meta)
        .await?;
    tokio::fs::rename(scratch, app.store.files.clip(&clip.id)).await?;
    Ok(meta)
}
