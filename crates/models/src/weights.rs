//! A component's safetensors, single or sharded, as a candle weight backend that names its files.

use std::collections::{BTreeSet, HashMap};

use candle_core::{DType, Device, Shape, Tensor};
use candle_nn::var_builder::SimpleBackend;
use safetensors::SafeTensors;

use crate::error::{Error, Result, WeightFault};
use crate::int8;
use crate::source::{FileBytes, ModelSource};

/// Base names of a component's weights: diffusers', transformers', and those of changes to another component.
const STEMS: [&str; 3] = ["diffusion_pytorch_model", "model", "pytorch_lora_weights"];
const REFETCH: &str = "fetch the file again";
const SUPPORTED: &str = "use weights in f32, bf16, f16, or int8 with a scale a row";

/// All tensors of one component.
pub(crate) struct WeightFiles {
    files: Vec<(String, FileBytes)>,
    tensors: HashMap<String, Entry>,
}

struct Entry {
    file: usize,
    dtype: safetensors::Dtype,
    shape: Vec<usize>,
    /// Byte range within the file.
    start: usize,
    end: usize,
}

impl WeightFiles {
    pub fn open(source: &ModelSource, component: &str) -> Result<Self> {
        let mut all = Self {
            files: Vec::new(),
            tensors: HashMap::new(),
        };
        for stem in STEMS {
            let single = format!("{component}/{stem}.safetensors");
            if source.exists(&single) {
                all.add(source, &single)?;
                return Ok(all);
            }
            let index = format!("{single}.index.json");
            if source.exists(&index) {
                all.add_shards(source, component, &index)?;
                return Ok(all);
            }
        }
        Err(source.missing(&format!("{component}/{}.safetensors", STEMS[0])))
    }

    fn add_shards(&mut self, source: &ModelSource, component: &str, index: &str) -> Result<()> {
        let fault = |what: String| Error::Weights {
            file: source.display(index),
            what,
            cure: REFETCH.into(),
        };
        let json = source.json(index)?;
        let Some(map) = json.get("weight_map").and_then(|map| map.as_object()) else {
            return Err(fault("it has no `weight_map`".into()));
        };
        let mut shards = BTreeSet::new();
        for (tensor, shard) in map {
            match shard.as_str() {
                // A shard lies beside its index: a path would leave the model's folder.
                Some(name) if !name.contains(['/', '\\']) => shards.insert(name),
                _ => return Err(fault(format!("`{tensor}` does not name a file"))),
            };
        }
        for shard in &shards {
            self.add(source, &format!("{component}/{shard}"))?;
        }
        if let Some(tensor) = map.keys().find(|name| !self.tensors.contains_key(*name)) {
            return Err(fault(format!("no shard holds `{tensor}`, which it lists")));
        }
        Ok(())
    }

    fn add(&mut self, source: &ModelSource, path: &str) -> Result<()> {
        let bytes = source.map(path)?;
        let name = source.display(path);
        let data = bytes.as_ref();
        let parsed = SafeTensors::read_metadata(data).and_then(|(header, metadata)| {
            SafeTensors::deserialize(data).map(|_| (header + 8, metadata))
        });
        let (offset, metadata) = parsed.map_err(|error| Error::Weights {
            file: name.clone(),
            what: format!(
                "damaged or cut short, {} bytes are there ({error})",
                data.len()
            ),
            cure: REFETCH.into(),
        })?;
        for (tensor, info) in metadata.tensors() {
            let entry = Entry {
                file: self.files.len(),
                dtype: info.dtype,
                shape: info.shape.clone(),
                start: offset + info.data_offsets.0,
                end: offset + info.data_offsets.1,
            };
            self.tensors.insert(tensor, entry);
        }
        self.files.push((name, bytes));
        Ok(())
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// That the files belong to other ones.
    pub fn unfit(&self, what: &str) -> Error {
        Error::Weights {
            file: self
                .files
                .first()
                .map_or_else(String::new, |(name, _)| name.clone()),
            what: what.into(),
            cure: "both must come from the same model: fetch both again".into(),
        }
    }

    /// Bytes of the tensors whose names begin with `prefix`, as they are held to compute in `dtype`: matrices that are stored
    /// in eight bits stay so.
    pub fn bytes_held(&self, prefix: &str, dtype: DType) -> usize {
        let own = self
            .tensors
            .iter()
            .filter(|(name, _)| name.starts_with(prefix));
        own.map(|(_, tensor)| {
            let each = match (tensor.dtype, tensor.shape.len()) {
                (safetensors::Dtype::I8, 2) => 1,
                _ => dtype.size_in_bytes(),
            };
            each * tensor.shape.iter().product::<usize>()
        })
        .sum()
    }

    fn fault(&self, entry: &Entry, what: String, cure: &str) -> candle_core::Error {
        WeightFault {
            file: self.files[entry.file].0.clone(),
            what,
            cure: cure.into(),
        }
        .into_candle()
    }

    fn entry(&self, name: &str) -> candle_core::Result<&Entry> {
        self.tensors.get(name).ok_or_else(|| {
            let file = self.files.first().map_or("the weights", |(name, _)| name);
            WeightFault {
                file: file.to_owned(),
                what: format!("it has no tensor `{name}`, which the config calls for"),
                cure: "config and weights must come from the same model: fetch both again".into(),
            }
            .into_candle()
        })
    }

    fn read(&self, entry: &Entry, name: &str, device: &Device) -> candle_core::Result<Tensor> {
        let dtype = match entry.dtype {
            safetensors::Dtype::F32 => DType::F32,
            safetensors::Dtype::BF16 => DType::BF16,
            safetensors::Dtype::F16 => DType::F16,
            safetensors::Dtype::I8 => return self.read_int8(entry, name, device),
            other => {
                let what = format!("`{name}` is stored as {other:?}");
                return Err(self.fault(entry, what, SUPPORTED));
            }
        };
        self.tensor(entry, dtype, device)
    }

    /// A tensor in eight bits, without its scales.
    fn read_stored(
        &self,
        entry: &Entry,
        name: &str,
        device: &Device,
    ) -> candle_core::Result<Tensor> {
        if entry.dtype != safetensors::Dtype::I8 {
            let what = format!("`{name}` has scales, and is stored as {:?}", entry.dtype);
            return Err(self.fault(entry, what, SUPPORTED));
        }
        self.tensor(entry, int8::STORED, device)
    }

    /// A copy of the bytes. They are read once: what is mapped need not stay in memory.
    fn tensor(&self, entry: &Entry, dtype: DType, device: &Device) -> candle_core::Result<Tensor> {
        let tensor = Tensor::from_raw_buffer(self.bytes(entry), dtype, &entry.shape, device);
        self.files[entry.file].1.done_with(entry.start..entry.end);
        tensor
    }

    fn bytes(&self, entry: &Entry) -> &[u8] {
        &self.files[entry.file].1.as_ref()[entry.start..entry.end]
    }

    fn read_int8(&self, entry: &Entry, name: &str, device: &Device) -> candle_core::Result<Tensor> {
        let scales = self.entry(&int8::scale_name(name))?;
        let rows = entry.shape.first().copied().unwrap_or(0);
        let fits = scales.dtype == safetensors::Dtype::F32 && scales.shape == [rows];
        let wide = match fits {
            true => int8::widen(self.bytes(entry), self.bytes(scales), rows),
            false => None,
        };
        let Some(wide) = wide else {
            let what = format!("the scales of `{name}` are not one f32 a row");
            return Err(self.fault(scales, what, REFETCH));
        };
        self.files[entry.file].1.done_with(entry.start..entry.end);
        Tensor::from_vec(wide, entry.shape.as_slice(), device)
    }
}

impl SimpleBackend for WeightFiles {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        _: candle_nn::Init,
        dtype: DType,
        device: &Device,
    ) -> candle_core::Result<Tensor> {
        let entry = self.entry(name)?;
        if entry.shape != shape.dims() {
            let what = format!(
                "`{name}` has shape {:?} where the config calls for {:?}",
                entry.shape,
                shape.dims()
            );
            let cure = "config and weights must come from the same model: fetch both again";
            return Err(self.fault(entry, what, cure));
        }
        if dtype == int8::STORED {
            return self.read_stored(entry, name, device);
        }
        self.read(entry, name, device)?.to_dtype(dtype)
    }

    fn get_unchecked(
        &self,
        name: &str,
        dtype: DType,
        device: &Device,
    ) -> candle_core::Result<Tensor> {
        self.read(self.entry(name)?, name, device)?.to_dtype(dtype)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }
}
