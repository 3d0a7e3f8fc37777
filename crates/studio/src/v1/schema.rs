//! Bodies as the OpenAPI document tells them: [`super::fields`] reads what comes, the handlers write what goes.

#![allow(
    dead_code,
    reason = "described, never built: a form may hold more than one type can"
)]

use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// A whole number, which clients also write as text.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Whole {
    Number(u64),
    Text(String),
}

/// A number, which forms have as text.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum Number {
    Number(f64),
    Text(String),
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Effort {
    Draft,
    Standard,
    Quality,
}

/// What a video begins with: one of the two. In a form it may be a file.
#[derive(Deserialize, ToSchema)]
pub(super) struct Reference {
    /// A data URL; an http(s) address where the operator allows it.
    image_url: Option<String>,
    file_id: Option<String>,
}

/// A video, or a clip of the library. In a form it may be a file.
#[derive(Deserialize, ToSchema)]
pub(super) struct VideoReference {
    id: String,
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VideoCreate {
    #[schema(min_length = 1, max_length = 32000)]
    prompt: String,
    /// Any name; one that is not here means the default and is echoed.
    model: Option<String>,
    /// `4`, if absent.
    seconds: Option<Whole>,
    /// `720x1280`, if absent.
    #[schema(pattern = "^[0-9]{2,4}x[0-9]{2,4}$")]
    size: Option<String>,
    input_reference: Option<Reference>,
    /// Ids, of which the first counts.
    characters: Option<Vec<String>>,
    seed: Option<Whole>,
    steps: Option<Whole>,
    guidance: Option<Number>,
    negative: Option<String>,
    style: Option<String>,
    effort: Option<Effort>,
    /// 1 to 4.
    variants: Option<Whole>,
    fps: Option<Number>,
    /// `16:9`, `1:1` or `9:16`.
    aspect: Option<String>,
    /// `480p`, `720p` or `1080p`.
    resolution: Option<String>,
    /// `priority` or `relaxed`.
    class: Option<crate::wire::Class>,
    /// A storyboard, see `/api/boards`.
    #[schema(value_type = Option<BoardOrText>)]
    board: Option<serde_json::Value>,
}

/// An object, which forms have as its JSON.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum BoardOrText {
    #[schema(value_type = Object)]
    Board(serde_json::Value),
    Text(String),
}

/// Beside these, all that only Kinora has, see `VideoCreate`.
#[derive(Deserialize, ToSchema)]
pub(super) struct VideoRemix {
    #[schema(min_length = 1, max_length = 32000)]
    prompt: String,
    /// `subtle`, `mild`, `strong`, or 0 to 1.
    strength: Option<Number>,
}

/// As `VideoRemix`.
#[derive(Deserialize, ToSchema)]
pub(super) struct VideoEdit {
    #[schema(min_length = 1, max_length = 32000)]
    prompt: String,
    video: VideoReference,
    strength: Option<Number>,
}

/// Beside these, all that only Kinora has, see `VideoCreate`.
#[derive(Deserialize, ToSchema)]
pub(super) struct VideoExtend {
    #[schema(min_length = 1, max_length = 32000)]
    prompt: String,
    video: VideoReference,
    seconds: Whole,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct CharacterCreate {
    #[schema(min_length = 1, max_length = 80)]
    name: String,
    video: VideoReference,
}

#[derive(ToSchema)]
pub(super) struct Character {
    id: String,
    object: String,
    name: String,
    created_at: i64,
}

/// What a list takes.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListParams {
    #[param(minimum = 0, maximum = 100)]
    limit: Option<u32>,
    order: Option<crate::store::clips::Order>,
    /// Begin after this video.
    after: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Variant {
    Video,
    Thumbnail,
    Spritesheet,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ContentParams {
    variant: Option<Variant>,
    /// Which of several variants, from 1.
    #[param(minimum = 1, maximum = 4)]
    clip: Option<u32>,
}

#[derive(ToSchema)]
pub(super) struct VideoPage {
    object: String,
    data: Vec<super::video::Video>,
    first_id: Option<String>,
    last_id: Option<String>,
    has_more: bool,
}

#[derive(ToSchema)]
pub(super) struct Gone {
    id: String,
    object: String,
    deleted: bool,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct FileCreate {
    #[schema(min_length = 1, max_length = 64)]
    purpose: String,
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

#[derive(ToSchema)]
pub(super) struct File {
    id: String,
    object: String,
    bytes: i64,
    created_at: i64,
    expires_at: Option<i64>,
    filename: String,
    purpose: String,
    status: String,
    status_details: Option<String>,
}

#[derive(ToSchema)]
pub(super) struct FilePage {
    object: String,
    data: Vec<File>,
    first_id: Option<String>,
    last_id: Option<String>,
    has_more: bool,
}

#[derive(ToSchema)]
pub(super) struct Model {
    id: String,
    object: String,
    created: i64,
    owned_by: String,
}

#[derive(ToSchema)]
pub(super) struct ModelPage {
    object: String,
    data: Vec<Model>,
}

#[derive(Deserialize, ToSchema)]
pub(super) enum EventType {
    #[serde(rename = "video.completed")]
    Completed,
    #[serde(rename = "video.failed")]
    Failed,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct EndpointCreate {
    #[schema(min_length = 1, max_length = 2000)]
    url: String,
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// All, if absent.
    #[schema(min_items = 1)]
    event_types: Option<Vec<EventType>>,
}

#[derive(ToSchema)]
pub(super) struct Endpoint {
    id: String,
    object: String,
    name: String,
    url: String,
    event_types: Vec<String>,
    created_at: i64,
    updated_at: i64,
    signing_secret_hint: String,
    /// Only in the answer that makes it.
    #[schema(nullable = false)]
    signing_secret: Option<String>,
}

#[derive(ToSchema)]
pub(super) struct EndpointPage {
    object: String,
    data: Vec<Endpoint>,
    first_id: Option<String>,
    last_id: Option<String>,
    has_more: bool,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct EndpointTest {
    event_type: Option<EventType>,
}

#[derive(ToSchema)]
pub(super) struct EndpointTested {
    object: String,
    webhook_endpoint_id: String,
    event_type: String,
    status_code: u16,
    success: bool,
}

/// OpenAI's envelope.
#[derive(ToSchema)]
pub(super) struct V1Refused {
    error: V1RefusedDetail,
}

#[derive(ToSchema)]
pub(super) struct V1RefusedDetail {
    message: String,
    r#type: String,
    /// The field that is not as it should be.
    param: Option<String>,
    code: Option<String>,
}
