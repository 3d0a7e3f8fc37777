//! Timesteps, their embedding, and the modulation that the blocks take from it. Distinct timesteps
//! are few even where every token has its own, so each is embedded once.

use std::sync::Arc;

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;
use kinora_kernels::{After, Gate, Pairs};

use crate::error::Error;
use crate::layers::{Linear, Norm, on_cpu, sinusoids};

/// Vectors of a block's modulation: shift, scale and gate of the attention, then of the feed-forward.
pub(super) const MODULATIONS: usize = 6;

/// The distinct timesteps of a batch, and which token has which.
pub(super) struct Timesteps {
    distinct: Vec<f32>,
    spread: Spread,
}

#[derive(Clone)]
enum Spread {
    /// All tokens of all items alike.
    One,
    /// One per item (b).
    Items(Arc<Vec<u32>>),
    /// One per token (b·n), with (b, n).
    Tokens(Arc<Vec<u32>>, (usize, usize)),
}

impl Timesteps {
    /// `timestep` (b, 1) or (b, n).
    pub fn new(timestep: &Tensor, (batch, n): (usize, usize)) -> crate::Result<Self> {
        let shape = timestep.dims().to_vec();
        if shape != [batch, 1] && shape != [batch, n] {
            return Err(Error::input(
                format!("the timesteps have shape {shape:?}, not [{batch}, 1] or [{batch}, {n}]"),
                "give one timestep for each clip or for each token",
            ));
        }
        let all = timestep
            .to_dtype(DType::F32)?
            .flatten_all()?
            .to_vec1::<f32>()?;
        let mut distinct: Vec<f32> = Vec::new();
        let mut index = Vec::with_capacity(all.len());
        for t in all {
            let known = distinct.iter().position(|d| d.to_bits() == t.to_bits());
            index.push(known.unwrap_or(distinct.len()) as u32);
            if known.is_none() {
                distinct.push(t);
            }
        }
        let spread = match (distinct.len(), shape[1]) {
            (1, _) => Spread::One,
            (_, 1) => Spread::Items(index.into()),
            _ => Spread::Tokens(index.into(), (batch, n)),
        };
        Ok(Self { distinct, spread })
    }
}

/// `AdaLayerNormSingle`.
pub(super) struct TimeEmbedding {
    linear_1: Linear,
    linear_2: Linear,
    linear: Linear,
}

impl TimeEmbedding {
    pub fn load(width: usize, vb: VarBuilder) -> Result<Self> {
        let embedder = vb.pp("emb").pp("timestep_embedder");
        Ok(Self {
            linear_1: Linear::load(sinusoids::CHANNELS, width, embedder.pp("linear_1"))?,
            linear_2: Linear::load(width, width, embedder.pp("linear_2"))?,
            linear: Linear::load(width, MODULATIONS * width, vb.pp("linear"))?,
        })
    }

    pub fn forward(&self, timesteps: &Timesteps, dtype: DType, device: &Device) -> Result<Time> {
        let waves = sinusoids::of(&timesteps.distinct, device)?.to_dtype(dtype)?;
        // Of few rows, and all tokens hang on them.
        let embedded = self.linear_1.forward_fine(&waves)?.silu()?;
        let embedded = self.linear_2.forward_fine(&embedded)?; // (u, h·d)
        let modulation = self.linear.forward_fine(&embedded.silu()?)?;
        let (u, width) = embedded.dims2()?;
        Ok(Time {
            modulation: modulation.reshape((u, MODULATIONS, width))?,
            embedded: embedded.unsqueeze(1)?,
            spread: timesteps.spread.clone(),
        })
    }
}

/// The embedded timesteps of a batch.
pub(super) struct Time {
    /// (u, 6, h·d)
    modulation: Tensor,
    /// (u, 1, h·d)
    embedded: Tensor,
    spread: Spread,
}

impl Time {
    /// A block's modulation, from its table (6, h·d).
    pub fn block(&self, table: &Tensor) -> Result<Modulation> {
        self.modulation(&self.modulation, table)
    }

    /// The last shift and scale, from their table (2, h·d).
    pub fn last(&self, table: &Tensor) -> Result<Modulation> {
        self.modulation(&self.embedded, table)
    }

    fn modulation(&self, time: &Tensor, table: &Tensor) -> Result<Modulation> {
        let values = time.broadcast_add(&table.to_dtype(time.dtype())?)?;
        let at_hand = match on_cpu(&values) {
            true => values.flatten_all()?.to_vec1()?,
            false => Vec::new(),
        };
        Ok(Modulation {
            values,
            at_hand,
            spread: self.spread.clone(),
        })
    }
}

/// One vector of a modulation, token by token.
struct Gates<'a> {
    modulation: &'a Modulation,
    gate: usize,
    tokens: usize,
}

impl Gate for Gates<'_> {
    fn row(&self, token: usize) -> &[f32] {
        self.modulation.row(self.gate, token, self.tokens)
    }
}

/// Two vectors of a modulation, token by token.
struct Vectors<'a> {
    modulation: &'a Modulation,
    shift: usize,
    scale: usize,
    tokens: usize,
}

impl Pairs for Vectors<'_> {
    fn of(&self, token: usize) -> [&[f32]; 2] {
        [self.shift, self.scale].map(|i| self.modulation.row(i, token, self.tokens))
    }
}

/// What the time does to the tokens at one place of the network: N vectors for each distinct
/// timestep, as (u, N, h·d).
pub(super) struct Modulation {
    values: Tensor,
    /// The same numbers, for rows on the CPU.
    at_hand: Vec<f32>,
    spread: Spread,
}

impl Modulation {
    /// `norm(x) · (1 + scale) + shift`, scale and shift being vectors of that index; on a CPU in `dtype`.
    /// `x` (b, n, h·d).
    pub fn apply(
        &self,
        norm: &Norm,
        x: &Tensor,
        (shift, scale): (usize, usize),
        dtype: DType,
    ) -> Result<Tensor> {
        if on_cpu(x) {
            let vectors = Vectors {
                modulation: self,
                shift,
                scale,
                tokens: x.dim(1)?,
            };
            return norm.forward_and(x, After::Modulate(&vectors), dtype);
        }
        let scale = (self.spread(scale)? + 1.0)?;
        let x = norm.forward(x)?.broadcast_mul(&scale)?;
        x.broadcast_add(&self.spread(shift)?)
    }

    /// `x + gate · linear(y)`, gate being the vector of that index. `x` (b, n, h·d).
    pub fn add_gated(
        &self,
        x: &Tensor,
        linear: &Linear,
        y: &Tensor,
        gate: usize,
    ) -> Result<Tensor> {
        if on_cpu(x) {
            let gate = Gates {
                modulation: self,
                gate,
                tokens: x.dim(1)?,
            };
            return linear.forward_onto(y, x, Some(&gate));
        }
        x + linear.forward(y)?.broadcast_mul(&self.spread(gate)?)?
    }

    /// Vector `i` of token `token` of the whole batch, n tokens an item.
    fn row(&self, i: usize, token: usize, n: usize) -> &[f32] {
        let (_, count, width) = self.values.dims3().expect("values have three dimensions");
        let time = match &self.spread {
            Spread::One => 0,
            Spread::Items(index) => index[token / n] as usize,
            Spread::Tokens(index, _) => index[token] as usize,
        };
        let start = (time * count + i) * width;
        &self.at_hand[start..start + width]
    }

    /// Vector `i` of every token, (1 or b, 1 or n, h·d).
    fn spread(&self, i: usize) -> Result<Tensor> {
        let values = self.values.narrow(1, i, 1)?; // (u, 1, h·d)
        let gather = |index: &Vec<u32>| {
            let index = Tensor::new(index.as_slice(), values.device())?;
            values.contiguous()?.index_select(&index, 0)
        };
        match &self.spread {
            Spread::One => Ok(values),
            Spread::Items(index) => gather(index),
            Spread::Tokens(index, (batch, n)) => gather(index)?.reshape((*batch, *n, ())),
        }
    }
}
