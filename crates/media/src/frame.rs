//! Pictures in memory: RGB8 frames, exact frame rates, short clips.

use std::fmt;
use std::str::FromStr;

use crate::{Error, Result};

/// The most pixels that a frame may have: 2²⁶, about 8192×8192.
pub const MAX_PIXELS: u64 = 1 << 26;

/// The longest side that a frame may have.
pub const MAX_SIDE: u32 = 16_384;

/// One picture: 8-bit sRGB, row by row from the top, three bytes a pixel, without padding.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl Frame {
    /// Takes `width · height · 3` bytes.
    pub fn new(width: u32, height: u32, rgb: Vec<u8>) -> Result<Self> {
        let expected = checked_len(width, height)?;
        if rgb.len() != expected {
            return Err(Error::BadFrame {
                width,
                height,
                reason: format!("it takes {expected} bytes of RGB, but {} came", rgb.len()),
            });
        }
        Ok(Self { width, height, rgb })
    }

    /// A frame of one colour.
    pub fn filled(width: u32, height: u32, color: [u8; 3]) -> Result<Self> {
        let len = checked_len(width, height)?;
        Self::new(width, height, color.repeat(len / 3))
    }

    /// A frame whose pixel at column `x` and row `y` is `pixel(x, y)`.
    pub fn from_fn(
        width: u32,
        height: u32,
        mut pixel: impl FnMut(u32, u32) -> [u8; 3],
    ) -> Result<Self> {
        let mut rgb = Vec::with_capacity(checked_len(width, height)?);
        for y in 0..height {
            for x in 0..width {
                rgb.extend_from_slice(&pixel(x, y));
            }
        }
        Self::new(width, height, rgb)
    }

    pub fn width(&self) -> u32 {
        self.width
    }

    pub fn height(&self) -> u32 {
        self.height
    }

    /// Width and height.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// The bytes, `height · width · 3` of them.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    pub fn rgb_mut(&mut self) -> &mut [u8] {
        &mut self.rgb
    }

    /// Gives the bytes away.
    pub fn into_rgb(self) -> Vec<u8> {
        self.rgb
    }

    /// The pixel at column `x` and row `y`, which must lie inside.
    pub fn pixel(&self, x: u32, y: u32) -> [u8; 3] {
        let at = (y as usize * self.width as usize + x as usize) * 3;
        [self.rgb[at], self.rgb[at + 1], self.rgb[at + 2]]
    }

    /// Copies `other` in with its upper left corner at (`x`, `y`); what falls outside is cut off.
    pub fn paste(&mut self, other: &Frame, x: u32, y: u32) {
        let columns = other.width.min(self.width.saturating_sub(x)) as usize;
        let rows = other.height.min(self.height.saturating_sub(y));
        for row in 0..rows {
            let from = row as usize * other.width as usize * 3;
            let to = ((y + row) as usize * self.width as usize + x as usize) * 3;
            self.rgb[to..to + columns * 3].copy_from_slice(&other.rgb[from..from + columns * 3]);
        }
    }

    /// The part of `width`×`height` at (`x`, `y`), which must lie inside.
    pub fn crop(&self, x: u32, y: u32, width: u32, height: u32) -> Result<Frame> {
        let inside =
            |at: u32, len: u32, all: u32| at.checked_add(len).is_some_and(|end| end <= all);
        if !inside(x, width, self.width) || !inside(y, height, self.height) {
            return Err(Error::BadFrame {
                width,
                height,
                reason: format!(
                    "a crop at ({x}, {y}) does not lie inside {}x{}",
                    self.width, self.height
                ),
            });
        }
        Frame::from_fn(width, height, |column, row| self.pixel(x + column, y + row))
    }

    /// Peak signal-to-noise ratio against `other` in dB over all channels; infinite for equal frames.
    ///
    /// `None` if the sizes differ.
    pub fn psnr(&self, other: &Frame) -> Option<f64> {
        if self.size() != other.size() {
            return None;
        }
        let squares: u64 = self
            .rgb
            .iter()
            .zip(&other.rgb)
            .map(|(a, b)| u64::from(a.abs_diff(*b)).pow(2))
            .sum();
        let mse = squares as f64 / self.rgb.len() as f64;
        Some(10.0 * (255.0 * 255.0 / mse).log10())
    }
}

impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frame({}x{})", self.width, self.height)
    }
}

/// The bytes of an RGB frame of this size, if the crate holds such frames.
pub(crate) fn checked_len(width: u32, height: u32) -> Result<usize> {
    let reason = if width == 0 || height == 0 {
        "both sides must be at least 1".to_owned()
    } else if width > MAX_SIDE || height > MAX_SIDE {
        format!("a side may have at most {MAX_SIDE} pixels")
    } else if u64::from(width) * u64::from(height) > MAX_PIXELS {
        format!("a frame may have at most {MAX_PIXELS} pixels")
    } else {
        return Ok(width as usize * height as usize * 3);
    };
    Err(Error::BadFrame {
        width,
        height,
        reason,
    })
}

/// A frame rate as an exact, reduced fraction: 30/1, 24000/1001.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rational {
    num: u32,
    den: u32,
}

impl Rational {
    /// Frames per second `num / den`, between 1/100 and 1000.
    pub fn new(num: u32, den: u32) -> Result<Self> {
        let (n, d) = (u64::from(num), u64::from(den));
        if num == 0 || den == 0 || n > 1000 * d || n * 100 < d {
            return Err(Error::BadFrameRate { num, den });
        }
        let divisor = gcd(num, den);
        Ok(Self {
            num: num / divisor,
            den: den / divisor,
        })
    }

    /// The fraction nearest to `fps`: whole numbers and the NTSC rates exactly, else thousandths.
    pub fn from_f64(fps: f64) -> Result<Self> {
        if !(0.01..=1000.0).contains(&fps) {
            let num = if fps.is_finite() {
                fps.clamp(0.0, 1e9) as u32
            } else {
                0
            };
            return Err(Error::BadFrameRate { num, den: 1 });
        }
        let ntsc = (fps * 1.001).round();
        if (fps - fps.round()).abs() < 1e-6 {
            Self::new(fps.round() as u32, 1)
        } else if ntsc >= 1.0 && (fps - ntsc / 1.001).abs() < 2e-3 && ntsc % 6.0 == 0.0 {
            Self::new(ntsc as u32 * 1000, 1001)
        } else {
            Self::new((fps * 1000.0).round() as u32, 1000)
        }
    }

    pub fn num(self) -> u32 {
        self.num
    }

    pub fn den(self) -> u32 {
        self.den
    }

    /// Frames per second.
    pub fn as_f64(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }

    /// The time in seconds at which frame `index` begins.
    pub fn seconds(self, index: u64) -> f64 {
        index as f64 * f64::from(self.den) / f64::from(self.num)
    }

    /// How many frames come nearest to `seconds`; at least 0.
    pub fn frames_in(self, seconds: f64) -> u64 {
        (seconds * self.as_f64()).round().max(0.0) as u64
    }
}

impl fmt::Display for Rational {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.den {
            1 => write!(f, "{}", self.num),
            den => write!(f, "{}/{den}", self.num),
        }
    }
}

/// Reads `30`, `24000/1001`, `23.976`.
impl FromStr for Rational {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || Error::BadFrameRate { num: 0, den: 0 };
        let text = text.trim();
        match text.split_once('/') {
            Some((num, den)) => Self::new(
                num.trim().parse().map_err(|_| bad())?,
                den.trim().parse().map_err(|_| bad())?,
            ),
            None => Self::from_f64(text.parse().map_err(|_| bad())?),
        }
    }
}

pub(crate) fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// What became of a file's sound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AudioNote {
    /// The source has no sound.
    #[default]
    None,
    /// The source has sound, which was left behind: tell the user.
    Dropped,
}

/// A short clip, wholly in memory. Long videos go from reader to writer frame by frame instead.
#[derive(Clone, Debug)]
pub struct Clip {
    /// At least one frame, all of one size.
    pub frames: Vec<Frame>,
    pub fps: Rational,
    pub audio: AudioNote,
}

impl Clip {
    /// A silent clip.
    pub fn new(frames: Vec<Frame>, fps: Rational) -> Self {
        Self {
            frames,
            fps,
            audio: AudioNote::None,
        }
    }

    /// How long it lasts in seconds.
    pub fn seconds(&self) -> f64 {
        self.fps.seconds(self.frames.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_needs_the_right_number_of_bytes() {
        assert!(Frame::new(2, 2, vec![0; 12]).is_ok());
        let error = Frame::new(2, 2, vec![0; 11]).unwrap_err().to_string();
        assert!(
            error.contains("12 bytes") && error.contains("2x2"),
            "{error}"
        );
        assert!(Frame::new(0, 2, vec![]).is_err());
        assert!(Frame::filled(u32::MAX, u32::MAX, [0; 3]).is_err());
    }

    #[test]
    fn rates_are_reduced_and_read() {
        assert_eq!(Rational::new(60, 2).unwrap(), Rational::new(30, 1).unwrap());
        for (text, shown) in [
            ("30", "30"),
            ("24000/1001", "24000/1001"),
            ("23.976", "24000/1001"),
            ("29.97", "30000/1001"),
            ("59.94", "60000/1001"),
            ("12.5", "25/2"),
        ] {
            assert_eq!(text.parse::<Rational>().unwrap().to_string(), shown);
        }
        for bad in ["0", "-3", "nan", "1/0", "", "x", "1e9"] {
            assert!(bad.parse::<Rational>().is_err(), "{bad}");
        }
    }

    #[test]
    fn paste_and_crop_keep_pixels_and_edges() {
        let mut base = Frame::filled(4, 3, [0; 3]).unwrap();
        let red = Frame::filled(2, 2, [255, 0, 0]).unwrap();
        base.paste(&red, 3, 2);
        assert_eq!(base.pixel(3, 2), [255, 0, 0]);
        assert_eq!(base.pixel(2, 2), [0; 3]);
        assert_eq!(base.crop(3, 2, 1, 1).unwrap().rgb(), [255, 0, 0]);
        assert!(base.crop(3, 2, 2, 1).is_err());
    }
}
