//! `LTXPipeline` and `LTXConditionPipeline` as functions over given tensors: what `generate` and `probe` both call.
//!
//! Random tensors are asked of a [`NoiseSource`] in the order in which the reference draws them: the initial noise,
//! one tensor for each item beyond the first frame, one for each step where hard conditions are noised, the decoder's.

use candle_core::{DType, Device, Tensor};
use kinora_models::ltx::{Autoencoder, Positions, Transformer};

use super::conditions::{Item, Sequence, prepare};
use super::denoise::Sampling;
use super::latents::{Grid, pack};
use super::schedule::{Schedule, Scheduler};
use crate::model::{Geometry, Spacing};
use crate::noise::NoiseSource;
use crate::plan::span::Window;
use crate::{Error, Result};

/// Which of the reference's pipelines is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `LTXPipeline`: text alone; one timestep for all tokens; evenly spaced sigmas, shifted.
    Text,
    /// `LTXConditionPipeline`: items at any frame; a timestep a token; linear-quadratic sigmas.
    Condition,
}

/// What a run is told. Names and defaults are the reference's.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub kind: Kind,
    pub height: usize,
    pub width: usize,
    pub num_frames: usize,
    pub frame_rate: f64,
    pub num_inference_steps: usize,
    pub guidance_scale: f64,
    pub guidance_rescale: f64,
    /// `Even` stands for the timesteps that a caller of the reference may give.
    pub spacing: Spacing,
    /// The shift of evenly spaced steps, in place of the scheduler's.
    pub shift: Option<f64>,
    pub denoise_strength: f64,
    pub image_cond_noise_scale: f64,
    pub decode_timestep: f64,
    /// `None` means as much as `decode_timestep`.
    pub decode_noise_scale: Option<f64>,
}

impl Settings {
    /// The reference's defaults.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            height: 512,
            width: 704,
            num_frames: 161,
            frame_rate: 25.0,
            num_inference_steps: 50,
            guidance_scale: 3.0,
            guidance_rescale: 0.0,
            spacing: Spacing::Reference,
            shift: None,
            denoise_strength: 1.0,
            image_cond_noise_scale: 0.15,
            decode_timestep: 0.0,
            decode_noise_scale: None,
        }
    }

    /// Whether a negative prompt takes part.
    pub fn guided(&self) -> bool {
        self.guidance_scale > 1.0
    }

    /// Latent frames, rows and columns.
    pub fn grid(&self, geometry: &Geometry) -> Grid {
        geometry.latent_size(self.num_frames, self.height, self.width)
    }

    /// Refuses what no run can be made of.
    pub fn validate(&self, geometry: &Geometry) -> Result<()> {
        let Geometry {
            spatial, temporal, ..
        } = *geometry;
        let refuse = |what: String, cure: String| Err(Error::request(what, cure));
        let Self {
            width,
            height,
            num_frames,
            ..
        } = *self;
        if width == 0 || height == 0 || width % spatial != 0 || height % spatial != 0 {
            return refuse(
                format!("a size of {width}x{height} does not fit the model"),
                format!("give multiples of {spatial}"),
            );
        }
        if num_frames == 0 || num_frames % temporal != 1 % temporal {
            return refuse(
                format!("{num_frames} frames do not fit the model"),
                format!(
                    "give {temporal}·k + 1, for instance {}",
                    geometry.frames_at_least(num_frames.max(1))
                ),
            );
        }
        if self.num_inference_steps == 0 {
            return refuse("num_inference_steps is 0".into(), "give at least 1".into());
        }
        if !(0.0..=1.0).contains(&self.denoise_strength) {
            return refuse(
                format!("denoise_strength is {}", self.denoise_strength),
                "give 0 to 1".into(),
            );
        }
        if !(self.frame_rate > 0.0 && self.frame_rate.is_finite()) {
            return refuse(
                format!("frame_rate is {}", self.frame_rate),
                "give frames per second".into(),
            );
        }
        Ok(())
    }
}

/// An encoded prompt: embeddings (b, l, c) and the mask (b, l) of the tokens that count.
#[derive(Debug, Clone)]
pub struct Prompt {
    pub embeds: Tensor,
    pub mask: Tensor,
}

impl Prompt {
    /// The negative prompt before the prompt, as one batch.
    fn guided_by(&self, negative: &Prompt) -> Result<Self> {
        if self.embeds.dims() != negative.embeds.dims() || self.mask.dims() != negative.mask.dims()
        {
            return Err(Error::request(
                "prompt and negative prompt have embeddings of different shapes",
                "give both the same number of tokens",
            ));
        }
        let mask = |prompt: &Prompt| prompt.mask.to_dtype(DType::F32);
        Ok(Self {
            embeds: Tensor::cat(&[&negative.embeds, &self.embeds], 0)?,
            mask: Tensor::cat(&[mask(negative)?, mask(self)?], 0)?,
        })
    }

    /// The embeddings of the tokens that count, (1, l', c), of one prompt.
    pub(super) fn unpadded(&self) -> Result<Tensor> {
        let mask = self.mask.to_dtype(DType::F32)?.get(0)?.to_vec1::<f32>()?;
        let count = mask
            .iter()
            .rposition(|&value| value > 0.0)
            .map_or(1, |last| last + 1);
        Ok(self.embeds.narrow(1, 0, count)?)
    }

    /// With padding behind it, up to a length.
    pub(super) fn padded(&self, length: usize) -> Result<Self> {
        let more = length - self.embeds.dim(1)?;
        Ok(Self {
            embeds: self.embeds.pad_with_zeros(1, 0, more)?,
            mask: self.mask.to_dtype(DType::F32)?.pad_with_zeros(1, 0, more)?,
        })
    }
}

/// A prompt as the transformer reads it: behind the negative one, where there is guidance.
pub(super) fn guided(
    prompt: &Prompt,
    negative: Option<&Prompt>,
    settings: &Settings,
) -> Result<Prompt> {
    match (settings.guided(), negative) {
        (false, _) => Ok(prompt.clone()),
        (true, Some(negative)) => prompt.guided_by(negative),
        (true, None) => Err(Error::request(
            "guidance needs an encoded negative prompt",
            "give it, or a guidance scale of 1",
        )),
    }
}

/// What a clip is made of, beside noise.
pub struct Inputs<'a> {
    pub prompt: &'a Prompt,
    /// Needed where `guidance_scale` is above 1.
    pub negative: Option<&'a Prompt>,
    /// Latents to start from, (b, c, t, h, w), normalised; of use where `denoise_strength` is below 1.
    pub latents: Option<&'a Tensor>,
    pub items: &'a [Item],
}

/// The model's parts that denoise.
pub struct Parts<'a> {
    pub transformer: &'a Transformer,
    pub scheduler: &'a Scheduler,
    pub geometry: &'a Geometry,
}

/// Draws the initial noise, puts the items in their places and sets up the steps.
pub fn begin<'a>(
    parts: &Parts<'a>,
    settings: &Settings,
    inputs: &Inputs,
    noise: &mut dyn NoiseSource,
) -> Result<Sampling<'a>> {
    let Parts {
        transformer,
        scheduler,
        geometry,
    } = *parts;
    settings.validate(geometry)?;
    let grid = settings.grid(geometry);
    let (t, h, w) = grid;
    let batch = inputs.prompt.embeds.dim(0)?;
    let prompt = guided(inputs.prompt, inputs.negative, settings)?;
    let text = transformer.prepare_text(&prompt.embeds, Some(&prompt.mask))?;

    let shape = [batch, transformer.config().in_channels, t, h, w];
    let mut schedule = spaced(scheduler, settings, t * h * w)?;
    let (latents, hard, positions) = match settings.kind {
        Kind::Text => {
            let scale = [
                geometry.temporal as f64 / settings.frame_rate,
                geometry.spatial as f64,
                geometry.spatial as f64,
            ];
            let positions = Positions::Grid {
                num_frames: t,
                height: h,
                width: w,
                rope_interpolation_scale: scale,
            };
            (pack(&noise.next(&shape)?)?, None, positions)
        }
        Kind::Condition => {
            let mut start = noise.next(&shape)?;
            if settings.denoise_strength < 1.0 {
                let sigma = schedule.skip_to(settings.denoise_strength);
                if let Some(latents) = inputs.latents {
                    start = renoise(latents, &start, sigma)?;
                }
            }
            let mut sequence = Sequence::free(start)?;
            sequence.put_items(inputs.items, geometry)?;
            let prepared = prepare(
                &sequence,
                &Window::whole(t),
                inputs.items,
                settings,
                geometry,
                noise,
            )?;
            let positions = Positions::Coords(prepared.coordinates);
            (prepared.latents, prepared.hard, positions)
        }
    };
    Ok(Sampling {
        rope: transformer.prepare_positions(&positions)?,
        transformer,
        text,
        schedule,
        settings: settings.clone(),
        grid,
        latents: latents.to_device(transformer.device())?,
        before: None,
        hard,
        at: 0,
    })
}

/// The times of the steps, for a clip of so many tokens.
pub(super) fn spaced(
    scheduler: &Scheduler,
    settings: &Settings,
    tokens: usize,
) -> Result<Schedule> {
    let steps = settings.num_inference_steps;
    match (settings.kind, settings.spacing) {
        (Kind::Condition, Spacing::Reference) => Schedule::linear_quadratic(scheduler, steps),
        _ => Schedule::even(&scheduler.shifted_by(settings.shift), steps, tokens),
    }
}

/// `sigma · noise + (1 − sigma) · latents`
fn renoise(latents: &Tensor, noise: &Tensor, sigma: f64) -> Result<Tensor> {
    if latents.dims() != noise.dims() {
        return Err(Error::request(
            format!(
                "the given latents have shape {:?}, the clip has {:?}",
                latents.dims(),
                noise.dims()
            ),
            "give latents of the clip's size",
        ));
    }
    let latents = latents.to_dtype(DType::F32)?;
    // In f32, as the reference computes the complement.
    let rest = f64::from(1.0 - sigma as f32);
    Ok(((noise * sigma)? + (latents * rest)?)?)
}

/// Latents (b, c, t, h, w) as the decoder takes them, with the decode timestep (b) that it is told. Draws noise if
/// the decoder is timestep-conditioned. `dtype` is that of the prompt's embeddings, in which the reference blends.
pub fn to_decoder(
    vae: &Autoencoder,
    latents: &Tensor,
    settings: &Settings,
    dtype: DType,
    noise: &mut dyn NoiseSource,
) -> Result<(Tensor, Option<Tensor>)> {
    let latents = vae
        .denormalize(&latents.to_dtype(DType::F32)?)?
        .to_dtype(dtype)?;
    if !vae.config().timestep_conditioning {
        return Ok((latents, None));
    }
    let drawn = noise
        .next(latents.dims())?
        .to_device(latents.device())?
        .to_dtype(dtype)?;
    let scale = settings
        .decode_noise_scale
        .unwrap_or(settings.decode_timestep);
    // Both scales are tensors of the latents' type in the reference, so they are rounded to it.
    let scale = Tensor::new(scale as f32, latents.device())?.to_dtype(dtype)?;
    let rest = (1.0 - &scale)?;
    let latents = (latents.broadcast_mul(&rest)? + drawn.broadcast_mul(&scale)?)?;
    let batch = latents.dim(0)?;
    let timestep = vec![settings.decode_timestep as f32; batch];
    let timestep = Tensor::from_vec(timestep, batch, &Device::Cpu)?.to_dtype(dtype)?;
    Ok((
        latents,
        Some(timestep.to_dtype(DType::F32)?.to_device(drawn.device())?),
    ))
}

/// Whether decoding draws random tensors.
pub fn decoding_draws(vae: &Autoencoder) -> bool {
    let config = vae.config();
    config.timestep_conditioning || config.decoder_inject_noise.contains(&true)
}

/// An engine's error on its way through a network's callback.
pub fn as_model_error(error: Error) -> kinora_models::Error {
    match error {
        Error::Model(error) => error,
        Error::Request { what, cure } => kinora_models::Error::input(what, cure),
        other => kinora_models::Error::input(other.to_string(), "check the inputs"),
    }
}
