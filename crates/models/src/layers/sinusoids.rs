//! What a timestep is to a network: cosines, then sines, of it at 128 frequencies.

use candle_core::{Device, Result, Tensor};

pub(crate) const CHANNELS: usize = 256;
const MAX_PERIOD: f64 = 10_000.0;

/// The frequencies at which the reference's exponential, PyTorch's on a CPU, lies one ulp above the nearest f32: at t = 1000
/// that moves the sine by 3e-5.
const ULP_UP: [usize; 2] = [12, 106];

/// Timesteps (u) as (u, 256). The roundings to f32 are the reference's.
pub(crate) fn of(timesteps: &[f32], device: &Device) -> Result<Tensor> {
    let half = CHANNELS / 2;
    let frequency = |i: usize| {
        let exponent = -(MAX_PERIOD.ln() as f32) * i as f32 / half as f32;
        let nearest = f64::from(exponent).exp() as f32;
        match ULP_UP.contains(&i) {
            true => nearest.next_up(),
            false => nearest,
        }
    };
    let frequencies: Vec<f32> = (0..half).map(frequency).collect();
    let mut values = Vec::with_capacity(timesteps.len() * CHANNELS);
    for t in timesteps {
        let angles = frequencies.iter().map(|f| f64::from(t * f));
        values.extend(angles.clone().map(|angle| angle.cos() as f32));
        values.extend(angles.map(|angle| angle.sin() as f32));
    }
    Tensor::from_vec(values, (timesteps.len(), CHANNELS), device)
}
