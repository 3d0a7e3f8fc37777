//! Frames in: `open` looks at the first bytes, never at the name.
//!
//! Read by the crate itself: MP4/MOV with 8-bit progressive 4:2:0 H.264, GIF, PNG, JPEG and WebP, still and
//! animated. Anything else goes through an ffmpeg found on PATH, or ends in an error that names the cure.
//!
//! Limits, so that no file can ask for unbounded memory: a frame has at most
//! [`MAX_PIXELS`](crate::frame::MAX_PIXELS) pixels, a still at most [`MAX_IMAGE_BYTES`] on disk, an MP4's tables
//! at most 64 MiB and 2²⁰ pictures, and [`read_clip`] holds at most [`MAX_CLIP_BYTES`] of pixels.

mod animation;
mod ffmpeg;
pub(crate) mod mp4;
mod timing;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::frame::{MAX_PIXELS, MAX_SIDE};
use crate::{AudioNote, Clip, Error, Frame, Rational, Result};

/// The largest picture file that is read.
pub const MAX_IMAGE_BYTES: u64 = 256 << 20;

/// The most pixels (in bytes) that [`read_clip`] gathers: 4 GiB.
pub const MAX_CLIP_BYTES: u64 = 4 << 30;

/// What is known of a video before its frames are decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct VideoInfo {
    /// Width and height as shown: after rotation.
    pub size: (u32, u32),
    /// The rate; where frames last unequally, the mean.
    pub fps: Rational,
    /// Whether every frame lasts equally long.
    pub constant_rate: bool,
    /// How many frames will come, if the file says.
    pub frames: Option<u64>,
    /// How long it plays in seconds, if the file says.
    pub seconds: Option<f64>,
    /// Whether the file also holds sound. The readers leave it behind: tell the user.
    pub audio: bool,
    /// Which decoder reads it, for messages: "H.264", "GIF" …
    pub codec: &'static str,
}

/// A frame and the time at which it is shown.
#[derive(Clone, Debug, PartialEq)]
pub struct TimedFrame {
    pub frame: Frame,
    /// Seconds from the beginning; the first is at 0.
    pub start: f64,
    /// Seconds until the next frame.
    pub duration: f64,
}

/// Gives frames one by one, in the order in which they are shown.
pub trait VideoReader: Send {
    fn info(&self) -> &VideoInfo;

    /// The next frame, or `None` at the end.
    fn next_frame(&mut self) -> Result<Option<TimedFrame>>;
}

/// Begins to read a video. A still picture (an animated PNG counts as one) is a video of one frame, which lasts a second.
///
/// What the built-in decoders do not know goes through ffmpeg where that is found on PATH.
pub fn open(path: impl AsRef<Path>) -> Result<Box<dyn VideoReader>> {
    let path = path.as_ref();
    match open_builtin(path) {
        Err(unknown @ (Error::Unsupported { .. } | Error::UnknownFormat { .. })) => {
            match ffmpeg::FfmpegReader::open(path) {
                Ok(Some(reader)) => Ok(Box::new(reader)),
                // Without ffmpeg, or where it cannot either, our own words tell more.
                Ok(None) | Err(Error::Ffmpeg { .. }) => Err(unknown),
                Err(error) => Err(error),
            }
        }
        result => result,
    }
}

/// [`open`] without the help of ffmpeg.
pub fn open_builtin(path: impl AsRef<Path>) -> Result<Box<dyn VideoReader>> {
    let path = path.as_ref();
    let mut file = File::open(path).map_err(Error::io("read", path))?;
    if file.metadata().map_err(Error::io("read", path))?.is_dir() {
        return Err(Error::UnknownFormat {
            path: path.to_path_buf(),
            reason: "it is a directory".to_owned(),
        });
    }
    let mut head = [0; 16];
    let count = read_up_to(&mut file, &mut head).map_err(Error::io("read", path))?;
    match sniff(&head[..count]) {
        Some(Kind::Mp4) => Ok(Box::new(mp4::Mp4Reader::open(file, path)?)),
        Some(Kind::Picture(format)) => animation::open(path, format),
        None if count == 0 => Err(Error::broken(path, "file", "it is empty")),
        None => Err(Error::UnknownFormat {
            path: path.to_path_buf(),
            reason: match &head[..count] {
                [0x1a, 0x45, 0xdf, 0xa3, ..] => {
                    "it is a Matroska or WebM, which needs ffmpeg on PATH".to_owned()
                }
                other => format!("it begins with {:02x?}", &other[..count.min(8)]),
            },
        }),
    }
}

/// Reads one picture, upright (a JPEG's orientation is applied), with what is transparent over white. Of a video, the
/// first frame.
pub fn read_image(path: impl AsRef<Path>) -> Result<Frame> {
    let path = path.as_ref();
    match open(path)?.next_frame()? {
        Some(timed) => Ok(timed.frame),
        None => Err(Error::broken(path, "picture", "it holds no frame")),
    }
}

/// Reads a whole video into memory. Where frames last unequally, they are held so that the rate is constant.
pub fn read_clip(path: impl AsRef<Path>) -> Result<Clip> {
    let path = path.as_ref();
    let mut reader = open(path)?;
    let info = reader.info().clone();
    let mut frames: Vec<Frame> = Vec::new();
    let mut bytes = 0u64;
    let mut keep = |frames: &mut Vec<Frame>, frame: Frame| {
        bytes += frame.rgb().len() as u64;
        frames.push(frame);
        match bytes <= MAX_CLIP_BYTES {
            true => Ok(()),
            false => Err(Error::TooLarge {
                path: path.to_path_buf(),
                what: format!("a clip of more than {} frames in memory", frames.len()),
                limit: format!("{} GiB", MAX_CLIP_BYTES >> 30),
            }),
        }
    };
    while let Some(timed) = reader.next_frame()? {
        // How often the frame is shown at the constant rate until the next one begins.
        let until = match info.constant_rate {
            true => frames.len() as u64 + 1,
            false => info.fps.frames_in(timed.start + timed.duration),
        };
        while frames.len() as u64 + 1 < until {
            keep(&mut frames, timed.frame.clone())?;
        }
        if (frames.len() as u64) < until {
            keep(&mut frames, timed.frame)?;
        }
    }
    if frames.is_empty() {
        return Err(Error::broken(path, "video", "it holds no frame"));
    }
    Ok(Clip {
        frames,
        fps: info.fps,
        audio: match info.audio {
            true => AudioNote::Dropped,
            false => AudioNote::None,
        },
    })
}

/// The bytes of a file's frame, if the crate holds frames of that size.
fn checked_len(path: &Path, (width, height): (u32, u32)) -> Result<usize> {
    crate::frame::checked_len(width, height).map_err(|_| Error::TooLarge {
        path: path.to_path_buf(),
        what: format!("a picture of {width}x{height}"),
        limit: format!(
            "{MAX_SIDE} pixels a side and {} million in all",
            MAX_PIXELS / 1_000_000
        ),
    })
}

/// What the built-in decoders read.
enum Kind {
    Mp4,
    Picture(image::ImageFormat),
}

fn sniff(head: &[u8]) -> Option<Kind> {
    use image::ImageFormat::{Gif, Jpeg, Png, WebP};
    match head {
        [_, _, _, _, b'f', b't', b'y', b'p', ..]
        | [_, _, _, _, b'm', b'o', b'o', b'v', ..]
        | [_, _, _, _, b'm', b'd', b'a', b't', ..]
        | [_, _, _, _, b'w', b'i', b'd', b'e', ..] => Some(Kind::Mp4),
        [b'G', b'I', b'F', b'8', ..] => Some(Kind::Picture(Gif)),
        [0x89, b'P', b'N', b'G', ..] => Some(Kind::Picture(Png)),
        [0xff, 0xd8, 0xff, ..] => Some(Kind::Picture(Jpeg)),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some(Kind::Picture(WebP)),
        _ => None,
    }
}

/// Whether a file that begins so is an MP4 or MOV.
pub(crate) fn is_mp4(head: &[u8]) -> bool {
    matches!(sniff(head), Some(Kind::Mp4))
}

fn read_up_to(file: &mut File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}
