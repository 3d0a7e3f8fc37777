//! Rotary position embedding over time, height and width. Always f32: at the highest frequency an
//! angle has some ten thousand radians, so every rounding to f32 is placed where the reference has it.

use std::collections::HashMap;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};
use kinora_kernels::{After, Pairs};

use super::config::TransformerConfig;
use crate::error::{Error, Result};
use crate::layers::{Norm, on_cpu};

/// What the three coordinates are divided by.
const BASE: [f64; 3] = [20.0, 2048.0, 2048.0];
const THETA: f64 = 10000.0;

/// Where the tokens lie.
#[derive(Debug, Clone)]
pub enum Positions {
    /// A full grid of latents, frame by frame and row by row.
    Grid {
        /// Latent frames.
        num_frames: usize,
        /// Latent rows.
        height: usize,
        /// Latent columns.
        width: usize,
        /// Seconds (frames over frame rate) and pixels that one latent step spans.
        rope_interpolation_scale: [f64; 3],
    },
    /// Seconds, row and column in pixels of each token, (b, 3, n).
    Coords(Tensor),
}

/// Cosines and sines of every token's angles.
#[derive(Debug, Clone)]
pub struct Rope {
    /// (1 or b, n, h·d / 2), f32
    cos: Tensor,
    sin: Tensor,
    /// The same numbers, for rows on the CPU.
    at_hand: Arc<(Vec<f32>, Vec<f32>)>,
}

impl Rope {
    pub(super) fn new(
        config: &TransformerConfig,
        positions: &Positions,
        device: &Device,
    ) -> Result<Self> {
        let (batch, coords) = match positions {
            Positions::Grid {
                num_frames,
                height,
                width,
                rope_interpolation_scale,
            } => {
                let size = [*num_frames, *height, *width];
                (1, grid(config, size, *rope_interpolation_scale))
            }
            Positions::Coords(coords) => given(coords)?,
        };
        let pairs = config.inner_dim() / 2;
        let (cos, sin) = table(config.inner_dim(), &coords);
        let shape = (batch, coords.len() / batch.max(1), pairs);
        Ok(Self {
            cos: Tensor::from_slice(&cos, shape, device)?,
            sin: Tensor::from_slice(&sin, shape, device)?,
            at_hand: Arc::new((cos, sin)),
        })
    }

    pub(super) fn batch(&self) -> usize {
        self.cos.dims()[0]
    }

    pub(super) fn tokens(&self) -> usize {
        self.cos.dims()[1]
    }

    /// Normalises `x` (b, n, h·d), then rotates each pair of neighbouring channels; on a CPU in `dtype`.
    pub(super) fn normalise_and_rotate(
        &self,
        norm: &Norm,
        x: &Tensor,
        dtype: DType,
    ) -> candle_core::Result<Tensor> {
        if !on_cpu(x) {
            return self.rotate(&norm.forward(x)?);
        }
        let angles = Angles {
            rope: self,
            pairs: x.dim(2)? / 2,
            rows: self.batch() * self.tokens(),
        };
        norm.forward_and(x, After::Rotate(&angles), dtype)
    }

    /// The rotation with tensor operations, for any device.
    fn rotate(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let (batch, n, width) = x.dims3()?;
        let as_f32 = x.to_dtype(DType::F32)?.reshape((batch, 1, n, width))?;
        let (cos, sin) = match self.batch() {
            1 => (self.cos.get(0)?, self.sin.get(0)?),
            _ => (self.cos.clone(), self.sin.clone()),
        };
        let y = candle_nn::rotary_emb::rope_i(&as_f32, &cos, &sin)?;
        y.reshape((batch, n, width))?.to_dtype(x.dtype())
    }
}

/// Cosines and sines of a row of tokens, which may hold the same positions several times.
struct Angles<'a> {
    rope: &'a Rope,
    pairs: usize,
    rows: usize,
}

impl Pairs for Angles<'_> {
    fn of(&self, token: usize) -> [&[f32]; 2] {
        let at = token % self.rows * self.pairs;
        let (cos, sin) = &*self.rope.at_hand;
        [&cos[at..at + self.pairs], &sin[at..at + self.pairs]]
    }
}

/// The grid's coordinates over their base, token by token.
fn grid(config: &TransformerConfig, size: [usize; 3], scale: [f64; 3]) -> Vec<[f32; 3]> {
    let patch = [config.patch_size_t, config.patch_size, config.patch_size];
    let along = |axis: usize| -> Vec<f32> {
        let (scale, patch) = (scale[axis] as f32, patch[axis] as f32);
        let at = |i: usize| i as f32 * scale * patch / BASE[axis] as f32;
        (0..size[axis]).map(at).collect()
    };
    let (frames, rows, columns) = (along(0), along(1), along(2));
    let mut tokens = Vec::with_capacity(size.iter().product());
    for &t in &frames {
        for &y in &rows {
            tokens.extend(columns.iter().map(|&x| [t, y, x]));
        }
    }
    tokens
}

/// Given coordinates (b, 3, n) over their base, with the batch size.
fn given(coords: &Tensor) -> Result<(usize, Vec<[f32; 3]>)> {
    let (batch, n) = match coords.dims() {
        [batch, 3, n] => (*batch, *n),
        other => {
            return Err(Error::input(
                format!("the coordinates have shape {other:?}, not [batch, 3, tokens]"),
                "give time, row and column of each token",
            ));
        }
    };
    let values = coords.to_dtype(DType::F32)?.to_vec3::<f32>()?;
    let mut tokens = Vec::with_capacity(batch * n);
    for item in &values {
        tokens.extend((0..n).map(|i| [0, 1, 2].map(|axis| item[axis][i] / BASE[axis] as f32)));
    }
    Ok((batch, tokens))
}

/// `θ^linspace(0, 1, count) · π/2`.
fn frequencies(count: usize) -> Vec<f32> {
    let step = 1.0 / (count.max(2) - 1) as f32;
    let exponent = |i: usize| match i < count / 2 {
        true => step * i as f32,
        // The reference counts the upper half down from 1, in one rounding.
        false => (1.0 - f64::from(step) * (count - 1 - i) as f64) as f32,
    };
    let power = |i| match count {
        1 => 1.0,
        _ => THETA.powf(f64::from(exponent(i))) as f32,
    };
    (0..count)
        .map(|i| power(i) * std::f32::consts::PI / 2.0)
        .collect()
}

/// Cosines and sines (n, width / 2) of tokens at `coords`. Channels run frequency by frequency, in
/// each the three axes; what is left over of the width stands in front and is not rotated. An
/// axis has few distinct coordinates, so each one's row is computed once.
fn table(width: usize, coords: &[[f32; 3]]) -> (Vec<f32>, Vec<f32>) {
    let frequencies = frequencies(width / 6);
    let (pairs, padding) = (width / 2, (width % 6) / 2);
    let mut rows: HashMap<u32, Vec<(f32, f32)>> = HashMap::new();
    for coord in coords.iter().flatten() {
        rows.entry(coord.to_bits()).or_insert_with(|| {
            let span = coord * 2.0 - 1.0;
            let angle = |f: &f32| {
                let (sin, cos) = f64::from(f * span).sin_cos();
                (cos as f32, sin as f32)
            };
            frequencies.iter().map(angle).collect()
        });
    }
    let mut cos = vec![1.0; coords.len() * pairs];
    let mut sin = vec![0.0; coords.len() * pairs];
    let rotated = cos.chunks_mut(pairs).zip(sin.chunks_mut(pairs));
    for (coord, (cos, sin)) in coords.iter().zip(rotated) {
        for (axis, value) in coord.iter().enumerate() {
            for (i, (c, s)) in rows[&value.to_bits()].iter().enumerate() {
                cos[padding + i * 3 + axis] = *c;
                sin[padding + i * 3 + axis] = *s;
            }
        }
    }
    (cos, sin)
}
