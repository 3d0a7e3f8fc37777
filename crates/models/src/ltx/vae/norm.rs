//! Root-mean-square norm over channels, modulation and SiLU in one pass.
//!
//! Where the reference rounds to the activations' type after each of the three, this computes them
//! in f32 and rounds once.

use candle_core::{CpuStorage, CustomOp2, D, DType, Layout, Shape, Tensor, bail};

use crate::layers::slice;

const EPS: f64 = 1e-8;

/// SiLU(norm(x) · (1 + scale) + shift) for x (b, …, c), in `dtype`; `modulation` is (b, 2, c), f32: shift,
/// then scale.
pub fn norm_silu(
    x: &Tensor,
    modulation: Option<&Tensor>,
    dtype: DType,
) -> candle_core::Result<Tensor> {
    let (b, c) = (x.dim(0)?, x.dim(D::Minus1)?);
    let zeros;
    let modulation = match modulation {
        Some(modulation) => modulation,
        None => {
            zeros = Tensor::zeros((b, 2, c), DType::F32, x.device())?;
            &zeros
        }
    };
    match x.device().is_cpu() {
        true => x
            .to_dtype(DType::F32)?
            .contiguous()?
            .apply_op2_no_bwd(&modulation.contiguous()?, &NormSilu(dtype)),
        false => norm_silu_by_ops(x, modulation)?.to_dtype(dtype),
    }
}

/// The same from tensor operations, for any device.
fn norm_silu_by_ops(x: &Tensor, modulation: &Tensor) -> candle_core::Result<Tensor> {
    let (b, c) = (x.dim(0)?, x.dim(D::Minus1)?);
    let row = |i: usize| -> candle_core::Result<Tensor> {
        modulation.narrow(1, i, 1)?.reshape((b, 1, 1, 1, c))
    };
    let h = x.to_dtype(DType::F32)?;
    let variance = h.sqr()?.mean_keepdim(D::Minus1)?;
    let h = h.broadcast_div(&(variance + EPS)?.sqrt()?)?;
    let h = h
        .broadcast_mul(&(row(1)? + 1.0)?)?
        .broadcast_add(&row(0)?)?;
    h.silu()?.to_dtype(x.dtype())
}

/// To values of a type.
struct NormSilu(DType);

impl CustomOp2 for NormSilu {
    fn name(&self) -> &'static str {
        "norm-silu"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        modulation: &CpuStorage,
        m_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let shape = x_layout.shape().clone();
        let (x, modulation) = (slice::<f32>(x, x_layout)?, slice(modulation, m_layout)?);
        let (c, eps) = (shape.dims()[shape.rank() - 1], EPS as f32);
        let out = match self.0 {
            DType::F32 => CpuStorage::F32(kinora_kernels::norm_silu(x, modulation, c, eps)),
            DType::BF16 => CpuStorage::BF16(kinora_kernels::norm_silu(x, modulation, c, eps)),
            other => bail!("norm-silu to {other:?}"),
        };
        Ok((out, shape))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn one_pass_equals_tensor_operations() -> candle_core::Result<()> {
        for (dtype, tolerance) in [(DType::F32, 1e-6), (DType::BF16, 4e-3)] {
            let x = Tensor::randn(0f32, 2.0, (2, 3, 5, 7, 19), &Device::Cpu)?;
            let m = Tensor::randn(0f32, 0.5, (2, 2, 19), &Device::Cpu)?;
            let fused = norm_silu(&x, Some(&m), dtype)?;
            assert_eq!(fused.dtype(), dtype);
            let fused = fused.to_dtype(DType::F32)?;
            let plain = norm_silu_by_ops(&x, &m)?;
            let error = (fused - &plain)?.sqr()?.sum_all()?.to_scalar::<f32>()?;
            let norm = plain.sqr()?.sum_all()?.to_scalar::<f32>()?;
            assert!((error / norm).sqrt() <= tolerance, "{dtype:?}");
        }
        Ok(())
    }
}
