//! Frames in: `open` looks at the first bytes, never at the name.
//!
//! Read by the crate itself: MP4/MOV with 8-bit progressive 4:2:0 H.264, GIF, PNG, JPEG and WebP, still and
//! animated. Anything else goes through an ffmpeg found on PATH, or ends in an error that names the cure.
//!
//! Limits, so that no file can ask for unbounded memory: a frame has at most
//! [`MAX_PIXELS`](crate::frame::MAX_PIXELS) pixels, a still at most [`MAX_IMAGE_BYTES`] on disk, an MP4's tables
//! at most 64 MiB and 2²⁰ pictures, and [`read_clip`] holds at most [`MAX_CLIP_BYTES`] of pixels.

use std::path::Path;

use crate::{Clip, Error, Frame, Rational, Result};

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

/// Begins to read a video; a still picture is a video of one frame at 1 fps.
pub fn open(path: impl AsRef<Path>) -> Result<Box<dyn VideoReader>> {
    let path = path.as_ref();
    Err(Error::UnknownFormat {
        path: path.to_path_buf(),
        reason: "not yet".into(),
    })
}

/// Reads one picture, upright (a JPEG's orientation is applied), with transparency over white. Of a video the first frame.
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
    let _ = (path, Rational::new(1, 1)?);
    Err(Error::UnknownFormat {
        path: path.to_path_buf(),
        reason: "not yet".into(),
    })
}
