//! A floating-point picture and the few soft shapes that everything is drawn with.
//!
//! All coordinates are pixels (x right, y down, pixel centres at .5); colours are display RGB, 0–1.
//! Edges are antialiased analytically, so nothing here needs supersampling.

pub type Rgb = [f32; 3];

pub struct Canvas {
    pub width: usize,
    pub height: usize,
    pub pixels: Vec<Rgb>,
}

/// How a solid shape is lit: `light` where it faces the lamp (up and left), `dark` where it turns away.
#[derive(Clone, Copy)]
pub struct Paint {
    pub light: Rgb,
    pub dark: Rgb,
    /// Opacity, 0–1.
    pub alpha: f32,
    /// Width of the edge in pixels; 1 is crisp.
    pub soft: f32,
}

impl Paint {
    pub fn solid(light: Rgb, dark: Rgb) -> Self {
        Paint {
            light,
            dark,
            alpha: 1.0,
            soft: 1.0,
        }
    }

    pub fn flat(colour: Rgb) -> Self {
        Paint::solid(colour, colour)
    }

    pub fn alpha(self, alpha: f32) -> Self {
        Paint { alpha, ..self }
    }

    pub fn soft(self, soft: f32) -> Self {
        Paint {
            soft: soft.max(1.0),
            ..self
        }
    }
}

pub fn lerp(a: f32, b: f32, t: f32) -> f32 {
    a + (b - a) * t
}

pub fn mix(a: Rgb, b: Rgb, t: f32) -> Rgb {
    [
        lerp(a[0], b[0], t),
        lerp(a[1], b[1], t),
        lerp(a[2], b[2], t),
    ]
}

pub fn scale(a: Rgb, k: f32) -> Rgb {
    [a[0] * k, a[1] * k, a[2] * k]
}

/// 0 below `lo`, 1 above `hi`, smooth between.
pub fn smooth(lo: f32, hi: f32, x: f32) -> f32 {
    let t = ((x - lo) / (hi - lo)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

impl Canvas {
    pub fn new(width: usize, height: usize) -> Self {
        Canvas {
            width,
            height,
            pixels: vec![[0.0; 3]; width * height],
        }
    }

    /// Appends the picture as 8-bit RGB.
    pub fn write_rgb8(&self, out: &mut Vec<u8>) {
        out.reserve(self.pixels.len() * 3);
        out.extend(
            self.pixels
                .as_flattened()
                .iter()
                .map(|v| (v * 255.0 + 0.5) as u8),
        );
    }

    pub fn row(&mut self, y: usize) -> &mut [Rgb] {
        &mut self.pixels[y * self.width..(y + 1) * self.width]
    }

    /// The part of the picture inside a box, as ranges of columns and rows.
    fn clip(&self, x0: f32, y0: f32, x1: f32, y1: f32) -> (usize, usize, usize, usize) {
        let cut = |v: f32, max: usize| (v.max(0.0) as usize).min(max);
        (
            cut(x0.floor(), self.width),
            cut(y0.floor(), self.height),
            cut(x1.ceil(), self.width),
            cut(y1.ceil(), self.height),
        )
    }

    /// A ball or an egg.
    pub fn ellipse(&mut self, cx: f32, cy: f32, rx: f32, ry: f32, paint: Paint) {
        if rx <= 0.05 || ry <= 0.05 {
            return;
        }
        let pad = paint.soft;
        let (x0, y0, x1, y1) =
            self.clip(cx - rx - pad, cy - ry - pad, cx + rx + pad, cy + ry + pad);
        let (ix, iy) = (1.0 / rx, 1.0 / ry);
        let edge = rx.min(ry) / paint.soft;
        let width = self.width;
        for y in y0..y1 {
            let ny = (y as f32 + 0.5 - cy) * iy;
            if ny.abs() > 1.0 + pad * iy {
                continue;
            }
            let row = &mut self.pixels[y * width + x0..y * width + x1.max(x0)];
            for (i, pixel) in row.iter_mut().enumerate() {
                let nx = ((x0 + i) as f32 + 0.5 - cx) * ix;
                let cover = ((1.0 - (nx * nx + ny * ny).sqrt()) * edge + 0.5).clamp(0.0, 1.0);
                if cover > 0.0 {
                    let shade = (0.45 + 0.25 * nx + 0.5 * ny).clamp(0.0, 1.0);
                    *pixel = mix(
                        *pixel,
                        mix(paint.light, paint.dark, shade),
                        cover * paint.alpha,
                    );
                }
            }
        }
    }

    /// Light that adds up: strongest in the middle, nothing at radius `r`.
    pub fn glow(&mut self, cx: f32, cy: f32, r: f32, colour: Rgb, strength: f32) {
        let (x0, y0, x1, y1) = self.clip(cx - r, cy - r, cx + r, cy + r);
        let inverse = 1.0 / (r * r);
        for y in y0..y1 {
            let dy = y as f32 + 0.5 - cy;
            for x in x0..x1 {
                let dx = x as f32 + 0.5 - cx;
                let near = (1.0 - (dx * dx + dy * dy) * inverse).max(0.0);
                let k = near * near * near * strength;
                let pixel = &mut self.pixels[y * self.width + x];
                *pixel = mix(*pixel, colour, k.min(1.0));
            }
        }
    }

    /// Multiplies towards `colour` inside a soft ellipse; shadows and contrast.
    pub fn shade(&mut self, cx: f32, cy: f32, rx: f32, ry: f32, colour: Rgb, strength: f32) {
        if rx <= 0.05 || ry <= 0.05 {
            return;
        }
        let (x0, y0, x1, y1) = self.clip(cx - rx, cy - ry, cx + rx, cy + ry);
        for y in y0..y1 {
            let ny = (y as f32 + 0.5 - cy) / ry;
            for x in x0..x1 {
                let nx = (x as f32 + 0.5 - cx) / rx;
                let near = (1.0 - nx * nx - ny * ny).max(0.0);
                let k = near * near * strength;
                let pixel = &mut self.pixels[y * self.width + x];
                for (value, tint) in pixel.iter_mut().zip(colour) {
                    *value *= 1.0 + (tint - 1.0) * k;
                }
            }
        }
    }

    /// A round-ended stroke from one point to another.
    pub fn capsule(&mut self, from: (f32, f32), to: (f32, f32), radius: f32, paint: Paint) {
        let pad = radius + paint.soft;
        let (x0, y0, x1, y1) = self.clip(
            from.0.min(to.0) - pad,
            from.1.min(to.1) - pad,
            from.0.max(to.0) + pad,
            from.1.max(to.1) + pad,
        );
        let (vx, vy) = (to.0 - from.0, to.1 - from.1);
        let length = (vx * vx + vy * vy).max(1e-6);
        for y in y0..y1 {
            for x in x0..x1 {
                let (px, py) = (x as f32 + 0.5 - from.0, y as f32 + 0.5 - from.1);
                let along = ((px * vx + py * vy) / length).clamp(0.0, 1.0);
                let (dx, dy) = (px - vx * along, py - vy * along);
                let distance = (dx * dx + dy * dy).sqrt();
                let cover = ((radius - distance) / paint.soft + 0.5).clamp(0.0, 1.0);
                if cover > 0.0 {
                    let shade = (0.45 + (0.45 * dx + 0.35 * dy) / radius.max(0.1)).clamp(0.0, 1.0);
                    let pixel = &mut self.pixels[y * self.width + x];
                    *pixel = mix(
                        *pixel,
                        mix(paint.light, paint.dark, shade),
                        cover * paint.alpha,
                    );
                }
            }
        }
    }

    /// An upright box, lit from its left side to its right.
    pub fn block(&mut self, x0: f32, y0: f32, x1: f32, y1: f32, paint: Paint) {
        let (left, top, right, bottom) = self.clip(x0 - 1.0, y0 - 1.0, x1 + 1.0, y1 + 1.0);
        let span = (x1 - x0).max(0.1);
        for y in top..bottom {
            let yc = y as f32 + 0.5;
            let vertical = ((yc - y0).min(y1 - yc) + 0.5).clamp(0.0, 1.0) * paint.alpha;
            for x in left..right {
                let xc = x as f32 + 0.5;
                let cover = ((xc - x0).min(x1 - xc) + 0.5).clamp(0.0, 1.0) * vertical;
                if cover > 0.0 {
                    let shade = ((xc - x0) / span).clamp(0.0, 1.0);
                    let pixel = &mut self.pixels[y * self.width + x];
                    *pixel = mix(*pixel, mix(paint.light, paint.dark, shade), cover);
                }
            }
        }
    }

    /// An upright cone (a fir's skirt, a roof, a peak): `base` is the middle of its lower edge.
    pub fn cone(&mut self, base: (f32, f32), half_width: f32, height: f32, paint: Paint) {
        let (x0, y0, x1, y1) = self.clip(
            base.0 - half_width - 1.0,
            base.1 - height - 1.0,
            base.0 + half_width + 1.0,
            base.1 + 1.0,
        );
        let steep = height / (height * height + half_width * half_width).sqrt();
        for y in y0..y1 {
            let yc = y as f32 + 0.5;
            let bottom = (base.1 - yc + 0.5).clamp(0.0, 1.0);
            let reach = half_width * (yc - (base.1 - height)) / height;
            for x in x0..x1 {
                let dx = x as f32 + 0.5 - base.0;
                let cover =
                    ((reach - dx.abs()) * steep / paint.soft + 0.5).clamp(0.0, 1.0) * bottom;
                if cover > 0.0 {
                    let shade = (0.5 + 0.6 * dx / half_width.max(0.1)).clamp(0.0, 1.0);
                    let pixel = &mut self.pixels[y * self.width + x];
                    *pixel = mix(
                        *pixel,
                        mix(paint.light, paint.dark, shade),
                        cover * paint.alpha,
                    );
                }
            }
        }
    }

    /// Fills every column from its own top (pixels) down to `bottom`: hills, dunes, skylines.
    /// `relief` (one per column, 0–1) goes from light to dark; `low` is the colour reached `reach` pixels below.
    pub fn ridge(
        &mut self,
        tops: &[f32],
        relief: &[f32],
        bottom: f32,
        reach: f32,
        paint: Paint,
        low: Rgb,
    ) {
        let highest = tops.iter().copied().fold(f32::INFINITY, f32::min);
        let (_, y0, _, y1) = self.clip(0.0, highest - 1.0, 0.0, bottom);
        let inverse = 1.0 / reach.max(1.0);
        let edge = 1.0 / paint.soft;
        for y in y0..y1 {
            let yc = y as f32 + 0.5;
            let row = &mut self.pixels[y * self.width..(y + 1) * self.width];
            for ((pixel, top), relief) in row.iter_mut().zip(tops).zip(relief) {
                let below = yc - top;
                let cover = (below * edge + 0.5).clamp(0.0, 1.0) * paint.alpha;
                let crest = mix(paint.light, paint.dark, *relief);
                let colour = mix(crest, low, (below * inverse).clamp(0.0, 1.0));
                *pixel = mix(*pixel, colour, cover);
            }
        }
    }
}
