//! Noise schedules as plain numbers, and the Euler steps between them.
//!
//! A schedule is a list of sigmas, 1 (noise) … 0 (clean), with one more entry than there are steps:
//! step `i` goes from `sigmas[i]` to `sigmas[i + 1]`. The roundings to f32 are the reference's, so
//! that a timestep is the same number in both.

mod config;
mod flow_match;
mod spacing;
mod step;

pub use config::SchedulerConfig;
pub use flow_match::{Schedule, Start, flow_match};
pub use spacing::{calculate_shift, linear_quadratic, linspace, uniform_sigmas};
pub use step::{add_noise, euler_step, next_sigma, token_step};
