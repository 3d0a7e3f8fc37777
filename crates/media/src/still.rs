//! Single pictures in memory: thumbnails, posters, sheets for scrubbing.

use std::io::Cursor;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};

use crate::contact_sheet::{ContactSheet, pick_evenly};
use crate::{Error, Frame, Rational, Result, open};

/// How a picture is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StillFormat {
    Png,
    /// `quality` 1–100.
    Jpeg {
        quality: u8,
    },
    /// Without loss.
    WebP,
}

/// The bytes of one picture.
pub fn encode_still(frame: &Frame, format: StillFormat) -> Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    let (width, height) = frame.size();
    let (rgb, kind) = (frame.rgb(), ExtendedColorType::Rgb8);
    let written = match format {
        StillFormat::Png => PngEncoder::new(&mut bytes).write_image(rgb, width, height, kind),
        StillFormat::Jpeg { quality } => {
            JpegEncoder::new_with_quality(&mut bytes, quality.clamp(1, 100))
                .write_image(rgb, width, height, kind)
        }
        StillFormat::WebP => {
            WebPEncoder::new_lossless(&mut bytes).write_image(rgb, width, height, kind)
        }
    };
    written.map_err(|error| Error::BadFrame {
        width,
        height,
        reason: format!("it cannot be stored as {format:?} ({error})"),
    })?;
    Ok(bytes.into_inner())
}

/// Moments of a clip in one picture, without gaps, left to right and top to bottom.
#[derive(Clone, Debug, PartialEq)]
pub struct Spritesheet {
    pub sheet: Frame,
    /// Cells in a row.
    pub columns: u32,
    pub rows: u32,
    /// Cells that hold a frame; the last row may have room left.
    pub cells: u32,
    /// Width and height of a cell in pixels.
    pub cell: (u32, u32),
    /// Of the clip.
    pub fps: Rational,
    /// The frame of the clip that each cell shows.
    pub frames: Vec<u64>,
}

/// At most `columns` × `rows` moments, spread evenly over the video, each `cell_width` pixels wide.
///
/// The video is read once if it says how many frames it has, else twice; never is it held in memory.
pub fn spritesheet(
    path: impl AsRef<Path>,
    columns: u32,
    rows: u32,
    cell_width: u32,
) -> Result<Spritesheet> {
    let path = path.as_ref();
    let mut reader = open(path)?;
    let fps = reader.info().fps;
    let total = match reader.info().frames {
        Some(total) => total,
        None => {
            let mut counter = open(path)?;
            let mut total = 0;
            while counter.next_frame()?.is_some() {
                total += 1;
            }
            total
        }
    };
    let most = (columns as usize).saturating_mul(rows as usize);
    let frames: Vec<u64> = pick_evenly(total as usize, most)
        .into_iter()
        .map(|i| i as u64)
        .collect();
    let mut sheet = ContactSheet::new(columns, cell_width)?.gap(0);
    let mut wanted = frames.iter().peekable();
    let mut index = 0;
    while let Some(next) = wanted.peek() {
        let Some(timed) = reader.next_frame()? else {
            break;
        };
        if index == **next {
            sheet.push(&timed.frame)?;
            wanted.next();
        }
        index += 1;
    }
    let cells = (frames.len() - wanted.count()) as u32;
    let sheet = sheet.finish()?;
    let columns = columns.min(cells);
    let rows = cells.div_ceil(columns);
    Ok(Spritesheet {
        cell: (sheet.width() / columns, sheet.height() / rows),
        sheet,
        columns,
        rows,
        cells,
        fps,
        frames: frames.into_iter().take(cells as usize).collect(),
    })
}
