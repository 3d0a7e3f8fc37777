//! Styles: looks with a name, as words that are joined to a prompt.
//!
//! A style is a file. Five are inside the program ([`built_in`]); a user's own lie in a directory ([`library`]), and
//! [`look`] reads reference pictures into words for them.

pub mod library;
pub mod look;

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use library::Library;

use crate::text::is_cjk;
use crate::{Error, Result};

/// Reference pictures that a style may have.
pub const MAX_IMAGES: usize = 5;
/// Characters of a style's name, and of any one of its texts.
const MAX_NAME: usize = 64;
const MAX_TEXT: usize = 2000;

/// A look, as its TOML file says it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Style {
    /// What it is asked for by: lower-case words joined by hyphens.
    pub name: String,
    /// Reference pictures, at most [`MAX_IMAGES`]; in a file relative to it, in memory absolute.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<PathBuf>,
    #[serde(default, skip_serializing_if = "Title::is_empty")]
    pub title: Title,
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    pub en: Words,
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    pub zh: Words,
}

/// What people call it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Title {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub en: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub zh: String,
}

/// A style in one language: all of it in a line, then part by part. Any may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Words {
    /// The whole look in a line, for models that read short prompts.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub brief: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub theme: String,
    #[serde(skip_serializing_if = "String::is_empty", alias = "color")]
    pub colour: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub camera: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub film_stock: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub lighting: String,
    /// What becomes of the things that are shown.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub transformation: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub vibe: String,
}

/// How much of a style is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Length {
    /// The line.
    Brief,
    /// The line, then every part.
    Whole,
}

const BUILT_IN: [&str; 5] = [
    include_str!("../../styles/archival.toml"),
    include_str!("../../styles/film-noir.toml"),
    include_str!("../../styles/papercraft.toml"),
    include_str!("../../styles/stop-motion.toml"),
    include_str!("../../styles/balloon-world.toml"),
];

/// The styles that every installation has.
pub fn built_in() -> Vec<Style> {
    let parse = |text: &&str| toml::from_str(text).expect("the embedded styles are tested");
    BUILT_IN.iter().map(parse).collect()
}

/// The built-in style of this name or title; case, spaces and punctuation do not matter.
pub fn find(name: &str) -> Option<Style> {
    built_in().into_iter().find(|style| style.is_called(name))
}

/// `Film Noir` → `film-noir`
pub fn slug(name: &str) -> String {
    let words = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|w| !w.is_empty());
    words.collect::<Vec<_>>().join("-").to_lowercase()
}

impl Style {
    /// Reads a style file, and its pictures into words: they must be there.
    pub fn load(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
        let mut style = Self::parse(&text, path)?;
        let dir = path.parent().unwrap_or(Path::new(""));
        for image in &mut style.images {
            *image = std::path::absolute(dir.join(&*image)).map_err(Error::io("find", image))?;
        }
        style.learn()?;
        style.check()?;
        Ok(style)
    }

    /// Reads the text of a style file, and nothing of its pictures. `path` is where errors say that it lies.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        toml::from_str(text).map_err(|error| {
            // The parser's message repeats the line in question; its first line says enough.
            let reason = error
                .message()
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned();
            Error::record(
                path,
                format!("not a style ({reason})"),
                "`kinora styles show film-noir` prints one to begin with",
            )
        })
    }

    /// Reads colours and light from the pictures into words; what is written goes first.
    pub fn learn(&mut self) -> Result<()> {
        self.check_count()?;
        let frames = self.images.iter().map(kinora_media::read_image);
        look::fill(self, &frames.collect::<Result<Vec<_>, _>>()?);
        Ok(())
    }

    /// The file that says it.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("a style is plain data")
    }

    /// Whether a user who types `name` means this style.
    pub fn is_called(&self, name: &str) -> bool {
        let name = slug(name);
        [&self.name, &self.title.en, &self.title.zh]
            .iter()
            .any(|own| !own.is_empty() && slug(own) == name)
    }

    /// A sentence on what is wrong with it, if something is.
    pub fn check(&self) -> Result<()> {
        let refuse = |what: String, cure: &str| {
            Err(Error::request(
                format!("style `{}`: {what}", self.name),
                cure,
            ))
        };
        if self.name.is_empty() || slug(&self.name) != self.name {
            return refuse(
                "this cannot be its name".into(),
                "use lower-case letters, digits and hyphens, for instance my-look",
            );
        }
        if self.name.chars().count() > MAX_NAME {
            return refuse("its name is too long".into(), "keep it to 64 characters");
        }
        if self.en.is_empty() && self.zh.is_empty() && self.images.is_empty() {
            return refuse(
                "it says nothing".into(),
                "describe the look, in English or Chinese, or give pictures that have it",
            );
        }
        let texts = [&self.en, &self.zh].into_iter().flat_map(Words::all);
        if let Some((part, _)) = texts
            .into_iter()
            .find(|(_, text)| text.chars().count() > MAX_TEXT)
        {
            return refuse(
                format!("its {part} is too long"),
                "keep each text to 2000 characters",
            );
        }
        self.check_count()
    }

    fn check_count(&self) -> Result<()> {
        match self.images.len() {
            0..=MAX_IMAGES => Ok(()),
            more => Err(Error::request(
                format!("style `{}`: it has {more} pictures", self.name),
                format!("give at most {MAX_IMAGES}"),
            )),
        }
    }

    /// Whether a prompt holds any of the style's words.
    pub fn is_said_in(&self, prompt: &str) -> bool {
        let mut texts = [&self.en, &self.zh].into_iter().flat_map(Words::all);
        texts.any(|(_, text)| !text.is_empty() && prompt.contains(text))
    }

    /// The prompt in this style, in the prompt's language where the style speaks it.
    pub fn apply(&self, prompt: &str, length: Length) -> String {
        let chinese = prompt.chars().any(is_cjk);
        let words = match (chinese, self.zh.is_empty(), self.en.is_empty()) {
            (true, false, _) | (false, _, true) => &self.zh,
            _ => &self.en,
        };
        let comma = if chinese { "，" } else { ", " };
        let prompt = prompt
            .trim()
            .trim_end_matches(['.', '。', ',', '，', ';', '；']);
        let mut said = words.say(length);
        said.insert(0, prompt);
        said.retain(|text| !text.is_empty());
        said.join(comma)
    }
}

impl Title {
    fn is_empty(&self) -> bool {
        self.en.is_empty() && self.zh.is_empty()
    }
}

impl Words {
    /// The parts that are joined to a prompt.
    fn say(&self, length: Length) -> Vec<&str> {
        let parts = self.parts().map(|(_, text)| text);
        match length {
            Length::Brief if !self.brief.is_empty() => vec![&self.brief],
            Length::Whole => [&*self.brief].into_iter().chain(parts).collect(),
            Length::Brief => parts.to_vec(),
        }
    }

    /// The seven parts by name.
    pub fn parts(&self) -> [(&'static str, &str); 7] {
        [
            ("theme", &self.theme),
            ("colour", &self.colour),
            ("camera", &self.camera),
            ("film stock", &self.film_stock),
            ("lighting", &self.lighting),
            ("transformation", &self.transformation),
            ("vibe", &self.vibe),
        ]
    }

    /// All texts by name, the brief one first.
    pub fn all(&self) -> Vec<(&'static str, &str)> {
        let brief = [("brief", &*self.brief)];
        brief.into_iter().chain(self.parts()).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.all().iter().all(|(_, text)| text.trim().is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_styles_are_whole_in_both_languages() {
        let styles = built_in();
        let names: Vec<_> = styles.iter().map(|style| &*style.name).collect();
        let wanted = [
            "archival",
            "film-noir",
            "papercraft",
            "stop-motion",
            "balloon-world",
        ];
        assert_eq!(names, wanted);
        for style in &styles {
            style.check().unwrap();
            for (words, chinese) in [(&style.en, false), (&style.zh, true)] {
                for (part, text) in words.all() {
                    assert!(!text.is_empty(), "{}: no {part}", style.name);
                    assert_eq!(text.chars().any(is_cjk), chinese, "{}: {part}", style.name);
                }
            }
            assert_eq!(toml::from_str::<Style>(&style.to_toml()).unwrap(), *style);
        }
    }

    #[test]
    fn a_style_is_found_by_what_people_type() {
        for (typed, name) in [
            ("film-noir", "film-noir"),
            ("Film Noir", "film-noir"),
            ("balloon_world", "balloon-world"),
            ("Cardboard & Papercraft", "papercraft"),
            ("黑色电影", "film-noir"),
        ] {
            assert_eq!(
                find(typed).map(|s| s.name).as_deref(),
                Some(name),
                "{typed}"
            );
        }
        assert_eq!(find("cubist"), None);
        assert_eq!(find(""), None);
    }

    #[test]
    fn a_prompt_is_styled_in_its_own_language() {
        let noir = find("film-noir").unwrap();
        assert_eq!(
            noir.apply("a frog.", Length::Brief),
            "a frog, film noir, black and white, hard shadows, low-key light"
        );
        assert!(
            noir.apply("一只青蛙", Length::Brief)
                .starts_with("一只青蛙，黑色电影风格，")
        );
        let whole = noir.apply("a frog", Length::Whole);
        for (_, part) in noir.en.parts() {
            assert!(whole.contains(part), "{whole}");
        }
        let own = Style {
            name: "mine".into(),
            zh: Words {
                brief: "水彩".into(),
                ..Words::default()
            },
            ..Style::default()
        };
        assert_eq!(own.apply("a frog", Length::Whole), "a frog, 水彩");
    }

    #[test]
    fn what_is_wrong_with_a_style_is_said() {
        let style = |text: &str| toml::from_str::<Style>(text).map(|style| style.check());
        assert!(style("name = \"x\"\n[en]\nhue = \"red\"").is_err());
        for (text, word) in [
            ("name = \"My Look\"\n[en]\nbrief = \"red\"", "lower-case"),
            ("name = \"../x\"\n[en]\nbrief = \"red\"", "lower-case"),
            ("name = \"x\"", "says nothing"),
            (
                "name = \"x\"\nimages = [\"1\", \"2\", \"3\", \"4\", \"5\", \"6\"]",
                "6 pictures",
            ),
        ] {
            let message = style(text).unwrap().unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
        let mut pictured = Style {
            images: vec!["none.png".into()],
            ..Style::default()
        };
        let message = pictured.learn().unwrap_err().to_string();
        assert!(message.contains("none.png"), "{message}");
    }

    #[test]
    fn pictures_alone_are_a_style_and_fill_what_is_not_said() {
        let dir = tempfile::tempdir().unwrap();
        let red = kinora_media::Frame::filled(8, 8, [220, 30, 30]).unwrap();
        kinora_media::write_image(dir.path().join("red.png"), &red).unwrap();
        let load = |text: &str| {
            let file = dir.path().join("style.toml");
            fs::write(&file, text).unwrap();
            Style::load(&file).unwrap()
        };
        let bare = load("name = \"x\"\nimages = [\"red.png\"]");
        assert!(bare.en.colour.contains("red") && bare.zh.colour.contains('红'));
        assert!(bare.apply("a frog", Length::Brief).contains("red"));
        let said =
            load("name = \"x\"\nimages = [\"red.png\"]\n[en]\nbrief = \"oils\"\ncolour = \"blue\"");
        assert_eq!((&*said.en.colour, &*said.zh.colour), ("blue", ""));
        assert!(!said.en.lighting.is_empty());
    }
}
