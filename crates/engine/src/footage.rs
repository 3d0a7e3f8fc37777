//! Given pictures and clips: what is known of them, and their frames for the model and for the file.

use std::path::Path;

use kinora_media::reader::VideoReader;
use kinora_media::resize::Filter;
use kinora_media::{Frame, Rational, Resizer, Retime};

use crate::plan::span::Kept;
use crate::plan::{Footage, Output, Plan, PlannedCondition, Role};
use crate::progress::Cancel;
use crate::{Error, Result};

/// What a board must know of a clip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Facts {
    pub size: (u32, u32),
    /// Where frames last unequally, the mean: they are held so that it is the rate.
    pub fps: Rational,
    /// At that rate.
    pub frames: u64,
    pub audio: bool,
}

impl Facts {
    /// Reads the file's head; of a file that does not say how long it is, all frames.
    pub fn of(path: &Path) -> Result<Self> {
        let mut reader = kinora_media::open(path)?;
        let info = reader.info().clone();
        let frames = match (info.frames, info.seconds, info.constant_rate) {
            (Some(frames), _, true) => frames,
            (_, Some(seconds), _) => info.fps.frames_in(seconds),
            _ => {
                let mut end = 0.0;
                while let Some(timed) = reader.next_frame()? {
                    end = timed.start + timed.duration;
                }
                info.fps.frames_in(end)
            }
        };
        match frames {
            0 => Err(Error::request(
                format!("{} holds no frame", path.display()),
                "give another clip",
            )),
            frames => Ok(Self {
                size: info.size,
                fps: info.fps,
                frames,
                audio: info.audio,
            }),
        }
    }
}

/// The frames that the model is given: at its rate, or a span's, and of the size that is drawn.
pub(crate) struct NativeFrames<'a> {
    reader: Box<dyn VideoReader>,
    footage: &'a Footage,
    size: (u32, u32),
    resizer: Resizer,
    /// The frame that is shown, at the model's size, and when it ends.
    shown: Option<(Frame, f64)>,
    given: usize,
    cancel: &'a Cancel,
}

impl<'a> NativeFrames<'a> {
    pub fn open(plan: &Plan, footage: &'a Footage, cancel: &'a Cancel) -> Result<Self> {
        Ok(Self {
            reader: kinora_media::open(&footage.path)?,
            footage,
            size: (plan.drawn.width as u32, plan.drawn.height as u32),
            resizer: Resizer::new(Filter::Lanczos3),
            shown: None,
            given: 0,
            cancel,
        })
    }

    fn read(&mut self) -> Result<Option<Frame>> {
        self.cancel.check()?;
        let Footage {
            begin,
            per_frame,
            frames,
            ..
        } = *self.footage;
        if self.given == frames {
            return Ok(None);
        }
        let time = begin + self.given as f64 * per_frame;
        while self
            .shown
            .as_ref()
            .is_none_or(|(_, end)| time >= end - 1e-6)
        {
            let Some(timed) = self.reader.next_frame()? else {
                // Footage to begin from is held where it ends; of footage to be met there is no more.
                let held = matches!(self.footage.role, Role::Source(_)) || self.given == 0;
                self.given += usize::from(held);
                return Ok(self
                    .shown
                    .as_ref()
                    .filter(|_| held)
                    .map(|(frame, _)| frame.clone()));
            };
            let end = timed.start + timed.duration;
            if time < end - 1e-6 || self.shown.is_none() || end > time - 1.0 {
                let frame = self.resizer.cover(&timed.frame, self.size.0, self.size.1)?;
                self.shown = Some((frame, end));
            }
        }
        self.given += 1;
        Ok(self.shown.as_ref().map(|(frame, _)| frame.clone()))
    }
}

impl Iterator for NativeFrames<'_> {
    type Item = Result<Frame>;

    fn next(&mut self) -> Option<Result<Frame>> {
        self.read().transpose()
    }
}

/// The frame of a condition that lies `index` frames behind its first, at the model's size.
pub(crate) fn native_frame(
    plan: &Plan,
    condition: &PlannedCondition,
    index: usize,
    cancel: &Cancel,
) -> Result<Option<Frame>> {
    let footage = Footage {
        span: 0,
        role: Role::Condition(0),
        path: condition.path.clone(),
        begin: condition.begin + index as f64 * condition.per_frame,
        per_frame: condition.per_frame,
        frames: 1,
    };
    NativeFrames::open(plan, &footage, cancel)?
        .next()
        .transpose()
}

/// The frames of kept footage at the output's size, rate and speed: untouched where they are so already. At another speed
/// they are the file's own, the one that is seen at each moment.
pub(crate) fn kept_frames(
    kept: &Kept,
    output: &Output,
) -> Result<impl Iterator<Item = Result<Frame, kinora_media::Error>>> {
    let even = EvenFrames {
        reader: kinora_media::open(&kept.path)?,
        held: None,
        index: 0,
    };
    let mut resizer = Resizer::new(Filter::Lanczos3);
    let (width, height) = output.size;
    let mut fit = move |frame: Frame| match frame.size() == (width, height) {
        true => Ok(frame),
        false => resizer.cover(&frame, width, height),
    };
    let source = even.skip(kept.first as usize);
    let frames: Box<dyn Iterator<Item = _>> = match (kept.speed, kept.source_fps == output.fps) {
        (1.0, true) => Box::new(source),
        (1.0, false) => Box::new(Retime::new(
            source,
            kept.source_fps,
            output.fps,
            output.between,
        )),
        (speed, _) => Box::new(Picked {
            source,
            step: speed * kept.source_fps.as_f64() / output.fps.as_f64(),
            shown: None,
            read: 0,
            given: 0,
        }),
    };
    Ok(frames
        .map(move |frame| fit(frame?))
        .take(kept.frames as usize))
}

/// Frames of a source as they are: the n-th is the one that is seen `n · step` frames after the first.
struct Picked<I> {
    source: I,
    step: f64,
    shown: Option<Frame>,
    read: u64,
    given: u64,
}

impl<I: Iterator<Item = kinora_media::Result<Frame>>> Iterator for Picked<I> {
    type Item = kinora_media::Result<Frame>;

    fn next(&mut self) -> Option<Self::Item> {
        let wanted = (self.given as f64 * self.step + 1e-6) as u64 + 1;
        while self.read < wanted {
            match self.source.next() {
                Some(Ok(frame)) => self.shown = Some(frame),
                Some(Err(error)) => return Some(Err(error)),
                None => return None,
            }
            self.read += 1;
        }
        self.given += 1;
        self.shown.clone().map(Ok)
    }
}

/// A video's frames at its constant rate; where frames last unequally, they are held so that it is.
struct EvenFrames {
    reader: Box<dyn VideoReader>,
    /// A frame and up to which index it is shown.
    held: Option<(Frame, u64)>,
    index: u64,
}

impl EvenFrames {
    fn read(&mut self) -> kinora_media::Result<Option<Frame>> {
        while self
            .held
            .as_ref()
            .is_none_or(|(_, until)| self.index >= *until)
        {
            let Some(timed) = self.reader.next_frame()? else {
                return Ok(None);
            };
            let info = self.reader.info();
            let until = match info.constant_rate {
                true => self.index + 1,
                false => info.fps.frames_in(timed.start + timed.duration),
            };
            self.held = Some((timed.frame, until));
        }
        self.index += 1;
        Ok(self.held.as_ref().map(|(frame, _)| frame.clone()))
    }
}

impl Iterator for EvenFrames {
    type Item = kinora_media::Result<Frame>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}
