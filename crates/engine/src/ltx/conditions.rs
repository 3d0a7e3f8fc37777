//! Pictures and clips become tokens that keep their places while the others move.

use candle_core::{DType, Device, Tensor};
use kinora_models::ltx::Autoencoder;

use super::latents::{coordinates, lerp, pack, replace_frames};
use super::pipeline::Settings;
use crate::Error;
use crate::Result;
use crate::model::Geometry;
use crate::noise::NoiseSource;

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
        })
    }
}

/// Tokens ready to be denoised, on the CPU.
pub(super) struct Prepared {
    /// (b, extra + n, c), f32.
    pub latents: Tensor,
    /// (1, 3, extra + n)
    pub coordinates: Tensor,
    pub hard: Option<Hard>,
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

/// Puts the items into `latents` (b, c, t, h, w) and before them.
pub(super) fn prepare(
    mut latents: Tensor,
    items: &[Item],
    settings: &Settings,
    geometry: &Geometry,
    noise: &mut dyn NoiseSource,
) -> Result<Prepared> {
    let (batch, _, t, h, w) = latents.dims5()?;
    let mut held = vec![0f32; t];
    let (mut extra, mut extra_coords, mut extra_mask) = (Vec::new(), Vec::new(), Vec::new());
    for item in items {
        let given = item.latents.dim(2)?;
        let mut put = |start: usize, part: &Tensor| -> Result<()> {
            let len = part.dim(2)?;
            let there = latents.narrow(2, start, len)?;
            let part = part.broadcast_as(there.shape())?;
            latents = replace_frames(&latents, start, &lerp(&there, &part, item.strength)?)?;
            held[start..start + len].fill(item.strength as f32);
            Ok(())
        };
        if item.frame_index == 0 {
            put(0, &item.latents)?;
            continue;
        }
        let mut prefix = item.latents.clone();
        if given > PREFIX {
            let start = item.frame_index / geometry.temporal + PREFIX;
            put(start, &item.latents.narrow(2, PREFIX, given - PREFIX)?)?;
            prefix = item.latents.narrow(2, 0, PREFIX)?;
        }
        let len = prefix.dim(2)?;
        let drawn = noise.next(prefix.dims())?;
        let tokens = pack(&lerp(&drawn, &prefix, item.strength)?)?;
        let (_, count, channels) = tokens.dims3()?;
        extra.push(tokens.broadcast_as((batch, count, channels))?);
        extra_coords.push(coordinates(
            (len, h, w),
            item.frame_index,
            settings.frame_rate,
            geometry,
        )?);
        extra_mask.extend(std::iter::repeat_n(item.strength as f32, len * h * w));
    }

    let count = extra_mask.len();
    extra.push(pack(&latents)?);
    extra_coords.push(coordinates((t, h, w), 0, settings.frame_rate, geometry)?);
    let latents = Tensor::cat(&extra, 1)?;
    let mut mask = extra_mask;
    held.iter()
        .for_each(|&strength| mask.extend(std::iter::repeat_n(strength, h * w)));
    let hard = (!items.is_empty()).then(|| Hard {
        mask: vec![mask; batch],
        initial: latents.clone(),
        extra: count,
    });
    Ok(Prepared {
        coordinates: Tensor::cat(&extra_coords, 2)?,
        latents,
        hard,
    })
}
