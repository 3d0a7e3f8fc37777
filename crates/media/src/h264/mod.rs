//! H.264 as we write and read it: the encoder that works on groups of pictures in parallel, the decoder, and
//! the little of the bitstream that must be understood for both.

mod bits;
mod decode;
mod encode;
mod nal;
mod sps;

pub(crate) use decode::{Decoder, Picture};
pub(crate) use encode::{CodedPicture, Encoder, EncoderSettings, ParameterSets};
pub(crate) use nal::{DELIMITER, LengthPrefixed, is_bare_key, nal_is_sps, to_annex_b};
pub(crate) use sps::Sps;
