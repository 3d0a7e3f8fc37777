//! The procedural world that kinora-mini learns from.
//!
//! One [`record::SceneRecord`] decides a scene; [`render::render`] gives its frames, [`captions::captions`] its words in
//! English and Chinese, [`record::SceneRecord::labels`] its labels. Read `record` first, then `motion` (who moves how),
//! `backdrop` (where) and `render` (both together). A record with a `solid` part is drawn by `solid` instead: skinned animals
//! and shapes made by code, rasterised with depth; `foreign` reads the files that those are made of.

pub mod actors;
mod backdrop;
mod canvas;
pub mod captions;
mod cast;
mod film;
pub mod foreign;
mod motion;
pub mod pack;
pub mod record;
pub mod render;
pub mod rng;
pub mod solid;
mod sprite;
pub mod stream;
pub mod vocabulary;
