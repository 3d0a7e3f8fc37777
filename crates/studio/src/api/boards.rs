//! Storyboards.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{Body, Id};
use crate::guard::Viewer;
use crate::make;
use crate::store::boards::Board;
use crate::wire::{JobRequest, List, Tool};
use crate::{App, Error, Result};

/// What is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Edit {
    pub name: Option<String>,
    #[schema(value_type = Option<Object>)]
    pub board: Option<Value>,
}

impl Edit {
    fn check(&self) -> Result<()> {
        let long = self
            .name
            .as_ref()
            .is_some_and(|name| name.chars().count() > 120);
        let fits = |board: &Value| board.is_object() && board.to_string().len() <= 1 << 20;
        match long || !self.board.as_ref().is_none_or(fits) {
            true => Err(Error::Invalid(
                "a board is a JSON object of at most 1 MiB with a name of at most 120 characters"
                    .into(),
            )),
            false => Ok(()),
        }
    }
}

/// All boards, the latest edited first.
#[utoipa::path(get, path = "/api/boards", responses((status = 200, body = List<Board>)))]
pub async fn list(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Json<List<Board>>> {
    Ok(Json(List {
        items: app.store.boards(&viewer.id).await?,
    }))
}

/// A new board.
#[utoipa::path(post, path = "/api/boards", request_body = Edit, responses((status = 201, body = Board)))]
pub async fn create(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Body(edit): Body<Edit>,
) -> Result<(StatusCode, Json<Board>)> {
    let board = add(&app, &viewer, &edit).await?;
    Ok((StatusCode::CREATED, Json(board)))
}

/// Checks and keeps a new board.
pub(super) async fn add(app: &App, viewer: &Viewer, edit: &Edit) -> Result<Board> {
    edit.check()?;
    let empty = serde_json::json!({"duration": 10.0, "aspect": "16:9", "prompt": "", "cards": []});
    let (name, board) = (
        edit.name.as_deref().unwrap_or("Untitled"),
        edit.board.as_ref().unwrap_or(&empty),
    );
    app.store.create_board(&viewer.id, name, board).await
}

/// One board.
#[utoipa::path(get, path = "/api/boards/{id}", responses((status = 200, body = Board)))]
pub async fn get(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<Json<Board>> {
    Ok(Json(app.store.board(&viewer.id, &id).await?))
}

/// Saves it.
#[utoipa::path(put, path = "/api/boards/{id}", request_body = Edit, responses((status = 200, body = Board)))]
pub async fn replace(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
    Body(edit): Body<Edit>,
) -> Result<Json<Board>> {
    edit.check()?;
    let board = app
        .store
        .update_board(&viewer.id, &id, edit.name.as_deref(), edit.board.as_ref());
    Ok(Json(board.await?))
}

/// Removes it; clips made from it stay.
#[utoipa::path(delete, path = "/api/boards/{id}", responses((status = 204)))]
pub async fn remove(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<StatusCode> {
    app.store.delete_board(&viewer.id, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Checked {
    pub warnings: Vec<String>,
    /// Why it cannot be made.
    pub error: Option<String>,
}

/// Whether it could be made, and what to mind.
#[utoipa::path(post, path = "/api/boards/{id}/check", responses((status = 200, body = Checked)))]
pub async fn check(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<Json<Checked>> {
    let board = app.store.board(&viewer.id, &id).await?;
    let request = JobRequest {
        tool: Some(Tool::Storyboard),
        board: Some(board.board),
        ..JobRequest::default()
    };
    let known = match app.known(&viewer.id, &request).await {
        Ok(known) => known,
        Err(error @ Error::NotFound(_)) => {
            return Ok(Json(Checked {
                warnings: Vec::new(),
                error: Some(error.to_string()),
            }));
        }
        Err(error) => return Err(error),
    };
    let (catalog, out) = (
        app.catalog.clone(),
        app.store.files.root().join("check.mp4"),
    );
    let plan =
        tokio::task::spawn_blocking(move || make::plan(&request, &known, &catalog, &out)).await?;
    match plan {
        Ok(plan) => Ok(Json(Checked {
            warnings: plan.notes,
            error: None,
        })),
        Err(error @ Error::Internal(_)) => Err(error),
        Err(error) => Ok(Json(Checked {
            warnings: Vec::new(),
            error: Some(error.to_string()),
        })),
    }
}
