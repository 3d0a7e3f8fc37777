//! The innermost loop: 12 rows times 32 columns.
//!
//! The rows lie [`STRIDE`] bytes apart in a block of the left side, the columns interleaved in a panel of
//! the right side: for each [`Element::GROUP`] of values along k, those of column 0, of column 1, and so
//! on. The 24 sums (of 16 values) fill three quarters of AVX-512's registers; each step along k loads two
//! vectors of the panel and one value a row for 24 multiplications.

use half::bf16;

use crate::element::Element;
use crate::path::{Level, Path};
#[cfg(target_arch = "x86_64")]
use crate::x86;

/// Rows of a tile.
pub const ROWS: usize = 12;
/// Columns of a tile.
pub const COLUMNS: usize = 32;
/// Bytes of a row that go through a tile at once: a panel's share is then 32 KiB, and with the rows
/// beside it fits the first-level cache.
const DEPTH: usize = 1024;
/// Bytes from a row to the next. Not a power of two: that would crowd all rows into one set of the cache.
pub const STRIDE: usize = DEPTH + 64;

/// The sums of a tile, row by row.
pub type Sums = [f32; ROWS * COLUMNS];

/// `(k, rows, panel, sums)`: sums += rows · panel over k values, k a multiple of the group.
///
/// # Safety
/// The processor must have the path's instructions; `rows` must hold [`ROWS`] rows of k values, a stride
/// apart, and `panel` k · [`COLUMNS`] values.
pub type TileFn<T> = unsafe fn(k: usize, rows: *const T, panel: *const T, sums: &mut Sums);

/// The loop of one path, with its arguments checked.
#[derive(Clone, Copy)]
pub struct Tile<T>(TileFn<T>);

impl<T: Element> Tile<T> {
    /// Values of a row that go through a tile at once.
    pub const DEPTH: usize = DEPTH / size_of::<T>();
    /// Values from a row to the next.
    pub const STRIDE: usize = STRIDE / size_of::<T>();

    pub fn new(path: Path) -> Self {
        Self(T::tile(path))
    }

    /// `sums += rows · panel` over `k` values, a multiple of the group and at most the depth.
    #[inline]
    pub fn add(self, k: usize, rows: &[T], panel: &[T], sums: &mut Sums) {
        assert!(k.is_multiple_of(T::GROUP) && k <= Self::DEPTH);
        assert!(rows.len() >= (ROWS - 1) * Self::STRIDE + k && panel.len() >= k * COLUMNS);
        // SAFETY: the path exists, so the processor has its instructions; the lengths are checked above.
        unsafe { self.0(k, rows.as_ptr(), panel.as_ptr(), sums) }
    }
}

/// 12 rows in stretches: `count` of them, `depth` values each, a `step` apart, and from row to row a `stride`.
#[derive(Clone, Copy)]
pub(crate) struct Stretches<'a> {
    pub rows: &'a [f32],
    pub stride: usize,
    pub depth: usize,
    pub step: usize,
    pub count: usize,
}

impl Stretches<'_> {
    /// `sums = rows · panel`, a panel that holds the stretches' columns one after the other.
    #[inline]
    pub fn product(self, path: Path, panel: &[f32], sums: &mut Sums) {
        let Self {
            rows,
            stride,
            depth,
            step,
            count,
        } = self;
        assert!(count > 0 && rows.len() >= (count - 1) * step + (ROWS - 1) * stride + depth);
        assert!(panel.len() >= count * depth * COLUMNS);
        // SAFETY: the path exists, so the processor has its instructions; the lengths are checked above.
        unsafe {
            match path.0 {
                Level::Portable => stretches(&self, panel, sums),
                #[cfg(target_arch = "x86_64")]
                Level::Avx2 => x86::avx2_stretches(&self, panel.as_ptr(), sums),
                #[cfg(target_arch = "x86_64")]
                Level::Avx512 => x86::avx512_stretches(&self, panel.as_ptr(), sums),
            }
        }
    }
}

/// The twin of the others.
fn stretches(left: &Stretches, panel: &[f32], sums: &mut Sums) {
    for (r, sums) in sums.as_chunks_mut::<COLUMNS>().0.iter_mut().enumerate() {
        sums.fill(0.0);
        let panels = panel.chunks_exact(left.depth * COLUMNS);
        for (i, panel) in panels.take(left.count).enumerate() {
            let row = &left.rows[i * left.step + r * left.stride..][..left.depth];
            for (x, panel) in row.iter().zip(panel.as_chunks::<COLUMNS>().0) {
                for (sum, w) in sums.iter_mut().zip(panel) {
                    *sum += x * w;
                }
            }
        }
    }
}

pub(crate) fn of_f32(path: Path) -> TileFn<f32> {
    match path.0 {
        Level::Portable => portable::<f32>,
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => x86::avx2_f32,
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => x86::avx512_f32,
    }
}

pub(crate) fn of_bf16(path: Path) -> TileFn<bf16> {
    match path.0 {
        Level::Portable => portable::<bf16>,
        #[cfg(target_arch = "x86_64")]
        Level::Avx2 => x86::avx2_bf16,
        #[cfg(target_arch = "x86_64")]
        Level::Avx512 => x86::avx512_bf16,
    }
}

/// The twin that the others are held against, in arithmetic that every processor has.
///
/// # Safety
/// As for [`TileFn`].
unsafe fn portable<T: Element>(k: usize, rows: *const T, panel: *const T, sums: &mut Sums) {
    // SAFETY: the caller vouches for both lengths.
    let panel = unsafe { std::slice::from_raw_parts(panel, k * COLUMNS) };
    for (r, sums) in sums.as_chunks_mut::<COLUMNS>().0.iter_mut().enumerate() {
        // SAFETY: as above; row r begins r strides on.
        let row = unsafe { std::slice::from_raw_parts(rows.add(r * Tile::<T>::STRIDE), k) };
        let mut fresh = [0f32; COLUMNS];
        for (xs, ws) in row
            .chunks_exact(T::GROUP)
            .zip(panel.chunks_exact(T::GROUP * COLUMNS))
        {
            for (sum, w) in fresh.iter_mut().zip(ws.chunks_exact(T::GROUP)) {
                for (x, w) in xs.iter().zip(w) {
                    *sum += x.to_f32() * w.to_f32();
                }
            }
        }
        for (sum, fresh) in sums.iter_mut().zip(fresh) {
            *sum += fresh;
        }
    }
}
