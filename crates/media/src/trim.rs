//! Cutting an MP4 without decoding it: the coded pictures are copied as they are, bit for bit.
//!
//! Possible where each kept part begins at a key picture and needs no picture outside of itself; elsewhere the caller
//! decodes and encodes.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use crate::mp4::{CodedSample, Description, Muxer, TrackSettings};
use crate::provenance::Provenance;
use crate::reader::mp4::Mp4Reader;
use crate::staged::{Staged, scratch_file, size_of};
use crate::{Error, Rational, Result, Written};

/// Whether [`trim_copy`] can keep these frames. Errors are those of reading `input`.
pub fn can_trim_copy(input: impl AsRef<Path>, ranges: &[Range<u64>]) -> Result<bool> {
    let input = input.as_ref();
    match Source::open(input)? {
        Some(source) => Ok(source.cut(input, ranges)?.is_some()),
        None => Ok(false),
    }
}

/// Writes the frames `ranges` of `input`, one range after another, to the MP4 `output`, copying coded pictures.
///
/// Frames are counted from 0 in the order of showing. `None`, with nothing written, where the cut needs another way:
/// the file is no MP4 with H.264 at a constant rate, is shown turned or in part, or a range does not begin at a key
/// picture or does not end where decoding can end. Sound is left behind; `said` is what the file says of its origin.
pub fn trim_copy(
    input: impl AsRef<Path>,
    output: impl AsRef<Path>,
    ranges: &[Range<u64>],
    said: Option<&Provenance>,
) -> Result<Option<Written>> {
    let (input, output) = (input.as_ref(), output.as_ref());
    let Some(mut source) = Source::open(input)? else {
        return Ok(None);
    };
    match source.cut(input, ranges)? {
        Some(samples) => source.copy(&samples, (input, output), said).map(Some),
        None => Ok(None),
    }
}

/// An MP4 that can be copied from.
struct Source {
    file: File,
    samples: Vec<Numbered>,
    description: Vec<u8>,
    size: (u32, u32),
    fps: Rational,
}

/// A coded picture and its number in the order of showing.
#[derive(Clone, Copy)]
struct Numbered {
    offset: u64,
    size: u32,
    key: bool,
    number: u64,
}

impl Source {
    fn open(path: &Path) -> Result<Option<Self>> {
        let mut file = File::open(path).map_err(Error::io("read", path))?;
        let mut head = Vec::new();
        (&mut file)
            .take(16)
            .read_to_end(&mut head)
            .map_err(Error::io("read", path))?;
        if !crate::reader::is_mp4(&head) {
            return Ok(None);
        }
        let reader = match Mp4Reader::open(file, path) {
            Ok(reader) => reader,
            Err(Error::Unsupported { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        if !reader.is_plain() {
            return Ok(None);
        }
        let (info, file, track) = reader.into_parts();
        let mut order: Vec<usize> = (0..track.samples.len()).collect();
        order.sort_by_key(|&i| track.samples[i].shown);
        let mut samples: Vec<_> = track
            .samples
            .iter()
            .map(|sample| Numbered {
                offset: sample.offset,
                size: sample.size,
                key: sample.key,
                number: 0,
            })
            .collect();
        for (number, i) in order.into_iter().enumerate() {
            samples[i].number = number as u64;
        }
        Ok(Some(Self {
            file,
            samples,
            description: track.description,
            size: info.size,
            fps: info.fps,
        }))
    }

    /// The pictures of the ranges in decoding order, if they decode without others.
    fn cut(&self, path: &Path, ranges: &[Range<u64>]) -> Result<Option<Vec<CodedSample>>> {
        let total = self.samples.len() as u64;
        let mut kept = Vec::new();
        for range in ranges {
            if range.is_empty() || range.end > total {
                return Err(Error::BadRange {
                    path: path.to_path_buf(),
                    from: range.start,
                    to: range.end,
                    frames: total,
                });
            }
            let length = (range.end - range.start) as usize;
            let first = self
                .samples
                .iter()
                .position(|sample| sample.number == range.start);
            let run = first.and_then(|first| self.samples.get(first..first + length));
            let Some(run) = run.filter(|run| run[0].key) else {
                return Ok(None);
            };
            if !run.iter().all(|sample| range.contains(&sample.number)) {
                return Ok(None);
            }
            kept.extend(run.iter().enumerate().map(|(i, sample)| CodedSample {
                offset: sample.offset,
                size: sample.size,
                key: sample.key,
                // Where it is shown less where it is decoded, in frames.
                shift: (sample.number - range.start) as i32 - i as i32,
            }));
        }
        Ok((!kept.is_empty()).then_some(kept))
    }

    fn copy(
        &mut self,
        samples: &[CodedSample],
        (input, output): (&Path, &Path),
        said: Option<&Provenance>,
    ) -> Result<Written> {
        let (staged, mut file) = Staged::file(output)?;
        let scratch = scratch_file(output)?;
        let media = scratch
            .file
            .try_clone()
            .map_err(Error::io("create", output))?;
        let settings = TrackSettings {
            size: self.size,
            fps: self.fps,
            chunk: self.fps.as_f64().round().max(1.0) as usize,
        };
        let mut muxer = Muxer::new(media, settings);
        let mut bytes = Vec::new();
        for sample in samples {
            bytes.resize(sample.size as usize, 0);
            self.file
                .seek(SeekFrom::Start(sample.offset))
                .and_then(|_| self.file.read_exact(&mut bytes))
                .map_err(Error::io("read", input))?;
            muxer
                .push_copy(&bytes, sample)
                .map_err(Error::io("write", output))?;
        }
        muxer
            .finish(Description::Copied(&self.description), said, &mut file)
            .map_err(Error::io("write", output))?;
        drop(file);
        staged.commit()?;
        let frames = samples.len() as u64;
        Ok(Written {
            path: output.to_path_buf(),
            frames,
            size: self.size,
            fps: self.fps,
            seconds: self.fps.seconds(frames),
            bytes: size_of(output)?,
        })
    }
}
