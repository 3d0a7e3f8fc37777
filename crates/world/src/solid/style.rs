//! Styles as changes of the drawing: what is there, how bright, and where its edges are.

use super::math::{V3, fbm, mul, noise2};
use super::raster::Target;
use super::stage::{ACTOR, GROUND, THING, WATER};
use crate::canvas::{Canvas, lerp, mix, smooth};
use crate::film::{luma, noir, old};
use crate::vocabulary::Style;

/// The moment that a style shows: stop motion holds each picture for a while.
pub fn moment(style: Style, u: f32, seconds: f32) -> f32 {
    match style {
        Style::Clay | Style::Papercraft => {
            let frames = (seconds * 6.0).max(1.0);
            (u * frames).floor() / frames
        }
        _ => u,
    }
}

pub fn apply(
    style: Style,
    canvas: &mut Canvas,
    target: &Target,
    fine: usize,
    seed: u64,
    time: f32,
) {
    let held = (time * 6.0) as u64;
    match style {
        Style::Plain => {}
        Style::Clay => clay(canvas, target, fine, seed ^ held),
        Style::Papercraft => paper(canvas, target, fine, seed),
        Style::Pencil => pencil(canvas, target, fine, seed ^ (time * 8.0) as u64),
        Style::PixelArt => pixels(canvas),
        Style::Noir => noir(canvas, seed ^ (time * 24.0) as u64),
        Style::OldFilm => old(canvas, seed, time),
        Style::Watercolour => wash(canvas, target, fine, seed),
        Style::Toon => toon(canvas, target, fine),
    }
}

/// Layer of a pixel (what it shows, sky 0) and its distance.
struct Layers {
    width: usize,
    height: usize,
    kind: Vec<u8>,
    far: Vec<f32>,
}

impl Layers {
    fn new(target: &Target, fine: usize) -> Layers {
        let (width, height) = (target.width / fine, target.height / fine);
        let (mut kind, mut far) = (Vec::new(), Vec::new());
        for y in 0..height {
            for x in 0..width {
                let at = y * fine * target.width + x * fine;
                let depth = target.depth[at];
                let shown = match (depth > 0.0, target.tag[at]) {
                    (false, _) => 0,
                    (_, ACTOR) => ACTOR,
                    (_, THING) => THING,
                    (_, WATER) => WATER,
                    _ => GROUND,
                };
                kind.push(shown);
                far.push(if depth > 0.0 { 1.0 / depth } else { 1e4 });
            }
        }
        Layers {
            width,
            height,
            kind,
            far,
        }
    }

    /// How much of an edge there is: 1 where what is shown or its distance jumps.
    fn edge(&self, x: usize, y: usize) -> f32 {
        let at = y * self.width + x;
        let mut most = 0.0f32;
        for (nx, ny) in [(x + 1, y), (x, y + 1)] {
            if nx < self.width && ny < self.height {
                let to = ny * self.width + nx;
                let jump = (self.far[at] - self.far[to]).abs() / self.far[at].min(self.far[to]);
                let limit = if self.kind[at] == GROUND || self.kind[at] == WATER {
                    0.6
                } else {
                    0.10
                };
                let other = self.kind[at] != self.kind[to];
                most = most.max(if other {
                    1.0
                } else {
                    smooth(limit, limit * 2.5, jump)
                });
            }
        }
        most
    }
}

fn blurred(canvas: &Canvas, radius: usize) -> Vec<V3> {
    let (w, h) = (canvas.width, canvas.height);
    let pass = |source: &[V3], along: bool| -> Vec<V3> {
        let mut out = vec![[0.0; 3]; w * h];
        for y in 0..h {
            for x in 0..w {
                let mut sum = [0.0f32; 3];
                for k in 0..=2 * radius {
                    let d = k as isize - radius as isize;
                    let (sx, sy) = if along {
                        ((x as isize + d).clamp(0, w as isize - 1) as usize, y)
                    } else {
                        (x, (y as isize + d).clamp(0, h as isize - 1) as usize)
                    };
                    for (a, b) in sum.iter_mut().zip(source[sy * w + sx]) {
                        *a += b;
                    }
                }
                out[y * w + x] = mul(sum, 1.0 / (2 * radius + 1) as f32);
            }
        }
        out
    };
    let once = pass(&canvas.pixels, true);
    pass(&once, false)
}

fn scale_of(canvas: &Canvas) -> f32 {
    canvas.height as f32 / 144.0
}

fn clay(canvas: &mut Canvas, target: &Target, fine: usize, seed: u64) {
    let layers = Layers::new(target, fine);
    let soft = blurred(canvas, (scale_of(canvas) * 1.0).round().max(1.0) as usize);
    let k = 1.0 / scale_of(canvas);
    for y in 0..canvas.height {
        for x in 0..canvas.width {
            let at = y * canvas.width + x;
            let dent = fbm(seed, x as f32 * k * 0.14, y as f32 * k * 0.14, 2);
            let print = noise2(seed ^ 5, x as f32 * k * 0.5, y as f32 * k * 0.16);
            let bump = 1.0 + 0.16 * dent + 0.04 * print;
            let grey = luma(soft[at]);
            let rich = soft[at].map(|c| grey + (c - grey) * 1.55);
            let edge = 1.0 - 0.28 * layers.edge(x, y);
            canvas.pixels[at] = mul(rich, bump * edge * 1.06).map(|c| c.clamp(0.0, 1.0));
        }
    }
}

fn paper(canvas: &mut Canvas, target: &Target, fine: usize, seed: u64) {
    let layers = Layers::new(target, fine);
    let soft = blurred(canvas, (2.0 * scale_of(canvas)).round().max(1.0) as usize);
    let source = canvas.pixels.clone();
    let (w, h) = (canvas.width, canvas.height);
    let k = 1.0 / scale_of(canvas);
    let reach = (2.0 * scale_of(canvas)).round().max(1.0) as usize;
    for y in 0..h {
        for x in 0..w {
            let at = y * w + x;
            let base = if layers.kind[at] == ACTOR {
                source[at]
            } else {
                soft[at]
            };
            let mut c = base.map(|v| ((v * 5.0).round() / 5.0).clamp(0.04, 0.97));
            let grain = 1.0 + 0.05 * noise2(seed, x as f32 * k * 0.9, y as f32 * k * 0.9);
            // A white rim around what is cut out, and its shadow on what lies behind.
            let (mut rim, mut shade) = (0.0f32, 0.0f32);
            for d in 1..=reach {
                let near = |x: usize, y: usize| {
                    let to = y.min(h - 1) * w + x.min(w - 1);
                    layers.kind[to] != layers.kind[at] && layers.far[to] > layers.far[at] * 1.08
                };
                if matches!(layers.kind[at], ACTOR | THING)
                    && d <= reach.div_ceil(2)
                    && (near(x + d, y)
                        || near(x.saturating_sub(d), y)
                        || near(x, y + d)
                        || near(x, y.saturating_sub(d)))
                {
                    rim = 1.0;
                }
                let from = y.saturating_sub(d) * w + x.saturating_sub(d);
                if layers.far[from] * 1.08 < layers.far[at] && layers.kind[from] != layers.kind[at]
                {
                    shade = 1.0;
                }
            }
            c = mix(c, [0.96, 0.95, 0.92], 0.85 * rim);
            canvas.pixels[at] = mul(c, grain * (1.0 - 0.35 * shade)).map(|v| v.clamp(0.0, 1.0));
        }
    }
}

fn pencil(canvas: &mut Canvas, target: &Target, fine: usize, seed: u64) {
    let layers = Layers::new(target, fine);
    let k = 1.0 / scale_of(canvas);
    let (w, h) = (canvas.width, canvas.height);
    let tones: Vec<f32> = canvas.pixels.iter().map(|c| luma(*c)).collect();
    for y in 0..h {
        for x in 0..w {
            let at = y * w + x;
            let (fx, fy) = (x as f32 * k, y as f32 * k);
            let right = tones[y * w + (x + 1).min(w - 1)];
            let down = tones[(y + 1).min(h - 1) * w + x];
            let line = ((right - tones[at]).abs() + (down - tones[at]).abs()) * 2.2;
            let edge = (layers.edge(x, y) * 0.85 + smooth(0.12, 0.5, line)).min(1.0);
            let dark = 1.0 - tones[at];
            let hatch =
                0.5 + 0.5 * ((fx + fy) * 1.5 + 1.5 * noise2(seed, fx * 0.1, fy * 0.1)).sin();
            let cross = 0.5 + 0.5 * ((fx - fy) * 1.5).sin();
            let mut ink = smooth(0.25, 0.8, dark) * (0.25 + 0.35 * hatch);
            ink += smooth(0.6, 0.95, dark) * 0.3 * cross;
            ink = (ink + edge * 0.75) * (0.85 + 0.25 * noise2(seed ^ 3, fx * 0.8, fy * 0.8));
            let paper = 0.95 + 0.02 * noise2(5, fx * 0.7, fy * 0.7);
            let v = (paper - ink.clamp(0.0, 0.9)).clamp(0.05, 1.0);
            canvas.pixels[at] = [v, v * 0.99, v * 0.965];
        }
    }
}

fn pixels(canvas: &mut Canvas) {
    let step = (canvas.height / 48).max(2);
    let (w, h) = (canvas.width, canvas.height);
    for by in (0..h).step_by(step) {
        for bx in (0..w).step_by(step) {
            let (y1, x1) = ((by + step).min(h), (bx + step).min(w));
            let mut sum = [0.0; 3];
            for y in by..y1 {
                for x in bx..x1 {
                    sum = super::math::add(sum, canvas.pixels[y * w + x]);
                }
            }
            let mean = mul(sum, 1.0 / ((y1 - by) * (x1 - bx)) as f32);
            let grey = luma(mean);
            let colour =
                mean.map(|c| (((grey + (c - grey) * 1.35) * 6.0).round() / 6.0).clamp(0.0, 1.0));
            for y in by..y1 {
                canvas.pixels[y * w + bx..y * w + x1].fill(colour);
            }
        }
    }
}

fn wash(canvas: &mut Canvas, target: &Target, fine: usize, seed: u64) {
    let layers = Layers::new(target, fine);
    let soft = blurred(canvas, (1.6 * scale_of(canvas)).round().max(1.0) as usize);
    let (w, h) = (canvas.width, canvas.height);
    let k = 1.0 / scale_of(canvas);
    for y in 0..h {
        for x in 0..w {
            let at = y * w + x;
            let (fx, fy) = (x as f32 * k, y as f32 * k);
            let detail = if layers.kind[at] == ACTOR { 0.55 } else { 0.15 };
            let base = mix(soft[at], canvas.pixels[at], detail);
            let pool = fbm(seed, fx * 0.045, fy * 0.045, 3);
            let grey = luma(base);
            let rich = base.map(|c| grey + (c - grey) * 1.25);
            let steps = rich.map(|c| lerp(c, (c * 6.0).round() / 6.0, 0.6));
            let pale = mix(
                steps,
                [0.97, 0.96, 0.93],
                (0.24 + 0.20 * pool).clamp(0.0, 0.6),
            );
            let edge = 1.0 - 0.30 * layers.edge(x, y);
            let grain = 1.0 + 0.035 * noise2(7, fx * 0.8, fy * 0.8);
            // The sheet shows at the rim.
            let margin = (fx
                .min(fy)
                .min((w - 1 - x) as f32 * k)
                .min((h - 1 - y) as f32 * k)
                + 2.5 * noise2(seed, fx * 0.08, fy * 0.08))
                / 5.0;
            let sheet = 1.0 - smooth(0.2, 1.0, margin);
            let colour = mix(mul(pale, edge * grain), [0.97, 0.96, 0.93], sheet);
            canvas.pixels[at] = colour.map(|c| c.clamp(0.0, 1.0));
        }
    }
}

fn toon(canvas: &mut Canvas, target: &Target, fine: usize) {
    let layers = Layers::new(target, fine);
    let soft = blurred(canvas, 1);
    let (w, h) = (canvas.width, canvas.height);
    for y in 0..h {
        for x in 0..w {
            let at = y * w + x;
            let base = if layers.kind[at] == ACTOR {
                mix(canvas.pixels[at], soft[at], 0.5)
            } else {
                soft[at]
            };
            let tone = luma(base).max(1e-3);
            let stepped = ((tone * 4.5).round() / 4.5).max(0.08);
            let grey = stepped;
            let flat = mul(base, lerp(1.0, stepped / tone, 0.75));
            let rich = flat.map(|c| grey + (c - grey) * 1.5);
            let line = match layers.kind[at] {
                ACTOR | THING => layers.edge(x, y),
                _ => 0.6 * layers.edge(x, y),
            };
            canvas.pixels[at] =
                mix(rich, [0.06, 0.05, 0.08], line * 0.9).map(|c| c.clamp(0.0, 1.0));
        }
    }
}
