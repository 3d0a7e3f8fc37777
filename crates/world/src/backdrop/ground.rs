//! Floors: land, water and cloud tops from the horizon to the lower edge.

use super::{Scene, noise};
use crate::canvas::{Rgb, mix, smooth};
use crate::motion::{GROUND, HORIZON};
use crate::rng;

/// A floor of two colours with soft waves of a third.
#[derive(Clone, Copy)]
pub(super) struct Floor {
    pub far: Rgb,
    pub near: Rgb,
    /// Colour of the pattern and its strength, 0–1.
    pub accent: Rgb,
    pub strength: f32,
    /// Pattern lengths: bumps per frame height across, and in depth.
    pub across: f32,
    pub along: f32,
    /// Speed of the pattern (water); 0 for land.
    pub flow: f32,
    /// Depth range that this floor covers, 0 = horizon.
    pub from: f32,
    pub to: f32,
}

impl Floor {
    pub(super) fn land(far: Rgb, near: Rgb, accent: Rgb, strength: f32) -> Self {
        Floor {
            far,
            near,
            accent,
            strength,
            across: 2.2,
            along: 2.0,
            flow: 0.0,
            from: 0.0,
            to: 9.0,
        }
    }
}

const TABLE: usize = 512;

impl Scene<'_> {
    /// Depth of a screen row (fraction of the height): the inverse of `View::ground_y`.
    fn depth_of(&self, row: f32) -> f32 {
        let target = (row - HORIZON) / (GROUND - HORIZON);
        let k = self.view.zoom - 1.0;
        // depth · (1 + k (0.4 + 0.6 min(depth, 1))) = target
        let (a, b) = (0.6 * k, 1.0 + 0.4 * k);
        if target >= self.view.zoom {
            target / self.view.zoom
        } else if a.abs() < 1e-4 {
            target / b
        } else {
            let inner = (b * b + 4.0 * a * target).max(0.0);
            (inner.sqrt() - b) / (2.0 * a)
        }
    }

    pub(super) fn floor(&mut self, floor: Floor) {
        let seed = rng::hash(&[self.back.seed, 0xf100]);
        // A periodic line of noise, sampled often: cheaper than hashing at every pixel.
        let wave: Vec<f32> = (0..TABLE)
            .map(|i| {
                let u = i as f32 / 16.0;
                let t = u / (TABLE as f32 / 16.0);
                let (a, b) = (noise(seed, u), noise(seed, u - TABLE as f32 / 16.0));
                a + (b - a) * t - 0.5
            })
            .collect();
        let look = |u: f32| {
            let at = u * 16.0;
            let cell = at.floor();
            let i = cell as i64;
            let (a, b) = (
                wave[(i as usize) & (TABLE - 1)],
                wave[((i + 1) as usize) & (TABLE - 1)],
            );
            a + (b - a) * (at - cell)
        };
        let (width, height) = (self.canvas.width, self.canvas.height);
        let first = (self.ground(floor.from.max(0.0)) - 1.0).max(0.0) as usize;
        for y in first..height {
            let row = (y as f32 + 0.5) / self.unit;
            let depth = self.depth_of(row).max(0.02);
            if depth > floor.to {
                break;
            }
            let start = self.ground(floor.from.max(0.0));
            let cover = (y as f32 + 1.0 - start).clamp(0.0, 1.0);
            let t = smooth(0.0, 1.25, depth);
            let base = mix(floor.far, floor.near, t);
            let shown = self.back.far(base, depth);
            let accent = self.back.far(floor.accent, depth);
            let amplitude = floor.strength * smooth(0.03, 0.5, depth) * 2.0;
            let zoom = self.view.zoom_at(depth);
            let distance = 1.0 / (depth + 0.12);
            let drift = self.view.seconds * floor.flow;
            let left = -self.view.aspect / 2.0 / zoom + self.view.x * depth;
            let step = 1.0 / self.unit / zoom;
            // World coordinates: screen offset over depth.
            let scale = floor.across / (depth + 0.05);
            let rows = distance * floor.along * 4.0;
            for (x, pixel) in self.canvas.pixels[y * width..(y + 1) * width]
                .iter_mut()
                .enumerate()
            {
                let along = left + (x as f32 + 0.5) * step;
                let u = along * scale;
                let bend = look(u * 0.5 + 37.0 + drift);
                let value =
                    look(rows + 1.6 * bend + 11.0 - drift) + 0.6 * look(u + rows * 0.35 + drift);
                let k = (amplitude * value).clamp(-0.9, 0.9);
                let colour = if k > 0.0 {
                    mix(shown, accent, k)
                } else {
                    [
                        shown[0] * (1.0 + 0.35 * k),
                        shown[1] * (1.0 + 0.35 * k),
                        shown[2] * (1.0 + 0.30 * k),
                    ]
                };
                *pixel = mix(*pixel, colour, cover);
            }
        }
    }
}
