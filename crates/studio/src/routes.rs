//! Everything that can be asked for, on one screen.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, patch, post};
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

use crate::api::{
    accounts, boards, clips, events, feed, folders, jobs, media, moderation, status, storage,
    styles, transfer, uploads,
};
use crate::{App, guard, openapi, pages, v1};

/// Bytes of a JSON body.
const JSON_LIMIT: usize = 4 << 20;

/// The whole server. `stop` ends streams that would stay open.
#[rustfmt::skip] // a route a line
pub fn router(app: App, addr: SocketAddr, stop: watch::Receiver<bool>) -> Router {
    let upload_limit = DefaultBodyLimit::max((app.config.upload_mb as usize) << 20);
    let api = Router::new()
        .route("/clips", get(clips::list).post(uploads::upload).layer(upload_limit))
        .route("/clips/bulk", post(clips::bulk))
        .route("/clips/{id}", get(clips::get).patch(clips::change).delete(clips::remove))
        .route("/clips/{id}/video", get(media::video))
        .route("/clips/{id}/thumbnail", get(media::thumbnail))
        .route("/clips/{id}/spritesheet", get(media::spritesheet))
        .route("/clips/{id}/sidecar", get(media::sidecar))
        .route("/clips/{id}/download", get(media::download))
        .route("/clips/{id}/lineage", get(clips::lineage))
        .route("/clips/{id}/share", post(clips::share).delete(clips::unshare))
        .route("/clips/{id}/publish", post(feed::publish).delete(feed::unpublish))
        .route("/clips/{id}/feature", post(feed::feature).delete(feed::unfeature))
        .route("/clips/{id}/like", post(feed::like).delete(feed::unlike))
        .route("/trash", delete(clips::empty_trash))
        .route("/feed", get(feed::list))
        .route("/jobs", get(jobs::list).post(jobs::create))
        .route("/jobs/estimate", post(jobs::estimate))
        .route("/jobs/cancel-pending", post(jobs::cancel_pending))
        .route("/jobs/{id}", get(jobs::get).put(jobs::replace).delete(jobs::remove))
        .route("/jobs/{id}/cancel", post(jobs::cancel))
        .route("/jobs/{id}/preview", get(jobs::preview))
        .route("/jobs/{id}/retry", post(jobs::retry))
        .route("/jobs/{id}/pause", post(jobs::pause))
        .route("/jobs/{id}/resume", post(jobs::resume))
        .route("/jobs/{id}/front", post(jobs::front))
        .route("/jobs/{id}/move", post(jobs::reorder))
        .route("/events", get(events::stream))
        .route("/folders", get(folders::list).post(folders::create))
        .route("/folders/{id}", patch(folders::rename).delete(folders::remove))
        .route("/boards", get(boards::list).post(boards::create))
        .route("/boards/{id}", get(boards::get).put(boards::replace).delete(boards::remove))
        .route("/boards/{id}/check", post(boards::check))
        .route("/styles", get(styles::list).post(styles::put))
        .route("/styles/import", post(styles::import).layer(upload_limit))
        .route("/styles/{name}", delete(styles::remove))
        .route("/styles/{name}/file", get(styles::file))
        .route("/styles/{name}/pictures/{id}", get(styles::reference))
        .route("/enhance", post(styles::enhance))
        .route("/export", get(transfer::export))
        .route("/import", post(transfer::import).layer(DefaultBodyLimit::disable()))
        .route("/users", get(accounts::users).post(accounts::create_user))
        .route("/users/{id}", patch(accounts::change_user).delete(accounts::delete_user))
        .route("/password", post(accounts::change_password))
        .route("/keys", get(accounts::keys).post(accounts::create_key))
        .route("/keys/{id}", delete(accounts::delete_key))
        .route("/moderation", get(moderation::get).patch(moderation::change))
        .route("/moderation/refusals", get(moderation::refusals))
        .route("/moderation/refusals/{id}", patch(moderation::overrule))
        .route("/models", get(status::models))
        .route("/usage", get(status::usage))
        .route("/storage", get(storage::storage))
        .route("/settings", get(status::settings).patch(status::change_settings))
        .fallback(status::missing);
    let private = Router::new()
        .nest("/api", api)
        .route("/metrics", get(status::metrics))
        .route_layer(from_fn_with_state(app.clone(), guard::viewer));
    let open = Router::new()
        .route("/api/status", get(status::status))
        .route("/api/login", post(accounts::login))
        .route("/api/logout", post(accounts::logout))
        .route("/api/openapi.json", get(openapi::document))
        .route("/api/docs", get(openapi::viewer))
        .route("/api/docs/viewer.js", get(openapi::viewer_script))
        .route("/s/{token}", get(media::shared_page))
        .route("/s/{token}/{what}", get(media::shared))
        .route_layer(from_fn_with_state(app.clone(), guard::visitor));
    private
        .merge(open)
        .nest("/v1", v1::router(&app))
        .route("/health", get(status::health))
        .route("/ready", get(status::ready))
        .fallback(pages::page)
        .layer(DefaultBodyLimit::max(JSON_LIMIT))
        .layer(axum::Extension(stop))
        .layer(
            CompressionLayer::new()
                .compress_when(DefaultPredicate::new().and(NotForContentType::const_new("video/"))),
        )
        .layer(CatchPanicLayer::new())
        .layer(from_fn_with_state((app.clone(), addr), guard::origin))
        .layer(from_fn(guard::headers))
        .with_state(app)
}

/// How often a stream says that it is alive.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);
