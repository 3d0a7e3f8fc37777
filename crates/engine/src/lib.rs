//! Words, pictures and clips into video.
//!
//! The way in: a [`Request`] says what a user asks, [`Plan::resolve`] makes it definite for a [`Model`], and
//! [`generate`] makes the files. A guided tour, in the order of that path:
//! [`request`] and [`plan`]; [`generate`](mod@generate), the story on one screen; [`family`], what a family of
//! models offers, and [`ltx`], the first of them; [`noise`]; then what leaves: [`frames`], [`sidecar`],
//! [`checkpoint`], and [`progress`], the one channel on which all of it reports.

pub mod board;
pub mod checkpoint;
pub mod compute;
mod ease;
pub mod enhance;
mod error;
pub mod family;
mod finish;
mod footage;
pub mod frames;
pub mod generate;
mod keeper;
pub mod ltx;
pub mod model;
pub mod noise;
mod origin;
pub mod plan;
mod preview;
pub mod probe;
pub mod progress;
pub mod request;
pub mod sidecar;
pub mod style;
pub mod text;
mod upscale;
pub mod vocabulary;

pub use board::Board;
pub use compute::{Compute, DeviceKind, Precision};
pub use error::{Error, Result};
pub use generate::{Made, generate, resume};
pub use model::Model;
pub use plan::Plan;
pub use progress::{Cancel, Event, Progress, Stage};
pub use request::{Aspect, Condition, ConditionKind, Effort, Request, Resolution, Upscale};
