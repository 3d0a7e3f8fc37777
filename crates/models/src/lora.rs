//! Changes of low rank beside the matrices of a component (LoRA, Hu et al. 2021), folded into its weights as they are loaded.
//!
//! A file as diffusers and PEFT write it: for a matrix `NAME.weight` (out, in) of component `transformer` it holds
//! `transformer.NAME.lora_A.weight` (rank, in) and `transformer.NAME.lora_B.weight` (out, rank), and the matrix becomes
//! W + B·A. What is stored in eight bits is so again afterwards.

use std::collections::HashMap;
use std::sync::Mutex;

use candle_core::{DType, Device, Result, Shape, Tensor, bail};
use candle_nn::Init;
use candle_nn::var_builder::SimpleBackend;

use crate::int8;
use crate::weights::WeightFiles;

const A: &str = ".lora_A.weight";
const B: &str = ".lora_B.weight";
const WEIGHT: &str = ".weight";

pub(crate) struct Changed {
    weights: WeightFiles,
    changes: WeightFiles,
    /// `transformer.`
    prefix: String,
    /// Scales of matrices that were asked for in eight bits; they are asked for next.
    scales: Mutex<HashMap<String, Vec<f32>>>,
}

impl Changed {
    pub fn new(weights: WeightFiles, changes: WeightFiles, component: &str) -> crate::Result<Self> {
        let prefix = format!("{component}.");
        for name in changes.names() {
            let half = name.strip_suffix(A).or(name.strip_suffix(B));
            let matrix = half.and_then(|half| half.strip_prefix(&prefix));
            let known = |matrix: &str| weights.contains_tensor(&format!("{matrix}{WEIGHT}"));
            if !matrix.is_some_and(known) {
                return Err(changes.unfit(&format!("`{name}` changes nothing of the {component}")));
            }
        }
        Ok(Self {
            weights,
            changes,
            prefix,
            scales: Mutex::default(),
        })
    }

    /// B·A of a matrix, in f32, if it is changed.
    fn change(&self, name: &str, device: &Device) -> Result<Option<Tensor>> {
        let Some(matrix) = name.strip_suffix(WEIGHT) else {
            return Ok(None);
        };
        let matrix = format!("{}{matrix}", self.prefix);
        if !self.changes.contains_tensor(&format!("{matrix}{A}")) {
            return Ok(None);
        }
        let half = |end: &str| {
            let name = format!("{matrix}{end}");
            self.changes.get_unchecked(&name, DType::F32, device)
        };
        half(B)?.matmul(&half(A)?).map(Some)
    }

    fn changed(&self, name: &str, change: &Tensor, device: &Device) -> Result<Tensor> {
        let whole = self.weights.get_unchecked(name, DType::F32, device)?;
        if whole.shape() != change.shape() {
            bail!(
                "the change of `{name}` has shape {:?}, the matrix {:?}",
                change.shape(),
                whole.shape()
            );
        }
        whole + change
    }

    /// A scale a row, kept until it is asked for, and the rows by it.
    fn in_eight_bits(&self, name: &str, matrix: &Tensor, device: &Device) -> Result<Tensor> {
        let (rows, columns) = matrix.dims2()?;
        let matrix = matrix.flatten_all()?.to_vec1::<f32>()?;
        let (values, scales) = int8::narrow(&matrix, columns);
        let mut kept = self
            .scales
            .lock()
            .unwrap_or_else(|error| error.into_inner());
        kept.insert(int8::scale_name(name), scales);
        Tensor::from_vec(values, (rows, columns), device)
    }
}

impl SimpleBackend for Changed {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        init: Init,
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor> {
        let fresh = {
            let mut kept = self
                .scales
                .lock()
                .unwrap_or_else(|error| error.into_inner());
            kept.remove(name)
        };
        if let Some(scales) = fresh {
            return Tensor::from_vec(scales, shape, device)?.to_dtype(dtype);
        }
        match self.change(name, device)? {
            None => self.weights.get(shape, name, init, dtype, device),
            Some(change) => {
                let matrix = self.changed(name, &change, device)?.reshape(shape)?;
                match dtype == int8::STORED {
                    true => self.in_eight_bits(name, &matrix, device),
                    false => matrix.to_dtype(dtype),
                }
            }
        }
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor> {
        match self.change(name, device)? {
            None => self.weights.get_unchecked(name, dtype, device),
            Some(change) => self.changed(name, &change, device)?.to_dtype(dtype),
        }
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.weights.contains_tensor(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ModelSource;

    /// Writes a component's weights.
    fn write(dir: &std::path::Path, file: &str, tensors: &[(&str, Tensor)]) {
        let path = dir.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let tensors = tensors.iter().map(|(name, tensor)| (*name, tensor.clone()));
        candle_core::safetensors::save(&tensors.collect(), path).unwrap();
    }

    fn random(shape: (usize, usize)) -> Tensor {
        Tensor::randn(0f32, 1.0, shape, &Device::Cpu).unwrap()
    }

    #[test]
    fn a_matrix_becomes_itself_and_its_change_in_eight_bits_too() {
        let dir = tempfile::tempdir().unwrap();
        let (plain, eight, other) = (random((6, 8)), random((5, 8)), random((4, 8)));
        let (values, scales) = int8::narrow(&eight.flatten_all().unwrap().to_vec1().unwrap(), 8);
        let values: Vec<i64> = values.into_iter().map(|v| i64::from(v as i8)).collect();
        // candle cannot write I8: the file is made by hand.
        let bytes = |t: &Tensor| -> Vec<u8> {
            let values = t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            values.iter().flat_map(|v| v.to_le_bytes()).collect()
        };
        let small: Vec<u8> = values.iter().map(|v| *v as i8 as u8).collect();
        let scales: Vec<u8> = scales.iter().flat_map(|v| v.to_le_bytes()).collect();
        let (a, b) = (bytes(&plain), bytes(&other));
        use safetensors::{Dtype, tensor::TensorView};
        let view =
            |dtype, shape: &[usize], data| TensorView::new(dtype, shape.to_vec(), data).unwrap();
        let file = [
            ("a.weight", view(Dtype::F32, &[6, 8], &a)),
            ("b.weight", view(Dtype::I8, &[5, 8], &small)),
            ("b.weight_scale", view(Dtype::F32, &[5], &scales)),
            ("c.weight", view(Dtype::F32, &[4, 8], &b)),
        ];
        std::fs::create_dir_all(dir.path().join("net")).unwrap();
        let path = dir.path().join("net/model.safetensors");
        std::fs::write(path, safetensors::serialize(file, None).unwrap()).unwrap();
        let halves: Vec<Tensor> = [(2, 8), (6, 2), (2, 8), (5, 2)].map(random).into();
        let names = [
            "net.a.lora_A.weight",
            "net.a.lora_B.weight",
            "net.b.lora_A.weight",
            "net.b.lora_B.weight",
        ];
        let changes: Vec<_> = names.into_iter().zip(halves.clone()).collect();
        let lora = "few/pytorch_lora_weights.safetensors";
        write(dir.path(), lora, &changes);

        let source = ModelSource::dir(dir.path()).unwrap();
        let vb = source
            .weights_changed("net", "few", DType::F32, &Device::Cpu)
            .unwrap();
        let far = |x: &Tensor, y: &Tensor| {
            let gap = (x - y).unwrap().abs().unwrap().max_all().unwrap();
            gap.to_scalar::<f32>().unwrap()
        };
        let product = |i: usize| halves[i + 1].matmul(&halves[i]).unwrap();
        let changed = vb.get((6, 8), "a.weight").unwrap();
        assert!(far(&changed, &(&plain + product(0)).unwrap()) < 1e-5);
        assert!(far(&vb.get((4, 8), "c.weight").unwrap(), &other) == 0.0);
        let wanted = (&eight + product(2)).unwrap();
        let (values, scales) = int8::stored(5, 8, "b.weight", &vb).unwrap().unwrap();
        for (row, scale) in scales.iter().enumerate() {
            for column in 0..8 {
                let got = f32::from(values[row * 8 + column]) * scale;
                let want: f32 = wanted
                    .get(row)
                    .unwrap()
                    .get(column)
                    .unwrap()
                    .to_scalar()
                    .unwrap();
                assert!((got - want).abs() < 0.1, "{got} {want}");
            }
        }
        // What fits nothing is named.
        write(dir.path(), lora, &[("net.d.lora_A.weight", random((2, 8)))]);
        let error = source.weights_changed("net", "few", DType::F32, &Device::Cpu);
        let error = error.err().unwrap().to_string();
        assert!(
            error.contains("net.d.lora_A.weight") && error.contains("few"),
            "{error}"
        );
    }
}
