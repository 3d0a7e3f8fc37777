//! From what the wire says to the engine's plan. Blocking: files are read and hashed.

mod tools;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use kinora_engine::style::Style;
use kinora_engine::{Aspect, Condition, ConditionKind, Effort, Plan, Request, Resolution, style};
use kinora_media::Rational;

use crate::catalog::Catalog;
use crate::plans::{Asked, credits};
use crate::wire::{Class, Clip, JobRequest, Tool};
use crate::{Error, Result};

/// What a request speaks of, looked up beforehand for its owner.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Media file of each clip that the request names.
    pub clips: HashMap<String, Footage>,
    /// The owner's own styles.
    pub styles: Vec<Style>,
}

/// A clip's media.
#[derive(Debug, Clone)]
pub struct Footage {
    pub path: PathBuf,
    /// What people know it by.
    pub name: String,
    pub seconds: f64,
    pub frames: u64,
}

impl Known {
    pub fn add(&mut self, clip: &Clip, path: PathBuf) {
        let footage = Footage {
            path,
            name: name_of(clip),
            seconds: clip.seconds,
            frames: clip.frames,
        };
        self.clips.insert(clip.id.clone(), footage);
    }

    /// The owner's own style of this name; presets come first, and the engine has them.
    fn look(&self, name: Option<&str>) -> Option<Style> {
        let name = name.filter(|name| style::find(name).is_none())?;
        let mut own = self.styles.iter();
        own.find(|style| style.is_called(name)).cloned()
    }

    fn footage(&self, id: &str) -> Result<&Footage> {
        self.clips.get(id).ok_or(Error::NotFound("clip"))
    }

    /// A sentence of the engine's for somebody at a page: clips by their names, since where they lie is the server's own
    /// business; the command line's flags as the fields that they are here, and its advice as the page's.
    fn as_said_here(&self, text: &str) -> String {
        let clips = self.clips.values();
        let named = clips.fold(text.to_owned(), |text, footage| {
            text.replace(&*footage.path.to_string_lossy(), &footage.name)
        });
        let fields: Vec<&str> = named.split(' ').map(field).collect();
        let said = fields.join(" ");
        match said.split_once("; `kinora models info") {
            Some((said, _)) => format!("{said}; Settings, Models shows what it knows"),
            None => said,
        }
    }
}

/// Characters of a title within a sentence.
const TITLE_CHARS: usize = 40;

/// `clip “a frog in the snow”`: its title or what it was asked for with, cut where it is long.
fn name_of(clip: &Clip) -> String {
    let title = [&clip.title, &clip.prompt, &clip.id]
        .into_iter()
        .find(|text| !text.trim().is_empty());
    // Quotes of its own would end the name early.
    let title = title
        .map_or("", |text| text.trim())
        .replace(['“', '”'], "\"");
    match title.char_indices().nth(TITLE_CHARS) {
        Some((end, _)) => format!("clip “{} …”", title[..end].trim_end()),
        None => format!("clip “{title}”"),
    }
}

/// `--seconds` as `seconds`.
fn field(word: &str) -> &str {
    let flag = word.strip_prefix("--");
    flag.filter(|name| name.starts_with(|c: char| c.is_ascii_lowercase()))
        .unwrap_or(word)
}

/// The clips that a request names: what it is made from.
pub fn parents(request: &JobRequest) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    let single = [
        &request.clip,
        &request.clip_b,
        &request.image,
        &request.video,
    ];
    ids.extend(single.into_iter().flatten().cloned());
    let cards = request
        .board
        .as_ref()
        .and_then(|board| board["cards"].as_array());
    for card in cards.into_iter().flatten() {
        let media = ["image", "clip"]
            .into_iter()
            .filter_map(|kind| card[kind].as_str());
        ids.extend(media.map(str::to_owned));
    }
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    ids
}

/// What stands for a plan in lists: the scene's words and the cards'.
pub fn prompt_of(plan: &Plan) -> String {
    let cards = plan.request.cards.iter();
    let texts = cards.filter_map(|card| card.text.as_deref());
    let mut all = vec![plan.request.prompt.as_str()];
    all.extend(texts);
    all.retain(|text| !text.trim().is_empty());
    all.dedup();
    all.join(" / ")
}

/// All that a plan's user says, the words of a style of their own too: what moderation reads.
pub fn words_of(plan: &Plan) -> String {
    let mut said = prompt_of(plan);
    let look = plan.request.look.as_ref();
    if let Some(own) = look.filter(|look| style::find(&look.name).is_none()) {
        let texts = own.en.all().into_iter().chain(own.zh.all());
        for (_, text) in texts.filter(|(_, text)| !text.is_empty()) {
            said.push_str(" / ");
            said.push_str(text);
        }
    }
    said
}

/// The plan of a request, every check done. `out` names the file that it makes.
pub fn plan(request: &JobRequest, known: &Known, catalog: &Catalog, out: &Path) -> Result<Plan> {
    let model = catalog.open(request.model.as_deref())?;
    let bare = |error| match error {
        Error::Invalid(text) => Error::Invalid(known.as_said_here(&text)),
        other => other,
    };
    let asked = engine_request(request, known).map_err(bare)?;
    let resolved = Plan::resolve(asked, model, catalog.compute.clone(), out);
    let mut plan = resolved.map_err(|error| bare(error.into()))?;
    for note in &mut plan.notes {
        *note = known.as_said_here(note);
    }
    Ok(plan)
}

/// What a plan weighs: tokens × steps, and millions of pixels to be decoded and written.
pub fn weight(plan: &Plan) -> (f64, f64) {
    let (width, height) = plan.output.size;
    let pixels = f64::from(width) * f64::from(height) * plan.output.frames as f64 / 1e6;
    ((plan.tokens * plan.drawn.steps) as f64, pixels)
}

/// What plans of users care for, and the credits of one clip; relaxed ones are free.
pub fn asked(plan: &Plan, request: &JobRequest) -> (Asked, u64) {
    let seconds = plan.output.frames as f64 / plan.output.fps.as_f64();
    let asked = Asked {
        size: plan.output.size,
        seconds,
        variants: plan.variants.len() as u32,
        class: request.class.unwrap_or_default(),
    };
    let credits = match asked.class {
        Class::Priority => credits(asked.size, seconds),
        Class::Relaxed => 0,
    };
    (asked, credits)
}

fn engine_request(request: &JobRequest, known: &Known) -> Result<Request> {
    match request.tool.unwrap_or_default() {
        Tool::Generate if request.board.is_none() => generate(request, known),
        tool => tools::request(tool, request, known),
    }
}

fn generate(request: &JobRequest, known: &Known) -> Result<Request> {
    let mut conditions = Vec::new();
    for (id, kind) in [
        (&request.image, ConditionKind::Image),
        (&request.video, ConditionKind::Video),
    ] {
        let Some(id) = id else { continue };
        let path = known.footage(id)?.path.clone();
        conditions.push(Condition {
            kind,
            path,
            at: 0.0,
            strength: 1.0,
            sha256: None,
        });
    }
    Ok(Request {
        conditions,
        ..common(request, known)?
    })
}

/// The fields that all tools share.
fn common(request: &JobRequest, known: &Known) -> Result<Request> {
    Ok(Request {
        prompt: request.prompt.clone().unwrap_or_default(),
        style: request.style.clone(),
        look: known.look(request.style.as_deref()),
        negative: request.negative.clone(),
        aspect: parsed(request.aspect.as_deref())?,
        resolution: request.resolution.as_deref().map(resolution).transpose()?,
        size: request.size.as_deref().map(size).transpose()?,
        seconds: request.seconds,
        fps: request.fps.map(rate).transpose()?,
        variants: request.variants,
        seed: request.seed,
        steps: request.steps,
        guidance: request.guidance,
        effort: effort(request.effort.as_deref())?,
        ..Request::default()
    })
}

fn parsed(text: Option<&str>) -> Result<Option<Aspect>> {
    text.map(|text| text.parse().map_err(Error::Invalid))
        .transpose()
}

fn resolution(text: &str) -> Result<Resolution> {
    match text {
        "480p" => Ok(Resolution::P480),
        "720p" => Ok(Resolution::P720),
        "1080p" => Ok(Resolution::P1080),
        _ => Err(Error::Invalid(format!(
            "`{text}` is not a resolution; give 480p, 720p or 1080p"
        ))),
    }
}

/// `854x480`
pub fn size(text: &str) -> Result<(u32, u32)> {
    let sides = text.split_once(['x', 'X', '×']);
    let parsed = sides.and_then(|(w, h)| Some((w.trim().parse().ok()?, h.trim().parse().ok()?)));
    parsed.ok_or_else(|| {
        Error::Invalid(format!(
            "`{text}` is not a size; give WIDTHxHEIGHT, for instance 854x480"
        ))
    })
}

fn rate(fps: f64) -> Result<Rational> {
    Rational::from_f64(fps).map_err(|error| Error::Invalid(error.to_string()))
}

fn effort(text: Option<&str>) -> Result<Effort> {
    match text {
        None | Some("standard") => Ok(Effort::Standard),
        Some("draft") => Ok(Effort::Draft),
        Some("quality") => Ok(Effort::Quality),
        Some(text) => Err(Error::Invalid(format!(
            "`{text}` is not an effort; give draft, standard or quality"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_name_clips_and_no_paths() {
        let mut known = Known::default();
        let footage = Footage {
            path: "/srv/data/clips/abc-1/video.mp4".into(),
            name: "clip “a frog”".into(),
            seconds: 1.0,
            frames: 30,
        };
        known.clips.insert("abc-1".into(), footage);
        let said =
            known.as_said_here("the sound of /srv/data/clips/abc-1/video.mp4 is left behind");
        assert_eq!(said, "the sound of clip “a frog” is left behind");
        assert_eq!(
            known.as_said_here("--seconds 60 is out of range; give 1 to 20 s"),
            "seconds 60 is out of range; give 1 to 20 s"
        );
        assert_eq!(
            known.as_said_here(
                "it does not know fox; `kinora models info mini` lists it, --model DIR uses another"
            ),
            "it does not know fox; Settings, Models shows what it knows"
        );
    }
}
