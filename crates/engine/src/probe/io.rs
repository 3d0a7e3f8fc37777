//! Tensors by name out of a safetensors file, and back into one.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use safetensors::{Dtype, SafeTensors, View, tensor::TensorView};

use crate::checkpoint::write_whole;
use crate::{Error, Result};

/// The input file, held in memory.
pub struct Inputs {
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Inputs {
    pub fn read(path: &Path) -> Result<Self> {
        let refuse = |what: String| Error::record(path, what, "give a safetensors file");
        let bytes =
            std::fs::read(path).map_err(|error| refuse(format!("cannot be read ({error})")))?;
        SafeTensors::deserialize(&bytes)
            .map_err(|error| refuse(format!("not safetensors ({error})")))?;
        Ok(Self {
            path: path.to_path_buf(),
            bytes,
        })
    }

    /// A complaint about this file.
    pub fn refuse(&self, what: impl Into<String>) -> Error {
        Error::record(
            &self.path,
            what,
            "see `kinora probe --help` for what each component takes",
        )
    }

    fn file(&self) -> SafeTensors<'_> {
        SafeTensors::deserialize(&self.bytes).expect("it was read before")
    }

    /// A metadata value.
    pub fn metadata(&self, key: &str) -> Option<String> {
        let (_, metadata) = SafeTensors::read_metadata(&self.bytes).ok()?;
        metadata.metadata().as_ref()?.get(key).cloned()
    }

    pub fn has(&self, name: &str) -> bool {
        self.file().tensor(name).is_ok()
    }

    /// How many axes a tensor has.
    pub fn rank(&self, name: &str) -> Result<usize> {
        Ok(self.view(&self.file(), name)?.shape().len())
    }

    /// A tensor with `rank` axes as f32 on the CPU.
    pub fn floats(&self, name: &str, rank: usize) -> Result<Tensor> {
        let file = self.file();
        let view = self.view(&file, name)?;
        if view.shape().len() != rank {
            return Err(self.refuse(format!(
                "`{name}` has shape {:?} where {rank} axes are needed",
                view.shape()
            )));
        }
        let float = match view.dtype() {
            Dtype::F32 => Some(DType::F32),
            Dtype::F16 => Some(DType::F16),
            Dtype::BF16 => Some(DType::BF16),
            Dtype::F64 => Some(DType::F64),
            _ => None,
        };
        let shape = view.shape().to_vec();
        Ok(match float {
            Some(dtype) => Tensor::from_raw_buffer(view.data(), dtype, &shape, &Device::Cpu)?
                .to_dtype(DType::F32)?,
            None => {
                let values = self.integers(&view, name)?;
                let values: Vec<f32> = values.into_iter().map(|value| value as f32).collect();
                Tensor::from_vec(values, shape, &Device::Cpu)?
            }
        })
    }

    /// [`Self::floats`] if the tensor is there.
    pub fn floats_if(&self, name: &str, rank: usize) -> Result<Option<Tensor>> {
        match self.has(name) {
            true => self.floats(name, rank).map(Some),
            false => Ok(None),
        }
    }

    /// Bytes of shape (t, h, w, 3).
    pub fn pixels(&self, name: &str) -> Result<Tensor> {
        let file = self.file();
        let view = self.view(&file, name)?;
        match (view.dtype(), view.shape()) {
            (Dtype::U8, &[t, h, w, 3]) if t > 0 && h > 0 && w > 0 => Ok(Tensor::from_raw_buffer(
                view.data(),
                DType::U8,
                view.shape(),
                &Device::Cpu,
            )?),
            (dtype, shape) => Err(self.refuse(format!(
                "`{name}` is {dtype:?} of shape {shape:?}, not u8 of (t, h, w, 3)"
            ))),
        }
    }

    /// Token ids (b, l).
    pub fn ids(&self, name: &str) -> Result<Tensor> {
        let file = self.file();
        let view = self.view(&file, name)?;
        let &[b, l] = view.shape() else {
            return Err(self.refuse(format!(
                "`{name}` has shape {:?}, not (batch, tokens)",
                view.shape()
            )));
        };
        let ids = self.integers(&view, name)?;
        let ids = ids
            .into_iter()
            .map(u32::try_from)
            .collect::<Result<Vec<_>, _>>();
        let ids = ids.map_err(|_| self.refuse(format!("`{name}` holds a negative id")))?;
        Ok(Tensor::from_vec(ids, (b, l), &Device::Cpu)?)
    }

    /// The one value of a one-element tensor.
    pub fn count(&self, name: &str) -> Result<usize> {
        let file = self.file();
        let view = self.view(&file, name)?;
        match self.integers(&view, name)?.as_slice() {
            &[value] if value > 0 => Ok(value as usize),
            other => Err(self.refuse(format!("`{name}` holds {other:?}, not one positive number"))),
        }
    }

    fn view<'a>(&self, file: &SafeTensors<'a>, name: &str) -> Result<TensorView<'a>> {
        file.tensor(name)
            .map_err(|_| self.refuse(format!("it has no tensor `{name}`")))
    }

    fn integers(&self, view: &TensorView, name: &str) -> Result<Vec<i64>> {
        let size = match view.dtype() {
            Dtype::BOOL | Dtype::U8 | Dtype::I8 => 1,
            Dtype::U16 | Dtype::I16 => 2,
            Dtype::U32 | Dtype::I32 => 4,
            Dtype::U64 | Dtype::I64 => 8,
            other => {
                return Err(self.refuse(format!(
                    "`{name}` is {other:?} where whole numbers are needed"
                )));
            }
        };
        let signed = matches!(
            view.dtype(),
            Dtype::I8 | Dtype::I16 | Dtype::I32 | Dtype::I64
        );
        let read = |bytes: &[u8]| {
            let negative = signed && bytes[size - 1] & 0x80 != 0;
            let mut wide = [if negative { 0xff } else { 0 }; 8];
            wide[..size].copy_from_slice(bytes);
            i64::from_le_bytes(wide)
        };
        Ok(view.data().chunks_exact(size).map(read).collect())
    }
}

/// Writes tensors (f32 or u8) by name. They are large: each goes as its bytes come.
pub fn write(path: &Path, tensors: Vec<(&str, Tensor)>) -> Result<()> {
    let views = tensors.into_iter();
    let views = views.map(|(name, tensor)| Ok((name, Owned::of(tensor)?)));
    let views = views.collect::<Result<Vec<_>>>()?;
    let file = safetensors::serialize(views, None::<HashMap<String, String>>).map_err(|error| {
        Error::record(path, format!("cannot be laid out ({error})"), "report this")
    })?;
    write_whole(path, &file)
}

struct Owned {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Owned {
    fn of(tensor: Tensor) -> Result<Self> {
        let shape = tensor.dims().to_vec();
        let flat = tensor.to_device(&Device::Cpu)?.flatten_all()?;
        drop(tensor);
        let (dtype, bytes) = match flat.dtype() {
            DType::U8 => (Dtype::U8, flat.to_vec1::<u8>()?),
            _ => {
                let values = flat.to_dtype(DType::F32)?.to_vec1::<f32>()?;
                drop(flat);
                let bytes = values.iter().flat_map(|value| value.to_le_bytes());
                (Dtype::F32, bytes.collect())
            }
        };
        Ok(Self {
            dtype,
            shape,
            bytes,
        })
    }
}

impl View for Owned {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}
