//! Convolution over time, height and width, of channels-last video.
//!
//! Each output position's neighbourhood is a row of a patch matrix, and the convolution is that
//! matrix times the weights. The matrix is made and used a block of rows at a time: whole, it would
//! be 27 times the clip.

use candle_core::{CpuStorage, CustomOp1, DType, Layout, Shape, Tensor, bail};
use candle_nn::VarBuilder;
use half::{bf16, f16};
use rayon::prelude::*;

/// Values of a block of patches on a CPU: about what its second-level caches hold.
const CPU_BLOCK: usize = 1 << 20;
/// Values of a block of patches on a GPU.
const GPU_BLOCK: usize = 1 << 26;

/// Size, step and zero padding of a kernel, along time, height and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv3dSpec {
    pub kernel: [usize; 3],
    pub stride: [usize; 3],
    pub padding: [usize; 3],
}

impl Conv3dSpec {
    /// A cube of side 3 that keeps the size of its input, with zeros around it.
    pub const CUBE: Self = Self {
        kernel: [3, 3, 3],
        stride: [1, 1, 1],
        padding: [1, 1, 1],
    };

    /// Output size for an input size (t, h, w), none of which the kernel exceeds.
    fn output(&self, size: [usize; 3]) -> candle_core::Result<[usize; 3]> {
        let mut out = [0; 3];
        for axis in 0..3 {
            let padded = size[axis] + 2 * self.padding[axis];
            if padded < self.kernel[axis] {
                bail!(
                    "a convolution of {:?} got only {size:?} (t, h, w)",
                    self.kernel
                );
            }
            out[axis] = (padded - self.kernel[axis]) / self.stride[axis] + 1;
        }
        Ok(out)
    }
}

/// A 3-D convolution with bias.
#[derive(Debug, Clone)]
pub struct Conv3d {
    spec: Conv3dSpec,
    /// (taps · c_in, c_out)
    weight: Tensor,
    /// (c_out)
    bias: Tensor,
}

impl Conv3d {
    /// Reads `weight` (c_out, c_in, kt, kh, kw) and `bias` (c_out).
    pub fn load(
        c_in: usize,
        c_out: usize,
        spec: Conv3dSpec,
        vb: VarBuilder,
    ) -> candle_core::Result<Self> {
        let [kt, kh, kw] = spec.kernel;
        let weight = vb.get((c_out, c_in, kt, kh, kw), "weight")?;
        Self::new(&weight, &vb.get(c_out, "bias")?, spec)
    }

    /// From `weight` (c_out, c_in, kt, kh, kw) and `bias` (c_out).
    pub fn new(weight: &Tensor, bias: &Tensor, spec: Conv3dSpec) -> candle_core::Result<Self> {
        let (c_out, c_in, kt, kh, kw) = weight.dims5()?;
        if [kt, kh, kw] != spec.kernel {
            bail!(
                "weights of a {kt}×{kh}×{kw} kernel given for {:?}",
                spec.kernel
            );
        }
        let weight = weight
            .permute((2, 3, 4, 1, 0))? // (kt, kh, kw, c_in, c_out)
            .contiguous()?
            .reshape((kt * kh * kw * c_in, c_out))?;
        let bias = bias.clone();
        Ok(Self { spec, weight, bias })
    }

    /// The convolution that a clip meets in which all frames under the kernel are alike: a kernel of
    /// one frame, for a third of the work.
    pub fn still(&self) -> candle_core::Result<Self> {
        let [kt, kh, kw] = self.spec.kernel;
        let (k, c_out) = self.weight.dims2()?;
        let weight = self.weight.reshape((kt, k / kt, c_out))?;
        Ok(Self {
            spec: Conv3dSpec {
                kernel: [1, kh, kw],
                stride: self.spec.stride,
                padding: self.spec.padding,
            },
            // Stays in f32: rounded again, the sum would be worse than its parts.
            weight: weight.to_dtype(DType::F32)?.sum(0)?,
            bias: self.bias.clone(),
        })
    }

    /// (b, t, h, w, c_in) to (b, t', h', w', c_out).
    pub fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let (b, t, h, w, c_in) = x.dims5()?;
        let [kt, kh, kw] = self.spec.kernel;
        let (k, c_out) = self.weight.dims2()?;
        if k != kt * kh * kw * c_in {
            bail!(
                "a convolution of {} channels got {c_in}",
                k / (kt * kh * kw)
            );
        }
        let [t_out, h_out, w_out] = self.spec.output([t, h, w])?;
        let rows = b * t_out * h_out; // of w_out positions each
        // CPU matrix products are quickest and most exact in f32, whatever the weights' type.
        let on_cpu = x.device().is_cpu();
        let (compute, block) = match on_cpu {
            true => (DType::F32, CPU_BLOCK),
            false => (x.dtype(), GPU_BLOCK),
        };
        let (weight, bias) = (self.weight.to_dtype(compute)?, self.bias.to_dtype(compute)?);
        let padded = match on_cpu {
            true => x.contiguous()?,
            false => self.pad(x)?,
        };
        let out = Tensor::zeros((rows * w_out, c_out), x.dtype(), x.device())?;
        let step = (block / (k * w_out)).clamp(1, rows);
        for start in (0..rows).step_by(step) {
            let rows = start..(start + step).min(rows);
            let patches = match on_cpu {
                true => padded.apply_op1_no_bwd(&Patches {
                    spec: self.spec,
                    rows,
                })?,
                false => self.patches_by_ops(&padded, rows, [t_out, h_out, w_out])?,
            };
            let y = patches.matmul(&weight)?.broadcast_add(&bias)?;
            out.slice_set(&y.to_dtype(x.dtype())?, 0, start * w_out)?;
        }
        out.reshape((b, t_out, h_out, w_out, c_out))
    }

    fn pad(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let [t, h, w] = self.spec.padding;
        x.pad_with_zeros(1, t, t)?
            .pad_with_zeros(2, h, h)?
            .pad_with_zeros(3, w, w)
    }

    /// Rows `rows` of the patch matrix of a padded x (b, t, h, w, c), from tensor operations.
    fn patches_by_ops(
        &self,
        x: &Tensor,
        rows: std::ops::Range<usize>,
        out: [usize; 3],
    ) -> candle_core::Result<Tensor> {
        let (_, t, h, _, c) = x.dims5()?;
        let lines = x.flatten(0, 2)?; // (b·t·h, w, c)
        let [kt, kh, kw] = self.spec.kernel;
        let [st, sh, sw] = self.spec.stride;
        let mut taps = Vec::with_capacity(kt * kh * kw);
        for dt in 0..kt {
            for dh in 0..kh {
                let index = rows.clone().map(|row| {
                    let (b, to, ho) =
                        (row / (out[1] * out[0]), row / out[1] % out[0], row % out[1]);
                    ((b * t + to * st + dt) * h + ho * sh + dh) as u32
                });
                let index = Tensor::from_iter(index, x.device())?;
                let lines = lines.index_select(&index, 0)?; // (rows, w, c)
                for dw in 0..kw {
                    taps.push(match sw {
                        1 => lines.narrow(1, dw, out[2])?.contiguous()?,
                        _ => {
                            let columns = (0..out[2]).map(|w| (w * sw + dw) as u32);
                            let columns = Tensor::from_iter(columns, x.device())?;
                            lines.index_select(&columns, 1)?
                        }
                    });
                }
            }
        }
        Tensor::cat(&taps, 2)?.reshape((rows.len() * out[2], taps.len() * c))
    }
}

/// Rows of the patch matrix of x (b, t, h, w, c), in f32: (rows · w_out, taps · c).
struct Patches {
    spec: Conv3dSpec,
    /// Output lines, counted over b, t and h.
    rows: std::ops::Range<usize>,
}

impl CustomOp1 for Patches {
    fn name(&self) -> &'static str {
        "conv3d-patches"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let Some((start, end)) = layout.contiguous_offsets() else {
            bail!("conv3d-patches needs contiguous input");
        };
        let dims = layout.shape().dims5()?;
        let (patches, shape) = match storage {
            CpuStorage::F32(x) => self.gather(&x[start..end], dims, |from, to| {
                to.copy_from_slice(from);
            })?,
            CpuStorage::BF16(x) => self.gather(&x[start..end], dims, |from, to| {
                to.iter_mut()
                    .zip(from)
                    .for_each(|(to, from)| *to = bf16::to_f32(*from));
            })?,
            CpuStorage::F16(x) => self.gather(&x[start..end], dims, |from, to| {
                to.iter_mut()
                    .zip(from)
                    .for_each(|(to, from)| *to = f16::to_f32(*from));
            })?,
            _ => bail!("conv3d-patches takes f32, bf16 or f16"),
        };
        Ok((CpuStorage::F32(patches), shape))
    }
}

impl Patches {
    fn gather<T: Sync>(
        &self,
        x: &[T],
        (_, t, h, w, c): (usize, usize, usize, usize, usize),
        copy: impl Fn(&[T], &mut [f32]) + Sync,
    ) -> candle_core::Result<(Vec<f32>, Shape)> {
        let [kt, kh, kw] = self.spec.kernel;
        let [st, sh, sw] = self.spec.stride;
        let [pt, ph, pw] = self.spec.padding;
        let [t_out, h_out, w_out] = self.spec.output([t, h, w])?;
        let k = kt * kh * kw * c;
        let mut patches = vec![0f32; self.rows.len() * w_out * k];
        let lines = patches.par_chunks_exact_mut(w_out * k);
        lines.zip(self.rows.clone()).for_each(|(line, row)| {
            let (b, to, ho) = (row / (h_out * t_out), row / h_out % t_out, row % h_out);
            for (tap, (dt, dh)) in (0..kt)
                .flat_map(|dt| (0..kh).map(move |dh| (dt, dh)))
                .enumerate()
            {
                // Coordinates within the padding leave the zeros as they are.
                let (ti, hi) = (to * st + dt, ho * sh + dh);
                if ti < pt || ti >= t + pt || hi < ph || hi >= h + ph {
                    continue;
                }
                let from = &x[((b * t + ti - pt) * h + hi - ph) * w * c..][..w * c];
                for (wo, patch) in line.chunks_exact_mut(k).enumerate() {
                    let first = (wo * sw).max(pw) - pw;
                    let skip = pw.saturating_sub(wo * sw);
                    let n = (kw - skip).min(w - first);
                    let to = &mut patch[(tap * kw + skip) * c..][..n * c];
                    copy(&from[first * c..][..n * c], to);
                }
            }
        });
        Ok((patches, (self.rows.len() * w_out, k).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;
    use proptest::prelude::*;

    /// The definition, in f64.
    fn by_definition(x: &Tensor, weight: &Tensor, bias: &Tensor, spec: Conv3dSpec) -> Vec<f64> {
        let (b, t, h, w, c_in) = x.dims5().expect("rank 5");
        let (c_out, ..) = weight.dims5().expect("rank 5");
        let values = |x: &Tensor| -> Vec<f64> {
            let x = x
                .to_dtype(DType::F64)
                .and_then(|x| x.flatten_all()?.to_vec1());
            x.expect("numbers")
        };
        let (x, weight, bias) = (values(x), values(weight), values(bias));
        let [kt, kh, kw] = spec.kernel;
        let out = spec.output([t, h, w]).expect("fits");
        let inside = |o: usize, axis: usize, d: usize, size: usize| {
            (o * spec.stride[axis] + d)
                .checked_sub(spec.padding[axis])
                .filter(|&i| i < size)
        };
        let mut y = Vec::new();
        for index in 0..b * out[0] * out[1] * out[2] * c_out {
            let (rest, co) = (index / c_out, index % c_out);
            let (rest, wo) = (rest / out[2], rest % out[2]);
            let (rest, ho) = (rest / out[1], rest % out[1]);
            let (b, to) = (rest / out[0], rest % out[0]);
            let mut sum = bias[co];
            for tap in 0..kt * kh * kw {
                let (dt, dh, dw) = (tap / (kh * kw), tap / kw % kh, tap % kw);
                let place = (
                    inside(to, 0, dt, t),
                    inside(ho, 1, dh, h),
                    inside(wo, 2, dw, w),
                );
                if let (Some(ti), Some(hi), Some(wi)) = place {
                    for ci in 0..c_in {
                        sum += x[(((b * t + ti) * h + hi) * w + wi) * c_in + ci]
                            * weight[(co * c_in + ci) * kt * kh * kw + tap];
                    }
                }
            }
            y.push(sum);
        }
        y
    }

    fn relative_l2(y: &Tensor, expected: &[f64]) -> f64 {
        let y = y
            .to_dtype(DType::F64)
            .and_then(|y| y.flatten_all()?.to_vec1::<f64>());
        let y = y.expect("numbers");
        assert_eq!(y.len(), expected.len());
        let error: f64 = y.iter().zip(expected).map(|(y, e)| (y - e).powi(2)).sum();
        (error / expected.iter().map(|e| e * e).sum::<f64>()).sqrt()
    }

    fn check(dims: [usize; 5], c_out: usize, spec: Conv3dSpec) -> candle_core::Result<()> {
        let device = Device::Cpu;
        let [kt, kh, kw] = spec.kernel;
        let x = Tensor::randn(0f32, 1.0, &dims, &device)?;
        let weight = Tensor::randn(0f32, 1.0, (c_out, dims[4], kt, kh, kw), &device)?;
        let bias = Tensor::randn(0f32, 1.0, c_out, &device)?;
        let conv = Conv3d::new(&weight, &bias, spec)?;
        let expected = by_definition(&x, &weight, &bias, spec);
        assert!(relative_l2(&conv.forward(&x)?, &expected) < 1e-6);
        // What a GPU does, done on the CPU.
        let out = spec.output([dims[1], dims[2], dims[3]])?;
        let rows = dims[0] * out[0] * out[1];
        let patches = conv.patches_by_ops(&conv.pad(&x)?, 0..rows, out)?;
        let y = patches.matmul(&conv.weight)?.broadcast_add(&bias)?;
        assert!(relative_l2(&y, &expected) < 1e-6);
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..Default::default() })]
        #[test]
        fn equals_its_definition(
            dims in prop::array::uniform5(1usize..6),
            c_out in 1usize..9,
            cube in prop::array::uniform3(prop::bool::ANY),
            stride in prop::array::uniform3(1usize..3),
            pad in prop::array::uniform3(prop::bool::ANY),
        ) {
            let kernel = cube.map(|cube| if cube { 3 } else { 1 });
            let mut padding = [0; 3];
            for axis in 0..3 {
                let small = dims[axis + 1] < kernel[axis];
                padding[axis] = usize::from(kernel[axis] == 3 && (pad[axis] || small));
            }
            let spec = Conv3dSpec { kernel, stride, padding };
            check(dims, c_out, spec).expect("computes");
        }
    }

    #[test]
    fn many_blocks_equal_one() -> candle_core::Result<()> {
        check([1, 3, 24, 40, 48], 5, Conv3dSpec::CUBE)
    }
}
