//! Golden files of synthetic cases: the twin of `training/fixtures/synthetic.py`.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Result, Shape, Tensor, bail};
use candle_nn::VarBuilder;
use candle_nn::var_builder::SimpleBackend;
use serde::de::DeserializeOwned;

/// Element i of tensor `name` is a hash of both, in −1…1, times `scale`, plus `offset`.
pub fn tensor(name: &str, shape: &[usize], scale: f32, offset: f32) -> Tensor {
    let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |seed, byte| {
        (seed ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let values: Vec<f32> = (0..shape.iter().product::<usize>() as u64)
        .map(|i| {
            let mut z = seed.wrapping_add(i.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            ((z >> 40) as f32 / (1 << 23) as f32 - 1.0) * scale + offset
        })
        .collect();
    Tensor::from_vec(values, shape, &Device::Cpu).expect("as many values as the shape has")
}

/// One golden file.
pub struct Case {
    pub results: HashMap<String, Tensor>,
    metadata: HashMap<String, String>,
}

impl Case {
    /// `fixtures/<network>/<name>.safetensors`.
    pub fn read(network: &str, name: &str) -> Self {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        Self::open(&fixtures.join(network).join(format!("{name}.safetensors")))
    }

    /// The file at `path`.
    pub fn open(path: &Path) -> Self {
        let bytes = std::fs::read(path).expect("the fixture is committed");
        let (_, header) =
            safetensors::SafeTensors::read_metadata(&bytes).expect("the fixture is intact");
        Self {
            results: candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)
                .expect("the fixture is intact"),
            metadata: header.metadata().clone().expect("the fixture has metadata"),
        }
    }

    pub fn get<T: DeserializeOwned>(&self, name: &str) -> T {
        serde_json::from_str(&self.metadata[name]).expect("the fixture's metadata fits")
    }

    /// The case's weights.
    pub fn weights(&self, dtype: DType, device: &Device) -> VarBuilder<'static> {
        let backend = Box::new(Weights(self.get("weights")));
        VarBuilder::from_backend(backend, dtype, device.clone())
    }

    /// Relative L2 distance from the golden result, and the reference's own in bf16.
    pub fn errors(&self, name: &str, ours: &Tensor) -> (f64, f64) {
        let bf16: HashMap<String, f64> = self.get("bf16_error");
        let error = relative_l2(ours, &self.results[name]).expect("the shapes agree");
        (error, bf16[name])
    }

    /// That a result computed in `dtype` is the golden one, but for the order of sums in f32 and for 1.25 times what the
    /// reference's own bf16 is off.
    #[allow(dead_code)] // some networks have bounds of their own
    pub fn check(&self, name: &str, dtype: DType, (result, ours): (&str, &Tensor)) {
        let (error, reference) = self.errors(result, ours);
        let allowed = match dtype {
            DType::F32 => 1e-5,
            _ => 1.25 * reference,
        };
        println!("{name} {dtype:?}: {error:.2e}, at most {allowed:.2e}");
        assert!(
            error <= allowed,
            "{name} {dtype:?}: {error:.2e} > {allowed:.2e}"
        );
    }
}

pub fn relative_l2(a: &Tensor, b: &Tensor) -> Result<f64> {
    let (a, b) = (a.to_dtype(DType::F64)?, b.to_dtype(DType::F64)?);
    let distance = (&a - &b)?.sqr()?.sum_all()?.to_scalar::<f64>()?;
    Ok((distance / b.sqr()?.sum_all()?.to_scalar::<f64>()?).sqrt())
}

/// Makes weights as they are asked for; knows shape, scale and offset of each.
struct Weights(HashMap<String, (Vec<usize>, f64, f64)>);

impl SimpleBackend for Weights {
    fn get(
        &self,
        s: Shape,
        name: &str,
        _: candle_nn::Init,
        dtype: DType,
        device: &Device,
    ) -> Result<Tensor> {
        let weight = self.get_unchecked(name, dtype, device)?;
        match weight.shape() == &s {
            true => Ok(weight),
            false => bail!("{name} is {:?}, asked for as {s:?}", weight.shape()),
        }
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor> {
        match self.0.get(name) {
            Some((shape, scale, offset)) => {
                let weight = tensor(name, shape, *scale as f32, *offset as f32);
                weight.to_device(device)?.to_dtype(dtype)
            }
            None => bail!("the reference has no {name}"),
        }
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}
