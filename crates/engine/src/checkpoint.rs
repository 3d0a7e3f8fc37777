//! Latents kept on disk while a clip is denoised, so that neither a kill nor a failed decode loses them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use safetensors::{Dtype, SafeTensors, View};
use serde::{Deserialize, Serialize};

use crate::plan::{Plan, Variant};
use crate::request::Request;
use crate::{Error, Result, noise};

/// Ending of the file beside the output: `clip.mp4` → `clip.mp4.checkpoint`.
pub const ENDING: &str = ".checkpoint";
const LATENTS: &str = "latents";
const STATE: &str = "kinora";
const CURE: &str = "begin the clip anew with its prompt and seed";

/// A clip under way: a safetensors file whose metadata holds the [`State`].
#[derive(Debug, Clone)]
pub struct Checkpoint {
    pub state: State,
    pub latents: Tensor,
}

/// All but the latents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Version of Kinora that wrote it.
    pub version: String,
    /// Noise generator.
    pub noise: String,
    /// The whole request, all of its variants included.
    pub request: Request,
    /// The model, as the user called it.
    pub model: String,
    pub fingerprint: String,
    pub device: String,
    pub dtype: String,
    /// OUT, absolute: the work may go on from another directory.
    pub out: PathBuf,
    /// The clip under way, from 1; those before it are complete.
    pub variant: usize,
    /// Steps done.
    pub step: usize,
    /// Random tensors drawn.
    pub draws: u64,
}

impl State {
    pub(crate) fn new(plan: &Plan, out: &Path, fingerprint: &str, variant: &Variant) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").into(),
            noise: noise::GENERATOR.into(),
            request: plan.request.clone(),
            model: plan.model.name.clone(),
            fingerprint: fingerprint.into(),
            device: plan.compute.kind.to_string(),
            dtype: plan.compute.dtype.as_str().into(),
            out: std::path::absolute(out).unwrap_or_else(|_| out.to_path_buf()),
            variant: variant.index,
            step: 0,
            draws: 0,
        }
    }
}

/// Where the checkpoint of an output lies.
pub fn path_of(out: &Path) -> PathBuf {
    let text = out.as_os_str().to_string_lossy();
    let trimmed = text.trim_end_matches(std::path::is_separator);
    PathBuf::from(format!("{trimmed}{ENDING}"))
}

/// Writes under another name and renames, so that the file is always whole.
pub(crate) fn save(path: &Path, state: &State, latents: &Tensor) -> Result<()> {
    let values = latents
        .to_dtype(DType::F32)?
        .to_device(&Device::Cpu)?
        .flatten_all()?
        .to_vec1::<f32>()?;
    let bytes: Vec<u8> = values
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let view = RawView {
        shape: latents.dims().to_vec(),
        bytes,
    };
    let json = serde_json::to_string(state).expect("a state is plain data");
    let metadata = HashMap::from([(STATE.to_owned(), json)]);
    let file = safetensors::serialize([(LATENTS, view)], Some(metadata))
        .map_err(|error| Error::record(path, format!("cannot be laid out ({error})"), CURE))?;
    write_whole(path, &file)
}

/// Replaces `path` at once.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = path.with_file_name(format!(
        ".{}.{}.part",
        path.file_name().unwrap_or_default().to_string_lossy(),
        std::process::id()
    ));
    fs::write(&temporary, bytes).map_err(Error::io("write", path))?;
    fs::rename(&temporary, path).map_err(Error::io("write", path))
}

impl Checkpoint {
    pub fn load(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(|error| {
            Error::record(
                path,
                format!("cannot be read ({error})"),
                "give the file that the stopped run named",
            )
        })?;
        let broken = |what: String| Error::record(path, what, CURE);
        let foreign = || broken("not a checkpoint of kinora".into());
        let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|_| foreign())?;
        let json = metadata
            .metadata()
            .as_ref()
            .and_then(|map| map.get(STATE))
            .ok_or_else(foreign)?;
        let state: State = serde_json::from_str(json)
            .map_err(|error| broken(format!("its state cannot be read ({error})")))?;
        if state.noise != noise::GENERATOR {
            return Err(broken(format!(
                "its noise is `{}`, this version draws `{}`",
                state.noise,
                noise::GENERATOR
            )));
        }
        let file = SafeTensors::deserialize(&bytes)
            .map_err(|error| broken(format!("damaged ({error})")))?;
        let view = file
            .tensor(LATENTS)
            .map_err(|_| broken("it holds no latents".into()))?;
        if view.dtype() != Dtype::F32 {
            return Err(broken("its latents are not f32".into()));
        }
        let latents = Tensor::from_raw_buffer(view.data(), DType::F32, view.shape(), &Device::Cpu)?;
        Ok(Self { state, latents })
    }

    /// Refuses to go on with another model than the one that began.
    pub(crate) fn check(&self, path: &Path, fingerprint: &str) -> Result<()> {
        match self.state.fingerprint == fingerprint {
            true => Ok(()),
            false => Err(Error::record(
                path,
                format!(
                    "it was begun with another version of the model `{}`",
                    self.state.model
                ),
                CURE,
            )),
        }
    }
}

struct RawView {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for RawView {
    fn dtype(&self) -> Dtype {
        Dtype::F32
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_follows_the_output() {
        assert_eq!(
            path_of(Path::new("a/b.mp4")),
            Path::new("a/b.mp4.checkpoint")
        );
        assert_eq!(path_of(Path::new("a/b/")), Path::new("a/b.checkpoint"));
    }

    #[test]
    fn it_comes_back_bit_for_bit_and_foreign_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.checkpoint");
        let state = State {
            version: "0".into(),
            noise: noise::GENERATOR.into(),
            request: Request {
                prompt: "青蛙".into(),
                ..Request::default()
            },
            model: "mini".into(),
            fingerprint: "f".into(),
            device: "cpu".into(),
            dtype: "f32".into(),
            out: "x.mp4".into(),
            variant: 2,
            step: 3,
            draws: 4,
        };
        let latents = Tensor::randn(0f32, 1., (1, 6, 4), &Device::Cpu).unwrap();
        save(&path, &state, &latents).unwrap();
        let back = Checkpoint::load(&path).unwrap();
        assert_eq!(back.state, state);
        assert_eq!(
            back.latents.to_vec3::<f32>().unwrap(),
            latents.to_vec3::<f32>().unwrap()
        );
        assert!(back.check(&path, "g").is_err());

        for bytes in [&b"not safetensors"[..], &[], &[255; 64]] {
            fs::write(&path, bytes).unwrap();
            assert!(Checkpoint::load(&path).unwrap_err().is_input());
        }
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "no part is left behind"
        );
    }
}
