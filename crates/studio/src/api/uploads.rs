//! Uploads: streamed to disk, read once to see what they are, then clips like all others.

use std::path::Path;

use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequest, Request, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use tokio::io::AsyncWriteExt;

use crate::derive::{Meta, derive};
use crate::files::is_id;
use crate::guard::Viewer;
use crate::recover::recover;
use crate::scratch::Scratch;
use crate::store::clips::NewClip;
use crate::wire::Clip;
use crate::{App, Error, Result};

/// A form with a file in it.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "described; read part by part")]
pub struct UploadForm {
    /// Before the file, if at all.
    folder_id: Option<String>,
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// A video (MP4, GIF) or picture (PNG, JPEG, WebP): part `file`, and optionally a part `folder_id` before it.
#[utoipa::path(post, path = "/api/clips", request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses((status = 201, body = Clip), (status = 413), (status = 415)))]
pub async fn upload(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    request: Request,
) -> Result<(StatusCode, Json<Clip>)> {
    let mut form = form_of(request).await?;
    let mut folder = None;
    while let Some(field) = form.next_field().await.map_err(multipart)? {
        match field.name() {
            Some("folder_id") => {
                folder = short_text(field).await?.filter(|id| is_id(id));
            }
            Some("file") => {
                let clip = take_in(&app, &viewer, field, folder).await?;
                return Ok((StatusCode::CREATED, Json(clip)));
            }
            _ => {}
        }
    }
    Err(Error::Invalid("the form has no part `file`".into()))
}

/// A field's text, unless it is longer than any identifier.
async fn short_text(mut field: Field<'_>) -> Result<Option<String>> {
    let mut text = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(multipart)? {
        if text.len() + chunk.len() > 64 {
            return Ok(None);
        }
        text.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8(text).ok())
}

/// The parts of a form.
pub(super) async fn form_of(request: Request) -> Result<Multipart> {
    let form = Multipart::from_request(request, &()).await;
    form.map_err(|problem| {
        Error::Invalid(format!("send multipart/form-data: {}", problem.body_text()))
    })
}

async fn take_in(
    app: &App,
    viewer: &Viewer,
    field: Field<'_>,
    folder: Option<String>,
) -> Result<Clip> {
    let name = field.file_name().unwrap_or_default().to_owned();
    let scratch = app.store.files.scratch_folder()?;
    let (to, limit) = (scratch.path().join("upload"), app.config.upload_mb << 20);
    receive(field, &to, limit).await?;
    accept(app, viewer, scratch, &name, folder).await
}

pub(super) async fn receive(mut field: Field<'_>, to: &Path, limit: u64) -> Result<()> {
    let mut file = tokio::fs::File::create(to).await?;
    let mut bytes = 0;
    while let Some(chunk) = field.chunk().await.map_err(multipart)? {
        bytes += chunk.len() as u64;
        if bytes > limit {
            return Err(Error::TooLarge(format!(
                "{} MiB are taken at most; give a smaller file",
                limit >> 20
            )));
        }
        file.write_all(&chunk).await?;
    }
    if bytes == 0 {
        return Err(Error::Unreadable("the file is empty".into()));
    }
    Ok(file.flush().await?)
}

/// Bytes that lie as `upload` in a folder of their own become a clip.
pub async fn accept(
    app: &App,
    viewer: &Viewer,
    scratch: Scratch,
    name: &str,
    folder: Option<String>,
) -> Result<Clip> {
    let read = app.heavily(move || {
        let meta = read_upload(scratch.path())?;
        let found = recover(&scratch.path().join(&meta.file));
        Ok((scratch, meta, found))
    });
    let (scratch, meta, found) = read.await?;
    let (id, title) = (scratch.id().to_owned(), title(name));
    let clip = NewClip {
        id: id.clone(),
        owner: viewer.id.clone(),
        kind: "upload".into(),
        tool: "upload".into(),
        prompt: found.prompt,
        title,
        job: None,
        variant: 1,
        variants: 1,
        seed: found.seed,
        model: None,
        style: found.style,
        settings: found.settings,
        parents: Vec::new(),
        folder,
        created: None,
        meta,
    };
    place(app, viewer, scratch, clip).await?;
    app.store.clip(&viewer.id, &id).await
}

/// Moves what was read into the library, unless moderation refuses it.
pub(super) async fn place(
    app: &App,
    viewer: &Viewer,
    scratch: Scratch,
    clip: NewClip,
) -> Result<()> {
    let (policy, store) = (&app.policy, app.store.clone());
    policy
        .check_upload(&store, viewer, &clip.title, scratch.path(), &clip.meta)
        .await?;
    // A task of its own: who asked may go away between the two halves.
    let placed = tokio::spawn(async move {
        let folder = store.files.clip(&clip.id);
        std::fs::rename(scratch.path(), &folder)?;
        let added = store.add_clip(&clip).await;
        if added.is_err() {
            let _ = tokio::fs::remove_dir_all(&folder).await;
        }
        added
    });
    placed.await?
}

/// Reads `scratch/upload` once; what the library shows of it lies beside it then. Blocking.
pub(super) fn read_upload(scratch: &Path) -> Result<Meta> {
    let file = format!("video.{}", ending(&scratch.join("upload"))?);
    std::fs::rename(scratch.join("upload"), scratch.join(&file))?;
    derive(scratch, &file)
}

/// The ending that fits the first bytes; a name tells nothing.
fn ending(path: &Path) -> Result<&'static str> {
    use std::io::Read;
    let mut head = [0; 16];
    let count = std::fs::File::open(path)?.read(&mut head)?;
    Ok(match &head[..count] {
        [b'G', b'I', b'F', b'8', ..] => "gif",
        [0x89, b'P', b'N', b'G', ..] => "png",
        [0xff, 0xd8, 0xff, ..] => "jpg",
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => "webp",
        [0x1a, 0x45, 0xdf, 0xa3, ..] => "webm",
        [_, _, _, _, b'f' | b'm' | b'w', _, _, _, ..] => "mp4",
        _ => {
            return Err(Error::Unreadable(
                "this is no video or picture; give MP4, GIF, PNG, JPEG or WebP".into(),
            ));
        }
    })
}

/// The file's name without its folder and ending.
fn title(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    stem.chars().filter(|c| !c.is_control()).take(200).collect()
}

pub(super) fn multipart(problem: MultipartError) -> Error {
    match problem.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Error::TooLarge("the upload is too large".into()),
        _ => Error::Invalid(format!("the form cannot be read: {}", problem.body_text())),
    }
}
