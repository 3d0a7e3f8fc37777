//! Row-wise functions on the CPU: one pass over memory where a chain of tensor operations takes
//! several, on all threads. Loops are written so that the compiler can vectorise them.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, DType, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

/// Elements that one task handles at least.
const TASK: usize = 1 << 14;
/// Sums and maxima that run side by side.
const LANES: usize = 8;

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

/// `f(i, row of x, row of y, out)` for each row `i` of two tensors of one shape, f32 on the CPU.
pub(crate) fn zip_rows<F>(x: &Tensor, y: &Tensor, f: F) -> Result<Tensor>
where
    F: Fn(usize, &[f32], &[f32], &mut [f32]) + Send + Sync,
{
    if x.dims() != y.dims() {
        bail!("rows of {:?} and {:?}", x.dims(), y.dims());
    }
    x.contiguous()?.apply_op2_no_bwd(&y.contiguous()?, &Zip(f))
}

struct Map<F>(F);
struct Zip<F>(F);

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

impl<F: Fn(usize, &[f32], &[f32], &mut [f32]) + Send + Sync> CustomOp2 for Zip<F> {
    fn name(&self) -> &'static str {
        "zip-rows"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        layout: &Layout,
        y: &CpuStorage,
        y_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, y, width) = (slice(x, layout)?, slice(y, y_layout)?, width(layout));
        let out = in_tasks(x.len(), width, |i, out| {
            let row = i * width..(i + 1) * width;
            (self.0)(i, &x[row.clone()], &y[row], out);
        });
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }
}

fn width(layout: &Layout) -> usize {
    layout.dims().last().copied().unwrap_or(1).max(1)
}

fn slice<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<f32>()?[start..end]),
        None => bail!("rows need contiguous tensors"),
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

/// Softmax of one row.
pub(crate) fn softmax_row(row: &[f32], out: &mut [f32]) {
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let max = reduce(row, f32::NEG_INFINITY, larger, |x| x);
    for (out, x) in out.iter_mut().zip(row) {
        *out = exp(x - max);
    }
    let factor = 1.0 / reduce(out, 0.0, |a, b| a + b, |x| x);
    for out in out {
        *out *= factor;
    }
}

/// `x · Φ(x)` with Φ approximated by the hyperbolic tangent, of one row.
pub(crate) fn gelu_row(row: &[f32], out: &mut [f32]) {
    // ½(1 + tanh u) = 1 / (1 + exp(−2u))
    const TWO_OVER_PI_ROOT: f32 = 0.797_884_6;
    for (out, &x) in out.iter_mut().zip(row) {
        let u = TWO_OVER_PI_ROOT * (x + 0.044_715 * x * x * x);
        *out = x / (1.0 + exp(-2.0 * u));
    }
}

/// Sum of `f(x)` over a row.
pub(crate) fn sum(row: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    reduce(row, 0.0, |a, b| a + b, f)
}

fn reduce(row: &[f32], zero: f32, join: impl Fn(f32, f32) -> f32, f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [zero; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = join(*lane, f(*x));
        }
    }
    let rest = rest.iter().fold(zero, |a, x| join(a, f(*x)));
    lanes.into_iter().fold(rest, join)
}

/// e^x within 2 ulp; below −87 a number of that size instead of 0.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Adding and taking away 1.5 · 2²³ rounds to a whole number, whose bits stay readable.
    const ROUND: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    // A minimax polynomial of e^r over ±½ ln 2 (Cephes).
    let p = 1.987_569_1e-4 * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let y = p * r * r + r + 1.0;
    let exponent = rounded
        .to_bits()
        .wrapping_sub(ROUND.to_bits())
        .wrapping_add(127);
    y * f32::from_bits(exponent << 23)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;
    use proptest::prelude::*;

    #[test]
    fn exp_is_exact_enough() {
        let mut worst = 0.0f64;
        for i in -86_000..88_000 {
            let x = i as f32 / 1000.0;
            let exact = f64::from(x).exp();
            worst = worst.max((f64::from(exp(x)) / exact - 1.0).abs());
        }
        assert!(worst < 2.0 * f64::from(f32::EPSILON), "{worst:e}");
        assert!(exp(-1e30) < 1e-37 && exp(f32::NAN).is_nan());
    }

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
            let softmax = map_rows(&x, |_, row, out| softmax_row(row, out)).expect("rows");
            prop_assert!(close(&softmax, &candle_nn::ops::softmax_last_dim(&x).expect("twin")));
            let x = (x / f64::from(scale)).expect("scaled");
            let gelu = map_rows(&x, |_, row, out| gelu_row(row, out)).expect("rows");
            prop_assert!(close(&gelu, &x.gelu().expect("twin")));
            let index = zip_rows(&x, &x, |i, _, _, out| out.fill(i as f32)).expect("rows");
            let index = index.to_vec2::<f32>().expect("rows");
            prop_assert!(index.iter().enumerate().all(|(i, row)| row.iter().all(|v| *v == i as f32)));
        }
    }
}
