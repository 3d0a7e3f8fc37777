//! Coded pictures that go from one MP4 to another as they are, bit for bit.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::h264::is_bare_key;
use crate::mp4::CodedSample;
use crate::reader::mp4::Mp4Reader;
use crate::{Error, Rational, Result};

/// A file being written that takes coded pictures of a clip among the frames that are pushed.
pub trait CodedWriter {
    /// Which of the frames `frames` of `clip`, counted from 0 in the order of showing, can be taken as they are coded:
    /// those from the first key picture among them on. `None` where all have to be pushed, since the clip is
    /// of another size or rate, or coded another way than the file's own frames.
    fn find(&mut self, clip: &Path, frames: Range<u64>) -> Result<Option<CodedRun>>;

    /// Adds them; what is pushed next begins at a key picture.
    fn copy(&mut self, run: CodedRun) -> Result<()>;
}

/// Coded pictures of a clip, from a key picture on.
pub struct CodedRun {
    clip: CodedClip,
    samples: Vec<CodedSample>,
    frames: Range<u64>,
}

impl CodedRun {
    /// The clip's frames that they show.
    pub fn frames(&self) -> Range<u64> {
        self.frames.clone()
    }

    /// Hands over the pictures one by one in the order of decoding.
    pub(crate) fn each(
        mut self,
        take: impl FnMut(&[u8], &CodedSample) -> Result<()>,
    ) -> Result<()> {
        self.clip.each(&self.samples, take)
    }
}

/// An MP4 with H.264 at a constant rate, shown upright and whole: one that can be copied from.
pub(crate) struct CodedClip {
    path: PathBuf,
    file: File,
    samples: Vec<Numbered>,
    /// The description box's payload.
    pub description: Vec<u8>,
    pub size: (u32, u32),
    pub fps: Rational,
    parameter_sets: Vec<Vec<u8>>,
    length_size: usize,
    /// Whether its colours are those of our own files, as far as the container says.
    plain_colors: bool,
}

/// A coded picture and its number in the order of showing.
#[derive(Clone, Copy)]
struct Numbered {
    offset: u64,
    size: u32,
    key: bool,
    number: u64,
}

impl CodedClip {
    /// `None` for what cannot be copied from; errors are those of reading.
    pub fn open(path: &Path) -> Result<Option<Self>> {
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
            path: path.to_path_buf(),
            file,
            samples,
            plain_colors: matches!(track.color, None | Some((1, false))),
            description: track.description,
            size: info.size,
            fps: info.fps,
            parameter_sets: track.parameter_sets,
            length_size: track.length_size,
        }))
    }

    pub fn frames(&self) -> u64 {
        self.samples.len() as u64
    }

    /// The pictures of a range in decoding order, if they decode without others.
    pub fn cut(&self, range: &Range<u64>) -> Option<Vec<CodedSample>> {
        let length = usize::try_from(range.end.checked_sub(range.start)?).ok()?;
        let first = self.at(range.start)?;
        let run = self.samples.get(first..first.checked_add(length)?)?;
        if !run.first()?.key || !run.iter().all(|sample| range.contains(&sample.number)) {
            return None;
        }
        let coded = run.iter().enumerate().map(|(i, sample)| CodedSample {
            offset: sample.offset,
            size: sample.size,
            key: sample.key,
            // Where it is shown less where it is decoded, in frames.
            shift: (sample.number - range.start) as i32 - i as i32,
        });
        Some(coded.collect())
    }

    /// What of a range can stand among pictures that were coded with these parameter sets.
    pub fn among(mut self, sets: [&[u8]; 2], range: Range<u64>) -> Result<Option<CodedRun>> {
        let alike = self.length_size == 4 && self.plain_colors && self.parameter_sets == sets;
        let keys = range.clone().filter(|&number| {
            let sample = self.at(number).map(|i| self.samples[i]);
            sample.is_some_and(|sample| sample.key)
        });
        let Some(begin) = keys.min().filter(|_| alike && range.end <= self.frames()) else {
            return Ok(None);
        };
        let frames = begin..range.end;
        let Some(samples) = self.cut(&frames) else {
            return Ok(None);
        };
        // Pictures shown in another order than decoded, or sets between them, are not of our coding.
        let keys: Vec<_> = samples
            .iter()
            .filter(|sample| sample.key)
            .copied()
            .collect();
        let mut ours = samples.iter().all(|sample| sample.shift == 0);
        self.each(&keys, |bytes, _| {
            ours &= is_bare_key(bytes);
            Ok(())
        })?;
        Ok(ours.then_some(CodedRun {
            clip: self,
            samples,
            frames,
        }))
    }

    /// Reads pictures one by one.
    pub fn each(
        &mut self,
        samples: &[CodedSample],
        mut take: impl FnMut(&[u8], &CodedSample) -> Result<()>,
    ) -> Result<()> {
        let mut bytes = Vec::new();
        for sample in samples {
            bytes.resize(sample.size as usize, 0);
            self.file
                .seek(SeekFrom::Start(sample.offset))
                .and_then(|_| self.file.read_exact(&mut bytes))
                .map_err(Error::io("read", &self.path))?;
            take(&bytes, sample)?;
        }
        Ok(())
    }

    /// Where in the order of decoding a frame stands.
    fn at(&self, number: u64) -> Option<usize> {
        // Near its place in the order of showing; far from it only in files that are not ours.
        let near = usize::try_from(number).ok()?;
        match self.samples.get(near) {
            Some(sample) if sample.number == number => Some(near),
            _ => self.samples.iter().position(|s| s.number == number),
        }
    }
}
