//! kinora-mini, the model that the program carries.

use crate::EmbeddedFiles;

/// Its files, in the diffusers layout.
pub const MINI: EmbeddedFiles = include!(concat!(env!("OUT_DIR"), "/mini.rs"));
