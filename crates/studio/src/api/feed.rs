//! The feed that all users of a server see.

use axum::extract::State;
use axum::{Extension, Json};

use super::accounts::admin;
use super::{Id, Params, check_limit};
use crate::guard::Viewer;
use crate::store::feed::FeedFilter;
use crate::wire::{Clip, Page, Post};
use crate::{App, Result};

/// What users have published.
#[utoipa::path(get, path = "/api/feed", params(FeedFilter), responses((status = 200, body = Page<Post>)))]
pub async fn list(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Params(filter): Params<FeedFilter>,
) -> Result<Json<Page<Post>>> {
    check_limit(filter.limit, 200)?;
    let page = app.store.feed(&viewer.id, &filter).await?;
    let items = page.items.into_iter();
    Ok(Json(Page {
        items: items.map(|post| signed(&app, post)).collect(),
        ..page
    }))
}

/// Puts the clip into the feed.
#[utoipa::path(post, path = "/api/clips/{id}/publish", responses((status = 200, body = Clip)))]
pub async fn publish(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<Json<Clip>> {
    app.store.publish_clip(&viewer.id, &id, true).await?;
    Ok(Json(app.store.clip(&viewer.id, &id).await?))
}

/// Takes it out again.
#[utoipa::path(delete, path = "/api/clips/{id}/publish", responses((status = 200, body = Clip)))]
pub async fn unpublish(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<Json<Clip>> {
    app.store.publish_clip(&viewer.id, &id, false).await?;
    Ok(Json(app.store.clip(&viewer.id, &id).await?))
}

/// Features a post; for administrators.
#[utoipa::path(post, path = "/api/clips/{id}/feature", responses((status = 200, body = Post)))]
pub async fn feature(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<Json<Post>> {
    admin(&viewer)?;
    app.store.feature_post(&id, true).await?;
    one(&app, &viewer, &id).await
}

/// Features it no longer; for administrators.
#[utoipa::path(delete, path = "/api/clips/{id}/feature", responses((status = 200, body = Post)))]
pub async fn unfeature(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<Json<Post>> {
    admin(&viewer)?;
    app.store.feature_post(&id, false).await?;
    one(&app, &viewer, &id).await
}

/// Likes a post.
#[utoipa::path(post, path = "/api/clips/{id}/like", responses((status = 200, body = Post)))]
pub async fn like(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<Json<Post>> {
    app.store.like_post(&viewer.id, &id, true).await?;
    one(&app, &viewer, &id).await
}

/// Takes the like back.
#[utoipa::path(delete, path = "/api/clips/{id}/like", responses((status = 200, body = Post)))]
pub async fn unlike(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<Json<Post>> {
    app.store.like_post(&viewer.id, &id, false).await?;
    one(&app, &viewer, &id).await
}

async fn one(app: &App, viewer: &Viewer, id: &str) -> Result<Json<Post>> {
    let post = app.store.post(&viewer.id, id).await?;
    Ok(Json(signed(app, post)))
}

/// Where nobody logs in, nobody has a name.
fn signed(app: &App, post: Post) -> Post {
    Post {
        author: post.author.filter(|_| app.config.auth_required()),
        ..post
    }
}
