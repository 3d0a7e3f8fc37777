//! Asking for videos, looking at them, and letting go of them.

use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Deserialize;
use serde_json::{Value, json};

use super::fault::{Answer, Fault};
use super::form::Form;
use super::schema;
use super::sources::{self, Source};
use super::store::Window;
use super::video::{self, Video};
use crate::api::jobs::{Intake, repeated, submit};
use crate::events::place;
use crate::guard::Viewer;
use crate::wire::{Class, Job, JobRequest, Strength, Tool};
use crate::{App, Error};

/// What OpenAI's service takes where nothing is said.
const MODEL: &str = "sora-2";
const SIZE: &str = "720x1280";
const SECONDS: u32 = 4;

/// Fields that every request for a video may have beside its own: what only Kinora has.
const OURS: &[&str] = &[
    "model", "seed", "steps", "guidance", "negative", "style", "effort", "variants", "fps", "class",
];

/// A video from words, and from a picture or clip if one is given.
#[utoipa::path(post, path = "/v1/videos", request_body(content((schema::VideoCreate = "application/json"), (schema::VideoCreate = "multipart/form-data"))), responses((status = 200, body = Video)))]
pub(super) async fn create(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    request: Request,
) -> Answer<Response> {
    let mut form = Form::read(&app, request).await?;
    known(
        &form,
        &[
            "prompt",
            "size",
            "seconds",
            "input_reference",
            "aspect",
            "resolution",
            "board",
            "characters",
        ],
    )?;
    let mut asked = JobRequest {
        tool: Some(Tool::Generate),
        prompt: Some(form.prompt()?),
        size: form.size()?,
        seconds: form.seconds()?.map(f64::from),
        aspect: form.choice("aspect", &["16:9", "1:1", "9:16"])?,
        resolution: form.choice("resolution", &["480p", "720p", "1080p"])?,
        board: form.object("board")?,
        ..ours(&app, &form)?
    };
    if asked.board.is_some() {
        asked.tool = Some(Tool::Storyboard);
    } else {
        asked.seconds = asked.seconds.or(Some(f64::from(SECONDS)));
        let shaped = asked.aspect.is_some() || asked.resolution.is_some();
        asked.size = asked.size.or_else(|| (!shaped).then(|| SIZE.to_owned()));
    }
    let mut order = Order::of(asked, &form, &headers)?;
    if let Some(video) = order.made_before(&app, &viewer).await? {
        return Ok(video);
    }
    let mut reference = sources::reference(&app, &viewer, &mut form).await?;
    if reference.is_none() {
        reference = character(&app, &viewer, &form).await?;
    }
    if let Some(Source { clip, .. }) = &reference {
        match clip.frames {
            1 => order.asked.image = Some(clip.id.clone()),
            _ => order.asked.video = Some(clip.id.clone()),
        }
    }
    begin(&app, &viewer, order, reference).await
}

/// The same video under other words.
#[utoipa::path(post, path = "/v1/videos/edits", request_body(content((schema::VideoEdit = "application/json"), (schema::VideoEdit = "multipart/form-data"))), responses((status = 200, body = Video)))]
pub(super) async fn edit(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    request: Request,
) -> Answer<Response> {
    let mut form = Form::read(&app, request).await?;
    known(&form, &["prompt", "video", "strength"])?;
    let order = Order::of(remixed(&app, &form)?, &form, &headers)?;
    if let Some(video) = order.made_before(&app, &viewer).await? {
        return Ok(video);
    }
    let source = sources::subject(&app, &viewer, &mut form).await?;
    change(&app, &viewer, order, source).await
}

/// A video under other words.
#[utoipa::path(post, path = "/v1/videos/{id}/remix", request_body(content((schema::VideoRemix = "application/json"), (schema::VideoRemix = "multipart/form-data"))), responses((status = 200, body = Video)))]
pub(super) async fn remix(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Answer<Response> {
    let form = Form::read(&app, request).await?;
    known(&form, &["prompt", "strength"])?;
    let order = Order::of(remixed(&app, &form)?, &form, &headers)?;
    if let Some(video) = order.made_before(&app, &viewer).await? {
        return Ok(video);
    }
    let source = sources::by_id(&app, &viewer, &id, "video_id").await?;
    change(&app, &viewer, order, source).await
}

/// `seconds` more at the end of a video.
#[utoipa::path(post, path = "/v1/videos/extensions", request_body(content((schema::VideoExtend = "application/json"), (schema::VideoExtend = "multipart/form-data"))), responses((status = 200, body = Video)))]
pub(super) async fn extend(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    headers: HeaderMap,
    request: Request,
) -> Answer<Response> {
    let mut form = Form::read(&app, request).await?;
    known(&form, &["prompt", "video", "seconds"])?;
    let seconds = form.seconds()?.ok_or_else(|| Fault::missing("seconds"))?;
    let asked = JobRequest {
        tool: Some(Tool::Extend),
        prompt: Some(form.prompt()?),
        after: Some(f64::from(seconds)),
        ..ours(&app, &form)?
    };
    let order = Order::of(asked, &form, &headers)?;
    if let Some(video) = order.made_before(&app, &viewer).await? {
        return Ok(video);
    }
    let source = sources::subject(&app, &viewer, &mut form).await?;
    change(&app, &viewer, order, source).await
}

/// A video as it is now; `openapi-poll-after-ms` says when to ask again.
#[utoipa::path(get, path = "/v1/videos/{id}", responses((status = 200, body = Video)))]
pub(super) async fn retrieve(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Answer<Response> {
    let mut job = found(&app, &viewer, &id).await?;
    place(&mut job, &app.queue.places().await?);
    Ok(answer(&job))
}

/// Deletes a video and its files. One that is not done yet is stopped.
#[utoipa::path(delete, path = "/v1/videos/{id}", responses((status = 200, body = schema::Gone)))]
pub(super) async fn remove(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
) -> Answer<Json<Value>> {
    let job = found(&app, &viewer, &id).await?;
    if matches!(job.status.as_str(), "queued" | "running") {
        app.store.cancel_job(&viewer.id, &job.id).await?;
    }
    app.store.v1_delete(&job.id).await?;
    app.store.delete_clips(&viewer.id, &job.clips).await?;
    Ok(Json(
        json!({"id": id, "object": "video.deleted", "deleted": true}),
    ))
}

/// What stands behind the `?` of a list.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Listing {
    limit: Option<String>,
    order: Option<String>,
    after: Option<String>,
}

impl Listing {
    fn window(&self) -> Answer<Window> {
        let limit = match self.limit.as_deref().map(str::parse) {
            None => 20,
            Some(Ok(limit @ 0..=100)) => limit,
            Some(_) => {
                return Err(Fault::field(
                    "limit",
                    "'limit' has to be a whole number from 0 to 100.",
                ));
            }
        };
        let ascending = match self.order.as_deref() {
            None | Some("desc") => false,
            Some("asc") => true,
            Some(_) => return Err(Fault::field("order", "'order' has to be asc or desc.")),
        };
        let after = match self.after.as_deref() {
            None => None,
            Some(after) => match video::job_of(after) {
                Some(job) => Some(job.to_owned()),
                None => {
                    return Err(Fault::field(
                        "after",
                        format!("'{after}' is not a video's id."),
                    ));
                }
            },
        };
        Ok(Window {
            limit,
            ascending,
            after,
        })
    }
}

/// Videos, the latest first, a page at a time.
#[utoipa::path(get, path = "/v1/videos", params(schema::ListParams), responses((status = 200, body = schema::VideoPage)))]
pub(super) async fn list(
    State(app): State<App>,
    Extension(viewer): Extension<Viewer>,
    query: Result<Query<Listing>, axum::extract::rejection::QueryRejection>,
) -> Answer<Json<Value>> {
    let Query(listing) = query.map_err(|problem| Fault::request(problem.body_text()))?;
    let window = listing.window()?;
    let (mut jobs, more) =
        app.store
            .v1_page(&viewer.id, &window)
            .await
            .map_err(|error| match error {
                Error::NotFound(_) => {
                    Fault::field("after", "There is no such video to begin after.")
                }
                error => error.into(),
            })?;
    let places = app.queue.places().await?;
    jobs.iter_mut().for_each(|job| place(job, &places));
    let data: Vec<Video> = jobs.iter().map(Video::of).collect();
    Ok(Json(json!({
        "object": "list",
        "first_id": data.first().map(|video| video.id.clone()),
        "last_id": data.last().map(|video| video.id.clone()),
        "has_more": more,
        "data": data,
    })))
}

/// The models that can be asked for by name.
#[utoipa::path(get, path = "/v1/models", responses((status = 200, body = schema::ModelPage)))]
pub(super) async fn models(State(app): State<App>) -> Json<Value> {
    let names = app.catalog.names();
    let models = names
        .iter()
        .map(|name| json!({"id": name, "object": "model", "created": 0, "owned_by": "kinora"}));
    Json(json!({"object": "list", "data": models.collect::<Vec<_>>()}))
}

/// A video of the viewer's.
pub(super) async fn found(app: &App, viewer: &Viewer, id: &str) -> Answer<Job> {
    let missing = || Fault::missing_thing("video", id);
    let job = video::job_of(id).ok_or_else(missing)?;
    app.store
        .v1_job(&viewer.id, job)
        .await
        .map_err(|error| match error {
            Error::NotFound(_) => missing(),
            error => error.into(),
        })
}

/// Refuses fields that mean nothing here: a misspelt one would be ignored in silence.
fn known(form: &Form, own: &[&str]) -> Answer<()> {
    let names = form.fields.keys().chain(form.files.keys());
    let mut strange =
        names.filter(|name| !own.contains(&name.as_str()) && !OURS.contains(&name.as_str()));
    match strange.next() {
        Some(name) => Err(Fault::field(
            name.as_str(),
            format!("Unknown parameter: '{name}'."),
        )),
        None => Ok(()),
    }
}

/// The fields of [`OURS`].
fn ours(app: &App, form: &Form) -> Answer<JobRequest> {
    let model = form.text("model", 200)?;
    Ok(JobRequest {
        // Any other name means the default, so that `sora-2` works.
        model: model.filter(|name| app.catalog.names().contains(name)),
        seed: form.whole("seed", 0..=i64::MAX as u64)?,
        steps: form.whole("steps", 1..=1000)?.map(|steps| steps as usize),
        guidance: form.number("guidance", 0.0..=100.0)?,
        negative: form.text("negative", super::fields::LONGEST_PROMPT)?,
        style: form.text("style", 100)?,
        effort: form.choice("effort", &["draft", "standard", "quality"])?,
        variants: form
            .whole("variants", 1..=4)?
            .map(|variants| variants as u32),
        fps: form.number("fps", 1.0..=120.0)?,
        class: form
            .choice("class", &["priority", "relaxed"])?
            .map(|class| match class.as_str() {
                "relaxed" => Class::Relaxed,
                _ => Class::Priority,
            }),
        ..JobRequest::default()
    })
}

fn remixed(app: &App, form: &Form) -> Answer<JobRequest> {
    let strength = match form.value("strength").and_then(Value::as_str) {
        Some(word @ ("subtle" | "mild" | "strong")) => Some(Strength::Word(word.to_owned())),
        _ => form.number("strength", 0.0..=1.0)?.map(Strength::Part),
    };
    Ok(JobRequest {
        tool: Some(Tool::Remix),
        prompt: Some(form.prompt()?),
        strength,
        ..ours(app, form)?
    })
}

/// The clip of the first of the characters that are named: without a reference of its own, the video begins with it.
async fn character(app: &App, viewer: &Viewer, form: &Form) -> Answer<Option<Source>> {
    const NAME: &str = "characters";
    let bad = || Fault::field(NAME, "'characters' has to be a list of ids.");
    let Some(value) = form.value(NAME) else {
        return Ok(None);
    };
    let list = value.as_array().ok_or_else(bad)?;
    let mut first = None;
    for item in list {
        let id = item
            .as_str()
            .or_else(|| item["id"].as_str())
            .ok_or_else(bad)?;
        let found = app.store.v1_character(&viewer.id, id).await;
        let found = found.map_err(|error| match error {
            Error::NotFound(_) => Fault::missing_thing("character", id).about(NAME),
            error => error.into(),
        })?;
        first.get_or_insert(found);
    }
    let Some(character) = first else {
        return Ok(None);
    };
    let clip = app.store.clip(&viewer.id, &character.clip).await?;
    Ok(Some(Source::known(clip)))
}

/// A request that is understood, before what it is made from comes into the library.
struct Order {
    asked: JobRequest,
    model: String,
    key: Option<String>,
}

impl Order {
    fn of(asked: JobRequest, form: &Form, headers: &HeaderMap) -> Answer<Self> {
        let model = form.text("model", 200)?.unwrap_or_else(|| MODEL.to_owned());
        let key = headers.get("idempotency-key").map(HeaderValue::to_str);
        let key = key
            .transpose()
            .map_err(|_| Fault::request("The Idempotency-Key has to be plain text."))?;
        Ok(Self {
            asked,
            model,
            key: key.map(str::to_owned),
        })
    }

    /// What was answered when the same was asked before.
    async fn made_before(&self, app: &App, viewer: &Viewer) -> Answer<Option<Response>> {
        let job = repeated(app, viewer, self.key.as_deref()).await?;
        Ok(job.as_ref().map(answer))
    }
}

async fn change(app: &App, viewer: &Viewer, mut order: Order, source: Source) -> Answer<Response> {
    order.asked.clip = Some(source.clip.id.clone());
    begin(app, viewer, order, Some(source)).await
}

/// Takes the job in.
async fn begin(
    app: &App,
    viewer: &Viewer,
    order: Order,
    source: Option<Source>,
) -> Answer<Response> {
    let from = source.as_ref().and_then(|source| source.video.as_deref());
    let intake = Intake {
        origin: Some("v1"),
        idempotency: order.key,
        extra: Some(video::extra(&order.model, from)),
    };
    let job = submit(app, viewer, order.asked, intake).await;
    if let Some(Source {
        clip, fresh: true, ..
    }) = &source
        && !job.as_ref().is_ok_and(|job| is_made_from(job, &clip.id))
    {
        // The request was refused, or another under the same key came first: nobody asked to keep what it brought.
        let ids = std::slice::from_ref(&clip.id);
        app.store.delete_clips(&viewer.id, ids).await?;
    }
    Ok(answer(&job?))
}

fn is_made_from(job: &Job, clip: &str) -> bool {
    let fields = ["clip", "image", "video"];
    fields.iter().any(|field| job.request[*field] == clip)
}

/// The video, and when to ask again.
fn answer(job: &Job) -> Response {
    const POLL: HeaderName = HeaderName::from_static("openai-poll-after-ms");
    let video = Video::of(job);
    let poll = HeaderValue::from(video.poll_after());
    ([(POLL, poll)], Json(video)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(limit: Option<&str>, order: Option<&str>, after: Option<&str>) -> Answer<Window> {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Listing {
            limit: own(limit),
            order: own(order),
            after: own(after),
        }
        .window()
    }

    #[test]
    fn a_list_is_asked_for_in_sane_numbers() {
        let all = window(None, None, None).unwrap();
        assert_eq!(
            all,
            Window {
                limit: 20,
                ascending: false,
                after: None
            }
        );
        let some = window(Some("0"), Some("asc"), Some("video_0a")).unwrap();
        assert_eq!(
            some,
            Window {
                limit: 0,
                ascending: true,
                after: Some("0a".into())
            }
        );
        for (limit, order, after) in [
            (Some("101"), None, None),
            (Some("-1"), None, None),
            (Some(""), None, None),
            (Some("ten"), None, None),
            (None, Some("up"), None),
            (None, None, Some("")),
            (None, None, Some("clip_1")),
        ] {
            assert!(
                window(limit, order, after).is_err(),
                "{limit:?} {order:?} {after:?}"
            );
        }
    }
}
