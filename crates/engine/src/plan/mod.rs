//! A request made definite: checked against the model, the files and the disk, with nothing left open.

mod inputs;
pub mod limits;
mod outline;
mod sizes;
pub mod span;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kinora_media::Rational;
use kinora_media::writer::Container;

use crate::compute::Compute;
use crate::model::Model;
use crate::request::{ConditionKind, Request};
use crate::{Error, Result};
pub use outline::{Outline, SpanOutline};
pub use span::Span;
use span::{DrawnSpan, Shown, TextSegment, Window};

use inputs::{
    check_condition, check_prompt, check_writable, prompts, read_prompt, unknown_words,
    untaught_style,
};
use limits::{FPS, SECONDS, VARIANTS, out_of_range, within};
use sizes::{choose_size, draw, place, variants};

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
    /// The prompts that the spans name.
    pub texts: Vec<String>,
    /// The output from its first frame to its last.
    pub spans: Vec<Span>,
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
    pub fn resolve(
        mut request: Request,
        model: Arc<Model>,
        compute: Compute,
        out: &Path,
    ) -> Result<Self> {
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
            frames: if container.is_still() {
                1
            } else {
                output_fps.frames_in(seconds).max(1)
            },
        };

        let drawn = draw(&mut request, &model, &output, seconds)?;
        if let Some(window) = model
            .defaults
            .window
            .filter(|&window| drawn.frames > window)
        {
            notes.push(format!(
                "{} was trained on clips of {:.1} s; longer ones may drift",
                model.title,
                (window as f64 - 1.0) / drawn.fps.as_f64()
            ));
        }
        let conditions = request.conditions.iter();
        let conditions = conditions
            .map(|c| place(c, &model, &drawn))
            .collect::<Result<Vec<_>>>()?;
        let (prompt, negative) = prompts(&mut request, &model)?;
        notes.extend(read_prompt(&model, &prompt, "prompt")?);
        notes.extend(read_prompt(&model, &negative, "negative prompt")?);
        notes.extend(unknown_words(&model, &request.prompt));
        notes.extend(untaught_style(&model, &request));

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
            check_writable(&variant.path, &request.conditions)?;
        }
        if request.is_board() {
            return Err(Error::request(
                "boards with cards are not drawn yet",
                "give a prompt, with --image and --video",
            ));
        }
        let (t, h, w) = model
            .geometry
            .latent_size(drawn.frames, drawn.height, drawn.width);
        let tokens = t * h * w
            + conditions
                .iter()
                .map(|c| c.extra_latents(&model) * h * w)
                .sum::<usize>();
        let span = DrawnSpan {
            start: 0,
            frames: output.frames,
            native: drawn.frames,
            shown: Shown {
                skip: 0,
                drop: 0,
                from: drawn.fps,
                to: output.fps,
            },
            windows: vec![Window {
                start: 0,
                len: t,
                context: 0,
                tokens,
            }],
            texts: vec![TextSegment { from: 0, text: 0 }],
            conditions: conditions.clone(),
            sources: Vec::new(),
        };
        let plan = Self {
            tokens,
            texts: vec![prompt.clone()],
            spans: vec![Span::Drawn(span)],
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

/// A seed short enough to be read aloud.
pub fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one("seed") % 1_000_000_000
}
