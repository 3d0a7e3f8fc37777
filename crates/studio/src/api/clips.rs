//! The library.

use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Body, Id, Params, check_limit};
use crate::files::{is_id, now};
use crate::guard::Viewer;
use crate::store::clips::{Filter, Patch};
use crate::wire::{Clip, Page, time};
use crate::{App, Error, Result};

/// Clips one action may touch.
const BULK: usize = 10_000;

/// A page of the library.
#[utoipa::path(get, path = "/api/clips", params(Filter), responses((status = 200, body = Page<Clip>)))]
pub async fn list(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Params(filter): Params<Filter>,
) -> Result<Json<Page<Clip>>> {
    check_limit(filter.limit, 200)?;
    Ok(Json(app.store.clips(&viewer.id, &filter).await?))
}

/// One clip.
#[utoipa::path(get, path = "/api/clips/{id}", responses((status = 200, body = Clip), (status = 404)))]
pub async fn get(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<Json<Clip>> {
    let clip = app.store.clip_seen_by(&viewer.id, &id).await?;
    Ok(Json(match clip.owner == viewer.id {
        true => clip,
        false => clip.as_others_see_it(),
    }))
}

/// Changes title, marks, folder, tags, or moves into the trash and back.
#[utoipa::path(patch, path = "/api/clips/{id}", request_body = Patch, responses((status = 200, body = Clip)))]
pub async fn change(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
    Body(patch): Body<Patch>,
) -> Result<Json<Clip>> {
    check(&patch)?;
    match app
        .store
        .patch_clips(&viewer.id, std::slice::from_ref(&id), &patch)
        .await?
    {
        0 => Err(Error::NotFound("clip")),
        _ => Ok(Json(app.store.clip(&viewer.id, &id).await?)),
    }
}

/// Removes a clip for good.
#[utoipa::path(delete, path = "/api/clips/{id}", responses((status = 200, body = Changed)))]
pub async fn remove(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<Json<Changed>> {
    match app.store.delete_clips(&viewer.id, &[id]).await? {
        0 => Err(Error::NotFound("clip")),
        changed => Ok(Json(Changed { changed })),
    }
}

#[derive(Debug, Deserialize, ToSchema)]
pub struct Bulk {
    pub ids: Vec<String>,
    #[serde(flatten)]
    pub patch: Patch,
    /// Removes them for good.
    #[serde(default)]
    pub delete: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Changed {
    pub changed: u64,
}

/// One change to many clips.
#[utoipa::path(post, path = "/api/clips/bulk", request_body = Bulk, responses((status = 200, body = Changed)))]
pub async fn bulk(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Body(bulk): Body<Bulk>,
) -> Result<Json<Changed>> {
    check(&bulk.patch)?;
    if bulk.ids.len() > BULK || !bulk.ids.iter().all(|id| is_id(id)) {
        return Err(Error::Invalid(format!("give at most {BULK} clip ids")));
    }
    let changed = match bulk.delete {
        true => app.store.delete_clips(&viewer.id, &bulk.ids).await?,
        false => {
            app.store
                .patch_clips(&viewer.id, &bulk.ids, &bulk.patch)
                .await?
        }
    };
    Ok(Json(Changed { changed }))
}

fn check(patch: &Patch) -> Result<()> {
    let long = |text: &String, most: usize| text.chars().count() > most;
    if patch.title.as_ref().is_some_and(|title| long(title, 300)) {
        return Err(Error::Invalid("a title has at most 300 characters".into()));
    }
    let tags = || patch.tags.iter().chain(&patch.add_tags).flatten();
    match tags().count() > 100 || tags().any(|tag| long(tag, 60)) {
        true => Err(Error::Invalid(
            "a clip has at most 100 tags of at most 60 characters".into(),
        )),
        false => Ok(()),
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Lineage {
    /// Nearest first.
    pub ancestors: Vec<Clip>,
    pub children: Vec<Clip>,
}

/// What the clip was made from, and what was made from it.
#[utoipa::path(get, path = "/api/clips/{id}/lineage", responses((status = 200, body = Lineage)))]
pub async fn lineage(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<Json<Lineage>> {
    let (ancestors, children) = app.store.lineage(&viewer.id, &id).await?;
    Ok(Json(Lineage {
        ancestors,
        children,
    }))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct Share {
    /// For ever, if absent.
    pub expires_in_hours: Option<f64>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Shared {
    pub url: String,
    pub expires_at: Option<String>,
}

/// Makes a link that shows the clip to whoever has it; an earlier one ends.
#[utoipa::path(post, path = "/api/clips/{id}/share", request_body = Share, responses((status = 200, body = Shared)))]
pub async fn share(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
    Body(share): Body<Share>,
) -> Result<Json<Shared>> {
    let expires = match share.expires_in_hours {
        None => None,
        Some(hours) if hours > 0.0 && hours <= 24.0 * 36_500.0 => {
            Some(now() + (hours * 3.6e6) as i64)
        }
        Some(_) => {
            return Err(Error::Invalid(
                "`expires_in_hours` must be more than 0".into(),
            ));
        }
    };
    let token = crate::files::secret();
    app.store
        .share_clip(&viewer.id, &id, Some((&token, expires)))
        .await?;
    Ok(Json(Shared {
        url: format!("/s/{token}"),
        expires_at: expires.map(time),
    }))
}

/// Ends the share link.
#[utoipa::path(delete, path = "/api/clips/{id}/share", responses((status = 200, body = Clip)))]
pub async fn unshare(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<Json<Clip>> {
    app.store.share_clip(&viewer.id, &id, None).await?;
    Ok(Json(app.store.clip(&viewer.id, &id).await?))
}
