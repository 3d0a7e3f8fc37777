//! `FlowMatchEulerDiscreteScheduler.set_timesteps`.

use std::ops::{Add, Div, Mul, Sub};

use super::config::SchedulerConfig;
use super::spacing::linspace;
use crate::error::{Error, Result};

/// Exponent of Karras' spacing.
const RHO: f64 = 7.0;

/// What a schedule is made from.
#[derive(Debug, Clone, Copy)]
pub enum Start<'a> {
    /// So many steps, spaced evenly in time.
    Steps(usize),
    /// Given sigmas, 1 … above 0, which the config then shifts.
    Sigmas(&'a [f64]),
    /// Given timesteps, used as they are; the sigmas follow from them and are shifted.
    Timesteps(&'a [f64]),
}

/// Sigmas and timesteps of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    /// One more than there are steps; the last is where the clip is clean.
    pub sigmas: Vec<f32>,
    /// What the transformer is told at each step.
    pub timesteps: Vec<f32>,
}

/// The schedule that a config makes. `mu` comes from [`super::calculate_shift`] and is needed with
/// dynamic shifting only.
pub fn flow_match(config: &SchedulerConfig, start: Start, mu: Option<f64>) -> Result<Schedule> {
    let train = config.num_train_timesteps as f64;
    if config.use_dynamic_shifting && mu.is_none() {
        return Err(Error::input(
            "this scheduler shifts with the number of tokens, and no shift was given",
            "pass `mu` from calculate_shift",
        ));
    }
    let narrow = |values: &[f64]| values.iter().map(|v| *v as f32).collect::<Vec<f32>>();
    let (shifted, given) = match start {
        Start::Steps(count) => {
            let (low, high) = trained_range(config);
            let times = linspace(high * train, low * train, count);
            let sigmas = times.into_iter().map(|t| t / train).collect();
            (shift::<f64>(config, sigmas, mu), None)
        }
        Start::Sigmas(sigmas) => (widen(shift(config, narrow(sigmas), mu)), None),
        Start::Timesteps(times) => {
            let times = narrow(times);
            let sigmas = times.iter().map(|t| t / train as f32).collect();
            (widen(shift::<f32>(config, sigmas, mu)), Some(times))
        }
    };
    let spaced = respace(config, shifted);
    let mut sigmas = narrow(&spaced);
    let times = |sigmas: &[f32]| sigmas.iter().map(|s| s * train as f32).collect();
    let mut timesteps = given.unwrap_or_else(|| times(&sigmas));
    if config.invert_sigmas {
        sigmas.iter_mut().for_each(|s| *s = 1.0 - *s);
        timesteps = times(&sigmas);
    }
    sigmas.push(if config.invert_sigmas { 1.0 } else { 0.0 });
    if sigmas.iter().chain(&timesteps).any(|v| !v.is_finite()) || timesteps.is_empty() {
        return Err(Error::input(
            format!("{} steps do not make a schedule", timesteps.len()),
            "use more steps, and sigmas above 0",
        ));
    }
    Ok(Schedule { sigmas, timesteps })
}

/// Smallest and largest sigma of the training, after the static shift.
fn trained_range(config: &SchedulerConfig) -> (f64, f64) {
    let train = config.num_train_timesteps as f32;
    let shifted = |t: f32| {
        let sigma = t / train;
        if config.use_dynamic_shifting {
            return sigma;
        }
        static_shift(sigma, config.shift)
    };
    (f64::from(shifted(1.0)), f64::from(shifted(train)))
}

/// Shifts in the precision that the reference's array has: f32 where sigmas or timesteps were
/// given, else f64.
fn shift<F: Real>(config: &SchedulerConfig, mut sigmas: Vec<F>, mu: Option<f64>) -> Vec<F> {
    let one = F::of(1.0);
    for sigma in &mut sigmas {
        *sigma = match mu.filter(|_| config.use_dynamic_shifting) {
            None => static_shift(*sigma, config.shift),
            Some(mu) => {
                let weight = match config.time_shift_type.as_str() {
                    "linear" => F::of(mu),
                    _ => F::of(mu.exp()),
                };
                weight / (weight + (one / *sigma - one))
            }
        };
    }
    let terminal = config.shift_terminal.filter(|t| *t != 0.0);
    if let (Some(terminal), Some(last)) = (terminal, sigmas.last()) {
        let factor = (one - *last) / F::of(1.0 - terminal);
        for sigma in &mut sigmas {
            *sigma = one - (one - *sigma) / factor;
        }
    }
    sigmas
}

fn static_shift<F: Real>(sigma: F, shift: f64) -> F {
    F::of(shift) * sigma / (F::of(1.0) + F::of(shift - 1.0) * sigma)
}

/// Other spacings between the same ends.
fn respace(config: &SchedulerConfig, sigmas: Vec<f64>) -> Vec<f64> {
    let (Some(&high), Some(&low)) = (sigmas.first(), sigmas.last()) else {
        return sigmas;
    };
    if config.use_karras_sigmas {
        let (low, high) = (low.powf(1.0 / RHO), high.powf(1.0 / RHO));
        let ramp = linspace(0.0, 1.0, sigmas.len());
        let at = |t| f64::powf(high + t * (low - high), RHO);
        ramp.into_iter().map(at).collect()
    } else if config.use_exponential_sigmas {
        let logarithms = linspace(high.ln(), low.ln(), sigmas.len());
        logarithms.into_iter().map(f64::exp).collect()
    } else {
        sigmas
    }
}

fn widen(values: Vec<f32>) -> Vec<f64> {
    values.into_iter().map(f64::from).collect()
}

/// f32 or f64.
trait Real:
    Copy + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self> + Div<Output = Self>
{
    fn of(value: f64) -> Self;
}

impl Real for f32 {
    fn of(value: f64) -> Self {
        value as f32
    }
}

impl Real for f64 {
    fn of(value: f64) -> Self {
        value
    }
}
