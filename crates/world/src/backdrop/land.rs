//! Wild land: desert, snow, meadow, forest, mountains, volcano.

use super::Scene;
use super::ground::Floor;
use super::places::row;
use super::sky::Hills;
use crate::canvas::{Paint, Rgb, scale};

impl Scene<'_> {
    pub(super) fn desert(&mut self) {
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

    pub(super) fn snow(&mut self) {
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
            ..Floor::land(
                [0.86, 0.92, 0.99],
                [0.78, 0.87, 0.97],
                [0.97, 0.99, 1.0],
                0.6,
            )
        });
        for (salt, depth, spacing, height) in [(3, 0.10, 0.16, 0.14), (4, 0.34, 0.44, 0.34)] {
            self.each(row(salt, depth, spacing, 0.62), |s, spot| {
                let tall = height * spot.between(1, 0.8, 1.2);
                s.fir(spot, tall, [0.24, 0.52, 0.45], [0.10, 0.30, 0.32], 0.9);
            });
        }
    }

    pub(super) fn meadow(&mut self) {
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
        self.floor(Floor::land(
            [0.46, 0.74, 0.30],
            [0.38, 0.68, 0.25],
            [0.62, 0.86, 0.38],
            0.45,
        ));
        self.each(row(3, 0.16, 0.5, 0.5), |s, spot| {
            s.round_tree(
                spot,
                spot.between(1, 0.20, 0.28),
                [0.44, 0.74, 0.32],
                [0.16, 0.44, 0.22],
            );
        });
        let petals: [Rgb; 4] = [
            [1.0, 0.95, 0.98],
            [1.0, 0.55, 0.70],
            [1.0, 0.85, 0.30],
            [0.75, 0.55, 0.95],
        ];
        for (salt, depth, size) in [(5, 0.55, 0.035), (6, 0.80, 0.05), (7, 1.22, 0.07)] {
            self.each(row(salt, depth, 0.17, 0.55), |s, spot| {
                s.flower(spot, size, petals[(spot.unit(1) * 3.99) as usize]);
            });
        }
    }

    pub(super) fn forest(&mut self) {
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
        self.floor(Floor::land(
            [0.28, 0.44, 0.20],
            [0.34, 0.44, 0.18],
            [0.56, 0.62, 0.28],
            0.5,
        ));
        for (i, (salt, depth, spacing, height)) in [
            (2, 0.10, 0.12, 0.34),
            (3, 0.26, 0.22, 0.52),
            (4, 0.46, 0.40, 0.78),
        ]
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
            s.canvas
                .capsule((spot.x, spot.y), (spot.x, spot.y - 0.6 * h), 0.22 * h, stem);
            s.canvas
                .ellipse(spot.x, spot.y - 0.8 * h, 0.6 * h, 0.42 * h, cap);
        });
    }

    pub(super) fn mountains(&mut self) {
        self.draw_sky();
        self.hills(Hills {
            salt: 1,
            depth: 0.03,
            base: 0.06,
            height: 0.42,
            frequency: 1.5,
            peaky: 1.0,
            light: [1.0, 1.0, 1.0],
            dark: [0.48, 0.56, 0.76],
            low: [0.30, 0.34, 0.50],
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
        self.floor(Floor::land(
            [0.50, 0.66, 0.38],
            [0.46, 0.60, 0.32],
            [0.66, 0.76, 0.46],
            0.45,
        ));
        self.each(row(3, 0.14, 0.16, 0.7), |s, spot| {
            s.fir(
                spot,
                spot.between(1, 0.12, 0.18),
                [0.26, 0.50, 0.34],
                [0.10, 0.30, 0.24],
                0.0,
            );
        });
        self.each(row(4, 0.5, 0.6, 0.6), |s, spot| {
            s.rock(
                spot,
                spot.between(1, 0.05, 0.09),
                [0.74, 0.74, 0.76],
                [0.42, 0.44, 0.50],
            );
        });
    }

    pub(super) fn volcano(&mut self) {
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
        self.canvas
            .glow(x, top, 0.30 * self.unit, [1.0, 0.48, 0.12], 0.8 * pulse);
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
            ..Floor::land(
                [0.30, 0.20, 0.22],
                [0.26, 0.18, 0.20],
                [0.50, 0.33, 0.30],
                0.5,
            )
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
}
