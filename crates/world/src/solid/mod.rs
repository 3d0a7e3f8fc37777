//! Three-dimensional scenes: skinned animals and shapes made by code, lit and seen by a camera that moves.
//!
//! `cast` says who there is, `places` what each place is made of; `import` and `store` bring files into the pack and `props`
//! takes them out. `stage` is a scene over time (`acting`, `extras`, `camera`, `scenery`, `sky`), `raster` draws it, `style` redraws it.

mod acting;
mod camera;
pub mod cast;
mod extras;
pub mod import;
mod math;
pub mod places;
pub mod props;
mod puppet;
mod raster;
pub mod sample;
mod scenery;
mod shapes;
mod sky;
mod stage;
pub mod store;
mod style;
mod texture;
mod wader;

pub use stage::{boxes, render};
