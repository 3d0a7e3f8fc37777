//! Decoded frames to frames of twice the side.
//!
//! Residual convolutions over cells of pixels (`pixel_unshuffle`); a pixel shuffle at their end adds to the frame enlarged
//! bilinearly, as in ESPCN (Shi et al. 2016). `training/kinora_train/upscaler.py` trains it.

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use kinora_kernels::math;
use serde::Deserialize;

use crate::layers::conv3d::Conv3d;
use crate::layers::{activation_dtype, map_rows, on_cpu};
use crate::source::ComponentConfig;
use crate::{Error, ModelSource, Result};

/// `upscaler/config.json`.
#[derive(Debug, Clone, Deserialize)]
pub struct FrameUpscalerConfig {
    /// Channels of the convolutions between the first and the last.
    pub width: usize,
    /// How many there are.
    pub layers: usize,
}

impl ComponentConfig for FrameUpscalerConfig {
    const CLASSES: &'static [&'static str] = &["KinoraFrameUpscaler"];

    fn validate(&self) -> std::result::Result<(), String> {
        match self.width {
            0 => Err("`width` is 0".into()),
            _ => Ok(()),
        }
    }
}

/// The folder of a model that holds it, where there is one.
const FOLDER: &str = "upscaler";

/// A network that doubles the sides of a model's frames.
pub struct FrameUpscaler {
    dtype: DType,
    conv_in: Conv3d,
    blocks: Vec<Conv3d>,
    conv_out: Conv3d,
}

impl FrameUpscaler {
    /// How many times the side of a frame grows.
    pub const SCALE: usize = 2;
    /// Pixels of the side of what becomes one position of the network.
    const CELL: usize = 4;

    /// Whether a model brings one. Its config is checked.
    pub fn is_in(source: &ModelSource) -> Result<bool> {
        let there = source.exists(&format!("{FOLDER}/{}", FrameUpscalerConfig::FILE));
        if there {
            let _: FrameUpscalerConfig = source.config(FOLDER)?;
        }
        Ok(there)
    }

    /// Reads `upscaler/` of a model, to compute in `dtype` on `device`.
    pub fn load(source: &ModelSource, dtype: DType, device: &Device) -> Result<Self> {
        let config: FrameUpscalerConfig = source.config(FOLDER)?;
        Self::new(&config, source.weights(FOLDER, dtype, device)?)
    }

    /// From given weights.
    pub fn new(config: &FrameUpscalerConfig, vb: VarBuilder) -> Result<Self> {
        let cells_in = Self::CELL * Self::CELL;
        let cells_out = cells_in * Self::SCALE * Self::SCALE;
        let block = |i| Conv3d::load_square(config.width, config.width, vb.pp("blocks").pp(i));
        Ok(Self {
            dtype: activation_dtype(vb.dtype(), vb.device()),
            conv_in: Conv3d::load_square(3 * cells_in, config.width, vb.pp("conv_in"))?,
            blocks: (0..config.layers)
                .map(block)
                .collect::<candle_core::Result<_>>()?,
            conv_out: Conv3d::load_square(config.width, 3 * cells_out, vb.pp("conv_out"))?,
        })
    }

    /// Frames (t, 3, h, w) in −1…1, h and w multiples of 4, to (t, 3, 2h, 2w).
    pub fn forward(&self, frames: &Tensor) -> Result<Tensor> {
        let (t, c, h, w) = frames.dims4()?;
        let r = Self::CELL;
        if c != 3 || h % r != 0 || w % r != 0 {
            return Err(Error::input(
                format!("the upscaler got frames of shape {:?}", frames.dims()),
                "give (frames, 3, height, width) with sides that are multiples of 4",
            ));
        }
        let frames = frames.to_dtype(self.dtype)?;
        let (rows, columns) = (h / r, w / r);
        let x = frames
            .reshape(&[t, 3, rows, r, columns, r][..])?
            .permute([0, 2, 4, 1, 3, 5])? // (t, rows, columns, 3, r, r)
            .reshape((1, t, rows, columns, 3 * r * r))?;
        let mut x = self.conv_in.forward(&x)?;
        for block in &self.blocks {
            x = block.forward_onto(&[silu(&x)?], Some(&x))?;
        }
        let r = r * Self::SCALE;
        let detail = self.conv_out.forward(&silu(&x)?)?;
        let detail = detail
            .reshape(&[t, rows, columns, 3, r, r][..])?
            .permute([0, 3, 1, 4, 2, 5])? // (t, 3, rows, r, columns, r)
            .reshape((t, 3, rows * r, columns * r))?;
        let (h, w) = (rows * r, columns * r);
        Ok((frames.upsample_bilinear2d(h, w, false)? + detail)?)
    }
}

fn silu(x: &Tensor) -> candle_core::Result<Tensor> {
    if !on_cpu(x) {
        return x.silu();
    }
    map_rows(x, |_, row, out| {
        for (out, &x) in out.iter_mut().zip(row) {
            *out = math::silu(x);
        }
    })
}
