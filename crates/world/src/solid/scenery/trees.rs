//! Trees, palms and cacti.

use crate::canvas::{lerp, mix};
use crate::rng;
use crate::solid::math::{V3, add, mul, sub, unit};
use crate::solid::places::Plant;
use crate::solid::puppet::Body;

/// Adds one, a metre tall; nothing for what is no tree.
pub fn grow(b: &mut Body, plant: Plant, seed: u64) {
    let own = |k: i64| rng::unit(seed, 500 + k);
    let bark = [0.36, 0.26, 0.18];
    let vary = |c: V3| mul(c, lerp(0.85, 1.15, own(90)));
    match plant {
        Plant::Fir | Plant::Snowy => {
            b.tube(&[([0.0; 3], 0.035, bark), ([0.0, 0.3, 0.0], 0.03, bark)], 5);
            let green = vary([0.16, 0.34, 0.20]);
            for i in 0..4 {
                let t = i as f32 / 4.0;
                let (low, r) = (0.14 + 0.2 * t, lerp(0.24, 0.10, t));
                let white = if plant == Plant::Snowy { 0.65 } else { 0.0 };
                let top = mix(mul(green, 1.15), [0.93, 0.95, 0.98], white);
                b.tube(
                    &[
                        ([0.0, low, 0.0], r, mul(green, 0.75)),
                        ([0.0, low + 0.32, 0.0], 0.004, top),
                    ],
                    8,
                );
            }
        }
        Plant::Leafy | Plant::Autumn | Plant::Jungle => {
            let tones: [V3; 3] = match plant {
                Plant::Autumn => [[0.85, 0.45, 0.12], [0.80, 0.26, 0.10], [0.92, 0.68, 0.18]],
                Plant::Jungle => [[0.14, 0.40, 0.16], [0.20, 0.46, 0.14], [0.10, 0.32, 0.16]],
                _ => [[0.28, 0.48, 0.18], [0.34, 0.52, 0.20], [0.24, 0.42, 0.20]],
            };
            let green = vary(tones[(own(1) * 3.0) as usize % 3]);
            let crown = if plant == Plant::Jungle { 0.62 } else { 0.42 };
            b.tube(
                &[
                    ([0.0; 3], 0.045, bark),
                    ([0.01, crown, 0.0], 0.03, bark),
                    ([0.03, 0.75, 0.02], 0.01, bark),
                ],
                5,
            );
            for i in 0..5 {
                let turn = i as f32 * 1.2566 + own(2);
                let r = if i == 4 {
                    0.0
                } else {
                    lerp(0.12, 0.18, own(10 + i))
                };
                let y = if i == 4 {
                    0.82
                } else {
                    lerp(crown + 0.08, 0.78, own(20 + i))
                };
                let s = lerp(0.15, 0.21, own(30 + i));
                let at = [r * turn.cos(), y, r * turn.sin()];
                b.lump(
                    at,
                    [[s, 0.0, 0.0], [0.0, s * 0.85, 0.0], [0.0, 0.0, s]],
                    green,
                    5,
                    0.28,
                    seed + i as u64,
                );
            }
        }
        Plant::Palm => {
            let lean = lerp(-0.12, 0.12, own(1));
            let path: Vec<_> = (0..=5)
                .map(|i| {
                    let t = i as f32 / 5.0;
                    (
                        [lean * t * t, 0.82 * t, 0.0],
                        lerp(0.026, 0.017, t),
                        vary([0.50, 0.40, 0.28]),
                    )
                })
                .collect();
            b.tube(&path, 5);
            let top = [lean, 0.82, 0.0];
            for i in 0..9 {
                let turn = i as f32 * 0.698 + own(3);
                let (s, c) = turn.sin_cos();
                let green = mix([0.20, 0.46, 0.16], [0.36, 0.56, 0.20], own(40 + i));
                let side = [-s * 0.04, 0.0, c * 0.04];
                let out = |r: f32, y: f32| add(top, [c * r, y, s * r]);
                let (mid, end) = (out(0.17, 0.10), out(0.36, -0.10 - 0.06 * own(60 + i)));
                b.plate(
                    [
                        sub(top, mul(side, 0.4)),
                        sub(mid, side),
                        add(mid, side),
                        add(top, mul(side, 0.4)),
                    ],
                    [0.0, 1.0, 0.0],
                    [green; 4],
                );
                b.plate(
                    [sub(mid, side), end, end, add(mid, side)],
                    unit([c * 0.5, 0.8, s * 0.5]),
                    [mul(green, 0.85); 4],
                );
            }
        }
        Plant::Acacia => {
            b.tube(
                &[([0.0; 3], 0.035, bark), ([0.02, 0.5, 0.0], 0.026, bark)],
                5,
            );
            for i in 0..4 {
                let turn = i as f32 * 1.57 + own(1);
                let at = [
                    0.26 * turn.cos(),
                    0.84 + 0.05 * own(4 + i),
                    0.26 * turn.sin(),
                ];
                b.tube(&[([0.02, 0.48, 0.0], 0.02, bark), (at, 0.01, bark)], 4);
                let green = vary([0.42, 0.48, 0.20]);
                b.lump(
                    at,
                    [[0.30, 0.0, 0.0], [0.0, 0.085, 0.0], [0.0, 0.0, 0.30]],
                    green,
                    5,
                    0.3,
                    seed + i as u64,
                );
            }
        }
        Plant::Cactus => {
            let green = vary([0.30, 0.48, 0.24]);
            let trunk = [
                ([0.0; 3], 0.09, green),
                ([0.0, 0.5, 0.0], 0.10, green),
                ([0.0, 0.93, 0.0], 0.085, green),
                ([0.0, 1.0, 0.0], 0.01, green),
            ];
            b.tube(&trunk, 8);
            for (side, y) in [
                (-1.0, lerp(0.35, 0.5, own(1))),
                (1.0, lerp(0.45, 0.6, own(2))),
            ] {
                let arm = [
                    ([0.0, y, 0.0], 0.05, green),
                    ([side * 0.2, y + 0.02, 0.0], 0.055, green),
                    ([side * 0.24, y + 0.10, 0.0], 0.055, green),
                    ([side * 0.24, y + 0.30, 0.0], 0.05, green),
                    ([side * 0.24, y + 0.34, 0.0], 0.005, green),
                ];
                b.tube(&arm, 6);
            }
        }
        _ => {}
    }
}
