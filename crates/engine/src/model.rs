//! A model that can be asked: its files, its family, and the defaults that belong to it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use kinora_media::Rational;
use kinora_models::{EmbeddedFiles, ModelSource};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::family::{self, Family};
use crate::request::{Aspect, Effort};
use crate::vocabulary::Vocabulary;
use crate::{Error, Result};

/// A model directory, or the model inside the program, resolved from its configs. No weights are held.
#[derive(Debug)]
pub struct Model {
    /// How the user called it: `mini`, or the directory.
    pub name: String,
    /// How it calls itself.
    pub title: String,
    pub defaults: Defaults,
    pub geometry: Geometry,
    /// What it was taught, where its directory says so.
    pub vocabulary: Option<Vocabulary>,
    pub(crate) family: &'static dyn Family,
    pub(crate) source: ModelSource,
    root: Option<PathBuf>,
}

/// How pixels and latents relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Pixels of a latent's side.
    pub spatial: usize,
    /// Frames of a latent: a clip has `temporal · k + 1` frames.
    pub temporal: usize,
    /// Channels of a latent.
    pub channels: usize,
}

impl Geometry {
    /// The fewest frames the model can make that are at least `frames`.
    pub fn frames_at_least(&self, frames: usize) -> usize {
        frames.saturating_sub(1).div_ceil(self.temporal) * self.temporal + 1
    }

    /// Latent frames, rows and columns of a clip.
    pub fn latent_size(&self, frames: usize, height: usize, width: usize) -> (usize, usize, usize) {
        let frames = frames.saturating_sub(1) / self.temporal + 1;
        (frames, height / self.spatial, width / self.spatial)
    }
}

/// What a request leaves open.
#[derive(Debug, Clone, PartialEq)]
pub struct Defaults {
    /// The sizes that the model draws best, one an aspect; empty if it draws any.
    pub native: Vec<(Aspect, (u32, u32))>,
    /// The rate at which it draws.
    pub fps: Rational,
    /// The longest clip that it was trained on, in frames.
    pub window: Option<usize>,
    pub steps: usize,
    /// Of a model that was taught to do with few steps, without guidance.
    pub turbo: Option<Turbo>,
    pub guidance: f64,
    /// Where kept footage is joined: more of it changes what lies at the seams.
    pub joining_guidance: f64,
    pub guidance_rescale: f64,
    pub spacing: Spacing,
    /// Stands in for the scheduler's shift where the steps are spaced evenly: above 1, more of them are noisy.
    pub shift: Option<f64>,
    pub negative: String,
    /// Tokens beyond this number are cut off.
    pub max_text_tokens: usize,
    /// How much noise given pictures get before each step, so that they may move.
    pub condition_noise: f64,
    /// How much of a picture beyond the first frame its latent frame begins with, 0–1; 0 leaves it to the picture's tokens,
    /// as the reference does.
    pub still_strength: f64,
    /// Noise level that a timestep-conditioned decoder is told.
    pub decode_timestep: f64,
    /// Part of noise that such a decoder's latents get; the timestep's, if absent.
    pub decode_noise: Option<f64>,
}

/// How a model does with few steps and without guidance: its folder `turbo/` holds what it was taught.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turbo {
    pub steps: usize,
    /// Drafts alone are drawn so, or whatever is not asked for in quality.
    pub effort: Effort,
}

/// Where the steps lie between noise and clip.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spacing {
    /// As the reference's pipeline places them.
    #[default]
    Reference,
    /// Evenly, then shifted.
    Even,
}

/// `kinora.json` beside `model_index.json`: what the makers of a model know better than its configs say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Manifest {
    name: Option<String>,
    /// `{"16:9": [width, height], …}`
    native: std::collections::BTreeMap<String, (u32, u32)>,
    /// Frames per second.
    fps: Option<f64>,
    /// Of the longest clip that it was trained on.
    frames: Option<usize>,
    steps: Option<usize>,
    /// Without guidance, with the changes in `turbo/`.
    turbo_steps: Option<usize>,
    /// `draft`, if they are good enough for that alone.
    turbo_effort: Option<Effort>,
    guidance: Option<f64>,
    /// Beside kept footage; as `guidance`, if absent.
    joining_guidance: Option<f64>,
    guidance_rescale: Option<f64>,
    /// `reference` or `even`.
    schedule: Option<Spacing>,
    /// Of even steps.
    shift: Option<f64>,
    /// Empty, if absent.
    negative_prompt: Option<String>,
    max_text_tokens: Option<usize>,
    image_cond_noise_scale: Option<f64>,
    /// 0–1.
    still_strength: Option<f64>,
    decode_timestep: Option<f64>,
    decode_noise_scale: Option<f64>,
}

const MANIFEST: &str = "kinora.json";
/// Room is made for as many.
const MAX_TEXT_TOKENS: usize = 4096;
const VOCABULARY: &str = "vocabulary.json";

impl Model {
    /// A diffusers directory.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        let dir = dir.as_ref();
        let source = ModelSource::dir(dir)?;
        Self::resolve(dir.display().to_string(), source, Some(dir.to_path_buf()))
    }

    /// A model inside the program.
    pub fn embedded(name: &str, files: EmbeddedFiles) -> Result<Self> {
        Self::resolve(name.to_owned(), ModelSource::embedded(files), None)
    }

    fn resolve(name: String, source: ModelSource, root: Option<PathBuf>) -> Result<Self> {
        let family = family::of(&source)?;
        let description = family.describe(&source)?;
        let manifest: Option<Manifest> = read_optional(&source, MANIFEST)?;
        let title = manifest.as_ref().and_then(|manifest| manifest.name.clone());
        let defaults = match manifest {
            Some(manifest) => {
                manifest.over(description.defaults, &description.geometry, &source)?
            }
            None => description.defaults,
        };
        Ok(Self {
            vocabulary: read_optional(&source, VOCABULARY)?,
            title: title.unwrap_or_else(|| name.clone()),
            defaults,
            geometry: description.geometry,
            family,
            source,
            root,
            name,
        })
    }

    /// Where its files come from.
    pub fn source(&self) -> &ModelSource {
        &self.source
    }

    /// The family's name, such as `LTX-Video`.
    pub fn family_name(&self) -> &'static str {
        self.family.name()
    }

    /// Names and sizes in bytes of the files that make the model, sorted.
    pub fn files(&self) -> Result<Vec<(String, u64)>> {
        let mut files = Vec::new();
        for name in self.source.files()? {
            let hidden = name.split('/').any(|part| part.starts_with('.'));
            if hidden
                || ![".json", ".safetensors", ".model"]
                    .iter()
                    .any(|end| name.ends_with(end))
            {
                continue;
            }
            let size = match &self.root {
                Some(root) => {
                    let path = root.join(&name);
                    std::fs::metadata(&path)
                        .map_err(Error::io("read", &path))?
                        .len()
                }
                None => self.source.read(&name)?.len() as u64,
            };
            files.push((name, size));
        }
        Ok(files)
    }

    /// A SHA-256 over names, sizes and contents; of a file beyond 64 MiB, its first and last MiB stand for the rest,
    /// so that a large model is told from its sisters in a moment.
    pub fn fingerprint(&self) -> Result<String> {
        const WHOLE: u64 = 64 << 20;
        const PART: u64 = 1 << 20;
        let mut hash = Sha256::new();
        for (name, size) in self.files()? {
            hash.update(name.as_bytes());
            hash.update([0]);
            hash.update(size.to_le_bytes());
            match &self.root {
                Some(root) if size > WHOLE => {
                    let path = root.join(&name);
                    let mut file = File::open(&path).map_err(Error::io("read", &path))?;
                    for start in [0, size - PART] {
                        let mut part = Vec::with_capacity(PART as usize);
                        file.seek(SeekFrom::Start(start))
                            .and_then(|_| file.by_ref().take(PART).read_to_end(&mut part))
                            .map_err(Error::io("read", &path))?;
                        hash.update(&part);
                    }
                }
                _ => hash.update(self.source.read(&name)?),
            }
        }
        Ok(hex(&hash.finalize()))
    }
}

impl Manifest {
    /// The family's defaults with what the manifest says in their place.
    fn over(self, base: Defaults, geometry: &Geometry, source: &ModelSource) -> Result<Defaults> {
        let refuse = |what: String| {
            let file = source.display(MANIFEST);
            Error::request(format!("{file}: {what}"), "correct the file, or remove it")
        };
        let mut native = Vec::new();
        for (aspect, (width, height)) in self.native {
            let aspect: Aspect = aspect.parse().map_err(refuse)?;
            let step = geometry.spatial as u32;
            if width == 0 || height == 0 || width % step != 0 || height % step != 0 {
                return Err(refuse(format!(
                    "native size {width}x{height}: both sides must be multiples of {step}"
                )));
            }
            native.push((aspect, (width, height)));
        }
        if self
            .shift
            .is_some_and(|shift| !(shift.is_finite() && shift > 0.0))
        {
            return Err(refuse("`shift` must be more than 0".into()));
        }
        if self
            .still_strength
            .is_some_and(|s| !(0.0..=1.0).contains(&s))
        {
            return Err(refuse("`still_strength` must be 0 to 1".into()));
        }
        let fps = match self.fps {
            Some(fps) => Rational::from_f64(fps).map_err(|error| refuse(error.to_string()))?,
            None => base.fps,
        };
        let guidance = self.guidance.unwrap_or(base.guidance);
        Ok(Defaults {
            native: if native.is_empty() {
                base.native
            } else {
                native
            },
            fps,
            window: self.frames.or(base.window),
            steps: self.steps.unwrap_or(base.steps).max(1),
            turbo: self.turbo_steps.map(|steps| Turbo {
                steps: steps.max(1),
                effort: self.turbo_effort.unwrap_or_default(),
            }),
            guidance,
            joining_guidance: self.joining_guidance.unwrap_or(guidance),
            guidance_rescale: self.guidance_rescale.unwrap_or(base.guidance_rescale),
            // The family's words mean something to its published models only.
            negative: self.negative_prompt.unwrap_or_default(),
            spacing: self.schedule.unwrap_or(base.spacing),
            shift: self.shift.or(base.shift),
            max_text_tokens: self
                .max_text_tokens
                .unwrap_or(base.max_text_tokens)
                .clamp(1, MAX_TEXT_TOKENS),
            still_strength: self.still_strength.unwrap_or(base.still_strength),
            condition_noise: self.image_cond_noise_scale.unwrap_or(base.condition_noise),
            decode_timestep: self.decode_timestep.unwrap_or(base.decode_timestep),
            decode_noise: self.decode_noise_scale.or(base.decode_noise),
        })
    }
}

/// A JSON file that a model may have.
fn read_optional<T: serde::de::DeserializeOwned>(
    source: &ModelSource,
    file: &str,
) -> Result<Option<T>> {
    if !source.exists(file) {
        return Ok(None);
    }
    serde_json::from_value(source.json(file)?)
        .map(Some)
        .map_err(|error| {
            let file = source.display(file);
            Error::request(
                format!("{file}: a field does not fit ({error})"),
                "correct the file, or remove it",
            )
        })
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_snap_upwards() {
        let geometry = Geometry {
            spatial: 32,
            temporal: 8,
            channels: 16,
        };
        for (asked, made) in [(0, 1), (1, 1), (2, 9), (9, 9), (40, 41), (41, 41), (42, 49)] {
            assert_eq!(geometry.frames_at_least(asked), made, "{asked}");
        }
        assert_eq!(geometry.latent_size(41, 128, 224), (6, 4, 7));
    }
}
