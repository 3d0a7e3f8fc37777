//! The tile on x86-64.

use std::arch::x86_64::*;
use std::mem::transmute;

use half::bf16;

use crate::tile::{COLUMNS, ROWS, STRIDE, Stretches, Sums};

const LANES: usize = 16;
const VECTORS: usize = COLUMNS / LANES;

/// # Safety
/// As for [`crate::tile::TileFn`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub unsafe fn avx512_bf16(k: usize, rows: *const bf16, panel: *const bf16, sums: &mut Sums) {
    let mut acc = [[_mm512_setzero_ps(); VECTORS]; ROWS];
    let (rows, panel) = (rows.cast::<u8>(), panel.cast::<i32>());
    for pair in 0..k / 2 {
        // SAFETY: `panel` holds k · 32 values, so 32 pairs at `pair`; each row holds k, so a pair there.
        unsafe {
            let panel = panel.add(pair * COLUMNS);
            let w: [__m512bh; VECTORS] = [
                transmute::<__m512i, __m512bh>(_mm512_loadu_si512(panel.cast())),
                transmute::<__m512i, __m512bh>(_mm512_loadu_si512(panel.add(LANES).cast())),
            ];
            for (r, acc) in acc.iter_mut().enumerate() {
                let x = rows
                    .add(r * STRIDE)
                    .cast::<i32>()
                    .add(pair)
                    .read_unaligned();
                let x: __m512bh = transmute::<__m512i, __m512bh>(_mm512_set1_epi32(x));
                for (acc, w) in acc.iter_mut().zip(w) {
                    *acc = _mm512_dpbf16_ps(*acc, x, w);
                }
            }
        }
    }
    avx512_store(&acc, sums);
}

/// # Safety
/// As for [`crate::tile::TileFn`].
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub unsafe fn avx512_f32(k: usize, rows: *const f32, panel: *const f32, sums: &mut Sums) {
    let mut acc = [[_mm512_setzero_ps(); VECTORS]; ROWS];
    let rows = rows.cast::<u8>();
    for i in 0..k {
        // SAFETY: `panel` holds k · 32 values, so 32 at `i`; each row holds k, so one there.
        unsafe {
            let panel = panel.add(i * COLUMNS);
            let w = [_mm512_loadu_ps(panel), _mm512_loadu_ps(panel.add(LANES))];
            for (r, acc) in acc.iter_mut().enumerate() {
                let x = _mm512_set1_ps(*rows.add(r * STRIDE).cast::<f32>().add(i));
                for (acc, w) in acc.iter_mut().zip(w) {
                    *acc = _mm512_fmadd_ps(x, w, *acc);
                }
            }
        }
    }
    avx512_store(&acc, sums);
}

/// # Safety
/// `left` must hold its rows, `panel` as many values for each of 32 columns.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub unsafe fn avx512_stretches(left: &Stretches, panel: *const f32, sums: &mut Sums) {
    sums.fill(0.0);
    for i in 0..left.count {
        // SAFETY: the caller vouches for both lengths.
        unsafe {
            let rows = left.rows.as_ptr().add(i * left.step);
            let panel = panel.add(i * left.depth * COLUMNS);
            avx512_stretch(left.depth, rows, left.stride, panel, sums);
        }
    }
}

/// A function of its own, or the sums would not stay in registers.
///
/// # Safety
/// `rows` must hold 12 rows of k values, a `stride` apart, and `panel` k · 32 values.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
unsafe fn avx512_stretch(
    k: usize,
    rows: *const f32,
    stride: usize,
    panel: *const f32,
    sums: &mut Sums,
) {
    let mut acc = [[_mm512_setzero_ps(); VECTORS]; ROWS];
    for i in 0..k {
        // SAFETY: the caller vouches for both lengths.
        unsafe {
            let panel = panel.add(i * COLUMNS);
            let w = [_mm512_loadu_ps(panel), _mm512_loadu_ps(panel.add(LANES))];
            for (r, acc) in acc.iter_mut().enumerate() {
                let x = _mm512_set1_ps(*rows.add(r * stride + i));
                for (acc, w) in acc.iter_mut().zip(w) {
                    *acc = _mm512_fmadd_ps(x, w, *acc);
                }
            }
        }
    }
    avx512_store(&acc, sums);
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
fn avx512_store(acc: &[[__m512; VECTORS]; ROWS], sums: &mut Sums) {
    for (acc, sums) in acc.iter().flatten().zip(sums.as_chunks_mut::<LANES>().0) {
        // SAFETY: a chunk is 16 values.
        unsafe {
            let sum = _mm512_add_ps(_mm512_loadu_ps(sums.as_ptr()), *acc);
            _mm512_storeu_ps(sums.as_mut_ptr(), sum);
        }
    }
}

macro_rules! for_both_halves {
    ($half:ident, $body:block) => {{
        use first as $half;
        $body
    }
    {
        use second as $half;
        $body
    }};
}

/// What 16 registers hold the sums of: a quarter of the tile, so that it takes four rounds.
const FEW_ROWS: usize = ROWS / 2;
const FEW_COLUMNS: usize = COLUMNS / 2;
type FewSums = [[__m256; 2]; FEW_ROWS];

/// # Safety
/// As for [`crate::tile::TileFn`].
#[target_feature(enable = "avx2,fma")]
pub unsafe fn avx2_f32(k: usize, rows: *const f32, panel: *const f32, sums: &mut Sums) {
    for (first_row, first_column) in quarters() {
        let mut acc: FewSums = [[_mm256_setzero_ps(); 2]; FEW_ROWS];
        // SAFETY: a quarter's rows and columns lie within the tile.
        unsafe {
            let rows = rows.cast::<u8>().add(first_row * STRIDE);
            let panel = panel.add(first_column);
            for i in 0..k {
                let panel = panel.add(i * COLUMNS);
                let w = [_mm256_loadu_ps(panel), _mm256_loadu_ps(panel.add(8))];
                for (r, acc) in acc.iter_mut().enumerate() {
                    let x = _mm256_set1_ps(*rows.add(r * STRIDE).cast::<f32>().add(i));
                    acc[0] = _mm256_fmadd_ps(x, w[0], acc[0]);
                    acc[1] = _mm256_fmadd_ps(x, w[1], acc[1]);
                }
            }
        }
        avx2_store(&acc, (first_row, first_column), sums);
    }
}

/// # Safety
/// As for [`avx512_stretches`].
#[target_feature(enable = "avx2,fma")]
pub unsafe fn avx2_stretches(left: &Stretches, panel: *const f32, sums: &mut Sums) {
    sums.fill(0.0);
    for i in 0..left.count {
        for (first_row, first_column) in quarters() {
            // SAFETY: the caller vouches for both lengths; a quarter's rows and columns lie within the tile.
            let acc = unsafe {
                let rows = left
                    .rows
                    .as_ptr()
                    .add(i * left.step + first_row * left.stride);
                let panel = panel.add(i * left.depth * COLUMNS + first_column);
                avx2_stretch(left.depth, rows, left.stride, panel)
            };
            avx2_store(&acc, (first_row, first_column), sums);
        }
    }
}

/// # Safety
/// `rows` must hold 6 rows of k values, a `stride` apart, and `panel` 16 values each 32.
#[inline(never)]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2_stretch(k: usize, rows: *const f32, stride: usize, panel: *const f32) -> FewSums {
    let mut acc: FewSums = [[_mm256_setzero_ps(); 2]; FEW_ROWS];
    for i in 0..k {
        // SAFETY: the caller vouches for both lengths.
        unsafe {
            let panel = panel.add(i * COLUMNS);
            let w = [_mm256_loadu_ps(panel), _mm256_loadu_ps(panel.add(8))];
            for (r, acc) in acc.iter_mut().enumerate() {
                let x = _mm256_set1_ps(*rows.add(r * stride + i));
                acc[0] = _mm256_fmadd_ps(x, w[0], acc[0]);
                acc[1] = _mm256_fmadd_ps(x, w[1], acc[1]);
            }
        }
    }
    acc
}

/// A bf16 is the upper half of an f32, so a pair widens by a shift and by a mask.
///
/// # Safety
/// As for [`crate::tile::TileFn`].
#[target_feature(enable = "avx2,fma")]
pub unsafe fn avx2_bf16(k: usize, rows: *const bf16, panel: *const bf16, sums: &mut Sums) {
    for (first_row, first_column) in quarters() {
        let mut acc: FewSums = [[_mm256_setzero_ps(); 2]; FEW_ROWS];
        // SAFETY: a quarter's rows and columns lie within the tile.
        unsafe {
            let rows = rows.cast::<u8>().add(first_row * STRIDE);
            let panel = panel.cast::<i32>().add(first_column);
            for pair in 0..k / 2 {
                let panel = panel.add(pair * COLUMNS);
                // The first of all pairs, then the second: both at once would take too many registers.
                for_both_halves!(half, {
                    let w = [
                        half(_mm256_loadu_si256(panel.cast())),
                        half(_mm256_loadu_si256(panel.add(8).cast())),
                    ];
                    for (r, acc) in acc.iter_mut().enumerate() {
                        let x = rows
                            .add(r * STRIDE)
                            .cast::<i32>()
                            .add(pair)
                            .read_unaligned();
                        let x = half(_mm256_set1_epi32(x));
                        acc[0] = _mm256_fmadd_ps(x, w[0], acc[0]);
                        acc[1] = _mm256_fmadd_ps(x, w[1], acc[1]);
                    }
                });
            }
        }
        avx2_store(&acc, (first_row, first_column), sums);
    }
}

/// The first of each pair of bf16, as f32.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn first(pairs: __m256i) -> __m256 {
    _mm256_castsi256_ps(_mm256_slli_epi32::<16>(pairs))
}

/// The second of each pair of bf16, as f32.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn second(pairs: __m256i) -> __m256 {
    _mm256_castsi256_ps(_mm256_and_si256(
        pairs,
        _mm256_set1_epi32(0xffff_0000_u32 as i32),
    ))
}

/// First row and column of each.
fn quarters() -> impl Iterator<Item = (usize, usize)> {
    [
        (0, 0),
        (0, FEW_COLUMNS),
        (FEW_ROWS, 0),
        (FEW_ROWS, FEW_COLUMNS),
    ]
    .into_iter()
}

#[inline]
#[target_feature(enable = "avx2,fma")]
fn avx2_store(acc: &FewSums, (first_row, first_column): (usize, usize), sums: &mut Sums) {
    for (r, acc) in acc.iter().enumerate() {
        let at = (first_row + r) * COLUMNS + first_column;
        for (acc, sums) in acc
            .iter()
            .zip(sums[at..at + FEW_COLUMNS].as_chunks_mut::<8>().0)
        {
            // SAFETY: a chunk is 8 values.
            unsafe {
                let sum = _mm256_add_ps(_mm256_loadu_ps(sums.as_ptr()), *acc);
                _mm256_storeu_ps(sums.as_mut_ptr(), sum);
            }
        }
    }
}
