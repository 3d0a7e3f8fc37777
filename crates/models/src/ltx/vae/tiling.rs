//! Overlapping tiles in space and time, blended as the reference does.
//!
//! A tile is blended with its neighbour above, left or before after that one was blended itself;
//! so only the previous row, and the previous span of time, have to be kept.

use candle_core::{DType, Tensor};

use super::{Autoencoder, Noise};
use crate::{Error, Result};

/// Tiles along one axis, in pixels or frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tiles {
    /// What is larger than this is tiled, and a tile is so large (in time, one frame more).
    pub size: usize,
    /// From one tile to the next; the rest overlaps.
    pub stride: usize,
}

/// Tiles along height and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpaceTiles {
    pub height: Tiles,
    pub width: Tiles,
}

/// Which axes to tile, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tiling {
    pub space: Option<SpaceTiles>,
    pub time: Option<Tiles>,
}

impl Default for Tiling {
    /// The reference's sizes: 512 pixels every 448, 16 frames every 8.
    fn default() -> Self {
        let side = Tiles {
            size: 512,
            stride: 448,
        };
        Self {
            space: Some(SpaceTiles {
                height: side,
                width: side,
            }),
            time: Some(Tiles {
                size: 16,
                stride: 8,
            }),
        }
    }
}

/// Axes of (b, c, t, h, w).
const TIME: usize = 2;
const HEIGHT: usize = 3;
const WIDTH: usize = 4;

/// Decodes `z` span by span and hands each to `sink`.
pub fn decode(
    vae: &Autoencoder,
    z: &Tensor,
    temb: Option<&Tensor>,
    tiling: &Tiling,
    noise: &mut Noise,
    sink: &mut dyn FnMut(Tensor) -> Result<()>,
) -> Result<()> {
    let ratio = vae.temporal_ratio();
    let frames = z.dim(TIME)?;
    let mut decode = |z: &Tensor| decode_space(vae, z, temb, tiling.space, noise);
    let time = match tiling.time {
        Some(time) if frames > time.size / ratio => time,
        _ => return sink(decode(z)?),
    };
    let latent = time.scaled_down(ratio)?;
    let mut left = (frames - 1) * ratio + 1;
    let mut previous: Option<Tensor> = None;
    for start in (0..frames).step_by(latent.stride) {
        let mut span = decode(&cut(z, TIME, start, latent.size + 1)?)?;
        let mut keep = time.stride + 1;
        if let Some(previous) = &previous {
            // A span's first frame stands for one latent; in the middle its last has no partner.
            let whole = span.dim(TIME)? - 1;
            keep = time.stride;
            if whole == 0 {
                break;
            }
            span = cut(&span, TIME, 0, whole)?;
            span = blend(previous, &span, time.size - time.stride, TIME)?;
        }
        let done = cut(&span, TIME, 0, keep.min(left))?;
        left -= done.dim(TIME)?;
        sink(done)?;
        if left == 0 {
            break;
        }
        previous = Some(span);
    }
    Ok(())
}

/// Encodes span by span.
pub fn encode(vae: &Autoencoder, sample: &Tensor, tiling: &Tiling) -> Result<Tensor> {
    let ratio = vae.temporal_ratio();
    let frames = sample.dim(TIME)?;
    let time = match tiling.time {
        Some(time) if frames > time.size => time,
        _ => return encode_space(vae, sample, tiling.space),
    };
    let latent = time.scaled_down(ratio)?;
    let mut spans: Vec<Tensor> = Vec::new();
    let mut previous: Option<Tensor> = None;
    for start in (0..frames).step_by(time.stride) {
        let tile = cut(sample, TIME, start, time.size + 1)?;
        let mut span = encode_space(vae, &tile, tiling.space)?;
        let mut keep = latent.stride + 1;
        if let Some(previous) = &previous {
            keep = latent.stride;
            let rest = span.dim(TIME)? - 1;
            if rest == 0 {
                break;
            }
            span = span.narrow(TIME, 1, rest)?;
            span = blend(previous, &span, latent.size - latent.stride, TIME)?;
        }
        spans.push(cut(&span, TIME, 0, keep)?);
        previous = Some(span);
    }
    let latents = Tensor::cat(&spans, TIME)?;
    cut(&latents, TIME, 0, (frames - 1) / ratio + 1)
}

fn decode_space(
    vae: &Autoencoder,
    z: &Tensor,
    temb: Option<&Tensor>,
    space: Option<SpaceTiles>,
    noise: &mut Noise,
) -> Result<Tensor> {
    let ratio = vae.spatial_ratio();
    let (height, width) = (z.dim(HEIGHT)?, z.dim(WIDTH)?);
    match space {
        Some(SpaceTiles {
            height: h,
            width: w,
        }) if height > h.size / ratio || width > w.size / ratio => {
            let grid = Grid {
                input: [h.scaled_down(ratio)?, w.scaled_down(ratio)?],
                output: [h, w],
            };
            let video = grid.map(z, |tile| vae.decode(tile, temb, noise))?;
            let video = cut(&video, HEIGHT, 0, height * ratio)?;
            cut(&video, WIDTH, 0, width * ratio)
        }
        _ => vae.decode(z, temb, noise),
    }
}

fn encode_space(vae: &Autoencoder, sample: &Tensor, space: Option<SpaceTiles>) -> Result<Tensor> {
    let ratio = vae.spatial_ratio();
    let (height, width) = (sample.dim(HEIGHT)?, sample.dim(WIDTH)?);
    match space {
        Some(SpaceTiles {
            height: h,
            width: w,
        }) if height > h.size || width > w.size => {
            let grid = Grid {
                input: [h, w],
                output: [h.scaled_down(ratio)?, w.scaled_down(ratio)?],
            };
            let latents = grid.map(sample, |tile| vae.encode(tile))?;
            let latents = cut(&latents, HEIGHT, 0, height / ratio)?;
            cut(&latents, WIDTH, 0, width / ratio)
        }
        _ => vae.encode(sample),
    }
}

/// Tiles over height and width, before and after the network.
struct Grid {
    input: [Tiles; 2],
    output: [Tiles; 2],
}

impl Grid {
    fn map(
        &self,
        x: &Tensor,
        mut network: impl FnMut(&Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        let [rows, columns] = self.input;
        let [out_rows, out_columns] = self.output;
        let mut above: Vec<Tensor> = Vec::new();
        let mut lines = Vec::new();
        for i in (0..x.dim(HEIGHT)?).step_by(rows.stride) {
            let row = cut(x, HEIGHT, i, rows.size)?;
            let mut tiles: Vec<Tensor> = Vec::new();
            for j in (0..x.dim(WIDTH)?).step_by(columns.stride) {
                let mut tile = network(&cut(&row, WIDTH, j, columns.size)?.contiguous()?)?;
                if let Some(above) = above.get(tiles.len()) {
                    tile = blend(above, &tile, out_rows.overlap(), HEIGHT)?;
                }
                if let Some(left) = tiles.last() {
                    tile = blend(left, &tile, out_columns.overlap(), WIDTH)?;
                }
                tiles.push(tile);
            }
            let kept = tiles.iter().map(|tile| {
                let tile = cut(tile, HEIGHT, 0, out_rows.stride)?;
                cut(&tile, WIDTH, 0, out_columns.stride)
            });
            lines.push(Tensor::cat(&kept.collect::<Result<Vec<_>>>()?, WIDTH)?);
            above = tiles;
        }
        Ok(Tensor::cat(&lines, HEIGHT)?)
    }
}

impl Tiles {
    fn overlap(self) -> usize {
        self.size - self.stride
    }

    /// The same in latents.
    fn scaled_down(self, ratio: usize) -> Result<Self> {
        let scaled = Self {
            size: self.size / ratio,
            stride: self.stride / ratio,
        };
        match scaled.stride == 0 || self.stride > self.size {
            true => Err(Error::input(
                format!(
                    "tiles of {} every {} do not work here",
                    self.size, self.stride
                ),
                format!("make the stride at least {ratio} and at most the size"),
            )),
            false => Ok(scaled),
        }
    }
}

/// Up to `n` slices of an axis from `start` on.
fn cut(x: &Tensor, axis: usize, start: usize, n: usize) -> Result<Tensor> {
    Ok(x.narrow(axis, start, n.min(x.dim(axis)? - start))?)
}

/// `b` with its first `extent` slices faded over from the last ones of `a`.
fn blend(a: &Tensor, b: &Tensor, extent: usize, axis: usize) -> Result<Tensor> {
    let (len_a, len_b) = (a.dim(axis)?, b.dim(axis)?);
    let extent = extent.min(len_a).min(len_b);
    if extent == 0 {
        return Ok(b.clone());
    }
    let mut shape = [1; 5];
    shape[axis] = extent;
    let ramp = |f: &dyn Fn(f64) -> f64| -> Result<Tensor> {
        let weights = (0..extent).map(|i| f(i as f64 / extent as f64) as f32);
        Ok(Tensor::from_iter(weights, b.device())?.reshape(&shape)?)
    };
    let tail = a
        .narrow(axis, len_a - extent, extent)?
        .to_dtype(DType::F32)?;
    let head = b.narrow(axis, 0, extent)?.to_dtype(DType::F32)?;
    let mixed = tail.broadcast_mul(&ramp(&|w| 1.0 - w)?)? + head.broadcast_mul(&ramp(&|w| w)?)?;
    let mixed = mixed?.to_dtype(b.dtype())?;
    match len_b - extent {
        0 => Ok(mixed),
        rest => Ok(Tensor::cat(&[mixed, b.narrow(axis, extent, rest)?], axis)?),
    }
}
