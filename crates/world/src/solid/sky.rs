//! Light, air and sky.

use super::math::{V3, add, dot, fbm, mul, unit};
use super::places::{Water, setting};
use crate::canvas::{lerp, mix, smooth};
use crate::record::SceneRecord;
use crate::rng;
use crate::vocabulary::{Place, Time, Weather};

pub struct Sky {
    seed: u64,
    pub sun: V3,
    pub sun_colour: V3,
    pub ambient: V3,
    /// Light from below.
    pub bounce: V3,
    zenith: V3,
    pub horizon: V3,
    pub fog_distance: f32,
    clouds: f32,
    cloud_light: V3,
    ridge: f32,
    ridge_colour: V3,
    stars: f32,
    disc: f32,
    under: bool,
    /// Over the clouds: they lie below too.
    high: bool,
    smoke: bool,
    /// Where the earth stands, seen from the moon.
    earth: Option<V3>,
}

impl Sky {
    pub fn new(record: &SceneRecord) -> Sky {
        let own = |k: i64| rng::unit(record.seed, 300 + k);
        let place = setting(record.place);
        let time = record.time;
        let side = if own(1) < 0.5 { -1.0 } else { 1.0 };
        let (climb, round) = match time {
            Time::Day => (lerp(0.65, 1.0, own(2)), lerp(0.3, 1.1, own(3))),
            Time::Sunset => (lerp(0.16, 0.28, own(2)), lerp(0.5, 2.6, own(3))),
            Time::Night => (lerp(0.5, 0.8, own(2)), lerp(0.3, 2.6, own(3))),
        };
        // Mostly behind the camera, which looks along +z.
        let sun = unit([
            side * round.sin() * climb.cos(),
            climb.sin(),
            -round.cos() * climb.cos(),
        ]);
        let (mut sun_colour, mut ambient, mut zenith, mut horizon) = match time {
            Time::Day => (
                [0.72, 0.69, 0.62],
                [0.50, 0.53, 0.58],
                [0.22, 0.46, 0.84],
                place.haze,
            ),
            Time::Sunset => (
                [0.86, 0.50, 0.26],
                [0.42, 0.36, 0.42],
                [0.24, 0.27, 0.52],
                mix([0.98, 0.62, 0.36], place.haze, 0.15),
            ),
            Time::Night => (
                [0.42, 0.48, 0.64],
                [0.40, 0.45, 0.60],
                [0.025, 0.045, 0.15],
                [0.12, 0.17, 0.32],
            ),
        };
        let mut clouds = if own(4) < 0.6 {
            lerp(0.35, 0.75, own(5))
        } else {
            0.0
        };
        let mut fog_distance = lerp(140.0, 260.0, own(6));
        let grey = |k: f32| match time {
            Time::Day => [0.66 * k, 0.70 * k, 0.74 * k],
            Time::Sunset => [0.62 * k, 0.54 * k, 0.52 * k],
            Time::Night => [0.19 * k, 0.22 * k, 0.30 * k],
        };
        match record.weather {
            Weather::Clear => {}
            Weather::Rain | Weather::Snowfall => {
                let k = if record.weather == Weather::Rain {
                    0.80
                } else {
                    1.12
                };
                (zenith, horizon) = (grey(0.85 * k), grey(k));
                sun_colour = mul(sun_colour, 0.35);
                ambient = mul(ambient, 1.12);
                (clouds, fog_distance) = (0.0, 70.0);
            }
            Weather::Fog => {
                (zenith, horizon) = (grey(1.15), grey(1.15));
                sun_colour = mul(sun_colour, 0.35);
                ambient = mul(ambient, 1.2);
                (clouds, fog_distance) = (0.0, 22.0);
            }
        }
        let under = place.water == Water::Under;
        let high = matches!(record.place, Place::Sky | Place::NightSky);
        if under {
            let deep = match time {
                Time::Night => 0.35,
                _ => 1.0,
            };
            (zenith, horizon) = (mul([0.35, 0.80, 0.90], deep), mul([0.05, 0.36, 0.52], deep));
            (sun_colour, ambient) = (mul([0.45, 0.58, 0.55], deep), mul([0.32, 0.48, 0.54], deep));
            (clouds, fog_distance) = (0.0, 22.0);
        }
        if high {
            clouds = 0.7;
            fog_distance = 900.0;
        }
        let space = record.place == Place::Space;
        if space {
            (zenith, horizon) = ([0.004, 0.005, 0.012], [0.012, 0.014, 0.025]);
            (sun_colour, ambient) = ([0.92, 0.90, 0.86], [0.20, 0.21, 0.25]);
            (clouds, fog_distance) = (0.0, 4000.0);
        }
        let cloud_light = match time {
            Time::Day => [1.0, 1.0, 1.0],
            Time::Sunset => [1.0, 0.66, 0.52],
            Time::Night => [0.20, 0.23, 0.34],
        };
        let dim = match time {
            Time::Day => 1.0,
            Time::Sunset => 0.62,
            Time::Night => 0.28,
        };
        Sky {
            seed: record.seed,
            sun,
            sun_colour,
            ambient,
            bounce: mul(ambient, 0.62),
            zenith,
            horizon,
            fog_distance,
            clouds,
            cloud_light,
            ridge: if under || high { 0.0 } else { place.ridge },
            ridge_colour: mul(place.ridge_colour, if space { 0.75 } else { dim }),
            earth: space.then(|| unit([lerp(-0.7, 0.7, own(8)), lerp(0.22, 0.42, own(9)), 1.0])),
            stars: if time == Time::Night && record.weather == Weather::Clear && !under {
                1.0
            } else {
                0.0
            },
            disc: if record.weather == Weather::Clear && !under {
                1.0
            } else {
                0.0
            },
            under,
            high,
            smoke: record.place == Place::Volcano,
        }
    }

    /// What lights a surface.
    pub fn light(&self, normal: V3) -> V3 {
        let direct = dot(normal, self.sun).max(0.0);
        let up = 0.5 + 0.5 * normal[1];
        let soft = mix(self.bounce, self.ambient, up);
        add(soft, mul(self.sun_colour, direct))
    }

    /// The earth over the moon: seas, lands and clouds, lit from a side.
    fn globe(&self, behind: V3, d: V3, earth: V3) -> V3 {
        const RADIUS: f32 = 0.13;
        let off = [d[0] - earth[0], d[1] - earth[1]];
        let r = (off[0] * off[0] + off[1] * off[1]).sqrt() / RADIUS;
        if r > 1.0 || dot(d, earth) < 0.0 {
            return behind;
        }
        let (x, y) = (off[0] / RADIUS, off[1] / RADIUS);
        let land = smooth(0.02, 0.14, fbm(self.seed ^ 0xea, x * 2.2 + 7.0, y * 2.2, 4));
        let cloud = smooth(0.05, 0.35, fbm(self.seed ^ 0xeb, x * 2.0 + 3.0, y * 5.0, 4));
        let ground = mix([0.10, 0.30, 0.72], [0.30, 0.50, 0.22], land);
        let lit = 0.15 + 0.95 * smooth(-0.5, 0.7, (1.0 - r * r).sqrt() * 0.5 - x * 0.8 + y * 0.3);
        let colour = mul(mix(ground, [0.96; 3], cloud * 0.9), lit);
        mix(behind, colour, smooth(1.0, 0.96, r))
    }

    /// Share of the air's own colour at a distance.
    pub fn fog(&self, distance: f32) -> f32 {
        1.0 - (-(distance / self.fog_distance)).exp()
    }

    /// The colour in a direction.
    pub fn colour(&self, ray: V3, seconds: f32) -> V3 {
        let d = unit(ray);
        let up = d[1];
        let rise = smooth(0.0, 0.55, up.abs().powf(0.8));
        let mut colour = mix(self.horizon, self.zenith, rise);
        if self.under {
            return mix(self.horizon, self.zenith, smooth(-0.1, 0.9, up));
        }
        if up < 0.0 && !self.high {
            colour = self.horizon;
        }
        let near_sun = dot(d, self.sun).max(0.0);
        if self.disc > 0.0 {
            let glow = near_sun.powi(24) * 0.35 + near_sun.powi(220) * 0.5;
            let tone = if self.stars > 0.0 {
                [0.8, 0.85, 1.0]
            } else {
                mix([1.0, 0.96, 0.85], self.horizon, 0.2)
            };
            colour = mix(
                colour,
                tone,
                (glow * self.disc).min(1.0) * if self.stars > 0.0 { 0.5 } else { 1.0 },
            );
            let disc = smooth(0.9986, 0.9992, near_sun);
            colour = mix(colour, [1.0, 0.98, 0.92], disc);
        }
        if self.stars > 0.0 && up > 0.0 {
            colour = add(colour, [self.star(d) * smooth(0.02, 0.25, up); 3]);
        }
        if let Some(earth) = self.earth {
            colour = self.globe(colour, d, earth);
        }
        if self.clouds > 0.0 && (up > 0.03 || self.high && up < -0.03) {
            let k = 1.0 / up.abs().max(0.02);
            let drift = seconds * 0.05;
            let side = if up < 0.0 { 37.0 } else { 0.0 };
            let n = fbm(self.seed, d[0] * k * 0.9 + drift + side, d[2] * k * 0.9, 4)
                + 0.5 * self.clouds
                - 0.22;
            let cover = smooth(0.0, 0.38, n) * smooth(0.03, 0.22, up.abs());
            let shade = lerp(1.0, 0.78, smooth(0.15, 0.6, n));
            colour = mix(colour, mul(self.cloud_light, shade), cover * 0.9);
        }
        if self.ridge > 0.0 && up > -0.02 && up < self.ridge * 1.3 + 0.02 {
            let around = d[0].atan2(d[2]);
            let n = 0.55 + 0.5 * fbm(self.seed ^ 0x51, around * 3.2 + 20.0, 3.0, 4);
            let peak = if self.smoke {
                (1.0 - (around - 0.25).abs() * 1.6).max(0.0) * 1.5
            } else {
                0.0
            };
            let top = self.ridge * n.max(peak);
            if up < top {
                let snow = if self.ridge > 0.2
                    && !self.smoke
                    && self.ridge_colour[2] > self.ridge_colour[0]
                {
                    smooth(0.62, 0.72, up / self.ridge)
                } else {
                    0.0
                };
                let tone = mix(self.ridge_colour, mul(self.cloud_light, 0.95), snow);
                let fire = if self.smoke && peak > 0.4 {
                    smooth(0.75, 1.0, up / top)
                } else {
                    0.0
                };
                let tone = mix(tone, [1.0, 0.42, 0.12], fire);
                let relief = 0.88 + 0.3 * fbm(self.seed ^ 0x77, around * 22.0, up * 60.0, 2);
                let haze = smooth(self.ridge, 0.0, up) * 0.55 + 0.12;
                colour = mix(mul(tone, relief), self.horizon, haze);
            }
        }
        colour
    }

    fn star(&self, d: V3) -> f32 {
        // One star a cell of a cube-like grid, most of them too faint.
        let k = 46.0;
        let (u, v) = (d[0] / (0.35 + d[1]) * k, d[2] / (0.35 + d[1]) * k);
        let (i, j) = (u.floor(), v.floor());
        let cell = (i as i64).wrapping_mul(7919) ^ (j as i64).wrapping_mul(104_729);
        let bright = rng::unit(self.seed ^ 0x57a2, cell);
        if bright < 0.86 {
            return 0.0;
        }
        let (du, dv) = (
            u - i - rng::unit(self.seed ^ 1, cell),
            v - j - rng::unit(self.seed ^ 2, cell),
        );
        (1.0 - (du * du + dv * dv) * 14.0).max(0.0) * (bright - 0.80) * 4.5
    }
}
