//! Animated GIF: 255 colours, ordered dither, and only what changed in each frame.
//!
//! A GIF counts time in hundredths of a second. Each frame begins at its true time, rounded, so that the whole
//! lasts as long as it should; above 50 fps, which no viewer shows, frames are left out.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use gif::{DisposalMethod, Encoder, EncodingError, Repeat};

use super::palette::{Histogram, Palette};
use super::{FrameGate, VideoWriter, WriterOptions, Written};
use crate::provenance::gif_extensions;
use crate::staged::{Staged, size_of};
use crate::{Error, Frame, Rational, Result};

/// Viewers show a frame of less than this many hundredths far too long.
const SHORTEST: u64 = 2;

/// The index that leaves the pixel as it was.
const AS_BEFORE: u8 = 255;

pub(super) struct GifWriter {
    gate: FrameGate,
    staged: Staged,
    encoder: Encoder<BufWriter<File>>,
    options: WriterOptions,
    palette: Option<Palette>,
    /// What the viewer shows now, as RGB.
    shown: Vec<u8>,
    /// The last frame, whose end is not known yet, and when it began.
    pending: Option<(gif::Frame<'static>, u64)>,
    written: u64,
}

impl GifWriter {
    pub fn create(path: &Path, options: WriterOptions) -> Result<Self> {
        let side = |side: u32| {
            u16::try_from(side).map_err(|_| Error::Unwritable {
                path: path.to_path_buf(),
                reason: format!("a GIF's side has at most {} pixels", u16::MAX),
            })
        };
        let (width, height) = (side(options.size.0)?, side(options.size.1)?);
        let (staged, file) = Staged::file(path)?;
        let mut encoder = Encoder::new(BufWriter::new(file), width, height, &[])
            .map_err(|error| encoding(path, error))?;
        encoder
            .set_repeat(Repeat::Infinite)
            .map_err(|error| encoding(path, error))?;
        if let Some(said) = &options.provenance {
            encoder
                .get_mut()
                .write_all(&gif_extensions(said))
                .map_err(Error::io("write", path))?;
        }
        Ok(Self {
            gate: FrameGate::new(path, options.size),
            staged,
            encoder,
            options,
            palette: None,
            shown: Vec::new(),
            pending: None,
            written: 0,
        })
    }

    /// The picture as indices, and what changed since the one before.
    fn draw(&mut self, frame: &Frame) -> gif::Frame<'static> {
        let histogram = Histogram::of(frame);
        let palette = match self
            .palette
            .take()
            .map(|mut old| (old.suits(&histogram), old))
        {
            Some((true, old)) => self.palette.insert(old),
            _ => self.palette.insert(Palette::of(&histogram)),
        };
        let first = self.shown.is_empty();
        self.shown.resize(frame.rgb().len(), 0);
        let width = frame.width() as usize;
        let indices = frame
            .rgb()
            .chunks_exact(3)
            .zip(self.shown.chunks_exact_mut(3))
            .enumerate()
            .map(|(i, (pixel, shown))| {
                let offset = dither(i % width, i / width);
                let wanted = [pixel[0], pixel[1], pixel[2]]
                    .map(|c| (i32::from(c) + offset).clamp(0, 255) as u8);
                let index = palette.index_of(wanted);
                let color = palette.color(index);
                if !first && shown == color {
                    return AS_BEFORE;
                }
                shown.copy_from_slice(&color);
                index
            })
            .collect::<Vec<u8>>();
        gif::Frame {
            width: self.options.size.0 as u16,
            height: self.options.size.1 as u16,
            dispose: DisposalMethod::Keep,
            transparent: Some(AS_BEFORE),
            palette: Some(palette.bytes()),
            buffer: indices.into(),
            ..gif::Frame::default()
        }
    }

    /// Writes the last frame, which is shown until `end`.
    fn write_pending(&mut self, end: u64) -> Result<()> {
        let Some((mut drawn, begin)) = self.pending.take() else {
            return Ok(());
        };
        let delay = (end - begin).max(SHORTEST);
        self.written += 1;
        drawn.delay = u16::try_from(delay).unwrap_or(u16::MAX);
        self.encoder
            .write_frame(&drawn)
            .map_err(|error| encoding(&self.gate.path, error))
    }
}

impl VideoWriter for GifWriter {
    fn push(&mut self, frame: &Frame) -> Result<()> {
        let begin = hundredths(self.options.fps, self.gate.frames);
        self.gate.admit(frame)?;
        let too_soon = |(_, last): &(_, u64)| begin - last < SHORTEST;
        if self.pending.as_ref().is_some_and(too_soon) {
            return Ok(());
        }
        self.write_pending(begin)?;
        self.pending = Some((self.draw(frame), begin));
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Written> {
        let frames = self.gate.require_frames()?;
        let end = hundredths(self.options.fps, frames);
        self.write_pending(end)?;
        let path = self.gate.path;
        let mut out = self
            .encoder
            .into_inner()
            .map_err(|error| encoding(&path, error))?;
        out.flush().map_err(Error::io("write", &path))?;
        drop(out);
        self.staged.commit_from(self.options.provenance.as_ref())?;
        Ok(Written {
            bytes: size_of(&path)?,
            path,
            frames: self.written,
            size: self.options.size,
            fps: self.options.fps,
            seconds: end as f64 / 100.0,
        })
    }
}

/// When frame `index` begins, in hundredths of a second.
fn hundredths(fps: Rational, index: u64) -> u64 {
    let (num, den) = (u64::from(fps.num()), u64::from(fps.den()));
    (index * 100 * den + num / 2) / num
}

/// A fixed pattern of 8×8, −6…6, that hides the steps between colours and does not flicker.
fn dither(x: usize, y: usize) -> i32 {
    let (x, y) = (x as u32 & 7, y as u32 & 7);
    let mut rank = 0;
    for bit in 0..3 {
        rank = rank << 2 | ((x ^ y) >> bit & 1) << 1 | (y >> bit & 1);
    }
    (rank as i32 * 2 - 63) * 6 / 63
}

fn encoding(path: &Path, error: EncodingError) -> Error {
    match error {
        EncodingError::Io(source) => Error::io("write", path)(source),
        other => Error::encoder(path, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_begin_at_their_true_times() {
        let fps = Rational::new(30, 1).unwrap();
        let begins: Vec<_> = (0..=6).map(|i| hundredths(fps, i)).collect();
        assert_eq!(begins, [0, 3, 7, 10, 13, 17, 20]);
        assert_eq!(hundredths(fps, 150), 500);
    }

    #[test]
    fn the_dither_pattern_is_balanced() {
        let sum: i32 = (0..64).map(|i| dither(i % 8, i / 8)).sum();
        assert!(sum.abs() <= 8, "{sum}");
        assert_eq!((0..64).map(|i| dither(i % 8, i / 8)).max(), Some(6));
    }
}
