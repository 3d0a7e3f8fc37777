//! Moving pixels and frames into channels and back.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};
use candle_nn::VarBuilder;
use rayon::prelude::*;

use super::flow::{Flow, Padding};
use super::resnet::TimeConv;
use crate::layers::{on_cpu, slice};
use crate::{Error, Result};

/// `LTXVideoDownsampler3d`: cells become channels, beside their mean.
pub struct Downsampler {
    conv: TimeConv,
    stride: [usize; 3],
    c_out: usize,
}

impl Downsampler {
    pub fn load(
        c_in: usize,
        c_out: usize,
        stride: [usize; 3],
        padding: Padding,
        vb: VarBuilder,
    ) -> Result<Self> {
        let cells: usize = stride.iter().product();
        let conv = TimeConv::load(c_in, c_out / cells, padding, vb.pp("conv"))?;
        Ok(Self {
            conv,
            stride,
            c_out,
        })
    }

    /// (b, t, h, w, c_in) to (b, t', h', w', c_out).
    pub fn forward(&self, x: &Tensor, flow: &mut Flow) -> Result<Option<Tensor>> {
        let x = flow.lead(x, self.stride[0] - 1)?;
        let skip = flow.hold(&x)?;
        let Some(h) = self.conv.forward(&x, flow)? else {
            return Ok(None);
        };
        let Some(h) = flow.groups(&h, self.stride[0])? else {
            return Ok(None);
        };
        let x = flow.release(skip, h.dim(1)?)?;

        let h = cells_to_channels(&h, self.stride)?;
        let x = cells_to_channels(&x, self.stride)?;
        let (b, t, height, width, c) = x.dims5()?;
        let mean = x
            .reshape((b * t * height * width, self.c_out, c / self.c_out))?
            .mean(2)?
            .reshape((b, t, height, width, self.c_out))?;
        Ok(Some((h + mean)?))
    }
}

/// `LTXVideoUpsampler3d`: channels become cells of 2 frames × 2 × 2 pixels, and the first frame,
/// which stands for one frame only, loses its double.
pub struct Upsampler {
    conv: TimeConv,
    /// How often the input's cells repeat along the output's channels; 0 without a residual.
    repeats: usize,
}

impl Upsampler {
    const STRIDE: [usize; 3] = [2, 2, 2];
    const CELLS: usize = 8;

    /// From `c` channels to `c / factor`.
    pub fn load(
        c: usize,
        factor: usize,
        residual: bool,
        padding: Padding,
        vb: VarBuilder,
    ) -> Result<Self> {
        let c_out = c / factor;
        let vb = vb.pp("conv").pp("conv");
        let weight = vb.get((c_out * Self::CELLS, c, 3, 3, 3), "weight")?;
        let bias = vb.get(c_out * Self::CELLS, "bias")?;
        // Cell before channel, so that a cell's channels lie together when they are moved.
        let weight = weight
            .reshape((c_out, Self::CELLS, c * 27))?
            .transpose(0, 1)?
            .contiguous()?
            .reshape((c_out * Self::CELLS, c, 3, 3, 3))?;
        let bias = bias.reshape((c_out, Self::CELLS))?.t()?.flatten_all()?;
        Ok(Self {
            conv: TimeConv::from_weights(&weight, &bias, padding)?,
            repeats: match residual {
                true => Self::CELLS / factor,
                false => 0,
            },
        })
    }

    /// (b, t, h, w, c) to (b, t', 2h, 2w, c / factor).
    pub fn forward(&self, x: &Tensor, flow: &mut Flow) -> Result<Option<Tensor>> {
        let skip = match self.repeats {
            0 => None,
            _ => Some(flow.hold(x)?),
        };
        let Some(h) = self.conv.forward_to_cells(x, flow)? else {
            return Ok(None);
        };
        let h = match skip {
            None => h,
            Some(skip) => {
                let x = flow.release(skip, h.dim(1)? / Self::STRIDE[0])?;
                let x = channels_to_cells(&x, Self::STRIDE)?;
                (h + Tensor::cat(&vec![x; self.repeats], 4)?)?
            }
        };
        flow.skip(h, Self::STRIDE[0] - 1)
    }
}

/// (b, t·st, h·sh, w·sw, c) to (b, t, h, w, c·st·sh·sw), channel major.
fn cells_to_channels(x: &Tensor, [st, sh, sw]: [usize; 3]) -> Result<Tensor> {
    let (b, t, h, w, c) = x.dims5()?;
    if t % st != 0 || h % sh != 0 || w % sw != 0 {
        return Err(odd_size());
    }
    let (t, h, w) = (t / st, h / sh, w / sw);
    let x = x
        .reshape(&[b, t, st, h, sh, w, sw, c][..])?
        .permute([0, 1, 3, 5, 7, 2, 4, 6])?; // (b, t, h, w, c, st, sh, sw)
    Ok(x.reshape((b, t, h, w, c * st * sh * sw))?)
}

/// The way back.
fn channels_to_cells(x: &Tensor, [st, sh, sw]: [usize; 3]) -> Result<Tensor> {
    let (b, t, h, w, c) = x.dims5()?;
    let c = c / (st * sh * sw);
    let x = x
        .reshape(&[b, t, h, w, c, st, sh, sw][..])?
        .permute([0, 1, 5, 2, 6, 3, 7, 4])?; // (b, t, st, h, sh, w, sw, c)
    Ok(x.reshape((b, t * st, h * sh, w * sw, c))?)
}

/// Video (b, c, t, h, w) to patches (b, t, h/p, w/p, c·p·p): channel, then column, then line.
pub fn patchify(x: &Tensor, p: usize) -> Result<Tensor> {
    let (b, c, t, h, w) = x.dims5()?;
    if h == 0 || w == 0 || h % p != 0 || w % p != 0 {
        return Err(odd_size());
    }
    let patches = Patches::new([b, c, t, h, w], p);
    if on_cpu(x) {
        return Ok(x.contiguous()?.apply_op1_no_bwd(&ToPatches(patches))?);
    }
    let x = x
        .reshape(&[b, c, t, h / p, p, w / p, p][..])?
        .permute([0, 2, 3, 5, 1, 6, 4])?; // (b, t, h/p, w/p, c, p of w, p of h)
    Ok(x.reshape(patches.packed())?)
}

/// The way back.
pub fn unpatchify(x: &Tensor, p: usize) -> Result<Tensor> {
    let (b, t, h, w, c) = x.dims5()?;
    let c = c / (p * p);
    let patches = Patches::new([b, c, t, h * p, w * p], p);
    if on_cpu(x) {
        return Ok(x.contiguous()?.apply_op1_no_bwd(&FromPatches(patches))?);
    }
    let x = x
        .reshape(&[b, t, h, w, c, p, p][..])? // (b, t, h, w, c, p of w, p of h)
        .permute([0, 4, 1, 2, 6, 3, 5])?; // (b, c, t, h, p, w, p)
    Ok(x.reshape(patches.video.as_slice())?)
}

/// Video (b, c, t, h, w) in patches of p × p pixels.
#[derive(Clone, Copy)]
struct Patches {
    video: [usize; 5],
    p: usize,
}

impl Patches {
    fn new(video: [usize; 5], p: usize) -> Self {
        Self { video, p }
    }

    /// (b, t, h/p, w/p, c·p·p).
    fn packed(self) -> (usize, usize, usize, usize, usize) {
        let ([b, c, t, h, w], p) = (self.video, self.p);
        (b, t, h / p, w / p, c * p * p)
    }

    /// Where in the patches the pixels of line `line` of the video are, `p` at a time.
    fn places(self, line: usize) -> impl Iterator<Item = usize> {
        let ([_, c, t, h, w], p) = (self.video, self.p);
        let (y, rest) = (line % h, line / h);
        let (frame, rest) = (rest % t, rest / t);
        let (channel, item) = (rest % c, rest / c);
        let (rows, columns, values) = (h / p, w / p, c * p * p);
        let first = ((item * t + frame) * rows + y / p) * columns * values;
        let within = channel * p * p + y % p;
        (0..columns).map(move |x| first + x * values + within)
    }
}

struct FromPatches(Patches);

impl CustomOp1 for FromPatches {
    fn name(&self) -> &'static str {
        "unpatchify"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let (x, Patches { video, p }) = (slice(x, layout)?, self.0);
        let mut out = vec![0f32; x.len()];
        let lines = out.par_chunks_mut(video[4]).enumerate();
        lines.for_each(|(line, out)| {
            for (out, at) in out.chunks_exact_mut(p).zip(self.0.places(line)) {
                for (out, from) in out.iter_mut().zip(x[at..].iter().step_by(p)) {
                    *out = *from;
                }
            }
        });
        Ok((CpuStorage::F32(out), video.as_slice().into()))
    }
}

struct ToPatches(Patches);

impl CustomOp1 for ToPatches {
    fn name(&self) -> &'static str {
        "patchify"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let (x, Patches { video, p }) = (slice(x, layout)?, self.0);
        let [_, c, t, h, w] = video;
        let mut out = vec![0f32; x.len()];
        // A row of patches holds p lines of each channel.
        let rows = out.par_chunks_mut(p * w * c).enumerate();
        rows.for_each(|(row, out)| {
            let (first, rest) = (row % (h / p) * p, row / (h / p));
            let (frame, item) = (rest % t, rest / t);
            for channel in 0..c {
                for y in first..first + p {
                    let line = ((item * c + channel) * t + frame) * h + y;
                    let start = row * p * w * c;
                    for (from, at) in x[line * w..][..w].chunks_exact(p).zip(self.0.places(line)) {
                        let to = out[at - start..].iter_mut().step_by(p);
                        for (to, from) in to.zip(from) {
                            *to = *from;
                        }
                    }
                }
            }
        });
        Ok((CpuStorage::F32(out), self.0.packed().into()))
    }
}

fn odd_size() -> Error {
    Error::input(
        "the clip's size does not fit the autoencoder",
        "give a width and a height that are multiples of its spatial ratio",
    )
}
