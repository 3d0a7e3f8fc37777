//! Normalisation over the last dimension, computed in f32.

use candle_core::{CpuStorage, CustomOp1, D, DType, Layout, Result, Shape, Tensor, bail};
use candle_nn::VarBuilder;
use kinora_kernels::{After, normalise};

use super::rows::{on_cpu, slice};

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
        match on_cpu(x) {
            true => self.forward_and(x, After::Nothing, DType::F32),
            false => self.tensor(x),
        }
    }

    /// On the CPU, for an `x` of f32: the norm and what follows it in the same pass, in `dtype`.
    pub fn forward_and(&self, x: &Tensor, after: After, dtype: DType) -> Result<Tensor> {
        let rows = Rows {
            norm: self,
            after,
            dtype,
        };
        x.contiguous()?.apply_op1_no_bwd(&rows)
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

struct Rows<'a> {
    norm: &'a Norm,
    after: After<'a>,
    dtype: DType,
}

impl CustomOp1 for Rows<'_> {
    fn name(&self) -> &'static str {
        "norm"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, shape) = (slice(x, layout)?, layout.shape().clone());
        let width = shape.dims().last().copied().unwrap_or(1);
        let (norm, eps) = match self.norm {
            Norm::Rms { weight, eps } => {
                let weight = weight.as_ref().map(|weight| weight.values.as_slice());
                (kinora_kernels::Norm::Rms(weight), *eps as f32)
            }
            Norm::Layer { eps } => (kinora_kernels::Norm::Layer, *eps as f32),
        };
        let out = match self.dtype {
            DType::F32 => CpuStorage::F32(normalise(x, width, norm, eps, self.after)),
            DType::BF16 => CpuStorage::BF16(normalise(x, width, norm, eps, self.after)),
            other => bail!("a norm to {other:?}"),
        };
        Ok((out, shape))
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
