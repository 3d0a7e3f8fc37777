//! Skies: gradients, sun, moon, stars, clouds, and what falls from them.

use super::{Layer, Scene, Sky, noise};
use crate::canvas::{Paint, Rgb, lerp, mix, scale, smooth};
use crate::motion::HORIZON;
use crate::record::SceneRecord;
use crate::rng;
use crate::vocabulary::{Place, Time, Weather};

/// The sky's colours, with a little of the seed in them.
pub(super) fn colours(record: &SceneRecord) -> Sky {
    let vary = |i: i64| (rng::unit(record.seed, i) - 0.5) * 0.06;
    let shift =
        |c: Rgb| [c[0] + vary(1), c[1] + vary(2), c[2] + vary(3)].map(|v| v.clamp(0.0, 1.0));
    let (top, middle, low) = match (record.place, record.time) {
        (Place::Space, _) => ([0.03, 0.02, 0.09], [0.07, 0.04, 0.17], [0.12, 0.06, 0.24]),
        (Place::Underwater, _) => ([0.30, 0.80, 0.90], [0.08, 0.55, 0.76], [0.03, 0.36, 0.60]),
        (Place::NightSky, _) => ([0.04, 0.05, 0.22], [0.11, 0.13, 0.42], [0.28, 0.26, 0.60]),
        (Place::Volcano, Time::Day) => ([0.42, 0.26, 0.30], [0.70, 0.40, 0.32], [0.95, 0.62, 0.38]),
        (Place::Volcano, Time::Sunset) => {
            ([0.28, 0.12, 0.18], [0.62, 0.22, 0.18], [0.98, 0.48, 0.20])
        }
        (Place::Volcano, Time::Night) => {
            ([0.07, 0.03, 0.08], [0.22, 0.07, 0.10], [0.48, 0.15, 0.10])
        }
        (Place::Desert, Time::Day) => ([0.32, 0.62, 0.93], [0.60, 0.80, 0.96], [0.98, 0.92, 0.76]),
        (Place::Snow, Time::Day) => ([0.50, 0.72, 0.94], [0.70, 0.85, 0.98], [0.90, 0.95, 1.0]),
        (Place::Forest, Time::Day) => ([0.46, 0.76, 0.72], [0.66, 0.87, 0.72], [0.86, 0.96, 0.74]),
        (_, Time::Day) => ([0.22, 0.56, 0.95], [0.48, 0.75, 0.98], [0.80, 0.92, 1.0]),
        (_, Time::Sunset) => ([0.36, 0.26, 0.56], [0.90, 0.48, 0.46], [1.0, 0.78, 0.46]),
        (_, Time::Night) => ([0.04, 0.06, 0.20], [0.09, 0.14, 0.35], [0.19, 0.27, 0.51]),
    };
    Sky {
        top: shift(top),
        middle: shift(middle),
        low: shift(low),
    }
}

impl Scene<'_> {
    /// Fills the whole frame with the sky's gradient, which ends at the horizon.
    pub(super) fn sky_gradient(&mut self, end: f32) {
        let Sky { top, middle, low } = self.back.sky;
        let height = end * self.unit;
        for y in 0..self.canvas.height {
            let t = ((y as f32 + 0.5) / height).min(1.0);
            let colour = if t < 0.5 {
                mix(top, middle, t * 2.0)
            } else {
                mix(middle, low, t * 2.0 - 1.0)
            };
            self.canvas.row(y).fill(colour);
        }
    }

    /// Gradient, then sun or moon and stars, then clouds.
    pub(super) fn draw_sky(&mut self) {
        self.sky_gradient(HORIZON);
        let hidden = match self.back.weather {
            Weather::Clear => 0.0,
            Weather::Snowfall => 0.75,
            _ => 1.0,
        };
        match self.back.time {
            Time::Night => {
                if hidden < 0.5 {
                    self.draw_stars(0.55, HORIZON);
                    self.draw_moon(0.055);
                }
            }
            Time::Sunset => self.draw_sun([1.0, 0.93, 0.70], 0.075, 0.10, 1.0 - hidden * 0.8),
            Time::Day => {
                let height = self.back.between(20, 0.28, 0.44);
                self.draw_sun([1.0, 0.97, 0.80], 0.05, height, 1.0 - hidden);
            }
        }
        if self.back.weather == Weather::Clear {
            self.draw_clouds(0.55);
        } else {
            self.draw_clouds(0.9);
        }
    }

    fn draw_sun(&mut self, colour: Rgb, radius: f32, height: f32, strength: f32) {
        if strength <= 0.05 {
            return;
        }
        let x = self.column((self.back.choice(21) - 0.5) * 1.3, 0.02);
        let y = self.above(height, 0.02);
        let r = radius * self.unit;
        self.canvas.glow(x, y, r * 6.0, colour, 0.75 * strength);
        self.canvas
            .ellipse(x, y, r, r, Paint::flat(colour).alpha(strength).soft(1.5));
    }

    pub(super) fn draw_moon(&mut self, radius: f32) {
        let x = self.column((self.back.choice(22) - 0.5) * 1.2, 0.02);
        let y = self.above(self.back.between(23, 0.28, 0.42), 0.02);
        let r = radius * self.unit;
        self.canvas.glow(x, y, r * 4.5, [0.75, 0.80, 1.0], 0.5);
        let moon = Paint::solid([1.0, 0.98, 0.88], [0.86, 0.85, 0.80]);
        self.canvas.ellipse(x, y, r, r, moon);
        for (dx, dy, k) in [(-0.3, -0.2, 0.26), (0.35, 0.1, 0.2), (-0.05, 0.45, 0.17)] {
            let crater = Paint::flat([0.84, 0.83, 0.77]).soft(0.1 * r).alpha(0.8);
            self.canvas
                .ellipse(x + dx * r, y + dy * r, k * r, k * r, crater);
        }
    }

    /// Points of light above a row; `density` 0–1.
    pub(super) fn draw_stars(&mut self, density: f32, end: f32) {
        let columns = (self.view.aspect * 14.0) as i64 + 6;
        let rows = (end * 13.0) as i64;
        let shift = self.view.x * 0.02;
        for row in 0..rows {
            for cell in -2..columns {
                let seed = rng::hash(&[self.back.seed, 0x57a2, row as u64, cell as u64]);
                if rng::unit(seed, 0) > density {
                    continue;
                }
                let x = (cell as f32 + rng::unit(seed, 1)) / 13.0 - shift;
                let y = (row as f32 + rng::unit(seed, 2)) / 13.0;
                let twinkle =
                    0.7 + 0.3 * (self.view.seconds * 2.0 + rng::unit(seed, 3) * 6.3).sin();
                let big = rng::unit(seed, 4);
                let r = lerp(0.003, 0.0085, big * big) * self.unit;
                let fade = 1.0 - smooth(end * 0.7, end, y);
                self.canvas.ellipse(
                    x * self.unit,
                    y * self.unit,
                    r.max(0.55),
                    r.max(0.55),
                    Paint::flat([1.0, 0.98, 0.9]).alpha(twinkle * fade),
                );
            }
        }
    }

    pub(super) fn draw_clouds(&mut self, density: f32) {
        let bright: Rgb = match (self.back.time, self.back.weather) {
            (Time::Day, Weather::Clear) => [1.0, 1.0, 1.0],
            (Time::Day, Weather::Rain) => [0.62, 0.66, 0.72],
            (Time::Day, _) => [0.90, 0.92, 0.95],
            (Time::Sunset, _) => [1.0, 0.74, 0.62],
            (Time::Night, _) => [0.22, 0.26, 0.42],
        };
        let dark = mix(bright, self.back.sky.middle, 0.45);
        let layer = Layer {
            salt: 31,
            depth: 0.04,
            spacing: 0.52,
            density,
            jitter: 0.0,
        };
        let drift = self.view.seconds * 0.012;
        for spot in self.spots(layer) {
            let x = spot.x + drift * self.unit;
            let y = self.above(spot.between(1, 0.20, 0.46), 0.04);
            let size = spot.size * spot.between(2, 0.05, 0.095);
            self.cloud((x, y), size, spot.seed, (bright, dark), 0.92);
        }
    }

    /// A heap of soft balls about six sizes wide.
    pub(super) fn cloud(
        &mut self,
        (x, y): (f32, f32),
        size: f32,
        seed: u64,
        (light, dark): (Rgb, Rgb),
        alpha: f32,
    ) {
        let paint = Paint::solid(light, dark).alpha(alpha).soft(size * 0.16);
        for i in 0..5 {
            let along = (i as f32 - 2.0) * 0.85;
            let tall = 1.0 - (along / 2.6) * (along / 2.6) * 0.75;
            let r = size * tall * lerp(0.75, 1.1, rng::unit(seed, 40 + i));
            self.canvas
                .ellipse(x + along * size, y - r * 0.35, r * 1.1, r * 0.85, paint);
        }
        self.canvas
            .ellipse(x, y + size * 0.22, size * 2.6, size * 0.48, paint);
    }

    /// Rain, snow and drifting mist in front of everything; bubbles under water.
    pub(super) fn draw_weather(&mut self) {
        let time = self.view.seconds;
        match self.back.weather {
            Weather::Rain => {
                let colour = self.back.lit([0.86, 0.92, 1.0]);
                let paint = Paint::flat(mix(colour, [0.7, 0.78, 0.9], 0.3))
                    .alpha(0.55)
                    .soft(1.0);
                for (x, y) in self.falling(70, 1.5, 0.18, time) {
                    let length = 0.055 * self.unit;
                    self.canvas.capsule(
                        (x, y),
                        (x - 0.18 * length, y + length),
                        (0.0028 * self.unit).max(0.4),
                        paint,
                    );
                }
            }
            Weather::Snowfall => {
                for (i, (x, y)) in self.falling(75, 0.20, 0.03, time).into_iter().enumerate() {
                    let r = (0.006 + 0.008 * rng::unit(self.back.seed, 700 + i as i64)) * self.unit;
                    let sway = 0.02 * (time * 1.5 + i as f32).sin() * self.unit;
                    self.canvas.ellipse(
                        x + sway,
                        y,
                        r.max(0.6),
                        r.max(0.6),
                        Paint::flat([0.98, 0.99, 1.0]).alpha(0.9),
                    );
                }
            }
            Weather::Fog => {
                let haze = self.back.light.haze;
                for i in 0..3 {
                    let y = (0.55 + 0.15 * i as f32) * self.unit;
                    let drift = (time * 0.05 + self.back.choice(50 + i)).fract() - 0.5;
                    let x = (self.view.aspect / 2.0 + drift * self.view.aspect) * self.unit;
                    self.canvas.glow(x, y, 0.75 * self.unit, haze, 0.45);
                }
            }
            Weather::Clear => {}
        }
        if self.back.place == Place::Underwater {
            for (i, (x, y)) in self.falling(16, -0.16, 0.0, time).into_iter().enumerate() {
                let r = (0.008 + 0.012 * rng::unit(self.back.seed, 800 + i as i64)) * self.unit;
                let sway = 0.012 * (time * 2.0 + i as f32 * 1.7).sin() * self.unit;
                let paint = Paint::solid([0.95, 1.0, 1.0], [0.55, 0.85, 0.95]).alpha(0.6);
                self.canvas.ellipse(x + sway, y, r, r, paint);
            }
        }
    }

    /// Positions (pixels) of things that fall (or rise) through the frame and wrap around.
    fn falling(&self, count: i64, speed: f32, slant: f32, time: f32) -> Vec<(f32, f32)> {
        let wide = self.view.aspect + 0.4;
        let count = (count as f32 * wide / 2.0) as i64;
        (0..count)
            .map(|i| {
                let own = rng::unit(self.back.seed, 600 + 3 * i);
                let pace = speed * lerp(0.8, 1.25, rng::unit(self.back.seed, 601 + 3 * i));
                let y = (own + time * pace).rem_euclid(1.0) * 1.2 - 0.1;
                let x = rng::unit(self.back.seed, 602 + 3 * i) * wide
                    - 0.2
                    - self.view.x * 0.5
                    - y * slant;
                (
                    x.rem_euclid(wide) * self.unit - 0.2 * self.unit,
                    y * self.unit,
                )
            })
            .collect()
    }

    /// A ridge of hills: tops from noise. `peaky` 0 is round, 1 is sharp.
    pub(super) fn hills(&mut self, hills: Hills) {
        let seed = rng::hash(&[self.back.seed, hills.salt as u64]);
        let width = self.canvas.width;
        let mut tops = Vec::with_capacity(width);
        let mut relief = Vec::with_capacity(width);
        let profile = |u: f32| {
            let round = 0.70 * noise(seed, u) + 0.30 * noise(seed ^ 7, u * 2.3 + 5.0);
            if hills.peaky <= 0.0 {
                return round;
            }
            // Straight slopes between peaks (even points) and passes (odd points).
            let point = |seed: u64, i: i64| match i.rem_euclid(2) {
                0 => 0.60 + 0.40 * rng::unit(seed, i),
                _ => 0.40 * rng::unit(seed, i),
            };
            let ridge = |seed: u64, u: f32| {
                let i = u.floor();
                lerp(point(seed, i as i64), point(seed, i as i64 + 1), u - i)
            };
            let sharp = 0.8 * ridge(seed ^ 3, u * 1.3) + 0.2 * ridge(seed ^ 11, u * 4.1);
            lerp(round, sharp, hills.peaky)
        };
        for x in 0..width {
            let u = self.along(x as f32 + 0.5, hills.depth) * hills.frequency;
            let here = profile(u);
            let slope = profile(u + 0.06) - here;
            tops.push(self.above(hills.base + hills.height * here, hills.depth));
            relief.push((0.45 - slope * 3.2).clamp(0.0, 1.0));
        }
        let far = (0.35 + hills.depth * 2.0).min(1.0);
        let paint = Paint::solid(
            self.back.far(hills.light, far),
            self.back.far(hills.dark, far),
        );
        let low = self.back.far(hills.low, far);
        let bottom = self.above(-0.02, hills.depth).max(0.0) + 0.03 * self.unit;
        self.canvas.ridge(
            &tops,
            &relief,
            bottom,
            hills.height * 0.9 * self.unit,
            paint,
            low,
        );
    }

    /// Aurora-like veils and far galaxies for the dark skies.
    pub(super) fn nebula(&mut self, colours: &[Rgb], strength: f32) {
        for (i, colour) in colours.iter().enumerate() {
            let i = i as i64;
            let x = self.column((self.back.choice(60 + i) - 0.5) * 1.7, 0.015);
            let y = self.back.between(70 + i, 0.05, 0.50) * self.unit;
            let r = self.back.between(80 + i, 0.30, 0.55) * self.unit;
            self.canvas.glow(x, y, r, scale(*colour, 0.9), strength);
        }
    }
}

/// A ridge of hills; heights and lengths in frame heights at zoom 1.
#[derive(Clone, Copy)]
pub(super) struct Hills {
    pub salt: i64,
    pub depth: f32,
    pub base: f32,
    pub height: f32,
    /// Bumps per frame height.
    pub frequency: f32,
    pub peaky: f32,
    pub light: Rgb,
    pub dark: Rgb,
    pub low: Rgb,
}
