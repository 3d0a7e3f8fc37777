//! Pictures and clips become tokens that keep their places while the others move.

use candle_core::{DType, Device, Tensor};
use kinora_models::ltx::Autoencoder;

use super::latents::{coordinates, lerp, pack, replace_frames};
use super::pipeline::Settings;
use crate::Error;
use crate::Result;
use crate::model::Geometry;
use crate::noise::NoiseSource;
use crate::plan::span::{Window, center};

/// Latent frames of a clip beyond the beginning that are put before the clip's own; the rest goes in place.
const PREFIX: usize = 2;

/// A picture or clip in latents.
#[derive(Debug, Clone)]
pub struct Item {
    /// (1, c, t, h, w), normalised, f32.
    pub latents: Tensor,
    /// Frames that were encoded.
    pub frames: usize,
    pub frame_index: usize,
    /// 0–1.
    pub strength: f64,
    /// How many of its latent frames are put before the span's own, where it does not begin the span; the rest goes in
    /// place.
    pub prefix: usize,
}

impl Item {
    /// Encodes pixels (1, 3, t, h, w) in −1…1 to the posterior's mode. Of a clip as many frames are taken as fit.
    pub fn encode(
        vae: &Autoencoder,
        pixels: &Tensor,
        frame_index: usize,
        strength: f64,
        num_frames: usize,
        dtype: DType,
    ) -> Result<Self> {
        let given = pixels.dim(2)?;
        let r = vae.temporal_ratio();
        if frame_index >= num_frames {
            return Err(Error::request(
                format!(
                    "a condition at frame {frame_index} lies beyond the clip's {num_frames} frames"
                ),
                "give an earlier frame",
            ));
        }
        if !(0.0..=1.0).contains(&strength) {
            return Err(Error::request(
                format!("a condition of strength {strength}"),
                "give 0 to 1",
            ));
        }
        let frames = (given.min(num_frames - frame_index) - 1) / r * r + 1;
        let latents = vae.encode(&pixels.narrow(2, 0, frames)?.to_dtype(dtype)?)?;
        // The reference leaves the config's scaling factor out here.
        let latents =
            (vae.normalize(&latents.to_dtype(DType::F32)?)? / vae.config().scaling_factor)?;
        let latents = latents.to_device(&Device::Cpu)?;
        Ok(Self {
            latents,
            frames,
            frame_index,
            strength,
            prefix: PREFIX,
        })
    }
}

/// A span before its denoising: what is noise, what is given, and how strictly.
#[derive(Debug, Clone)]
pub(super) struct Sequence {
    /// (b, c, t, h, w), f32, on the CPU.
    pub latents: Tensor,
    /// How strictly each latent frame is held, 0–1.
    pub held: Vec<f32>,
}

impl Sequence {
    /// Nothing is given yet.
    pub fn free(latents: Tensor) -> Result<Self> {
        Ok(Self {
            held: vec![0.0; latents.dim(2)?],
            latents,
        })
    }

    /// Puts `part` (1 or b, c, t, h, w) at a latent frame: as much of it as `strength` says, the rest stays.
    pub fn put(&mut self, start: usize, part: &Tensor, strength: f64) -> Result<()> {
        let len = part.dim(2)?;
        let there = self.latents.narrow(2, start, len)?;
        let part = part.broadcast_as(there.shape())?;
        self.latents = replace_frames(&self.latents, start, &lerp(&there, &part, strength)?)?;
        self.held[start..start + len].fill(strength as f32);
        Ok(())
    }

    /// Puts what of the items stands in its place: what begins the span, and of later clips all but the beginning.
    pub fn put_items(&mut self, items: &[Item], geometry: &Geometry) -> Result<()> {
        for item in items {
            let given = item.latents.dim(2)?;
            if item.frame_index == 0 {
                self.put(0, &item.latents, item.strength)?;
            } else if given > item.prefix {
                let start = item.frame_index / geometry.temporal + item.prefix;
                let rest = item.latents.narrow(2, item.prefix, given - item.prefix)?;
                self.put(start, &rest, item.strength)?;
            }
        }
        Ok(())
    }
}

/// Tokens ready to be denoised, on the CPU.
pub(super) struct Prepared {
    /// (b, extra + n, c), f32.
    pub latents: Tensor,
    /// (1, 3, extra + n)
    pub coordinates: Tensor,
    pub hard: Option<Hard>,
    /// The native frame, of the span, that each token is about.
    pub frames: Vec<f64>,
}

/// What keeps tokens in their places.
#[derive(Debug, Clone)]
pub struct Hard {
    /// How strictly each token is held, (b, extra + n), 0–1.
    pub mask: Vec<Vec<f32>>,
    /// The tokens as they were at the beginning, on the CPU.
    pub initial: Tensor,
    /// How many tokens stand before the clip's own.
    pub extra: usize,
}

/// A window's tokens, with the beginnings of the items that lie in it, or just beyond, before them. A window that does
/// not begin the sequence has its time from latent 1 on: each of its tokens covers as many frames as any other, and
/// none pretends to be a first frame.
pub(super) fn prepare(
    sequence: &Sequence,
    window: &Window,
    items: &[Item],
    settings: &Settings,
    geometry: &Geometry,
    noise: &mut dyn NoiseSource,
) -> Result<Prepared> {
    let (batch, _, t, h, w) = sequence.latents.dims5()?;
    let r = geometry.temporal;
    let Window { start, len, .. } = *window;
    let first = usize::from(start > 0);
    let (mut extra, mut extra_coords, mut extra_mask) = (Vec::new(), Vec::new(), Vec::new());
    let mut frames = Vec::new();
    let met = |item: &&Item| window.meets(t, item.frame_index, r);
    for item in items.iter().filter(met) {
        let prefix = item
            .latents
            .narrow(2, 0, item.latents.dim(2)?.min(item.prefix))?;
        let count = prefix.dim(2)?;
        let drawn = noise.next(prefix.dims())?;
        let tokens = pack(&lerp(&drawn, &prefix, item.strength)?)?;
        let (_, n, channels) = tokens.dims3()?;
        extra.push(tokens.broadcast_as((batch, n, channels))?);
        extra_coords.push(coordinates(
            (count, h, w),
            (item.frame_index - window.origin(r), 0),
            settings.frame_rate,
            geometry,
        )?);
        extra_mask.extend(std::iter::repeat_n(item.strength as f32, n));
        frames.extend(std::iter::repeat_n(item.frame_index as f64, n));
    }

    let count = extra_mask.len();
    extra.push(pack(&sequence.latents.narrow(2, start, len)?)?);
    extra_coords.push(coordinates(
        (len, h, w),
        (0, first),
        settings.frame_rate,
        geometry,
    )?);
    let latents = Tensor::cat(&extra, 1)?;
    let mut mask = extra_mask;
    let held = &sequence.held[start..start + len];
    for (i, &strength) in held.iter().enumerate() {
        mask.extend(std::iter::repeat_n(strength, h * w));
        frames.extend(std::iter::repeat_n(center(start + i, r), h * w));
    }
    let given = !items.is_empty() || held.iter().any(|&strength| strength > 0.0);
    let hard = given.then(|| Hard {
        mask: vec![mask; batch],
        initial: latents.clone(),
        extra: count,
    });
    Ok(Prepared {
        coordinates: Tensor::cat(&extra_coords, 2)?,
        latents,
        hard,
        frames,
    })
}
