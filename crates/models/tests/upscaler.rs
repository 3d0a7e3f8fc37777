//! The frame upscaler against the network that is trained. `training/fixtures/upscaler.py` made the numbers.
//!
//! f32 may differ by the order of sums: 1e-5. bf16 may be off the f32 reference by 1.25 times what
//! the reference's own bf16 is.

mod synthetic;

use candle_core::{DType, Device, Tensor};
use kinora_models::{FrameUpscaler, FrameUpscalerConfig};
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

cases! { small wide no_blocks }

fn upscaler(case: &Case, dtype: DType) -> FrameUpscaler {
    let config: FrameUpscalerConfig = case.get("config");
    FrameUpscaler::new(&config, case.weights(dtype, &Device::Cpu)).expect("loads")
}

fn check(name: &str, dtype: DType) {
    let case = Case::read("upscaler", name);
    let shape: Vec<usize> = case.get("frames");
    let x = synthetic::tensor("frames", &shape, 1.0, 0.0);
    let sample = upscaler(&case, dtype).forward(&x).expect("upscales");
    case.check(name, dtype, ("sample", &sample));
}

#[test]
fn frames_of_another_shape_are_refused() {
    let upscaler = upscaler(&Case::read("upscaler", "small"), DType::F32);
    for shape in [(1, 3, 6, 4), (1, 3, 4, 6), (1, 4, 4, 4)] {
        let x = Tensor::zeros(shape, DType::F32, &Device::Cpu).expect("zeros");
        let refused = upscaler.forward(&x).expect_err("refused").to_string();
        assert!(refused.contains("multiples of 4"), "{refused}");
    }
}
