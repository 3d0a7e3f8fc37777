//! What single operations of the networks reach on this processor: the measure for whoever makes them faster.

use std::fmt;
use std::hint::black_box;
use std::time::Instant;

use crate::attention::{Bias, Heads, attention_on};
use crate::conv::{Frames, Patches, Window};
use crate::eight::Eight;
use crate::element::Element;
use crate::matmul::{Activation, Finish, Residual, multiply_on};
use crate::norm::{After, Norm, Pairs, norm_silu_on, normalise_on};
use crate::pack::{Packed, Plain, Weights};
use crate::path::Path;
use crate::winograd::{Place, Winograd};

/// An operation with its sizes.
#[derive(Debug, Clone, Copy)]
pub enum Op {
    /// Rows of `depth` values times weights of as many for each of the columns.
    Product {
        rows: usize,
        columns: usize,
        depth: usize,
        weights: Kept,
        then: Then,
    },
    /// 3 × 3 × 3, with zeros around each of the frames; along time two frames fewer come out than go in. On the way that
    /// the networks take: the short one where the picture is large enough.
    Convolution {
        frames: usize,
        size: [usize; 2],
        channels: [usize; 2],
    },
    Attention {
        batch: usize,
        queries: usize,
        keys: usize,
        heads: usize,
        width: usize,
    },
    /// Norm of each row, then a shift and a scale.
    Modulate { rows: usize, width: usize },
    /// Norm of each row, then a turn of each two neighbours.
    Rotate { rows: usize, width: usize },
    /// Norm of each row, a shift and a scale, then SiLU.
    Silu { rows: usize, width: usize },
}

/// How weights are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// As the product takes them.
    Full,
    /// In eight bits, see [`Eight`].
    Eight,
}

/// What follows a product in the same pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    Bias,
    Gelu,
    /// It is added to something of its size.
    Add,
}

impl Op {
    /// Additions and multiplications: of a convolution those of its definition, whichever way it goes.
    pub fn operations(&self) -> f64 {
        let count = match *self {
            Self::Product {
                rows,
                columns,
                depth,
                ..
            } => 2 * rows * columns * depth,
            Self::Convolution {
                frames,
                size: [h, w],
                channels: [c_in, c_out],
            } => 54 * (frames - 2) * h * w * c_in * c_out,
            Self::Attention {
                batch,
                queries,
                keys,
                heads,
                width,
            } => 4 * batch * queries * keys * heads * width,
            Self::Modulate { rows, width } => 6 * rows * width,
            Self::Rotate { rows, width } => 6 * rows * width,
            // The exponential counted as one.
            Self::Silu { rows, width } => 9 * rows * width,
        };
        count as f64
    }

    /// Bytes that must come and go at least: each input and weight once, and each result; products of `T`.
    pub fn bytes<T: Element>(&self) -> f64 {
        let (value, float) = (size_of::<T>(), size_of::<f32>());
        let count = match *self {
            Self::Product {
                rows,
                columns,
                depth,
                weights,
                then,
            } => {
                let weight = if weights == Kept::Eight { 1 } else { value };
                let added = usize::from(then == Then::Add) * rows * columns;
                (rows * depth) * value + depth * columns * weight + (rows * columns + added) * float
            }
            Self::Convolution {
                frames,
                size: [h, w],
                channels: [c_in, c_out],
            } => {
                let weights = 27 * c_in * c_out * value;
                weights + h * w * (frames * c_in * value + (frames - 2) * c_out * float)
            }
            Self::Attention {
                batch,
                queries,
                keys,
                heads,
                width,
            } => batch * heads * width * (queries * (float + value) + 2 * keys * value),
            Self::Modulate { rows, width } | Self::Rotate { rows, width } => {
                rows * width * (float + value)
            }
            Self::Silu { rows, width } => rows * width * (float + value),
        };
        count as f64
    }

    /// Seconds of one run by all threads, with products of `T`: the best of several, as for
    /// [`peak`](crate::peak), after one that is not counted.
    pub fn seconds<T: Element>(&self, path: Path) -> f64 {
        match *self {
            Self::Product {
                rows,
                columns,
                depth,
                weights,
                then,
            } => {
                let x = vec![T::from_f32(0.5); rows * depth];
                let x = Plain::new(&x, rows, depth);
                let (bias, onto) = (vec![1.0; columns], vec![1.0; rows * columns]);
                let finish = Finish {
                    bias: Some(&bias),
                    activation: match then {
                        Then::Gelu => Activation::Gelu,
                        _ => Activation::None,
                    },
                    residual: (then == Then::Add).then_some(Residual {
                        x: &onto,
                        gate: None,
                    }),
                };
                let weights: Box<dyn Weights<T>> = match weights {
                    Kept::Full => {
                        let values = vec![T::from_f32(0.25); columns * depth];
                        Box::new(Packed::new(&values, columns, depth))
                    }
                    Kept::Eight => {
                        let values = vec![2; columns * depth];
                        Box::new(Eight::new(&values, &vec![0.125; columns], depth))
                    }
                };
                best(|| multiply_on::<T, f32>(path, &x, weights.as_ref(), &finish))
            }
            Self::Convolution {
                frames,
                size: [h, w],
                channels: [c_in, c_out],
            } => {
                let video = vec![T::from_f32(0.5); frames * h * w * c_in];
                let video = Frames::new(&video, 1, [frames, h, w], c_in);
                let weights = vec![T::from_f32(0.25); 27 * c_in * c_out];
                let weights = Packed::transposed(&weights, c_out, 27 * c_in);
                let bias = vec![1.0; c_out];
                let finish = Finish {
                    bias: Some(&bias),
                    ..Finish::default()
                };
                if Winograd::gains(h, w) && Winograd::takes(c_in) {
                    let short = Winograd::new(&weights, 3, c_in);
                    let run = || short.convolve::<T, f32>(path, &video, &finish, Place::Pixels);
                    return best(run);
                }
                let window = Window {
                    kernel: [3; 3],
                    stride: [1; 3],
                    padding: [0, 1, 1],
                };
                let patches = Patches::new(&video, window);
                best(|| multiply_on::<T, f32>(path, &patches, &weights, &finish))
            }
            Self::Attention {
                batch,
                queries,
                keys,
                heads,
                width,
            } => {
                let row = heads * width;
                let q = vec![0.5; batch * queries * row];
                let k = vec![T::from_f32(0.25); batch * keys * row];
                let heads = Heads {
                    batch,
                    queries,
                    keys,
                    heads,
                    width,
                    scale: 0.125,
                };
                best(|| attention_on::<T, T, T>(path, &q, [&k, &k], heads, &Bias::default()))
            }
            Self::Modulate { rows, width } => {
                let (x, pairs) = (vec![0.5; rows * width], Same(vec![0.5; width]));
                let after = After::Modulate(&pairs);
                best(|| normalise_on::<T>(path, &x, width, Norm::Rms(None), 1e-6, after))
            }
            Self::Rotate { rows, width } => {
                let (x, pairs) = (vec![0.5; rows * width], Same(vec![0.5; width / 2]));
                let after = After::Rotate(&pairs);
                best(|| normalise_on::<T>(path, &x, width, Norm::Rms(None), 1e-6, after))
            }
            Self::Silu { rows, width } => {
                let (x, modulation) = (vec![0.5f32; rows * width], vec![0.1; 2 * width]);
                best(|| norm_silu_on::<f32, T>(path, &x, &modulation, width, 1e-8))
            }
        }
    }
}

/// The operation, and its sizes.
impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Product {
                rows,
                columns,
                depth,
                weights,
                then,
            } => {
                let weights = match weights {
                    Kept::Full => "",
                    Kept::Eight => ", weights in 8 bits",
                };
                let then = match then {
                    Then::Bias => "",
                    Then::Gelu => ", GELU",
                    Then::Add => ", added",
                };
                write!(f, "product {rows} x {columns} x {depth}{weights}{then}")
            }
            Self::Convolution {
                frames,
                size: [h, w],
                channels: [c_in, c_out],
            } => write!(f, "convolution {c_in} to {c_out}, {frames} x {h} x {w}"),
            Self::Attention {
                batch,
                queries,
                keys,
                heads,
                width,
            } => write!(
                f,
                "attention {batch} x {queries} to {keys}, {heads} x {width}"
            ),
            Self::Modulate { rows, width } => write!(f, "norm, modulation {rows} x {width}"),
            Self::Rotate { rows, width } => write!(f, "norm, rotation {rows} x {width}"),
            Self::Silu { rows, width } => write!(f, "norm, modulation, SiLU {rows} x {width}"),
        }
    }
}

/// The same vector for each row, twice.
struct Same(Vec<f32>);

impl Pairs for Same {
    fn of(&self, _: usize) -> [&[f32]; 2] {
        [&self.0, &self.0]
    }
}

fn best<O>(run: impl Fn() -> Vec<O>) -> f64 {
    /// Long enough for the clock, short enough for a table of them.
    const ENOUGH: f64 = 0.3;
    let timed = || {
        let begun = Instant::now();
        black_box(run());
        begun.elapsed().as_secs_f64()
    };
    let rounds = (ENOUGH / timed().max(1e-6)).clamp(5.0, 200.0) as usize;
    (0..rounds).map(|_| timed()).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use half::bf16;

    use super::*;

    fn check<T: Element>(op: Op) {
        let numbers = [
            op.operations(),
            op.bytes::<T>(),
            op.seconds::<T>(Path::best()),
        ];
        let sound = |x: &f64| x.is_finite() && *x > 0.0;
        assert!(numbers.iter().all(sound), "{op}: {numbers:?}");
    }

    #[test]
    fn every_operation_can_be_measured() {
        let mut ops = vec![
            Op::Convolution {
                frames: 3,
                size: [5, 7],
                channels: [16, 8],
            },
            Op::Convolution {
                frames: 3,
                size: [32, 32],
                channels: [16, 8],
            },
            Op::Attention {
                batch: 2,
                queries: 9,
                keys: 5,
                heads: 2,
                width: 8,
            },
            Op::Modulate { rows: 3, width: 8 },
            Op::Rotate { rows: 3, width: 8 },
            Op::Silu { rows: 3, width: 8 },
        ];
        for weights in [Kept::Full, Kept::Eight] {
            ops.extend([Then::Bias, Then::Gelu, Then::Add].map(|then| Op::Product {
                rows: 5,
                columns: 33,
                depth: 7,
                weights,
                then,
            }));
        }
        for op in ops {
            check::<f32>(op);
            check::<bf16>(op);
        }
    }

    #[test]
    fn operations_are_those_of_the_definition() {
        let product = Op::Product {
            rows: 2,
            columns: 3,
            depth: 5,
            weights: Kept::Eight,
            then: Then::Add,
        };
        assert_eq!(product.operations(), 60.0);
        assert_eq!(product.bytes::<f32>(), (40 + 15 + 24 + 24) as f64);
        let convolution = Op::Convolution {
            frames: 4,
            size: [2, 3],
            channels: [5, 7],
        };
        assert_eq!(convolution.operations(), (2 * 27 * 2 * 6 * 35) as f64);
    }
}
