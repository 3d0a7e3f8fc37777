//! Scaled dot-product attention, in blocks of queries so that no score matrix grows with n².

use candle_core::{DType, Result, Tensor};

use super::rows::{map_rows, on_cpu, softmax_row};

/// Scores held at a time, all heads together: 16 MiB in f32.
const BLOCK: usize = 4 << 20;

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

/// `q` (b, n, h·d), `k` and `v` (b, l, h·d) → (b, n, h·d), in the dtype of `q`.
pub(crate) fn attention(
    q: &Tensor,
    k: &Tensor,
    v: &Tensor,
    (heads, scale): (usize, f64),
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
            let weights = softmax(&scores)?.to_dtype(v.dtype())?;
            blocks.push(weights.matmul(&v)?.transpose(0, 1)?); // (len, h, d)
        }
        items.push(Tensor::cat(&blocks, 0)?.reshape((1, n, width))?);
    }
    match items.len() {
        1 => Ok(items.remove(0)),
        _ => Tensor::cat(&items, 0),
    }
}

fn softmax(scores: &Tensor) -> Result<Tensor> {
    if on_cpu(scores) {
        map_rows(scores, |_, row, out| softmax_row(row, out))
    } else {
        candle_nn::ops::softmax_last_dim(scores)
    }
}
