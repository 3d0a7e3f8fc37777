//! What can go wrong between a model's files and its output.

/// The crate's result.
pub type Result<T> = std::result::Result<T, Error>;

/// Each variant names the file or the input, what is wrong with it, and the cure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of the model directory is not there.
    #[error("{file} is missing; {cure}")]
    Missing {
        /// Path of the file.
        file: String,
        /// What to do about it.
        cure: String,
    },

    /// A file is there and the system refuses to read it.
    #[error("{file} cannot be read ({source}); check the file's permissions and the disk")]
    Unreadable {
        /// Path of the file.
        file: String,
        /// What the system said.
        source: std::io::Error,
    },

    /// A config that is not JSON, lacks a field or asks for something this crate does not do.
    #[error("{file}: {what}; {cure}")]
    Config {
        /// Path of the file.
        file: String,
        /// What is wrong.
        what: String,
        /// What to do about it.
        cure: String,
    },

    /// The component is of another class than the one asked for.
    #[error("{file} describes a {found}, not a {expected}; point to a model of the right family")]
    Class {
        /// Path of the file.
        file: String,
        /// The class that the file names.
        found: String,
        /// The class or classes that would do.
        expected: String,
    },

    /// A weight file that is damaged, or does not fit its config.
    #[error("{file}: {what}; {cure}")]
    Weights {
        /// Path of the file.
        file: String,
        /// What is wrong.
        what: String,
        /// What to do about it.
        cure: String,
    },

    /// A tokenizer file that cannot be used.
    #[error("{file}: {what}; {cure}")]
    Tokenizer {
        /// Path of the file.
        file: String,
        /// What is wrong.
        what: String,
        /// What to do about it.
        cure: String,
    },

    /// An argument of a call that the network or the schedule cannot take.
    #[error("{what}; {cure}")]
    Input {
        /// What is wrong.
        what: String,
        /// What to do about it.
        cure: String,
    },

    /// The tensor library failed: out of memory, or a shape that slipped through.
    #[error("the computation failed: {0}")]
    Tensor(candle_core::Error),
}

impl Error {
    /// An unusable argument: what is wrong with it, and the cure.
    pub fn input(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self::Input {
            what: what.into(),
            cure: cure.into(),
        }
    }
}

/// A weight file's complaint travels through candle as [`WeightFault`] and comes out as
/// [`Error::Weights`].
impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        match WeightFault::find(&error) {
            Some(fault) => Self::Weights {
                file: fault.file,
                what: fault.what,
                cure: fault.cure,
            },
            None => Self::Tensor(error),
        }
    }
}

/// A fault of a weight file in a form that passes through [`candle_core::Error::Msg`], which holds
/// text only: the three parts joined by a control character that no file name or message has.
pub(crate) struct WeightFault {
    pub file: String,
    pub what: String,
    pub cure: String,
}

impl WeightFault {
    const SEPARATOR: char = '\u{1f}';

    pub fn into_candle(self) -> candle_core::Error {
        let Self { file, what, cure } = self;
        candle_core::Error::Msg([file, what, cure].join(&Self::SEPARATOR.to_string()))
    }

    fn find(error: &candle_core::Error) -> Option<Self> {
        use candle_core::Error as E;
        match error {
            E::Msg(text) => {
                let mut parts = text.split(Self::SEPARATOR).map(str::to_owned);
                let fault = Self {
                    file: parts.next()?,
                    what: parts.next()?,
                    cure: parts.next()?,
                };
                Some(fault)
            }
            E::WithBacktrace { inner, .. }
            | E::Context { inner, .. }
            | E::WithPath { inner, .. } => Self::find(inner),
            _ => None,
        }
    }
}
