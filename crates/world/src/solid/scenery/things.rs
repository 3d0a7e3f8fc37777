//! Where plants, stones and houses stand.

use std::f32::consts::TAU;

use super::{Scenery, Thing, built, plants, trees};
use crate::canvas::lerp;
use crate::rng;
use crate::solid::math::{Affine, V3, cross, dot, sub, times, unit};
use crate::solid::places::Plant;
use crate::solid::puppet::Body;
use crate::solid::sky::Sky;

impl Scenery {
    /// Plants, stones, houses around the stage; nothing tall between it and the camera.
    pub fn things(&self, sky: &Sky, camera: f32) -> Vec<Thing> {
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
    let mut body = Body::default();
    match plant {
        Plant::Fir
        | Plant::Snowy
        | Plant::Leafy
        | Plant::Autumn
        | Plant::Jungle
        | Plant::Palm
        | Plant::Acacia
        | Plant::Cactus => trees::grow(&mut body, plant, seed),
        Plant::House | Plant::Tower => built::build(&mut body, plant, seed),
        _ => plants::grow(&mut body, plant, seed),
    }
    let flat = |f: &[u16; 3]| {
        let [a, c, d] = f.map(|i| body.points[usize::from(i)]);
        let n = cross(sub(c, a), sub(d, a));
        dot(n, n) > 0.0
    };
    body.faces = body.faces.iter().copied().filter(flat).collect();
    body
}
