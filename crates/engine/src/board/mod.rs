//! The timeline that every wish becomes: a scene, cards at their times, footage to begin from.
//!
//! A [`Board`] is what a person writes (TOML or JSON, see [`SCHEMA`]) or what [`tools`] build for one: text to video is a
//! board with one text card, an extension a clip card with room before or after it, and so on. It becomes a
//! [`Request`] and is checked where every request is: in [`Plan::resolve`](crate::Plan::resolve).

mod card;
mod source;
pub mod tools;

use std::fs;
use std::path::{Path, PathBuf};

use kinora_media::Rational;
use serde::{Deserialize, Serialize};

pub use card::{Card, CardKind, Gap};
pub use source::{Curve, Source, Strength};

use crate::plan::limits::SECONDS;
use crate::request::{Aspect, Effort, Request, Resolution};
use crate::{Error, Result};

/// The JSON schema of a board file.
pub const SCHEMA: &str = include_str!("schema.json");
/// The largest board file that is read.
const MAX_BYTES: u64 = 16 << 20;

/// A shot laid out in time. What is `None` the plan decides, from the footage or the model's defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// Where the schema lies, for editors; means nothing here.
    #[serde(default, rename = "$schema", skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Seconds in all, 0.1–600.
    pub duration: f64,
    /// The scene: holds throughout, whatever the cards say.
    #[serde(default)]
    pub prompt: String,
    /// What to avoid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub negative: Option<String>,
    /// Name of a style preset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub style: Option<String>,
    /// Where no size, aspect or resolution is given, the first clip or picture decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aspect: Option<Aspect>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolution: Option<Resolution>,
    /// Width and height in pixels; wins over `aspect` and `resolution`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<(u32, u32)>,
    /// Frames per second of the file, `"30"` or `"24000/1001"`; the first clip's, else 30.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "crate::request::rate"
    )]
    pub fps: Option<Rational>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// How many clips, 1–4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variants: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guidance: Option<f64>,
    #[serde(default)]
    pub effort: Effort,
    /// In any order; the plan sorts them by time.
    #[serde(default, rename = "card", skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<Card>,
    /// Footage that the drawing begins from, in place of noise alone.
    #[serde(default, rename = "source", skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// Which tool built the board: `extend`, `remix` … Goes into the sidecar's ancestry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
}

impl Board {
    /// An empty timeline of so many seconds.
    pub fn new(duration: f64, prompt: impl Into<String>) -> Self {
        Self {
            schema: None,
            duration,
            prompt: prompt.into(),
            negative: None,
            style: None,
            aspect: None,
            resolution: None,
            size: None,
            fps: None,
            seed: None,
            variants: None,
            steps: None,
            guidance: None,
            effort: Effort::default(),
            cards: Vec::new(),
            sources: Vec::new(),
            tool: None,
        }
    }

    /// Reads a board file, TOML or JSON. Media paths in it are relative to the file.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let cure = "see the examples of `kinora storyboard --help`";
        let size = fs::metadata(path).map_err(Error::io("read", path))?.len();
        if size > MAX_BYTES {
            let what = format!("{size} bytes are more than any board has");
            return Err(Error::record(path, what, cure));
        }
        let bytes = fs::read(path).map_err(Error::io("read", path))?;
        let text = String::from_utf8(bytes)
            .map_err(|_| Error::record(path, "it is not text (UTF-8)", cure))?;
        let mut board = Self::parse(&text)
            .map_err(|problem| Error::record(path, format!("not a board: {problem}"), cure))?;
        let base = std::path::absolute(path).map_err(Error::io("find", path))?;
        board.find_media_from(base.parent().unwrap_or(Path::new("")));
        Ok(board)
    }

    /// Reads a board from text, TOML or JSON; the error says where it goes wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim_start_matches('\u{feff}'); // some editors begin files with it
        match text.trim_start().starts_with('{') {
            true => serde_json::from_str(text).map_err(|error| error.to_string()),
            false => toml::from_str(text).map_err(|error| error.to_string().trim().to_owned()),
        }
    }

    /// The board as a file's text.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a board is plain data")
    }

    /// Makes relative media paths absolute, seen from `base`.
    pub fn find_media_from(&mut self, base: &Path) {
        let cards = self.cards.iter_mut().filter_map(Card::media_mut);
        let sources = self.sources.iter_mut().map(|source| &mut source.clip);
        let join = |path: &mut PathBuf| *path = base.join(&*path);
        cards.chain(sources).for_each(join);
    }

    pub fn with_card(mut self, card: Card) -> Self {
        self.cards.push(card);
        self
    }
}

/// The scene and what a card says, as one prompt.
pub(crate) fn joined(scene: &str, text: Option<&str>) -> String {
    let (scene, text) = (scene.trim(), text.unwrap_or_default().trim());
    let comma = match text.chars().any(crate::text::is_cjk) {
        true => "，",
        false => ", ",
    };
    match (scene.is_empty(), text.is_empty()) {
        (_, true) => scene.to_owned(),
        (true, false) => text.to_owned(),
        (false, false) => format!("{text}{comma}{scene}"),
    }
}

impl From<Board> for Request {
    fn from(mut board: Board) -> Self {
        // Without cards it would be a plain clip, which may not be as long as a board.
        let bare = board.cards.is_empty() && board.sources.is_empty();
        if bare && !SECONDS.contains(&board.duration) {
            let prompt = std::mem::take(&mut board.prompt);
            board.cards.push(Card::text(0.0, prompt));
        }
        Self {
            prompt: board.prompt,
            negative: board.negative,
            style: board.style,
            look: None,
            enhanced: None,
            conditions: Vec::new(),
            aspect: board.aspect,
            resolution: board.resolution,
            size: board.size,
            seconds: Some(board.duration),
            fps: board.fps,
            variants: board.variants,
            seed: board.seed,
            steps: board.steps,
            guidance: board.guidance,
            effort: board.effort,
            upscale: None,
            cards: board.cards,
            sources: board.sources,
            tool: board.tool,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRANE: &str = r#"
        duration = 10.0
        aspect = "16:9"
        prompt = "a quiet stream at dawn, soft light"
        seed = 7
        [[card]]
        at = 0.0
        text = "a beautiful white crane with a yellow tail stands in the stream"
        [[card]]
        at = 5.0
        gap = "cut"
        image = "fish.png"
        strength = 0.8
        [[card]]
        at = 6.0
        clip = "/a/b.mp4"
        in = 1.0
        out = 3.5
        [[source]]
        clip = "c.mp4"
        at = 8.5
        out = 1.5
        strength = "mild"
        weight = [[0.0, 1.0], [1.5, 0.25]]
    "#;

    #[test]
    fn a_board_is_read_and_survives_both_formats() {
        let mut board = Board::parse(CRANE).unwrap();
        assert_eq!(board.cards.len(), 3);
        assert_eq!(board.cards[1].gap, Gap::Cut);
        assert_eq!(board.cards[1].strength, 0.8);
        assert_eq!(board.sources[0].strength, Strength::Mild);
        assert_eq!(Board::parse(&board.to_toml()).unwrap(), board);
        let json = serde_json::to_string(&board).unwrap();
        assert_eq!(Board::parse(&json).unwrap(), board);
        board.find_media_from(Path::new("/boards"));
        assert_eq!(
            board.cards[1].media().unwrap(),
            Path::new("/boards/fish.png")
        );
        assert_eq!(board.cards[2].media().unwrap(), Path::new("/a/b.mp4"));
        assert_eq!(board.sources[0].clip, Path::new("/boards/c.mp4"));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (board, word) in [
            ("duration = 1\n[[card]]\nat = 0\ntxt = 'a'", "txt"),
            ("duration = 1\n[[card]]\nat = 0", "text, image or clip"),
            (
                "duration = 1\n[[card]]\nat = 0\nimage = 'a'\nclip = 'b'",
                "image and clip",
            ),
            ("duration = 1\n[[card]]\nat = 0\ntext = 'a'\nin = 1", "`in`"),
            (
                "duration = 1\n[[card]]\nat = 0\nimage = 'a'\nspeed = 2",
                "`speed`",
            ),
            (
                "duration = 1\n[[card]]\nat = 0\ntext = 'a'\ngap = 'jump'",
                "jump",
            ),
            ("prompt = 'a'", "duration"),
            (
                "duration = 1\n[[source]]\nclip='a'\nout=1\nstrength='huge'",
                "huge",
            ),
        ] {
            let problem = Board::parse(board).unwrap_err();
            assert!(problem.contains(word), "{board}: {problem}");
        }
    }

    /// The schema names exactly the fields that a board with everything has.
    #[test]
    fn the_schema_knows_every_field() {
        let full = CRANE.replace(
            "seed = 7",
            "seed = 7\n\"$schema\" = 'board.schema.json'\nnegative = 'a'\nstyle = 'b'\nresolution = '480p'\nsize = [64, 64]\nfps = '30'\n\
             variants = 1\nsteps = 3\nguidance = 1.5\ntool = 'x'",
        );
        let full = full.replace(
            "image = \"fish.png\"",
            "image = \"fish.png\"\ntext = \"c\"\nsha256 = \"d\"",
        );
        let full = full.replace(
            "[[source]]",
            "keep = false\nspeed = 0.5\n[[source]]\nsha256 = \"d\"\nin = 0.5",
        );
        let board = serde_json::to_value(Board::parse(&full).unwrap()).unwrap();
        let schema: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
        let keys = |value: &serde_json::Value| -> std::collections::BTreeSet<String> {
            value.as_object().unwrap().keys().cloned().collect()
        };
        assert_eq!(keys(&board), keys(&schema["properties"]));
        let cards = board["card"].as_array().unwrap();
        let card: std::collections::BTreeSet<_> = cards.iter().flat_map(keys).collect();
        assert_eq!(
            card,
            keys(&schema["properties"]["card"]["items"]["properties"])
        );
        let source = &schema["properties"]["source"]["items"]["properties"];
        assert_eq!(keys(&board["source"][0]), keys(source));
    }
}
