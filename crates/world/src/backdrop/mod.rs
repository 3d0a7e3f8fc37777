//! Scenery: each place is sky, far ridges, ground and things standing on it, all functions of the seed.
//!
//! Everything lies at a depth (0 = horizon, 1 = the actors' ground) and moves with the camera in proportion to it,
//! so pans and zooms read as motion. Things along a layer are placed by hashing its cells, so layers have no end.

mod built;
mod ground;
mod heavens;
mod land;
mod places;
mod props;
mod sky;
mod water;

use crate::canvas::{Canvas, Paint, Rgb, lerp, mix, scale};
use crate::motion::{HORIZON, View};
use crate::record::SceneRecord;
use crate::rng;
use crate::vocabulary::{Place, Surface, Time, Weather};

/// A place at a time in a weather: all colours resolved.
pub struct Backdrop {
    place: Place,
    time: Time,
    weather: Weather,
    seed: u64,
    sky: Sky,
    light: Light,
}

/// Sky colours from the zenith to the horizon.
#[derive(Clone, Copy)]
struct Sky {
    top: Rgb,
    middle: Rgb,
    low: Rgb,
}

/// What the time of day does to colours: `colour · gain + lift`.
#[derive(Clone, Copy)]
struct Light {
    gain: Rgb,
    lift: Rgb,
    /// What distance and mist fade to, and how strongly.
    haze: Rgb,
    fog: f32,
}

impl Backdrop {
    pub fn new(record: &SceneRecord) -> Self {
        let mut light = match record.time {
            Time::Day => Light {
                gain: [1.0; 3],
                lift: [0.0; 3],
                haze: [0.80, 0.89, 0.97],
                fog: 0.0,
            },
            Time::Sunset => Light {
                gain: [0.98, 0.74, 0.62],
                lift: [0.05, 0.01, 0.02],
                haze: [0.98, 0.72, 0.52],
                fog: 0.0,
            },
            Time::Night => Light {
                gain: [0.47, 0.53, 0.72],
                lift: [0.01, 0.015, 0.05],
                haze: [0.18, 0.24, 0.44],
                fog: 0.0,
            },
        };
        let grey: Rgb = match record.time {
            Time::Day => [0.70, 0.75, 0.80],
            Time::Sunset => [0.78, 0.62, 0.56],
            Time::Night => [0.21, 0.25, 0.36],
        };
        let mut sky = sky::colours(record);
        let (cloudy, fog) = match record.weather {
            Weather::Clear => (0.0, 0.0),
            Weather::Rain => (0.75, 0.25),
            Weather::Snowfall => (0.6, 0.2),
            Weather::Fog => (0.85, 0.62),
        };
        let overcast = if record.weather == Weather::Rain {
            scale(grey, 0.78)
        } else {
            grey
        };
        for colour in [&mut sky.top, &mut sky.middle, &mut sky.low] {
            *colour = mix(*colour, overcast, cloudy);
        }
        light.haze = mix(light.haze, overcast, cloudy);
        light.fog = fog;
        if record.weather == Weather::Rain {
            light.gain = scale(light.gain, 0.85);
        }
        if record.time == Time::Night && matches!(record.place, Place::Desert | Place::Beach) {
            // Sand stays sand by moonlight.
            light.gain = [0.66, 0.56, 0.62];
        }
        if record.place == Place::Space {
            light = Light {
                gain: [1.0; 3],
                lift: [0.0; 3],
                haze: [0.06, 0.05, 0.12],
                fog: 0.0,
            };
        }
        Backdrop {
            place: record.place,
            time: record.time,
            weather: record.weather,
            seed: record.seed,
            sky,
            light,
        }
    }

    pub fn surface(&self) -> Surface {
        self.place.surface()
    }

    /// Everything behind the actors.
    pub fn draw(&self, canvas: &mut Canvas, view: &View) {
        let mut scene = Scene {
            unit: canvas.height as f32,
            canvas,
            view,
            back: self,
        };
        scene.draw_place();
    }

    /// What falls or drifts in front of the actors.
    pub fn draw_front(&self, canvas: &mut Canvas, view: &View) {
        let mut scene = Scene {
            unit: canvas.height as f32,
            canvas,
            view,
            back: self,
        };
        scene.draw_weather();
    }

    /// Light on the actors: gentler than on the land, so that they stay legible.
    pub fn actor_light(&self) -> Rgb {
        match self.time {
            _ if self.place == Place::Underwater => [0.82, 0.95, 1.0],
            Time::Day => [1.0; 3],
            Time::Sunset => [1.0, 0.88, 0.78],
            Time::Night if self.place == Place::Space => [0.98, 0.98, 1.0],
            Time::Night => [0.72, 0.76, 0.92],
        }
    }

    pub fn actor_fade(&self) -> (Rgb, f32) {
        match self.weather {
            Weather::Fog => (self.light.haze, 0.22),
            _ => (self.light.haze, 0.0),
        }
    }

    pub fn dust(&self) -> Rgb {
        let colour = match self.place {
            Place::Desert | Place::Beach => [0.95, 0.85, 0.64],
            Place::Snow => [0.97, 0.98, 1.0],
            Place::City | Place::Space => [0.80, 0.80, 0.82],
            Place::Volcano => [0.45, 0.38, 0.38],
            _ => [0.82, 0.80, 0.62],
        };
        self.lit(colour)
    }

    pub fn foam(&self) -> Rgb {
        self.lit([0.93, 0.98, 1.0])
    }

    /// A colour under the light of the hour.
    fn lit(&self, colour: Rgb) -> Rgb {
        let Light { gain, lift, .. } = self.light;
        std::array::from_fn(|i| (colour[i] * gain[i] + lift[i]).min(1.0))
    }

    /// A colour under the light of the hour, faded by distance (0 = horizon, 1 = here).
    fn far(&self, colour: Rgb, depth: f32) -> Rgb {
        let away = (1.0 - depth).clamp(0.0, 1.0);
        let fade = (0.30 * away * away + self.light.fog * (0.35 + 0.65 * away)).min(0.94);
        mix(self.lit(colour), self.light.haze, fade)
    }

    /// A choice of the scene's, uniform in [0, 1): the same for one `index` throughout a clip.
    fn choice(&self, index: i64) -> f32 {
        rng::unit(self.seed, index)
    }

    fn between(&self, index: i64, lo: f32, hi: f32) -> f32 {
        lerp(lo, hi, self.choice(index))
    }
}

/// One frame being drawn.
struct Scene<'a> {
    canvas: &'a mut Canvas,
    view: &'a View,
    back: &'a Backdrop,
    /// Pixels of the frame's height.
    unit: f32,
}

/// One thing of a layer: where it stands and its own chances.
#[derive(Clone, Copy)]
struct Spot {
    /// Pixels.
    x: f32,
    y: f32,
    /// Pixels of a length 1 at this depth.
    size: f32,
    depth: f32,
    seed: u64,
}

impl Spot {
    fn unit(&self, index: i64) -> f32 {
        rng::unit(self.seed, index)
    }

    fn between(&self, index: i64, lo: f32, hi: f32) -> f32 {
        lerp(lo, hi, self.unit(index))
    }
}

/// A row of things at one depth.
#[derive(Clone, Copy)]
struct Layer {
    salt: i64,
    depth: f32,
    /// Mean distance between neighbours on the screen, in frame heights at zoom 1.
    spacing: f32,
    /// Share of places that hold something.
    density: f32,
    /// Depth varies by this much.
    jitter: f32,
}

impl Scene<'_> {
    /// Screen column (pixels) of a layer coordinate (frame heights from the middle) at a depth.
    fn column(&self, along: f32, depth: f32) -> f32 {
        (self.view.aspect / 2.0 + (along - self.view.x * depth) * self.view.zoom_at(depth))
            * self.unit
    }

    /// Layer coordinate of a screen column.
    fn along(&self, x: f32, depth: f32) -> f32 {
        (x / self.unit - self.view.aspect / 2.0) / self.view.zoom_at(depth) + self.view.x * depth
    }

    /// Screen row (pixels) of a height above the horizon (frame heights at zoom 1) of what is far away.
    fn above(&self, height: f32, depth: f32) -> f32 {
        (HORIZON - height * self.view.zoom_at(depth)) * self.unit
    }

    fn ground(&self, depth: f32) -> f32 {
        self.view.ground_y(depth) * self.unit
    }

    /// The things of a layer that may be visible, from left to right.
    fn spots(&self, layer: Layer) -> Vec<Spot> {
        let margin = 0.6 * self.unit;
        let first = (self.along(-margin, layer.depth) / layer.spacing).floor() as i64;
        let last = (self.along(self.canvas.width as f32 + margin, layer.depth) / layer.spacing)
            .ceil() as i64;
        let base = rng::hash(&[self.back.seed, layer.salt as u64]);
        let mut spots: Vec<Spot> = (first..=last)
            .filter_map(|cell| {
                let seed = rng::hash(&[base, cell as u64]);
                if rng::unit(seed, 100) >= layer.density {
                    return None;
                }
                let depth = layer.depth + layer.jitter * (rng::unit(seed, 101) - 0.5);
                let along = (cell as f32 + 0.15 + 0.7 * rng::unit(seed, 102)) * layer.spacing;
                Some(Spot {
                    x: self.column(along, layer.depth),
                    y: self.ground(depth),
                    size: self.unit * self.view.zoom_at(depth),
                    depth,
                    seed,
                })
            })
            .collect();
        spots.sort_by(|a, b| a.depth.total_cmp(&b.depth));
        spots
    }

    fn solid(&self, light: Rgb, dark: Rgb, depth: f32) -> Paint {
        Paint::solid(self.back.far(light, depth), self.back.far(dark, depth))
    }
}

/// Smooth noise along a line, 0–1; one bump about every unit.
fn noise(seed: u64, x: f32) -> f32 {
    let cell = x.floor();
    let t = x - cell;
    let i = cell as i64;
    lerp(
        rng::unit(seed, i),
        rng::unit(seed, i + 1),
        t * t * (3.0 - 2.0 * t),
    )
}
