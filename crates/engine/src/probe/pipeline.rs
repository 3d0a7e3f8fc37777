//! The whole pipeline from encoded prompts: the functions that `generate` calls, on given tensors.

use candle_core::{DType, Tensor};
use kinora_media::{Filter, Frame, Resizer};
use kinora_models::ltx::{Autoencoder, Transformer};
use serde::Deserialize;

use super::io::Inputs;
use super::{Probe, Run};
use crate::family::Denoising;
use crate::ltx::conditions::Item;
use crate::ltx::pipeline::{self as ltx, Kind, Prompt, Settings};
use crate::ltx::schedule::Scheduler;
use crate::model::Geometry;
use crate::noise::NoiseSource;
use crate::{Error, Result, frames};

/// The metadata key `settings`.
#[derive(Debug, Deserialize)]
struct Wire {
    pipeline: String,
    height: Option<usize>,
    width: Option<usize>,
    num_frames: Option<usize>,
    frame_rate: Option<f64>,
    num_inference_steps: Option<usize>,
    guidance_scale: Option<f64>,
    guidance_rescale: Option<f64>,
    denoise_strength: Option<f64>,
    image_cond_noise_scale: Option<f64>,
    decode_timestep: Option<f64>,
    decode_noise_scale: Option<f64>,
    #[serde(default)]
    conditions: Vec<WireCondition>,
}

#[derive(Debug, Deserialize)]
struct WireCondition {
    tensor: String,
    #[serde(default)]
    frame_index: usize,
    #[serde(default = "one")]
    strength: f64,
}

fn one() -> f64 {
    1.0
}

impl Wire {
    fn settings(&self) -> Result<Settings> {
        let kind = match self.pipeline.as_str() {
            "LTXPipeline" => Kind::Text,
            "LTXConditionPipeline" => Kind::Condition,
            other => {
                return Err(Error::request(
                    format!("`settings` names the pipeline `{other}`"),
                    "give LTXPipeline or LTXConditionPipeline",
                ));
            }
        };
        let base = Settings::new(kind);
        Ok(Settings {
            kind,
            height: self.height.unwrap_or(base.height),
            width: self.width.unwrap_or(base.width),
            num_frames: self.num_frames.unwrap_or(base.num_frames),
            frame_rate: self.frame_rate.unwrap_or(base.frame_rate),
            num_inference_steps: self.num_inference_steps.unwrap_or(base.num_inference_steps),
            guidance_scale: self.guidance_scale.unwrap_or(base.guidance_scale),
            guidance_rescale: self.guidance_rescale.unwrap_or(base.guidance_rescale),
            denoise_strength: self.denoise_strength.unwrap_or(base.denoise_strength),
            image_cond_noise_scale: self
                .image_cond_noise_scale
                .unwrap_or(base.image_cond_noise_scale),
            decode_timestep: self.decode_timestep.unwrap_or(base.decode_timestep),
            decode_noise_scale: self.decode_noise_scale,
            ..base
        })
    }
}

pub(super) fn pipeline<'a>(probe: &'a Probe, inputs: &'a Inputs) -> Result<Run<'a>> {
    let text = inputs
        .metadata("settings")
        .ok_or_else(|| inputs.refuse("its metadata has no `settings`"))?;
    let wire: Wire = serde_json::from_str(&text)
        .map_err(|error| inputs.refuse(format!("`settings` cannot be read ({error})")))?;
    let settings = wire.settings()?;
    let compute = &probe.compute;
    let vae = Autoencoder::load(&probe.model, compute.dtype, &compute.device)?;
    let transformer = Transformer::load(&probe.model, compute.dtype, &compute.device)?;
    let scheduler = Scheduler::load(&probe.model)?;
    let geometry = Geometry {
        spatial: vae.spatial_ratio(),
        temporal: vae.temporal_ratio(),
        channels: transformer.config().in_channels,
    };
    settings.validate(&geometry)?;
    let prompt = prompt(probe, inputs, "prompt_embeds", "prompt_attention_mask")?;
    let negative = match settings.guided() {
        true => Some(self::prompt(
            probe,
            inputs,
            "negative_prompt_embeds",
            "negative_prompt_attention_mask",
        )?),
        false => None,
    };
    let latents = inputs.floats_if("latents", 5)?;
    let items = wire
        .conditions
        .iter()
        .map(|condition| pixels(inputs, condition, &settings))
        .collect::<Result<Vec<_>>>()?;
    if settings.kind == Kind::Text && !items.is_empty() {
        return Err(inputs.refuse("`LTXPipeline` takes no conditions"));
    }

    Ok(Box::new(move || {
        let parts = ltx::Parts {
            transformer: &transformer,
            scheduler: &scheduler,
            geometry: &geometry,
        };
        let mut noise = GivenNoise { inputs, next: 0 };
        let encode = |(condition, pixels): (&WireCondition, &Tensor)| {
            let pixels = pixels.to_device(&compute.device)?;
            let WireCondition {
                frame_index,
                strength,
                ..
            } = *condition;
            Item::encode(
                &vae,
                &pixels,
                frame_index,
                strength,
                settings.num_frames,
                compute.dtype,
            )
        };
        let items = wire
            .conditions
            .iter()
            .zip(&items)
            .map(encode)
            .collect::<Result<Vec<_>>>()?;
        let given = ltx::Inputs {
            prompt: &prompt,
            negative: negative.as_ref(),
            latents: latents.as_ref(),
            items: &items,
        };
        let mut clip = ltx::begin(&parts, &settings, &given, &mut noise)?;
        while clip.at() < clip.steps() {
            clip.step(&mut noise)?;
        }
        let mut outputs = vec![("latents", clip.reference_latents()?)];
        if !ltx::decoding_draws(&vae) || noise.has_more() {
            let (z, temb) =
                ltx::to_decoder(&vae, &clip.result()?, &settings, compute.dtype, &mut noise)?;
            let mut draw = |shape: &[usize]| noise.next(shape).map_err(ltx::as_model_error);
            let video = vae.decode(&z, temb.as_ref(), &mut draw)?;
            outputs.push(("frames", bytes(&video.get(0)?)?));
        }
        Ok(outputs)
    }))
}

fn prompt(probe: &Probe, inputs: &Inputs, embeds: &str, mask: &str) -> Result<Prompt> {
    let device = &probe.compute.device;
    let prompt = Prompt {
        embeds: inputs
            .floats(embeds, 3)?
            .to_dtype(probe.compute.dtype)?
            .to_device(device)?,
        mask: inputs.floats(mask, 2)?.to_device(device)?,
    };
    match prompt.mask.dims() == &prompt.embeds.dims()[..2] {
        true => Ok(prompt),
        false => Err(inputs.refuse(format!(
            "`{mask}` does not have one value for each token of `{embeds}`"
        ))),
    }
}

/// A condition's pixels (1, 3, t, h, w) in −1…1, brought to the clip's size as the reference does.
fn pixels(inputs: &Inputs, condition: &WireCondition, settings: &Settings) -> Result<Tensor> {
    let rgb = inputs.pixels(&condition.tensor)?;
    let (_, h, w, _) = rgb.dims4()?;
    if (h, w) == (settings.height, settings.width) {
        return frames::from_rgb(&rgb);
    }
    let mut resizer = Resizer::new(Filter::Lanczos3);
    let mut clip = Vec::new();
    for frame in 0..rgb.dim(0)? {
        let frame = rgb.get(frame)?.flatten_all()?.to_vec1::<u8>()?;
        let frame = Frame::new(w as u32, h as u32, frame)?;
        clip.push(resizer.resize(&frame, settings.width as u32, settings.height as u32)?);
    }
    frames::to_tensor(&clip)
}

/// (3, t, h, w) → bytes (t, h, w, 3)
fn bytes(video: &Tensor) -> Result<Tensor> {
    let (_, t, h, w) = video.dims4()?;
    let rgb = frames::to_rgb(video)?.concat();
    Ok(Tensor::from_vec(
        rgb,
        (t, h, w, 3),
        &candle_core::Device::Cpu,
    )?)
}

/// `noise.0`, `noise.1` … of the input.
struct GivenNoise<'a> {
    inputs: &'a Inputs,
    next: usize,
}

impl GivenNoise<'_> {
    fn has_more(&self) -> bool {
        self.inputs.has(&format!("noise.{}", self.next))
    }
}

impl NoiseSource for GivenNoise<'_> {
    fn next(&mut self, shape: &[usize]) -> Result<Tensor> {
        let name = format!("noise.{}", self.next);
        self.next += 1;
        given(self.inputs, &name, shape)
    }
}

/// A noise tensor of the input, which must have the shape that is wanted; axes of length 1 in front do not matter.
pub(super) fn given(inputs: &Inputs, name: &str, shape: &[usize]) -> Result<Tensor> {
    let rank = inputs.rank(name)?;
    let noise = inputs.floats(name, rank)?.to_dtype(DType::F32)?;
    let core = |dims: &[usize]| {
        dims.iter()
            .copied()
            .skip_while(|&d| d == 1)
            .collect::<Vec<_>>()
    };
    match core(noise.dims()) == core(shape) {
        true => Ok(noise.reshape(shape)?),
        false => Err(inputs.refuse(format!(
            "`{name}` has shape {:?} where the pipeline draws {shape:?}",
            noise.dims()
        ))),
    }
}
