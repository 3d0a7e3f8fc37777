//! Styles that need nothing but the picture: film stocks, and the paper of flat scenes.

use crate::canvas::{Canvas, Paint, Rgb, lerp, mix, smooth};
use crate::rng;

pub fn luma(c: Rgb) -> f32 {
    0.3 * c[0] + 0.59 * c[1] + 0.11 * c[2]
}

fn vignette(x: usize, y: usize, w: usize, h: usize) -> f32 {
    let (dx, dy) = (x as f32 / w as f32 - 0.5, y as f32 / h as f32 - 0.5);
    (1.0 - 1.5 * (dx * dx + dy * dy)).max(0.0)
}

/// The brightness that an old print has left.
fn faded(c: Rgb) -> f32 {
    0.10 + 0.80 * luma(c).powf(0.9)
}

fn sepia(v: f32) -> Rgb {
    [v * 1.04, v * 0.88, v * 0.64].map(|c| c.clamp(0.0, 1.0))
}

/// Black and white, hard in contrast; another seed is another grain.
pub fn noir(canvas: &mut Canvas, seed: u64) {
    let (w, h) = (canvas.width, canvas.height);
    // Exposed for what there is: a night would be all black.
    let mean = canvas.pixels.iter().map(|p| luma(*p)).sum::<f32>() / (w * h) as f32;
    let exposure = (0.34 / mean.max(1e-3)).clamp(1.0, 2.8);
    for y in 0..h {
        for x in 0..w {
            let at = y * w + x;
            let v = smooth(0.16, 0.82, exposure * luma(canvas.pixels[at])).powf(1.15);
            let grain = 0.05 * (rng::unit(seed, at as i64) - 0.5);
            canvas.pixels[at] = [((v + grain) * vignette(x, y, w, h)).clamp(0.0, 1.0); 3];
        }
    }
}

/// As an old print shows it, with flicker, scratches and dust.
pub fn old(canvas: &mut Canvas, seed: u64, time: f32) {
    let (w, h) = (canvas.width, canvas.height);
    let tick = (time * 16.0) as u64;
    let flicker = 0.90 + 0.16 * rng::unit(seed ^ 0xf11c, tick as i64);
    let scratches: Vec<(usize, f32)> = (0..3)
        .filter(|i| rng::unit(seed ^ 0x5c, (tick / 3) as i64 * 5 + i) < 0.6)
        .map(|i| {
            (
                (rng::unit(seed ^ 0x5d, (tick / 3) as i64 * 5 + i) * w as f32) as usize,
                0.25,
            )
        })
        .collect();
    for y in 0..h {
        for x in 0..w {
            let at = y * w + x;
            let grain = 0.09 * (rng::unit(seed ^ tick, at as i64) - 0.5);
            let mut v = (faded(canvas.pixels[at]) + grain) * flicker * vignette(x, y, w, h);
            for &(column, bright) in &scratches {
                if x == column {
                    v += bright;
                }
            }
            canvas.pixels[at] = sepia(v);
        }
    }
    for i in 0..4 {
        let own = |k: i64| rng::unit(seed ^ tick.wrapping_mul(77), i * 9 + k);
        if own(0) < 0.5 {
            let r = lerp(0.004, 0.014, own(3)) * h as f32;
            let paint = Paint::flat([0.10, 0.08, 0.05]).alpha(0.8);
            canvas.ellipse(
                own(1) * w as f32,
                own(2) * h as f32,
                r.max(0.6),
                r.max(0.6),
                paint,
            );
        }
    }
}

/// The colours of an old print alone: a small network learns nothing from flicker and dust.
pub fn aged(canvas: &mut Canvas) {
    let (w, h) = (canvas.width, canvas.height);
    for y in 0..h {
        for x in 0..w {
            let at = y * w + x;
            canvas.pixels[at] = sepia(faded(canvas.pixels[at]) * vignette(x, y, w, h));
        }
    }
}

/// Cut from cardboard: few tones, browned.
pub fn cardboard(canvas: &mut Canvas) {
    for pixel in &mut canvas.pixels {
        let tone = (luma(*pixel) * 5.0).round() / 5.0;
        let board = [0.94, 0.76, 0.53].map(|c| c * lerp(0.35, 1.0, tone));
        let steps = pixel.map(|c| (c * 4.0).round() / 4.0);
        *pixel = mix(board, steps, 0.35);
    }
}
