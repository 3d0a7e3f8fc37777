//! Video diffusion networks as pure tensor functions, loaded from the diffusers directory layout.
//!
//! Every network is a config (read from its `config.json`), a `load` that takes a [`ModelSource`],
//! and a `forward` over tensors. Nothing here knows frames, clocks, seeds or prompts' meaning.

mod error;
mod int8;
mod lora;
mod mini;
mod source;
mod tokenizer;
mod upscaler;
mod weights;

pub mod layers;
pub mod ltx;
pub mod schedule;
pub mod t5;

pub use error::{Error, Result};
pub use kinora_kernels::{bench, memory};
pub use layers::{cpu_dtype, cpu_peak_gflops, cpu_seconds_and_bytes};
pub use mini::MINI;
pub use source::{ComponentConfig, EmbeddedFiles, ModelSource};
pub use tokenizer::{Encoding, Tokenizer};
pub use upscaler::{FrameUpscaler, FrameUpscalerConfig};
