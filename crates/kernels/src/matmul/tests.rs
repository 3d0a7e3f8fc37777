use half::bf16;
use proptest::prelude::*;

use super::*;
use crate::pack::{Packed, Plain};

/// The product by its definition, in f64, and the sum of the magnitudes that went into each value.
fn by_definition<T: Element>(x: &[T], w: &[T], k: usize) -> Vec<(f64, f64)> {
    let value = |x: &T| f64::from(x.to_f32());
    let mut out = Vec::new();
    for x in x.chunks(k) {
        for w in w.chunks(k) {
            let products = x.iter().zip(w).map(|(x, w)| value(x) * value(w));
            out.push((products.clone().sum(), products.map(f64::abs).sum()));
        }
    }
    out
}

pub fn numbers<T: Element>(n: usize, seed: u64) -> Vec<T> {
    let mut state = seed.wrapping_mul(2).wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        T::from_f32((state >> 40) as f32 / (1 << 23) as f32 - 1.0)
    };
    (0..n).map(|_| next()).collect()
}

fn check<T: Element>(m: usize, n: usize, k: usize, seed: u64) -> Result<(), TestCaseError> {
    let (x, w) = (numbers::<T>(m * k, seed), numbers::<T>(n * k, seed + 1));
    let packed = Packed::new(&w, n, k);
    let expected = by_definition(&x, &w, k.max(1));
    for path in Path::available() {
        let y: Vec<f32> = multiply_on(path, &Plain::new(&x, m, k), &packed, &Finish::default());
        prop_assert_eq!(y.len(), m * n);
        for (y, (exact, magnitude)) in y.iter().zip(&expected) {
            // Products of bf16 are exact in f32; each of the k sums rounds by at most half an ulp of
            // what has been summed.
            let tolerance = magnitude * f64::from(f32::EPSILON) * (4.0 + (k as f64).sqrt());
            let error = (f64::from(*y) - exact).abs();
            prop_assert!(error <= tolerance, "{path}: {error} > {tolerance}");
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn equals_its_definition(m in 1..60usize, n in 1..100usize, k in 1..700usize, seed in 0..1000u64) {
        check::<f32>(m, n, k, seed)?;
        check::<bf16>(m, n, k, seed)?;
    }
}

#[test]
fn many_blocks_equal_one() {
    check::<f32>(230, 300, 1030, 1).expect("equal");
    check::<bf16>(230, 300, 1030, 2).expect("equal");
}

#[test]
fn nothing_in_nothing_out() {
    for path in Path::available() {
        for (m, n, k) in [(0, 5, 7), (5, 0, 7), (3, 4, 0)] {
            let (x, w) = (numbers::<bf16>(m * k, 1), numbers::<bf16>(n * k, 2));
            let (x, w) = (Plain::new(&x, m, k), Packed::new(&w, n, k));
            let y: Vec<f32> = multiply_on(path, &x, &w, &Finish::default());
            assert_eq!(y, vec![0.0; m * n]);
        }
    }
}

#[test]
fn what_is_not_finite_stays_in_its_row_and_column() {
    let (m, n, k) = (14, 35, 19);
    for path in Path::available() {
        for odd in [f32::NAN, f32::INFINITY] {
            let mut x = numbers::<bf16>(m * k, 3);
            let w = numbers::<bf16>(n * k, 4);
            x[13 * k + 18] = Element::from_f32(odd);
            let (x, w) = (Plain::new(&x, m, k), Packed::new(&w, n, k));
            let y: Vec<f32> = multiply_on(path, &x, &w, &Finish::default());
            for (i, y) in y.iter().enumerate() {
                assert_eq!(y.is_finite(), i / n != 13, "{path}, {odd}");
            }
        }
    }
}

#[test]
fn what_is_not_finite_among_weights_stays_in_its_column() {
    let (m, n, k) = (14, 35, 19);
    let x = numbers::<f32>(m * k, 3);
    let x = Plain::new(&x, m, k);
    for odd in [f32::NAN, f32::INFINITY] {
        let mut w = numbers::<f32>(n * k, 4);
        w[33 * k + 18] = odd;
        let w = Packed::new(&w, n, k);
        for path in Path::available() {
            let y: Vec<f32> = multiply_on(path, &x, &w, &Finish::default());
            for (i, y) in y.iter().enumerate() {
                assert_eq!(y.is_finite(), i % n != 33, "{path}, {odd}");
            }
        }
    }
}

struct Alternating<'a>(&'a [f32], usize);

impl Gate for Alternating<'_> {
    fn row(&self, row: usize) -> &[f32] {
        &self.0[row % 2 * self.1..][..self.1]
    }
}

#[test]
fn a_finish_is_what_would_have_come_after() {
    let (m, n, k) = (29, 45, 33);
    let (x, w) = (numbers::<f32>(m * k, 5), numbers::<f32>(n * k, 6));
    let (x, w) = (Plain::new(&x, m, k), Packed::new(&w, n, k));
    let (bias, gates) = (numbers::<f32>(n, 7), numbers::<f32>(2 * n, 8));
    let residual = numbers::<f32>(m * n, 9);
    let gate = Alternating(&gates, n);
    let finish = Finish {
        bias: Some(&bias),
        activation: Activation::Gelu,
        residual: Some(Residual {
            x: &residual,
            gate: Some(&gate),
        }),
    };
    for path in Path::available() {
        let plain: Vec<f32> = multiply_on(path, &x, &w, &Finish::default());
        let finished: Vec<f32> = multiply_on(path, &x, &w, &finish);
        let rounded: Vec<bf16> = multiply_on(path, &x, &w, &finish);
        for (i, (y, finished)) in plain.iter().zip(&finished).enumerate() {
            let (row, column) = (i / n, i % n);
            let expected = residual[i] + gate.row(row)[column] * math::gelu(y + bias[column]);
            assert!((expected - finished).abs() < 1e-6, "{path}");
            assert_eq!(rounded[i], <bf16 as Element>::from_f32(*finished));
        }
    }
}
