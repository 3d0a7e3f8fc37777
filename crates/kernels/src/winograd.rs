//! Convolution of 3 × 3 pixels by Winograd's minimal filtering, F(4×4, 3×3), a quarter of the products.
//!
//! A patch of 6 × 6 pixels and the weights are both evaluated at 36 points; there, the sum over pixels is a
//! product at each point, and 16 outputs come back from the 36 sums. What a channel meets along time is
//! summed at the points, so that all frames under the kernel are one product of greater depth.
//!
//! Everything is f32, whatever the video is: bf16 at the points would cost two to three times the error of
//! bf16 pixels. With the points 0, ±2/3, ±3/2 and infinity a convolution is off by 1e-6 of its size.
//!
//! A pixel that is not finite is in up to four patches, and makes their outputs not finite: up to 8 × 8 pixels
//! where the definition says 3 × 3, and infinities are no numbers then. None is hidden, and none goes beyond its patches.

mod transform;

use std::sync::Arc;

use crate::conv::Frames;
use crate::element::Element;
use crate::lanes::LANES;
use crate::matmul::Finish;
use crate::norm::in_tasks;
use crate::out::Out;
use crate::pack::Packed;
use crate::path::Path;
use crate::tile::{COLUMNS, ROWS, Stretches, Sums};
use transform::{Back, POINTS, There, weights_at_points};

/// Bytes of transformed pixels of a task: they come from the third-level cache once for each panel.
const BLOCK: usize = 2 << 20;
/// Output pixels along a patch's side.
const SIDE: usize = 4;

/// Where the values of an output pixel go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Next to each other, pixel by pixel: (b, t, h, w, c).
    Pixels,
    /// Parts of the channels become neighbouring frames, lines and pixels: of c = 8 · c' channels, cell by
    /// cell, (b, 2t, 2h, 2w, c').
    Cells,
}

impl Place {
    /// How many cells, along an axis.
    fn side(self) -> usize {
        match self {
            Self::Pixels => 1,
            Self::Cells => 2,
        }
    }
}

/// Weights of a convolution over `taps` frames, 3 lines and 3 pixels, at the points.
#[derive(Clone)]
pub struct Winograd {
    /// Panel by panel of 32 output channels, point by point, tap and input channel.
    panels: Arc<Vec<f32>>,
    taps: usize,
    c_in: usize,
    c_out: usize,
}

impl Winograd {
    /// From the weights of a convolution, (taps · 3 · 3 · c_in) deep.
    ///
    /// # Panics
    /// If that is not their depth, or [`Winograd::takes`] does not take these channels.
    pub fn new<T: Element>(weights: &Packed<T>, taps: usize, c_in: usize) -> Self {
        assert_eq!(weights.depth(), taps * 9 * c_in, "weights of 3 × 3 pixels");
        assert!(Self::takes(c_in), "{c_in} channels");
        Self {
            panels: Arc::new(weights_at_points(weights, taps, c_in)),
            taps,
            c_in,
            c_out: weights.columns(),
        }
    }

    /// Whether so many input channels can be convolved this way.
    pub fn takes(c_in: usize) -> bool {
        c_in > 0 && c_in.is_multiple_of(LANES)
    }

    /// Bytes that the weights at the points take.
    pub fn bytes(taps: usize, c_in: usize, c_out: usize) -> usize {
        POINTS * taps * c_in * c_out.next_multiple_of(COLUMNS) * size_of::<f32>()
    }

    /// Whether a picture of this size gains: patches that hang over its edge, or fill a tile in part, are work for nothing.
    pub fn gains(height: usize, width: usize) -> bool {
        let patches = height.div_ceil(SIDE) * width.div_ceil(SIDE);
        let products = POINTS * patches.next_multiple_of(ROWS);
        // At most three eighths of the direct way's: the rest is for the way to the points and back, and for their memory.
        patches > 0 && 8 * products <= 3 * 9 * height * width
    }

    /// Convolves with zeros around each frame; along time as many frames fewer as the kernel has beyond one.
    ///
    /// # Panics
    /// If sizes do not agree.
    pub fn convolve<T: Element, O: Element>(
        &self,
        path: Path,
        video: &Frames<T>,
        finish: &Finish,
        place: Place,
    ) -> Vec<O> {
        assert_eq!(video.channels, self.c_in, "channels");
        assert!(finish.bias.is_none_or(|bias| bias.len() == self.c_out));
        let pixels = video.height * video.width;
        let frames = video.clips.iter().map(|clip| {
            assert!(clip.iter().all(|frame| frame.len() == pixels * self.c_in));
            (clip.len() + 1).saturating_sub(self.taps)
        });
        let frames: Vec<usize> = frames.collect();
        let len = frames.iter().sum::<usize>() * pixels * self.c_out;
        assert!(
            finish
                .residual
                .is_none_or(|residual| residual.x.len() == len)
        );
        assert!(place == Place::Pixels || (self.c_out / 8).is_multiple_of(LANES));
        let run = |out: &Out<O>| {
            let mut first = 0;
            for (clip, &frames) in video.clips.iter().zip(&frames) {
                let job = Job {
                    path,
                    weights: self,
                    clip,
                    frames,
                    first,
                    size: [video.height, video.width],
                    finish,
                    place,
                    out,
                };
                if frames * pixels * self.c_out > 0 {
                    job.run();
                }
                first += frames;
            }
        };
        // SAFETY: the tasks cover every pixel, frame and channel, and each writes all of its own.
        unsafe { Out::filled(len, run) }
    }

    fn panel(&self, panel: usize, point: usize) -> &[f32] {
        let len = self.taps * self.c_in * COLUMNS;
        &self.panels[(panel * POINTS + point) * len..][..len]
    }
}

struct Job<'a, T, O> {
    path: Path,
    weights: &'a Winograd,
    clip: &'a [&'a [T]],
    /// Output frames of the clip, and how many there are of clips before it.
    frames: usize,
    first: usize,
    size: [usize; 2],
    finish: &'a Finish<'a>,
    place: Place,
    out: &'a Out<O>,
}

/// Room that a thread uses again and again.
#[derive(Default)]
struct Scratch {
    /// Pixels at the points: point, frame, patch, channel.
    pixels: Vec<f32>,
    /// Sums at the points: point, frame, patch of 12, 32 channels.
    sums: Vec<Sums>,
}

impl<T: Element, O: Element> Job<'_, T, O> {
    fn run(&self) {
        let patches = self.across() * self.size[0].div_ceil(SIDE);
        let groups = patches.div_ceil(ROWS);
        let more = self.weights.taps - 1;
        let frame = POINTS * ROWS * self.weights.c_in * size_of::<f32>();
        let most = (BLOCK / frame).saturating_sub(more).max(2);
        let threads = rayon::current_num_threads();
        let mut stretches = self.frames.div_ceil(most);
        if groups < threads * 4 {
            stretches = stretches
                .max((threads * 4).div_ceil(groups))
                .min(self.frames);
        }
        let length = self.frames.div_ceil(stretches);
        let stretches = self.frames.div_ceil(length);
        let task = |scratch: &mut Scratch, i: usize| {
            let first = i % stretches * length;
            let frames = first..(first + length).min(self.frames);
            let patches = i / stretches * ROWS..((i / stretches + 1) * ROWS).min(patches);
            self.block(frames, patches, scratch);
        };
        in_tasks(groups * stretches, Scratch::default, task);
    }

    /// Patches next to each other.
    fn across(&self) -> usize {
        self.size[1].div_ceil(SIDE)
    }

    /// The convolution of up to 12 patches through some frames.
    fn block(
        &self,
        frames: std::ops::Range<usize>,
        patches: std::ops::Range<usize>,
        scratch: &mut Scratch,
    ) {
        let Winograd {
            taps, c_in, c_out, ..
        } = *self.weights;
        let under = frames.len() + taps - 1;
        // A little more than the values, or all points would crowd into few sets of the cache.
        let stride = under * ROWS * c_in + LANES;
        scratch.pixels.resize(POINTS * stride, 0.0);
        scratch
            .sums
            .resize(POINTS * frames.len(), [0.0; ROWS * COLUMNS]);
        let corner = |patch: usize| [patch / self.across() * SIDE, patch % self.across() * SIDE];
        for (r, patch) in patches.clone().enumerate() {
            let there = There::new(corner(patch), self.size, c_in);
            for i in 0..under {
                let to = &mut scratch.pixels[(i * ROWS + r) * c_in..];
                there.transform(self.path, self.clip[frames.start + i], to, stride);
            }
        }
        for panel in 0..c_out.div_ceil(COLUMNS) {
            for point in 0..POINTS {
                let right = self.weights.panel(panel, point);
                let left = &scratch.pixels[point * stride..];
                let sums = scratch.sums[point * frames.len()..].iter_mut();
                for (i, sums) in sums.take(frames.len()).enumerate() {
                    let left = Stretches {
                        rows: &left[i * ROWS * c_in..],
                        stride: c_in,
                        depth: c_in,
                        step: ROWS * c_in,
                        count: taps,
                    };
                    left.product(self.path, right, sums);
                }
            }
            let back = Back {
                sums: &scratch.sums,
                frames: frames.len(),
                columns: panel * COLUMNS..((panel + 1) * COLUMNS).min(c_out),
                finish: self.finish,
                width: c_out,
                size: self.size,
                place: self.place,
            };
            for i in 0..frames.len() {
                for (r, patch) in patches.clone().enumerate() {
                    let t = self.first + frames.start + i;
                    back.transform(self.path, [i, r], t, corner(patch), self.out);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
