//! A request made definite: checked against the model, the files and the disk, with nothing left open.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kinora_media::writer::Container;
use kinora_media::Rational;
use sha2::{Digest, Sha256};

use crate::compute::Compute;
use crate::model::{Model, hex};
use crate::request::{Aspect, Condition, ConditionKind, Request};
use crate::{Error, Result, style};

/// Seconds that a clip may last.
pub const SECONDS: std::ops::RangeInclusive<f64> = 1.0..=20.0;
/// Frames per second that a file may have.
pub const FPS: std::ops::RangeInclusive<f64> = 1.0..=60.0;
/// Pixels that a side of a file may have.
pub const SIDE: std::ops::RangeInclusive<u32> = 16..=4096;
/// Clips that one request may ask for.
pub const VARIANTS: std::ops::RangeInclusive<u32> = 1..=4;
/// Denoising steps.
pub const STEPS: std::ops::RangeInclusive<usize> = 1..=200;
/// Guidance scales.
pub const GUIDANCE: std::ops::RangeInclusive<f64> = 0.0..=30.0;
/// Characters of a prompt.
pub const PROMPT_CHARS: usize = 32_000;
/// The part of a prompt's tokens that the text encoder need not know.
pub const UNKNOWN_TOKENS: f64 = 0.2;

/// All that is needed to make the clips. Later code never checks again.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The request with every choice filled in: repeating it gives the same clips.
    pub request: Request,
    pub model: Arc<Model>,
    pub compute: Compute,
    /// What the text encoder reads: the prompt in its style.
    pub prompt: String,
    pub negative: String,
    pub drawn: Drawn,
    pub conditions: Vec<PlannedCondition>,
    pub output: Output,
    /// The file as asked; its variants' names are made from it.
    pub out: PathBuf,
    pub variants: Vec<Variant>,
    /// Tokens that the transformer sees at each step.
    pub tokens: usize,
    /// What the user should know before the work begins.
    pub notes: Vec<String>,
}

/// What the model draws.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    pub width: usize,
    pub height: usize,
    /// `r · k + 1`, r being the model's frames a latent.
    pub frames: usize,
    pub fps: Rational,
    pub steps: usize,
    /// 1 or less means none.
    pub guidance: f64,
}

/// What the file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    pub size: (u32, u32),
    pub fps: Rational,
    pub frames: u64,
}

/// A condition in the model's frames.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedCondition {
    pub kind: ConditionKind,
    pub path: PathBuf,
    /// The frame that it begins at; of a clip a multiple of the model's frames a latent.
    pub frame_index: usize,
    /// How many frames it may fill: 1 for a picture.
    pub frames: usize,
    pub strength: f64,
}

/// One of the clips.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// From 1.
    pub index: usize,
    pub of: usize,
    /// The first clip's seed + index − 1.
    pub seed: u64,
    pub path: PathBuf,
}

impl Plan {
    /// Checks `request` and decides all that it leaves open. `out` names the file; its ending decides the format.
    pub fn resolve(mut request: Request, model: Arc<Model>, compute: Compute, out: &Path) -> Result<Self> {
        let mut notes = Vec::new();
        check_prompt(&request)?;
        let container = Container::of(out)?;
        let seconds = *request.seconds.get_or_insert(5.0);
        within("--seconds", seconds, &SECONDS, "s")?;
        for condition in &mut request.conditions {
            check_condition(condition, seconds)?;
        }
        let size = choose_size(&mut request)?;
        let output_fps = *request.fps.get_or_insert(Rational::new(30, 1)?);
        within("--fps", output_fps.as_f64(), &FPS, "frames per second")?;
        let output = Output {
            size,
            fps: output_fps,
            frames: if container.is_still() { 1 } else { output_fps.frames_in(seconds).max(1) },
        };

        let drawn = draw(&mut request, &model, &output, seconds)?;
        if let Some(window) = model.defaults.window.filter(|&window| drawn.frames > window) {
            notes.push(format!(
                "{} was trained on clips of {:.1} s; longer ones may drift",
                model.title,
                (window as f64 - 1.0) / drawn.fps.as_f64()
            ));
        }
        let conditions = request.conditions.iter();
        let conditions = conditions.map(|c| place(c, &model, &drawn)).collect::<Result<Vec<_>>>()?;
        let (prompt, negative) = prompts(&request, &model)?;
        notes.extend(read_prompt(&model, &prompt, "prompt")?);
        notes.extend(read_prompt(&model, &negative, "negative prompt")?);
        notes.extend(unknown_words(&model, &request.prompt));

        let first = *request.seed.get_or_insert_with(fresh_seed);
        let count = *request.variants.get_or_insert(1);
        if !VARIANTS.contains(&count) {
            return Err(out_of_range("--variants", count, *VARIANTS.start(), *VARIANTS.end(), "clips"));
        }
        let variants = variants(out, first, count as usize);
        for variant in &variants {
            check_writable(&variant.path, &request.conditions)?;
        }
        let (t, h, w) = model.geometry.latent_size(drawn.frames, drawn.height, drawn.width);
        let plan = Self {
            tokens: t * h * w + conditions.iter().map(|c| c.extra_latents(&model) * h * w).sum::<usize>(),
            request,
            compute,
            prompt,
            negative,
            drawn,
            conditions,
            output,
            out: out.to_path_buf(),
            variants,
            notes,
            model,
        };
        plan.model.family.check(&plan)?;
        Ok(plan)
    }

    /// The request of one clip: its own seed, alone.
    pub fn request_of(&self, variant: &Variant) -> Request {
        Request {
            seed: Some(variant.seed),
            variants: Some(1),
            ..self.request.clone()
        }
    }
}

impl PlannedCondition {
    /// Latent frames that are put before the clip's own: none for what lies at its beginning.
    fn extra_latents(&self, model: &Model) -> usize {
        match (self.frame_index, self.frames) {
            (0, _) => 0,
            (_, frames) => ((frames - 1) / model.geometry.temporal + 1).min(2),
        }
    }
}

fn check_prompt(request: &Request) -> Result<()> {
    if request.prompt.trim().is_empty() {
        return Err(Error::request(
            "the prompt is empty",
            "say what the video shows, for instance: kinora generate \"a woolly mammoth walks in the desert\"",
        ));
    }
    let chars = request.prompt.chars().count();
    if chars > PROMPT_CHARS {
        return Err(Error::request(
            format!("the prompt has {chars} characters"),
            format!("keep it to {PROMPT_CHARS}"),
        ));
    }
    Ok(())
}

fn within(name: &str, value: f64, range: &std::ops::RangeInclusive<f64>, unit: &str) -> Result<()> {
    match range.contains(&value) {
        true => Ok(()),
        false => Err(out_of_range(name, value, *range.start(), *range.end(), unit)),
    }
}

fn out_of_range<T: std::fmt::Display>(name: &str, value: T, low: T, high: T, unit: &str) -> Error {
    Error::request(
        format!("{name} {value} is out of range"),
        format!("give {low} to {high} {unit}"),
    )
}

/// Checks that the file can be read, and fixes which file it is.
fn check_condition(condition: &mut Condition, seconds: f64) -> Result<()> {
    let path = &condition.path;
    let flag = match condition.kind {
        ConditionKind::Image => "--image",
        ConditionKind::Video => "--video",
    };
    if !(0.0..=seconds).contains(&condition.at) {
        return Err(Error::request(
            format!("{flag} {}@{}: the clip lasts {seconds} s", path.display(), condition.at),
            format!("give a time from 0 to {seconds}, or a longer --seconds"),
        ));
    }
    if !(0.0..=1.0).contains(&condition.strength) {
        return Err(Error::request(
            format!("{flag} {}: a strength of {}", path.display(), condition.strength),
            "give 0 to 1",
        ));
    }
    let bytes = std::fs::read(path).map_err(|error| {
        Error::request(
            format!("{flag} {}: cannot be read ({error})", path.display()),
            "give a picture (PNG, JPEG, WebP, GIF) or a video (MP4, GIF)",
        )
    })?;
    let found = hex(&Sha256::digest(&bytes));
    if condition.sha256.as_ref().is_some_and(|recorded| *recorded != found) {
        return Err(Error::request(
            format!("{} has changed since the clip was made", path.display()),
            format!("restore the file, or give the new one with {flag} to make another clip"),
        ));
    }
    // Decodes the first frame: a foreign file is found here, before any work.
    kinora_media::read_image(path)?;
    condition.sha256 = Some(found);
    condition.path = std::path::absolute(path).map_err(Error::io("find", path))?;
    Ok(())
}

/// The file's size: as asked, else the class's, in the shape that was asked or that the first picture has.
fn choose_size(request: &mut Request) -> Result<(u32, u32)> {
    if request.size.is_none() {
        let aspect = match (request.aspect, request.conditions.first()) {
            (Some(aspect), _) => aspect,
            (None, Some(condition)) => {
                let (width, height) = kinora_media::read_image(&condition.path)?.size();
                Aspect::nearest(width, height)
            }
            (None, None) => Aspect::default(),
        };
        request.aspect = Some(aspect);
        request.size = Some(request.resolution.unwrap_or_default().size(aspect));
    }
    let (width, height) = request.size.unwrap_or_default();
    if !SIDE.contains(&width) || !SIDE.contains(&height) {
        return Err(Error::request(
            format!("a size of {width}x{height} is out of range"),
            format!("give sides of {} to {} pixels", SIDE.start(), SIDE.end()),
        ));
    }
    Ok((width, height))
}

/// What the model has to draw for such a file.
fn draw(request: &mut Request, model: &Model, output: &Output, seconds: f64) -> Result<Drawn> {
    let defaults = &model.defaults;
    let guidance = *request.guidance.get_or_insert(defaults.guidance);
    within("--guidance", guidance, &GUIDANCE, "(1 or less is none)")?;
    let steps = *request.steps.get_or_insert_with(|| request.effort.steps(defaults.steps).min(*STEPS.end()));
    if !STEPS.contains(&steps) {
        return Err(out_of_range("--steps", steps, *STEPS.start(), *STEPS.end(), "steps"));
    }
    let (width, height) = model_size(model, output.size);
    let frames = match output.frames {
        1 => 1,
        _ => model.geometry.frames_at_least(defaults.fps.frames_in(seconds) as usize),
    };
    Ok(Drawn { width, height, frames, fps: defaults.fps, steps, guidance })
}

/// The native size whose shape is nearest; of a model that draws any, the file's own, in whole latents and at most
/// as large as 1280×720.
fn model_size(model: &Model, (width, height): (u32, u32)) -> (usize, usize) {
    let ratio = |w: u32, h: u32| (f64::from(w) / f64::from(h)).ln();
    let asked = ratio(width, height);
    let distance = |size: &(u32, u32)| (ratio(size.0, size.1) - asked).abs();
    let native = model.defaults.native.iter().map(|(_, size)| *size);
    if let Some((w, h)) = native.min_by(|a, b| distance(a).total_cmp(&distance(b))) {
        return (w as usize, h as usize);
    }
    let area = f64::from(width) * f64::from(height);
    let scale = (1280.0 * 720.0 / area).sqrt().min(1.0);
    let step = model.geometry.spatial as f64;
    let snap = |side: u32| ((f64::from(side) * scale / step).round().max(1.0) * step) as usize;
    (snap(width), snap(height))
}

/// Seconds become frames; a clip begins at a whole latent.
fn place(condition: &Condition, model: &Model, drawn: &Drawn) -> Result<PlannedCondition> {
    let last = drawn.frames - 1;
    let r = model.geometry.temporal;
    let frame = (drawn.fps.frames_in(condition.at) as usize).min(last);
    let (frame_index, frames) = match condition.kind {
        ConditionKind::Image => (frame, 1),
        ConditionKind::Video => {
            let start = ((frame + r / 2) / r * r).min(last / r * r);
            (start, drawn.frames - start)
        }
    };
    Ok(PlannedCondition {
        kind: condition.kind,
        path: condition.path.clone(),
        frame_index,
        frames,
        strength: condition.strength,
    })
}

/// The prompt in its style, and what to avoid.
fn prompts(request: &Request, model: &Model) -> Result<(String, String)> {
    let prompt = request.prompt.trim();
    let prompt = match &request.style {
        None => prompt.to_owned(),
        Some(name) => match style::find(name) {
            Some(style) => style.apply(prompt),
            None => {
                let names: Vec<_> = style::PRESETS.iter().map(|style| style.name).collect();
                return Err(Error::request(
                    format!("there is no style `{name}`"),
                    format!("give one of {}", names.join(", ")),
                ));
            }
        },
    };
    let negative = request.negative.clone().unwrap_or_else(|| model.defaults.negative.clone());
    Ok((prompt, negative))
}

/// Refuses text that the encoder cannot read; tells if some of it is cut off.
fn read_prompt(model: &Model, text: &str, what: &str) -> Result<Option<String>> {
    let reading = model.family.read_text(&model.source, text)?;
    let limit = model.defaults.max_text_tokens;
    if reading.unknown > UNKNOWN_TOKENS {
        return Err(Error::request(
            format!(
                "the text encoder of {} cannot read the {what}: {:.0} % of its tokens are unknown to it",
                model.title,
                reading.unknown * 100.0
            ),
            "write it in a language that the model was trained on (English works with every model), \
             or use a model that reads yours: --model mini reads English and Chinese",
        ));
    }
    let tokens = reading.tokens;
    Ok((tokens > limit).then(|| format!("the {what} has {tokens} tokens; {} reads the first {limit}", model.title)))
}

/// One line on the words that the model was not taught.
fn unknown_words(model: &Model, prompt: &str) -> Option<String> {
    let words = model.vocabulary.as_ref()?.unknown_words(prompt);
    if words.is_empty() {
        return None;
    }
    let shown: Vec<String> = words.iter().take(5).map(|word| word.to_string()).collect();
    let more = match words.len() {
        0..=5 => String::new(),
        n => format!(" and {} more", n - 5),
    };
    Some(format!(
        "{} does not know {}{more}; `kinora models info {}` lists what it knows, \
         --model DIR uses an open-weights model (LTX-Video in the diffusers layout)",
        model.title,
        shown.join(", "),
        model.name
    ))
}

/// A seed short enough to be read aloud.
pub fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one("seed") % 1_000_000_000
}

/// `OUT`, or `OUT-1` … before the ending, where there are several.
fn variants(out: &Path, first: u64, of: usize) -> Vec<Variant> {
    let path = |index: usize| match of {
        1 => out.to_path_buf(),
        _ => {
            let text = out.as_os_str().to_string_lossy();
            let directory = text.ends_with(std::path::is_separator);
            let stem = out.file_stem().unwrap_or_default().to_string_lossy();
            let name = match out.extension() {
                Some(ending) if !directory => format!("{stem}-{index}.{}", ending.to_string_lossy()),
                _ => format!("{}-{index}/", out.file_name().unwrap_or_default().to_string_lossy()),
            };
            out.with_file_name(name)
        }
    };
    (1..=of)
        .map(|index| Variant {
            index,
            of,
            seed: first.wrapping_add(index as u64 - 1),
            path: path(index),
        })
        .collect()
}

/// Finds out now rather than after minutes of work whether the file can be written.
fn check_writable(path: &Path, conditions: &[Condition]) -> Result<()> {
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let refuse = |reason: String| {
        Error::request(
            format!("{} cannot be written ({reason})", path.display()),
            "give another place with -o",
        )
    };
    if !parent.is_dir() {
        return Err(refuse(format!("there is no directory {}", parent.display())));
    }
    let probe = parent.join(format!(".kinora-{}.probe", std::process::id()));
    std::fs::File::create(&probe).map_err(|error| refuse(error.to_string()))?;
    // A probe that cannot be removed again does no harm.
    let _ = std::fs::remove_file(&probe);
    let target = std::path::absolute(path).map_err(Error::io("find", path))?;
    if conditions.iter().any(|condition| condition.path == target) {
        return Err(refuse("it is one of the files given as conditions".into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_are_numbered_before_the_ending() {
        let names = |out: &str, of| -> Vec<String> {
            let all = variants(Path::new(out), 7, of);
            all.iter().map(|v| v.path.display().to_string()).collect()
        };
        assert_eq!(names("x/a.b.mp4", 1), ["x/a.b.mp4"]);
        assert_eq!(names("x/a.b.mp4", 2), ["x/a.b-1.mp4", "x/a.b-2.mp4"]);
        assert_eq!(names("x/frames/", 2), ["x/frames-1/", "x/frames-2/"]);
        assert_eq!(variants(Path::new("a.mp4"), u64::MAX, 2)[1].seed, 0);
    }
}
