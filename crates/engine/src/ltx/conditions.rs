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
    /// What its own latent frame begins from, where it is a picture within the span.
    pub still: Option<Still>,
}

/// A picture as a latent frame of a clip in which nothing moves.
#[derive(Debug, Clone)]
pub struct Still {
    /// (1, c, 1, h, w), normalised, f32.
    pub latents: Tensor,
    /// How much of it the latent frame begins with, 0–1; the rest is noise.
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
        Ok(Self {
            latents: encode(vae, &pixels.narrow(2, 0, frames)?, dtype)?,
            frames,
            frame_index,
            strength,
            prefix: PREFIX,
            still: None,
        })
    }

    /// Lets the latent frame in which a picture (1, 3, 1, h, w) lies begin from it, at rest, where the picture does not
    /// begin the span; the last of the steps set it in motion. Beyond the reference: for models too small to be drawn to a
    /// picture by its tokens alone.
    pub fn begin_in_place(
        &mut self,
        vae: &Autoencoder,
        picture: &Tensor,
        strength: f64,
        dtype: DType,
    ) -> Result<()> {
        if self.frame_index == 0 || strength <= 0.0 {
            return Ok(());
        }
        // Two latent frames on, nothing is left of the clip's beginning.
        let clip = Tensor::cat(&vec![picture; 2 * vae.temporal_ratio() + 1], 2)?;
        self.still = Some(Still {
            latents: encode(vae, &clip, dtype)?.narrow(2, 2, 1)?,
            strength: strength * self.strength,
        });
        Ok(())
    }
}

/// Pixels (1, 3, t, h, w) in −1…1 as normalised latents, f32, on the CPU.
fn encode(vae: &Autoencoder, pixels: &Tensor, dtype: DType) -> Result<Tensor> {
    let latents = vae.encode(&pixels.to_dtype(dtype)?)?;
    // The reference leaves the config's scaling factor out here.
    let latents = (vae.normalize(&latents.to_dtype(DType::F32)?)? / vae.config().scaling_factor)?;
    Ok(latents.to_device(&Device::Cpu)?)
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

    /// Puts what of the items stands in its place: what begins the span, of later clips all but the beginning, and of
    /// pictures their still, where nothing else is given.
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
            let frame = item.frame_index.div_ceil(geometry.temporal);
            if let Some(still) = item.still.as_ref().filter(|_| self.held[frame] == 0.0) {
                self.put(frame, &still.latents, still.strength)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    fn value(value: f32, frames: usize) -> Tensor {
        Tensor::full(value, (1, 1, frames, 1, 1), &Device::Cpu).unwrap()
    }

    fn picture(frame_index: usize, still: Option<Still>) -> Item {
        Item {
            latents: value(9.0, 1),
            frames: 1,
            frame_index,
            strength: 1.0,
            prefix: PREFIX,
            still,
        }
    }

    #[test]
    fn a_still_begins_the_latent_frame_that_its_picture_lies_in() {
        let geometry = Geometry {
            spatial: 1,
            temporal: 4,
            channels: 1,
        };
        let still = || {
            Some(Still {
                latents: value(10.0, 1),
                strength: 0.5,
            })
        };
        let put = |items: &[Item]| {
            let mut sequence = Sequence::free(value(0.0, 3)).unwrap();
            sequence.put_items(items, &geometry).unwrap();
            let latents = sequence.latents.flatten_all().unwrap();
            (latents.to_vec1::<f32>().unwrap(), sequence.held)
        };
        for frame in 1..=8 {
            let (latents, held) = put(&[picture(frame, still())]);
            let mut wanted = ([0.0; 3], [0.0; 3]);
            (wanted.0[1 + (frame - 1) / 4], wanted.1[1 + (frame - 1) / 4]) = (5.0, 0.5);
            assert_eq!((&latents[..], &held[..]), (&wanted.0[..], &wanted.1[..]));
        }
        // The reference puts nothing there; what is given already stays.
        assert_eq!(put(&[picture(6, None)]).0, [0.0; 3]);
        let given = Item {
            latents: value(7.0, 2),
            ..picture(0, None)
        };
        let (latents, held) = put(&[given, picture(3, still())]);
        assert_eq!(
            (&latents[..], &held[..]),
            (&[7.0, 7.0, 0.0][..], &[1.0, 1.0, 0.0][..])
        );
    }
}
