//! The residual block, and how it learns of the timestep.

use std::borrow::Cow;

use candle_core::{DType, Tensor};
use candle_nn::{LayerNorm, Linear, Module, VarBuilder, layer_norm, linear};

use super::Noise;
use super::flow::{Flow, Padding, Window};
use super::norm::norm_silu;
use crate::Result;
use crate::layers::conv3d::{Conv3d, Conv3dSpec};
use crate::layers::sinusoids;

/// What goes through the network beside the activations.
pub struct Pass<'a, 'n> {
    pub flow: &'a mut Flow,
    pub noise: &'a mut Noise<'n>,
    /// Decode timesteps (b), f32, scaled.
    pub timesteps: Option<&'a Tensor>,
}

/// A convolution whose time axis is padded with copies of the clip's end frames.
pub struct TimeConv {
    conv: Conv3d,
    window: Window,
}

impl TimeConv {
    /// A cube of side 3.
    pub fn load(c_in: usize, c_out: usize, padding: Padding, vb: VarBuilder) -> Result<Self> {
        Self::strided(c_in, c_out, 1, padding, vb)
    }

    /// The same with a step along all axes.
    pub fn strided(
        c_in: usize,
        c_out: usize,
        stride: usize,
        padding: Padding,
        vb: VarBuilder,
    ) -> Result<Self> {
        let spec = Self::spec(stride);
        let conv = Conv3d::load(c_in, c_out, spec, vb.pp("conv"))?;
        Ok(Self::from_conv(conv, stride, padding))
    }

    /// The convolution of `weight` (c_out, c_in, 3, 3, 3) and `bias` (c_out).
    pub fn from_weights(weight: &Tensor, bias: &Tensor, padding: Padding) -> Result<Self> {
        let conv = Conv3d::new(weight, bias, Self::spec(1))?;
        Ok(Self::from_conv(conv, 1, padding))
    }

    fn spec(stride: usize) -> Conv3dSpec {
        Conv3dSpec {
            kernel: [3; 3],
            stride: [stride; 3],
            padding: [0, 1, 1],
        }
    }

    fn from_conv(conv: Conv3d, stride: usize, padding: Padding) -> Self {
        let window = Window {
            kernel: 3,
            stride,
            padding,
        };
        Self { conv, window }
    }

    /// (b, t, h, w, c_in) to (b, t', h', w', c_out), once there are frames enough.
    pub fn forward(&self, x: &Tensor, flow: &mut Flow) -> Result<Option<Tensor>> {
        match self.meet(x, flow)? {
            Some((conv, frames)) => Ok(Some(conv.forward_onto(&frames, None)?)),
            None => Ok(None),
        }
    }

    /// [`TimeConv::forward`] plus what `onto` gives for so many frames.
    pub fn forward_onto(
        &self,
        x: &Tensor,
        flow: &mut Flow,
        onto: impl FnOnce(&mut Flow, usize) -> Result<Tensor>,
    ) -> Result<Option<Tensor>> {
        let Some((conv, frames)) = self.meet(x, flow)? else {
            return Ok(None);
        };
        let onto = onto(flow, conv.frames(&frames)?)?;
        Ok(Some(conv.forward_onto(&frames, Some(&onto))?))
    }

    /// [`TimeConv::forward`] for channels that are 2 × 2 × 2 cells: to (b, 2t', 2h', 2w', c_out / 8).
    pub fn forward_to_cells(&self, x: &Tensor, flow: &mut Flow) -> Result<Option<Tensor>> {
        match self.meet(x, flow)? {
            Some((conv, frames)) => Ok(Some(conv.forward_to_cells(&frames)?)),
            None => Ok(None),
        }
    }

    /// What its input is best rounded to.
    pub fn input(&self, activations: DType) -> DType {
        self.conv.input(activations)
    }

    /// The convolution that the clip needs, and the frames for it.
    fn meet(&self, x: &Tensor, flow: &mut Flow) -> Result<Option<(Cow<'_, Conv3d>, Vec<Tensor>)>> {
        if flow.is_still(x)? {
            return Ok(Some((Cow::Owned(self.conv.still()?), vec![x.clone()])));
        }
        let frames = flow.window(x, self.window)?;
        Ok(frames.map(|frames| (Cow::Borrowed(&self.conv), frames)))
    }
}

/// What a residual block is made of.
#[derive(Clone, Copy)]
pub struct ResnetSpec {
    pub c_in: usize,
    pub c_out: usize,
    pub eps: f64,
    pub padding: Padding,
    pub inject_noise: bool,
    pub timestep_conditioning: bool,
}

/// `LTXVideoResnetBlock3d`.
pub struct Resnet {
    conv1: TimeConv,
    conv2: TimeConv,
    shortcut: Option<(LayerNorm, Conv3d)>,
    /// (c) each, f32.
    noise_scales: Option<[Tensor; 2]>,
    /// (4, c), f32.
    scale_shift_table: Option<Tensor>,
}

impl Resnet {
    pub fn load(spec: ResnetSpec, vb: VarBuilder) -> Result<Self> {
        let ResnetSpec {
            c_in,
            c_out,
            padding,
            ..
        } = spec;
        let exact = vb.clone().set_dtype(DType::F32);
        let scale = |name: &str| exact.get((c_in, 1, 1), name)?.flatten_all();
        let shortcut = match c_in == c_out {
            true => None,
            false => {
                let point = Conv3dSpec {
                    kernel: [1; 3],
                    stride: [1; 3],
                    padding: [0; 3],
                };
                let conv = Conv3d::load(c_in, c_out, point, vb.pp("conv_shortcut").pp("conv"))?;
                Some((layer_norm(c_in, spec.eps, exact.pp("norm3"))?, conv))
            }
        };
        Ok(Self {
            conv1: TimeConv::load(c_in, c_out, padding, vb.pp("conv1"))?,
            conv2: TimeConv::load(c_out, c_out, padding, vb.pp("conv2"))?,
            shortcut,
            noise_scales: match spec.inject_noise {
                true => Some([scale("per_channel_scale1")?, scale("per_channel_scale2")?]),
                false => None,
            },
            scale_shift_table: match spec.timestep_conditioning {
                true => Some(exact.get((4, c_in), "scale_shift_table")?),
                false => None,
            },
        })
    }

    /// (b, t, h, w, c_in) to (b, t', h, w, c_out); `temb` is (b, 4, c_in), f32.
    pub fn forward(
        &self,
        x: &Tensor,
        temb: Option<&Tensor>,
        pass: &mut Pass,
    ) -> Result<Option<Tensor>> {
        let skip = pass.flow.hold(x)?;
        let modulations = match (&self.scale_shift_table, temb) {
            (Some(table), Some(temb)) => {
                let rows = temb.broadcast_add(table)?; // shift, scale, shift, scale
                Some([rows.narrow(1, 0, 2)?, rows.narrow(1, 2, 2)?])
            }
            _ => None,
        };
        let [first, second] = match &modulations {
            Some([first, second]) => [Some(first), Some(second)],
            None => [None, None],
        };

        let Some(h) = self.first(x, [first, second], pass)? else {
            return Ok(None);
        };
        let onto = |flow: &mut Flow, frames| self.skip(flow.release(skip, frames)?);
        let Some(h) = self.conv2.forward_onto(&h, pass.flow, onto)? else {
            return Ok(None);
        };
        Ok(Some(self.add_noise(h, 1, pass)?))
    }

    /// What the second convolution convolves. All else that it took is gone by then: these are the largest tensors there are.
    fn first(
        &self,
        x: &Tensor,
        [first, second]: [Option<&Tensor>; 2],
        pass: &mut Pass,
    ) -> Result<Option<Tensor>> {
        let h = norm_silu(x, first, self.conv1.input(x.dtype()))?;
        let Some(h) = self.conv1.forward(&h, pass.flow)? else {
            return Ok(None);
        };
        let h = self.add_noise(h, 0, pass)?;
        Ok(Some(norm_silu(&h, second, self.conv2.input(h.dtype()))?))
    }

    /// What the convolutions' result is added to.
    fn skip(&self, x: Tensor) -> Result<Tensor> {
        match &self.shortcut {
            Some((norm, conv)) => {
                let h = norm.forward(&x.to_dtype(DType::F32)?.contiguous()?)?;
                Ok(conv.forward(&h.to_dtype(x.dtype())?)?)
            }
            None => Ok(x),
        }
    }

    /// One picture of noise for the whole clip, scaled per channel.
    fn add_noise(&self, h: Tensor, which: usize, pass: &mut Pass) -> Result<Tensor> {
        let Some(scales) = &self.noise_scales else {
            return Ok(h);
        };
        let (_, _, height, width, c) = h.dims5()?;
        let noise = pass.flow.noise([height, width], pass.noise)?;
        let noise = noise.to_device(h.device())?.to_dtype(DType::F32)?;
        let noise = noise.reshape((1, 1, height, width, 1))?;
        let noise = noise.broadcast_mul(&scales[which].reshape((1, 1, 1, 1, c))?)?;
        Ok(h.broadcast_add(&noise.to_dtype(h.dtype())?)?)
    }
}

/// `PixArtAlphaCombinedTimestepSizeEmbeddings` without sizes, in f32.
pub struct TimeEmbedder {
    linear_1: Linear,
    linear_2: Linear,
    rows: usize,
}

impl TimeEmbedder {
    /// For `rows` vectors of `c` values.
    pub fn load(rows: usize, c: usize, vb: VarBuilder) -> Result<Self> {
        let vb = vb.pp("timestep_embedder").set_dtype(DType::F32);
        Ok(Self {
            linear_1: linear(sinusoids::CHANNELS, rows * c, vb.pp("linear_1"))?,
            linear_2: linear(rows * c, rows * c, vb.pp("linear_2"))?,
            rows,
        })
    }

    /// Timesteps (b), f32, to (b, rows, c), f32.
    pub fn forward(&self, timesteps: &Tensor) -> Result<Tensor> {
        let waves = sinusoids::of(&timesteps.to_vec1()?, timesteps.device())?;
        let h = self.linear_1.forward(&waves)?.silu()?;
        let h = self.linear_2.forward(&h)?;
        let (b, width) = h.dims2()?;
        Ok(h.reshape((b, self.rows, width / self.rows))?)
    }
}
