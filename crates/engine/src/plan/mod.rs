//! A request made definite: checked against the model, the files and the disk, with nothing left open.

mod contradictions;
mod cost;
mod inputs;
pub mod limits;
mod media;
mod outline;
mod sizes;
mod spacing;
pub mod span;
mod timeline;
mod warnings;

use std::ops::Range;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use kinora_media::writer::Container;
use kinora_media::{Method, Rational};

use crate::board::{Card, CardKind};
use crate::compute::Compute;
use crate::footage::Facts;
use crate::model::Model;
use crate::request::{ConditionKind, Effort, Request, Upscale};
use crate::sidecar::Ancestor;
use crate::{Error, Result, upscale};
pub use cost::Speed;
use inputs::{check_condition, check_prompt, check_writable, negative, read_texts, texts};
use limits::{FPS, SECONDS, VARIANTS, out_of_range, within};
use media::{ancestry, check_board};
pub use outline::{Outline, SpanOutline};
use sizes::{choose_size, draw, place, variants};
use span::Kept;
pub use span::Span;
use timeline::Timeline;
use warnings::warnings;

/// All that is needed to make the clips. Later code never checks again.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The request with every choice filled in: repeating it gives the same clips.
    pub request: Request,
    pub model: Arc<Model>,
    pub compute: Compute,
    /// What the text encoder reads: the prompts that the spans name, in their style.
    pub texts: Vec<String>,
    pub negative: String,
    pub drawn: Drawn,
    /// The output from its first frame to its last.
    pub spans: Vec<Span>,
    pub output: Output,
    /// The file as asked; its variants' names are made from it.
    pub out: PathBuf,
    pub variants: Vec<Variant>,
    /// Tokens that the transformer sees at each step, of the largest window.
    pub tokens: usize,
    /// The files that the clips are made from, and what those were made from.
    pub ancestry: Vec<Ancestor>,
    /// What the user should know before the work begins.
    pub notes: Vec<String>,
}

/// What the model draws.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawn {
    pub width: usize,
    pub height: usize,
    /// `r · k + 1`, r being the model's frames a latent; the sum of all spans.
    pub frames: usize,
    pub fps: Rational,
    pub steps: usize,
    /// Whether they are the few that the model was taught to do with, see [`Defaults::turbo`](crate::model::Defaults).
    pub turbo: bool,
    /// 1 or less means none.
    pub guidance: f64,
}

/// What the file holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    pub size: (u32, u32),
    pub fps: Rational,
    pub frames: u64,
    /// How the drawn frames come to that size.
    pub upscale: Upscale,
    /// What is shown between two frames of another rate.
    pub between: Method,
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
    /// Seconds of the file that its first frame shows, and from one frame to the next.
    pub begin: f64,
    pub per_frame: f64,
    pub seam: Seam,
}

/// Whether a condition is kept footage that the span joins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Seam {
    #[default]
    None,
    /// What lies before the span: its last frame is the condition's last.
    Before,
    /// What lies behind it.
    After,
}

/// Frames of a file that a span needs in latents.
#[derive(Debug, Clone, PartialEq)]
pub struct Footage {
    /// Which of the plan's spans.
    pub span: usize,
    pub role: Role,
    pub path: PathBuf,
    /// Seconds of the file that the first frame shows, and from one frame to the next.
    pub begin: f64,
    pub per_frame: f64,
    pub frames: usize,
}

/// Which of a span's conditions or sources footage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Condition(usize),
    Source(usize),
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
    pub fn resolve(
        mut request: Request,
        model: Arc<Model>,
        compute: Compute,
        out: &Path,
    ) -> Result<Self> {
        let mut notes = Vec::new();
        check_prompt(&request)?;
        let container = Container::of(out)?;
        let out = &settled(out, container)?;
        let seconds = *request.seconds.get_or_insert(5.0);
        let facts = match request.is_board() {
            true => check_board(&mut request, seconds)?,
            false => {
                within("--seconds", seconds, &SECONDS, "s")?;
                Vec::new()
            }
        };
        for condition in &mut request.conditions {
            check_condition(condition, seconds)?;
        }
        let kept = kept_clip(&request, &facts);
        let size = choose_size(&mut request, kept)?;
        let asked_fps = request.fps;
        let output_fps = *request.fps.get_or_insert(match kept {
            Some(kept) => kept.fps,
            None => Rational::new(30, 1)?,
        });
        let name = match (asked_fps, kept) {
            (None, Some(_)) => "the clip's rate, used without --fps:",
            _ => "--fps",
        };
        within(
            name,
            output_fps.as_f64(),
            &FPS,
            "frames per second with --fps",
        )?;
        let frames = match container.is_still() {
            true if request.is_board() => return Err(no_still(out)),
            true => 1,
            false => output_fps.frames_in(seconds).max(1),
        };
        let mut drawn = draw(&mut request, &model, (size, frames), seconds)?;
        // A draft is laid out as its final is, so that both begin from the same noise; only the file is smaller.
        let (size, between) = match request.effort {
            Effort::Draft => ((drawn.width as u32, drawn.height as u32), Method::Hold),
            _ => (size, Method::Motion),
        };
        notes.extend(changed_by(container, size, output_fps));
        let output = Output {
            size,
            fps: output_fps,
            frames,
            upscale: upscale::choose(&mut request, &model, &drawn, size)?,
            between,
        };
        let conditions = request.conditions.iter();
        let conditions = conditions
            .map(|c| place(c, &model, &drawn))
            .collect::<Result<Vec<_>>>()?;
        let (texts, at) = texts(&mut request, &model, &output)?;
        let negative = negative(&request, &model);
        let timeline = Timeline {
            request: &request,
            facts: &facts,
            model: &model,
            drawn: &drawn,
            output: &output,
            texts: at,
            conditions,
        };
        spacing::check_moments(&timeline)?;
        let spans = timeline.spans()?;
        // Words matter only where something is drawn.
        if spans.iter().any(|span| span.drawn().is_some()) {
            notes.extend(read_texts(&model, &request, &texts, &negative)?);
        }
        notes.extend(warnings(&timeline, &spans));
        drawn.frames = spans.iter().map(Span::native).sum();

        let first = *request.seed.get_or_insert_with(fresh_seed);
        let count = *request.variants.get_or_insert(1);
        if !VARIANTS.contains(&count) {
            return Err(out_of_range(
                "--variants",
                count,
                *VARIANTS.start(),
                *VARIANTS.end(),
                "clips",
            ));
        }
        let variants = variants(out, first, count as usize);
        for variant in &variants {
            check_writable(&variant.path, &output, &request)?;
        }
        let windows = spans.iter().filter_map(Span::drawn);
        let windows = windows.flat_map(|span| &span.windows);
        let plan = Self {
            tokens: windows.map(|window| window.tokens).max().unwrap_or(0),
            ancestry: ancestry(&request),
            request,
            compute,
            texts,
            negative,
            drawn,
            spans,
            output,
            out: out.to_path_buf(),
            variants,
            notes,
            model,
        };
        plan.model.family.check(&plan)?;
        Ok(plan)
    }

    /// Which of the spans are drawn.
    pub fn drawn_spans(&self) -> impl Iterator<Item = usize> {
        let spans = self.spans.iter().enumerate();
        spans.filter_map(|(index, span)| span.drawn().map(|_| index))
    }

    /// The clip and its ranges of frames, where an MP4 is made of nothing but parts of one clip as it is.
    pub fn only_cuts(&self) -> Option<(&Path, Vec<Range<u64>>)> {
        let kept = self.spans.iter().map(|span| match span {
            Span::Kept(kept) => Some(kept),
            Span::Drawn(_) => None,
        });
        let kept = kept.collect::<Option<Vec<_>>>()?;
        let clip = &kept.first()?.path;
        let as_it_is = |kept: &&Kept| kept.is_as_shown(&self.output) && kept.path == *clip;
        let mp4 = matches!(Container::of(&self.out), Ok(Container::Mp4));
        let ranges = kept.iter().map(|kept| kept.range());
        (mp4 && kept.iter().all(as_it_is)).then(|| (clip.as_path(), ranges.collect()))
    }

    /// The steps of a span's windows, one after the other.
    pub fn steps_of(&self, span: usize) -> usize {
        let drawn = self.spans.get(span).and_then(Span::drawn);
        drawn.map_or(0, |span| {
            span.windows.iter().map(|window| window.steps).sum()
        })
    }

    /// The footage that has to be encoded: of each span what it meets, then what it begins from.
    pub fn footage(&self) -> Vec<Footage> {
        let mut all = Vec::new();
        for (index, span) in self.spans.iter().enumerate() {
            let Span::Drawn(span) = span else { continue };
            let conditions = span.conditions.iter().enumerate();
            all.extend(conditions.map(|(i, condition)| Footage {
                span: index,
                role: Role::Condition(i),
                path: condition.path.clone(),
                begin: condition.begin,
                per_frame: condition.per_frame,
                frames: condition.frames,
            }));
            let sources = span.sources.iter().enumerate();
            all.extend(sources.map(|(i, source)| Footage {
                span: index,
                role: Role::Source(i),
                path: source.path.clone(),
                begin: source.begin,
                per_frame: source.per_frame,
                frames: span.native,
            }));
        }
        all
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
    /// Latent frames, of `temporal` frames, that are put before the clip's own: none for what lies at its beginning.
    fn extra_latents(&self, temporal: usize) -> usize {
        match (self.frame_index, self.frames) {
            (0, _) => 0,
            _ if self.seam == Seam::After => 1,
            (_, frames) => ((frames - 1) / temporal + 1).min(2),
        }
    }
}

/// The first clip whose footage is kept, or else begun from: the result takes its size and rate.
fn kept_clip<'a>(request: &Request, facts: &'a [Option<Facts>]) -> Option<&'a Facts> {
    let kept = |card: &Card| matches!(card.kind, CardKind::Clip { keep: true, .. });
    let mut cards = request.cards.iter().zip(facts);
    cards
        .find(|(card, _)| kept(card))
        .and_then(|(_, facts)| facts.as_ref())
}

/// A directory by a name of its own, beside which others can stand: not as `.` or `x/.`.
fn settled(out: &Path, container: Container) -> Result<PathBuf> {
    if container != Container::PngSequence {
        return Ok(out.to_path_buf());
    }
    let named = match out.components().next_back() {
        Some(Component::Normal(_)) => out.components().collect(),
        _ => out.canonicalize().map_err(Error::io("find", out))?,
    };
    Ok(named.join("")) // with the separator that tells it from a file
}

/// What a container does not store as it is.
fn changed_by(container: Container, (width, height): (u32, u32), fps: Rational) -> Option<String> {
    match container {
        Container::Mp4 | Container::WebM if width % 2 + height % 2 > 0 => Some(format!(
            "a video has even sides: the file is {}x{}, its edge repeated",
            width.next_multiple_of(2),
            height.next_multiple_of(2)
        )),
        Container::Gif if fps.as_f64() > 50.0 => {
            Some("a GIF shows at most 50 frames a second: some of them are left out".to_owned())
        }
        _ => None,
    }
}

fn no_still(out: &Path) -> Error {
    Error::request(
        format!("{} is a still, a board makes a clip", out.display()),
        "give a name that ends in .mp4 or .gif, or a directory",
    )
}

/// A seed short enough to be read aloud.
pub fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one("seed") % 1_000_000_000
}
