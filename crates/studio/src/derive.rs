//! What is made once of each clip's media: its measures, a thumbnail and a spritesheet. Blocking: it decodes.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use kinora_media::contact_sheet::pick_evenly;
use kinora_media::{ContactSheet, Filter, Frame, Resizer};
use serde::{Deserialize, Serialize};

use crate::files::{META, SPRITESHEET, THUMBNAIL};
use crate::wire::Sprite;
use crate::{Error, Result};

/// Pixels of a thumbnail's width.
const THUMB_WIDTH: u32 = 384;
/// Of 100: no difference to be seen at this size.
const THUMB_QUALITY: f32 = 80.0;
/// Cells of a spritesheet: ten a row, 160 pixels wide.
const CELL_WIDTH: u32 = 160;
const COLUMNS: u32 = 10;

/// What was measured of a media file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    /// Its name in the clip's folder.
    pub file: String,
    pub width: u32,
    pub height: u32,
    pub seconds: f64,
    pub fps: f64,
    pub frames: u64,
    pub bytes: u64,
    pub sprite: Sprite,
}

/// Decodes `file` in `folder`, and puts its thumbnail, spritesheet and measures beside it.
pub fn derive(folder: &Path, file: &str) -> Result<Meta> {
    let path = folder.join(file);
    let info = kinora_media::open(&path)?.info().clone();
    let frames = match info.frames {
        Some(frames) => frames,
        None => count(&path)?,
    };
    // One row of ten for clips below 3 s, two below 8 s, else three.
    let cells = match info.seconds.unwrap_or(info.fps.seconds(frames)) {
        seconds if seconds < 3.0 => 10,
        seconds if seconds < 8.0 => 20,
        _ => 30,
    };
    let in_sheet = pick_evenly(frames as usize, cells);
    let for_thumb = pick_evenly(frames as usize, 9);
    let mut sheet = ContactSheet::new(COLUMNS, CELL_WIDTH)?.gap(0);
    let mut small = Vec::new();
    let mut resizer = Resizer::new(Filter::Lanczos3);
    let mut reader = kinora_media::open(&path)?;
    let (mut index, mut end, mut cell_count) = (0, 0.0, 0);
    while let Some(timed) = reader.next_frame().map_err(Error::reading)? {
        if in_sheet.contains(&index) {
            sheet.push(&timed.frame)?;
            cell_count += 1;
        }
        if for_thumb.contains(&index) {
            let (width, height) = timed.frame.size();
            let wide = THUMB_WIDTH.min(width).max(1);
            let high = (f64::from(height) * f64::from(wide) / f64::from(width))
                .round()
                .max(1.0);
            small.push(resizer.resize(&timed.frame, wide, high as u32)?);
        }
        end = timed.start + timed.duration;
        index += 1;
    }
    if index == 0 || cell_count == 0 {
        return Err(Error::Unreadable(
            "the file holds no frame; give another one".into(),
        ));
    }
    let thumb = kinora_media::thumbnail(&small, small[0].width())?;
    let sheet = sheet.finish()?;
    let columns = COLUMNS.min(cell_count);
    let rows = cell_count.div_ceil(columns);
    fs::write(folder.join(THUMBNAIL), webp(&thumb)?)?;
    fs::write(folder.join(SPRITESHEET), jpeg(&sheet)?)?;
    let meta = Meta {
        file: file.to_owned(),
        width: info.size.0,
        height: info.size.1,
        seconds: end,
        fps: info.fps.as_f64(),
        frames: index as u64,
        bytes: fs::metadata(&path)?.len(),
        sprite: Sprite {
            columns,
            rows,
            count: cell_count,
            width: sheet.width() / columns,
            height: sheet.height() / rows,
        },
    };
    fs::write(folder.join(META), serde_json::to_vec_pretty(&meta)?)?;
    Ok(meta)
}

fn count(path: &Path) -> Result<u64> {
    let mut reader = kinora_media::open(path)?;
    let mut frames = 0;
    while reader.next_frame().map_err(Error::reading)?.is_some() {
        frames += 1;
    }
    Ok(frames)
}

fn webp(frame: &Frame) -> Result<Vec<u8>> {
    let encoder = webp::Encoder::from_rgb(frame.rgb(), frame.width(), frame.height());
    let coded = encoder.encode_simple(false, THUMB_QUALITY);
    let coded = coded.map_err(|error| Error::internal(format!("WebP: {error:?}")))?;
    Ok(coded.to_vec())
}

/// A frame as JPEG, no wider than a thumbnail.
pub fn small_jpeg(frame: &Frame) -> Result<Vec<u8>> {
    let (width, height) = frame.size();
    if width <= THUMB_WIDTH {
        return jpeg(frame);
    }
    let high = u64::from(height) * u64::from(THUMB_WIDTH) / u64::from(width);
    jpeg(&Resizer::new(Filter::Lanczos3).resize(frame, THUMB_WIDTH, high.max(1) as u32)?)
}

/// A frame as JPEG whose longer side has at most so many pixels.
pub fn jpeg_within(frame: &Frame, side: u32) -> Result<Vec<u8>> {
    let (width, height) = frame.size();
    let longer = width.max(height);
    if longer <= side {
        return jpeg(frame);
    }
    let scaled = |length: u32| (u64::from(length) * u64::from(side) / u64::from(longer)).max(1);
    let (wide, high) = (scaled(width) as u32, scaled(height) as u32);
    jpeg(&Resizer::new(Filter::Lanczos3).resize(frame, wide, high)?)
}

fn jpeg(frame: &Frame) -> Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    encode(JpegEncoder::new_with_quality(&mut bytes, 82), frame)?;
    Ok(bytes.into_inner())
}

fn encode(encoder: impl ImageEncoder, frame: &Frame) -> Result<()> {
    let done = encoder.write_image(
        frame.rgb(),
        frame.width(),
        frame.height(),
        ExtendedColorType::Rgb8,
    );
    done.map_err(Error::internal)
}
