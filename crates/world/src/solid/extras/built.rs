//! What stands: houses, windmills, fountains.

use std::f32::consts::{PI, TAU};

use super::State;
use super::fire::flame;
use crate::canvas::{lerp, mix};
use crate::rng;
use crate::solid::math::{V3, mul, unit};
use crate::solid::puppet::Body;
use crate::vocabulary::Action;

const STONE: V3 = [0.60, 0.58, 0.54];

pub fn house(b: &mut Body, wall: V3, state: &State) {
    let (w, d, h) = (0.55, 0.70, 0.52);
    b.block([-w, 0.0, -d], [w, h, d], wall);
    let roof = mix(
        [0.60, 0.24, 0.16],
        [0.36, 0.28, 0.26],
        rng::unit(state.seed, 71),
    );
    for s in [-1.0f32, 1.0] {
        let n = unit([s * 0.75, 0.8, 0.0]);
        b.plate(
            [
                [s * w * 1.16, h - 0.05, -d * 1.12],
                [s * w * 1.16, h - 0.05, d * 1.12],
                [0.0, 1.0, d * 1.12],
                [0.0, 1.0, -d * 1.12],
            ],
            n,
            [roof; 4],
        );
        b.plate(
            [
                [-w, h, s * d],
                [w, h, s * d],
                [0.0, 0.97, s * d],
                [0.0, 0.97, s * d],
            ],
            [0.0, 0.0, s],
            [wall; 4],
        );
        for z in [-0.38, 0.38] {
            window(b, [s * w, 0.18, z], true);
        }
        for x in [-0.3, 0.3] {
            window(b, [x, 0.18, s * d], false);
        }
        window(b, [0.0, 0.60, s * d], false);
        b.block(
            [-0.09, 0.0, s * d - 0.012],
            [0.09, 0.34, s * d + 0.012],
            [0.36, 0.22, 0.14],
        );
    }
    b.block([0.20, 0.62, -0.40], [0.34, 1.04, -0.26], [0.52, 0.30, 0.24]);
    if state.action == Action::Burns {
        b.shines();
        for (i, (x, y, z)) in [
            (-0.3, 0.62, -0.5),
            (0.3, 0.62, -0.1),
            (-0.25, 0.62, 0.4),
            (0.0, 0.9, 0.1),
            (0.25, 0.62, 0.55),
            (0.57, 0.2, 0.38),
            (-0.57, 0.2, -0.38),
            (0.0, 0.9, -0.4),
        ]
        .into_iter()
        .enumerate()
        {
            flame(b, [x, y, z], 0.15, 0.52, state, i as i64);
        }
    }
}

fn window(b: &mut Body, [x, y, z]: V3, side: bool) {
    let (a, c) = if side { (0.012, 0.10) } else { (0.10, 0.012) };
    b.block(
        [x - a * 1.1, y - 0.02, z - c * 1.2],
        [x + a * 1.1, y + 0.22, z + c * 1.2],
        [0.95, 0.94, 0.90],
    );
    b.block(
        [x - a * 1.4, y, z - c],
        [x + a * 1.4, y + 0.20, z + c],
        [0.24, 0.32, 0.42],
    );
}

pub fn windmill(b: &mut Body, wall: V3, state: &State) {
    b.tube(
        &[
            ([0.0, 0.0, 0.0], 0.20, mul(wall, 0.9)),
            ([0.0, 0.56, 0.0], 0.13, wall),
        ],
        12,
    );
    let cap = [0.42, 0.26, 0.18];
    b.tube(
        &[
            ([0.0, 0.55, 0.0], 0.155, cap),
            ([0.0, 0.70, 0.0], 0.004, cap),
        ],
        12,
    );
    b.block([-0.05, 0.0, 0.10], [0.05, 0.15, 0.205], [0.36, 0.22, 0.14]);
    for y in [0.24, 0.40] {
        b.block(
            [-0.03, y, 0.08],
            [0.03, y + 0.06, 0.19 - 0.12 * y],
            [0.24, 0.32, 0.42],
        );
    }
    let hub = [0.0, 0.58, 0.20];
    b.tube(&[([0.0, 0.58, 0.05], 0.02, cap), (hub, 0.02, cap)], 6);
    let angle = if state.action == Action::Spins {
        state.seconds * 1.5
    } else {
        0.4
    };
    for k in 0..4 {
        let (s, c) = (angle + TAU * k as f32 / 4.0).sin_cos();
        let at = |r: f32, w: f32| [r * c - w * s, hub[1] + r * s + w * c, hub[2] + 0.01];
        b.tube(
            &[(at(0.0, 0.0), 0.012, cap), (at(0.42, 0.0), 0.008, cap)],
            4,
        );
        b.plate(
            [
                at(0.10, 0.01),
                at(0.41, 0.01),
                at(0.41, 0.10),
                at(0.10, 0.10),
            ],
            [0.0, 0.1, 1.0],
            [[0.90, 0.86, 0.76]; 4],
        );
    }
}

fn basin(b: &mut Body, y: f32, high: f32, wide: f32, water: V3) {
    b.tube(
        &[
            ([0.0, y, 0.0], wide * 0.94, STONE),
            ([0.0, y + high, 0.0], wide, STONE),
            ([0.0, y + high + 0.001, 0.0], wide * 0.88, mul(STONE, 1.1)),
            ([0.0, y + high * 0.8, 0.0], wide * 0.88, STONE),
        ],
        20,
    );
    b.tube(
        &[
            ([0.0, y + high * 0.85, 0.0], wide * 0.89, water),
            ([0.0, y + high * 0.851, 0.0], 0.0, water),
        ],
        20,
    );
}

pub fn fountain(b: &mut Body, state: &State) {
    let water = [0.36, 0.60, 0.74];
    basin(b, 0.0, 0.16, 0.62, water);
    b.tube(
        &[
            ([0.0, 0.1, 0.0], 0.09, STONE),
            ([0.0, 0.30, 0.0], 0.05, STONE),
            ([0.0, 0.42, 0.0], 0.08, STONE),
        ],
        10,
    );
    basin(b, 0.42, 0.07, 0.25, water);
    b.tube(
        &[
            ([0.0, 0.45, 0.0], 0.03, STONE),
            ([0.0, 0.56, 0.0], 0.02, STONE),
        ],
        8,
    );
    let drop = [0.86, 0.94, 0.99];
    // Drops on parabolas: from the top into the small basin's rim, and from there into the large one.
    let jets = 14;
    for jet in 0..jets {
        let (s, c) = (TAU * jet as f32 / jets as f32).sin_cos();
        for k in 0..9 {
            let own = rng::unit(state.seed, 700 + jet * 16 + k);
            let u = (state.seconds * 0.9 + k as f32 / 9.0 + 0.08 * own).fract();
            let r = 0.46 * u;
            let y = 0.56 + 1.55 * u * (0.70 - 0.98 * u);
            if y > 0.14 {
                let size = lerp(0.013, 0.020, own);
                b.ball([r * c, y, r * s], [size, size * 1.7, size], drop, 3);
            }
        }
    }
    for k in 0..10 {
        let u = (state.seconds * 1.6 + k as f32 / 10.0).fract();
        let y = 0.56 + 0.44 * (PI * u).sin();
        b.ball(
            [
                0.012 * (k as f32 * 2.4).sin(),
                y,
                0.012 * (k as f32 * 1.7).cos(),
            ],
            [0.018, 0.034, 0.018],
            drop,
            3,
        );
    }
}
