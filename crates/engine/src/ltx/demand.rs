//! What the networks take: operations, and numbers held.

use kinora_models::ltx::{AutoencoderConfig, DECODED_AT_ONCE, TransformerConfig};

use super::latents::Grid;
use crate::family::Demand;
use crate::model::Model;

/// Vectors of its width that a token has at once: queries, keys, values, what is attended to, the feed-forward's four, and the
/// stream itself.
const VECTORS: usize = 16;

pub(super) fn denoising(model: &Model, config: &TransformerConfig, tokens: usize) -> Demand {
    Demand {
        operations: config.operations(tokens, model.defaults.max_text_tokens),
        held: (tokens * config.inner_dim() * VECTORS) as f64,
    }
}

/// Frames stream: a layer holds those of some latents, and of the one before, as they come in and as they leave it.
pub(super) fn decoding(config: &AutoencoderConfig, (t, h, w): Grid) -> Demand {
    let at_once = t.min(1 + DECODED_AT_ONCE);
    Demand {
        operations: config.operations_of_decoding([t, h, w]),
        held: (2 * config.widest_of_decoding([at_once, h, w])) as f64,
    }
}
