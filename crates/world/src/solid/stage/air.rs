//! From fine samples to pixels, and what falls or drifts before them.

use super::{FINE, Stage};
use crate::canvas::{Canvas, Paint, lerp, mix};
use crate::rng;
use crate::solid::math::{add, fbm, mul};
use crate::solid::places::Water;
use crate::solid::raster::{Camera, Target};
use crate::vocabulary::Weather;

impl Stage<'_> {
    /// Fine samples to pixels, with the sky where nothing is.
    pub(super) fn resolve(&self, target: &Target, camera: &Camera, time: f32, canvas: &mut Canvas) {
        let (w, h) = (canvas.width, canvas.height);
        for y in 0..h {
            for x in 0..w {
                let mut sum = [0.0; 3];
                let mut open = 0;
                for dy in 0..FINE {
                    let row = (y * FINE + dy) * target.width + x * FINE;
                    for at in row..row + FINE {
                        if target.depth[at] > 0.0 {
                            sum = add(sum, target.colour[at]);
                        } else {
                            open += 1;
                        }
                    }
                }
                if open > 0 {
                    let (fx, fy) = (
                        2.0 * (x as f32 + 0.5) / w as f32 - 1.0,
                        1.0 - 2.0 * (y as f32 + 0.5) / h as f32,
                    );
                    let sky = self.sky.colour(camera.ray(fx, fy), time);
                    sum = add(sum, mul(sky, open as f32));
                }
                let pixel = mul(sum, 1.0 / (FINE * FINE) as f32);
                canvas.pixels[y * w + x] = pixel.map(|c| c.clamp(0.0, 1.0));
            }
        }
    }

    pub(super) fn weather(&self, canvas: &mut Canvas, time: f32) {
        let unit = canvas.height as f32;
        let wide = canvas.width as f32;
        let seed = self.record.seed;
        let own = |i: i64, k: i64| rng::unit(seed ^ 0x4a1, i * 5 + k);
        match self.record.weather {
            Weather::Rain => {
                let count = (110.0 * wide / unit / 1.78) as i64;
                for i in 0..count {
                    let y =
                        ((own(i, 0) + time * lerp(1.5, 2.3, own(i, 1))).fract() * 1.2 - 0.1) * unit;
                    let x = own(i, 2) * wide * 1.1 - y * 0.08;
                    let long = lerp(0.04, 0.09, own(i, 3)) * unit;
                    let paint = Paint::flat([0.82, 0.88, 0.95]).alpha(0.38).soft(1.0);
                    canvas.capsule(
                        (x, y),
                        (x - 0.08 * long, y + long),
                        (0.0022 * unit).max(0.3),
                        paint,
                    );
                }
            }
            Weather::Snowfall => {
                let count = (120.0 * wide / unit / 1.78) as i64;
                for i in 0..count {
                    let fall = time * lerp(0.12, 0.30, own(i, 1));
                    let y = ((own(i, 0) + fall).fract() * 1.2 - 0.1) * unit;
                    let x = own(i, 2) * wide + 0.03 * unit * (time * 1.2 + own(i, 4) * 6.0).sin();
                    let r = lerp(0.003, 0.009, own(i, 3).powi(2)) * unit;
                    canvas.ellipse(
                        x,
                        y,
                        r.max(0.5),
                        r.max(0.5),
                        Paint::flat([0.97, 0.98, 1.0]).alpha(0.85),
                    );
                }
            }
            Weather::Fog => {
                let thick = self.sky.horizon;
                for y in 0..canvas.height {
                    for x in 0..canvas.width {
                        let n = fbm(
                            seed,
                            x as f32 / unit * 1.6 + time * 0.06,
                            y as f32 / unit * 3.0,
                            3,
                        );
                        let pixel = &mut canvas.pixels[y * canvas.width + x];
                        *pixel = mix(*pixel, thick, (0.22 + 0.25 * n).clamp(0.0, 0.6));
                    }
                }
            }
            Weather::Clear => {}
        }
        if self.scenery.setting.water == Water::Under {
            for i in 0..5 {
                let sway = 0.04 * (time * 0.6 + i as f32 * 1.9).sin();
                let x = (own(i, 0) * 1.2 - 0.1 + sway) * wide;
                let ray = Paint::flat([0.75, 0.97, 1.0]).alpha(0.10).soft(0.10 * unit);
                canvas.capsule(
                    (x, -0.1 * unit),
                    (x - 0.25 * unit, 0.7 * unit),
                    0.06 * unit,
                    ray,
                );
            }
        }
    }
}
