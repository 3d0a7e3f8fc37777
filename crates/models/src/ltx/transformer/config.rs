//! `transformer/config.json`.

use serde::Deserialize;

use crate::source::ComponentConfig;

/// Config of `LTXVideoTransformer3DModel`; defaults are the reference's.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct TransformerConfig {
    /// Latent channels (times the patch) in.
    pub in_channels: usize,
    /// Latent channels out; as many as in where the config has none.
    pub out_channels: Option<usize>,
    /// Latent pixels that one token covers across and down. Enters the positions only.
    pub patch_size: usize,
    /// Latent frames that one token covers. Enters the positions only.
    pub patch_size_t: usize,
    /// Heads of each attention.
    pub num_attention_heads: usize,
    /// Channels of each head.
    pub attention_head_dim: usize,
    /// Width of the projected text: must equal heads × head width.
    pub cross_attention_dim: usize,
    /// Number of blocks.
    pub num_layers: usize,
    /// `gelu-approximate` or `gelu`.
    pub activation_fn: String,
    /// `rms_norm_across_heads`.
    pub qk_norm: String,
    /// Whether the blocks' own normalisations have a learned scale.
    pub norm_elementwise_affine: bool,
    /// Epsilon of the blocks' own normalisations.
    pub norm_eps: f64,
    /// Width of the text encoder's output.
    pub caption_channels: usize,
    /// Whether queries, keys and values have a bias.
    pub attention_bias: bool,
    /// Whether the attention's output has a bias.
    pub attention_out_bias: bool,
}

impl Default for TransformerConfig {
    fn default() -> Self {
        Self {
            in_channels: 128,
            out_channels: Some(128),
            patch_size: 1,
            patch_size_t: 1,
            num_attention_heads: 32,
            attention_head_dim: 64,
            cross_attention_dim: 2048,
            num_layers: 28,
            activation_fn: "gelu-approximate".into(),
            qk_norm: "rms_norm_across_heads".into(),
            norm_elementwise_affine: false,
            norm_eps: 1e-6,
            caption_channels: 4096,
            attention_bias: true,
            attention_out_bias: true,
        }
    }
}

impl TransformerConfig {
    /// A few thousand weights, for tests of whole paths.
    pub fn tiny() -> Self {
        Self {
            in_channels: 8,
            out_channels: Some(8),
            num_attention_heads: 2,
            attention_head_dim: 8,
            cross_attention_dim: 16,
            num_layers: 2,
            caption_channels: 12,
            ..Self::default()
        }
    }

    /// Width of the network: heads × head width.
    pub fn inner_dim(&self) -> usize {
        self.num_attention_heads * self.attention_head_dim
    }

    /// Additions and multiplications of one evaluation for `tokens` tokens of one clip, where the keys and values of its
    /// `text` tokens are at hand.
    pub fn operations(&self, tokens: usize, text: usize) -> f64 {
        let (n, l, d) = (tokens as f64, text as f64, self.inner_dim() as f64);
        let projections = 6.0 * n * d * d; // q, k, v and output among the clip's tokens, q and output to the text
        let feed_forward = 8.0 * n * d * d;
        let attention = 2.0 * n * (n + l) * d;
        let ends = n * d * (self.in_channels + self.out_channels()) as f64;
        2.0 * (self.num_layers as f64 * (projections + feed_forward + attention) + ends)
    }

    /// Channels out.
    pub fn out_channels(&self) -> usize {
        self.out_channels.unwrap_or(self.in_channels)
    }
}

impl ComponentConfig for TransformerConfig {
    const CLASSES: &'static [&'static str] = &["LTXVideoTransformer3DModel"];

    fn validate(&self) -> Result<(), String> {
        let sizes = [
            ("in_channels", self.in_channels),
            ("out_channels", self.out_channels()),
            ("patch_size", self.patch_size),
            ("patch_size_t", self.patch_size_t),
            ("num_attention_heads", self.num_attention_heads),
            ("attention_head_dim", self.attention_head_dim),
            ("caption_channels", self.caption_channels),
        ];
        if let Some((name, _)) = sizes.iter().find(|(_, size)| *size == 0) {
            return Err(format!("`{name}` is 0"));
        }
        let width = self
            .num_attention_heads
            .checked_mul(self.attention_head_dim)
            .filter(|width| *width <= 1 << 20);
        match width {
            None => return Err("`num_attention_heads` × `attention_head_dim` is too large".into()),
            Some(width) if width % 2 == 1 => {
                return Err("`num_attention_heads` × `attention_head_dim` is odd".into());
            }
            Some(width) if width != self.cross_attention_dim => {
                return Err(format!(
                    "`cross_attention_dim` is {} where the projected text has {width} channels",
                    self.cross_attention_dim
                ));
            }
            Some(_) => {}
        }
        if self.qk_norm != "rms_norm_across_heads" {
            return Err(format!("`qk_norm` \"{}\" is not supported", self.qk_norm));
        }
        if !matches!(self.activation_fn.as_str(), "gelu-approximate" | "gelu") {
            return Err(format!(
                "`activation_fn` \"{}\" is not supported",
                self.activation_fn
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_those_of_the_products() {
        // Counted by hand: a token of one layer takes 14 d² + 2 (n + l) d multiplications, and the ends 2 c d.
        let config = TransformerConfig {
            in_channels: 32,
            out_channels: None,
            num_attention_heads: 16,
            num_layers: 12,
            ..TransformerConfig::default()
        };
        let token = 12 * (14 * 1024 * 1024 + 2 * (2160 + 64) * 1024) + 2 * 32 * 1024_u64;
        assert_eq!(config.operations(2160, 64), (2 * 2160 * token) as f64);
    }
}
