//! Convolution as a product whose rows are gathered: each output position's neighbourhood is a row, read
//! from channels-last video on its way into the tile, and never stored as a whole.

use std::ops::Range;

use crate::element::Element;
use crate::pack::Rows;
use crate::path::Path;

/// Size, step and zero padding of a kernel, along time, height and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub kernel: [usize; 3],
    pub stride: [usize; 3],
    pub padding: [usize; 3],
}

impl Window {
    /// Output positions along each axis for an input of `size` (t, h, w). `None` if the kernel exceeds it.
    pub fn output(&self, size: [usize; 3]) -> Option<[usize; 3]> {
        let mut out = [0; 3];
        for axis in 0..3 {
            let padded = size[axis] + 2 * self.padding[axis];
            out[axis] = padded.checked_sub(self.kernel[axis])? / self.stride[axis] + 1;
        }
        Some(out)
    }
}

/// Frames of channels-last video, (h, w, c) each, in any order and as often as wanted.
#[derive(Clone)]
pub struct Frames<'a, T> {
    /// The frames of each clip, as many in all.
    pub clips: Vec<Vec<&'a [T]>>,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl<'a, T> Frames<'a, T> {
    /// `b` clips of `size` (t, h, w) that lie one after the other.
    ///
    /// # Panics
    /// If `video` does not have that size.
    pub fn new(video: &'a [T], b: usize, size: [usize; 3], channels: usize) -> Self {
        let [t, height, width] = size;
        let frame = height * width * channels;
        assert_eq!(video.len(), b * t * frame, "video of {size:?}");
        let clip = |i: usize| (0..t).map(move |j| &video[(i * t + j) * frame..][..frame]);
        Self {
            clips: (0..b).map(|i| clip(i).collect()).collect(),
            height,
            width,
            channels,
        }
    }

    /// Clips, and their (t, h, w).
    pub fn size(&self) -> (usize, [usize; 3]) {
        let t = self.clips.first().map_or(0, Vec::len);
        (self.clips.len(), [t, self.height, self.width])
    }
}

/// The neighbourhoods of all output positions of clips: rows of kt · kh · kw · c values, tap by tap, in the
/// order (b, t', h', w').
pub struct Patches<'a, T> {
    frames: &'a Frames<'a, T>,
    size: [usize; 3],
    window: Window,
    output: [usize; 3],
    count: usize,
}

impl<'a, T: Element> Patches<'a, T> {
    /// # Panics
    /// If clips or frames are not all of one size, or the kernel exceeds it.
    pub fn new(frames: &'a Frames<'a, T>, window: Window) -> Self {
        let (b, size) = frames.size();
        let values = frames.height * frames.width * frames.channels;
        let alike = |clip: &Vec<&[T]>| {
            clip.len() == size[0] && clip.iter().all(|frame| frame.len() == values)
        };
        assert!(frames.clips.iter().all(alike), "frames of {size:?}");
        let output = match b {
            0 => [0; 3],
            _ => window.output(size).expect("the kernel fits"),
        };
        Self {
            frames,
            size,
            window,
            output,
            count: b * output.iter().product::<usize>(),
        }
    }

    /// Where tap `d` of output position `o` lies along an axis, unless in the padding.
    fn place(&self, axis: usize, o: usize, d: usize) -> Option<usize> {
        (o * self.window.stride[axis] + d)
            .checked_sub(self.window.padding[axis])
            .filter(|at| *at < self.size[axis])
    }
}

impl<T: Element> Rows<T> for Patches<'_, T> {
    fn count(&self) -> usize {
        self.count
    }

    fn depth(&self) -> usize {
        self.window.kernel.iter().product::<usize>() * self.frames.channels
    }

    fn fetch(&self, _: Path, row: usize, k: Range<usize>, out: &mut [T]) {
        let [t_out, h_out, w_out] = self.output;
        let [_, kh, kw] = self.window.kernel;
        let (w, channels) = (self.frames.width, self.frames.channels);
        let (wo, rest) = (row % w_out, row / w_out);
        let (ho, rest) = (rest % h_out, rest / h_out);
        let (to, item) = (rest % t_out, rest / t_out);
        // Taps next to each other along the width are values next to each other.
        let run = kw * channels;
        let begin = (wo * self.window.stride[2] * channels) as isize
            - (self.window.padding[2] * channels) as isize;
        let mut k = k;
        let mut out = out;
        while k.start < k.end {
            let (line, within) = (k.start / run, k.start % run);
            let part;
            (part, out) = out.split_at_mut((run - within).min(k.len()));
            k.start += part.len();
            match (self.place(0, to, line / kh), self.place(1, ho, line % kh)) {
                (Some(ti), Some(hi)) => {
                    let width = w * channels;
                    let line = &self.frames.clips[item][ti][hi * width..][..width];
                    clipped(line, begin + within as isize, part);
                }
                _ => part.fill(T::default()),
            }
        }
    }
}

/// `out` takes the values of `line` from `start` on, zeros where there are none.
#[inline]
fn clipped<T: Element>(line: &[T], start: isize, out: &mut [T]) {
    let before = (start.min(0).unsigned_abs()).min(out.len());
    let from = (start.max(0) as usize).min(line.len());
    let inside = (out.len() - before).min(line.len() - from);
    out[..before].fill(T::default());
    out[before..before + inside].copy_from_slice(&line[from..from + inside]);
    out[before + inside..].fill(T::default());
}

#[cfg(test)]
mod tests {
    use half::bf16;
    use proptest::prelude::*;

    use super::*;
    use crate::matmul::{Finish, multiply_on, numbers};
    use crate::pack::Packed;

    /// Each value of each neighbourhood by its definition, next to what is fetched in two stretches.
    fn check<T: Element + std::fmt::Debug>(
        (b, size, c): (usize, [usize; 3], usize),
        window: Window,
        cut: usize,
    ) -> Result<(), TestCaseError> {
        let [t, h, w] = size;
        let video = numbers::<T>(b * t * h * w * c, 1);
        let frames = Frames::new(&video, b, size, c);
        let patches = Patches::new(&frames, window);
        let mut row = vec![T::from_f32(9.0); patches.depth()];
        for index in 0..patches.count() {
            let at = cut % row.len();
            let (first, second) = row.split_at_mut(at);
            patches.fetch(Path::best(), index, 0..at, first);
            patches.fetch(Path::best(), index, at..at + second.len(), second);
            let [t_out, h_out, w_out] = patches.output;
            let o = [
                index / (h_out * w_out) % t_out,
                index / w_out % h_out,
                index % w_out,
            ];
            let item = index / (t_out * h_out * w_out);
            let [_, kh, kw] = window.kernel;
            for (i, value) in row.iter().enumerate() {
                let (tap, channel) = (i / c, i % c);
                let d = [tap / (kh * kw), tap / kw % kh, tap % kw];
                let at = [0, 1, 2].map(|axis| {
                    (o[axis] * window.stride[axis] + d[axis]).wrapping_sub(window.padding[axis])
                });
                let inside = (0..3).all(|axis| at[axis] < size[axis]);
                let expected = match inside {
                    true => video[(((item * t + at[0]) * h + at[1]) * w + at[2]) * c + channel],
                    false => T::default(),
                };
                prop_assert_eq!(*value, expected);
            }
        }
        Ok(())
    }

    #[test]
    fn nothing_in_nothing_out() {
        let window = Window {
            kernel: [3; 3],
            stride: [1; 3],
            padding: [0, 1, 1],
        };
        for path in Path::available() {
            // No clips, no channels in, none out.
            for (b, c_in, c_out) in [(0, 4, 5), (1, 0, 5), (1, 4, 0)] {
                let video = numbers::<f32>(b * 3 * 2 * 2 * c_in, 1);
                let video = Frames::new(&video, b, [3, 2, 2], c_in);
                let weights = Packed::new(&numbers::<f32>(c_out * 27 * c_in, 2), c_out, 27 * c_in);
                let bias = vec![0.5; c_out];
                let finish = Finish {
                    bias: Some(&bias),
                    ..Finish::default()
                };
                let y: Vec<f32> =
                    multiply_on(path, &Patches::new(&video, window), &weights, &finish);
                assert_eq!(y, vec![0.5; b * 4 * c_out], "{path}");
            }
        }
    }

    #[test]
    fn what_is_not_finite_stays_in_its_neighbourhood() {
        let (size, c_in, c_out) = ([3, 5, 7], 4, 5);
        let window = Window {
            kernel: [3; 3],
            stride: [1; 3],
            padding: [1; 3],
        };
        let weights = Packed::new(&numbers::<bf16>(c_out * 27 * c_in, 2), c_out, 27 * c_in);
        for odd in [f32::NAN, f32::INFINITY] {
            let mut video = numbers::<bf16>(size.iter().product::<usize>() * c_in, 1);
            video[((5 + 2) * 7 + 6) * c_in + 1] = Element::from_f32(odd); // at (1, 2, 6)
            let video = Frames::new(&video, 1, size, c_in);
            for path in Path::available() {
                let patches = Patches::new(&video, window);
                let y: Vec<f32> = multiply_on(path, &patches, &weights, &Finish::default());
                for (i, y) in y.iter().enumerate() {
                    let (h, w) = (i / c_out / 7 % 5, i / c_out % 7);
                    let near = h.abs_diff(2) <= 1 && w.abs_diff(6) <= 1;
                    assert_eq!(!y.is_finite(), near, "{path}, {odd} at {i}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_row_is_a_neighbourhood(
            b in 1..3usize,
            size in prop::array::uniform3(1..6usize),
            c in 1..4usize,
            kernel in prop::array::uniform3(1..4usize),
            stride in prop::array::uniform3(1..3usize),
            cut in 0..100usize,
        ) {
            let padding = [0, 1, 2].map(|axis| kernel[axis].saturating_sub(size[axis]).max(kernel[axis] / 2));
            let window = Window { kernel, stride, padding };
            check::<f32>((b, size, c), window, cut)?;
            check::<bf16>((b, size, c), window, cut)?;
        }
    }
}
