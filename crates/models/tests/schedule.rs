//! Schedules and steps against diffusers 0.42.1, bit for bit. `training/fixtures/schedule.py` made
//! the numbers.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use kinora_models::ComponentConfig;
use kinora_models::schedule::{
    SchedulerConfig, Start, calculate_shift, euler_step, flow_match, linear_quadratic, token_step,
    uniform_sigmas,
};
use serde::Deserialize;

#[allow(dead_code)] // other tests use the rest of it
mod synthetic;

#[derive(Deserialize)]
struct Golden {
    schedules: Vec<Case>,
    steps: Vec<Step>,
    linear_quadratic: BTreeMap<usize, Vec<u32>>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    config: SchedulerConfig,
    tokens: usize,
    steps: usize,
    start: String,
    mu: f64,
    sigmas: Vec<u32>,
    timesteps: Vec<u32>,
}

#[derive(Deserialize)]
struct Step {
    dtype: String,
    sigmas: Vec<u32>,
    times: Vec<u32>,
    even: Vec<u32>,
    each: Vec<u32>,
}

fn golden() -> Golden {
    let text = include_str!("fixtures/schedule.json");
    serde_json::from_str(text).expect("the fixture fits")
}

fn floats(bits: &[u32]) -> Vec<f32> {
    bits.iter().map(|bits| f32::from_bits(*bits)).collect()
}

#[test]
fn schedules_agree() {
    for case in golden().schedules {
        case.config.validate().expect("the config is supported");
        let mu = calculate_shift(case.tokens, &case.config);
        assert_eq!(mu, case.mu, "{}", case.name);
        let uniform = uniform_sigmas(case.steps);
        let quadratic = linear_quadratic(case.steps);
        let times: Vec<f64> = quadratic.iter().map(|s| f64::from(s * 1000.0)).collect();
        let start = match case.start.as_str() {
            "steps" => Start::Steps(case.steps),
            "sigmas" => Start::Sigmas(&uniform),
            _ => Start::Timesteps(&times),
        };
        let made = flow_match(&case.config, start, Some(mu)).expect("a schedule");
        let what = format!("{} from {} {}", case.name, case.steps, case.start);
        assert_eq!(made.sigmas, floats(&case.sigmas), "sigmas of {what}");
        assert_eq!(
            made.timesteps,
            floats(&case.timesteps),
            "timesteps of {what}"
        );
    }
}

#[test]
fn linear_quadratic_agrees() {
    for (steps, bits) in golden().linear_quadratic {
        assert_eq!(linear_quadratic(steps), floats(&bits), "{steps} steps");
    }
}

#[test]
fn steps_agree() {
    for step in golden().steps {
        let dtype = match step.dtype.as_str() {
            "float32" => DType::F32,
            _ => DType::BF16,
        };
        let tensor = |name| synthetic::tensor(name, &[2, 5, 3], 1.7, 0.0).to_dtype(dtype);
        let (sample, output) = (tensor("sample").expect("f"), tensor("output").expect("f"));
        let sigmas = floats(&step.sigmas);
        let times = Tensor::from_vec(floats(&step.times), (2, 5), &Device::Cpu).expect("times");
        let even = euler_step(&sample, &output, sigmas[2], sigmas[3]).expect("a step");
        let each = token_step(&sample, &output, &times, (&sigmas, 1000)).expect("a step");
        assert_eq!(each.dtype(), DType::F32);
        for (ours, golden) in [(even, step.even), (each, step.each)] {
            let ours = ours.to_dtype(DType::F32).expect("floats");
            let ours = ours.flatten_all().and_then(|t| t.to_vec1::<f32>());
            assert_eq!(ours.expect("floats"), floats(&golden), "{dtype:?}");
        }
    }
}

#[test]
fn no_steps_are_refused() {
    let config = SchedulerConfig::default();
    assert!(flow_match(&config, Start::Steps(0), None).is_err());
    assert!(flow_match(&config, Start::Sigmas(&[]), None).is_err());
    let dynamic = SchedulerConfig {
        use_dynamic_shifting: true,
        ..config
    };
    assert!(flow_match(&dynamic, Start::Steps(4), None).is_err());
}
