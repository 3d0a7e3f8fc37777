//! `LTXVideoDecoder3d`.

use candle_core::{DType, Tensor};
use candle_nn::VarBuilder;

use super::blocks::{Common, MidBlock, UpBlock};
use super::flow::{Flow, Padding};
use super::norm::norm_silu;
use super::resnet::{Pass, TimeConv, TimeEmbedder};
use super::sampling::unpatchify;
use super::{AutoencoderConfig, Noise};
use crate::layers::activation_dtype;
use crate::{Error, Result};

/// Frames that go on from block to block at once, for each latent frame that comes in: each piece takes two frames of the
/// one before along, so they should not be few.
const FRAMES_ON: usize = 4;

pub struct Decoder {
    latent_channels: usize,
    patch_size: usize,
    dtype: DType,
    conv_in: TimeConv,
    mid_block: MidBlock,
    up_blocks: Vec<UpBlock>,
    conv_out: TimeConv,
    time: Option<Time>,
}

/// What a timestep-conditioned decoder has beside its blocks.
struct Time {
    /// (1), f32.
    multiplier: Tensor,
    embedder: TimeEmbedder,
    /// (2, c), f32.
    scale_shift_table: Tensor,
}

impl Decoder {
    pub fn new(config: &AutoencoderConfig, vb: VarBuilder) -> Result<Self> {
        let padding = match config.decoder_causal {
            true => Padding::Causal,
            false => Padding::Centered,
        };
        let common = Common {
            eps: config.resnet_norm_eps,
            padding,
            timestep_conditioning: config.timestep_conditioning,
        };
        let width = config.decoder_width();
        let plans = config.up_blocks();
        let c_last = plans.last().map_or(width, |plan| plan.c_out);
        let pixels = config.out_channels * config.patch_size * config.patch_size;
        let layers = *config.decoder_layers_per_block.last().unwrap_or(&0);
        let noisy = config.decoder_inject_noise.last() == Some(&true);
        let latents = config.latent_channels;
        let up = vb.pp("up_blocks");
        let blocks = plans.iter().enumerate();
        Ok(Self {
            latent_channels: latents,
            patch_size: config.patch_size,
            dtype: activation_dtype(vb.dtype(), vb.device()),
            conv_in: TimeConv::load(latents, width, padding, vb.pp("conv_in"))?,
            mid_block: MidBlock::load(width, layers, noisy, common, vb.pp("mid_block"))?,
            up_blocks: blocks
                .map(|(i, plan)| UpBlock::load(plan, common, up.pp(i)))
                .collect::<Result<_>>()?,
            conv_out: TimeConv::load(c_last, pixels, padding, vb.pp("conv_out"))?,
            time: match config.timestep_conditioning {
                true => Some(Time::load(c_last, &vb)?),
                false => None,
            },
        })
    }

    /// Latents (b, c, t', h', w') to video (b, 3, t, h, w), `chunk` latent frames at a time.
    pub fn stream(
        &self,
        z: &Tensor,
        temb: Option<&Tensor>,
        chunk: usize,
        noise: &mut Noise,
        sink: &mut dyn FnMut(Tensor) -> Result<()>,
    ) -> Result<()> {
        let (b, c, frames, ..) = z.dims5()?;
        if c != self.latent_channels {
            return Err(Error::input(
                format!("the decoder got latents of shape {:?}", z.dims()),
                format!(
                    "give (batch, {}, frames, height, width)",
                    self.latent_channels
                ),
            ));
        }
        let timesteps = match &self.time {
            Some(time) => Some(time.steps(temb, b)?),
            None => None,
        };
        let z = z.to_dtype(self.dtype)?.permute((0, 2, 3, 4, 1))?; // (b, t, h, w, c)
        let mut flow = Flow::new();
        let pass = &mut Pass {
            flow: &mut flow,
            noise,
            timesteps: timesteps.as_ref(),
        };
        for start in (0..frames).step_by(chunk) {
            let n = chunk.min(frames - start);
            pass.flow.begin(start + n == frames);
            let piece = z.narrow(1, start, n)?.contiguous()?;
            self.push(0, piece, chunk, pass, sink)?;
        }
        Ok(())
    }

    /// Sends frames through the block with this number and what they complete on through the rest. At the clip's end a block
    /// has all the frames to give that it held back: they go on a few at a time too.
    fn push(
        &self,
        block: usize,
        x: Tensor,
        chunk: usize,
        pass: &mut Pass,
        sink: &mut dyn FnMut(Tensor) -> Result<()>,
    ) -> Result<()> {
        let last = pass.flow.is_last();
        let y = match block {
            0 => self.enter(&x, pass)?,
            _ => match self.up_blocks.get(block - 1) {
                Some(up) => up.forward(x, pass)?,
                None => return self.leave(&x, pass)?.map_or(Ok(()), sink),
            },
        };
        let Some(y) = y else { return Ok(()) };
        let (place, frames) = (pass.flow.place(), y.dim(1)?);
        let most = chunk.saturating_mul(FRAMES_ON);
        for start in (0..frames).step_by(most) {
            let n = most.min(frames - start);
            pass.flow.resume(place, last && start + n == frames);
            let piece = y.narrow(1, start, n)?.contiguous()?;
            self.push(block + 1, piece, chunk, pass, sink)?;
        }
        Ok(())
    }

    /// The next latent frames (b, n, h', w', c) through what comes before the blocks that enlarge.
    fn enter(&self, z: &Tensor, pass: &mut Pass) -> Result<Option<Tensor>> {
        match self.conv_in.forward(z, pass.flow)? {
            Some(x) => self.mid_block.forward(x, pass),
            None => Ok(None),
        }
    }

    /// What the last block gives to the video (b, 3, n', h, w) that it completes.
    fn leave(&self, x: &Tensor, pass: &mut Pass) -> Result<Option<Tensor>> {
        let modulation = match (&self.time, pass.timesteps) {
            (Some(time), Some(timesteps)) => {
                let temb = time.embedder.forward(timesteps)?; // (b, 2, c): shift, scale
                Some(temb.broadcast_add(&time.scale_shift_table)?)
            }
            _ => None,
        };
        let x = norm_silu(x, modulation.as_ref(), self.conv_out.input(x.dtype()))?;
        match self.conv_out.forward(&x, pass.flow)? {
            Some(x) => Ok(Some(unpatchify(&x, self.patch_size)?)),
            None => Ok(None),
        }
    }
}

impl Time {
    fn load(c: usize, vb: &VarBuilder) -> Result<Self> {
        let exact = vb.clone().set_dtype(DType::F32);
        Ok(Self {
            multiplier: exact.get((), "timestep_scale_multiplier")?.reshape(1)?,
            embedder: TimeEmbedder::load(2, c, vb.pp("time_embedder"))?,
            scale_shift_table: exact.get((2, c), "scale_shift_table")?,
        })
    }

    /// The decode timesteps (b) as the embedders take them.
    fn steps(&self, temb: Option<&Tensor>, batch: usize) -> Result<Tensor> {
        let Some(temb) = temb.filter(|temb| temb.elem_count() == batch) else {
            return Err(Error::input(
                "this decoder is timestep-conditioned and got no timestep for each clip",
                "give `temb`, one number from 0 to 1 a clip (0.05 is usual)",
            ));
        };
        let temb = temb
            .to_device(self.multiplier.device())?
            .to_dtype(DType::F32)?;
        Ok(temb.flatten_all()?.broadcast_mul(&self.multiplier)?)
    }
}
