//! What a user asks for. Nothing here is checked: [`Plan::resolve`](crate::Plan::resolve) does that.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use kinora_media::Rational;
use serde::{Deserialize, Serialize};

use crate::board::{Card, Source};
use crate::enhance::Enhanced;
use crate::style::Style;

/// A wish for one or more clips. What is `None` the plan decides, from the model's defaults.
///
/// Sidecars and checkpoints hold a request in this very form, hence serde; HTTP has its own types.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Request {
    /// What to show, in English or Chinese.
    pub prompt: String,
    /// What the prompt was before it was expanded, see [`crate::enhance`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enhanced: Option<Enhanced>,
    /// What to avoid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub negative: Option<String>,
    /// Name of a style preset, see [`crate::style`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<String>,
    /// The preset itself, as it was when it was first looked up: a repeat must not depend on a file. Where it is
    /// `None`, `style` names a built-in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub look: Option<Style>,
    /// Pictures and clips to be met at given times.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<Condition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aspect: Option<Aspect>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
    /// Width and height in pixels; wins over `aspect` and `resolution`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<(u32, u32)>,
    /// Length, 1–20; of a board 0.1–600.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Frames per second of the file, written `30` or `24000/1001`.
    #[serde(skip_serializing_if = "Option::is_none", with = "rate")]
    pub fps: Option<Rational>,
    /// How many clips, 1–4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variants: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guidance: Option<f64>,
    pub effort: Effort,
    /// How the model's frames come to a larger size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upscale: Option<Upscale>,
    /// What stands on the timeline, see [`crate::board`].
    #[serde(rename = "card", skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<Card>,
    /// Footage that the drawing begins from.
    #[serde(rename = "source", skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// The tool that asks: `extend`, `remix` …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
}

impl Request {
    /// Whether there is more to it than a prompt with pictures or clips to meet.
    pub fn is_board(&self) -> bool {
        !self.cards.is_empty() || !self.sources.is_empty()
    }
}

/// A picture or clip that the result meets at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    pub kind: ConditionKind,
    pub path: PathBuf,
    /// Seconds from the beginning.
    pub at: f64,
    /// How strictly it is met, 0–1.
    #[serde(default = "one")]
    pub strength: f64,
    /// SHA-256 of the file when it was first read: a repeat with another file would be another clip.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

fn one() -> f64 {
    1.0
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConditionKind {
    Image,
    Video,
}

/// The shape of the picture.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Aspect {
    #[default]
    #[serde(rename = "16:9")]
    Wide,
    #[serde(rename = "1:1")]
    Square,
    #[serde(rename = "9:16")]
    Tall,
}

impl Aspect {
    pub const ALL: [Self; 3] = [Self::Wide, Self::Square, Self::Tall];

    /// Width divided by height.
    pub fn ratio(self) -> f64 {
        match self {
            Self::Wide => 16.0 / 9.0,
            Self::Square => 1.0,
            Self::Tall => 9.0 / 16.0,
        }
    }

    /// The one nearest to a picture of this size.
    pub fn nearest(width: u32, height: u32) -> Self {
        let ratio = f64::from(width) / f64::from(height);
        let distance = |aspect: &Self| (aspect.ratio() / ratio).ln().abs();
        let mut best = Self::Wide;
        for aspect in Self::ALL {
            if distance(&aspect) < distance(&best) {
                best = aspect;
            }
        }
        best
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wide => "16:9",
            Self::Square => "1:1",
            Self::Tall => "9:16",
        })
    }
}

impl FromStr for Aspect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|a| a.to_string() == text);
        found.ok_or_else(|| format!("`{text}` is not an aspect; give 16:9, 1:1 or 9:16"))
    }
}

/// The class of sizes, by the length of the short side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resolution {
    #[default]
    #[serde(rename = "480p")]
    P480,
    #[serde(rename = "720p")]
    P720,
    #[serde(rename = "1080p")]
    P1080,
}

impl Resolution {
    /// Width and height in pixels.
    pub fn size(self, aspect: Aspect) -> (u32, u32) {
        let (long, short) = match self {
            Self::P480 => (854, 480),
            Self::P720 => (1280, 720),
            Self::P1080 => (1920, 1080),
        };
        match aspect {
            Aspect::Wide => (long, short),
            Aspect::Square => (short, short),
            Aspect::Tall => (short, long),
        }
    }
}

/// How much work a clip is worth.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effort {
    /// Half the steps, or the few that the model was taught to do with, at the size that it draws, its frames held: to look
    /// before one leaps. What is drawn at another effort, with the same seed, is the same shot.
    Draft,
    #[default]
    Standard,
    /// Twice the steps.
    Quality,
}

impl Effort {
    /// The steps that stand for a model's usual number.
    pub fn steps(self, usual: usize) -> usize {
        match self {
            Self::Draft => usual.div_ceil(2).max(1),
            Self::Standard => usual,
            Self::Quality => usual * 2,
        }
    }
}

/// How a model's frames come to a larger size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Upscale {
    /// By a network that the model brings, which doubles the sides; the rest by resizing.
    Learned,
    /// By resizing alone.
    Lanczos,
}

/// A frame rate as text, exactly.
pub(crate) mod rate {
    use super::Rational;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(rate: &Option<Rational>, to: S) -> Result<S::Ok, S::Error> {
        match rate {
            Some(rate) => to.serialize_str(&rate.to_string()),
            None => to.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Rational>, D::Error> {
        match Option::<String>::deserialize(from)? {
            Some(text) => text.parse().map(Some).map_err(D::Error::custom),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_survives_json() {
        let request = Request {
            prompt: "猛犸象 walks".into(),
            conditions: vec![Condition {
                kind: ConditionKind::Image,
                path: "a.png".into(),
                at: 1.5,
                strength: 0.5,
                sha256: None,
            }],
            fps: Some("24000/1001".parse().unwrap()),
            aspect: Some(Aspect::Tall),
            seed: Some(u64::MAX),
            ..Request::default()
        };
        let text = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<Request>(&text).unwrap(), request);
        let bare: Request = serde_json::from_str(r#"{"prompt":"a frog"}"#).unwrap();
        assert_eq!(bare.prompt, "a frog");
    }

    #[test]
    fn the_nearest_aspect_is_that_of_the_picture() {
        assert_eq!(Aspect::nearest(1920, 1080), Aspect::Wide);
        assert_eq!(Aspect::nearest(1000, 900), Aspect::Square);
        assert_eq!(Aspect::nearest(600, 900), Aspect::Tall);
    }
}
