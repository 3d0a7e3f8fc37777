//! The output's timeline, cut into what is kept and what is drawn.

use std::ops::Range;
use std::path::PathBuf;

use kinora_media::Rational;

use super::{Output, PlannedCondition};
use crate::model::Geometry;

/// A stretch of the output.
#[derive(Debug, Clone, PartialEq)]
pub enum Span {
    Kept(Kept),
    Drawn(DrawnSpan),
}

impl Span {
    /// Its first frame of the output.
    pub fn start(&self) -> u64 {
        match self {
            Self::Kept(kept) => kept.start,
            Self::Drawn(drawn) => drawn.start,
        }
    }

    /// Frames of the output.
    pub fn frames(&self) -> u64 {
        match self {
            Self::Kept(kept) => kept.frames,
            Self::Drawn(drawn) => drawn.frames,
        }
    }

    pub fn drawn(&self) -> Option<&DrawnSpan> {
        match self {
            Self::Kept(_) => None,
            Self::Drawn(drawn) => Some(drawn),
        }
    }

    /// Frames that the model draws for it.
    pub fn native(&self) -> usize {
        match self {
            Self::Kept(_) => 0,
            Self::Drawn(drawn) => drawn.native,
        }
    }
}

/// Footage that stands in the output: bit for bit, where it has the output's size and rate and plays at its own speed.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    pub path: PathBuf,
    /// Its first frame in the file.
    pub first: u64,
    pub source_fps: Rational,
    pub source_size: (u32, u32),
    /// How many times as fast it plays.
    pub speed: f64,
    /// Of the output.
    pub start: u64,
    pub frames: u64,
}

impl Kept {
    /// Whether it has the output's size and rate.
    pub fn fits(&self, output: &Output) -> bool {
        (self.source_size, self.source_fps) == (output.size, output.fps)
    }

    /// Whether it stands in the output bit for bit, frame after frame.
    pub fn is_as_shown(&self, output: &Output) -> bool {
        self.fits(output) && self.speed == 1.0
    }

    /// Seconds of the file at which one of its frames of the output was taken, counted from the first.
    pub fn second_of(&self, frame: u64, output: Rational) -> f64 {
        self.source_fps.seconds(self.first) + output.seconds(frame) * self.speed
    }

    /// Its frames in the file, where it is as shown.
    pub fn range(&self) -> Range<u64> {
        self.first..self.first + self.frames
    }
}

/// Frames that the model draws as one sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct DrawnSpan {
    /// Of the output.
    pub start: u64,
    pub frames: u64,
    /// Frames that the model draws, `r · k + 1`: those shown, and what they share with the footage around them.
    pub native: usize,
    pub shown: Shown,
    /// Stretches of `native`, in the order of drawing.
    pub windows: Vec<Window>,
    /// What holds from which of the native frames on; the first from 0.
    pub texts: Vec<TextSegment>,
    pub conditions: Vec<PlannedCondition>,
    pub sources: Vec<PlannedSource>,
}

impl DrawnSpan {
    /// Whether it is one prompt drawn at once, and nothing else.
    pub fn is_plain(&self) -> bool {
        let once = self.windows.len() == 1 && self.texts.len() == 1;
        once && self.conditions.is_empty() && self.sources.is_empty()
    }
}

/// How the output's frames are taken from the native ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown {
    /// Native frames before the one that the taking begins at: drawn again from kept footage, and left out.
    pub skip: usize,
    /// Frames of the output that are then left out: 1 where the beginning is the last kept frame.
    pub drop: usize,
    /// From this rate to that.
    pub from: Rational,
    pub to: Rational,
}

impl Shown {
    /// Where a frame of the output, counted from the span's first, lies among the native ones.
    pub fn native_of(&self, output: f64) -> f64 {
        self.skip as f64 + (output + self.drop as f64) * self.from.as_f64() / self.to.as_f64()
    }
}

/// A part of the prompt that holds for a time.
#[derive(Debug, Clone, PartialEq)]
pub struct TextSegment {
    /// The native frame that it begins at.
    pub from: usize,
    /// Which of the plan's texts.
    pub text: usize,
}

/// Latent frames that are denoised at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first, of the span's.
    pub start: usize,
    pub len: usize,
    /// How many at its beginning are there already, clean, from the window before.
    pub context: usize,
    /// Tokens that the transformer sees at each step.
    pub tokens: usize,
    /// Steps that are done: fewer than the plan's where footage is begun from.
    pub steps: usize,
}

/// Footage that a span begins from.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedSource {
    pub path: PathBuf,
    /// Seconds of the file that each native frame shows.
    pub begin: f64,
    pub per_frame: f64,
    /// For each latent frame its share, and the part of the way to noise that it begins at: 1 where the footage does
    /// not lie.
    pub weights: Vec<f64>,
    pub strengths: Vec<f64>,
}

/// Latent frames that neighbouring windows share.
pub const CONTEXT: usize = 3;

/// Latent frames beyond a window within which what is to be met already draws it on.
const REACH: usize = 2;

impl Window {
    /// All of a span's latent frames.
    pub fn whole(len: usize) -> Self {
        Self {
            start: 0,
            len,
            context: 0,
            tokens: 0,
            steps: 0,
        }
    }

    /// The native frame that its time counts from.
    pub fn origin(&self, r: usize) -> usize {
        self.start.saturating_sub(1) * r
    }

    /// Whether something at a native frame stands before the window's tokens; `latents` is the span's length, `r` the
    /// frames of a latent. What begins the span stands in its place.
    pub fn meets(&self, latents: usize, frame: usize, r: usize) -> bool {
        let end = self.start + self.len;
        let reach = match end < latents {
            true => (end - 1 + REACH) * r + 1,
            false => (end - 1) * r + 1,
        };
        frame > self.origin(r) && frame < reach
    }
}

/// Splits `latents` latent frames into windows of at most `longest`, each after the first with [`CONTEXT`] frames of the
/// one before; the last is moved back to the end, so that none is short.
pub(super) fn windows(latents: usize, longest: Option<usize>) -> Vec<Window> {
    let window = |start, len, context| Window {
        start,
        len,
        context,
        tokens: 0,
        steps: 0,
    };
    let longest = match longest {
        Some(longest) if latents > longest => longest.max(2),
        _ => return vec![window(0, latents, 0)],
    };
    // A later window has no frame of its own time 0 and so one less.
    let later = (longest - 1).max(2);
    let context = CONTEXT.min(later - 1);
    let mut all = vec![window(0, longest, 0)];
    let mut done = longest;
    while done < latents {
        let start = (done - context).min(latents - later.min(latents));
        all.push(window(start, later.min(latents - start), done - start));
        done = start + later.min(latents - start);
    }
    all
}

/// The middle of the frames that latent frame `i` covers, where each but the first covers `r`.
pub(crate) fn center(i: usize, r: usize) -> f64 {
    match i {
        0 => 0.0,
        _ => (r * i) as f64 - (r as f64 - 1.0) / 2.0,
    }
}

/// The longest window in latent frames.
pub(super) fn longest(frames: Option<usize>, geometry: &Geometry) -> Option<usize> {
    frames.map(|frames| frames.saturating_sub(1) / geometry.temporal + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_all_and_share_frames() {
        let all = windows(11, Some(11));
        assert_eq!((all.len(), all[0].len, all[0].context), (1, 11, 0));
        for latents in 12..100 {
            for longest in [2, 3, 4, 11] {
                let all = windows(latents, Some(longest));
                let mut done = 0;
                for window in &all {
                    assert_eq!(window.start + window.context, done, "{all:?}");
                    assert!(window.context < window.len && window.len <= longest.max(2));
                    assert!(window.start == 0 || window.context >= CONTEXT.min(longest.max(3) - 2));
                    done = window.start + window.len;
                }
                assert_eq!(done, latents);
            }
        }
        assert_eq!(windows(50, None).len(), 1);
    }
}
