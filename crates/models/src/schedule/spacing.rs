//! Where the steps of a schedule lie before it is shifted, and how far it is shifted.

use super::config::SchedulerConfig;

/// `count` numbers from `start` to `stop`, both included.
pub fn linspace(start: f64, stop: f64, count: usize) -> Vec<f64> {
    let step = (stop - start) / count.saturating_sub(1).max(1) as f64;
    (0..count)
        .map(|i| match i {
            0 => start,
            _ if i + 1 == count => stop,
            _ => i as f64 * step + start,
        })
        .collect()
}

/// 1 … 1/steps, what `LTXPipeline` starts from.
pub fn uniform_sigmas(steps: usize) -> Vec<f64> {
    linspace(1.0, 1.0 / steps.max(1) as f64, steps)
}

/// The sigmas that `LTXConditionPipeline` starts from: the first half of the steps takes the first
/// 2.5 % of the way, the rest goes faster and faster.
pub fn linear_quadratic(steps: usize) -> Vec<f32> {
    const THRESHOLD: f64 = 0.025;
    if steps < 2 {
        return vec![1.0];
    }
    let (count, linear) = (steps as f64, (steps / 2) as f64);
    let quadratic = count - linear;
    let difference = linear - THRESHOLD * count;
    let square = difference / (linear * quadratic.powi(2));
    let slope = THRESHOLD / linear - 2.0 * difference / quadratic.powi(2);
    let constant = square * linear.powi(2);
    let travelled = |i: usize| {
        let i = i as f64;
        if i < linear {
            i * THRESHOLD / linear
        } else {
            square * i.powi(2) + slope * i + constant
        }
    };
    (0..steps).map(|i| (1.0 - travelled(i)) as f32).collect()
}

/// The shift exponent μ of a clip of `tokens` tokens, for a config with dynamic shifting.
pub fn calculate_shift(tokens: usize, config: &SchedulerConfig) -> f64 {
    let (low, high) = (
        config.base_image_seq_len as f64,
        config.max_image_seq_len as f64,
    );
    let base = config.base_shift.unwrap_or(0.5);
    let slope = (config.max_shift.unwrap_or(1.15) - base) / (high - low);
    tokens as f64 * slope + (base - slope * low)
}
