//! Things that stand in the scenery.

use super::{Scene, Spot};
use crate::canvas::{Paint, Rgb, lerp, scale};

const BARK: Rgb = [0.52, 0.36, 0.24];
const BARK_DARK: Rgb = [0.33, 0.21, 0.15];

impl Scene<'_> {
    fn foot_shadow(&mut self, spot: &Spot, width: f32) {
        self.canvas
            .shade(spot.x, spot.y, width, width * 0.25, [0.35, 0.35, 0.45], 0.6);
    }

    pub(super) fn round_tree(&mut self, spot: &Spot, height: f32, leaf: Rgb, leaf_dark: Rgb) {
        let h = height * spot.size;
        self.foot_shadow(spot, 0.35 * h);
        let trunk = self.solid(BARK, BARK_DARK, spot.depth);
        self.canvas.capsule(
            (spot.x, spot.y),
            (spot.x, spot.y - 0.5 * h),
            0.045 * h,
            trunk,
        );
        let crown = self.solid(leaf, leaf_dark, spot.depth).soft(0.012 * h);
        for (dx, dy, r) in [
            (-0.18, 0.50, 0.20),
            (0.19, 0.52, 0.19),
            (0.0, 0.70, 0.25),
            (0.02, 0.50, 0.20),
        ] {
            let wobble = spot.between(5, 0.9, 1.15);
            self.canvas.ellipse(
                spot.x + dx * h * wobble,
                spot.y - dy * h,
                r * h,
                r * h * 0.92,
                crown,
            );
        }
    }

    pub(super) fn fir(&mut self, spot: &Spot, height: f32, light: Rgb, dark: Rgb, snowy: f32) {
        let h = height * spot.size;
        self.foot_shadow(spot, 0.25 * h);
        let trunk = self.solid(BARK, BARK_DARK, spot.depth);
        self.canvas.capsule(
            (spot.x, spot.y),
            (spot.x, spot.y - 0.3 * h),
            0.035 * h,
            trunk,
        );
        let paint = self.solid(light, dark, spot.depth);
        let snow = self.solid([1.0, 1.0, 1.0], [0.80, 0.88, 0.98], spot.depth);
        for (low, wide, tall) in [(0.12, 0.27, 0.42), (0.34, 0.21, 0.38), (0.56, 0.15, 0.42)] {
            let base = (spot.x, spot.y - low * h);
            self.canvas.cone(base, wide * h, tall * h, paint);
            if snowy > 0.0 {
                let cap = tall * 0.5 * snowy;
                let top = (spot.x, base.1 - (tall - cap) * h);
                self.canvas.cone(top, wide * cap / tall * h, cap * h, snow);
            }
        }
    }

    pub(super) fn palm(&mut self, spot: &Spot, height: f32) {
        let h = height * spot.size;
        self.foot_shadow(spot, 0.3 * h);
        let lean = (spot.unit(6) - 0.5) * 0.35;
        let trunk = self.solid([0.72, 0.53, 0.34], [0.48, 0.33, 0.22], spot.depth);
        let at = |t: f32| (spot.x + lean * h * t * t, spot.y - 0.72 * h * t);
        for i in 0..4 {
            let t = i as f32 / 4.0;
            self.canvas
                .capsule(at(t), at(t + 0.25), (0.040 - 0.012 * t) * h, trunk);
        }
        let top = at(1.0);
        let leaf = self.solid([0.36, 0.74, 0.33], [0.13, 0.46, 0.24], spot.depth);
        let sway = 0.02 * (self.view.seconds * 1.3 + spot.unit(7) * 6.0).sin();
        for (dx, dy) in [
            (-0.34, 0.10),
            (0.34, 0.10),
            (-0.27, -0.10),
            (0.27, -0.10),
            (-0.10, -0.2),
            (0.12, -0.2),
        ] {
            let middle = (top.0 + (dx * 0.55 + sway) * h, top.1 + (dy - 0.10) * h);
            let tip = (top.0 + (dx + sway) * h, top.1 + (dy + 0.06) * h);
            self.canvas.capsule(top, middle, 0.034 * h, leaf);
            self.canvas.capsule(middle, tip, 0.024 * h, leaf);
        }
        let nut = self.solid([0.55, 0.38, 0.24], [0.34, 0.22, 0.15], spot.depth);
        self.canvas.ellipse(
            top.0 + 0.02 * h,
            top.1 + 0.03 * h,
            0.035 * h,
            0.035 * h,
            nut,
        );
    }

    pub(super) fn cactus(&mut self, spot: &Spot, height: f32) {
        let h = height * spot.size;
        self.foot_shadow(spot, 0.22 * h);
        let paint = self.solid([0.47, 0.76, 0.40], [0.16, 0.45, 0.27], spot.depth);
        let (x, y) = (spot.x, spot.y);
        self.canvas
            .capsule((x, y), (x, y - 0.88 * h), 0.10 * h, paint);
        for (side, low, high) in [(-1.0, 0.36, 0.68), (1.0, 0.50, 0.80)] {
            if spot.unit(8 + low as i64) < 0.15 {
                continue;
            }
            let elbow = (x + side * 0.27 * h, y - low * h);
            self.canvas
                .capsule((x, y - low * h), elbow, 0.065 * h, paint);
            self.canvas
                .capsule(elbow, (elbow.0, y - high * h), 0.065 * h, paint);
        }
    }

    pub(super) fn rock(&mut self, spot: &Spot, size: f32, light: Rgb, dark: Rgb) {
        let r = size * spot.size;
        self.foot_shadow(spot, 1.3 * r);
        let paint = self.solid(light, dark, spot.depth);
        self.canvas.ellipse(
            spot.x,
            spot.y - 0.35 * r,
            r,
            r * spot.between(9, 0.55, 0.8),
            paint,
        );
        self.canvas
            .ellipse(spot.x + 0.7 * r, spot.y - 0.2 * r, 0.55 * r, 0.4 * r, paint);
    }

    pub(super) fn bush(&mut self, spot: &Spot, size: f32, light: Rgb, dark: Rgb) {
        let r = size * spot.size;
        let paint = self.solid(light, dark, spot.depth).soft(0.1 * r);
        for (dx, k) in [(-0.8, 0.7), (0.8, 0.65), (0.0, 1.0)] {
            self.canvas.ellipse(
                spot.x + dx * r,
                spot.y - 0.5 * k * r,
                k * r,
                k * r * 0.85,
                paint,
            );
        }
    }

    pub(super) fn flower(&mut self, spot: &Spot, size: f32, petal: Rgb) {
        let h = size * spot.size;
        let stem = self.solid([0.30, 0.62, 0.25], [0.20, 0.45, 0.2], spot.depth);
        let top = (spot.x, spot.y - h);
        self.canvas.capsule((spot.x, spot.y), top, 0.07 * h, stem);
        let paint = self.solid(petal, scale(petal, 0.78), spot.depth);
        self.canvas.ellipse(top.0, top.1, 0.36 * h, 0.34 * h, paint);
        let eye = self.solid([1.0, 0.86, 0.35], [0.9, 0.7, 0.2], spot.depth);
        self.canvas.ellipse(top.0, top.1, 0.14 * h, 0.13 * h, eye);
    }

    pub(super) fn reed(&mut self, spot: &Spot, height: f32) {
        let h = height * spot.size;
        let leaf = self.solid([0.45, 0.68, 0.28], [0.24, 0.44, 0.18], spot.depth);
        let sway = 0.05 * (self.view.seconds * 1.6 + spot.unit(3) * 6.0).sin();
        for (dx, tall) in [(-0.14, 0.75), (0.0, 1.0), (0.13, 0.85)] {
            let foot = (spot.x + dx * h, spot.y);
            let tip = (foot.0 + (dx * 0.6 + sway) * h, spot.y - tall * h);
            self.canvas.capsule(foot, tip, 0.022 * h, leaf);
            let head = self.solid([0.55, 0.36, 0.20], [0.36, 0.22, 0.12], spot.depth);
            self.canvas
                .capsule((tip.0, tip.1), (tip.0, tip.1 + 0.2 * h), 0.040 * h, head);
        }
    }

    /// A tower with windows, `wide` and `tall` in frame heights.
    pub(super) fn tower(&mut self, spot: &Spot, wide: f32, tall: f32, wall: Rgb, lamps: f32) {
        let (w, h) = (wide * spot.size, tall * spot.size);
        let (x0, x1, y0) = (spot.x - w / 2.0, spot.x + w / 2.0, spot.y - h);
        let paint = self.solid(wall, scale(wall, 0.72), spot.depth);
        self.canvas.block(x0, y0, x1, spot.y, paint);
        let roof = self.solid(scale(wall, 1.08), scale(wall, 0.82), spot.depth);
        self.canvas.block(
            x0 - 0.03 * w,
            y0 - 0.02 * w,
            x1 + 0.03 * w,
            y0 + 0.05 * w,
            roof,
        );
        let columns = 3;
        let rows = ((h / w) * 2.6).floor().clamp(2.0, 9.0) as usize;
        let dark = self.solid([0.45, 0.62, 0.78], [0.36, 0.52, 0.70], spot.depth);
        let lamp = Paint::flat([1.0, 0.86, 0.50]);
        for row in 0..rows {
            for column in 0..columns {
                let cx = x0 + w * (column as f32 + 0.5) / columns as f32;
                let cy = y0 + h * (row as f32 + 0.65) / (rows as f32 + 0.4);
                let lit = spot.unit((row * 7 + column) as i64 + 200) < lamps;
                let (rw, rh) = (w * 0.10, h * 0.30 / rows as f32);
                let paint = if lit { lamp } else { dark };
                self.canvas.block(cx - rw, cy - rh, cx + rw, cy + rh, paint);
            }
        }
    }

    pub(super) fn cottage(&mut self, spot: &Spot, size: f32, lamps: f32) {
        let s = size * spot.size;
        self.foot_shadow(spot, 0.75 * s);
        let walls: [Rgb; 3] = [[0.98, 0.93, 0.82], [0.95, 0.84, 0.70], [0.86, 0.90, 0.94]];
        let roofs: [Rgb; 3] = [[0.86, 0.33, 0.24], [0.72, 0.40, 0.24], [0.40, 0.50, 0.66]];
        let wall = walls[(spot.unit(1) * 2.99) as usize];
        let roof = roofs[(spot.unit(2) * 2.99) as usize];
        let (x, y) = (spot.x, spot.y);
        let body = self.solid(wall, scale(wall, 0.82), spot.depth);
        self.canvas
            .block(x - 0.42 * s, y - 0.52 * s, x + 0.42 * s, y, body);
        let chimney = self.solid([0.70, 0.42, 0.34], [0.52, 0.3, 0.25], spot.depth);
        self.canvas.block(
            x + 0.18 * s,
            y - 0.92 * s,
            x + 0.30 * s,
            y - 0.62 * s,
            chimney,
        );
        let tiles = self.solid(roof, scale(roof, 0.72), spot.depth);
        self.canvas
            .cone((x, y - 0.48 * s), 0.58 * s, 0.46 * s, tiles);
        let door = self.solid([0.52, 0.33, 0.20], [0.38, 0.24, 0.15], spot.depth);
        self.canvas
            .block(x - 0.09 * s, y - 0.30 * s, x + 0.09 * s, y, door);
        let glass = if spot.unit(4) < lamps {
            Paint::flat([1.0, 0.84, 0.45])
        } else {
            self.solid([0.62, 0.82, 0.94], [0.45, 0.68, 0.85], spot.depth)
        };
        for side in [-1.0, 1.0] {
            let cx = x + side * 0.26 * s;
            self.canvas.block(
                cx - 0.08 * s,
                y - 0.40 * s,
                cx + 0.08 * s,
                y - 0.24 * s,
                glass,
            );
        }
    }

    pub(super) fn lamp_post(&mut self, spot: &Spot, height: f32, glowing: bool) {
        let h = height * spot.size;
        let pole = self.solid([0.40, 0.43, 0.48], [0.22, 0.24, 0.29], spot.depth);
        let top = (spot.x, spot.y - h);
        self.canvas.capsule((spot.x, spot.y), top, 0.022 * h, pole);
        if glowing {
            self.canvas
                .glow(top.0, top.1, 0.45 * h, [1.0, 0.85, 0.5], 0.65);
        }
        let bulb = if glowing {
            Paint::flat([1.0, 0.93, 0.70])
        } else {
            self.solid([0.97, 0.97, 0.92], [0.80, 0.82, 0.82], spot.depth)
        };
        self.canvas
            .ellipse(top.0, top.1, 0.075 * h, 0.075 * h, bulb);
    }

    pub(super) fn parasol(&mut self, spot: &Spot, height: f32) {
        let h = height * spot.size;
        self.foot_shadow(spot, 0.45 * h);
        let pole = self.solid([0.95, 0.95, 0.92], [0.75, 0.75, 0.75], spot.depth);
        self.canvas
            .capsule((spot.x, spot.y), (spot.x, spot.y - 0.9 * h), 0.02 * h, pole);
        let reds: [Rgb; 3] = [[0.95, 0.30, 0.30], [0.25, 0.60, 0.92], [0.98, 0.72, 0.22]];
        let red = reds[(spot.unit(1) * 2.99) as usize];
        let base = (spot.x, spot.y - 0.62 * h);
        let cloth = self.solid(red, scale(red, 0.75), spot.depth);
        self.canvas.cone(base, 0.46 * h, 0.38 * h, cloth);
        let white = self.solid([1.0, 1.0, 0.98], [0.85, 0.85, 0.86], spot.depth);
        self.canvas.cone(base, 0.17 * h, 0.38 * h, white);
    }

    pub(super) fn weed(&mut self, spot: &Spot, height: f32, light: Rgb, dark: Rgb) {
        let h = height * spot.size;
        let paint = self.solid(light, dark, spot.depth);
        let phase = self.view.seconds * 1.2 + spot.unit(3) * 6.0;
        for strand in 0..3 {
            let dx = (strand as f32 - 1.0) * 0.10;
            let tall = lerp(0.65, 1.0, spot.unit(20 + strand));
            let at = |t: f32| {
                let bend = (phase + t * 5.0 + strand as f32).sin() * 0.07 * t;
                (spot.x + (dx + bend) * h, spot.y - tall * t * h)
            };
            for i in 0..5 {
                let t = i as f32 / 5.0;
                self.canvas
                    .capsule(at(t), at(t + 0.2), (0.045 - 0.025 * t) * h, paint);
            }
        }
    }

    pub(super) fn coral(&mut self, spot: &Spot, size: f32) {
        let s = size * spot.size;
        let tones: [Rgb; 4] = [
            [1.0, 0.48, 0.46],
            [1.0, 0.66, 0.30],
            [0.93, 0.46, 0.80],
            [0.72, 0.52, 0.95],
        ];
        let tone = tones[(spot.unit(1) * 3.99) as usize];
        let paint = self.solid(tone, scale(tone, 0.62), spot.depth);
        let (x, y) = (spot.x, spot.y);
        for (dx, tall) in [(-0.30, 0.62), (-0.10, 0.95), (0.12, 0.80), (0.32, 0.55)] {
            let tip = (x + dx * 1.5 * s, y - tall * s);
            self.canvas
                .capsule((x + dx * 0.4 * s, y), tip, 0.10 * s, paint);
        }
    }

    /// A ball world in the sky, with or without a ring.
    pub(super) fn planet(&mut self, x: f32, y: f32, r: f32, light: Rgb, dark: Rgb, ringed: bool) {
        let ring = Paint::flat([0.95, 0.85, 0.65]).alpha(0.8);
        let tilt = 0.28;
        if ringed {
            for k in [-1.0, 1.0] {
                let from = (x - 1.75 * r, y + tilt * 1.4 * r);
                let to = (x + 1.75 * r, y - tilt * 1.4 * r);
                let _ = k;
                self.canvas.capsule(from, to, 0.13 * r, ring);
            }
        }
        self.canvas.ellipse(x, y, r, r, Paint::solid(light, dark));
        let band = Paint::flat(scale(light, 0.9)).alpha(0.5).soft(0.12 * r);
        self.canvas
            .ellipse(x - 0.05 * r, y - 0.25 * r, 0.78 * r, 0.10 * r, band);
        self.canvas
            .ellipse(x, y + 0.28 * r, 0.74 * r, 0.08 * r, band);
        if ringed {
            let near = (x - 1.75 * r, y + tilt * 1.4 * r);
            let middle = (x - 0.1 * r, y + 0.34 * r);
            let end = (x + 1.75 * r, y - tilt * 1.4 * r);
            self.canvas.capsule(near, middle, 0.11 * r, ring.alpha(1.0));
            self.canvas.capsule(middle, end, 0.11 * r, ring.alpha(1.0));
        }
    }
}
