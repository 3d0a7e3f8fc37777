//! `text_encoder/config.json`.

use serde::Deserialize;

use crate::source::ComponentConfig;

/// Config of a T5 encoder; defaults are the reference's.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct T5Config {
    /// Token ids run from 0 to this, exclusive.
    pub vocab_size: usize,
    /// Width of the network and of its output.
    pub d_model: usize,
    /// Channels of each head.
    pub d_kv: usize,
    /// Width of the feed-forward.
    pub d_ff: usize,
    /// Number of blocks.
    pub num_layers: usize,
    /// Heads of each attention.
    pub num_heads: usize,
    /// Buckets of the relative position bias, both directions together.
    pub relative_attention_num_buckets: usize,
    /// Distance from which on all positions share a bucket.
    pub relative_attention_max_distance: usize,
    /// Epsilon of the normalisations.
    pub layer_norm_epsilon: f64,
    /// An activation (`relu`, `gelu`, `gelu_new`, `silu`), with `gated-` before it where the
    /// feed-forward is gated; `gated-gelu` means `gelu_new`.
    pub feed_forward_proj: String,
}

impl Default for T5Config {
    fn default() -> Self {
        Self {
            vocab_size: 32128,
            d_model: 512,
            d_kv: 64,
            d_ff: 2048,
            num_layers: 6,
            num_heads: 8,
            relative_attention_num_buckets: 32,
            relative_attention_max_distance: 128,
            layer_norm_epsilon: 1e-6,
            feed_forward_proj: "relu".into(),
        }
    }
}

/// Activation of the feed-forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activation {
    Relu,
    /// With the error function.
    Gelu,
    /// With the hyperbolic tangent.
    GeluTanh,
    Silu,
}

impl T5Config {
    /// A few thousand weights, for tests of whole paths.
    pub fn tiny() -> Self {
        Self {
            vocab_size: 64,
            d_model: 12,
            d_kv: 4,
            d_ff: 24,
            num_layers: 2,
            num_heads: 3,
            feed_forward_proj: "gated-gelu".into(),
            ..Self::default()
        }
    }

    /// Whether the feed-forward is gated.
    pub(super) fn gated(&self) -> bool {
        self.feed_forward_proj.starts_with("gated-")
    }

    pub(super) fn activation(&self) -> Option<Activation> {
        Some(match self.feed_forward_proj.as_str() {
            "relu" | "gated-relu" => Activation::Relu,
            "gelu" => Activation::Gelu,
            "gated-gelu" | "gelu_new" | "gated-gelu_new" => Activation::GeluTanh,
            "silu" | "gated-silu" => Activation::Silu,
            _ => return None,
        })
    }
}

impl ComponentConfig for T5Config {
    // Checkpoints of the whole model hold the same encoder under the same names.
    const CLASSES: &'static [&'static str] = &[
        "T5EncoderModel",
        "T5ForConditionalGeneration",
        "T5Model",
        "T5WithLMHeadModel",
    ];

    fn validate(&self) -> Result<(), String> {
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("d_model", self.d_model),
            ("d_kv", self.d_kv),
            ("d_ff", self.d_ff),
            ("num_heads", self.num_heads),
        ];
        if let Some((name, _)) = sizes.iter().find(|(_, size)| *size == 0) {
            return Err(format!("`{name}` is 0"));
        }
        if self.num_heads.checked_mul(self.d_kv).is_none() {
            return Err("`num_heads` × `d_kv` is too large".into());
        }
        let quarter = self.relative_attention_num_buckets / 4;
        if quarter == 0 || self.relative_attention_max_distance <= quarter {
            return Err(format!(
                "`relative_attention_num_buckets` {} does not go with `relative_attention_max_distance` {}",
                self.relative_attention_num_buckets, self.relative_attention_max_distance
            ));
        }
        if self.activation().is_none() {
            return Err(format!(
                "`feed_forward_proj` \"{}\" is not supported",
                self.feed_forward_proj
            ));
        }
        Ok(())
    }
}
