//! What sails.

use super::State;
use crate::canvas::mix;
use crate::solid::math::{V3, mul, unit};
use crate::solid::puppet::Body;
use crate::vocabulary::Action;

/// Planks, masts and oars.
pub const WOOD: V3 = [0.50, 0.35, 0.22];

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
