//! Frames, clips, containers and codecs: everything between a picture in memory and a file.
//!
//! No tensors, no async, nothing printed. A guided tour, in the order of the main path:
//! [`frame`] holds pictures, [`retime`] and [`resize`] bring them to the asked rate and size,
//! [`writer`] turns them into a file, [`reader`] gets them back out of one.
//!
//! Every writer streams: frames are pushed one by one, and only a few are ever held. Every reader
//! treats its bytes as foreign: it returns an [`Error`], and never allocates more than the limits
//! in [`reader`] allow.

mod coded;
mod color;
mod error;
pub mod frame;
mod h264;
mod mp4;

pub mod contact_sheet;
pub mod export;
pub mod provenance;
pub mod reader;
pub mod resize;
pub mod retime;
mod staged;
pub mod still;
mod subprocess;
pub mod trim;
pub mod watermark;
pub mod writer;

pub use coded::{CodedRun, CodedWriter};
pub use contact_sheet::{ContactSheet, contact_sheet, thumbnail};
pub use error::{Error, Result};
pub use export::{Export, export};
pub use frame::{AudioNote, Clip, Frame, Rational};
pub use provenance::Provenance;
pub use reader::{TimedFrame, VideoInfo, VideoReader, open, read_clip, read_image};
pub use resize::{Filter, Resizer, contain, cover, resize};
pub use retime::{Method, Retime};
pub use still::{Spritesheet, StillFormat, encode_still, spritesheet};
pub use trim::{can_trim_copy, trim_copy};
pub use writer::{Quality, VideoWriter, WriterOptions, Written, create, write_image};
