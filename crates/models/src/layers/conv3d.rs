//! Convolution over time, height and width, of channels-last video.
//!
//! Each output position's neighbourhood is a row of a patch matrix, and the convolution is that
//! matrix times the weights. On a CPU the matrix is never made: our own kernel gathers its rows, or does
//! with a quarter of the products where the kernel is 3 × 3 pixels and the picture large enough.

use std::sync::{Arc, OnceLock};

use candle_core::{DType, Tensor, WithDType, bail};
use candle_nn::VarBuilder;
use half::bf16;
use kinora_kernels::{
    Element, Finish, Frames, Packed, Patches, Path, Place, Residual, Window, Winograd, multiply,
};

use super::rows::{on_cpu_storage, values};

/// Values of a block of patches on a GPU.
const BLOCK: usize = 1 << 26;
/// Bytes of weights at Winograd's points: beyond, they would cost more memory than they save time.
const WINOGRAD: usize = 64 << 20;

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

    /// A square of side 3 over each frame, that keeps the size of its input, with zeros around it.
    pub const SQUARE: Self = Self {
        kernel: [1, 3, 3],
        stride: [1, 1, 1],
        padding: [0, 1, 1],
    };

    fn window(self) -> Window {
        Window {
            kernel: self.kernel,
            stride: self.stride,
            padding: self.padding,
        }
    }

    /// Output size for an input size (t, h, w), none of which the kernel exceeds.
    fn output(self, size: [usize; 3]) -> candle_core::Result<[usize; 3]> {
        match self.window().output(size) {
            Some(out) => Ok(out),
            None => bail!(
                "a convolution of {:?} got only {size:?} (t, h, w)",
                self.kernel
            ),
        }
    }
}

/// A 3-D convolution with bias.
#[derive(Clone)]
pub struct Conv3d {
    spec: Conv3dSpec,
    c_in: usize,
    c_out: usize,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    /// On a CPU, where activations are f32 and the products are of the weights' type.
    Packed {
        weight: Weight,
        bias: Vec<f32>,
        /// Made of the weights when it is first of use.
        winograd: Arc<OnceLock<Winograd>>,
    },
    /// Elsewhere: weight (taps · c_in, c_out) and bias (c_out).
    Tensors { weight: Tensor, bias: Tensor },
}

#[derive(Clone)]
enum Weight {
    F32(Packed<f32>),
    Bf16(Packed<bf16>),
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

    /// Reads `weight` (c_out, c_in, 3, 3) and `bias` (c_out) of a 2-D convolution, for [`Conv3dSpec::SQUARE`].
    pub fn load_square(c_in: usize, c_out: usize, vb: VarBuilder) -> candle_core::Result<Self> {
        let weight = vb.get((c_out, c_in, 3, 3), "weight")?.unsqueeze(2)?;
        Self::new(&weight, &vb.get(c_out, "bias")?, Conv3dSpec::SQUARE)
    }

    /// From `weight` (c_out, c_in, kt, kh, kw) and `bias` (c_out).
    pub fn new(weight: &Tensor, bias: &Tensor, spec: Conv3dSpec) -> candle_core::Result<Self> {
        let plain = Self::by_tensors(weight, bias, spec)?;
        let Kind::Tensors { weight, bias } = &plain.kind else {
            return Ok(plain);
        };
        if !weight.device().is_cpu() {
            return Ok(plain);
        }
        let (depth, columns) = weight.dims2()?;
        let values = weight.flatten_all()?;
        let weight = match weight.dtype() {
            DType::BF16 => Weight::Bf16(Packed::transposed(&values.to_vec1()?, columns, depth)),
            _ => {
                let values = values.to_dtype(DType::F32)?.to_vec1()?;
                Weight::F32(Packed::transposed(&values, columns, depth))
            }
        };
        let bias = bias.to_dtype(DType::F32)?.to_vec1()?;
        Ok(Self {
            kind: Kind::Packed {
                weight,
                bias,
                winograd: Arc::default(),
            },
            ..plain
        })
    }

    fn by_tensors(weight: &Tensor, bias: &Tensor, spec: Conv3dSpec) -> candle_core::Result<Self> {
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
        Ok(Self {
            spec,
            c_in,
            c_out,
            kind: Kind::Tensors { weight, bias },
        })
    }

    /// The convolution that a clip meets in which all frames under the kernel are alike: a kernel of
    /// one frame, for a third of the work. Its weights are f32: rounded again, the sums would be worse
    /// than their parts.
    pub fn still(&self) -> candle_core::Result<Self> {
        let [kt, kh, kw] = self.spec.kernel;
        let kind = match &self.kind {
            Kind::Packed { weight, bias, .. } => Kind::Packed {
                weight: Weight::F32(match weight {
                    Weight::F32(weight) => weight.folded(kt),
                    Weight::Bf16(weight) => weight.folded(kt),
                }),
                bias: bias.clone(),
                winograd: Arc::default(),
            },
            Kind::Tensors { weight, bias } => {
                let (k, c_out) = weight.dims2()?;
                let weight = weight.reshape((kt, k / kt, c_out))?;
                Kind::Tensors {
                    weight: weight.to_dtype(DType::F32)?.sum(0)?,
                    bias: bias.clone(),
                }
            }
        };
        Ok(Self {
            spec: Conv3dSpec {
                kernel: [1, kh, kw],
                ..self.spec
            },
            kind,
            ..*self
        })
    }

    /// What its input is best rounded to: as it will be anyway.
    pub fn input(&self, activations: DType) -> DType {
        match &self.kind {
            Kind::Packed {
                weight: Weight::Bf16(_),
                ..
            } => DType::BF16,
            _ => activations,
        }
    }

    /// (b, t, h, w, c_in) to (b, t', h', w', c_out).
    pub fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        self.forward_onto(std::slice::from_ref(x), None)
    }

    /// Convolves a clip that comes in parts, (b, t, h, w, c_in) each with times of their own, and adds `onto`
    /// (b, t', h', w', c_out) if given. On a CPU the result is f32, elsewhere of the parts' type.
    pub fn forward_onto(
        &self,
        parts: &[Tensor],
        onto: Option<&Tensor>,
    ) -> candle_core::Result<Tensor> {
        let (b, size) = self.check(parts)?;
        match &self.kind {
            Kind::Packed { .. } => {
                let [t, h, w] = self.spec.output(size)?;
                let y = self.on_cpu(parts, onto, Place::Pixels)?;
                Tensor::from_vec(y, (b, t, h, w, self.c_out), parts[0].device())
            }
            Kind::Tensors { weight, bias } => {
                let y = self.forward_by_tensors(&Tensor::cat(parts, 1)?, weight, bias)?;
                match onto {
                    Some(onto) => y + onto,
                    None => Ok(y),
                }
            }
        }
    }

    /// [`Conv3d::forward_onto`] for a convolution whose channels are 8 cells of c' each: to
    /// (b, 2t', 2h', 2w', c'), cell by cell along time, height and width.
    pub fn forward_to_cells(&self, parts: &[Tensor]) -> candle_core::Result<Tensor> {
        let (b, size) = self.check(parts)?;
        let [t, h, w] = self.spec.output(size)?;
        let width = self.c_out / 8;
        if self.winograd([size[1], size[2]]).is_some() && Winograd::takes(width) {
            let y = self.on_cpu(parts, None, Place::Cells)?;
            return Tensor::from_vec(y, (b, 2 * t, 2 * h, 2 * w, width), parts[0].device());
        }
        self.forward_onto(parts, None)?
            .reshape(&[b, t, h, w, 2, 2, 2, width][..])?
            .permute([0, 1, 4, 2, 5, 3, 6, 7])? // (b, t, 2, h, 2, w, 2, c')
            .reshape((b, 2 * t, 2 * h, 2 * w, width))
    }

    /// Frames of the result for a clip in parts.
    pub fn frames(&self, parts: &[Tensor]) -> candle_core::Result<usize> {
        let (_, size) = self.check(parts)?;
        Ok(self.spec.output(size)?[0])
    }

    /// Clips and their size (t, h, w), all parts together.
    fn check(&self, parts: &[Tensor]) -> candle_core::Result<(usize, [usize; 3])> {
        let mut frames = 0;
        let mut size = None;
        for part in parts {
            let (b, t, h, w, c_in) = part.dims5()?;
            if c_in != self.c_in {
                bail!("a convolution of {} channels got {c_in}", self.c_in);
            }
            if *size.get_or_insert((b, h, w)) != (b, h, w) {
                bail!("parts of one clip differ in size");
            }
            frames += t;
        }
        let Some((b, h, w)) = size else {
            bail!("a convolution of nothing");
        };
        self.spec.output([frames, h, w])?;
        Ok((b, [frames, h, w]))
    }

    /// The weights for pictures of this size, (h, w), if the short way is one for them.
    fn winograd(&self, [h, w]: [usize; 2]) -> Option<&Winograd> {
        let Conv3dSpec {
            kernel: [taps, kh, kw],
            stride,
            padding,
        } = self.spec;
        let Kind::Packed {
            weight, winograd, ..
        } = &self.kind
        else {
            return None;
        };
        let fits = (kh, kw, stride, padding) == (3, 3, [1; 3], [0, 1, 1])
            && Winograd::takes(self.c_in)
            && Winograd::gains(h, w)
            && Winograd::bytes(taps, self.c_in, self.c_out) <= WINOGRAD;
        fits.then(|| {
            winograd.get_or_init(|| match weight {
                Weight::F32(weight) => Winograd::new(weight, taps, self.c_in),
                Weight::Bf16(weight) => Winograd::new(weight, taps, self.c_in),
            })
        })
    }

    fn on_cpu(
        &self,
        parts: &[Tensor],
        onto: Option<&Tensor>,
        place: Place,
    ) -> candle_core::Result<Vec<f32>> {
        let Kind::Packed { weight, bias, .. } = &self.kind else {
            bail!("a convolution of another device");
        };
        let dtype = self.input(DType::F32);
        let alike = |part: &Tensor| part.to_dtype(dtype)?.contiguous_frames();
        let parts: Vec<Tensor> = parts.iter().map(alike).collect::<Result<_, _>>()?;
        let onto = match onto {
            Some(onto) => Some(onto.to_dtype(DType::F32)?.contiguous()?),
            None => None,
        };
        let run = |onto: Option<&[f32]>| {
            let finish = Finish {
                bias: Some(bias),
                residual: onto.map(|x| Residual { x, gate: None }),
                ..Finish::default()
            };
            match weight {
                Weight::F32(weight) => self.product(&parts, weight, &finish, place),
                Weight::Bf16(weight) => self.product(&parts, weight, &finish, place),
            }
        };
        match &onto {
            None => run(None),
            Some(onto) => run(Some(values(onto).slice()?)),
        }
    }

    fn product<T: Element + WithDType>(
        &self,
        parts: &[Tensor],
        weight: &Packed<T>,
        finish: &Finish,
        place: Place,
    ) -> candle_core::Result<Vec<f32>> {
        let (b, height, width) = (parts[0].dim(0)?, parts[0].dim(2)?, parts[0].dim(3)?);
        let storages: Vec<_> = parts.iter().map(Tensor::storage_and_layout).collect();
        let mut clips = vec![Vec::new(); b];
        let len = height * width * self.c_in;
        for (storage, layout) in &storages {
            let values = on_cpu_storage(storage)?.as_slice::<T>()?;
            for (i, clip) in clips.iter_mut().enumerate() {
                for t in 0..layout.dims()[1] {
                    let at = i * layout.stride()[0] + t * layout.stride()[1];
                    clip.push(&values[layout.start_offset() + at..][..len]);
                }
            }
        }
        let frames = Frames {
            clips,
            height,
            width,
            channels: self.c_in,
        };
        Ok(match self.winograd([height, width]) {
            Some(winograd) => winograd.convolve(Path::best(), &frames, finish, place),
            None => multiply(&Patches::new(&frames, self.spec.window()), weight, finish),
        })
    }

    /// With tensor operations, for any device: a block of the patch matrix at a time, since the whole
    /// would be 27 times the clip.
    fn forward_by_tensors(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
    ) -> candle_core::Result<Tensor> {
        let (b, t, h, w, _) = x.dims5()?;
        let (k, c_out) = weight.dims2()?;
        let [t_out, h_out, w_out] = self.spec.output([t, h, w])?;
        let rows = b * t_out * h_out; // of w_out positions each
        let (weight, bias) = (weight.to_dtype(x.dtype())?, bias.to_dtype(x.dtype())?);
        let padded = self.pad(x)?;
        let out = Tensor::zeros((rows * w_out, c_out), x.dtype(), x.device())?;
        let step = (BLOCK / (k * w_out)).clamp(1, rows);
        for start in (0..rows).step_by(step) {
            let rows = start..(start + step).min(rows);
            let patches = self.patches(&padded, rows, [t_out, h_out, w_out])?;
            let y = patches.matmul(&weight)?.broadcast_add(&bias)?;
            out.slice_set(&y, 0, start * w_out)?;
        }
        out.reshape((b, t_out, h_out, w_out, c_out))
    }

    fn pad(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let [t, h, w] = self.spec.padding;
        x.pad_with_zeros(1, t, t)?
            .pad_with_zeros(2, h, h)?
            .pad_with_zeros(3, w, w)
    }

    /// Rows `rows` of the patch matrix of a padded x (b, t, h, w, c).
    fn patches(
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

trait ContiguousFrames {
    /// The same values with those of each frame next to each other: (b, t, h, w, c).
    fn contiguous_frames(&self) -> candle_core::Result<Tensor>;
}

impl ContiguousFrames for Tensor {
    fn contiguous_frames(&self) -> candle_core::Result<Tensor> {
        let (_, _, _, w, c) = self.dims5()?;
        match self.stride()[2..] == [w * c, c, 1] {
            true => Ok(self.clone()),
            false => self.contiguous(),
        }
    }
}

#[cfg(test)]
mod tests;
