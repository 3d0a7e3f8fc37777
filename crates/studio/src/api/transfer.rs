//! The whole library out, and in again.

use std::collections::HashMap;

use axum::Extension;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use utoipa::ToSchema;

use super::boards::{self, Edit};
use super::folders::Name;
use super::media::{delivered, file_once, marked_name};
use super::styles::{self, NewStyle};
use super::uploads::{form_of, multipart, place, read_upload, receive};
use crate::derive::Meta;
use crate::guard::Viewer;
use crate::scratch::Scratch;
use crate::store::clips::{Filter, NewClip, Order, Patch};
use crate::store::styles::Own;
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
    let files = app.store.files.clone();
    let to = files.scratch_file("zip");
    let packed = app.heavily(move || {
        pack(&files, &library, to.path())?;
        Ok(to)
    });
    let mut answer = file_once(packed.await?, request).await?;
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
            for clip in page.items {
                let media = media_of(app, &clip).await?;
                library.clips.push(Entry { media, clip });
            }
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
    for style in app.store.styles(&viewer.id).await? {
        library.styles.push(packed_style(app, viewer, style).await?);
    }
    Ok(library)
}

async fn packed_style(app: &App, viewer: &Viewer, own: Own) -> Result<Style> {
    let pictures = app.store.style_pictures(&viewer.id, &own.look.name).await?;
    let address = |jpeg| format!("data:image/jpeg;base64,{}", STANDARD.encode(jpeg));
    let shown = styles::Style::own(&own);
    Ok(Style {
        name: shown.name,
        title: shown.said.title,
        text: shown.said.text,
        look: Some(own.look),
        pictures: pictures
            .into_iter()
            .map(|(_, jpeg)| address(jpeg))
            .collect(),
    })
}

/// Name of the media that is packed: what leaves the studio otherwise, too.
async fn media_of(app: &App, clip: &Clip) -> Result<String> {
    match delivered(app, clip).await {
        Ok(name) => Ok(name),
        Err(Error::Full) => Err(Error::Full),
        // One clip that is broken, or was deleted meanwhile, must not keep the others here. It has no marked copy; so
        // it goes without its media.
        Err(error) => {
            tracing::warn!(%error, clip = clip.id, "exported without its media");
            Ok(marked_name(clip))
        }
    }
}

#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Imported {
    pub clips: u64,
    /// Clips that were here already, or that could not be read.
    pub skipped: u64,
    /// Why, for those that could not; and for boards, styles and folders that do not fit.
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
    while let Some(field) = form.next_field().await.map_err(multipart)? {
        if field.name() == Some("file") {
            let scratch = app.store.files.scratch_file("zip");
            receive(field, scratch.path(), app.config.upload_mb << 26).await?;
            return Ok(Json(take_in(&app, &viewer, scratch).await?));
        }
    }
    Err(Error::Invalid("the form has no part `file`".into()))
}

async fn take_in(app: &App, viewer: &Viewer, zip: Scratch) -> Result<Imported> {
    let mut import = tokio::task::spawn_blocking(move || Import::open(zip)).await??;
    let library = std::mem::take(&mut import.contents);
    let mut imported = Imported::default();
    let mut folders = HashMap::new();
    let there = app.store.folders(&viewer.id).await?;
    for folder in library.folders {
        let known = there.iter().find(|known| known.name == folder.name);
        let id = match known {
            Some(known) => Ok(known.id.clone()),
            None => add_folder(app, viewer, folder.name).await,
        };
        if let Some(id) = imported.took(id)? {
            folders.insert(folder.id, id);
        }
    }
    for board in library.boards {
        imported.took(add_board(app, viewer, board).await)?;
    }
    for style in library.styles {
        imported.took(add_style(app, viewer, style).await)?;
    }
    for entry in library.clips {
        if app.store.clip_exists(&entry.clip.id).await? {
            imported.skipped += 1;
            continue;
        }
        let (back, done) = take_in_clip(app, viewer, import, entry, &folders).await?;
        import = back;
        match imported.took(done)? {
            Some(()) => imported.clips += 1,
            None => imported.skipped += 1,
        }
    }
    Ok(imported)
}

impl Imported {
    /// What is wrong with one thing is told at the end, and keeps no other out; unless the fault is ours.
    fn took<T>(&mut self, done: Result<T>) -> Result<Option<T>> {
        match done {
            Ok(thing) => Ok(Some(thing)),
            Err(error @ (Error::Internal(_) | Error::Full)) => Err(error),
            Err(problem) => {
                self.problems.push(problem.to_string());
                Ok(None)
            }
        }
    }
}

async fn add_folder(app: &App, viewer: &Viewer, name: String) -> Result<String> {
    let name = Name { name }.checked()?;
    Ok(app.store.create_folder(&viewer.id, &name).await?.id)
}

async fn add_board(app: &App, viewer: &Viewer, board: Board) -> Result<()> {
    let edit = Edit {
        name: Some(board.name),
        board: Some(board.board),
    };
    boards::add(app, viewer, &edit).await?;
    Ok(())
}

async fn add_style(app: &App, viewer: &Viewer, style: Style) -> Result<()> {
    if let Some(look) = style.look {
        let pictures = style.pictures.iter();
        let pictures = pictures.map(|given| styles::picture(given, &[]));
        styles::keep(app, viewer, look, pictures.collect::<Result<_>>()?).await?;
        return Ok(());
    }
    let new = NewStyle {
        name: Some(style.name),
        title: style.title,
        text: style.text,
        pictures: None,
    };
    styles::add(app, viewer, new).await?;
    Ok(())
}

/// One clip; its media is read anew, whatever the index says of it.
async fn take_in_clip(
    app: &App,
    viewer: &Viewer,
    mut import: Import,
    entry: Entry,
    folders: &HashMap<String, String>,
) -> Result<(Import, Result<()>)> {
    let (scratch, limit) = (
        app.store.files.scratch_folder()?,
        app.config.upload_mb << 20,
    );
    let read = app.heavily(move || {
        let read = match import.unpack(&entry, scratch.path(), limit) {
            Ok(true) => read_upload(scratch.path()),
            Ok(false) => Err(Error::Unreadable(format!(
                "the clip {} is not in the zip",
                entry.clip.id
            ))),
            Err(error) => Err(error),
        };
        Ok((import, entry, scratch, read))
    });
    let (import, entry, scratch, read) = read.await?;
    let added = match read {
        Ok(meta) => {
            let marks = marks(&entry.clip);
            let new = new_clip(viewer, entry.clip, folders, meta);
            add_clip(app, viewer, scratch, new, &marks).await
        }
        Err(error) => Err(error),
    };
    Ok((import, added))
}

async fn add_clip(
    app: &App,
    viewer: &Viewer,
    scratch: Scratch,
    mut new: NewClip,
    marks: &Patch,
) -> Result<()> {
    if let Some(job) = &new.job
        && app.store.is_anothers_job(&viewer.id, job).await?
    {
        new.job = None;
    }
    let ids = [new.id.clone()];
    place(app, viewer, scratch, new).await?;
    app.store.patch_clips(&viewer.id, &ids, marks).await?;
    Ok(())
}

fn marks(clip: &Clip) -> Patch {
    Patch {
        favourite: Some(clip.favourite),
        bookmarked: Some(clip.bookmarked),
        tags: Some(clip.tags.clone()),
        trashed: Some(clip.trashed_at.is_some()),
        ..Patch::default()
    }
}

/// What the index says of a clip, under the ids of the folders here.
fn new_clip(viewer: &Viewer, clip: Clip, folders: &HashMap<String, String>, meta: Meta) -> NewClip {
    let folder = clip.folder_id.and_then(|id| folders.get(&id).cloned());
    let created = clip.created_at.parse::<jiff::Timestamp>();
    NewClip {
        id: clip.id,
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
        created: created.ok().map(|at| at.as_millisecond()),
        meta,
    }
}
