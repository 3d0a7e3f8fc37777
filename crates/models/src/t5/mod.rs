//! The encoder of T5, classic (`relu`) and v1.1 (`gated-gelu`).

mod config;

use candle_core::{DType, Device, Result as TensorResult, Tensor};
use candle_nn::{Embedding, Module, VarBuilder};

pub use config::T5Config;

use crate::error::{Error, Result};
use crate::layers::{
    AttentionBias, AttentionSpec, Linear, Norm, activation_dtype, attention, gelu,
};
use crate::source::ModelSource;
use config::Activation;

/// Names under which checkpoints keep the token embedding; a tied one is stored under any.
const EMBEDDINGS: [&str; 2] = ["shared.weight", "encoder.embed_tokens.weight"];

/// The network with its weights.
pub struct T5Encoder {
    config: T5Config,
    device: Device,
    dtype: DType,
    embedding: Embedding,
    position_bias: Tensor,
    blocks: Vec<Block>,
    final_norm: Norm,
}

impl T5Encoder {
    /// Loads `text_encoder/` of a model.
    pub fn load(source: &ModelSource, dtype: DType, device: &Device) -> Result<Self> {
        let config = source.config("text_encoder")?;
        Self::new(&config, source.weights("text_encoder", dtype, device)?)
    }

    /// Builds the network from a config and weights.
    pub fn new(config: &T5Config, vb: VarBuilder) -> Result<Self> {
        let encoder = vb.pp("encoder");
        let blocks = encoder.pp("block");
        let position = blocks.pp("0.layer.0.SelfAttention.relative_attention_bias");
        let buckets = config.relative_attention_num_buckets;
        let stored = EMBEDDINGS.into_iter().find(|name| vb.contains_tensor(name));
        let shape = (config.vocab_size, config.d_model);
        let embedding = vb.get(shape, stored.unwrap_or(EMBEDDINGS[0]))?;
        let norm = encoder.pp("final_layer_norm");
        let blocks = (0..config.num_layers).map(|i| Block::load(config, blocks.pp(i)));
        Ok(Self {
            embedding: Embedding::new(embedding, config.d_model),
            position_bias: position
                .get((buckets, config.num_heads), "weight")?
                .to_dtype(DType::F32)?,
            blocks: blocks.collect::<TensorResult<_>>()?,
            final_norm: Norm::rms(config.d_model, config.layer_norm_epsilon, norm)?,
            dtype: vb.dtype(),
            device: vb.device().clone(),
            config: config.clone(),
        })
    }

    /// The config that the network was built from.
    pub fn config(&self) -> &T5Config {
        &self.config
    }

    /// The dtype of the weights and of [`T5Encoder::forward`]'s output.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Where the weights lie, and the inputs must.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The last hidden state (b, l, d_model) of `input_ids` (b, l). `attention_mask` (b, l): not 0
    /// for tokens that count, any numeric dtype.
    pub fn forward(&self, input_ids: &Tensor, attention_mask: &Tensor) -> Result<Tensor> {
        let (batch, l) = input_ids.dims2()?;
        if attention_mask.dims() != [batch, l] {
            return Err(Error::input(
                format!(
                    "the token ids have shape [{batch}, {l}], their mask {:?}",
                    attention_mask.dims()
                ),
                "give one mask value for each token",
            ));
        }
        let ids = input_ids.to_dtype(DType::U32)?.to_device(&self.device)?;
        let ids = ids.contiguous()?;
        let largest = ids.flatten_all()?.to_vec1::<u32>()?.into_iter().max();
        if largest.is_some_and(|id| id as usize >= self.config.vocab_size) {
            return Err(Error::input(
                format!(
                    "token {} lies outside the text encoder's {} tokens",
                    largest.unwrap_or_default(),
                    self.config.vocab_size
                ),
                "use the tokenizer that belongs to this text encoder",
            ));
        }
        let mask = attention_mask.to_device(&self.device)?;
        let masked = mask.to_dtype(DType::F32)?.eq(0.0)?.to_dtype(DType::F32)?;
        // Large enough to swallow any score, as in the reference: a row of nothing but padding
        // then attends evenly.
        let keys = (masked * f64::from(f32::MIN))?;
        let pairs = self.pairs(l)?;
        let bias = AttentionBias {
            pairs: Some(&pairs),
            keys: Some(&keys),
            queries: None,
        };
        let x = self.embedding.forward(&ids)?;
        let mut x = x.to_dtype(activation_dtype(self.dtype, &self.device))?;
        for block in &self.blocks {
            x = block.forward(&x, &bias)?;
        }
        Ok(self.final_norm.forward(&x)?.to_dtype(self.dtype)?)
    }

    /// The relative position bias (h, l, l).
    fn pairs(&self, l: usize) -> TensorResult<Tensor> {
        let config = &self.config;
        let relative = (0..l).flat_map(|query| (0..l).map(move |key| key as i64 - query as i64));
        let buckets: Vec<u32> = relative.map(|distance| bucket(config, distance)).collect();
        let buckets = Tensor::from_vec(buckets, l * l, &self.device)?;
        let bias = self.position_bias.index_select(&buckets, 0)?; // (l·l, h)
        bias.t()?.reshape((config.num_heads, l, l))
    }
}

/// Bucket of a key `distance` tokens after the query: half of the buckets for each direction; in
/// each half, the first half exact, the rest wider and wider.
fn bucket(config: &T5Config, distance: i64) -> u32 {
    let half = config.relative_attention_num_buckets / 2;
    let offset = if distance > 0 { half } else { 0 };
    let distance = distance.unsigned_abs() as usize;
    let exact = half / 2;
    let within = if distance < exact {
        distance
    } else {
        // Rounded to f32 where the reference is: on a bucket's border it decides.
        let log = (f64::from(distance as f32 / exact as f32)).ln() as f32;
        let span = (config.relative_attention_max_distance as f64 / exact as f64).ln() as f32;
        let step = log / span * (half - exact) as f32;
        (exact + step as usize).min(half - 1)
    };
    (offset + within) as u32
}

struct Block {
    attention_norm: Norm,
    attention: SelfAttention,
    feed_forward_norm: Norm,
    feed_forward: FeedForward,
}

impl Block {
    fn load(config: &T5Config, vb: VarBuilder) -> TensorResult<Self> {
        let (first, second) = (vb.pp("layer.0"), vb.pp("layer.1"));
        let norm = |vb: VarBuilder| {
            Norm::rms(
                config.d_model,
                config.layer_norm_epsilon,
                vb.pp("layer_norm"),
            )
        };
        Ok(Self {
            attention: SelfAttention::load(config, first.pp("SelfAttention"))?,
            attention_norm: norm(first)?,
            feed_forward: FeedForward::load(config, second.pp("DenseReluDense"))?,
            feed_forward_norm: norm(second)?,
        })
    }

    /// `x` (b, l, d_model) → the same shape.
    fn forward(&self, x: &Tensor, bias: &AttentionBias) -> TensorResult<Tensor> {
        let x = (x + self
            .attention
            .forward(&self.attention_norm.forward(x)?, bias)?)?;
        let y = self
            .feed_forward
            .forward(&self.feed_forward_norm.forward(&x)?)?;
        x + y
    }
}

/// Its scores are not scaled down: with inputs rounded to bf16 they are off by up to twice what the reference's own are,
/// which rounds elsewhere. So all products of this network are fine ones.
struct SelfAttention {
    spec: AttentionSpec,
    q: Linear,
    k: Linear,
    v: Linear,
    o: Linear,
}

impl SelfAttention {
    fn load(config: &T5Config, vb: VarBuilder) -> TensorResult<Self> {
        let inner = config.num_heads * config.d_kv;
        let linear = |name| Linear::load_no_bias(config.d_model, inner, vb.pp(name));
        Ok(Self {
            // T5 does not scale its scores: rounded factors would show, and there are few tokens.
            spec: AttentionSpec {
                heads: config.num_heads,
                scale: 1.0,
                dtype: activation_dtype(vb.dtype(), vb.device()),
            },
            q: linear("q")?,
            k: linear("k")?,
            v: linear("v")?,
            o: Linear::load_no_bias(inner, config.d_model, vb.pp("o"))?,
        })
    }

    fn forward(&self, x: &Tensor, bias: &AttentionBias) -> TensorResult<Tensor> {
        let [q, k, v] = [&self.q, &self.k, &self.v].map(|linear| linear.forward_fine(x));
        let y = attention(&q?, &k?, &v?, self.spec, bias)?;
        self.o.forward_fine(&y)
    }
}

struct FeedForward {
    activation: Activation,
    /// Goes through the activation.
    inner: Linear,
    /// Multiplied with it, where the feed-forward is gated.
    gate: Option<Linear>,
    outer: Linear,
}

impl FeedForward {
    fn load(config: &T5Config, vb: VarBuilder) -> TensorResult<Self> {
        let linear = |name| Linear::load_no_bias(config.d_model, config.d_ff, vb.pp(name));
        let (inner, gate) = match config.gated() {
            true => (linear("wi_0")?, Some(linear("wi_1")?)),
            false => (linear("wi")?, None),
        };
        Ok(Self {
            activation: config.activation().ok_or_else(|| {
                candle_core::Error::Msg(format!("no activation `{}`", config.feed_forward_proj))
            })?,
            inner,
            gate,
            outer: Linear::load_no_bias(config.d_ff, config.d_model, vb.pp("wo"))?,
        })
    }

    fn forward(&self, x: &Tensor) -> TensorResult<Tensor> {
        let inner = self.inner.forward_fine(x)?;
        let mut inner = match self.activation {
            Activation::Relu => inner.relu()?,
            Activation::Gelu => inner.gelu_erf()?,
            Activation::GeluTanh => gelu(&inner)?,
            Activation::Silu => inner.silu()?,
        };
        if let Some(gate) = &self.gate {
            inner = (inner * gate.forward_fine(x)?)?;
        }
        self.outer.forward_fine(&inner)
    }
}
