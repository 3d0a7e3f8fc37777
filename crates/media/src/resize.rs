//! Bringing frames to a size.
//!
//! Everything works on the sRGB values as they are, as video scalers do, and not on linear light: edges
//! keep the look that the source had on screen. Averaging fine bright detail in sRGB
//! darkens it slightly; for the factors used here (at most about 4) the difference is not visible.

use fast_image_resize as fir;

use crate::{Error, Frame, Result};

/// How new pixels are made from old ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Filter {
    /// Sharp, the best for pictures in both directions; overshoots slightly at hard edges.
    #[default]
    Lanczos3,
    /// Softer than Lanczos, with less overshoot.
    CatmullRom,
    /// The mean over the area of each new pixel: for thumbnails. Enlarging, it repeats pixels.
    Area,
}

/// Resizes many frames and keeps its buffers in between.
pub struct Resizer {
    inner: fir::Resizer,
    filter: Filter,
}

impl Resizer {
    pub fn new(filter: Filter) -> Self {
        Self {
            inner: fir::Resizer::new(),
            filter,
        }
    }

    /// Stretches `frame` to `width`×`height`, whatever that does to its shape.
    pub fn resize(&mut self, frame: &Frame, width: u32, height: u32) -> Result<Frame> {
        if frame.size() == (width, height) {
            return Ok(frame.clone());
        }
        self.crop_resize(frame, CropBox::whole(frame), width, height)
    }

    /// Scales `frame` until it covers `width`×`height` and cuts off what sticks out, evenly on both sides.
    pub fn cover(&mut self, frame: &Frame, width: u32, height: u32) -> Result<Frame> {
        crate::frame::checked_len(width, height)?;
        let (w, h) = (f64::from(frame.width()), f64::from(frame.height()));
        let aspect = f64::from(width) / f64::from(height);
        let (cut_w, cut_h) = if w / h > aspect {
            (h * aspect, h)
        } else {
            (w, w / aspect)
        };
        let part = CropBox {
            left: (w - cut_w) / 2.0,
            top: (h - cut_h) / 2.0,
            width: cut_w,
            height: cut_h,
        };
        self.crop_resize(frame, part, width, height)
    }

    /// Scales `frame` until it fits into `width`×`height` and centres it on `background`.
    pub fn contain(
        &mut self,
        frame: &Frame,
        (width, height): (u32, u32),
        background: [u8; 3],
    ) -> Result<Frame> {
        let mut canvas = Frame::filled(width, height, background)?;
        let scale = (f64::from(width) / f64::from(frame.width()))
            .min(f64::from(height) / f64::from(frame.height()));
        let fit =
            |side: u32, limit: u32| ((f64::from(side) * scale).round() as u32).clamp(1, limit);
        let small = self.resize(
            frame,
            fit(frame.width(), width),
            fit(frame.height(), height),
        )?;
        canvas.paste(
            &small,
            (width - small.width()) / 2,
            (height - small.height()) / 2,
        );
        Ok(canvas)
    }

    fn crop_resize(
        &mut self,
        frame: &Frame,
        part: CropBox,
        width: u32,
        height: u32,
    ) -> Result<Frame> {
        let mut out = vec![0; crate::frame::checked_len(width, height)?];
        let failed = |reason: String| Error::Resize {
            reason: format!(
                "{}x{} to {width}x{height}: {reason}",
                frame.width(),
                frame.height()
            ),
        };
        let source = fir::images::ImageRef::new(
            frame.width(),
            frame.height(),
            frame.rgb(),
            fir::PixelType::U8x3,
        )
        .map_err(|e| failed(e.to_string()))?;
        let mut target =
            fir::images::Image::from_slice_u8(width, height, &mut out, fir::PixelType::U8x3)
                .map_err(|e| failed(e.to_string()))?;
        let algorithm = fir::ResizeAlg::Convolution(match self.filter {
            Filter::Lanczos3 => fir::FilterType::Lanczos3,
            Filter::CatmullRom => fir::FilterType::CatmullRom,
            Filter::Area => fir::FilterType::Box,
        });
        let options = fir::ResizeOptions::new()
            .resize_alg(algorithm)
            .use_alpha(false)
            .crop(part.left, part.top, part.width, part.height);
        self.inner
            .resize(&source, &mut target, &options)
            .map_err(|e| failed(e.to_string()))?;
        Frame::new(width, height, out)
    }
}

/// The part of the source that is shown, in its pixels.
struct CropBox {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl CropBox {
    fn whole(frame: &Frame) -> Self {
        Self {
            left: 0.0,
            top: 0.0,
            width: f64::from(frame.width()),
            height: f64::from(frame.height()),
        }
    }
}

/// [`Resizer::resize`] for a single frame, Lanczos.
pub fn resize(frame: &Frame, width: u32, height: u32) -> Result<Frame> {
    Resizer::new(Filter::default()).resize(frame, width, height)
}

/// [`Resizer::cover`] for a single frame, Lanczos.
pub fn cover(frame: &Frame, width: u32, height: u32) -> Result<Frame> {
    Resizer::new(Filter::default()).cover(frame, width, height)
}

/// [`Resizer::contain`] for a single frame, Lanczos, on black.
pub fn contain(frame: &Frame, width: u32, height: u32) -> Result<Frame> {
    Resizer::new(Filter::default()).contain(frame, (width, height), [0; 3])
}
