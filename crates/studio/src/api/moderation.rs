//! The moderation policy: everybody sees which rules there are, administrators change them and overrule them.

use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::accounts::admin;
use super::{Body, Id};
use crate::guard::Viewer;
use crate::moderation::list::Rule;
use crate::store::refusals::Refusal;
use crate::wire::List;
use crate::{App, Error, Result};

/// The policy in force.
#[derive(Debug, Serialize, ToSchema)]
pub struct Moderation {
    pub enabled: bool,
    /// Whether a service is asked beside the list.
    pub hook: bool,
    pub rules: Vec<Rule>,
    /// Whether the list is this studio's own.
    pub own: bool,
    /// The list itself; for administrators.
    pub list: Option<String>,
}

/// The rules; for administrators the list too.
#[utoipa::path(get, path = "/api/moderation", responses((status = 200, body = Moderation)))]
pub async fn get(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Json<Moderation>> {
    let list = viewer.admin.then(|| app.policy.text()).transpose()?;
    Ok(Json(Moderation {
        enabled: app.policy.is_on(&app.store).await?,
        hook: app.policy.has_hook(),
        rules: app.policy.rules(),
        own: app.policy.is_own(),
        list,
    }))
}

/// What is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
pub struct Change {
    pub enabled: Option<bool>,
    /// Another list; an empty one brings back that of the program.
    pub list: Option<String>,
}

/// Changes the policy; for administrators.
#[utoipa::path(patch, path = "/api/moderation", request_body = Change, responses((status = 200, body = Moderation), (status = 400), (status = 403)))]
pub async fn change(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Body(change): Body<Change>,
) -> Result<Json<Moderation>> {
    admin(&viewer)?;
    if let Some(list) = change.list {
        let policy = app.policy.clone();
        tokio::task::spawn_blocking(move || policy.replace(&list)).await??;
    }
    if let Some(enabled) = change.enabled {
        let word = if enabled { "on" } else { "off" };
        app.store.set_server_setting("moderation", word).await?;
    }
    get(State(app), Extension(viewer)).await
}

/// What was refused, the latest 200; for administrators.
#[utoipa::path(get, path = "/api/moderation/refusals", responses((status = 200, body = List<Refusal>), (status = 403)))]
pub async fn refusals(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Json<List<Refusal>>> {
    admin(&viewer)?;
    Ok(Json(List {
        items: app.store.refusals().await?,
    }))
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct Verdict {
    pub allowed: bool,
}

/// Lets the user have this very text, or no longer; for administrators.
#[utoipa::path(patch, path = "/api/moderation/refusals/{id}", request_body = Verdict, responses((status = 200, body = List<Refusal>), (status = 403), (status = 404)))]
pub async fn overrule(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
    Body(verdict): Body<Verdict>,
) -> Result<Json<List<Refusal>>> {
    admin(&viewer)?;
    let id = id.parse().map_err(|_| Error::NotFound("refusal"))?;
    app.store.let_pass(id, verdict.allowed).await?;
    tracing::info!(by = viewer.id, refusal = id, verdict.allowed, "overruled");
    refusals(State(app), Extension(viewer)).await
}
