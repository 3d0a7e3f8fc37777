//! `LTXVideoTransformer3DModel`: a diffusion transformer over packed latents, in which each token
//! may have its own timestep.

mod block;
mod config;
mod rope;
mod time;

use candle_core::{D, DType, Device, Tensor};
use candle_nn::VarBuilder;

pub use config::TransformerConfig;
pub use rope::{Positions, Rope};

use crate::error::{Error, Result};
use crate::layers::{AttentionBias, Linear, Norm, activation_dtype};
use crate::source::ModelSource;
use block::{Block, KeyValue};
use time::{TimeEmbedding, Timesteps};

/// The last normalisation, fixed in the architecture.
const FINAL_NORM: Norm = Norm::Layer { eps: 1e-6 };
/// Added to the scores of masked text tokens.
const MASKED: f64 = -10000.0;

/// The arguments of one evaluation, named as the reference names them.
#[derive(Debug, Clone)]
pub struct TransformerInput {
    /// Packed latents (b, n, in_channels), n = frames · height · width.
    pub hidden_states: Tensor,
    /// The text encoder's output (b, l, caption_channels).
    pub encoder_hidden_states: Tensor,
    /// 0 … 1000, per clip (b, 1) or per token (b, n), f32.
    pub timestep: Tensor,
    /// 1 for text tokens that count, 0 for padding (b, l), any numeric dtype.
    pub encoder_attention_mask: Option<Tensor>,
    /// Where each token lies in time and space.
    pub positions: Positions,
}

/// What the text contributes, computed once per clip by [`Transformer::prepare_text`].
#[derive(Debug, Clone)]
pub struct TextContext {
    blocks: Vec<KeyValue>,
    /// Of the mask, (b, l), f32; with a bias for each token of the clip, (b, n, l).
    bias: TextBias,
}

#[derive(Debug, Clone)]
enum TextBias {
    None,
    Keys(Tensor),
    Queries(Tensor),
}

/// The network with its weights.
pub struct Transformer {
    config: TransformerConfig,
    device: Device,
    dtype: DType,
    proj_in: Linear,
    time_embed: TimeEmbedding,
    caption_in: Linear,
    caption_out: Linear,
    blocks: Vec<Block>,
    scale_shift_table: Tensor,
    proj_out: Linear,
}

impl Transformer {
    /// Loads `transformer/` of a model.
    pub fn load(source: &ModelSource, dtype: DType, device: &Device) -> Result<Self> {
        let config = source.config("transformer")?;
        Self::new(&config, source.weights("transformer", dtype, device)?)
    }

    /// The same with the changes of low rank that lie in `changes/`.
    pub fn load_changed(
        source: &ModelSource,
        changes: &str,
        dtype: DType,
        device: &Device,
    ) -> Result<Self> {
        let config = source.config("transformer")?;
        let weights = source.weights_changed("transformer", changes, dtype, device)?;
        Self::new(&config, weights)
    }

    /// Builds the network from a config and weights.
    pub fn new(config: &TransformerConfig, vb: VarBuilder) -> Result<Self> {
        let width = config.inner_dim();
        let caption = vb.pp("caption_projection");
        let blocks = vb.pp("transformer_blocks");
        let blocks = (0..config.num_layers).map(|i| Block::load(config, blocks.pp(i)));
        let table = vb.get((2, width), "scale_shift_table")?;
        Ok(Self {
            proj_in: Linear::load(config.in_channels, width, vb.pp("proj_in"))?,
            time_embed: TimeEmbedding::load(width, vb.pp("time_embed"))?,
            caption_in: Linear::load(config.caption_channels, width, caption.pp("linear_1"))?,
            caption_out: Linear::load(width, width, caption.pp("linear_2"))?,
            blocks: blocks.collect::<candle_core::Result<_>>()?,
            scale_shift_table: table,
            proj_out: Linear::load(width, config.out_channels(), vb.pp("proj_out"))?,
            dtype: vb.dtype(),
            device: vb.device().clone(),
            config: config.clone(),
        })
    }

    /// The config that the network was built from.
    pub fn config(&self) -> &TransformerConfig {
        &self.config
    }

    /// The dtype of the weights and of [`Transformer::forward`]'s output.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Where the weights lie, and the inputs must.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Predicts the velocity of each token, (b, n, out_channels).
    pub fn forward(&self, input: &TransformerInput) -> Result<Tensor> {
        let mask = input.encoder_attention_mask.as_ref();
        let text = self.prepare_text(&input.encoder_hidden_states, mask)?;
        let rope = self.prepare_positions(&input.positions)?;
        self.forward_prepared(&input.hidden_states, &input.timestep, &text, &rope)
    }

    /// Projects the text (b, l, caption_channels) with its mask (b, l) to the keys and values of
    /// every block: the same at each step of a clip.
    pub fn prepare_text(&self, text: &Tensor, mask: Option<&Tensor>) -> Result<TextContext> {
        self.prepare_text_over_time(text, mask, None)
    }

    /// [`Transformer::prepare_text`] where not every part of the text holds for every token of the clip: `bias`
    /// (b, n, l), f32, is added to the scores of token and text, 0 where the text holds and far below where it does not.
    pub fn prepare_text_over_time(
        &self,
        text: &Tensor,
        mask: Option<&Tensor>,
        bias: Option<&Tensor>,
    ) -> Result<TextContext> {
        let (batch, l, channels) = text.dims3()?;
        if channels != self.config.caption_channels {
            return Err(Error::input(
                format!(
                    "the text embedding has {channels} channels, the transformer takes {}",
                    self.config.caption_channels
                ),
                "use the text encoder that belongs to this transformer",
            ));
        }
        let mask = match mask {
            Some(mask) if mask.dims() != [batch, l] => {
                return Err(Error::input(
                    format!(
                        "the text mask has shape {:?}, not [{batch}, {l}]",
                        mask.dims()
                    ),
                    "give one value for each text token",
                ));
            }
            Some(mask) => Some(mask.to_device(&self.device)?.to_dtype(DType::F32)?),
            None => None,
        };
        let text = text.to_device(&self.device)?.to_dtype(self.activations())?;
        if let Some(bias) = bias
            && !matches!(bias.dims(), [b, _, keys] if (*b, *keys) == (batch, l))
        {
            return Err(Error::input(
                format!(
                    "the text bias has shape {:?}, not [{batch}, tokens, {l}]",
                    bias.dims()
                ),
                "give one value for each pair of token and text token",
            ));
        }
        let (text, mask, bias) = match (mask, bias) {
            // Which text counts is in the bias, so all of it stays.
            (mask, Some(bias)) => (text, mask, Some(bias.to_device(&self.device)?)),
            (Some(mask), None) => {
                let (text, mask) = drop_padding(text, mask)?;
                (text, mask, None)
            }
            (None, None) => (text, None, None),
        };
        let text = self.caption_in.forward_gelu_rounded(&text.contiguous()?)?;
        let text = self.caption_out.forward_rounded(&text)?;
        let blocks = self.blocks.iter().map(|block| block.text(&text));
        let mask = mask.map(|mask| (1.0 - mask)? * MASKED).transpose()?;
        let bias = match (mask, bias) {
            (None, None) => TextBias::None,
            (Some(mask), None) => TextBias::Keys(mask),
            (None, Some(bias)) => TextBias::Queries(bias),
            (Some(mask), Some(bias)) => TextBias::Queries(bias.broadcast_add(&mask.unsqueeze(1)?)?),
        };
        Ok(TextContext {
            blocks: blocks.collect::<candle_core::Result<_>>()?,
            bias,
        })
    }

    /// The rotary embedding of the tokens' positions: the same at each step of a clip.
    pub fn prepare_positions(&self, positions: &Positions) -> Result<Rope> {
        Rope::new(&self.config, positions, &self.device)
    }

    /// [`Transformer::forward`] with what does not change between steps computed before.
    /// `hidden_states` (b, n, in_channels), `timestep` (b, 1) or (b, n).
    pub fn forward_prepared(
        &self,
        hidden_states: &Tensor,
        timestep: &Tensor,
        text: &TextContext,
        rope: &Rope,
    ) -> Result<Tensor> {
        self.check(hidden_states, text, rope)?;
        let (batch, n, _) = hidden_states.dims3()?;
        let timesteps = Timesteps::new(timestep, (batch, n))?;
        let x = hidden_states.to_device(&self.device)?;
        let x = x.to_dtype(self.activations())?.contiguous()?;
        let mut x = self.proj_in.forward(&x)?; // (b, n, h·d)
        let time = self
            .time_embed
            .forward(&timesteps, x.dtype(), &self.device)?;
        let bias = text.bias.for_attention();
        for (block, text_kv) in self.blocks.iter().zip(&text.blocks) {
            x = block.forward(&x, &time, rope, text_kv, &bias)?;
        }
        let time = time.last(&self.scale_shift_table)?;
        let x = time.apply(&FINAL_NORM, &x, (0, 1), x.dtype())?;
        Ok(self.proj_out.forward_fine(&x)?.to_dtype(self.dtype)?)
    }

    fn activations(&self) -> DType {
        activation_dtype(self.dtype, &self.device)
    }

    fn check(&self, hidden_states: &Tensor, text: &TextContext, rope: &Rope) -> Result<()> {
        let (batch, n, channels) = hidden_states.dims3()?;
        let problem = |what| Err(Error::input(what, "make the inputs of one clip agree"));
        if channels != self.config.in_channels {
            return problem(format!(
                "the latents have {channels} channels, the transformer takes {}",
                self.config.in_channels
            ));
        }
        if rope.tokens() != n || !matches!(rope.batch(), 1) && rope.batch() != batch {
            return problem(format!(
                "the latents hold {batch} × {n} tokens, the positions {} × {}",
                rope.batch(),
                rope.tokens()
            ));
        }
        if let TextBias::Queries(bias) = &text.bias
            && bias.dim(1)? != n
        {
            return problem(format!(
                "the latents hold {n} tokens, the text's bias {}",
                bias.dim(1)?
            ));
        }
        match text.blocks.first() {
            Some(kv) if kv.batch()? != batch => problem(format!(
                "the latents hold a batch of {batch}, the text one of {}",
                kv.batch()?
            )),
            _ => Ok(()),
        }
    }
}

impl TextBias {
    fn for_attention(&self) -> AttentionBias<'_> {
        let none = AttentionBias::default();
        match self {
            Self::None => none,
            Self::Keys(keys) => AttentionBias {
                keys: Some(keys),
                ..none
            },
            Self::Queries(queries) => AttentionBias {
                queries: Some(queries),
                ..none
            },
        }
    }
}

/// Leaves out the text tokens that are padding in the whole batch: their weight in the softmax is
/// exactly zero. Where a row has no token that counts in full, all are kept, since there the
/// padding does take part. `text` (b, l, c), `mask` (b, l).
fn drop_padding(text: Tensor, mask: Tensor) -> candle_core::Result<(Tensor, Option<Tensor>)> {
    let rows = mask.to_vec2::<f32>()?;
    let l = mask.dim(D::Minus1)?;
    let every_row_counts = rows.iter().all(|row| row.contains(&1.0));
    let counts = |i: &u32| rows.iter().any(|row| row[*i as usize] != 0.0);
    let kept: Vec<u32> = (0..l as u32).filter(counts).collect();
    if !every_row_counts || kept.len() == l {
        let all_count = rows.iter().flatten().all(|&value| value == 1.0);
        return Ok((text, (!all_count).then_some(mask)));
    }
    let kept = Tensor::new(kept, text.device())?;
    let mask = mask.index_select(&kept, 1)?;
    let all_count = mask.to_vec2::<f32>()?.iter().flatten().all(|&v| v == 1.0);
    let text = text.index_select(&kept, 1)?;
    Ok((text, (!all_count).then_some(mask)))
}
