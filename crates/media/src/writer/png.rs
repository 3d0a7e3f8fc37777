//! PNG out: one still, or a numbered sequence.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};

use super::{FrameGate, Quality, VideoWriter, WriterOptions, Written};
use crate::provenance::png_chunks;
use crate::staged::{Staged, size_of};
use crate::{Error, Frame, Result};

/// One picture.
pub(super) struct StillWriter {
    gate: FrameGate,
    staged: Staged,
    file: fs::File,
    options: WriterOptions,
}

impl StillWriter {
    pub fn create(path: &Path, options: WriterOptions) -> Result<Self> {
        let (staged, file) = Staged::file(path)?;
        Ok(Self {
            gate: FrameGate::new(path, options.size),
            staged,
            file,
            options,
        })
    }
}

impl VideoWriter for StillWriter {
    fn push(&mut self, frame: &Frame) -> Result<()> {
        self.gate.admit(frame)?;
        if self.gate.frames > 1 {
            return Err(Error::OneFrameOnly {
                path: self.gate.path.clone(),
            });
        }
        encode(frame, &self.file, &self.options, &self.gate.path)
    }

    fn finish(self: Box<Self>) -> Result<Written> {
        let frames = self.gate.require_frames()?;
        let path = self.gate.path;
        drop(self.file);
        self.staged.commit_from(self.options.provenance.as_ref())?;
        Ok(Written {
            bytes: size_of(&path)?,
            frames,
            size: self.options.size,
            fps: self.options.fps,
            seconds: self.options.fps.seconds(frames),
            path,
        })
    }
}

/// A directory of pictures.
pub(super) struct SequenceWriter {
    gate: FrameGate,
    staged: Staged,
    options: WriterOptions,
    bytes: u64,
}

impl SequenceWriter {
    /// A directory that exists is replaced only if it holds nothing but an earlier sequence.
    pub fn create(path: &Path, options: WriterOptions) -> Result<Self> {
        let named: PathBuf = path.components().collect();
        check_strangers(&named)?;
        Ok(Self {
            staged: Staged::directory(&resolved(&named)?)?,
            gate: FrameGate::new(&named, options.size),
            options,
            bytes: 0,
        })
    }
}

impl VideoWriter for SequenceWriter {
    fn push(&mut self, frame: &Frame) -> Result<()> {
        self.gate.admit(frame)?;
        let file_path = self.staged.path().join(frame_name(self.gate.frames));
        let file = fs::File::create(&file_path).map_err(Error::io("create", &file_path))?;
        encode(frame, &file, &self.options, &self.gate.path)?;
        self.bytes += size_of(&file_path)?;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Written> {
        let frames = self.gate.require_frames()?;
        // Others may have put something there meanwhile.
        check_strangers(&self.gate.path)?;
        self.staged.commit()?;
        Ok(Written {
            path: self.gate.path,
            frames,
            size: self.options.size,
            fps: self.options.fps,
            seconds: self.options.fps.seconds(frames),
            bytes: self.bytes,
        })
    }
}

/// The name of the `number`th picture, from 1.
fn frame_name(number: u64) -> String {
    format!("frame-{number:05}.png")
}

/// A directory that is there by a name of its own, so that `.` and links to it have siblings.
fn resolved(path: &Path) -> Result<PathBuf> {
    match path.is_dir() {
        true => fs::canonicalize(path).map_err(Error::io("read", path)),
        false => Ok(path.to_path_buf()),
    }
}

/// Refuses a directory that would lose more than an earlier sequence.
fn check_strangers(path: &Path) -> Result<()> {
    match first_stranger(path)? {
        None => Ok(()),
        Some(stranger) => Err(Error::Occupied {
            path: path.to_path_buf(),
            reason: format!(
                "the directory also holds {stranger:?}; give an empty or a new directory for the frames"
            ),
        }),
    }
}

/// A file in the directory that no sequence of ours would have put there.
fn first_stranger(path: &Path) -> Result<Option<String>> {
    if !path.exists() {
        return Ok(None);
    }
    for entry in fs::read_dir(path).map_err(Error::io("read", path))? {
        let name = entry.map_err(Error::io("read", path))?.file_name();
        let name = name.to_string_lossy();
        let number = name
            .strip_prefix("frame-")
            .and_then(|rest| rest.strip_suffix(".png"));
        let ours = number.is_some_and(|digits| {
            digits.len() >= 5 && digits.bytes().all(|byte| byte.is_ascii_digit())
        });
        if !ours {
            return Ok(Some(name.into_owned()));
        }
    }
    Ok(None)
}

/// The signature and the header chunk; what is said of the origin comes right behind.
const HEAD: usize = 8 + 25;

fn encode(frame: &Frame, mut file: &fs::File, options: &WriterOptions, path: &Path) -> Result<()> {
    let compression = match options.quality {
        Quality::Small | Quality::Good => CompressionType::Fast,
        Quality::Best => CompressionType::Default,
    };
    let mut coded = Vec::new();
    PngEncoder::new_with_quality(&mut coded, compression, FilterType::Adaptive)
        .write_image(
            frame.rgb(),
            frame.width(),
            frame.height(),
            ExtendedColorType::Rgb8,
        )
        .map_err(|error| Error::encoder(path, error))?;
    let said = options.provenance.as_ref().map(png_chunks);
    let (head, rest) = coded.split_at(HEAD);
    [head, said.as_deref().unwrap_or_default(), rest]
        .iter()
        .try_for_each(|part| file.write_all(part))
        .map_err(Error::io("write", path))
}
