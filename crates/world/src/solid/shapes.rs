//! Bodies made by code: lumps and tubes with colours of their own.

use std::f32::consts::{PI, TAU};

use super::math::{V3, add, cross, mul, noise2, sub, unit};
use super::puppet::Body;

impl Body {
    fn corner(&mut self, point: V3, normal: V3, colour: V3) -> u16 {
        self.points.push(point);
        self.normals.push(normal);
        self.colours.push(colour);
        (self.points.len() - 1) as u16
    }

    /// An egg with half-axes along `axes`.
    pub fn egg(&mut self, middle: V3, axes: [V3; 3], colour: V3, rings: usize) {
        self.lump(middle, axes, colour, rings, 0.0, 0);
    }

    /// An egg with a rough surface.
    pub fn lump(
        &mut self,
        middle: V3,
        axes: [V3; 3],
        colour: V3,
        rings: usize,
        rough: f32,
        seed: u64,
    ) {
        let around = rings * 2;
        let first = self.points.len();
        for i in 0..=rings {
            let (sp, cp) = (PI * i as f32 / rings as f32).sin_cos();
            for j in 0..around {
                let (st, ct) = (TAU * j as f32 / around as f32).sin_cos();
                let local = [sp * ct, cp, sp * st];
                let r = 1.0
                    + rough
                        * noise2(
                            seed,
                            local[0] * 2.1 + local[1] * 1.7 + 9.0,
                            local[2] * 2.1 - local[1] + 5.0,
                        );
                let at = |k: f32, v: V3| mul(v, k);
                let offset = add(
                    add(at(local[0], axes[0]), at(local[1], axes[1])),
                    at(local[2], axes[2]),
                );
                let shade = 0.82 + 0.18 * local[1];
                self.corner(
                    add(middle, mul(offset, r)),
                    unit(offset),
                    mul(colour, shade),
                );
            }
        }
        for i in 0..rings {
            for j in 0..around {
                let at = |i: usize, j: usize| (first + i * around + j % around) as u16;
                self.faces.push([at(i, j), at(i + 1, j), at(i, j + 1)]);
                self.faces
                    .push([at(i, j + 1), at(i + 1, j), at(i + 1, j + 1)]);
            }
        }
    }

    /// A round egg.
    pub fn ball(&mut self, middle: V3, [x, y, z]: V3, colour: V3, rings: usize) {
        self.egg(
            middle,
            [[x, 0.0, 0.0], [0.0, y, 0.0], [0.0, 0.0, z]],
            colour,
            rings,
        );
    }

    /// A tube through points with a radius and colour at each.
    pub fn tube(&mut self, path: &[(V3, f32, V3)], sides: usize) {
        let first = self.points.len();
        // One axis that no part of the path runs along, or the tube would twist where two take turns.
        let steepest = |axis: usize| {
            let along = |w: &[(V3, f32, V3)]| unit(sub(w[1].0, w[0].0))[axis].abs();
            path.windows(2).map(along).fold(0.0, f32::max)
        };
        let axis = (0..3).min_by(|a, b| steepest(*a).total_cmp(&steepest(*b)));
        let mut other = [0.0; 3];
        other[axis.unwrap_or(0)] = 1.0;
        for (i, &(p, r, colour)) in path.iter().enumerate() {
            let before = path[i.saturating_sub(1)].0;
            let after = path[(i + 1).min(path.len() - 1)].0;
            let along = unit(sub(after, before));
            let side = unit(cross(other, along));
            let over = cross(along, side);
            for j in 0..sides {
                let (s, c) = (TAU * j as f32 / sides as f32).sin_cos();
                let n = add(mul(side, c), mul(over, s));
                self.corner(add(p, mul(n, r)), n, colour);
            }
        }
        for i in 0..path.len() - 1 {
            for j in 0..sides {
                let at = |i: usize, j: usize| (first + i * sides + j % sides) as u16;
                self.faces.push([at(i, j), at(i + 1, j), at(i, j + 1)]);
                self.faces
                    .push([at(i, j + 1), at(i + 1, j), at(i + 1, j + 1)]);
            }
        }
    }

    /// A flat four-cornered plate; its normal as given.
    pub fn plate(&mut self, corners: [V3; 4], normal: V3, colours: [V3; 4]) {
        let at: [u16; 4] = std::array::from_fn(|i| self.corner(corners[i], normal, colours[i]));
        self.faces.push([at[0], at[1], at[2]]);
        self.faces.push([at[0], at[2], at[3]]);
    }

    /// An upright box from a corner to the opposite one.
    pub fn block(&mut self, low: V3, high: V3, colour: V3) {
        let [a, b, c] = low;
        let [x, y, z] = high;
        let sides: [([V3; 4], V3); 5] = [
            (
                [[a, b, c], [x, b, c], [x, y, c], [a, y, c]],
                [0.0, 0.0, -1.0],
            ),
            (
                [[a, b, z], [x, b, z], [x, y, z], [a, y, z]],
                [0.0, 0.0, 1.0],
            ),
            (
                [[a, b, c], [a, b, z], [a, y, z], [a, y, c]],
                [-1.0, 0.0, 0.0],
            ),
            (
                [[x, b, c], [x, b, z], [x, y, z], [x, y, c]],
                [1.0, 0.0, 0.0],
            ),
            (
                [[a, y, c], [x, y, c], [x, y, z], [a, y, z]],
                [0.0, 1.0, 0.0],
            ),
        ];
        for (corners, normal) in sides {
            self.plate(corners, normal, [colour; 4]);
        }
    }
}

impl Body {
    /// A ball whose colour depends on the direction.
    pub fn globe(&mut self, middle: V3, radius: V3, rings: usize, colour: impl Fn(V3) -> V3) {
        let first = self.colours.len();
        self.ball(middle, radius, [1.0; 3], rings);
        for i in first..self.colours.len() {
            let d = sub(self.points[i], middle);
            self.colours[i] = colour(unit([d[0] / radius[0], d[1] / radius[1], d[2] / radius[2]]));
        }
    }

    /// A side view, corners as (z, y) around a middle that sees them all, drawn out along x to both sides.
    pub fn profile(&mut self, corners: &[(f32, f32)], half: f32, colour: V3) {
        let count = corners.len();
        let sum = corners
            .iter()
            .fold((0.0, 0.0), |s, c| (s.0 + c.0, s.1 + c.1));
        let middle = (sum.0 / count as f32, sum.1 / count as f32);
        for i in 0..count {
            let (a, b) = (corners[i], corners[(i + 1) % count]);
            let out = unit([0.0, a.0 - b.0, b.1 - a.1]);
            let inward = (a.0 + b.0) / 2.0 - middle.0;
            let up = (a.1 + b.1) / 2.0 - middle.1;
            let out = if out[2] * inward + out[1] * up < 0.0 {
                mul(out, -1.0)
            } else {
                out
            };
            self.plate(
                [
                    [-half, a.1, a.0],
                    [half, a.1, a.0],
                    [half, b.1, b.0],
                    [-half, b.1, b.0],
                ],
                out,
                [colour; 4],
            );
            for side in [-half, half] {
                self.plate(
                    [
                        [side, middle.1, middle.0],
                        [side, a.1, a.0],
                        [side, b.1, b.0],
                        [side, b.1, b.0],
                    ],
                    [side.signum(), 0.0, 0.0],
                    [colour; 4],
                );
            }
        }
    }

    /// A disc on an axle along x, its spokes turned by `angle`.
    pub fn wheel(&mut self, middle: V3, radius: f32, half: f32, angle: f32) {
        let tyre = [0.08, 0.08, 0.09];
        let at = |x: f32| add(middle, [x, 0.0, 0.0]);
        self.tube(&[(at(-half), radius, tyre), (at(half), radius, tyre)], 12);
        for side in [-1.0f32, 1.0] {
            let (hub, rim) = (at(side * half * 1.02), at(side * half));
            self.tube(&[(rim, radius, tyre), (hub, 0.0, tyre)], 12);
            for k in 0..4 {
                let turn = angle + TAU * k as f32 / 4.0;
                let spoke = |turn: f32, r: f32| {
                    add(
                        hub,
                        [
                            side * 0.004,
                            r * radius * turn.cos(),
                            r * radius * turn.sin(),
                        ],
                    )
                };
                let (a, b) = (spoke(turn - 0.28, 0.62), spoke(turn + 0.28, 0.62));
                self.plate([hub, a, b, b], [side, 0.0, 0.0], [[0.72, 0.73, 0.75]; 4]);
            }
        }
    }

    /// Turns about the x axis through its middle and stands on the ground again.
    pub fn roll(&mut self, angle: f32) {
        let (low, high) = self.bounds();
        let (y, z) = ((low[1] + high[1]) / 2.0, (low[2] + high[2]) / 2.0);
        let (s, c) = angle.sin_cos();
        for p in &mut self.points {
            let (dy, dz) = (p[1] - y, p[2] - z);
            (p[1], p[2]) = (y + c * dy - s * dz, z + s * dy + c * dz);
        }
        for n in &mut self.normals {
            (n[1], n[2]) = (c * n[1] - s * n[2], s * n[1] + c * n[2]);
        }
        let sunk = self.bounds().0[1];
        for p in &mut self.points {
            p[1] -= sunk;
        }
    }

    pub fn grow(&mut self, size: f32) {
        for p in &mut self.points {
            *p = mul(*p, size);
        }
    }
}
