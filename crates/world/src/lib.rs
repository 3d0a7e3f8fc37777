//! The procedural world that kinora-mini learns from.
//!
//! One [`record::SceneRecord`] decides a scene; [`render::render`] gives its frames, [`captions::captions`] its words in
//! English and Chinese, [`record::SceneRecord::labels`] its labels. Read `record` first, then `motion` (who moves how),
//! `backdrop` (where) and `render` (both together).

pub mod actors;
mod backdrop;
mod canvas;
pub mod captions;
mod cast;
mod motion;
pub mod pack;
pub mod record;
pub mod render;
pub mod rng;
mod sprite;
pub mod stream;
pub mod vocabulary;
