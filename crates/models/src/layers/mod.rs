//! Layers that more than one network uses.

mod attention;
pub mod conv3d;
mod linear;
mod norm;
mod rows;
pub(crate) mod sinusoids;
#[cfg(test)]
mod views;

pub(crate) use attention::{AttentionBias, AttentionSpec, attention};
pub(crate) use linear::Linear;
pub(crate) use norm::Norm;
pub(crate) use rows::{gelu_row, map_rows, on_cpu, slice, values};

use candle_core::{DType, Device, Result, Tensor};

/// The weights' type in which networks are fastest on this CPU.
pub fn cpu_dtype() -> DType {
    match kinora_kernels::Path::best().gains_from_bf16() {
        true => DType::BF16,
        false => DType::F32,
    }
}

/// What this CPU's threads can multiply and add at most in a type, in GFLOP/s: measured now, in a few hundredths of a second.
pub fn cpu_peak_gflops(dtype: DType) -> f64 {
    let path = kinora_kernels::Path::best();
    match dtype {
        DType::BF16 => kinora_kernels::peak::machine_gflops::<half::bf16>(path),
        _ => kinora_kernels::peak::machine_gflops::<f32>(path),
    }
}

/// Seconds that an operation with products in a type takes on this CPU, measured now, and the bytes that must come and go for it.
pub fn cpu_seconds_and_bytes(op: &kinora_kernels::bench::Op, dtype: DType) -> (f64, f64) {
    let path = kinora_kernels::Path::best();
    match dtype {
        DType::BF16 => (op.seconds::<half::bf16>(path), op.bytes::<half::bf16>()),
        _ => (op.seconds::<f32>(path), op.bytes::<f32>()),
    }
}

/// The dtype that activations take. On a CPU it is f32 whatever the weights are: only the factors of a
/// product are rounded there, and one rounding less at every layer is worth the memory.
pub(crate) fn activation_dtype(weights: DType, device: &Device) -> DType {
    if device.is_cpu() { DType::F32 } else { weights }
}

/// GELU approximated by the hyperbolic tangent.
pub(crate) fn gelu(x: &Tensor) -> Result<Tensor> {
    if on_cpu(x) {
        map_rows(x, |_, row, out| gelu_row(row, out))
    } else {
        x.gelu()
    }
}
