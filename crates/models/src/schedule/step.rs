//! Steps along a schedule, on tensors. Samples are f32 between steps.

use candle_core::{DType, Tensor};

use crate::error::{Error, Result};

/// A token's sigma counts as passed from this far above it.
const PASSED: f32 = 1e-6;

/// `sample + (next − sigma) · output`, in the dtype of `output`; both tensors of one shape.
pub fn euler_step(sample: &Tensor, output: &Tensor, sigma: f32, next: f32) -> Result<Tensor> {
    let dtype = output.dtype();
    let moved = (output.to_dtype(DType::F32)? * f64::from(next - sigma))?;
    // Rounded to the output's dtype before it is added, as the reference does.
    let moved = moved.to_dtype(dtype)?.to_dtype(DType::F32)?;
    Ok((sample.to_dtype(DType::F32)? + moved)?.to_dtype(dtype)?)
}

/// The step of `LTXConditionPipeline`, in which each token goes from its own sigma to the next
/// lower one: `sample + (sigma − next) · output`, f32. `output` is the *negated* prediction,
/// `sample` and `output` (b, n, c), `timesteps` (b, n) or (b, 1) of 0 … `num_train_timesteps`.
pub fn token_step(
    sample: &Tensor,
    output: &Tensor,
    timesteps: &Tensor,
    (sigmas, num_train_timesteps): (&[f32], usize),
) -> Result<Tensor> {
    let (batch, n, _) = sample.dims3()?;
    let shape = timesteps.dims2()?;
    if shape != (batch, n) && shape != (batch, 1) {
        return Err(Error::input(
            format!("the timesteps have shape {shape:?}, not ({batch}, {n})"),
            "give one timestep for each token",
        ));
    }
    let distances = timesteps
        .to_dtype(DType::F32)?
        .flatten_all()?
        .to_vec1::<f32>()?
        .into_iter()
        .map(|t| {
            let sigma = t / num_train_timesteps as f32;
            sigma - next_sigma(sigmas, sigma)
        });
    let distances: Vec<f32> = distances.collect();
    let distances = Tensor::from_vec(distances, (shape.0, shape.1, 1), sample.device())?;
    let moved = output.to_dtype(DType::F32)?.broadcast_mul(&distances)?;
    Ok((sample.to_dtype(DType::F32)? + moved)?)
}

/// The largest of `sigmas` that lies below `sigma`; 0 where none does.
pub fn next_sigma(sigmas: &[f32], sigma: f32) -> f32 {
    let below = sigmas.iter().copied().filter(|s| *s < sigma - PASSED);
    below.fold(0.0, f32::max)
}

/// `sigma · noise + (1 − sigma) · sample`.
pub fn add_noise(sample: &Tensor, noise: &Tensor, sigma: f32) -> Result<Tensor> {
    let kept = (sample * f64::from(1.0 - sigma))?;
    Ok(((noise * f64::from(sigma))? + kept)?)
}
