//! Both sides of a product as the tile wants them.

use std::ops::Range;

use half::bf16;

use crate::element::{Element, Elements};
use crate::path::{Path, for_each_path};
use crate::tile::COLUMNS;

/// The right side of a product, in panels of 32 columns.
pub trait Weights<T>: Send + Sync {
    /// Values along k.
    fn depth(&self) -> usize;
    /// Columns of the product.
    fn columns(&self) -> usize;
    /// Stretch `k` of panel `i` as the tile wants it, filled up to a whole group; in `room` if it is not at hand. `k` begins at
    /// a multiple of the group.
    fn stretch<'a>(
        &'a self,
        path: Path,
        i: usize,
        k: Range<usize>,
        room: &'a mut Vec<T>,
    ) -> &'a [T];
}

/// Weights, laid out once: panels of 32 columns of the product, zeros where there are fewer.
#[derive(Clone)]
pub struct Packed<T> {
    panels: Vec<T>,
    depth: usize,
    columns: usize,
}

impl<T: Element> Packed<T> {
    /// From `weights` of `columns` rows of `depth` values: what a linear layer's checkpoint holds, the
    /// transpose of the matrix that the product is with.
    ///
    /// # Panics
    /// If there are not `columns` · `depth` weights.
    pub fn new(weights: &[T], columns: usize, depth: usize) -> Self {
        Self::from_rows(Path::best(), &Plain::new(weights, columns, depth))
    }

    /// From `weights` of `depth` rows of `columns` values: the matrix that the product is with.
    ///
    /// # Panics
    /// If there are not `columns` · `depth` weights.
    pub fn transposed(weights: &[T], columns: usize, depth: usize) -> Self {
        Self::from_columns(Path::best(), &Plain::new(weights, depth, columns))
    }

    /// The weights where every `times`-th part of k meets the same values: their sums.
    ///
    /// # Panics
    /// If the depth is no multiple of `times`.
    pub fn folded(&self, times: usize) -> Packed<f32> {
        assert!(
            self.depth.is_multiple_of(times),
            "{} in {times}",
            self.depth
        );
        let depth = self.depth / times;
        let mut sums = vec![0f32; depth * self.columns];
        for k in 0..self.depth {
            let sums = &mut sums[k % depth * self.columns..][..self.columns];
            for (column, sum) in sums.iter_mut().enumerate() {
                *sum += self.value(k, column).to_f32();
            }
        }
        Packed::transposed(&sums, self.columns, depth)
    }

    /// A column of the product for each row: its transpose is packed.
    pub(crate) fn from_rows(path: Path, rows: &impl Rows<T>) -> Self {
        let mut packed = Self::zeros(rows.count(), rows.depth());
        let mut row = vec![T::default(); rows.depth().next_multiple_of(T::GROUP)];
        let panel_len = row.len() * COLUMNS;
        for column in 0..rows.count() {
            rows.fetch(path, column, 0..rows.depth(), &mut row[..rows.depth()]);
            let panel = &mut packed.panels[column / COLUMNS * panel_len..][..panel_len];
            let groups = panel.chunks_exact_mut(COLUMNS * T::GROUP);
            for (to, from) in groups.zip(row.chunks_exact(T::GROUP)) {
                to[column % COLUMNS * T::GROUP..][..T::GROUP].copy_from_slice(from);
            }
        }
        packed
    }

    /// A value along k for each row: it is packed as it stands.
    pub(crate) fn from_columns(path: Path, rows: &impl Rows<T>) -> Self {
        let (depth, columns) = (rows.count(), rows.depth());
        let mut packed = Self::zeros(columns, depth);
        let mut row = vec![T::default(); columns];
        let panel_len = depth.next_multiple_of(T::GROUP) * COLUMNS;
        for k in 0..depth {
            rows.fetch(path, k, 0..columns, &mut row);
            let panels = packed.panels.chunks_exact_mut(panel_len);
            for (panel, from) in panels.zip(row.chunks(COLUMNS)) {
                let group = &mut panel[k / T::GROUP * T::GROUP * COLUMNS..][..T::GROUP * COLUMNS];
                for (to, from) in group.chunks_exact_mut(T::GROUP).zip(from) {
                    to[k % T::GROUP] = *from;
                }
            }
        }
        packed
    }

    fn zeros(columns: usize, depth: usize) -> Self {
        let panel_len = depth.next_multiple_of(T::GROUP) * COLUMNS;
        Self {
            panels: vec![T::default(); columns.div_ceil(COLUMNS) * panel_len],
            depth,
            columns,
        }
    }

    /// Values along k.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// Columns of the product.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The weight of `column` at `k`.
    pub(crate) fn value(&self, k: usize, column: usize) -> T {
        let group = self.panel(column / COLUMNS, k / T::GROUP * T::GROUP);
        group[column % COLUMNS * T::GROUP + k % T::GROUP]
    }

    /// Panel `i` from `k` on, a multiple of the group.
    pub(crate) fn panel(&self, i: usize, k: usize) -> &[T] {
        let len = self.depth.next_multiple_of(T::GROUP) * COLUMNS;
        &self.panels[i * len + k * COLUMNS..(i + 1) * len]
    }
}

impl<T: Element> Weights<T> for Packed<T> {
    fn depth(&self) -> usize {
        self.depth
    }

    fn columns(&self) -> usize {
        self.columns
    }

    fn stretch<'a>(&'a self, _: Path, i: usize, k: Range<usize>, _: &'a mut Vec<T>) -> &'a [T] {
        &self.panel(i, k.start)[..k.len().next_multiple_of(T::GROUP) * COLUMNS]
    }
}

/// The left side of a product: rows that are fetched a stretch at a time.
pub trait Rows<T>: Sync {
    /// How many rows.
    fn count(&self) -> usize;
    /// Values of a row.
    fn depth(&self) -> usize;
    /// Writes values `k` of row `row` to `out`, which has room for just these.
    fn fetch(&self, path: Path, row: usize, k: Range<usize>, out: &mut [T]);
}

/// Rows that lie one after the other.
#[derive(Clone, Copy)]
pub struct Plain<'a, U> {
    values: &'a [U],
    count: usize,
    depth: usize,
}

impl<'a, U> Plain<'a, U> {
    /// # Panics
    /// If there are not `count` · `depth` values.
    pub fn new(values: &'a [U], count: usize, depth: usize) -> Self {
        assert_eq!(values.len(), count * depth, "{count} × {depth} values");
        Self {
            values,
            count,
            depth,
        }
    }

    fn stretch(&self, row: usize, k: Range<usize>) -> &'a [U] {
        &self.values[row * self.depth..][k]
    }
}

impl<T: Element> Rows<T> for Plain<'_, T> {
    fn count(&self) -> usize {
        self.count
    }

    fn depth(&self) -> usize {
        self.depth
    }

    fn fetch(&self, _: Path, row: usize, k: Range<usize>, out: &mut [T]) {
        out.copy_from_slice(self.stretch(row, k));
    }
}

/// Activations are f32 and become bf16 on their way into the product.
impl Rows<bf16> for Plain<'_, f32> {
    fn count(&self) -> usize {
        self.count
    }

    fn depth(&self) -> usize {
        self.depth
    }

    fn fetch(&self, path: Path, row: usize, k: Range<usize>, out: &mut [bf16]) {
        convert::<(f32, bf16)>(path, self.stretch(row, k), 1.0, out);
    }
}

/// Rows that lie within longer ones, and are scaled on their way.
#[derive(Clone, Copy)]
pub(crate) struct Strided<'a, U> {
    pub values: &'a [U],
    pub start: usize,
    pub stride: usize,
    pub count: usize,
    pub depth: usize,
    pub scale: f32,
}

impl<T: Element, U: Element> Rows<T> for Strided<'_, U> {
    fn count(&self) -> usize {
        self.count
    }

    fn depth(&self) -> usize {
        self.depth
    }

    fn fetch(&self, path: Path, row: usize, k: Range<usize>, out: &mut [T]) {
        let at = self.start + row * self.stride;
        let values = &self.values[at + k.start..at + k.end];
        convert::<(U, T)>(path, values, self.scale, out);
    }
}

for_each_path! {
    /// `out` takes `x` times `scale`, rounded.
    fn convert<E: Elements>(x: &[E::In], scale: f32, out: &mut [E::Out]) = convert_loop::<E>
}

#[inline(always)]
fn convert_loop<E: Elements>(x: &[E::In], scale: f32, out: &mut [E::Out]) {
    for (out, x) in out.iter_mut().zip(x) {
        *out = E::Out::from_f32(x.to_f32() * scale);
    }
}
