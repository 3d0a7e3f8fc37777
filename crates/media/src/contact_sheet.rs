//! Many moments of a clip in one picture.

use crate::resize::{Filter, Resizer};
use crate::{Error, Frame, Result};

/// The indices of `count` moments spread evenly over `total` frames, first and last included.
pub fn pick_evenly(total: usize, count: usize) -> Vec<usize> {
    match count.min(total) {
        0 => Vec::new(),
        1 => vec![0],
        count => (0..count)
            .map(|i| (i * (total - 1) + (count - 1) / 2) / (count - 1))
            .collect(),
    }
}

/// A grid that is filled frame by frame, left to right and top to bottom.
///
/// Only the small cells are kept, so that a long video can be passed through.
pub struct ContactSheet {
    columns: u32,
    thumb_width: u32,
    gap: u32,
    resizer: Resizer,
    cells: Vec<Frame>,
}

impl ContactSheet {
    /// `columns` cells a row, each `thumb_width` pixels wide, 4 pixels apart.
    pub fn new(columns: u32, thumb_width: u32) -> Result<Self> {
        if columns == 0 || thumb_width == 0 {
            return Err(Error::EmptySheet);
        }
        Ok(Self {
            columns,
            thumb_width,
            gap: 4,
            resizer: Resizer::new(Filter::Lanczos3),
            cells: Vec::new(),
        })
    }

    /// The space between cells in pixels.
    pub fn gap(mut self, gap: u32) -> Self {
        self.gap = gap;
        self
    }

    /// Adds a cell. All cells take the shape of the first; others are fitted into it.
    pub fn push(&mut self, frame: &Frame) -> Result<()> {
        let cell = match self.cells.first() {
            Some(first) => self.resizer.contain(frame, first.size(), [0; 3])?,
            None => {
                let height = thumb_height(frame, self.thumb_width);
                self.resizer.resize(frame, self.thumb_width, height)?
            }
        };
        self.cells.push(cell);
        Ok(())
    }

    /// The sheet on dark grey.
    pub fn finish(self) -> Result<Frame> {
        let first = self.cells.first().ok_or(Error::EmptySheet)?;
        let count = self.cells.len() as u32;
        let columns = self.columns.min(count);
        let rows = count.div_ceil(columns);
        let (step_x, step_y) = (
            first.width().saturating_add(self.gap),
            first.height().saturating_add(self.gap),
        );
        let mut sheet = Frame::filled(
            columns.saturating_mul(step_x).saturating_add(self.gap),
            rows.saturating_mul(step_y).saturating_add(self.gap),
            [24; 3],
        )?;
        for (i, cell) in self.cells.iter().enumerate() {
            let (row, column) = (i as u32 / columns, i as u32 % columns);
            sheet.paste(cell, self.gap + column * step_x, self.gap + row * step_y);
        }
        Ok(sheet)
    }
}

/// All `frames` in a grid of `columns`, each `thumb_width` pixels wide.
pub fn contact_sheet<'a>(
    frames: impl IntoIterator<Item = &'a Frame>,
    columns: u32,
    thumb_width: u32,
) -> Result<Frame> {
    let mut sheet = ContactSheet::new(columns, thumb_width)?;
    for frame in frames {
        sheet.push(frame)?;
    }
    sheet.finish()
}

/// The picture that stands for a clip: of nine moments the one with the most detail, `width` pixels wide.
///
/// Detail is the variance of the brightness, so that a black or faded opening is not chosen.
pub fn thumbnail(frames: &[Frame], width: u32) -> Result<Frame> {
    let chosen = pick_evenly(frames.len(), 9)
        .into_iter()
        .map(|i| &frames[i])
        // max_by keeps the last of equals; reversed, that is the earliest moment.
        .rev()
        .max_by(|a, b| detail(a).total_cmp(&detail(b)))
        .ok_or(Error::EmptySheet)?;
    if width == 0 {
        return Err(Error::EmptySheet);
    }
    Resizer::new(Filter::Lanczos3).resize(chosen, width, thumb_height(chosen, width))
}

fn thumb_height(frame: &Frame, width: u32) -> u32 {
    let exact = f64::from(frame.height()) * f64::from(width) / f64::from(frame.width());
    (exact.round() as u32).max(1)
}

fn detail(frame: &Frame) -> f64 {
    let green = || frame.rgb().iter().skip(1).step_by(3).map(|g| f64::from(*g));
    let count = f64::from(frame.width()) * f64::from(frame.height());
    let mean = green().sum::<f64>() / count;
    green().map(|g| (g - mean).powi(2)).sum::<f64>() / count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_spread_evenly_over_the_clip() {
        assert_eq!(pick_evenly(10, 4), [0, 3, 6, 9]);
        assert_eq!(pick_evenly(3, 9), [0, 1, 2]);
        assert_eq!(pick_evenly(150, 1), [0]);
        assert!(pick_evenly(0, 3).is_empty());
    }

    #[test]
    fn a_sheet_has_a_cell_for_each_frame_in_reading_order() {
        let frames: Vec<_> = (0..5)
            .map(|i| Frame::filled(32, 16, [i * 40, 0, 0]).unwrap())
            .collect();
        let sheet = contact_sheet(&frames, 3, 16).unwrap();
        assert_eq!(sheet.size(), (3 * 20 + 4, 2 * 12 + 4));
        assert_eq!(sheet.pixel(4 + 20 + 8, 4 + 4), [40, 0, 0]);
        assert_eq!(sheet.pixel(4 + 8, 4 + 12 + 4), [120, 0, 0]);
        assert_eq!(sheet.pixel(60, 24), [24; 3]);
        assert!(contact_sheet(&frames, 0, 16).is_err());
        assert!(contact_sheet(&[], 3, 16).is_err());
    }

    #[test]
    fn a_thumbnail_avoids_the_black_opening() {
        let black = Frame::filled(32, 16, [0; 3]).unwrap();
        let scene = Frame::from_fn(32, 16, |x, _| [x as u8 * 8; 3]).unwrap();
        let thumb = thumbnail(&[black.clone(), black, scene], 16).unwrap();
        assert_eq!(thumb.size(), (16, 8));
        assert!(thumb.pixel(15, 4)[0] > 200);
    }
}
