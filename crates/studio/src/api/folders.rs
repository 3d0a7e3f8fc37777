//! Folders.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Body, Id};
use crate::guard::Viewer;
use crate::store::folders::Folder;
use crate::wire::List;
use crate::{App, Error, Result};

#[derive(Debug, Deserialize, ToSchema)]
pub struct Name {
    pub name: String,
}

impl Name {
    pub(super) fn checked(self) -> Result<String> {
        let name = self.name.trim();
        match name.is_empty() || name.chars().count() > 120 {
            true => Err(Error::Invalid("a name has 1 to 120 characters".into())),
            false => Ok(name.to_owned()),
        }
    }
}

/// All folders, by name.
#[utoipa::path(get, path = "/api/folders", responses((status = 200, body = List<Folder>)))]
pub async fn list(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Json<List<Folder>>> {
    Ok(Json(List {
        items: app.store.folders(&viewer.id).await?,
    }))
}

/// A new folder.
#[utoipa::path(post, path = "/api/folders", request_body = Name, responses((status = 201, body = Folder)))]
pub async fn create(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Body(name): Body<Name>,
) -> Result<(StatusCode, Json<Folder>)> {
    let folder = app
        .store
        .create_folder(&viewer.id, &name.checked()?)
        .await?;
    Ok((StatusCode::CREATED, Json(folder)))
}

/// Another name for it.
#[utoipa::path(patch, path = "/api/folders/{id}", request_body = Name, responses((status = 200, body = Folder)))]
pub async fn rename(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
    Body(name): Body<Name>,
) -> Result<Json<Folder>> {
    Ok(Json(
        app.store
            .rename_folder(&viewer.id, &id, &name.checked()?)
            .await?,
    ))
}

/// Removes it; its clips stay.
#[utoipa::path(delete, path = "/api/folders/{id}", responses((status = 204)))]
pub async fn remove(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<StatusCode> {
    app.store.delete_folder(&viewer.id, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
