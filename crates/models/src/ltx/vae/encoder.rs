//! `LTXVideoEncoder3d`.

use candle_core::{DType, Tensor};
use candle_nn::VarBuilder;

use super::AutoencoderConfig;
use super::blocks::{Common, DownBlock, MidBlock};
use super::flow::{Flow, Padding};
use super::norm::norm_silu;
use super::resnet::{Pass, TimeConv};
use super::sampling::patchify;
use crate::layers::activation_dtype;
use crate::{Error, Result};

pub struct Encoder {
    patch_size: usize,
    in_channels: usize,
    latent_channels: usize,
    dtype: DType,
    conv_in: TimeConv,
    down_blocks: Vec<DownBlock>,
    mid_block: MidBlock,
    conv_out: TimeConv,
}

impl Encoder {
    pub fn new(config: &AutoencoderConfig, vb: VarBuilder) -> Result<Self> {
        let padding = match config.encoder_causal {
            true => Padding::Causal,
            false => Padding::Centered,
        };
        let common = Common {
            eps: config.resnet_norm_eps,
            padding,
            timestep_conditioning: false,
        };
        let patch = config.in_channels * config.patch_size * config.patch_size;
        let plans = config.down_blocks();
        let c_first = config.block_out_channels[0];
        let c_last = plans.last().map_or(c_first, |plan| plan.c_out);
        let layers = *config.layers_per_block.last().unwrap_or(&0);
        let down = vb.pp("down_blocks");
        let blocks = plans.iter().enumerate();
        Ok(Self {
            patch_size: config.patch_size,
            in_channels: config.in_channels,
            latent_channels: config.latent_channels,
            dtype: activation_dtype(vb.dtype(), vb.device()),
            conv_in: TimeConv::load(patch, c_first, padding, vb.pp("conv_in"))?,
            down_blocks: blocks
                .map(|(i, plan)| DownBlock::load(plan, common, down.pp(i)))
                .collect::<Result<_>>()?,
            mid_block: MidBlock::load(c_last, layers, false, common, vb.pp("mid_block"))?,
            conv_out: TimeConv::load(
                c_last,
                config.latent_channels + 1,
                padding,
                vb.pp("conv_out"),
            )?,
        })
    }

    /// The next frames of a clip (b, 3, n, h, w) to the latents (b, c, n', h', w') that they
    /// complete.
    pub fn forward(&self, sample: &Tensor, flow: &mut Flow) -> Result<Option<Tensor>> {
        let (_, channels, frames, ..) = sample.dims5()?;
        if channels != self.in_channels || frames == 0 {
            return Err(Error::input(
                format!("the encoder got a clip of shape {:?}", sample.dims()),
                format!("give (batch, {}, frames, height, width)", self.in_channels),
            ));
        }
        let pass = &mut Pass {
            flow,
            noise: &mut |_| Err(Error::input("an encoder draws no noise", "report this")),
            timesteps: None,
        };
        let x = patchify(&sample.to_dtype(self.dtype)?, self.patch_size)?;
        let Some(mut x) = self.conv_in.forward(&x, pass.flow)? else {
            return Ok(None);
        };
        for block in &self.down_blocks {
            match block.forward(x, pass)? {
                Some(h) => x = h,
                None => return Ok(None),
            }
        }
        let Some(x) = self.mid_block.forward(x, pass)? else {
            return Ok(None);
        };
        let x = norm_silu(&x, None, self.conv_out.input(x.dtype()))?;
        match self.conv_out.forward(&x, pass.flow)? {
            // The last channel is the posterior's variance; the mode does without.
            Some(x) => {
                let mode = x.narrow(4, 0, self.latent_channels)?;
                Ok(Some(mode.permute((0, 4, 1, 2, 3))?.contiguous()?))
            }
            None => Ok(None),
        }
    }
}
