//! Handlers of our own REST API: decode → validate → act → respond.

pub mod accounts;
pub mod boards;
pub mod clips;
pub mod events;
mod extract;
pub mod feed;
pub mod folders;
pub mod jobs;
pub mod media;
pub mod moderation;
pub mod status;
pub mod storage;
pub mod styles;
pub mod transfer;
pub mod uploads;

pub use extract::{Body, Id, Params, check_limit};
