//! Where people live: city and village.

use super::ground::Floor;
use super::places::row;
use super::sky::Hills;
use super::{Layer, Scene};
use crate::canvas::Rgb;

impl Scene<'_> {
    pub(super) fn city(&mut self) {
        self.draw_sky();
        let lamps = self.lamps();
        self.floor(Floor::land(
            [0.70, 0.69, 0.69],
            [0.78, 0.77, 0.76],
            [0.8; 3],
            0.0,
        ));
        let walls: [Rgb; 5] = [
            [0.62, 0.72, 0.84],
            [0.86, 0.74, 0.66],
            [0.74, 0.66, 0.78],
            [0.90, 0.84, 0.72],
            [0.58, 0.76, 0.76],
        ];
        for (salt, depth, spacing, wide, tall) in [
            (1, 0.05, 0.15, 0.15, 0.36),
            (2, 0.16, 0.25, 0.22, 0.42),
            (3, 0.30, 0.37, 0.27, 0.40),
        ] {
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
            ..Floor::land(
                [0.78, 0.77, 0.76],
                [0.80, 0.79, 0.77],
                [0.88, 0.87, 0.85],
                0.1,
            )
        });
        self.floor(Floor {
            from: 0.56,
            to: 1.45,
            ..Floor::land(
                [0.38, 0.40, 0.45],
                [0.34, 0.36, 0.41],
                [0.45, 0.47, 0.52],
                0.2,
            )
        });
        let layer = Layer {
            jitter: 0.0,
            ..row(6, 0.78, 0.34, 1.0)
        };
        let first = (self.along(-0.4 * self.unit, 0.78) / layer.spacing).floor() as i64;
        let last = (self.along(self.canvas.width as f32 + 0.4 * self.unit, 0.78) / layer.spacing)
            .ceil() as i64;
        let stripe = self.solid([0.98, 0.95, 0.80], [0.92, 0.88, 0.74], 0.9);
        for cell in first..=last {
            let x = self.column(cell as f32 * layer.spacing, 0.78);
            let y = self.ground(0.78);
            let half = 0.08 * self.unit * self.view.zoom;
            self.canvas.block(
                x - half,
                y - 0.008 * self.unit,
                x + half,
                y + 0.008 * self.unit,
                stripe,
            );
        }
        self.floor(Floor {
            from: 1.32,
            ..Floor::land(
                [0.74, 0.73, 0.72],
                [0.78, 0.77, 0.75],
                [0.86, 0.85, 0.83],
                0.1,
            )
        });
        self.each(row(8, 0.52, 0.8, 0.8), |s, spot| {
            if spot.unit(1) < 0.55 {
                s.lamp_post(spot, 0.42, lamps > 0.2);
            } else {
                s.round_tree(spot, 0.34, [0.46, 0.72, 0.36], [0.20, 0.44, 0.24]);
            }
        });
    }

    pub(super) fn village(&mut self) {
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
        self.floor(Floor::land(
            [0.56, 0.76, 0.36],
            [0.48, 0.70, 0.30],
            [0.68, 0.85, 0.44],
            0.4,
        ));
        self.each(row(2, 0.14, 0.30, 0.7), |s, spot| {
            s.cottage(spot, 0.15, lamps)
        });
        self.each(row(3, 0.20, 0.42, 0.5), |s, spot| {
            s.round_tree(spot, 0.24, [0.48, 0.74, 0.34], [0.18, 0.44, 0.22]);
        });
        self.each(row(4, 0.36, 0.62, 0.72), |s, spot| {
            s.cottage(spot, 0.32, lamps)
        });
        self.floor(Floor {
            from: 0.72,
            to: 1.4,
            ..Floor::land(
                [0.86, 0.74, 0.54],
                [0.84, 0.71, 0.50],
                [0.94, 0.84, 0.66],
                0.35,
            )
        });
        self.floor(Floor {
            from: 1.28,
            ..Floor::land(
                [0.48, 0.70, 0.30],
                [0.46, 0.68, 0.28],
                [0.62, 0.82, 0.40],
                0.4,
            )
        });
        // A fence along the lane.
        let wood = self.solid([0.98, 0.96, 0.90], [0.80, 0.76, 0.68], 0.8);
        let y = self.ground(0.62);
        let h = 0.075 * self.unit * self.view.zoom_at(0.62);
        let wide = self.canvas.width as f32;
        self.canvas
            .block(-4.0, y - 0.75 * h, wide + 4.0, y - 0.60 * h, wood);
        self.canvas
            .block(-4.0, y - 0.40 * h, wide + 4.0, y - 0.25 * h, wood);
        let first = (self.along(0.0, 0.62) / 0.10).floor() as i64;
        let last = (self.along(wide, 0.62) / 0.10).ceil() as i64;
        for cell in first..=last {
            let x = self.column(cell as f32 * 0.10, 0.62);
            self.canvas
                .block(x - 0.13 * h, y - h, x + 0.13 * h, y, wood);
        }
    }
}
