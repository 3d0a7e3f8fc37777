//! Bringing frames to a size.
//!
//! Everything works on the sRGB values as they are, as video scalers do, and not on linear light: edges
//! keep the look that the source had on screen. Averaging fine bright detail in sRGB
//! darkens it slightly; for the factors used here (at most about 4) the difference is not visible.

use fast_image_resize as fir;
use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use rayon::prelude::*;

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
        // In 256ths of a pixel, so that both halves of the rest are exact and nothing sticks out by rounding.
        let exact =
            |side: f64, limit: f64| ((side * 256.0).floor() / 256.0).clamp(1.0 / 256.0, limit);
        let (cut_w, cut_h) = (exact(cut_w, w), exact(cut_h, h));
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
        // Of the one pixel type alone: the general functions would be compiled for all fifteen.
        let source = TypedImageRef::<U8x3>::from_buffer(frame.width(), frame.height(), frame.rgb())
            .map_err(|e| failed(e.to_string()))?;
        let mut target = TypedImage::<U8x3>::from_buffer(width, height, &mut out)
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
            .resize_typed(&source, &mut target, &options)
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

/// [`Resizer::cover`] of several frames by all threads, Lanczos; those that have the size already are left as they are.
pub fn cover_all(frames: Vec<Frame>, width: u32, height: u32) -> Result<Vec<Frame>> {
    let resizer = || Resizer::new(Filter::default());
    let fit = |resizer: &mut Resizer, frame: Frame| match frame.size() == (width, height) {
        true => Ok(frame),
        false => resizer.cover(&frame, width, height),
    };
    frames.into_par_iter().map_init(resizer, fit).collect()
}

/// [`Resizer::contain`] for a single frame, Lanczos, on black.
pub fn contain(frame: &Frame, width: u32, height: u32) -> Result<Frame> {
    Resizer::new(Filter::default()).contain(frame, (width, height), [0; 3])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Left half red, right half blue, with a white bar along the top.
    fn halves(width: u32, height: u32) -> Frame {
        Frame::from_fn(width, height, |x, y| {
            match (y < height / 8, x < width / 2) {
                (true, _) => [255; 3],
                (false, true) => [200, 0, 0],
                (false, false) => [0, 0, 200],
            }
        })
        .unwrap()
    }

    #[test]
    fn every_filter_keeps_flat_colours_and_places() {
        for filter in [Filter::Lanczos3, Filter::CatmullRom, Filter::Area] {
            let mut resizer = Resizer::new(filter);
            for size in [(854, 480), (113, 64), (31, 240), (1, 1)] {
                let out = resizer.resize(&halves(224, 128), size.0, size.1).unwrap();
                assert_eq!(out.size(), size);
                if size.0 > 30 {
                    assert_eq!(out.pixel(size.0 / 4, size.1 / 2), [200, 0, 0], "{filter:?}");
                    assert_eq!(out.pixel(size.0 * 3 / 4, size.1 / 2), [0, 0, 200]);
                    assert_eq!(out.pixel(size.0 / 4, 0), [255; 3]);
                }
            }
        }
    }

    #[test]
    fn cover_cuts_evenly_and_contain_leaves_bars() {
        let wide = halves(200, 100);
        let square = cover(&wide, 50, 50).unwrap();
        assert_eq!(square.size(), (50, 50));
        assert_eq!(
            (square.pixel(2, 25), square.pixel(47, 25)),
            ([200, 0, 0], [0, 0, 200])
        );
        let tall = cover(&wide, 30, 90).unwrap();
        assert_eq!(tall.pixel(15, 0), [255; 3]);
        let framed = contain(&wide, 50, 50).unwrap();
        assert_eq!(
            (framed.pixel(25, 5), framed.pixel(25, 44)),
            ([0; 3], [0; 3])
        );
        assert_eq!(
            (framed.pixel(5, 30), framed.pixel(44, 30)),
            ([200, 0, 0], [0, 0, 200])
        );
    }

    #[test]
    fn several_frames_come_out_as_each_alone() {
        let frames: Vec<Frame> = [(64, 48), (90, 40), (80, 80)]
            .map(|(width, height)| halves(width, height))
            .into();
        let alone = frames.iter().map(|frame| cover(frame, 80, 80).unwrap());
        let alone: Vec<Frame> = alone.collect();
        assert_eq!(cover_all(frames, 80, 80).unwrap(), alone);
        assert!(cover_all(alone, 0, 80).is_err());
    }

    #[test]
    fn enlarging_and_reducing_again_loses_little() {
        let small = Frame::from_fn(64, 48, |x, y| {
            let wave = (f64::from(x) * 0.4).sin() * (f64::from(y) * 0.3).cos();
            [(128.0 + 100.0 * wave) as u8, (x * 4) as u8, (y * 5) as u8]
        })
        .unwrap();
        let mut resizer = Resizer::new(Filter::Lanczos3);
        let large = resizer.resize(&small, 256, 192).unwrap();
        let back = resizer.resize(&large, 64, 48).unwrap();
        assert!(back.psnr(&small).unwrap() > 40.0, "{:?}", back.psnr(&small));
    }

    proptest::proptest! {
        #[test]
        fn any_shape_covers_and_is_contained_in_any_other(
            from in (1u32..90, 1u32..90), to in (1u32..90, 1u32..90)
        ) {
            let frame = Frame::filled(from.0, from.1, [40, 90, 200]).unwrap();
            let covered = cover(&frame, to.0, to.1).unwrap();
            proptest::prop_assert_eq!(covered, Frame::filled(to.0, to.1, [40, 90, 200]).unwrap());
            proptest::prop_assert_eq!(contain(&frame, to.0, to.1).unwrap().size(), to);
        }
    }

    #[test]
    fn impossible_sizes_are_refused() {
        let frame = halves(16, 16);
        assert!(resize(&frame, 0, 10).is_err());
        assert!(cover(&frame, 10, 0).is_err());
        assert!(contain(&frame, u32::MAX, u32::MAX).is_err());
    }
}
