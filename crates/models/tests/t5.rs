//! The T5 encoder against transformers 5. `training/fixtures/t5.py` made the numbers.
//!
//! f32 may differ by the order of sums: 1e-5. bf16 may be off the f32 reference by 1.25 times what
//! the reference's own bf16 is.

mod synthetic;

use candle_core::{DType, Device, Tensor};
use kinora_models::ComponentConfig;
use kinora_models::t5::{T5Config, T5Encoder};
use synthetic::Case;

macro_rules! cases {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check("t5", stringify!($name));
        })*
    };
}

cases! { gated relu batch long buckets one_token all_masked deep steep }

/// Fresh cases: point KINORA_FIXTURES to a folder that the script was made to write to.
#[test]
#[ignore = "needs cases of its own"]
fn elsewhere() {
    let folder = std::env::var("KINORA_FIXTURES").expect("KINORA_FIXTURES names a folder");
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("a file").path();
        let name = path.file_stem().and_then(|name| name.to_str());
        check(&folder, name.expect("a name"));
    }
}

fn check(folder: &str, name: &str) {
    check_in(folder, name, DType::F32);
    check_in(folder, name, DType::BF16);
}

fn check_in(folder: &str, name: &str, dtype: DType) {
    let case = Case::read(folder, name);
    let config: T5Config = case.get("config");
    config.validate().expect("the config is supported");
    let (l, lengths): (usize, Vec<usize>) = (case.get("tokens"), case.get("lengths"));
    let half = config.vocab_size as f32 / 2.0;
    let ids = synthetic::tensor("input_ids", &[lengths.len(), l], half, half);
    let ids = ids.to_dtype(DType::U32).expect("ids");
    let row = |k: &usize| (0..l).map(|i| u32::from(i < *k)).collect::<Vec<_>>();
    let mask = Tensor::new(lengths.iter().map(row).collect::<Vec<_>>(), &Device::Cpu);
    let encoder = T5Encoder::new(&config, case.weights(dtype, &Device::Cpu)).expect("loads");
    let state = encoder.forward(&ids, &mask.expect("a mask")).expect("runs");
    assert_eq!(state.dtype(), dtype);
    case.check(name, dtype, ("last_hidden_state", &state));
}

#[test]
fn a_foreign_token_is_refused() {
    let case = Case::read("t5", "one_token");
    let config: T5Config = case.get("config");
    let encoder = T5Encoder::new(&config, case.weights(DType::F32, &Device::Cpu)).expect("loads");
    let ids = Tensor::new(&[[97u32]], &Device::Cpu).expect("one id");
    let error = encoder.forward(&ids, &ids).expect_err("97 is one too many");
    assert!(error.to_string().contains("97"), "{error}");
}
