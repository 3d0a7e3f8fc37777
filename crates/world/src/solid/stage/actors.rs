//! Bodies: lit, textured, furred, or upside down for the water.

use super::{ACTOR, Stage};
use crate::canvas::{lerp, mix, smooth};
use crate::rng;
use crate::solid::acting::Figure;
use crate::solid::math::{V3, add, cross, dot, mul, sub, times, unit};
use crate::solid::puppet::Body;
use crate::solid::raster::{Camera, Corner, Target};
use crate::vocabulary::Style;

impl Stage<'_> {
    pub(super) fn actor(
        &self,
        target: &mut Target,
        camera: &Camera,
        figure: &Figure,
        flip: Option<f32>,
    ) {
        let body = &figure.body;
        let world: Vec<V3> = body
            .points
            .iter()
            .map(|p| {
                let mut p = figure.place.apply(*p);
                if let Some(level) = flip {
                    p[1] = 2.0 * level - p[1];
                }
                p
            })
            .collect();
        let view: Vec<V3> = world.iter().map(|p| camera.view(*p)).collect();
        let normals: Vec<V3> = body
            .normals
            .iter()
            .map(|n| unit(figure.place.turn(*n)))
            .collect();
        // Feet are darker: the ground takes light from them.
        let low = figure.place.shift[1];
        let top = self.acting.players[figure.who].height.max(0.1);
        let lights: Vec<V3> = world
            .iter()
            .zip(&normals)
            .map(|(p, n)| {
                let shade = lerp(0.80, 1.0, smooth(0.0, 0.35, ((p[1] - low) / top).abs()));
                mul(self.sky.light(*n), shade)
            })
            .collect();
        let haze: Vec<f32> = view
            .iter()
            .map(|v| self.sky.fog(v[2].max(0.0)) * 0.7)
            .collect();
        let horizon = self.sky.horizon;
        let level = flip.unwrap_or(f32::NEG_INFINITY);
        let clay = self.style == Style::Clay;
        let shining = body.shining.unwrap_or(usize::MAX);
        if !body.colours.is_empty() {
            for face in &body.faces {
                let at = face.map(usize::from);
                if at.iter().all(|&i| flip.is_some() && world[i][1] > level) {
                    continue;
                }
                let corners = at.map(|i| {
                    let light = if i < shining { lights[i] } else { [1.0; 3] };
                    let c = mix(times(body.colours[i], light), horizon, haze[i]);
                    Corner {
                        view: view[i],
                        values: c,
                    }
                });
                target.triangle(camera, corners, ACTOR, |c, _| Some(*c));
            }
            return;
        }
        let Some(skin) = self.skins[figure.who] else {
            return;
        };
        let actor = self.acting.players[figure.who].actor;
        let (holes, furry) = (actor.holes, actor.fur > 0.0);
        let pixels = target.height as f32 / camera.half * 0.5;
        let mean = skin.mean;
        for face in &body.faces {
            let at = face.map(usize::from);
            if at.iter().all(|&i| flip.is_some() && world[i][1] > level) {
                continue;
            }
            let corners = at.map(|i| {
                let (uv, l) = (body.uvs[i], lights[i]);
                Corner {
                    view: view[i],
                    values: [uv[0], uv[1], l[0], l[1], l[2], haze[i]],
                }
            });
            // How many texels a pixel covers here.
            let (e, f) = (sub(view[at[1]], view[at[0]]), sub(view[at[2]], view[at[0]]));
            let solid = cross(e, f);
            let (a, b) = (body.uvs[at[1]], body.uvs[at[2]]);
            let o = body.uvs[at[0]];
            let flat = ((a[0] - o[0]) * (b[1] - o[1]) - (b[0] - o[0]) * (a[1] - o[1])).abs();
            let ratio = (flat / dot(solid, solid).sqrt().max(1e-9)).sqrt() * skin.side();
            let far = view[at[0]][2].max(0.05);
            let level = (ratio * far / pixels).log2().round().clamp(0.0, 8.0) as usize;
            target.triangle(camera, corners, ACTOR, |v, _| {
                let mut t = skin.sample(v[0], v[1], level);
                if holes && t[3] < 0.5 {
                    return None;
                }
                if clay {
                    for i in 0..3 {
                        t[i] = lerp(t[i], mean[i], 0.45);
                    }
                }
                let lit = [t[0] * v[2], t[1] * v[3], t[2] * v[4]];
                Some(mix(if furry { woolly(lit) } else { lit }, horizon, v[5]))
            });
        }
        if furry && flip.is_none() {
            let long = actor.fur * self.acting.players[figure.who].height;
            self.fur(
                target,
                camera,
                body,
                long,
                (&world, &normals, &lights, &haze),
            );
        }
    }

    /// Shells of hair: each further out, with more and more of it missing, hanging a little.
    fn fur(
        &self,
        target: &mut Target,
        camera: &Camera,
        body: &Body,
        long: f32,
        (world, normals, lights, haze): (&[V3], &[V3], &[V3], &[f32]),
    ) {
        const SHELLS: usize = 7;
        let (low, high) = body.bounds();
        let tall = (high[1] - low[1]).max(1e-3);
        for shell in 1..=SHELLS {
            let out = shell as f32 / SHELLS as f32;
            let view: Vec<V3> = world
                .iter()
                .zip(normals)
                .zip(&body.points)
                .map(|((p, n), own)| {
                    // Long on the flanks, short on feet and trunk.
                    let up = (own[1] - low[1]) / tall;
                    let length =
                        long * smooth(0.06, 0.5, up) * lerp(1.0, 0.7, smooth(0.8, 1.0, up));
                    let hang = [0.0, -0.9 * out * out, 0.0];
                    camera.view(add(*p, mul(add(mul(*n, out * 0.8), hang), length)))
                })
                .collect();
            let bright = lerp(0.55, 1.25, out);
            for face in &body.faces {
                let at = face.map(usize::from);
                let corners = at.map(|i| {
                    let (uv, l) = (body.uvs[i], mul(lights[i], bright));
                    Corner {
                        view: view[i],
                        values: [uv[0], uv[1], l[0], l[1], l[2], haze[i]],
                    }
                });
                let horizon = self.sky.horizon;
                target.triangle(camera, corners, ACTOR, |v, _| {
                    let strand =
                        rng::unit(17, ((v[0] * 170.0) as i64) * 4099 + (v[1] * 170.0) as i64);
                    if strand < 0.25 + 0.62 * out {
                        return None;
                    }
                    let tone = lerp(0.75, 1.15, strand);
                    let wool = mul([0.46, 0.29, 0.17], tone);
                    Some(mix(
                        [wool[0] * v[2], wool[1] * v[3], wool[2] * v[4]],
                        horizon,
                        v[5],
                    ))
                });
            }
        }
    }
}

/// The mammoth's bare rig is too grey: its wool is brown.
fn woolly(lit: V3) -> V3 {
    times(lit, [0.95, 0.72, 0.52])
}
