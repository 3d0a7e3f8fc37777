//! LTX-Video: its pipelines as pure functions ([`pipeline`], [`conditions`], [`denoise`], [`schedule`]), and here
//! what makes them a family of the engine.

pub mod conditions;
pub mod denoise;
pub mod latents;
pub mod pipeline;
pub mod schedule;

use std::sync::Arc;

use candle_core::Tensor;
use kinora_media::{Frame, Rational};
use kinora_models::ltx::{
    Autoencoder, AutoencoderConfig, Chunking, Halves, Transformer, TransformerConfig,
};
use kinora_models::schedule::SchedulerConfig;
use kinora_models::t5::{T5Config, T5Encoder};
use kinora_models::{ModelSource, Tokenizer};

use crate::family::{Denoising, Description, Family, FrameSink, Interruptible, Networks, Reading};
use crate::model::{Defaults, Geometry, Model, Spacing};
use crate::noise::NoiseSource;
use crate::plan::{Plan, PlannedCondition};
use crate::{Compute, Error, Result, frames};
use conditions::Item;
use pipeline::{Inputs, Kind, Parts, Prompt, Settings};
use schedule::Scheduler;

/// Latent frames that are decoded at once.
const DECODED_AT_ONCE: usize = 2;
/// More tokens than any prompt has.
const ANY_LENGTH: usize = 1 << 16;

/// The family.
#[derive(Debug)]
pub struct Ltx;

impl Family for Ltx {
    fn name(&self) -> &'static str {
        "LTX-Video"
    }

    fn pipelines(&self) -> &'static [&'static str] {
        &[
            "LTXConditionPipeline",
            "LTXPipeline",
            "LTXImageToVideoPipeline",
        ]
    }

    fn describe(&self, source: &ModelSource) -> Result<Description> {
        let vae: AutoencoderConfig = source.config("vae")?;
        let transformer: TransformerConfig = source.config("transformer")?;
        // Read now so that a model without them is refused before any work.
        let _: T5Config = source.config("text_encoder")?;
        let _ = SchedulerConfig::load(source)?;
        if transformer.in_channels != vae.latent_channels {
            return Err(Error::request(
                format!(
                    "{} takes {} channels, {} makes {}",
                    source.display("transformer"),
                    transformer.in_channels,
                    source.display("vae"),
                    vae.latent_channels
                ),
                "take all folders from one model",
            ));
        }
        let max_text_tokens = match native_kind(source)? {
            Kind::Text => 128,
            Kind::Condition => 256,
        };
        Ok(Description {
            geometry: Geometry {
                spatial: vae.spatial_ratio(),
                temporal: vae.temporal_ratio(),
                channels: vae.latent_channels,
            },
            defaults: Defaults {
                native: Vec::new(),
                fps: Rational::new(25, 1)?,
                window: None,
                steps: 40,
                guidance: 3.0,
                guidance_rescale: 0.0,
                spacing: Spacing::Reference,
                shift: None,
                negative: "worst quality, inconsistent motion, blurry, jittery, distorted".into(),
                max_text_tokens,
                condition_noise: 0.15,
                decode_timestep: 0.05,
                decode_noise: Some(0.025),
            },
        })
    }

    fn read_text(&self, source: &ModelSource, text: &str) -> Result<Reading> {
        let encoding = Tokenizer::load(source)?.encode(text, ANY_LENGTH)?;
        Ok(Reading {
            tokens: encoding.mask.iter().sum::<u32>() as usize,
            unknown: f64::from(encoding.unknown),
        })
    }

    fn check(&self, plan: &Plan) -> Result<()> {
        let scheduler = SchedulerConfig::load(plan.model.source())?;
        let spacing = plan.model.defaults.spacing;
        let fixed = kind_of(plan)? == Kind::Condition && spacing == Spacing::Reference;
        if fixed && scheduler.use_dynamic_shifting {
            return Err(Error::request(
                format!(
                    "{} cannot meet pictures or clips: its scheduler shifts by the number of tokens",
                    plan.model.title
                ),
                "use LTX-Video 0.9.5 or later, or leave --image and --video out",
            ));
        }
        settings(plan)?.validate(&plan.model.geometry)
    }

    fn open(&self, plan: &Plan) -> Result<Box<dyn Networks>> {
        Ok(Box::new(LtxNetworks {
            settings: settings(plan)?,
            scheduler: Scheduler::load(plan.model.source())?,
            model: plan.model.clone(),
            compute: plan.compute.clone(),
            texts: [plan.prompt.clone(), plan.negative.clone()],
            conditions: plan.conditions.clone(),
            prompt: None,
            negative: None,
            items: Vec::new(),
            transformer: None,
            decoder: None,
        }))
    }
}

/// The pipeline that the model's index names.
fn native_kind(source: &ModelSource) -> Result<Kind> {
    let index = source.json("model_index.json")?;
    Ok(
        match index.get("_class_name").and_then(|name| name.as_str()) {
            Some("LTXConditionPipeline") => Kind::Condition,
            _ => Kind::Text,
        },
    )
}

fn kind_of(plan: &Plan) -> Result<Kind> {
    match plan.conditions.is_empty() {
        true => native_kind(plan.model.source()),
        false => Ok(Kind::Condition),
    }
}

fn settings(plan: &Plan) -> Result<Settings> {
    let defaults = &plan.model.defaults;
    let kind = kind_of(plan)?;
    Ok(Settings {
        height: plan.drawn.height,
        width: plan.drawn.width,
        num_frames: plan.drawn.frames,
        frame_rate: plan.drawn.fps.as_f64(),
        num_inference_steps: plan.drawn.steps,
        guidance_scale: plan.drawn.guidance,
        guidance_rescale: defaults.guidance_rescale,
        spacing: defaults.spacing,
        shift: defaults.shift,
        image_cond_noise_scale: defaults.condition_noise,
        decode_timestep: defaults.decode_timestep,
        decode_noise_scale: defaults.decode_noise,
        ..Settings::new(kind)
    })
}

/// One plan's networks. The text encoder is dropped as soon as it has read: it is the largest of them.
struct LtxNetworks {
    model: Arc<Model>,
    compute: Compute,
    settings: Settings,
    scheduler: Scheduler,
    /// Prompt and negative prompt.
    texts: [String; 2],
    conditions: Vec<PlannedCondition>,
    prompt: Option<Prompt>,
    negative: Option<Prompt>,
    items: Vec<Item>,
    transformer: Option<Transformer>,
    decoder: Option<Autoencoder>,
}

impl Networks for LtxNetworks {
    fn encode_text(&mut self) -> Result<()> {
        let tokenizer = Tokenizer::load(self.model.source())?;
        let Compute { device, dtype, .. } = &self.compute;
        let encoder = T5Encoder::load(self.model.source(), *dtype, device)?;
        let length = self.model.defaults.max_text_tokens;
        let encode =
            |text: &str| encode_text(&tokenizer, &encoder, self.settings.kind, (text, length));
        self.prompt = Some(encode(&self.texts[0])?);
        self.negative = self
            .settings
            .guided()
            .then(|| encode(&self.texts[1]))
            .transpose()?;
        Ok(())
    }

    fn encode_conditions(&mut self, clips: &[Vec<Frame>]) -> Result<()> {
        let Compute { device, dtype, .. } = &self.compute;
        let vae = Autoencoder::load_halves(self.model.source(), Halves::Encoder, *dtype, device)?;
        for (clip, condition) in clips.iter().zip(&self.conditions) {
            let pixels = frames::to_tensor(clip)?.to_device(device)?;
            let PlannedCondition {
                frame_index,
                strength,
                ..
            } = *condition;
            let num_frames = self.settings.num_frames;
            self.items.push(Item::encode(
                &vae,
                &pixels,
                frame_index,
                strength,
                num_frames,
                *dtype,
            )?);
        }
        Ok(())
    }

    fn begin(&mut self, noise: &mut dyn NoiseSource) -> Result<Box<dyn Denoising + '_>> {
        if self.transformer.is_none() {
            let Compute { device, dtype, .. } = &self.compute;
            self.transformer = Some(Transformer::load(self.model.source(), *dtype, device)?);
        }
        let (Some(transformer), Some(prompt)) = (&self.transformer, &self.prompt) else {
            return Err(Error::request(
                "the prompt was not encoded",
                "encode it first",
            ));
        };
        let inputs = Inputs {
            prompt,
            negative: self.negative.as_ref(),
            latents: None,
            items: &self.items,
        };
        let parts = Parts {
            transformer,
            scheduler: &self.scheduler,
            geometry: &self.model.geometry,
        };
        let sampling = pipeline::begin(&parts, &self.settings, &inputs, noise)?;
        Ok(Box::new(sampling))
    }

    fn decode(
        &mut self,
        latents: &Tensor,
        noise: &mut dyn NoiseSource,
        sink: &mut FrameSink,
    ) -> Result<()> {
        let Compute { device, dtype, .. } = &self.compute;
        if self.decoder.is_none() {
            self.decoder = Some(Autoencoder::load_halves(
                self.model.source(),
                Halves::Decoder,
                *dtype,
                device,
            )?);
        }
        let vae = self.decoder.as_ref().expect("it was just loaded");
        let (z, temb) = pipeline::to_decoder(vae, latents, &self.settings, *dtype, noise)?;
        let chunking = Chunking::Stream {
            latent_frames: DECODED_AT_ONCE,
        };
        let mut stopped = Interruptible::default();
        let outcome = vae.decode_chunks(
            &z,
            temb.as_ref(),
            &chunking,
            &mut |shape| noise.next(shape).map_err(pipeline::as_model_error),
            &mut |chunk| stopped.run(|| sink(frames::from_tensor(&chunk.get(0)?)?)),
        );
        stopped.outcome(outcome)
    }
}

/// A text as embeddings. `LTXPipeline` lets its encoder see the padding, `LTXConditionPipeline` does not.
fn encode_text(
    tokenizer: &Tokenizer,
    encoder: &T5Encoder,
    kind: Kind,
    (text, length): (&str, usize),
) -> Result<Prompt> {
    let encoding = tokenizer.encode(text, length)?;
    let device = encoder.device();
    let ids = Tensor::from_vec(encoding.ids, (1, length), device)?;
    let mask = Tensor::from_vec(encoding.mask, (1, length), device)?;
    let seen = match kind {
        Kind::Text => mask.ones_like()?,
        Kind::Condition => mask.clone(),
    };
    Ok(Prompt {
        embeds: encoder.forward(&ids, &seen)?,
        mask,
    })
}
