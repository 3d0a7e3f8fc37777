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

/// 2 clips of 3 heads of 20 channels; 30 queries, 45 keys.
const ODD: Heads = Heads {
    batch: 2,
    queries: 30,
    keys: 45,
    heads: 3,
    width: 20,
    scale: 0.2,
};

/// The result with one of queries, keys and values changed, on each path and in both types.
fn with_one(which: usize, at: usize, value: f32) -> Vec<(Path, Vec<f32>)> {
    let mut all = [(ODD.queries, 1), (ODD.keys, 2), (ODD.keys, 3)]
        .map(|(rows, seed)| numbers::<f32>(ODD.batch * rows * ODD.row(), seed));
    all[which][at] = value;
    let [q, k, v] = &all;
    let kv = [k.as_slice(), v];
    let on = |path| {
        [
            attention_on::<f32, _, f32>(path, q, kv, ODD, &Bias::default()),
            attention_on::<bf16, _, f32>(path, q, kv, ODD, &Bias::default()),
        ]
        .map(|y| (path, y))
    };
    Path::available().into_iter().flat_map(on).collect()
}

#[test]
fn what_is_not_finite_stays_where_it_belongs() {
    let place = |i: usize, rows: usize| {
        let (row, channel) = (i / ODD.row(), i % ODD.row());
        (
            row / rows,
            row % rows,
            channel / ODD.width,
            channel % ODD.width,
        )
    };
    // In clip 1: channel 7 of head 2.
    let channel = 2 * ODD.width + 7;
    for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let at = |rows: usize, row: usize| (rows + row) * ODD.row() + channel;
        for (path, y) in with_one(0, at(ODD.queries, 29), odd) {
            for (i, y) in y.iter().enumerate() {
                let (clip, query, head, _) = place(i, ODD.queries);
                let with_it = (clip, query, head) == (1, 29, 2);
                assert_eq!(
                    !y.is_finite(),
                    with_it,
                    "{path}: a query's {odd}, {y} at {i}"
                );
            }
        }
        for (path, y) in with_one(1, at(ODD.keys, 44), odd) {
            for (i, y) in y.iter().enumerate() {
                let (clip, _, head, _) = place(i, ODD.queries);
                if (clip, head) != (1, 2) {
                    assert!(y.is_finite(), "{path}: a key's {odd}, {y} at {i}");
                } else if odd.is_nan() {
                    assert!(y.is_nan(), "{path}: {y} at {i} has not seen a key's NaN");
                }
            }
        }
        for (path, y) in with_one(2, at(ODD.keys, 44), odd) {
            for (i, y) in y.iter().enumerate() {
                let (clip, _, head, channel) = place(i, ODD.queries);
                let with_it = (clip, head, channel) == (1, 2, 7);
                assert_eq!(
                    !y.is_finite(),
                    with_it,
                    "{path}: a value's {odd}, {y} at {i}"
                );
            }
        }
    }
}

#[test]
fn who_has_no_keys_gets_zeros() {
    let q = numbers::<f32>(ODD.batch * ODD.queries * ODD.row(), 1);
    let none = Heads { keys: 0, ..ODD };
    let kv = numbers::<f32>(ODD.batch * ODD.keys * ODD.row(), 2);
    // One query of each clip sees no key, for −∞ is added to all its scores.
    let mut queries = vec![0.0; ODD.batch * ODD.queries * ODD.keys];
    for clip in queries.chunks_mut(ODD.queries * ODD.keys) {
        clip[13 * ODD.keys..14 * ODD.keys].fill(f32::NEG_INFINITY);
    }
    let bias = Bias {
        queries: Some(&queries),
        ..Bias::default()
    };
    for path in Path::available() {
        let y: Vec<f32> = attention_on::<f32, f32, _>(path, &q, [&[], &[]], none, &Bias::default());
        assert_eq!(y, vec![0.0; q.len()], "{path}");
        let y: Vec<f32> = attention_on::<bf16, f32, _>(path, &q, [&kv, &kv], ODD, &bias);
        for (i, row) in y.chunks(ODD.row()).enumerate() {
            let empty = i % ODD.queries == 13;
            assert_eq!(row.iter().all(|y| *y == 0.0), empty, "{path}: row {i}");
        }
    }
}

#[test]
fn nothing_in_nothing_out() {
    for path in Path::available() {
        for none in [
            Heads { batch: 0, ..ODD },
            Heads { queries: 0, ..ODD },
            Heads { heads: 0, ..ODD },
            Heads { width: 0, ..ODD },
        ] {
            let q = numbers::<f32>(none.batch * none.queries * none.row(), 1);
            let kv = numbers::<f32>(none.batch * none.keys * none.row(), 2);
            let kv = [kv.as_slice(), &kv];
            let y: Vec<f32> = attention_on::<bf16, _, _>(path, &q, kv, none, &Bias::default());
            assert!(y.is_empty(), "{path}: {none:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn paths_agree(
        (queries, keys, width) in (1..60usize, 1..600usize, 1..70usize), seed in 0..1000u64,
    ) {
        let heads = Heads { batch: 1, queries, keys, heads: 2, width, scale: 0.3 };
        let [q, k, v] = [(queries, 1), (keys, 2), (keys, 3)]
            .map(|(rows, more)| numbers::<f32>(rows * heads.row(), seed + more));
        let paths = Path::available().into_iter();
        let mut all = paths.map(|path| {
            let y = attention_on::<f32, f32, f32>(path, &q, [&k, &v], heads, &Bias::default());
            (path, y)
        });
        let (_, twin) = all.next().expect("there is a portable one");
        let twin: Vec<f64> = twin.into_iter().map(f64::from).collect();
        for (path, y) in all {
            prop_assert!(error(&y, &twin) < 5e-6, "{path}: {}", error(&y, &twin));
        }
    }
}
