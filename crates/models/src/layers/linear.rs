//! `y = x · wᵀ + b`.

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, DType, Layout, Result, Shape, Tensor, WithDType, bail,
};
use candle_nn::{Linear as Plain, Module, VarBuilder};
use half::bf16;
use kinora_kernels::{
    Activation, Eight, Element, Finish, Gate, Packed, Plain as Rows, Residual, Weights, multiply,
};

use super::gelu;
use super::rows::slice;
use crate::int8;

/// A linear layer.
pub(crate) struct Linear(Kind);

enum Kind {
    /// On a CPU, where activations are f32 and the products are of the weights' type.
    Packed {
        weight: Weight,
        bias: Option<Vec<f32>>,
    },
    /// Elsewhere.
    Tensors(Plain),
}

/// By what it is multiplied in; in memory it may be in eight bits.
enum Weight {
    F32(Box<dyn Weights<f32>>),
    Bf16(Box<dyn Weights<bf16>>),
}

impl Linear {
    pub fn load(input: usize, output: usize, vb: VarBuilder) -> Result<Self> {
        Self::load_biased(input, output, true, vb)
    }

    pub fn load_no_bias(input: usize, output: usize, vb: VarBuilder) -> Result<Self> {
        Self::load_biased(input, output, false, vb)
    }

    /// A bias or none, as a config says.
    pub fn load_biased(input: usize, output: usize, bias: bool, vb: VarBuilder) -> Result<Self> {
        let bias = bias.then(|| vb.get(output, "bias")).transpose()?;
        if !vb.device().is_cpu() {
            let weight = vb.get((output, input), "weight")?;
            return Ok(Self(Kind::Tensors(Plain::new(weight, bias))));
        }
        let weight = match vb.dtype() {
            DType::BF16 => Weight::Bf16(packed(input, output, &vb)?),
            _ => Weight::F32(packed(input, output, &vb.set_dtype(DType::F32))?),
        };
        let bias = bias.map(|bias| bias.to_dtype(DType::F32)?.to_vec1());
        Ok(Self(Kind::Packed {
            weight,
            bias: bias.transpose()?,
        }))
    }

    /// What its input is best rounded to: as it will be anyway.
    pub fn input(&self, activations: DType) -> DType {
        match &self.0 {
            Kind::Packed {
                weight: Weight::Bf16(_),
                ..
            } => DType::BF16,
            _ => activations,
        }
    }

    /// `x` (…, input) → (…, output): f32 on a CPU, elsewhere in the dtype of `x`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.product(x, Activation::None, DType::F32)
    }

    /// [`Linear::forward`] with what rounding `x` leaves multiplied as well, where the weights are bf16: 16 bits of it count
    /// instead of 8. The weights are read once. For few rows that much hangs on.
    pub fn forward_fine(&self, x: &Tensor) -> Result<Tensor> {
        let Kind::Packed {
            weight: Weight::Bf16(_),
            bias,
        } = &self.0
        else {
            return self.forward(x);
        };
        let rounded = x.to_dtype(DType::BF16)?.to_dtype(DType::F32)?;
        let rest = (x - &rounded)?;
        let y = self.forward(&Tensor::stack(&[rounded, rest], 0)?)?;
        let y = (y.get(0)? + y.get(1)?)?;
        match bias {
            // It came twice.
            Some(bias) => y.broadcast_sub(&Tensor::new(bias.as_slice(), x.device())?),
            None => Ok(y),
        }
    }

    /// [`Linear::forward`] for a result that goes into a product of the same weights' type: on a CPU rounded
    /// as it will be there.
    pub fn forward_rounded(&self, x: &Tensor) -> Result<Tensor> {
        self.product(x, Activation::None, self.input(DType::F32))
    }

    /// [`Linear::forward`], then GELU approximated by the hyperbolic tangent, rounded as by [`Linear::forward_rounded`].
    pub fn forward_gelu_rounded(&self, x: &Tensor) -> Result<Tensor> {
        match &self.0 {
            Kind::Packed { .. } => self.product(x, Activation::Gelu, self.input(DType::F32)),
            Kind::Tensors(plain) => gelu(&plain.forward(x)?),
        }
    }

    /// `onto + forward(x)`, or on a CPU with gates `onto + gate · forward(x)`. `onto` (…, output).
    pub fn forward_onto(
        &self,
        x: &Tensor,
        onto: &Tensor,
        gate: Option<&dyn Gate>,
    ) -> Result<Tensor> {
        match &self.0 {
            Kind::Packed { .. } => x.contiguous()?.apply_op2_no_bwd(
                &onto.contiguous()?,
                &Product {
                    linear: self,
                    activation: Activation::None,
                    gate,
                    dtype: DType::F32,
                },
            ),
            Kind::Tensors(plain) if gate.is_none() => onto + plain.forward(x)?,
            Kind::Tensors(_) => bail!("gates at hand are for a CPU"),
        }
    }

    fn product(&self, x: &Tensor, activation: Activation, dtype: DType) -> Result<Tensor> {
        match &self.0 {
            Kind::Packed { .. } => {
                let product = Product {
                    linear: self,
                    activation,
                    gate: None,
                    dtype,
                };
                x.contiguous()?.apply_op1_no_bwd(&product)
            }
            Kind::Tensors(plain) => plain.forward(x),
        }
    }
}

/// The weights as they are stored, in eight bits or not.
fn packed<T: Element + WithDType>(
    input: usize,
    output: usize,
    vb: &VarBuilder,
) -> Result<Box<dyn Weights<T>>> {
    if let Some((values, scales)) = int8::stored(output, input, "weight", vb)? {
        return Ok(Box::new(Eight::new(&values, &scales, input)));
    }
    let weight = vb.get((output, input), "weight")?.flatten_all()?;
    Ok(Box::new(Packed::new(
        &weight.to_vec1::<T>()?,
        output,
        input,
    )))
}

struct Product<'a> {
    linear: &'a Linear,
    activation: Activation,
    gate: Option<&'a dyn Gate>,
    /// Of the result.
    dtype: DType,
}

impl Product<'_> {
    fn run(
        &self,
        x: &CpuStorage,
        layout: &Layout,
        onto: Option<&[f32]>,
    ) -> Result<(CpuStorage, Shape)> {
        let Kind::Packed { weight, bias } = &self.linear.0 else {
            bail!("a linear layer of another device");
        };
        let (columns, depth) = match weight {
            Weight::F32(weight) => (weight.columns(), weight.depth()),
            Weight::Bf16(weight) => (weight.columns(), weight.depth()),
        };
        let mut shape = layout.dims().to_vec();
        let Some(last) = shape.last_mut().filter(|last| **last == depth) else {
            bail!("a linear layer of {depth} inputs got {shape:?}");
        };
        *last = columns;
        let shape = Shape::from(shape);
        if onto.is_some_and(|onto| onto.len() != shape.elem_count()) {
            bail!("a linear layer onto something else than {shape:?}");
        }
        let count = shape.elem_count() / columns.max(1);
        let finish = Finish {
            bias: bias.as_deref(),
            activation: self.activation,
            residual: onto.map(|x| Residual { x, gate: self.gate }),
        };
        let y = match (weight, x) {
            (Weight::F32(weight), CpuStorage::F32(_)) => {
                let x = slice::<f32>(x, layout)?;
                self.multiply(&Rows::new(x, count, depth), weight.as_ref(), &finish)?
            }
            (Weight::Bf16(weight), CpuStorage::F32(_)) => {
                let x = slice::<f32>(x, layout)?;
                self.multiply(&Rows::new(x, count, depth), weight.as_ref(), &finish)?
            }
            (Weight::Bf16(weight), CpuStorage::BF16(_)) => {
                let x = slice::<bf16>(x, layout)?;
                self.multiply(&Rows::new(x, count, depth), weight.as_ref(), &finish)?
            }
            _ => bail!("a linear layer got values of a type that is not its weights'"),
        };
        Ok((y, shape))
    }

    fn multiply<T: Element>(
        &self,
        rows: &impl kinora_kernels::Rows<T>,
        weight: &dyn Weights<T>,
        finish: &Finish,
    ) -> Result<CpuStorage> {
        Ok(match self.dtype {
            DType::F32 => CpuStorage::F32(multiply(rows, weight, finish)),
            DType::BF16 => CpuStorage::BF16(multiply(rows, weight, finish)),
            other => bail!("a linear layer to {other:?}"),
        })
    }
}

impl CustomOp1 for Product<'_> {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        self.run(x, layout, None)
    }
}

impl CustomOp2 for Product<'_> {
    fn name(&self) -> &'static str {
        "linear-onto"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        layout: &Layout,
        onto: &CpuStorage,
        onto_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.run(x, layout, Some(slice(onto, onto_layout)?))
    }
}
