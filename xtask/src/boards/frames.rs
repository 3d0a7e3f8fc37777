//! Figures of frames, and sheets of them.

use std::path::Path;

use anyhow::{Context, Result};
use image::RgbImage;

/// Mean absolute difference, of 255.
pub fn difference(a: &RgbImage, b: &RgbImage) -> f64 {
    let pairs = a.as_raw().iter().zip(b.as_raw());
    let sum: f64 = pairs.map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    sum / a.as_raw().len() as f64
}

/// From each frame to the next.
pub fn changes(frames: &[RgbImage]) -> Vec<f64> {
    let pairs = frames.windows(2);
    pairs.map(|pair| difference(&pair[0], &pair[1])).collect()
}

pub fn psnr(a: &RgbImage, b: &RgbImage) -> f64 {
    let pairs = a.as_raw().iter().zip(b.as_raw());
    let sum: f64 = pairs.map(|(a, b)| f64::from(a.abs_diff(*b)).powi(2)).sum();
    let mse = (sum / a.as_raw().len() as f64).max(1e-3);
    10.0 * (255.0 * 255.0 / mse).log10()
}

/// Root mean square, of 255, of what is left of `x` after the best α·a + (1 − α)·b.
pub fn residual(a: &RgbImage, b: &RgbImage, x: &RgbImage) -> f64 {
    let (mut along, mut length) = (0.0, 0.0);
    let values = || {
        let ends = a.as_raw().iter().zip(b.as_raw());
        ends.zip(x.as_raw())
            .map(|((&a, &b), &x)| (f64::from(a) - f64::from(b), f64::from(x) - f64::from(b)))
    };
    for (d, x) in values() {
        along += d * x;
        length += d * d;
    }
    let alpha = if length > 0.0 { along / length } else { 0.0 };
    let rest: f64 = values().map(|(d, x)| (x - alpha * d).powi(2)).sum();
    (rest / x.as_raw().len() as f64).sqrt()
}

pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

pub fn share(values: &[f64], holds: impl Fn(f64) -> bool) -> String {
    let count = values.iter().filter(|&&value| holds(value)).count();
    format!("{count} of {}", values.len())
}

/// How alike two layouts are, −1 to 1: the correlation of luminance in 16×9 fields, over frames at the same times, less
/// what each frame has throughout.
pub fn likeness(a: &[RgbImage], b: &[RgbImage]) -> f64 {
    let of = |frames: &[RgbImage]| -> Vec<f64> { frames.iter().flat_map(fields).collect() };
    let (a, b) = (of(a), of(b));
    let along: f64 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
    let length = |values: &[f64]| values.iter().map(|v| v * v).sum::<f64>().sqrt();
    along / (length(&a) * length(&b)).max(1e-9)
}

/// Luminance in 16×9 fields, less its mean.
fn fields(frame: &RgbImage) -> Vec<f64> {
    let small = image::imageops::resize(frame, 16, 9, image::imageops::FilterType::Triangle);
    let luminance = |p: &image::Rgb<u8>| {
        0.2126 * f64::from(p[0]) + 0.7152 * f64::from(p[1]) + 0.0722 * f64::from(p[2])
    };
    let values: Vec<f64> = small.pixels().map(luminance).collect();
    let mean = mean(&values);
    values.iter().map(|value| value - mean).collect()
}

/// Mean luminance, mean saturation and mean horizontal step of luminance, each of 255.
pub fn looks(frame: &RgbImage) -> [f64; 3] {
    let (mut light, mut colour, mut edge) = (0.0, 0.0, 0.0);
    for row in frame.rows() {
        let mut before = None;
        for pixel in row {
            let [r, g, b] = pixel.0.map(f64::from);
            let y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
            light += y;
            colour += r.max(g).max(b) - r.min(g).min(b);
            edge += before.map_or(0.0, |before: f64| (y - before).abs());
            before = Some(y);
        }
    }
    let pixels = f64::from(frame.width() * frame.height());
    [light, colour, edge].map(|sum| sum / pixels)
}

/// Moments of a clip, evenly from its first frame to its last.
pub fn moments(frames: &[RgbImage], count: usize) -> Vec<RgbImage> {
    let last = frames.len() - 1;
    let at = |i: usize| frames[i * last / (count - 1).max(1)].clone();
    (0..count).map(at).collect()
}

/// Rows of moments at half size, one below the other.
pub fn save_sheet(rows: &[Vec<RgbImage>], path: &Path) -> Result<()> {
    let Some(first) = rows.first().and_then(|row| row.first()) else {
        return Ok(());
    };
    let (width, height) = (first.width() / 2, first.height() / 2);
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0) as u32;
    let gap = 3;
    let mut sheet = RgbImage::new(width * columns, (height + gap) * rows.len() as u32);
    for (r, row) in rows.iter().enumerate() {
        for (c, frame) in row.iter().enumerate() {
            let small = image::imageops::thumbnail(frame, width, height);
            let y = r as i64 * i64::from(height + gap);
            image::imageops::replace(&mut sheet, &small, c as i64 * i64::from(width), y);
        }
    }
    sheet
        .save(path)
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn ramp(from: u8, step: u8) -> RgbImage {
        RgbImage::from_fn(8, 8, |x, y| Rgb([from + step * (x as u8), from, y as u8]))
    }

    #[test]
    fn a_mix_of_the_ends_leaves_nothing_and_something_new_does() {
        let (a, b) = (ramp(0, 4), ramp(40, 8));
        let mix = RgbImage::from_fn(8, 8, |x, y| {
            let (a, b) = (a.get_pixel(x, y), b.get_pixel(x, y));
            Rgb([0, 1, 2].map(|c| (u16::from(a[c]) / 2 + u16::from(b[c]) / 2) as u8))
        });
        assert!(residual(&a, &b, &mix) < 0.5);
        assert!(residual(&a, &b, &a) < 1e-6);
        let new = RgbImage::from_fn(8, 8, |x, y| Rgb([(x * y) as u8 * 3, 90, 200]));
        assert!(residual(&a, &b, &new) > 20.0);
    }

    #[test]
    fn layouts_are_alike_whatever_their_light_and_unlike_when_turned() {
        let turned = image::imageops::rotate180(&ramp(0, 20));
        let lit = ramp(30, 20);
        let likeness =
            |a: &RgbImage, b: &RgbImage| likeness(std::slice::from_ref(a), std::slice::from_ref(b));
        assert!(likeness(&ramp(0, 20), &lit) > 0.99);
        assert!(likeness(&ramp(0, 20), &turned) < -0.9);
    }

    #[test]
    fn figures_are_of_what_they_say() {
        let (a, b) = (ramp(10, 0), ramp(13, 0));
        assert!((difference(&a, &b) - 2.0).abs() < 1e-9); // two of three channels
        assert!(psnr(&a, &a) > 70.0 && psnr(&a, &b) < 45.0);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(share(&[1.0, 4.0], |v| v <= 3.0), "1 of 2");
    }
}
