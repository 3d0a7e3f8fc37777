//! The frames between two frames: both are moved along the motion found, and mixed where they agree.

use rayon::prelude::*;

use super::blend;
use super::flow::{Flow, Pyramid, Vector, find, floor};
use crate::Frame;

/// Above this misfit (mean absolute difference, 0…255) a pixel has no match.
const UNMATCHED: f32 = 20.0;

/// With more than this part of all pixels unmatched, the second frame shows another scene.
const CUT: f32 = 0.6;

/// What was found out about two frames of one size.
pub(super) struct Between {
    forward: Judged,
    backward: Judged,
    first: Pixels,
    second: Pixels,
    /// The motion of most of the picture: where nothing is known, it holds.
    dominant: Vector,
    cut: bool,
}

/// A flow, and what the flow the other way says about it.
struct Judged {
    vectors: Vec<Vector>,
    /// 1 where the flow back leads back to the pixel; near 0 where the pixel is hidden in the other frame.
    trust: Vec<f32>,
    /// How little a vector is believed when several claim a place; what moves against the rest is in front of it, as far
    /// as one can tell.
    doubt: Vec<f32>,
}

impl Judged {
    fn new(flow: &Flow, reverse: &Flow, size: Size, dominant: Vector) -> Self {
        let mut judged = Self {
            vectors: flow.vectors.clone(),
            trust: Vec::with_capacity(flow.vectors.len()),
            doubt: Vec::with_capacity(flow.vectors.len()),
        };
        for (at, (v, misfit)) in flow.vectors.iter().zip(&flow.misfit).enumerate() {
            let (x, y) = ((at % size.0) as f32, (at / size.0) as f32);
            let back = reverse.vectors[nearest(size, [x + v[0], y + v[1]])];
            let lost = distance(*v, [-back[0], -back[1]]);
            judged
                .trust
                .push((-lost * lost / 4.0 - misfit / 12.0).exp());
            let apart = distance(*v, dominant).min(8.0);
            judged
                .doubt
                .push(misfit + 4.0 * lost.min(10.0) - 0.5 * apart);
        }
        judged
    }

    /// How well the motion at a place agrees with `v`, 0…1. Who is not to be trusted cannot object.
    fn agreement(&self, size: Size, place: Vector, v: Vector) -> f32 {
        let at = nearest(size, place);
        let apart = distance(self.vectors[at], v);
        let agrees = match apart {
            0.0 => return 1.0,
            // Below what is the least anyway.
            4.0.. => 0.0,
            _ => (-apart * apart / 2.0).exp(),
        };
        agrees.max(0.3 * (1.0 - self.trust[at])).max(0.001)
    }
}

/// Columns and rows.
type Size = (usize, usize);

impl Between {
    /// Finds the motion between `a` and `b`, in both directions at the same time.
    pub fn find(a: &Frame, b: &Frame) -> Self {
        let size = (a.width() as usize, a.height() as usize);
        let (first, second) = rayon::join(|| Pyramid::of(a), || Pyramid::of(b));
        let (forward, backward) = rayon::join(|| find(&first, &second), || find(&second, &first));
        let unmatched = forward.misfit.iter().filter(|m| **m > UNMATCHED).count();
        let dominant = median(&forward.vectors);
        let reverse = [-dominant[0], -dominant[1]];
        Self {
            cut: unmatched as f32 > CUT * forward.misfit.len() as f32,
            dominant,
            forward: Judged::new(&forward, &backward, size, dominant),
            backward: Judged::new(&backward, &forward, size, reverse),
            first: Pixels::of(a),
            second: Pixels::of(b),
        }
    }

    /// The frame that lies `part` (0…1) of the way from `a` to `b`. Across a cut, the nearer one.
    pub fn draw(&self, a: &Frame, b: &Frame, part: f32) -> Frame {
        if self.cut {
            return if part < 0.5 { a.clone() } else { b.clone() };
        }
        let size = (a.width() as usize, a.height() as usize);
        let width = size.0;
        let motion = self.motion_at(size, part);
        let mut out = blend(a, b, part);
        out.rgb_mut()
            .par_chunks_mut(width * 3)
            .enumerate()
            .for_each(|(y, row)| {
                for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
                    let v = motion[y * width + x];
                    let from = [x as f32 - part * v[0], y as f32 - part * v[1]];
                    let to = [from[0] + v[0], from[1] + v[1]];
                    // Whether each frame, at its end of the path, has the same motion: else something hides it there.
                    let seen_a = self.forward.agreement(size, from, v);
                    let seen_b = self.backward.agreement(size, to, [-v[0], -v[1]]);
                    let weight_a = (1.0 - part) * seen_a * inside(a, from);
                    let weight_b = part * seen_b * inside(b, to);
                    let known = weight_a + weight_b;
                    // Where both are hidden, the plain mix shines through.
                    let doubt = 0.002;
                    let (p, q) = (self.first.sample(from), self.second.sample(to));
                    for c in 0..3 {
                        let mixed = p[c] * weight_a + q[c] * weight_b + f32::from(pixel[c]) * doubt;
                        pixel[c] = round((mixed / (known + doubt)).clamp(0.0, 255.0)) as u8;
                    }
                }
            });
        out
    }

    /// The motion of what is at each pixel at the time `part`.
    fn motion_at(&self, size: Size, part: f32) -> Vec<Vector> {
        let mut canvas = Canvas::new(size, self.dominant);
        canvas.throw(&self.forward, part, 1.0);
        canvas.throw(&self.backward, 1.0 - part, -1.0);
        canvas.fill();
        canvas.vectors
    }
}

/// Vectors thrown forward to a moment between the frames; the most credible one stays.
struct Canvas {
    width: usize,
    height: usize,
    dominant: Vector,
    vectors: Vec<Vector>,
    /// The lower, the more credible; infinite where nothing fell.
    doubt: Vec<f32>,
}

impl Canvas {
    fn new((width, height): Size, dominant: Vector) -> Self {
        Self {
            width,
            height,
            dominant,
            vectors: vec![dominant; width * height],
            doubt: vec![f32::INFINITY; width * height],
        }
    }

    /// Throws each pixel `part` of its way; `sign` turns the vectors into those from the first frame to the second.
    fn throw(&mut self, flow: &Judged, part: f32, sign: f32) {
        for y in 0..self.height {
            for x in 0..self.width {
                let at = y * self.width + x;
                let v = flow.vectors[at];
                let place = [x as f32 + part * v[0], y as f32 + part * v[1]];
                self.land(place, [sign * v[0], sign * v[1]], flow.doubt[at]);
            }
        }
    }

    /// A vector falls on the four pixels around a place.
    fn land(&mut self, [x, y]: Vector, vector: Vector, doubt: f32) {
        let (left, top) = (floor(x), floor(y));
        let (width, height) = (self.width as i32, self.height as i32);
        for (px, py) in [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(dx, dy)| (left + dx, top + dy)) {
            let inside = (0..width).contains(&px) && (0..height).contains(&py);
            let distance = (x - px as f32).abs() + (y - py as f32).abs();
            if !inside || distance > 1.4 {
                continue;
            }
            let at = (py * width + px) as usize;
            let doubt = doubt + distance;
            if doubt < self.doubt[at] {
                self.doubt[at] = doubt;
                self.vectors[at] = vector;
            }
        }
    }

    /// Where nothing fell, something uncovers what is behind: of the nearest vectors left and right, the one that moves
    /// more like most of the picture.
    fn fill(&mut self) {
        for (vectors, doubt) in self
            .vectors
            .chunks_exact_mut(self.width)
            .zip(self.doubt.chunks_exact(self.width))
        {
            let mut x = 0;
            while x < doubt.len() {
                if doubt[x].is_finite() {
                    x += 1;
                    continue;
                }
                let end = (x..doubt.len()).find(|i| doubt[*i].is_finite());
                let left = x.checked_sub(1).map(|i| vectors[i]);
                let right = end.map(|i| vectors[i]);
                let chosen = match (left, right) {
                    (Some(l), Some(r)) => {
                        let steadier = distance(l, self.dominant) <= distance(r, self.dominant);
                        if steadier { l } else { r }
                    }
                    (Some(v), None) | (None, Some(v)) => v,
                    (None, None) => self.dominant,
                };
                let end = end.unwrap_or(doubt.len());
                vectors[x..end].fill(chosen);
                x = end;
            }
        }
    }
}

/// The middle of each component.
fn median(vectors: &[Vector]) -> Vector {
    [0, 1].map(|c| {
        let mut values: Vec<f32> = vectors.iter().map(|v| v[c]).collect();
        let middle = values.len() / 2;
        *values.select_nth_unstable_by(middle, f32::total_cmp).1
    })
}

/// The index of the pixel nearest to a place, clamped into the picture.
fn nearest((width, height): Size, [x, y]: Vector) -> usize {
    let x = round(x.clamp(0.0, width as f32 - 1.0));
    let y = round(y.clamp(0.0, height as f32 - 1.0));
    y * width + x
}

/// The whole number nearest to `x` ≥ 0, of two the larger; on plain processors `f32::round` is a call.
fn round(x: f32) -> usize {
    let whole = x as i32;
    (whole + i32::from(x - whole as f32 >= 0.5)) as usize
}

/// How far two vectors are apart, along rows and columns.
fn distance(v: Vector, w: Vector) -> f32 {
    (v[0] - w[0]).abs() + (v[1] - w[1]).abs()
}

/// 1 inside the frame, falling to almost nothing within a pixel outside.
fn inside(frame: &Frame, [x, y]: Vector) -> f32 {
    let beyond = (-x)
        .max(-y)
        .max(x - (frame.width() - 1) as f32)
        .max(y - (frame.height() - 1) as f32);
    (1.0 - beyond.max(0.0)).max(0.001)
}

/// A frame's pixels, each filled up to four values: a processor takes these at once.
struct Pixels {
    width: i32,
    height: i32,
    values: Vec<[u8; 4]>,
}

impl Pixels {
    fn of(frame: &Frame) -> Self {
        let pixels = frame.rgb().as_chunks::<3>().0.iter();
        Self {
            width: frame.width() as i32,
            height: frame.height() as i32,
            values: pixels.map(|[r, g, b]| [*r, *g, *b, 0]).collect(),
        }
    }

    /// The colour between pixels, by Catmull and Rom's curve: straight lines would blur what is drawn again and again.
    fn sample(&self, [x, y]: Vector) -> [f32; 4] {
        let (left, top) = (floor(x), floor(y));
        let (wx, wy) = (cubic(x - left as f32), cubic(y - top as f32));
        let (left, top) = (left - 1, top - 1);
        let mut out = [0.0; 4];
        let mut add = |pixel: &[u8; 4], weight: f32| {
            for (sum, value) in out.iter_mut().zip(pixel) {
                *sum += weight * f32::from(*value);
            }
        };
        if left >= 0 && top >= 0 && left + 4 <= self.width && top + 4 <= self.height {
            let at = (top * self.width + left) as usize;
            let rows = self.values[at..].chunks(self.width as usize);
            for (row, weight_y) in rows.zip(wy) {
                for (pixel, weight_x) in row[..4].iter().zip(wx) {
                    add(pixel, weight_x * weight_y);
                }
            }
            return out;
        }
        for (y, weight_y) in (top..).zip(wy) {
            let row = y.clamp(0, self.height - 1) * self.width;
            for (x, weight_x) in (left..).zip(wx) {
                let at = row + x.clamp(0, self.width - 1);
                add(&self.values[at as usize], weight_x * weight_y);
            }
        }
        out
    }
}

/// The weights of the four values around a fraction.
fn cubic(t: f32) -> [f32; 4] {
    [
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    ]
}
