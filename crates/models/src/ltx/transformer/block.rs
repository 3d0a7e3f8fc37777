//! One block: self-attention with rotary positions, attention to the text, feed-forward.

use candle_core::{DType, Result, Tensor};
use candle_nn::VarBuilder;
use kinora_kernels::After;

use super::config::TransformerConfig;
use super::rope::Rope;
use super::time::{MODULATIONS, Time};
use crate::layers::{AttentionBias, AttentionSpec, Linear, Norm, attention, on_cpu};

/// Epsilon of the queries' and keys' normalisation, fixed in the architecture.
const QK_EPS: f64 = 1e-5;
// Vectors of a block's modulation: of the attention, then of the feed-forward.
const SHIFT_1: usize = 0;
const SCALE_1: usize = 1;
const GATE_1: usize = 2;
const SHIFT_2: usize = 3;
const SCALE_2: usize = 4;
const GATE_2: usize = 5;
/// Width of the feed-forward over the width of the network.
const FEED_FORWARD: usize = 4;

/// Keys and values of the text for one block, each (b, l, h·d).
#[derive(Debug, Clone)]
pub(super) struct KeyValue {
    key: Tensor,
    value: Tensor,
}

impl KeyValue {
    pub fn batch(&self) -> Result<usize> {
        self.key.dim(0)
    }
}

pub(super) struct Block {
    norm1: Norm,
    attn1: Attention,
    attn2: Attention,
    norm2: Norm,
    feed_forward: FeedForward,
    scale_shift_table: Tensor,
}

impl Block {
    pub fn load(config: &TransformerConfig, vb: VarBuilder) -> Result<Self> {
        let width = config.inner_dim();
        let norm = |name| match config.norm_elementwise_affine {
            true => Norm::rms(width, config.norm_eps, vb.pp(name)),
            false => Ok(Norm::Rms {
                weight: None,
                eps: config.norm_eps,
            }),
        };
        Ok(Self {
            norm1: norm("norm1")?,
            attn1: Attention::load(config, vb.pp("attn1"))?,
            attn2: Attention::load(config, vb.pp("attn2"))?,
            norm2: norm("norm2")?,
            feed_forward: FeedForward::load(config, vb.pp("ff"))?,
            scale_shift_table: vb.get((MODULATIONS, width), "scale_shift_table")?,
        })
    }

    /// The projected text (b, l, h·d) as this block sees it.
    pub fn text(&self, text: &Tensor) -> Result<KeyValue> {
        self.attn2.key_value(text, None)
    }

    /// `x` (b, n, h·d) → the same shape.
    pub fn forward(
        &self,
        x: &Tensor,
        time: &Time,
        rope: &Rope,
        text: &KeyValue,
        text_bias: &AttentionBias,
    ) -> Result<Tensor> {
        let time = time.block(&self.scale_shift_table)?;

        let input = self.attn1.to_q.input(x.dtype());
        let y = time.apply(&self.norm1, x, (SHIFT_1, SCALE_1), input)?;
        let query = self.attn1.query(&y, Some(rope))?;
        let kv = self.attn1.key_value(&y, Some(rope))?;
        let y = self.attn1.attend(&query, &kv, &AttentionBias::default())?;
        let x = time.add_gated(x, &self.attn1.to_out, &y, GATE_1)?;

        let query = self.attn2.query(&x, None)?;
        let y = self.attn2.attend(&query, text, text_bias)?;
        let x = self.attn2.to_out.forward_onto(&y, &x, None)?;

        let input = self.feed_forward.linear_in.input(x.dtype());
        let y = time.apply(&self.norm2, &x, (SHIFT_2, SCALE_2), input)?;
        let y = self.feed_forward.inner(&y)?;
        time.add_gated(&x, &self.feed_forward.linear_out, &y, GATE_2)
    }
}

/// Attention whose queries and keys are normalised over all heads together.
struct Attention {
    spec: AttentionSpec,
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Linear,
    norm_q: Norm,
    norm_k: Norm,
}

impl Attention {
    fn load(config: &TransformerConfig, vb: VarBuilder) -> Result<Self> {
        let width = config.inner_dim();
        let bias = config.attention_bias;
        let linear = |name| Linear::load_biased(width, width, bias, vb.pp(name));
        let to_out = vb.pp("to_out").pp(0);
        Ok(Self {
            spec: AttentionSpec {
                heads: config.num_attention_heads,
                scale: 1.0 / (config.attention_head_dim as f64).sqrt(),
                dtype: vb.dtype(),
            },
            to_q: linear("to_q")?,
            to_k: linear("to_k")?,
            to_v: linear("to_v")?,
            to_out: Linear::load_biased(width, width, config.attention_out_bias, to_out)?,
            norm_q: Norm::rms(width, QK_EPS, vb.pp("norm_q"))?,
            norm_k: Norm::rms(width, QK_EPS, vb.pp("norm_k"))?,
        })
    }

    fn query(&self, x: &Tensor, rope: Option<&Rope>) -> Result<Tensor> {
        let x = self.to_q.forward(x)?;
        normalise(&self.norm_q, &x, rope, x.dtype())
    }

    fn key_value(&self, x: &Tensor, rope: Option<&Rope>) -> Result<KeyValue> {
        let key = self.to_k.forward(x)?;
        let rounded = self.to_k.input(key.dtype());
        Ok(KeyValue {
            key: normalise(&self.norm_k, &key, rope, rounded)?,
            value: self.to_v.forward_rounded(x)?,
        })
    }

    /// What [`Attention::to_out`] then projects.
    fn attend(&self, query: &Tensor, kv: &KeyValue, bias: &AttentionBias) -> Result<Tensor> {
        attention(query, &kv.key, &kv.value, self.spec, bias)
    }
}

/// Normalises and rotates; on a CPU in `dtype`.
fn normalise(norm: &Norm, x: &Tensor, rope: Option<&Rope>, dtype: DType) -> Result<Tensor> {
    match rope {
        Some(rope) => rope.normalise_and_rotate(norm, x, dtype),
        None if on_cpu(x) => norm.forward_and(x, After::Nothing, dtype),
        None => norm.forward(x),
    }
}

struct FeedForward {
    exact_gelu: bool,
    linear_in: Linear,
    linear_out: Linear,
}

impl FeedForward {
    fn load(config: &TransformerConfig, vb: VarBuilder) -> Result<Self> {
        let (width, inner) = (config.inner_dim(), FEED_FORWARD * config.inner_dim());
        let net = vb.pp("net");
        Ok(Self {
            exact_gelu: config.activation_fn == "gelu",
            linear_in: Linear::load(width, inner, net.pp(0).pp("proj"))?,
            linear_out: Linear::load(inner, width, net.pp(2))?,
        })
    }

    /// (b, n, 4·h·d), what [`FeedForward::linear_out`] then projects.
    fn inner(&self, x: &Tensor) -> Result<Tensor> {
        match self.exact_gelu {
            true => self.linear_in.forward(x)?.gelu_erf(),
            false => self.linear_in.forward_gelu_rounded(x),
        }
    }
}
