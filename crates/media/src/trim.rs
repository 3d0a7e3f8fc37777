//! Cutting an MP4 without decoding it: the coded pictures are copied as they are, bit for bit.
//!
//! Possible where each kept part begins at a key picture and needs no picture outside of itself; elsewhere the caller
//! decodes and encodes.

use std::ops::Range;
use std::path::Path;

use crate::coded::CodedClip;
use crate::mp4::{CodedSample, Description, Muxer, TrackSettings};
use crate::provenance::Provenance;
use crate::staged::{Staged, scratch_file, size_of};
use crate::{Error, Result, Written};

/// Whether [`trim_copy`] can keep these frames. Errors are those of reading `input`.
pub fn can_trim_copy(input: impl AsRef<Path>, ranges: &[Range<u64>]) -> Result<bool> {
    let input = input.as_ref();
    match CodedClip::open(input)? {
        Some(clip) => Ok(cut(&clip, input, ranges)?.is_some()),
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
    let Some(clip) = CodedClip::open(input)? else {
        return Ok(None);
    };
    match cut(&clip, input, ranges)? {
        Some(samples) => copy(clip, &samples, output, said).map(Some),
        None => Ok(None),
    }
}

/// The pictures of the ranges in decoding order, if they decode without others.
fn cut(clip: &CodedClip, path: &Path, ranges: &[Range<u64>]) -> Result<Option<Vec<CodedSample>>> {
    let total = clip.frames();
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
        match clip.cut(range) {
            Some(run) => kept.extend(run),
            None => return Ok(None),
        }
    }
    Ok((!kept.is_empty()).then_some(kept))
}

fn copy(
    mut clip: CodedClip,
    samples: &[CodedSample],
    output: &Path,
    said: Option<&Provenance>,
) -> Result<Written> {
    let (staged, mut file) = Staged::file(output)?;
    let scratch = scratch_file(output)?;
    let media = scratch
        .file
        .try_clone()
        .map_err(Error::io("create", output))?;
    let (size, fps) = (clip.size, clip.fps);
    let settings = TrackSettings {
        size,
        fps,
        chunk: fps.as_f64().round().max(1.0) as usize,
    };
    let mut muxer = Muxer::new(media, settings);
    clip.each(samples, |bytes, sample| {
        let pushed = muxer.push_copy(bytes, sample);
        pushed.map_err(Error::io("write", output))
    })?;
    muxer
        .finish(Description::Copied(&clip.description), said, &mut file)
        .map_err(Error::io("write", output))?;
    drop(file);
    staged.commit_from(said)?;
    let frames = samples.len() as u64;
    Ok(Written {
        path: output.to_path_buf(),
        frames,
        size,
        fps,
        seconds: fps.seconds(frames),
        bytes: size_of(output)?,
    })
}
