//! OpenAI's Videos API, for programs that were written for it: they change `base_url` and nothing else.
//!
//! A guided tour: [`form`] takes a body apart, JSON and multipart alike; [`fields`] reads it, one check a field;
//! [`videos`] are the handlers, [`sources`] what a request may begin with; [`video`] is what a job looks like here;
//! [`content`] hands out the bytes; [`files`], [`characters`] and [`webhooks`] are the rest of the family. Every error
//! leaves as [`fault::Fault`], in OpenAI's envelope.
//!
//! A video is a job of the queue (origin `v1`) and the clip that came of it; nothing is kept twice. What only this API
//! knows stands in tables of its own ([`store`]).

mod characters;
mod content;
mod fault;
mod fetch;
mod fields;
mod files;
mod form;
pub(crate) mod openapi;
mod schema;
mod sign;
mod sources;
mod store;
mod video;
mod videos;
pub mod webhooks;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};

use crate::{App, guard};

/// The routes, to be nested under `/v1`.
pub fn router(app: &App) -> Router<App> {
    let upload_limit = DefaultBodyLimit::max((app.config.upload_mb as usize) << 20);
    Router::new()
        .route("/videos", get(videos::list).post(videos::create))
        .route("/videos/edits", post(videos::edit))
        .route("/videos/extensions", post(videos::extend))
        .route("/videos/characters", post(characters::create))
        .route("/videos/characters/{id}", get(characters::retrieve))
        .route("/videos/{id}", get(videos::retrieve).delete(videos::remove))
        .route("/videos/{id}/content", get(content::content))
        .route("/videos/{id}/remix", post(videos::remix))
        .route("/files", get(files::list).post(files::create))
        .route("/files/{id}", get(files::retrieve).delete(files::remove))
        .route("/files/{id}/content", get(files::content))
        .route("/models", get(videos::models))
        .route(
            "/webhook_endpoints",
            get(webhooks::list).post(webhooks::create),
        )
        .route(
            "/webhook_endpoints/{id}",
            get(webhooks::retrieve).delete(webhooks::remove),
        )
        .route("/webhook_endpoints/{id}/test", post(webhooks::test))
        .fallback(fault::unknown_path)
        .method_not_allowed_fallback(fault::wrong_method)
        .layer(upload_limit)
        .layer(from_fn_with_state(app.clone(), guard::viewer))
        .layer(from_fn(fault::envelope))
}
