//! What stands on the timeline.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Something that the result says, shows or contains from a time on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Card {
    /// Seconds from the beginning.
    pub at: f64,
    pub kind: CardKind,
    /// What is seen from here on, beside the scene; holds until the next card that says something.
    pub text: Option<String>,
    /// How strictly a picture or clip is met, 0–1. Kept footage is always met.
    pub strength: f64,
    /// How what lies before this card and the card are joined.
    pub gap: Gap,
    /// SHA-256 of the file when it was first read.
    pub sha256: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum CardKind {
    Text,
    /// A picture, shown at the card's time.
    Image {
        path: PathBuf,
    },
    /// A part of a clip.
    Clip {
        path: PathBuf,
        /// Seconds of the file at which the part begins and ends; the file's end, if `None`.
        from: f64,
        to: Option<f64>,
        /// Whether its frames stand in the result, untouched; else it is only something to meet.
        keep: bool,
        /// How many times as fast it plays, 0.1–10: frames are shown several times, or left out.
        speed: f64,
    },
}

/// How two neighbours are joined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gap {
    /// One flowing shot.
    #[default]
    Flow,
    /// A new shot begins at the card.
    Cut,
}

impl Card {
    fn new(at: f64, kind: CardKind) -> Self {
        Self {
            at,
            kind,
            text: None,
            strength: 1.0,
            gap: Gap::Flow,
            sha256: None,
        }
    }

    /// Whether it is footage that stays as it is.
    pub fn is_kept(&self) -> bool {
        matches!(self.kind, CardKind::Clip { keep: true, .. })
    }

    pub fn text(at: f64, text: impl Into<String>) -> Self {
        Self::new(at, CardKind::Text).saying(text)
    }

    pub fn image(at: f64, path: impl Into<PathBuf>) -> Self {
        Self::new(at, CardKind::Image { path: path.into() })
    }

    /// Kept footage: seconds `from..to` of a clip.
    pub fn clip(at: f64, path: impl Into<PathBuf>, from: f64, to: f64) -> Self {
        Self::footage(at, path.into(), (from, to), true)
    }

    /// Footage to be met at a time, but drawn anew.
    pub fn lead(at: f64, path: impl Into<PathBuf>, from: f64, to: f64) -> Self {
        Self::footage(at, path.into(), (from, to), false)
    }

    fn footage(at: f64, path: PathBuf, (from, to): (f64, f64), keep: bool) -> Self {
        let kind = CardKind::Clip {
            path,
            from,
            to: Some(to),
            keep,
            speed: 1.0,
        };
        Self::new(at, kind)
    }

    /// Of a clip: so many times as fast.
    pub fn played(mut self, times: f64) -> Self {
        if let CardKind::Clip { speed, .. } = &mut self.kind {
            *speed = times;
        }
        self
    }

    /// When it ends: of a clip with its last frame, once the plan knows it; else at once.
    pub(crate) fn end(&self) -> f64 {
        match self.kind {
            CardKind::Clip {
                from, to, speed, ..
            } => self.at + (to.unwrap_or(from) - from) / speed,
            _ => self.at,
        }
    }

    /// With a text, or a caption.
    pub fn saying(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// As the beginning of a new shot.
    pub fn cut(mut self) -> Self {
        self.gap = Gap::Cut;
        self
    }

    /// The file that it shows.
    pub fn media(&self) -> Option<&Path> {
        match &self.kind {
            CardKind::Text => None,
            CardKind::Image { path } | CardKind::Clip { path, .. } => Some(path),
        }
    }

    pub(crate) fn media_mut(&mut self) -> Option<&mut PathBuf> {
        match &mut self.kind {
            CardKind::Text => None,
            CardKind::Image { path } | CardKind::Clip { path, .. } => Some(path),
        }
    }
}

/// A card as a file has it: one of `text`, `image` and `clip` says of which kind it is.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    at: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    image: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    clip: Option<PathBuf>,
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    from: Option<f64>,
    #[serde(default, rename = "out", skip_serializing_if = "Option::is_none")]
    to: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    keep: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    speed: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    strength: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    gap: Option<Gap>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
}

impl TryFrom<Wire> for Card {
    type Error = String;

    fn try_from(wire: Wire) -> Result<Self, String> {
        let at = wire.at;
        let refuse = |what: String| Err(format!("the card at {at} s {what}"));
        let of_clips = [
            ("in", wire.from.is_some()),
            ("out", wire.to.is_some()),
            ("keep", wire.keep.is_some()),
            ("speed", wire.speed.is_some()),
        ];
        let foreign = of_clips.iter().find(|(_, given)| *given);
        let kind = match (wire.image, wire.clip, foreign) {
            (Some(_), Some(_), _) => return refuse("has both image and clip; give one".into()),
            (None, None, None) if wire.text.is_none() => {
                return refuse("has none of text, image or clip".into());
            }
            (_, None, Some((name, _))) => {
                return refuse(format!("has `{name}`, which belongs to clips"));
            }
            (Some(path), None, None) => CardKind::Image { path },
            (None, None, None) => CardKind::Text,
            (None, Some(path), _) => CardKind::Clip {
                path,
                from: wire.from.unwrap_or(0.0),
                to: wire.to,
                keep: wire.keep.unwrap_or(true),
                speed: wire.speed.unwrap_or(1.0),
            },
        };
        Ok(Self {
            at,
            kind,
            text: wire.text,
            strength: wire.strength.unwrap_or(1.0),
            gap: wire.gap.unwrap_or_default(),
            sha256: wire.sha256,
        })
    }
}

impl From<Card> for Wire {
    fn from(card: Card) -> Self {
        let mut wire = Self {
            at: card.at,
            text: card.text,
            strength: (card.strength != 1.0).then_some(card.strength),
            gap: (card.gap != Gap::Flow).then_some(card.gap),
            sha256: card.sha256,
            ..Self::default()
        };
        match card.kind {
            CardKind::Text => {}
            CardKind::Image { path } => wire.image = Some(path),
            CardKind::Clip {
                path,
                from,
                to,
                keep,
                speed,
            } => {
                wire.clip = Some(path);
                wire.from = Some(from);
                wire.to = to;
                wire.keep = (!keep).then_some(false);
                wire.speed = (speed != 1.0).then_some(speed);
            }
        }
        wire
    }
}
