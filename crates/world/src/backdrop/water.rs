//! Waterside and water: beach, stream, sea, seabed.

use super::Scene;
use super::ground::Floor;
use super::places::row;
use super::sky::Hills;
use crate::canvas::Paint;

impl Scene<'_> {
    pub(super) fn beach(&mut self) {
        self.draw_sky();
        self.floor(Floor {
            across: 1.0,
            along: 3.0,
            flow: 0.25,
            to: 0.6,
            ..Floor::land(
                [0.10, 0.52, 0.80],
                [0.35, 0.86, 0.86],
                [0.85, 0.98, 1.0],
                0.5,
            )
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
            ..Floor::land(
                [0.88, 0.78, 0.58],
                [0.99, 0.91, 0.72],
                [1.0, 0.97, 0.85],
                0.4,
            )
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

    pub(super) fn river(&mut self) {
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
            ..Floor::land(
                [0.48, 0.74, 0.34],
                [0.40, 0.66, 0.28],
                [0.62, 0.84, 0.40],
                0.4,
            )
        });
        self.each(row(2, 0.12, 0.32, 0.6), |s, spot| {
            s.round_tree(
                spot,
                spot.between(1, 0.20, 0.30),
                [0.42, 0.70, 0.34],
                [0.16, 0.42, 0.24],
            );
        });
        // Wet stones and sand at the water's edge, then the stream, then the near bank.
        self.floor(Floor {
            from: 0.40,
            to: 0.6,
            ..Floor::land(
                [0.70, 0.62, 0.46],
                [0.62, 0.54, 0.40],
                [0.85, 0.78, 0.62],
                0.5,
            )
        });
        self.floor(Floor {
            from: 0.46,
            to: 1.5,
            across: 0.7,
            along: 4.0,
            flow: 0.55,
            ..Floor::land(
                [0.34, 0.70, 0.78],
                [0.20, 0.60, 0.74],
                [0.86, 0.97, 1.0],
                0.75,
            )
        });
        self.each(row(4, 0.44, 0.26, 0.55), |s, spot| {
            s.rock(
                spot,
                spot.between(1, 0.025, 0.05),
                [0.78, 0.78, 0.76],
                [0.46, 0.48, 0.50],
            );
        });
        self.each(row(5, 0.45, 0.33, 0.5), |s, spot| s.reed(spot, 0.20));
        self.floor(Floor {
            from: 1.27,
            ..Floor::land(
                [0.46, 0.70, 0.28],
                [0.42, 0.68, 0.26],
                [0.60, 0.84, 0.38],
                0.4,
            )
        });
        self.each(row(6, 1.28, 0.20, 0.6), |s, spot| {
            s.rock(
                spot,
                spot.between(1, 0.02, 0.045),
                [0.80, 0.79, 0.76],
                [0.48, 0.50, 0.52],
            );
        });
    }

    pub(super) fn sea(&mut self) {
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
            ..Floor::land(
                [0.14, 0.46, 0.76],
                [0.03, 0.28, 0.58],
                [0.55, 0.84, 0.95],
                0.85,
            )
        });
        // Crests that roll by.
        for (salt, depth, size) in [(2, 0.3, 0.05), (3, 0.6, 0.08), (4, 1.3, 0.14)] {
            self.each(row(salt, depth, 0.5, 0.6), |s, spot| {
                let roll = s.view.seconds * 0.9 + spot.unit(1) * std::f32::consts::TAU;
                let foam = s.solid([0.92, 0.98, 1.0], [0.70, 0.88, 0.96], spot.depth);
                let w = size * spot.size * (1.0 + 0.25 * roll.sin());
                let x = spot.x + 0.03 * spot.size * roll.cos();
                let thick = 0.09 * w;
                s.canvas.capsule(
                    (x - w, spot.y + thick),
                    (x, spot.y),
                    thick,
                    foam.alpha(0.55).soft(2.0),
                );
                s.canvas.capsule(
                    (x, spot.y),
                    (x + w, spot.y + thick),
                    thick,
                    foam.alpha(0.55).soft(2.0),
                );
            });
        }
    }

    pub(super) fn underwater(&mut self) {
        self.sky_gradient(0.85);
        // Shafts of light from the surface.
        for i in 0..4 {
            let sway = 0.05 * (self.view.seconds * 0.6 + i as f32 * 1.9).sin();
            let x = self.column((self.back.choice(60 + i) - 0.5) * 1.9 + sway, 0.1);
            let ray = Paint::flat([0.75, 0.97, 1.0])
                .alpha(0.16)
                .soft(0.10 * self.unit);
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
            ..Floor::land(
                [0.36, 0.66, 0.70],
                [0.86, 0.82, 0.62],
                [0.97, 0.94, 0.76],
                0.5,
            )
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
    }
}
