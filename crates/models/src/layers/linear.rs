//! `y = x · wᵀ + b`.

use candle_core::{Result, Tensor};
use candle_nn::{Linear as Plain, Module, VarBuilder};

/// A linear layer whose weights may be narrower than the activations; they are widened on use.
pub(crate) struct Linear {
    inner: Plain,
}

impl Linear {
    pub fn load(input: usize, output: usize, vb: VarBuilder) -> Result<Self> {
        let inner = candle_nn::linear(input, output, vb)?;
        Ok(Self { inner })
    }

    pub fn load_no_bias(input: usize, output: usize, vb: VarBuilder) -> Result<Self> {
        let inner = candle_nn::linear_no_bias(input, output, vb)?;
        Ok(Self { inner })
    }

    /// A bias or none, as a config says.
    pub fn load_biased(input: usize, output: usize, bias: bool, vb: VarBuilder) -> Result<Self> {
        if bias {
            Self::load(input, output, vb)
        } else {
            Self::load_no_bias(input, output, vb)
        }
    }

    /// `x` (…, input), contiguous → (…, output), in the dtype of `x`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        if self.inner.weight().dtype() == x.dtype() {
            return self.inner.forward(x);
        }
        let weight = self.inner.weight().to_dtype(x.dtype())?;
        let bias = self.inner.bias().map(|b| b.to_dtype(x.dtype()));
        Plain::new(weight, bias.transpose()?).forward(x)
    }
}
