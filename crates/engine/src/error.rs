//! One error for the crate. Each variant says what was wrong, where, and what to do.

use std::path::{Path, PathBuf};

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong between a request and its file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request cannot be met; found before any work.
    #[error("{what}; {cure}")]
    Request { what: String, cure: String },

    /// The model's files or networks refused.
    #[error(transparent)]
    Model(#[from] kinora_models::Error),

    /// Reading a condition or writing the result failed.
    #[error(transparent)]
    Media(#[from] kinora_media::Error),

    /// The system refused; `action` reads like "write".
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        action: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },

    /// A checkpoint or sidecar that cannot be used.
    #[error("{}: {what}; {cure}", path.display())]
    Record {
        path: PathBuf,
        what: String,
        cure: String,
    },

    /// The work was stopped on request. What was done is kept in the checkpoint, if one was begun.
    #[error("stopped")]
    Cancelled { checkpoint: Option<PathBuf> },

    /// The work failed after denoising had begun; the checkpoint keeps what was done.
    #[error("{source}")]
    Unfinished {
        checkpoint: PathBuf,
        source: Box<Error>,
    },
}

impl Error {
    /// An unusable request: what is wrong with it, and the cure.
    pub fn request(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::Request {
            what: what.into(),
            cure: cure.into(),
        }
    }

    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    pub(crate) fn record(path: &Path, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::Record {
            path: path.to_path_buf(),
            what: what.into(),
            cure: cure.into(),
        }
    }

    /// Whether the user's input is at fault rather than the work.
    pub fn is_input(&self) -> bool {
        matches!(
            self,
            Self::Request { .. }
                | Self::Record { .. }
                | Self::Model(kinora_models::Error::Input { .. })
        )
    }

    /// The checkpoint from which the work can go on, if there is one.
    pub fn checkpoint(&self) -> Option<&Path> {
        match self {
            Self::Cancelled { checkpoint } => checkpoint.as_deref(),
            Self::Unfinished { checkpoint, .. } => Some(checkpoint),
            _ => None,
        }
    }
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Self::Model(error.into())
    }
}
