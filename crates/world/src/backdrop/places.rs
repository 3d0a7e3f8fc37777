//! The places, each from far to near.

use super::ground::Floor;
use super::sky::Hills;
use super::{Layer, Scene, Spot};
use crate::canvas::{Paint, Rgb, mix, scale};
use crate::motion::HORIZON;
use crate::vocabulary::{Place, Time};

fn row(salt: i64, depth: f32, spacing: f32, density: f32) -> Layer {
    Layer {
        salt,
        depth,
        spacing,
        density,
        jitter: 0.06,
    }
}

impl Scene<'_> {
    pub(super) fn draw_place(&mut self) {
        match self.back.place {
            Place::Desert => self.desert(),
            Place::Beach => self.beach(),
            Place::Snow => self.snow(),
            Place::Meadow => self.meadow(),
            Place::Forest => self.forest(),
            Place::River => self.river(),
            Place::Sea => self.sea(),
            Place::City => self.city(),
            Place::NightSky | Place::Sky => self.cloud_tops(),
            Place::Space => self.space(),
            Place::Mountains => self.mountains(),
            Place::Volcano => self.volcano(),
            Place::Village => self.village(),
            Place::Underwater => self.underwater(),
        }
    }

    fn each(&mut self, layer: Layer, mut draw: impl FnMut(&mut Self, &Spot)) {
        for spot in self.spots(layer) {
            draw(self, &spot);
        }
    }

    fn lamps(&self) -> f32 {
        match self.back.time {
            Time::Day => 0.0,
            Time::Sunset => 0.35,
            Time::Night => 0.7,
        }
    }

    fn desert(&mut self) {
        self.draw_sky();
        let hue = self.back.between(90, -0.03, 0.03);
        let sand = |r: f32, g: f32, b: f32| -> Rgb { [r, g + hue, b + hue] };
        for (salt, depth, base, height, frequency) in [
            (1, 0.05, 0.02, 0.16, 1.1),
            (2, 0.11, 0.00, 0.11, 1.5),
            (3, 0.20, -0.02, 0.08, 1.9),
        ] {
            self.hills(Hills {
                salt,
                depth,
                base,
                height,
                frequency,
                peaky: 0.25,
                light: sand(0.97, 0.76, 0.45),
                dark: sand(0.80, 0.52, 0.28),
                low: sand(0.93, 0.70, 0.40),
            });
        }
        self.floor(Floor {
            across: 1.2,
            along: 1.6,
            ..Floor::land(
                sand(0.93, 0.70, 0.40),
                sand(0.95, 0.74, 0.44),
                sand(1.0, 0.85, 0.58),
                0.55,
            )
        });
        if self.back.choice(91) < 0.3 {
            let x = self.column((self.back.choice(92) - 0.5) * 1.4, 0.1);
            let base = (x, self.ground(0.06));
            let h = 0.22 * self.unit * self.view.zoom_at(0.1);
            let paint = self.solid(sand(0.95, 0.78, 0.48), sand(0.70, 0.46, 0.26), 0.3);
            self.canvas.cone(base, h * 0.95, h, paint);
        }
        self.each(row(5, 0.16, 0.42, 0.5), |s, spot| s.cactus(spot, 0.13));
        self.each(row(6, 0.36, 0.62, 0.5), |s, spot| {
            if spot.unit(50) < 0.7 {
                s.cactus(spot, spot.between(51, 0.20, 0.30));
            } else {
                s.rock(spot, 0.05, [0.82, 0.60, 0.42], [0.55, 0.36, 0.25]);
            }
        });
    }

    fn beach(&mut self) {
        self.draw_sky();
        self.floor(Floor {
            across: 1.0,
            along: 3.0,
            flow: 0.25,
            to: 0.6,
            ..Floor::land([0.10, 0.52, 0.80], [0.35, 0.86, 0.86], [0.85, 0.98, 1.0], 0.5)
        });
        // The wash: the sand begins behind a slow wave.
        let edge = 0.34 + 0.02 * (self.view.seconds * 0.9).sin();
        self.floor(Floor {
            from: edge,
            to: 0.8,
            ..Floor::land([0.92, 0.99, 1.0], [0.95, 1.0, 1.0], [1.0; 3], 0.2)
        });
        self.floor(Floor {
            from: edge + 0.05,
            across: 1.5,
            along: 1.2,
            ..Floor::land([0.88, 0.78, 0.58], [0.99, 0.91, 0.72], [1.0, 0.97, 0.85], 0.4)
        });
        self.each(row(7, 0.50, 0.62, 0.45), |s, spot| {
            if spot.unit(50) < 0.62 {
                s.palm(spot, spot.between(51, 0.42, 0.55));
            } else {
                s.parasol(spot, 0.30);
            }
        });
        self.each(row(8, 1.25, 0.4, 0.4), |s, spot| {
            let r = 0.022 * spot.size;
            let paint = s.solid([1.0, 0.62, 0.50], [0.85, 0.45, 0.40], 1.0);
            s.canvas.ellipse(spot.x, spot.y, r * 1.2, r * 0.8, paint);
        });
    }

    fn snow(&mut self) {
        self.draw_sky();
        for (salt, depth, base, height, peaky) in
            [(1, 0.04, 0.04, 0.20, 0.9), (2, 0.10, 0.00, 0.10, 0.0)]
        {
            self.hills(Hills {
                salt,
                depth,
                base,
                height,
                frequency: 1.4,
                peaky,
                light: [0.96, 0.98, 1.0],
                dark: [0.62, 0.73, 0.90],
                low: [0.84, 0.91, 0.99],
            });
        }
        self.floor(Floor {
            across: 1.2,
            along: 1.0,
            ..Floor::land([0.86, 0.92, 0.99], [0.78, 0.87, 0.97], [0.97, 0.99, 1.0], 0.6)
        });
        for (salt, depth, spacing, height) in [(3, 0.10, 0.16, 0.14), (4, 0.34, 0.44, 0.34)] {
            self.each(row(salt, depth, spacing, 0.62), |s, spot| {
                let tall = height * spot.between(1, 0.8, 1.2);
                s.fir(spot, tall, [0.24, 0.52, 0.45], [0.10, 0.30, 0.32], 0.9);
            });
        }
    }

    fn meadow(&mut self) {
        self.draw_sky();
        for (salt, depth, height) in [(1, 0.05, 0.14), (2, 0.12, 0.08)] {
            self.hills(Hills {
                salt,
                depth,
                base: 0.01,
                height,
                frequency: 1.1,
                peaky: 0.0,
                light: [0.58, 0.82, 0.38],
                dark: [0.28, 0.58, 0.28],
                low: [0.46, 0.74, 0.32],
            });
        }
        self.floor(Floor::land([0.46, 0.74, 0.30], [0.38, 0.68, 0.25], [0.62, 0.86, 0.38], 0.45));
        self.each(row(3, 0.16, 0.5, 0.5), |s, spot| {
            s.round_tree(spot, spot.between(1, 0.20, 0.28), [0.44, 0.74, 0.32], [0.16, 0.44, 0.22]);
        });
        let petals: [Rgb; 4] = [[1.0, 0.95, 0.98], [1.0, 0.55, 0.70], [1.0, 0.85, 0.30], [0.75, 0.55, 0.95]];
        for (salt, depth, size) in [(5, 0.55, 0.035), (6, 0.80, 0.05), (7, 1.22, 0.07)] {
            self.each(row(salt, depth, 0.17, 0.55), |s, spot| {
                s.flower(spot, size, petals[(spot.unit(1) * 3.99) as usize]);
            });
        }
    }

    fn forest(&mut self) {
        self.draw_sky();
        let greens: [(Rgb, Rgb); 3] = [
            ([0.42, 0.70, 0.42], [0.20, 0.48, 0.32]),
            ([0.30, 0.60, 0.30], [0.10, 0.36, 0.22]),
            ([0.26, 0.55, 0.26], [0.07, 0.28, 0.16]),
        ];
        self.hills(Hills {
            salt: 1,
            depth: 0.04,
            base: 0.12,
            height: 0.16,
            frequency: 2.4,
            peaky: 0.2,
            light: [0.46, 0.72, 0.46],
            dark: [0.24, 0.52, 0.36],
            low: [0.36, 0.62, 0.40],
        });
        self.floor(Floor::land([0.28, 0.44, 0.20], [0.34, 0.44, 0.18], [0.56, 0.62, 0.28], 0.5));
        for (i, (salt, depth, spacing, height)) in
            [(2, 0.10, 0.12, 0.34), (3, 0.26, 0.22, 0.52), (4, 0.46, 0.40, 0.78)]
                .into_iter()
                .enumerate()
        {
            let (light, dark) = greens[i];
            self.each(row(salt, depth, spacing, 0.85), |s, spot| {
                let tall = height * spot.between(1, 0.85, 1.25);
                if spot.unit(2) < 0.5 {
                    s.fir(spot, tall, light, dark, 0.0);
                } else {
                    s.round_tree(spot, tall, scale(light, 1.08), dark);
                }
            });
        }
        self.each(row(5, 0.66, 0.5, 0.5), |s, spot| {
            s.bush(spot, 0.06, [0.32, 0.58, 0.26], [0.12, 0.34, 0.16]);
        });
        self.each(row(6, 1.2, 0.45, 0.5), |s, spot| {
            let cap = s.solid([0.92, 0.28, 0.24], [0.66, 0.15, 0.15], 1.0);
            let stem = s.solid([0.98, 0.94, 0.86], [0.80, 0.74, 0.66], 1.0);
            let h = 0.045 * spot.size;
            s.canvas.capsule((spot.x, spot.y), (spot.x, spot.y - 0.6 * h), 0.22 * h, stem);
            s.canvas.ellipse(spot.x, spot.y - 0.8 * h, 0.6 * h, 0.42 * h, cap);
        });
    }

    fn river(&mut self) {
        self.draw_sky();
        self.hills(Hills {
            salt: 1,
            depth: 0.05,
            base: 0.02,
            height: 0.13,
            frequency: 1.3,
            peaky: 0.0,
            light: [0.52, 0.76, 0.44],
            dark: [0.26, 0.54, 0.34],
            low: [0.42, 0.68, 0.36],
        });
        self.floor(Floor {
            to: 0.62,
            ..Floor::land([0.48, 0.74, 0.34], [0.40, 0.66, 0.28], [0.62, 0.84, 0.40], 0.4)
        });
        self.each(row(2, 0.12, 0.32, 0.6), |s, spot| {
            s.round_tree(spot, spot.between(1, 0.20, 0.30), [0.42, 0.70, 0.34], [0.16, 0.42, 0.24]);
        });
        // Wet stones and sand at the water's edge, then the stream, then the near bank.
        self.floor(Floor {
            from: 0.40,
            to: 0.6,
            ..Floor::land([0.70, 0.62, 0.46], [0.62, 0.54, 0.40], [0.85, 0.78, 0.62], 0.5)
        });
        self.floor(Floor {
            from: 0.46,
            to: 1.5,
            across: 0.7,
            along: 4.0,
            flow: 0.55,
            ..Floor::land([0.34, 0.70, 0.78], [0.20, 0.60, 0.74], [0.86, 0.97, 1.0], 0.75)
        });
        self.each(row(4, 0.44, 0.26, 0.55), |s, spot| {
            s.rock(spot, spot.between(1, 0.025, 0.05), [0.78, 0.78, 0.76], [0.46, 0.48, 0.50]);
        });
        self.each(row(5, 0.45, 0.33, 0.5), |s, spot| s.reed(spot, 0.20));
        self.floor(Floor {
            from: 1.27,
            ..Floor::land([0.46, 0.70, 0.28], [0.42, 0.68, 0.26], [0.60, 0.84, 0.38], 0.4)
        });
        self.each(row(6, 1.28, 0.20, 0.6), |s, spot| {
            s.rock(spot, spot.between(1, 0.02, 0.045), [0.80, 0.79, 0.76], [0.48, 0.50, 0.52]);
        });
    }

    fn sea(&mut self) {
        self.draw_sky();
        if self.back.choice(95) < 0.5 {
            let x = self.column((self.back.choice(96) - 0.5) * 1.5, 0.05);
            let (w, y) = (0.22 * self.unit, self.ground(0.02));
            let land = self.solid([0.50, 0.70, 0.46], [0.30, 0.48, 0.42], 0.3);
            self.canvas.ellipse(x, y, w, 0.07 * self.unit, land);
        }
        self.floor(Floor {
            across: 0.8,
            along: 2.4,
            flow: 0.35,
            ..Floor::land([0.14, 0.46, 0.76], [0.03, 0.28, 0.58], [0.55, 0.84, 0.95], 0.85)
        });
        // Crests that roll by.
        for (salt, depth, size) in [(2, 0.3, 0.05), (3, 0.6, 0.08), (4, 1.3, 0.14)] {
            self.each(row(salt, depth, 0.5, 0.6), |s, spot| {
                let roll = s.view.seconds * 0.9 + spot.unit(1) * 6.28;
                let foam = s.solid([0.92, 0.98, 1.0], [0.70, 0.88, 0.96], spot.depth);
                let w = size * spot.size * (1.0 + 0.25 * roll.sin());
                let x = spot.x + 0.03 * spot.size * roll.cos();
                let thick = 0.09 * w;
                s.canvas.capsule((x - w, spot.y + thick), (x, spot.y), thick, foam.alpha(0.55).soft(2.0));
                s.canvas.capsule((x, spot.y), (x + w, spot.y + thick), thick, foam.alpha(0.55).soft(2.0));
            });
        }
    }

    fn city(&mut self) {
        self.draw_sky();
        let lamps = self.lamps();
        let walls: [Rgb; 5] = [
            [0.62, 0.72, 0.84],
            [0.86, 0.74, 0.66],
            [0.74, 0.66, 0.78],
            [0.90, 0.84, 0.72],
            [0.58, 0.76, 0.76],
        ];
        for (salt, depth, spacing, wide, tall) in
            [(1, 0.05, 0.15, 0.15, 0.36), (2, 0.16, 0.25, 0.22, 0.42), (3, 0.30, 0.37, 0.27, 0.40)]
        {
            self.each(
                Layer {
                    jitter: 0.0,
                    ..row(salt, depth, spacing, 0.9)
                },
                |s, spot| {
                    let mut spot = *spot;
                    spot.y = s.ground(depth + 0.04) + 1.0;
                    let wall = walls[(spot.unit(1) * 4.99) as usize];
                    let tall = tall * spot.between(2, 0.55, 1.1);
                    s.tower(&spot, wide * spot.between(3, 0.8, 1.1), tall, wall, lamps);
                },
            );
        }
        // Pavement, road with a dashed line, pavement.
        self.floor(Floor {
            from: 0.30,
            strength: 0.15,
            ..Floor::land([0.78, 0.77, 0.76], [0.80, 0.79, 0.77], [0.88, 0.87, 0.85], 0.1)
        });
        self.floor(Floor {
            from: 0.56,
            to: 1.45,
            ..Floor::land([0.38, 0.40, 0.45], [0.34, 0.36, 0.41], [0.45, 0.47, 0.52], 0.2)
        });
        let layer = Layer {
            jitter: 0.0,
            ..row(6, 0.78, 0.34, 1.0)
        };
        let first = (self.along(-0.4 * self.unit, 0.78) / layer.spacing).floor() as i64;
        let last = (self.along(self.canvas.width as f32 + 0.4 * self.unit, 0.78) / layer.spacing).ceil() as i64;
        let stripe = self.solid([0.98, 0.95, 0.80], [0.92, 0.88, 0.74], 0.9);
        for cell in first..=last {
            let x = self.column(cell as f32 * layer.spacing, 0.78);
            let y = self.ground(0.78);
            let half = 0.08 * self.unit * self.view.zoom;
            self.canvas.block(x - half, y - 0.008 * self.unit, x + half, y + 0.008 * self.unit, stripe);
        }
        self.floor(Floor {
            from: 1.32,
            ..Floor::land([0.74, 0.73, 0.72], [0.78, 0.77, 0.75], [0.86, 0.85, 0.83], 0.1)
        });
        self.each(row(8, 0.52, 0.8, 0.8), |s, spot| {
            if spot.unit(1) < 0.55 {
                s.lamp_post(spot, 0.42, lamps > 0.2);
            } else {
                s.round_tree(spot, 0.34, [0.46, 0.72, 0.36], [0.20, 0.44, 0.24]);
            }
        });
    }

    /// The open sky, by day and by night: the floor is cloud.
    fn cloud_tops(&mut self) {
        let night = self.back.place == Place::NightSky;
        if night {
            self.sky_gradient(0.95);
            self.nebula(&[[0.35, 0.30, 0.75], [0.25, 0.45, 0.80]], 0.35);
            self.draw_stars(0.75, 0.85);
            self.draw_moon(0.095);
        } else {
            self.draw_sky();
            self.sky_gradient(1.0);
            self.draw_clouds(0.5);
        }
        let (light, dark): (Rgb, Rgb) = match (night, self.back.time) {
            (true, _) => ([0.58, 0.58, 0.88], [0.22, 0.22, 0.52]),
            (_, Time::Sunset) => ([1.0, 0.82, 0.70], [0.82, 0.46, 0.50]),
            _ => ([1.0, 1.0, 1.0], [0.66, 0.82, 0.96]),
        };
        for (salt, depth, spacing, size) in [
            (1, 0.20, 0.26, 0.05),
            (2, 0.48, 0.32, 0.075),
            (3, 0.80, 0.36, 0.10),
            (4, 1.05, 0.40, 0.125),
            (5, 1.35, 0.44, 0.14),
        ] {
            let near: f32 = depth;
            let tone = |c: Rgb| mix(self.back.sky.low, c, (0.35 + 0.6 * near).min(1.0));
            let (light, dark) = (tone(light), tone(dark));
            self.each(row(salt, depth, spacing, 0.98), |s, spot| {
                let r = size * spot.size * spot.between(1, 0.85, 1.2);
                s.cloud(spot.x, spot.y + 0.35 * r, r, spot.seed, light, dark, 0.97);
            });
        }
        let bottom = if night { [0.40, 0.40, 0.72] } else { light };
        let start = self.ground(1.4);
        for y in (start.max(0.0) as usize)..self.canvas.height {
            let k = ((y as f32 - start) / (0.06 * self.unit)).clamp(0.0, 1.0) * 0.8;
            for pixel in self.canvas.row(y) {
                *pixel = mix(*pixel, bottom, k);
            }
        }
    }

    fn space(&mut self) {
        self.sky_gradient(0.8);
        self.nebula(&[[0.45, 0.15, 0.60], [0.15, 0.25, 0.65], [0.65, 0.20, 0.45]], 0.5);
        self.draw_stars(0.85, 0.8);
        let flip = if self.back.choice(97) < 0.5 { -1.0 } else { 1.0 };
        let x = self.column(flip * self.back.between(98, 0.35, 0.62), 0.03);
        let y = self.above(self.back.between(99, 0.22, 0.36), 0.03);
        let worlds: [(Rgb, Rgb); 3] = [
            ([0.99, 0.80, 0.48], [0.60, 0.32, 0.20]),
            ([0.95, 0.55, 0.48], [0.45, 0.16, 0.30]),
            ([0.55, 0.85, 0.92], [0.15, 0.30, 0.62]),
        ];
        let (light, dark) = worlds[(self.back.choice(93) * 2.99) as usize];
        self.planet(x, y, 0.10 * self.unit, light, dark, true);
        let x = self.column(-flip * self.back.between(94, 0.40, 0.70), 0.03);
        let y = self.above(self.back.between(89, 0.30, 0.44), 0.03);
        self.planet(x, y, 0.055 * self.unit, [0.45, 0.70, 1.0], [0.10, 0.25, 0.60], false);
        // A small grey moon underfoot.
        self.hills(Hills {
            salt: 3,
            depth: 0.10,
            base: -0.03,
            height: 0.08,
            frequency: 1.3,
            peaky: 0.0,
            light: [0.66, 0.66, 0.74],
            dark: [0.36, 0.36, 0.46],
            low: [0.50, 0.50, 0.58],
        });
        self.floor(Floor {
            across: 1.0,
            along: 0.8,
            ..Floor::land([0.44, 0.44, 0.52], [0.60, 0.60, 0.67], [0.74, 0.74, 0.80], 0.4)
        });
        for (salt, depth, spacing, size) in [(5, 0.30, 0.36, 0.05), (6, 0.68, 0.6, 0.09), (7, 1.30, 0.7, 0.12)] {
            self.each(row(salt, depth, spacing, 0.6), |s, spot| {
                let r = size * spot.size * spot.between(1, 0.7, 1.2);
                let rim = s.solid([0.76, 0.76, 0.82], [0.58, 0.58, 0.66], 1.0);
                let pit = s.solid([0.34, 0.34, 0.42], [0.48, 0.48, 0.56], 1.0);
                s.canvas.ellipse(spot.x, spot.y + 0.04 * r, r, 0.30 * r, rim);
                s.canvas.ellipse(spot.x, spot.y, 0.86 * r, 0.24 * r, pit);
            });
        }
    }

    fn mountains(&mut self) {
        self.draw_sky();
        self.hills(Hills {
            salt: 1,
            depth: 0.03,
            base: 0.06,
            height: 0.42,
            frequency: 1.5,
            peaky: 1.0,
            light: [0.98, 0.99, 1.0],
            dark: [0.60, 0.68, 0.84],
            low: [0.38, 0.42, 0.56],
        });
        self.hills(Hills {
            salt: 2,
            depth: 0.08,
            base: 0.00,
            height: 0.18,
            frequency: 1.7,
            peaky: 0.7,
            light: [0.46, 0.58, 0.56],
            dark: [0.24, 0.36, 0.42],
            low: [0.36, 0.52, 0.40],
        });
        self.floor(Floor::land([0.50, 0.66, 0.38], [0.46, 0.60, 0.32], [0.66, 0.76, 0.46], 0.45));
        self.each(row(3, 0.14, 0.16, 0.7), |s, spot| {
            s.fir(spot, spot.between(1, 0.12, 0.18), [0.26, 0.50, 0.34], [0.10, 0.30, 0.24], 0.0);
        });
        self.each(row(4, 0.5, 0.6, 0.6), |s, spot| {
            s.rock(spot, spot.between(1, 0.05, 0.09), [0.74, 0.74, 0.76], [0.42, 0.44, 0.50]);
        });
    }

    fn volcano(&mut self) {
        self.draw_sky();
        let x = self.column((self.back.choice(97) - 0.5) * 0.9, 0.04);
        let zoom = self.view.zoom_at(0.04);
        let base = (x, self.above(-0.02, 0.04));
        let h = 0.50 * zoom * self.unit;
        let rock = Paint::solid([0.46, 0.32, 0.32], [0.18, 0.12, 0.16]);
        let top = base.1 - 0.72 * h;
        self.canvas.cone(base, 0.85 * h, h, rock);
        // Cut the tip off with glow, lava and smoke.
        for i in 0..6 {
            let phase = (self.view.seconds * 0.12 + i as f32 / 6.0).fract();
            let r = (0.05 + 0.12 * phase) * self.unit;
            let smoke = Paint::solid([0.58, 0.48, 0.48], [0.30, 0.22, 0.26])
                .alpha(0.75 * (1.0 - phase))
                .soft(0.03 * self.unit);
            let drift = 0.10 * phase * (i as f32 * 2.0).sin();
            self.canvas.ellipse(
                x + drift * self.unit,
                top - (0.03 + 0.42 * phase) * self.unit,
                r,
                r * 0.85,
                smoke,
            );
        }
        let pulse = 0.8 + 0.2 * (self.view.seconds * 3.0).sin();
        self.canvas.glow(x, top, 0.30 * self.unit, [1.0, 0.48, 0.12], 0.8 * pulse);
        let lava = Paint::solid([1.0, 0.80, 0.30], [0.98, 0.36, 0.08]);
        self.canvas.ellipse(x, top, 0.25 * h, 0.045 * h, lava);
        for (dx, reach) in [(-0.16, 0.50), (0.05, 0.62), (0.19, 0.40)] {
            self.canvas.capsule(
                (x + dx * 0.7 * h, top),
                (x + dx * 2.2 * h, top + reach * h),
                0.024 * h,
                lava,
            );
        }
        self.floor(Floor {
            across: 0.9,
            along: 0.9,
            ..Floor::land([0.30, 0.20, 0.22], [0.26, 0.18, 0.20], [0.50, 0.33, 0.30], 0.5)
        });
        for (salt, depth, size) in [(5, 0.42, 0.14), (6, 0.72, 0.20), (7, 1.32, 0.28)] {
            self.each(row(salt, depth, 0.62, 0.6), |s, spot| {
                let w = size * spot.size * spot.between(1, 0.7, 1.2);
                let y = spot.y;
                s.canvas.glow(spot.x, y, w * 0.9, [1.0, 0.40, 0.10], 0.5);
                let lava = Paint::solid([1.0, 0.78, 0.28], [0.98, 0.34, 0.06]);
                s.canvas.ellipse(spot.x, y, w * 0.6, w * 0.07, lava);
            });
        }
        self.each(row(8, 0.5, 0.5, 0.5), |s, spot| {
            s.rock(spot, 0.06, [0.42, 0.32, 0.33], [0.16, 0.11, 0.14]);
        });
    }

    fn village(&mut self) {
        self.draw_sky();
        let lamps = self.lamps();
        self.hills(Hills {
            salt: 1,
            depth: 0.05,
            base: 0.02,
            height: 0.12,
            frequency: 1.0,
            peaky: 0.0,
            light: [0.66, 0.82, 0.42],
            dark: [0.36, 0.60, 0.32],
            low: [0.54, 0.74, 0.36],
        });
        self.floor(Floor::land([0.56, 0.76, 0.36], [0.48, 0.70, 0.30], [0.68, 0.85, 0.44], 0.4));
        self.each(row(2, 0.14, 0.30, 0.7), |s, spot| s.cottage(spot, 0.15, lamps));
        self.each(row(3, 0.20, 0.42, 0.5), |s, spot| {
            s.round_tree(spot, 0.24, [0.48, 0.74, 0.34], [0.18, 0.44, 0.22]);
        });
        self.each(row(4, 0.36, 0.62, 0.72), |s, spot| s.cottage(spot, 0.32, lamps));
        self.floor(Floor {
            from: 0.72,
            to: 1.4,
            ..Floor::land([0.86, 0.74, 0.54], [0.84, 0.71, 0.50], [0.94, 0.84, 0.66], 0.35)
        });
        self.floor(Floor {
            from: 1.28,
            ..Floor::land([0.48, 0.70, 0.30], [0.46, 0.68, 0.28], [0.62, 0.82, 0.40], 0.4)
        });
        // A fence along the lane.
        let wood = self.solid([0.98, 0.96, 0.90], [0.80, 0.76, 0.68], 0.8);
        let y = self.ground(0.62);
        let h = 0.075 * self.unit * self.view.zoom_at(0.62);
        let wide = self.canvas.width as f32;
        self.canvas.block(-4.0, y - 0.75 * h, wide + 4.0, y - 0.60 * h, wood);
        self.canvas.block(-4.0, y - 0.40 * h, wide + 4.0, y - 0.25 * h, wood);
        let first = (self.along(0.0, 0.62) / 0.10).floor() as i64;
        let last = (self.along(wide, 0.62) / 0.10).ceil() as i64;
        for cell in first..=last {
            let x = self.column(cell as f32 * 0.10, 0.62);
            self.canvas.block(x - 0.13 * h, y - h, x + 0.13 * h, y, wood);
        }
    }

    fn underwater(&mut self) {
        self.sky_gradient(0.85);
        // Shafts of light from the surface.
        for i in 0..4 {
            let sway = 0.05 * (self.view.seconds * 0.6 + i as f32 * 1.9).sin();
            let x = self.column((self.back.choice(60 + i) - 0.5) * 1.9 + sway, 0.1);
            let ray = Paint::flat([0.75, 0.97, 1.0]).alpha(0.16).soft(0.10 * self.unit);
            self.canvas.capsule(
                (x, -0.1 * self.unit),
                (x - 0.25 * self.unit, 0.62 * self.unit),
                0.07 * self.unit,
                ray,
            );
        }
        self.hills(Hills {
            salt: 2,
            depth: 0.08,
            base: -0.02,
            height: 0.16,
            frequency: 1.6,
            peaky: 0.2,
            light: [0.14, 0.50, 0.66],
            dark: [0.05, 0.32, 0.52],
            low: [0.10, 0.44, 0.60],
        });
        self.floor(Floor {
            across: 1.2,
            along: 1.4,
            ..Floor::land([0.36, 0.66, 0.70], [0.86, 0.82, 0.62], [0.97, 0.94, 0.76], 0.5)
        });
        self.each(row(3, 0.22, 0.34, 0.7), |s, spot| {
            s.weed(spot, 0.30, [0.20, 0.62, 0.48], [0.06, 0.38, 0.36]);
        });
        self.each(row(4, 0.48, 0.46, 0.65), |s, spot| {
            if spot.unit(1) < 0.55 {
                s.coral(spot, spot.between(2, 0.10, 0.17));
            } else {
                s.weed(spot, 0.38, [0.32, 0.74, 0.36], [0.10, 0.46, 0.28]);
            }
        });
        self.each(row(5, 1.28, 0.6, 0.6), |s, spot| s.coral(spot, 0.12));
        let _ = HORIZON;
    }
}
