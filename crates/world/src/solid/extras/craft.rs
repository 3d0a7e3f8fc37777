//! What sails and what flies.

use std::f32::consts::TAU;

use super::State;
use crate::canvas::{lerp, mix};
use crate::rng;
use crate::solid::math::{V3, mul, unit};
use crate::solid::puppet::Body;
use crate::vocabulary::Action;

const WOOD: V3 = [0.50, 0.35, 0.22];

/// A hull along z: half its length and width, its rim's height, how deep its deck lies.
fn hull(b: &mut Body, (long, wide): (f32, f32), (rim, deck): (f32, f32), paint: V3, floor: V3) {
    const STATIONS: usize = 10;
    let at = |i: usize| {
        let t = 2.0 * i as f32 / STATIONS as f32 - 1.0;
        let full = if t > 0.0 {
            1.0 - t.powi(2)
        } else {
            1.0 - 0.55 * t.powi(4)
        };
        let half = wide * full.max(0.0).sqrt();
        (
            t * long,
            half,
            rim * (1.0 + 0.25 * t * t * t.max(0.0)),
            0.5 * rim * t.max(0.0).powi(3),
        )
    };
    for i in 0..STATIONS {
        let ((z0, w0, y0, k0), (z1, w1, y1, k1)) = (at(i), at(i + 1));
        for s in [-1.0f32, 1.0] {
            let n = unit([s * long, 0.1, (w0 - w1) / wide]);
            b.plate(
                [
                    [s * w0, y0, z0],
                    [s * w1, y1, z1],
                    [s * w1 * 0.55, k1, z1],
                    [s * w0 * 0.55, k0, z0],
                ],
                n,
                [paint, paint, mul(paint, 0.7), mul(paint, 0.7)],
            );
            let trim = mix(paint, [1.0; 3], 0.6);
            b.plate(
                [
                    [s * w0 * 1.02, y0 * 1.03, z0],
                    [s * w1 * 1.02, y1 * 1.03, z1],
                    [s * w1, y1 * 0.88, z1],
                    [s * w0, y0 * 0.88, z0],
                ],
                n,
                [trim; 4],
            );
        }
        b.plate(
            [
                [-w0, y0 - deck, z0],
                [-w1, y1 - deck, z1],
                [w1, y1 - deck, z1],
                [w0, y0 - deck, z0],
            ],
            [0.0, 1.0, 0.0],
            [floor; 4],
        );
    }
    let (_, w, y, k) = at(0);
    b.plate(
        [
            [-w, y, -long],
            [w, y, -long],
            [w * 0.55, k, -long],
            [-w * 0.55, k, -long],
        ],
        [0.0, 0.0, -1.0],
        [paint; 4],
    );
}

pub fn sailboat(b: &mut Body, paint: V3) {
    hull(b, (0.42, 0.13), (0.15, 0.02), paint, WOOD);
    b.tube(
        &[
            ([0.0, 0.1, 0.04], 0.012, WOOD),
            ([0.0, 1.0, 0.04], 0.008, WOOD),
        ],
        5,
    );
    b.tube(
        &[
            ([0.0, 0.24, 0.04], 0.008, WOOD),
            ([0.02, 0.24, -0.38], 0.008, WOOD),
        ],
        4,
    );
    let cloth = [0.96, 0.95, 0.91];
    let belly = 0.05;
    b.plate(
        [
            [0.0, 0.97, 0.03],
            [0.0, 0.26, 0.03],
            [belly, 0.26, -0.37],
            [belly * 0.6, 0.60, -0.16],
        ],
        [1.0, 0.25, 0.1],
        [cloth; 4],
    );
    b.plate(
        [
            [0.0, 0.90, 0.06],
            [0.0, 0.24, 0.40],
            [belly, 0.24, 0.08],
            [belly, 0.4, 0.08],
        ],
        [1.0, 0.25, -0.1],
        [mul(cloth, 0.95); 4],
    );
    b.plate(
        [
            [0.0, 0.99, 0.04],
            [0.0, 0.95, 0.04],
            [0.0, 0.97, -0.10],
            [0.0, 0.97, -0.10],
        ],
        [1.0, 0.2, 0.0],
        [paint; 4],
    );
}

pub fn rowboat(b: &mut Body, paint: V3, state: &State) {
    hull(b, (2.1, 0.68), (0.62, 0.42), paint, mul(WOOD, 0.8));
    for z in [-0.9, 0.0, 0.9] {
        b.block(
            [-0.6, 0.42, z - 0.12],
            [0.6, 0.48, z + 0.12],
            mul(WOOD, 1.25),
        );
    }
    let swing = if state.action == Action::Sails {
        0.55 * (state.seconds * 2.4).sin()
    } else {
        0.0
    };
    for s in [-1.0f32, 1.0] {
        let end = [
            s * 1.7,
            0.12 + 0.12 * (state.seconds * 2.4).cos(),
            swing - 0.15,
        ];
        b.tube(
            &[
                ([s * 0.3, 0.72, 0.1 - 0.4 * swing], 0.03, WOOD),
                (end, 0.03, WOOD),
            ],
            4,
        );
        b.egg(
            end,
            [[s * 0.24, -0.06, 0.0], [0.0, 0.02, 0.0], [0.0, 0.0, 0.09]],
            mul(WOOD, 1.2),
            4,
        );
    }
}

pub fn ship(b: &mut Body, paint: V3) {
    hull(b, (1.5, 0.34), (0.34, 0.03), paint, [0.66, 0.56, 0.44]);
    let white = [0.94, 0.94, 0.92];
    for (low, high, back, front, wide) in [
        (0.30, 0.50, -1.05, 0.75, 0.24),
        (0.50, 0.64, -0.85, 0.55, 0.20),
        (0.64, 0.74, -0.2, 0.45, 0.16),
    ] {
        b.block([-wide, low, back], [wide, high, front], white);
        let y = (low + high) / 2.0;
        let mut z = back + 0.08;
        while z < front - 0.08 {
            b.block(
                [-wide - 0.005, y - 0.025, z],
                [wide + 0.005, y + 0.03, z + 0.07],
                [0.20, 0.28, 0.38],
            );
            z += 0.14;
        }
    }
    let red = [0.80, 0.20, 0.14];
    for z in [-0.55, -0.15] {
        b.tube(
            &[
                ([0.0, 0.62, z], 0.09, red),
                ([0.0, 0.92, z - 0.03], 0.085, red),
                ([0.0, 1.0, z - 0.04], 0.085, [0.1; 3]),
            ],
            8,
        );
    }
}

pub fn hot_air_balloon(b: &mut Body, paint: V3) {
    let pale = [0.98, 0.90, 0.55];
    b.globe([0.0, 0.64, 0.0], [0.34, 0.36, 0.34], 14, |d| {
        let around = d[0].atan2(d[2]) / TAU * 7.0 + 7.0;
        if d[1] > 0.93 || around.fract() < 0.5 {
            paint
        } else {
            pale
        }
    });
    b.tube(
        &[
            ([0.0, 0.42, 0.0], 0.27, paint),
            ([0.0, 0.24, 0.0], 0.10, mul(paint, 0.8)),
        ],
        14,
    );
    for (x, z) in [(-1.0f32, -1.0f32), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)] {
        b.tube(
            &[
                ([x * 0.07, 0.26, z * 0.07], 0.004, WOOD),
                ([x * 0.055, 0.10, z * 0.055], 0.004, WOOD),
            ],
            3,
        );
    }
    b.block(
        [-0.065, 0.0, -0.065],
        [0.065, 0.10, 0.065],
        [0.62, 0.44, 0.24],
    );
    b.block(
        [-0.07, 0.09, -0.07],
        [0.07, 0.105, 0.07],
        [0.42, 0.28, 0.16],
    );
}

pub fn airplane(b: &mut Body, paint: V3) {
    let white = [0.94, 0.95, 0.96];
    let tube: Vec<(V3, f32, V3)> = [
        (-1.45, 0.50, 0.03),
        (-1.1, 0.46, 0.13),
        (-0.5, 0.42, 0.19),
        (0.9, 0.42, 0.19),
        (1.25, 0.41, 0.14),
        (1.42, 0.39, 0.02),
    ]
    .into_iter()
    .map(|(z, y, r)| ([0.0, y, z], r, white))
    .collect();
    b.tube(&tube, 12);
    for s in [-1.0f32, 1.0] {
        wing(
            b,
            [s * 0.12, 0.36, 0.35],
            [s * 1.45, 0.46, -0.35],
            (0.55, 0.20),
            mul(white, 0.92),
        );
        wing(
            b,
            [s * 0.05, 0.50, -1.10],
            [s * 0.52, 0.54, -1.38],
            (0.28, 0.14),
            paint,
        );
        let at = [s * 0.55, 0.24, 0.25];
        b.tube(
            &[
                ([at[0], at[1], at[2] + 0.22], 0.08, [0.7; 3]),
                ([at[0], at[1], at[2] - 0.22], 0.055, [0.35; 3]),
            ],
            8,
        );
        b.block(
            [s * 0.185 - 0.008, 0.45, -0.7],
            [s * 0.185 + 0.008, 0.49, 0.85],
            [0.20, 0.28, 0.38],
        );
        b.block(
            [s * 0.188 - 0.008, 0.36, -0.9],
            [s * 0.188 + 0.008, 0.41, 0.95],
            paint,
        );
    }
    b.plate(
        [
            [0.0, 0.55, -0.95],
            [0.0, 1.0, -1.36],
            [0.0, 1.0, -1.52],
            [0.0, 0.50, -1.42],
        ],
        [1.0, 0.3, 0.0],
        [paint; 4],
    );
    b.ball([0.0, 0.50, 1.10], [0.12, 0.08, 0.14], [0.16, 0.22, 0.30], 6);
}

/// A plate with a little thickness from root to tip, swept as the two stand; `chord` at both.
fn wing(b: &mut Body, root: V3, tip: V3, chord: (f32, f32), colour: V3) {
    for (lift, up) in [(0.025, 1.0f32), (-0.025, -1.0)] {
        let at = |p: V3, back: f32| [p[0], p[1] + lift, p[2] - back];
        b.plate(
            [
                at(root, 0.0),
                at(tip, 0.0),
                at(tip, chord.1),
                at(root, chord.0),
            ],
            [0.0, up, 0.0],
            [colour; 4],
        );
    }
    let edge = |p: V3, y: f32| [p[0], p[1] + y, p[2]];
    b.plate(
        [
            edge(root, 0.025),
            edge(tip, 0.025),
            edge(tip, -0.025),
            edge(root, -0.025),
        ],
        [0.0, 0.0, 1.0],
        [colour; 4],
    );
}

pub fn rocket(b: &mut Body, paint: V3, state: &State) {
    let white = [0.94, 0.94, 0.95];
    let path = [
        (0.10, 0.10, white),
        (0.18, 0.15, white),
        (0.50, 0.16, white),
        (0.70, 0.14, white),
        (0.701, 0.14, paint),
        (0.88, 0.07, paint),
        (1.0, 0.004, paint),
    ];
    let path: Vec<(V3, f32, V3)> = path
        .into_iter()
        .map(|(y, r, c)| ([0.0, y, 0.0], r, c))
        .collect();
    b.tube(&path, 14);
    for k in 0..4 {
        let (s, c) = (TAU * k as f32 / 4.0 + 0.5).sin_cos();
        b.plate(
            [
                [0.13 * c, 0.36, 0.13 * s],
                [0.30 * c, 0.12, 0.30 * s],
                [0.30 * c, 0.0, 0.30 * s],
                [0.11 * c, 0.12, 0.11 * s],
            ],
            [-s, 0.2, c],
            [paint; 4],
        );
        b.ball(
            [0.15 * c, 0.56, 0.15 * s],
            [0.035; 3],
            [0.16, 0.24, 0.34],
            4,
        );
    }
    if state.action != Action::Stands {
        b.shines();
        flame(b, [0.0, 0.10, 0.0], 0.085, -0.42, state, 3);
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

pub fn saucer(b: &mut Body, state: &State) {
    let steel = [0.66, 0.70, 0.76];
    b.globe([0.0, 0.40, 0.0], [1.0, 0.26, 1.0], 14, |d| {
        if d[1].abs() < 0.12 {
            [0.42, 0.46, 0.52]
        } else {
            steel
        }
    });
    b.ball([0.0, 0.56, 0.0], [0.42, 0.42, 0.42], [0.45, 0.80, 0.86], 8);
    b.shines();
    for k in 0..10 {
        let turn = TAU * k as f32 / 10.0 + state.seconds * 1.2;
        let on = (k + (state.seconds * 4.0) as usize).is_multiple_of(2);
        let colour = if on {
            [1.0, 0.85, 0.25]
        } else {
            [0.25, 1.0, 0.45]
        };
        b.ball(
            [0.93 * turn.cos(), 0.40, 0.93 * turn.sin()],
            [0.07; 3],
            colour,
            4,
        );
    }
}
