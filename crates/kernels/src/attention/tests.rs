use half::bf16;
use proptest::prelude::*;

use super::*;
use crate::matmul::numbers;

/// The definition, in f64.
fn by_definition([q, k, v]: [&[f32]; 3], heads: Heads, bias: &Bias) -> Vec<f64> {
    let Heads {
        queries: n,
        keys: l,
        width: d,
        ..
    } = heads;
    let mut out = vec![0.0; q.len()];
    for (item, head, row) in (0..heads.batch)
        .flat_map(|b| (0..heads.heads).flat_map(move |h| (0..n).map(move |r| (b, h, r))))
    {
        let at = |x: &[f32], rows, row, c| {
            f64::from(x[(item * rows + row) * heads.row() + head * d + c])
        };
        let score = |key| {
            let product: f64 = (0..d).map(|c| at(q, n, row, c) * at(k, l, key, c)).sum();
            let pairs = bias.pairs.map_or(0.0, |b| b[(head * n + row) * l + key]);
            let keys = bias.keys.map_or(0.0, |b| b[item * l + key]);
            let queries = bias.queries.map_or(0.0, |b| b[(item * n + row) * l + key]);
            product * f64::from(heads.scale)
                + [pairs, keys, queries].map(f64::from).iter().sum::<f64>()
        };
        let scores: Vec<f64> = (0..l).map(score).collect();
        let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = scores.iter().map(|s| (s - largest).exp()).collect();
        let total: f64 = weights.iter().sum();
        for c in 0..d {
            let sum: f64 = (0..l).map(|key| weights[key] * at(v, l, key, c)).sum();
            out[(item * n + row) * heads.row() + head * d + c] = sum / total;
        }
    }
    out
}

fn error(ours: &[f32], exact: &[f64]) -> f64 {
    let square = |x: f64| x * x;
    let error: f64 = ours
        .iter()
        .zip(exact)
        .map(|(a, b)| square(f64::from(*a) - b))
        .sum();
    (error / exact.iter().map(|b| square(*b)).sum::<f64>()).sqrt()
}

fn check(heads: Heads, biased: [bool; 3], seed: u64) -> Result<(), TestCaseError> {
    let Heads {
        batch,
        queries: n,
        keys: l,
        ..
    } = heads;
    let size = |rows| batch * rows * heads.row();
    let (q, k) = (
        numbers::<f32>(size(n), seed),
        numbers::<f32>(size(l), seed + 1),
    );
    let v = numbers::<f32>(size(l), seed + 2);
    let pairs = numbers::<f32>(heads.heads * n * l, seed + 3);
    let mut keys = numbers::<f32>(batch * l, seed + 4);
    keys.iter_mut()
        .skip(1)
        .step_by(3)
        .for_each(|key| *key = -10_000.0);
    let queries = numbers::<f32>(batch * n * l, seed + 5);
    let bias = Bias {
        pairs: biased[0].then_some(&pairs),
        keys: biased[1].then_some(&keys),
        queries: biased[2].then_some(&queries),
    };
    let exact = by_definition([&q, &k, &v], heads, &bias);
    for path in Path::available() {
        let y: Vec<f32> = attention_on::<f32, _, _>(path, &q, [&k, &v], heads, &bias);
        prop_assert!(error(&y, &exact) < 5e-6, "{path}: {}", error(&y, &exact));
        // Factors and weights are rounded to 8 bits, and values of both signs cancel in the mean.
        let y: Vec<f32> = attention_on::<bf16, _, _>(path, &q, [&k, &v], heads, &bias);
        prop_assert!(error(&y, &exact) < 2e-2, "{path}: {}", error(&y, &exact));
        // Rounded before or on their way, keys and values are the same, and so is the result.
        let round = |x: &[f32]| -> Vec<bf16> {
            x.iter().map(|x| <bf16 as Element>::from_f32(*x)).collect()
        };
        let kv = [round(&k), round(&v)];
        let kv = [kv[0].as_slice(), &kv[1]];
        let rounded: Vec<bf16> = attention_on::<bf16, _, _>(path, &q, kv, heads, &bias);
        prop_assert!(rounded == round(&y), "{path}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn equals_its_definition(
        (batch, heads) in (1..3usize, 1..4usize),
        (queries, keys, width) in (1..120usize, 1..90usize, 1..80usize),
        biased in prop::array::uniform3(prop::bool::ANY),
        seed in 0..1000u64,
    ) {
        let scale = 1.0 / (width as f32).sqrt();
        check(Heads { batch, queries, keys, heads, width, scale }, biased, seed)?;
    }
}

#[test]
fn many_blocks_of_keys_equal_one() {
    for keys in [511, 512, 513, 1100] {
        let heads = Heads {
            batch: 1,
            queries: 100,
            keys,
            heads: 2,
            width: 64,
            scale: 0.125,
        };
        check(heads, [false, true, false], 7).expect("equal");
    }
}

#[test]
fn a_row_of_nothing_but_padding_attends_evenly() {
    let heads = Heads {
        batch: 1,
        queries: 5,
        keys: 700,
        heads: 1,
        width: 16,
        scale: 1.0,
    };
    let (q, k) = (numbers::<f32>(5 * 16, 1), numbers::<f32>(700 * 16, 2));
    let v = numbers::<f32>(700 * 16, 3);
    let keys = vec![f32::MIN; 700];
    let bias = Bias {
        keys: Some(&keys),
        ..Bias::default()
    };
    for path in Path::available() {
        let y: Vec<f32> = attention_on::<f32, _, _>(path, &q, [&k, &v], heads, &bias);
        for c in 0..16 {
            let mean = v.iter().skip(c).step_by(16).sum::<f32>() / 700.0;
            assert!(
                (0..5).all(|row| (y[row * 16 + c] - mean).abs() < 1e-5),
                "{path}"
            );
        }
    }
}

#[test]
fn keys_that_are_shut_out_leave_no_trace() {
    let heads = Heads {
        batch: 1,
        queries: 5,
        keys: 1300,
        heads: 1,
        width: 16,
        scale: 1.0,
    };
    let q = numbers::<f32>(5 * 16, 1);
    let (k, v) = (numbers::<f32>(1300 * 16, 2), numbers::<f32>(1300 * 16, 3));
    let mut keys = vec![0.0; 1300];
    keys[..1200].fill(f32::NEG_INFINITY);
    let bias = Bias {
        keys: Some(&keys),
        ..Bias::default()
    };
    for path in Path::available() {
        let y: Vec<f32> = attention_on::<f32, _, _>(path, &q, [&k, &v], heads, &bias);
        let few = Heads { keys: 100, ..heads };
        let rest = [&k[1200 * 16..], &v[1200 * 16..]];
        let none = Bias::default();
        let expected: Vec<f32> = attention_on::<f32, _, _>(path, &q, rest, few, &none);
        for (y, expected) in y.iter().zip(expected) {
            assert!((y - expected).abs() < 1e-5, "{path}");
        }
    }
}
