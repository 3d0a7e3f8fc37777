//! The description of the API, made from the handlers.

use std::sync::LazyLock;

use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{PathItem, Ref, RefOr, Required, ResponseBuilder};
use utoipa::{OpenApi, ToSchema};

use crate::api::{
    accounts, boards, clips, events, feed, folders, jobs, media, moderation, status, storage,
    styles, transfer, uploads,
};
use crate::store::clips::{Order, Sort};
use crate::store::feed::FeedSort;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Kinora",
        description = "The studio's own API under `/api`, and OpenAI's Videos API under `/v1`. Where users log in, send a key as `Authorization: Bearer …`. Times of `/api` are RFC 3339, of `/v1` seconds since 1970."
    ),
    paths(
        status::status,
        status::models,
        status::usage,
        storage::storage,
        status::settings,
        status::change_settings,
        clips::list,
        uploads::upload,
        clips::bulk,
        clips::get,
        clips::change,
        clips::remove,
        clips::empty_trash,
        clips::lineage,
        clips::share,
        clips::unshare,
        feed::list,
        feed::publish,
        feed::unpublish,
        feed::feature,
        feed::unfeature,
        feed::like,
        feed::unlike,
        media::video,
        media::thumbnail,
        media::spritesheet,
        media::sidecar,
        media::download,
        jobs::list,
        jobs::create,
        jobs::estimate,
        jobs::cancel_pending,
        jobs::get,
        jobs::replace,
        jobs::remove,
        jobs::pause,
        jobs::resume,
        jobs::cancel,
        jobs::retry,
        jobs::preview,
        jobs::front,
        jobs::reorder,
        events::stream,
        folders::list,
        folders::create,
        folders::rename,
        folders::remove,
        boards::list,
        boards::create,
        boards::get,
        boards::replace,
        boards::remove,
        boards::check,
        accounts::login,
        accounts::logout,
        accounts::users,
        accounts::create_user,
        accounts::change_user,
        accounts::change_password,
        accounts::delete_user,
        moderation::get,
        moderation::change,
        moderation::refusals,
        moderation::overrule,
        accounts::keys,
        accounts::create_key,
        accounts::delete_key,
        transfer::export,
        transfer::import,
        styles::list,
        styles::put,
        styles::import,
        styles::file,
        styles::reference,
        styles::remove,
        styles::enhance,
    ),
    components(schemas(ApiRefused, FeedSort, Order, Sort))
)]
pub struct Api;

/// A refusal, in a sentence that says what to do.
#[derive(ToSchema)]
#[allow(dead_code, reason = "described; `Error` writes it")]
struct ApiRefused {
    error: ApiRefusedDetail,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "described; `Error` writes it")]
struct ApiRefusedDetail {
    /// A word that programs can compare.
    code: String,
    message: String,
    /// Of `moderation_blocked`: which rule was met.
    #[schema(nullable = false)]
    rule: Option<String>,
}

/// The whole document, both APIs.
static DOCUMENT: LazyLock<utoipa::openapi::OpenApi> = LazyLock::new(|| {
    let mut document = Api::openapi();
    document.merge(crate::v1::openapi::Docs::openapi());
    let mut operations = Vec::new();
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in methods(item) {
            complete(path, method, operation);
            operations.push((path.clone(), operation.operation_id.clone()));
        }
    }
    for (path, item) in &mut document.paths.paths {
        if let Some(operation) = &mut item.post {
            link(path, operation, &operations);
        }
    }
    document
});

fn methods(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    let all = [
        ("get", &mut item.get),
        ("post", &mut item.post),
        ("put", &mut item.put),
        ("patch", &mut item.patch),
        ("delete", &mut item.delete),
    ];
    all.into_iter()
        .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// What a visitor may ask without being known.
const OPEN: &[&str] = &["/api/status", "/api/login", "/api/logout"];

/// Adds to an operation what is the same everywhere: its name, the parameters of its path, and how it is refused.
fn complete(path: &str, method: &str, operation: &mut Operation) {
    let v1 = path.starts_with("/v1/");
    let name = path.replace(['/', '-'], "_").replace(['{', '}'], "");
    operation.operation_id = Some(format!("{method}{name}"));
    let tag = path.split('/').nth(2).unwrap_or_default();
    operation.tags = Some(vec![format!("{}{tag}", if v1 { "v1/" } else { "" })]);
    let names = path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    for name in names {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(text));
        let parameters = operation.parameters.get_or_insert_default();
        parameters.push(RefOr::T(parameter.build()));
    }
    let (takes_body, asks) = (
        operation.request_body.is_some(),
        operation.parameters.is_some(),
    );
    let mut refuse = |status: u16, why: &str| {
        let schema = Ref::from_schema_name(if v1 { "V1Refused" } else { "ApiRefused" });
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let refusal = ResponseBuilder::new()
            .description(why)
            .content("application/json", content);
        let all = &mut operation.responses.responses;
        all.insert(status.to_string(), refusal.build().into());
    };
    if takes_body || asks {
        refuse(
            400,
            "A field is not as it should be; or words are refused: `moderation_blocked`.",
        );
        refuse(404, "There is no such thing, or it is another's.");
    }
    if takes_body {
        refuse(413, "More bytes than are taken.");
    }
    if takes_body && !v1 {
        refuse(415, "Bytes of a kind that nothing here reads.");
    }
    if !v1 && method != "get" {
        refuse(409, "It is not in the state for that.");
    }
    if !OPEN.contains(&path) || path == "/api/login" {
        refuse(401, "Nobody is known by that key or session.");
    }
    refuse(
        403,
        "Not with this key, not for this user, or not from that page.",
    );
    refuse(
        429,
        "Too many requests (see `retry-after`), or the plan is used up.",
    );
    refuse(
        503,
        "Something that this needs is busy or does not answer; later it may.",
    );
    refuse(507, "The disk is full.");
}

/// What else gives a video.
const MAKE_VIDEOS: &[&str] = &[
    "/v1/videos/edits",
    "/v1/videos/extensions",
    "/v1/videos/{id}/remix",
];

/// What not every clip has: an upload has no sidecar, and what is not published is neither liked nor featured.
const NOT_OF_UPLOADS: &[&str] = &["/sidecar", "/like", "/feature"];

/// Says what can be done with that which an operation makes: all that lies under its own path and the name it was given.
fn link(path: &str, makes: &mut Operation, operations: &[(String, Option<String>)]) {
    let place = match MAKE_VIDEOS.contains(&path) {
        true => "/v1/videos",
        false => path,
    };
    let responses = makes.responses.responses.iter_mut();
    let mut made = responses.filter(|(status, _)| status.starts_with('2'));
    let Some((_, RefOr::T(made))) = made.next() else {
        return;
    };
    for (of, id) in operations {
        let below = of
            .strip_prefix(place)
            .and_then(|rest| rest.strip_prefix("/{"));
        let below = below.and_then(|rest| rest.split_once('}'));
        let below =
            below.filter(|(_, what)| path != "/api/clips" || !NOT_OF_UPLOADS.contains(what));
        if let (Some((name, _)), Some(id)) = (below, id) {
            let link = LinkBuilder::new()
                .operation_id(id)
                .parameter(name, format!("$response.body#/{name}"));
            made.links.insert(id.clone(), link.build().into());
        }
    }
}

/// The OpenAPI document.
pub async fn document() -> Json<&'static utoipa::openapi::OpenApi> {
    Json(&DOCUMENT)
}

/// The document for people.
pub async fn viewer() -> Html<&'static str> {
    Html(include_str!("docs/viewer.html"))
}

/// What the page runs: the policy lets no script be written into it.
pub async fn viewer_script() -> Response {
    let kind = HeaderValue::from_static("text/javascript");
    (
        [(header::CONTENT_TYPE, kind)],
        include_str!("docs/viewer.js"),
    )
        .into_response()
}
