//! MP4 with H.264, picture by picture.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::timing::Timing;
use super::{TimedFrame, VideoInfo, VideoReader};
use crate::color::ColorSpace;
use crate::h264::{Decoder, LengthPrefixed, Picture, Sps, nal_is_sps, to_annex_b};
use crate::mp4::{Movie, Sample, VideoTrack};
use crate::resize::{Filter, Resizer};
use crate::{Error, Frame, Result};

/// The largest coded picture that is read.
const MAX_PICTURE_BYTES: u32 = 64 << 20;

pub(crate) struct Mp4Reader {
    path: PathBuf,
    file: File,
    track: VideoTrack,
    info: VideoInfo,
    decoder: Decoder,
    /// The size that the decoder gives, before pixels are made square and the picture is turned upright.
    coded_size: (u32, u32),
    square_width: u32,
    resizer: Resizer,
    /// Start and duration in seconds of each picture in the order of showing; `None` for one that the edits leave out.
    schedule: Vec<Option<(f64, f64)>>,
    next_sample: usize,
    shown: usize,
    flushed: bool,
    ready: VecDeque<TimedFrame>,
}

impl Mp4Reader {
    pub fn open(mut file: File, path: &Path) -> Result<Self> {
        let Movie {
            video: track,
            has_audio,
        } = Movie::read(&mut file, path)?;
        let first = read_sample(&mut file, &track.samples[0], path)?;
        let sps = track
            .parameter_sets
            .iter()
            .map(Vec::as_slice)
            .chain(LengthPrefixed::new(&first, track.length_size).flatten())
            .find(|unit| nal_is_sps(unit))
            .ok_or_else(|| Error::broken(path, "H.264", "it has no sequence parameters"))?;
        let sps = supported(sps, path)?;
        super::checked_len(path, sps.size)?;
        let (matrix, full_range) = match track.color {
            Some((matrix, full)) => (Some(matrix), full || sps.full_range),
            None => (sps.matrix, sps.full_range),
        };
        let space = ColorSpace::from_codes(matrix, full_range, sps.size.1);
        let decoder = Decoder::new(space).map_err(|reason| Error::broken(path, "H.264", reason))?;
        let (h, v) = track.pixel_aspect;
        let exact = f64::from(sps.size.0) * f64::from(h) / f64::from(v);
        let square_width = (exact.round() as u32).max(1);
        let size = match track.turn[0] {
            0 => (sps.size.1, square_width),
            _ => (square_width, sps.size.1),
        };
        super::checked_len(path, size)?;
        let schedule = schedule(&track);
        let (timing, seconds) = pace(&track, &schedule)
            .ok_or_else(|| Error::broken(path, "MP4", "its times give no frame rate"))?;
        let info = VideoInfo {
            size,
            fps: timing.fps,
            constant_rate: timing.constant,
            frames: Some(schedule.iter().flatten().count() as u64),
            seconds: Some(seconds),
            audio: has_audio,
            codec: "H.264",
        };
        Ok(Self {
            path: path.to_path_buf(),
            file,
            track,
            info,
            decoder,
            coded_size: sps.size,
            square_width,
            resizer: Resizer::new(Filter::Lanczos3),
            schedule,
            next_sample: 0,
            shown: 0,
            flushed: false,
            ready: VecDeque::new(),
        })
    }

    /// Whether every picture is shown, upright and equally long, and the pictures follow one another without a pause.
    pub fn is_plain(&self) -> bool {
        self.info.constant_rate
            && self.track.turn == [1, 0, 0, 1]
            && self.track.edits.len() < 2
            && self.schedule.iter().all(Option::is_some)
    }

    /// What the file holds, the file, and where in it the pictures lie.
    pub fn into_parts(self) -> (VideoInfo, File, VideoTrack) {
        (self.info, self.file, self.track)
    }

    /// Gives the decoder one more sample.
    fn decode_next(&mut self) -> Result<()> {
        let sample = self.track.samples[self.next_sample];
        let bytes = read_sample(&mut self.file, &sample, &self.path)?;
        let number = self.next_sample + 1;
        let broken = |reason: &str| {
            Error::broken(&self.path, "H.264", format!("picture {number}: {reason}"))
        };
        let mut unit = Vec::with_capacity(bytes.len() + 64);
        if sample.key || self.next_sample == 0 {
            for set in &self.track.parameter_sets {
                to_annex_b(set, &mut unit);
            }
        }
        for nal in LengthPrefixed::new(&bytes, self.track.length_size) {
            let nal = nal.ok_or_else(|| broken("its lengths do not fit"))?;
            if nal_is_sps(nal) && supported(nal, &self.path)?.size != self.coded_size {
                return Err(Error::unsupported(&self.path, "a size that changes midway"));
            }
            to_annex_b(nal, &mut unit);
        }
        self.next_sample += 1;
        let decoded = self
            .decoder
            .decode(&unit)
            .map_err(|reason| broken(&reason))?;
        decoded
            .into_iter()
            .try_for_each(|picture| self.show(picture))
    }

    /// Gives a picture its time, if it is to be shown.
    fn show(&mut self, picture: Picture) -> Result<()> {
        if picture.size() != self.coded_size {
            return Err(Error::broken(
                &self.path,
                "H.264",
                "a picture of another size",
            ));
        }
        let slot = self.schedule.get(self.shown).copied();
        self.shown += 1;
        let Some((start, duration)) = slot.flatten() else {
            return Ok(());
        };
        let square = match picture.width() == self.square_width {
            true => picture,
            false => self
                .resizer
                .resize(&picture, self.square_width, picture.height())?,
        };
        self.ready.push_back(TimedFrame {
            frame: turned(square, self.track.turn)?,
            start,
            duration,
        });
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        self.flushed = true;
        let rest = self
            .decoder
            .flush()
            .map_err(|reason| Error::broken(&self.path, "H.264", reason))?;
        rest.into_iter()
            .try_for_each(|picture| self.show(picture))?;
        if self.shown < self.schedule.len() {
            return Err(Error::broken(
                &self.path,
                "H.264",
                format!(
                    "only {} of {} pictures could be decoded",
                    self.shown,
                    self.schedule.len()
                ),
            ));
        }
        Ok(())
    }
}

impl VideoReader for Mp4Reader {
    fn info(&self) -> &VideoInfo {
        &self.info
    }

    fn next_frame(&mut self) -> Result<Option<TimedFrame>> {
        loop {
            if let Some(timed) = self.ready.pop_front() {
                return Ok(Some(timed));
            }
            if self.next_sample < self.track.samples.len() {
                self.decode_next()?;
            } else if !self.flushed {
                self.flush()?;
            } else {
                return Ok(None);
            }
        }
    }
}

fn read_sample(file: &mut File, sample: &Sample, path: &Path) -> Result<Vec<u8>> {
    if sample.size > MAX_PICTURE_BYTES {
        return Err(Error::TooLarge {
            path: path.to_path_buf(),
            what: format!("a coded picture of {} bytes", sample.size),
            limit: format!("{MAX_PICTURE_BYTES}"),
        });
    }
    let mut bytes = vec![0; sample.size as usize];
    file.seek(SeekFrom::Start(sample.offset))
        .and_then(|_| file.read_exact(&mut bytes))
        .map_err(Error::io("read", path))?;
    Ok(bytes)
}

/// The parameters, if the decoder can follow them.
fn supported(unit: &[u8], path: &Path) -> Result<Sps> {
    let sps = Sps::parse(unit)
        .ok_or_else(|| Error::broken(path, "H.264", "its sequence parameters are not readable"))?;
    let what = match &sps {
        Sps { bit_depth: 9.., .. } => format!("{}-bit H.264", sps.bit_depth),
        Sps {
            chroma_format: 0, ..
        } => "H.264 without colour".to_owned(),
        Sps {
            chroma_format: 2, ..
        } => "4:2:2 H.264".to_owned(),
        Sps {
            chroma_format: 3.., ..
        } => "4:4:4 H.264".to_owned(),
        Sps {
            progressive: false, ..
        } => "interlaced H.264".to_owned(),
        _ => return Ok(sps),
    };
    Err(Error::unsupported(path, what))
}

/// When each picture is shown, in the order of showing.
fn schedule(track: &VideoTrack) -> Vec<Option<(f64, f64)>> {
    let spans = spans(track);
    let origin = spans.first().map_or(0, |span| span.0);
    let clock = f64::from(track.clock);
    if track.edits.is_empty() {
        return spans
            .iter()
            .map(|(from, to)| Some(((from - origin) as f64 / clock, (to - from) as f64 / clock)))
            .collect();
    }
    spans
        .iter()
        .map(|&(from, to)| {
            let middle = from + (to - from) / 2;
            let mut before = 0i64;
            for &(begin, end) in &track.edits {
                if (begin..end).contains(&middle) {
                    let (from, to) = (from.max(begin), to.min(end));
                    let start = before.saturating_add(from - begin);
                    return Some((start as f64 / clock, (to - from) as f64 / clock));
                }
                before = before.saturating_add(end.saturating_sub(begin));
            }
            None
        })
        .collect()
}

/// From when to when each picture is shown, in ticks, in the order of showing.
fn spans(track: &VideoTrack) -> Vec<(i64, i64)> {
    let mut begins: Vec<_> = track
        .samples
        .iter()
        .map(|sample| (sample.shown, sample.duration))
        .collect();
    begins.sort_unstable();
    let followers = begins.iter().skip(1).map(|next| Some(next.0)).chain([None]);
    begins
        .iter()
        .zip(followers)
        .map(|(&(from, duration), next)| (from, next.unwrap_or(from.saturating_add(duration))))
        .collect()
}

/// The rate of the pictures that are shown, and how long they last together in seconds.
fn pace(track: &VideoTrack, schedule: &[Option<(f64, f64)>]) -> Option<(Timing, f64)> {
    let shown: Vec<_> = spans(track)
        .into_iter()
        .zip(schedule)
        .filter_map(|(span, slot)| Some((span, (*slot)?)))
        .collect();
    let seconds = shown
        .iter()
        .map(|(_, slot)| slot.0 + slot.1)
        .fold(0.0, f64::max);
    // A gap between edits would look like an uneven pace, so the times behind the edits count.
    let clock = f64::from(track.clock);
    let begins: Vec<i64> = match track.edits.len() {
        0 | 1 => shown.iter().map(|(span, _)| span.0).collect(),
        _ => shown
            .iter()
            .map(|(_, slot)| (slot.0 * clock).round() as i64)
            .collect(),
    };
    let (last_span, last_slot) = shown.last()?;
    let end = match track.edits.len() {
        0 | 1 => last_span.1,
        _ => ((last_slot.0 + last_slot.1) * clock).round() as i64,
    };
    // A single picture without a duration is shown for a second.
    let end = end.max(
        begins
            .last()?
            .saturating_add(if begins.len() == 1 && end <= begins[0] {
                i64::from(track.clock)
            } else {
                1
            }),
    );
    Some((Timing::of(&begins, end, track.clock)?, seconds))
}

/// The picture upright: column `x` and row `y` move to `a·x + c·y` and `b·x + d·y`.
fn turned(frame: Frame, turn: [i8; 4]) -> Result<Frame> {
    let (w, h) = frame.size();
    let along = |sign: i8, at: u32, side: u32| if sign > 0 { at } else { side - 1 - at };
    match turn {
        [1, 0, 0, 1] => Ok(frame),
        [0, b, c, _] => Frame::from_fn(h, w, |x, y| frame.pixel(along(b, y, w), along(c, x, h))),
        [a, _, _, d] => Frame::from_fn(w, h, |x, y| frame.pixel(along(a, x, w), along(d, y, h))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_turned_by_its_matrix() {
        let frame = Frame::from_fn(3, 2, |x, y| [x as u8, y as u8, 0]).unwrap();
        // A quarter clockwise: what was lower left comes to upper left.
        let right = turned(frame.clone(), [0, 1, -1, 0]).unwrap();
        assert_eq!(
            (right.size(), right.pixel(0, 0), right.pixel(1, 0)),
            ((2, 3), [0, 1, 0], [0, 0, 0])
        );
        let half = turned(frame.clone(), [-1, 0, 0, -1]).unwrap();
        assert_eq!(half.pixel(0, 0), [2, 1, 0]);
        assert_eq!(turned(frame.clone(), [1, 0, 0, 1]).unwrap(), frame);
    }
}
