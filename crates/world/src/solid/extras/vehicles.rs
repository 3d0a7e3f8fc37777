//! What drives.

use super::State;
use crate::canvas::mix;
use crate::solid::math::{V3, mul};
use crate::solid::puppet::Body;

const GLASS: V3 = [0.16, 0.22, 0.30];
const LAMP: V3 = [1.0, 0.95, 0.70];

pub fn car(b: &mut Body, paint: V3, state: &State) {
    body(b, paint);
    wheels(b, state, &[-0.86, 0.88], 0.24, 0.58);
}

pub fn taxi(b: &mut Body, state: &State) {
    body(b, [0.97, 0.78, 0.10]);
    b.block([-0.22, 1.0, -0.25], [0.22, 1.12, -0.08], [0.96, 0.96, 0.92]);
    for (i, z) in [-0.5f32, -0.3, -0.1, 0.1, 0.3, 0.5].into_iter().enumerate() {
        let tone = if i % 2 == 0 { [0.08; 3] } else { [0.95; 3] };
        b.block([-0.605, 0.50, z - 0.1], [0.605, 0.56, z + 0.1], tone);
    }
    wheels(b, state, &[-0.86, 0.88], 0.24, 0.58);
}

fn body(b: &mut Body, paint: V3) {
    let hull = [
        (-1.42, 0.20),
        (-1.46, 0.46),
        (-1.36, 0.66),
        (-0.2, 0.68),
        (0.72, 0.64),
        (1.36, 0.52),
        (1.46, 0.38),
        (1.44, 0.20),
    ];
    b.profile(&hull, 0.60, paint);
    let cabin = [
        (-1.18, 0.64),
        (-0.86, 0.95),
        (-0.05, 0.98),
        (0.30, 0.93),
        (0.80, 0.62),
    ];
    b.profile(&cabin, 0.50, GLASS);
    // Roof and pillars over the glass.
    let roof = [
        (-0.90, 0.93),
        (-0.84, 0.99),
        (-0.05, 1.02),
        (0.26, 0.97),
        (0.30, 0.92),
    ];
    b.profile(&roof, 0.515, paint);
    for (low, high) in [(-1.20, -0.86), (-0.30, -0.26), (0.82, 0.30)] {
        for side in [-0.515f32, 0.515] {
            b.plate(
                [
                    [side, 0.64, low],
                    [side, 0.64, low + 0.09],
                    [side, 0.95, high + 0.07],
                    [side, 0.95, high],
                ],
                [side.signum(), 0.2, 0.0],
                [paint; 4],
            );
        }
    }
    for side in [-1.0f32, 1.0] {
        b.ball([side * 0.42, 0.46, 1.42], [0.11, 0.07, 0.05], LAMP, 4);
        b.ball(
            [side * 0.44, 0.52, -1.44],
            [0.11, 0.06, 0.04],
            [0.75, 0.06, 0.06],
            4,
        );
        b.block(
            [side * 0.595, 0.30, -0.28],
            [side * 0.605, 0.62, -0.25],
            mul(paint, 0.7),
        );
    }
    b.block([-0.58, 0.16, -1.48], [0.58, 0.26, 1.48], [0.16, 0.16, 0.18]);
}

fn wheels(b: &mut Body, state: &State, axles: &[f32], radius: f32, wide: f32) {
    for z in axles {
        for side in [-1.0f32, 1.0] {
            b.wheel([side * wide, radius, *z], radius, 0.09, state.way / radius);
        }
    }
}

pub fn bus(b: &mut Body, paint: V3, state: &State) {
    let hull = [
        (-1.60, 0.14),
        (-1.60, 0.96),
        (-1.50, 1.0),
        (1.46, 1.0),
        (1.58, 0.93),
        (1.64, 0.50),
        (1.62, 0.14),
    ];
    b.profile(&hull, 0.42, paint);
    b.block(
        [-0.43, 0.30, -1.62],
        [0.43, 0.36, 1.60],
        mix(paint, [1.0; 3], 0.7),
    );
    for i in 0..7 {
        let z = -1.38 + 0.40 * i as f32;
        b.block([-0.428, 0.52, z], [0.428, 0.84, z + 0.32], GLASS);
    }
    b.plate(
        [
            [-0.36, 0.50, 1.655],
            [0.36, 0.50, 1.655],
            [0.36, 0.90, 1.60],
            [-0.36, 0.90, 1.60],
        ],
        [0.0, 0.1, 1.0],
        [GLASS; 4],
    );
    b.plate(
        [
            [-0.34, 0.55, -1.61],
            [0.34, 0.55, -1.61],
            [0.34, 0.86, -1.61],
            [-0.34, 0.86, -1.61],
        ],
        [0.0, 0.0, -1.0],
        [GLASS; 4],
    );
    for side in [-1.0f32, 1.0] {
        b.ball([side * 0.32, 0.26, 1.62], [0.06, 0.05, 0.03], LAMP, 4);
    }
    wheels(b, state, &[-1.02, 1.05], 0.15, 0.38);
}

pub fn truck(b: &mut Body, paint: V3, state: &State) {
    let cab = [
        (0.62, 0.14),
        (0.62, 0.82),
        (0.78, 0.86),
        (1.12, 0.84),
        (1.30, 0.50),
        (1.34, 0.14),
    ];
    b.profile(&cab, 0.38, paint);
    b.plate(
        [
            [-0.33, 0.50, 1.315],
            [0.33, 0.50, 1.315],
            [0.33, 0.80, 1.16],
            [-0.33, 0.80, 1.16],
        ],
        [0.0, 0.3, 1.0],
        [GLASS; 4],
    );
    for side in [-1.0f32, 1.0] {
        b.block(
            [side * 0.375, 0.50, 0.80],
            [side * 0.386, 0.76, 1.12],
            GLASS,
        );
        b.ball([side * 0.28, 0.26, 1.33], [0.06, 0.05, 0.03], LAMP, 4);
    }
    b.block([-0.42, 0.22, -1.34], [0.42, 1.0, 0.54], [0.90, 0.90, 0.88]);
    b.block([-0.425, 0.52, -1.30], [0.425, 0.64, 0.50], paint);
    b.block([-0.34, 0.12, -1.34], [0.34, 0.22, 1.30], [0.18, 0.18, 0.20]);
    wheels(b, state, &[-0.98, -0.58, 0.96], 0.16, 0.36);
}
