//! Where the networks run, and in which precision.

use std::fmt;
use std::str::FromStr;

use candle_core::{DType, Device};

use crate::{Error, Result};

/// A kind of device.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeviceKind {
    #[default]
    Cpu,
    Cuda,
    Metal,
}

/// The type in which weights and activations are held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Precision {
    /// bf16, but f32 on a CPU that multiplies bf16 no faster.
    #[default]
    Auto,
    F32,
    Bf16,
}

/// A device that is there, and the type to compute in.
#[derive(Debug, Clone)]
pub struct Compute {
    pub kind: DeviceKind,
    pub device: Device,
    pub dtype: DType,
}

impl Compute {
    /// Opens the device, or says why it cannot.
    pub fn open(kind: DeviceKind, precision: Precision) -> Result<Self> {
        let device = match kind {
            DeviceKind::Cpu => Device::Cpu,
            DeviceKind::Cuda if !cfg!(feature = "cuda") => return Err(not_built("cuda", "CUDA")),
            DeviceKind::Metal if !cfg!(feature = "metal") => {
                return Err(not_built("metal", "Metal"));
            }
            DeviceKind::Cuda => Device::new_cuda(0).map_err(|error| not_there("CUDA", &error))?,
            DeviceKind::Metal => {
                Device::new_metal(0).map_err(|error| not_there("Metal", &error))?
            }
        };
        let dtype = match (precision, kind) {
            (Precision::F32, _) => DType::F32,
            (Precision::Auto, DeviceKind::Cpu) => kinora_models::cpu_dtype(),
            (Precision::Bf16, _) | (Precision::Auto, _) => DType::BF16,
        };
        Ok(Self {
            kind,
            device,
            dtype,
        })
    }

    /// What the device can multiply and add at most in this type, in GFLOP/s; `None` where it is not known.
    pub fn peak_gflops(&self) -> Option<f64> {
        (self.kind == DeviceKind::Cpu).then(|| kinora_models::cpu_peak_gflops(self.dtype))
    }

    /// f32 on the CPU.
    pub fn cpu() -> Self {
        Self {
            kind: DeviceKind::Cpu,
            device: Device::Cpu,
            dtype: DType::F32,
        }
    }
}

fn not_built(feature: &str, name: &str) -> Error {
    Error::request(
        format!("this kinora was built without {name}"),
        format!("build it with `cargo build --release --features {feature}`, or use --device cpu"),
    )
}

fn not_there(name: &str, error: &candle_core::Error) -> Error {
    Error::request(
        format!("no {name} device can be opened ({error})"),
        "check the driver, or use --device cpu",
    )
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::Metal => "metal",
        })
    }
}

impl FromStr for DeviceKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda),
            "metal" => Ok(Self::Metal),
            _ => Err(format!("`{text}` is not a device; give cpu, cuda or metal")),
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
        })
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "f32" => Ok(Self::F32),
            "bf16" => Ok(Self::Bf16),
            _ => Err(format!(
                "`{text}` is not a precision; give auto, f32 or bf16"
            )),
        }
    }
}
