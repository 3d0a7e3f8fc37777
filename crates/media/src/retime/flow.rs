//! Motion from one frame to another: blocks matched from coarse to fine, then one vector for each pixel.
//!
//! Blocks of 8×8 stand 4 pixels apart. On each level of a pyramid a block tries the vectors of its neighbours, of
//! the coarser level, and those around the best of them; where nothing fits, it searches. So vectors
//! spread over what moves together, and something small and fast is still found.

use std::array::from_fn;

use crate::Frame;

/// A block's side, and the distance from one block to the next.
const BLOCK: i32 = 8;
const STEP: i32 = 4;

/// Copies of the edge around each picture, so that blocks may look a little beyond it.
const PAD: i32 = 24;

/// What a pixel's difference from its neighbours' vector costs, in sums of absolute differences over a block.
const SMOOTHNESS: i32 = 96;

/// A block that differs by more than this (mean over its values, 0…255) searches on its own.
const POOR: i32 = 5;

/// Motion in pixels, to the right and down.
pub(super) type Vector = [f32; 2];

/// A vector for each pixel of a frame, and how badly it fits there: mean absolute difference, 0…255.
pub(super) struct Flow {
    pub vectors: Vec<Vector>,
    pub misfit: Vec<f32>,
}

/// A picture with its halves, quarters …, made once for both directions.
pub(super) struct Pyramid {
    levels: Vec<Level>,
}

impl Pyramid {
    /// Halves until the shorter side would fall below 16.
    pub fn of(frame: &Frame) -> Self {
        let mut levels = vec![Level::of(frame)];
        while let Some(half) = levels.last().and_then(Level::half) {
            levels.push(half);
        }
        Self { levels }
    }
}

/// RGB, and its sum as grey (0…765), with `PAD` copies of the edge on each side.
struct Level {
    width: i32,
    height: i32,
    rgb: Vec<u8>,
    grey: Vec<f32>,
}

impl Level {
    fn of(frame: &Frame) -> Self {
        Self::padded(frame.width() as i32, frame.height() as i32, frame.rgb())
    }

    fn padded(width: i32, height: i32, rgb: &[u8]) -> Self {
        let pixels = (width + 2 * PAD) as usize * (height + 2 * PAD) as usize;
        let mut padded = Vec::with_capacity(pixels * 3);
        for y in -PAD..height + PAD {
            let start = y.clamp(0, height - 1) as usize * width as usize * 3;
            let row = &rgb[start..start + width as usize * 3];
            for _ in 0..PAD {
                padded.extend_from_slice(&row[..3]);
            }
            padded.extend_from_slice(row);
            for _ in 0..PAD {
                padded.extend_from_slice(&row[row.len() - 3..]);
            }
        }
        let grey = padded
            .chunks_exact(3)
            .map(|p| f32::from(u16::from(p[0]) + u16::from(p[1]) + u16::from(p[2])))
            .collect();
        Self {
            width,
            height,
            rgb: padded,
            grey,
        }
    }

    /// Pixels from one row to the next.
    fn stride(&self) -> usize {
        (self.width + 2 * PAD) as usize
    }

    /// The index of pixel (`x`, `y`); both may lie up to `PAD` outside.
    fn at(&self, x: i32, y: i32) -> usize {
        (y + PAD) as usize * self.stride() + (x + PAD) as usize
    }

    /// The mean of each 2×2, unless that would be too small to match blocks on.
    fn half(&self) -> Option<Self> {
        let (width, height) = (self.width / 2, self.height / 2);
        if width.min(height) < 16 {
            return None;
        }
        let mut rgb = Vec::with_capacity((width * height * 3) as usize);
        for y in 0..height {
            for x in 0..width {
                let (above, below) = (3 * self.at(2 * x, 2 * y), 3 * self.at(2 * x, 2 * y + 1));
                for c in 0..3 {
                    let sum = [above, above + 3, below, below + 3]
                        .iter()
                        .map(|at| u32::from(self.rgb[at + c]))
                        .sum::<u32>();
                    rgb.push(((sum + 2) / 4) as u8);
                }
            }
        }
        Some(Self::padded(width, height, &rgb))
    }

    /// The greys of `N`×`N` pixels from (`x`, `y`) on, all moved by one vector: they lie equally far between pixels, so
    /// neighbours share what is read and mixed.
    fn moved<const N: usize>(&self, x: i32, y: i32, [vx, vy]: Vector) -> [[f32; N]; N] {
        let (left, top) = (x as f32 + vx, y as f32 + vy);
        let (column, row) = (floor(left), floor(top));
        let fits = |first: i32, size: i32| first > -PAD && first < size + PAD - N as i32;
        if !fits(column, self.width) || !fits(row, self.height) {
            return from_fn(|j| {
                from_fn(|i| self.sample((x + i as i32) as f32 + vx, (y + j as i32) as f32 + vy))
            });
        }
        let (fx, fy) = (left - column as f32, top - row as f32);
        let across = |j: i32| -> [f32; N] {
            let at = self.at(column, row + j);
            let grey = &self.grey[at..=at + N];
            from_fn(|i| grey[i] + (grey[i + 1] - grey[i]) * fx)
        };
        let mut upper = across(0);
        from_fn(|j| {
            let lower = across(j as i32 + 1);
            let mixed = from_fn(|i| upper[i] + (lower[i] - upper[i]) * fy);
            upper = lower;
            mixed
        })
    }

    /// The grey at a place between pixels, which may lie outside the picture.
    fn sample(&self, x: f32, y: f32) -> f32 {
        let x = x.clamp((1 - PAD) as f32, (self.width + PAD - 2) as f32);
        let y = y.clamp((1 - PAD) as f32, (self.height + PAD - 2) as f32);
        let (left, top) = (floor(x), floor(y));
        let (fx, fy) = (x - left as f32, y - top as f32);
        let at = self.at(left, top);
        let below = at + self.stride();
        let upper = self.grey[at] + (self.grey[at + 1] - self.grey[at]) * fx;
        let lower = self.grey[below] + (self.grey[below + 1] - self.grey[below]) * fx;
        upper + (lower - upper) * fy
    }
}

/// Whole pixels.
type Step = (i32, i32);

/// Vectors of the blocks of one level.
struct Grid {
    columns: i32,
    rows: i32,
    vectors: Vec<Step>,
}

impl Grid {
    fn new(level: &Level) -> Self {
        let columns = (level.width + STEP - 1) / STEP;
        let rows = (level.height + STEP - 1) / STEP;
        Self {
            columns,
            rows,
            vectors: vec![(0, 0); (columns * rows) as usize],
        }
    }

    /// The vector at a place that is clamped into the grid.
    fn get(&self, column: i32, row: i32) -> Step {
        let column = column.clamp(0, self.columns - 1);
        let row = row.clamp(0, self.rows - 1);
        self.vectors[(row * self.columns + column) as usize]
    }
}

/// The motion from `a` to `b`: what is at `p` in `a` is at `p + vector` in `b`.
pub(super) fn find(a: &Pyramid, b: &Pyramid) -> Flow {
    let mut coarser: Option<Grid> = None;
    for (a, b) in a.levels.iter().zip(&b.levels).rev() {
        let mut matcher = Matcher {
            a,
            b,
            grid: Grid::new(a),
            coarser,
        };
        matcher.sweep(false);
        matcher.sweep(true);
        coarser = Some(matcher.grid);
    }
    let (a, b) = (&a.levels[0], &b.levels[0]);
    let grid = coarser.unwrap_or_else(|| Grid::new(a));
    let fine = refine(a, b, &grid);
    densify(a, b, &grid, &fine)
}

struct Matcher<'a> {
    a: &'a Level,
    b: &'a Level,
    grid: Grid,
    coarser: Option<Grid>,
}

impl Matcher<'_> {
    /// Improves every block's vector once; forwards from the upper left, or backwards.
    fn sweep(&mut self, backwards: bool) {
        let count = self.grid.columns * self.grid.rows;
        for i in 0..count {
            let cell = if backwards { count - 1 - i } else { i };
            let (column, row) = (cell % self.grid.columns, cell / self.grid.columns);
            self.grid.vectors[cell as usize] = self.best(column, row, backwards);
        }
    }

    fn best(&self, column: i32, row: i32, backwards: bool) -> Step {
        let back = if backwards { 1 } else { -1 };
        let beside = self.grid.get(column + back, row);
        let above = self.grid.get(column, row + back);
        let corner = self.grid.get(column - back, row + back);
        let mut candidates = vec![(0, 0), beside, above, corner];
        match (&self.coarser, backwards) {
            (_, true) => candidates.push(self.grid.get(column, row)),
            (Some(coarser), false) => {
                for (dx, dy) in [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)] {
                    let (x, y) = coarser.get(column / 2 + dx, row / 2 + dy);
                    candidates.push((2 * x, 2 * y));
                }
            }
            (None, false) => {}
        }
        // What the neighbours do costs nothing; what neither does costs its distance from the nearer one.
        let expected = match (&self.coarser, backwards) {
            (Some(coarser), false) => {
                let (x, y) = coarser.get(column / 2, row / 2);
                [beside, above, (2 * x, 2 * y)]
            }
            _ => [beside, above, corner],
        };
        let score = |vector: Step, limit: i32| {
            let distance = expected
                .iter()
                .map(|e| (e.0 - vector.0).abs() + (e.1 - vector.1).abs())
                .min()
                .unwrap_or(0);
            let bias = SMOOTHNESS * distance.min(8);
            bias + self.difference(column, row, vector, limit - bias)
        };
        let mut best = (i32::MAX, (0, 0));
        let consider = |vector: Step, best: &mut (i32, Step)| {
            let vector = self.inside(column, row, vector);
            let found = score(vector, best.0);
            let better = found < best.0;
            if better {
                *best = (found, vector);
            }
            better
        };
        for vector in candidates {
            consider(vector, &mut best);
        }
        let searches = self.coarser.is_none() || best.0 > POOR * BLOCK * BLOCK * 3;
        if searches && !backwards {
            let centre = best.1;
            for dy in -6..=6 {
                for dx in -6..=6 {
                    consider((centre.0 + dx, centre.1 + dy), &mut best);
                }
            }
        }
        for _ in 0..8 {
            let centre = best.1;
            let mut moved = false;
            for (dx, dy) in [(1, 0), (-1, 0), (0, 1), (0, -1)] {
                moved |= consider((centre.0 + dx, centre.1 + dy), &mut best);
            }
            if !moved {
                break;
            }
        }
        best.1
    }

    /// The vector, shortened so that the block stays within the padded picture.
    fn inside(&self, column: i32, row: i32, (x, y): Step) -> Step {
        let (left, top) = corner_of(column, row);
        (
            x.clamp(-PAD - left, self.b.width + PAD - BLOCK - left),
            y.clamp(-PAD - top, self.b.height + PAD - BLOCK - top),
        )
    }

    /// The sum of absolute differences between a block and its match; stops early above `limit`.
    fn difference(&self, column: i32, row: i32, (x, y): Step, limit: i32) -> i32 {
        let (left, top) = corner_of(column, row);
        let mut from = 3 * self.a.at(left, top);
        let mut to = 3 * self.b.at(left + x, top + y);
        let mut sum = 0;
        for _ in 0..BLOCK {
            let ours = &self.a.rgb[from..from + BLOCK as usize * 3];
            let theirs = &self.b.rgb[to..to + BLOCK as usize * 3];
            sum += ours
                .iter()
                .zip(theirs)
                .map(|(p, q)| i32::from(p.abs_diff(*q)))
                .sum::<i32>();
            if sum > limit {
                return sum;
            }
            from += 3 * self.a.stride();
            to += 3 * self.b.stride();
        }
        sum
    }
}

/// The upper left pixel of a block, whose centre is the centre of its 4×4 cell.
fn corner_of(column: i32, row: i32) -> Step {
    (
        column * STEP - (BLOCK - STEP) / 2,
        row * STEP - (BLOCK - STEP) / 2,
    )
}

/// Fractions of pixels, by two steps of Lucas and Kanade for each block; kept where they fit better.
fn refine(a: &Level, b: &Level, grid: &Grid) -> Vec<Vector> {
    let cells = (0..grid.rows).flat_map(|row| (0..grid.columns).map(move |column| (column, row)));
    cells
        .map(|(column, row)| {
            let (x, y) = grid.get(column, row);
            let (left, top) = corner_of(column, row);
            let window = Window { a, b, left, top };
            let mut best = [x as f32, y as f32];
            let mut misfit = window.misfit(best);
            for _ in 0..2 {
                let Some(next) = window.step(best) else { break };
                let far = (next[0] - x as f32).abs().max((next[1] - y as f32).abs()) > 1.5;
                let found = window.misfit(next);
                if far || found >= misfit {
                    break;
                }
                (best, misfit) = (next, found);
            }
            best
        })
        .collect()
}

/// A block seen as grey.
struct Window<'a> {
    a: &'a Level,
    b: &'a Level,
    left: i32,
    top: i32,
}

impl Window<'_> {
    /// What each pixel of the block, by its index in `a`, differs from where a vector leads.
    fn errors(&self, vector: Vector) -> impl Iterator<Item = (usize, f32)> {
        let there = self
            .b
            .moved::<{ BLOCK as usize }>(self.left, self.top, vector);
        (0..BLOCK).zip(there).flat_map(move |(y, row)| {
            let start = self.a.at(self.left, self.top + y);
            (start..)
                .zip(row)
                .map(|(at, there)| (at, self.a.grey[at] - there))
        })
    }

    fn misfit(&self, vector: Vector) -> f32 {
        self.errors(vector).map(|(_, error)| error * error).sum()
    }

    /// The vector that would fit if brightness were linear; `None` on a flat block.
    fn step(&self, [vx, vy]: Vector) -> Option<Vector> {
        let (mut xx, mut xy, mut yy, mut ex, mut ey) = (0.0, 0.0, 0.0, 0.0, 0.0);
        let (grey, stride) = (&self.a.grey, self.a.stride());
        for (at, error) in self.errors([vx, vy]) {
            let gx = (grey[at + 1] - grey[at - 1]) / 2.0;
            let gy = (grey[at + stride] - grey[at - stride]) / 2.0;
            xx += gx * gx;
            xy += gx * gy;
            yy += gy * gy;
            ex += gx * error;
            ey += gy * error;
        }
        // A little weight on staying keeps edges, which tell one direction only, from running along themselves.
        let stay = 0.01 * (xx + yy) + 50.0;
        let (xx, yy) = (xx + stay, yy + stay);
        let det = xx * yy - xy * xy;
        (det > 1.0).then(|| {
            let dx = (yy * ex - xy * ey) / det;
            let dy = (xx * ey - xy * ex) / det;
            [vx + dx, vy + dy]
        })
    }
}

/// For each pixel the vector of the surrounding blocks that fits best there; where several fit, their mean.
fn densify(a: &Level, b: &Level, grid: &Grid, fine: &[Vector]) -> Flow {
    let count = (a.width * a.height) as usize;
    let mut flow = Flow {
        vectors: Vec::with_capacity(count),
        misfit: Vec::with_capacity(count),
    };
    for y in 0..a.height {
        for x in 0..a.width {
            let candidates = surrounding(grid, fine, x, y);
            if let Some(vector) = agreed(&candidates) {
                flow.vectors.push(vector);
                flow.misfit.push(pixel_misfit(a, b, x, y, vector));
                continue;
            }
            let misfits = candidates.map(|(vector, _)| pixel_misfit(a, b, x, y, vector));
            let least = (0..4)
                .min_by(|i, j| misfits[*i].total_cmp(&misfits[*j]))
                .unwrap_or(0);
            let best = candidates[least].0;
            let (mut sum, mut vector) = (0.0, [0.0; 2]);
            for ((candidate, near), misfit) in candidates.iter().zip(misfits) {
                let alike = (candidate[0] - best[0]).abs() + (candidate[1] - best[1]).abs() < 1.5;
                if alike {
                    let weight = (near + 0.01) * (-(misfit - misfits[least]) / 2.0).exp();
                    sum += weight;
                    vector[0] += weight * candidate[0];
                    vector[1] += weight * candidate[1];
                }
            }
            flow.vectors.push([vector[0] / sum, vector[1] / sum]);
            flow.misfit.push(misfits[least]);
        }
    }
    flow
}

/// The vectors of the four nearest blocks and how near each is, 0…1.
fn surrounding(grid: &Grid, fine: &[Vector], x: i32, y: i32) -> [(Vector, f32); 4] {
    let half = STEP as f32 / 2.0 - 0.5;
    let (u, v) = (
        (x as f32 - half) / STEP as f32,
        (y as f32 - half) / STEP as f32,
    );
    let (column, row) = (u.floor(), v.floor());
    let (fu, fv) = (u - column, v - row);
    let at = |dx: i32, dy: i32| {
        let column = (column as i32 + dx).clamp(0, grid.columns - 1);
        let row = (row as i32 + dy).clamp(0, grid.rows - 1);
        fine[(row * grid.columns + column) as usize]
    };
    [
        (at(0, 0), (1.0 - fu) * (1.0 - fv)),
        (at(1, 0), fu * (1.0 - fv)),
        (at(0, 1), (1.0 - fu) * fv),
        (at(1, 1), fu * fv),
    ]
}

/// The mean of vectors that hardly differ.
fn agreed(candidates: &[(Vector, f32); 4]) -> Option<Vector> {
    let first = candidates[0].0;
    let alike = candidates
        .iter()
        .all(|(v, _)| (v[0] - first[0]).abs() + (v[1] - first[1]).abs() < 0.5);
    alike.then(|| [0, 1].map(|c| candidates.iter().map(|(v, near)| v[c] * near).sum()))
}

/// Mean absolute difference of the 3×3 around a pixel, 0…255.
fn pixel_misfit(a: &Level, b: &Level, x: i32, y: i32, vector: Vector) -> f32 {
    let mut sum = 0.0;
    for (row, there) in (y - 1..).zip(b.moved::<3>(x - 1, y - 1, vector)) {
        let at = a.at(x - 1, row);
        for (here, there) in a.grey[at..at + 3].iter().zip(there) {
            sum += (here - there).abs();
        }
    }
    sum / 27.0
}

/// The whole number at or below `x`; on plain processors `f32::floor` is a call.
pub(super) fn floor(x: f32) -> i32 {
    let whole = x as i32;
    whole.saturating_sub(i32::from(x < whole as f32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_moved_together_are_those_moved_alone() {
        let shade = |x: u32, y: u32| [(x * 37 + y * 91) as u8, (x * y) as u8, (x + 5 * y) as u8];
        let level = Level::of(&Frame::from_fn(32, 24, shade).unwrap());
        let vectors = [
            [0.0, 0.0],
            [0.3, -0.7],
            [5.5, 2.25],
            [-30.2, 40.0],
            [1e9, -1e9],
        ];
        for (x, y) in [(0, 0), (-4, -4), (20, 15), (29, 21)] {
            for v in vectors {
                let together = level.moved::<3>(x, y, v);
                for (j, row) in (y..).zip(together) {
                    for (i, value) in (x..).zip(row) {
                        let alone = level.sample(i as f32 + v[0], j as f32 + v[1]);
                        assert!((value - alone).abs() < 0.01, "{i}, {j}, {v:?}");
                    }
                }
            }
        }
    }
}
