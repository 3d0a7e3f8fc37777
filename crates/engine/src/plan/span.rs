//! The output's timeline, cut into what is kept and what is drawn.

use std::path::PathBuf;

use kinora_media::Rational;

use super::PlannedCondition;

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

    /// Frames that the model draws for it.
    pub fn native(&self) -> usize {
        match self {
            Self::Kept(_) => 0,
            Self::Drawn(drawn) => drawn.native,
        }
    }
}

/// Footage that stands in the output: bit for bit, where it has the output's size and rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    pub path: PathBuf,
    /// Its first frame in the file.
    pub first: u64,
    pub source_fps: Rational,
    pub source_size: (u32, u32),
    /// Of the output.
    pub start: u64,
    pub frames: u64,
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
