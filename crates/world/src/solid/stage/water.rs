//! The surface of water: waves, what it mirrors, what shines through it, foam.

use super::{FINE, Stage, WATER};
use crate::canvas::{mix, smooth};
use crate::solid::math::{V3, add, dot, mul, noise2, sub, unit};
use crate::solid::places::Water;
use crate::solid::raster::{Camera, Target};

/// What a pixel of water throws back, the same for all its samples: waves and sky change little within one.
struct Glance {
    colour: V3,
    /// Share of it, against what is seen below.
    share: f32,
    /// Height of the wave, for its crest.
    crest: f32,
}

impl Stage<'_> {
    pub(super) fn water(&self, target: &mut Target, mirror: &Target, camera: &Camera, time: f32) {
        let level = self.scenery.level;
        if camera.eye[1] <= level {
            return;
        }
        let (w, h) = (target.width, target.height);
        let day = self.sky.ambient[1] / 0.53;
        let deep = mul(
            mix([0.05, 0.22, 0.30], self.sky.horizon, 0.12),
            0.4 + 0.6 * day,
        );
        let open = self.scenery.setting.water == Water::Open;
        let (crest, foam) = (mul([0.95, 0.97, 1.0], day), mul([0.92, 0.96, 0.98], day));
        let size = self.acting.size().max(0.3);
        let across = |x: f32| 2.0 * x / w as f32 - 1.0;
        let down = |y: f32| 1.0 - 2.0 * y / h as f32;
        for py in 0..h / FINE {
            for px in 0..w / FINE {
                let mut glance = None;
                for k in 0..FINE * FINE {
                    let (x, y) = (px * FINE + k % FINE, py * FINE + k / FINE);
                    let ray = camera.ray(across(x as f32 + 0.5), down(y as f32 + 0.5));
                    if ray[1] >= -1e-4 {
                        continue;
                    }
                    // The ray's own length along the view axis is one: t is the depth.
                    let t = (level - camera.eye[1]) / ray[1];
                    let (at, near) = (y * w + x, 1.0 / t);
                    if target.depth[at] >= near {
                        continue;
                    }
                    let seen = glance
                        .get_or_insert_with(|| self.glance(mirror, camera, ray, t, (px, py), time));
                    let through = if target.depth[at] > 0.0 {
                        1.0 / target.depth[at] - t
                    } else {
                        1e3
                    };
                    let clear = (-through / (0.55 * size.min(2.5))).exp();
                    let below = if clear > 0.003 {
                        mix(deep, target.colour[at], clear * 0.85)
                    } else {
                        deep
                    };
                    let mut colour = mix(below, seen.colour, seen.share);
                    if open && seen.crest > 0.85 {
                        colour = mix(colour, crest, 0.5 * smooth(0.85, 1.2, seen.crest));
                    }
                    // Foam where something comes out of it.
                    if through < 0.07 * size {
                        colour = mix(colour, foam, 0.4 * (1.0 - through / (0.07 * size)));
                    }
                    target.colour[at] = mix(colour, self.sky.horizon, self.sky.fog(t));
                    target.depth[at] = near;
                    target.tag[at] = WATER;
                }
            }
        }
    }

    /// Along `ray`, which meets the surface at depth `t`.
    fn glance(
        &self,
        mirror: &Target,
        camera: &Camera,
        ray: V3,
        t: f32,
        (x, y): (usize, usize),
        time: f32,
    ) -> Glance {
        let open = self.scenery.setting.water == Water::Open;
        let rough = if open { 0.10 } else { 0.05 };
        let size = self.acting.size().max(0.3);
        let p = add(camera.eye, mul(ray, t));
        let waves = |k: f32, sx: f32, sz: f32| {
            let (x, z) = (p[0] * k / size, p[2] * k * 1.6 / size);
            noise2(9, x + time * sx, z + time * sz)
        };
        let calm = 1.0 / (1.0 + 0.02 * t / size);
        let a = waves(1.1, 0.35, 0.5) + 0.5 * waves(3.1, -0.6, 0.7);
        let b = waves(1.3, -0.3, 0.6) + 0.5 * waves(2.9, 0.5, -0.8);
        let n = unit([rough * a * calm * 2.0, 1.0, rough * b * calm * 2.0]);
        let d = unit(ray);
        let facing = -dot(d, n);
        let fresnel = 0.04 + 0.86 * (1.0 - facing.clamp(0.0, 1.0)).powi(4);
        // The actor upside down, bent by the waves; else the sky.
        let mx = x as i32 + (a * calm * 3.0) as i32;
        let my = y as i32 + (b * calm * 2.0) as i32;
        let inside =
            mx >= 0 && my >= 0 && (mx as usize) < mirror.width && (my as usize) < mirror.height;
        let spot = if inside {
            my as usize * mirror.width + mx as usize
        } else {
            0
        };
        let mirrored = inside && mirror.depth[spot] > 0.0;
        let colour = if mirrored {
            mirror.colour[spot]
        } else {
            let bounce = sub(d, mul(n, 2.0 * dot(d, n)));
            let up = [bounce[0], bounce[1].abs() + 0.01, bounce[2]];
            self.sky.colour(up, time)
        };
        Glance {
            colour,
            share: (fresnel + if mirrored { 0.35 } else { 0.0 }).min(1.0),
            crest: a * calm,
        }
    }
}
