//! What stands on the ground, the ground itself, and the shadows on it.

use super::{GROUND, SHADED, Stage, THING};
use crate::canvas::{lerp, mix, smooth};
use crate::solid::acting::Figure;
use crate::solid::math::{V3, add, mul};
use crate::solid::raster::{Camera, Corner, Target};
use crate::solid::scenery::Thing;
use crate::solid::texture;

impl Stage<'_> {
    pub(super) fn thing(&self, target: &mut Target, camera: &Camera, thing: &Thing) {
        let view: Vec<V3> = thing.points.iter().map(|p| camera.view(*p)).collect();
        let haze = self.sky.fog(view.first().map_or(0.0, |v| v[2].max(0.0)));
        for face in &thing.faces {
            let corners = face.map(|i| {
                let i = usize::from(i);
                Corner {
                    view: view[i],
                    values: mix(thing.lit[i], self.sky.horizon, haze),
                }
            });
            target.triangle(camera, corners, THING, |c, _| Some(*c));
        }
    }

    pub(super) fn earth(&self, target: &mut Target, camera: &Camera) {
        let terrain = &self.terrain;
        let view: Vec<V3> = terrain.points.iter().map(|p| camera.view(*p)).collect();
        let inverse = 1.0 / terrain.tile;
        let horizon = self.sky.horizon;
        let texel = self.ground.side() * inverse * 2.0 * camera.half / target.height as f32;
        let (ground, patch) = (self.ground, self.patch);
        let corner = |i: u16| {
            let i = usize::from(i);
            let (p, l) = (terrain.points[i], terrain.light[i]);
            Corner {
                view: view[i],
                values: [
                    p[0] * inverse,
                    p[2] * inverse,
                    l[0],
                    l[1],
                    l[2],
                    terrain.patch[i],
                ],
            }
        };
        let side = camera.half * camera.aspect;
        for face in &terrain.faces {
            // Wholly behind or beside the frame.
            let v = face.map(|i| view[usize::from(i)]);
            if v.iter().all(|v| v[2] < 0.05)
                || v.iter().all(|v| v[0] > v[2] * side)
                || v.iter().all(|v| v[0] < -v[2] * side)
                || v.iter().all(|v| v[1] < -v[2] * camera.half)
            {
                continue;
            }
            target.triangle(camera, face.map(corner), GROUND, |v, near| {
                let far = 1.0 / near;
                // Ground is seen aslant: between the two footprints.
                let level = texture::level(texel * far * 1.8);
                let mut t = ground.sample(v[0], v[1], level);
                if v[5] > 0.02 {
                    let other = patch.sample(v[0] * 0.83, v[1] * 0.83, level);
                    let share = smooth(0.0, 1.0, v[5]);
                    for i in 0..3 {
                        t[i] = lerp(t[i], other[i], share);
                    }
                }
                let lit = [t[0] * v[2], t[1] * v[3], t[2] * v[4]];
                Some(mix(lit, horizon, self.sky.fog(far)))
            });
        }
    }

    /// Shadows of actors and plants, cast along the sun onto level ground.
    pub(super) fn shadows(&self, target: &mut Target, camera: &Camera, figures: &[Figure]) {
        let sun = self.sky.sun;
        let sum = |c: V3| c[0] + c[1] + c[2];
        let lit = sum(self.sky.light([0.0, 1.0, 0.0]));
        let dark = add(mul(self.sky.ambient, 0.92), mul(self.sky.sun_colour, 0.06));
        let keep = (sum(dark) / lit).clamp(0.35, 1.0);
        if self.scenery.level > 0.3 * self.acting.height {
            return;
        }
        let mut cast = |points: &[V3], faces: &[[u16; 3]], floor: f32, keep: f32| {
            let view: Vec<V3> = points
                .iter()
                .map(|p| {
                    let k = (p[1] - floor).max(0.0) / sun[1].max(0.12);
                    camera.view([p[0] - sun[0] * k, floor, p[2] - sun[2] * k])
                })
                .collect();
            for face in faces {
                let corners = face.map(|i| Corner {
                    view: view[usize::from(i)],
                    values: [0.0; 0],
                });
                target.scan(camera, corners, |target, at, _, _| {
                    if target.tag[at] == GROUND {
                        target.tag[at] = SHADED;
                        target.colour[at] = mul(target.colour[at], keep);
                    }
                });
            }
        };
        for figure in figures {
            let points: Vec<V3> = figure
                .body
                .points
                .iter()
                .map(|p| figure.place.apply(*p))
                .collect();
            let at = figure.place.shift;
            let floor = self.scenery.ground(at[0], at[2]);
            let high = ((at[1] - floor) / (4.0 * self.acting.height + 1.0)).clamp(0.0, 1.0);
            cast(
                &points,
                &figure.body.faces,
                floor + 0.012 * self.acting.height,
                lerp(keep, 1.0, high),
            );
        }
        for thing in self.things.iter().filter(|t| t.casts) {
            if camera.view(thing.middle)[2] < 90.0 {
                cast(
                    &thing.points,
                    &thing.faces,
                    thing.middle[1] + 0.05,
                    lerp(keep, 1.0, 0.15),
                );
            }
        }
    }
}
