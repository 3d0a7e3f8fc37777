//! The decoder, with its pictures in the order in which they are shown.

use openh264::OpenH264API;
use openh264::decoder::{DecodedYUV, DecoderConfig, Flush};
use openh264::formats::YUVSource;

use crate::Frame;
use crate::color::{ColorSpace, PlanesRef};

/// A decoded picture.
pub(crate) type Picture = Frame;

/// Takes access units in decoding order.
pub(crate) struct Decoder {
    inner: openh264::decoder::Decoder,
    space: ColorSpace,
}

impl Decoder {
    pub fn new(space: ColorSpace) -> Result<Self, String> {
        let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
        let inner = openh264::decoder::Decoder::with_api_config(OpenH264API::from_source(), config)
            .map_err(|error| error.to_string())?;
        Ok(Self { inner, space })
    }

    /// Decodes one access unit behind start codes; a picture comes back when it is its turn to be shown.
    pub fn decode(&mut self, unit: &[u8]) -> Result<Option<Picture>, String> {
        match self.inner.decode(unit).map_err(refused)? {
            Some(decoded) => picture(&decoded, self.space).map(Some),
            None => Ok(None),
        }
    }

    /// The pictures still held back, at the end.
    pub fn flush(&mut self) -> Result<Vec<Picture>, String> {
        let space = self.space;
        self.inner
            .flush_remaining()
            .map_err(refused)?
            .iter()
            .map(|decoded| picture(decoded, space))
            .collect()
    }
}

/// The library's own text speaks of states and backtraces.
fn refused(_: openh264::Error) -> String {
    "a picture cannot be decoded".to_owned()
}

fn picture(decoded: &DecodedYUV, space: ColorSpace) -> Result<Picture, String> {
    let (width, height) = decoded.dimensions();
    let (y_stride, u_stride, v_stride) = decoded.strides();
    let size = (
        u32::try_from(width).map_err(|error| error.to_string())?,
        u32::try_from(height).map_err(|error| error.to_string())?,
    );
    let rgb = PlanesRef {
        size,
        y: (decoded.y(), y_stride),
        u: (decoded.u(), u_stride),
        v: (decoded.v(), v_stride),
    }
    .rgb_from_420(space)
    .ok_or("a picture without all its planes")?;
    Frame::new(size.0, size.1, rgb).map_err(|error| error.to_string())
}
