use half::bf16;
use proptest::prelude::*;

use super::*;
use crate::conv::{Frames, Patches, Window};
use crate::matmul::{Residual, multiply_on, numbers};

/// Some video, its weights, and what they come to as a product of gathered rows.
struct Case {
    frames: usize,
    size: [usize; 2],
    c_in: usize,
    c_out: usize,
    taps: usize,
}

impl Case {
    fn check<T: Element>(&self, seed: u64) -> Result<(), TestCaseError>
    where
        for<'a> Patches<'a, T>: crate::Rows<T>,
    {
        let Self {
            frames,
            size: [h, w],
            c_in,
            c_out,
            taps,
        } = *self;
        let (b, pixels) = (2, h * w);
        let video = numbers::<T>(b * frames * pixels * c_in, seed);
        let weights = numbers::<T>(c_out * taps * 9 * c_in, seed + 1);
        let packed = Packed::new(&weights, c_out, taps * 9 * c_in);
        let bias = numbers::<f32>(c_out, seed + 2);
        let t_out = frames + 1 - taps;
        let residual = numbers::<f32>(b * t_out * pixels * c_out, seed + 3);
        let finish = Finish {
            bias: Some(&bias),
            residual: Some(Residual {
                x: &residual,
                gate: None,
            }),
            ..Finish::default()
        };
        let window = Window {
            kernel: [taps, 3, 3],
            stride: [1; 3],
            padding: [0, 1, 1],
        };
        let video = Frames::new(&video, b, [frames, h, w], c_in);
        let patches = Patches::new(&video, window);
        let expected: Vec<f32> = multiply_on(Path::best(), &patches, &packed, &finish);
        let winograd = Winograd::new(&packed, taps, c_in);
        // The error of a sum, over what its terms are: uniform in −1…1, of variance a third each.
        let scale = f64::from((taps * 9 * c_in) as u32).sqrt() / 3.0;
        for path in Path::available() {
            let y: Vec<f32> = winograd.convolve(path, &video, &finish, Place::Pixels);
            prop_assert_eq!(y.len(), expected.len());
            let errors = y.iter().zip(&expected).map(|(y, e)| f64::from(y - e));
            let error = errors.map(|e| e * e).sum::<f64>() / (y.len() as f64);
            prop_assert!(
                error.sqrt() <= 3e-6 * scale,
                "{path}: {:e}",
                error.sqrt() / scale
            );
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn equals_the_product_of_gathered_rows(
        more in 0..5usize,
        size in prop::array::uniform2(1..15usize),
        c_in in 1..3usize,
        c_out in 1..70usize,
        taps in 1..4usize,
        seed in 0..1000u64,
    ) {
        let case = Case { frames: taps + more, size, c_in: c_in * LANES, c_out, taps };
        case.check::<f32>(seed)?;
        case.check::<bf16>(seed)?;
    }
}

#[test]
fn many_blocks_equal_one() {
    let case = Case {
        frames: 13,
        size: [21, 30],
        c_in: 128,
        c_out: 40,
        taps: 3,
    };
    case.check::<f32>(5).expect("equal");
}

#[test]
fn cells_are_the_same_numbers_elsewhere() {
    let (t, h, w, c, width) = (3, 5, 6, 16, 16);
    let video = numbers::<f32>(t * h * w * c, 1);
    let weights = numbers::<f32>(8 * width * 9 * c, 2);
    let winograd = Winograd::new(&Packed::new(&weights, 8 * width, 9 * c), 1, c);
    let video = Frames::new(&video, 1, [t, h, w], c);
    let convolve =
        |place| -> Vec<f32> { winograd.convolve(Path::best(), &video, &Finish::default(), place) };
    let (pixels, cells) = (convolve(Place::Pixels), convolve(Place::Cells));
    for (i, value) in pixels.iter().enumerate() {
        let (channel, cell, pixel) = (i % width, i / width % 8, i / (8 * width));
        let (x, y, t) = (pixel % w, pixel / w % h, pixel / (w * h));
        let (x, y, t) = (2 * x + cell % 2, 2 * y + cell / 2 % 2, 2 * t + cell / 4);
        assert_eq!(
            cells[((t * 2 * h + y) * 2 * w + x) * width + channel],
            *value
        );
    }
}

/// A video of two clips of 6 frames of 13 × 18 pixels with 16 channels, convolved over 3 frames to 40 channels, directly
/// and by the short way, on each path; with `odd` in a pixel of clip 1.
fn with_one(odd: f32, [t, y, x]: [usize; 3]) -> Vec<(Path, Vec<f32>, Vec<f32>)> {
    let (frames, h, w, c_in, c_out) = (6, 13, 18, 16, 40);
    let mut video = numbers::<f32>(2 * frames * h * w * c_in, 1);
    video[(((frames + t) * h + y) * w + x) * c_in + 3] = odd;
    let weights = Packed::new(&numbers::<f32>(c_out * 27 * c_in, 2), c_out, 27 * c_in);
    let video = Frames::new(&video, 2, [frames, h, w], c_in);
    let window = Window {
        kernel: [3; 3],
        stride: [1; 3],
        padding: [0, 1, 1],
    };
    let (winograd, finish) = (Winograd::new(&weights, 3, c_in), Finish::default());
    let on = |path| {
        let direct = multiply_on(path, &Patches::new(&video, window), &weights, &finish);
        let short = winograd.convolve(path, &video, &finish, Place::Pixels);
        (path, direct, short)
    };
    Path::available().into_iter().map(on).collect()
}

#[test]
fn what_is_not_finite_spreads_no_farther_than_its_patches() {
    let place = |i: usize| [i / 40 / 18 / 13 % 4, i / 40 / 18 % 13, i / 40 % 18];
    for at in [[0, 0, 0], [2, 4, 7], [3, 6, 8], [5, 12, 17]] {
        for odd in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let clean = with_one(0.5, at);
            for ((path, direct, short), (_, _, clean)) in with_one(odd, at).iter().zip(&clean) {
                for (i, (direct, short)) in direct.iter().zip(short).enumerate() {
                    let [t, y, x] = place(i);
                    let clip = i / (40 * 18 * 13 * 4);
                    let under = clip == 1 && (t..t + 3).contains(&at[0]);
                    // A patch begins a pixel before its 4 × 4 outputs and ends one after them.
                    let patch = |o: usize, at: usize| {
                        (o / SIDE * SIDE..=o / SIDE * SIDE + 5).contains(&(at + 1))
                    };
                    let in_patch = under && patch(y, at[1]) && patch(x, at[2]);
                    if !direct.is_finite() {
                        assert!(!short.is_finite(), "{path}: {short} hides {odd} at {i}");
                    }
                    if !in_patch {
                        assert_eq!(short.to_bits(), clean[i].to_bits(), "{path}: {odd} at {i}");
                    }
                }
            }
        }
    }
}

#[test]
fn nothing_in_nothing_out() {
    let weights = Packed::new(&numbers::<f32>(40 * 27 * 16, 2), 40, 27 * 16);
    let winograd = Winograd::new(&weights, 3, 16);
    let none = Winograd::new(&Packed::<f32>::new(&[], 0, 27 * 16), 3, 16);
    for path in Path::available() {
        // No clips, too few frames for the kernel, pictures without pixels, no channels to compute.
        for (b, size, winograd) in [
            (0, [4, 5, 6], &winograd),
            (2, [2, 5, 6], &winograd),
            (2, [0, 5, 6], &winograd),
            (2, [4, 0, 6], &winograd),
            (2, [4, 5, 0], &winograd),
            (2, [4, 5, 6], &none),
        ] {
            let video = numbers::<f32>(b * size.iter().product::<usize>() * 16, 1);
            let video = Frames::new(&video, b, size, 16);
            let y: Vec<f32> = winograd.convolve(path, &video, &Finish::default(), Place::Pixels);
            assert!(y.is_empty(), "{path}: {b} of {size:?}");
        }
    }
}

#[test]
fn pictures_that_fill_their_tiles_gain() {
    for gains in [[16, 16], [16, 28], [24, 40], [96, 160]] {
        assert!(Winograd::gains(gains[0], gains[1]), "{gains:?}");
    }
    for loses in [[0, 9], [4, 7], [8, 14], [12, 20], [2, 300]] {
        assert!(!Winograd::gains(loses[0], loses[1]), "{loses:?}");
    }
}
