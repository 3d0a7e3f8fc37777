//! What is low: bushes, stones, grass, flowers, coral.

use std::f32::consts::TAU;

use crate::canvas::lerp;
use crate::rng;
use crate::solid::math::{V3, add, mul, sub};
use crate::solid::places::Plant;
use crate::solid::puppet::Body;

/// Adds one, a metre tall; nothing for what is no such plant.
pub fn grow(b: &mut Body, plant: Plant, seed: u64) {
    let own = |k: i64| rng::unit(seed, 500 + k);
    let vary = |c: V3| mul(c, lerp(0.85, 1.15, own(90)));
    match plant {
        Plant::Bush => {
            let green = vary([0.26, 0.42, 0.18]);
            for i in 0..4 {
                let at = [
                    lerp(-0.4, 0.4, own(i)),
                    lerp(0.3, 0.55, own(10 + i)),
                    lerp(-0.4, 0.4, own(20 + i)),
                ];
                let s = lerp(0.35, 0.5, own(30 + i));
                b.lump(
                    at,
                    [[s, 0.0, 0.0], [0.0, s * 0.85, 0.0], [0.0, 0.0, s]],
                    green,
                    5,
                    0.3,
                    seed + i as u64,
                );
            }
        }
        Plant::Rock | Plant::RedRock | Plant::Ice => {
            let tone = match plant {
                Plant::RedRock => vary([0.70, 0.40, 0.26]),
                Plant::Ice => vary([0.78, 0.90, 0.98]),
                _ => vary([0.52, 0.50, 0.47]),
            };
            let wide = if plant == Plant::Rock { 0.8 } else { 0.55 };
            b.lump(
                [0.0, 0.35, 0.0],
                [[wide, 0.0, 0.0], [0.0, 0.62, 0.0], [0.0, 0.0, wide * 0.8]],
                tone,
                5,
                0.5,
                seed,
            );
        }
        Plant::Grass | Plant::DryGrass | Plant::Reed | Plant::Weed => {
            let (root, tip) = match plant {
                Plant::DryGrass => ([0.52, 0.44, 0.22], [0.86, 0.76, 0.46]),
                Plant::Weed => ([0.08, 0.30, 0.20], [0.26, 0.60, 0.30]),
                _ => ([0.18, 0.32, 0.10], [0.46, 0.62, 0.24]),
            };
            let blades = if plant == Plant::Reed { 12 } else { 9 };
            let spread = if plant == Plant::Weed { 0.12 } else { 0.35 };
            for i in 0..blades {
                let turn = own(i) * TAU;
                let (s, c) = turn.sin_cos();
                let r = spread * own(20 + i);
                let foot = [r * c, 0.0, r * s];
                let top = [
                    foot[0] + 0.25 * c * own(40 + i),
                    lerp(0.6, 1.0, own(60 + i)),
                    foot[2] + 0.25 * s * own(40 + i),
                ];
                let w = if plant == Plant::Weed { 0.05 } else { 0.028 };
                let side = [-s * w, 0.0, c * w];
                b.plate(
                    [sub(foot, side), top, top, add(foot, side)],
                    [0.0, 1.0, 0.0],
                    [root, tip, tip, root],
                );
            }
            if plant == Plant::Reed {
                for i in 0..2 {
                    let x = 0.2 * (own(80 + i) - 0.5);
                    b.tube(
                        &[
                            ([x, 0.7, x], 0.03, [0.36, 0.22, 0.12]),
                            ([x, 0.95, x], 0.03, [0.36, 0.22, 0.12]),
                        ],
                        4,
                    );
                }
            }
        }
        Plant::Flowers => {
            let petals: [V3; 5] = [
                [0.92, 0.20, 0.24],
                [0.98, 0.85, 0.22],
                [0.95, 0.95, 0.95],
                [0.62, 0.36, 0.86],
                [0.98, 0.56, 0.72],
            ];
            for i in 0..5 {
                let at = [own(i) - 0.5, 0.0, own(10 + i) - 0.5];
                let top = [at[0], lerp(0.7, 1.0, own(20 + i)), at[2]];
                b.plate(
                    [
                        sub(at, [0.02, 0.0, 0.0]),
                        top,
                        top,
                        add(at, [0.02, 0.0, 0.0]),
                    ],
                    [0.0, 1.0, 0.0],
                    [[0.24, 0.46, 0.16]; 4],
                );
                let petal = petals[(own(30) * 5.0) as usize % 5];
                b.ball(top, [0.13, 0.09, 0.13], petal, 3);
                b.ball(
                    add(top, [0.0, 0.06, -0.06]),
                    [0.05; 3],
                    [0.95, 0.75, 0.20],
                    3,
                );
            }
        }
        Plant::Coral => {
            let tones: [V3; 4] = [
                [0.95, 0.42, 0.40],
                [0.95, 0.66, 0.30],
                [0.78, 0.40, 0.80],
                [0.95, 0.80, 0.70],
            ];
            let tone = tones[(own(1) * 4.0) as usize % 4];
            for i in 0..6 {
                let turn = i as f32 * 1.05 + own(2);
                let (s, c) = turn.sin_cos();
                let top = [
                    0.4 * c * own(10 + i),
                    lerp(0.6, 1.0, own(20 + i)),
                    0.4 * s * own(10 + i),
                ];
                b.tube(
                    &[
                        ([0.0; 3], 0.10, mul(tone, 0.7)),
                        (mul(top, 0.6), 0.08, tone),
                        (top, 0.05, mul(tone, 1.1)),
                    ],
                    5,
                );
                b.ball(top, [0.07; 3], mul(tone, 1.15), 3);
            }
        }
        _ => {}
    }
}
