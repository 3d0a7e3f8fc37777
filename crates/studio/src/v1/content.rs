//! A video's bytes: the video itself, a thumbnail, a sheet of its frames. Ranges are answered.

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use std::path::PathBuf;
use tower::ServiceExt;
use tower_http::services::ServeFile;

use super::fault::{Answer, Fault};
use super::schema;
use super::videos::found;
use crate::api::media::delivered;
use crate::files::{SPRITESHEET, THUMBNAIL};
use crate::guard::Viewer;
use crate::{App, Error};

#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    variant: Option<String>,
    /// Which of several variants, from 1: Kinora makes up to four at once.
    clip: Option<String>,
}

/// The video itself, its thumbnail or its spritesheet; ranges are answered.
#[utoipa::path(get, path = "/v1/videos/{id}/content", params(schema::ContentParams), responses((status = 200, content_type = "*/*"), (status = 206, content_type = "*/*"), (status = 400), (status = 416)))]
pub(super) async fn content(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    query: Result<Query<Wanted>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Answer<Response> {
    let Query(wanted) = query.map_err(|problem| Fault::request(problem.body_text()))?;
    let variant = wanted.variant.as_deref().unwrap_or("video");
    if !["video", "thumbnail", "spritesheet"].contains(&variant) {
        return Err(Fault::field(
            "variant",
            "'variant' has to be video, thumbnail or spritesheet.",
        ));
    }
    let job = found(&app, &viewer, &id).await?;
    if job.status != "completed" {
        return Err(Fault::request(format!(
            "The video is not ready yet; its status is {}. Use GET /v1/videos/{id} to check the status.",
            job.status
        )));
    }
    if job.clips.is_empty() {
        // They were removed in the library, which the video outlives.
        return Err(Error::NotFound("file").into());
    }
    let number = match wanted.clip.as_deref().map(str::parse::<usize>) {
        None => 1,
        Some(Ok(number)) => number,
        Some(Err(_)) => 0,
    };
    let clip = number.checked_sub(1).and_then(|at| job.clips.get(at));
    let clip = clip.ok_or_else(|| {
        Fault::field(
            "clip",
            format!("'clip' has to be a number from 1 to {}.", job.clips.len()),
        )
    })?;
    let clip = app.store.clip(&viewer.id, clip).await?;
    let folder = app.store.files.clip(&clip.id);
    let path = match variant {
        "thumbnail" => folder.join(THUMBNAIL),
        "spritesheet" => folder.join(SPRITESHEET),
        _ => folder.join(delivered(&app, &clip).await?),
    };
    send(path, request).await
}

/// A file, or the part of it that was asked for.
pub(super) async fn send(path: PathBuf, request: Request) -> Answer<Response> {
    if !path.exists() {
        return Err(Error::NotFound("file").into());
    }
    let answer = ServeFile::new(path)
        .oneshot(request)
        .await
        .map_err(Error::internal)?;
    let mut answer = answer.map(Body::new).into_response();
    let headers = answer.headers_mut();
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=31536000"),
    );
    Ok(answer)
}
