//! Above the land: cloud tops by day and by night, and space.

use super::Scene;
use super::ground::Floor;
use super::places::row;
use super::sky::Hills;
use crate::canvas::{Rgb, mix};
use crate::vocabulary::{Place, Time};

impl Scene<'_> {
    pub(super) fn cloud_tops(&mut self) {
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
                s.cloud(
                    (spot.x, spot.y + 0.35 * r),
                    r,
                    spot.seed,
                    (light, dark),
                    0.97,
                );
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

    pub(super) fn space(&mut self) {
        self.sky_gradient(0.8);
        self.nebula(
            &[[0.45, 0.15, 0.60], [0.15, 0.25, 0.65], [0.65, 0.20, 0.45]],
            0.5,
        );
        self.draw_stars(0.85, 0.8);
        let flip = if self.back.choice(97) < 0.5 {
            -1.0
        } else {
            1.0
        };
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
        self.planet(
            x,
            y,
            0.055 * self.unit,
            [0.45, 0.70, 1.0],
            [0.10, 0.25, 0.60],
            false,
        );
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
            ..Floor::land(
                [0.44, 0.44, 0.52],
                [0.60, 0.60, 0.67],
                [0.74, 0.74, 0.80],
                0.4,
            )
        });
        for (salt, depth, spacing, size) in [
            (5, 0.30, 0.36, 0.05),
            (6, 0.68, 0.6, 0.09),
            (7, 1.30, 0.7, 0.12),
        ] {
            self.each(row(salt, depth, spacing, 0.6), |s, spot| {
                let r = size * spot.size * spot.between(1, 0.7, 1.2);
                let rim = s.solid([0.76, 0.76, 0.82], [0.58, 0.58, 0.66], 1.0);
                let pit = s.solid([0.34, 0.34, 0.42], [0.48, 0.48, 0.56], 1.0);
                s.canvas
                    .ellipse(spot.x, spot.y + 0.04 * r, r, 0.30 * r, rim);
                s.canvas.ellipse(spot.x, spot.y, 0.86 * r, 0.24 * r, pit);
            });
        }
    }
}
