//! `LTXLatentUpsamplerModel`: latents to finer latents.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, DType, Device, Layout, Shape, Tensor};
use candle_nn::{GroupNorm, Module, VarBuilder};
use kinora_kernels::{Groups, group_norm_silu};
use serde::Deserialize;

use crate::layers::conv3d::{Conv3d, Conv3dSpec};
use crate::layers::{activation_dtype, on_cpu, slice, values};
use crate::source::ComponentConfig;
use crate::{Error, ModelSource, Result};

/// Groups and epsilon of every norm here.
const GROUPS: usize = 32;
const EPS: f64 = 1e-5;

/// `latent_upsampler/config.json`.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct UpsamplerConfig {
    pub in_channels: usize,
    pub mid_channels: usize,
    /// Residual blocks before the change of scale, and again after it.
    pub num_blocks_per_stage: usize,
    /// Axes of the residual blocks' kernels: 2 (each frame for itself) or 3.
    pub dims: usize,
    pub spatial_upsample: bool,
    pub temporal_upsample: bool,
}

impl Default for UpsamplerConfig {
    fn default() -> Self {
        Self {
            in_channels: 128,
            mid_channels: 512,
            num_blocks_per_stage: 4,
            dims: 3,
            spatial_upsample: true,
            temporal_upsample: false,
        }
    }
}

impl UpsamplerConfig {
    /// Some hundred thousand weights: for tests.
    pub fn tiny() -> Self {
        Self {
            in_channels: 8,
            mid_channels: 32,
            num_blocks_per_stage: 1,
            ..Self::default()
        }
    }

    fn scale(&self) -> Scale {
        match (self.spatial_upsample, self.temporal_upsample) {
            (true, true) => Scale::SpaceTime,
            (_, true) => Scale::Time,
            _ => Scale::Space,
        }
    }
}

impl ComponentConfig for UpsamplerConfig {
    const CLASSES: &'static [&'static str] = &["LTXLatentUpsamplerModel"];

    fn validate(&self) -> std::result::Result<(), String> {
        if !(self.spatial_upsample || self.temporal_upsample) {
            return Err("neither `spatial_upsample` nor `temporal_upsample` is set".into());
        }
        if !matches!(self.dims, 2 | 3) {
            return Err(format!(
                "`dims` is {}, and only 2 and 3 are supported",
                self.dims
            ));
        }
        if self.dims == 2 && self.temporal_upsample {
            return Err("`temporal_upsample` needs `dims` to be 3".into());
        }
        if self.in_channels == 0
            || self.mid_channels == 0
            || !self.mid_channels.is_multiple_of(GROUPS)
        {
            return Err(format!(
                "`mid_channels` is {}, which is no multiple of {GROUPS}",
                self.mid_channels
            ));
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    Space,
    Time,
    SpaceTime,
}

impl Scale {
    /// Factors along time, height and width.
    fn factors(self) -> [usize; 3] {
        match self {
            Self::Space => [1, 2, 2],
            Self::Time => [2, 1, 1],
            Self::SpaceTime => [2, 2, 2],
        }
    }
}

/// An `LTXLatentUpsamplerModel`.
pub struct LatentUpsampler {
    config: UpsamplerConfig,
    dtype: DType,
    initial_conv: Conv3d,
    initial_norm: Norm,
    res_blocks: Vec<ResBlock>,
    upsampler: Conv3d,
    post_upsample_res_blocks: Vec<ResBlock>,
    final_conv: Conv3d,
}

impl LatentUpsampler {
    /// Reads `latent_upsampler/` of a model, to compute in `dtype` on `device`.
    pub fn load(source: &ModelSource, dtype: DType, device: &Device) -> Result<Self> {
        let config: UpsamplerConfig = source.config("latent_upsampler")?;
        Self::new(&config, source.weights("latent_upsampler", dtype, device)?)
    }

    /// From given weights.
    pub fn new(config: &UpsamplerConfig, vb: VarBuilder) -> Result<Self> {
        let dtype = activation_dtype(vb.dtype(), vb.device());
        let (c, mid, dims) = (config.in_channels, config.mid_channels, config.dims);
        let blocks = |name: &str| -> Result<Vec<ResBlock>> {
            let vb = vb.pp(name);
            let blocks = 0..config.num_blocks_per_stage;
            blocks
                .map(|i| ResBlock::load(mid, dims, vb.pp(i)))
                .collect()
        };
        let scale = config.scale();
        let cells: usize = scale.factors().iter().product();
        // Space alone is scaled frame by frame, whatever the other kernels.
        let up_dims = if scale == Scale::Space { 2 } else { 3 };
        Ok(Self {
            config: config.clone(),
            dtype,
            initial_conv: conv(c, mid, dims, vb.pp("initial_conv"))?,
            initial_norm: Norm::load(mid, dims, vb.pp("initial_norm"))?,
            res_blocks: blocks("res_blocks")?,
            upsampler: conv(mid, cells * mid, up_dims, vb.pp("upsampler").pp(0))?,
            post_upsample_res_blocks: blocks("post_upsample_res_blocks")?,
            final_conv: conv(mid, c, dims, vb.pp("final_conv"))?,
        })
    }

    pub fn config(&self) -> &UpsamplerConfig {
        &self.config
    }

    /// Latents (b, c, t, h, w), not normalised, to (b, c, t', h', w'): twice the height and width,
    /// 2t − 1 frames, or both.
    pub fn forward(&self, hidden_states: &Tensor) -> Result<Tensor> {
        let (_, c, ..) = hidden_states.dims5()?;
        if c != self.config.in_channels {
            return Err(Error::input(
                format!(
                    "the upsampler got latents of shape {:?}",
                    hidden_states.dims()
                ),
                format!(
                    "give (batch, {}, frames, height, width)",
                    self.config.in_channels
                ),
            ));
        }
        let x = hidden_states.to_dtype(self.dtype)?;
        let x = x.permute((0, 2, 3, 4, 1))?.contiguous()?; // (b, t, h, w, c)
        let mut x = self
            .initial_norm
            .silu(&self.initial_conv.forward(&x)?, None)?;
        for block in &self.res_blocks {
            x = block.forward(&x)?;
        }
        x = self.upsample(&x)?;
        for block in &self.post_upsample_res_blocks {
            x = block.forward(&x)?;
        }
        let x = self.final_conv.forward(&x)?;
        Ok(x.permute((0, 4, 1, 2, 3))?.contiguous()?)
    }

    fn upsample(&self, x: &Tensor) -> Result<Tensor> {
        let [ft, fh, fw] = self.config.scale().factors();
        let x = self.upsampler.forward(x)?;
        let (b, t, h, w, c) = x.dims5()?;
        let c = c / (ft * fh * fw);
        let x = x
            .reshape(&[b, t, h, w, c, ft, fh, fw][..])?
            .permute([0, 1, 5, 2, 6, 3, 7, 4])? // (b, t, ft, h, fh, w, fw, c)
            .reshape((b, t * ft, h * fh, w * fw, c))?;
        // The first latent frame stands for one frame, not for a group: it loses its double.
        Ok(x.narrow(1, ft - 1, t * ft - (ft - 1))?)
    }
}

/// Two normalised convolutions beside a skip.
struct ResBlock {
    conv1: Conv3d,
    norm1: Norm,
    conv2: Conv3d,
    norm2: Norm,
}

impl ResBlock {
    fn load(c: usize, dims: usize, vb: VarBuilder) -> Result<Self> {
        Ok(Self {
            conv1: conv(c, c, dims, vb.pp("conv1"))?,
            norm1: Norm::load(c, dims, vb.pp("norm1"))?,
            conv2: conv(c, c, dims, vb.pp("conv2"))?,
            norm2: Norm::load(c, dims, vb.pp("norm2"))?,
        })
    }

    /// (b, t, h, w, c) to the same.
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let h = self.norm1.silu(&self.conv1.forward(x)?, None)?;
        Ok(self.norm2.silu(&self.conv2.forward(&h)?, Some(x))?)
    }
}

/// A group norm over channels-last video: over the clip, or over each frame (`dims` 2).
struct Norm {
    /// (c) each, f32.
    weight: Tensor,
    bias: Tensor,
    per_frame: bool,
}

impl Norm {
    fn load(c: usize, dims: usize, vb: VarBuilder) -> Result<Self> {
        let vb = vb.set_dtype(DType::F32);
        Ok(Self {
            weight: vb.get(c, "weight")?,
            bias: vb.get(c, "bias")?,
            per_frame: dims == 2,
        })
    }

    /// SiLU(norm(x) + skip), in f32 within.
    fn silu(&self, x: &Tensor, skip: Option<&Tensor>) -> candle_core::Result<Tensor> {
        if !on_cpu(x) {
            return self.silu_by_tensors(x, skip);
        }
        match skip {
            Some(skip) => x
                .contiguous()?
                .apply_op2_no_bwd(&skip.contiguous()?, &NormSilu(self)),
            None => x.contiguous()?.apply_op1_no_bwd(&NormSilu(self)),
        }
    }

    /// The same with tensor operations, for any device.
    fn silu_by_tensors(&self, x: &Tensor, skip: Option<&Tensor>) -> candle_core::Result<Tensor> {
        let (b, t, h, w, c) = x.dims5()?;
        let groups = match self.per_frame {
            true => x.reshape((b * t, h * w, c))?,
            false => x.reshape((b, t * h * w, c))?,
        };
        let groups = groups.to_dtype(DType::F32)?.transpose(1, 2)?.contiguous()?;
        let norm = GroupNorm::new(self.weight.clone(), self.bias.clone(), c, GROUPS, EPS)?;
        let y = norm.forward(&groups)?.transpose(1, 2)?.contiguous()?;
        let y = y.reshape((b, t, h, w, c))?;
        let y = match skip {
            Some(skip) => (y + skip.to_dtype(DType::F32)?)?,
            None => y,
        };
        y.silu()?.to_dtype(x.dtype())
    }
}

/// [`Norm::silu`] of f32 on the CPU.
struct NormSilu<'a>(&'a Norm);

impl NormSilu<'_> {
    fn run(
        &self,
        x: &CpuStorage,
        layout: &Layout,
        skip: Option<&[f32]>,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (_, t, h, w, _) = layout.shape().dims5()?;
        let rows = match self.0.per_frame {
            true => h * w,
            false => t * h * w,
        };
        let (weight, bias) = (values(&self.0.weight), values(&self.0.bias));
        let groups = Groups {
            count: GROUPS,
            weight: weight.slice()?,
            bias: bias.slice()?,
            eps: EPS as f32,
        };
        let y = group_norm_silu(slice(x, layout)?, rows, groups, skip);
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }
}

impl CustomOp1 for NormSilu<'_> {
    fn name(&self) -> &'static str {
        "group-norm-silu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        self.run(x, layout, None)
    }
}

impl CustomOp2 for NormSilu<'_> {
    fn name(&self) -> &'static str {
        "group-norm-silu-skip"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        layout: &Layout,
        skip: &CpuStorage,
        skip_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        self.run(x, layout, Some(slice(skip, skip_layout)?))
    }
}

/// A kernel of side 3 over the last `dims` axes.
fn conv(c_in: usize, c_out: usize, dims: usize, vb: VarBuilder) -> Result<Conv3d> {
    Ok(match dims {
        3 => Conv3d::load(c_in, c_out, Conv3dSpec::CUBE, vb)?,
        _ => Conv3d::load_square(c_in, c_out, vb)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_pass_equals_tensor_operations() -> candle_core::Result<()> {
        let random = |shape: &[usize]| Tensor::randn(0.5f32, 2.0, shape, &Device::Cpu);
        let (c, shape) = (2 * GROUPS, [2, 3, 5, 4, 2 * GROUPS]);
        // A view with other strides than its values' order.
        let x = random(&[3, 2, 5, 4, c])?.transpose(0, 1)?;
        let some = random(&shape)?;
        for per_frame in [true, false] {
            let norm = Norm {
                weight: random(&[c])?,
                bias: random(&[c])?,
                per_frame,
            };
            for skip in [None, Some(&some)] {
                let apart = (norm.silu(&x, skip)? - norm.silu_by_tensors(&x, skip)?)?;
                let apart = apart.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
                assert!(apart < 1e-5, "{per_frame}: {apart}");
            }
        }
        Ok(())
    }
}
