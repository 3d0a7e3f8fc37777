//! The ground and what stands on it, lit once for a clip.

use std::f32::consts::TAU;

use super::acting::Acting;
use super::math::{Affine, V3, add, cross, dot, fbm, mul, noise2, sub, times, unit};
use super::places::{Plant, Setting, Water, setting};
use super::puppet::Body;
use super::sky::Sky;
use crate::canvas::{lerp, mix, smooth};
use crate::record::SceneRecord;
use crate::rng;
use crate::vocabulary::{Action, Place};

/// Cells of the ground along each side.
const CELLS: usize = 72;
/// Half its side, metres.
const EXTENT: f32 = 320.0;

pub struct Thing {
    pub points: Vec<V3>,
    /// Colour with the light on it.
    pub lit: Vec<V3>,
    pub faces: Vec<[u16; 3]>,
    pub middle: V3,
    pub radius: f32,
    pub casts: bool,
}

pub struct Terrain {
    pub points: Vec<V3>,
    pub light: Vec<V3>,
    /// Share of the second texture.
    pub patch: Vec<f32>,
    pub faces: Vec<[u16; 3]>,
    /// Metres that a texture covers.
    pub tile: f32,
}

pub struct Scenery {
    seed: u64,
    pub setting: Setting,
    /// Water's surface; −∞ where there is none.
    pub level: f32,
    wet: Water,
    /// Half the length of the stage along x, and its half depth: here the ground is level.
    stage: (f32, f32),
    size: f32,
    far_down: f32,
}

impl Scenery {
    pub fn new(record: &SceneRecord, acting: &Acting<'_>) -> Scenery {
        let setting = setting(record.place);
        let travel = acting.travel();
        let size = acting.size();
        let swims = record.action == Action::Swims;
        let wet = match setting.water {
            Water::Stream | Water::Shore if swims => Water::Lake,
            other => other,
        };
        let level = match wet {
            Water::None | Water::Under => f32::NEG_INFINITY,
            _ if acting.water.is_finite() => acting.water,
            Water::Open => acting.altitude - acting.height * 2.5 - 1.0,
            Water::Stream => 0.12 * size,
            _ => -0.10 * size.min(2.0) - 0.05,
        };
        let high = matches!(record.place, Place::Sky | Place::NightSky);
        Scenery {
            seed: record.seed,
            level,
            wet,
            stage: (
                travel[0].abs() / 2.0 + 2.0 * size,
                travel[2].abs() + 2.0 * size,
            ),
            size,
            far_down: if high { -160.0 } else { 0.0 },
            setting,
        }
    }

    /// Height of the ground.
    pub fn ground(&self, x: f32, z: f32) -> f32 {
        let (dx, dz) = (
            (x.abs() - self.stage.0).max(0.0),
            (z.abs() - self.stage.1).max(0.0),
        );
        let out = (dx * dx + dz * dz).sqrt();
        let away = smooth(0.5 * self.size, 12.0 + 6.0 * self.size, out);
        let roll = fbm(self.seed ^ 0x9d, x * 0.021, z * 0.021, 3);
        let bumps =
            0.04 * self.size.min(3.0) * noise2(self.seed ^ 0x3b, x / self.size, z / self.size);
        let mut y = away * (self.setting.hills * (roll + 0.15) + bumps) + self.far_down;
        match self.wet {
            Water::None | Water::Under => {}
            Water::Stream => {
                // A bed along x that winds a little, with banks.
                let half = 2.4 * self.size + 1.2 + self.stage.1 * 0.4;
                let wind = 0.5
                    * half
                    * fbm(self.seed ^ 0x6e, x * 0.02, 0.0, 2)
                    * smooth(self.stage.0, self.stage.0 * 2.0 + 10.0, x.abs());
                let bank = smooth(0.75 * half, 1.25 * half, (z - wind - 0.15 * half).abs());
                let top = self.level + 0.14 * self.size + 0.05;
                y = lerp(0.0, top + y.max(-0.05), bank);
            }
            Water::Lake | Water::Shore if self.level > 0.0 => {
                // It swims: a wide basin around it.
                let wide = self.stage.0.max(self.stage.1) * 1.3 + 16.0;
                let far = smooth(wide, wide + 26.0, (x * x + z * z).sqrt());
                y = lerp(-2.5 - self.size, self.level + 0.5 + y.max(0.0), far);
            }
            Water::Lake => {
                let near = self.stage.1 * 0.35 + 1.0 * self.size;
                let far = near + 30.0 + 8.0 * self.size;
                let bay = 0.4 * self.size * noise2(self.seed ^ 0x2c, x * 0.15, 0.0);
                let into = smooth(near, near + 3.0 * self.size + 1.0, z + bay);
                let beyond = smooth(
                    far,
                    far + 20.0,
                    z + 6.0 * noise2(self.seed ^ 0x2d, x * 0.03, 0.0),
                );
                y = lerp(y, -2.0, into) + beyond * (2.6 + y.max(0.0));
            }
            Water::Shore => {
                let near = self.stage.1 * 0.35 + 1.2 * self.size;
                let into = smooth(
                    near,
                    near + 5.0 * self.size + 3.0,
                    z + 0.5 * self.size * noise2(self.seed ^ 0x2c, x * 0.12, 0.0),
                );
                y = lerp(y, -2.0, into);
            }
            Water::Open => y = self.level - 12.0,
        }
        y
    }

    fn normal(&self, x: f32, z: f32, step: f32) -> V3 {
        let (a, b) = (self.ground(x - step, z), self.ground(x + step, z));
        let (c, d) = (self.ground(x, z - step), self.ground(x, z + step));
        unit([a - b, 2.0 * step, c - d])
    }

    /// A grid that is fine at the stage and coarse far out.
    pub fn terrain(&self, sky: &Sky) -> Terrain {
        let k = 5.6f32;
        let reach = if self.far_down < 0.0 {
            3.0 * EXTENT
        } else {
            EXTENT
        };
        let along = |i: usize| {
            let t = 2.0 * i as f32 / CELLS as f32 - 1.0;
            reach * (k * t).sinh() / k.sinh()
        };
        let mut points = Vec::new();
        let (mut light, mut patch) = (Vec::new(), Vec::new());
        let tint = self.setting.tint;
        for j in 0..=CELLS {
            for i in 0..=CELLS {
                let (x, z) = (along(i), along(j));
                let y = self.ground(x, z);
                let step = 0.04 * (x.abs().max(z.abs())) + 0.15;
                let n = self.normal(x, z, step);
                points.push([x, y, z]);
                light.push(times(sky.light(n), tint));
                let mut share = smooth(0.05, 0.30, fbm(self.seed ^ 0xf1, x * 0.06, z * 0.06, 3));
                if self.wet == Water::Stream {
                    share = 1.0 - smooth(self.level, self.level + 0.25 * self.size.max(0.4), y);
                }
                if self.setting.ground == "medit_city_tile" {
                    share = 0.0;
                }
                share = share.max(smooth(0.80, 0.62, n[1]));
                patch.push(share);
            }
        }
        let row = CELLS + 1;
        let mut faces = Vec::new();
        for j in 0..CELLS {
            for i in 0..CELLS {
                let a = (j * row + i) as u16;
                let (b, c) = (a + 1, a + row as u16);
                faces.push([a, c, b]);
                faces.push([b, c, c + 1]);
            }
        }
        Terrain {
            points,
            light,
            patch,
            faces,
            tile: (2.2 * self.size.max(0.25).sqrt() * 1.6).clamp(0.8, 9.0)
                * if self.far_down < 0.0 { 12.0 } else { 1.0 },
        }
    }

    /// Plants, stones, houses around the stage; nothing tall between it and the camera.
    pub fn things(&self, record: &SceneRecord, sky: &Sky, camera: f32) -> Vec<Thing> {
        let mut out = Vec::new();
        if self.far_down < 0.0 {
            return out;
        }
        for (kind_index, &(plant, count)) in self.setting.plants.iter().enumerate() {
            let forms: Vec<Body> = (0..3)
                .map(|i| form(plant, self.seed ^ (i + 31 * kind_index as u64)))
                .collect();
            for i in 0..count {
                let own = |k: i64| {
                    rng::unit(
                        self.seed ^ 0x71a5,
                        (kind_index as i64 * 1000 + i64::from(i)) * 8 + k,
                    )
                };
                let small = matches!(
                    plant,
                    Plant::Grass
                        | Plant::DryGrass
                        | Plant::Flowers
                        | Plant::Reed
                        | Plant::Coral
                        | Plant::Weed
                );
                let (low, high) = range(plant);
                // What is low is scaled with the actor, so that a rabbit is not lost in the grass.
                let fit = if small {
                    (self.size / 1.4).clamp(0.30, 1.3)
                } else {
                    1.0
                };
                let height = lerp(low, high, own(1)) * fit;
                let depth = if small { 8.0 * self.size + 5.0 } else { 70.0 };
                let near = if small {
                    -1.6 * self.size
                } else {
                    self.stage.1 * 0.5 + 1.5 * self.size + 0.35 * height
                };
                let z = near + (depth - near) * own(2).powf(1.6);
                let wide = self.stage.0 + (z + camera).max(1.0) * 1.1;
                let x = (2.0 * own(3) - 1.0) * wide;
                let way = self.stage.1 + 1.5 * self.size + 0.9 * height;
                if !small && x.abs() < self.stage.0 + 0.5 * height && z < way {
                    continue;
                }
                let clear = 0.9 * self.size;
                let on_stage = z.abs() < clear + self.stage.1 * 0.3 && x.abs() < self.stage.0;
                if on_stage && (!small || height > 0.30 * self.size || plant == Plant::Reed) {
                    continue;
                }
                let y = self.ground(x, z);
                let wet = y < self.level - 0.02;
                let likes = match plant {
                    Plant::Reed => y < self.level + 0.2 && y > self.level - 0.5,
                    Plant::Rock => y > self.level - 0.4,
                    Plant::Ice => true,
                    _ => !wet,
                };
                if !likes {
                    continue;
                }
                let place = Affine::placed(own(4) * TAU, height, [x, y - 0.02 * height, z]);
                out.push(set(
                    &forms[(own(5) * 3.0) as usize % 3],
                    &place,
                    sky,
                    !small,
                ));
            }
        }
        let _ = record;
        out
    }
}

fn set(body: &Body, place: &Affine, sky: &Sky, casts: bool) -> Thing {
    let points: Vec<V3> = body.points.iter().map(|p| place.apply(*p)).collect();
    let lit = body
        .normals
        .iter()
        .zip(&body.colours)
        .map(|(n, c)| times(sky.light(unit(place.turn(*n))), *c))
        .collect();
    let middle = place.shift;
    let radius = points
        .iter()
        .map(|p| {
            let d = sub(*p, middle);
            dot(d, d)
        })
        .fold(0.0, f32::max)
        .sqrt();
    Thing {
        points,
        lit,
        faces: body.faces.clone(),
        middle,
        radius,
        casts,
    }
}

/// Least and greatest height, metres.
fn range(plant: Plant) -> (f32, f32) {
    match plant {
        Plant::Fir | Plant::Snowy => (5.0, 11.0),
        Plant::Leafy | Plant::Autumn => (5.0, 9.0),
        Plant::Palm => (5.0, 9.0),
        Plant::Jungle => (7.0, 14.0),
        Plant::Acacia => (4.5, 7.0),
        Plant::Cactus => (1.8, 3.4),
        Plant::Bush => (0.7, 1.5),
        Plant::Rock => (0.3, 1.3),
        Plant::RedRock => (1.0, 7.0),
        Plant::Grass | Plant::DryGrass => (0.25, 0.55),
        Plant::Reed => (0.7, 1.3),
        Plant::Flowers => (0.22, 0.42),
        Plant::House => (4.5, 6.5),
        Plant::Tower => (9.0, 30.0),
        Plant::Ice => (0.4, 2.4),
        Plant::Coral => (0.3, 0.9),
        Plant::Weed => (0.5, 1.5),
    }
}

/// One of its kind, one metre tall.
fn form(plant: Plant, seed: u64) -> Body {
    let own = |k: i64| rng::unit(seed, 500 + k);
    let mut b = Body::default();
    let bark = [0.36, 0.26, 0.18];
    let vary = |c: V3| mul(c, lerp(0.85, 1.15, own(90)));
    match plant {
        Plant::Fir | Plant::Snowy => {
            b.tube(&[([0.0; 3], 0.035, bark), ([0.0, 0.3, 0.0], 0.03, bark)], 5);
            let green = vary([0.16, 0.34, 0.20]);
            for i in 0..4 {
                let t = i as f32 / 4.0;
                let (low, r) = (0.14 + 0.2 * t, lerp(0.24, 0.10, t));
                let white = if plant == Plant::Snowy { 0.65 } else { 0.0 };
                let top = mix(mul(green, 1.15), [0.93, 0.95, 0.98], white);
                b.tube(
                    &[
                        ([0.0, low, 0.0], r, mul(green, 0.75)),
                        ([0.0, low + 0.32, 0.0], 0.004, top),
                    ],
                    8,
                );
            }
        }
        Plant::Leafy | Plant::Autumn | Plant::Jungle => {
            let tones: [V3; 3] = match plant {
                Plant::Autumn => [[0.85, 0.45, 0.12], [0.80, 0.26, 0.10], [0.92, 0.68, 0.18]],
                Plant::Jungle => [[0.14, 0.40, 0.16], [0.20, 0.46, 0.14], [0.10, 0.32, 0.16]],
                _ => [[0.28, 0.48, 0.18], [0.34, 0.52, 0.20], [0.24, 0.42, 0.20]],
            };
            let green = vary(tones[(own(1) * 3.0) as usize % 3]);
            let crown = if plant == Plant::Jungle { 0.62 } else { 0.42 };
            b.tube(
                &[
                    ([0.0; 3], 0.045, bark),
                    ([0.01, crown, 0.0], 0.03, bark),
                    ([0.03, 0.75, 0.02], 0.01, bark),
                ],
                5,
            );
            for i in 0..5 {
                let turn = i as f32 * 1.2566 + own(2);
                let r = if i == 4 {
                    0.0
                } else {
                    lerp(0.12, 0.18, own(10 + i))
                };
                let y = if i == 4 {
                    0.82
                } else {
                    lerp(crown + 0.08, 0.78, own(20 + i))
                };
                let s = lerp(0.15, 0.21, own(30 + i));
                let at = [r * turn.cos(), y, r * turn.sin()];
                b.lump(
                    at,
                    [[s, 0.0, 0.0], [0.0, s * 0.85, 0.0], [0.0, 0.0, s]],
                    green,
                    5,
                    0.28,
                    seed + i as u64,
                );
            }
        }
        Plant::Palm => {
            let lean = lerp(-0.12, 0.12, own(1));
            let path: Vec<_> = (0..=5)
                .map(|i| {
                    let t = i as f32 / 5.0;
                    (
                        [lean * t * t, 0.82 * t, 0.0],
                        lerp(0.026, 0.017, t),
                        vary([0.50, 0.40, 0.28]),
                    )
                })
                .collect();
            b.tube(&path, 5);
            let top = [lean, 0.82, 0.0];
            for i in 0..9 {
                let turn = i as f32 * 0.698 + own(3);
                let (s, c) = turn.sin_cos();
                let green = mix([0.20, 0.46, 0.16], [0.36, 0.56, 0.20], own(40 + i));
                let side = [-s * 0.04, 0.0, c * 0.04];
                let out = |r: f32, y: f32| add(top, [c * r, y, s * r]);
                let (mid, end) = (out(0.17, 0.10), out(0.36, -0.10 - 0.06 * own(60 + i)));
                b.plate(
                    [
                        sub(top, mul(side, 0.4)),
                        sub(mid, side),
                        add(mid, side),
                        add(top, mul(side, 0.4)),
                    ],
                    [0.0, 1.0, 0.0],
                    [green; 4],
                );
                b.plate(
                    [sub(mid, side), end, end, add(mid, side)],
                    unit([c * 0.5, 0.8, s * 0.5]),
                    [mul(green, 0.85); 4],
                );
            }
        }
        Plant::Acacia => {
            b.tube(
                &[([0.0; 3], 0.035, bark), ([0.02, 0.5, 0.0], 0.026, bark)],
                5,
            );
            for i in 0..4 {
                let turn = i as f32 * 1.57 + own(1);
                let at = [
                    0.26 * turn.cos(),
                    0.84 + 0.05 * own(4 + i),
                    0.26 * turn.sin(),
                ];
                b.tube(&[([0.02, 0.48, 0.0], 0.02, bark), (at, 0.01, bark)], 4);
                let green = vary([0.42, 0.48, 0.20]);
                b.lump(
                    at,
                    [[0.30, 0.0, 0.0], [0.0, 0.085, 0.0], [0.0, 0.0, 0.30]],
                    green,
                    5,
                    0.3,
                    seed + i as u64,
                );
            }
        }
        Plant::Cactus => {
            let green = vary([0.30, 0.48, 0.24]);
            let trunk = [
                ([0.0; 3], 0.09, green),
                ([0.0, 0.5, 0.0], 0.10, green),
                ([0.0, 0.93, 0.0], 0.085, green),
                ([0.0, 1.0, 0.0], 0.01, green),
            ];
            b.tube(&trunk, 8);
            for (side, y) in [
                (-1.0, lerp(0.35, 0.5, own(1))),
                (1.0, lerp(0.45, 0.6, own(2))),
            ] {
                let arm = [
                    ([0.0, y, 0.0], 0.05, green),
                    ([side * 0.2, y + 0.02, 0.0], 0.055, green),
                    ([side * 0.24, y + 0.10, 0.0], 0.055, green),
                    ([side * 0.24, y + 0.30, 0.0], 0.05, green),
                    ([side * 0.24, y + 0.34, 0.0], 0.005, green),
                ];
                b.tube(&arm, 6);
            }
        }
        Plant::Bush => {
            let green = vary([0.26, 0.42, 0.18]);
            for i in 0..4 {
                let at = [
                    lerp(-0.4, 0.4, own(i)),
                    lerp(0.3, 0.55, own(10 + i)),
                    lerp(-0.4, 0.4, own(20 + i)),
                ];
                let s = lerp(0.35, 0.5, own(30 + i));
                b.lump(
                    at,
                    [[s, 0.0, 0.0], [0.0, s * 0.85, 0.0], [0.0, 0.0, s]],
                    green,
                    5,
                    0.3,
                    seed + i as u64,
                );
            }
        }
        Plant::Rock | Plant::RedRock | Plant::Ice => {
            let tone = match plant {
                Plant::RedRock => vary([0.70, 0.40, 0.26]),
                Plant::Ice => vary([0.78, 0.90, 0.98]),
                _ => vary([0.52, 0.50, 0.47]),
            };
            let wide = if plant == Plant::Rock { 0.8 } else { 0.55 };
            b.lump(
                [0.0, 0.35, 0.0],
                [[wide, 0.0, 0.0], [0.0, 0.62, 0.0], [0.0, 0.0, wide * 0.8]],
                tone,
                5,
                0.5,
                seed,
            );
        }
        Plant::Grass | Plant::DryGrass | Plant::Reed | Plant::Weed => {
            let (root, tip) = match plant {
                Plant::DryGrass => ([0.52, 0.44, 0.22], [0.86, 0.76, 0.46]),
                Plant::Weed => ([0.08, 0.30, 0.20], [0.26, 0.60, 0.30]),
                _ => ([0.18, 0.32, 0.10], [0.46, 0.62, 0.24]),
            };
            let blades = if plant == Plant::Reed { 12 } else { 9 };
            let spread = if plant == Plant::Weed { 0.12 } else { 0.35 };
            for i in 0..blades {
                let turn = own(i) * TAU;
                let (s, c) = turn.sin_cos();
                let r = spread * own(20 + i);
                let foot = [r * c, 0.0, r * s];
                let top = [
                    foot[0] + 0.25 * c * own(40 + i),
                    lerp(0.6, 1.0, own(60 + i)),
                    foot[2] + 0.25 * s * own(40 + i),
                ];
                let w = if plant == Plant::Weed { 0.05 } else { 0.028 };
                let side = [-s * w, 0.0, c * w];
                b.plate(
                    [sub(foot, side), top, top, add(foot, side)],
                    [0.0, 1.0, 0.0],
                    [root, tip, tip, root],
                );
            }
            if plant == Plant::Reed {
                for i in 0..2 {
                    let x = 0.2 * (own(80 + i) - 0.5);
                    b.tube(
                        &[
                            ([x, 0.7, x], 0.03, [0.36, 0.22, 0.12]),
                            ([x, 0.95, x], 0.03, [0.36, 0.22, 0.12]),
                        ],
                        4,
                    );
                }
            }
        }
        Plant::Flowers => {
            let petals: [V3; 5] = [
                [0.92, 0.20, 0.24],
                [0.98, 0.85, 0.22],
                [0.95, 0.95, 0.95],
                [0.62, 0.36, 0.86],
                [0.98, 0.56, 0.72],
            ];
            for i in 0..5 {
                let at = [own(i) - 0.5, 0.0, own(10 + i) - 0.5];
                let top = [at[0], lerp(0.7, 1.0, own(20 + i)), at[2]];
                b.plate(
                    [
                        sub(at, [0.02, 0.0, 0.0]),
                        top,
                        top,
                        add(at, [0.02, 0.0, 0.0]),
                    ],
                    [0.0, 1.0, 0.0],
                    [[0.24, 0.46, 0.16]; 4],
                );
                let petal = petals[(own(30) * 5.0) as usize % 5];
                b.ball(top, [0.13, 0.09, 0.13], petal, 3);
                b.ball(
                    add(top, [0.0, 0.06, -0.06]),
                    [0.05; 3],
                    [0.95, 0.75, 0.20],
                    3,
                );
            }
        }
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
        Plant::Coral => {
            let tones: [V3; 4] = [
                [0.95, 0.42, 0.40],
                [0.95, 0.66, 0.30],
                [0.78, 0.40, 0.80],
                [0.95, 0.80, 0.70],
            ];
            let tone = tones[(own(1) * 4.0) as usize % 4];
            for i in 0..6 {
                let turn = i as f32 * 1.05 + own(2);
                let (s, c) = turn.sin_cos();
                let top = [
                    0.4 * c * own(10 + i),
                    lerp(0.6, 1.0, own(20 + i)),
                    0.4 * s * own(10 + i),
                ];
                b.tube(
                    &[
                        ([0.0; 3], 0.10, mul(tone, 0.7)),
                        (mul(top, 0.6), 0.08, tone),
                        (top, 0.05, mul(tone, 1.1)),
                    ],
                    5,
                );
                b.ball(top, [0.07; 3], mul(tone, 1.15), 3);
            }
        }
    }
    let flat = |f: &[u16; 3]| {
        let [a, c, d] = f.map(|i| b.points[usize::from(i)]);
        let n = cross(sub(c, a), sub(d, a));
        dot(n, n) > 0.0
    };
    b.faces = b.faces.iter().copied().filter(flat).collect();
    b
}
