//! Balls, boxes, balloons, a snowman.

use super::State;
use crate::canvas::mix;
use crate::solid::math::{V3, add, dot, mul, unit};
use crate::solid::puppet::Body;

const HALF: V3 = [0.5; 3];
const UP: V3 = [0.0, 0.5, 0.0];

/// Two tones, so that it is seen to roll.
pub fn ball(b: &mut Body, paint: V3) {
    let pale = mix(paint, [0.98; 3], 0.72);
    b.globe(
        UP,
        HALF,
        12,
        |d| {
            if d[1].abs() < 0.20 { pale } else { paint }
        },
    );
}

pub fn beach_ball(b: &mut Body) {
    const TONES: [V3; 6] = [
        [0.95, 0.20, 0.18],
        [0.97, 0.97, 0.95],
        [0.16, 0.42, 0.90],
        [0.97, 0.97, 0.95],
        [0.98, 0.84, 0.14],
        [0.97, 0.97, 0.95],
    ];
    b.globe(UP, HALF, 12, |d| {
        let around = d[1].atan2(d[2]) / std::f32::consts::TAU + 0.5;
        if d[0].abs() > 0.93 {
            TONES[1]
        } else {
            TONES[(around * 6.0) as usize % 6]
        }
    });
}

pub fn soccer_ball(b: &mut Body) {
    const GOLD: f32 = 1.618;
    let mut spots = Vec::new();
    for (s, t) in [(1.0f32, 1.0f32), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0)] {
        spots.extend([[0.0, s, t * GOLD], [s, t * GOLD, 0.0], [t * GOLD, 0.0, s]].map(unit));
    }
    b.globe(UP, HALF, 16, |d| {
        let black = spots.iter().any(|s| dot(*s, d) > 0.93);
        if black {
            [0.08, 0.08, 0.09]
        } else {
            [0.96, 0.96, 0.95]
        }
    });
}

pub fn basketball(b: &mut Body) {
    b.globe(UP, HALF, 18, |d| {
        let arc = (d[0].abs() - 0.62 + 0.25 * d[2] * d[2]).abs();
        let line = d[1].abs() < 0.07 || d[2].abs() < 0.07 || arc < 0.06;
        if line {
            [0.14, 0.08, 0.06]
        } else {
            [0.90, 0.46, 0.14]
        }
    });
}

pub fn cube(b: &mut Body, paint: V3) {
    b.block([-0.5, 0.0, -0.5], [0.5, 1.0, 0.5], paint);
    // Its underside, for when it tumbles.
    b.plate(
        [
            [-0.5, 0.0, -0.5],
            [0.5, 0.0, -0.5],
            [0.5, 0.0, 0.5],
            [-0.5, 0.0, 0.5],
        ],
        [0.0, -1.0, 0.0],
        [paint; 4],
    );
}

pub fn crate_of_wood(b: &mut Body) {
    cube(b, [0.62, 0.44, 0.26]);
    let (rim, e) = ([0.44, 0.29, 0.16], 0.515);
    for s in [-1.0f32, 1.0] {
        for t in [-1.0f32, 1.0] {
            let edge = |axis: usize| {
                let at = |long: f32, wide: f32| -> V3 {
                    let mut p = [s * e, s * e, s * e];
                    let others = [(axis + 1) % 3, (axis + 2) % 3];
                    p[axis] = long * e;
                    p[others[0]] = s * (e - wide * 0.14);
                    p[others[1]] = t * (e - wide * 0.14);
                    add(p, UP)
                };
                (at(-1.0, 1.0), at(1.0, 0.0))
            };
            for axis in 0..3 {
                let (a, c) = edge(axis);
                let low = std::array::from_fn(|i| a[i].min(c[i]));
                let high = std::array::from_fn(|i| a[i].max(c[i]));
                b.block(low, high, rim);
            }
        }
    }
    for y in [0.33, 0.66] {
        b.block(
            [-0.505, y - 0.012, -0.505],
            [0.505, y + 0.012, 0.505],
            [0.40, 0.27, 0.15],
        );
    }
}

pub fn gift(b: &mut Body, paint: V3) {
    b.block([-0.5, 0.0, -0.5], [0.5, 0.78, 0.5], paint);
    b.block([-0.54, 0.62, -0.54], [0.54, 0.80, 0.54], mul(paint, 1.12));
    let ribbon = [0.98, 0.86, 0.30];
    b.block([-0.09, 0.0, -0.55], [0.09, 0.81, 0.55], ribbon);
    b.block([-0.55, 0.0, -0.09], [0.55, 0.81, 0.09], ribbon);
    for side in [-1.0f32, 1.0] {
        b.egg(
            [side * 0.17, 0.90, 0.0],
            [[0.17, side * 0.06, 0.0], [0.0, 0.09, 0.0], [0.0, 0.0, 0.07]],
            ribbon,
            5,
        );
    }
}

pub fn balloon(b: &mut Body, paint: V3, state: &State) {
    let sway = 0.03 * (state.seconds * 1.7).sin();
    let shine = mix(paint, [1.0; 3], 0.55);
    b.globe([0.0, 0.70, 0.0], [0.25, 0.30, 0.25], 12, |d| {
        mix(
            paint,
            shine,
            (dot(d, unit([-0.5, 0.6, -0.6])) * 3.0 - 2.1).clamp(0.0, 1.0),
        )
    });
    b.tube(
        &[
            ([0.0, 0.41, 0.0], 0.005, paint),
            ([0.0, 0.375, 0.0], 0.03, paint),
        ],
        6,
    );
    let string: Vec<(V3, f32, V3)> = (0..=6)
        .map(|i| {
            let t = i as f32 / 6.0;
            (
                [sway * (t * 5.0).sin(), 0.38 * (1.0 - t), 0.0],
                0.006,
                [0.85; 3],
            )
        })
        .collect();
    b.tube(&string, 3);
}

pub fn snowman(b: &mut Body) {
    let snow = [0.95, 0.96, 0.98];
    for (y, r) in [(0.24, 0.25), (0.56, 0.18), (0.79, 0.125)] {
        b.ball([0.0, y, 0.0], [r; 3], snow, 9);
    }
    let coal = [0.07; 3];
    for side in [-1.0f32, 1.0] {
        b.ball([side * 0.045, 0.82, 0.112], [0.016; 3], coal, 4);
        let twig = [0.30, 0.20, 0.12];
        b.tube(
            &[
                ([side * 0.15, 0.58, 0.0], 0.012, twig),
                ([side * 0.36, 0.70, 0.04], 0.007, twig),
            ],
            4,
        );
    }
    for y in [0.50, 0.58, 0.65] {
        b.ball([0.0, y, 0.172], [0.017; 3], coal, 4);
    }
    let orange = [0.95, 0.48, 0.10];
    b.tube(
        &[
            ([0.0, 0.79, 0.11], 0.022, orange),
            ([0.0, 0.78, 0.24], 0.003, orange),
        ],
        6,
    );
    let hat = [0.10, 0.10, 0.12];
    b.tube(
        &[
            ([0.0, 0.885, 0.0], 0.15, hat),
            ([0.0, 0.90, 0.0], 0.15, hat),
            ([0.0, 0.901, 0.0], 0.0, hat),
        ],
        12,
    );
    b.tube(
        &[
            ([0.0, 0.89, 0.0], 0.09, hat),
            ([0.0, 1.0, 0.0], 0.09, hat),
            ([0.0, 1.001, 0.0], 0.0, hat),
        ],
        12,
    );
    let scarf = [0.85, 0.16, 0.16];
    b.tube(
        &[
            ([0.0, 0.675, 0.0], 0.125, scarf),
            ([0.0, 0.715, 0.0], 0.12, scarf),
        ],
        10,
    );
}
