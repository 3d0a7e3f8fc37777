//! Fire.

use std::f32::consts::TAU;

use super::State;
use crate::canvas::lerp;
use crate::rng;
use crate::solid::math::{V3, mul};
use crate::solid::puppet::Body;

pub fn campfire(b: &mut Body, state: &State) {
    for k in 0..9 {
        let (s, c) = (TAU * k as f32 / 9.0).sin_cos();
        let tone = mul(
            [0.60, 0.58, 0.54],
            lerp(0.7, 1.05, rng::unit(state.seed, 80 + k)),
        );
        b.lump(
            [0.46 * c, 0.05, 0.46 * s],
            [[0.12, 0.0, 0.0], [0.0, 0.09, 0.0], [0.0, 0.0, 0.12]],
            tone,
            4,
            0.4,
            11 + k as u64,
        );
    }
    for k in 0..5 {
        let (s, c) = (TAU * k as f32 / 5.0 + 0.4).sin_cos();
        let bark = [0.26, 0.17, 0.11];
        b.tube(
            &[
                ([0.38 * c, 0.04, 0.38 * s], 0.05, bark),
                ([-0.05 * c, 0.32, -0.05 * s], 0.04, mul(bark, 0.6)),
            ],
            6,
        );
    }
    b.shines();
    for k in 0..7 {
        let (s, c) = (TAU * k as f32 / 6.0).sin_cos();
        let r = if k == 6 { 0.0 } else { 0.17 };
        let tall = if k == 6 {
            0.85
        } else {
            lerp(0.42, 0.62, rng::unit(state.seed, 90 + k))
        };
        flame(
            b,
            [r * c, 0.08, r * s],
            if k == 6 { 0.17 } else { 0.11 },
            tall,
            state,
            k,
        );
    }
    // Sparks.
    for k in 0..8 {
        let own = |j: i64| rng::unit(state.seed, 120 + k * 4 + j);
        let u = (state.seconds * lerp(0.4, 0.8, own(0)) + own(1)).fract();
        let at = [
            0.3 * (own(2) - 0.5) + 0.1 * (u * 9.0 + own(3) * 6.0).sin(),
            0.3 + 0.9 * u,
            0.3 * (own(3) - 0.5),
        ];
        b.ball(at, [0.014 * (1.2 - u); 3], [1.0, 0.72, 0.22], 3);
    }
}

/// A tongue of fire from `foot`, `long` up (or down).
pub fn flame(b: &mut Body, foot: V3, wide: f32, long: f32, state: &State, index: i64) {
    let own = |k: i64| rng::unit(state.seed ^ 0xf1a, index * 9 + k);
    let t = state.seconds;
    let flicker = 1.0 + 0.22 * (t * lerp(7.0, 12.0, own(1)) + own(2) * TAU).sin();
    for (share, colour) in [
        (1.0, [0.98, 0.36, 0.06]),
        (0.66, [1.0, 0.66, 0.10]),
        (0.36, [1.0, 0.95, 0.62]),
    ] {
        let path: Vec<(V3, f32, V3)> = (0..=4)
            .map(|i| {
                let u = i as f32 / 4.0;
                let lick = 0.45 * wide * u * (t * 8.0 + own(3) * TAU - u * 4.0).sin();
                let r = wide * share * (1.0 - u).powf(0.7) * (0.75 + 0.5 * u);
                (
                    [
                        foot[0] + lick,
                        foot[1] + long * flicker * share.sqrt() * u,
                        foot[2] + lick * 0.7 - 0.002 * share,
                    ],
                    r.max(0.002),
                    colour,
                )
            })
            .collect();
        b.tube(&path, 7);
    }
}
