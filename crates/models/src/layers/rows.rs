//! Row-wise functions on the CPU: one pass over memory where a chain of tensor operations takes
//! several, on all threads. Loops are written so that the compiler can vectorise them.

use std::ops::Deref;

use candle_core::{
    CpuStorage, CustomOp1, DType, Layout, Result, Shape, Storage, Tensor, WithDType, bail,
};
use kinora_kernels::math;
use rayon::prelude::*;

/// Elements that one task handles at least.
const TASK: usize = 1 << 14;

/// Whether [`map_rows`] takes such tensors.
pub(crate) fn on_cpu(x: &Tensor) -> bool {
    x.device().is_cpu() && x.dtype() == DType::F32
}

/// `f(i, row, out)` for each row `i` (along the last dimension) of `x`, f32 on the CPU.
pub(crate) fn map_rows<F>(x: &Tensor, f: F) -> Result<Tensor>
where
    F: Fn(usize, &[f32], &mut [f32]) + Send + Sync,
{
    x.contiguous()?.apply_op1_no_bwd(&Map(f))
}

struct Map<F>(F);

impl<F: Fn(usize, &[f32], &mut [f32]) + Send + Sync> CustomOp1 for Map<F> {
    fn name(&self) -> &'static str {
        "map-rows"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (x, width) = (slice(x, layout)?, width(layout));
        let out = in_tasks(x.len(), width, |i, out| {
            (self.0)(i, &x[i * width..(i + 1) * width], out);
        });
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }
}

fn width(layout: &Layout) -> usize {
    layout.dims().last().copied().unwrap_or(1).max(1)
}

/// The values of a contiguous tensor.
pub(crate) fn slice<'a, T: WithDType>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [T]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<T>()?[start..end]),
        None => bail!("a kernel needs contiguous tensors"),
    }
}

/// A contiguous tensor of f32 on the CPU, held for as long as a kernel reads its values.
pub(crate) struct Values<'a, S>(S, &'a Layout);

impl<S: Deref<Target = Storage>> Values<'_, S> {
    pub fn slice(&self) -> Result<&[f32]> {
        slice(on_cpu_storage(&self.0)?, self.1)
    }
}

pub(crate) fn values(x: &Tensor) -> Values<'_, impl Deref<Target = Storage>> {
    let (storage, layout) = x.storage_and_layout();
    Values(storage, layout)
}

/// A storage that a kernel of the CPU can read.
pub(crate) fn on_cpu_storage(storage: &Storage) -> Result<&CpuStorage> {
    match storage {
        Storage::Cpu(storage) => Ok(storage),
        _ => bail!("a kernel of the CPU got a tensor of another device"),
    }
}

fn in_tasks(len: usize, width: usize, f: impl Fn(usize, &mut [f32]) + Sync) -> Vec<f32> {
    let mut out = vec![0.0; len];
    let rows = (TASK / width).max(1);
    let tasks = out.par_chunks_mut(rows * width).enumerate();
    tasks.for_each(|(task, chunk)| {
        for (i, out) in chunk.chunks_mut(width).enumerate() {
            f(task * rows + i, out);
        }
    });
    out
}

/// GELU of one row, approximated by the hyperbolic tangent.
pub(crate) fn gelu_row(row: &[f32], out: &mut [f32]) {
    for (out, &x) in out.iter_mut().zip(row) {
        *out = math::gelu(x);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;
    use proptest::prelude::*;

    fn close(ours: &Tensor, twin: &Tensor) -> bool {
        let distance = (ours - twin).and_then(|d| d.abs()?.flatten_all()?.max(0));
        distance
            .and_then(|d| d.to_scalar::<f32>())
            .expect("a number")
            < 2e-6
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn rows_agree_with_tensors(rows in 1..70usize, width in 1..70usize, scale in 0.1..30f32) {
            let x = Tensor::randn(0f32, scale, (rows, width), &Device::Cpu).expect("normal");
            let x = (x / f64::from(scale)).expect("scaled");
            let gelu = map_rows(&x, |_, row, out| gelu_row(row, out)).expect("rows");
            prop_assert!(close(&gelu, &x.gelu().expect("twin")));
            let index = map_rows(&x, |i, _, out| out.fill(i as f32)).expect("rows");
            let index = index.to_vec2::<f32>().expect("rows");
            prop_assert!(index.iter().enumerate().all(|(i, row)| row.iter().all(|v| *v == i as f32)));
        }
    }
}
