//! The hot loops of the networks on a CPU, over plain slices.
//!
//! Everything heavy is one small thing done very often: [`tile`] adds the product of 12 rows and 32
//! columns to 12 × 32 sums that stay in registers. There is one such loop for each kind of processor
//! ([`Path`]) and element ([`Element`]), and a portable one that the others are held against. Around it:
//!
//! - [`Packed`] lays out weights once as the tile wants them, 32 columns side by side, [`Eight`] those in eight bits;
//! - [`Rows`] says where the other side comes from, so that a convolution is a product whose rows are gathered;
//! - [`multiply`] cuts the product into blocks that fit the caches, shares them among the threads, and
//!   hands each finished row to a [`Finish`]: bias, activation, gate and residual, while it is at hand.
//!
//! [`Winograd`] makes a convolution of 3 × 3 pixels out of a quarter of the products, in f32.
//! [`attention`] is made of the same tile, a few rows of scores at a time. [`bench`] holds each against [`peak`].
//!
//! Nothing here knows tensors, shapes beyond rows and columns, or networks. It is the only crate of the
//! workspace in which `unsafe` is allowed.

mod attention;
pub mod bench;
mod conv;
mod eight;
mod element;
mod group;
mod lanes;
pub mod math;
mod matmul;
pub mod memory;
mod norm;
mod out;
mod pack;
mod path;
pub mod peak;
mod tile;
mod winograd;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use attention::{Bias, Heads, attention, attention_on};
pub use conv::{Frames, Patches, Window};
pub use eight::Eight;
pub use element::Element;
pub use group::{Groups, group_norm_silu, group_norm_silu_on};
pub use matmul::{Activation, Finish, Gate, Residual, multiply, multiply_on};
pub use norm::{After, Norm, Pairs, norm_silu, norm_silu_on, normalise, normalise_on};
pub use pack::{Packed, Plain, Rows, Weights};
pub use path::Path;
pub use winograd::{Place, Winograd};
