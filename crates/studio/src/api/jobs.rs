//! Asking for clips.

use std::io::ErrorKind;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Body, Id, Params, check_limit};
use crate::events::place;
use crate::files::{PREVIEW, fresh_id};
use crate::guard::Viewer;
use crate::store::jobs::{Filter, NewJob, STUDIO};
use crate::wire::{Estimate, Job, JobRequest, List, check_seed};
use crate::{App, Error, Result};
use crate::{make, moderation};

/// What an API hands over beside the request itself.
#[derive(Debug, Clone, Default)]
pub struct Intake {
    /// `v1`, or else [`STUDIO`].
    pub origin: Option<&'static str>,
    pub idempotency: Option<String>,
    /// What the API wants to find again in the job.
    pub extra: Option<Value>,
}

/// Takes a job in: everything is checked, the price is held, and it waits. The one way into the queue, for every API.
pub async fn submit(
    app: &App,
    viewer: &Viewer,
    request: JobRequest,
    intake: Intake,
) -> Result<Job> {
    if let Some(job) = repeated(app, viewer, intake.idempotency.as_deref()).await? {
        return Ok(job);
    }
    let job = checked(app, viewer, request, fresh_id(), intake).await?;
    let mut job = app.store.create_job(&job, viewer.plan(app)).await?;
    place(&mut job, &app.queue.places().await?);
    Ok(job)
}

/// A job that the user's plan and the rules of this studio let pass, but for what is used of the plan.
async fn checked(
    app: &App,
    viewer: &Viewer,
    request: JobRequest,
    id: String,
    intake: Intake,
) -> Result<NewJob> {
    let (plan, request) = resolve(app, viewer, request, &id).await?;
    let (asked, credits) = make::asked(&plan, &request);
    if let Some((name, limits)) = viewer.plan(app) {
        limits.check(name, &asked)?;
    }
    let (origin, prompt) = (intake.origin.unwrap_or(STUDIO), make::prompt_of(&plan));
    let words = make::words_of(&plan);
    app.policy.check(&app.store, viewer, origin, &words).await?;
    let (work, pixels) = make::weight(&plan);
    Ok(NewJob {
        id,
        owner: viewer.id.clone(),
        origin,
        tool: request.tool.unwrap_or_default().name(),
        class: asked.class,
        prompt,
        model: plan.model.name.clone(),
        variants: asked.variants,
        size: asked.size,
        seconds: asked.seconds,
        work,
        pixels,
        credits,
        idempotency: intake.idempotency,
        extra: intake.extra,
        request,
    })
}

/// The job that this key began before, if it did.
pub async fn repeated(app: &App, viewer: &Viewer, key: Option<&str>) -> Result<Option<Job>> {
    let Some(key) = key else { return Ok(None) };
    if key.is_empty() || key.len() > 255 {
        return Err(Error::Invalid(
            "an Idempotency-Key has 1 to 255 characters".into(),
        ));
    }
    app.store.job_by_key(&viewer.id, key).await
}

/// The plan, and the request with what must stay the same at each try filled in.
async fn resolve(
    app: &App,
    viewer: &Viewer,
    mut request: JobRequest,
    id: &str,
) -> Result<(kinora_engine::Plan, JobRequest)> {
    let known = app.known(&viewer.id, &request).await?;
    let (catalog, out) = (
        app.catalog.clone(),
        app.store.files.root().join(format!("{id}.mp4")),
    );
    // A board's own seed is the request's, unless that gives another.
    let of_board = request
        .board
        .as_ref()
        .and_then(|board| board["seed"].as_u64());
    let seed = request.seed.or(of_board);
    check_seed(seed)?;
    request.seed = Some(seed.unwrap_or_else(kinora_engine::plan::fresh_seed));
    tokio::task::spawn_blocking(move || {
        let plan = make::plan(&request, &known, &catalog, &out)?;
        request.tool = Some(request.tool.unwrap_or_default());
        request.model = Some(request.model.unwrap_or_else(|| catalog.default.clone()));
        Ok((plan, request))
    })
    .await?
}

/// Takes a job in. Under an `Idempotency-Key` that was used before, that job is given again.
#[utoipa::path(post, path = "/api/jobs", request_body = JobRequest, responses((status = 201, body = Job), (status = 400), (status = 429)))]
pub async fn create(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    Body(request): Body<JobRequest>,
) -> Result<(StatusCode, Json<Job>)> {
    let key = headers
        .get("idempotency-key")
        .map(|key| key.to_str().map(str::to_owned));
    let key = key
        .transpose()
        .map_err(|_| Error::Invalid("an Idempotency-Key is plain text".into()))?;
    let intake = Intake {
        idempotency: key,
        ..Intake::default()
    };
    let job = submit(&app, &viewer, request, intake).await?;
    Ok((StatusCode::CREATED, Json(job)))
}

/// What a job would cost and take.
#[utoipa::path(post, path = "/api/jobs/estimate", request_body = JobRequest, responses((status = 200, body = Estimate), (status = 400)))]
pub async fn estimate(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Body(request): Body<JobRequest>,
) -> Result<Json<Estimate>> {
    let (plan, request) = resolve(&app, &viewer, request, "estimate").await?;
    let (asked, credits) = make::asked(&plan, &request);
    let (work, pixels) = make::weight(&plan);
    let each = app.queue.seconds(&plan.model.name, work, pixels).await?;
    let measured = each.map(|each| each * f64::from(asked.variants));
    let limits = viewer.plan(&app);
    let over_quota = app.store.lacking(&viewer.id, &asked, credits, limits);
    let (over_quota, usage) = (
        over_quota.await?,
        app.store.usage(&viewer.id, limits).await?,
    );
    let mut warnings = Vec::new();
    if let Some((name, limits)) = limits
        && let Err(refusal) = limits.check(name, &asked)
    {
        warnings.push(refusal.to_string());
    }
    let words = make::words_of(&plan);
    if let Some(hit) = app.policy.look(&app.store, &viewer, &words).await? {
        warnings.push(moderation::sentence(&hit));
    }
    Ok(Json(Estimate {
        credits: credits * u64::from(asked.variants),
        credits_left: usage.credits_left(),
        seconds_estimate: match measured {
            Some(seconds) => seconds,
            None => plan.describe()?.estimated_seconds,
        },
        measured: measured.is_some(),
        tokens: plan.tokens as u64,
        over_quota,
        warnings,
        notes: plan.notes,
    }))
}

/// The user's jobs, the latest first.
#[utoipa::path(get, path = "/api/jobs", params(Filter), responses((status = 200, body = List<Job>)))]
pub async fn list(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Params(filter): Params<Filter>,
) -> Result<Json<List<Job>>> {
    check_limit(filter.limit, 500)?;
    let mut items = app.store.jobs(&viewer.id, &filter).await?;
    let places = app.queue.places().await?;
    items.iter_mut().for_each(|job| place(job, &places));
    Ok(Json(List { items }))
}

/// One job.
#[utoipa::path(get, path = "/api/jobs/{id}", responses((status = 200, body = Job), (status = 404)))]
pub async fn get(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<Json<Job>> {
    placed(&app, app.store.job(&viewer.id, &id).await?).await
}

/// Puts another request in a waiting job's place: it keeps its turn, and the difference in price is charged. A job that was begun stays as it is.
#[utoipa::path(put, path = "/api/jobs/{id}", request_body = JobRequest, responses((status = 200, body = Job), (status = 400), (status = 404), (status = 409), (status = 429)))]
pub async fn replace(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
    Body(request): Body<JobRequest>,
) -> Result<Json<Job>> {
    // What is another's is not there, whatever is asked of it.
    app.store.job(&viewer.id, &id).await?;
    let job = checked(&app, &viewer, request, id, Intake::default()).await?;
    let job = app.store.replace_job(&job, viewer.plan(&app)).await?;
    placed(&app, job).await
}

/// Keeps a waiting job from being taken. Its place stays, and its price is held.
#[utoipa::path(post, path = "/api/jobs/{id}/pause", responses((status = 200, body = Job), (status = 404), (status = 409)))]
pub async fn pause(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<Json<Job>> {
    placed(&app, app.store.pause_job(&viewer.id, &id).await?).await
}

/// Lets a paused job be taken again, at its place.
#[utoipa::path(post, path = "/api/jobs/{id}/resume", responses((status = 200, body = Job), (status = 404), (status = 409)))]
pub async fn resume(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<Json<Job>> {
    placed(&app, app.store.resume_job(&viewer.id, &id).await?).await
}

/// What the clip looked like at its last step, while it is drawn or can be gone on with. A page may ask just after the clip is done: there is none then, which is no fault.
#[utoipa::path(get, path = "/api/jobs/{id}/preview", responses((status = 200, description = "A picture", content_type = "image/jpeg"), (status = 204, description = "None yet, or none any more"), (status = 404)))]
pub async fn preview(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<Response> {
    let job = app.store.job(&viewer.id, &id).await?;
    let file = app.store.files.job(&job.id).join(PREVIEW);
    match tokio::fs::read(file).await {
        Ok(bytes) => {
            let headers = [
                (header::CONTENT_TYPE, "image/jpeg"),
                (header::CACHE_CONTROL, "private, max-age=60"),
            ];
            Ok((headers, bytes).into_response())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// Stops a job, whether it waits or runs. Clips that are ready stay, and are paid for; what was drawn of the next is kept for a week, to be gone on with.
#[utoipa::path(post, path = "/api/jobs/{id}/cancel", responses((status = 200, body = Job)))]
pub async fn cancel(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<Json<Job>> {
    Ok(Json(app.store.cancel_job(&viewer.id, &id).await?))
}

/// Tries a failed or cancelled job again, from where it was if it is `resumable`: only the clips that are missing are made, and paid for.
#[utoipa::path(post, path = "/api/jobs/{id}/retry", responses((status = 200, body = Job), (status = 409)))]
pub async fn retry(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<Json<Job>> {
    let job = app
        .store
        .retry_job(&viewer.id, &id, viewer.plan(&app))
        .await?;
    placed(&app, job).await
}

/// Puts a waiting job before the user's others.
#[utoipa::path(post, path = "/api/jobs/{id}/front", responses((status = 200, body = Job)))]
pub async fn front(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<Json<Job>> {
    let job = app.store.front_job(&viewer.id, &id).await?;
    placed(&app, job).await
}

/// Where to.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct Move {
    /// The waiting job that it shall come before; behind all others of the user's, if absent.
    pub before: Option<String>,
}

/// Moves a waiting job among the user's own; those of others keep their turns.
#[utoipa::path(post, path = "/api/jobs/{id}/move", request_body = Move, responses((status = 200, body = Job), (status = 404), (status = 409)))]
pub async fn reorder(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
    Body(to): Body<Move>,
) -> Result<Json<Job>> {
    let job = app
        .store
        .move_job(&viewer.id, &id, to.before.as_deref())
        .await?;
    placed(&app, job).await
}

/// Stops all of the user's jobs that wait.
#[utoipa::path(post, path = "/api/jobs/cancel-pending", responses((status = 200, body = super::clips::Changed)))]
pub async fn cancel_pending(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
) -> Result<Json<super::clips::Changed>> {
    let changed = app.store.cancel_pending(&viewer.id).await?;
    Ok(Json(super::clips::Changed { changed }))
}

/// Removes a finished job, and what it could go on from. Its clips stay.
#[utoipa::path(delete, path = "/api/jobs/{id}", responses((status = 204), (status = 409)))]
pub async fn remove(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Id(id): Id,
) -> Result<StatusCode> {
    app.store.hide_job(&viewer.id, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn placed(app: &App, mut job: Job) -> Result<Json<Job>> {
    place(&mut job, &app.queue.places().await?);
    Ok(Json(job))
}
