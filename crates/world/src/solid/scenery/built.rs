//! Houses and towers.

use crate::canvas::{lerp, mix};
use crate::rng;
use crate::solid::math::{V3, unit};
use crate::solid::places::Plant;
use crate::solid::puppet::Body;

/// Adds one, a metre tall; nothing for what is no building.
pub fn build(b: &mut Body, plant: Plant, seed: u64) {
    let own = |k: i64| rng::unit(seed, 500 + k);
    match plant {
        Plant::House => {
            let walls: [V3; 4] = [
                [0.90, 0.86, 0.76],
                [0.84, 0.70, 0.54],
                [0.76, 0.80, 0.84],
                [0.86, 0.58, 0.48],
            ];
            let wall = walls[(own(1) * 4.0) as usize % 4];
            let (w, d, h) = (0.75, 0.55, 0.55);
            b.block([-w, 0.0, -d], [w, h, d], wall);
            let roof = mix([0.62, 0.26, 0.18], [0.40, 0.30, 0.26], own(2));
            let n = unit([0.0, 0.8, 0.6]);
            b.plate(
                [
                    [-w * 1.1, h - 0.03, -d * 1.15],
                    [w * 1.1, h - 0.03, -d * 1.15],
                    [w * 1.1, 1.0, 0.0],
                    [-w * 1.1, 1.0, 0.0],
                ],
                [n[0], n[1], -n[2]],
                [roof; 4],
            );
            b.plate(
                [
                    [-w * 1.1, h - 0.03, d * 1.15],
                    [w * 1.1, h - 0.03, d * 1.15],
                    [w * 1.1, 1.0, 0.0],
                    [-w * 1.1, 1.0, 0.0],
                ],
                n,
                [roof; 4],
            );
            for side in [-1.0f32, 1.0] {
                b.plate(
                    [
                        [side * w, h, -d],
                        [side * w, h, d],
                        [side * w, 0.97, 0.0],
                        [side * w, 0.97, 0.0],
                    ],
                    [side, 0.0, 0.0],
                    [wall; 4],
                );
                for front in [-1.0f32, 1.0] {
                    let z = front * (d + 0.01);
                    b.block(
                        [side * 0.45 - 0.11, 0.22, z - 0.01],
                        [side * 0.45 + 0.11, 0.42, z + 0.01],
                        [0.25, 0.32, 0.42],
                    );
                }
            }
            b.block(
                [-0.10, 0.0, -d - 0.015],
                [0.10, 0.34, d + 0.015],
                [0.38, 0.24, 0.16],
            );
        }
        Plant::Tower => {
            let walls: [V3; 4] = [
                [0.62, 0.64, 0.68],
                [0.74, 0.62, 0.54],
                [0.50, 0.56, 0.64],
                [0.80, 0.78, 0.72],
            ];
            let wall = walls[(own(1) * 4.0) as usize % 4];
            let (w, floors) = (lerp(0.16, 0.26, own(2)), 7);
            b.block([-w, 0.0, -w], [w, 1.0, w], wall);
            let glass = [0.26, 0.34, 0.44];
            for i in 0..floors {
                let y = (i as f32 + 0.35) / floors as f32;
                for j in 0..4 {
                    let x = -w + (j as f32 + 0.5) * w / 2.0;
                    let (dx, dy, e) = (w * 0.16, 0.45 / floors as f32, w * 1.012);
                    b.plate(
                        [
                            [x - dx, y, -e],
                            [x + dx, y, -e],
                            [x + dx, y + dy, -e],
                            [x - dx, y + dy, -e],
                        ],
                        [0.0, 0.3, -1.0],
                        [glass; 4],
                    );
                    b.plate(
                        [
                            [x - dx, y, e],
                            [x + dx, y, e],
                            [x + dx, y + dy, e],
                            [x - dx, y + dy, e],
                        ],
                        [0.0, 0.3, 1.0],
                        [glass; 4],
                    );
                    b.plate(
                        [
                            [-e, y, x - dx],
                            [-e, y, x + dx],
                            [-e, y + dy, x + dx],
                            [-e, y + dy, x - dx],
                        ],
                        [-1.0, 0.3, 0.0],
                        [glass; 4],
                    );
                    b.plate(
                        [
                            [e, y, x - dx],
                            [e, y, x + dx],
                            [e, y + dy, x + dx],
                            [e, y + dy, x - dx],
                        ],
                        [1.0, 0.3, 0.0],
                        [glass; 4],
                    );
                }
            }
        }
        _ => {}
    }
}
