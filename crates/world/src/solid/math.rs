//! Three-vectors and what little linear algebra the renderer needs. y is up.

pub type V3 = [f32; 3];

pub fn add(a: V3, b: V3) -> V3 {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

pub fn sub(a: V3, b: V3) -> V3 {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

pub fn mul(a: V3, k: f32) -> V3 {
    [a[0] * k, a[1] * k, a[2] * k]
}

pub fn times(a: V3, b: V3) -> V3 {
    [a[0] * b[0], a[1] * b[1], a[2] * b[2]]
}

pub fn dot(a: V3, b: V3) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub fn cross(a: V3, b: V3) -> V3 {
    [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
}

pub fn unit(a: V3) -> V3 {
    mul(a, 1.0 / dot(a, a).sqrt().max(1e-9))
}

/// A linear map and a shift.
#[derive(Clone, Copy, Debug)]
pub struct Affine {
    pub rows: [V3; 3],
    pub shift: V3,
}

impl Affine {
    pub const IDENTITY: Affine = Affine {
        rows: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        shift: [0.0; 3],
    };

    pub fn rigid(turn: [f32; 4], shift: V3) -> Affine {
        let [x, y, z, w] = turn;
        let rows = [
            [
                1.0 - 2.0 * (y * y + z * z),
                2.0 * (x * y - z * w),
                2.0 * (x * z + y * w),
            ],
            [
                2.0 * (x * y + z * w),
                1.0 - 2.0 * (x * x + z * z),
                2.0 * (y * z - x * w),
            ],
            [
                2.0 * (x * z - y * w),
                2.0 * (y * z + x * w),
                1.0 - 2.0 * (x * x + y * y),
            ],
        ];
        Affine { rows, shift }
    }

    /// Turns about the y axis (x towards −z), scales, then shifts.
    pub fn placed(yaw: f32, scale: f32, shift: V3) -> Affine {
        let (s, c) = (yaw.sin() * scale, yaw.cos() * scale);
        Affine {
            rows: [[c, 0.0, s], [0.0, scale, 0.0], [-s, 0.0, c]],
            shift,
        }
    }

    pub fn turn(&self, v: V3) -> V3 {
        [
            dot(self.rows[0], v),
            dot(self.rows[1], v),
            dot(self.rows[2], v),
        ]
    }

    pub fn apply(&self, v: V3) -> V3 {
        add(self.turn(v), self.shift)
    }

    /// First `first`, then this.
    pub fn after(&self, first: &Affine) -> Affine {
        let column = |i: usize| [first.rows[0][i], first.rows[1][i], first.rows[2][i]];
        let row = |r: V3| [dot(r, column(0)), dot(r, column(1)), dot(r, column(2))];
        Affine {
            rows: self.rows.map(row),
            shift: self.apply(first.shift),
        }
    }

    /// The inverse of a rotation with a shift.
    pub fn rigid_inverse(&self) -> Affine {
        let column = |i: usize| [self.rows[0][i], self.rows[1][i], self.rows[2][i]];
        let back = Affine {
            rows: [column(0), column(1), column(2)],
            shift: [0.0; 3],
        };
        Affine {
            shift: mul(back.turn(self.shift), -1.0),
            ..back
        }
    }
}

/// Between two unit quaternions, the short way; near enough to spherical for neighbouring frames.
pub fn nlerp(a: [f32; 4], b: [f32; 4], t: f32) -> [f32; 4] {
    let same: f32 = a.iter().zip(b).map(|(x, y)| x * y).sum();
    let sign = if same < 0.0 { -1.0 } else { 1.0 };
    let mixed: [f32; 4] = std::array::from_fn(|i| a[i] * (1.0 - t) + b[i] * t * sign);
    let length = mixed.iter().map(|q| q * q).sum::<f32>().sqrt().max(1e-6);
    mixed.map(|q| q / length)
}

/// Rounds down; for values well inside `i32`. Without newer processors' instructions `f32::floor` is a call.
#[inline]
pub fn floor(x: f32) -> i32 {
    let whole = x as i32;
    whole - i32::from(x < whole as f32)
}

/// Smooth noise in −1…1 on the plane.
#[inline]
pub fn noise2(seed: u64, x: f32, y: f32) -> f32 {
    let (i, j) = (floor(x), floor(y));
    let (u, v) = (x - i as f32, y - j as f32);
    let (u, v) = (u * u * (3.0 - 2.0 * u), v * v * (3.0 - 2.0 * v));
    let seed = (seed ^ seed >> 32) as u32;
    let at = |di: i32, dj: i32| {
        let (a, b) = (i.wrapping_add(di) as u32, j.wrapping_add(dj) as u32);
        let mut h = a.wrapping_mul(0x9e37_79b1) ^ b.wrapping_mul(0x85eb_ca77) ^ seed;
        h = (h ^ h >> 15).wrapping_mul(0x2c1b_3c6d);
        h = (h ^ h >> 12).wrapping_mul(0x297a_2d39);
        (h >> 8) as f32 * (2.0 / 16_777_216.0) - 1.0
    };
    let top = at(0, 0) + (at(1, 0) - at(0, 0)) * u;
    let low = at(0, 1) + (at(1, 1) - at(0, 1)) * u;
    top + (low - top) * v
}

/// Several octaves of it.
pub fn fbm(seed: u64, x: f32, y: f32, octaves: u32) -> f32 {
    let (mut sum, mut size, mut k) = (0.0, 0.5, 1.0);
    for o in 0..octaves {
        sum += size * noise2(seed.wrapping_add(u64::from(o) * 0x9e37_79b9), x * k, y * k);
        size *= 0.5;
        k *= 2.03;
    }
    sum
}
