//! What the server is, how it is, and what a user has of it.

use std::path::Path;

use axum::extract::State;
use axum::http::{HeaderMap, Method, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use kinora_engine::plan::limits;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Body;
use super::accounts::admin;
use crate::guard::{Viewer, who};
use crate::make::{self, Known};
use crate::plans::{Plan, Price, prices};
use crate::store::usage::Usage;
use crate::wire::JobRequest;
use crate::{App, Catalog, Error, Result};

/// Version, models, limits, and who is asking.
#[utoipa::path(get, path = "/api/status", responses((status = 200, body = Object)))]
pub async fn status(State(app): State<App>, headers: HeaderMap) -> Result<Json<Value>> {
    let viewer = who(&app, &Method::GET, &headers).await?;
    let catalog = app.catalog.clone();
    let models = tokio::task::spawn_blocking(move || {
        let describe = |name: String| match catalog.open(Some(&name)) {
            Ok(model) => {
                json!({"name": name, "title": model.title, "family": model.family_name(), "default": name == catalog.default})
            }
            Err(error) => {
                json!({"name": name, "title": name, "family": null, "default": name == catalog.default, "error": error.to_string()})
            }
        };
        catalog
            .names()
            .into_iter()
            .map(describe)
            .collect::<Vec<_>>()
    });
    let plan = viewer
        .as_ref()
        .and_then(|viewer| viewer.plan(&app))
        .map(|(name, plan)| {
            let mut plan = json!(plan);
            plan["name"] = json!(name);
            plan
        });
    // Who gives plans to users has to know which there are.
    let admin = viewer.as_ref().is_some_and(|viewer| viewer.admin);
    let plans: Vec<&String> = app.config.plans.keys().filter(|_| admin).collect();
    Ok(Json(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "auth": {
            "required": app.config.auth_required(),
            "user": viewer.as_ref().map(|viewer| json!({"id": viewer.id, "name": viewer.name, "admin": viewer.admin})),
        },
        "models": models.await?,
        "ffmpeg": has_ffmpeg(),
        "limits": {
            "seconds_min": limits::SECONDS.start(),
            "seconds_max": limits::SECONDS.end(),
            "variants_max": limits::VARIANTS.end(),
            "steps_max": limits::STEPS.end(),
            "side_min": limits::SIDE.start(),
            "side_max": limits::SIDE.end(),
            "prompt_chars_max": limits::PROMPT_CHARS,
            "upload_bytes_max": app.config.upload_mb << 20,
        },
        "plan": plan,
        "plans": plans,
    })))
}

pub(super) fn has_ffmpeg() -> bool {
    let name = format!("ffmpeg{}", std::env::consts::EXE_SUFFIX);
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(&name).is_file())
}

/// About how many bytes of memory the model's usual clip takes. Blocking.
fn memory(catalog: &Catalog, name: &str) -> Option<f64> {
    let usual = JobRequest {
        prompt: Some("a frog".into()),
        model: Some(name.to_owned()),
        ..JobRequest::default()
    };
    let plan = make::plan(&usual, &Known::default(), catalog, Path::new("usual.mp4"));
    plan.ok()?
        .describe()
        .ok()
        .map(|outline| outline.estimated_bytes)
}

/// The models that can be asked for, with what they know.
#[utoipa::path(get, path = "/api/models", responses((status = 200, body = Object)))]
pub async fn models(State(app): State<App>) -> Result<Json<Value>> {
    let catalog = app.catalog.clone();
    let all = tokio::task::spawn_blocking(move || {
        let describe = |name: String| match catalog.open(Some(&name)) {
            Err(error) => {
                json!({"name": name, "default": name == catalog.default, "error": error.to_string()})
            }
            Ok(model) => {
                let bytes: u64 = model
                    .files()
                    .map_or(0, |files| files.iter().map(|(_, size)| size).sum());
                let license = model.files().ok().and_then(|_| {
                    let card = model.vocabulary.as_ref()?.trained_on.as_ref()?;
                    card.get("licence").or(card.get("license")).cloned()
                });
                let vocabulary = model.vocabulary.as_ref().map(|vocabulary| {
                    let kinds = vocabulary.kinds().into_iter().map(|(kind, concepts)| {
                        let concepts: Vec<_> = concepts
                            .into_iter()
                            .map(|c| json!({"name": c.name, "words": c.words}))
                            .collect();
                        (kind.to_owned(), json!(concepts))
                    });
                    Value::Object(kinds.collect())
                });
                json!({
                    "name": name,
                    "title": model.title,
                    "family": model.family_name(),
                    "default": name == catalog.default,
                    "bytes": bytes,
                    "memory": memory(&catalog, &name),
                    "license": license,
                    "fps": model.defaults.fps.as_f64(),
                    "steps": model.defaults.steps,
                    "window_seconds": model.defaults.window.map(|frames| frames as f64 / model.defaults.fps.as_f64()),
                    "vocabulary": vocabulary,
                })
            }
        };
        catalog
            .names()
            .into_iter()
            .map(describe)
            .collect::<Vec<_>>()
    });
    Ok(Json(json!({ "items": all.await? })))
}

/// A user's plan: what is used of it, what it allows, and what clips cost.
#[derive(Serialize, ToSchema)]
pub struct PlanUse {
    #[serde(flatten)]
    usage: Usage,
    allows: Option<Plan>,
    prices: Vec<Price>,
}

/// This month's use of the plan, and what it allows; `plan` is null where nothing is limited.
#[utoipa::path(get, path = "/api/usage", responses((status = 200, body = PlanUse)))]
pub async fn usage(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Json<PlanUse>> {
    let plan = viewer.plan(&app);
    Ok(Json(PlanUse {
        usage: app.store.usage(&viewer.id, plan).await?,
        allows: plan.map(|(_, plan)| plan.clone()),
        prices: prices(),
    }))
}

/// What the pages keep for the user.
#[utoipa::path(get, path = "/api/settings", responses((status = 200, body = Object)))]
pub async fn settings(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Json<Value>> {
    Ok(Json(app.store.settings(&viewer.id).await?))
}

/// Puts fields over those that are there; null removes one.
#[utoipa::path(patch, path = "/api/settings", request_body = Object, responses((status = 200, body = Object)))]
pub async fn change_settings(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Body(changes): Body<Value>,
) -> Result<Json<Value>> {
    if !changes.is_object() || changes.to_string().len() > 1 << 16 {
        return Err(Error::Invalid(
            "settings are one JSON object of at most 64 KiB".into(),
        ));
    }
    Ok(Json(app.store.patch_settings(&viewer.id, &changes).await?))
}

/// Whether the process lives.
pub async fn health() -> &'static str {
    "ok"
}

/// Whether it can serve.
pub async fn ready(State(app): State<App>) -> Result<&'static str> {
    app.store.ready().await?;
    Ok("ready")
}

/// For Prometheus; of administrators.
pub async fn metrics(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Response> {
    admin(&viewer)?;
    for status in ["queued", "running"] {
        let count: i64 = app.store.count_jobs(status).await?;
        metrics::gauge!("kinora_jobs", "status" => status).set(count as f64);
    }
    let text = app.metrics.render();
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

pub async fn missing() -> Error {
    Error::NotFound("address; /api/openapi.json lists what there is")
}
