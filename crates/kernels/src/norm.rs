//! Norms over a row, with what usually follows them in the same pass.

use std::mem::MaybeUninit;

use rayon::prelude::*;

use crate::element::{Element, Elements};
use crate::math;
use crate::out::Out;
use crate::path::{Path, for_each_path};

/// Values that a task takes at a time.
const TASK: usize = 1 << 14;
/// Sums that run side by side.
const LANES: usize = 16;

/// SiLU(x / rms(x) · (1 + scale) + shift), row by row of `c` values, with `eps` added to the mean square.
/// `modulation` holds shift and scale, c values each, for as many clips as share the rows evenly.
///
/// # Panics
/// If the rows or the modulation are cut off in their middle.
pub fn norm_silu<T: Element, O: Element>(
    x: &[T],
    modulation: &[f32],
    c: usize,
    eps: f32,
) -> Vec<O> {
    norm_silu_on(Path::best(), x, modulation, c, eps)
}

/// [`norm_silu`] on a given path.
///
/// # Panics
/// As [`norm_silu`].
pub fn norm_silu_on<T: Element, O: Element>(
    path: Path,
    x: &[T],
    modulation: &[f32],
    c: usize,
    eps: f32,
) -> Vec<O> {
    let rows = x.len() / c.max(1);
    let clips = modulation.len() / (2 * c).max(1);
    assert!(
        x.len() == rows * c && modulation.len() == clips * 2 * c,
        "rows of {c}"
    );
    assert!(
        rows == 0 || clips > 0 && rows.is_multiple_of(clips),
        "{rows} rows of {clips} clips"
    );
    let of_clip = rows / clips.max(1);
    let most = (TASK / c.max(1)).max(1);
    let tasks = of_clip.div_ceil(most);
    let run = |out: &Out<O>| {
        let task = |row: &mut Vec<f32>, i: usize| {
            let (clip, task) = (i / tasks, i % tasks);
            let first = clip * of_clip + task * most;
            let count = most.min(of_clip - task * most);
            // SAFETY: no other task has these rows.
            let out = unsafe { out.part(first * c, count * c) };
            let modulation = &modulation[clip * 2 * c..][..2 * c];
            row.resize(c, 0.0);
            let x = &x[first * c..][..count * c];
            silu_on::<(T, O)>(path, Widened { x, row }, modulation, eps, out);
        };
        in_tasks(clips * tasks, Vec::new, task);
    };
    // SAFETY: the tasks cover every row, and each writes all of its own.
    unsafe { Out::filled(x.len(), run) }
}

/// What a row is divided by, and then multiplied with.
#[derive(Clone, Copy)]
pub enum Norm<'a> {
    /// Its root mean square; a learned scale or none.
    Rms(Option<&'a [f32]>),
    /// Its deviation, after its mean is taken away.
    Layer,
}

/// What follows a norm.
#[derive(Clone, Copy)]
pub enum After<'a> {
    Nothing,
    /// `y · (1 + scale) + shift`; pairs of shift and scale, as long as a row.
    Modulate(&'a dyn Pairs),
    /// Each two neighbours are turned by an angle; pairs of cosines and sines, half as long as a row.
    Rotate(&'a dyn Pairs),
}

/// Two vectors for each row.
pub trait Pairs: Sync {
    fn of(&self, row: usize) -> [&[f32]; 2];
}

/// Normalises `x` row by row of `width` values, `eps` added to the mean square, and what follows.
///
/// # Panics
/// If a row is cut off in its middle, or a vector does not have its length.
pub fn normalise<O: Element>(
    x: &[f32],
    width: usize,
    norm: Norm,
    eps: f32,
    after: After,
) -> Vec<O> {
    normalise_on(Path::best(), x, width, norm, eps, after)
}

/// [`normalise`] on a given path.
///
/// # Panics
/// As [`normalise`].
pub fn normalise_on<O: Element>(
    path: Path,
    x: &[f32],
    width: usize,
    norm: Norm,
    eps: f32,
    after: After,
) -> Vec<O> {
    let rows = x.len() / width.max(1);
    assert_eq!(x.len(), rows * width, "rows of {width}");
    let most = (TASK / width.max(1)).max(1);
    let run = |out: &Out<O>| {
        let task = |room: &mut Vec<f32>, i: usize| {
            room.resize(width, 0.0);
            for row in i * most..((i + 1) * most).min(rows) {
                // SAFETY: no other task has this row.
                let out = unsafe { out.part(row * width, width) };
                let with = match after {
                    After::Nothing => None,
                    After::Modulate(pairs) | After::Rotate(pairs) => Some(pairs.of(row)),
                };
                let work = Work {
                    norm,
                    eps,
                    after,
                    with,
                    room,
                };
                normalise_row(path, &x[row * width..][..width], work, out);
            }
        };
        in_tasks(rows.div_ceil(most), Vec::new, task);
    };
    // SAFETY: the tasks cover every row, and each writes all of its own.
    unsafe { Out::filled(x.len(), run) }
}

/// What is to be done with a row.
struct Work<'a> {
    norm: Norm<'a>,
    eps: f32,
    after: After<'a>,
    with: Option<[&'a [f32]; 2]>,
    room: &'a mut [f32],
}

for_each_path! {
    fn normalise_row<O: Element>(
        x: &[f32],
        work: Work,
        out: &mut [MaybeUninit<O>],
    ) = normalise_loop
}

#[inline(always)]
fn normalise_loop<O: Element>(x: &[f32], work: Work, out: &mut [MaybeUninit<O>]) {
    let Work {
        norm,
        eps,
        after,
        with,
        room,
    } = work;
    let width = x.len() as f32;
    match norm {
        Norm::Rms(weight) => {
            let factor = 1.0 / (sum_of_squares(x) / width + eps).sqrt();
            match weight {
                Some(weight) => {
                    assert_eq!(weight.len(), x.len());
                    for ((to, x), w) in room.iter_mut().zip(x).zip(weight) {
                        *to = x * factor * w;
                    }
                }
                None => {
                    for (to, x) in room.iter_mut().zip(x) {
                        *to = x * factor;
                    }
                }
            }
        }
        Norm::Layer => {
            let mean = sum(x) / width;
            for (to, x) in room.iter_mut().zip(x) {
                *to = x - mean;
            }
            let factor = 1.0 / (sum_of_squares(room) / width + eps).sqrt();
            for to in room.iter_mut() {
                *to *= factor;
            }
        }
    }
    match (after, with) {
        (After::Modulate(_), Some([shift, scale])) => {
            assert!(shift.len() == x.len() && scale.len() == x.len());
            for (((out, x), shift), scale) in out.iter_mut().zip(&*room).zip(shift).zip(scale) {
                out.write(O::from_f32(x * (1.0 + scale) + shift));
            }
        }
        (After::Rotate(_), Some([cos, sin])) => {
            assert!(
                cos.len() == x.len() / 2 && sin.len() == cos.len() && x.len().is_multiple_of(2)
            );
            let pairs = room
                .as_chunks::<2>()
                .0
                .iter()
                .zip(out.as_chunks_mut::<2>().0);
            for ((([x, y], out), cos), sin) in pairs.zip(cos).zip(sin) {
                out[0].write(O::from_f32(x * cos - y * sin));
                out[1].write(O::from_f32(x * sin + y * cos));
            }
        }
        _ => {
            for (out, x) in out.iter_mut().zip(&*room) {
                out.write(O::from_f32(*x));
            }
        }
    }
}

#[inline(always)]
fn sum(row: &[f32]) -> f32 {
    let mut lanes = [0f32; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += x;
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().sum::<f32>()
}

/// Runs `task` for each index below `count`, on all threads, each with a scratch of its own.
pub(crate) fn in_tasks<S>(
    count: usize,
    scratch: impl Fn() -> S + Send + Sync,
    task: impl Fn(&mut S, usize) + Send + Sync,
) {
    match rayon::current_num_threads() {
        1 => {
            let mut scratch = scratch();
            (0..count).for_each(|i| task(&mut scratch, i));
        }
        _ => (0..count).into_par_iter().for_each_init(scratch, task),
    }
}

/// Rows, and room for one of them in f32.
struct Widened<'a, T> {
    x: &'a [T],
    row: &'a mut [f32],
}

for_each_path! {
    fn silu_on<E: Elements>(
        rows: Widened<E::In>,
        modulation: &[f32],
        eps: f32,
        out: &mut [MaybeUninit<E::Out>],
    ) = silu_loop::<E>
}

#[inline(always)]
fn silu_loop<E: Elements>(
    rows: Widened<E::In>,
    modulation: &[f32],
    eps: f32,
    out: &mut [MaybeUninit<E::Out>],
) {
    let Widened { x, row } = rows;
    let c = row.len();
    let (shift, scale) = modulation.split_at(c);
    for (out, x) in out.chunks_exact_mut(c).zip(x.chunks_exact(c)) {
        for (to, from) in row.iter_mut().zip(x) {
            *to = from.to_f32();
        }
        let factor = 1.0 / (sum_of_squares(row) / c as f32 + eps).sqrt();
        for (((out, x), shift), scale) in out.iter_mut().zip(&*row).zip(shift).zip(scale) {
            out.write(E::Out::from_f32(math::silu(
                x * factor * (1.0 + scale) + shift,
            )));
        }
    }
}

#[inline(always)]
fn sum_of_squares(row: &[f32]) -> f32 {
    let mut lanes = [0f32; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += x * x;
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().map(|x| x * x).sum::<f32>()
}

#[cfg(test)]
mod tests {
    use half::bf16;
    use proptest::prelude::*;

    use super::*;
    use crate::matmul::numbers;

    struct Two<'a>(&'a [f32], usize);

    impl Pairs for Two<'_> {
        fn of(&self, row: usize) -> [&[f32]; 2] {
            let at = row % 3;
            [&self.0[at..][..self.1], &self.0[at + 5..][..self.1]]
        }
    }

    #[test]
    fn what_is_not_finite_stays_in_its_row() {
        let (rows, width) = (9, 37);
        for odd in [f32::NAN, f32::INFINITY] {
            let mut x = numbers::<f32>(rows * width, 1);
            x[4 * width + 36] = odd;
            let modulation = numbers::<f32>(2 * width, 2);
            for path in Path::available() {
                let silu: Vec<f32> = norm_silu_on(path, &x, &modulation, width, 1e-6);
                let rms: Vec<f32> =
                    normalise_on(path, &x, width, Norm::Rms(None), 1e-6, After::Nothing);
                let layer: Vec<f32> =
                    normalise_on(path, &x, width, Norm::Layer, 1e-6, After::Nothing);
                for y in [silu, rms, layer] {
                    for (i, row) in y.chunks(width).enumerate() {
                        let clean = row.iter().all(|y| y.is_finite());
                        assert_eq!(clean, i != 4, "{path}, {odd}: row {i}");
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_in_nothing_out() {
        for path in Path::available() {
            for width in [0, 5] {
                let norm = Norm::Layer;
                let y: Vec<f32> = normalise_on(path, &[], width, norm, 1e-6, After::Nothing);
                assert!(y.is_empty(), "{path}");
                let y: Vec<f32> =
                    norm_silu_on::<f32, _>(path, &[], &vec![0.0; 2 * width], width, 1e-6);
                assert!(y.is_empty(), "{path}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn norms_and_what_follows(rows in 0..9usize, half in 1..40usize, seed in 0..1000u64) {
            let width = 2 * half;
            let x = numbers::<f32>(rows * width, seed);
            let (weight, vectors) = (numbers::<f32>(width, seed + 1), numbers(width + 8, seed + 2));
            let (whole, halves) = (Two(&vectors, width), Two(&vectors, half));
            for path in Path::available() {
                for norm in [Norm::Rms(None), Norm::Rms(Some(&weight)), Norm::Layer] {
                    let (first, eps) = (After::Nothing, 1e-5);
                    let plain: Vec<f32> = normalise_on(path, &x, width, norm, eps, first);
                    for (row, plain) in x.chunks(width).zip(plain.chunks(width)) {
                        let n = width as f64;
                        let mean = match norm {
                            Norm::Layer => row.iter().map(|x| f64::from(*x)).sum::<f64>() / n,
                            Norm::Rms(_) => 0.0,
                        };
                        let square = |x: &f32| (f64::from(*x) - mean).powi(2);
                        let size = (row.iter().map(square).sum::<f64>() / n + 1e-5).sqrt();
                        for (i, (x, y)) in row.iter().zip(plain).enumerate() {
                            let weight = match norm {
                                Norm::Rms(Some(weight)) => f64::from(weight[i]),
                                _ => 1.0,
                            };
                            let expected = (f64::from(*x) - mean) / size * weight;
                            let error = (f64::from(*y) - expected).abs();
                            prop_assert!(error < 4e-6 * (1.0 + 0.1 / size), "{path}: {y} for {expected}");
                        }
                    }
                    let after = After::Modulate(&whole);
                    let moved: Vec<f32> = normalise_on(path, &x, width, norm, eps, after);
                    let after = After::Rotate(&halves);
                    let turned: Vec<f32> = normalise_on(path, &x, width, norm, eps, after);
                    let rounded: Vec<bf16> = normalise_on(path, &x, width, norm, eps, after);
                    for i in 0..x.len() {
                        let [shift, scale] = whole.of(i / width).map(|v| v[i % width]);
                        prop_assert!((moved[i] - (plain[i] * (1.0 + scale) + shift)).abs() < 1e-5);
                        let [cos, sin] = halves.of(i / width).map(|v| v[i % width / 2]);
                        let expected = match i % 2 {
                            0 => plain[i] * cos - plain[i + 1] * sin,
                            _ => plain[i - 1] * sin + plain[i] * cos,
                        };
                        prop_assert!((turned[i] - expected).abs() < 1e-5);
                        prop_assert_eq!(rounded[i], <bf16 as Element>::from_f32(turned[i]));
                    }
                }
            }
        }

        #[test]
        fn is_norm_then_modulation_then_silu(
            clips in 1..3usize, rows in 0..40usize, c in 1..70usize, seed in 0..1000u64,
        ) {
            let x = numbers::<f32>(clips * rows * c, seed);
            let modulation = numbers::<f32>(clips * 2 * c, seed + 1);
            for path in Path::available() {
                let y: Vec<f32> = norm_silu_on(path, &x, &modulation, c, 1e-6);
                let rounded: Vec<bf16> = norm_silu_on(path, &x, &modulation, c, 1e-6);
                for (i, y) in y.iter().enumerate() {
                    let row = &x[i / c * c..][..c];
                    let mean = row.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>() / c as f64;
                    let m = &modulation[i / (rows * c) * 2 * c..];
                    let (shift, scale) = (f64::from(m[i % c]), f64::from(m[c + i % c]));
                    let v = f64::from(x[i]) / (mean + 1e-6).sqrt() * (1.0 + scale) + shift;
                    let expected = v / (1.0 + (-v).exp());
                    let error = (f64::from(*y) - expected).abs();
                    prop_assert!(error <= 2e-6 * (1.0 + v.abs()), "{path}: {y} for {expected}");
                    prop_assert_eq!(rounded[i], <bf16 as Element>::from_f32(*y));
                }
            }
        }
    }
}
