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

/// Of a decoder with these tensors: each weight of a convolution is a product and a sum at each place of its block's grid.
pub(super) fn decoding(
    config: &AutoencoderConfig,
    tensors: &[(String, Vec<usize>)],
    latents: Grid,
) -> Demand {
    let mut grids = vec![latents];
    for &upsamples in config.decoder_spatio_temporal_scaling.iter().rev() {
        let (t, h, w) = grids[grids.len() - 1];
        grids.push(match upsamples {
            true => (2 * t - 1, 2 * h, 2 * w),
            false => (t, h, w),
        });
    }
    let finest = grids.len() - 1;
    let mut operations = 0.0;
    let mut widest = 0;
    for (name, shape) in tensors {
        let (Some(name), [c_out, _, _, _, _]) = (name.strip_prefix("decoder."), &shape[..]) else {
            continue;
        };
        let block = name.strip_prefix("up_blocks.").and_then(|rest| {
            let (number, layer) = rest.split_once('.')?;
            let number: usize = number.parse().ok()?;
            // An upsampler works on what comes in.
            Some(number + usize::from(!layer.starts_with("upsamplers")))
        });
        let grid = match block {
            Some(block) => block.min(finest),
            None if name.starts_with("conv_out") => finest,
            None => 0,
        };
        let (t, h, w) = grids[grid];
        let weights: usize = shape.iter().product();
        operations += 2.0 * weights as f64 * (t * h * w) as f64;
        widest = widest.max(c_out * h * w);
    }
    // Frames stream: those of a few latents are held, as they come into a layer and as they leave it.
    let (finest, coarsest) = (grids[finest].0, latents.0);
    let at_once = DECODED_AT_ONCE * finest.div_ceil(coarsest.max(1));
    Demand {
        operations,
        held: 2.0 * (widest * at_once) as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_those_of_the_convolutions() {
        let config = AutoencoderConfig {
            decoder_spatio_temporal_scaling: vec![false, true],
            ..AutoencoderConfig::tiny()
        };
        let tensor = |name: &str, shape: [usize; 5]| (name.to_owned(), shape.to_vec());
        let tensors = [
            tensor("decoder.conv_in.conv.weight", [4, 2, 3, 3, 3]),
            tensor(
                "decoder.up_blocks.0.upsamplers.0.conv.conv.weight",
                [32, 4, 3, 3, 3],
            ),
            tensor(
                "decoder.up_blocks.0.resnets.0.conv1.conv.weight",
                [4, 4, 3, 3, 3],
            ),
            tensor("decoder.conv_out.conv.weight", [3, 4, 3, 3, 3]),
            tensor("encoder.conv_in.conv.weight", [64, 64, 3, 3, 3]),
            ("decoder.conv_in.conv.bias".to_owned(), vec![4]),
        ];
        // 2 × 1 × 2 latents; the first up block doubles them to 3 × 2 × 4.
        let coarse = 2 * 27 * (4 * 2 + 32 * 4) * (2 * 2);
        let fine = 2 * 27 * (4 * 4 + 3 * 4) * (3 * 2 * 4);
        let demand = decoding(&config, &tensors, (2, 1, 2));
        assert_eq!(demand.operations, f64::from(coarse + fine));
    }
}
