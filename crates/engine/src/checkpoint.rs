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
/// What is final of the span under way, and of the spans before it, in their order.
const FINISHED: &str = "finished";
const SPANS: &str = "span.";
const STATE: &str = "kinora";
const CURE: &str = "begin the clip anew with its prompt and seed";

/// A clip under way: a safetensors file whose metadata holds the [`State`].
#[derive(Debug, Clone)]
pub struct Checkpoint {
    pub state: State,
    pub kept: Latents,
}

/// The latents of a clip under way.
#[derive(Debug, Clone)]
pub struct Latents {
    /// The spans that are complete.
    pub spans: Vec<Tensor>,
    /// Of the span under way, what is complete.
    pub finished: Option<Tensor>,
    /// What is being denoised.
    pub current: Tensor,
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
    /// Steps done of the span under way.
    pub step: usize,
    /// Random tensors drawn.
    pub draws: u64,
    /// Random tensors that were drawn when the span was begun.
    #[serde(default)]
    pub begun: u64,
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
            begun: 0,
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
pub(crate) fn save(path: &Path, state: &State, latents: &Latents) -> Result<()> {
    let spans = latents.spans.iter().enumerate();
    let mut named: Vec<(String, &Tensor)> = spans
        .map(|(i, span)| (format!("{SPANS}{i}"), span))
        .collect();
    named.extend(latents.finished.iter().map(|t| (FINISHED.to_owned(), t)));
    named.push((LATENTS.to_owned(), &latents.current));
    let views = named
        .into_iter()
        .map(|(name, tensor)| Ok((name, RawView::of(tensor)?)))
        .collect::<Result<Vec<_>>>()?;
    let json = serde_json::to_string(state).expect("a state is plain data");
    let metadata = HashMap::from([(STATE.to_owned(), json)]);
    let file = safetensors::serialize(views, Some(metadata))
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
    let written = fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, path));
    written.map_err(|error| {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
        Error::io("write", path)(error)
    })
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
        let read = |name: &str| -> Result<Option<Tensor>> {
            let Ok(view) = file.tensor(name) else {
                return Ok(None);
            };
            if view.dtype() != Dtype::F32 {
                return Err(broken("its latents are not f32".into()));
            }
            let (data, shape) = (view.data(), view.shape());
            Ok(Some(Tensor::from_raw_buffer(
                data,
                DType::F32,
                shape,
                &Device::Cpu,
            )?))
        };
        let mut spans = Vec::new();
        while let Some(span) = read(&format!("{SPANS}{}", spans.len()))? {
            spans.push(span);
        }
        let current = read(LATENTS)?.ok_or_else(|| broken("it holds no latents".into()))?;
        let kept = Latents {
            spans,
            finished: read(FINISHED)?,
            current,
        };
        Ok(Self { state, kept })
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

impl RawView {
    fn of(tensor: &Tensor) -> Result<Self> {
        let values = tensor
            .to_dtype(DType::F32)?
            .to_device(&Device::Cpu)?
            .flatten_all()?
            .to_vec1::<f32>()?;
        Ok(Self {
            shape: tensor.dims().to_vec(),
            bytes: values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect(),
        })
    }
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
            begun: 1,
        };
        let random = |n: usize| Tensor::randn(0f32, 1., (1, n, 4), &Device::Cpu).unwrap();
        let latents = Latents {
            spans: vec![random(5), random(7)],
            finished: Some(random(3)),
            current: random(6),
        };
        save(&path, &state, &latents).unwrap();
        let back = Checkpoint::load(&path).unwrap();
        assert_eq!(back.state, state);
        let numbers = |latents: &Latents| -> Vec<Vec<Vec<Vec<f32>>>> {
            let all = latents.spans.iter().chain(&latents.finished);
            let all = all.chain([&latents.current]);
            all.map(|tensor| tensor.to_vec3().unwrap()).collect()
        };
        assert_eq!(numbers(&back.kept), numbers(&latents));
        assert_eq!(back.kept.spans.len(), 2);
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
