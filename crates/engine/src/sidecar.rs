//! The record beside each file: enough to make it again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::checkpoint::write_whole;
use crate::plan::{Plan, Variant};
use crate::request::Request;
use crate::{Error, Result, noise};

/// `clip.json` beside `clip.mp4`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sidecar {
    /// Version of Kinora that made the clip.
    pub kinora: String,
    /// The file's name.
    pub file: String,
    /// UTC, RFC 3339.
    pub created: String,
    pub seed: u64,
    /// The complete request of this clip: repeating it gives the same coded track.
    pub request: Request,
    pub model: ModelRecord,
    /// Name of the noise generator.
    pub noise: String,
    /// `cpu`, `cuda` or `metal`, and the type computed in.
    pub device: String,
    pub dtype: String,
    pub drawn: DrawnRecord,
    /// What the file holds.
    pub output: OutputRecord,
    /// Which of how many clips of one request, from 1.
    pub variant: (usize, usize),
    /// The files that it was made from, then what those were made from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ancestry: Vec<Ancestor>,
    /// Seconds of each stage.
    pub times: BTreeMap<String, f64>,
}

/// A file that something was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ancestor {
    pub path: PathBuf,
    pub sha256: String,
    /// What was done with it: `extend`, `remix`, `storyboard` …
    pub tool: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelRecord {
    /// `mini`, or the directory.
    pub name: String,
    pub title: String,
    pub family: String,
    /// SHA-256, see [`Model::fingerprint`](crate::Model::fingerprint).
    pub fingerprint: String,
}

/// What the network drew, before rate and size were changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DrawnRecord {
    pub width: usize,
    pub height: usize,
    pub frames: usize,
    pub fps: String,
    pub steps: usize,
    /// Whether these were the few that the model was taught to do with.
    #[serde(default)]
    pub turbo: bool,
    pub guidance: f64,
    pub tokens: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputRecord {
    pub width: u32,
    pub height: u32,
    pub frames: u64,
    pub fps: String,
}

const CURE: &str = "give the .json that lies beside a clip made by kinora";

impl Sidecar {
    pub(crate) fn new(
        plan: &Plan,
        variant: &Variant,
        fingerprint: &str,
        times: BTreeMap<String, f64>,
    ) -> Self {
        let drawn = &plan.drawn;
        let output = &plan.output;
        Self {
            kinora: env!("CARGO_PKG_VERSION").into(),
            file: variant
                .path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            created: rfc3339(SystemTime::now()),
            seed: variant.seed,
            request: plan.request_of(variant),
            model: ModelRecord {
                name: plan.model.name.clone(),
                title: plan.model.title.clone(),
                family: plan.model.family_name().into(),
                fingerprint: fingerprint.into(),
            },
            noise: noise::GENERATOR.into(),
            device: plan.compute.kind.to_string(),
            dtype: plan.compute.dtype.as_str().into(),
            drawn: DrawnRecord {
                width: drawn.width,
                height: drawn.height,
                frames: drawn.frames,
                fps: drawn.fps.to_string(),
                steps: drawn.steps,
                turbo: drawn.turbo,
                guidance: drawn.guidance,
                tokens: plan.tokens,
            },
            output: OutputRecord {
                width: output.size.0,
                height: output.size.1,
                frames: output.frames,
                fps: output.fps.to_string(),
            },
            variant: (variant.index, variant.of),
            ancestry: plan.ancestry.clone(),
            times,
        }
    }

    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        let mut text = serde_json::to_string_pretty(self).expect("a sidecar is plain data");
        text.push('\n');
        write_whole(path, text.as_bytes())
    }

    pub fn load(path: &Path) -> Result<Self> {
        let text = fs::read(path)
            .map_err(|error| Error::record(path, format!("cannot be read ({error})"), CURE))?;
        let sidecar: Self = serde_json::from_slice(&text).map_err(|error| {
            Error::record(path, format!("not a sidecar of kinora ({error})"), CURE)
        })?;
        match sidecar.noise == noise::GENERATOR {
            true => Ok(sidecar),
            false => Err(Error::record(
                path,
                format!(
                    "its noise is `{}`, this version draws `{}`",
                    sidecar.noise,
                    noise::GENERATOR
                ),
                format!("repeat it with kinora {}", sidecar.kinora),
            )),
        }
    }
}

/// Where the sidecar of an output lies: `clip.mp4` → `clip.json`, `frames/` → `frames.json`. Where that is something
/// else, as of a `clip.gif` beside it, `clip.mp4.json`.
pub fn path_of(out: &Path) -> PathBuf {
    let names = names(out);
    let wanted = [Held::Own, Held::Nothing, Held::Orphan];
    let place = wanted.iter().find_map(|wanted| {
        let mut names = names.iter();
        names.find(|path| held(path, out) == *wanted)
    });
    place.unwrap_or(&names[0]).clone()
}

/// Refuses an output whose sidecar would take the place of a file that is none.
pub(crate) fn check_place(out: &Path) -> Result<()> {
    let path = path_of(out);
    match held(&path, out) {
        Held::Other => Err(Error::request(
            format!(
                "the settings of {} would be written over {}, which holds something else",
                out.display(),
                path.display()
            ),
            "give another name with -o",
        )),
        _ => Ok(()),
    }
}

/// The sidecar of a clip, if it has one; that of a file of the same kind which is gone is taken for one renamed together with
/// its clip.
pub fn of(clip: &Path) -> Option<Sidecar> {
    let names = names(clip);
    let own = names.iter().find(|path| held(path, clip) == Held::Own);
    let path = own.or_else(|| names.iter().find(|path| held(path, clip) == Held::Orphan))?;
    let found = Sidecar::load(path).ok()?;
    (own.is_some() || Path::new(&found.file).extension() == clip.extension()).then_some(found)
}

fn names(out: &Path) -> [PathBuf; 2] {
    let text = out.as_os_str().to_string_lossy();
    let trimmed = text.trim_end_matches(std::path::is_separator);
    // A directory of pictures has no ending of its own to tell it by.
    let long = match Path::new(trimmed).extension() {
        Some(_) => format!("{trimmed}.json"),
        None => format!("{trimmed}.png.json"),
    };
    [Path::new(trimmed).with_extension("json"), long.into()]
}

/// What lies in a sidecar's place.
#[derive(Debug, PartialEq, Eq)]
enum Held {
    Nothing,
    /// The sidecar of the file that is asked about.
    Own,
    /// That of a file that is gone, or has another name now.
    Orphan,
    /// That of another file, or no sidecar.
    Other,
}

fn held(path: &Path, out: &Path) -> Held {
    let Ok(text) = fs::read(path) else {
        return match path.exists() {
            true => Held::Other,
            false => Held::Nothing,
        };
    };
    let Ok(sidecar) = serde_json::from_slice::<Sidecar>(&text) else {
        return Held::Other;
    };
    let own = out.file_name().map(|name| name.to_string_lossy());
    if own.is_some_and(|own| own == sidecar.file) {
        return Held::Own;
    }
    match out.with_file_name(sidecar.file).exists() {
        true => Held::Other,
        false => Held::Orphan,
    }
}

/// `2026-11-22T16:00:00Z`
fn rfc3339(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let (days, rest) = ((seconds / 86_400) as i64, seconds % 86_400);
    // Days to a date in the proleptic Gregorian calendar, by eras of 400 years that begin in March.
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let date = day - (153 * month + 2) / 5 + 1;
    let (year, month) = match month < 10 {
        true => (era * 400 + year, month + 3),
        false => (era * 400 + year + 1, month - 9),
    };
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times_are_written_as_dates() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_795_363_200, "2026-11-22T16:00:00Z"),
        ] {
            assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn the_name_follows_the_output() {
        assert_eq!(path_of(Path::new("a/b-2.mp4")), Path::new("a/b-2.json"));
        assert_eq!(path_of(Path::new("a/frames/")), Path::new("a/frames.json"));
    }
}
