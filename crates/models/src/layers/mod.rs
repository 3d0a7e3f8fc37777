//! Layers that more than one network uses.

mod attention;
pub mod conv3d;
mod linear;
mod norm;

pub(crate) use attention::{AttentionBias, attention};
pub(crate) use linear::Linear;
pub(crate) use norm::{RmsNorm, layer_norm};

use candle_core::{DType, Device};

/// The dtype that activations take. On a CPU it is f32 whatever the weights are: there is no bf16
/// arithmetic to gain from there, and one rounding less at every layer.
pub(crate) fn activation_dtype(weights: DType, device: &Device) -> DType {
    if device.is_cpu() { DType::F32 } else { weights }
}
