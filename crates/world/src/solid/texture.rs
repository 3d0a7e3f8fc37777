//! Pictures on surfaces, with smaller copies for what is far away.

use image::RgbaImage;

use super::math::{V3, floor};

struct Level {
    width: usize,
    height: usize,
    /// Colour and whether there is anything; bytes, for a ground of floats would not stay in the cache.
    texels: Vec<[u8; 4]>,
}

pub struct Texture {
    levels: Vec<Level>,
    pub mean: V3,
}

impl Texture {
    pub fn new(picture: &RgbaImage) -> Texture {
        let texels = picture.pixels().map(|p| p.0).collect();
        let mut levels = vec![Level {
            width: picture.width() as usize,
            height: picture.height() as usize,
            texels,
        }];
        while let Some(last) = levels.last()
            && last.width.max(last.height) > 1
        {
            levels.push(last.half());
        }
        let m = levels[levels.len() - 1].texels[0].map(|c| f32::from(c) / 255.0);
        Texture {
            mean: [m[0], m[1], m[2]],
            levels,
        }
    }

    /// Side of the largest level in texels.
    pub fn side(&self) -> f32 {
        self.levels[0].width.max(self.levels[0].height) as f32
    }

    /// Bilinear, repeating; `level` 0 is the sharpest.
    #[inline]
    pub fn sample(&self, u: f32, v: f32, level: usize) -> [f32; 4] {
        let l = &self.levels[level.min(self.levels.len() - 1)];
        let x = (u - floor(u) as f32) * l.width as f32 - 0.5;
        let y = (v - floor(v) as f32) * l.height as f32 - 0.5;
        let (x0, y0) = (floor(x), floor(y));
        let (fx, fy) = (x - x0 as f32, y - y0 as f32);
        let wrap = |i: i32, n: usize| {
            if i < 0 {
                n - 1
            } else if i as usize >= n {
                0
            } else {
                i as usize
            }
        };
        let (xa, xb) = (wrap(x0, l.width), wrap(x0 + 1, l.width));
        let (ya, yb) = (
            wrap(y0, l.height) * l.width,
            wrap(y0 + 1, l.height) * l.width,
        );
        let (a, b) = (l.texels[ya + xa], l.texels[ya + xb]);
        let (c, d) = (l.texels[yb + xa], l.texels[yb + xb]);
        let (right, down) = (fx / 255.0, fy);
        let left = 1.0 / 255.0 - right;
        std::array::from_fn(|i| {
            let top = f32::from(a[i]) * left + f32::from(b[i]) * right;
            let low = f32::from(c[i]) * left + f32::from(d[i]) * right;
            top + (low - top) * down
        })
    }
}

/// Number of the level that has about one texel a pixel where the sharpest has `texels`: their binary logarithm, rounded down.
#[inline]
pub fn level(texels: f32) -> usize {
    ((texels.max(1.0).to_bits() >> 23) - 127).min(9) as usize
}

impl Level {
    fn half(&self) -> Level {
        let (width, height) = ((self.width / 2).max(1), (self.height / 2).max(1));
        let mut texels = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let mut sum = [0.0; 4];
                for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                    let sx = (2 * x + dx).min(self.width - 1);
                    let sy = (2 * y + dy).min(self.height - 1);
                    let t = self.texels[sy * self.width + sx].map(|c| f32::from(c) / 255.0);
                    for i in 0..3 {
                        sum[i] += t[i] * t[3];
                    }
                    sum[3] += t[3];
                }
                let k = 1.0 / sum[3].max(1e-3);
                let mean = [sum[0] * k, sum[1] * k, sum[2] * k, sum[3] / 4.0];
                texels.push(mean.map(|c| (c * 255.0).round() as u8));
            }
        }
        Level {
            width,
            height,
            texels,
        }
    }
}
