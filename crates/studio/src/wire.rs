//! What goes over the wire, as [`crate::openapi`] describes it.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A generation or an upload, with what the library knows of it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Clip {
    pub id: String,
    /// `generation` or `upload`.
    pub kind: String,
    /// `generate`, `storyboard`, `extend`, `recut`, `remix`, `blend`, `loop` or `upload`.
    pub tool: String,
    pub prompt: String,
    pub title: String,
    pub job_id: Option<String>,
    /// Which of the job's clips, from 1.
    pub variant: u32,
    pub variants: u32,
    /// The clips that it was made from.
    pub parents: Vec<String>,
    pub children_count: u32,
    pub width: u32,
    pub height: u32,
    pub seconds: f64,
    pub fps: f64,
    pub frames: u64,
    pub seed: Option<u64>,
    pub model: Option<String>,
    pub style: Option<String>,
    pub created_at: String,
    pub bytes: u64,
    pub favourite: bool,
    pub bookmarked: bool,
    pub folder_id: Option<String>,
    pub tags: Vec<String>,
    pub trashed_at: Option<String>,
    pub share_url: Option<String>,
    pub published: bool,
    pub likes: u32,
    pub sprite: Sprite,
    pub urls: ClipUrls,
    /// The request that made it.
    pub settings: Option<Value>,
    #[serde(skip)]
    pub owner: String,
    /// Name of the media file in the clip's folder.
    #[serde(skip)]
    pub file: String,
}

impl Clip {
    /// What others see of a published clip: not how its owner keeps it.
    pub fn as_others_see_it(mut self) -> Self {
        if let Some(Value::Object(settings)) = &mut self.settings {
            settings.remove("folder_id");
            settings.remove("board_id");
        }
        Self {
            share_url: None,
            folder_id: None,
            tags: Vec::new(),
            favourite: false,
            bookmarked: false,
            ..self
        }
    }
}

/// A published clip, as others see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Post {
    #[serde(flatten)]
    pub clip: Clip,
    pub published_at: String,
    /// Name of the user who published it; null where nobody logs in.
    pub author: Option<String>,
    /// Whether an administrator chose it.
    pub featured: bool,
    /// Whether whoever asks likes it.
    pub liked: bool,
}

/// Frames in order of time, `columns` a row, each `width` × `height` pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Sprite {
    pub columns: u32,
    pub rows: u32,
    pub count: u32,
    pub width: u32,
    pub height: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ClipUrls {
    pub video: String,
    pub thumbnail: String,
    pub spritesheet: String,
    pub sidecar: String,
    pub download: String,
}

impl ClipUrls {
    pub fn of(id: &str) -> Self {
        let url = |what: &str| format!("/api/clips/{id}/{what}");
        Self {
            video: url("video"),
            thumbnail: url("thumbnail"),
            spritesheet: url("spritesheet"),
            sidecar: url("sidecar"),
            download: url("download"),
        }
    }
}

/// A page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Give it as `cursor` for the next page.
    pub next_cursor: Option<String>,
    pub total: u64,
}

/// A list that is never long.
#[derive(Debug, Serialize, ToSchema)]
pub struct List<T> {
    pub items: Vec<T>,
}

/// Work that was asked for.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Job {
    pub id: String,
    pub tool: String,
    /// `queued`, `running`, `completed`, `failed` or `cancelled`.
    pub status: String,
    /// `priority` or `relaxed`.
    pub class: String,
    pub prompt: String,
    /// `text`, `conditions`, `denoise`, `decode` or `write`.
    pub stage: Option<String>,
    pub step: u64,
    pub steps: u64,
    /// 0–100, over all variants.
    pub progress: f64,
    /// Its place in the line, paused jobs counted; while queued.
    pub place: Option<u32>,
    /// How many are served before it; while queued and not paused.
    pub position: Option<u32>,
    /// It keeps its place, and is not taken.
    pub paused: bool,
    /// Whether another request can take its place: it waits, was never begun, and is not of the Videos API.
    pub editable: bool,
    /// Whether trying it again goes on from what was drawn of it: it failed or was cancelled, less than a week ago.
    pub resumable: bool,
    pub eta_seconds: Option<f64>,
    pub variants: u32,
    /// The clips that are ready.
    pub clips: Vec<String>,
    pub cost: Option<Cost>,
    pub error: Option<String>,
    /// What the engine wants the user to know.
    pub note: Option<String>,
    pub created_at: String,
    pub started_at: Option<String>,
    pub finished_at: Option<String>,
    /// What it looked like at its last step, while it runs or is `resumable`.
    pub preview_url: Option<String>,
    pub folder_id: Option<String>,
    pub model: String,
    pub width: u32,
    pub height: u32,
    pub seconds: f64,
    #[schema(value_type = JobRequest)]
    pub request: Value,
    #[serde(skip)]
    pub owner: String,
    /// Which API took it: `studio` or `v1`.
    #[serde(skip)]
    pub origin: String,
    #[serde(skip)]
    pub extra: Option<Value>,
    #[serde(skip)]
    pub created: i64,
    #[serde(skip)]
    pub finished: Option<i64>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub struct Cost {
    pub credits: u64,
}

/// What is asked for. Which fields mean something depends on the tool.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct JobRequest {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<Tool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// A storyboard, see `/api/boards`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub board: Option<Value>,
    /// The kept board that it is, so that its clips are found by `board` in `/api/clips`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub board_id: Option<String>,
    /// The clip to extend, recut, remix or loop; the first to blend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip: Option<String>,
    /// The second to blend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_b: Option<String>,
    /// A picture to begin with: a clip or an upload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// A clip to begin with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video: Option<String>,
    /// `subtle`, `mild`, `strong`, or 0–1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strength: Option<Strength>,
    /// Seconds, from and to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub range: Option<(f64, f64)>,
    /// Seconds, from and to: what recut keeps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ranges: Option<Vec<(f64, f64)>>,
    /// Of a recut: how many times as fast each of `ranges` plays, 0.1–10; as they are where this is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speeds: Option<Vec<f64>>,
    /// Seconds to generate before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<f64>,
    /// Seconds to generate after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<f64>,
    /// Of a loop: `short`, `normal` or `long`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<String>,
    /// Of a blend: seconds and weight of the second clip.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub curve: Option<Vec<(f64, f64)>>,
    /// Of a blend: `transition`, `mix` or `sample`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Of a recut: seconds generated between what is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gap: Option<f64>,
    /// `16:9`, `1:1` or `9:16`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aspect: Option<String>,
    /// `480p`, `720p` or `1080p`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// `854x480`; wins over aspect and resolution.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fps: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variants: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guidance: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<String>,
    /// `draft`, `standard` or `quality`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effort: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder_id: Option<String>,
    /// `priority`, or `relaxed`: free where the plan has it, and behind others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
}

/// How far a remix goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum Strength {
    /// 0 to 1.
    Part(f64),
    /// `subtle`, `mild` or `strong`.
    Word(String),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tool {
    #[default]
    Generate,
    Storyboard,
    Extend,
    Recut,
    Remix,
    Blend,
    Loop,
}

impl Tool {
    pub fn name(self) -> &'static str {
        match self {
            Self::Generate => "generate",
            Self::Storyboard => "storyboard",
            Self::Extend => "extend",
            Self::Recut => "recut",
            Self::Remix => "remix",
            Self::Blend => "blend",
            Self::Loop => "loop",
        }
    }
}

/// Which queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    #[default]
    Priority,
    Relaxed,
}

impl Class {
    pub fn name(self) -> &'static str {
        match self {
            Self::Priority => "priority",
            Self::Relaxed => "relaxed",
        }
    }
}

/// What a job would cost and take.
#[derive(Debug, Serialize, ToSchema)]
pub struct Estimate {
    pub credits: u64,
    /// What is left of the plan this month, before this job; none where nothing is limited.
    pub credits_left: Option<u64>,
    /// Computing time.
    pub seconds_estimate: f64,
    /// Whether it comes from measured speeds. Before the model's first clip it is a guess from the operations that there are.
    pub measured: bool,
    pub tokens: u64,
    /// Why the plan has too little left for it this month; null if it has enough.
    pub over_quota: Option<String>,
    pub warnings: Vec<String>,
    pub notes: Vec<String>,
}

/// Of one user's library and queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow, ToSchema)]
pub struct Counts {
    pub clips: i64,
    pub favourites: i64,
    pub trash: i64,
    pub queued: i64,
    pub running: i64,
}

/// Seeds are whole numbers that the database and every client's language can hold.
pub fn check_seed(seed: Option<u64>) -> crate::Result<()> {
    match seed {
        Some(seed) if i64::try_from(seed).is_err() => Err(crate::Error::Invalid(format!(
            "a seed is a whole number from 0 to {}",
            i64::MAX
        ))),
        _ => Ok(()),
    }
}

/// RFC 3339 of milliseconds since 1970.
pub fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms)
        .unwrap_or_default()
        .to_string()
}
