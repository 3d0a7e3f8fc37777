//! LTX-Video: its pipelines as pure functions ([`pipeline`], [`conditions`], [`denoise`], [`schedule`]), and here
//! what makes them a family of the engine.

pub mod conditions;
mod demand;
pub mod denoise;
pub mod latents;
pub mod pipeline;
pub mod schedule;
pub mod span;

use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use kinora_media::Rational;
use kinora_models::ltx::{
    Autoencoder, AutoencoderConfig, Chunking, DECODED_AT_ONCE, ENCODED_AT_ONCE, Halves,
    Transformer, TransformerConfig,
};
use kinora_models::schedule::SchedulerConfig;
use kinora_models::t5::{T5Config, T5Encoder};
use kinora_models::{ModelSource, Tokenizer};

use crate::family::{
    Demand, Denoising, Description, Family, FrameSink, FrameSource, Interruptible, Networks,
    Reading,
};
use crate::model::{Defaults, Geometry, Model, Spacing};
use crate::noise::NoiseSource;
use crate::plan::span::{DrawnSpan, Span};
use crate::plan::{Footage, Plan, Role, Seam};
use crate::request::ConditionKind;
use crate::{Compute, Error, Result, frames};
use conditions::Item;
use pipeline::{Kind, Parts, Prompt, Settings};
use schedule::Scheduler;
use span::{SourceLatents, SpanInputs};

/// Frames that a model draws at once, where its makers do not say.
const WINDOW: usize = 161;
/// More tokens than any prompt has.
const ANY_LENGTH: usize = 1 << 16;

/// The folder of what makes few steps do.
const TURBO: &str = "turbo";

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
                window: Some(WINDOW),
                steps: 40,
                turbo: None,
                guidance: 3.0,
                joining_guidance: 3.0,
                guidance_rescale: 0.0,
                spacing: Spacing::Reference,
                shift: None,
                negative: "worst quality, inconsistent motion, blurry, jittery, distorted".into(),
                max_text_tokens,
                condition_noise: 0.15,
                still_strength: 0.0,
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

    fn denoising(&self, model: &Model, tokens: usize) -> Result<Demand> {
        let transformer: TransformerConfig = model.source().config("transformer")?;
        Ok(demand::denoising(model, &transformer, tokens))
    }

    fn decoding(&self, model: &Model, frames: usize, size: (usize, usize)) -> Result<Demand> {
        let vae: AutoencoderConfig = model.source().config("vae")?;
        let grid = model.geometry.latent_size(frames, size.1, size.0);
        Ok(demand::decoding(&vae, grid))
    }

    fn check(&self, plan: &Plan) -> Result<()> {
        let scheduler = SchedulerConfig::load(plan.model.source())?;
        let settings = settings(plan)?;
        let fixed = settings.kind == Kind::Condition && settings.spacing == Spacing::Reference;
        if fixed && scheduler.use_dynamic_shifting {
            return Err(Error::request(
                format!(
                    "{} cannot meet pictures or clips: its scheduler shifts by the number of tokens",
                    plan.model.title
                ),
                "use LTX-Video 0.9.5 or later, or leave --image and --video out",
            ));
        }
        let mut spans = plan.spans.iter().filter(|span| span.native() > 0);
        spans
            .try_for_each(|span| of_length(&settings, span.native()).validate(&plan.model.geometry))
    }

    fn open(&self, plan: &Plan) -> Result<Box<dyn Networks>> {
        let drawn = |span: &Span| match span {
            Span::Kept(_) => None,
            Span::Drawn(span) => Some(SpanParts {
                span: span.clone(),
                items: Vec::new(),
                sources: Vec::new(),
            }),
        };
        Ok(Box::new(LtxNetworks {
            settings: settings(plan)?,
            turbo: plan.drawn.turbo,
            scheduler: Scheduler::load(plan.model.source())?,
            model: plan.model.clone(),
            compute: plan.compute.clone(),
            texts: plan.texts.clone(),
            negative_text: plan.negative.clone(),
            spans: plan.spans.iter().map(drawn).collect(),
            prompts: Vec::new(),
            negative: None,
            encoder: None,
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

/// The reference's pipeline for what is asked: the model's own for a prompt alone, else the one that has conditions.
fn settings(plan: &Plan) -> Result<Settings> {
    let defaults = &plan.model.defaults;
    let native = native_kind(plan.model.source())?;
    let drawn = || plan.spans.iter().filter_map(Span::drawn);
    let meets = drawn().any(|span| !span.conditions.is_empty());
    let kind = match drawn().all(DrawnSpan::is_plain) {
        true => native,
        false => Kind::Condition,
    };
    let settings = Settings {
        height: plan.drawn.height,
        width: plan.drawn.width,
        frame_rate: plan.drawn.fps.as_f64(),
        num_inference_steps: plan.drawn.steps,
        guidance_scale: plan.drawn.guidance,
        guidance_rescale: defaults.guidance_rescale,
        // A model of text alone keeps its own steps as long as nothing is to be met.
        spacing: match (native, meets) {
            (Kind::Text, false) => Spacing::Even,
            _ => defaults.spacing,
        },
        shift: defaults.shift,
        image_cond_noise_scale: defaults.condition_noise,
        decode_timestep: defaults.decode_timestep,
        decode_noise_scale: defaults.decode_noise,
        ..Settings::new(kind)
    };
    Ok(of_length(&settings, plan.drawn.frames))
}

fn of_length(settings: &Settings, num_frames: usize) -> Settings {
    Settings {
        num_frames,
        ..settings.clone()
    }
}

/// One plan's networks. The text encoder is dropped as soon as it has read: it is the largest of them.
struct LtxNetworks {
    model: Arc<Model>,
    compute: Compute,
    settings: Settings,
    /// Whether the transformer is the one of few steps.
    turbo: bool,
    scheduler: Scheduler,
    texts: Vec<String>,
    negative_text: String,
    /// The plan's; `None` where footage is kept.
    spans: Vec<Option<SpanParts>>,
    prompts: Vec<Prompt>,
    negative: Option<Prompt>,
    encoder: Option<Autoencoder>,
    transformer: Option<Transformer>,
    decoder: Option<Autoencoder>,
}

/// A span and its footage, once encoded.
struct SpanParts {
    span: DrawnSpan,
    items: Vec<Item>,
    sources: Vec<SourceLatents>,
}

impl Networks for LtxNetworks {
    fn encode_text(&mut self) -> Result<()> {
        let tokenizer = Tokenizer::load(self.model.source())?;
        let Compute { device, dtype, .. } = &self.compute;
        let encoder = T5Encoder::load(self.model.source(), *dtype, device)?;
        let length = self.model.defaults.max_text_tokens;
        let encode =
            |text: &str| encode_text(&tokenizer, &encoder, self.settings.kind, (text, length));
        self.prompts = self
            .texts
            .iter()
            .map(|text| encode(text))
            .collect::<Result<_>>()?;
        self.negative = self
            .settings
            .guided()
            .then(|| encode(&self.negative_text))
            .transpose()?;
        Ok(())
    }

    fn encode_footage(&mut self, footage: &Footage, source: &mut FrameSource) -> Result<()> {
        let Compute { device, dtype, .. } = &self.compute;
        if self.encoder.is_none() {
            let model = self.model.source();
            self.encoder = Some(Autoencoder::load_halves(
                model,
                Halves::Encoder,
                *dtype,
                device,
            )?);
        }
        let vae = self.encoder.as_ref().expect("it was just loaded");
        let Some(parts) = self.spans.get_mut(footage.span).and_then(Option::as_mut) else {
            return Err(Error::request(
                "footage for a span that is not drawn",
                "plan anew",
            ));
        };
        match footage.role {
            Role::Condition(index) => {
                let condition = &parts.span.conditions[index];
                let pixels = frames::to_tensor(&source.collect::<Result<Vec<_>>>()?)?;
                let pixels = pixels.to_device(device)?;
                let mut item = Item::encode(
                    vae,
                    &pixels,
                    condition.frame_index,
                    condition.strength,
                    parts.span.native,
                    *dtype,
                )?;
                if condition.seam == Seam::After {
                    // What follows its first frame is known, so it lies in place and holds the span's end.
                    item.prefix = 1;
                }
                if condition.kind == ConditionKind::Image {
                    let strength = self.model.defaults.still_strength;
                    item.begin_in_place(vae, &pixels, strength, *dtype)?;
                }
                parts.items.push(item);
            }
            Role::Source(index) => {
                let planned = &parts.span.sources[index];
                parts.sources.push(SourceLatents {
                    latents: encode_chunks(vae, source, &self.compute)?,
                    weights: planned.weights.clone(),
                    strengths: planned.strengths.clone(),
                });
            }
        }
        Ok(())
    }

    fn begin(
        &mut self,
        span: usize,
        noise: &mut dyn NoiseSource,
    ) -> Result<Box<dyn Denoising + '_>> {
        self.encoder = None;
        if self.transformer.is_none() {
            let Compute { device, dtype, .. } = &self.compute;
            let source = self.model.source();
            self.transformer = Some(match self.turbo {
                true => Transformer::load_changed(source, TURBO, *dtype, device)?,
                false => Transformer::load(source, *dtype, device)?,
            });
        }
        let parts = self.spans.get(span).and_then(Option::as_ref);
        let (
            Some(transformer),
            Some(SpanParts {
                span,
                items,
                sources,
            }),
        ) = (&self.transformer, parts)
        else {
            return Err(Error::request("a span that is not drawn", "plan anew"));
        };
        let prompt = |text: usize| {
            self.prompts
                .get(text)
                .ok_or_else(|| Error::request("the prompt was not encoded", "encode it first"))
        };
        let inputs = SpanInputs {
            texts: span
                .texts
                .iter()
                .map(|segment| Ok((segment.from, prompt(segment.text)?)))
                .collect::<Result<_>>()?,
            negative: self.negative.as_ref(),
            items,
            sources,
            windows: &span.windows,
        };
        let parts = Parts {
            transformer,
            scheduler: &self.scheduler,
            geometry: &self.model.geometry,
        };
        span::begin(
            parts,
            &of_length(&self.settings, span.native),
            inputs,
            noise,
        )
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

/// A long clip as normalised latents (1, c, t, h, w), f32 on the CPU, with a few frames in memory at a time.
fn encode_chunks(vae: &Autoencoder, source: &mut FrameSource, compute: &Compute) -> Result<Tensor> {
    let mut stopped = Interruptible::default();
    let chunks = std::iter::from_fn(|| {
        let read = stopped.run(|| {
            let some = (&mut *source)
                .take(ENCODED_AT_ONCE)
                .collect::<Result<Vec<_>>>()?;
            match some.is_empty() {
                true => Ok(None),
                false => {
                    let pixels = frames::to_tensor(&some)?.to_device(&compute.device)?;
                    Ok(Some(pixels.to_dtype(compute.dtype)?))
                }
            }
        });
        read.transpose()
    });
    let latents = vae.encode_chunks(chunks);
    let latents = stopped.outcome(latents)?.to_dtype(DType::F32)?;
    Ok(vae.normalize(&latents)?.to_device(&Device::Cpu)?)
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
