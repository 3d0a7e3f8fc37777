//! The LTX-Video family.

mod transformer;
mod upsampler;
mod vae;

pub use transformer::{
    Positions, Rope, TextContext, Transformer, TransformerConfig, TransformerInput,
};
pub use upsampler::*;
pub use vae::*;
