//! What a family of models offers the engine. A new family is a new folder beside `ltx/` and a line in [`FAMILIES`].

use std::fmt::Debug;

use candle_core::Tensor;
use kinora_media::Frame;
use kinora_models::ModelSource;

use crate::model::{Defaults, Geometry, Model};
use crate::noise::NoiseSource;
use crate::plan::{Footage, Plan};
use crate::{Error, Result, ltx};

/// Every family, asked in turn whether a model is its own.
const FAMILIES: [&dyn Family; 1] = [&ltx::Ltx];

/// A kind of model: what can be said of it from its configs alone, and how it is set up.
pub trait Family: Debug + Send + Sync {
    /// How people call it.
    fn name(&self) -> &'static str;

    /// The pipelines, as `model_index.json` names them, that this family draws.
    fn pipelines(&self) -> &'static [&'static str];

    /// Geometry and sane defaults, from the configs.
    fn describe(&self, source: &ModelSource) -> Result<Description>;

    /// How a text looks to the text encoder.
    fn read_text(&self, source: &ModelSource, text: &str) -> Result<Reading>;

    /// What one evaluation of the network that denoises takes, for so many tokens of a clip.
    fn denoising(&self, model: &Model, tokens: usize) -> Result<Demand>;

    /// What decoding so many frames of the drawn size takes; encoding them takes about as much.
    fn decoding(&self, model: &Model, frames: usize, size: (usize, usize)) -> Result<Demand>;

    /// Refuses what this family cannot do, before any work.
    fn check(&self, plan: &Plan) -> Result<()>;

    /// Sets up the networks for a plan; weights are loaded when they are first needed.
    fn open(&self, plan: &Plan) -> Result<Box<dyn Networks>>;
}

/// What a network takes, beside its weights.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Demand {
    /// Additions and multiplications.
    pub operations: f64,
    /// Numbers that are held at once.
    pub held: f64,
}

/// What a model's configs tell.
#[derive(Debug, Clone)]
pub struct Description {
    pub geometry: Geometry,
    pub defaults: Defaults,
}

/// A tokenized text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Tokens of the text with its end mark.
    pub tokens: usize,
    /// The part of them that the text encoder does not know, 0–1.
    pub unknown: f64,
}

/// The networks of one model, set up for one plan: encode text, encode footage, denoise, decode.
pub trait Networks {
    /// Reads the plan's texts and the negative prompt. Called once, before all else.
    fn encode_text(&mut self) -> Result<()>;

    /// Encodes footage that a span needs, its frames at the model's rate and of the size that is drawn. Called once for
    /// each of the plan's [`footage`](crate::Plan::footage), in that order.
    fn encode_footage(&mut self, footage: &Footage, frames: &mut FrameSource) -> Result<()>;

    /// Draws the initial noise of a span of the plan and sets up its denoising.
    fn begin(
        &mut self,
        span: usize,
        noise: &mut dyn NoiseSource,
    ) -> Result<Box<dyn Denoising + '_>>;

    /// Decodes latents and hands the frames to `sink` in the order of time.
    fn decode(
        &mut self,
        latents: &Tensor,
        noise: &mut dyn NoiseSource,
        sink: &mut FrameSink,
    ) -> Result<()>;
}

/// Gives frames one by one until the end.
pub type FrameSource<'a> = dyn Iterator<Item = Result<Frame>> + 'a;

/// Takes decoded frames: all of a chunk at once. An error stops the decoding.
pub type FrameSink<'a> = dyn FnMut(Vec<Frame>) -> Result<()> + 'a;

/// A span being denoised. Between steps its whole state is [`at`](Self::at), [`latents`](Self::latents) and
/// [`finished`](Self::finished), so that it can be saved and gone on with.
pub trait Denoising {
    /// How many steps there are.
    fn steps(&self) -> usize;

    /// How many are done.
    fn at(&self) -> usize;

    /// What is being denoised.
    fn latents(&self) -> &Tensor;

    /// The latents before that are final, where a span is drawn in parts.
    fn finished(&self) -> Result<Option<Tensor>>;

    /// Goes on from a saved state. May draw noise: what is drawn next must be sought after it.
    fn restore(
        &mut self,
        at: usize,
        latents: Tensor,
        finished: Option<Tensor>,
        noise: &mut dyn NoiseSource,
    ) -> Result<()>;

    /// Does the next step.
    fn step(&mut self, noise: &mut dyn NoiseSource) -> Result<()>;

    /// What the clip is expected to become, (1, c, t, h, w), as far as the last step tells: for a look between steps.
    fn estimate(&self) -> Result<Option<Tensor>> {
        Ok(None)
    }

    /// What is to be decoded.
    fn result(&self) -> Result<Tensor>;
}

/// The family that a model belongs to, by the pipeline that its index names.
pub(crate) fn of(source: &ModelSource) -> Result<&'static dyn Family> {
    let index = source.json("model_index.json")?;
    let class = index
        .get("_class_name")
        .and_then(|name| name.as_str())
        .unwrap_or_default();
    let family = FAMILIES
        .into_iter()
        .find(|family| family.pipelines().contains(&class));
    family.ok_or_else(|| {
        let known: Vec<_> = FAMILIES
            .iter()
            .flat_map(|f| f.pipelines())
            .copied()
            .collect();
        Error::request(
            format!(
                "{} names the pipeline `{class}`, which kinora does not draw",
                source.display("model_index.json")
            ),
            format!("give a model of one of {}", known.join(", ")),
        )
    })
}

/// Lets a network's callback stop on an engine's error, which is kept aside while a stand-in unwinds the network.
#[derive(Default)]
pub(crate) struct Interruptible {
    error: Option<Error>,
}

impl Interruptible {
    /// Runs `work` within the callback.
    pub fn run<T>(&mut self, work: impl FnOnce() -> Result<T>) -> kinora_models::Result<T> {
        work().map_err(|error| {
            self.error = Some(error);
            kinora_models::Error::input("interrupted", "see the first error")
        })
    }

    /// The network's outcome, or the error that stopped it.
    pub fn outcome<T>(self, outcome: kinora_models::Result<T>) -> Result<T> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(outcome?),
        }
    }
}
