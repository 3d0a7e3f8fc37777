//! What a plan costs: operations and bytes, and how fast a machine is at them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Plan, Span};
use crate::progress::Stage;
use crate::request::Upscale;
use crate::{Compute, DeviceKind, Result};
use kinora_media::Method;

/// The part of a processor's peak that the networks reach.
const OF_PEAK: f64 = 0.27;
/// Operations a second of a graphics card, and of the processor that finishes its frames, where nothing was measured.
const GPU: f64 = 50e12;
const CPU: f64 = 50e9;
/// Operations for each pixel that a network enlarges: 54,000 products and sums in that which `training/` builds.
const ENLARGING: f64 = 108e3;
/// What a pixel of a frame between two drawn ones costs, as many operations of the autoencoder: motion is searched for.
const BETWEEN: f64 = 55e3;
/// What a pixel of the file costs: resized and coded.
const WRITING: f64 = 400.0;
/// Bytes of the program, its buffers and the memory that it keeps for the next layer.
const PROGRAM_BYTES: f64 = 75e6;
/// Bytes of a pixel of the file: frames that wait, and those that the coder refers to.
const FILE_BYTES: f64 = 80.0;

/// How fast a machine makes clips with a model: operations a second. Estimates go by it; it is learnt from clips that were
/// made, see [`Speed::of`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    pub denoising: f64,
    /// At decoding, enlarging, drawing between and writing.
    pub finishing: f64,
}

impl Speed {
    /// What a made clip of a plan tells, given its seconds by stage; `None` where nothing was drawn.
    pub fn of(plan: &Plan, times: &BTreeMap<String, f64>) -> Option<Self> {
        let cost = Cost::of(plan).ok()?;
        let took = |stage: Stage| times.get(stage.name()).copied().unwrap_or(0.0);
        let speed = Self {
            denoising: cost.denoising / took(Stage::Denoise),
            finishing: cost.finishing / (took(Stage::Decode) + took(Stage::Write)),
        };
        let known = |speed: f64| speed.is_finite() && speed > 0.0;
        (known(speed.denoising) && known(speed.finishing)).then_some(speed)
    }

    /// From the processor's peak, which is measured in some milliseconds.
    pub(super) fn guess(compute: &Compute) -> Self {
        let cpu = compute.peak_gflops().map(|peak| peak * 1e9 * OF_PEAK);
        Self {
            denoising: match compute.kind {
                DeviceKind::Cpu => cpu.unwrap_or(CPU),
                _ => GPU,
            },
            finishing: cpu.unwrap_or(CPU),
        }
    }
}

/// Operations of one clip.
pub(super) struct Cost {
    pub denoising: f64,
    pub finishing: f64,
    /// Encoding of pictures and footage, once for all clips.
    pub encoding: f64,
}

impl Cost {
    pub fn of(plan: &Plan) -> Result<Self> {
        let (model, family) = (&plan.model, plan.model.family);
        let size = (plan.drawn.width, plan.drawn.height);
        let mut cost = Self {
            denoising: 0.0,
            finishing: 0.0,
            encoding: 0.0,
        };
        for footage in plan.footage() {
            cost.encoding += family.decoding(model, footage.frames, size)?.operations;
        }
        let pixels = (size.0 * size.1) as f64;
        let doubled = match plan.output.upscale {
            Upscale::Learned => 4.0,
            Upscale::Lanczos => 1.0,
        };
        for span in plan.spans.iter().filter_map(Span::drawn) {
            for window in &span.windows {
                let step = family.denoising(model, window.tokens)?.operations;
                cost.denoising += step * window.steps as f64 * plan.passes();
            }
            let frames = span.native as f64;
            cost.finishing += family.decoding(model, span.native, size)?.operations;
            cost.finishing += match plan.output.upscale {
                Upscale::Learned => pixels * frames * ENLARGING,
                Upscale::Lanczos => 0.0,
            };
            if plan.output.between == Method::Motion {
                let between = (span.frames as f64 - frames).max(0.0);
                cost.finishing += pixels * doubled * between * BETWEEN;
            }
        }
        let (width, height) = plan.output.size;
        let file = f64::from(width) * f64::from(height);
        cost.finishing += file * plan.output.frames as f64 * WRITING;
        Ok(cost)
    }
}

impl Plan {
    /// Evaluations of the network a step.
    pub(super) fn passes(&self) -> f64 {
        if self.drawn.guidance > 1.0 { 2.0 } else { 1.0 }
    }

    /// Seconds for all clips at a speed.
    pub(super) fn seconds_at(&self, speed: Speed) -> Result<f64> {
        let cost = Cost::of(self)?;
        let clip = cost.denoising / speed.denoising + cost.finishing / speed.finishing;
        Ok(cost.encoding / speed.finishing + clip * self.variants.len() as f64)
    }

    /// Bytes that are held at the stage that holds the most: each network comes when it is needed, its weights widened to the
    /// type that is computed in; the text encoder goes before the others come, and what encodes footage before drawing.
    pub(super) fn bytes(&self) -> Result<f64> {
        let (model, family) = (&self.model, self.model.family);
        let held = |numbers: f64| numbers * 4.0;
        let size = (self.drawn.width, self.drawn.height);
        let (width, height) = self.output.size;
        let file = f64::from(width) * f64::from(height) * FILE_BYTES;
        if self.drawn_spans().next().is_none() {
            return Ok(PROGRAM_BYTES + file);
        }
        let native = self.spans.iter().map(Span::native).max().unwrap_or(0);
        let decoding = held(family.decoding(model, native, size)?.held);
        let transformer = self.weight_bytes("transformer", "")?;
        let (encoder, decoder) = (
            self.weight_bytes("vae", "encoder.")?,
            self.weight_bytes("vae", "decoder.")?,
        );
        let footage = if self.footage().is_empty() {
            0.0
        } else {
            encoder + decoding
        };
        let stages = [
            self.weight_bytes("text_encoder", "")?,
            footage,
            transformer + held(family.denoising(model, self.tokens)?.held) * self.passes(),
            transformer + decoder + decoding + file,
        ];
        Ok(PROGRAM_BYTES + stages.into_iter().fold(0.0, f64::max))
    }

    /// Bytes of the weights of a component, or of those whose names begin so, as they are held.
    fn weight_bytes(&self, component: &str, prefix: &str) -> Result<f64> {
        let dtype = self.compute.dtype;
        let bytes = self
            .model
            .source()
            .bytes_of_weights(component, prefix, dtype)?;
        Ok(bytes as f64)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use candle_core::DType;
    use kinora_models::MINI;

    use super::*;
    use crate::{Model, Request};

    fn plan(dtype: DType) -> Plan {
        let request = Request {
            prompt: "a frog".into(),
            ..Request::default()
        };
        let model = Arc::new(Model::embedded("mini", MINI).unwrap());
        let compute = Compute {
            dtype,
            ..Compute::cpu()
        };
        let dir = tempfile::tempdir().unwrap();
        Plan::resolve(request, model, compute, &dir.path().join("a.mp4")).unwrap()
    }

    /// Matrices of the embedded weights stay in eight bits; the convolutions' are widened.
    #[test]
    fn weights_are_counted_as_they_are_held() {
        let plan = plan(DType::F32);
        let files = plan.model.files().unwrap();
        let held_of_stored = |folder: &str| {
            let own = |name: &str| {
                let rest = name.strip_prefix(folder);
                rest.is_some_and(|rest| rest.starts_with('/') && rest.ends_with(".safetensors"))
            };
            let files = files.iter().filter(|(name, _)| own(name));
            let stored: f64 = files.map(|(_, bytes)| *bytes as f64).sum();
            plan.weight_bytes(folder, "").unwrap() / stored
        };
        assert!((0.95..1.1).contains(&held_of_stored("transformer")));
        assert!((3.0..4.0).contains(&held_of_stored("vae")));
        let halves = ["encoder.", "decoder."].map(|half| plan.weight_bytes("vae", half).unwrap());
        let whole = plan.weight_bytes("vae", "").unwrap();
        assert!((halves[0] + halves[1]) / whole > 0.999);
    }

    #[test]
    fn memory_follows_the_type_and_what_is_needed() {
        let (wide, narrow) = (plan(DType::F32), plan(DType::BF16));
        let bytes = |plan: &Plan| plan.bytes().unwrap();
        let decoder = wide.weight_bytes("vae", "decoder.").unwrap();
        let saved = bytes(&wide) - bytes(&narrow);
        assert!((saved / (decoder / 2.0) - 1.0).abs() < 0.05, "{saved}");
        assert!(bytes(&wide) > PROGRAM_BYTES + decoder);
    }

    /// What a clip took, as a speed, gives the same seconds back.
    #[test]
    fn an_estimate_repeats_what_was_measured() {
        let plan = plan(DType::F32);
        let times = [("denoise", 5.0), ("decode", 3.0), ("write", 1.5)];
        let times = times.map(|(stage, s)| (stage.to_owned(), s)).into();
        let speed = Speed::of(&plan, &times).unwrap();
        assert!((plan.seconds_at(speed).unwrap() - 9.5).abs() < 1e-6);
        assert_eq!(Speed::of(&plan, &BTreeMap::new()), None);
    }
}
