//! Files that are uploaded once and named later: `input_reference[file_id]`.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::content::send;
use super::fault::{Answer, Fault};
use super::form::Form;
use super::schema;
use super::sources::keep;
use super::store::FileRow;
use crate::files::{fresh_id, now};
use crate::guard::Viewer;
use crate::{App, Error};

fn object(file: &FileRow) -> Value {
    json!({
        "id": file.id,
        "object": "file",
        "bytes": file.bytes,
        "created_at": file.created / 1000,
        "expires_at": null,
        "filename": file.name,
        "purpose": file.purpose,
        "status": "processed",
        "status_details": null,
    })
}

/// Uploads a picture or a video, to be named later.
#[utoipa::path(post, path = "/v1/files", request_body(content = schema::FileCreate, content_type = "multipart/form-data"), responses((status = 200, body = schema::File)))]
pub(super) async fn create(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    request: Request,
) -> Answer<Json<Value>> {
    let mut form = Form::read(&app, request).await?;
    let purpose = form.required_text("purpose", 64)?;
    let upload = form
        .files
        .remove("file")
        .ok_or_else(|| Fault::missing("file"))?;
    let (name, bytes) = (upload.name.clone(), upload.bytes);
    let clip = keep(&app, &viewer, upload, "file").await?;
    let file = FileRow {
        id: format!("file-{}", fresh_id()),
        name,
        purpose,
        clip: clip.id,
        bytes: bytes as i64,
        created: now(),
    };
    app.store.v1_add_file(&viewer.id, &file).await?;
    Ok(Json(object(&file)))
}

/// All files.
#[utoipa::path(get, path = "/v1/files", responses((status = 200, body = schema::FilePage)))]
pub(super) async fn list(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
) -> Answer<Json<Value>> {
    let files = app.store.v1_files(&viewer.id).await?;
    let data: Vec<Value> = files.iter().map(object).collect();
    Ok(Json(json!({
        "object": "list",
        "first_id": files.first().map(|file| &file.id),
        "last_id": files.last().map(|file| &file.id),
        "has_more": false,
        "data": data,
    })))
}

/// A file's description.
#[utoipa::path(get, path = "/v1/files/{id}", responses((status = 200, body = schema::File)))]
pub(super) async fn retrieve(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Answer<Json<Value>> {
    Ok(Json(object(&found(&app, &viewer, &id).await?)))
}

/// A file itself.
#[utoipa::path(get, path = "/v1/files/{id}/content", responses((status = 200, content_type = "*/*"), (status = 206, content_type = "*/*"), (status = 416)))]
pub(super) async fn content(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    request: Request,
) -> Answer<Response> {
    let file = found(&app, &viewer, &id).await?;
    let clip = app.store.clip(&viewer.id, &file.clip).await?;
    send(app.store.files.clip(&clip.id).join(&clip.file), request).await
}

/// Deletes the name of a file; the clip stays in the library, where others may come of it.
#[utoipa::path(delete, path = "/v1/files/{id}", responses((status = 200, body = schema::Gone)))]
pub(super) async fn remove(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Answer<Json<Value>> {
    let file = found(&app, &viewer, &id).await?;
    app.store.v1_remove_file(&viewer.id, &file.id).await?;
    Ok(Json(json!({"id": id, "object": "file", "deleted": true})))
}

async fn found(app: &App, viewer: &Viewer, id: &str) -> Answer<FileRow> {
    app.store
        .v1_file(&viewer.id, id)
        .await
        .map_err(|error| match error {
            Error::NotFound(_) => Fault::missing_thing("file", id),
            error => error.into(),
        })
}
