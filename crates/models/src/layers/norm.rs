//! Normalisation over the last dimension, computed in f32.

use candle_core::{D, DType, Result, Tensor};
use candle_nn::VarBuilder;

/// Root-mean-square normalisation, with or without a learned scale.
pub(crate) struct RmsNorm {
    weight: Option<Tensor>,
    eps: f64,
}

impl RmsNorm {
    pub fn load(dim: usize, eps: f64, vb: VarBuilder) -> Result<Self> {
        let weight = vb.get(dim, "weight")?.to_dtype(DType::F32)?;
        Ok(Self {
            weight: Some(weight),
            eps,
        })
    }

    pub fn plain(eps: f64) -> Self {
        Self { weight: None, eps }
    }

    /// `x` (…, dim) → the same shape and dtype.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let dtype = x.dtype();
        let x = x.to_dtype(DType::F32)?;
        let mean_square = x.sqr()?.mean_keepdim(D::Minus1)?;
        let y = x.broadcast_div(&(mean_square + self.eps)?.sqrt()?)?;
        let y = match &self.weight {
            Some(weight) => y.broadcast_mul(weight)?,
            None => y,
        };
        y.to_dtype(dtype)
    }
}

/// Normalisation to mean 0 and variance 1 over the last dimension, without parameters.
pub(crate) fn layer_norm(x: &Tensor, eps: f64) -> Result<Tensor> {
    let dtype = x.dtype();
    let x = x.to_dtype(DType::F32)?;
    let x = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = x.sqr()?.mean_keepdim(D::Minus1)?;
    x.broadcast_div(&(variance + eps)?.sqrt()?)?.to_dtype(dtype)
}
