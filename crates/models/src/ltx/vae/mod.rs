//! `AutoencoderKLLTXVideo`: video to latents and back.
//!
//! [`Autoencoder`] is the way in. Inside, activations are channels-last, (b, t, h, w, c), and pass
//! through the layers under the eye of a [`flow::Flow`], which holds back what a temporal
//! convolution needs of neighbouring frames: a clip may come whole or a few frames at a time, with
//! the same result.

mod blocks;
mod config;
mod decoder;
mod encoder;
mod flow;
mod norm;
mod operations;
mod resnet;
mod sampling;
mod tiling;

use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;

pub use config::{AutoencoderConfig, DownBlockKind, DownsampleKind};
use decoder::Decoder;
use encoder::Encoder;
use flow::Flow;
pub use tiling::{SpaceTiles, Tiles, Tiling};

use crate::{Error, ModelSource, Result};

/// Where a decoder that injects noise takes it from: called with a shape (h, w), it returns f32
/// standard normal values, in the order in which the reference draws them.
pub type Noise<'a> = dyn FnMut(&[usize]) -> Result<Tensor> + 'a;

/// Latent frames that a CPU decodes at once, and frames that it encodes at once: enough to share among
/// its cores, few enough to stay near them.
pub const DECODED_AT_ONCE: usize = 2;
pub const ENCODED_AT_ONCE: usize = 8;

/// Which halves of an autoencoder to load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halves {
    Both,
    Encoder,
    Decoder,
}

/// How a clip is decoded when its pixels shall not be in memory at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Chunking {
    /// For one sink call: [`Autoencoder::decode`].
    Whole,
    /// So many latent frames at a time, each layer keeping what it needs of its neighbours: no
    /// frame is computed twice, no seam arises, and the result is that of [`Chunking::Whole`].
    Stream { latent_frames: usize },
    /// Overlapping tiles, blended: the reference's way, and its result.
    Tiled(Tiling),
}

/// An `AutoencoderKLLTXVideo`.
pub struct Autoencoder {
    config: AutoencoderConfig,
    encoder: Option<Encoder>,
    decoder: Option<Decoder>,
    /// (1, c, 1, 1, 1), f32.
    mean: Tensor,
    std: Tensor,
}

impl Autoencoder {
    /// Reads `vae/` of a model, to compute in `dtype` on `device`.
    pub fn load(source: &ModelSource, dtype: DType, device: &Device) -> Result<Self> {
        Self::load_halves(source, Halves::Both, dtype, device)
    }

    /// [`Autoencoder::load`] for one who only encodes, or only decodes.
    pub fn load_halves(
        source: &ModelSource,
        halves: Halves,
        dtype: DType,
        device: &Device,
    ) -> Result<Self> {
        let config: AutoencoderConfig = source.config("vae")?;
        Self::new_halves(&config, halves, source.weights("vae", dtype, device)?)
    }

    /// Both halves from given weights.
    pub fn new(config: &AutoencoderConfig, vb: VarBuilder) -> Result<Self> {
        Self::new_halves(config, Halves::Both, vb)
    }

    /// The named halves from given weights.
    pub fn new_halves(config: &AutoencoderConfig, halves: Halves, vb: VarBuilder) -> Result<Self> {
        let encoder = match halves {
            Halves::Both | Halves::Encoder => Some(Encoder::new(config, vb.pp("encoder"))?),
            Halves::Decoder => None,
        };
        let decoder = match halves {
            Halves::Both | Halves::Decoder => Some(Decoder::new(config, vb.pp("decoder"))?),
            Halves::Encoder => None,
        };
        let (mean, std) = statistics(config, &vb)?;
        Ok(Self {
            config: config.clone(),
            encoder,
            decoder,
            mean,
            std,
        })
    }

    pub fn config(&self) -> &AutoencoderConfig {
        &self.config
    }

    /// Frames of a latent, r: a clip of r·k + 1 frames has k + 1 latent frames.
    pub fn temporal_ratio(&self) -> usize {
        self.config.temporal_ratio()
    }

    /// Pixels of a latent's side.
    pub fn spatial_ratio(&self) -> usize {
        self.config.spatial_ratio()
    }

    /// Video (b, 3, t, h, w) in −1…1 to latents (b, c, t', h', w'): the posterior's mode, before
    /// normalisation.
    pub fn encode(&self, sample: &Tensor) -> Result<Tensor> {
        let frames = sample.dim(2)?;
        let chunk = match sample.device().is_cpu() {
            true => ENCODED_AT_ONCE,
            false => frames.max(1),
        };
        let starts = (0..frames).step_by(chunk);
        self.encode_chunks(
            starts.map(|start| Ok(sample.narrow(2, start, chunk.min(frames - start))?)),
        )
    }

    /// [`Autoencoder::encode`] for a long clip: takes its frames chunk by chunk, (b, 3, n, h, w)
    /// with any n ≥ 1, and holds no more pixels than a chunk's. The result is the same.
    pub fn encode_chunks(
        &self,
        chunks: impl IntoIterator<Item = Result<Tensor>>,
    ) -> Result<Tensor> {
        let encoder = self.encoder()?;
        let mut flow = Flow::new();
        let mut latents = Vec::new();
        let mut chunks = chunks.into_iter();
        let mut next = chunks.next().transpose()?;
        while let Some(chunk) = next {
            next = chunks.next().transpose()?;
            flow.begin(next.is_none());
            latents.extend(encoder.forward(&chunk, &mut flow)?);
        }
        match latents.is_empty() {
            true => Err(Error::input("the clip has no frames", "give at least one")),
            false => Ok(Tensor::cat(&latents, 2)?),
        }
    }

    /// [`Autoencoder::encode`] in overlapping tiles, blended as the reference does.
    pub fn encode_tiled(&self, sample: &Tensor, tiling: &Tiling) -> Result<Tensor> {
        tiling::encode(self, sample, tiling)
    }

    /// Latents (b, c, t', h', w'), not normalised, to video (b, 3, t, h, w), about −1…1 and not
    /// clamped. A timestep-conditioned decoder needs `temb` (b): the decode timestep, 0…1. On a CPU it goes
    /// through the layers a few frames at a time, so that beside the video little is in memory.
    pub fn decode(&self, z: &Tensor, temb: Option<&Tensor>, noise: &mut Noise) -> Result<Tensor> {
        let chunk = match z.device().is_cpu() {
            true => DECODED_AT_ONCE,
            false => usize::MAX,
        };
        let frames = self.config.decoded_frames(z.dim(2)?);
        let mut video: Option<Tensor> = None;
        let mut done = 0;
        self.decoder()?.stream(z, temb, chunk, noise, &mut |part| {
            let (b, c, n, h, w) = part.dims5()?;
            if video.is_none() && n < frames {
                let size = (b, c, frames, h, w);
                video = Some(Tensor::zeros(size, part.dtype(), part.device())?);
            }
            match &video {
                Some(video) => video.slice_set(&part, 2, done)?,
                None => video = Some(part),
            }
            done += n;
            Ok(())
        })?;
        video.ok_or_else(|| Error::input("there are no latents to decode", "give at least one"))
    }

    /// [`Autoencoder::decode`] in parts: hands (b, 3, n, h, w) to `sink` as they are done, in the
    /// order of time, so that a caller can write a film while the rest of it is being decoded.
    pub fn decode_chunks(
        &self,
        z: &Tensor,
        temb: Option<&Tensor>,
        chunking: &Chunking,
        noise: &mut Noise,
        sink: &mut dyn FnMut(Tensor) -> Result<()>,
    ) -> Result<()> {
        match chunking {
            Chunking::Whole => sink(self.decode(z, temb, noise)?),
            Chunking::Stream { latent_frames } => {
                self.decoder()?
                    .stream(z, temb, (*latent_frames).max(1), noise, sink)
            }
            Chunking::Tiled(tiling) => tiling::decode(self, z, temb, tiling, noise, sink),
        }
    }

    /// Latents of the encoder to latents of the transformer.
    pub fn normalize(&self, latents: &Tensor) -> Result<Tensor> {
        let dtype = latents.dtype();
        let x = latents.to_dtype(DType::F32)?.broadcast_sub(&self.mean)?;
        let x = (x * self.config.scaling_factor)?.broadcast_div(&self.std)?;
        Ok(x.to_dtype(dtype)?)
    }

    /// Latents of the transformer to latents of the decoder.
    pub fn denormalize(&self, latents: &Tensor) -> Result<Tensor> {
        let dtype = latents.dtype();
        let x = latents.to_dtype(DType::F32)?.broadcast_mul(&self.std)?;
        let x = (x / self.config.scaling_factor)?.broadcast_add(&self.mean)?;
        Ok(x.to_dtype(dtype)?)
    }

    fn encoder(&self) -> Result<&Encoder> {
        self.encoder.as_ref().ok_or_else(|| {
            Error::input(
                "the autoencoder's encoder is not loaded",
                "load both halves",
            )
        })
    }

    fn decoder(&self) -> Result<&Decoder> {
        self.decoder.as_ref().ok_or_else(|| {
            Error::input(
                "the autoencoder's decoder is not loaded",
                "load both halves",
            )
        })
    }
}

/// Mean and deviation of the latents, (1, c, 1, 1, 1) each. Files older than the two buffers mean
/// 0 and 1.
fn statistics(config: &AutoencoderConfig, vb: &VarBuilder) -> Result<(Tensor, Tensor)> {
    let c = config.latent_channels;
    let vb = vb.clone().set_dtype(DType::F32);
    let get = |name: &str, default: f64| -> Result<Tensor> {
        let values = match vb.contains_tensor(name) {
            true => vb.get(c, name)?,
            false => (Tensor::ones(c, DType::F32, vb.device())? * default)?,
        };
        Ok(values.reshape((1, c, 1, 1, 1))?)
    };
    Ok((get("latents_mean", 0.0)?, get("latents_std", 1.0)?))
}
