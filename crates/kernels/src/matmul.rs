//! The product of rows and packed weights, cut into blocks and shared among the threads.

use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::Range;

use crate::element::Element;
use crate::math;
use crate::norm::in_tasks;
use crate::out::Out;
use crate::pack::{Rows, Weights};
use crate::path::{Path, for_each_path};
use crate::tile::{COLUMNS, ROWS, Sums, Tile};

/// Bytes of the left side that a task works on: within a second-level cache, beside a panel.
const BLOCK: usize = 384 << 10;
/// Row panels of a task at most: from there on a weight is used often enough once it is in the cache.
const ROW_PANELS: usize = 8;
/// Column panels of a task at least: fewer, and fetching rows would cost too much.
const COLUMN_PANELS: usize = 4;
/// Tasks for each thread, so that no thread waits long for the last.
const TASKS: usize = 4;

/// What happens to a sum before it is written.
#[derive(Clone, Copy, Default)]
pub struct Finish<'a> {
    /// Added, a value for each column.
    pub bias: Option<&'a [f32]>,
    /// Applied next.
    pub activation: Activation,
    /// Added last.
    pub residual: Option<Residual<'a>>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Activation {
    #[default]
    None,
    /// With the hyperbolic tangent.
    Gelu,
}

/// `x + gate · y` instead of `y`.
#[derive(Clone, Copy)]
pub struct Residual<'a> {
    /// As many rows and columns as the product has.
    pub x: &'a [f32],
    /// 1 if there is none.
    pub gate: Option<&'a dyn Gate>,
}

/// What rows are multiplied with, row by row.
pub trait Gate: Sync {
    /// A value for each column.
    fn row(&self, row: usize) -> &[f32];
}

/// `rows · weights`, finished, row by row: on this processor's best path.
///
/// # Panics
/// If depths differ, or something in `finish` does not have the product's size.
pub fn multiply<T: Element, O: Element>(
    rows: &impl Rows<T>,
    weights: &(impl Weights<T> + ?Sized),
    finish: &Finish,
) -> Vec<O> {
    multiply_on(Path::best(), rows, weights, finish)
}

/// [`multiply`] on a given path.
///
/// # Panics
/// As [`multiply`].
pub fn multiply_on<T: Element, O: Element>(
    path: Path,
    rows: &impl Rows<T>,
    weights: &(impl Weights<T> + ?Sized),
    finish: &Finish,
) -> Vec<O> {
    let (count, depth, columns) = (rows.count(), weights.depth(), weights.columns());
    assert_eq!(rows.depth(), depth, "rows and weights of one depth");
    assert!(finish.bias.is_none_or(|bias| bias.len() == columns));
    assert!(
        finish
            .residual
            .is_none_or(|residual| residual.x.len() == count * columns)
    );
    let run = |out: &Out<O>| {
        let job = Job {
            path,
            rows,
            weights,
            finish,
            out,
            of: PhantomData,
        };
        if count * columns > 0 {
            job.run();
        }
    };
    // SAFETY: the tasks cover every row and column, and each writes all of its own.
    unsafe { Out::filled(count * columns, run) }
}

struct Job<'a, T, O, R, W: ?Sized> {
    path: Path,
    rows: &'a R,
    weights: &'a W,
    finish: &'a Finish<'a>,
    out: &'a Out<O>,
    of: PhantomData<T>,
}

/// Room that a thread uses again and again.
#[derive(Default)]
struct Scratch<T> {
    /// Rows of the left side.
    left: Vec<T>,
    /// A stretch of a panel, where it is not at hand.
    right: Vec<T>,
}

impl<T: Element, O: Element, R: Rows<T>, W: Weights<T> + ?Sized> Job<'_, T, O, R, W> {
    fn run(&self) {
        let row_panels = self.rows.count().div_ceil(ROWS);
        let column_panels = self.weights.columns().div_ceil(COLUMNS);
        let threads = rayon::current_num_threads();
        // Row panels of a task, all tasks about alike.
        let most = BLOCK / (self.slabs() * ROWS * Tile::<T>::STRIDE * size_of::<T>()).max(1);
        let blocks = row_panels.div_ceil(most.clamp(1, ROW_PANELS));
        let height = row_panels.div_ceil(blocks);
        let blocks = row_panels.div_ceil(height);
        // And column panels: all, unless that leaves threads without work.
        let groups = match threads {
            1 => 1,
            _ => (threads * TASKS).div_ceil(blocks),
        };
        let width = column_panels.div_ceil(groups).max(COLUMN_PANELS);
        let groups = column_panels.div_ceil(width);
        let task = |scratch: &mut Scratch<T>, i: usize| {
            let (block, group) = (i / groups, i % groups);
            let rows = block * height * ROWS..((block + 1) * height * ROWS).min(self.rows.count());
            let panels = group * width..((group + 1) * width).min(column_panels);
            self.block(rows, panels, scratch);
        };
        in_tasks(blocks * groups, Scratch::default, task);
    }

    /// Stretches of k that go through a tile at once.
    fn slabs(&self) -> usize {
        self.weights.depth().div_ceil(Tile::<T>::DEPTH)
    }

    /// The product of some rows and column panels.
    fn block(&self, rows: Range<usize>, panels: Range<usize>, scratch: &mut Scratch<T>) {
        let Scratch { left, right } = scratch;
        let depth = self.weights.depth();
        let slab_len = rows.len().next_multiple_of(ROWS) * Tile::<T>::STRIDE;
        left.resize(self.slabs() * slab_len, T::default());
        let slabs = |s: usize| s * Tile::<T>::DEPTH..((s + 1) * Tile::<T>::DEPTH).min(depth);
        for s in 0..self.slabs() {
            let stretches = left[s * slab_len..].chunks_mut(Tile::<T>::STRIDE);
            for (row, stretch) in rows.clone().zip(stretches) {
                let k = slabs(s);
                let (stretch, rest) = stretch.split_at_mut(k.len());
                self.rows.fetch(self.path, row, k, stretch);
                rest[..stretch.len().next_multiple_of(T::GROUP) - stretch.len()].fill(T::default());
            }
        }
        let tile = Tile::<T>::new(self.path);
        let mut sums = [[0f32; ROWS * COLUMNS]; ROW_PANELS];
        for panel in panels {
            let sums = &mut sums[..rows.len().div_ceil(ROWS)];
            sums.as_flattened_mut().fill(0.0);
            for s in 0..self.slabs() {
                let k = slabs(s);
                let right = self.weights.stretch(self.path, panel, k.clone(), right);
                let left = left[s * slab_len..].chunks(ROWS * Tile::<T>::STRIDE);
                for (sums, left) in sums.iter_mut().zip(left) {
                    tile.add(k.len().next_multiple_of(T::GROUP), left, right, sums);
                }
            }
            let columns = panel * COLUMNS..((panel + 1) * COLUMNS).min(self.weights.columns());
            for (sums, row) in sums.iter().zip(rows.clone().step_by(ROWS)) {
                let rows = row..(row + ROWS).min(rows.end);
                finish_tile(
                    self.path,
                    sums,
                    rows,
                    columns.clone(),
                    self.weights.columns(),
                    self.finish,
                    self.out,
                );
            }
        }
    }
}

for_each_path! {
    fn finish_tile<O: Element>(
        sums: &Sums,
        rows: Range<usize>,
        columns: Range<usize>,
        width: usize,
        finish: &Finish,
        out: &Out<O>,
    ) = finish_rows
}

/// Writes `rows` and `columns` of the product from their sums.
#[inline(always)]
fn finish_rows<O: Element>(
    sums: &Sums,
    rows: Range<usize>,
    columns: Range<usize>,
    width: usize,
    finish: &Finish,
    out: &Out<O>,
) {
    for (row, sums) in rows.zip(sums.as_chunks::<COLUMNS>().0) {
        let mut values = *sums;
        let at = row * width + columns.start;
        if let Some(bias) = finish.bias {
            for (value, bias) in values.iter_mut().zip(&bias[columns.clone()]) {
                *value += bias;
            }
        }
        if finish.activation == Activation::Gelu {
            for value in &mut values {
                *value = math::gelu(*value);
            }
        }
        if let Some(Residual { x, gate }) = finish.residual {
            let x = &x[at..at + columns.len()];
            match gate {
                Some(gate) => {
                    let gate = &gate.row(row)[columns.clone()];
                    for ((value, x), gate) in values.iter_mut().zip(x).zip(gate) {
                        *value = x + gate * *value;
                    }
                }
                None => {
                    for (value, x) in values.iter_mut().zip(x) {
                        *value += x;
                    }
                }
            }
        }
        // SAFETY: no other task has this row and these columns.
        let out = unsafe { out.part(at, columns.len()) };
        let write = |(out, value): (&mut MaybeUninit<O>, &f32)| {
            out.write(O::from_f32(*value));
        };
        // Of a whole panel the compiler knows the length.
        let (panel, part) = out.as_chunks_mut::<COLUMNS>();
        for panel in panel {
            panel.iter_mut().zip(&values).for_each(write);
        }
        part.iter_mut().zip(&values).for_each(write);
    }
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::numbers;
