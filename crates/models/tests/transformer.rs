//! The transformer against diffusers 0.42.1. `training/fixtures/transformer.py` made the numbers.
//!
//! f32 may differ by the order of sums: 1e-5. bf16 may be off the f32 reference by 1.25 times what
//! the reference's own bf16 is.

mod synthetic;

use candle_core::{DType, Device, Tensor};
use kinora_models::ComponentConfig;
use kinora_models::ltx::{Positions, Transformer, TransformerConfig, TransformerInput};
use serde::Deserialize;
use synthetic::Case;

macro_rules! cases {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check("transformer", stringify!($name));
        })*
    };
}

cases! { grid one_frame batch coords tokens narrow options all_masked deep long }

/// What `transformer.py` made the inputs from.
#[derive(Deserialize)]
struct Inputs {
    grid: Option<[usize; 3]>,
    tokens: Option<usize>,
    batch: Option<usize>,
    text: usize,
    mask: Option<Vec<usize>>,
    timesteps: Times,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Times {
    Items(Vec<f32>),
    Tokens(Vec<Vec<f32>>),
}

impl Inputs {
    fn build(&self, case: &Case, config: &TransformerConfig, dtype: DType) -> TransformerInput {
        let (b, l) = (self.batch.unwrap_or(1), self.text);
        let n = match self.grid {
            Some(grid) => grid.iter().product(),
            None => self.tokens.expect("a case has a grid or tokens"),
        };
        let float = |name, shape: &[usize]| {
            let tensor = synthetic::tensor(name, shape, 1.7, 0.0);
            tensor.to_dtype(dtype).expect("floats")
        };
        let positions = match self.grid {
            Some([num_frames, height, width]) => Positions::Grid {
                num_frames,
                height,
                width,
                rope_interpolation_scale: case.get("scale"),
            },
            None => {
                let halves = [2.5, 256.0, 384.0].into_iter().enumerate();
                let axes = halves.map(|(i, half)| {
                    synthetic::tensor(&format!("coords.{i}"), &[b, 1, n], half, half)
                });
                Positions::Coords(Tensor::cat(&axes.collect::<Vec<_>>(), 1).expect("three axes"))
            }
        };
        let mask = self.mask.as_ref().map(|lengths| {
            let row = |k: &usize| (0..l).map(|i| u32::from(i < *k)).collect::<Vec<_>>();
            Tensor::new(lengths.iter().map(row).collect::<Vec<_>>(), &Device::Cpu).expect("a mask")
        });
        let timestep = match &self.timesteps {
            Times::Items(given) => Tensor::from_vec(given.clone(), (b, 1), &Device::Cpu),
            Times::Tokens(rows) => {
                let row = |row: &Vec<f32>| (0..n).map(|i| row[i % row.len()]).collect::<Vec<_>>();
                Tensor::new(rows.iter().map(row).collect::<Vec<_>>(), &Device::Cpu)
            }
        };
        TransformerInput {
            hidden_states: float("hidden_states", &[b, n, config.in_channels]),
            encoder_hidden_states: float("encoder_hidden_states", &[b, l, config.caption_channels]),
            timestep: timestep.expect("timesteps"),
            encoder_attention_mask: mask,
            positions,
        }
    }
}

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
    let config: TransformerConfig = case.get("config");
    config.validate().expect("the config is supported");
    let inputs: Inputs = case.get("inputs");
    let input = inputs.build(&case, &config, dtype);
    let transformer = Transformer::new(&config, case.weights(dtype, &Device::Cpu)).expect("loads");
    let sample = transformer.forward(&input).expect("runs");
    assert_eq!(sample.dtype(), dtype);
    case.check(name, dtype, ("sample", &sample));
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let case = Case::read("transformer", "grid");
    let config: TransformerConfig = case.get("config");
    let inputs: Inputs = case.get("inputs");
    let good = inputs.build(&case, &config, DType::F32);
    let weights = case.weights(DType::F32, &Device::Cpu);
    let transformer = Transformer::new(&config, weights).expect("loads");
    let zeros = |shape: &[usize]| Tensor::zeros(shape, DType::F32, &Device::Cpu).expect("zeros");
    let mut bad = vec![good.clone(); 5];
    bad[0].hidden_states = zeros(&[1, 59, 8]);
    bad[1].hidden_states = zeros(&[1, 60, 7]);
    bad[2].encoder_hidden_states = zeros(&[1, 9, 23]);
    bad[3].timestep = zeros(&[1, 2]);
    bad[4].encoder_attention_mask = Some(zeros(&[1, 8]));
    for input in bad {
        let error = transformer.forward(&input).expect_err("does not fit");
        assert!(
            matches!(error, kinora_models::Error::Input { .. }),
            "{error}"
        );
    }
}
