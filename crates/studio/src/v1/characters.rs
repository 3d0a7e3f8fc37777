//! Characters: a clip with a name, to begin other videos with.

use axum::extract::{Path, Request, State};
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::fault::{Answer, Fault};
use super::form::Form;
use super::schema;
use super::sources::subject;
use super::store::CharacterRow;
use crate::files::{fresh_id, now};
use crate::guard::Viewer;
use crate::{App, Error};

fn object(character: &CharacterRow) -> Value {
    json!({
        "id": character.id,
        "object": "character",
        "name": character.name,
        "created_at": character.created / 1000,
    })
}

/// Gives a clip a name, to begin other videos with.
#[utoipa::path(post, path = "/v1/videos/characters", request_body(content((schema::CharacterCreate = "application/json"), (schema::CharacterCreate = "multipart/form-data"))), responses((status = 200, body = schema::Character)))]
pub(super) async fn create(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    request: Request,
) -> Answer<Json<Value>> {
    let mut form = Form::read(&app, request).await?;
    let name = form.required_text("name", 80)?;
    let source = subject(&app, &viewer, &mut form).await?;
    let character = CharacterRow {
        id: format!("char_{}", fresh_id()),
        name,
        clip: source.clip.id,
        created: now(),
    };
    app.store.v1_add_character(&viewer.id, &character).await?;
    Ok(Json(object(&character)))
}

/// A character.
#[utoipa::path(get, path = "/v1/videos/characters/{id}", responses((status = 200, body = schema::Character)))]
pub(super) async fn retrieve(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Answer<Json<Value>> {
    let found = app.store.v1_character(&viewer.id, &id).await;
    let found = found.map_err(|error| match error {
        Error::NotFound(_) => Fault::missing_thing("character", &id),
        error => error.into(),
    })?;
    Ok(Json(object(&found)))
}
