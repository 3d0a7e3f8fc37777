//! The latent upsampler against diffusers 0.42.1. `training/fixtures/upsampler.py` made the numbers.
//!
//! f32 may differ by the order of sums: 1e-5. bf16 may be off the f32 reference by 1.25 times what
//! the reference's own bf16 is.

mod synthetic;

use candle_core::{DType, Device};
use kinora_models::ltx::{LatentUpsampler, UpsamplerConfig};
use synthetic::Case;

macro_rules! cases {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(stringify!($name), DType::F32);
            check(stringify!($name), DType::BF16);
        })*
    };
}

cases! { space space_batch space_2d space_one_frame time space_time }

fn check(name: &str, dtype: DType) {
    let case = Case::read("upsampler", name);
    let config: UpsamplerConfig = case.get("config");
    let weights = case.weights(dtype, &Device::Cpu);
    let upsampler = LatentUpsampler::new(&config, weights).expect("loads");
    let shape: Vec<usize> = case.get("hidden_states");
    let x = synthetic::tensor("hidden_states", &shape, 1.7, 0.0);
    let x = x.to_dtype(dtype).expect("floats");
    let sample = upsampler.forward(&x).expect("upsamples");
    case.check(name, dtype, ("sample", &sample));
}
