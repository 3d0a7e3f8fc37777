//! What flies.

use std::f32::consts::TAU;

use super::State;
use super::boats::WOOD;
use super::fire::flame;
use crate::solid::math::{V3, mul};
use crate::solid::puppet::Body;
use crate::vocabulary::Action;

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
