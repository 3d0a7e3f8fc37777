//! The visible mark: the word "kinora" in the lower right corner, translucent, legible on light and dark.
//!
//! Its letters are strokes described here, so that no font is needed and the mark is sharp at any size.

use crate::writer::{VideoWriter, Written};
use crate::{Frame, Result};

/// x-height over the picture's short side.
const HEIGHT: f32 = 0.028;
/// The space to the picture's edges, in x-heights.
const MARGIN: f32 = 1.3;
/// All lengths from here on are in x-heights; y grows downwards from the base line.
const STROKE: f32 = 0.19;
const SHADOW: f32 = 0.34;
const SPACING: f32 = 0.42;
const ASCENT: f32 = 1.5;
/// How much of a pixel the letters and their shadow cover at most.
const INK: f32 = 0.66;
const SHADE: f32 = 0.34;

type Point = (f32, f32);

/// The mark for frames of one size.
#[derive(Clone, Debug)]
pub struct Watermark {
    /// The upper left corner of the touched part, and its width.
    corner: (u32, u32),
    width: u32,
    /// Cover of letters and shadow for each pixel of that part, row by row, 0–256.
    cover: Vec<(u16, u16)>,
    size: (u32, u32),
}

impl Watermark {
    /// The mark as it stands on frames of `size`.
    pub fn new(size: (u32, u32)) -> Self {
        let strokes = word();
        let length = strokes
            .iter()
            .flatten()
            .map(|point| point.0)
            .fold(0.0, f32::max);
        let (width, height) = (size.0 as f32, size.1 as f32);
        // Even the smallest picture holds the whole word.
        let fits = (width / (length + 2.0 * MARGIN)).min(height / (ASCENT + 2.0 * MARGIN));
        let unit = (width.min(height) * HEIGHT).max(5.0).min(fits);
        let origin = (width - (length + MARGIN) * unit, height - MARGIN * unit);
        let pad = (STROKE / 2.0 + SHADOW) * unit + 1.0;
        let corner = (
            (origin.0 - pad).max(0.0) as u32,
            (origin.1 - ASCENT * unit - pad).max(0.0) as u32,
        );
        let end = (
            ((origin.0 + length * unit + pad) as u32 + 1).min(size.0),
            ((origin.1 + pad) as u32 + 1).min(size.1),
        );
        let mut cover = Vec::new();
        for y in corner.1..end.1 {
            for x in corner.0..end.0 {
                let at = (
                    (x as f32 + 0.5 - origin.0) / unit,
                    (y as f32 + 0.5 - origin.1) / unit,
                );
                cover.push(covered(&strokes, at, unit));
            }
        }
        Self {
            corner,
            width: end.0 - corner.0,
            cover,
            size,
        }
    }

    /// Blends the mark onto a frame; one of another size than announced is left as it is.
    pub fn draw(&self, frame: &mut Frame) {
        if frame.size() != self.size {
            return;
        }
        let stride = frame.width() as usize * 3;
        let rows = self.cover.chunks_exact(self.width as usize);
        for (row, line) in rows.enumerate() {
            let start = (self.corner.1 as usize + row) * stride + self.corner.0 as usize * 3;
            let pixels = &mut frame.rgb_mut()[start..start + line.len() * 3];
            for (pixel, (ink, shade)) in pixels.chunks_exact_mut(3).zip(line) {
                for value in pixel {
                    let shaded = u32::from(*value) * (256 - u32::from(*shade)) / 256;
                    let ink = u32::from(*ink);
                    *value = ((shaded * (256 - ink) + 255 * ink) / 256) as u8;
                }
            }
        }
    }
}

/// Cover of letters and shadow at a place.
fn covered(strokes: &[Vec<Point>], at: Point, unit: f32) -> (u16, u16) {
    let distance = strokes
        .iter()
        .flat_map(|stroke| stroke.windows(2))
        .map(|ends| distance(at, ends[0], ends[1]))
        .fold(f32::INFINITY, f32::min)
        - STROKE / 2.0;
    // An edge is one pixel wide.
    let ink = (0.5 - distance * unit).clamp(0.0, 1.0) * INK;
    let near = (1.0 - distance.max(0.0) / SHADOW).max(0.0);
    let level = |share: f32| (share * 256.0) as u16;
    (level(ink), level(near * near * SHADE))
}

fn distance(at: Point, from: Point, to: Point) -> f32 {
    let along = (to.0 - from.0, to.1 - from.1);
    let offset = (at.0 - from.0, at.1 - from.1);
    let length = along.0 * along.0 + along.1 * along.1;
    let t = match length > 0.0 {
        true => ((offset.0 * along.0 + offset.1 * along.1) / length).clamp(0.0, 1.0),
        false => 0.0,
    };
    (offset.0 - t * along.0).hypot(offset.1 - t * along.1)
}

/// The strokes of the word, from x = 0.
fn word() -> Vec<Vec<Point>> {
    let mut strokes = Vec::new();
    let mut x = 0.0;
    for (letter, width) in letters() {
        let moved = letter
            .into_iter()
            .map(|stroke| stroke.into_iter().map(|(px, py)| (px + x, py)).collect());
        strokes.extend(moved);
        x += width + SPACING;
    }
    strokes
}

/// k, i, n, o, r, a: their strokes and widths.
fn letters() -> [(Vec<Vec<Point>>, f32); 6] {
    let stem = |x: f32, top: f32| vec![(x, top), (x, 0.0)];
    [
        (
            vec![
                stem(0.0, -ASCENT),
                vec![(0.6, -1.0), (0.03, -0.4)],
                vec![(0.2, -0.56), (0.64, 0.0)],
            ],
            0.64,
        ),
        (vec![stem(0.0, -1.0), vec![(0.0, -1.42), (0.0, -1.42)]], 0.0),
        (
            vec![
                stem(0.0, -1.0),
                arc((0.36, -0.63), 0.36, (180.0, 360.0)),
                stem(0.72, -0.63),
            ],
            0.72,
        ),
        (vec![arc((0.5, -0.49), 0.5, (0.0, 360.0))], 1.0),
        (
            vec![stem(0.0, -1.0), arc((0.38, -0.6), 0.38, (180.0, 295.0))],
            0.5,
        ),
        (
            vec![arc((0.48, -0.49), 0.48, (0.0, 360.0)), stem(0.96, -1.0)],
            0.96,
        ),
    ]
}

/// A part of a circle from one angle to another, in degrees clockwise from the right.
fn arc(center: Point, radius: f32, degrees: (f32, f32)) -> Vec<Point> {
    const PARTS: u16 = 32;
    (0..=PARTS)
        .map(|i| {
            let share = f32::from(i) / f32::from(PARTS);
            let angle = (degrees.0 + (degrees.1 - degrees.0) * share).to_radians();
            (
                center.0 + radius * angle.cos(),
                center.1 + radius * angle.sin(),
            )
        })
        .collect()
}

/// A writer that draws the mark on what passes.
pub(crate) struct Watermarked {
    mark: Watermark,
    writer: Box<dyn VideoWriter>,
}

impl Watermarked {
    pub fn new(writer: Box<dyn VideoWriter>, size: (u32, u32)) -> Self {
        Self {
            mark: Watermark::new(size),
            writer,
        }
    }
}

impl VideoWriter for Watermarked {
    fn push(&mut self, frame: &Frame) -> Result<()> {
        let mut marked = frame.clone();
        self.mark.draw(&mut marked);
        self.writer.push(&marked)
    }

    fn finish(self: Box<Self>) -> Result<Written> {
        self.writer.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_is_seen_on_black_and_on_white_and_only_in_its_corner() {
        for (size, color) in [
            ((854, 480), [0; 3]),
            ((480, 854), [255; 3]),
            ((720, 720), [128; 3]),
        ] {
            let plain = Frame::filled(size.0, size.1, color).unwrap();
            let mut marked = plain.clone();
            Watermark::new(size).draw(&mut marked);
            let changed: Vec<(u32, u32)> = (0..size.1)
                .flat_map(|y| (0..size.0).map(move |x| (x, y)))
                .filter(|(x, y)| marked.pixel(*x, *y)[0].abs_diff(color[0]) > 24)
                .collect();
            assert!(changed.len() > 300, "{size:?}: {} pixels", changed.len());
            let corner = |(x, y): &(u32, u32)| *x > size.0 / 2 && *y > size.1 * 8 / 10;
            assert!(changed.iter().all(corner), "{size:?}");
        }
    }

    #[test]
    fn any_size_has_room_for_it() {
        for size in [(1, 1), (2, 300), (64, 36), (17, 16), (1920, 1080)] {
            let mut frame = Frame::filled(size.0, size.1, [90; 3]).unwrap();
            Watermark::new(size).draw(&mut frame);
        }
        // A frame of another size than announced is left alone.
        let plain = Frame::filled(30, 30, [90; 3]).unwrap();
        let mut frame = plain.clone();
        Watermark::new((300, 300)).draw(&mut frame);
        assert_eq!(frame, plain);
    }
}
