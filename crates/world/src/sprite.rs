//! An actor's frames as drawn: premultiplied, with smaller copies, sampled through any rotation and scale.

use image::RgbaImage;

use crate::canvas::{Canvas, Rgb};

/// Premultiplied RGBA, 0–1, with halved copies for small sizes.
pub struct Image {
    levels: Vec<Level>,
}

struct Level {
    width: usize,
    height: usize,
    pixels: Vec<[u8; 4]>,
}

/// An animated actor.
pub struct Sprite {
    frames: Vec<Image>,
    pub seconds: f32,
    pub width: f32,
    pub height: f32,
    /// Mean colour of what is visible.
    pub mean: Rgb,
}

/// Where and how a sprite is drawn. Lengths are pixels of the canvas.
#[derive(Clone, Copy, Debug)]
pub struct Placement {
    /// Middle of the lower edge.
    pub foot: (f32, f32),
    pub width: f32,
    pub height: f32,
    /// Clockwise turn around the sprite's middle, radians.
    pub turn: f32,
    pub mirror: bool,
    /// Multiplied colour of the light.
    pub light: Rgb,
    /// Colour towards which the sprite fades, and how far (fog).
    pub fade: (Rgb, f32),
    /// Below this row (pixels) water covers the sprite: colour and opacity.
    pub water: Option<(f32, Rgb, f32)>,
}

impl Image {
    pub fn from_rgba(image: &RgbaImage) -> Image {
        let premultiply = |p: &image::Rgba<u8>| {
            let a = u16::from(p[3]);
            let mul = |v: u8| ((u16::from(v) * a + 127) / 255) as u8;
            [mul(p[0]), mul(p[1]), mul(p[2]), p[3]]
        };
        let mut levels = vec![Level {
            width: image.width() as usize,
            height: image.height() as usize,
            pixels: image.pixels().map(premultiply).collect(),
        }];
        while let Some(last) = levels.last()
            && last.width.min(last.height) >= 16
        {
            levels.push(last.halved());
        }
        Image { levels }
    }

    fn level(&self, shrink: f32) -> &Level {
        // Up to 1.3 source pixels a step are sampled from the same level: crisp, hardly aliased.
        let at = (shrink / 1.3).max(1.0).log2().ceil() as usize;
        &self.levels[at.min(self.levels.len() - 1)]
    }
}

impl Level {
    fn halved(&self) -> Level {
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let mut pixels = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let mut sum = [0u16; 4];
                for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                    let sx = (2 * x + dx).min(self.width - 1);
                    let sy = (2 * y + dy).min(self.height - 1);
                    for (s, v) in sum.iter_mut().zip(self.pixels[sy * self.width + sx]) {
                        *s += u16::from(v);
                    }
                }
                pixels.push(sum.map(|s| ((s + 2) / 4) as u8));
            }
        }
        Level {
            width,
            height,
            pixels,
        }
    }

    /// Bilinear sample at pixel coordinates; transparent outside.
    #[inline]
    fn sample(&self, x: f32, y: f32) -> [f32; 4] {
        let (fx, fy) = (x - 0.5, y - 0.5);
        let (x0, y0) = (fx.floor(), fy.floor());
        let (tx, ty) = (fx - x0, fy - y0);
        let (ix, iy) = (x0 as isize, y0 as isize);
        let at = |x: isize, y: isize| -> [f32; 4] {
            if x < 0 || y < 0 || x >= self.width as isize || y >= self.height as isize {
                [0.0; 4]
            } else {
                self.pixels[y as usize * self.width + x as usize].map(f32::from)
            }
        };
        let (a, b, c, d) = (
            at(ix, iy),
            at(ix + 1, iy),
            at(ix, iy + 1),
            at(ix + 1, iy + 1),
        );
        std::array::from_fn(|i| {
            let top = a[i] + (b[i] - a[i]) * tx;
            let low = c[i] + (d[i] - c[i]) * tx;
            (top + (low - top) * ty) * (1.0 / 255.0)
        })
    }
}

impl Sprite {
    /// `frames` share one size and are at least one.
    pub fn new(frames: Vec<Image>, seconds: f32) -> Sprite {
        let first = &frames[0].levels[0];
        let mut sum = [0.0f32; 4];
        for pixel in &first.pixels {
            for (s, v) in sum.iter_mut().zip(pixel) {
                *s += f32::from(*v);
            }
        }
        let weight = sum[3].max(1.0);
        Sprite {
            width: first.width as f32,
            height: first.height as f32,
            mean: [sum[0] / weight, sum[1] / weight, sum[2] / weight],
            frames,
            seconds,
        }
    }

    pub fn aspect(&self) -> f32 {
        self.width / self.height
    }

    /// Draws the frame of a moment (seconds into the loop).
    pub fn draw(&self, canvas: &mut Canvas, moment: f32, place: &Placement) {
        let turns = (moment / self.seconds).rem_euclid(1.0);
        let at = ((turns * self.frames.len() as f32) as usize).min(self.frames.len() - 1);
        if place.width < 0.5 || place.height < 0.5 {
            return;
        }
        let shrink = (self.height / place.height).max(1e-3);
        let level = self.frames[at].level(shrink);
        let (lw, lh) = (level.width as f32, level.height as f32);
        let (sin, cos) = place.turn.sin_cos();
        let (cx, cy) = (place.foot.0, place.foot.1 - place.height / 2.0);
        let half = (
            (place.width * cos.abs() + place.height * sin.abs()) / 2.0 + 1.0,
            (place.width * sin.abs() + place.height * cos.abs()) / 2.0 + 1.0,
        );
        let x0 = (cx - half.0).floor().max(0.0) as usize;
        let y0 = (cy - half.1).floor().max(0.0) as usize;
        let x1 = ((cx + half.0).ceil().max(0.0) as usize).min(canvas.width);
        let y1 = ((cy + half.1).ceil().max(0.0) as usize).min(canvas.height);
        let flip = if place.mirror { -1.0 } else { 1.0 };
        let (kx, ky) = (flip * lw / place.width, lh / place.height);
        let (fog, fogged) = place.fade;
        for y in y0..y1 {
            let dy = y as f32 + 0.5 - cy;
            let wet = match place.water {
                Some((row, colour, alpha)) => {
                    (colour, alpha * (y as f32 + 0.5 - row + 0.5).clamp(0.0, 1.0))
                }
                None => ([0.0; 3], 0.0),
            };
            for x in x0..x1 {
                let dx = x as f32 + 0.5 - cx;
                let u = (dx * cos + dy * sin) * kx + lw / 2.0;
                let v = (dy * cos - dx * sin) * ky + lh / 2.0;
                if u < -0.5 || v < -0.5 || u > lw + 0.5 || v > lh + 0.5 {
                    continue;
                }
                let [r, g, b, a] = level.sample(u, v);
                if a <= 0.0 {
                    continue;
                }
                let pixel = &mut canvas.pixels[y * canvas.width + x];
                let seen = a * (1.0 - wet.1);
                for (i, value) in [r, g, b].into_iter().enumerate() {
                    let lit = value * place.light[i];
                    let foggy = lit + (fog[i] * a - lit) * fogged;
                    pixel[i] = pixel[i] * (1.0 - seen) + foggy * (1.0 - wet.1);
                }
            }
        }
    }
}
