//! Root-mean-square norm over channels, modulation and SiLU in one pass.
//!
//! Where the reference rounds to the activations' type after each of the three, this computes them
//! in f32 and rounds once.

use candle_core::{CpuStorage, CustomOp2, D, DType, Layout, Shape, Tensor, bail};
use half::{bf16, f16};
use rayon::prelude::*;

const EPS: f64 = 1e-8;
/// Values that a thread takes at a time.
const GRAIN: usize = 1 << 14;

/// SiLU(norm(x) · (1 + scale) + shift) for x (b, …, c); `modulation` is (b, 2, c), f32: shift, then
/// scale.
pub fn norm_silu(x: &Tensor, modulation: Option<&Tensor>) -> candle_core::Result<Tensor> {
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
            .contiguous()?
            .apply_op2_no_bwd(&modulation.contiguous()?, &NormSilu),
        false => norm_silu_by_ops(x, modulation),
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

struct NormSilu;

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
        let (Some((start, end)), Some((m_start, m_end))) =
            (x_layout.contiguous_offsets(), m_layout.contiguous_offsets())
        else {
            bail!("norm-silu needs contiguous input");
        };
        let c = shape.dims()[shape.rank() - 1];
        let modulation = &modulation.as_slice::<f32>()?[m_start..m_end];
        let out = match x {
            CpuStorage::F32(x) => CpuStorage::F32(run(&x[start..end], modulation, c, |v| v, |v| v)),
            CpuStorage::BF16(x) => CpuStorage::BF16(run(
                &x[start..end],
                modulation,
                c,
                bf16::to_f32,
                bf16::from_f32,
            )),
            CpuStorage::F16(x) => CpuStorage::F16(run(
                &x[start..end],
                modulation,
                c,
                f16::to_f32,
                f16::from_f32,
            )),
            _ => bail!("norm-silu takes f32, bf16 or f16"),
        };
        Ok((out, shape))
    }
}

fn run<T: Copy + Default + Send + Sync>(
    x: &[T],
    modulation: &[f32],
    c: usize,
    widen: fn(T) -> f32,
    narrow: fn(f32) -> T,
) -> Vec<T> {
    let mut out = vec![T::default(); x.len()];
    let clips = modulation.len() / (2 * c);
    let per_clip = x.len() / clips.max(1);
    let grain = (GRAIN / c).max(1) * c;
    for (i, modulation) in modulation.chunks_exact(2 * c).enumerate() {
        let (shift, scale) = modulation.split_at(c);
        let span = i * per_clip..(i + 1) * per_clip;
        let x = x[span.clone()].par_chunks(grain);
        let out = out[span].par_chunks_mut(grain);
        out.zip(x).for_each(|(out, x)| {
            let mut row = vec![0f32; c];
            for (out, x) in out.chunks_exact_mut(c).zip(x.chunks_exact(c)) {
                row.iter_mut().zip(x).for_each(|(r, &x)| *r = widen(x));
                let mean = sum_of_squares(&row) / c as f32;
                let factor = 1.0 / (mean + EPS as f32).sqrt();
                for i in 0..c {
                    let v = row[i] * factor * (1.0 + scale[i]) + shift[i];
                    out[i] = narrow(v / (1.0 + (-v).exp()));
                }
            }
        });
    }
    out
}

/// In eight lanes, which is quicker and more exact than one running sum.
fn sum_of_squares(row: &[f32]) -> f32 {
    let mut lanes = [0f32; 8];
    let (head, tail) = row.as_chunks::<8>();
    for chunk in head {
        for (lane, v) in lanes.iter_mut().zip(chunk) {
            *lane += v * v;
        }
    }
    lanes.iter().sum::<f32>() + tail.iter().map(|v| v * v).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn one_pass_equals_tensor_operations() -> candle_core::Result<()> {
        for (dtype, tolerance) in [(DType::F32, 1e-6), (DType::BF16, 4e-3)] {
            let x = Tensor::randn(0f32, 2.0, (2, 3, 5, 7, 19), &Device::Cpu)?.to_dtype(dtype)?;
            let m = Tensor::randn(0f32, 0.5, (2, 2, 19), &Device::Cpu)?;
            let fused = norm_silu(&x, Some(&m))?.to_dtype(DType::F32)?;
            let plain = norm_silu_by_ops(&x, &m)?.to_dtype(DType::F32)?;
            let error = (fused - &plain)?.sqr()?.sum_all()?.to_scalar::<f32>()?;
            let norm = plain.sqr()?.sum_all()?.to_scalar::<f32>()?;
            assert!((error / norm).sqrt() <= tolerance, "{dtype:?}");
        }
        Ok(())
    }
}
