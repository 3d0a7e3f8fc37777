//! To the points and back.

use std::ops::Range;

use super::{Place, SIDE};
use crate::element::Element;
use crate::lanes::{LANES, Lanes, by_lanes};
use crate::matmul::{Finish, Residual};
use crate::out::Out;
use crate::pack::Packed;
use crate::path::Path;
use crate::tile::{COLUMNS, Sums};

/// Points along a side of a patch, as many as it has pixels.
const REACH: usize = 6;
pub const POINTS: usize = REACH * REACH;
/// The points are 0, ±A, ±B and infinity. With A · B = 1 the products that follow are few.
const A: f32 = 2.0 / 3.0;
const B: f32 = 3.0 / 2.0;
const A2: f32 = A * A;
const B2: f32 = B * B;

/// 3 weights at the 6 points.
fn weights_there(w: [f64; 3]) -> [f64; REACH] {
    let (a, b) = (2.0 / 3.0, 1.5);
    let (a2, b2) = (a * a, b * b);
    let (near, far) = (2.0 * a2 * (a2 - b2), 2.0 * b2 * (b2 - a2));
    let at = |p: f64, n: f64| (w[0] + p * w[1] + p * p * w[2]) / n;
    [
        w[0] / (a2 * b2),
        at(a, near),
        at(-a, near),
        at(b, far),
        at(-b, far),
        w[2],
    ]
}

/// All weights at all points: panel, point, tap and input channel, 32 output channels.
pub fn weights_at_points<T: Element>(weights: &Packed<T>, taps: usize, c_in: usize) -> Vec<f32> {
    let panels = weights.columns().div_ceil(COLUMNS);
    let depth = taps * c_in;
    let mut out = vec![0f32; panels * POINTS * depth * COLUMNS];
    for (panel, out) in out.chunks_mut(POINTS * depth * COLUMNS).enumerate() {
        let columns = COLUMNS.min(weights.columns() - panel * COLUMNS);
        for k in 0..depth {
            let (tap, channel) = (k / c_in, k % c_in);
            for column in 0..columns {
                let value = |y: usize, x: usize| {
                    let k = ((tap * 3 + y) * 3 + x) * c_in + channel;
                    f64::from(weights.value(k, panel * COLUMNS + column).to_f32())
                };
                let lines = [0, 1, 2].map(|y| weights_there([0, 1, 2].map(|x| value(y, x))));
                #[expect(
                    clippy::needless_range_loop,
                    reason = "x walks down a column of three lines"
                )]
                for x in 0..REACH {
                    let down = weights_there([0, 1, 2].map(|y| lines[y][x]));
                    for (y, value) in down.into_iter().enumerate() {
                        let at = ((y * REACH + x) * depth + k) * COLUMNS + column;
                        out[at] = value as f32;
                    }
                }
            }
        }
    }
    out
}

/// 6 pixels at the 6 points.
#[inline(always)]
fn there<V: Lanes>([d0, d1, d2, d3, d4, d5]: [V; REACH]) -> [V; REACH] {
    let (even, odd) = (d2.times_and(-B2, d4), d1.times_and(-B2, d3).times(A));
    let (even_b, odd_b) = (d2.times_and(-A2, d4), d1.times_and(-A2, d3).times(B));
    [
        d2.times_and(-(A2 + B2), d0.plus(d4)),
        even.plus(odd),
        even.minus(odd),
        even_b.plus(odd_b),
        even_b.minus(odd_b),
        d3.times_and(-(A2 + B2), d1.plus(d5)),
    ]
}

/// 4 outputs from 6 points.
#[inline(always)]
fn back<V: Lanes>([m0, m1, m2, m3, m4, m5]: [V; REACH]) -> [V; SIDE] {
    let (sum, difference) = (m1.plus(m2), m1.minus(m2));
    let (sum_b, difference_b) = (m3.plus(m4), m3.minus(m4));
    [
        m0.plus(sum).plus(sum_b),
        difference.times_and(A, difference_b.times(B)),
        sum.times_and(A2, sum_b.times(B2)),
        difference.times_and(A2 * A, difference_b.times_and(B2 * B, m5)),
    ]
}

/// A patch of pixels on its way to the points.
pub struct There {
    /// Where each pixel's channels begin, or none beyond the edge.
    pixels: [Option<usize>; POINTS],
    channels: usize,
}

impl There {
    /// The patch whose outputs begin at `corner`, (y, x), of pictures of `size`.
    pub fn new(corner: [usize; 2], size: [usize; 2], channels: usize) -> Self {
        let mut pixels = [None; POINTS];
        for (i, pixel) in pixels.iter_mut().enumerate() {
            // One line and one pixel of zeros before the picture.
            let (y, x) = (corner[0] + i / REACH, corner[1] + i % REACH);
            let inside = (1..=size[0]).contains(&y) && (1..=size[1]).contains(&x);
            *pixel = inside.then(|| ((y - 1) * size[1] + x - 1) * channels);
        }
        Self { pixels, channels }
    }

    /// Of `frame`, to `out`, where a point begins each `stride`.
    pub fn transform<T: Element>(&self, path: Path, frame: &[T], out: &mut [f32], stride: usize) {
        transform_there(path, self, frame, out, stride);
    }
}

by_lanes! {
    fn transform_there<T: Element>(
        patch: &There,
        frame: &[T],
        out: &mut [f32],
        stride: usize,
    ) = transform_patch
}

#[inline(always)]
fn transform_patch<V: Lanes, T: Element>(
    patch: &There,
    frame: &[T],
    out: &mut [f32],
    stride: usize,
) {
    assert!(out.len() >= (POINTS - 1) * stride + patch.channels);
    for first in (0..patch.channels).step_by(LANES) {
        let mut lines = [[V::zero(); REACH]; REACH];
        for (y, line) in lines.iter_mut().enumerate() {
            let mut pixels = [V::zero(); REACH];
            for (pixel, at) in pixels.iter_mut().zip(&patch.pixels[y * REACH..]) {
                if let Some(at) = at {
                    *pixel = V::load(frame[at + first..].first_chunk().expect("a pixel"));
                }
            }
            *line = there(pixels);
        }
        for x in 0..REACH {
            let column = [0, 1, 2, 3, 4, 5].map(|y| lines[y][x]);
            for (y, values) in there(column).into_iter().enumerate() {
                let out = &mut out[(y * REACH + x) * stride + first..];
                values.store(out.first_chunk_mut().expect("room for a pixel"));
            }
        }
    }
}

/// Sums at the points on their way to the outputs.
pub struct Back<'a> {
    /// Point, frame; then patch and channel.
    pub sums: &'a [Sums],
    pub frames: usize,
    /// Which of the output channels these are.
    pub columns: Range<usize>,
    pub finish: &'a Finish<'a>,
    /// All output channels.
    pub width: usize,
    pub size: [usize; 2],
    pub place: Place,
}

impl Back<'_> {
    /// The patch `r` of frame `i` of these, which is frame `t` of all, with its outputs at `corner`.
    pub fn transform<O: Element>(
        &self,
        path: Path,
        [i, r]: [usize; 2],
        t: usize,
        corner: [usize; 2],
        out: &Out<O>,
    ) {
        transform_back(path, self, [i, r], t, corner, out);
    }

    /// Where the channels from `column` on of a pixel begin.
    #[inline(always)]
    fn place(&self, t: usize, [y, x]: [usize; 2], column: usize) -> usize {
        let side = self.place.side();
        let width = self.width / (side * side * side);
        let (cell, channel) = (column / width, column % width);
        let (dt, dy, dx) = (cell / (side * side), cell / side % side, cell % side);
        let line = (t * side + dt) * self.size[0] * side + y * side + dy;
        (line * self.size[1] * side + x * side + dx) * width + channel
    }
}

by_lanes! {
    fn transform_back<O: Element>(
        sums: &Back,
        which: [usize; 2],
        t: usize,
        corner: [usize; 2],
        out: &Out<O>,
    ) = transform_sums
}

#[inline(always)]
fn transform_sums<V: Lanes, O: Element>(
    sums: &Back,
    [i, r]: [usize; 2],
    t: usize,
    corner: [usize; 2],
    out: &Out<O>,
) {
    for first in (0..sums.columns.len()).step_by(LANES) {
        let mut lines = [[V::zero(); SIDE]; REACH];
        for (y, line) in lines.iter_mut().enumerate() {
            let mut points = [V::zero(); REACH];
            for (x, point) in points.iter_mut().enumerate() {
                let from = &sums.sums[(y * REACH + x) * sums.frames + i][r * COLUMNS + first..];
                *point = V::load::<f32>(from.first_chunk().expect("half a row of a tile"));
            }
            *line = back(points);
        }
        let column = sums.columns.start + first;
        let count = LANES.min(sums.columns.end - column);
        let mut bias = [0f32; LANES];
        if let Some(values) = sums.finish.bias {
            bias[..count].copy_from_slice(&values[column..column + count]);
        }
        let bias = V::load(&bias);
        #[expect(
            clippy::needless_range_loop,
            reason = "x walks down a column of six lines"
        )]
        for x in 0..SIDE {
            let values = back([0, 1, 2, 3, 4, 5].map(|y| lines[y][x]));
            for (y, values) in values.into_iter().enumerate() {
                let at = [corner[0] + y, corner[1] + x];
                if at[0] >= sums.size[0] || at[1] >= sums.size[1] {
                    continue;
                }
                let at = sums.place(t, at, column);
                let mut values = values.plus(bias);
                if let Some(Residual { x, .. }) = sums.finish.residual {
                    let x = &x[at..at + count];
                    values = values.plus(match x.first_chunk() {
                        Some(x) => V::load::<f32>(x),
                        None => {
                            let mut rest = [0f32; LANES];
                            rest[..count].copy_from_slice(x);
                            V::load(&rest)
                        }
                    });
                }
                let mut row = [0f32; LANES];
                values.store(&mut row);
                // SAFETY: no other task has this pixel and these channels.
                let out = unsafe { out.part(at, count) };
                match out.first_chunk_mut::<LANES>() {
                    Some(out) => {
                        for (out, value) in out.iter_mut().zip(row) {
                            out.write(O::from_f32(value));
                        }
                    }
                    None => {
                        for (out, value) in out.iter_mut().zip(row) {
                            out.write(O::from_f32(value));
                        }
                    }
                }
            }
        }
    }
}
