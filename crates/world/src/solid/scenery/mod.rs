//! The ground and what stands on it, lit once for a clip.

mod built;
mod plants;
mod things;
mod trees;

use super::acting::{Acting, is_high};
use super::cast::Element;
use super::math::{V3, fbm, noise2, times, unit};
use super::places::{Setting, Water, setting};
use super::sky::Sky;
use crate::canvas::{lerp, smooth};
use crate::record::SceneRecord;
use crate::vocabulary::Action;

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
        let floats = record.action == Action::Swims || acting.actor().element == Element::Boat;
        let wet = match setting.water {
            Water::Stream | Water::Shore if floats => Water::Lake,
            other => other,
        };
        let level = match wet {
            Water::None | Water::Under => f32::NEG_INFINITY,
            _ if acting.water.is_finite() => acting.water,
            Water::Open => acting.altitude - acting.height * 2.5 - 1.0,
            Water::Stream => 0.12 * size,
            _ => -0.10 * size.min(2.0) - 0.05,
        };
        let high = is_high(record.place);
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

    /// Of the ground or of the water over it.
    pub fn surface(&self, x: f32, z: f32) -> f32 {
        self.ground(x, z).max(self.level)
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
}
