//! One error for the crate. Each variant says what was wrong, with which file, and what to do.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

/// What went wrong, where, and the cure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused; `action` reads like "create" or "read".
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },

    /// The name of an output does not say which format is meant.
    #[error(
        "{}: cannot tell the format from the name; end it with .mp4, .gif, .png (one still), \
         .webm (needs ffmpeg), or name a directory (with a trailing /) for a PNG sequence",
        path.display()
    )]
    UnknownEnding { path: PathBuf },

    /// A picture whose numbers do not fit together, or beyond what the crate holds.
    #[error("a frame of {width}x{height}: {reason}")]
    BadFrame {
        width: u32,
        height: u32,
        reason: String,
    },

    /// A frame rate that is not a positive, sane fraction.
    #[error(
        "{num}/{den} is not a frame rate; give a fraction between 1/100 and 1000, such as 30 or 24000/1001"
    )]
    BadFrameRate { num: u32, den: u32 },

    /// A frame pushed to a writer differs in size from what the writer was created for.
    #[error(
        "{}: frame {index} is {}x{}, but the file was begun with {}x{}; resize it first",
        path.display(), got.0, got.1, expected.0, expected.1
    )]
    FrameSize {
        path: PathBuf,
        index: u64,
        expected: (u32, u32),
        got: (u32, u32),
    },

    /// A writer was finished before any frame came.
    #[error("{}: no frame was written; a video needs at least one", path.display())]
    NoFrames { path: PathBuf },

    /// A second frame was pushed to a still.
    #[error(
        "{}: a .png holds one picture; write a .mp4 or .gif, or a directory for a PNG sequence",
        path.display()
    )]
    OneFrameOnly { path: PathBuf },

    /// The output cannot be replaced without destroying what is not ours.
    #[error("{}: {reason}", path.display())]
    Occupied { path: PathBuf, reason: String },

    /// The format cannot hold what was asked.
    #[error("{}: {reason}", path.display())]
    Unwritable { path: PathBuf, reason: String },

    /// An optional program is absent.
    #[error("{}: {what} needs ffmpeg, which is not on PATH; install it (for instance `apt install ffmpeg`), or {instead}", path.display())]
    NeedsFfmpeg {
        path: PathBuf,
        what: String,
        instead: String,
    },

    /// The optional program ran and failed; `log` is the end of what it said.
    #[error("{}: ffmpeg failed: {log}", path.display())]
    Ffmpeg { path: PathBuf, log: String },

    /// The file is no picture or video that we know.
    #[error(
        "{}: not a known picture or video ({reason}); give an MP4 (H.264), GIF, PNG, JPEG or WebP file",
        path.display()
    )]
    UnknownFormat { path: PathBuf, reason: String },

    /// The file is of a known format, but broken or cut short.
    #[error("{}: broken or truncated {format}: {reason}; get a fresh copy of the file", path.display())]
    Broken {
        path: PathBuf,
        format: &'static str,
        reason: String,
    },

    /// The file is sound, but uses what the built-in decoders do not cover.
    #[error(
        "{}: {what} is not supported by the built-in decoder; install ffmpeg, or convert the file: \
         ffmpeg -i IN -c:v libx264 -pix_fmt yuv420p OUT.mp4",
        path.display()
    )]
    Unsupported { path: PathBuf, what: String },

    /// The file asks for more than the limits allow.
    #[error("{}: {what} is beyond the limit of {limit}; scale the file down first", path.display())]
    TooLarge {
        path: PathBuf,
        what: String,
        limit: String,
    },

    /// Frames that a file does not have.
    #[error("{}: frames {from} to {to} cannot be kept: it has {frames}", path.display())]
    BadRange {
        path: PathBuf,
        from: u64,
        to: u64,
        frames: u64,
    },

    /// The encoder refused; this is not the user's fault.
    #[error("{}: the encoder failed: {reason}", path.display())]
    Encoder { path: PathBuf, reason: String },

    /// A finished file could not be signed.
    #[error("{}: its Content Credentials cannot be signed: {reason}; nothing was written", path.display())]
    Unsigned { path: PathBuf, reason: String },

    /// There is nobody to sign.
    #[error(
        "Content Credentials cannot be signed: {reason}; set KINORA_C2PA_CERT and KINORA_C2PA_KEY to a chain of certificates \
         and its private key, both PEM files, or neither"
    )]
    Identity { reason: String },

    /// The resizer refused; the sizes are in the reason.
    #[error("cannot resize: {reason}")]
    Resize { reason: String },

    /// A contact sheet or thumbnail without any frame to show.
    #[error("a contact sheet needs at least one frame and one column")]
    EmptySheet,
}

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    pub(crate) fn broken(path: &Path, format: &'static str, reason: impl Display) -> Self {
        Self::Broken {
            path: path.to_path_buf(),
            format,
            reason: reason.to_string(),
        }
    }

    pub(crate) fn unsupported(path: &Path, what: impl Display) -> Self {
        Self::Unsupported {
            path: path.to_path_buf(),
            what: what.to_string(),
        }
    }

    pub(crate) fn encoder(path: &Path, reason: impl Display) -> Self {
        Self::Encoder {
            path: path.to_path_buf(),
            reason: reason.to_string(),
        }
    }
}
