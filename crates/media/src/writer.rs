//! Frames out: `create` chooses the format by the name's ending.
//!
//! | name | written |
//! |---|---|
//! | `x.mp4` | H.264 4:2:0, BT.709 limited range, moov first, constant frame rate |
//! | `x.gif` | animated, endless |
//! | `x.png` | a still: exactly one frame, a second one is an error |
//! | `x/`, or a directory that exists | `frame-00001.png`, `frame-00002.png` … |
//! | `x.webm` | VP9 through an ffmpeg found on PATH |
//!
//! Everything is written beside its place under a temporary name and renamed by `finish`, so that no half
//! file is ever visible. A writer dropped before `finish` removes what it wrote.

mod ffmpeg;
mod gif;
mod mp4;
mod palette;
mod png;

use std::path::{Path, PathBuf};

use crate::coded::CodedWriter;
use crate::provenance::Provenance;
use crate::watermark::Watermarked;
use crate::{Error, Frame, Rational, Result};

/// How much is spent on a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quality {
    /// Small files, for drafts and previews.
    Small,
    /// Hardly to be told from the source.
    #[default]
    Good,
    /// For further editing.
    Best,
}

/// What a writer must know before the first frame.
#[derive(Clone, Debug)]
pub struct WriterOptions {
    /// Width and height of every frame. H.264 is 4:2:0, so an odd side of a .mp4 or .webm gets one more
    /// row or column, a copy of its edge; [`Written::size`] tells.
    pub size: (u32, u32),
    pub fps: Rational,
    pub quality: Quality,
    /// Threads for encoding; 0 means one for each core, at most 4. The bytes written do not depend on it.
    pub threads: usize,
    /// What the file says of its origin. Only scratch files go without.
    pub provenance: Option<Provenance>,
    /// Whether the visible mark is drawn on every frame, see [`crate::watermark`].
    pub watermark: bool,
}

impl WriterOptions {
    pub fn new(size: (u32, u32), fps: Rational) -> Self {
        Self {
            size,
            fps,
            quality: Quality::default(),
            threads: 0,
            provenance: None,
            watermark: false,
        }
    }

    pub fn quality(mut self, quality: Quality) -> Self {
        self.quality = quality;
        self
    }

    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    pub fn provenance(mut self, provenance: Provenance) -> Self {
        self.provenance = Some(provenance);
        self
    }

    pub fn watermark(mut self, watermark: bool) -> Self {
        self.watermark = watermark;
        self
    }
}

/// What `finish` left behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The file, or the directory of a PNG sequence.
    pub path: PathBuf,
    /// How many frames it holds: those pushed, less those that a GIF above 50 fps leaves out.
    pub frames: u64,
    /// Width and height as stored.
    pub size: (u32, u32),
    pub fps: Rational,
    /// How long the file plays, in seconds; for a GIF after rounding to hundredths.
    pub seconds: f64,
    /// Bytes on disk.
    pub bytes: u64,
}

/// Takes frames one by one.
pub trait VideoWriter: Send {
    /// Adds a frame of the size that the writer was created for.
    fn push(&mut self, frame: &Frame) -> Result<()>;

    /// The way to add pictures that are coded already, where the container has one.
    fn coded(&mut self) -> Option<&mut dyn CodedWriter> {
        None
    }

    /// Completes the file and puts it in its place.
    fn finish(self: Box<Self>) -> Result<Written>;
}

/// Begins a video at `path`; see the module for the endings.
///
/// Fails before any work if the place cannot be written, and leaves nothing behind when dropped: so it also serves as
/// a check of what a user typed.
pub fn create(path: impl AsRef<Path>, options: WriterOptions) -> Result<Box<dyn VideoWriter>> {
    let path = path.as_ref();
    crate::frame::checked_len(options.size.0, options.size.1)?;
    if options.provenance.is_some() {
        crate::provenance::check_signer()?;
    }
    let (size, marked) = (options.size, options.watermark);
    let writer: Box<dyn VideoWriter> = match Container::of(path)? {
        Container::Mp4 => Box::new(mp4::Mp4Writer::create(path, options)?),
        Container::Gif => Box::new(gif::GifWriter::create(path, options)?),
        Container::Png => Box::new(png::StillWriter::create(path, options)?),
        Container::PngSequence => Box::new(png::SequenceWriter::create(path, options)?),
        Container::WebM => Box::new(ffmpeg::WebmWriter::create(path, options)?),
    };
    Ok(match marked {
        true => Box::new(Watermarked::new(writer, size)),
        false => writer,
    })
}

/// Writes one picture as `.png`.
pub fn write_image(path: impl AsRef<Path>, frame: &Frame) -> Result<Written> {
    let still = Rational::new(1, 1)?;
    let options = WriterOptions::new(frame.size(), still);
    let mut writer: Box<dyn VideoWriter> =
        Box::new(png::StillWriter::create(path.as_ref(), options)?);
    writer.push(frame)?;
    writer.finish()
}

/// What a name asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    Mp4,
    Gif,
    /// A single picture.
    Png,
    /// A directory of numbered pictures.
    PngSequence,
    WebM,
}

impl Container {
    /// Reads the name alone, except that a directory which exists means a PNG sequence.
    pub fn of(path: &Path) -> Result<Self> {
        let unknown = || Error::UnknownEnding {
            path: path.to_path_buf(),
        };
        let trailing_separator = path
            .as_os_str()
            .to_string_lossy()
            .ends_with(std::path::is_separator);
        if trailing_separator || path.is_dir() {
            return Ok(Self::PngSequence);
        }
        let ending = path.extension().ok_or_else(unknown)?;
        match ending.to_string_lossy().to_ascii_lowercase().as_str() {
            "mp4" | "m4v" => Ok(Self::Mp4),
            "gif" => Ok(Self::Gif),
            "png" => Ok(Self::Png),
            "webm" => Ok(Self::WebM),
            _ => Err(unknown()),
        }
    }

    /// Whether it holds one picture only.
    pub fn is_still(self) -> bool {
        self == Self::Png
    }
}

/// Counts frames and holds each to the size that was announced.
struct FrameGate {
    path: PathBuf,
    size: (u32, u32),
    frames: u64,
}

impl FrameGate {
    fn new(path: &Path, size: (u32, u32)) -> Self {
        Self {
            path: path.to_path_buf(),
            size,
            frames: 0,
        }
    }

    fn admit(&mut self, frame: &Frame) -> Result<()> {
        if frame.size() != self.size {
            return Err(Error::FrameSize {
                path: self.path.clone(),
                index: self.frames,
                expected: self.size,
                got: frame.size(),
            });
        }
        self.frames += 1;
        Ok(())
    }

    /// Counts frames that come coded, of a size that is known to be right.
    fn admit_coded(&mut self, frames: u64) {
        self.frames += frames;
    }

    fn require_frames(&self) -> Result<u64> {
        match self.frames {
            0 => Err(Error::NoFrames {
                path: self.path.clone(),
            }),
            frames => Ok(frames),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_decides_the_container() {
        let of = |name: &str| Container::of(Path::new(name));
        assert_eq!(of("a.mp4").unwrap(), Container::Mp4);
        assert_eq!(of("A.MP4").unwrap(), Container::Mp4);
        assert_eq!(of("x/a.gif").unwrap(), Container::Gif);
        assert_eq!(of("a.png").unwrap(), Container::Png);
        assert_eq!(of("frames/").unwrap(), Container::PngSequence);
        assert_eq!(of(".").unwrap(), Container::PngSequence);
        assert_eq!(of("a.webm").unwrap(), Container::WebM);
        for unknown in ["a", "a.avi", ".mp4", ""] {
            let message = of(unknown).unwrap_err().to_string();
            assert!(
                message.contains(".mp4") && message.contains(".gif"),
                "{message}"
            );
        }
    }
}
