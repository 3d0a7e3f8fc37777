//! Norm over groups of channels and many positions, with what follows it in the same pass.

use std::mem::MaybeUninit;

use rayon::prelude::*;

use crate::math;
use crate::norm::in_tasks;
use crate::out::Out;
use crate::path::{Path, for_each_path};

/// Values that a task takes at a time: few enough for the second-level cache, which sees them twice.
const TASK: usize = 1 << 14;

/// How channels are normalised.
#[derive(Clone, Copy)]
pub struct Groups<'a> {
    /// How many groups of neighbouring channels.
    pub count: usize,
    /// A scale and a shift for each channel.
    pub weight: &'a [f32],
    pub bias: &'a [f32],
    /// Added to the variance.
    pub eps: f32,
}

/// Count, mean and sum of squared deviations of some values.
#[derive(Clone, Copy, Default)]
struct Moments {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Of both together (Chan et al. 1979).
    fn and(self, other: Self) -> Self {
        let count = self.count + other.count;
        let apart = other.mean - self.mean;
        let part = other.count / count.max(1.0);
        Self {
            count,
            mean: self.mean + apart * part,
            squares: self.squares + other.squares + apart * apart * self.count * part,
        }
    }
}

/// SiLU(norm(x) · weight + bias + skip) of items of `rows` rows, a value for each channel: each group of channels has
/// mean 0 and variance 1 over all rows of an item.
///
/// # Panics
/// If an item is cut off in its middle, the groups are not of one size, or `skip` does not have the size of `x`.
pub fn group_norm_silu(x: &[f32], rows: usize, groups: Groups, skip: Option<&[f32]>) -> Vec<f32> {
    group_norm_silu_on(Path::best(), x, rows, groups, skip)
}

/// [`group_norm_silu`] on a given path.
///
/// # Panics
/// As [`group_norm_silu`].
pub fn group_norm_silu_on(
    path: Path,
    x: &[f32],
    rows: usize,
    groups: Groups,
    skip: Option<&[f32]>,
) -> Vec<f32> {
    let c = groups.weight.len();
    assert!(groups.bias.len() == c && c.is_multiple_of(groups.count.max(1)));
    assert!(skip.is_none_or(|skip| skip.len() == x.len()));
    let item = rows * c;
    let items = x.len() / item.max(1);
    assert_eq!(x.len(), items * item, "items of {rows} rows of {c}");
    let most = (TASK / c.max(1)).max(1);
    let tasks = rows.div_ceil(most);
    // Where a task's values lie.
    let part = |i: usize| {
        let (item_at, first) = (i / tasks * item, i % tasks * most);
        item_at + first * c..item_at + (first + most).min(rows) * c
    };
    let moments: Vec<Vec<Moments>> = (0..items * tasks)
        .into_par_iter()
        .map(|i| {
            let mut moments = vec![Moments::default(); groups.count];
            let mut room = [vec![0.0; c], vec![0.0; c]];
            measure(path, &x[part(i)], &mut room, &mut moments);
            moments
        })
        .collect();
    let lines = moments.chunks(tasks.max(1)).map(|item| groups.line(item));
    let lines: Vec<[Vec<f32>; 2]> = lines.collect();
    let run = |out: &Out<f32>| {
        let task = |_: &mut (), i: usize| {
            let at = part(i);
            // SAFETY: no other task has these values.
            let out = unsafe { out.part(at.start, at.len()) };
            let skip = skip.map(|skip| &skip[at.clone()]);
            apply(path, &x[at], &lines[i / tasks], skip, out);
        };
        in_tasks(items * tasks, || (), task);
    };
    // SAFETY: the tasks cover every value, and each writes all of its own.
    unsafe { Out::filled(x.len(), run) }
}

impl Groups<'_> {
    /// What each channel is multiplied with, and what is added then, from the moments of an item's parts.
    fn line(&self, parts: &[Vec<Moments>]) -> [Vec<f32>; 2] {
        let mut line = [Vec::new(), Vec::new()];
        let width = self.weight.len() / self.count.max(1);
        for group in 0..self.count {
            let all = parts.iter().map(|part| part[group]);
            let all = all.fold(Moments::default(), Moments::and);
            let deviation = (all.squares / all.count + f64::from(self.eps)).sqrt();
            for channel in group * width..(group + 1) * width {
                let factor = f64::from(self.weight[channel]) / deviation;
                line[0].push(factor as f32);
                line[1].push((f64::from(self.bias[channel]) - all.mean * factor) as f32);
            }
        }
        line
    }
}

for_each_path! {
    fn measure(x: &[f32], room: &mut [Vec<f32>; 2], moments: &mut [Moments]) = measure_loop
}

/// `room`: two values for each channel.
#[inline(always)]
fn measure_loop(x: &[f32], room: &mut [Vec<f32>; 2], moments: &mut [Moments]) {
    let [sums, means] = room;
    let c = sums.len();
    let width = c / moments.len().max(1);
    let count = (x.len() / c.max(1) * width) as f64;
    for row in x.chunks_exact(c.max(1)) {
        for (sum, x) in sums.iter_mut().zip(row) {
            *sum += x;
        }
    }
    for (group, moments) in moments.iter_mut().enumerate() {
        let channels = group * width..(group + 1) * width;
        let total: f64 = sums[channels.clone()].iter().copied().map(f64::from).sum();
        *moments = Moments {
            count,
            mean: total / count,
            squares: 0.0,
        };
        means[channels].fill(moments.mean as f32);
    }
    sums.fill(0.0);
    for row in x.chunks_exact(c.max(1)) {
        for ((sum, x), mean) in sums.iter_mut().zip(row).zip(&*means) {
            *sum += (x - mean) * (x - mean);
        }
    }
    for (sums, moments) in sums.chunks(width.max(1)).zip(moments) {
        moments.squares = sums.iter().copied().map(f64::from).sum();
    }
}

for_each_path! {
    fn apply(
        x: &[f32],
        line: &[Vec<f32>; 2],
        skip: Option<&[f32]>,
        out: &mut [MaybeUninit<f32>],
    ) = apply_loop
}

#[inline(always)]
fn apply_loop(
    x: &[f32],
    [factor, shift]: &[Vec<f32>; 2],
    skip: Option<&[f32]>,
    out: &mut [MaybeUninit<f32>],
) {
    let c = factor.len().max(1);
    for (i, (x, out)) in x.chunks_exact(c).zip(out.chunks_exact_mut(c)).enumerate() {
        let line = x.iter().zip(factor).zip(shift);
        match skip {
            Some(skip) => {
                let skip = &skip[i * c..][..c];
                for ((out, ((x, factor), shift)), skip) in out.iter_mut().zip(line).zip(skip) {
                    out.write(math::silu(x * factor + shift + skip));
                }
            }
            None => {
                for (out, ((x, factor), shift)) in out.iter_mut().zip(line) {
                    out.write(math::silu(x * factor + shift));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::matmul::numbers;

    /// The definition, in f64, with what each value's distance from the mean is multiplied with.
    fn by_definition(x: &[f32], rows: usize, groups: Groups, skip: &[f32]) -> Vec<(f64, f64)> {
        let c = groups.weight.len();
        let width = c / groups.count;
        let value = |i: usize| {
            let (item, group) = (i / (rows * c), i % c / width);
            let members = (0..rows * width)
                .map(|j| f64::from(x[item * rows * c + j / width * c + group * width + j % width]));
            let n = (rows * width) as f64;
            let mean = members.clone().sum::<f64>() / n;
            let variance = members.map(|x| (x - mean).powi(2)).sum::<f64>() / n;
            let factor = 1.0 / (variance + f64::from(groups.eps)).sqrt();
            let y = (f64::from(x[i]) - mean) * factor;
            let y = y * f64::from(groups.weight[i % c]) + f64::from(groups.bias[i % c]);
            let y = y + f64::from(skip[i]);
            (y / (1.0 + (-y).exp()), factor)
        };
        (0..x.len()).map(value).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn equals_its_definition(
            (items, rows) in (0..3usize, 1..50usize),
            (count, width) in (1..6usize, 1..7usize),
            mean in -20f32..20.0,
            seed in 0..1000u64,
        ) {
            let c = count * width;
            let mut x = numbers::<f32>(items * rows * c, seed);
            x.iter_mut().for_each(|x| *x += mean);
            let (weight, bias) = (numbers::<f32>(c, seed + 1), numbers::<f32>(c, seed + 2));
            let groups = Groups { count, weight: &weight, bias: &bias, eps: 1e-5 };
            let some = numbers::<f32>(x.len(), seed + 3);
            for skip in [None, Some(some.as_slice())] {
                let zeros = vec![0.0; x.len()];
                let expected = by_definition(&x, rows, groups, skip.unwrap_or(&zeros));
                for path in Path::available() {
                    let y = group_norm_silu_on(path, &x, rows, groups, skip);
                    prop_assert_eq!(y.len(), x.len());
                    for (y, (expected, factor)) in y.iter().zip(&expected) {
                        // Values up to 21 lose their last bits before the mean is taken away, more in its sum.
                        let lost = 21.0 * f64::from(f32::EPSILON) * (4.0 + (rows as f64).sqrt());
                        let error = (f64::from(*y) - expected).abs();
                        prop_assert!(error < 4e-6 + lost * factor, "{}: {} for {}", path, y, expected);
                    }
                }
            }
        }
    }

    #[test]
    fn many_tasks_equal_one() {
        let (rows, c) = (3000, 32);
        let x = numbers::<f32>(2 * rows * c, 1);
        let (weight, bias) = (numbers::<f32>(c, 2), numbers::<f32>(c, 3));
        let groups = Groups {
            count: 8,
            weight: &weight,
            bias: &bias,
            eps: 1e-5,
        };
        // The definition is quadratic in the rows: a few of them, spread over all tasks, are compared.
        let n = (rows * 4) as f64;
        for path in Path::available() {
            let y = group_norm_silu_on(path, &x, rows, groups, None);
            for item in 0..2 {
                let x = &x[item * rows * c..][..rows * c];
                let members = || {
                    x.chunks(c)
                        .flat_map(|row| row[12..16].iter().map(|x| f64::from(*x)))
                };
                let mean = members().sum::<f64>() / n;
                let variance = members().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
                for row in (0..rows).step_by(37) {
                    let i = row * c + 13;
                    let v = (f64::from(x[i]) - mean) / (variance + 1e-5).sqrt();
                    let v = v * f64::from(weight[13]) + f64::from(bias[13]);
                    let expected = v / (1.0 + (-v).exp());
                    let ours = f64::from(y[item * rows * c + i]);
                    assert!(
                        (ours - expected).abs() < 2e-6,
                        "{path}: {ours} for {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn what_is_not_finite_stays_in_its_item_and_group() {
        let (rows, c) = (20, 12);
        let (weight, bias) = (vec![1.0; c], vec![0.0; c]);
        let groups = Groups {
            count: 3,
            weight: &weight,
            bias: &bias,
            eps: 1e-5,
        };
        for odd in [f32::NAN, f32::INFINITY] {
            let mut x = numbers::<f32>(2 * rows * c, 1);
            x[rows * c + 5] = odd;
            for path in Path::available() {
                let y = group_norm_silu_on(path, &x, rows, groups, None);
                for (i, y) in y.iter().enumerate() {
                    let with_it = i >= rows * c && (4..8).contains(&(i % c));
                    assert_eq!(y.is_nan(), with_it, "{path}, {odd}: {y} at {i}");
                }
            }
        }
    }
}
