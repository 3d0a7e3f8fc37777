//! Normalisation over the last dimension, computed in f32.

use candle_core::{D, DType, Result, Tensor};
use candle_nn::VarBuilder;

use super::rows::{map_rows, on_cpu, sum};

/// A normalisation that maps a row to a row of the same width.
pub(crate) enum Norm {
    /// To a root mean square of 1, with or without a learned scale.
    Rms { weight: Option<Weight>, eps: f64 },
    /// To mean 0 and variance 1.
    Layer { eps: f64 },
}

/// A learned scale, f32: for tensors, and at hand for rows on the CPU.
pub(crate) struct Weight {
    tensor: Tensor,
    values: Vec<f32>,
}

impl Norm {
    /// Root mean square with a learned scale.
    pub fn rms(dim: usize, eps: f64, vb: VarBuilder) -> Result<Self> {
        let tensor = vb.get(dim, "weight")?.to_dtype(DType::F32)?;
        let values = tensor.to_vec1()?;
        let weight = Some(Weight { tensor, values });
        Ok(Self::Rms { weight, eps })
    }

    /// `x` (…, dim) → the same shape and dtype.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if on_cpu(x) {
            map_rows(x, |_, row, out| self.row(row, out))
        } else {
            self.tensor(x)
        }
    }

    /// One row on the CPU.
    #[inline]
    pub fn row(&self, row: &[f32], out: &mut [f32]) {
        let width = row.len() as f32;
        match self {
            Self::Rms { weight, eps } => {
                let mean_square = sum(row, |x| x * x) / width;
                let factor = 1.0 / (mean_square + *eps as f32).sqrt();
                match weight {
                    Some(weight) => {
                        for ((out, x), w) in out.iter_mut().zip(row).zip(&weight.values) {
                            *out = x * factor * w;
                        }
                    }
                    None => {
                        for (out, x) in out.iter_mut().zip(row) {
                            *out = x * factor;
                        }
                    }
                }
            }
            Self::Layer { eps } => {
                let mean = sum(row, |x| x) / width;
                let variance = sum(row, |x| (x - mean) * (x - mean)) / width;
                let factor = 1.0 / (variance + *eps as f32).sqrt();
                for (out, x) in out.iter_mut().zip(row) {
                    *out = (x - mean) * factor;
                }
            }
        }
    }

    /// The same with tensor operations, for any device.
    fn tensor(&self, x: &Tensor) -> Result<Tensor> {
        let dtype = x.dtype();
        let x = x.to_dtype(DType::F32)?;
        let (x, eps) = match self {
            Self::Rms { eps, .. } => (x, eps),
            Self::Layer { eps } => (x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?, eps),
        };
        let mean_square = x.sqr()?.mean_keepdim(D::Minus1)?;
        let y = x.broadcast_div(&(mean_square + *eps)?.sqrt()?)?;
        let y = match self {
            Self::Rms {
                weight: Some(weight),
                ..
            } => y.broadcast_mul(&weight.tensor)?,
            _ => y,
        };
        y.to_dtype(dtype)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn rows_agree_with_tensors() {
        let x = Tensor::randn(0.3f32, 2.0, (3, 5, 37), &Device::Cpu).expect("normal");
        let tensor = Tensor::randn(1f32, 0.2, 37, &Device::Cpu).expect("normal");
        let values = tensor.to_vec1().expect("f32");
        let weight = Some(Weight { tensor, values });
        let plain = Norm::Rms {
            weight: None,
            eps: 1e-6,
        };
        for norm in [
            Norm::Rms { weight, eps: 1e-5 },
            plain,
            Norm::Layer { eps: 1e-6 },
        ] {
            let difference = (norm.forward(&x).expect("rows") - norm.tensor(&x).expect("twin"))
                .and_then(|d| d.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>());
            assert!(difference.expect("a number") < 2e-6);
        }
    }
}
