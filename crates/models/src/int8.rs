//! Weights stored in eight bits: a quarter of f32, for models that travel inside a program.
//!
//! A tensor `x` of dtype I8 has a companion `x_scale`, f32, with one number for each of its rows (its first dimension,
//! the output channels of a linear layer or a convolution): the weight is row · scale, rounded to bf16, so that a model is
//! the same whatever it is computed in and however it is stored. Nothing computes in eight bits: the weights of linear layers
//! on a CPU are widened a few at a time as their product comes to them, all others when they are loaded.

use std::borrow::Cow;

use candle_core::{DType, Shape};
use candle_nn::VarBuilder;
use half::bf16;
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError, SafeTensors};

/// Asked for in this type, [`WeightFiles`](crate::weights::WeightFiles) gives the bytes of a tensor that is stored in eight bits.
pub(crate) const STORED: DType = DType::U8;

/// What the scales of a tensor are called.
pub(crate) fn scale_name(name: &str) -> String {
    format!("{name}_scale")
}

/// Whether a tensor is the scales of another.
fn is_scale(name: &str, all: &SafeTensors) -> bool {
    let of = name.strip_suffix("_scale");
    of.and_then(|of| all.tensor(of).ok())
        .is_some_and(|of| of.dtype() == Dtype::I8)
}

/// The matrix `name` (rows, columns) as it is stored, and its scales, if it is stored in eight bits.
pub(crate) fn stored(
    rows: usize,
    columns: usize,
    name: &str,
    vb: &VarBuilder,
) -> candle_core::Result<Option<(Vec<i8>, Vec<f32>)>> {
    if !vb.contains_tensor(&scale_name(name)) {
        return Ok(None);
    }
    let get = |shape: Shape, name: &str, dtype| {
        let values = vb.get_with_hints_dtype(shape, name, Default::default(), dtype)?;
        values.flatten_all()
    };
    let values = get((rows, columns).into(), name, STORED)?.to_vec1::<u8>()?;
    let scales = get(rows.into(), &scale_name(name), DType::F32)?.to_vec1()?;
    let values = values.into_iter().map(|value| value as i8).collect();
    Ok(Some((values, scales)))
}

/// The weights: `values` as bytes of i8, row after row, `scales` as bytes of f32, little-endian, one a row. `None` where
/// the two do not fit.
pub(crate) fn widen(values: &[u8], scales: &[u8], rows: usize) -> Option<Vec<f32>> {
    if scales.len() != 4 * rows || rows == 0 || !values.len().is_multiple_of(rows) {
        return None;
    }
    let scales = scales.chunks_exact(4);
    let scales = scales.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let row = (values.len() / rows).max(1);
    let rows = values.chunks_exact(row).zip(scales);
    let wide = |v: u8, scale: f32| bf16::from_f32(f32::from(v as i8) * scale).to_f32();
    Some(
        rows.flat_map(|(row, scale)| row.iter().map(move |&v| wide(v, scale)))
            .collect(),
    )
}

/// Rows of `columns` in eight bits, and the scale of each: what `widen` widens again.
pub(crate) fn narrow(matrix: &[f32], columns: usize) -> (Vec<u8>, Vec<f32>) {
    let (mut values, mut scales) = (Vec::with_capacity(matrix.len()), Vec::new());
    for row in matrix.chunks(columns.max(1)) {
        let largest = row.iter().fold(0f32, |largest, v| largest.max(v.abs()));
        let scale = largest.max(1e-12) / 127.0;
        values.extend(row.iter().map(|v| (v / scale).round() as i8 as u8));
        scales.push(scale);
    }
    (values, scales)
}

/// A safetensors file without eight-bit weights: those are widened to bf16, and their scales left out. A file that has
/// none, or that is damaged, is given back as it is.
pub(crate) fn without(file: Cow<'static, [u8]>) -> Cow<'static, [u8]> {
    match widened(&file) {
        Ok(Some(plain)) => plain.into(),
        _ => file,
    }
}

fn widened(file: &[u8]) -> Result<Option<Vec<u8>>, SafeTensorError> {
    let all = SafeTensors::deserialize(file)?;
    let (_, metadata) = SafeTensors::read_metadata(file)?;
    if all.iter().all(|(_, tensor)| tensor.dtype() != Dtype::I8) {
        return Ok(None);
    }
    let mut tensors = Vec::new();
    for (name, tensor) in all.iter().filter(|(name, _)| !is_scale(name, &all)) {
        let (dtype, data): (Dtype, Cow<[u8]>) = match tensor.dtype() {
            Dtype::I8 => {
                let scales = all.tensor(&scale_name(name))?;
                let rows = tensor.shape().first().copied().unwrap_or(0);
                let wide = widen(tensor.data(), scales.data(), rows)
                    .ok_or_else(|| SafeTensorError::TensorNotFound(scale_name(name)))?;
                let bytes = wide.iter().flat_map(|&v| bf16::from_f32(v).to_le_bytes());
                (Dtype::BF16, bytes.collect::<Vec<u8>>().into())
            }
            other => (other, tensor.data().into()),
        };
        tensors.push((name.to_owned(), dtype, tensor.shape().to_vec(), data));
    }
    let views = tensors.iter().map(|(name, dtype, shape, data)| {
        let view = TensorView::new(*dtype, shape.clone(), data)?;
        Ok((name, view))
    });
    let views = views.collect::<Result<Vec<_>, SafeTensorError>>()?;
    safetensors::serialize(views, metadata.metadata().clone()).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_their_own_scales() {
        let scales: Vec<u8> = [0.5f32, 2.0].iter().flat_map(|s| s.to_le_bytes()).collect();
        let values = [1i8, -127, 3, 0, 127, -2].map(|v| v as u8);
        let wide = widen(&values, &scales, 2).unwrap();
        assert_eq!(wide, [0.5, -63.5, 1.5, 0.0, 254.0, -4.0]);
        assert_eq!(widen(&values, &scales, 3), None);
        assert_eq!(widen(&values, &scales[..4], 2), None);
        assert_eq!(widen(&[], &[], 0), None);
    }

    #[test]
    fn files_are_widened_whole_and_others_left_alone() {
        let values = [1i8, -127, 3, 0].map(|v| v as u8);
        let scales: Vec<u8> = [0.5f32, 2.0].iter().flat_map(|s| s.to_le_bytes()).collect();
        let bias = [1f32, 2.0].map(f32::to_le_bytes).concat();
        let view = |dtype, shape: &[usize], data| TensorView::new(dtype, shape.to_vec(), data);
        let tensors = [
            ("a.weight", view(Dtype::I8, &[2, 2], &values[..]).unwrap()),
            ("a.weight_scale", view(Dtype::F32, &[2], &scales).unwrap()),
            ("a.bias", view(Dtype::F32, &[2], &bias).unwrap()),
        ];
        let file = safetensors::serialize(tensors, None).unwrap();
        let plain = without(file.into());
        let plain_again = without(plain.clone());
        assert_eq!(plain, plain_again);
        let read = SafeTensors::deserialize(&plain).unwrap();
        assert_eq!(read.len(), 2);
        let weight = read.tensor("a.weight").unwrap();
        assert_eq!((weight.dtype(), weight.shape()), (Dtype::BF16, &[2, 2][..]));
        let second = bf16::from_le_bytes([weight.data()[2], weight.data()[3]]);
        assert_eq!(second.to_f32(), -63.5);
        assert_eq!(without(vec![1, 2, 3].into()).as_ref(), [1, 2, 3]);
    }
}
