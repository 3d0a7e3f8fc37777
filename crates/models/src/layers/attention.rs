//! Scaled dot-product attention: on a CPU by our own kernel, elsewhere in blocks of queries, so that
//! nowhere a score matrix grows with n².

use candle_core::{CpuStorage, CustomOp3, DType, Layout, Result, Shape, Tensor, bail};
use half::bf16;
use kinora_kernels::{Bias, Heads};

use super::rows::{on_cpu, slice, values};

/// Scores held at a time, all heads together: 16 MiB in f32.
const BLOCK: usize = 4 << 20;

/// What an attention is, beside its queries, keys and values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AttentionSpec {
    pub heads: usize,
    /// What the scores are multiplied with.
    pub scale: f64,
    /// The weights' type. Where it is bf16, so are the factors of a product on a CPU.
    pub dtype: DType,
}

/// What is added to the scores before the softmax, in f32.
#[derive(Default)]
pub(crate) struct AttentionBias<'a> {
    /// Per head and pair of positions, (h, n, l).
    pub pairs: Option<&'a Tensor>,
    /// Per batch item and key, (b, l).
    pub keys: Option<&'a Tensor>,
    /// Per batch item, query and key, all heads alike, (b, n, l).
    pub queries: Option<&'a Tensor>,
}

/// `q` (b, n, h·d), `k` and `v` (b, l, h·d) → (b, n, h·d), in the dtype of `q`; on a CPU, where that is f32 and
/// `k` and `v` may be rounded to the weights' type, the result is.
pub(crate) fn attention(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    spec: AttentionSpec,
    bias: &AttentionBias,
) -> Result<Tensor> {
    if !on_cpu(q) || q.dim(2)? / spec.heads > Heads::WIDEST {
        let (k, v) = (k.to_dtype(q.dtype())?, v.to_dtype(q.dtype())?);
        return by_tensors(q, &k, &v, spec, bias);
    }
    let contiguous = |x: Option<&Tensor>| x.map(Tensor::contiguous).transpose();
    let op = Attend {
        spec,
        pairs: contiguous(bias.pairs)?,
        keys: contiguous(bias.keys)?,
        queries: contiguous(bias.queries)?,
    };
    let (k, v) = (k.contiguous()?, v.contiguous()?);
    q.contiguous()?.apply_op3_no_bwd(&k, &v, &op)
}

struct Attend {
    spec: AttentionSpec,
    pairs: Option<Tensor>,
    keys: Option<Tensor>,
    queries: Option<Tensor>,
}

impl CustomOp3 for Attend {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(
        &self,
        q: &CpuStorage,
        q_layout: &Layout,
        k: &CpuStorage,
        k_layout: &Layout,
        v: &CpuStorage,
        v_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (batch, queries, width) = q_layout.shape().dims3()?;
        let (_, keys, _) = k_layout.shape().dims3()?;
        if k_layout.dims() != [batch, keys, width] || v_layout.dims() != k_layout.dims() {
            bail!(
                "attention of {:?} to {:?} and {:?}",
                q_layout.dims(),
                k_layout.dims(),
                v_layout.dims()
            );
        }
        let heads = Heads {
            batch,
            queries,
            keys,
            heads: self.spec.heads,
            width: width / self.spec.heads,
            scale: self.spec.scale as f32,
        };
        let biases = [&self.pairs, &self.keys, &self.queries];
        let [of_pairs, of_keys, of_queries] = biases.map(|bias| bias.as_ref().map(values));
        let bias = Bias {
            pairs: of_pairs.as_ref().map(|bias| bias.slice()).transpose()?,
            keys: of_keys.as_ref().map(|bias| bias.slice()).transpose()?,
            queries: of_queries.as_ref().map(|bias| bias.slice()).transpose()?,
        };
        let q = slice(q, q_layout)?;
        let y = match (self.spec.dtype, k, v) {
            (DType::BF16, CpuStorage::BF16(_), CpuStorage::BF16(_)) => {
                let kv = [slice::<bf16>(k, k_layout)?, slice(v, v_layout)?];
                CpuStorage::BF16(kinora_kernels::attention::<bf16, _, _>(q, kv, heads, &bias))
            }
            (dtype, ..) => {
                let kv = [slice::<f32>(k, k_layout)?, slice(v, v_layout)?];
                match dtype {
                    DType::BF16 => CpuStorage::BF16(kinora_kernels::attention::<bf16, _, _>(
                        q, kv, heads, &bias,
                    )),
                    _ => {
                        CpuStorage::F32(kinora_kernels::attention::<f32, _, _>(q, kv, heads, &bias))
                    }
                }
            }
        };
        Ok((y, q_layout.shape().clone()))
    }
}

/// With tensor operations, for any device.
fn by_tensors(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    AttentionSpec { heads, scale, .. }: AttentionSpec,
    bias: &AttentionBias,
) -> Result<Tensor> {
    let (batch, n, width) = q.dims3()?;
    let l = k.dim(1)?;
    let d = width / heads;
    let rows = (BLOCK / (heads * l).max(1)).max(1);
    let q = if scale == 1.0 {
        q.clone()
    } else {
        (q * scale)?
    };
    let mut items = Vec::with_capacity(batch);
    for item in 0..batch {
        // (1, n, h·d) → (h, n, d), a view: the matrix multiplication takes strides.
        let split = |x: &Tensor| x.get(item)?.reshape(((), heads, d))?.transpose(0, 1);
        let (q, k, v) = (split(&q)?, split(k)?.transpose(1, 2)?, split(v)?);
        let keys = bias.keys.map(|keys| keys.get(item)).transpose()?;
        let queries = bias.queries.map(|queries| queries.get(item)).transpose()?;
        let mut blocks = Vec::with_capacity(n.div_ceil(rows));
        for start in (0..n).step_by(rows) {
            let len = rows.min(n - start);
            let scores = q.narrow(1, start, len)?.matmul(&k)?; // (h, len, l)
            let mut scores = scores.to_dtype(DType::F32)?;
            if let Some(pairs) = bias.pairs {
                scores = (scores + pairs.narrow(1, start, len)?)?;
            }
            if let Some(keys) = &keys {
                scores = scores.broadcast_add(keys)?;
            }
            if let Some(queries) = &queries {
                scores = scores.broadcast_add(&queries.narrow(0, start, len)?)?;
            }
            let weights = candle_nn::ops::softmax_last_dim(&scores)?.to_dtype(v.dtype())?;
            blocks.push(weights.matmul(&v)?.transpose(0, 1)?); // (len, h, d)
        }
        items.push(Tensor::cat(&blocks, 0)?.reshape((1, n, width))?);
    }
    match items.len() {
        1 => Ok(items.remove(0)),
        _ => Tensor::cat(&items, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn the_kernel_agrees_with_tensors() -> Result<()> {
        let random = |shape: &[usize]| Tensor::randn(0f32, 1.0, shape, &Device::Cpu);
        let (q, k) = (random(&[2, 37, 24])?, random(&[2, 21, 24])?);
        let v = random(&[2, 21, 24])?;
        let (pairs, keys) = (random(&[3, 37, 21])?, random(&[2, 21])?);
        let queries = random(&[2, 37, 21])?;
        let bias = AttentionBias {
            pairs: Some(&pairs),
            keys: Some(&keys),
            queries: Some(&queries),
        };
        for (dtype, tolerance) in [(DType::F32, 1e-5), (DType::BF16, 3e-2)] {
            let spec = AttentionSpec {
                heads: 3,
                scale: 0.35,
                dtype,
            };
            let kernel = attention(&q, &k, &v, spec, &bias)?.to_dtype(DType::F32)?;
            let tensors = by_tensors(&q, &k, &v, spec, &bias)?;
            let apart = (kernel - tensors)?.abs()?.flatten_all()?.max(0)?;
            assert!(apart.to_scalar::<f32>()? < tolerance, "{dtype:?}: {apart}");
        }
        Ok(())
    }
}
