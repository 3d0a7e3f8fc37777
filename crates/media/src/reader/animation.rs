//! Pictures that stand still, and GIF and WebP that move.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use image::codecs::gif::GifDecoder;
use image::codecs::webp::WebPDecoder;
use image::{
    AnimationDecoder, DynamicImage, ImageDecoder, ImageFormat, ImageReader, ImageResult, Limits,
    RgbaImage,
};

use super::timing::Timing;
use super::{MAX_IMAGE_BYTES, TimedFrame, VideoInfo, VideoReader};
use crate::frame::{MAX_PIXELS, MAX_SIDE};
use crate::{Error, Frame, Rational, Result};

/// The most frames of an animation.
const MAX_FRAMES: usize = 1 << 16;

/// Reads the file and begins with its first frame.
pub(super) fn open(path: &Path, format: ImageFormat) -> Result<Box<dyn VideoReader>> {
    let bytes = load(path)?;
    let times = match format {
        ImageFormat::Gif => gif_durations(&bytes, path)?,
        ImageFormat::WebP => webp_durations(&bytes),
        _ => Vec::new(),
    };
    if times.len() > 1 {
        return Ok(Box::new(Animation::open(path, bytes, format, times)?));
    }
    Ok(Box::new(Still::open(path, bytes, format)?))
}

fn load(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_IMAGE_BYTES + 1).read_to_end(&mut bytes))
        .map_err(Error::io("read", path))?;
    match bytes.len() as u64 <= MAX_IMAGE_BYTES {
        true => Ok(bytes),
        false => Err(Error::TooLarge {
            path: path.to_path_buf(),
            what: format!("a picture file of {} bytes", bytes.len()),
            limit: format!("{MAX_IMAGE_BYTES}"),
        }),
    }
}

/// A decoder may hold a few copies of the largest frame.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_PIXELS * 16);
    limits
}

fn name(format: ImageFormat) -> &'static str {
    match format {
        ImageFormat::Gif => "GIF",
        ImageFormat::WebP => "WebP",
        ImageFormat::Jpeg => "JPEG",
        _ => "PNG",
    }
}

/// One picture, shown for a second.
struct Still {
    info: VideoInfo,
    frame: Option<Frame>,
}

impl Still {
    fn open(path: &Path, bytes: Vec<u8>, format: ImageFormat) -> Result<Self> {
        let failed = |error| refused(path, format, error);
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
        reader.limits(limits());
        let mut decoder = reader.into_decoder().map_err(failed)?;
        let (width, height) = decoder.dimensions();
        super::checked_len(path, (width, height))?;
        let orientation = decoder.orientation().map_err(failed)?;
        let mut picture = DynamicImage::from_decoder(decoder).map_err(failed)?;
        picture.apply_orientation(orientation);
        let frame = match picture.color().has_alpha() {
            true => over_white(&picture.to_rgba8())?,
            false => {
                let (width, height) = (picture.width(), picture.height());
                Frame::new(width, height, picture.into_rgb8().into_raw())?
            }
        };
        Ok(Self {
            info: VideoInfo {
                size: frame.size(),
                fps: Rational::new(1, 1)?,
                constant_rate: true,
                frames: Some(1),
                seconds: Some(1.0),
                audio: false,
                codec: name(format),
            },
            frame: Some(frame),
        })
    }
}

impl VideoReader for Still {
    fn info(&self) -> &VideoInfo {
        &self.info
    }

    fn next_frame(&mut self) -> Result<Option<TimedFrame>> {
        Ok(self.frame.take().map(|frame| TimedFrame {
            frame,
            start: 0.0,
            duration: 1.0,
        }))
    }
}

/// A GIF or WebP with several frames.
struct Animation {
    path: PathBuf,
    format: ImageFormat,
    info: VideoInfo,
    frames: Receiver<ImageResult<image::Frame>>,
    /// Milliseconds of each frame.
    durations: Vec<u32>,
    next: usize,
    elapsed: u64,
}

impl Animation {
    fn open(path: &Path, bytes: Vec<u8>, format: ImageFormat, durations: Vec<u32>) -> Result<Self> {
        let failed = |error| refused(path, format, error);
        let source = Cursor::new(bytes);
        // The size is looked at before the first frame is: decoding ahead makes room for whole ones.
        let (size, frames) = match format {
            ImageFormat::Gif => {
                let mut decoder = GifDecoder::new(source).map_err(failed)?;
                decoder.set_limits(limits()).map_err(failed)?;
                super::checked_len(path, decoder.dimensions())?;
                (decoder.dimensions(), decode_ahead(decoder))
            }
            _ => {
                let mut decoder = WebPDecoder::new(source).map_err(failed)?;
                decoder.set_limits(limits()).map_err(failed)?;
                super::checked_len(path, decoder.dimensions())?;
                (decoder.dimensions(), decode_ahead(decoder))
            }
        };
        let mut end = 0i64;
        // GIF counts in hundredths of a second.
        let tick = if format == ImageFormat::Gif { 10 } else { 1 };
        let begins: Vec<_> = durations
            .iter()
            .map(|duration| {
                let begin = end;
                end += i64::from(*duration);
                begin / tick
            })
            .collect();
        let timing = Timing::of(&begins, end / tick, (1000 / tick) as u32)
            .ok_or_else(|| Error::broken(path, name(format), "its times give no frame rate"))?;
        Ok(Self {
            path: path.to_path_buf(),
            format,
            info: VideoInfo {
                size,
                fps: timing.fps,
                constant_rate: timing.constant,
                frames: Some(durations.len() as u64),
                seconds: Some(end as f64 / 1000.0),
                audio: false,
                codec: name(format),
            },
            frames,
            durations,
            next: 0,
            elapsed: 0,
        })
    }
}

impl VideoReader for Animation {
    fn info(&self) -> &VideoInfo {
        &self.info
    }

    fn next_frame(&mut self) -> Result<Option<TimedFrame>> {
        let Some(&duration) = self.durations.get(self.next) else {
            return Ok(None);
        };
        let frame = self
            .frames
            .recv()
            .map_err(|_| {
                let reason = format!(
                    "it ends after {} of {} frames",
                    self.next,
                    self.durations.len()
                );
                Error::broken(&self.path, name(self.format), reason)
            })?
            .map_err(|error| refused(&self.path, self.format, error))?;
        let timed = TimedFrame {
            frame: over_white(frame.buffer())?,
            start: self.elapsed as f64 / 1000.0,
            duration: f64::from(duration) / 1000.0,
        };
        self.next += 1;
        self.elapsed += u64::from(duration);
        Ok(Some(timed))
    }
}

/// Decodes on a thread of its own, one frame ahead; the thread ends when nobody listens any more.
///
/// The decoder's iterator cannot move between threads, and readers must.
fn decode_ahead(
    decoder: impl AnimationDecoder<'static> + Send + 'static,
) -> Receiver<ImageResult<image::Frame>> {
    let (sender, receiver) = sync_channel(1);
    thread::spawn(move || {
        for frame in decoder.into_frames() {
            if sender.send(frame).is_err() {
                return;
            }
        }
    });
    receiver
}

/// What is transparent becomes white.
fn over_white(picture: &RgbaImage) -> Result<Frame> {
    let mut rgb = Vec::with_capacity(picture.as_raw().len() / 4 * 3);
    for pixel in picture.as_raw().chunks_exact(4) {
        let alpha = u32::from(pixel[3]);
        rgb.extend(
            pixel[..3]
                .iter()
                .map(|c| ((u32::from(*c) * alpha + 255 * (255 - alpha) + 127) / 255) as u8),
        );
    }
    Frame::new(picture.width(), picture.height(), rgb)
}

/// Milliseconds of each frame of a GIF. A frame that claims to last nothing is shown for a tenth of a second, as
/// viewers do.
fn gif_durations(bytes: &[u8], path: &Path) -> Result<Vec<u32>> {
    let failed = |error: gif::DecodingError| Error::broken(path, "GIF", error);
    let mut options = gif::DecodeOptions::new();
    options.skip_frame_decoding(true);
    let mut decoder = options.read_info(bytes).map_err(failed)?;
    let mut durations = Vec::new();
    while let Some(frame) = decoder.next_frame_info().map_err(failed)? {
        durations.push(match frame.delay {
            0 => 100,
            delay => u32::from(delay) * 10,
        });
        if durations.len() > MAX_FRAMES {
            return Err(Error::TooLarge {
                path: path.to_path_buf(),
                what: "the number of frames".to_owned(),
                limit: MAX_FRAMES.to_string(),
            });
        }
    }
    Ok(durations)
}

/// Milliseconds of each frame of an animated WebP, from its chunks; empty for a still.
fn webp_durations(bytes: &[u8]) -> Vec<u32> {
    let mut durations = Vec::new();
    let mut rest = bytes.get(12..).unwrap_or_default();
    while let Some((head, body)) = rest.split_at_checked(8) {
        let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        if let (b"ANMF", Some(field)) = (&head[..4], body.get(12..15)) {
            let milliseconds = u32::from_le_bytes([field[0], field[1], field[2], 0]);
            durations.push(if milliseconds == 0 { 100 } else { milliseconds });
        }
        let Some(next) = body.get(length.saturating_add(length % 2)..) else {
            break;
        };
        if durations.len() > MAX_FRAMES {
            break;
        }
        rest = next;
    }
    durations
}

fn refused(path: &Path, format: ImageFormat, error: image::ImageError) -> Error {
    match error {
        image::ImageError::Limits(_) => Error::TooLarge {
            path: path.to_path_buf(),
            what: format!("this {}", name(format)),
            limit: format!("{MAX_SIDE} pixels a side and {MAX_PIXELS} in all"),
        },
        image::ImageError::Unsupported(error) => {
            Error::unsupported(path, format!("{} ({error})", name(format)))
        }
        error => Error::broken(path, name(format), error),
    }
}
