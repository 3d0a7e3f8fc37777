//! Where a file comes from: what made it, from which words, with which settings. Written into every export.
//!
//! The carrier is an XMP packet with the IPTC's terms for generated media, in the place where each format keeps it: a
//! `uuid` box of an MP4, an `iTXt` chunk of a PNG, an application extension of a GIF. Beside it stand the same facts
//! in the format's own plain fields, for programs that read no XMP. There is no date in it: the same clip has the same
//! packet whenever it is made.
//!
//! An MP4, GIF or PNG carries the same facts once more as signed Content Credentials.

mod carriers;
mod credentials;
mod packet;

use std::path::Path;

pub(crate) use carriers::{gif_extensions, png_chunks};
pub use credentials::{Credentials, credentials};
pub(crate) use credentials::{check_signer, sign};

use crate::{Error, Result};

/// The longest packet that [`read`] looks at, in bytes.
pub const MAX_PACKET: usize = 1 << 20;

/// What is said of a file's origin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The program and its version: `Kinora 0.1.0`.
    pub tool: String,
    /// The model that drew it.
    pub system: String,
    /// The words that it was drawn from; may be empty.
    pub prompt: String,
    pub source: Source,
    /// What else is needed to make it again, as JSON; may be empty. Names no files.
    pub settings: String,
}

/// How the pictures came about: the IPTC's digital source type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// Every pixel comes from a model.
    #[default]
    Generated,
    /// A model changed or continued pictures that were given.
    Composite,
    /// Nothing is known: an upload that was converted.
    Unknown,
}

impl Source {
    /// The term of the IPTC's vocabulary, as it stands in metadata; empty for what is unknown.
    pub fn uri(self) -> &'static str {
        match self {
            Self::Generated => {
                "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
            }
            Self::Composite => {
                "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
            }
            Self::Unknown => "",
        }
    }

    fn of_uri(uri: &str) -> Self {
        [Self::Generated, Self::Composite]
            .into_iter()
            .find(|source| source.uri() == uri)
            .unwrap_or(Self::Unknown)
    }
}

impl Provenance {
    /// One line for a plain comment.
    pub(crate) fn line(&self) -> String {
        match self.system.is_empty() {
            true => format!("made with {}", self.tool),
            false => format!("made by AI ({}) with {}", self.system, self.tool),
        }
    }
}

/// What a file says of its origin; `None` where it says nothing that this program wrote.
pub fn read(path: impl AsRef<Path>) -> Result<Option<Provenance>> {
    let path = path.as_ref();
    let packet = carriers::find_packet(path).map_err(Error::io("read", path))?;
    Ok(packet.and_then(|packet| packet::parse(&packet)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_packet_gives_back_what_was_put_in(prompt in "[^\\x00-\\x1f\\x7f-\\x9f\\u{fffe}\\u{ffff}]{0,60}") {
            let said = Provenance {
                tool: "Kinora 0.1.0".into(),
                system: "a <model> & \"more\"".into(),
                prompt,
                source: Source::Composite,
                settings: r#"{"seed":7}"#.into(),
            };
            prop_assert_eq!(packet::parse(&packet::write(&said)), Some(said));
        }

        #[test]
        fn packets_of_strangers_never_panic(text in ".{0,200}") {
            let _ = packet::parse(text.as_bytes());
        }
    }
}
